package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// impossible is the cost of an argument that a parameter does not take.
const impossible = 1 << 20

// cost says how far an argument is from what a parameter takes: 0 as it comes, more for wider conversions. A function
// that has a dynamic where it asks for one type converts it, as tostring(), tolong() and their like do; where the types of
// its overloads differ, the query must say which is meant, unless one of them takes any.
func cost(p *catalog.Param, have catalog.Type, f *catalog.Function) int {
	operator := f.Kind == catalog.Operator
	if _, scalar := oneType(p); scalar && have == catalog.Dynamic && f.Kind == catalog.Scalar && len(f.Overloads) == 1 {
		return 10
	}
	if have == catalog.Unknown {
		return 0
	}
	switch p.Class {
	case catalog.AnyScalar, catalog.Common:
		return 0
	case catalog.Number:
		return allow(have.IsNumber())
	case catalog.Integer:
		return allow(have.IsInteger())
	case catalog.Orderable:
		return allow(have.IsOrderable())
	}
	if have == p.Type {
		return 0
	}
	if from, to := rank(have), rank(p.Type); from > 0 && to > from {
		return to - from
	}
	if p.Class == catalog.Strict {
		return impossible
	}
	switch {
	case have == catalog.Dynamic && p.Type == catalog.Bool && !operator:
		return impossible
	case have == catalog.Dynamic:
		return 10
	case p.Type == catalog.String && !operator:
		return 11
	}
	return impossible
}

// oneType is the type that a parameter brings a dynamic to: its own, and for any number real, any whole number long. There
// is none for conditions, which a dynamic cannot be.
func oneType(p *catalog.Param) (catalog.Type, bool) {
	switch p.Class {
	case catalog.Number:
		return catalog.Real, true
	case catalog.Integer:
		return catalog.Long, true
	case catalog.Exact, catalog.Strict:
		return p.Type, p.Type != catalog.Bool && p.Type != catalog.Dynamic && p.Type != catalog.Unknown
	}
	return catalog.Unknown, false
}

func allow(ok bool) int {
	if ok {
		return 0
	}
	return impossible
}

// paramAt returns the parameter that takes argument i; nil if there are too many.
func paramAt(o *catalog.Overload, i int) *catalog.Param {
	if i < len(o.Params) {
		return &o.Params[i]
	}
	if n := len(o.Params); n > 0 && o.Params[n-1].Repeat {
		return &o.Params[n-1]
	}
	return nil
}

// required is the number of arguments that an overload must have.
func required(o *catalog.Overload) int {
	n := 0
	for _, p := range o.Params {
		if !p.Optional {
			n++
		}
	}
	return n
}

// fits reports whether an overload takes this number of arguments.
func fits(o *catalog.Overload, n int) bool {
	return n >= required(o) && (n == 0 || paramAt(o, n-1) != nil)
}

// choose returns the overload that takes the arguments with the least conversion, nil if none does.
func choose(f *catalog.Function, args []plan.Expr) *catalog.Overload {
	var best *catalog.Overload
	least := impossible
	for _, o := range f.Overloads {
		if !fits(o, len(args)) {
			continue
		}
		total := 0
		for i, a := range args {
			if total += cost(paramAt(o, i), a.Type(), f); total >= impossible {
				break
			}
		}
		if total < least {
			best, least = o, total
		}
	}
	return best
}

// applyTo calls the best overload of a function; nil if no overload takes the arguments.
func (b *binder) applyTo(f *catalog.Function, args []plan.Expr) plan.Expr {
	o := choose(f, args)
	if o == nil {
		return nil
	}
	return b.apply(o, args)
}

// apply calls an overload that takes the arguments, converting them; nil if common arguments have no common type.
func (b *binder) apply(o *catalog.Overload, args []plan.Expr) plan.Expr {
	var types []catalog.Type
	for i, a := range args {
		if paramAt(o, i).Class == catalog.Common {
			types = append(types, a.Type())
		}
	}
	common, ok := commonType(types...)
	if !ok {
		if o.Result.Class != catalog.Common || o.ID != "iff" {
			return nil
		}
		// Branches without a common type meet in a dynamic.
		common = catalog.Dynamic
	}
	out := make([]plan.Expr, len(args))
	for i, a := range args {
		switch p := paramAt(o, i); p.Class {
		case catalog.Exact, catalog.Strict:
			out[i] = b.argument(a, p.Type)
		case catalog.Number, catalog.Integer:
			out[i] = a
			if want, _ := oneType(p); a.Type() == catalog.Dynamic {
				out[i] = b.convert(a, want)
			}
		case catalog.Common:
			out[i] = b.convert(a, common)
		default:
			out[i] = a
		}
	}
	t := o.Result.Type
	switch o.Result.Class {
	case catalog.ArgType:
		t = catalog.Unknown
		if o.Result.Arg < len(args) {
			t = out[o.Result.Arg].Type()
		}
	case catalog.Common:
		t = common
	}
	return &plan.Call{Overload: o, Args: out, Typ: t}
}

// argument converts an argument; int to long and whole numbers to real widen without a call.
func (b *binder) argument(a plan.Expr, want catalog.Type) plan.Expr {
	if _, isConst := a.(*plan.Const); !isConst && want != catalog.Decimal && rank(a.Type()) > 0 && rank(want) > 0 {
		return a
	}
	return b.convert(a, want)
}
