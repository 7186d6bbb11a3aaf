package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// declaration checks the parameters of a let function; its body is bound where it is called, with the types of the
// arguments.
func (b *binder) declaration(f *syntax.FunctionDeclaration) {
	if f.Body.Expression == nil && !b.query.Broken {
		b.report(diag.MissingQuery(f.Body.Pos()))
	}
	seen := map[string]bool{}
	for _, p := range f.Parameters {
		if seen[p.Name.Text] && p.Name.Text != "" {
			b.report(diag.DuplicateVariable(p.Name.Pos(), p.Name.Text))
		}
		seen[p.Name.Text] = true
		if p.Tabular {
			for _, c := range p.Columns {
				b.typeName(c.Type)
			}
			continue
		}
		b.typeName(p.Type)
	}
}

// typeName resolves a type; an unknown one is reported and Unknown.
func (b *binder) typeName(n syntax.Name) catalog.Type {
	t, ok := catalog.ParseType(n.Text)
	if !ok && n.Text != "" {
		b.report(diag.UnknownType(n.Pos(), n.Text))
	}
	return t
}

// returnsTable finds out whether a function yields a table from the shape of its body alone.
func (b *binder) returnsTable(f *function) bool {
	e := f.decl.Body.Expression
	if e == nil {
		return false
	}
	if f.decl.View {
		return true
	}
	inner := newScope(f.scope)
	for _, p := range f.decl.Parameters {
		v := &variable{scalar: &scalar{expr: unknown()}}
		if p.Tabular {
			v = &variable{table: b.broken()}
		}
		inner.vars[p.Name.Text] = v
	}
	for _, st := range f.decl.Body.Statements {
		let, ok := st.(*syntax.LetStatement)
		if !ok {
			continue
		}
		switch e := let.Expression.(type) {
		case *syntax.FunctionDeclaration:
			inner.vars[let.Name.Text] = &variable{function: &function{decl: e, scope: inner.snapshot(), name: let.Name.Text}}
		default:
			v := &variable{scalar: &scalar{expr: unknown()}}
			if b.isTabular(e, &env{scope: inner}) {
				v = &variable{table: b.broken()}
			}
			inner.vars[let.Name.Text] = v
		}
	}
	return b.isTabular(e, &env{scope: inner})
}

// callTable inlines a function that yields a table.
func (b *binder) callTable(f *function, args []syntax.Expression, at syntax.Node, s *scope) *relation {
	inner := b.enterCall(f, args, at, &env{scope: s})
	if inner == nil {
		return b.broken()
	}
	defer func() {
		b.depth--
		b.within(f, inner.reported, at)
	}()
	body := f.decl.Body
	if body.Expression == nil || !b.isTabular(body.Expression, &env{scope: inner}) {
		b.report(diag.TableExpected(at.Pos()))
		return b.broken()
	}
	named := *b.tabular(body.Expression, inner)
	named.source = ""
	if f.decl.View {
		// To the rest of the query a view is a table of its name.
		named.source = f.name
	}
	return &named
}

// callScalar inlines a function that yields a value. Its arguments may read columns of en.
func (b *binder) callScalar(f *function, args []syntax.Expression, at syntax.Node, en *env) plan.Expr {
	inner := b.enterCall(f, args, at, en)
	if inner == nil {
		return unknown()
	}
	defer func() {
		b.depth--
		b.within(f, inner.reported, at)
	}()
	if f.decl.Body.Expression == nil {
		return unknown()
	}
	return b.scalarExpr(f.decl.Body.Expression, &env{scope: inner, window: en.window})
}

// enterCall makes the scope in which the body of a function is bound: its arguments and its let statements. It returns
// nil if that is not possible; otherwise b.depth must be lowered after the body.
func (b *binder) enterCall(f *function, args []syntax.Expression, at syntax.Node, en *env) *scope {
	if b.depth >= maxCallDepth {
		b.tooLarge(at)
		return nil
	}
	inner := newScope(f.scope)
	if !b.usable(f, at) || !b.arguments(f, args, at, en, inner) {
		return nil
	}
	inner.reported = len(b.diags)
	b.depth++
	for _, st := range f.decl.Body.Statements {
		if let, ok := st.(*syntax.LetStatement); ok {
			b.let(let, inner)
		}
	}
	return inner
}

// arguments assigns arguments to parameters by position and name.
func (b *binder) arguments(f *function, args []syntax.Expression, at syntax.Node, en *env, inner *scope) bool {
	params := f.decl.Parameters
	given := make([]syntax.Expression, len(params))
	for i, a := range args {
		if n, ok := a.(*syntax.NamedExpression); ok {
			found := false
			for j, p := range params {
				if p.Name.Text == n.Names[0].Text {
					given[j], found = n.Expression, true
				}
			}
			if !found {
				b.report(diag.UnknownParameter(n.Names[0].Pos(), f.name, n.Names[0].Text))
				return false
			}
			continue
		}
		if i >= len(params) {
			b.report(diag.WrongArgumentCount(at.Pos(), f.name, countOf(len(params), "argument")))
			return false
		}
		given[i] = a
	}
	ok := true
	for i, p := range params {
		switch {
		case given[i] == nil && p.Default == nil:
			b.report(diag.MissingArgument(at.Pos(), f.name, p.Name.Text))
			ok = false
		case p.Tabular:
			if !b.isTabular(given[i], &env{scope: en.scope}) {
				b.report(diag.TableExpected(given[i].Pos()))
				ok = false
				continue
			}
			inner.vars[p.Name.Text] = &variable{table: b.tabularArgument(p, b.tabular(given[i], en.scope), given[i])}
		default:
			inner.vars[p.Name.Text] = &variable{scalar: b.scalarArgument(f, p, given[i], en)}
		}
	}
	return ok
}

func (b *binder) scalarArgument(f *function, p syntax.FunctionParameter, arg syntax.Expression, en *env) *scalar {
	before := b.exprs
	var value plan.Expr
	if arg == nil {
		arg = p.Default
		value = b.scalarExpr(arg, &env{scope: f.scope})
	} else {
		value = b.scalarExpr(arg, en)
	}
	want, _ := catalog.ParseType(p.Type.Text)
	if have := value.Type(); want != catalog.Unknown && have != catalog.Unknown && have != want {
		if !convertible(have, want) {
			b.report(diag.WrongType(arg.Pos(), p.Name.Text, want.String(), have.String()))
			value = unknown()
		} else {
			value = b.convert(value, want)
		}
	}
	return &scalar{expr: value, size: b.exprs - before + 1}
}

// tabularArgument checks that a table has the columns that the parameter declares.
func (b *binder) tabularArgument(p syntax.FunctionParameter, r *relation, at syntax.Node) *relation {
	for _, c := range p.Columns {
		want, _ := catalog.ParseType(c.Type.Text)
		i := r.find(c.Name.Text)
		if i < 0 && !r.open {
			b.report(diag.MissingColumn(at.Pos(), c.Name.Text, want.String()))
		} else if i >= 0 && want != catalog.Unknown && r.cols[i].Type != want && r.cols[i].Type != catalog.Unknown && !(r.cols[i].Type.IsNumber() && want.IsNumber()) {
			b.report(diag.WrongType(at.Pos(), c.Name.Text, want.String(), r.cols[i].Type.String()))
		}
	}
	return r
}
