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

// rowColumn numbers the rows under window calls with a restart, so that they can be put back in their order.
const rowColumn = "$row"

// windowRows prepares a block for window calls. Calls without a restart need nothing: OVER () sees the rows as they
// come. Each restart condition becomes a running count, the number of the run that a row belongs to.
func (l *lowerer) windowRows(b *block, items []plan.Named) (*block, error) {
	var restarts []plan.Expr
	for _, it := range items {
		plan.Walk(it.Expr, func(e plan.Expr) bool {
			if r := restartOf(e); r != nil {
				restarts = append(restarts, r)
			}
			return true
		})
	}
	if len(restarts) == 0 {
		return b, nil
	}
	// The restart may itself look at earlier rows (prev), so conditions and counts are two steps.
	sel, cols := passThrough(b)
	sel = append(sel, "row_number() OVER ()")
	cols = append(cols, scopeColumn{plan.Column{Name: rowColumn, Type: catalog.Long}, Ident(rowColumn)})
	for i, r := range restarts {
		s, err := l.expr(r, b.cols)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("$restart%d", i)
		sel = append(sel, s)
		cols = append(cols, scopeColumn{plan.Column{Name: name, Type: catalog.Bool}, Ident(name)})
	}
	n := len(b.cols)
	b = (&block{from: b.from, cols: cols, sel: sel, where: b.where, ordered: true}).wrap()
	sel, cols = passThrough(&block{cols: b.cols[:n+1]})
	for i, r := range restarts {
		name := runName(r)
		sel = append(sel, fmt.Sprintf("sum(CASE WHEN %s THEN 1 ELSE 0 END) OVER (ROWS UNBOUNDED PRECEDING)", Ident(fmt.Sprintf("$restart%d", i))))
		cols = append(cols, scopeColumn{plan.Column{Name: name, Type: catalog.Long}, Ident(name)})
	}
	b = (&block{from: b.from, cols: cols, sel: sel, ordered: true}).wrap()
	b.order = []string{Ident(rowColumn)}
	return b, nil
}

func passThrough(b *block) ([]string, scope) {
	sel := make([]string, len(b.cols))
	for i, c := range b.cols {
		sel[i] = c.sql
	}
	return sel, append(scope(nil), b.cols...)
}

// runName is the name of the column that counts the runs of a restart condition.
func runName(r plan.Expr) string { return fmt.Sprintf("$run%p", r) }

// restartOf gives the restart condition of a window call, nil if it has none.
func restartOf(e plan.Expr) plan.Expr {
	c, ok := e.(*plan.Call)
	if !ok || c.Overload.Func.Kind != catalog.Window || len(c.Args) < 2 {
		return nil
	}
	if n := c.Overload.Func.Name; n == "row_number" || n == "row_cumsum" {
		return c.Args[1]
	}
	return nil
}

func (l *lowerer) window(c *plan.Call, sc scope) (string, error) {
	over, run := "OVER ()", "OVER (ROWS UNBOUNDED PRECEDING)"
	if r := restartOf(c); r != nil {
		over = "OVER (PARTITION BY " + Ident(runName(r)) + " ORDER BY " + Ident(rowColumn) + ")"
		run = "OVER (PARTITION BY " + Ident(runName(r)) + " ORDER BY " + Ident(rowColumn) + " ROWS UNBOUNDED PRECEDING)"
	}
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	switch c.Overload.Func.Name {
	case "row_number":
		if len(args) == 0 {
			return "row_number() " + over, nil
		}
		return "(row_number() " + over + " + " + args[0] + " - 1)", nil
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
		return "CAST(sum(" + args[0] + ") " + run + " AS " + sqlTypes[c.Typ] + ")", nil
	}
	return "", fmt.Errorf("not supported yet: %s()", c.Overload.Func.Name)
}
