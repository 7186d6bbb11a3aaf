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
	if o.Query != nil {
		return b.partitionQuery(in, o, part, key, s)
	}
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

// partitionQuery binds a subquery with a source of its own: its rows are there once for each value of the key, which
// toscalar(key) reads.
func (b *binder) partitionQuery(in *relation, o *syntax.PartitionOperator, part *partition, key plan.Expr, s *scope) *relation {
	pipe, ok := o.Query.(*syntax.PipeExpression)
	if !ok || pipe.Source == nil {
		b.report(diag.NotSupportedYet(o.Query.Pos(), "partition with such a subquery: begin it with a table, and operators behind it"))
		return b.broken()
	}
	source := b.tabular(pipe.Source, s)
	keys := b.aggregateNode(in, []plan.Named{{Name: part.key.Name, Expr: key}}, nil, o)
	node := &plan.Join{Kind: plan.Inner, Left: source.node, Right: keys.node}
	for _, c := range source.cols {
		node.Out = append(node.Out, plan.JoinColumn{Name: c.Name, From: c})
	}
	node.Out = append(node.Out, plan.JoinColumn{Name: part.key.Name, Right: true, From: part.key})
	sub := b.made(node, source.cols, source.size+keys.size, source.open || in.open, o)
	sub.part = part
	before := b.partitionKey
	b.partitionKey = &partitionKey{name: o.By.Text, expr: refTo(part.key)}
	defer func() { b.partitionKey = before }()
	for _, operator := range pipe.Operators {
		if b.overflow {
			return b.broken()
		}
		sub = b.operator(sub, operator, s, false)
	}
	sub.part = nil
	return b.project(sub, passing(sub, 0), o)
}

// partitionKey is what toscalar(name) means in a subquery with a source of its own.
type partitionKey struct {
	name string
	expr plan.Expr
}
