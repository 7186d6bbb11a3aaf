package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

func (b *binder) distinctOperator(in *relation, o *syntax.DistinctOperator, s *scope) *relation {
	en := &env{scope: s, in: in}
	names := newNameSet(len(o.Columns))
	var keys []plan.Named
	for _, e := range o.Columns {
		if _, star := e.(*syntax.StarExpression); star {
			for i, c := range in.cols {
				if c.Type == catalog.Dynamic {
					b.report(diag.DynamicKey(e.Pos(), "distinct", c.Name))
				}
				keys = append(keys, plan.Named{Name: names.unique(c.Name), Expr: in.ref(i)})
			}
			continue
		}
		given, value := split(e)
		bound := b.scalarExpr(value, en)
		if bound.Type() == catalog.Dynamic {
			b.report(diag.DynamicKey(value.Pos(), "distinct", syntax.Print(value)))
		}
		keys = append(keys, plan.Named{Name: b.columnName(given, value, en, names), Expr: bound})
	}
	return b.aggregateNode(in, keys, nil, o)
}

// aggregateNode groups by keys.
func (b *binder) aggregateNode(in *relation, keys []plan.Named, aggs []plan.Aggregation, at syntax.Node) *relation {
	node := &plan.Aggregate{Input: in.node, Keys: keys, Aggs: aggs}
	cols := node.Schema()
	b.carry(in.part, node)
	return b.made(node, cols, in.size, in.open, at)
}
