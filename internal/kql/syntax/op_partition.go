package syntax

import "nordlys/internal/kql/diag"

// PartitionOperator runs a subquery over the rows of each value of a column by themselves.
// https://learn.microsoft.com/kusto/query/partition-operator
type PartitionOperator struct {
	Span
	Parameters []NamedParameter
	By         Name
	Subquery   []Operator
}

func (*PartitionOperator) operator() {}

func (p *parser) partitionOperator() Operator {
	o := &PartitionOperator{Parameters: p.parameters()}
	if !p.expectWord("by") {
		return o
	}
	o.By = p.name("the column")
	if t := p.peek(); p.at("{") {
		p.fail(diag.NotSupportedYet(t.Span, "partition with a subquery that has a source of its own"))
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
	w.subquery(o.Subquery)
}
