package plan

import (
	"fmt"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
)

// String prints a plan as an indented tree, the root first: operator, what it does, its schema. A shared subplan is
// printed where it is met first.
func (q *Query) String() string {
	p := printer{seen: map[*Shared]bool{}}
	p.node(q.Root, 0)
	if q.Render != nil {
		fmt.Fprintf(&p.b, "render %s\n", q.Render.Kind)
	}
	for _, more := range q.More {
		fmt.Fprintf(&p.b, "result %s\n%s", more.Name, more)
	}
	return p.b.String()
}

type printer struct {
	b    strings.Builder
	seen map[*Shared]bool
}

func (p *printer) node(n Node, depth int) {
	fmt.Fprintf(&p.b, "%s%s\n", strings.Repeat("  ", depth), p.describe(n))
	if s, ok := n.(*Shared); ok {
		if p.seen[s] {
			return
		}
		p.seen[s] = true
	}
	for _, in := range n.Inputs() {
		p.node(in, depth+1)
	}
}

func (p *printer) describe(n Node) string {
	switch n := n.(type) {
	case *Scan:
		return fmt.Sprintf("scan %s (%d columns)", n.Table, len(n.Columns))
	case *Values:
		return fmt.Sprintf("values %d rows %s", len(n.Rows), columnList(n.Columns))
	case *Sequence:
		return fmt.Sprintf("sequence %s from %s to %s by %s", n.Column.Name, ExprString(n.From), ExprString(n.To), ExprString(n.Step))
	case *Select:
		return "select " + ExprString(n.Predicate)
	case *Project:
		return "project " + namedList(n.Items)
	case *Aggregate:
		parts := make([]string, len(n.Aggs))
		for i, a := range n.Aggs {
			names := make([]string, len(a.Out))
			for j, c := range a.Out {
				names[j] = c.Name
			}
			parts[i] = strings.Join(names, ",") + "=" + ExprString(a.Call)
		}
		return "aggregate [" + strings.Join(parts, ", ") + "] by [" + namedList(n.Keys) + "]"
	case *Series:
		return fmt.Sprintf("series on %s from %s to %s step %s by [%s]", n.Axis.Name, ExprString(n.From), ExprString(n.To), ExprString(n.Step), namedList(n.Keys))
	case *Join:
		keys := make([]string, len(n.On))
		for i, k := range n.On {
			keys[i] = ExprString(k.Left) + " == " + ExprString(k.Right)
		}
		return "join " + string(n.Kind) + " on " + strings.Join(keys, " and ") + " " + columnList(n.Schema())
	case *Union:
		return "union " + columnList(n.Columns)
	case *Sort:
		keys := make([]string, len(n.Keys))
		for i, k := range n.Keys {
			keys[i] = ExprString(k.Expr) + map[bool]string{true: " desc", false: " asc"}[k.Desc] + map[bool]string{true: " nulls first", false: " nulls last"}[k.NullsFirst]
		}
		return "sort " + strings.Join(keys, ", ")
	case *Limit:
		if len(n.Per) > 0 {
			return "limit " + ExprString(n.Count) + " per " + strings.Join(n.Per, ", ")
		}
		if n.Random {
			return "sample " + ExprString(n.Count)
		}
		return "limit " + ExprString(n.Count)
	case *Unnest:
		parts := make([]string, len(n.Items))
		for i, it := range n.Items {
			parts[i] = it.Column.Name + ":" + it.Column.Type.String() + "=" + ExprString(it.Expr)
		}
		return "unnest " + strings.Join(parts, ", ")
	case *Parse:
		return fmt.Sprintf("parse %s %s", n.Mode, ExprString(n.Source))
	case *Shared:
		return fmt.Sprintf("shared #%d %s", n.ID, n.Name)
	case *Serialize:
		return "serialize"
	case *Match:
		parts := make([]string, len(n.Where))
		for i, e := range n.Where {
			parts[i] = ExprString(e)
		}
		return fmt.Sprintf("match %d paths where %s project %s", len(n.Paths), strings.Join(parts, " and "), namedList(n.Items))
	case *Steps:
		parts := make([]string, len(n.Steps))
		for i, s := range n.Steps {
			parts[i] = s.Name + " (" + s.Output + "): " + ExprString(s.Condition) + " => " + namedList(s.Assign)
		}
		return "steps " + strings.Join(parts, "; ")
	case *Components:
		return "components " + n.Column
	}
	return fmt.Sprintf("%T", n)
}

func columnList(cols []Column) string {
	parts := make([]string, len(cols))
	for i, c := range cols {
		parts[i] = c.Name + ":" + c.Type.String()
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func namedList(items []Named) string {
	parts := make([]string, len(items))
	for i, it := range items {
		if r, ok := it.Expr.(*ColumnRef); ok && r.Name == it.Name {
			parts[i] = it.Name
			continue
		}
		parts[i] = it.Name + "=" + ExprString(it.Expr)
	}
	return strings.Join(parts, ", ")
}

// ExprString prints an expression: calls by overload id, constants with their type where it is not plain.
func ExprString(e Expr) string {
	switch e := e.(type) {
	case *Const:
		return constString(e)
	case *ColumnRef:
		return e.Name
	case *Call:
		parts := make([]string, len(e.Args))
		for i, a := range e.Args {
			parts[i] = ExprString(a)
		}
		return e.Overload.ID + "(" + strings.Join(parts, ", ") + ")"
	case *Path:
		s := ExprString(e.Base)
		for _, st := range e.Steps {
			if st.Index != nil {
				s += "[" + ExprString(st.Index) + "]"
			} else {
				s += "." + st.Key
			}
		}
		return s
	case *Scalar:
		return "scalar(" + subquery(e.Input) + ")"
	case *InQuery:
		return ExprString(e.Value) + " in (" + subquery(e.Input) + ")"
	case *HasQuery:
		return ExprString(e.Value) + " has (" + subquery(e.Input) + ")"
	case nil:
		return "nil"
	}
	return fmt.Sprintf("%T", e)
}

func subquery(n Node) string {
	p := printer{seen: map[*Shared]bool{}}
	p.node(n, 0)
	return strings.ReplaceAll(strings.TrimRight(p.b.String(), "\n"), "\n", " / ")
}

func constString(c *Const) string {
	if c.Value == nil {
		return c.Typ.String() + "(null)"
	}
	switch v := c.Value.(type) {
	case string:
		if c.Typ == catalog.String {
			return strconv.Quote(v)
		}
		return c.Typ.String() + "(" + v + ")"
	case int64:
		if c.Typ == catalog.Long {
			return strconv.FormatInt(v, 10)
		}
		return c.Typ.String() + "(" + strconv.FormatInt(v, 10) + ")"
	}
	return fmt.Sprint(c.Value)
}
