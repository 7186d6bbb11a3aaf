package bind

import (
	"reflect"
	"strconv"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// packColumn is the bag of the columns that have none of their own.
const packColumn = "pack_"

// findOperator filters each table by itself, in which a column that it lacks is null, and brings the rows to common
// columns.
func (b *binder) findOperator(o *syntax.FindOperator, s *scope) *relation {
	source := "source_"
	for _, p := range o.Parameters {
		if p.Name.Text != "datascope" {
			source = optionText(p)
		}
	}
	tables := o.Tables
	if tables == nil {
		tables = []syntax.Expression{&syntax.WildcardedName{Span: o.Span, Pattern: "*"}}
	}
	var legs []*relation
	for _, e := range tables {
		legs = append(legs, b.unionTables(e, false, s)...)
	}
	names, terms := map[string]bool{}, false
	mentioned(reflect.ValueOf(o.Predicate), names, &terms)
	isTerm(o.Predicate, &terms)
	legs = concerned(legs, names, terms)
	if len(legs) == 0 || o.Predicate == nil {
		if !b.diags.HasErrors() {
			b.report(diag.EmptyUnion(o.Pos()))
		}
		return b.broken()
	}
	out := b.findColumns(legs, names, o)
	if out == nil {
		return b.broken()
	}
	node := &plan.Union{Columns: []plan.Column{{Name: source, Type: catalog.String}}}
	packed := o.Pack
	for _, c := range out {
		node.Columns = append(node.Columns, plan.Column{Name: c.name, Type: c.typ})
	}
	if o.Project == nil {
		for _, leg := range legs {
			packed = packed || len(rest(leg, out)) > 0
		}
	}
	if packed {
		node.Columns = append(node.Columns, plan.Column{Name: packColumn, Type: catalog.Dynamic})
	}
	size, open := 0, false
	for i, leg := range legs {
		before := len(b.diags)
		found := b.findRows(leg, legs, names, o, s)
		if len(b.diags) > before && b.diags.HasErrors() {
			return b.broken()
		}
		r := b.findLeg(found, i, out, packed, source, o)
		node.Sources = append(node.Sources, r.node)
		size += r.size
		open = open || leg.open
	}
	return b.made(node, node.Columns, size, open, o)
}

// mentioned collects the names in a predicate; terms is set if it looks into all columns.
func mentioned(v reflect.Value, names map[string]bool, terms *bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return
		}
		switch e := v.Interface().(type) {
		case *syntax.NameReference:
			names[e.Name] = true
		case *syntax.StarExpression:
			*terms = true
		case *syntax.PipeExpression:
			return
		case *syntax.LogicalExpression:
			for _, operand := range e.Operands {
				isTerm(operand, terms)
			}
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				mentioned(v.Field(i), names, terms)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			mentioned(v.Index(i), names, terms)
		}
	}
}

// isTerm sets terms if an operand is a text by itself.
func isTerm(e syntax.Expression, terms *bool) {
	if l, ok := e.(*syntax.LiteralExpression); ok && l.Kind == syntax.StringLiteral {
		*terms = true
	}
}

// concerned leaves out the tables that have none of the columns of the predicate.
func concerned(legs []*relation, names map[string]bool, terms bool) []*relation {
	if terms || len(names) == 0 {
		return legs
	}
	var list []*relation
	for _, leg := range legs {
		has := leg.open
		for name := range names {
			has = has || leg.find(name) >= 0
		}
		if has {
			list = append(list, leg)
		}
	}
	if list == nil {
		return legs // the unknown name is reported when the predicate is bound
	}
	return list
}

// findColumn is a column of the result: the columns called source of the tables, of type from, or of any type where
// cast is set.
type findColumn struct {
	name, source string
	typ, from    catalog.Type
	cast         bool
}

// findColumns says which columns the result has; nil if one that is asked for is in no table.
func (b *binder) findColumns(legs []*relation, names map[string]bool, o *syntax.FindOperator) []findColumn {
	types := func(name string) (list []catalog.Type) {
	next:
		for _, leg := range legs {
			if i := leg.find(name); i >= 0 {
				for _, t := range list {
					if t == leg.cols[i].Type {
						continue next
					}
				}
				list = append(list, leg.cols[i].Type)
			}
		}
		return list
	}
	split := func(out []findColumn, name string) []findColumn {
		list := types(name)
		for _, t := range list {
			c := findColumn{name: name, source: name, typ: t, from: t}
			if len(list) > 1 {
				c.name += "_" + t.String()
			}
			out = append(out, c)
		}
		return out
	}
	var out []findColumn
	if o.Project != nil {
		out = []findColumn{}
		for _, c := range o.Project {
			list := types(c.Name.Text)
			switch {
			case c.Type.Text != "":
				out = append(out, findColumn{name: c.Name.Text, source: c.Name.Text, typ: b.typeName(c.Type), cast: true})
			case len(list) == 0 && !legs[0].open:
				b.report(diag.UnknownColumn(c.Name.Pos(), c.Name.Text, diag.Nearest(c.Name.Text, legs[0].columnNames())))
				return nil
			case len(list) > 1:
				b.report(diag.NoCommonType(c.Pos(), "find", typeNames(list)))
				return nil
			default:
				out = split(out, c.Name.Text)
			}
		}
		return out
	}
	out = []findColumn{}
	common := map[string]bool{}
	for _, c := range legs[0].cols {
		all := true
		for _, leg := range legs[1:] {
			i := leg.find(c.Name)
			all = all && i >= 0 && leg.cols[i].Type == c.Type
		}
		if all {
			out = append(out, findColumn{name: c.Name, source: c.Name, typ: c.Type, from: c.Type})
			common[c.Name] = true
		}
	}
	for _, leg := range legs {
		for _, c := range leg.cols {
			if names[c.Name] && !common[c.Name] {
				out = split(out, c.Name)
				common[c.Name] = true
			}
		}
	}
	return out
}

func typeNames(list []catalog.Type) string {
	s := ""
	for i, t := range list {
		if i > 0 {
			s += ", "
		}
		s += t.String()
	}
	return s
}

// rest lists the columns of a table that the result has no column for.
func rest(leg *relation, out []findColumn) []int {
	has := map[string]bool{}
	for _, c := range out {
		has[c.source] = true
	}
	var list []int
	for i, c := range leg.cols {
		if !has[c.Name] {
			list = append(list, i)
		}
	}
	return list
}

// findRows filters one table: the columns that only others have are null in it.
func (b *binder) findRows(leg *relation, legs []*relation, names map[string]bool, o *syntax.FindOperator, s *scope) *relation {
	var missing []plan.Named
	for _, other := range legs {
		for _, c := range other.cols {
			if !names[c.Name] || leg.find(c.Name) >= 0 {
				continue
			}
			known := false
			for _, m := range missing {
				known = known || m.Name == c.Name
			}
			if !known {
				missing = append(missing, plan.Named{Name: c.Name, Expr: nullOf(c.Type)})
			}
		}
	}
	row := leg
	if len(missing) > 0 {
		row = b.project(leg, append(passing(leg, len(missing)), missing...), o)
		row.open = leg.open
	}
	predicate := b.searchPredicate(o.Predicate, &env{scope: s, in: row}, false)
	r := b.over(row, &plan.Select{Input: row.node, Predicate: predicate}, o)
	r.source = leg.source
	if len(missing) > 0 {
		list := make([]int, len(leg.cols))
		for i := range list {
			list[i] = i
		}
		r = b.pick(r, list, o)
		r.source = leg.source
	}
	return r
}

// findLeg brings the rows of a table to the columns of the result.
func (b *binder) findLeg(leg *relation, n int, out []findColumn, packed bool, source string, o *syntax.FindOperator) *relation {
	name := leg.source
	if name == "" {
		name = "union_arg" + strconv.Itoa(n)
	}
	items := []plan.Named{{Name: source, Expr: &plan.Const{Typ: catalog.String, Value: name}}}
	for _, c := range out {
		var value plan.Expr = nullOf(c.typ)
		if i := leg.find(c.source); i >= 0 && (c.cast || leg.cols[i].Type == c.from) {
			value = b.convert(leg.ref(i), c.typ)
		}
		items = append(items, plan.Named{Name: c.name, Expr: value})
	}
	if packed {
		list := rest(leg, out)
		if o.Project != nil {
			list = list[:0:0]
			for i := range leg.cols {
				list = append(list, i)
			}
		}
		var args []plan.Expr
		for _, i := range list {
			args = append(args, &plan.Const{Typ: catalog.String, Value: leg.cols[i].Name}, leg.ref(i))
		}
		items = append(items, plan.Named{Name: packColumn, Expr: b.functionCall("bag_pack", catalog.Dynamic, args...)})
	}
	return b.project(leg, items, o)
}
