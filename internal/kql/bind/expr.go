package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// env is where an expression stands: what its names may refer to and which kinds of function it may call.
type env struct {
	scope *scope
	// in is the row that column names read, nil where there is none.
	in *relation
	// aggregates collects the aggregate calls of a summarize; nil where none may stand.
	aggregates *aggregates
	// window is set where functions over serialized rows may stand.
	window bool
	// match is set where the names of a graph pattern may stand.
	match *matchEnv
	// steps is set where the names of the steps of a scan may stand.
	steps *stepEnv
}

// unknown is the value of what could not be bound.
func unknown() plan.Expr { return &plan.Const{Typ: catalog.Unknown} }

func isUnknown(e plan.Expr) bool { return e.Type() == catalog.Unknown }

// scalarExpr binds an expression that must be a value.
func (b *binder) scalarExpr(e syntax.Expression, en *env) plan.Expr {
	if !b.expr(1, e) {
		return unknown()
	}
	switch e := e.(type) {
	case *syntax.LiteralExpression:
		return literal(e)
	case *syntax.DynamicExpression:
		return &plan.Const{Typ: catalog.Dynamic, Value: dynamicJSON(&e.Value)}
	case *syntax.NameReference:
		return b.nameReference(e, en)
	case *syntax.FunctionCallExpression:
		return b.call(e, en)
	case *syntax.PathExpression:
		return b.path(e, en)
	case *syntax.ElementExpression:
		return b.element(e, en)
	case *syntax.UnaryExpression:
		return b.unary(e, en)
	case *syntax.BinaryExpression:
		return b.binary(e, en)
	case *syntax.LogicalExpression:
		return b.logical(e, en)
	case *syntax.InExpression:
		return b.in(e, en)
	case *syntax.BetweenExpression:
		return b.between(e, en)
	case *syntax.NamedExpression:
		return b.scalarExpr(e.Expression, en)
	case *syntax.StarExpression:
		b.report(diag.StarNotAllowed(e.Pos()))
	case *syntax.TypeOfExpression:
		b.report(diag.ValueExpected(e.Pos(), "a type"))
	case *syntax.PipeExpression, *syntax.DataTableExpression, *syntax.ExternalDataExpression:
		b.report(diag.ValueExpected(e.Pos(), "a table"))
	}
	return unknown()
}

// booleanExpr binds a predicate.
func (b *binder) booleanExpr(e syntax.Expression, en *env) plan.Expr {
	value := b.scalarExpr(e, en)
	if t := value.Type(); t != catalog.Bool && t != catalog.Unknown {
		b.report(diag.WrongType(e.Pos(), "the condition", "bool", t.String()))
		return unknown()
	}
	return value
}

// nameReference finds a column, or a scalar variable.
func (b *binder) nameReference(e *syntax.NameReference, en *env) plan.Expr {
	if en.match.has(e.Name) {
		b.report(diag.PatternValue(e.Pos(), e.Name))
		return unknown()
	}
	if en.in != nil {
		if i := en.in.find(e.Name); i >= 0 {
			if en.aggregates != nil && !en.aggregates.inside {
				b.report(diag.NotAggregated(e.Pos(), e.Name))
				return unknown()
			}
			return en.in.ref(i)
		}
	}
	if v := en.scope.lookup(e.Name); v != nil {
		switch {
		case v.scalar != nil:
			b.expr(v.scalar.size, e)
			return v.scalar.expr
		case v.function != nil && !b.returnsTable(v.function):
			return b.callScalar(v.function, nil, e, en)
		case v.table != nil && v.table.open:
			return unknown()
		}
		b.report(diag.ValueExpected(e.Pos(), "a table"))
		return unknown()
	}
	if en.in != nil && en.in.open || e.Name == "" && b.query.Broken {
		return unknown()
	}
	if en.scope.isDefining(e.Name) {
		b.report(diag.Recursion(e.Pos(), e.Name))
		return unknown()
	}
	if en.in == nil {
		b.report(diag.UnknownName(e.Pos(), e.Name, diag.Nearest(e.Name, en.scope.names(func(*variable) bool { return true }))))
		return unknown()
	}
	candidates := append(en.in.columnNames(), en.scope.names(func(v *variable) bool { return v.scalar != nil })...)
	b.report(diag.UnknownColumn(e.Pos(), e.Name, diag.Nearest(e.Name, candidates)))
	return unknown()
}

// literal makes the constant of a literal.
func literal(e *syntax.LiteralExpression) *plan.Const {
	c := &plan.Const{}
	switch e.Kind {
	case syntax.BoolLiteral:
		c.Typ, c.Value = catalog.Bool, e.Bool
	case syntax.IntLiteral:
		c.Typ, c.Value = catalog.Int, e.Int
	case syntax.LongLiteral:
		c.Typ, c.Value = catalog.Long, e.Int
	case syntax.RealLiteral:
		c.Typ, c.Value = catalog.Real, e.Real
	case syntax.DecimalLiteral:
		c.Typ, c.Value = catalog.Decimal, e.Text
	case syntax.StringLiteral:
		c.Typ, c.Value = catalog.String, e.Text
	case syntax.DateTimeLiteral:
		c.Typ, c.Value = catalog.Datetime, e.Int
	case syntax.TimespanLiteral:
		c.Typ, c.Value = catalog.Timespan, e.Int
	case syntax.GuidLiteral:
		c.Typ, c.Value = catalog.Guid, e.Text
	}
	if e.Null {
		c.Value = nil
	}
	return c
}

// unary binds a sign. A negated int literal stays an int; a negated int column is a long.
func (b *binder) unary(e *syntax.UnaryExpression, en *env) plan.Expr {
	value := b.scalarExpr(e.Operand, en)
	t := value.Type()
	switch {
	case t == catalog.Unknown:
		return unknown()
	case t == catalog.Dynamic:
		value = b.convert(value, catalog.Real)
		t = catalog.Real
	case !t.IsNumber() && t != catalog.Timespan:
		b.report(diag.OperatorTypes(e.Pos(), e.Op, t.String(), ""))
		return unknown()
	}
	if e.Op == "+" {
		return value
	}
	if c := negate(value); c != nil {
		return c
	}
	f, _ := b.catalog.Operator("-unary")
	if r := b.applyTo(f, []plan.Expr{value}); r != nil {
		return r
	}
	return unknown()
}

// logical binds a chain of and, or. It becomes a balanced tree, so that long chains do not make deep plans.
func (b *binder) logical(e *syntax.LogicalExpression, en *env) plan.Expr {
	operands := make([]plan.Expr, len(e.Operands))
	for i, o := range e.Operands {
		operands[i] = b.scalarExpr(o, en)
		switch t := operands[i].Type(); t {
		case catalog.Bool, catalog.Unknown:
		case catalog.Dynamic:
			operands[i] = b.convert(operands[i], catalog.Bool)
		default:
			b.report(diag.WrongType(o.Pos(), `the operand of "`+e.Op+`"`, "bool", t.String()))
			operands[i] = unknown()
		}
	}
	return b.balanced(e.Op, operands)
}

// balanced joins boolean operands.
func (b *binder) balanced(op string, operands []plan.Expr) plan.Expr {
	if len(operands) == 1 {
		return operands[0]
	}
	half := len(operands) / 2
	return b.operatorCall(op, catalog.Bool, b.balanced(op, operands[:half]), b.balanced(op, operands[half:]))
}

// operatorCall applies the first overload of an operator to operands of the right types.
func (b *binder) operatorCall(op string, t catalog.Type, args ...plan.Expr) plan.Expr {
	f, ok := b.catalog.Operator(op)
	if !ok {
		return unknown()
	}
	return &plan.Call{Overload: f.Overloads[0], Args: args, Typ: t}
}

// functionCall applies the first overload of a function to arguments of the right types.
func (b *binder) functionCall(name string, t catalog.Type, args ...plan.Expr) plan.Expr {
	f, ok := b.catalog.Function(name)
	if !ok {
		return unknown()
	}
	return &plan.Call{Overload: f.Overloads[0], Args: args, Typ: t}
}
