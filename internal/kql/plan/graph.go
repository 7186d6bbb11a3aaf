package plan

import (
	"fmt"

	"nordlys/internal/kql/catalog"
)

// Graph is edges and nodes. Both tables have hidden columns beside their properties: Edges has GraphEdge (a number of
// its own), GraphSource and GraphTarget, Nodes has GraphNode, which is unique, all three names of nodes of one type.
// Where Partitioned is set both have GraphPartition, and edges and nodes with different values of it have nothing to do
// with each other. Both are read several times: they are Shared or cheap.
type Graph struct {
	Edges, Nodes Node
	Partitioned  bool
}

// The hidden columns of graphs. GraphIn and GraphOut are the numbers of edges that end and begin at a node, long; they
// are not in Nodes but may be read in a Match as if they were.
const (
	GraphEdge      = "$$edge"
	GraphSource    = "$$source"
	GraphTarget    = "$$target"
	GraphNode      = "$$node"
	GraphPartition = "$$partition"
	GraphIn        = "$$in"
	GraphOut       = "$$out"
)

// Match finds a pattern in a graph: each match is a row. Where and Items read columns that MatchColumn names.
type Match struct {
	Graph    Graph
	Vars     []MatchVar
	Paths    [][]int // positions in Vars: node, edge, node… Each path shares a node with one before it
	Cycles   string  // unique_edges: no edge twice in a match; none: no node twice; all: no bound but the lengths
	Shortest string  // any or all: only the matches with the fewest edges between the path's two ends; "" for all matches
	Where    []Expr  // all must be true
	Items    []Named
}

// MatchVar is a node or an edge of a pattern. Direction is 1 along the path, -1 against it, 0 either way. A Walk is
// Min to Max edges in a row (a variable-length edge).
type MatchVar struct {
	Edge      bool
	Direction int
	Walk      bool
	Min, Max  int64
	Collect   []Collect
}

// Collect is a value over the edges of a walk, or over its inner nodes: Kind map is an array of the values of Expr, all
// and any are true where Expr is for all of them or one. Expr reads columns of Graph.Edges, or of Graph.Nodes.
type Collect struct {
	Kind  string
	Inner bool
	Expr  Expr
}

// MatchColumn names a property of a variable in the rows that Where and Items see.
func MatchColumn(variable int, property string) string {
	return fmt.Sprintf("%d.%s", variable, property)
}

// CollectColumn names a collected value of a variable in the same way: dynamic for map, else bool.
func CollectColumn(variable, n int) string { return fmt.Sprintf("%d.$$collect%d", variable, n) }

// Components adds to the nodes of a graph the number of the connected component that each is in, from 0. Strong counts
// nodes together only if there is a way in both directions. The columns are those of Graph.Nodes with Column put in
// place or appended.
type Components struct {
	Graph  Graph
	Strong bool
	Column string
}

// Schema gives the items' names and types.
func (n *Match) Schema() []Column { return namedColumns(n.Items) }

// Schema gives the columns of the nodes and the number.
func (n *Components) Schema() []Column {
	return replaceColumns(n.Graph.Nodes.Schema(), []Column{{n.Column, catalog.Long}})
}

// Inputs of the nodes.
func (n *Match) Inputs() []Node      { return []Node{n.Graph.Edges, n.Graph.Nodes} }
func (n *Components) Inputs() []Node { return []Node{n.Graph.Edges, n.Graph.Nodes} }
