package bind

import (
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// partition is how the rows of a relation fall into groups that a subquery must not mix. Its columns are in the plan
// beside the columns of the relation, under names that no query can write. A nil partition is one group of all rows.
type partition struct {
	// key tells the groups apart.
	key plan.Column
	// carried have one value in a group, and are handed on to what follows the subquery.
	carried []plan.Column
}

// hiddenMark begins the names of a partition's columns.
const hiddenMark = "$$part"

// columns lists the key and what is carried.
func (p *partition) columns() []plan.Column {
	if p == nil {
		return nil
	}
	return append([]plan.Column{p.key}, p.carried...)
}

// items pass the columns of the partition on in a Project.
func (p *partition) items() []plan.Named {
	var items []plan.Named
	for _, c := range p.columns() {
		items = append(items, plan.Named{Name: c.Name, Expr: refTo(c)})
	}
	return items
}

// names is the key as a list, for operators that count in each group.
func (p *partition) names() []string {
	if p == nil {
		return nil
	}
	return []string{p.key.Name}
}

// sortKeys put the rows of a group beside each other.
func (p *partition) sortKeys() []plan.SortKey {
	if p == nil {
		return nil
	}
	return []plan.SortKey{{Expr: refTo(p.key), NullsFirst: true}}
}

// visible leaves the hidden columns out of the schema of a node.
func (p *partition) visible(cols []plan.Column) []plan.Column {
	if p == nil {
		return cols
	}
	var out []plan.Column
	for _, c := range cols {
		if !strings.HasPrefix(c.Name, hiddenMark) {
			out = append(out, c)
		}
	}
	return out
}

func refTo(c plan.Column) *plan.ColumnRef { return &plan.ColumnRef{Name: c.Name, Typ: c.Type} }

// carry makes an Aggregate keep groups apart and hand their columns on: all values of a carried column are the same
// within a group, so the least is the one.
func (b *binder) carry(p *partition, node *plan.Aggregate) {
	if p == nil {
		return
	}
	least, _ := b.catalog.Function("min")
	node.Keys = append(node.Keys, plan.Named{Name: p.key.Name, Expr: refTo(p.key)})
	for _, c := range p.carried {
		call := &plan.Call{Overload: least.Overloads[0], Args: []plan.Expr{refTo(c)}, Typ: c.Type}
		node.Aggs = append(node.Aggs, plan.Aggregation{Call: call, Out: []plan.Column{c}})
	}
}

// partitioned binds an operator of a subquery that runs for each group by itself.
func (b *binder) partitioned(in *relation, o syntax.Operator, s *scope) *relation {
	name := ""
	switch o.(type) {
	case *syntax.WhereOperator, *syntax.ExtendOperator, *syntax.ProjectOperator, *syntax.ProjectAwayOperator,
		*syntax.ProjectKeepOperator, *syntax.ProjectRenameOperator, *syntax.ProjectReorderOperator,
		*syntax.SummarizeOperator, *syntax.DistinctOperator, *syntax.CountOperator, *syntax.SortOperator,
		*syntax.TopOperator, *syntax.TakeOperator, *syntax.MvExpandOperator, *syntax.MvApplyOperator,
		*syntax.ParseOperator, *syntax.ParseKvOperator, *syntax.ProjectByNamesOperator, *syntax.ScanOperator, *syntax.BadOperator, *syntax.UnsupportedOperator:
	case *syntax.SerializeOperator:
		name = "serialize"
	default:
		name, _, _ = strings.Cut(strings.TrimSpace(syntax.Print(o)), " ")
	}
	if name != "" {
		b.report(diag.NotSupportedYet(o.Pos(), name+" in a subquery of mv-apply or partition"))
		return b.broken()
	}
	r := *b.anyOperator(in, o, s, false)
	r.part = in.part
	for n := r.node; n != in.node && len(n.Inputs()) == 1; n = n.Inputs()[0] {
		for _, e := range plan.Exprs(n) {
			if _, applied := o.(*syntax.MvApplyOperator); !applied && hasWindow(e) {
				b.report(diag.NotSupportedYet(o.Pos(), "functions of the order of rows in a subquery of mv-apply or partition"))
				return b.broken()
			}
		}
	}
	return &r
}

func hasWindow(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		c, ok := e.(*plan.Call)
		found = found || ok && c.Overload.Func.Kind == catalog.Window
		return !found
	})
	return found
}
