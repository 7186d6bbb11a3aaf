package lower

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// maxSeries is the length of the longest array that make-series makes.
const maxSeries = 1 << 20

// series lowers make-series: the groups of the keys with their first point and number of points, a row for each point
// joined with the values there, and the arrays in the order of the points.
func (l *lowerer) series(n *plan.Series) (*block, error) {
	b, err := l.node(n.Input, nil, everything)
	if err != nil {
		return nil, err
	}
	axis, ok := b.cols.find(n.Axis.Name)
	if !ok {
		return nil, fmt.Errorf("internal: series without its axis")
	}
	first, count, step, err := l.seriesRange(n, axis.sql)
	if err != nil {
		return nil, err
	}
	out := newScope(n.Schema())
	var keys, same, sel []string
	for i, k := range n.Keys {
		c, _ := b.cols.find(k.Name)
		key := fmt.Sprintf("k%d", i)
		keys = append(keys, c.sql+" AS "+key)
		same = append(same, "a."+c.sql+" IS NOT DISTINCT FROM f."+key)
		sel = append(sel, "any_value(f."+key+") AS "+out[i].sql)
	}
	groups := "SELECT " + strings.Join(append(keys, first+" AS lo", count+" AS n"), ", ") + " FROM a"
	switch {
	case len(keys) > 0:
		groups += " GROUP BY ALL"
	case !n.NonEmpty:
		groups += " HAVING count(*) > 0"
	}
	at := "f.lo + f.i * " + step
	for i, v := range n.Values {
		c, _ := b.cols.find(v.Value.Name)
		missing, err := constant(v.Default)
		if err != nil {
			return nil, err
		}
		missing = "CAST(" + missing + " AS " + sqlTypes[v.Default.Typ] + ")"
		element := "CASE WHEN a." + axis.sql + " IS NULL THEN " + jsonOf(missing, v.Default.Typ) + " ELSE " + jsonOf("a."+c.sql, v.Value.Type) + " END"
		sel = append(sel, "kql_array(list("+element+" ORDER BY f.i)) AS "+out[len(keys)+i].sql)
	}
	sel = append(sel, "kql_array(list("+jsonOf("("+at+")", n.Axis.Type)+" ORDER BY f.i)) AS "+out[len(out)-1].sql)

	// The place of a row on the axis is a whole number, also where points are fractions.
	place := "(a." + axis.sql + " - f.lo) // " + step
	if n.Axis.Type == catalog.Real {
		place = "CAST(round((a." + axis.sql + " - f.lo) / " + step + ") AS BIGINT)"
	}
	sql := "(WITH a AS MATERIALIZED (" + b.sql() + "), g AS MATERIALIZED (SELECT *, row_number() OVER () AS r FROM (" + groups + "))," +
		" f AS (SELECT *, unnest(generate_series(0, least(coalesce(n, 0), " + fmt.Sprint(maxSeries) + ") - 1)) AS i FROM g)" +
		" SELECT " + strings.Join(sel, ", ") + " FROM f LEFT JOIN a ON " + strings.Join(append(same, "f.i = "+place), " AND ") + " GROUP BY f.r)"
	return &block{from: sql, cols: out}, nil
}

// seriesRange gives the SQL of a group's first point, its number of points, and the step.
func (l *lowerer) seriesRange(n *plan.Series, axis string) (first, count, step string, err error) {
	typed := func(e plan.Expr, t catalog.Type) string {
		if e == nil || err != nil {
			return ""
		}
		var s string
		s, err = l.expr(e, nil)
		return "CAST(" + s + " AS " + sqlTypes[t] + ")"
	}
	from, to, step := typed(n.From, n.Axis.Type), typed(n.To, n.Axis.Type), typed(n.Step, n.Step.Type())
	first, end := from, to
	if n.From == nil {
		first = "min(" + axis + ")"
	}
	switch {
	case n.Axis.Type == catalog.Real && n.To == nil:
		count = "CAST(round((max(" + axis + ") - " + first + ") / " + step + ") AS BIGINT) + 1"
	case n.Axis.Type == catalog.Real:
		count = "CAST(ceil((" + end + " - " + first + ") / " + step + " - 1e-9) AS BIGINT)"
	case n.To == nil:
		count = "(max(" + axis + ") - " + first + ") // " + step + " + 1"
	default:
		count = "(" + end + " - " + first + " + " + step + " - 1) // " + step
	}
	if n.From != nil && n.To != nil {
		// The same for all rows, and there where a row is made of none.
		return "coalesce(any_value(" + first + "), " + first + ")", "coalesce(any_value(" + count + "), " + count + ")", step, err
	}
	return first, count, step, err
}
