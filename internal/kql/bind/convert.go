package bind

import (
	"math/big"
	"strconv"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// converters names the function that converts to a type.
func converter(t catalog.Type) string {
	switch t {
	case catalog.Bool:
		return "tobool"
	case catalog.Int:
		return "toint"
	case catalog.Long:
		return "tolong"
	case catalog.Real:
		return "toreal"
	case catalog.Decimal:
		return "todecimal"
	case catalog.String:
		return "tostring"
	case catalog.Datetime:
		return "todatetime"
	case catalog.Timespan:
		return "totimespan"
	case catalog.Guid:
		return "toguid"
	}
	return "todynamic"
}

// convert brings a value to a type with the functions of the language. A value becomes a dynamic of itself, which for
// a string is not the JSON that it may contain.
func (b *binder) convert(e plan.Expr, to catalog.Type) plan.Expr {
	from := e.Type()
	if from == to || from == catalog.Unknown || to == catalog.Unknown {
		return e
	}
	if c, ok := e.(*plan.Const); ok {
		if folded := foldConversion(c, to); folded != nil {
			return folded
		}
	}
	if to == catalog.Dynamic {
		array := b.functionCall("pack_array", catalog.Dynamic, e)
		return step(array, plan.Step{Index: &plan.Const{Typ: catalog.Long, Value: int64(0)}})
	}
	return b.functionCall(converter(to), to, e)
}

// foldConversion converts a constant where the result is certain; nil where the engine has to do it.
func foldConversion(c *plan.Const, to catalog.Type) *plan.Const {
	if c.Value == nil {
		return nullOf(to)
	}
	switch to {
	case catalog.Dynamic:
		return &plan.Const{Typ: to, Value: constJSON(c)}
	case catalog.Long:
		if c.Typ == catalog.Int {
			return &plan.Const{Typ: to, Value: c.Value}
		}
	case catalog.Int:
		if c.Typ == catalog.Long {
			if n := c.Value.(int64); int64(int32(n)) == n {
				return &plan.Const{Typ: to, Value: n}
			}
		}
	case catalog.Real:
		switch c.Typ {
		case catalog.Int, catalog.Long:
			return &plan.Const{Typ: to, Value: float64(c.Value.(int64))}
		}
	case catalog.Decimal:
		switch c.Typ {
		case catalog.Int, catalog.Long:
			return &plan.Const{Typ: to, Value: strconv.FormatInt(c.Value.(int64), 10)}
		case catalog.Real:
			if r := new(big.Rat); r.SetFloat64(c.Value.(float64)) != nil {
				text := strconv.FormatFloat(c.Value.(float64), 'f', -1, 64)
				return &plan.Const{Typ: to, Value: text}
			}
		}
	case catalog.String:
		switch c.Typ {
		case catalog.Int, catalog.Long:
			return &plan.Const{Typ: to, Value: strconv.FormatInt(c.Value.(int64), 10)}
		case catalog.Guid:
			return &plan.Const{Typ: to, Value: c.Value}
		}
	}
	return nil
}

// convertible reports whether the arguments of let functions are converted without being asked for.
func convertible(from, to catalog.Type) bool {
	switch {
	case from == to || from == catalog.Dynamic || to == catalog.Dynamic || to == catalog.String:
		return true
	case from.IsNumber() && to.IsNumber():
		return true
	}
	return false
}

// rank orders the numeric types by what they can hold; 0 for others.
func rank(t catalog.Type) int {
	switch t {
	case catalog.Int:
		return 1
	case catalog.Long:
		return 2
	case catalog.Real:
		return 3
	case catalog.Decimal:
		return 4
	}
	return 0
}

// commonType returns the type that several values can be brought to without loss: numbers widen, and a dynamic gives
// way to any other type. ok is false if there is none.
func commonType(types ...catalog.Type) (common catalog.Type, ok bool) {
	common = catalog.Unknown
	for _, t := range types {
		switch {
		case t == catalog.Unknown || t == common:
		case common == catalog.Unknown || common == catalog.Dynamic:
			common = t
		case t == catalog.Dynamic:
		case rank(t) > 0 && rank(common) > 0:
			if rank(t) > rank(common) {
				common = t
			}
		default:
			return catalog.Unknown, false
		}
	}
	return common, true
}
