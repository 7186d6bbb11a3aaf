// Package lower turns a logical plan into SQL in DuckDB's dialect. Names are quoted and values escaped in one place
// (quote.go); nothing of a query's text reaches the SQL any other way. It runs nothing and needs no cgo, so that its
// tests are fast.
//
// Representation: bool BOOLEAN, int INTEGER, long BIGINT, real DOUBLE, decimal DECIMAL(38,10), string VARCHAR and never
// NULL, guid VARCHAR in lower case, datetime and timespan BIGINT ticks of 100 ns, dynamic VARCHAR holding JSON text and
// never the text null.
package lower

import (
	"fmt"
	"strings"
	"time"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// Bounds is a half-closed range of TimeGenerated in ticks, both ends included. A zero From or To of MaxTicks is open.
type Bounds struct{ From, To int64 }

// MaxTicks is the last tick of the year 9999, KQL's latest datetime.
const MaxTicks = 3155378975999999999

// Tables gives the SQL of stored tables.
type Tables interface {
	// Relation gives a FROM item, and for each column asked for the SQL that reads it there: its quoted name where the
	// item has it as it is. It yields the rows whose TimeGenerated can lie within bounds; more are allowed, fewer not.
	Relation(table string, columns []plan.Column, bounds Bounds) (from string, exprs []string, err error)
	// StoredPath names the column of Relation that keeps the value of a path (.a.b, [0].c) through a dynamic column as
	// text, null where the path leads nowhere; the column of that name with ? says whether the value is a string.
	StoredPath(table, column, path string) (name string, ok bool)
}

// Options are what a lowering needs besides the plan.
type Options struct {
	Tables Tables
	Now    time.Time // the value of now() where the binder left it open
}

// Result is the SQL of a query with the schema it yields.
type Result struct {
	SQL     string
	Columns []plan.Column
	// NeedsPlaces says that the SQL calls go_geo_info, which an engine has only where places of addresses were given.
	NeedsPlaces bool
}

// Lower gives the SQL of q. Errors name what the engine cannot do yet.
func Lower(q *plan.Query, o Options) (Result, error) {
	l := &lowerer{opt: o, lowerings: newLowerings(), sharedNeed: map[int]need{}, shared: map[int]*plan.Shared{}}
	root, err := l.node(pushPaths(q.Root, o.Tables), nil, everything)
	if err != nil {
		return Result{}, err
	}
	ctes, err := l.sharedTables()
	if err != nil {
		return Result{}, err
	}
	cols := q.Root.Schema()
	return Result{SQL: ctes + root.finalSQL(cols), Columns: cols, NeedsPlaces: l.needsPlaces}, nil
}

// need is the set of column names that a consumer reads; nil means all.
type need map[string]bool

func (n need) has(name string) bool { return n == nil || n[name] }

func (n need) with(names ...string) need {
	if n == nil {
		return nil
	}
	out := make(need, len(n)+len(names))
	for k := range n {
		out[k] = true
	}
	for _, k := range names {
		out[k] = true
	}
	return out
}

// exprNeeds adds the columns that the expressions read.
func (n need) exprNeeds(exprs ...plan.Expr) need {
	if n == nil {
		return nil
	}
	out := n.with()
	for _, e := range exprs {
		plan.Walk(e, func(e plan.Expr) bool {
			switch e := e.(type) {
			case *plan.ColumnRef:
				out[e.Name] = true
				if strings.HasPrefix(e.Name, storedMark) {
					out[e.Name+isStringSuffix] = true
				}
			case *plan.Call:
				if e.Overload.ID == "ingestion_time" {
					out[receivedColumn] = true
				}
			}
			return true
		})
	}
	return out
}

// receivedColumn is the hidden column behind ingestion_time().
const receivedColumn = "_TimeReceived"

var everything = Bounds{0, MaxTicks}

// lowerer carries what one lowering collects.
type lowerer struct {
	needsPlaces bool // set by geo_info_from_ip_address
	opt         Options
	lowerings   map[string]lowering
	shared      map[int]*plan.Shared
	sharedNeed  map[int]need
	depth       int
	windows     int // columns made by windowsFirst
	guards      int // lambdas made by guarded
	arithmetic  int // how many trees of arithmetic are being lowered within each other
}

// maxDepth bounds the nesting of operators, far above any real query, below what overflows an engine's stack.
const maxDepth = 2000

// block is a SELECT under construction. While sel is nil its columns are those of from; an operator that does not fit
// into it wraps it as a subquery.
type block struct {
	from    string
	cols    scope
	sel     []string // select list, parallel to cols; nil = pass through
	where   []string
	order   []string
	limit   string
	ordered bool // rows come in an order that the query made
}

// scope is the visible columns: their KQL names, types and SQL text.
type scope []scopeColumn

type scopeColumn struct {
	plan.Column
	sql string
}

func (s scope) find(name string) (scopeColumn, bool) {
	for i := range s {
		if s[i].Name == name {
			return s[i], true
		}
	}
	return scopeColumn{}, false
}

// newScope names columns so that they differ without regard to case, since SQL identifiers do not distinguish it.
func newScope(cols []plan.Column) scope {
	out := make(scope, 0, len(cols))
	var seen map[string]bool
	if len(cols) > 0 {
		seen = make(map[string]bool, len(cols))
	}
	for _, c := range cols {
		base := strings.TrimPrefix(c.Name, storedMark)
		name := base
		for i := 1; seen[strings.ToLower(name)]; i++ {
			name = fmt.Sprintf("%s$%d", base, i)
		}
		seen[strings.ToLower(name)] = true
		out = append(out, scopeColumn{c, Ident(name)})
	}
	return out
}

// sql renders the block; its output columns have the names in outScope.
func (b *block) sql() string {
	var s strings.Builder
	s.WriteString("SELECT ")
	switch {
	case len(b.cols) == 0:
		s.WriteString("1 AS \"$none\"")
	case b.sel == nil:
		for i, c := range b.cols {
			if i > 0 {
				s.WriteString(", ")
			}
			s.WriteString(c.sql)
		}
	default:
		for i, c := range b.cols {
			if i > 0 {
				s.WriteString(", ")
			}
			s.WriteString(b.sel[i])
			if b.sel[i] != c.sql {
				s.WriteString(" AS ")
				s.WriteString(c.sql)
			}
		}
	}
	if b.from != "" {
		s.WriteString(" FROM ")
		s.WriteString(b.from)
	}
	if len(b.where) > 0 {
		s.WriteString(" WHERE ")
		s.WriteString(strings.Join(b.where, " AND "))
	}
	if len(b.order) > 0 {
		s.WriteString(" ORDER BY ")
		s.WriteString(strings.Join(b.order, ", "))
	}
	if b.limit != "" {
		s.WriteString(" LIMIT ")
		s.WriteString(b.limit)
	}
	return s.String()
}

// finalSQL renders the block as a whole query: columns in the order of the schema, decimals as text, so that every
// value arrives in the form that results have.
func (b *block) finalSQL(cols []plan.Column) string {
	var decimals bool
	for _, c := range cols {
		decimals = decimals || c.Type == catalog.Decimal
	}
	if !decimals {
		return b.sql()
	}
	w := b.wrap()
	w.sel = make([]string, len(w.cols))
	for i, c := range w.cols {
		w.sel[i] = c.sql
		if c.Type == catalog.Decimal {
			w.sel[i] = "CAST(" + c.sql + " AS VARCHAR)"
		}
	}
	return w.sql()
}

// wrap makes the block a subquery of a new one.
func (b *block) wrap() *block {
	if b.sel == nil && len(b.where) == 0 && len(b.order) == 0 && b.limit == "" && b.from != "" {
		return &block{from: b.from, cols: b.cols, ordered: b.ordered}
	}
	return &block{from: "(" + b.sql() + ")", cols: b.cols, ordered: b.ordered}
}

// node lowers one operator. need says which of its columns are read; bounds is what is known of TimeGenerated above.
func (l *lowerer) node(n plan.Node, nd need, bounds Bounds) (*block, error) {
	if l.depth++; l.depth > maxDepth {
		return nil, fmt.Errorf("the query nests more than %d operators: split it with materialize()", maxDepth)
	}
	defer func() { l.depth-- }()
	switch n := n.(type) {
	case *plan.Scan:
		return l.scan(n, nd, bounds)
	case *plan.Values:
		return l.values(n)
	case *plan.Sequence:
		return l.sequence(n)
	case *plan.Select:
		return l.selection(n, nd, bounds)
	case *plan.Project:
		return l.project(n, nd, bounds)
	case *plan.Aggregate:
		return l.aggregate(n, nd)
	case *plan.Join:
		return l.join(n, nd)
	case *plan.Series:
		return l.series(n)
	case *plan.Union:
		return l.union(n, nd, bounds)
	case *plan.Sort:
		return l.sort(n, nd, bounds)
	case *plan.Limit:
		return l.limit(n, nd)
	case *plan.Unnest:
		return l.unnest(n, nd)
	case *plan.Parse:
		return l.parse(n, nd)
	case *plan.Shared:
		return l.sharedRef(n, nd)
	case *plan.Match:
		return l.match(n, nd)
	case *plan.Steps:
		return l.steps(n, nd)
	case *plan.Components:
		return l.components(n)
	case *plan.Serialize:
		b, err := l.node(n.Input, nd, bounds)
		return b, err
	}
	return nil, fmt.Errorf("not supported yet: plan operator %T", n)
}

// sharedRef reads a shared subplan as a common table expression and remembers what is read of it.
func (l *lowerer) sharedRef(n *plan.Shared, nd need) (*block, error) {
	l.shared[n.ID] = n
	old, seen := l.sharedNeed[n.ID]
	switch {
	case !seen:
		l.sharedNeed[n.ID] = nd
	case old != nil && nd != nil:
		for k := range nd {
			old = old.with(k)
		}
		l.sharedNeed[n.ID] = old
	default:
		l.sharedNeed[n.ID] = nil
	}
	return &block{from: sharedName(n.ID), cols: pruned(n.Schema(), nd)}, nil
}

// pruned is the scope of the columns that are read, named as in the full schema.
func pruned(cols []plan.Column, nd need) scope {
	all := newScope(cols)
	if nd == nil {
		return all
	}
	out := all[:0]
	for _, c := range all {
		if nd.has(c.Name) {
			out = append(out, c)
		}
	}
	return out
}

func sharedName(id int) string { return Ident(fmt.Sprintf("$shared%d", id)) }

// sharedTables lowers the shared subplans that were read, those that others read last, and gives the WITH clause.
func (l *lowerer) sharedTables() (string, error) {
	done := map[int]string{}
	var order []int
	for {
		next := -1
		for id := range l.shared {
			if _, ok := done[id]; !ok && id > next {
				next = id
			}
		}
		if next < 0 {
			break
		}
		b, err := l.node(l.shared[next].Input, l.sharedNeed[next], everything)
		if err != nil {
			return "", err
		}
		// The names of the columns must be those a reader expects, also where pruning changed which names clash.
		want := pruned(l.shared[next].Schema(), l.sharedNeed[next])
		w := b.wrap()
		w.sel = nil
		sel := make([]string, len(want))
		for i, c := range want {
			have, ok := w.cols.find(c.Name)
			if !ok {
				return "", fmt.Errorf("internal: shared table has no column %q", c.Name)
			}
			sel[i] = have.sql
		}
		w.cols, w.sel = want, sel
		done[next] = sharedName(next) + " AS MATERIALIZED (" + w.sql() + ")"
		order = append(order, next)
	}
	if len(order) == 0 {
		return "", nil
	}
	parts := make([]string, 0, len(order))
	for i := len(order) - 1; i >= 0; i-- {
		parts = append(parts, done[order[i]])
	}
	return "WITH " + strings.Join(parts, ", ") + " ", nil
}
