package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// seriesAxis is the axis of a make-series as bound: the values, and how they are cut. From and to are nil if not given.
type seriesAxis struct{ value, from, to, step plan.Expr }

// pointColumn is the axis below the arrays, a name that no query can write.
const pointColumn = "$point"

func (b *binder) makeSeriesOperator(in *relation, o *syntax.MakeSeriesOperator, s *scope) *relation {
	if o.Axis == nil || o.Step == nil {
		return b.broken()
	}
	node := &plan.Series{}
	for _, p := range o.Parameters {
		if p.Name.Text != "kind" {
			continue
		}
		if v := optionText(p); v != "nonempty" {
			b.report(diag.UnknownOption(p.Value.Pos(), "kind", v, "nonempty"))
		} else if len(o.By) > 0 || o.From == nil || o.To == nil {
			b.report(diag.NotSupportedYet(p.Pos(), "kind=nonempty with by, or without from and to"))
		}
		node.NonEmpty = true
	}
	axis, ok := b.seriesAxis(in, o, s)
	if !ok {
		return b.broken()
	}
	in = b.withinAxis(in, axis, o)
	if o.InRange {
		axis.from = b.binned(axis.from, axis.step)
		axis.to = b.sum(b.binned(axis.to, axis.step), axis.step)
	}
	z := &summarizer{b: b, in: in, scope: s, names: newNameSet(len(o.By) + len(o.Aggregates)), aggs: &aggregates{}}
	for _, e := range o.By {
		z.key(e)
	}
	keys := len(z.items)
	for _, a := range o.Aggregates {
		before := len(z.items)
		z.aggregate(a.Expression)
		if len(z.items) != before+1 {
			b.report(diag.NotSupportedYet(a.Pos(), "several columns of one aggregate in make-series"))
			return b.broken()
		}
		v, ok := b.seriesValue(z.items[before], a, s)
		if !ok {
			return b.broken()
		}
		node.Values = append(node.Values, v)
	}
	given, value := split(o.Axis)
	name, derived := b.derivedName(value, &env{scope: s, in: in})
	if given == nil && derived && z.names.given[name] && b.isAggregateName(name, node.Values) {
		b.report(diag.DuplicateColumn(value.Pos(), name))
	}
	node.Out = plan.Column{Name: b.columnName(given, value, &env{scope: s, in: in}, z.names), Type: catalog.Dynamic}

	point := axis.point(b)
	grouped := &plan.Aggregate{Input: in.node, Aggs: z.aggs.list, Keys: append(z.keys, plan.Named{Name: pointColumn, Expr: point})}
	node.Axis = plan.Column{Name: pointColumn, Type: point.Type()}
	items := append(z.items, plan.Named{Name: pointColumn, Expr: refTo(node.Axis)})
	node.Input = &plan.Project{Input: grouped, Items: items}
	node.Keys = make([]plan.Named, keys)
	for i, it := range z.items[:keys] {
		node.Keys[i] = plan.Named{Name: it.Name, Expr: &plan.ColumnRef{Name: it.Name, Typ: it.Expr.Type()}}
	}
	node.From, node.To, node.Step = axis.from, axis.to, axis.step
	b.node(2, o)
	return b.made(node, node.Schema(), in.size+2, false, o)
}

func (b *binder) isAggregateName(name string, values []plan.SeriesValue) bool {
	for _, v := range values {
		if v.Out.Name == name {
			return true
		}
	}
	return false
}

// seriesAxis binds the axis and its ends: two datetimes and a timespan, or timespans, or numbers.
func (b *binder) seriesAxis(in *relation, o *syntax.MakeSeriesOperator, s *scope) (axis seriesAxis, ok bool) {
	_, value := split(o.Axis)
	axis.value = b.scalarExpr(value, &env{scope: s, in: in})
	outside := &env{scope: s, in: &relation{}}
	bind := func(e syntax.Expression) plan.Expr {
		if e == nil {
			return nil
		}
		return b.scalarExpr(e, outside)
	}
	axis.from, axis.to, axis.step = bind(o.From), bind(o.To), bind(o.Step)
	t, step := axis.value.Type(), axis.step.Type()
	types := []catalog.Type{t, step}
	for _, e := range []plan.Expr{axis.from, axis.to} {
		if e != nil {
			types = append(types, e.Type())
		}
	}
	numbers := true
	for _, have := range types {
		if have == catalog.Unknown {
			return axis, false
		}
		numbers = numbers && have.IsNumber()
	}
	if numbers {
		common, _ := commonType(types...)
		if common != catalog.Real && common != catalog.Decimal {
			common = catalog.Long
		} else {
			common = catalog.Real
		}
		for _, e := range []*plan.Expr{&axis.value, &axis.from, &axis.to, &axis.step} {
			if *e != nil {
				*e = b.convert(*e, common)
			}
		}
		return axis, true
	}
	if t != catalog.Datetime && t != catalog.Timespan || step != catalog.Timespan {
		b.report(diag.WrongType(o.Step.Pos(), "the step", "number, or timespan on an axis of times,", step.String()))
		return axis, false
	}
	for _, end := range []struct {
		bound plan.Expr
		e     syntax.Expression
	}{{axis.from, o.From}, {axis.to, o.To}} {
		if end.bound != nil && end.bound.Type() != t {
			b.report(diag.WrongType(end.e.Pos(), "the end of the axis", t.String(), end.bound.Type().String()))
			return axis, false
		}
	}
	return axis, true
}

// withinAxis drops the rows that lie at no point.
func (b *binder) withinAxis(in *relation, axis seriesAxis, at *syntax.MakeSeriesOperator) *relation {
	before := "<"
	if at.InRange {
		before = "<="
	}
	if axis.from == nil && axis.to == nil {
		return b.over(in, &plan.Select{Input: in.node, Predicate: b.functionCall("isnotnull", catalog.Bool, axis.value)}, at)
	}
	for _, end := range []struct {
		op    string
		bound plan.Expr
	}{{">=", axis.from}, {before, axis.to}} {
		if end.bound != nil {
			in = b.over(in, &plan.Select{Input: in.node, Predicate: b.operatorCall(end.op, catalog.Bool, axis.value, end.bound)}, at)
		}
	}
	return in
}

// binned gives bin(value, step).
func (b *binder) binned(value, step plan.Expr) plan.Expr {
	f, _ := b.catalog.Function("bin")
	if c := b.applyTo(f, []plan.Expr{value, step}); c != nil {
		return c
	}
	return unknown()
}

// sum gives value + step.
func (b *binder) sum(value, step plan.Expr) plan.Expr {
	f, _ := b.catalog.Operator("+")
	if c := b.applyTo(f, []plan.Expr{value, step}); c != nil {
		return c
	}
	return unknown()
}

// point is the point of the axis that a row belongs to: counted from the first, or from zero where the data decide.
func (a seriesAxis) point(b *binder) plan.Expr {
	fixed := a.from
	if fixed == nil {
		zero := &plan.Const{Typ: a.value.Type(), Value: int64(0)}
		if zero.Typ == catalog.Real {
			zero.Value = 0.0
		}
		fixed = zero
	}
	f, _ := b.catalog.Function("bin_at")
	args := []plan.Expr{a.value, a.step, fixed}
	o := choose(f, args)
	if o == nil {
		return unknown()
	}
	return &plan.Call{Overload: o, Args: args, Typ: a.value.Type()}
}

// seriesValue binds the default of one array, 0 if none is given.
func (b *binder) seriesValue(item plan.Named, a syntax.SeriesAggregate, s *scope) (plan.SeriesValue, bool) {
	t := item.Expr.Type()
	v := plan.SeriesValue{Value: plan.Column{Name: item.Name, Type: t}, Out: plan.Column{Name: item.Name, Type: catalog.Dynamic}}
	if t == catalog.Unknown {
		return v, false
	}
	if !t.IsNumber() {
		b.report(diag.NotSupportedYet(a.Expression.Pos(), "make-series of "+t.String()+" values"))
		return v, false
	}
	v.Default = &plan.Const{Typ: catalog.Long, Value: int64(0)}
	if a.Default != nil {
		e := b.scalarExpr(a.Default, &env{scope: s, in: &relation{}})
		c, ok := e.(*plan.Const)
		if !ok || !c.Typ.IsNumber() {
			if !isUnknown(e) {
				b.report(diag.ConstantExpected(a.Default.Pos(), "the default, a number,"))
			}
			return v, false
		}
		v.Default = c
	}
	if n, ok := v.Default.Value.(int64); ok && t == catalog.Real {
		v.Default = &plan.Const{Typ: catalog.Real, Value: float64(n)}
	}
	return v, true
}
