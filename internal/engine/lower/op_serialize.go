package lower

import (
	"fmt"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

func hasWindow(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		if c, ok := e.(*plan.Call); ok && c.Overload.Func.Kind == catalog.Window {
			found = true
		}
		return !found
	})
	return found
}

// windowsFirst makes columns of window calls where SQL takes none: all of them in a predicate or key of an order, those
// that stand inside others, or in what may overflow, in a projection. The node gives the same rows, with these columns below it.
func (l *lowerer) windowsFirst(input plan.Node, exprs []plan.Expr, inside bool) (plan.Node, []plan.Expr) {
	var calls []*plan.Call
	collect := func(e plan.Expr) {
		plan.Walk(e, func(e plan.Expr) bool {
			c, ok := e.(*plan.Call)
			ok = ok && c.Overload.Func.Kind == catalog.Window
			if ok {
				calls = append(calls, c)
			}
			return !ok
		})
	}
	for _, e := range exprs {
		if !inside {
			collect(e)
			continue
		}
		plan.Walk(e, func(e plan.Expr) bool {
			c, ok := e.(*plan.Call)
			if ok && overflowing[c.Overload.ID] && !inRange(c) {
				collect(c)
				return false
			}
			ok = ok && c.Overload.Func.Kind == catalog.Window
			if ok {
				restart := restartOf(c)
				for _, a := range c.Args {
					// windowRows computes a restart beforehand.
					if a != restart || !plainWindows(a) {
						collect(a)
					}
				}
			}
			return !ok
		})
	}
	if len(calls) == 0 {
		return nil, nil
	}
	schema := input.Schema()
	items := make([]plan.Named, 0, len(schema)+len(calls))
	for _, c := range schema {
		items = append(items, plan.Named{Name: c.Name, Expr: &plan.ColumnRef{Name: c.Name, Typ: c.Type}})
	}
	out := append([]plan.Expr(nil), exprs...)
	done := map[*plan.Call]bool{}
	for _, c := range calls {
		if done[c] {
			continue
		}
		done[c] = true
		l.windows++
		name := fmt.Sprintf("$window%d", l.windows)
		items = append(items, plan.Named{Name: name, Expr: c})
		for i := range out {
			out[i] = replaceExpr(out[i], c, &plan.ColumnRef{Name: name, Typ: c.Typ})
		}
	}
	return &plan.Project{Input: input, Items: items}, out
}

// plainWindows says whether the window calls in an expression only look at their neighbours.
func plainWindows(e plan.Expr) bool {
	plain := true
	plan.Walk(e, func(e plan.Expr) bool {
		if c, ok := e.(*plan.Call); ok && c.Overload.Func.Kind == catalog.Window {
			plain = plain && restartOf(c) == nil && !prepared[c.Overload.Func.Name]
			for _, a := range c.Args {
				plain = plain && !hasWindow(a)
			}
		}
		return plain
	})
	return plain
}

// rowColumn numbers the rows under window calls with a restart, so that they can be put back in their order.
const rowColumn = "$row"

// windowRows prepares a block for window calls. Calls that only look at their neighbours need nothing: OVER () sees the
// rows as they come. Each restart condition becomes a running count, the number of the run that a row belongs to; ranks
// need to know where their term changes, and sessions are computed beforehand.
func (l *lowerer) windowRows(b *block, items []plan.Named) (*block, error) {
	var calls []*plan.Call
	for _, it := range items {
		plan.Walk(it.Expr, func(e plan.Expr) bool {
			if c, ok := e.(*plan.Call); ok && (restartOf(e) != nil || prepared[c.Overload.Func.Name]) {
				calls = append(calls, c)
			}
			return true
		})
	}
	if len(calls) == 0 {
		return b, nil
	}
	// The restart may itself look at earlier rows (prev), so conditions and counts are two steps.
	sel, cols := passThrough(b)
	add := func(name, sql string, t catalog.Type) {
		sel = append(sel, sql)
		cols = append(cols, scopeColumn{plan.Column{Name: name, Type: t}, Ident(name)})
	}
	add(rowColumn, "row_number() OVER ()", catalog.Long)
	for i, c := range calls {
		restart := "false"
		if r := restartOf(c); r != nil {
			s, err := l.expr(r, b.cols)
			if err != nil {
				return nil, err
			}
			restart = "coalesce(" + s + ", false)"
		}
		args, err := l.typedArgs(c, b.cols)
		if err != nil {
			return nil, err
		}
		if c.Overload.Func.Name == "row_window_session" {
			// A session surely begins after a null, after a gap and at a restart.
			before := "lag(" + args[0] + ") OVER ()"
			restart = "(" + before + " IS NULL OR coalesce(" + args[0] + " >= " + before + " + " + args[2] + ", false) OR " + restart + ")"
			add(fmt.Sprintf("$time%d", i), args[0], catalog.Datetime)
			add(fmt.Sprintf("$most%d", i), args[1], catalog.Timespan)
		} else if prepared[c.Overload.Func.Name] {
			add(changeName(c), args[0]+" IS DISTINCT FROM lag("+args[0]+") OVER ()", catalog.Bool)
		}
		add(fmt.Sprintf("$restart%d", i), restart, catalog.Bool)
	}
	n := len(b.cols)
	b = (&block{from: b.from, cols: cols, sel: sel, where: b.where, ordered: true}).wrap()
	sel, cols = passThrough(&block{cols: b.cols[:n+1]})
	for i, c := range calls {
		if prepared[c.Overload.Func.Name] {
			for _, name := range []string{fmt.Sprintf("$time%d", i), fmt.Sprintf("$most%d", i), changeName(c)} {
				if col, ok := b.cols.find(name); ok {
					add(name, col.sql, col.Type)
				}
			}
		}
		if c.Overload.Func.Name == "row_number" {
			// The row where the run began is all that a number needs, and rows stay in their order.
			add(runName(c), fmt.Sprintf("coalesce(max(CASE WHEN %s THEN %s END) OVER (ROWS UNBOUNDED PRECEDING), 1)", Ident(fmt.Sprintf("$restart%d", i)), Ident(rowColumn)), catalog.Long)
			continue
		}
		add(runName(c), fmt.Sprintf("sum(CASE WHEN %s THEN 1 ELSE 0 END) OVER (ROWS UNBOUNDED PRECEDING)", Ident(fmt.Sprintf("$restart%d", i))), catalog.Long)
	}
	b = (&block{from: b.from, cols: cols, sel: sel, ordered: true}).wrap()
	for i, c := range calls {
		if c.Overload.Func.Name == "row_window_session" {
			b = withSessions(b, c, i)
		}
		if c.Overload.Func.Name != "row_number" {
			b.order = []string{Ident(rowColumn)} // what is partitioned by the run comes out of order
		}
	}
	return b, nil
}

// prepared are the window functions that need more than their neighbours.
var prepared = map[string]bool{"row_rank_dense": true, "row_rank_min": true, "row_window_session": true}

// withSessions adds the begin of the session of each row. Between two sure begins only the distance from the first row
// counts, which Go walks along.
func withSessions(b *block, c *plan.Call, i int) *block {
	row, run := Ident(rowColumn), Ident(runName(c))
	list := func(column string) string {
		return fmt.Sprintf("kql_array(list(CAST(%s AS VARCHAR) ORDER BY %s))", Ident(fmt.Sprintf("$%s%d", column, i)), row)
	}
	sql := "WITH w AS MATERIALIZED (" + b.sql() + ") SELECT w.*, s.v AS " + Ident(sessionName(c)) + " FROM w JOIN (SELECT unnest(list(" + row + " ORDER BY " + row + ")) AS r, unnest(from_json(go_sessions(" + list("time") + ", " + list("most") + "), '[\"BIGINT\"]')) AS v FROM w GROUP BY " + run + ") AS s ON w." + row + " = s.r"
	cols := append(append(scope(nil), b.cols...), scopeColumn{plan.Column{Name: sessionName(c), Type: catalog.Datetime}, Ident(sessionName(c))})
	return &block{from: "(" + sql + ")", cols: cols, ordered: true}
}

func passThrough(b *block) ([]string, scope) {
	sel := make([]string, len(b.cols))
	for i, c := range b.cols {
		sel[i] = c.sql
	}
	return sel, append(scope(nil), b.cols...)
}

// The names of the columns that windowRows makes for a call: the number of its run, whether its term changes, where its
// session begins.
func runName(c *plan.Call) string     { return fmt.Sprintf("$run%p", c) }
func changeName(c *plan.Call) string  { return fmt.Sprintf("$change%p", c) }
func sessionName(c *plan.Call) string { return fmt.Sprintf("$session%p", c) }

// restartOf gives the restart condition of a window call, nil if it has none.
func restartOf(e plan.Expr) plan.Expr {
	c, ok := e.(*plan.Call)
	if !ok || c.Overload.Func.Kind != catalog.Window {
		return nil
	}
	at := 1
	switch c.Overload.Func.Name {
	case "prev", "next":
		return nil
	case "row_window_session":
		at = 3
	}
	if at < len(c.Args) {
		return c.Args[at]
	}
	return nil
}

func (l *lowerer) window(c *plan.Call, sc scope) (string, error) {
	run := "OVER (ROWS UNBOUNDED PRECEDING)"
	if restartOf(c) != nil || prepared[c.Overload.Func.Name] {
		run = "OVER (PARTITION BY " + Ident(runName(c)) + " ORDER BY " + Ident(rowColumn) + " ROWS UNBOUNDED PRECEDING)"
	}
	row, change := Ident(rowColumn), Ident(changeName(c))
	switch c.Overload.Func.Name {
	case "row_rank_dense":
		return fmt.Sprintf("CAST(sum(CAST(%s AS BIGINT)) %s - first_value(CAST(%s AS BIGINT)) %s + 1 AS BIGINT)", change, run, change, run), nil
	case "row_rank_min":
		return fmt.Sprintf("(coalesce(max(CASE WHEN %s THEN %s END) %s, first_value(%s) %s) - first_value(%s) %s + 1)", change, row, run, row, run, row, run), nil
	case "row_window_session":
		return Ident(sessionName(c)), nil
	}
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	switch c.Overload.Func.Name {
	case "row_number":
		if len(args) == 0 {
			return "row_number() OVER ()", nil
		}
		if restartOf(c) != nil {
			return "(" + row + " - " + Ident(runName(c)) + " + " + args[0] + ")", nil
		}
		return "(row_number() OVER () + " + args[0] + " - 1)", nil
	case "prev", "next":
		fn := "lag"
		if c.Overload.Func.Name == "next" {
			fn = "lead"
		}
		offset := "1"
		if len(args) > 1 {
			offset = args[1]
		}
		if len(args) > 2 {
			return fmt.Sprintf("%s(%s, %s, %s) OVER ()", fn, args[0], offset, widen(args[2], c.Args[2].Type(), c.Typ)), nil
		}
		return fmt.Sprintf("%s(%s, %s, %s) OVER ()", fn, args[0], offset, null(c.Typ)), nil
	case "row_cumsum":
		sum := "sum(" + args[0] + ") " + run
		if c.Typ == catalog.Long || c.Typ == catalog.Timespan {
			sum = "kql_wrap(" + sum + ")"
		}
		return "CAST(" + sum + " AS " + sqlTypes[c.Typ] + ")", nil
	}
	return "", fmt.Errorf("not supported yet: %s()", c.Overload.Func.Name)
}
