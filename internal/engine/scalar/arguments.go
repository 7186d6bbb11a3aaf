package scalar

import "nordlys/internal/kql/catalog"

// nullOf is what a function gives for null: a string is never null in KQL, so "" for strings.
func nullOf(t catalog.Type) any {
	if t == catalog.String {
		return ""
	}
	return nil
}

// unary makes a function of one text. Null gives null.
func unary(name string, arg, result catalog.Type, f func(s string) any) Func {
	null := nullOf(result)
	return Func{Name: name, Args: []catalog.Type{arg}, Result: result, Call: func(a []any) any {
		s, ok := a[0].(string)
		if !ok {
			return null
		}
		return f(s)
	}}
}

// binary makes a function of two texts. Null gives null.
func binary(name string, x, y, result catalog.Type, f func(s, t string) any) Func {
	null := nullOf(result)
	return Func{Name: name, Args: []catalog.Type{x, y}, Result: result, Call: func(a []any) any {
		s, ok := a[0].(string)
		if !ok {
			return null
		}
		t, ok := a[1].(string)
		if !ok {
			return null
		}
		return f(s, t)
	}}
}

// longOr reads an optional argument.
func longOr(a any, otherwise int64) int64 {
	if v, ok := a.(int64); ok {
		return v
	}
	return otherwise
}
