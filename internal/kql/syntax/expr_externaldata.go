package syntax

// ExternalDataExpression is externaldata(columns)[sources] with (options): rows of files elsewhere.
// https://learn.microsoft.com/kusto/query/externaldata-operator
type ExternalDataExpression struct {
	Span
	Columns []NameAndType
	Sources []Expression
	Options []NamedParameter
}

func (*ExternalDataExpression) expression() {}

func (p *parser) externalData() Expression {
	start := p.start()
	p.pos++
	p.parameters()
	e := &ExternalDataExpression{}
	open := p.pos
	if p.expect("(") {
		e.Columns = p.namesAndTypes(open)
	}
	open = p.pos
	if p.expect("[") {
		p.commaList(func() { e.Sources = append(e.Sources, p.nested(p.expression)) })
		p.close(open)
	}
	if p.acceptWord("with") {
		open = p.pos
		if p.expect("(") {
			p.commaList(func() {
				start := p.start()
				o := NamedParameter{Name: p.name("the option")}
				p.expect("=")
				o.Value = p.parameterValue()
				o.Span = p.from(start)
				e.Options = append(e.Options, o)
			})
			p.close(open)
		}
	}
	e.Span = p.from(start)
	return e
}

func (e *ExternalDataExpression) print(w *printer) {
	w.write("externaldata(")
	w.namesAndTypes(e.Columns)
	w.write(") [")
	w.expressions(e.Sources)
	w.write("]")
	for i, o := range e.Options {
		if i == 0 {
			w.write(" with (")
		} else {
			w.write(", ")
		}
		w.write(o.Name.Text + "=")
		w.expression(o.Value, levelPostfix)
	}
	if len(e.Options) > 0 {
		w.write(")")
	}
}
