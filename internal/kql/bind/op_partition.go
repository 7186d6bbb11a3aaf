package bind

import (
	"strconv"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// partitionOperator binds the subquery over the groups of a column's values. The strategies differ in how Kusto's
// nodes share the work, not in the answer.
func (b *binder) partitionOperator(in *relation, o *syntax.PartitionOperator, s *scope) *relation {
	for _, p := range o.Parameters {
		if v := optionText(p); p.Name.Text == "hint.strategy" && v != "legacy" && v != "native" && v != "shuffle" {
			b.report(diag.UnknownOption(p.Value.Pos(), "hint.strategy", v, "legacy, native, shuffle"))
		}
	}
	column := &syntax.NameReference{Span: o.By.Span, Name: o.By.Text}
	key := b.scalarExpr(column, &env{scope: newScope(nil), in: in})
	if key.Type() == catalog.Unknown {
		return b.broken()
	}
	if key.Type() == catalog.Dynamic {
		b.report(diag.DynamicKey(o.By.Pos(), "partition by", o.By.Text))
		return b.broken()
	}
	b.shared++
	part := &partition{key: plan.Column{Name: hiddenMark + strconv.Itoa(b.shared), Type: key.Type()}}
	items := append(passing(in, 1), plan.Named{Name: part.key.Name, Expr: key})
	sub := b.made(&plan.Project{Input: in.node, Items: items}, in.cols, in.size, in.open, o)
	sub.part = part
	for _, operator := range o.Subquery {
		if b.overflow {
			return b.broken()
		}
		sub = b.operator(sub, operator, s, false)
	}
	sub.part = nil
	return b.project(sub, passing(sub, 0), o)
}
