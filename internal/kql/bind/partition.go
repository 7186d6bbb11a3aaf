package bind

import (
	"strconv"
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
	// place numbers the rows in their order, where one of mv-apply's subquery makes groups of rows; else it has no name.
	// A group stands where its first row stood.
	place plan.Column
	// together is set while the rows of a group stand beside each other.
	together bool
}

// hiddenMark begins the names of a partition's columns.
const hiddenMark = "$$part"

// columns lists the key and what is carried.
func (p *partition) columns() []plan.Column {
	if p == nil {
		return nil
	}
	cols := append([]plan.Column{p.key}, p.carried...)
	if p.place.Name != "" {
		cols = append(cols, p.place)
	}
	return cols
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
	p.together = false
	for _, c := range p.columns()[1:] {
		call := &plan.Call{Overload: least.Overloads[0], Args: []plan.Expr{refTo(c)}, Typ: c.Type}
		node.Aggs = append(node.Aggs, plan.Aggregation{Call: call, Out: []plan.Column{c}})
	}
}

// rowByRow are the plugins that keep all columns of their input, so that groups stay apart by themselves.
var rowByRow = map[string]bool{
	"bag_unpack": true, "ipv4_lookup": true, "ipv6_lookup": true, "geo_polygon_lookup": true, "geo_line_lookup": true,
}

// keepsGroups says whether an operator of a subquery can be bound over all groups at once.
func keepsGroups(o syntax.Operator) bool {
	switch o := o.(type) {
	case *syntax.WhereOperator, *syntax.ExtendOperator, *syntax.ProjectOperator, *syntax.ProjectAwayOperator,
		*syntax.ProjectKeepOperator, *syntax.ProjectRenameOperator, *syntax.ProjectReorderOperator,
		*syntax.SummarizeOperator, *syntax.DistinctOperator, *syntax.CountOperator, *syntax.SortOperator,
		*syntax.TopOperator, *syntax.TakeOperator, *syntax.MvExpandOperator, *syntax.MvApplyOperator,
		*syntax.ParseOperator, *syntax.ParseKvOperator, *syntax.ProjectByNamesOperator, *syntax.ScanOperator,
		*syntax.SerializeOperator, *syntax.BadOperator, *syntax.UnsupportedOperator:
		return true
	case *syntax.EvaluateOperator:
		return o.Plugin == nil || rowByRow[o.Plugin.Name.Text]
	}
	return false
}

// partitioned binds an operator of a subquery that runs for each group by itself.
func (b *binder) partitioned(in *relation, o syntax.Operator, s *scope) *relation {
	if !keepsGroups(o) {
		name, _, _ := strings.Cut(strings.TrimSpace(syntax.Print(o)), " ")
		b.report(diag.NotSupportedYet(o.Pos(), name+" in a subquery of mv-apply or partition"))
		return b.broken()
	}
	switch o := o.(type) {
	case *syntax.EvaluateOperator:
		return b.partitionedPlugin(in, o, s)
	case *syntax.SortOperator, *syntax.TopOperator, *syntax.ScanOperator:
		defer func() { in.part.together = true }()
	case *syntax.SerializeOperator:
		in = b.together(in, o)
	}
	told := len(b.diags)
	r := b.anyOperator(in, o, s, false)
	if _, applied := o.(*syntax.MvApplyOperator); !applied {
		calls, sees := windowsAbove(r.node, in.node)
		if sees && !in.part.together {
			b.diags = b.diags[:told]
			in = b.together(in, o)
			r = b.anyOperator(in, o, s, false)
			calls, _ = windowsAbove(r.node, in.node)
		}
		for _, c := range calls {
			b.withinGroup(c, in.part)
		}
	}
	own := *r
	own.part = in.part
	return &own
}

// partitionedPlugin binds a plugin that keeps its input's columns, over the rows with the columns of the partition.
func (b *binder) partitionedPlugin(in *relation, o *syntax.EvaluateOperator, s *scope) *relation {
	if o.Schema != nil {
		b.report(diag.NotSupportedYet(o.Pos(), "evaluate with an output schema in a subquery of mv-apply or partition"))
		return b.broken()
	}
	whole := &relation{node: in.node, cols: append(in.cols[:len(in.cols):len(in.cols)], in.part.columns()...), size: in.size, open: in.open}
	r := b.evaluateOperator(whole, o, s)
	if r.open {
		return r
	}
	for _, c := range in.part.columns() {
		if i := r.find(c.Name); i < 0 || r.cols[i] != c {
			b.report(diag.NotSupportedYet(o.Pos(), "evaluate "+o.Plugin.Name.Text+" in this form in a subquery of mv-apply or partition"))
			return b.broken()
		}
	}
	in.part.together = false
	return &relation{node: r.node, cols: in.part.visible(r.cols), size: r.size, part: in.part}
}

// together brings the rows of each group beside each other, in the order that they have.
func (b *binder) together(in *relation, at syntax.Node) *relation {
	p := in.part
	if p.together {
		return in
	}
	b.shared++
	row := plan.Column{Name: hiddenMark + strconv.Itoa(b.shared), Type: catalog.Long}
	items := append(passing(in, 1), p.items()...)
	place := p.place
	if place.Name == "" {
		place = row
		items = append(items, plan.Named{Name: row.Name, Expr: b.functionCall("row_number", catalog.Long)})
	}
	numbered := b.made(&plan.Project{Input: in.node, Items: items}, in.cols, in.size, in.open, at)
	keys := append(p.sortKeys(), plan.SortKey{Expr: refTo(place), NullsFirst: true})
	sorted := b.over(numbered, &plan.Sort{Input: numbered.node, Keys: keys}, at)
	p.together = true
	sorted.part = p
	out := b.project(sorted, passing(sorted, len(keys)), at)
	out.part = p
	return out
}

// windowsAbove lists the calls that see the order of rows in what an operator has put over its input.
func windowsAbove(n, input plan.Node) (calls []*plan.Call, sees bool) {
	for n != input && len(n.Inputs()) == 1 {
		for _, e := range plan.Exprs(n) {
			plan.Walk(e, func(e plan.Expr) bool {
				if c, ok := e.(*plan.Call); ok && c.Overload.Func.Kind == catalog.Window {
					calls = append(calls, c)
				}
				return true
			})
		}
		n = n.Inputs()[0]
	}
	return calls, len(calls) > 0
}

// withinGroup makes a call over the order of rows see no other group: prev and next give their default beyond it, and
// all others begin anew with it.
func (b *binder) withinGroup(c *plan.Call, p *partition) {
	fn := c.Overload.Func
	beside := func(offset ...plan.Expr) plan.Expr {
		name := "prev"
		if fn.Name == "next" {
			name = "next"
		}
		there := b.functionCall(name, p.key.Type, append([]plan.Expr{refTo(p.key)}, offset...)...)
		null := func(e plan.Expr) plan.Expr { return b.functionCall("isnull", catalog.Bool, e) }
		return b.operatorCall("or", catalog.Bool, b.operatorCall("==", catalog.Bool, refTo(p.key), there),
			b.operatorCall("and", catalog.Bool, null(refTo(p.key)), null(there)))
	}
	at := 1
	switch fn.Name {
	case "prev", "next":
		own := *c
		var otherwise plan.Expr = nullOf(c.Typ)
		if len(c.Args) > 2 {
			otherwise = b.convert(c.Args[2], c.Typ)
		}
		var offset []plan.Expr
		if len(c.Args) > 1 {
			offset = c.Args[1:2]
		}
		*c = *b.functionCall("iff", c.Typ, beside(offset...), &own, otherwise).(*plan.Call)
		return
	case "row_number":
		if len(c.Args) == 0 {
			c.Args = []plan.Expr{&plan.Const{Typ: catalog.Long, Value: int64(1)}}
		}
	case "row_window_session":
		at = 3
	}
	restart := b.functionCall("not", catalog.Bool, beside())
	if at < len(c.Args) {
		restart = b.operatorCall("or", catalog.Bool, restart, b.functionCall("coalesce", catalog.Bool, c.Args[at], &plan.Const{Typ: catalog.Bool, Value: false}))
	}
	c.Args = append(c.Args[:at:at], restart)
}
