package syntax

import "nordlys/internal/kql/diag"

// DataTableExpression is datatable(columns)[values]; the values stand row after row.
// https://learn.microsoft.com/kusto/query/datatable-operator
type DataTableExpression struct {
	Span
	Columns []NameAndType
	Values  []Expression
}

func (*DataTableExpression) expression() {}

// UnsupportedExpression is an expression of the language that is recognised by its name only.
type UnsupportedExpression struct {
	Span
	Name string
}

func (*UnsupportedExpression) expression() {}

func (p *parser) dataTable() Expression {
	start := p.start()
	p.pos++
	p.parameters()
	e := &DataTableExpression{}
	open := p.pos
	if p.expect("(") {
		e.Columns = p.namesAndTypes(open)
	}
	open = p.pos
	if p.expect("[") {
		for !p.at("]") && !p.recovering {
			e.Values = append(e.Values, p.nested(p.expression))
			if !p.accept(",") {
				break
			}
		}
		p.close(open)
	}
	e.Span = p.from(start)
	return e
}

// namesAndTypes reads a list of columns up to the partner of the parenthesis at index open, which is consumed.
func (p *parser) namesAndTypes(open int) []NameAndType {
	var list []NameAndType
	for !p.at(")") && !p.recovering {
		list = append(list, p.nameAndType())
		if !p.accept(",") {
			break
		}
	}
	p.close(open)
	return list
}

// inlineExternalTable reads over a table of other formats.
func (p *parser) inlineExternalTable() Expression {
	start := p.start()
	t := p.advance()
	p.report(diag.NotSupportedYet(t.Span, "operator "+t.Text))
	p.skip(isPipe)
	return &UnsupportedExpression{Span: p.from(start), Name: t.Text}
}

// typeOf reads typeof(long) and typeof(a: long, b: string).
func (p *parser) typeOf() Expression {
	start := p.start()
	p.pos++
	open := p.pos
	p.pos++
	e := &TypeOfExpression{}
	if p.accept("*") {
		e.Star = true
		if !p.accept(",") {
			p.close(open)
			e.Span = p.from(start)
			return e
		}
	}
	if next := p.peekAt(1); next.Kind == Punctuation && next.Text == ":" {
		e.Columns = p.namesAndTypes(open)
	} else {
		e.Type = p.name("the type")
		p.close(open)
	}
	e.Span = p.from(start)
	return e
}

func (e *DataTableExpression) print(w *printer) {
	w.write("datatable(")
	w.namesAndTypes(e.Columns)
	w.write(") [")
	for i, v := range e.Values {
		w.comma(i)
		w.expression(v, levelOr)
	}
	w.write("]")
}

func (e *TypeOfExpression) print(w *printer) {
	w.write("typeof(")
	if e.Star {
		w.write("*")
		if e.Columns != nil || e.Type.Text != "" {
			w.write(", ")
		}
	}
	if e.Columns != nil {
		w.namesAndTypes(e.Columns)
	} else {
		w.name(e.Type)
	}
	w.write(")")
}
