package bind

import (
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// in binds in, has_any, has_all and their variants over a list, a dynamic array or a table.
func (b *binder) in(e *syntax.InExpression, en *env) plan.Expr {
	left := b.scalarExpr(e.Left, en)
	text := e.Op == "has_any" || e.Op == "has_all" || strings.HasSuffix(e.Op, "~")
	if t := left.Type(); text && t != catalog.String && t != catalog.Dynamic && t != catalog.Unknown {
		b.report(diag.StringOperand(e.Left.Pos(), e.Op, t.String()))
		return boolUnknown()
	}
	if text {
		left = b.convert(left, catalog.String)
	}
	if len(e.List) == 1 && b.isTabular(e.List[0], en) {
		return b.inTable(e, left, b.tabular(e.List[0], en.scope), text)
	}
	var values, arrays []plan.Expr
	broken := isUnknown(left)
	for _, item := range e.List {
		value := b.scalarExpr(item, en)
		switch t := value.Type(); {
		case t == catalog.Unknown:
			broken = true
		case t == catalog.Dynamic:
			arrays = append(arrays, value)
		case text:
			values = append(values, b.convert(value, catalog.String))
		default:
			values = append(values, value)
		}
	}
	if broken {
		return boolUnknown()
	}
	return b.inValues(e, left, values, arrays, text)
}

// inValues joins the conditions on single values and on arrays.
func (b *binder) inValues(e *syntax.InExpression, left plan.Expr, values, arrays []plan.Expr, text bool) plan.Expr {
	f, _ := b.catalog.Operator(e.Op)
	var parts []plan.Expr
	if len(values) > 0 {
		args := []plan.Expr{left}
		if !text {
			t, ok := b.listType(e, left, values)
			if !ok {
				return boolUnknown()
			}
			args[0] = b.comparand(left, t)
			for i := range values {
				values[i] = b.comparand(values[i], t)
			}
		}
		parts = append(parts, &plan.Call{Overload: f.Overloads[0], Args: append(args, values...), Typ: catalog.Bool})
	}
	for _, a := range arrays {
		parts = append(parts, &plan.Call{Overload: f.Overloads[1], Args: []plan.Expr{left, a}, Typ: catalog.Bool})
	}
	if len(parts) == 0 {
		return &plan.Const{Typ: catalog.Bool, Value: e.Op[0] == '!' || e.Op == "has_all"}
	}
	if e.Op[0] == '!' || e.Op == "has_all" {
		return b.balanced("and", parts)
	}
	return b.balanced("or", parts)
}

// listType is the type in which a value is compared with those of a list: that of the value, widened for numbers.
func (b *binder) listType(e *syntax.InExpression, left plan.Expr, values []plan.Expr) (catalog.Type, bool) {
	t := left.Type()
	for _, v := range values {
		common, ok := commonType(t, v.Type())
		switch {
		case ok:
			t = common
		case t == catalog.String || v.Type() == catalog.String || t == catalog.Bool && v.Type().IsNumber():
			b.report(diag.MixedComparison(e.Pos(), t.String(), v.Type().String()))
		default:
			b.report(diag.Incomparable(e.Pos(), t.String(), v.Type().String()))
			return catalog.Unknown, false
		}
	}
	return t, true
}

// inTable binds a comparison with the first column of a table.
func (b *binder) inTable(e *syntax.InExpression, left plan.Expr, r *relation, text bool) plan.Expr {
	if r.open || isUnknown(left) {
		return boolUnknown()
	}
	if len(r.cols) == 0 {
		b.report(diag.TableWithoutColumns(e.Pos()))
		return boolUnknown()
	}
	column := r.cols[0]
	var want catalog.Type
	if text {
		want = catalog.String
	} else if t, ok := commonType(left.Type(), column.Type); ok {
		want = t
	} else if left.Type() != catalog.String && column.Type != catalog.String {
		b.report(diag.Incomparable(e.Pos(), left.Type().String(), column.Type.String()))
		return boolUnknown()
	} else {
		b.report(diag.MixedComparison(e.Pos(), left.Type().String(), column.Type.String()))
		want = catalog.String // both sides as text: the column's values are not known
	}
	if len(r.cols) > 1 || column.Type != want {
		r = b.project(r, []plan.Named{{Name: column.Name, Expr: b.convert(r.ref(0), want)}}, e)
	}
	left = b.convert(left, want)
	switch e.Op {
	case "has_any", "has_all":
		return &plan.HasQuery{Value: left, Input: r.node, All: e.Op == "has_all"}
	}
	return &plan.InQuery{Value: left, Input: r.node, Negated: e.Op[0] == '!', CaseInsensitive: strings.HasSuffix(e.Op, "~")}
}
