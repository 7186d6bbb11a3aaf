package lower

import (
	"fmt"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// hasSubquery says whether an expression asks a query of its own.
func hasSubquery(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		_, scalar := e.(*plan.Scalar)
		found = found || scalar
		return !found
	})
	return found
}

// unnest lowers mv-expand with DuckDB's unnest in a select list, which pads the shorter lists with NULL.
func (l *lowerer) unnest(n *plan.Unnest, nd need) (*block, error) {
	childNeed := need{}
	replaced := map[string]bool{n.IndexColumn: n.IndexColumn != ""}
	for _, it := range n.Items {
		childNeed = childNeed.exprNeeds(it.Expr)
		replaced[it.Column.Name] = true
	}
	schema := n.Schema()
	for _, c := range schema {
		if nd.has(c.Name) && !replaced[c.Name] {
			childNeed[c.Name] = true
		}
	}
	b, err := l.node(n.Input, childNeed, everything)
	if err != nil {
		return nil, err
	}
	b = b.wrap()

	// Lists first, one per item, then the unnest above them: each list is named twice there.
	inner := scope{}
	var innerSel []string
	for _, c := range b.cols {
		if !replaced[c.Name] {
			inner = append(inner, c)
			innerSel = append(innerSel, c.sql)
		}
	}
	lists := map[string]string{}
	var longest []string
	for i, it := range n.Items {
		s, err := l.expr(it.Expr, b.cols)
		if err != nil {
			return nil, err
		}
		if hasSubquery(it.Expr) {
			// DuckDB takes no subquery inside the lambda that takes a bag apart: make it a column first.
			sel, cols := passThrough(b)
			value := Ident(fmt.Sprintf("$item%d", i))
			b = &block{from: b.from, where: b.where, ordered: b.ordered, sel: append(sel, s), cols: append(cols, scopeColumn{plan.Column{Name: value}, value})}
			b, s = b.wrap(), value
		}
		name := Ident("$list" + string(rune('a'+i%26)) + string(rune('0'+i/26)))
		list := "kql_expand(" + s + ")"
		if n.BagArrays {
			list = "kql_expand_pairs(" + s + ")"
		}
		if n.Limit != nil {
			lim, err := l.expr(n.Limit, nil)
			if err != nil {
				return nil, err
			}
			list = "list_slice(" + list + ", 1, " + lim + ")"
		}
		innerSel = append(innerSel, list)
		inner = append(inner, scopeColumn{plan.Column{Name: name}, name})
		lists[it.Column.Name] = name
		longest = append(longest, "len("+name+")")
	}
	mid := &block{from: "(" + (&block{from: b.from, cols: inner, sel: innerSel, where: b.where}).sql() + ")", cols: inner, ordered: b.ordered}

	var cols []plan.Column
	var sel []string
	for _, c := range schema {
		switch {
		case c.Name == n.IndexColumn && n.IndexColumn != "":
			cols = append(cols, c)
			sel = append(sel, "unnest(generate_series(0, "+expand("greatest($*)", longest)+" - 1))")
		case lists[c.Name] != "":
			cols = append(cols, plan.Column{Name: c.Name, Type: catalog.Dynamic})
			sel = append(sel, "unnest("+lists[c.Name]+")")
		case nd.has(c.Name):
			col, _ := mid.cols.find(c.Name)
			cols = append(cols, c)
			sel = append(sel, col.sql)
		}
	}
	out := &block{from: mid.from, cols: newScope(cols), sel: sel, ordered: b.ordered}
	out = out.wrap()

	// Elements as the types asked for.
	final := make([]string, len(cols))
	for i, c := range out.cols {
		final[i] = c.sql
		for _, it := range n.Items {
			if it.Column.Name == c.Name {
				final[i] = convert("nullif("+c.sql+", 'null')", catalog.Dynamic, it.Column.Type)
				if t := it.Column.Type; t == catalog.Bool || t.IsNumber() {
					// A cast, no conversion: text does not become a number.
					final[i] = "CASE WHEN NOT starts_with(" + c.sql + ", '\"') THEN " + final[i] + " END"
				}
				cols[i].Type = it.Column.Type
			}
		}
	}
	out.sel, out.cols = final, newScope(cols)
	return out, nil
}
