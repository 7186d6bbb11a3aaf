// Package plan is the logical plan of a query: relational operators over named, typed columns, and typed expressions.
// The binder makes it, engines run it. Everything of the language is resolved here: names to columns, calls to
// overloads of the catalogue, conversions explicit, defaults filled in, functions and let statements inlined. Column
// names are unique within a node's schema, case-sensitively. The package knows no engine.
package plan

import "nordlys/internal/kql/catalog"

// Column is a named, typed column.
type Column struct {
	Name string
	Type catalog.Type
}

// Query is a bound query, ready to run.
type Query struct {
	Name   string // of the result, "" if the query gives none
	Root   Node
	Render *Render // visualization asked for, nil if none
	// More are the further results in their order, of a query with several statements, fork or facet. Each is run by
	// itself.
	More []*Query
}

// Results lists all results, the first included.
func (q *Query) Results() []*Query { return append([]*Query{q}, q.More...) }

// Render is what the render operator asked for; it is carried in the result and changes no row.
type Render struct {
	Kind       string            // timechart, barchart, table…
	Properties map[string]string // title, xcolumn, ycolumns…
}

// Node is a relational operator. Schema gives its output columns in order.
type Node interface {
	Schema() []Column
	// Inputs are the nodes that the operator reads, in order.
	Inputs() []Node
}

// Scan reads a stored table. Columns are those of the table that the query may see, hidden ones (_ItemId…) included
// only if the query names them.
type Scan struct {
	Table   string
	Columns []Column
}

// Values is a literal table: datatable, and print as its one empty row under a Project.
type Values struct {
	Columns []Column
	Rows    [][]*Const // each of len(Columns)
}

// Sequence is the range operator: one column from From to To by Step, all of the column's type (Step is a timespan for
// datetimes). From, To and Step read no column.
type Sequence struct {
	Column         Column
	From, To, Step Expr
}

// Select keeps the rows for which Predicate is true; false and null are dropped.
type Select struct {
	Input     Node
	Predicate Expr
}

// Named is an expression with the name of the column it makes.
type Named struct {
	Name string
	Expr Expr
}

// Project computes each output column from the input row: project, extend, project-away, -rename, -reorder and print
// are all this. Items may contain window calls (row_number, prev…), which see the input rows in their order.
type Project struct {
	Input Node
	Items []Named
}

// Aggregation is one aggregate call. Most make one column. arg_max, arg_min, take_any with several columns and
// percentiles make one per entry of Out: for arg_max(order, a, b) Out is [order-column, a, b]; for take_any(a, b) [a,
// b]; for percentiles(x, 5, 95) one per rank. A constant-rank argument is a Const in Args.
type Aggregation struct {
	Call *Call
	Out  []Column
}

// Aggregate groups by Keys and computes Aggs. With no keys it yields exactly one row, with no aggregates the distinct
// keys. Expressions over aggregates (count() * 2) are a Project above.
type Aggregate struct {
	Input Node
	Keys  []Named
	Aggs  []Aggregation
}

// Series is the last part of make-series: rows with keys, a point of an axis and values become a row for each set of
// keys, with arrays of the values at every point and of the points. From (included) and To (excluded) are nil where the
// first and last point of each row decide. They and Step read no column.
type Series struct {
	Input          Node
	Keys           []Named // columns of Input
	Axis           Column  // the points in Input, from whichever first one Step by Step
	Out            Column  // the points in the output
	Values         []SeriesValue
	From, To, Step Expr
	NonEmpty       bool // without keys, a row of defaults where there is no input row
}

// SeriesValue is one array: its value in Input, its column, and what stands at points without a row.
type SeriesValue struct {
	Value   Column
	Out     Column
	Default *Const
}

// JoinKind is the flavour of a join.
type JoinKind string

// The kinds of join; lookup is LeftOuter or Inner with the right key columns left out of Out.
const (
	InnerUnique JoinKind = "innerunique" // left side first made distinct by the keys: one row for each, any one
	Inner       JoinKind = "inner"
	LeftOuter   JoinKind = "leftouter"
	RightOuter  JoinKind = "rightouter"
	FullOuter   JoinKind = "fullouter"
	LeftSemi    JoinKind = "leftsemi"
	RightSemi   JoinKind = "rightsemi"
	LeftAnti    JoinKind = "leftanti"
	RightAnti   JoinKind = "rightanti"
)

// JoinKey equates an expression over the left row with one over the right row; both have one type. As == says, a null
// key matches nothing.
type JoinKey struct{ Left, Right Expr }

// JoinColumn is an output column of a join: column From of the left or the right input, under a name unique in the
// output.
type JoinColumn struct {
	Name  string
	Right bool
	From  Column
}

// Join combines rows whose keys are equal.
type Join struct {
	Kind        JoinKind
	Left, Right Node
	On          []JoinKey
	Out         []JoinColumn
}

// Union appends the rows of the inputs, which all have the schema Columns (the binder wraps inputs in a Project that
// fills missing columns, converts and adds the source column).
type Union struct {
	Sources []Node
	Columns []Column
}

// SortKey orders by one expression. Kusto's defaults (desc; nulls first for asc, last for desc) are filled in.
type SortKey struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
}

// Sort orders the rows. The order holds for what follows until an operator that does not keep it.
type Sort struct {
	Input Node
	Keys  []SortKey
}

// Limit keeps the first Count rows; Count reads no column. With Per it keeps as many of each group of rows that agree in
// these columns. Random takes any rows, each as likely as another.
type Limit struct {
	Input  Node
	Count  Expr
	Per    []string
	Random bool
}

// UnnestItem is one dynamic column to expand: Expr is an array (or bag), Column the output column. To is the type asked
// for by to typeof(), Dynamic if none.
type UnnestItem struct {
	Expr   Expr
	Column Column
}

// Unnest is mv-expand: a row for each element of the longest item, the others padded with null. An item that is not an
// array stays as one element, a null item gives one row with null, empty arrays give no row.
// Output: the input columns, those named by an item replaced in place, new ones appended, then IndexColumn if not "".
type Unnest struct {
	Input       Node
	Items       []UnnestItem
	IndexColumn string // with_itemindex: position from 0, type long; "" if not asked for
	BagArrays   bool   // bagexpansion=array: a bag's element is [key, value] instead of a bag of one
	Limit       Expr   // most rows per input row; nil = no limit given
}

// ParseMode is the kind of a parse operator.
type ParseMode string

// The modes of parse.
const (
	ParseSimple  ParseMode = "simple"
	ParseRegex   ParseMode = "regex"
	ParseRelaxed ParseMode = "relaxed"
)

// ParsePart is one part of a parse pattern: text (a regular expression in regex mode), a star, or a column to fill.
type ParsePart struct {
	Text   string
	Star   bool
	Column *Column
}

// Parse extracts columns from a text by a pattern. Output: the input columns, those of the same name replaced in place,
// new ones appended. Where is parse-where: rows that do not match are dropped.
type Parse struct {
	Input  Node
	Source Expr // string
	Mode   ParseMode
	Flags  string // regex mode: i, m, s, U
	Parts  []ParsePart
	Where  bool
}

// Shared is a subplan that is computed once and read in several places: materialize(), and let tables read more than
// once when they must not be computed twice. The same *Shared appears wherever it is read.
type Shared struct {
	ID    int // unique within the query
	Name  string
	Input Node
}

// Serialize marks the rows as ordered (serialize, and row_number's needs); it changes nothing.
type Serialize struct{ Input Node }

// Schema and Inputs of the nodes.
func (n *Scan) Schema() []Column      { return n.Columns }
func (n *Values) Schema() []Column    { return n.Columns }
func (n *Sequence) Schema() []Column  { return []Column{n.Column} }
func (n *Select) Schema() []Column    { return n.Input.Schema() }
func (n *Sort) Schema() []Column      { return n.Input.Schema() }
func (n *Limit) Schema() []Column     { return n.Input.Schema() }
func (n *Shared) Schema() []Column    { return n.Input.Schema() }
func (n *Serialize) Schema() []Column { return n.Input.Schema() }
func (n *Union) Schema() []Column     { return n.Columns }

// Schema gives the items' names and types.
func (n *Project) Schema() []Column { return namedColumns(n.Items) }

// Schema gives the keys, then the aggregates' columns.
func (n *Aggregate) Schema() []Column {
	out := namedColumns(n.Keys)
	for i := range n.Aggs {
		out = append(out, n.Aggs[i].Out...)
	}
	return out
}

// Schema gives the keys, the arrays, and the axis last.
func (n *Series) Schema() []Column {
	out := namedColumns(n.Keys)
	for _, v := range n.Values {
		out = append(out, v.Out)
	}
	return append(out, n.Out)
}

// Schema gives Out.
func (n *Join) Schema() []Column {
	out := make([]Column, len(n.Out))
	for i, c := range n.Out {
		out[i] = Column{c.Name, c.From.Type}
	}
	return out
}

// Schema gives the input columns with the expanded ones in place.
func (n *Unnest) Schema() []Column {
	var new []Column
	for _, it := range n.Items {
		new = append(new, it.Column)
	}
	if n.IndexColumn != "" {
		new = append(new, Column{n.IndexColumn, catalog.Long})
	}
	return replaceColumns(n.Input.Schema(), new)
}

// Schema gives the input columns with the parsed ones in place.
func (n *Parse) Schema() []Column {
	var new []Column
	for _, p := range n.Parts {
		if p.Column != nil {
			new = append(new, *p.Column)
		}
	}
	return replaceColumns(n.Input.Schema(), new)
}

func namedColumns(items []Named) []Column {
	out := make([]Column, len(items))
	for i, it := range items {
		out[i] = Column{it.Name, it.Expr.Type()}
	}
	return out
}

// replaceColumns puts each new column in the place of the one it is named after, or at the end.
func replaceColumns(in, new []Column) []Column {
	out := append([]Column(nil), in...)
next:
	for _, c := range new {
		for i := range out {
			if out[i].Name == c.Name {
				out[i] = c
				continue next
			}
		}
		out = append(out, c)
	}
	return out
}

// Inputs of the nodes.
func (n *Scan) Inputs() []Node      { return nil }
func (n *Values) Inputs() []Node    { return nil }
func (n *Sequence) Inputs() []Node  { return nil }
func (n *Select) Inputs() []Node    { return []Node{n.Input} }
func (n *Project) Inputs() []Node   { return []Node{n.Input} }
func (n *Aggregate) Inputs() []Node { return []Node{n.Input} }
func (n *Series) Inputs() []Node    { return []Node{n.Input} }
func (n *Join) Inputs() []Node      { return []Node{n.Left, n.Right} }
func (n *Union) Inputs() []Node     { return n.Sources }
func (n *Sort) Inputs() []Node      { return []Node{n.Input} }
func (n *Limit) Inputs() []Node     { return []Node{n.Input} }
func (n *Unnest) Inputs() []Node    { return []Node{n.Input} }
func (n *Parse) Inputs() []Node     { return []Node{n.Input} }
func (n *Shared) Inputs() []Node    { return []Node{n.Input} }
func (n *Serialize) Inputs() []Node { return []Node{n.Input} }
