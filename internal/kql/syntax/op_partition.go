package syntax

// PartitionOperator runs a subquery over the rows of each value of a column by themselves.
// https://learn.microsoft.com/kusto/query/partition-operator
type PartitionOperator struct {
	Span
	Parameters []NamedParameter
	By         Name
	Subquery   []Operator
	// Query is the subquery in braces, which has a source of its own; nil for one in parentheses.
	Query Expression
}

func (*PartitionOperator) operator() {}

func (p *parser) partitionOperator() Operator {
	o := &PartitionOperator{Parameters: p.parameters()}
	if !p.expectWord("by") {
		return o
	}
	o.By = p.name("the column")
	if p.at("{") {
		open := p.pos
		p.advance()
		o.Query = p.nested(p.tabular)
		p.close(open)
		return o
	}
	o.Subquery = p.subquery()
	return o
}

func (o *PartitionOperator) print(w *printer) {
	w.word("partition")
	w.parameters(o.Parameters)
	w.word("by")
	w.name(o.By)
	w.write(" ")
	if o.Query != nil {
		w.write("{\n")
		w.expression(o.Query, levelPipe)
		w.write("\n}")
		return
	}
	w.subquery(o.Subquery)
}
