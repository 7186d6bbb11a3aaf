package plan

import "nordlys/internal/kql/catalog"

// Expr is a typed expression over the columns of an input row.
type Expr interface {
	Type() catalog.Type
}

// Const is a value known when the query is bound. Value is nil for null, else bool; int64 for int and long; float64 for
// real; string for decimal (digits), string, guid (lower case with hyphens) and dynamic (compact JSON text); int64
// ticks of 100 ns for datetime (from 0001-01-01) and timespan. A string Const is never nil.
type Const struct {
	Typ   catalog.Type
	Value any
}

// ColumnRef reads a column of the input by name. In a JoinKey the side is that of the field it stands in.
type ColumnRef struct {
	Name string
	Typ  catalog.Type
}

// Call applies an overload of the catalogue. Args are converted already, in the order of the parameters; a repeated
// parameter takes the rest. Optional arguments that were not given are absent. Binders write conversions as calls of
// tostring, tolong, toreal…; widening int to long and long to real may stay implicit.
//
// For extract and extract_json with typeof() the binder wraps the call in the conversion instead of passing the type.
// For bag_pack_columns and pack_all it passes names and columns in turn and calls bag_pack, or pack_all for pack_all(true).
type Call struct {
	Overload *catalog.Overload
	Args     []Expr
	Typ      catalog.Type
}

// Path reads inside a dynamic value; its type is Dynamic and it is null where the path leads nowhere.
type Path struct {
	Base  Expr
	Steps []Step
}

// Step is one step of a path: a property by name, or an element by position (a Long expression; negative counts from
// the end) or by computed key (a String expression).
type Step struct {
	Key   string
	Index Expr // nil for a Key step
}

// Scalar is a subquery that yields one value: the first column of the first row, null if there is none (toscalar).
type Scalar struct {
	Input Node
	Typ   catalog.Type
}

// InQuery says whether Value is among the values of the first column of Input (in, !in, in~, !in~ with a subquery).
type InQuery struct {
	Value           Expr
	Input           Node
	Negated         bool
	CaseInsensitive bool
}

// HasQuery says whether Value has one (or All) of the terms in the first column of Input.
type HasQuery struct {
	Value Expr
	Input Node
	All   bool
}

// Type of the expressions.
func (e *Const) Type() catalog.Type     { return e.Typ }
func (e *ColumnRef) Type() catalog.Type { return e.Typ }
func (e *Call) Type() catalog.Type      { return e.Typ }
func (e *Path) Type() catalog.Type      { return catalog.Dynamic }
func (e *Scalar) Type() catalog.Type    { return e.Typ }
func (e *InQuery) Type() catalog.Type   { return catalog.Bool }
func (e *HasQuery) Type() catalog.Type  { return catalog.Bool }

// Walk visits e and what it is made of, parents first; visit says whether to go down. Subqueries' plans are not
// entered.
func Walk(e Expr, visit func(Expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	switch e := e.(type) {
	case *Call:
		for _, a := range e.Args {
			Walk(a, visit)
		}
	case *Path:
		Walk(e.Base, visit)
		for _, s := range e.Steps {
			Walk(s.Index, visit)
		}
	case *InQuery:
		Walk(e.Value, visit)
	case *HasQuery:
		Walk(e.Value, visit)
	}
}
