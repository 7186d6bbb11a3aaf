package syntax

import (
	"strings"
)

// Print writes a tree as a query in a uniform layout: one operator a line. Reading the text gives the same tree again.
// Parts that could not be read are left out.
func Print(n Node) string {
	w := &printer{}
	switch n := n.(type) {
	case *Query:
		for i, s := range n.Statements {
			if i > 0 {
				w.write(";\n")
			}
			w.statement(s)
		}
	case Statement:
		w.statement(n)
	case Expression:
		w.expression(n, levelPipe)
	case Operator:
		w.operator(n)
	}
	return w.b.String()
}

// printer collects text; nodes with a syntax of their own print themselves.
type printer struct{ b strings.Builder }

// printable is what nodes with a syntax of their own implement, beside their parser.
type printable interface{ print(*printer) }

func (w *printer) write(s string) { w.b.WriteString(s) }

// word writes a keyword and a space.
func (w *printer) word(s string) { w.write(s + " ") }

// comma writes a separator before every element but the first.
func (w *printer) comma(i int) {
	if i > 0 {
		w.write(", ")
	}
}

// name writes a name, in brackets where it could be taken for something else.
func (w *printer) name(n Name) {
	if IsIdentifier(n.Text) && !needsBrackets(n.Text) {
		w.write(n.Text)
		return
	}
	w.write("[" + quote(n.Text) + "]")
}

// needsBrackets lists the words that begin something other than a name somewhere.
func needsBrackets(word string) bool {
	switch word {
	case "true", "false", "True", "False", "TRUE", "FALSE", "let", "set", "declare", "alias", "restrict", "print", "range", "union", "search", "find",
		"evaluate", "datatable", "externaldata", "external_data", "dynamic", "typeof", "view", "hint", "asc", "desc", "nulls",
		"limit", "to", "on", "with", "matches":
		return true
	}
	return isOperatorWord(word)
}

func (w *printer) statement(s Statement) {
	switch s := s.(type) {
	case *ExpressionStatement:
		w.expression(s.Expression, levelPipe)
	case *UnsupportedStatement:
		w.write(s.Name)
	case printable:
		s.print(w)
	}
}

func (w *printer) operator(o Operator) {
	switch o := o.(type) {
	case *UnsupportedOperator:
		w.write(o.Name)
	case printable:
		o.print(w)
	}
}

// list writes a keyword and expressions.
func (w *printer) list(keyword string, list []Expression) {
	w.word(keyword)
	w.expressions(list)
}

func (w *printer) expressions(list []Expression) {
	for i, e := range list {
		w.comma(i)
		w.expression(e, levelOr)
	}
}

func (w *printer) parameters(list []NamedParameter) {
	for _, p := range list {
		w.write(p.Name.Text + "=")
		w.expression(p.Value, levelPostfix)
		w.write(" ")
	}
}

func (w *printer) namesAndTypes(list []NameAndType) {
	for i, c := range list {
		w.comma(i)
		w.name(c.Name)
		w.write(":" + c.Type.Text)
	}
}

func (w *printer) ordered(o *OrderedExpression) {
	w.expression(o.Expression, levelOr)
	if o.Order != "" {
		w.write(" " + o.Order)
	}
	if o.Nulls != "" {
		w.write(" nulls " + o.Nulls)
	}
}

// level is how close the parts of an expression are bound.
func level(e Expression) int {
	switch e := e.(type) {
	case *PipeExpression:
		return levelPipe
	case *LogicalExpression:
		if e.Op == "or" {
			return levelOr
		}
		return levelAnd
	case *InExpression, *BetweenExpression:
		return levelEquality
	case *BinaryExpression:
		return binaryOperatorLevel(e.Op)
	case *UnaryExpression:
		return levelUnary
	}
	return levelPostfix
}

func binaryOperatorLevel(op string) int {
	switch op {
	case "==", "!=":
		return levelEquality
	case "<", ">", "<=", ">=":
		return levelRelational
	case "+", "-":
		return levelAdditive
	case "*", "/", "%":
		return levelMultiplicative
	}
	return levelString
}

// base writes what a path starts from; a number is set apart from the dot behind it.
func (w *printer) base(e Expression) {
	if _, ok := e.(*LiteralExpression); ok {
		w.write("(")
		defer w.write(")")
	}
	w.expression(e, levelPostfix)
}

// expression writes e, in parentheses if it is bound looser than least.
func (w *printer) expression(e Expression, least int) {
	own := level(e)
	if own < least {
		w.write("(")
		defer w.write(")")
	}
	switch e := e.(type) {
	case *NameReference:
		w.name(Name{Text: e.Name})
	case *WildcardedName:
		w.write(e.Pattern)
	case *StarExpression:
		w.write("*")
	case *UnsupportedExpression:
		w.write(e.Name)
	case *PipeExpression:
		w.pipe(e)
	case *LogicalExpression:
		for i, operand := range e.Operands {
			if i > 0 {
				w.write(" " + e.Op + " ")
			}
			w.expression(operand, own+1)
		}
	case *BinaryExpression:
		left := own
		if own == levelEquality || own == levelRelational {
			left++
		}
		w.expression(e.Left, left)
		w.write(" " + e.Op + " ")
		w.expression(e.Right, own+1)
	case *InExpression:
		w.expression(e.Left, own+1)
		w.write(" " + e.Op + " (")
		w.arguments(e.List)
		w.write(")")
	case *BetweenExpression:
		w.expression(e.Left, own+1)
		if e.Not {
			w.write(" !between (")
		} else {
			w.write(" between (")
		}
		w.expression(e.Low, levelAdditive)
		w.write(" .. ")
		w.expression(e.High, levelAdditive)
		w.write(")")
	case *UnaryExpression:
		w.write(e.Op)
		w.expression(e.Operand, levelUnary)
	case *PathExpression:
		w.base(e.Expression)
		w.write(".")
		w.expression(e.Selector, levelPostfix)
	case *ElementExpression:
		w.base(e.Expression)
		w.write("[")
		w.expression(e.Index, levelOr)
		w.write("]")
	case *FunctionCallExpression:
		w.functionName(e.Name)
		w.write("(")
		w.arguments(e.Arguments)
		w.write(")")
	case *NamedExpression:
		w.named(e)
	case printable:
		e.print(w)
	}
}

// functionName writes the name of a call; words that are functions too (range, datatable…) stay plain before a
// parenthesis.
func (w *printer) functionName(n Name) {
	if IsIdentifier(n.Text) || n.Text != "" && isDigit(n.Text[0]) {
		w.write(n.Text)
		if isTypedLiteral(n.Text) {
			w.write(" ") // int (1) is a call, int(1) a literal
		}
		return
	}
	w.name(n)
}

func (w *printer) arguments(list []Expression) {
	for i, e := range list {
		w.comma(i)
		w.expression(e, levelOr)
	}
}

func (w *printer) named(e *NamedExpression) {
	if len(e.Names) == 1 {
		w.name(e.Names[0])
	} else {
		w.write("(")
		for i, n := range e.Names {
			w.comma(i)
			w.name(n)
		}
		w.write(")")
	}
	w.write(" = ")
	w.expression(e.Expression, levelOr)
}

func (w *printer) pipe(e *PipeExpression) {
	first := 0
	if e.Source != nil {
		w.expression(e.Source, levelOr)
	} else if len(e.Operators) > 0 {
		w.operator(e.Operators[0])
		first = 1
	}
	for _, o := range e.Operators[first:] {
		w.write("\n| ")
		w.operator(o)
	}
}
