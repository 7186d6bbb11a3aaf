package syntax

// MakeGraphOperator makes a graph: the rows are the edges, Nodes are tables with properties of the nodes.
// https://learn.microsoft.com/kusto/query/make-graph-operator
type MakeGraphOperator struct {
	Span
	Source, Target Name
	Nodes          []GraphNodes
	// NodeID is the property that holds a node's own name, "" if not asked for.
	NodeID Name
	// PartitionedBy is a column whose values make graphs of their own, "" for one graph. Subquery is then what runs on
	// each.
	PartitionedBy Name
	Subquery      []Operator
}

// GraphNodes is a table of nodes and the column that tells them apart.
type GraphNodes struct {
	Span
	Table Expression
	ID    Name
}

// GraphMatchOperator finds a pattern in a graph and makes a row of each match. Shortest is set for
// graph-shortest-paths. https://learn.microsoft.com/kusto/query/graph-match-operator
// https://learn.microsoft.com/kusto/query/graph-shortest-paths-operator
type GraphMatchOperator struct {
	Span
	Shortest   bool
	Parameters []NamedParameter
	Patterns   []GraphPattern
	Where      Expression // nil if there is none
	Project    []Expression
}

// GraphPattern is a sequence of nodes with edges between them: one edge fewer than nodes.
type GraphPattern struct {
	Span
	Nodes []GraphNode
	Edges []GraphEdge
}

// GraphNode is `(name)`; the name of `()` is "".
type GraphNode struct {
	Span
	Name Name
}

// GraphEdge is `-[name]->` and its like. Direction is 1 to the right, -1 to the left, 0 for either. Min and Max are nil
// for one edge, else the bounds of `*min..max`.
type GraphEdge struct {
	Span
	Name      Name
	Direction int
	Min, Max  Expression
}

// GraphToTableOperator makes tables of a graph's nodes and edges.
// https://learn.microsoft.com/kusto/query/graph-to-table-operator
type GraphToTableOperator struct {
	Span
	Parts []GraphPart
}

// GraphPart is one table of graph-to-table; As is its name, "" if none is given.
type GraphPart struct {
	Span
	Edges      bool
	As         Name
	Parameters []NamedParameter
}

// GraphMarkComponentsOperator gives each node the number of its connected component.
// https://learn.microsoft.com/kusto/query/graph-mark-components-operator
type GraphMarkComponentsOperator struct {
	Span
	Parameters []NamedParameter
}

func (*MakeGraphOperator) operator()           {}
func (*GraphMatchOperator) operator()          {}
func (*GraphToTableOperator) operator()        {}
func (*GraphMarkComponentsOperator) operator() {}

func (p *parser) makeGraphOperator() Operator {
	o := &MakeGraphOperator{Source: p.name("the column of the source")}
	p.expect("-")
	p.expect("-")
	p.expect(">")
	o.Target = p.name("the column of the target")
	if p.acceptWord("with_node_id") {
		p.expect("=")
		o.NodeID = p.name("the property")
	} else if p.acceptWord("with") {
		p.commaList(func() {
			start := p.start()
			n := GraphNodes{Table: p.nested(p.unary)}
			if p.expectWord("on") {
				n.ID = p.name("the column of the node")
			}
			n.Span = p.from(start)
			o.Nodes = append(o.Nodes, n)
		})
	}
	if p.atWord("partitioned") {
		if p.operatorName() != "partitioned-by" {
			p.unexpected(`"partitioned-by"`)
		}
		o.PartitionedBy = p.name("the column")
		o.Subquery = p.subquery()
	}
	return o
}

func (p *parser) graphMatchOperator(shortest bool) Operator {
	o := &GraphMatchOperator{Shortest: shortest}
	if shortest {
		o.Parameters = p.parameters("output")
	} else {
		o.Parameters = p.parameters("cycles")
	}
	p.commaList(func() { o.Patterns = append(o.Patterns, p.graphPattern()) })
	if p.acceptWord("where") {
		o.Where = p.expression()
	}
	if p.expectWord("project") {
		o.Project = p.namedList()
	}
	return o
}

func (p *parser) graphPattern() GraphPattern {
	start := p.start()
	g := GraphPattern{Nodes: []GraphNode{p.graphNode()}}
	for p.at("-") || p.at("<") {
		g.Edges = append(g.Edges, p.graphEdge())
		g.Nodes = append(g.Nodes, p.graphNode())
	}
	g.Span = p.from(start)
	return g
}

func (p *parser) graphNode() GraphNode {
	start := p.start()
	n := GraphNode{}
	if p.expect("(") {
		if !p.at(")") {
			n.Name = p.name("the node")
		}
		p.expect(")")
	}
	n.Span = p.from(start)
	return n
}

func (p *parser) graphEdge() GraphEdge {
	start := p.start()
	e := GraphEdge{}
	if p.accept("<") {
		e.Direction = -1
	}
	p.expect("-")
	if p.accept("[") {
		if p.atName() {
			e.Name = p.name("the edge")
		}
		if p.accept("*") {
			e.Min = p.primary()
			p.expect("..")
			e.Max = p.primary()
		}
		p.expect("]")
	}
	p.expect("-")
	if p.at(">") && e.Direction == 0 {
		p.pos++
		e.Direction = 1
	}
	e.Span = p.from(start)
	return e
}

func (p *parser) graphToTableOperator() Operator {
	o := &GraphToTableOperator{}
	p.commaList(func() {
		start := p.start()
		part := GraphPart{}
		switch {
		case p.acceptWord("edges"):
			part.Edges = true
		case p.acceptWord("nodes"):
		default:
			p.unexpected(`"nodes" or "edges"`)
			return
		}
		if p.acceptWord("as") {
			part.As = p.name("the table")
		}
		part.Parameters = p.parameters("with_node_id", "with_source_id", "with_target_id")
		if part.As.Text == "" && p.acceptWord("as") {
			part.As = p.name("the table")
		}
		part.Span = p.from(start)
		o.Parts = append(o.Parts, part)
	})
	return o
}

func (p *parser) graphMarkComponentsOperator() Operator {
	return &GraphMarkComponentsOperator{Parameters: p.parameters("kind", "with_component_id")}
}

func (o *MakeGraphOperator) print(w *printer) {
	w.word("make-graph")
	w.name(o.Source)
	w.write(" --> ")
	w.name(o.Target)
	if o.NodeID.Text != "" {
		w.write(" with_node_id=")
		w.name(o.NodeID)
	}
	for i, n := range o.Nodes {
		if i == 0 {
			w.write(" with ")
		} else {
			w.write(", ")
		}
		w.expression(n.Table, levelPostfix)
		w.write(" on ")
		w.name(n.ID)
	}
	if o.PartitionedBy.Text != "" {
		w.write(" partitioned-by ")
		w.name(o.PartitionedBy)
		w.write(" ")
		w.subquery(o.Subquery)
	}
}

func (o *GraphMatchOperator) print(w *printer) {
	if o.Shortest {
		w.word("graph-shortest-paths")
	} else {
		w.word("graph-match")
	}
	w.parameters(o.Parameters)
	for i, g := range o.Patterns {
		w.comma(i)
		for j, n := range g.Nodes {
			if j > 0 {
				w.graphEdge(g.Edges[j-1])
			}
			w.write("(")
			if n.Name.Text != "" {
				w.name(n.Name)
			}
			w.write(")")
		}
	}
	if o.Where != nil {
		w.write("\n  where ")
		w.expression(o.Where, levelOr)
	}
	w.write("\n  ")
	w.list("project", o.Project)
}

func (w *printer) graphEdge(e GraphEdge) {
	if e.Direction < 0 {
		w.write("<")
	}
	w.write("-")
	if e.Name.Text != "" || e.Min != nil {
		w.write("[")
		if e.Name.Text != "" {
			w.name(e.Name)
		}
		if e.Min != nil {
			w.write("*")
			w.expression(e.Min, levelPostfix)
			w.write("..")
			w.expression(e.Max, levelPostfix)
		}
		w.write("]")
	}
	w.write("-")
	if e.Direction > 0 {
		w.write(">")
	}
}

func (o *GraphToTableOperator) print(w *printer) {
	w.word("graph-to-table")
	for i, part := range o.Parts {
		w.comma(i)
		if part.Edges {
			w.write("edges")
		} else {
			w.write("nodes")
		}
		if part.As.Text != "" {
			w.write(" as ")
			w.name(part.As)
		}
		w.write(" ")
		w.parameters(part.Parameters)
	}
}

func (o *GraphMarkComponentsOperator) print(w *printer) {
	w.word("graph-mark-components")
	w.parameters(o.Parameters)
}
