package bind

import (
	"math"
	"strings"
	"time"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// ticksOf converts an option to datetime ticks.
func ticksOf(t time.Time) int64 {
	ticks, _ := syntax.TicksOf(t)
	return ticks
}

// negate negates a constant; nil if e is none or the value has no negative.
func negate(e plan.Expr) plan.Expr {
	c, ok := e.(*plan.Const)
	if !ok {
		return nil
	}
	switch v := c.Value.(type) {
	case nil:
		return c
	case int64:
		if v != math.MinInt64 {
			return &plan.Const{Typ: c.Typ, Value: -v}
		}
	case float64:
		return &plan.Const{Typ: c.Typ, Value: -v}
	case string:
		if rest, ok := strings.CutPrefix(v, "-"); ok {
			return &plan.Const{Typ: c.Typ, Value: rest}
		}
		return &plan.Const{Typ: c.Typ, Value: "-" + v}
	}
	return nil
}

// foldArithmetic computes times and whole numbers that are known already, so that an engine sees `ago(7d) + 1h` as one
// moment and can choose what to read by it. nil leaves the computation to the engine, as on overflow.
func foldArithmetic(op string, args []plan.Expr, t catalog.Type) plan.Expr {
	if t != catalog.Long && t != catalog.Datetime && t != catalog.Timespan {
		return nil
	}
	a, ok1 := args[0].(*plan.Const)
	c, ok2 := args[1].(*plan.Const)
	if !ok1 || !ok2 {
		return nil
	}
	x, ok1 := a.Value.(int64)
	y, ok2 := c.Value.(int64)
	if !ok1 || !ok2 {
		return nil
	}
	var result int64
	overflow := false
	switch op {
	case "+":
		result = x + y
		overflow = (result > x) != (y > 0) && y != 0
	case "-":
		result = x - y
		overflow = (result < x) != (y > 0) && y != 0
	case "*":
		result = x * y
		overflow = t != catalog.Long
	default:
		return nil
	}
	if overflow && t != catalog.Long {
		return nil // longs wrap around, times do not
	}
	if t == catalog.Datetime && (result < 0 || result > maxDatetime) {
		return nil
	}
	return &plan.Const{Typ: t, Value: result}
}

// maxDatetime is the last tick of the year 9999.
const maxDatetime = 3155378975999999999

// foldCall computes the calls whose value is fixed when the query is bound: now and ago, and conversions of literals.
func (b *binder) foldCall(name string, args []plan.Expr) plan.Expr {
	var value int64
	var text string
	if len(args) > 0 {
		c, ok := args[0].(*plan.Const)
		if !ok || len(args) > 1 || c.Value == nil {
			return nil
		}
		value, _ = c.Value.(int64)
		text, _ = c.Value.(string)
		if c.Typ != catalog.String {
			text = ""
		}
	}
	var ticks int64
	t := catalog.Datetime
	switch name {
	case "now":
		ticks = b.now + value
	case "ago":
		ticks = b.now - value
	case "todatetime":
		var ok bool
		if ticks, ok = syntax.ParseDateTime(text); !ok || text == "" || text[0] == '"' || text[0] == '\'' {
			return nil
		}
	case "totimespan":
		var ok bool
		if ticks, ok = syntax.ParseTimespan(text); !ok {
			return nil
		}
		t = catalog.Timespan
	default:
		return nil
	}
	if t == catalog.Datetime && (ticks < 0 || ticks > maxDatetime) {
		return nil
	}
	return &plan.Const{Typ: t, Value: ticks}
}
