package bind

import (
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// setOption takes the options that change an answer; those about a cluster's work have no sense here.
// https://learn.microsoft.com/kusto/query/set-statement
func (b *binder) setOption(st *syntax.SetOptionStatement) {
	if st.Name.Text != "query_now" || st.Value == nil {
		return
	}
	c, ok := b.scalarExpr(st.Value, &env{scope: newScope(nil)}).(*plan.Const)
	if ok && c.Typ == catalog.String {
		c = b.literalAs(c, catalog.Datetime)
	}
	ticks, isTime := int64(0), false
	if ok && c != nil && c.Typ == catalog.Datetime {
		ticks, isTime = c.Value.(int64)
	}
	if !isTime {
		b.report(diag.ConstantExpected(st.Value.Pos(), "query_now, a datetime,"))
		return
	}
	b.now = ticks
}

// declareParameters makes constants of the values that came with the request.
func (b *binder) declareParameters(st *syntax.DeclareParametersStatement, s *scope) {
	for _, p := range st.Parameters {
		name, t := p.Name.Text, b.typeName(p.Type)
		if _, ok := s.vars[name]; ok {
			b.report(diag.DuplicateVariable(p.Name.Pos(), name))
		}
		var value plan.Expr = unknown()
		text, given := b.opt.Parameters[name]
		switch {
		case given:
			if c := b.parameterValue(text, t); c != nil {
				value = c
			} else if t != catalog.Unknown {
				b.report(diag.ParameterValue(p.Name.Pos(), name, t.String()))
			}
		case p.Default != nil:
			value = b.assigned(p.Default, plan.Column{Name: name, Type: t}, &env{scope: newScope(nil)})
			if _, ok := value.(*plan.Const); !ok {
				b.report(diag.ConstantExpected(p.Default.Pos(), "the default of a query parameter"))
			}
		default:
			b.report(diag.MissingParameter(p.Name.Pos(), name))
		}
		s.vars[name] = &variable{scalar: &scalar{expr: value, size: 1}}
	}
}

// parameterValue reads a value as the language writes it, with or without the name of the type; nil if it is none. A
// text is taken as it is. Nothing but one literal can come of it.
func (b *binder) parameterValue(text string, t catalog.Type) *plan.Const {
	if t == catalog.String {
		return &plan.Const{Typ: t, Value: text}
	}
	for _, spelling := range []string{text, t.String() + "(" + text + ")"} {
		tree, diags := syntax.Parse("print " + spelling)
		if diags.HasErrors() || len(tree.Statements) != 1 {
			continue
		}
		e, ok := tree.Statements[0].(*syntax.ExpressionStatement)
		if !ok {
			continue
		}
		pipe, ok := e.Expression.(*syntax.PipeExpression)
		if !ok || pipe.Source != nil || len(pipe.Operators) != 1 {
			continue
		}
		p, ok := pipe.Operators[0].(*syntax.PrintOperator)
		if !ok || len(p.Columns) != 1 {
			continue
		}
		var c *plan.Const
		switch l := p.Columns[0].(type) {
		case *syntax.LiteralExpression:
			c = literal(l)
		case *syntax.DynamicExpression:
			c = &plan.Const{Typ: catalog.Dynamic, Value: dynamicJSON(&l.Value)}
		case *syntax.UnaryExpression:
			if l, ok := l.Operand.(*syntax.LiteralExpression); ok {
				c, _ = negate(literal(l)).(*plan.Const)
			}
		}
		if c == nil {
			continue
		}
		if c.Typ == t {
			return c
		}
		if c.Typ.IsNumber() && t.IsNumber() {
			if converted := foldConversion(c, t); converted != nil {
				return converted
			}
		}
	}
	return nil
}

func (b *binder) declarePattern(st *syntax.DeclarePatternStatement, s *scope) {
	if _, ok := s.vars[st.Name.Text]; ok {
		b.report(diag.DuplicateVariable(st.Name.Pos(), st.Name.Text))
	}
	for _, c := range st.Cases {
		if len(c.Arguments) != len(st.Parameters) {
			b.report(diag.WrongArgumentCount(c.Pos(), st.Name.Text, countOf(len(st.Parameters), "argument")))
		}
	}
	s.vars[st.Name.Text] = &variable{pattern: st}
}

// patternUse is a call of a pattern: its arguments and the path behind them.
type patternUse struct {
	pattern   *syntax.DeclarePatternStatement
	arguments []syntax.Expression
	path      syntax.Expression
}

// patternCall takes App('a').Path or App('a')['Path'] apart; nil for anything else.
func (b *binder) patternCall(e syntax.Expression, s *scope) *patternUse {
	use := &patternUse{}
	base := e
	switch e := e.(type) {
	case *syntax.PathExpression:
		name, ok := e.Selector.(*syntax.NameReference)
		if !ok {
			return nil
		}
		base, use.path = e.Expression, &syntax.LiteralExpression{Span: name.Span, Kind: syntax.StringLiteral, Text: name.Name}
	case *syntax.ElementExpression:
		base, use.path = e.Expression, e.Index
	}
	call, ok := base.(*syntax.FunctionCallExpression)
	if !ok {
		return nil
	}
	v := s.lookup(call.Name.Text)
	if v == nil || v.pattern == nil {
		return nil
	}
	use.pattern, use.arguments = v.pattern, call.Arguments
	return use
}

// patternTable binds the table of the case that fits.
func (b *binder) patternTable(use *patternUse, at syntax.Node, s *scope) *relation {
	values := func(list []syntax.Expression, path syntax.Expression) (string, bool) {
		if path != nil {
			list = append(list[:len(list):len(list)], path)
		}
		key := ""
		for _, e := range list {
			text, ok := b.constantString(e, &env{scope: s})
			if !ok {
				b.report(diag.ConstantExpected(e.Pos(), "the argument of a pattern"))
				return "", false
			}
			key += text + "\x00"
		}
		return key, true
	}
	want, ok := values(use.arguments, use.path)
	if !ok {
		return b.broken()
	}
	for _, c := range use.pattern.Cases {
		if (c.Path == nil) != (use.path == nil) {
			continue
		}
		if have, ok := values(c.Arguments, c.Path); ok && have == want {
			f := &function{decl: &syntax.FunctionDeclaration{Span: c.Span, Body: c.Body}, scope: s, name: use.pattern.Name.Text}
			return b.callTable(f, nil, at, s)
		}
	}
	b.report(diag.PatternUnmatched(at.Pos(), use.pattern.Name.Text))
	return b.broken()
}

// restrictedTables are the tables that a restrict statement leaves.
type restrictedTables struct {
	Tables
	allowed func(name string) bool
}

// Table implements Tables.
func (t restrictedTables) Table(name string) ([]plan.Column, bool) {
	if !t.allowed(name) {
		return nil, false
	}
	return t.Tables.Table(name)
}

// Names implements Tables.
func (t restrictedTables) Names() []string {
	var list []string
	for _, name := range t.Tables.Names() {
		if t.allowed(name) {
			list = append(list, name)
		}
	}
	return list
}

// Hidden implements HiddenColumns.
func (t restrictedTables) Hidden(name string) []plan.Column {
	if h, ok := t.Tables.(HiddenColumns); ok && t.allowed(name) {
		return h.Hidden(name)
	}
	return nil
}

// restrict hides what is not named from the statements behind: names and patterns stand for let tables first, and
// database().T for stored tables.
func (b *binder) restrict(st *syntax.RestrictStatement, s *scope) {
	var views, stored []string
	for _, e := range st.Entities {
		switch e := e.(type) {
		case *syntax.NameReference:
			views, stored = append(views, e.Name), append(stored, e.Name)
		case *syntax.WildcardedName:
			views = append(views, e.Pattern)
		default:
			if p, ok := e.(*syntax.PathExpression); ok && b.isThisDatabase(p.Expression) {
				if n, ok := p.Selector.(*syntax.NameReference); ok {
					stored = append(stored, n.Name)
					continue
				}
			}
			b.report(diag.NotSupportedYet(e.Pos(), "restrict access to other databases"))
		}
	}
	matches := func(patterns []string, name string) bool {
		for _, p := range patterns {
			if matchPattern(p, name) {
				return true
			}
		}
		return false
	}
	for name, v := range s.vars {
		if v.scalar == nil && !matches(views, name) {
			delete(s.vars, name)
		}
	}
	b.tables = restrictedTables{b.tables, func(name string) bool { return matches(stored, name) }}
	b.names, b.scans = nil, map[string]*relation{}
}

// assert checks a condition while the query is bound. https://learn.microsoft.com/kusto/query/assert-function
func (b *binder) assert(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	if len(e.Arguments) != 2 {
		b.report(diag.WrongArgumentCount(e.Pos(), "assert", "a condition and a message"))
		return boolUnknown()
	}
	message, ok := b.constantString(e.Arguments[1], en)
	if !ok {
		b.report(diag.ConstantExpected(e.Arguments[1].Pos(), "the message"))
		return boolUnknown()
	}
	condition := b.scalarExpr(e.Arguments[0], en)
	if isUnknown(condition) {
		return boolUnknown()
	}
	holds, known := constantBool(condition)
	if !known {
		b.report(diag.ConstantExpected(e.Arguments[0].Pos(), "the condition"))
		return boolUnknown()
	}
	if !holds {
		b.report(diag.AssertionFailed(e.Pos(), message))
	}
	return &plan.Const{Typ: catalog.Bool, Value: true}
}

// constantBool evaluates a condition over constants: comparisons of numbers and texts, and what joins them.
func constantBool(e plan.Expr) (value, known bool) {
	switch e := e.(type) {
	case *plan.Const:
		v, ok := e.Value.(bool)
		return v, ok
	case *plan.Call:
		id := e.Overload.ID
		if id == "and" || id == "or" {
			left, lok := constantBool(e.Args[0])
			right, rok := constantBool(e.Args[1])
			if id == "and" {
				return left && right, lok && rok
			}
			return left || right, lok && rok
		}
		if e.Overload.Func.Name == "not" && len(e.Args) == 1 {
			v, ok := constantBool(e.Args[0])
			return !v, ok
		}
		if e.Overload.Func.Name == "isnotempty" || e.Overload.Func.Name == "isempty" {
			if c, ok := e.Args[0].(*plan.Const); ok && c.Typ == catalog.String {
				return (c.Value == "") == (e.Overload.Func.Name == "isempty"), true
			}
		}
		if len(e.Args) == 2 {
			return constantComparison(id, e.Args[0], e.Args[1])
		}
	}
	return false, false
}

func constantComparison(op string, left, right plan.Expr) (value, known bool) {
	a, aok := constantNumber(left)
	c, cok := constantNumber(right)
	order := 0
	switch {
	case aok && cok && a < c:
		order = -1
	case aok && cok && a > c:
		order = 1
	case aok && cok:
	default:
		l, lok := left.(*plan.Const)
		r, rok := right.(*plan.Const)
		if !lok || !rok || l.Typ != catalog.String || r.Typ != catalog.String {
			return false, false
		}
		order = strings.Compare(l.Value.(string), r.Value.(string))
	}
	switch op {
	case "eq":
		return order == 0, true
	case "ne":
		return order != 0, true
	case "lt":
		return order < 0, true
	case "le":
		return order <= 0, true
	case "gt":
		return order > 0, true
	case "ge":
		return order >= 0, true
	}
	return false, false
}

// constantNumber reads a number, datetime or timespan, and the length of a constant text or array.
func constantNumber(e plan.Expr) (float64, bool) {
	switch e := e.(type) {
	case *plan.Const:
		switch v := e.Value.(type) {
		case int64:
			return float64(v), true
		case float64:
			return v, true
		}
	case *plan.Call:
		if len(e.Args) != 1 {
			return 0, false
		}
		c, ok := e.Args[0].(*plan.Const)
		if !ok {
			return 0, false
		}
		text, _ := c.Value.(string)
		switch name := e.Overload.Func.Name; {
		case name == "strlen" && c.Typ == catalog.String:
			return float64(len([]rune(text))), true
		case name == "tolong" || name == "toint" || name == "toreal":
			return constantNumber(c)
		}
	}
	return 0, false
}
