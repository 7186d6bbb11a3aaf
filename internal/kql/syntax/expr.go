package syntax

import "nordlys/internal/kql/diag"

// Precedence levels, loosest first. Operators on strings bind closer than arithmetic, as in Kusto's grammar:
// `a has "b" + "c"` is `(a has "b") + "c"`.
// https://github.com/microsoft/Kusto-Query-Language/blob/master/grammar/Kusto.g4
const (
	levelPipe = iota
	levelOr
	levelAnd
	levelEquality
	levelRelational
	levelAdditive
	levelMultiplicative
	levelString
	levelUnary
	levelPostfix
)

// binaryLevel returns the canonical spelling and the level of the operator at the next tokens, and how many tokens it
// has; 0 if there is none.
func (p *parser) binaryLevel() (op string, level, tokens int) {
	t := p.peek()
	switch t.Kind {
	case Punctuation:
		switch t.Text {
		case "==", "!=":
			return t.Text, levelEquality, 1
		case "=":
			if p.predicate {
				return t.Text, levelEquality, 1
			}
		case "<>":
			return "!=", levelEquality, 1
		case "<", ">", "<=", ">=":
			return t.Text, levelRelational, 1
		case "+", "-":
			return t.Text, levelAdditive, 1
		case "*", "/", "%":
			return t.Text, levelMultiplicative, 1
		case "=~", "!~":
			return t.Text, levelString, 1
		case ":":
			return "has", levelString, 1
		}
	case Identifier:
		switch t.Text {
		case "or":
			return t.Text, levelOr, 1
		case "and":
			return t.Text, levelAnd, 1
		case "in", "in~", "!in", "!in~", "has_any", "has_all", "between", "!between":
			return t.Text, levelEquality, 1
		case "matches":
			if next := p.peekAt(1); next.Kind == Identifier && next.Text == "regex" {
				return "matches regex", levelString, 2
			}
		}
		if op := stringOperator(t.Text); op != "" {
			return op, levelString, 1
		}
	}
	return "", -1, 0
}

// stringOperator returns the canonical spelling of a word that compares strings, "" for other words.
// https://learn.microsoft.com/kusto/query/datatypes-string-operators
func stringOperator(word string) string {
	switch word {
	case "has", "!has", "has_cs", "!has_cs", "hasprefix", "!hasprefix", "hasprefix_cs", "!hasprefix_cs",
		"hassuffix", "!hassuffix", "hassuffix_cs", "!hassuffix_cs", "contains", "!contains", "contains_cs", "!contains_cs",
		"startswith", "!startswith", "startswith_cs", "!startswith_cs", "endswith", "!endswith", "endswith_cs", "!endswith_cs":
		return word
	case "notcontains":
		return "!contains"
	case "containscs":
		return "contains_cs"
	case "notcontainscs", "!containscs":
		return "!contains_cs"
	}
	return ""
}

// isOperatorWord reports whether a word cannot be an operand unless it is written in brackets.
func isOperatorWord(word string) bool {
	switch word {
	case "and", "or", "in", "has_any", "has_all", "between", "by":
		return true
	}
	return stringOperator(word) != ""
}

// tabular reads an expression with the operators piped to it; the result is a plain expression if there are none.
func (p *parser) tabular() Expression {
	if !p.enter() {
		return &BadExpression{Span: p.from(p.start())}
	}
	defer p.leave()
	start := p.start()
	var source Expression
	var operators []Operator
	if op := p.sourceOperator(); op != nil {
		operators = append(operators, op)
	} else {
		source = p.expression()
	}
	if p.recovering {
		p.skip(isPipe)
		// Without a pipe to go on at, the construct around this one has to find its end.
		p.recovering = !p.at("|")
	}
	for p.accept("|") {
		operators = append(operators, p.operator())
	}
	if operators == nil {
		return source
	}
	return &PipeExpression{Span: p.from(start), Source: source, Operators: operators}
}

// expression reads a scalar expression, or a table without operators piped to it.
func (p *parser) expression() Expression { return p.binary(levelOr) }

// binary reads operands joined by operators of a level or closer.
func (p *parser) binary(least int) Expression {
	start := p.start()
	left := p.unary()
	previous := -1
	for n := 1; ; n++ {
		op, level, tokens := p.binaryLevel()
		if level < least || level == previous && (level == levelEquality || level == levelRelational) {
			return left
		}
		if level > levelAnd && !p.link(n) {
			return left
		}
		previous = level
		opStart := p.start()
		p.pos += tokens
		opSpan := p.from(opStart)
		switch op {
		case "and", "or":
			left = p.logical(start, op, level, left)
		case "in", "in~", "!in", "!in~", "has_any", "has_all":
			list := p.inList()
			left = &InExpression{Span: p.from(start), Op: op, OpSpan: opSpan, Left: left, List: list}
		case "=":
			p.report(diag.SingleEquals(diag.Span(opSpan)))
			right := p.binary(level + 1)
			left = &BinaryExpression{Span: p.from(start), Op: "==", OpSpan: opSpan, Left: left, Right: right}
		case "between", "!between":
			left = p.between(start, op == "!between", opSpan, left)
		default:
			right := p.binary(level + 1)
			left = &BinaryExpression{Span: p.from(start), Op: op, OpSpan: opSpan, Left: left, Right: right}
		}
	}
}

// logical reads the rest of a chain whose first operator is consumed.
func (p *parser) logical(start int, op string, level int, first Expression) Expression {
	e := &LogicalExpression{Op: op, Operands: []Expression{first}}
	for {
		e.Operands = append(e.Operands, p.binary(level+1))
		if !p.acceptWord(op) {
			break
		}
	}
	e.Span = p.from(start)
	return e
}

// inList reads (a, b, …) or (subquery). Without parentheses one operand is the list.
func (p *parser) inList() []Expression {
	if !p.at("(") {
		return []Expression{p.unary()}
	}
	return p.arguments()
}

func (p *parser) between(start int, not bool, opSpan Span, left Expression) Expression {
	e := &BetweenExpression{Not: not, OpSpan: opSpan, Left: left}
	open := p.pos
	if p.expect("(") {
		e.Low = p.binary(levelAdditive)
		p.expect("..")
		e.High = p.binary(levelAdditive)
		p.close(open)
	} else {
		e.Low = &BadExpression{Span: p.from(open)}
		e.High = e.Low
	}
	e.Span = p.from(start)
	return e
}

func (p *parser) unary() Expression {
	start := p.start()
	if t := p.peek(); t.Kind == Punctuation && (t.Text == "-" || t.Text == "+") {
		if !p.enter() {
			return &BadExpression{Span: p.from(start)}
		}
		defer p.leave()
		p.pos++
		operand := p.unary()
		return &UnaryExpression{Span: p.from(start), Op: t.Text, Operand: operand}
	}
	return p.postfix()
}

// postfix reads a primary expression and the paths and indexes that follow it.
func (p *parser) postfix() Expression {
	start := p.start()
	e := p.primary()
	for n := 1; ; n++ {
		t := p.peek()
		if t.Kind != Punctuation || t.Text != "." && t.Text != "[" || !p.link(n) {
			return e
		}
		if t.Text == "." && p.peekAt(1).Text == "[" && p.peekAt(2).Kind != StringToken {
			p.pos++
			continue
		}
		if t.Text == "." {
			p.pos++
			e = &PathExpression{Expression: e, Selector: p.selector()}
			e.(*PathExpression).Span = p.from(start)
			continue
		}
		open := p.pos
		p.pos++
		element := &ElementExpression{Expression: e, Index: p.nested(p.expression)}
		p.close(open)
		element.Span = p.from(start)
		e = element
	}
}

// selector reads what follows a point: a name, ["…"], or a call as in database("…").table("…").
func (p *parser) selector() Expression {
	start := p.start()
	if p.atWord("*") || p.at("*") {
		p.pos++
		return &StarExpression{Span: p.from(start)}
	}
	n := p.name("the property")
	if p.at("(") && n.End == p.peek().Span.Start {
		return &FunctionCallExpression{Name: n, Arguments: p.arguments(), Span: p.from(start)}
	}
	return &NameReference{Span: n.Span, Name: n.Text}
}

// nested reads with one more level of nesting.
func (p *parser) nested(read func() Expression) Expression {
	if !p.enter() {
		return &BadExpression{Span: p.from(p.start())}
	}
	defer p.leave()
	return read()
}

func (p *parser) primary() Expression {
	start := p.start()
	t := p.peek()
	switch t.Kind {
	case StringToken, LongToken, RealToken, TimespanToken, TypedToken:
		return p.literal()
	case Identifier:
		return p.primaryName(t)
	case Punctuation:
		switch {
		case t.Text == "(":
			open := p.pos
			p.pos++
			e := p.nested(p.tabular)
			p.close(open)
			return e
		case p.atBracketedName():
			n := p.name("")
			return &NameReference{Span: n.Span, Name: n.Text}
		case t.Text == "*":
			p.pos++
			return &StarExpression{Span: p.from(start)}
		}
	}
	p.unexpected("an expression")
	return &BadExpression{Span: p.from(start)}
}

// primaryName reads what begins with a word: a name, a call, or an expression with a syntax of its own.
func (p *parser) primaryName(t *Token) Expression {
	start := p.start()
	next := p.peekAt(1)
	call := next.Kind == Punctuation && next.Text == "("
	switch t.Text {
	case "true", "false", "True", "False", "TRUE", "FALSE":
		p.pos++
		return &LiteralExpression{Span: p.from(start), Kind: BoolLiteral, Bool: t.Text[0] == 't' || t.Text[0] == 'T'}
	case "dynamic":
		if call {
			return p.dynamicExpression()
		}
	case "typeof":
		if call {
			return p.typeOf()
		}
	case "datatable":
		if call || next.Kind == Identifier {
			return p.dataTable()
		}
	case "externaldata", "external_data":
		if call || next.Kind == Identifier {
			return p.externalData()
		}
	case "inline_external_table":
		if call || next.Kind == Identifier {
			return p.inlineExternalTable()
		}
	}
	if isOperatorWord(t.Text) || !IsIdentifier(t.Text) && !isDigit(t.Text[0]) {
		p.unexpected("an expression")
		return &BadExpression{Span: p.from(start)}
	}
	p.pos++
	name := Name{Span: p.from(start), Text: t.Text}
	if call {
		return &FunctionCallExpression{Name: name, Arguments: p.arguments(), Span: p.from(start)}
	}
	return &NameReference{Span: name.Span, Name: name.Text}
}

// arguments reads (a, b, …); each may be a subquery or `name = expression`.
func (p *parser) arguments() []Expression {
	var list []Expression
	open := p.pos
	p.pos++
	if !p.at(")") {
		p.commaList(func() {
			list = append(list, p.nested(p.argument))
		})
	}
	p.close(open)
	return list
}

func (p *parser) argument() Expression {
	start := p.start()
	if p.atNameBeforeAssignment() {
		n := p.name("the argument")
		p.pos++
		return &NamedExpression{Names: []Name{n}, Expression: p.tabular(), Span: p.from(start)}
	}
	return p.tabular()
}

// named reads `expression`, `name = expression` or `(a, b) = expression`.
func (p *parser) named() Expression {
	start := p.start()
	var names []Name
	switch {
	case p.atNameBeforeAssignment():
		names = append(names, p.name("the column"))
		p.pos++
	case p.atNamesBeforeAssignment():
		open := p.pos
		p.pos++
		p.commaList(func() { names = append(names, p.name("the column")) })
		p.close(open)
		p.expect("=")
	default:
		return p.expression()
	}
	e := p.expression()
	return &NamedExpression{Span: p.from(start), Names: names, Expression: e}
}

func (p *parser) atNameBeforeAssignment() bool {
	n := 1
	if p.atBracketedName() {
		n = 3
	} else if !p.atName() {
		return false
	}
	t := p.peekAt(n)
	return t.Kind == Punctuation && t.Text == "="
}

func (p *parser) atNamesBeforeAssignment() bool {
	t := p.peek()
	if t.Kind != Punctuation || t.Text != "(" || t.Match < 0 {
		return false
	}
	after := &p.tokens[t.Match+1]
	return after.Kind == Punctuation && after.Text == "="
}

// namedList reads a comma-separated list of named expressions.
func (p *parser) namedList() []Expression {
	var list []Expression
	p.commaList(func() { list = append(list, p.named()) })
	return list
}

// nameOrPattern reads a name, or a pattern of adjacent names and stars.
func (p *parser) nameOrPattern(what string) Expression {
	start := p.start()
	if p.atBracketedName() {
		n := p.name(what)
		return &NameReference{Span: n.Span, Name: n.Text}
	}
	star := false
	end := start
	for {
		t := p.peek()
		isStar := t.Kind == Punctuation && t.Text == "*"
		if end != start && t.Span.Start != end || !isStar && t.Kind != Identifier && !(t.Kind == LongToken && end != start) {
			break
		}
		star = star || isStar
		end = t.Span.End
		p.pos++
	}
	switch {
	case end == start:
		n := p.name(what)
		return &NameReference{Span: n.Span, Name: n.Text}
	case star:
		return &WildcardedName{Span: p.from(start), Pattern: p.text[start:end]}
	}
	return &NameReference{Span: p.from(start), Name: p.text[start:end]}
}

// ordered reads `expression [asc|desc] [nulls first|nulls last]`.
func (p *parser) ordered() *OrderedExpression {
	start := p.start()
	o := &OrderedExpression{Expression: p.named()}
	switch {
	case p.acceptWord("asc"):
		o.Order = "asc"
	case p.acceptWord("desc"):
		o.Order = "desc"
	}
	if p.acceptWord("nulls") {
		switch {
		case p.acceptWord("first"):
			o.Nulls = "first"
		case p.acceptWord("last"):
			o.Nulls = "last"
		default:
			p.unexpected(`"first" or "last"`)
		}
	}
	o.Span = p.from(start)
	return o
}
