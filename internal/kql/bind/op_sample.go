package bind

import (
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

func (b *binder) sampleOperator(in *relation, o *syntax.SampleOperator, s *scope) *relation {
	return b.over(in, &plan.Limit{Input: in.node, Count: b.rowCount(o.Count, s), Random: true}, o)
}

// sampleDistinctOperator is distinct of one column, cut to a number of values.
func (b *binder) sampleDistinctOperator(in *relation, o *syntax.SampleDistinctOperator, s *scope) *relation {
	column := &syntax.NameReference{Span: o.Column.Span, Name: o.Column.Text}
	values := b.distinctOperator(in, &syntax.DistinctOperator{Span: o.Span, Columns: []syntax.Expression{column}}, s)
	return b.over(values, &plan.Limit{Input: values.node, Count: b.rowCount(o.Count, s)}, o)
}
