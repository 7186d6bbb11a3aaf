package syntax

// ParseKvOperator extracts columns from a text of keys and values. Options are pair_delimiter, kv_delimiter, quote,
// escape, greedy and regex; quote and escape may be repeated.
// https://learn.microsoft.com/kusto/query/parse-kv-operator
type ParseKvOperator struct {
	Span
	Source  Expression
	Keys    []NameAndType
	Options []NamedParameter
}

func (*ParseKvOperator) operator() {}

func (p *parser) parseKvOperator() Operator {
	o := &ParseKvOperator{Source: p.expression()}
	if !p.expectWord("as") {
		return o
	}
	open := p.pos
	if !p.expect("(") {
		return o
	}
	o.Keys = p.namesAndTypes(open)
	if !p.acceptWord("with") {
		return o
	}
	open = p.pos
	if !p.expect("(") {
		return o
	}
	p.commaList(func() {
		start := p.start()
		n := NamedParameter{Name: p.name("the option")}
		p.expect("=")
		n.Value = p.expression()
		n.Span = p.from(start)
		o.Options = append(o.Options, n)
	})
	p.close(open)
	return o
}

func (o *ParseKvOperator) print(w *printer) {
	w.word("parse-kv")
	w.expression(o.Source, levelOr)
	w.write(" as (")
	w.namesAndTypes(o.Keys)
	w.write(")")
	if o.Options == nil {
		return
	}
	w.write(" with (")
	for i, n := range o.Options {
		w.comma(i)
		w.write(n.Name.Text + "=")
		w.expression(n.Value, levelOr)
	}
	w.write(")")
}
