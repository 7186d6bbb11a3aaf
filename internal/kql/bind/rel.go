package bind

import (
	"strconv"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// relation is a bound table: the plan so far with its columns.
type relation struct {
	node plan.Node
	cols []plan.Column
	// size is the number of plan nodes under node, counted once for each place they are read in.
	size int
	// open is set after a mistake that leaves the columns uncertain; then every column name is taken.
	open bool
	// source is the name of the stored table or variable that this is, for union withsource.
	source string
	index  map[string]int
	refs   []plan.ColumnRef
	// part is set inside a subquery that runs for each group of rows by itself.
	part *partition
	// graph is set where this is no table but a graph; then nothing else is.
	graph *graph
	// declares is set where an operator has given names to several tables, which the statements behind it read.
	declares bool
	// results are the tables of an operator that makes several; nothing but the end of the query may follow it.
	results []*relation
	// firstGoesOn is set where what follows reads the first of them all the same.
	firstGoesOn bool
	// result is the name that the table has in an answer of several tables.
	result string
}

// smallTable is the number of columns up to which a search through them beats a map.
const smallTable = 12

// find returns the index of a column, -1 if there is none.
func (r *relation) find(name string) int {
	if len(r.cols) <= smallTable {
		for i := range r.cols {
			if r.cols[i].Name == name {
				return i
			}
		}
		return -1
	}
	if r.index == nil {
		r.index = make(map[string]int, len(r.cols))
		for i := range r.cols {
			r.index[r.cols[i].Name] = i
		}
	}
	if i, ok := r.index[name]; ok {
		return i
	}
	return -1
}

// ref returns an expression that reads column i. The expressions of a relation are made at once, because wide tables
// pass through many projections.
func (r *relation) ref(i int) *plan.ColumnRef {
	if r.refs == nil {
		r.refs = make([]plan.ColumnRef, len(r.cols))
		for j, c := range r.cols {
			r.refs[j] = plan.ColumnRef{Name: c.Name, Typ: c.Type}
		}
	}
	return &r.refs[i]
}

// columnNames lists the names, for suggestions.
func (r *relation) columnNames() []string {
	list := make([]string, len(r.cols))
	for i, c := range r.cols {
		list[i] = c.Name
	}
	return list
}

// over makes the relation of a node that passes its input's columns on.
func (b *binder) over(in *relation, n plan.Node, at syntax.Node) *relation {
	b.node(1, at)
	return &relation{node: n, cols: in.cols, size: in.size + 1, open: in.open, index: in.index, refs: in.refs, part: in.part}
}

// made makes the relation of a node with columns of its own.
func (b *binder) made(n plan.Node, cols []plan.Column, size int, open bool, at syntax.Node) *relation {
	b.node(1, at)
	return &relation{node: n, cols: cols, size: size + 1, open: open}
}

// project puts a Project over in.
func (b *binder) project(in *relation, items []plan.Named, at syntax.Node) *relation {
	cols := make([]plan.Column, len(items))
	for i, it := range items {
		cols[i] = plan.Column{Name: it.Name, Type: it.Expr.Type()}
	}
	items = append(items, in.part.items()...)
	return b.made(&plan.Project{Input: in.node, Items: items}, cols, in.size, in.open, at)
}

// passing returns items that pass every column of in on.
func passing(in *relation, extra int) []plan.Named {
	items := make([]plan.Named, len(in.cols), len(in.cols)+extra)
	for i, c := range in.cols {
		items[i] = plan.Named{Name: c.Name, Expr: in.ref(i)}
	}
	return items
}

// pick projects to some columns of in.
func (b *binder) pick(in *relation, columns []int, at syntax.Node) *relation {
	items := make([]plan.Named, len(columns))
	for i, c := range columns {
		items[i] = plan.Named{Name: in.cols[c].Name, Expr: in.ref(c)}
	}
	return b.project(in, items, at)
}

// emptyRow is one row without columns, the input of print.
func (b *binder) emptyRow() *relation {
	return &relation{node: &plan.Values{Rows: [][]*plan.Const{{}}}, size: 1}
}

// broken is the relation of what could not be bound.
func (b *binder) broken() *relation {
	return &relation{node: &plan.Values{}, size: 1, open: true}
}

// nameSet makes column names unique as Kusto does: by the first free number behind the name.
type nameSet struct {
	used    map[string]bool
	given   map[string]bool // names in the query's own words, which nothing else may take; nil if none
	unnamed int
}

func newNameSet(size int) *nameSet { return &nameSet{used: make(map[string]bool, size)} }

// take uses a name and reports whether it was free.
func (s *nameSet) take(name string) bool {
	if s.used[name] {
		return false
	}
	s.used[name] = true
	return true
}

// give marks a name as one that the query gives.
func (s *nameSet) give(name string) {
	if s.given == nil {
		s.given = map[string]bool{}
	}
	s.given[name] = true
}

// unique uses the name, or the name with the first number that makes it free.
func (s *nameSet) unique(name string) string {
	if s.take(name) {
		return name
	}
	for i := 1; ; i++ {
		if n := name + strconv.Itoa(i); s.take(n) {
			return n
		}
	}
}

// column returns the name of the next expression that has none of its own, passing over those that in has.
func (s *nameSet) column(in *relation) string {
	for {
		s.unnamed++
		name := "Column" + strconv.Itoa(s.unnamed)
		if in.find(name) < 0 {
			return name
		}
	}
}

// nullOf is the value of a missing column: null, and the empty string for strings.
func nullOf(t catalog.Type) *plan.Const {
	if t == catalog.String {
		return &plan.Const{Typ: t, Value: ""}
	}
	return &plan.Const{Typ: t}
}
