package bind

import (
	"slices"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// unionOperator appends tables to in, or begins a query with them where in is nil.
func (b *binder) unionOperator(in *relation, o *syntax.UnionOperator, s *scope) *relation {
	inner, fuzzy, source := false, false, ""
	for _, p := range o.Parameters {
		switch v := optionText(p); p.Name.Text {
		case "kind":
			if v != "inner" && v != "outer" {
				b.report(diag.UnknownOption(p.Value.Pos(), "kind", v, "inner, outer"))
			}
			inner = v == "inner"
		case "isfuzzy":
			fuzzy = isTrue(p)
		case "withsource", "with_source":
			source = v
		}
	}
	var legs []*relation
	if in != nil {
		legs = append(legs, in)
	}
	for _, e := range o.Tables {
		legs = append(legs, b.unionTables(e, fuzzy, s)...)
	}
	if len(legs) == 0 {
		if len(o.Tables) > 0 && !b.diags.HasErrors() {
			b.report(diag.EmptyUnion(o.Pos()))
		}
		return b.broken()
	}
	return b.union(legs, inner, source, o)
}

// unionTables binds one operand: a table, a subquery, or a pattern of table names. A fuzzy union leaves out stored
// tables that do not exist.
func (b *binder) unionTables(e syntax.Expression, fuzzy bool, s *scope) []*relation {
	var list []*relation
	switch e := e.(type) {
	case *syntax.StarExpression:
		return b.unionTables(&syntax.WildcardedName{Span: e.Span, Pattern: "*"}, fuzzy, s)
	case *syntax.WildcardedName:
		for _, name := range b.tableNames() {
			if matchPattern(e.Pattern, name) {
				if r := b.scan(name, e); r != nil {
					list = append(list, r)
				}
			}
		}
		for _, name := range b.views(s) {
			if v := s.lookup(name); matchPattern(e.Pattern, name) {
				list = append(list, b.callTable(v.function, nil, e, s))
			}
		}
		if len(list) == 0 && !fuzzy {
			b.report(diag.UnknownTable(e.Pos(), e.Pattern, ""))
		}
		return list
	}
	if fuzzy && b.missingTable(e, s) {
		return nil
	}
	return []*relation{b.tabular(e, s)}
}

// views lists the let functions that patterns of table names find, sorted.
func (b *binder) views(s *scope) []string {
	list := s.names(func(v *variable) bool { return v.function != nil && v.function.decl.View })
	slices.Sort(list)
	return slices.Compact(list)
}

// missingTable reports whether an operand of a fuzzy union begins with a stored table that does not exist.
func (b *binder) missingTable(e syntax.Expression, s *scope) bool {
	switch e := e.(type) {
	case *syntax.PipeExpression:
		return e.Source != nil && b.missingTable(e.Source, s)
	case *syntax.NameReference:
		if s.lookup(e.Name) != nil {
			return false
		}
		_, ok := b.tables.Table(e.Name)
		return !ok
	case *syntax.FunctionCallExpression:
		if e.Name.Text == "table" && len(e.Arguments) > 0 {
			if l, ok := e.Arguments[0].(*syntax.LiteralExpression); ok && s.lookup(l.Text) == nil {
				_, ok := b.tables.Table(l.Text)
				return !ok
			}
		}
	}
	return false
}

// unionColumn is a column of the result: a name with one type, or one of several types under a name with a suffix.
type unionColumn struct {
	name  string
	typ   catalog.Type
	count int
}

// union makes the node: columns in the order of their first appearance, those with several types split by type.
func (b *binder) union(legs []*relation, inner bool, source string, at syntax.Node) *relation {
	var found []unionColumn
	byName := map[string][]int{}
	for _, leg := range legs {
		for _, c := range leg.cols {
			at := -1
			for _, i := range byName[c.Name] {
				if found[i].typ == c.Type {
					at = i
				}
			}
			if at < 0 {
				at = len(found)
				found = append(found, unionColumn{name: c.Name, typ: c.Type})
				byName[c.Name] = append(byName[c.Name], at)
			}
			found[at].count++
		}
	}
	names := newNameSet(len(found))
	// Names with one type keep it; names that a suffix makes give way to them.
	for _, c := range found {
		if len(byName[c.name]) == 1 {
			names.take(c.name)
		}
	}
	// Each name stands where it appeared first, with all its types.
	var cols []plan.Column
	var origin []unionColumn
	done := map[string]bool{}
	for _, c := range found {
		if done[c.name] {
			continue
		}
		done[c.name] = true
		for _, i := range byName[c.name] {
			if inner && found[i].count < len(legs) {
				continue
			}
			name := c.name
			if len(byName[c.name]) > 1 {
				if !inner {
					name += "_" + found[i].typ.String()
				}
				name = names.unique(name)
			}
			cols = append(cols, plan.Column{Name: name, Type: found[i].typ})
			origin = append(origin, found[i])
		}
	}
	node := &plan.Union{}
	size, open := 0, false
	if source != "" {
		for i := range cols {
			if cols[i].Name == source {
				cols[i].Name = names.unique(source)
			}
		}
		node.Columns = append(node.Columns, plan.Column{Name: source, Type: catalog.String})
	}
	node.Columns = append(node.Columns, cols...)
	for i, leg := range legs {
		r := b.unionLeg(leg, i, cols, origin, source, at)
		node.Sources = append(node.Sources, r.node)
		size += r.size
		open = open || leg.open
	}
	return b.made(node, node.Columns, size, open, at)
}

// unionLeg brings a table to the columns of the union. A table that has them already stays as it is.
func (b *binder) unionLeg(leg *relation, n int, cols []plan.Column, origin []unionColumn, source string, at syntax.Node) *relation {
	same := source == "" && len(cols) == len(leg.cols)
	for i := range cols {
		same = same && cols[i] == leg.cols[i]
	}
	if same {
		return leg
	}
	items := make([]plan.Named, 0, len(cols)+1)
	if source != "" {
		name := leg.source
		if name == "" {
			name = "union_arg" + strconv.Itoa(n)
		}
		items = append(items, plan.Named{Name: source, Expr: &plan.Const{Typ: catalog.String, Value: name}})
	}
	for i, c := range cols {
		var value plan.Expr = nullOf(c.Type)
		if j := leg.find(origin[i].name); j >= 0 && leg.cols[j].Type == c.Type {
			value = leg.ref(j)
		}
		items = append(items, plan.Named{Name: c.Name, Expr: value})
	}
	return b.project(leg, items, at)
}

// isTrue reads a boolean option.
func isTrue(p syntax.NamedParameter) bool { return strings.EqualFold(optionText(p), "true") }
