package bind

import (
	"sort"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// pivot makes a column of each value of a column, in the order of their texts, with an aggregate of the rows that have
// it: count() unless another is given. https://learn.microsoft.com/kusto/query/pivot-plugin
func (b *binder) pivot(c *pluginCall) *relation {
	args, rest, ok := c.arrange(1, "pivotColumn", "aggregationFunction")
	if !ok {
		return b.broken()
	}
	turned, ok := c.column(c.in, args[0])
	if !ok {
		return b.broken()
	}
	used := map[int]bool{turned: true}
	call := &plan.Call{Typ: catalog.Long}
	f, _ := b.catalog.Function("count")
	call.Overload = f.Overloads[0]
	if args[1] != nil {
		var e *syntax.FunctionCallExpression
		if f, e = b.aggregateOf(args[1], c.scope); f == nil {
			b.report(diag.CannotRun(args[1].Pos(), c.name, "the second argument is an aggregate: count(), sum(column), make_list(column)."))
			return b.broken()
		}
		aggs := &aggregates{}
		made, out := b.aggregate(f, e, &env{scope: c.scope, in: c.in, aggregates: aggs}, newNameSet(0))
		if made == nil {
			return b.broken()
		}
		if len(out) != 1 {
			b.report(diag.CannotRun(args[1].Pos(), c.name, "the aggregate makes several columns."))
			return b.broken()
		}
		call = made
		for _, a := range made.Args {
			plan.Walk(a, func(e plan.Expr) bool {
				if ref, ok := e.(*plan.ColumnRef); ok {
					used[c.in.find(ref.Name)] = true
				}
				return true
			})
		}
	}
	var keys []int
	for _, e := range rest {
		i, ok := c.column(c.in, e)
		if !ok {
			return b.broken()
		}
		keys = append(keys, i)
	}
	if len(rest) == 0 {
		for i := range c.in.cols {
			if !used[i] {
				keys = append(keys, i)
			}
		}
	}
	if c.in.open {
		return b.broken()
	}
	values, types, ok := b.pivotValues(c, turned, keys)
	if !ok {
		return b.broken()
	}
	return b.pivoted(c, turned, keys, call, f.Name, values, types)
}

// pivotValues are the values that become columns: those of the output schema with the types it gives, or those that a
// run over the rows finds.
func (b *binder) pivotValues(c *pluginCall, turned int, keys []int) (values []string, types map[string]catalog.Type, ok bool) {
	if c.op.Schema != nil {
		own := map[string]bool{}
		for _, k := range keys {
			own[c.in.cols[k].Name] = true
		}
		types = map[string]catalog.Type{}
		for _, col := range c.op.Schema {
			if name := col.Column.Name.Text; !col.Star && !own[name] && types[name] == catalog.Unknown {
				values = append(values, name)
				types[name] = b.typeName(col.Column.Type)
			}
		}
		return values, types, true
	}
	in := b.renamed(c.in, []int{turned}, []string{"Value"}, c.op)
	found := b.compose("T | summarize by Value = tostring(Value)", map[string]*relation{"T": in}, nil, c.op)
	rows, ok := b.discover(found, maxPluginColumns, c.name, c.call.Name)
	for _, row := range rows {
		s, _ := row[0].Value.(string)
		values = append(values, s)
	}
	sort.Strings(values)
	return values, nil, ok
}

// pivoted groups by the keys and the value, and then by the keys with a column for each value.
func (b *binder) pivoted(c *pluginCall, turned int, keys []int, call *plan.Call, function string, values []string, types map[string]catalog.Type) *relation {
	const value, cell = "$value", "$cell"
	first := &plan.Aggregate{Input: c.in.node, Aggs: []plan.Aggregation{{Call: call, Out: []plan.Column{{Name: cell, Type: call.Typ}}}}}
	second := &plan.Aggregate{Input: first}
	unique := newNameSet(len(keys) + len(values))
	var items []plan.Named
	for _, k := range keys {
		col := c.in.cols[k]
		first.Keys = append(first.Keys, plan.Named{Name: col.Name, Expr: c.in.ref(k)})
		second.Keys = append(second.Keys, plan.Named{Name: col.Name, Expr: refTo(col)})
		unique.take(col.Name)
		items = append(items, plan.Named{Name: col.Name, Expr: refTo(col)})
	}
	text := plan.Column{Name: value, Type: catalog.String}
	first.Keys = append(first.Keys, plan.Named{Name: value, Expr: b.convert(c.in.ref(turned), catalog.String)})
	pick, _ := b.catalog.Function("take_anyif")
	result := plan.Column{Name: cell, Type: call.Typ}
	empty := emptyCell(function, call.Typ)
	for i, v := range values {
		is := b.operatorCall("==", catalog.Bool, refTo(text), &plan.Const{Typ: catalog.String, Value: v})
		out := plan.Column{Name: "$" + strconv.Itoa(i), Type: call.Typ}
		second.Aggs = append(second.Aggs, plan.Aggregation{Call: &plan.Call{Overload: pick.Overloads[0], Args: []plan.Expr{refTo(result), is}, Typ: call.Typ}, Out: []plan.Column{out}})
		e := plan.Expr(refTo(out))
		if empty != nil {
			e = b.functionCall("coalesce", call.Typ, e, empty)
		}
		if types != nil {
			e = b.convert(e, types[v])
		}
		name := v
		if name == "" {
			name = "Column1"
		}
		items = append(items, plan.Named{Name: unique.unique(name), Expr: e})
	}
	b.node(2, c.op)
	cols := make([]plan.Column, len(items))
	for i, it := range items {
		cols[i] = plan.Column{Name: it.Name, Type: it.Expr.Type()}
	}
	return b.made(&plan.Project{Input: second, Items: items}, cols, c.in.size+2, false, c.op)
}

// emptyCell is what stands in a column for keys that no row has with its value; nil for null.
func emptyCell(function string, t catalog.Type) *plan.Const {
	switch {
	case strings.HasPrefix(function, "make_list"), strings.HasPrefix(function, "make_set"):
		return &plan.Const{Typ: catalog.Dynamic, Value: "[]"}
	case strings.HasPrefix(function, "make_bag"):
		return &plan.Const{Typ: catalog.Dynamic, Value: "{}"}
	case function == "count", function == "sum", function == "dcount", function == "countif", function == "sumif", function == "dcountif", function == "count_distinct":
		switch t {
		case catalog.Real:
			return &plan.Const{Typ: t, Value: 0.0}
		case catalog.Decimal:
			return &plan.Const{Typ: t, Value: "0"}
		}
		return &plan.Const{Typ: t, Value: int64(0)}
	}
	return nil
}

// narrow makes a row of each cell: the number of its row from 0, its column, its value as text.
// https://learn.microsoft.com/kusto/query/narrow-plugin
func (b *binder) narrow(c *pluginCall) *relation {
	if c.tooMany(c.call.Arguments, 0) || c.in.open {
		return b.broken()
	}
	if len(c.in.cols) == 0 {
		b.report(diag.TableWithoutColumns(c.call.Pos()))
		return b.broken()
	}
	names := make([]plan.Expr, len(c.in.cols))
	values := make([]plan.Expr, len(c.in.cols))
	for i, col := range c.in.cols {
		names[i] = &plan.Const{Typ: catalog.String, Value: col.Name}
		values[i] = b.convert(c.in.ref(i), catalog.String)
	}
	number, _ := b.catalog.Function("row_number")
	zero := &plan.Const{Typ: catalog.Long, Value: int64(0)}
	r := b.project(c.in, []plan.Named{
		{Name: "Row", Expr: &plan.Call{Overload: number.Overloads[0], Args: []plan.Expr{zero}, Typ: catalog.Long}},
		{Name: "Column", Expr: b.functionCall("pack_array", catalog.Dynamic, names...)},
		{Name: "Value", Expr: b.functionCall("pack_array", catalog.Dynamic, values...)},
	}, c.op)
	node := &plan.Unnest{Input: r.node}
	for _, name := range []string{"Column", "Value"} {
		node.Items = append(node.Items, plan.UnnestItem{Expr: &plan.ColumnRef{Name: name, Typ: catalog.Dynamic}, Column: plan.Column{Name: name, Type: catalog.String}})
	}
	return b.made(node, node.Schema(), r.size, false, c.op)
}
