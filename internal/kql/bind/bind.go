package bind

import (
	"errors"
	"time"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// Tables is what the caller of a query may read.
type Tables interface {
	// Table returns the columns of a table in order; ok is false if it does not exist or may not be read.
	Table(name string) (cols []plan.Column, ok bool)
	// Names lists the tables that may be read, for wildcards and suggestions.
	Names() []string
}

// HiddenColumns is implemented by Tables whose tables have columns that a query sees only if it names them.
type HiddenColumns interface {
	Hidden(table string) []plan.Column
}

// FilteredTables is implemented by Tables of some of which the caller may read only some rows.
type FilteredTables interface {
	// Filter gives the condition in KQL that the rows of a table must meet to be read, or "", and the columns beside
	// those of Table that the condition may read.
	Filter(table string) (condition string, unseen []plan.Column)
}

// SparseTables is implemented by Tables some of whose tables get columns only as something is logged in them, with the
// type at the end of the name (_s, _d, _b, _g, _t): AzureDiagnostics and custom tables.
type SparseTables interface {
	Sparse(table string) bool
}

// External is what externaldata asks for: one source, in a format ("" is that of its name).
type External struct {
	Columns           []plan.Column
	Source            string
	Format            string
	IgnoreFirstRecord bool
}

// ErrNotAllowed says that the settings do not allow a source of external data.
var ErrNotAllowed = errors.New("not allowed")

// Options are the circumstances of one query.
type Options struct {
	// Now is the value of now() and the base of ago(), one for the whole query.
	Now time.Time
	// From and To bound TimeGenerated of every stored table that is read, both included; zero times bound nothing.
	From, To time.Time
	// Advice asks for warnings about what is slow or likely a mistake, beside those about what is doubtful.
	Advice bool
	// Parameters are the values of query parameters, as texts; the query declares which it takes, and their types.
	Parameters map[string]string
	// External reads data from outside for externaldata: a text for each column, "" for none. nil if nothing may be
	// read; ErrNotAllowed says that this may not.
	External func(External) ([][]string, error)
	// MaxNodes bounds the plan; 0 means DefaultMaxNodes.
	MaxNodes int
	// Discover runs a plan while the query is bound and gives its rows, at most limit: the columns of some plugins
	// depend on the data. nil if nothing can be run; such a plugin then needs an output schema.
	Discover func(root plan.Node, limit int) ([][]*plan.Const, error)
}

const (
	// DefaultMaxNodes is the number of plan nodes beyond which a query is refused: functions inlined into functions grow
	// exponentially.
	DefaultMaxNodes = 100_000
	// maxExpressions bounds the expressions of a plan in the same way.
	maxExpressions = 5_000_000
	// maxCallDepth bounds let functions that call each other.
	maxCallDepth = 100
	// maxDiscoveries bounds the plans that are run while a query is bound.
	maxDiscoveries = 50
)

// binder holds the state of one Bind.
type binder struct {
	query   *syntax.Query
	tables  Tables
	opt     Options
	catalog *catalog.Catalog
	now     int64
	diags   diag.List
	render  *plan.Render
	shared  int
	nodes   int
	exprs   int
	depth   int
	// discoveries counts the plans run while binding.
	discoveries int
	overflow    bool
	names       []string
	scans       map[string]*relation
	// partitionKey is set inside a subquery of partition with a source of its own.
	partitionKey *partitionKey
	// texts are those of the saved functions met so far.
	texts []string
	// aliases says of each alias statement's name whether it stands for the workspace.
	aliases  map[string]bool
	settings map[string]syntax.Expression // by set statements; nil where only the name is given
	// read lists the stored tables in the order of their first reading; timed says that a filter reads TimeGenerated.
	read  []readTable
	timed bool
}

// Bind makes the plan of a query. The plan is nil if the list has errors.
func Bind(q *syntax.Query, tables Tables, opt Options) (*plan.Query, diag.List) {
	if opt.MaxNodes == 0 {
		opt.MaxNodes = DefaultMaxNodes
	}
	b := &binder{query: q, tables: tables, opt: opt, catalog: catalog.Builtin(), scans: map[string]*relation{}, aliases: map[string]bool{}, settings: map[string]syntax.Expression{}}
	b.now, _ = syntax.TicksOf(opt.Now)
	results := b.statements(q.Statements, b.outermost())
	b.adviseTimes()
	b.diags.Sort()
	if b.diags.HasErrors() || len(results) == 0 {
		return nil, b.diags
	}
	answer := results[0]
	answer.More = results[1:]
	if len(results) == 1 {
		answer.Name = ""
	}
	return answer, b.diags
}

func (b *binder) report(d diag.Diagnostic) {
	if !b.overflow {
		b.diags = append(b.diags, d)
	}
}

// node counts plan nodes that are about to be made and reports whether the plan may still grow.
func (b *binder) node(n int, at syntax.Node) bool {
	b.nodes += n
	if b.nodes > b.opt.MaxNodes {
		b.tooLarge(at)
	}
	return !b.overflow
}

// expr counts expressions as node counts nodes.
func (b *binder) expr(n int, at syntax.Node) bool {
	b.exprs += n
	if b.exprs > maxExpressions {
		b.tooLarge(at)
	}
	return !b.overflow
}

func (b *binder) tooLarge(at syntax.Node) {
	if !b.overflow {
		b.report(diag.TooLarge(at.Pos()))
		b.overflow = true
	}
}
