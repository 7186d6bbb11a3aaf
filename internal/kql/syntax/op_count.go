package syntax

// CountOperator yields the number of rows in one column, Count unless a name is given.
// https://learn.microsoft.com/kusto/query/count-operator
type CountOperator struct {
	Span
	As *Name
}

func (*CountOperator) operator() {}

func (p *parser) countOperator() Operator {
	o := &CountOperator{}
	if p.acceptWord("as") {
		n := p.name("the column")
		o.As = &n
	}
	return o
}

func (o *CountOperator) print(w *printer) {
	w.write("count")
	if o.As != nil {
		w.write(" as ")
		w.name(*o.As)
	}
}
