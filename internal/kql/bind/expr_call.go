package bind

import (
	"regexp"
	"strconv"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// call binds a function call that must be a value: a let function, a form with rules of its own, or a function of the
// catalogue.
func (b *binder) call(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	name := e.Name.Text
	if en.match != nil {
		if special := b.graphCall(e, en); special != nil {
			return special
		}
	}
	if v := en.scope.lookup(name); v != nil && v.function != nil {
		if b.returnsTable(v.function) {
			b.report(diag.ValueExpected(e.Pos(), "a table"))
			return unknown()
		}
		return b.callScalar(v.function, e.Arguments, e, en)
	}
	if special := b.specialCall(e, en); special != nil {
		return special
	}
	f, ok := b.catalog.Function(name)
	if a, both := b.catalog.Aggregate(name); both && en.aggregates != nil && !en.aggregates.inside {
		f = a
	}
	if !ok {
		if b.isTabular(e, en) {
			b.report(diag.ValueExpected(e.Pos(), "a table"))
			return unknown()
		}
		b.unknownFunction(e, en.scope)
		return unknown()
	}
	switch {
	case f.Kind == catalog.Aggregate && (en.aggregates == nil || en.aggregates.inside):
		b.report(diag.AggregateNotAllowed(e.Name.Pos(), name))
		return unknown()
	case f.Kind == catalog.Aggregate:
		return b.aggregateOperand(f, e, en)
	case f.Kind == catalog.Window && !en.window:
		b.report(diag.WindowNotAllowed(e.Name.Pos(), name))
		return unknown()
	}
	return b.apply1(f, e, b.callArguments(e.Arguments, en))
}

// callArguments binds the arguments of a call.
func (b *binder) callArguments(list []syntax.Expression, en *env) []plan.Expr {
	args := make([]plan.Expr, len(list))
	for i, a := range list {
		args[i] = b.scalarExpr(a, en)
	}
	return args
}

// apply1 checks the arguments against the overloads and makes the call.
func (b *binder) apply1(f *catalog.Function, e *syntax.FunctionCallExpression, args []plan.Expr) plan.Expr {
	o := choose(f, args)
	if o == nil {
		b.wrongArguments(f, e, args)
		return unknown()
	}
	for i, a := range args {
		if _, isConst := a.(*plan.Const); paramAt(o, i).Constant && !isConst {
			b.report(diag.ConstantExpected(e.Arguments[i].Pos(), "the argument "+paramAt(o, i).Name))
			return b.resultUnknown(o, args)
		}
		if isUnknown(a) {
			return b.resultUnknown(o, args)
		}
	}
	for i, a := range args {
		if paramAt(o, i).Name == "regex" && i < len(e.Arguments) {
			b.checkRegex(a, e.Arguments[i])
		}
	}
	b.adviseDynamics(f, o, e, args)
	if folded := b.foldCall(f.Name, args); folded != nil {
		return folded
	}
	call := b.apply(o, args)
	if call == nil {
		b.report(diag.NoCommonType(e.Pos(), e.Name.Text, typeList(args)))
		return unknown()
	}
	return call
}

// checkRegex reports a constant that is no regular expression.
func (b *binder) checkRegex(pattern plan.Expr, at syntax.Node) {
	c, ok := pattern.(*plan.Const)
	if !ok || c.Typ != catalog.String {
		return
	}
	if text, ok := c.Value.(string); ok {
		if _, err := regexp.Compile(text); err != nil {
			b.report(diag.InvalidRegex(at.Pos(), err.Error()))
		}
	}
}

// resultUnknown is the value of a call with broken arguments: of the result's type where that is fixed.
func (b *binder) resultUnknown(o *catalog.Overload, args []plan.Expr) plan.Expr {
	t := catalog.Unknown
	switch o.Result.Class {
	case catalog.Exact:
		t = o.Result.Type
	case catalog.ArgType:
		if o.Result.Arg < len(args) {
			t = args[o.Result.Arg].Type()
		}
	}
	// Not a Const with a value: nobody may take it for a constant of the query.
	return &plan.ColumnRef{Typ: t}
}

// wrongArguments says which argument no overload takes, or that their number is wrong.
func (b *binder) wrongArguments(f *catalog.Function, e *syntax.FunctionCallExpression, args []plan.Expr) {
	name := e.Name.Text
	least, most, unbounded := 1<<30, 0, false
	var fitting []*catalog.Overload
	for _, o := range f.Overloads {
		least, most = min(least, required(o)), max(most, len(o.Params))
		if n := len(o.Params); n > 0 && o.Params[n-1].Repeat {
			unbounded = true
		}
		if fits(o, len(args)) {
			fitting = append(fitting, o)
		}
	}
	if len(fitting) == 0 {
		want := countOf(most, "argument")
		switch {
		case unbounded:
			want = "at least " + countOf(least, "argument")
		case least != most:
			want = strconv.Itoa(least) + " to " + countOf(most, "argument")
		}
		b.report(diag.WrongArgumentCount(e.Pos(), name, want))
		return
	}
	// The argument that gets furthest over all overloads is the one to blame.
	blame := 0
	for _, o := range fitting {
		for i, a := range args {
			if cost(paramAt(o, i), a.Type(), f) >= impossible {
				blame = max(blame, i)
				break
			}
		}
	}
	var types []string
	for _, o := range fitting {
		if want := paramType(paramAt(o, blame)); !contains(types, want) {
			types = append(types, want)
		}
	}
	b.report(diag.WrongArgument(e.Arguments[blame].Pos(), name, paramAt(fitting[0], blame).Name, types, args[blame].Type().String()))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// paramType names what a parameter takes.
func paramType(p *catalog.Param) string {
	switch p.Class {
	case catalog.Number:
		return "a number"
	case catalog.Integer:
		return "a whole number"
	case catalog.Orderable:
		return "anything but dynamic"
	case catalog.Exact, catalog.Strict:
		return p.Type.String()
	}
	return "any value"
}

// countOf writes a number with a noun.
func countOf(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func typeList(args []plan.Expr) string {
	s := ""
	for i, a := range args {
		if i > 0 {
			s += ", "
		}
		s += a.Type().String()
	}
	return s
}

// unknownFunction reports a function that is of the language but not here yet, or of neither.
func (b *binder) unknownFunction(e *syntax.FunctionCallExpression, s *scope) {
	name := e.Name.Text
	if s.isDefining(name) {
		b.report(diag.Recursion(e.Name.Pos(), name))
		return
	}
	if isKustoFunction(name) {
		what := "function " + name
		if why := elsewhere[name]; why != "" {
			what += ", because " + why
		}
		b.report(diag.NotSupportedYet(e.Name.Pos(), what))
		return
	}
	candidates := append(s.names(func(v *variable) bool { return v.function != nil }), b.functionNames()...)
	for _, f := range b.catalog.Functions() {
		if f.Kind != catalog.Operator {
			candidates = append(append(candidates, f.Name), f.Aliases...)
		}
	}
	candidates = append(candidates, "toscalar", "materialize", "table", "column_ifexists", "iscolumnexists")
	b.report(diag.UnknownFunction(e.Name.Pos(), name, diag.Nearest(name, candidates)))
}
