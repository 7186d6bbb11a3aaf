package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// path binds a.b.
func (b *binder) path(e *syntax.PathExpression, en *env) plan.Expr {
	if b.isTabular(e, en) {
		b.report(diag.NotSupportedYet(e.Pos(), "tables of other databases"))
		return unknown()
	}
	if ref, ok := e.Expression.(*syntax.NameReference); ok && en.match.has(ref.Name) {
		return b.property(ref.Name, e, en)
	}
	if ref, ok := e.Expression.(*syntax.NameReference); ok && en.steps.has(ref.Name) {
		return b.state(ref.Name, e, en)
	}
	base := b.dynamicBase(e.Expression, en)
	selector, ok := e.Selector.(*syntax.NameReference)
	if isUnknown(base) {
		return unknown()
	}
	if !ok {
		b.report(diag.ValueExpected(e.Selector.Pos(), "a call"))
		return unknown()
	}
	return step(base, plan.Step{Key: selector.Name})
}

// element binds a[i] and a["k"].
func (b *binder) element(e *syntax.ElementExpression, en *env) plan.Expr {
	base := b.dynamicBase(e.Expression, en)
	index := b.scalarExpr(e.Index, en)
	if isUnknown(base) || isUnknown(index) {
		return unknown()
	}
	if c, ok := index.(*plan.Const); ok && c.Typ == catalog.String {
		return step(base, plan.Step{Key: c.Value.(string)})
	}
	switch t := index.Type(); t {
	case catalog.Long, catalog.String:
	case catalog.Int:
		index = b.convert(index, catalog.Long)
	case catalog.Dynamic:
		index = b.convert(index, catalog.String)
	default:
		b.report(diag.WrongType(e.Index.Pos(), "the index", "long or string", t.String()))
		return unknown()
	}
	return step(base, plan.Step{Index: index})
}

// dynamicBase binds what a path begins with; only a dynamic has parts.
func (b *binder) dynamicBase(e syntax.Expression, en *env) plan.Expr {
	base := b.scalarExpr(e, en)
	if t := base.Type(); t != catalog.Dynamic && t != catalog.Unknown {
		b.report(diag.NoParts(e.Pos(), syntax.Print(e), t.String()))
		return unknown()
	}
	return base
}

// step lengthens a path. The steps are copied, because a variable may be the base of several paths.
func step(base plan.Expr, s plan.Step) plan.Expr {
	if p, ok := base.(*plan.Path); ok {
		steps := make([]plan.Step, len(p.Steps), len(p.Steps)+1)
		copy(steps, p.Steps)
		return &plan.Path{Base: p.Base, Steps: append(steps, s)}
	}
	return &plan.Path{Base: base, Steps: []plan.Step{s}}
}
