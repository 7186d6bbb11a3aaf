package lower

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

func (l *lowerer) scan(n *plan.Scan, nd need, bounds Bounds) (*block, error) {
	var cols []plan.Column
	for _, c := range n.Columns {
		if nd.has(c.Name) {
			cols = append(cols, c)
		}
	}
	if nd != nil && nd[receivedColumn] {
		if _, ok := newScope(cols).find(receivedColumn); !ok {
			cols = append(cols, plan.Column{Name: receivedColumn, Type: catalog.Datetime})
		}
	}
	if l.opt.Tables == nil {
		return nil, fmt.Errorf("the query reads table %s: it needs a workspace", n.Table)
	}
	stored := slices.Clone(cols)
	for i := range stored {
		stored[i].Name = strings.TrimPrefix(stored[i].Name, storedMark)
	}
	from, exprs, err := l.opt.Tables.Relation(n.Table, stored, bounds)
	if err != nil {
		return nil, err
	}
	b := &block{from: from, cols: newScope(cols)}
	for i, c := range b.cols {
		if exprs[i] != c.sql {
			b.sel = exprs
			break
		}
	}
	return b, nil
}

func (l *lowerer) values(n *plan.Values) (*block, error) {
	if len(n.Columns) == 0 {
		if len(n.Rows) == 1 {
			return &block{ordered: true}, nil
		}
		return &block{from: fmt.Sprintf("range(%d)", len(n.Rows)), ordered: true}, nil
	}
	cols := newScope(n.Columns)
	if len(n.Rows) == 0 {
		sel := make([]string, len(cols))
		for i, c := range cols {
			sel[i] = null(c.Type)
		}
		return &block{cols: cols, sel: sel, where: []string{"false"}, ordered: true}, nil
	}
	if len(n.Rows) > manyRows && !slices.ContainsFunc(n.Columns, func(c plan.Column) bool { return c.Type != catalog.String }) {
		return manyTexts(n, cols)
	}
	var s strings.Builder
	s.WriteString("(VALUES ")
	for i, row := range n.Rows {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteByte('(')
		for j, v := range row {
			if j > 0 {
				s.WriteString(", ")
			}
			text, err := constant(v)
			if err != nil {
				return nil, err
			}
			if v.Value == nil || n.Columns[j].Type == catalog.Decimal {
				text = "CAST(" + text + " AS " + sqlTypes[n.Columns[j].Type] + ")"
			}
			s.WriteString(text)
		}
		s.WriteByte(')')
	}
	s.WriteString(") AS t(")
	for i, c := range cols {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString(c.sql)
	}
	s.WriteByte(')')
	return &block{from: s.String(), cols: cols, ordered: true}, nil
}

// manyRows is from where on a literal table of texts is one text to DuckDB, which reads literals slowly.
const manyRows = 1000

func manyTexts(n *plan.Values, cols scope) (*block, error) {
	rows := make([][]string, len(n.Rows))
	for i, row := range n.Rows {
		rows[i] = make([]string, len(row))
		for j, v := range row {
			rows[i][j], _ = v.Value.(string)
		}
	}
	b, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	sel := make([]string, len(cols))
	for i := range cols {
		sel[i] = fmt.Sprintf("r[%d]", i+1)
	}
	return &block{from: "(SELECT unnest(from_json(" + Text(string(b)) + ", '[[\"VARCHAR\"]]')) AS r)", cols: cols, sel: sel, ordered: true}, nil
}

func (l *lowerer) sequence(n *plan.Sequence) (*block, error) {
	if c, ok := n.Step.(*plan.Const); ok && (c.Value == int64(0) || c.Value == 0.0) {
		return nil, fmt.Errorf("range %s: the step is 0: name one that leads from the start to the end", n.Column.Name)
	}
	var args [3]string
	for i, e := range []plan.Expr{n.From, n.To, n.Step} {
		s, err := l.expr(e, nil)
		if err != nil {
			return nil, err
		}
		t := n.Column.Type
		if t == catalog.Int {
			t = catalog.Long
		}
		args[i] = "CAST(" + s + " AS " + sqlTypes[t] + ")"
	}
	from, to, step := args[0], args[1], args[2]
	b := &block{from: "generate_series(" + from + ", " + to + ", " + step + ") AS t(i)", cols: newScope([]plan.Column{n.Column}), sel: []string{"i"}, ordered: true}
	switch n.Column.Type {
	case catalog.Real, catalog.Decimal:
		// generate_series takes whole numbers: count the steps, with room for the error of a step like 0.1.
		b.from = fmt.Sprintf("generate_series(0::BIGINT, CAST(floor((%s - %s) / nullif(%s, 0) + 1e-9) AS BIGINT)) AS t(i)", to, from, step)
		b.sel[0] = from + " + i * " + step
	case catalog.Int:
		b.sel[0] = "CAST(i AS INTEGER)"
	}
	return b, nil
}

func (l *lowerer) selection(n *plan.Select, nd need, bounds Bounds) (*block, error) {
	if input, exprs := l.windowsFirst(n.Input, []plan.Expr{n.Predicate}, false); input != nil {
		return l.node(onlyColumns(&plan.Select{Input: input, Predicate: exprs[0]}, n.Schema()), nd, everything)
	}
	b, err := l.node(n.Input, nd.exprNeeds(n.Predicate), l.narrow(bounds, n.Predicate))
	if err != nil {
		return nil, err
	}
	if b.sel != nil || len(b.order) > 0 || b.limit != "" {
		b = b.wrap()
	}
	p, err := l.predicate(n.Predicate, b.cols)
	if err != nil {
		return nil, err
	}
	b.where = append(b.where, p)
	return b, nil
}

func (l *lowerer) project(n *plan.Project, nd need, bounds Bounds) (*block, error) {
	var items []plan.Named
	window := false
	for _, it := range n.Items {
		if nd.has(it.Name) {
			items = append(items, it)
			window = window || hasWindow(it.Expr)
		}
	}
	if window {
		exprs := make([]plan.Expr, len(items))
		for i, it := range items {
			exprs[i] = it.Expr
		}
		if input, exprs := l.windowsFirst(n.Input, exprs, true); input != nil {
			outer := &plan.Project{Input: input}
			for i, it := range items {
				outer.Items = append(outer.Items, plan.Named{Name: it.Name, Expr: exprs[i]})
			}
			return l.project(outer, nd, everything)
		}
	}
	childNeed := need{}
	through := false
	for _, it := range items {
		childNeed = childNeed.exprNeeds(it.Expr)
		if ref, ok := it.Expr.(*plan.ColumnRef); ok && it.Name == timeColumn && ref.Name == timeColumn {
			through = true
		}
	}
	// A row's time that is hidden or changed above says nothing about the stored one, and a window sees all rows.
	if window || !through && nd.has(timeColumn) {
		bounds = everything
	}
	if nd != nil && nd[receivedColumn] {
		childNeed[receivedColumn] = true
	}
	b, err := l.node(n.Input, childNeed, bounds)
	if err != nil {
		return nil, err
	}
	received, keep := b.cols.find(receivedColumn)
	keep = keep && nd != nil && nd[receivedColumn]
	if b.sel != nil || len(b.order) > 0 || b.limit != "" || window {
		b = b.wrap()
	}
	if window {
		if b, err = l.windowRows(b, items); err != nil {
			return nil, err
		}
	}
	sel := make([]string, len(items))
	cols := make([]plan.Column, len(items))
	for i, it := range items {
		if sel[i], err = l.expr(it.Expr, b.cols); err != nil {
			return nil, err
		}
		cols[i] = plan.Column{Name: it.Name, Type: it.Expr.Type()}
		if cols[i].Name == receivedColumn {
			keep = false
		}
	}
	if keep {
		sel = append(sel, received.sql)
		cols = append(cols, received.Column)
	}
	out := newScope(cols)
	plain := len(b.where) == 0 && b.from != "" && len(out) == len(b.cols)
	for i := range out {
		plain = plain && i < len(b.cols) && sel[i] == out[i].sql && b.cols[i].sql == out[i].sql
	}
	if !plain {
		b.sel = sel
	}
	b.cols = out
	return b, nil
}

func (l *lowerer) union(n *plan.Union, nd need, bounds Bounds) (*block, error) {
	want := pruned(n.Columns, nd)
	parts := make([]string, len(n.Sources))
	for i, in := range n.Sources {
		b, err := l.node(in, nd, bounds)
		if err != nil {
			return nil, err
		}
		// Positions decide in UNION ALL: bring each input's columns into the common order.
		w := b.wrap()
		sel := make([]string, len(want))
		for j, c := range want {
			have, ok := w.cols.find(c.Name)
			if !ok {
				return nil, fmt.Errorf("internal: union input %d has no column %q", i+1, c.Name)
			}
			sel[j] = have.sql
		}
		w.cols, w.sel = want, sel
		parts[i] = w.sql()
	}
	if len(parts) == 0 {
		return l.values(&plan.Values{Columns: n.Columns})
	}
	return &block{from: "((" + strings.Join(parts, ") UNION ALL (") + "))", cols: want}, nil
}

func (l *lowerer) sort(n *plan.Sort, nd need, bounds Bounds) (*block, error) {
	keys := make([]plan.Expr, len(n.Keys))
	for i, k := range n.Keys {
		keys[i] = k.Expr
	}
	if input, keys := l.windowsFirst(n.Input, keys, false); input != nil {
		sorted := &plan.Sort{Input: input}
		for i, k := range n.Keys {
			sorted.Keys = append(sorted.Keys, plan.SortKey{Expr: keys[i], Desc: k.Desc, NullsFirst: k.NullsFirst})
		}
		return l.node(onlyColumns(sorted, n.Schema()), nd, everything)
	}
	childNeed := nd
	for _, k := range n.Keys {
		childNeed = childNeed.exprNeeds(k.Expr)
	}
	b, err := l.node(n.Input, childNeed, bounds)
	if err != nil {
		return nil, err
	}
	if !b.takesOrder(n.Keys) {
		b = b.wrap()
	}
	for _, k := range n.Keys {
		if _, same := k.Expr.(*plan.Const); same {
			continue // SQL would take it for the number of a column
		}
		s, err := l.expr(k.Expr, b.cols)
		if err != nil {
			return nil, err
		}
		if k.Expr.Type() == catalog.Real && k.Desc != k.NullsFirst {
			// NaN stands beside null, where DuckDB has it above all numbers.
			nan := "isnan(" + s + ")"
			if k.NullsFirst {
				b.order = append(b.order, nan+" DESC NULLS FIRST")
			} else {
				b.order = append(b.order, nan+" ASC NULLS LAST")
			}
		}
		if k.Desc {
			s += " DESC"
		} else {
			s += " ASC"
		}
		// Strings are never null, and without the clause DuckDB can use its top-n on them.
		if k.NullsFirst {
			s += " NULLS FIRST"
		} else {
			s += " NULLS LAST"
		}
		b.order = append(b.order, s)
	}
	b.ordered = true
	return b, nil
}

// takesOrder says whether ORDER BY can stand in the block itself. The keys must read columns that the select list passes
// on as they are: DuckDB then fetches the other columns only for the rows that a limit leaves.
func (b *block) takesOrder(keys []plan.SortKey) bool {
	if len(b.order) > 0 || b.limit != "" {
		return false
	}
	plain := true
	for _, k := range keys {
		plan.Walk(k.Expr, func(e plan.Expr) bool {
			if r, ok := e.(*plan.ColumnRef); ok && b.sel != nil {
				for i, c := range b.cols {
					plain = plain && (c.Name != r.Name || b.sel[i] == c.sql)
				}
			}
			return plain
		})
	}
	return plain
}

func (l *lowerer) limit(n *plan.Limit, nd need) (*block, error) {
	b, err := l.node(n.Input, nd.with(n.Per...), everything)
	if err != nil {
		return nil, err
	}
	if b.limit != "" || n.Random {
		b = b.wrap()
	}
	if n.Random {
		b.order, b.ordered = []string{"random()"}, false
	}
	s, err := l.expr(n.Count, nil)
	if err != nil {
		return nil, err
	}
	if len(n.Per) > 0 {
		return b.limitPer(n.Per, s)
	}
	if c, ok := n.Count.(*plan.Const); ok {
		if v, ok := c.Value.(int64); ok {
			if v < 0 {
				v = 0
			}
			s = fmt.Sprint(v)
		}
	}
	b.limit = s
	return b, nil
}

// limitPer keeps the first rows of each group: the rows are numbered as they come, then within their group.
func (b *block) limitPer(per []string, count string) (*block, error) {
	b = b.wrap()
	visible := b.cols
	sel, cols := passThrough(b)
	row := Ident(rowColumn)
	b.sel = append(sel, "row_number() OVER ()")
	b.cols = append(cols, scopeColumn{plan.Column{Name: rowColumn, Type: catalog.Long}, row})
	b = b.wrap()
	keys := make([]string, len(per))
	for i, name := range per {
		c, ok := b.cols.find(name)
		if !ok {
			return nil, fmt.Errorf("internal: limit per %q, which is not there", name)
		}
		keys[i] = c.sql
	}
	rank := Ident("$rank")
	sel, cols = passThrough(b)
	b.sel = append(sel, "row_number() OVER (PARTITION BY "+strings.Join(keys, ", ")+" ORDER BY "+row+")")
	b.cols = append(cols, scopeColumn{plan.Column{Name: "$rank", Type: catalog.Long}, rank})
	b = b.wrap()
	b.where = []string{rank + " <= " + count}
	b.order = []string{row}
	b.sel, b.cols = passThrough(&block{cols: visible})
	b.ordered = true
	return b, nil
}

// timeColumn is the column that segments are pruned by.
const timeColumn = "TimeGenerated"
