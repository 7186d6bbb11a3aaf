package syntax

// RangeOperator yields a column of evenly spaced values. https://learn.microsoft.com/kusto/query/range-operator
type RangeOperator struct {
	Span
	Name           Name
	From, To, Step Expression
}

func (*RangeOperator) operator() {}

func (p *parser) rangeOperator() Operator {
	o := &RangeOperator{Name: p.name("the column")}
	p.expectWord("from")
	o.From = p.expression()
	p.expectWord("to")
	o.To = p.expression()
	p.expectWord("step")
	o.Step = p.expression()
	return o
}

func (o *RangeOperator) print(w *printer) {
	w.word("range")
	w.name(o.Name)
	w.write(" from ")
	w.expression(o.From, levelOr)
	w.write(" to ")
	w.expression(o.To, levelOr)
	w.write(" step ")
	w.expression(o.Step, levelOr)
}
