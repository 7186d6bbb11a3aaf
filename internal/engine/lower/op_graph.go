package lower

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// maxWalks is how many walks of one length a pattern may make before the query ends with an error.
const maxWalks = 2_000_000

// matcher builds the SQL of a graph pattern: a join over edges and nodes that grows by one element after the other, and
// is put into a subquery where a variable-length edge is walked.
type matcher struct {
	l            *lowerer
	n            *plan.Match
	edges, nodes *block
	// read are the columns that conditions and items read, by their names in matches.
	read need
	from []string
	cond []string
	cols scope
	// bound are the variables that cols has; pending the conditions that are not applied yet.
	bound   map[int]bool
	pending []plan.Expr
	// walked lists the walks whose edges and nodes are in cols.
	walked []int
	made   int
}

// Columns of walks: the numbers of the edges, the names of the nodes, how many edges.
const (
	walkEdges = "$$edges"
	walkNodes = "$$nodes"
	walkCount = "$$count"
)

func (l *lowerer) match(n *plan.Match, nd need) (*block, error) {
	m := &matcher{l: l, n: n, bound: map[int]bool{}, read: need{}}
	var items []plan.Named
	for _, it := range n.Items {
		if nd.has(it.Name) {
			items = append(items, it)
			m.read = m.read.exprNeeds(it.Expr)
		}
	}
	m.read = m.read.exprNeeds(n.Where...)
	m.pending = append(m.pending, n.Where...)
	if err := m.inputs(); err != nil {
		return nil, err
	}
	for _, path := range n.Paths {
		if err := m.path(path); err != nil {
			return nil, err
		}
	}
	m.distinct()
	if len(m.pending) > 0 {
		return nil, fmt.Errorf("internal: a condition of a graph pattern was not applied")
	}
	b := &block{from: m.subquery(), cols: m.cols}
	if n.Shortest != "" {
		m.shortest(b)
	}
	sel := make([]string, len(items))
	cols := make([]plan.Column, len(items))
	for i, it := range items {
		var err error
		if sel[i], err = l.expr(it.Expr, b.cols); err != nil {
			return nil, err
		}
		cols[i] = plan.Column{Name: it.Name, Type: it.Expr.Type()}
	}
	b.sel, b.cols = sel, newScope(cols)
	return b, nil
}

// inputs lowers the tables of the graph with the columns that are read of them.
func (m *matcher) inputs() error {
	edges, nodes := need{plan.GraphEdge: true, plan.GraphSource: true, plan.GraphTarget: true}, need{plan.GraphNode: true}
	if m.n.Graph.Partitioned {
		edges[plan.GraphPartition], nodes[plan.GraphPartition] = true, true
	}
	degrees := false
	for i, v := range m.n.Vars {
		to := nodes
		if v.Edge {
			to = edges
		}
		prefix := plan.MatchColumn(i, "")
		for name := range m.read {
			if p, ok := strings.CutPrefix(name, prefix); ok && !strings.HasPrefix(p, "$$collect") {
				to[p] = true
			}
		}
		for _, c := range v.Collect {
			if c.Inner {
				nodes = nodes.exprNeeds(c.Expr)
			} else {
				edges = edges.exprNeeds(c.Expr)
			}
		}
	}
	degrees = nodes[plan.GraphIn] || nodes[plan.GraphOut]
	delete(nodes, plan.GraphIn)
	delete(nodes, plan.GraphOut)
	var err error
	if m.edges, err = m.l.node(m.n.Graph.Edges, edges, everything); err != nil {
		return err
	}
	if m.nodes, err = m.l.node(m.n.Graph.Nodes, nodes, everything); err != nil {
		return err
	}
	m.edges, m.nodes = m.edges.wrap(), m.nodes.wrap()
	if degrees {
		m.degrees()
	}
	return nil
}

// degrees adds the numbers of edges that begin and end at a node.
func (m *matcher) degrees() {
	count := func(end, as string) string {
		keys := []string{m.edge(end)}
		on := []string{as + "." + m.edge(end) + " = n." + m.node(plan.GraphNode)}
		if m.n.Graph.Partitioned {
			keys = append(keys, m.edge(plan.GraphPartition))
			on = append(on, as+"."+m.edge(plan.GraphPartition)+" = n."+m.node(plan.GraphPartition))
		}
		by := strings.Join(keys, ", ")
		return " LEFT JOIN (SELECT " + by + ", count(*) AS c FROM " + m.edges.from + " GROUP BY " + by + ") AS " + as + " ON " + strings.Join(on, " AND ")
	}
	in, out := Ident(plan.GraphIn), Ident(plan.GraphOut)
	from := "(SELECT n.*, coalesce(i.c, 0) AS " + in + ", coalesce(o.c, 0) AS " + out + " FROM " + m.nodes.from + " AS n" +
		count(plan.GraphTarget, "i") + count(plan.GraphSource, "o") + ")"
	cols := append(append(scope(nil), m.nodes.cols...), scopeColumn{plan.Column{Name: plan.GraphIn, Type: catalog.Long}, in},
		scopeColumn{plan.Column{Name: plan.GraphOut, Type: catalog.Long}, out})
	m.nodes = &block{from: from, cols: cols}
}

// edge and node give the SQL name of a column of the tables.
func (m *matcher) edge(name string) string { c, _ := m.edges.cols.find(name); return c.sql }
func (m *matcher) node(name string) string { c, _ := m.nodes.cols.find(name); return c.sql }

// id is the SQL of a bound node's name.
func (m *matcher) id(v int) string {
	c, _ := m.cols.find(plan.MatchColumn(v, plan.GraphNode))
	return c.sql
}

func (m *matcher) add(name string, t catalog.Type, sql string) {
	m.cols = append(m.cols, scopeColumn{plan.Column{Name: name, Type: t}, sql})
}

// path joins one sequence, from an element that is there already, or from the end that a condition speaks of.
func (m *matcher) path(path []int) error {
	start := -1
	for i := 0; i < len(path) && start < 0; i += 2 {
		if m.bound[path[i]] {
			start = i
		}
	}
	if start < 0 {
		start = 0
		if last := len(path) - 1; m.filtered(path[last]) && !m.filtered(path[0]) {
			start = last
		}
		if err := m.bindNode(path[start], ""); err != nil {
			return err
		}
	}
	for i := start; i+2 < len(path); i += 2 {
		if err := m.step(path[i], path[i+1], path[i+2], 1); err != nil {
			return err
		}
	}
	for i := start; i >= 2; i -= 2 {
		if err := m.step(path[i], path[i-1], path[i-2], -1); err != nil {
			return err
		}
	}
	return nil
}

// filtered says whether a condition is about this variable alone.
func (m *matcher) filtered(v int) bool {
	for _, e := range m.pending {
		alone, any := true, false
		plan.Walk(e, func(e plan.Expr) bool {
			if c, ok := e.(*plan.ColumnRef); ok {
				any = true
				alone = alone && strings.HasPrefix(c.Name, plan.MatchColumn(v, ""))
			}
			return true
		})
		if alone && any {
			return true
		}
	}
	return false
}

// bindNode makes a node part of the join: the one named by the SQL id, any where that is "".
func (m *matcher) bindNode(v int, id string) error {
	if m.bound[v] {
		if id != "" {
			m.cond = append(m.cond, m.id(v)+" = "+id)
		}
		return nil
	}
	m.bound[v] = true
	alias := fmt.Sprintf("v%d", v)
	if id != "" && !m.reads(v) {
		// A node of which only the name matters needs no table: every end of an edge is one.
		m.add(plan.MatchColumn(v, plan.GraphNode), catalog.Dynamic, id)
		return m.conditions()
	}
	m.from = append(m.from, m.nodes.from+" AS "+alias)
	for _, c := range m.nodes.cols {
		m.add(plan.MatchColumn(v, c.Name), c.Type, alias+"."+c.sql)
	}
	if id != "" {
		m.cond = append(m.cond, alias+"."+m.node(plan.GraphNode)+" = "+id)
		m.samePartition(alias + "." + m.node(plan.GraphPartition))
	}
	if m.n.Graph.Partitioned {
		if _, ok := m.cols.find(plan.GraphPartition); !ok {
			m.add(plan.GraphPartition, catalog.Dynamic, alias+"."+m.node(plan.GraphPartition))
		}
	}
	return m.conditions()
}

// reads says whether more than the name of a node is read.
func (m *matcher) reads(v int) bool {
	for name := range m.read {
		if p, ok := strings.CutPrefix(name, plan.MatchColumn(v, "")); ok && p != plan.GraphNode {
			return true
		}
	}
	return false
}

// samePartition holds a new element to the partition of those before it.
func (m *matcher) samePartition(sql string) {
	if c, ok := m.cols.find(plan.GraphPartition); ok && m.n.Graph.Partitioned {
		m.cond = append(m.cond, c.sql+" = "+sql)
	}
}

// conditions applies those whose columns are all there.
func (m *matcher) conditions() error {
	rest := m.pending[:0:0]
	for _, e := range m.pending {
		ready := true
		plan.Walk(e, func(e plan.Expr) bool {
			if c, ok := e.(*plan.ColumnRef); ok {
				_, there := m.cols.find(c.Name)
				ready = ready && there
			}
			return ready
		})
		if !ready {
			rest = append(rest, e)
			continue
		}
		s, err := m.l.predicate(e, m.cols)
		if err != nil {
			return err
		}
		m.cond = append(m.cond, s)
	}
	m.pending = rest
	return nil
}

// directed is the table of edges with the ends a and b in the order in which they are gone along.
func (m *matcher) directed(direction int) string {
	ends := func(a, b string) string {
		return "SELECT *, " + m.edge(a) + " AS a, " + m.edge(b) + " AS b FROM " + m.edges.from
	}
	switch direction {
	case 1:
		return "(" + ends(plan.GraphSource, plan.GraphTarget) + ")"
	case -1:
		return "(" + ends(plan.GraphTarget, plan.GraphSource) + ")"
	}
	// A loop is the same edge in both directions.
	return "(" + ends(plan.GraphSource, plan.GraphTarget) + " UNION ALL " + ends(plan.GraphTarget, plan.GraphSource) +
		" WHERE " + m.edge(plan.GraphSource) + " IS DISTINCT FROM " + m.edge(plan.GraphTarget) + ")"
}

// step goes along an edge from a bound node to another; way is -1 against the order of the path.
func (m *matcher) step(from, edge, to, way int) error {
	v := m.n.Vars[edge]
	if v.Walk {
		return m.walk(from, edge, to, way)
	}
	alias := fmt.Sprintf("v%d", edge)
	m.from = append(m.from, m.directed(v.Direction*way)+" AS "+alias)
	m.cond = append(m.cond, alias+".a = "+m.id(from))
	if m.n.Graph.Partitioned {
		m.samePartition(alias + "." + m.edge(plan.GraphPartition))
	}
	for _, c := range m.edges.cols {
		m.add(plan.MatchColumn(edge, c.Name), c.Type, alias+"."+c.sql)
	}
	m.bound[edge] = true
	return m.bindNode(to, alias+".b")
}

// subquery closes the join made so far: its columns get plain names.
func (m *matcher) subquery() string {
	m.made++
	sel := make([]string, 0, len(m.cols))
	cols := make(scope, len(m.cols))
	for i, c := range m.cols {
		name := fmt.Sprintf("c%d", i)
		cols[i] = scopeColumn{c.Column, name}
		sel = append(sel, c.sql+" AS "+name)
	}
	sql := "(SELECT " + strings.Join(sel, ", ") + " FROM " + strings.Join(m.from, ", ")
	if len(m.cond) > 0 {
		sql += " WHERE " + strings.Join(m.cond, " AND ")
	}
	m.cols, m.cond = cols, nil
	return sql + ")"
}

// prune keeps what is needed later of the columns: those that are read, and the identities.
func (m *matcher) prune() {
	kept := m.cols[:0:0]
	for _, c := range m.cols {
		_, own, _ := strings.Cut(c.Name, ".")
		if m.read[c.Name] || c.Name == plan.GraphPartition || own == plan.GraphNode || own == plan.GraphEdge || strings.HasPrefix(own, "$$") {
			kept = append(kept, c)
		}
	}
	m.cols = kept
}

// walk follows a variable-length edge with a recursive query: a row for each walk, from the rows of the join so far.
func (m *matcher) walk(from, edge, to, way int) error {
	v := m.n.Vars[edge]
	m.prune()
	input := m.subquery()
	rows, steps := fmt.Sprintf("rows%d", m.made), fmt.Sprintf("walk%d", m.made)
	w, err := m.recursion(edge, way)
	if err != nil {
		return err
	}
	part, partJoin := "", ""
	if m.n.Graph.Partitioned {
		c, _ := m.cols.find(plan.GraphPartition)
		part = ", r." + c.sql + " AS part"
	}
	start := "r." + m.id(from)
	list := "CAST([] AS BIGINT[])"
	anchor := "SELECT r.rid, " + start + " AS cur, 0 AS n, " + list + " AS edges, [" + start + "] AS nodes" + part + w.anchor + " FROM " + rows + " AS r"
	next, partColumn := "SELECT w.rid, e.b, w.n + 1, "+w.edges+", "+w.nodes, ""
	if part != "" {
		partColumn = ", w.part"
		next += partColumn
		partJoin = " AND e." + m.edge(plan.GraphPartition) + " = w.part"
	}
	next += w.next + " FROM " + steps + " AS w JOIN " + m.directed(v.Direction*way) + " AS e ON e.a = w.cur" + partJoin
	if w.inner {
		next += " JOIN " + m.nodes.from + " AS i ON i." + m.node(plan.GraphNode) + " = w.cur"
		if part != "" {
			next += " AND i." + m.node(plan.GraphPartition) + " = w.part"
		}
	}
	where := append([]string{fmt.Sprintf("w.n < %d", v.Max)}, w.where...)
	if m.n.Cycles == "none" {
		where = append(where, "NOT list_contains(w.nodes, e.b)")
	} else if m.n.Cycles == "unique_edges" && !m.breadthFirst(edge) {
		where = append(where, "NOT list_contains(w.edges, e."+m.edge(plan.GraphEdge)+")")
	}
	ctes := rows + " AS MATERIALIZED (SELECT *, row_number() OVER () AS rid FROM " + input + "), "
	first := ""
	if m.breadthFirst(edge) {
		if m.n.Shortest == "any" {
			// Of several the one whose edges come first, so that the answer is the same each time.
			first = " QUALIFY row_number() OVER (PARTITION BY rid, b ORDER BY edges) = 1"
		} else {
			// All shortest walks: first how far each node is, then only the steps that lead one further.
			far, least := fmt.Sprintf("far%d", m.made), fmt.Sprintf("least%d", m.made)
			step := "SELECT DISTINCT w.rid, e.b AS cur, w.n + 1 AS n" + partColumn + " FROM " + far + " AS w JOIN " + m.directed(v.Direction*way) + " AS e ON e.a = w.cur" + partJoin
			if w.inner {
				step += " JOIN " + m.nodes.from + " AS i ON i." + m.node(plan.GraphNode) + " = w.cur"
			}
			ctes += far + " AS (SELECT r.rid, " + start + " AS cur, 0 AS n" + part + " FROM " + rows + " AS r UNION ALL " + step + " WHERE " + strings.Join(where, " AND ") + "), " +
				least + " AS MATERIALIZED (SELECT rid, cur, min(n) AS n FROM " + far + " WHERE n > 0 GROUP BY rid, cur), "
			where = append(where, "EXISTS (SELECT 1 FROM "+least+" AS f WHERE f.rid = w.rid AND f.cur = e.b AND f.n = w.n + 1)")
		}
	}
	bounded := fmt.Sprintf("CASE WHEN count(*) OVER () > %d THEN error('the pattern has more than %d walks of one length: give it a lower maximum, or conditions on the node where it begins') ELSE n END", maxWalks, maxWalks)
	recursive := "SELECT rid, b, " + bounded + ", edges, nodes" + w.names(part != "") + " FROM (" + next + " WHERE " + strings.Join(where, " AND ") +
		fmt.Sprintf(" LIMIT %d", maxWalks+1) + ") AS s(rid, b, n, edges, nodes" + w.names(part != "") + ")" + first
	ctes += steps + " AS (" + anchor + " UNION ALL " + recursive + ")"
	out := "r.*, w.cur, w.n, w.edges, w.nodes" + w.names(false)
	k := fmt.Sprintf("k%d", m.made)
	m.from = []string{"(WITH RECURSIVE " + ctes + " SELECT " + out + " FROM " + rows + " AS r JOIN " + steps + " AS w ON w.rid = r.rid WHERE w.n >= " + fmt.Sprint(v.Min) + ") AS " + k}
	for i := range m.cols {
		m.cols[i].sql = k + "." + m.cols[i].sql
	}
	m.add(plan.MatchColumn(edge, walkEdges), catalog.Dynamic, k+".edges")
	m.add(plan.MatchColumn(edge, walkNodes), catalog.Dynamic, k+".nodes")
	m.add(plan.MatchColumn(edge, walkCount), catalog.Long, k+".n")
	for i, c := range v.Collect {
		sql, t := fmt.Sprintf("%s.x%d", k, i), catalog.Bool
		if c.Kind == "map" {
			sql, t = "kql_array("+sql+")", catalog.Dynamic
		}
		m.add(plan.CollectColumn(edge, i), t, sql)
	}
	m.walked = append(m.walked, edge)
	m.bound[edge] = true
	return m.bindNode(to, k+".cur")
}

// breadthFirst says whether the shortest walks can be found level by level: the pattern is one walk, every part of a
// shortest one is a shortest one itself, and no condition speaks of the walk as a whole.
func (m *matcher) breadthFirst(edge int) bool {
	v := m.n.Vars[edge]
	if m.n.Shortest == "" || len(m.n.Paths[0]) != 3 || v.Min > 1 {
		return false
	}
	whole := false
	for _, e := range m.pending {
		plan.Walk(e, func(e plan.Expr) bool {
			c, ok := e.(*plan.ColumnRef)
			whole = whole || ok && strings.HasPrefix(c.Name, plan.MatchColumn(edge, ""))
			return true
		})
	}
	return !whole
}

// recursion is what the values over a walk add to its recursive query.
type recursion struct {
	anchor, next string
	edges, nodes string
	where        []string
	inner        bool
	values       int
}

func (r *recursion) names(part bool) string {
	s := ""
	if part {
		s = ", part"
	}
	for i := range r.values {
		s += fmt.Sprintf(", x%d", i)
	}
	return s
}

// recursion lowers the values over a walk. A value of all that is a condition of its own ends the walk where it fails.
func (m *matcher) recursion(edge, way int) (*recursion, error) {
	v := m.n.Vars[edge]
	grow := func(list, x string) string {
		if way < 0 {
			return "list_prepend(" + x + ", " + list + ")"
		}
		return "list_append(" + list + ", " + x + ")"
	}
	r := &recursion{edges: grow("w.edges", "e."+m.edge(plan.GraphEdge)), nodes: grow("w.nodes", "e.b"), values: len(v.Collect)}
	for i, c := range v.Collect {
		cols := m.edges.cols.qualified("e")
		if c.Inner {
			cols = m.nodes.cols.qualified("i")
			r.inner = true
		}
		s, err := m.l.expr(c.Expr, cols)
		if err != nil {
			return nil, err
		}
		x := fmt.Sprintf("w.x%d", i)
		first := ""
		switch c.Kind {
		case "map":
			r.anchor += fmt.Sprintf(", CAST([] AS VARCHAR[]) AS x%d", i)
			first, s = x, grow(x, jsonOf(s, c.Expr.Type()))
		case "all":
			r.anchor += fmt.Sprintf(", true AS x%d", i)
			holds := "coalesce(" + s + ", false)"
			if m.required(plan.CollectColumn(edge, i)) {
				if c.Inner {
					holds = "(w.n = 0 OR " + holds + ")"
				}
				r.where = append(r.where, holds)
				r.next += ", true"
				continue
			}
			first, s = x, "("+x+" AND "+holds+")"
		case "any":
			r.anchor += fmt.Sprintf(", false AS x%d", i)
			first, s = x, "("+x+" OR coalesce("+s+", false))"
		}
		if c.Inner {
			// The node that a walk begins at is none of its inner ones.
			s = "CASE WHEN w.n = 0 THEN " + first + " ELSE " + s + " END"
		}
		r.next += ", " + s
	}
	return r, nil
}

// required says whether a value is one of the conditions itself; it needs no check after the walk then.
func (m *matcher) required(name string) bool {
	for i, e := range m.pending {
		if c, ok := e.(*plan.ColumnRef); ok && c.Name == name {
			m.pending = append(m.pending[:i:i], m.pending[i+1:]...)
			return true
		}
	}
	return false
}

// distinct adds the conditions that no edge, or no node, is there twice.
func (m *matcher) distinct() {
	switch m.n.Cycles {
	case "unique_edges":
		m.distinctEdges()
	case "none":
		m.distinctNodes()
	}
}

func (m *matcher) column(v int, name string) string {
	c, _ := m.cols.find(plan.MatchColumn(v, name))
	return c.sql
}

func (m *matcher) distinctEdges() {
	var edges []int
	for i, v := range m.n.Vars {
		if v.Edge {
			edges = append(edges, i)
		}
	}
	for i, a := range edges {
		for _, b := range edges[:i] {
			if m.n.Vars[a].Walk && !m.n.Vars[b].Walk {
				a, b = b, a
			}
			switch {
			case m.n.Vars[a].Walk:
				m.cond = append(m.cond, "NOT list_has_any("+m.column(a, walkEdges)+", "+m.column(b, walkEdges)+")")
			case m.n.Vars[b].Walk:
				m.cond = append(m.cond, "NOT list_contains("+m.column(b, walkEdges)+", "+m.column(a, plan.GraphEdge)+")")
			default:
				m.cond = append(m.cond, m.column(a, plan.GraphEdge)+" <> "+m.column(b, plan.GraphEdge))
			}
		}
	}
}

func (m *matcher) distinctNodes() {
	ends := map[[2]int]bool{} // the ends of walks that may be of no edge
	innerOf := func(walk int) string { return "list_slice(" + m.column(walk, walkNodes) + ", 2, -2)" }
	for _, path := range m.n.Paths {
		seen := map[int]bool{}
		for i := 0; i < len(path); i += 2 {
			if seen[path[i]] {
				m.cond = append(m.cond, "false")
			}
			seen[path[i]] = true
			if i > 0 && m.n.Vars[path[i-1]].Walk {
				ends[[2]int{path[i-2], path[i]}], ends[[2]int{path[i], path[i-2]}] = true, true
			}
		}
	}
	for a, v := range m.n.Vars {
		if v.Edge {
			continue
		}
		for b := range a {
			if !m.n.Vars[b].Edge && !ends[[2]int{a, b}] {
				m.cond = append(m.cond, m.id(a)+" <> "+m.id(b))
			}
		}
		for _, w := range m.walked {
			m.cond = append(m.cond, "NOT list_contains("+innerOf(w)+", "+m.id(a)+")")
		}
	}
	for i, a := range m.walked {
		for _, b := range m.walked[:i] {
			m.cond = append(m.cond, "NOT list_has_any("+innerOf(a)+", "+innerOf(b)+")")
		}
	}
}

// shortest keeps, for each pair of ends, the matches with the fewest edges.
func (m *matcher) shortest(b *block) {
	path := m.n.Paths[0]
	fixed := 0
	var lengths, edges []string
	for i := 1; i < len(path); i += 2 {
		if m.n.Vars[path[i]].Walk {
			lengths = append(lengths, m.column(path[i], walkCount))
			edges = append(edges, m.column(path[i], walkEdges))
		} else {
			fixed++
		}
	}
	rank, order := "rank", ""
	if m.n.Shortest == "any" {
		rank, order = "row_number", ", "+strings.Join(edges, ", ")
	}
	by := m.id(path[0]) + ", " + m.id(path[len(path)-1])
	if c, ok := b.cols.find(plan.GraphPartition); ok {
		by += ", " + c.sql
	}
	b.from = fmt.Sprintf("(SELECT * FROM %s QUALIFY %s() OVER (PARTITION BY %s ORDER BY %s + %d%s) = 1)", b.from, rank, by, strings.Join(lengths, " + "), fixed, order)
}

// components numbers the nodes in their order, and a function in Go finds which hang together.
func (l *lowerer) components(n *plan.Components) (*block, error) {
	edges, err := l.node(n.Graph.Edges, need{plan.GraphSource: true, plan.GraphTarget: true}, everything)
	if err != nil {
		return nil, err
	}
	nodes, err := l.node(n.Graph.Nodes, nil, everything)
	if err != nil {
		return nil, err
	}
	edges, nodes = edges.wrap(), nodes.wrap()
	source, _ := edges.cols.find(plan.GraphSource)
	target, _ := edges.cols.find(plan.GraphTarget)
	node, _ := nodes.cols.find(plan.GraphNode)
	column := func(name string) string { return Ident(name) }
	schema := newScope(n.Schema())
	sel := make([]string, len(schema))
	for i, c := range schema {
		if c.Name == n.Column {
			sel[i] = "list_extract(c.list, n." + column("$$number") + " + 1)"
			continue
		}
		have, _ := nodes.cols.find(c.Name)
		sel[i] = "n." + have.sql
	}
	for i, c := range schema {
		sel[i] += " AS " + c.sql
	}
	number := column("$$number")
	pairs := "(SELECT coalesce(kql_array(list('[' || s." + number + " || ',' || t." + number + " || ']')), '[]') FROM " + edges.from + " AS e JOIN n AS s ON s." + node.sql + " = e." + source.sql +
		" JOIN n AS t ON t." + node.sql + " = e." + target.sql + ")"
	from := "(WITH n AS MATERIALIZED (SELECT *, row_number() OVER () - 1 AS " + number + " FROM " + nodes.from + ")," +
		" c AS MATERIALIZED (SELECT CAST(go_components((SELECT count(*) FROM n), " + pairs + fmt.Sprintf(", %v", n.Strong) + ") AS BIGINT[]) AS list)" +
		" SELECT " + strings.Join(sel, ", ") + " FROM n, c)"
	return &block{from: from, cols: schema}, nil
}
