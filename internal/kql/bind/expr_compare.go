package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// binary binds an operator between two operands.
func (b *binder) binary(e *syntax.BinaryExpression, en *env) plan.Expr {
	if _, ok := e.Left.(*syntax.StarExpression); ok && en.in != nil {
		return b.anyColumn(e, en)
	}
	left := b.scalarExpr(e.Left, en)
	right := b.scalarExpr(e.Right, en)
	switch e.Op {
	case "+", "-", "*", "/", "%":
		return b.arithmetic(e, left, right)
	case "==", "!=":
		return b.equality(e.Op, e, left, right)
	case "<", "<=", ">", ">=":
		return b.order(e, left, right)
	}
	return b.stringOperator(e, left, right)
}

// stringOperator binds has, contains, =~ and their like: both sides are texts, or dynamics that are read as such.
func (b *binder) stringOperator(e *syntax.BinaryExpression, left, right plan.Expr) plan.Expr {
	for _, side := range [...]struct {
		at syntax.Expression
		t  catalog.Type
	}{{e.Left, left.Type()}, {e.Right, right.Type()}} {
		if side.t != catalog.String && side.t != catalog.Dynamic && side.t != catalog.Unknown {
			b.report(diag.StringOperand(side.at.Pos(), e.Op, side.t.String()))
			return boolUnknown()
		}
	}
	if e.Op == "matches regex" {
		b.checkRegex(right, e.Right)
	}
	b.adviseContains(e, right)
	return b.operatorCall(e.Op, catalog.Bool, b.convert(left, catalog.String), b.convert(right, catalog.String))
}

// boolUnknown is a predicate that could not be bound; its type is known all the same.
func boolUnknown() plan.Expr { return &plan.Const{Typ: catalog.Bool} }

// equality binds == and !=. A string is compared with a value of another type by converting the string, with a
// warning, because the values of real tables are often kept as text.
func (b *binder) equality(op string, at syntax.Node, left, right plan.Expr) plan.Expr {
	l, r := left.Type(), right.Type()
	if l == catalog.Unknown || r == catalog.Unknown {
		return boolUnknown()
	}
	t, ok := commonType(l, r)
	switch {
	case ok:
	case l == catalog.String:
		t = r
	case r == catalog.String:
		t = l
	case l == catalog.Bool && r.IsNumber(), r == catalog.Bool && l.IsNumber():
		t = catalog.Bool
	default:
		b.report(diag.Incomparable(at.Pos(), l.String(), r.String()))
		return boolUnknown()
	}
	if !ok {
		b.report(diag.MixedComparison(at.Pos(), l.String(), r.String()))
	}
	if b.opt.Advice && (l == catalog.Dynamic) != (r == catalog.Dynamic) {
		b.report(diag.DynamicEquality(at.Pos(), op))
	}
	return b.operatorCall(op, catalog.Bool, b.comparand(left, t), b.comparand(right, t))
}

// comparand converts a side of a comparison; whole numbers widen without a call.
func (b *binder) comparand(e plan.Expr, t catalog.Type) plan.Expr {
	if _, isConst := e.(*plan.Const); !isConst && t != catalog.Decimal && rank(t) > 0 && rank(e.Type()) > 0 {
		return e
	}
	return b.convert(e, t)
}

// order binds <, <=, > and >=. A dynamic against a whole number is compared as a real, so that no fraction is lost.
func (b *binder) order(e *syntax.BinaryExpression, left, right plan.Expr) plan.Expr {
	l, r := left.Type(), right.Type()
	if l == catalog.Unknown || r == catalog.Unknown {
		return boolUnknown()
	}
	t, ok := commonType(l, r)
	switch {
	case l == catalog.String || r == catalog.String:
		b.report(diag.StringOrder(e.Pos(), e.Op, l.String(), r.String()))
		return boolUnknown()
	case !ok:
		b.report(diag.Incomparable(e.Pos(), l.String(), r.String()))
		return boolUnknown()
	case (l == catalog.Dynamic || r == catalog.Dynamic) && (t == catalog.Dynamic || t.IsInteger()):
		t = catalog.Real
	}
	return b.operatorCall(e.Op, catalog.Bool, b.comparand(left, t), b.comparand(right, t))
}

// arithmetic binds +, -, *, / and %. A dynamic operand takes the type that fits the other.
func (b *binder) arithmetic(e *syntax.BinaryExpression, left, right plan.Expr) plan.Expr {
	l, r := left.Type(), right.Type()
	if l == catalog.Unknown || r == catalog.Unknown {
		return unknown()
	}
	if l == catalog.Dynamic {
		left = b.convert(left, besideDynamic(e.Op, r, true))
	}
	if r == catalog.Dynamic {
		right = b.convert(right, besideDynamic(e.Op, l, false))
	}
	f, _ := b.catalog.Operator(e.Op)
	call := b.applyTo(f, []plan.Expr{left, right})
	if call == nil {
		b.report(diag.OperatorTypes(e.Pos(), e.Op, l.String(), r.String()))
		return unknown()
	}
	c := call.(*plan.Call)
	if folded := foldArithmetic(e.Op, c.Args, c.Typ); folded != nil {
		return folded
	}
	return call
}

// besideDynamic is the type that a dynamic operand takes beside one of another type.
func besideDynamic(op string, other catalog.Type, left bool) catalog.Type {
	switch other {
	case catalog.Dynamic, catalog.Real:
		return catalog.Real
	case catalog.Int, catalog.Long:
		return catalog.Long
	case catalog.Decimal:
		return catalog.Decimal
	case catalog.Timespan:
		if op == "*" || op == "/" && !left {
			return catalog.Real
		}
		return catalog.Timespan
	case catalog.Datetime:
		if op == "-" {
			return catalog.Datetime
		}
		return catalog.Timespan
	}
	return catalog.Dynamic
}

// between binds `value between (low .. high)`; high may be a length where value is a datetime.
func (b *binder) between(e *syntax.BetweenExpression, en *env) plan.Expr {
	value, low, high := b.scalarExpr(e.Left, en), b.scalarExpr(e.Low, en), b.scalarExpr(e.High, en)
	v, l, h := value.Type(), low.Type(), high.Type()
	if v == catalog.Unknown || l == catalog.Unknown || h == catalog.Unknown {
		return boolUnknown()
	}
	op := "between"
	if e.Not {
		op = "!between"
	}
	f, _ := b.catalog.Operator(op)
	if h == catalog.Timespan && (v == catalog.Datetime || v == catalog.Dynamic) && (l == catalog.Datetime || l == catalog.Dynamic) {
		args := []plan.Expr{b.convert(value, catalog.Datetime), b.convert(low, catalog.Datetime), high}
		return &plan.Call{Overload: f.Overloads[1], Args: args, Typ: catalog.Bool}
	}
	t, ok := commonType(v, l, h)
	if !ok || t == catalog.String || t == catalog.Bool || t == catalog.Guid {
		b.report(diag.BetweenTypes(e.Pos(), v.String(), l.String(), h.String()))
		return boolUnknown()
	}
	if t == catalog.Dynamic || t.IsInteger() && (v == catalog.Dynamic || l == catalog.Dynamic || h == catalog.Dynamic) {
		t = catalog.Real
	}
	return &plan.Call{Overload: f.Overloads[0], Args: []plan.Expr{b.comparand(value, t), b.comparand(low, t), b.comparand(high, t)}, Typ: catalog.Bool}
}

// anyColumn binds `* has "x"` and `* == "x"`: the condition holds for some column.
func (b *binder) anyColumn(e *syntax.BinaryExpression, en *env) plan.Expr {
	right := b.scalarExpr(e.Right, en)
	if isUnknown(right) {
		return boolUnknown()
	}
	var any []plan.Expr
	for i, c := range en.in.cols {
		column := plan.Expr(en.in.ref(i))
		if e.Op == "==" || e.Op == "!=" {
			if c.Type == right.Type() || c.Type.IsNumber() && right.Type().IsNumber() {
				any = append(any, b.operatorCall(e.Op, catalog.Bool, b.comparand(column, c.Type), b.comparand(right, c.Type)))
			}
			continue
		}
		if c.Type == catalog.String || c.Type == catalog.Dynamic {
			any = append(any, b.stringOperator(e, b.convert(column, catalog.String), right))
		}
	}
	if len(any) == 0 {
		return &plan.Const{Typ: catalog.Bool, Value: false}
	}
	return b.balanced("or", any)
}
