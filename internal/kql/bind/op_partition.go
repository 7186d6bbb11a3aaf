package bind

import (
	"slices"
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
	pipe, hasSource := o.Query.(*syntax.PipeExpression)
	hasSource = hasSource && pipe.Source != nil
	subquery := o.Subquery
	if o.Query != nil {
		subquery = nil
		if pipe != nil {
			subquery = pipe.Operators
		}
	}
	if o.Query != nil && !hasSource || slices.ContainsFunc(subquery, func(o syntax.Operator) bool { return !keepsGroups(o) || evaluates(o) }) {
		return b.partitionByValue(in, o, key, s)
	}
	if o.Query != nil {
		return b.partitionQuery(in, o, pipe, part, key, s)
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
func (b *binder) partitionQuery(in *relation, o *syntax.PartitionOperator, pipe *syntax.PipeExpression, part *partition, key plan.Expr, s *scope) *relation {
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

// maxPartitions is how many values the key may have where the subquery is bound for each; Kusto's legacy strategy has
// the same bound.
const maxPartitions = 64

// partitionByValue asks for the values of the key and binds the subquery for each of them: so any operator can stand in
// it, and the columns of the answers may differ.
func (b *binder) partitionByValue(in *relation, o *syntax.PartitionOperator, key plan.Expr, s *scope) *relation {
	in = b.share(in, "", o)
	const name = hiddenMark
	keys := b.aggregateNode(in, []plan.Named{{Name: name, Expr: key}}, nil, o)
	keys = b.over(keys, &plan.Sort{Input: keys.node, Keys: []plan.SortKey{{Expr: keys.ref(0), NullsFirst: true}}}, o)
	rows, ok := b.discoverRows(keys, maxPartitions,
		"the key has more than "+countOf(maxPartitions, "value")+", which is the most for this subquery, as in Kusto.", "partition", o)
	if !ok {
		return b.broken()
	}
	if len(rows) == 0 {
		// The columns are those of any group.
		rows = [][]*plan.Const{{nullOf(key.Type())}}
	}
	before := b.partitionKey
	defer func() { b.partitionKey = before }()
	var legs []*relation
	for _, row := range rows {
		value := row[0]
		b.partitionKey = &partitionKey{name: o.By.Text, expr: value, everywhere: true}
		told := len(b.diags)
		var sub *relation
		if o.Query != nil {
			sub = b.tabular(o.Query, s)
		} else {
			sub = b.again(in, o)
			sub = b.over(sub, &plan.Select{Input: sub.node, Predicate: b.isValue(key, value)}, o)
			for _, operator := range o.Subquery {
				if b.overflow {
					return b.broken()
				}
				sub = b.operator(sub, operator, s, false)
			}
		}
		if sub.open || sub.graph != nil || len(sub.results) > 1 {
			if !b.diags.HasErrors() {
				b.report(diag.SeveralTables(o.Pos()))
			}
			return b.broken()
		}
		if len(legs) > 0 {
			b.diags = b.diags[:told] // the same as of the first group
		}
		legs = append(legs, sub)
	}
	return b.union(legs, false, "", o)
}

// isValue compares a key with a value that it has, null among them.
func (b *binder) isValue(key plan.Expr, value *plan.Const) plan.Expr {
	if value.Value == nil {
		return b.functionCall("isnull", catalog.Bool, key)
	}
	return b.operatorCall("==", catalog.Bool, key, value)
}

// evaluates says whether an operator calls a plugin, whose columns may differ between the groups.
func evaluates(o syntax.Operator) bool {
	_, ok := o.(*syntax.EvaluateOperator)
	return ok
}

// partitionKey is what toscalar(name) means in a subquery with a source of its own: in its own rows, or everywhere where
// the value is known.
type partitionKey struct {
	name       string
	expr       plan.Expr
	everywhere bool
}
