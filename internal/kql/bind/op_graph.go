package bind

import (
	"math"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// graph is a bound graph: its tables as the plan has them, and as relations whose columns are the properties.
type graph struct {
	plan         plan.Graph
	edges, nodes *relation
	// id is the type of the names of nodes.
	id catalog.Type
}

// makeGraphOperator numbers the edges, and makes the nodes of the names in the edges and in the tables of nodes.
func (b *binder) makeGraphOperator(in *relation, o *syntax.MakeGraphOperator, s *scope) *relation {
	en := &env{scope: newScope(nil), in: in}
	source, target := b.graphKey(o.Source, en), b.graphKey(o.Target, en)
	id, ok := commonType(source.Type(), target.Type())
	if isUnknown(source) || isUnknown(target) || in.open {
		return b.broken()
	}
	if !ok {
		b.report(diag.JoinTypes(o.Target.Pos(), source.Type().String(), target.Type().String()))
		return b.broken()
	}
	number, _ := b.catalog.Function("row_number")
	items := append(passing(in, 4),
		plan.Named{Name: plan.GraphEdge, Expr: &plan.Call{Overload: number.Overloads[0], Typ: catalog.Long}},
		plan.Named{Name: plan.GraphSource, Expr: b.convert(source, id)},
		plan.Named{Name: plan.GraphTarget, Expr: b.convert(target, id)})
	g := &graph{id: id}
	var part *plan.Column
	if o.PartitionedBy.Text != "" {
		key := b.graphKey(o.PartitionedBy, en)
		if isUnknown(key) {
			return b.broken()
		}
		part = &plan.Column{Name: plan.GraphPartition, Type: key.Type()}
		items = append(items, plan.Named{Name: part.Name, Expr: key})
	}
	edges := b.made(&plan.Project{Input: in.node, Items: items}, in.cols, in.size, false, o)
	g.edges = b.share(edges, "edges", o)
	if g.nodes = b.graphNodes(g, o, part, s); g.nodes == nil {
		return b.broken()
	}
	g.plan = plan.Graph{Edges: g.edges.node, Nodes: g.nodes.node, Partitioned: part != nil}
	r := &relation{graph: g, node: g.edges.node, size: g.edges.size + g.nodes.size}
	for _, operator := range o.Subquery {
		if b.overflow {
			return b.broken()
		}
		r = b.operator(r, operator, s, false)
	}
	return r
}

// graphKey binds a column that names nodes.
func (b *binder) graphKey(n syntax.Name, en *env) plan.Expr {
	key := b.scalarExpr(&syntax.NameReference{Span: n.Span, Name: n.Text}, en)
	if key.Type() == catalog.Dynamic {
		b.report(diag.DynamicKey(n.Pos(), "make-graph", n.Text))
		return unknown()
	}
	return key
}

// graphNodes makes the table of nodes: one row for each name, with the properties that the tables of nodes have of it.
func (b *binder) graphNodes(g *graph, o *syntax.MakeGraphOperator, part *plan.Column, s *scope) *relation {
	keys := []plan.Column{{Name: plan.GraphNode, Type: g.id}}
	if part != nil {
		keys = append(keys, *part)
	}
	first := plan.Column{Name: "$$first", Type: catalog.Long}
	legs := &plan.Union{Columns: append(keys[:len(keys):len(keys)], first)}
	leg := func(r *relation, id plan.Expr, partition, order plan.Expr) {
		items := []plan.Named{{Name: plan.GraphNode, Expr: id}}
		if part != nil {
			items = append(items, plan.Named{Name: part.Name, Expr: partition})
		}
		items = append(items, plan.Named{Name: first.Name, Expr: order})
		legs.Sources = append(legs.Sources, b.made(&plan.Project{Input: r.node, Items: items}, nil, r.size, false, o).node)
	}
	var partition plan.Expr
	if part != nil {
		partition = refTo(*part)
	}
	order := refTo(plan.Column{Name: plan.GraphEdge, Type: catalog.Long})
	for _, end := range []string{plan.GraphSource, plan.GraphTarget} {
		leg(g.edges, refTo(plan.Column{Name: end, Type: g.id}), partition, order)
	}
	tables := make([]*relation, len(o.Nodes))
	ids := make([]string, len(o.Nodes))
	for i, n := range o.Nodes {
		t := b.share(b.tabular(n.Table, s), "nodes", o)
		en := &env{scope: newScope(nil), in: t}
		id := b.graphKey(n.ID, en)
		if isUnknown(id) {
			return nil
		}
		if c, ok := commonType(id.Type(), g.id); !ok || c != g.id && id.Type() != c {
			b.report(diag.JoinTypes(n.ID.Pos(), g.id.String(), id.Type().String()))
			return nil
		}
		id = b.convert(id, g.id)
		key := partition
		if part != nil {
			if key = b.graphKey(o.PartitionedBy, en); isUnknown(key) {
				return nil
			}
			if key.Type() != part.Type {
				b.report(diag.JoinTypes(o.PartitionedBy.Pos(), part.Type.String(), key.Type().String()))
				return nil
			}
		}
		leg(t, id, key, &plan.Const{Typ: catalog.Long, Value: int64(math.MaxInt64)})
		tables[i], ids[i] = b.nodeRows(t, id, key, o), n.ID.Text
	}
	least, _ := b.catalog.Function("min")
	group := &plan.Aggregate{Input: legs, Aggs: []plan.Aggregation{{
		Call: &plan.Call{Overload: least.Overloads[0], Args: []plan.Expr{refTo(first)}, Typ: catalog.Long}, Out: []plan.Column{first}}}}
	for _, k := range keys {
		group.Keys = append(group.Keys, plan.Named{Name: k.Name, Expr: refTo(k)})
	}
	node := plan.Node(group)
	var cols []plan.Column
	var items []plan.Named
	for i, t := range tables {
		node, items = b.withProperties(node, t, ids[i], keys, items, g.id)
	}
	if o.NodeID.Text != "" {
		items = append(items, plan.Named{Name: o.NodeID.Text, Expr: refTo(keys[0])})
	}
	for _, it := range items {
		cols = append(cols, plan.Column{Name: it.Name, Type: it.Expr.Type()})
	}
	for _, k := range keys {
		items = append(items, plan.Named{Name: k.Name, Expr: refTo(k)})
	}
	node = &plan.Sort{Input: node, Keys: []plan.SortKey{{Expr: refTo(first)}, {Expr: refTo(keys[0]), NullsFirst: true}}}
	r := b.made(&plan.Project{Input: node, Items: items}, cols, 10, false, o)
	return b.share(r, "nodes", o)
}

// nodeRows leaves one row for each name in a table of nodes; which one is not said.
func (b *binder) nodeRows(t *relation, id, partition plan.Expr, at syntax.Node) *relation {
	node := &plan.Aggregate{Input: t.node, Keys: []plan.Named{{Name: plan.GraphNode, Expr: id}}}
	if partition != nil {
		node.Keys = append(node.Keys, plan.Named{Name: plan.GraphPartition, Expr: partition})
	}
	f, _ := b.catalog.Function("take_any")
	call := &plan.Call{Overload: f.Overloads[0]}
	for i, c := range t.cols {
		call.Args = append(call.Args, t.ref(i))
		call.Typ = c.Type
	}
	if len(t.cols) > 0 {
		call.Typ = t.cols[0].Type
		node.Aggs = []plan.Aggregation{{Call: call, Out: t.cols}}
	}
	return b.made(node, t.cols, t.size, t.open, at)
}

// withProperties joins the properties of a table of nodes to the names. Where two tables have a property of one name,
// the value that is there wins.
func (b *binder) withProperties(node plan.Node, t *relation, id string, keys []plan.Column, items []plan.Named, idType catalog.Type) (plan.Node, []plan.Named) {
	join := &plan.Join{Kind: plan.LeftOuter, Left: node, Right: t.node}
	for _, k := range keys {
		join.On = append(join.On, plan.JoinKey{Left: refTo(k), Right: refTo(k)})
	}
	for _, c := range node.Schema() {
		join.Out = append(join.Out, plan.JoinColumn{Name: c.Name, From: c})
	}
	prefix := "$$" + string(rune('a'+len(join.Out)%26)) + "."
next:
	for _, c := range t.cols {
		joined := plan.Column{Name: prefix + c.Name, Type: c.Type}
		join.Out = append(join.Out, plan.JoinColumn{Name: joined.Name, Right: true, From: c})
		var value plan.Expr = refTo(joined)
		if c.Name == id {
			value = b.convert(refTo(plan.Column{Name: plan.GraphNode, Type: idType}), c.Type)
		}
		for i := range items {
			if items[i].Name == c.Name {
				common, ok := commonType(items[i].Expr.Type(), c.Type)
				if !ok {
					common = catalog.Dynamic
				}
				items[i].Expr = b.functionCall("coalesce", common, b.convert(items[i].Expr, common), b.convert(value, common))
				continue next
			}
		}
		items = append(items, plan.Named{Name: c.Name, Expr: value})
	}
	return join, items
}

// graphOperator binds an operator behind a graph.
func (b *binder) graphOperator(in *relation, o syntax.Operator, s *scope) *relation {
	switch o := o.(type) {
	case *syntax.GraphMatchOperator:
		return b.graphMatchOperator(in.graph, o, s)
	case *syntax.GraphToTableOperator:
		return b.graphToTableOperator(in.graph, o, s)
	case *syntax.GraphMarkComponentsOperator:
		return b.graphMarkComponentsOperator(in.graph, o)
	case *syntax.BadOperator, *syntax.UnsupportedOperator:
		return b.broken()
	}
	b.report(diag.GraphNotTable(o.Pos()))
	return b.broken()
}

// graphToTableOperator gives the nodes or the edges as they are, with their numbers where asked for.
func (b *binder) graphToTableOperator(g *graph, o *syntax.GraphToTableOperator, s *scope) *relation {
	var result *relation
	var tables []*relation
	for _, part := range o.Parts {
		r := g.nodes
		if part.Edges {
			r = g.edges
		}
		var items []plan.Named
		for _, p := range part.Parameters {
			column := map[string]string{"with_node_id": plan.GraphNode, "with_source_id": plan.GraphSource, "with_target_id": plan.GraphTarget}[p.Name.Text]
			if part.Edges == (column == plan.GraphNode) {
				b.report(diag.UnknownParameter(p.Pos(), "graph-to-table", p.Name.Text))
				continue
			}
			hash, ok := b.catalog.Function("hash")
			if !ok {
				b.report(diag.NotSupportedYet(p.Pos(), p.Name.Text))
				return b.broken()
			}
			value := b.applyTo(hash, []plan.Expr{refTo(plan.Column{Name: column, Type: g.id})})
			if value == nil {
				return b.broken()
			}
			items = append(items, plan.Named{Name: optionText(p), Expr: value})
		}
		names := newNameSet(len(items))
		for _, it := range items {
			names.take(it.Name)
		}
		for i, c := range r.cols {
			items = append(items, plan.Named{Name: names.unique(c.Name), Expr: r.ref(i)})
		}
		t := b.project(r, items, o)
		if part.As.Text != "" {
			t.source = part.As.Text
			s.vars[part.As.Text] = &variable{table: t}
		}
		t.result = part.As.Text
		tables = append(tables, t)
		if result == nil {
			result = t
		}
	}
	if result == nil {
		return b.broken()
	}
	if len(o.Parts) > 1 {
		named := *result
		named.declares, named.results = true, tables
		return &named
	}
	return result
}

func (b *binder) graphMarkComponentsOperator(g *graph, o *syntax.GraphMarkComponentsOperator) *relation {
	node := &plan.Components{Graph: g.plan, Column: "ComponentId"}
	for _, p := range o.Parameters {
		switch v := optionText(p); p.Name.Text {
		case "kind":
			if v != "weak" && v != "strong" {
				b.report(diag.UnknownOption(p.Value.Pos(), "kind", v, "weak, strong"))
			}
			node.Strong = v == "strong"
		case "with_component_id":
			node.Column = v
		}
	}
	if g.plan.Partitioned {
		b.report(diag.NotSupportedYet(o.Pos(), "graph-mark-components of a partitioned graph"))
		return b.broken()
	}
	marked := *g
	cols := append([]plan.Column(nil), g.nodes.cols...)
	if i := g.nodes.find(node.Column); i >= 0 {
		cols[i].Type = catalog.Long
	} else {
		cols = append(cols, plan.Column{Name: node.Column, Type: catalog.Long})
	}
	marked.nodes = b.share(b.made(node, cols, g.nodes.size, false, o), "nodes", o)
	marked.plan.Nodes = marked.nodes.node
	return &relation{graph: &marked, node: marked.plan.Edges, size: g.edges.size + marked.nodes.size}
}
