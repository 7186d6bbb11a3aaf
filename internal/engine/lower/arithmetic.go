package lower

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// Sums, differences and products of longs, and sums and differences of timespans, wrap around as in Kusto, where DuckDB stops the query. A tree of them is
// computed as it stands while its operands are small enough that nothing can overflow, which is told from their bounds,
// and in 128 bits else.

// arithmetic is a tree of +, - and * over longs.
type arithmetic struct {
	op          string // "" for an operand
	left, right *arithmetic
	sql         string
	bound       float64 // of an operand whose size is known; 0 if it is not
	cheap       bool    // may be computed more than once
}

// smallResults are the functions whose longs are small whatever they are given.
var smallResults = map[string]bool{
	"strlen": true, "string_size": true, "array_length": true, "countof": true, "indexof": true, "indexof_regex": true,
	"bitset_count_ones": true, "strcmp": true, "has_any_index": true, "row_number": true,
}

// maxCopies is how deep trees may stand in operands of trees and still be written out several times.
const maxCopies = 2

// lowerArithmetic lowers a tree as a whole: where sizes are known as it stands, where operands may not be computed twice
// in 128 bits at once, else by the bounds of its operands.
func lowerArithmetic(l *lowerer, c *plan.Call, sc scope) (string, error) {
	l.arithmetic++
	defer func() { l.arithmetic-- }()
	t, err := l.arithmeticTree(c, sc)
	if err != nil {
		return "", err
	}
	if t.size(0) <= math.MaxInt64/2 && t.known() {
		return t.plain(), nil
	}
	wrapped := "CAST(kql_wrap(" + t.wide() + ") AS BIGINT)"
	if !t.repeatable() || l.arithmetic > maxCopies || t.size(1) > math.MaxInt64/2 {
		return wrapped, nil
	}
	bits := 62
	for bits > 0 && t.size(math.Ldexp(1, bits)) > math.MaxInt64/2 {
		bits--
	}
	small, there := "", ""
	limit := strconv.FormatInt(int64(1)<<bits, 10)
	t.operands(func(o *arithmetic) {
		if o.bound == 0 {
			if small != "" {
				small, there = small+" AND ", there+" AND "
			}
			small += o.sql + " BETWEEN -" + limit + " AND " + limit
			there += o.sql + " IS NOT NULL"
		}
	})
	return "CASE WHEN " + small + " THEN " + t.plain() + " WHEN " + there + " THEN " + wrapped + " END", nil
}

var arithmeticOperators = map[string]string{
	"add.long": "+", "sub.long": "-", "mul.long": "*", "neg.long": "-", "add.timespan": "+", "sub.timespan": "-", "neg.timespan": "-",
}

func (l *lowerer) arithmeticTree(e plan.Expr, sc scope) (*arithmetic, error) {
	if c, ok := e.(*plan.Call); ok {
		if op := arithmeticOperators[c.Overload.ID]; op != "" {
			t := &arithmetic{op: op, left: &arithmetic{sql: "0::BIGINT", bound: 1, cheap: true}}
			args := c.Args
			var err error
			if len(args) == 2 {
				if t.left, err = l.arithmeticTree(args[0], sc); err != nil {
					return nil, err
				}
				args = args[1:]
			}
			t.right, err = l.arithmeticTree(args[0], sc)
			return t, err
		}
	}
	s, err := l.expr(e, sc)
	if err != nil {
		return nil, err
	}
	o := &arithmetic{sql: widen(s, e.Type(), catalog.Long)}
	switch e := e.(type) {
	case *plan.Const:
		o.cheap = true
		if v, ok := e.Value.(int64); ok {
			o.bound = max(math.Abs(float64(v)), 1)
		}
	case *plan.ColumnRef:
		o.cheap = true
	case *plan.Call:
		if e.Overload.ID == "sub.datetimes" {
			o.bound = MaxTicks
		}
		if smallResults[e.Overload.Func.Name] {
			o.bound = 1 << 40
		}
		if e.Overload.ID == "mod.long" {
			if k, ok := e.Args[1].(*plan.Const); ok {
				v, _ := k.Value.(int64)
				o.bound = math.Abs(float64(v))
			}
		}
	}
	if o.bound == 0 && e.Type() == catalog.Int {
		o.bound = 1 << 31
	}
	return o, nil
}

func (t *arithmetic) operands(visit func(o *arithmetic)) {
	if t.op == "" {
		visit(t)
		return
	}
	t.left.operands(visit)
	t.right.operands(visit)
}

// known says whether the size of every operand is known.
func (t *arithmetic) known() bool {
	all := true
	t.operands(func(o *arithmetic) { all = all && o.bound > 0 })
	return all
}

func (t *arithmetic) repeatable() bool {
	all := true
	t.operands(func(o *arithmetic) { all = all && o.cheap })
	return all
}

// size is the greatest absolute value that the tree, or a part of it, can have where unknown operands are within a bound.
func (t *arithmetic) size(unknown float64) float64 {
	switch t.op {
	case "":
		if t.bound > 0 {
			return t.bound
		}
		return unknown
	case "*":
		x, y := t.left.size(unknown), t.right.size(unknown)
		return max(x*y, x, y)
	}
	return t.left.size(unknown) + t.right.size(unknown)
}

func (t *arithmetic) plain() string {
	if t.op == "" {
		return t.sql
	}
	return "(" + t.left.plain() + " " + t.op + " " + t.right.plain() + ")"
}

// wide computes in 128 bits. Sums of longs are far from filling them; the operands and the result of a product are
// brought back to 64.
func (t *arithmetic) wide() string {
	switch t.op {
	case "":
		return "CAST(" + t.sql + " AS HUGEINT)"
	case "*":
		return "kql_wrap(" + t.left.factor() + " * " + t.right.factor() + ")"
	}
	return "(" + t.left.wide() + " " + t.op + " " + t.right.wide() + ")"
}

func (t *arithmetic) factor() string {
	if t.op == "" || t.op == "*" {
		return t.wide()
	}
	return "kql_wrap(" + t.wide() + ")"
}

// half is how far numbers go whose sums and differences fit.
const half = 1 << 62

// lowerModulo makes the remainder that is never negative.
func lowerModulo(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	return modulo(args[0], args[1], c.Args[0], c.Args[1]), nil
}

// modulo is the remainder of a and b, the SQL of x and y. A width of -1 has none, and one that is not known may be too
// great for the sum in it.
func modulo(a, b string, x, y plan.Expr) string {
	fast := "kql_mod(" + a + ", " + b + ")"
	wide := "CAST(kql_mod(CAST(" + a + " AS HUGEINT), CAST(" + b + " AS HUGEINT)) AS BIGINT)"
	if k, ok := y.(*plan.Const); ok {
		switch v, _ := k.Value.(int64); {
		case v == -1:
			return "kql_mod(" + a + ", 1)"
		case v >= -half && v <= half:
			return fast
		}
		return wide
	}
	_, plain := x.(*plan.ColumnRef)
	if _, both := y.(*plan.ColumnRef); !plain || !both {
		return wide
	}
	return "CASE WHEN " + b + " BETWEEN 0 AND " + strconv.Itoa(half) + " THEN " + fast + " ELSE " + wide + " END"
}

// lowerBin makes bin and bin_at; where the width is not known its size may not fit, and all is computed in 128 bits.
func lowerBin(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	wide := true
	if k, ok := c.Args[1].(*plan.Const); ok {
		v, _ := k.Value.(int64)
		wide = v < -half || v > half
	}
	if wide || len(args) == 3 {
		for i := range args {
			args[i] = "CAST(" + args[i] + " AS HUGEINT)"
		}
	}
	s := "kql_bin(" + args[0] + ", " + args[1] + ")"
	if len(args) == 3 {
		s = "(kql_bin(" + args[0] + " - " + args[2] + ", " + args[1] + ") + " + args[2] + ")"
	}
	if wide || len(args) == 3 {
		s = "CAST(" + s + " AS BIGINT)"
	}
	return s, nil
}

// overflowing are the overloads whose result may be out of the range of its type; it is null then.
var overflowing = map[string]bool{
	"add.datetime": true, "add.datetime2": true, "sub.datetime": true, "div.long": true, "abs.long": true, "abs.timespan": true,
	"bin.long": true, "bin.timespan": true, "bin.datetime": true, "bin.datetimelong": true, "bin_at.long": true, "bin_at.datetime": true, "bin_at.timespan": true,
	"datetime_add": true, "datetime_diff": true, "add.decimal": true, "sub.decimal": true, "mul.decimal": true, "abs.decimal": true,
	"around.long": true, "around.datetime": true, "around.timespan": true, "around.decimal": true, "now": true, "ago": true, "substring": true,
	"startofday": true, "startofweek": true, "startofmonth": true, "startofyear": true, "endofday": true, "endofweek": true, "endofmonth": true, "endofyear": true,
}

// farEnough is a span in ticks, of 3,000 years, that can be added to any datetime.
const farEnough = 3000 * 366 * ticksPerDay

// inRange says whether the arguments of an overflowing overload show that its result fits.
func inRange(c *plan.Call) bool {
	known := func(i int) (int64, bool) {
		k, ok := c.Args[i].(*plan.Const)
		if !ok {
			return 0, false
		}
		v, ok := k.Value.(int64)
		return v, ok || k.Value == nil
	}
	near := func(i int) bool {
		v, ok := known(i)
		return ok && v >= -farEnough && v <= farEnough
	}
	switch c.Overload.ID {
	case "now", "ago":
		return len(c.Args) == 0 || near(0)
	case "startofday", "startofweek", "startofmonth", "startofyear", "endofday", "endofweek", "endofmonth", "endofyear":
		if len(c.Args) == 1 {
			return true
		}
		v, ok := known(1)
		return ok && v >= -1000 && v <= 1000
	case "add.datetime", "sub.datetime", "bin.datetime", "bin.datetimelong":
		return near(1)
	case "add.datetime2":
		return near(0)
	case "div.long":
		v, ok := known(1)
		return ok && v != -1
	case "abs.long", "bin.long":
		return c.Args[0].Type() == catalog.Int && (len(c.Args) < 2 || near(1))
	case "substring":
		return near(1)
	case "datetime_diff":
		name, _ := constText(c, 0)
		return !strings.EqualFold(name, "nanosecond")
	}
	return false
}

// guarded lowers a call that may overflow, with null in place of what does not fit. DuckDB tries no expression with a
// subquery or chance in it: these are computed before, once for each row, and handed in by a lambda.
func (l *lowerer) guarded(c *plan.Call, sc scope) (string, error) {
	if inRange(c) {
		return l.call(c, sc)
	}
	var before []plan.Expr
	plain := false
	plan.Walk(c, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Scalar, *plan.InQuery, *plan.HasQuery:
			before = append(before, e)
			return false
		case *plan.Call:
			// What a query asserts must be told, and only where it is asked. Windows that are left here have no row to
			// stand in.
			plain = plain || e.Overload.Func.Name == "assert" || e.Overload.Func.Kind == catalog.Window
			if untried[e.Overload.Func.Name] {
				before = append(before, e)
				return false
			}
		}
		return true
	})
	if plain {
		return l.call(c, sc)
	}
	var expr plan.Expr = c
	var fields []string
	name := fmt.Sprintf("g%d", l.guards)
	for i, e := range before {
		s, err := l.expr(e, sc)
		if err != nil {
			return "", err
		}
		field := fmt.Sprintf("s%d", i)
		fields = append(fields, field+" := "+s)
		column := plan.Column{Name: "$$" + name + field, Type: e.Type()}
		sc = append(sc[:len(sc):len(sc)], scopeColumn{column, name + "." + field})
		expr = replaceExpr(expr, e, &plan.ColumnRef{Name: column.Name, Typ: column.Type})
	}
	l.guards++
	s, err := l.call(expr.(*plan.Call), sc)
	s = "TRY(" + s + ")"
	// DuckDB computes what stands twice in a projection beforehand, out of a TRY too, but not out of a CASE.
	if t := c.Type(); t != catalog.Bool && t != catalog.String {
		for _, a := range c.Args {
			if ref, ok := a.(*plan.ColumnRef); ok && ref.Typ != catalog.String {
				if col, ok := sc.find(ref.Name); ok {
					s = "CASE WHEN " + col.sql + " IS NOT NULL THEN " + s + " END"
					break
				}
			}
		}
	}
	if c.Type() == catalog.Datetime {
		s = "kql_tick(" + s + ")"
	}
	if err != nil || fields == nil {
		return s, err
	}
	return "list_transform([struct_pack(" + strings.Join(fields, ", ") + ")], " + name + " -> " + s + ")[1]", nil
}

// untried are the functions of chance, which TRY may not stand around.
var untried = map[string]bool{"rand": true, "new_guid": true}
