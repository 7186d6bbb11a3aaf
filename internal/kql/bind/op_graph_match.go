package bind

import (
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// matchEnv is what the names of a graph pattern mean.
type matchEnv struct {
	graph *graph
	node  *plan.Match
	vars  map[string]int
	// inside is set within all, any and map: 'e' where the edges of a walk are the rows, 'n' where its inner nodes are.
	inside byte
	// direct collects the walks whose properties a condition reads as if they were one edge; nil outside where.
	direct map[int]bool
}

func (m *matchEnv) has(name string) bool {
	if m == nil {
		return false
	}
	_, ok := m.vars[name]
	return ok
}

// graphMatchOperator binds graph-match and graph-shortest-paths.
func (b *binder) graphMatchOperator(g *graph, o *syntax.GraphMatchOperator, s *scope) *relation {
	node := &plan.Match{Graph: g.plan, Cycles: "unique_edges"}
	if o.Shortest {
		node.Shortest = "any"
	}
	for _, p := range o.Parameters {
		switch v := optionText(p); {
		case p.Name.Text == "cycles" && v != "all" && v != "none" && v != "unique_edges":
			b.report(diag.UnknownOption(p.Value.Pos(), "cycles", v, "all, none, unique_edges"))
		case p.Name.Text == "cycles":
			node.Cycles = v
		case p.Name.Text == "output" && v != "any" && v != "all":
			b.report(diag.UnknownOption(p.Value.Pos(), "output", v, "any, all"))
		case p.Name.Text == "output":
			node.Shortest = v
		}
	}
	m := &matchEnv{graph: g, node: node, vars: map[string]int{}}
	if !b.patterns(m, o) {
		return b.broken()
	}
	en := &env{scope: s, in: &relation{}, match: m}
	if o.Where != nil {
		list := []syntax.Expression{o.Where}
		if l, ok := o.Where.(*syntax.LogicalExpression); ok && l.Op == "and" {
			list = l.Operands
		}
		for _, e := range list {
			node.Where = append(node.Where, b.matchCondition(e, en))
		}
	}
	names := newNameSet(len(o.Project))
	for _, e := range o.Project {
		given, value := split(e)
		bound := b.scalarExpr(value, en)
		node.Items = append(node.Items, plan.Named{Name: b.columnName(given, value, en, names), Expr: bound})
	}
	return b.made(node, node.Schema(), g.edges.size+g.nodes.size, false, o)
}

// patterns declares the variables of the sequences and puts the sequences in an order in which each is joined to one
// before it.
func (b *binder) patterns(m *matchEnv, o *syntax.GraphMatchOperator) bool {
	walks := 0
	for _, g := range o.Patterns {
		var path []int
		for i, n := range g.Nodes {
			if i > 0 {
				edge, ok := b.patternEdge(m, &g.Edges[i-1])
				if !ok {
					return false
				}
				if m.node.Vars[edge].Walk {
					walks++
				}
				path = append(path, edge)
			}
			at, known := m.vars[n.Name.Text]
			if known && m.node.Vars[at].Edge {
				b.report(diag.DuplicateVariable(n.Name.Pos(), n.Name.Text))
				return false
			}
			if !known || n.Name.Text == "" {
				at = m.declare(n.Name.Text, plan.MatchVar{})
			}
			path = append(path, at)
		}
		m.node.Paths = append(m.node.Paths, path)
	}
	if o.Shortest && (len(o.Patterns) != 1 || walks == 0) {
		b.report(diag.GraphPattern(o.Pos(), "graph-shortest-paths needs one sequence with an edge of variable length, like (a)-[e*1..5]->(b)."))
		return false
	}
	return b.connected(m, o)
}

func (m *matchEnv) declare(name string, v plan.MatchVar) int {
	m.node.Vars = append(m.node.Vars, v)
	if name != "" {
		m.vars[name] = len(m.node.Vars) - 1
	}
	return len(m.node.Vars) - 1
}

// connected orders the paths, and reports one that shares no node with the others.
func (b *binder) connected(m *matchEnv, o *syntax.GraphMatchOperator) bool {
	seen := map[int]bool{}
	var order [][]int
	rest := m.node.Paths
	for len(rest) > 0 {
		next := -1
		for i, path := range rest {
			shared := len(order) == 0
			for _, v := range path {
				shared = shared || seen[v]
			}
			if shared {
				next = i
				break
			}
		}
		if next < 0 {
			b.report(diag.GraphPattern(o.Pos(), "The sequences have to share a node: use the name of one in the other."))
			return false
		}
		for _, v := range rest[next] {
			seen[v] = true
		}
		order = append(order, rest[next])
		rest = append(rest[:next:next], rest[next+1:]...)
	}
	m.node.Paths = order
	return true
}

func (b *binder) patternEdge(m *matchEnv, e *syntax.GraphEdge) (int, bool) {
	v := plan.MatchVar{Edge: true, Direction: e.Direction}
	if m.has(e.Name.Text) {
		b.report(diag.DuplicateVariable(e.Name.Pos(), e.Name.Text))
		return 0, false
	}
	if e.Min != nil {
		v.Walk = true
		for _, bound := range []struct {
			e  syntax.Expression
			to *int64
		}{{e.Min, &v.Min}, {e.Max, &v.Max}} {
			c, ok := b.scalarExpr(bound.e, &env{scope: newScope(nil)}).(*plan.Const)
			n, isLong := int64(0), false
			if ok {
				n, isLong = c.Value.(int64)
			}
			if !isLong {
				b.report(diag.ConstantExpected(bound.e.Pos(), "the length of the edge"))
				return 0, false
			}
			*bound.to = n
		}
		if v.Min < 0 || v.Max < v.Min {
			b.report(diag.GraphPattern(e.Pos(), "The lengths are from 0 on, and the second is not less than the first: -[e*1..5]->."))
			return 0, false
		}
	}
	return m.declare(e.Name.Text, v), true
}

// matchCondition binds one of the conditions that must all be true. One about the properties of a walk's edges holds if
// it holds for each of them.
func (b *binder) matchCondition(e syntax.Expression, en *env) plan.Expr {
	inner := *en.match
	inner.direct = map[int]bool{}
	condition := b.booleanExpr(e, &env{scope: en.scope, in: en.in, match: &inner})
	if len(inner.direct) == 0 {
		return condition
	}
	mixed := len(inner.direct) > 1
	plan.Walk(condition, func(e plan.Expr) bool {
		if c, ok := e.(*plan.ColumnRef); ok {
			mixed = mixed || isMatchColumn(c.Name)
		}
		return true
	})
	if mixed {
		b.report(diag.NotSupportedYet(e.Pos(), "conditions on the edges of a variable-length edge together with other parts of the pattern"))
		return unknown()
	}
	for v := range inner.direct {
		return en.match.collect(v, plan.Collect{Kind: "all", Expr: condition})
	}
	return condition
}

// isMatchColumn tells the columns of matches, which begin with the number of a variable, from those of edges. A column
// of edges with such a name may be taken for one; then the condition is refused.
func isMatchColumn(name string) bool {
	head, _, ok := strings.Cut(name, ".")
	return ok && head != "" && strings.Trim(head, "0123456789") == ""
}

// collect makes a value over a walk.
func (m *matchEnv) collect(v int, c plan.Collect) plan.Expr {
	at := &m.node.Vars[v]
	at.Collect = append(at.Collect, c)
	t := catalog.Bool
	if c.Kind == "map" {
		t = catalog.Dynamic
	}
	return &plan.ColumnRef{Name: plan.CollectColumn(v, len(at.Collect)-1), Typ: t}
}

// property binds variable.property.
func (b *binder) property(name string, e *syntax.PathExpression, en *env) plan.Expr {
	m := en.match
	selector, ok := e.Selector.(*syntax.NameReference)
	if !ok {
		b.report(diag.ValueExpected(e.Selector.Pos(), "a call"))
		return unknown()
	}
	if m.inside != 0 {
		b.report(diag.NotSupportedYet(e.Pos(), "other parts of the pattern inside all(), any() and map()"))
		return unknown()
	}
	v := m.vars[name]
	of := &m.node.Vars[v]
	r := m.graph.nodes
	if of.Edge {
		r = m.graph.edges
	}
	i := r.find(selector.Name)
	switch {
	case i < 0:
		b.report(diag.UnknownColumn(selector.Pos(), selector.Name, diag.Nearest(selector.Name, r.columnNames())))
		return unknown()
	case !of.Walk:
		return &plan.ColumnRef{Name: plan.MatchColumn(v, selector.Name), Typ: r.cols[i].Type}
	case m.direct != nil:
		m.direct[v] = true
		return r.ref(i)
	}
	return m.collect(v, plan.Collect{Kind: "map", Expr: r.ref(i)})
}

// graphCall binds the functions that are there only in patterns; nil for all others.
// https://learn.microsoft.com/kusto/query/graph-function
func (b *binder) graphCall(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	m := en.match
	switch name := e.Name.Text; name {
	case "all", "any", "map":
		if len(e.Arguments) != 2 {
			b.report(diag.WrongArgumentCount(e.Pos(), name, "a variable-length edge and an expression"))
			return unknown()
		}
		return b.overWalk(e, en)
	case "inner_nodes":
		b.report(diag.GraphPattern(e.Pos(), "inner_nodes() can only be the first argument of all(), any() and map()."))
		return unknown()
	case "labels":
		return &plan.Const{Typ: catalog.Dynamic, Value: "[]"}
	case "node_degree_in", "node_degree_out", "node_id":
		property := map[string]string{"node_degree_in": plan.GraphIn, "node_degree_out": plan.GraphOut, "node_id": plan.GraphNode}[name]
		t := catalog.Long
		if name == "node_id" {
			t = m.graph.id
		}
		ref := &plan.ColumnRef{Name: property, Typ: t}
		if len(e.Arguments) == 0 && m.inside != 'n' || len(e.Arguments) > 1 {
			b.report(diag.WrongArgumentCount(e.Pos(), name, "a node of the pattern; none only where inner_nodes() is given"))
			return unknown()
		}
		if len(e.Arguments) == 1 {
			n, ok := e.Arguments[0].(*syntax.NameReference)
			if !ok || !m.has(n.Name) || m.node.Vars[m.vars[n.Name]].Edge || m.inside != 0 {
				b.report(diag.GraphPattern(e.Arguments[0].Pos(), name+"() takes a node of the pattern."))
				return unknown()
			}
			ref.Name = plan.MatchColumn(m.vars[n.Name], property)
		}
		if name == "node_id" {
			return b.convert(ref, catalog.String)
		}
		return ref
	}
	return nil
}

// overWalk binds all, any and map.
func (b *binder) overWalk(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	m := en.match
	first, inner := e.Arguments[0], false
	if c, ok := first.(*syntax.FunctionCallExpression); ok && c.Name.Text == "inner_nodes" && len(c.Arguments) == 1 {
		first, inner = c.Arguments[0], true
	}
	ref, ok := first.(*syntax.NameReference)
	if !ok || m.inside != 0 || !m.has(ref.Name) || !m.node.Vars[m.vars[ref.Name]].Walk {
		b.report(diag.GraphPattern(first.Pos(), e.Name.Text+"() takes an edge of variable length of the pattern, or inner_nodes() of one."))
		return unknown()
	}
	rows, inside := m.graph.edges, byte('e')
	if inner {
		rows, inside = m.graph.nodes, 'n'
	}
	within := *m
	within.inside, within.direct = inside, nil
	value := b.scalarExpr(e.Arguments[1], &env{scope: en.scope, in: rows, match: &within})
	if isUnknown(value) {
		return unknown()
	}
	if t := value.Type(); e.Name.Text != "map" && t != catalog.Bool {
		if t != catalog.Dynamic {
			b.report(diag.WrongType(e.Arguments[1].Pos(), "the condition", "bool", t.String()))
			return unknown()
		}
		value = b.convert(value, catalog.Bool)
	}
	return m.collect(m.vars[ref.Name], plan.Collect{Kind: e.Name.Text, Inner: inner, Expr: value})
}
