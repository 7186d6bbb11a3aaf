package bind

import (
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// variable is what a let statement, a parameter or the as operator declares; exactly one field is set.
type variable struct {
	scalar   *scalar
	table    *relation
	function *function
	pattern  *syntax.DeclarePatternStatement
}

// scalar is a value with the number of expressions it stands for.
type scalar struct {
	expr plan.Expr
	size int
}

// function is a let function with the scope it was declared in.
type function struct {
	decl  *syntax.FunctionDeclaration
	scope *scope
	name  string
	// text is set for a saved function, broken to the mistakes in it.
	text   string
	broken diag.List
}

// scope holds the names of one block of statements.
type scope struct {
	parent *scope
	vars   map[string]*variable
	// defining is the name whose right side is being bound, to tell recursion from a spelling mistake.
	defining string
	// function is the name of the saved function whose body this is the outermost scope of.
	function string
	// stored finds saved functions, where no variable has the name.
	stored func(name string, from *scope) *variable
	// reported is the number of mistakes before the body of a function was bound.
	reported int
}

// outermost is the scope of a query, in which the saved functions are known.
func (b *binder) outermost() *scope {
	s := newScope(nil)
	s.stored = b.storedFunction
	return s
}

func newScope(parent *scope) *scope { return &scope{parent: parent, vars: map[string]*variable{}} }

func (s *scope) lookup(name string) *variable {
	from := s
	var stored func(string, *scope) *variable
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v
		}
		if s.stored != nil {
			stored = s.stored
		}
	}
	if stored != nil {
		return stored(name, from)
	}
	return nil
}

func (s *scope) isDefining(name string) bool {
	for ; s != nil; s = s.parent {
		if (s.defining == name || s.function == name) && name != "" {
			return true
		}
	}
	return false
}

// names lists the variables that keep accepts, for suggestions.
func (s *scope) names(keep func(*variable) bool) []string {
	var list []string
	for ; s != nil; s = s.parent {
		for n, v := range s.vars {
			if keep(v) {
				list = append(list, n)
			}
		}
	}
	return list
}

// statements binds a whole query and returns its results: one for each statement that is an expression, several where
// one ends in fork or facet.
func (b *binder) statements(list []syntax.Statement, s *scope) []*plan.Query {
	var results []*plan.Query
	var named []*relation
	asked := false
	for _, st := range list {
		switch st := st.(type) {
		case *syntax.LetStatement:
			b.let(st, s)
		case *syntax.SetOptionStatement:
			b.settings[st.Name.Text] = st.Value
			b.setOption(st)
		case *syntax.DeclareParametersStatement:
			b.declareParameters(st, s)
		case *syntax.DeclarePatternStatement:
			b.declarePattern(st, s)
		case *syntax.RestrictStatement:
			b.restrict(st, s)
		case *syntax.AliasStatement:
			b.aliases[st.Name.Text] = b.isThisDatabase(st.Target)
		case *syntax.ExpressionStatement:
			asked = true
			b.render = nil
			r := b.resultOf(st.Expression, s)
			if r.declares {
				// Named tables are read by the statements behind; if there are none they are the answer.
				named = r.results
				continue
			}
			tables := r.results
			if tables == nil {
				tables = []*relation{r}
			}
			for _, t := range tables {
				results = append(results, &plan.Query{Name: t.result, Root: t.node, Render: b.render})
			}
		}
	}
	if len(results) == 0 {
		for _, t := range named {
			results = append(results, &plan.Query{Name: t.result, Root: t.node})
		}
	}
	if !asked && !b.diags.HasErrors() && !b.query.Broken && !hasBad(list) {
		b.report(diag.MissingQuery(diag.Span{Start: 0, End: b.query.End}))
	}
	return results
}

func hasBad(list []syntax.Statement) bool {
	for _, st := range list {
		switch st.(type) {
		case *syntax.BadStatement, *syntax.UnsupportedStatement:
			return true
		}
	}
	return false
}

// resultOf binds the expression that is the answer. A scalar answers as a table of one row, as in Kusto.
func (b *binder) resultOf(e syntax.Expression, s *scope) *relation {
	if p, ok := e.(*syntax.PipeExpression); ok {
		r := b.pipe(p, s, true)
		if r.graph != nil {
			b.report(diag.GraphNotTable(e.Pos()))
			return b.broken()
		}
		return r
	}
	if b.isTabular(e, &env{scope: s}) {
		return b.tabular(e, s)
	}
	value := b.scalarExpr(e, &env{scope: s})
	return b.project(b.emptyRow(), []plan.Named{{Name: "print_0", Expr: value}}, e)
}

func (b *binder) let(st *syntax.LetStatement, s *scope) {
	name := st.Name.Text
	if name == "" {
		return
	}
	if _, ok := s.vars[name]; ok {
		b.report(diag.DuplicateVariable(st.Name.Pos(), name))
	}
	s.vars[name] = b.letValue(st, s)
}

func (b *binder) letValue(st *syntax.LetStatement, s *scope) *variable {
	if f, ok := st.Expression.(*syntax.FunctionDeclaration); ok {
		b.declaration(f)
		// The function sees what was declared before it, not what comes later and not itself.
		known := s.snapshot()
		known.defining = st.Name.Text
		return &variable{function: &function{decl: f, scope: known, name: st.Name.Text}}
	}
	s.defining = st.Name.Text
	defer func() { s.defining = "" }()
	en := &env{scope: s}
	if ref, ok := st.Expression.(*syntax.NameReference); ok {
		if v := s.lookup(ref.Name); v != nil && v.function != nil {
			return v
		}
	}
	if b.isTabular(st.Expression, en) {
		return &variable{table: b.tableOrGraph(st.Expression, s)}
	}
	before := b.exprs
	e := b.scalarExpr(st.Expression, en)
	return &variable{scalar: &scalar{expr: e, size: b.exprs - before + 1}}
}

// snapshot returns a scope with the names known so far.
func (s *scope) snapshot() *scope {
	c := newScope(s.parent)
	c.function, c.stored = s.function, s.stored
	for n, v := range s.vars {
		c.vars[n] = v
	}
	return c
}
