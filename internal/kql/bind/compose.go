package bind

import (
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// compose binds a query that the binder writes itself: plugins and operators that are short in the language need no plan
// of their own. The text reads the tables and values handed over by name, and sees no names of the user's query; whoever
// calls it renames columns to names of its own before and back after it. A mistake in it is told at the place at.
func (b *binder) compose(text string, tables map[string]*relation, values map[string]plan.Expr, at syntax.Node) *relation {
	s := newScope(nil)
	for name, r := range tables {
		s.vars[name] = &variable{table: r}
	}
	for name, e := range values {
		s.vars[name] = &variable{scalar: &scalar{expr: e, size: 1}}
	}
	tree, diags := syntax.Parse(text)
	before := len(b.diags)
	r := b.broken()
	if diags.HasErrors() {
		b.report(diags[0])
	}
	for _, st := range tree.Statements {
		switch st := st.(type) {
		case *syntax.LetStatement:
			b.let(st, s)
		case *syntax.ExpressionStatement:
			r = b.tabular(st.Expression, s)
		}
	}
	// Warnings about the text are nothing to whoever wrote the query.
	kept := b.diags[:before]
	for _, d := range b.diags[before:] {
		if d.Severity == diag.Error {
			d.Span = at.Pos()
			kept = append(kept, d)
		}
	}
	b.diags = kept
	return r
}

// renamed projects columns of a relation to names of the binder's own: those in want, by the index of the column.
func (b *binder) renamed(in *relation, columns []int, names []string, at syntax.Node) *relation {
	items := make([]plan.Named, len(columns))
	for i, c := range columns {
		items[i] = plan.Named{Name: names[i], Expr: in.ref(c)}
	}
	return b.project(in, items, at)
}

// discover runs a plan whose rows decide on the columns of a plugin.
func (b *binder) discover(r *relation, limit int, name string, at syntax.Node) ([][]*plan.Const, bool) {
	return b.discoverRows(r, limit, "the rows make more than "+countOf(limit, "column")+": write the columns that are wanted after a colon.", name, at)
}

// discoverRows is discover with what is told where there are more rows than the limit.
func (b *binder) discoverRows(r *relation, limit int, tooMany, name string, at syntax.Node) ([][]*plan.Const, bool) {
	if b.opt.Discover == nil {
		b.report(diag.PluginSchema(at.Pos(), name))
		return nil, false
	}
	if b.diags.HasErrors() || b.overflow || r.open {
		return nil, false
	}
	if b.discoveries++; b.discoveries > maxDiscoveries {
		b.report(diag.CannotRun(at.Pos(), name, "the query uses too many plugins whose columns depend on the rows: write the columns after a colon."))
		return nil, false
	}
	rows, err := b.opt.Discover(r.node, limit+1)
	if err != nil {
		b.report(diag.CannotRun(at.Pos(), name, err.Error()))
		return nil, false
	}
	if len(rows) > limit {
		b.report(diag.CannotRun(at.Pos(), name, tooMany))
		return nil, false
	}
	return rows, true
}

// relabelled gives the columns of a relation the names in order.
func (b *binder) relabelled(in *relation, names []string, at syntax.Node) *relation {
	unique := newNameSet(len(names))
	items := passing(in, 0)
	for i := range items {
		items[i].Name = unique.unique(names[i])
	}
	return b.project(in, items, at)
}
