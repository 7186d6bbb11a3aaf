package syntax

import (
	"slices"
	"strings"

	"nordlys/internal/kql/diag"
)

// Node is any part of a tree.
type Node interface {
	// Pos is the span of the text that the node was read from.
	Pos() diag.Span
}

// Expression is a scalar or tabular expression; which of the two is settled by the binder, as `let x = T` may be both.
type Expression interface {
	Node
	expression()
}

// Operator is a tabular operator: what follows a pipe, or begins a query like union and print.
type Operator interface {
	Node
	operator()
}

// Statement is one part of a query between semicolons.
type Statement interface {
	Node
	statement()
}

// Span is the position of a node; every node embeds it.
type Span diag.Span

// Pos returns the span as diagnostics use it.
func (s Span) Pos() diag.Span { return diag.Span(s) }

// Query is a whole text.
type Query struct {
	Span
	Statements []Statement
	// Broken is set if parts of the text could not be read.
	Broken bool
	text   string
}

// Mentions reports whether the text has a word in it anywhere, be it in a string or a comment.
func (q *Query) Mentions(word string) bool { return strings.Contains(q.text, word) }

// Names lists the identifiers that the text reads: those that no = behind them gives anew.
func (q *Query) Names() []string {
	tokens, _ := Tokens(q.text)
	given, seen := map[string]bool{}, map[string]bool{}
	var names []string
	for i, t := range tokens {
		if t.Kind != Identifier {
			continue
		}
		if i+1 < len(tokens) && tokens[i+1].Text == "=" && tokens[i+1].Kind == Punctuation {
			given[t.Text] = true
		}
		if !seen[t.Text] {
			seen[t.Text] = true
			names = append(names, t.Text)
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return given[n] })
}

// ExpressionStatement is a statement that yields a result.
type ExpressionStatement struct {
	Span
	Expression Expression
}

// BadStatement stands where no statement could be read.
type BadStatement struct{ Span }

// UnsupportedStatement is a statement of the language that is recognised by its name only.
type UnsupportedStatement struct {
	Span
	Name string
}

func (*ExpressionStatement) statement()  {}
func (*BadStatement) statement()         {}
func (*UnsupportedStatement) statement() {}

// Name is a name where one is declared or where only a name can stand.
type Name struct {
	Span
	Text string
}

// NameReference is a name used as an expression: a column, table, variable or special name like $left.
type NameReference struct {
	Span
	Name string
}

// WildcardedName is a name pattern: `Sec*`, or `*` alone where columns or tables are listed.
type WildcardedName struct {
	Span
	Pattern string
}

// StarExpression is `*` as an operand or argument: arg_max(t, *), `* has "x"`.
type StarExpression struct{ Span }

// LiteralKind is the type of a literal.
type LiteralKind uint8

// The types that have literals; dynamic has a node of its own.
const (
	BoolLiteral LiteralKind = iota
	IntLiteral
	LongLiteral
	RealLiteral
	DecimalLiteral
	StringLiteral
	DateTimeLiteral
	TimespanLiteral
	GuidLiteral
)

// String returns the name of the type as Kusto writes it.
func (k LiteralKind) String() string {
	return [...]string{"bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid"}[k]
}

// LiteralExpression is a value written in the query. Of the value fields only the one of its kind is set: Bool; Int for
// int, long, and the ticks of datetime and timespan; Real; Text for string, decimal (normalised) and guid (lower case).
type LiteralExpression struct {
	Span
	Kind LiteralKind
	Null bool
	Bool bool
	Int  int64
	Real float64
	Text string
	// Obfuscated is set for h"…", whose text must not reach logs.
	Obfuscated bool
}

// DynamicExpression is dynamic(…).
type DynamicExpression struct {
	Span
	Value DynamicValue
}

// TypeOfExpression is typeof(…) of one type or of a list of columns; Star is set where a star stands before them.
type TypeOfExpression struct {
	Span
	Star    bool
	Type    Name
	Columns []NameAndType
}

// UnaryExpression is a sign before an operand.
type UnaryExpression struct {
	Span
	Op      string
	Operand Expression
}

// BinaryExpression is an operator between two operands; Op is in its plain spelling: `has` also for `:`, `!=` also for
// `<>`.
type BinaryExpression struct {
	Span
	Op          string
	OpSpan      Span
	Left, Right Expression
}

// LogicalExpression is a chain of `and` or of `or`; chains are flat so that a thousand terms are not a thousand levels.
type LogicalExpression struct {
	Span
	Op       string
	Operands []Expression
}

// InExpression is an operator with a list on its right: in, in~, !in, !in~, has_any, has_all.
type InExpression struct {
	Span
	Op     string
	OpSpan Span
	Left   Expression
	List   []Expression
}

// BetweenExpression is `Left between (Low .. High)`, or !between.
type BetweenExpression struct {
	Span
	Not       bool
	OpSpan    Span
	Left      Expression
	Low, High Expression
}

// PathExpression is `Expression.Selector`; the selector is a NameReference or, after database("…"), a call.
type PathExpression struct {
	Span
	Expression Expression
	Selector   Expression
}

// ElementExpression is `Expression[Index]`.
type ElementExpression struct {
	Span
	Expression Expression
	Index      Expression
}

// FunctionCallExpression is `Name(arguments)`.
type FunctionCallExpression struct {
	Span
	Name      Name
	Arguments []Expression
}

// NamedExpression is `Name = Expression`, or `(Name1, Name2) = Expression` for functions of several columns. Without
// names, where a name is optional, the plain expression stands in the tree.
type NamedExpression struct {
	Span
	Names      []Name
	Expression Expression
}

// OrderedExpression is one key of sort and top.
type OrderedExpression struct {
	Span
	Expression Expression
	// Order is "asc", "desc" or "" where nothing was written.
	Order string
	// Nulls is "first", "last" or "".
	Nulls string
}

// PipeExpression is a source and the operators that follow it. Source is nil when the first operator is a source
// itself (print, range, union…).
type PipeExpression struct {
	Span
	Source    Expression
	Operators []Operator
}

// BadExpression stands where no expression could be read.
type BadExpression struct{ Span }

func (*NameReference) expression()          {}
func (*WildcardedName) expression()         {}
func (*StarExpression) expression()         {}
func (*LiteralExpression) expression()      {}
func (*DynamicExpression) expression()      {}
func (*TypeOfExpression) expression()       {}
func (*UnaryExpression) expression()        {}
func (*BinaryExpression) expression()       {}
func (*LogicalExpression) expression()      {}
func (*InExpression) expression()           {}
func (*BetweenExpression) expression()      {}
func (*PathExpression) expression()         {}
func (*ElementExpression) expression()      {}
func (*FunctionCallExpression) expression() {}
func (*NamedExpression) expression()        {}
func (*OrderedExpression) expression()      {}
func (*PipeExpression) expression()         {}
func (*BadExpression) expression()          {}

// NameAndType is `Name: Type` in a parameter list, a datatable or typeof.
type NameAndType struct {
	Span
	Name Name
	Type Name
}

// NamedParameter is an option of an operator: `kind=inner`, `hint.strategy=shuffle`.
type NamedParameter struct {
	Span
	Name  Name
	Value Expression
}

// BadOperator stands where no operator could be read.
type BadOperator struct{ Span }

// UnsupportedOperator is an operator of the language that is recognised by its name only.
type UnsupportedOperator struct {
	Span
	Name string
}

func (*BadOperator) operator()         {}
func (*UnsupportedOperator) operator() {}
