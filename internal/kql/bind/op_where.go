package bind

import (
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

func (b *binder) whereOperator(in *relation, o *syntax.WhereOperator, s *scope) *relation {
	predicate := b.booleanExpr(o.Predicate, &env{scope: s, in: in, window: true})
	b.adviseFilter(in, predicate, o)
	return b.over(in, &plan.Select{Input: in.node, Predicate: predicate}, o)
}
