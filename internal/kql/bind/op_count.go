package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

func (b *binder) countOperator(in *relation, o *syntax.CountOperator) *relation {
	name := "Count"
	if o.As != nil {
		name = o.As.Text
	}
	f, _ := b.catalog.Function("count")
	call := &plan.Call{Overload: f.Overloads[0], Typ: catalog.Long}
	r := b.aggregateNode(in, nil, []plan.Aggregation{{Call: call, Out: []plan.Column{{Name: name, Type: catalog.Long}}}}, o)
	r.open = false
	return r
}
