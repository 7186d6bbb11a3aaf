package syntax

// DistinctOperator yields the distinct combinations of columns; `*` is a StarExpression.
// https://learn.microsoft.com/kusto/query/distinct-operator
type DistinctOperator struct {
	Span
	Parameters []NamedParameter
	Columns    []Expression
}

func (*DistinctOperator) operator() {}

func (p *parser) distinctOperator() Operator {
	o := &DistinctOperator{Parameters: p.parameters()}
	o.Columns = p.namedList()
	return o
}

func (o *DistinctOperator) print(w *printer) {
	w.word("distinct")
	w.parameters(o.Parameters)
	w.expressions(o.Columns)
}
