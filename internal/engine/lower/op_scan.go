package lower

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/plan"
)

// maxScanRows is how many rows a scan goes through; chunkRows are gone through in one round of a recursive query, by a
// fold over a list. 10,000 rows take some three seconds.
const (
	maxScanRows = 200_000
	chunkRows   = 128
)

// stepper builds the fold of a scan. In its lambda p.a.s is the state, p.a.o the matches so far, q.b the row. The
// fields of the state: a1… whether a step has matched rows, i1… the number of its match, nx the number of the next
// one, v0… what is read of the rows that the steps before it and itself have matched.
type stepper struct {
	n    *plan.Steps
	rows scope // the columns of the input, as the lambda sees them
	// read are the columns of matched rows that are read, for each step.
	read     [][]plan.Column
	defaults []string // of the declared columns
	// queries are the subqueries of expressions, computed once: a lambda holds none.
	queries map[*plan.Scalar]int
	// taken are the tests whether a step takes over the sequence of the one before it, while they are not in a field.
	taken map[int]string
}

func (l *lowerer) steps(n *plan.Steps, nd need) (*block, error) {
	s := &stepper{n: n, read: make([][]plan.Column, len(n.Steps))}
	exprs := plan.Exprs(n)
	used := need{}.exprNeeds(exprs...)
	childNeed := nd.with(n.Per...)
	own := map[string]bool{n.MatchID: n.MatchID != ""}
	for _, d := range n.Declared {
		own[d.Column.Name] = true
	}
	input := n.Input.Schema()
	if childNeed != nil {
		for name := range own {
			delete(childNeed, name)
		}
	}
	row := append([]plan.Column(nil), input...)
	for _, d := range n.Declared {
		row = append(row, d.Column)
	}
	for k := range n.Steps {
		for _, c := range row {
			if used[plan.StateColumn(k, c.Name)] {
				s.read[k] = append(s.read[k], c)
				if !own[c.Name] {
					childNeed = childNeed.with(c.Name)
				}
			}
		}
	}
	for _, c := range input {
		if used[c.Name] && !own[c.Name] {
			childNeed = childNeed.with(c.Name)
		}
	}
	b, err := l.node(n.Input, childNeed, everything)
	if err != nil {
		return nil, err
	}
	b = b.wrap()
	if b.from == "" {
		b = &block{from: "(SELECT 1)", cols: b.cols}
	}
	for i, d := range n.Declared {
		value, err := l.expr(d.Default, nil)
		if err != nil {
			return nil, err
		}
		s.defaults = append(s.defaults, "CAST("+value+" AS "+sqlTypes[n.Declared[i].Column.Type]+")")
	}
	inputCTEs, err := s.inputs(l, b, used)
	if err != nil {
		return nil, err
	}
	next, err := s.fold(l)
	if err != nil {
		return nil, err
	}
	start := s.start()
	var flags []string
	for k := range n.Steps {
		flags = append(flags, fmt.Sprintf("t%d := false", k))
	}
	for k := range n.Steps {
		flags = append(flags, fmt.Sprintf("g%d := false", k))
	}
	// Each row is there twice: the first time the flags are computed, which the second time make the new state.
	element := "struct_pack(a := struct_pack(s := st.s, f := struct_pack(" + strings.Join(flags, ", ") + "), o := " + s.matches("[]") + "), b := NULL, h := false)"
	rows := "flatten(list_transform(ch.l, z -> [struct_pack(a := NULL, b := z, h := true), struct_pack(a := NULL, b := z, h := false)]))"
	ctes := inputCTEs + ", st AS (SELECT part, CAST(-1 AS BIGINT) AS k, " + start + " AS s, " + s.matches("[]") + " AS o FROM (SELECT DISTINCT part FROM ch)" +
		" UNION ALL SELECT part, k, f.a.s, f.a.o FROM (SELECT ch.part, ch.k, list_reduce(list_prepend(" + element + ", " + rows + "), (p, q) -> " + next + ") AS f" +
		" FROM st JOIN ch ON ch.part = st.part AND ch.k = st.k + 1))"
	return s.output(ctes, b.cols, nd), nil
}

// inputs numbers the rows, and those of each group.
func (s *stepper) inputs(l *lowerer, b *block, used need) (string, error) {
	part := "1"
	if len(s.n.Per) > 0 {
		var keys []string
		for _, name := range s.n.Per {
			c, ok := b.cols.find(name)
			if !ok {
				return "", fmt.Errorf("internal: scan per %q, which is not there", name)
			}
			keys = append(keys, c.sql)
		}
		part = "dense_rank() OVER (ORDER BY " + strings.Join(keys, ", ") + ")"
	}
	sql := `inp AS MATERIALIZED (SELECT *, row_number() OVER (PARTITION BY "$$part" ORDER BY "$$pos") AS "$$row" FROM (SELECT *, ` + part + ` AS "$$part"` +
		fmt.Sprintf(` FROM (SELECT *, row_number() OVER () + CASE WHEN count(*) OVER () > %d THEN error('scan goes through at most %d rows: filter or summarize before it') ELSE 0 END AS "$$pos" FROM `, maxScanRows, maxScanRows) +
		b.from + ")))"
	fields := []string{`n := "$$row"`}
	for i, c := range b.cols {
		if !used[c.Name] && !s.reads(c.Name) {
			continue
		}
		name := fmt.Sprintf("r%d", i)
		fields = append(fields, name+" := "+c.sql)
		s.rows = append(s.rows, scopeColumn{c.Column, "q.b." + name})
	}
	queries, err := s.hoist(l)
	if err != nil {
		return "", err
	}
	fields = append(fields, queries...)
	return sql + fmt.Sprintf(`, ch AS MATERIALIZED (SELECT "$$part" AS part, ("$$row" - 1) // %d AS k, list(struct_pack(%s) ORDER BY "$$row") AS l FROM inp GROUP BY ALL)`, chunkRows, strings.Join(fields, ", ")), nil
}

// hoist makes columns of the subqueries that yield one value.
func (s *stepper) hoist(l *lowerer) ([]string, error) {
	var fields []string
	var err error
	s.queries = map[*plan.Scalar]int{}
	for _, e := range plan.Exprs(s.n) {
		plan.Walk(e, func(e plan.Expr) bool {
			switch e := e.(type) {
			case *plan.Scalar:
				if _, ok := s.queries[e]; !ok && err == nil {
					var sql string
					sql, err = l.expr(e, nil)
					s.queries[e] = len(fields)
					fields = append(fields, fmt.Sprintf("q%d := %s", len(fields), sql))
				}
			case *plan.InQuery, *plan.HasQuery:
				err = fmt.Errorf("not supported yet: in and has with a subquery in the steps of a scan: put it into a column with extend before")
			}
			return err == nil
		})
	}
	return fields, err
}

// expr lowers an expression of a step.
func (s *stepper) expr(l *lowerer, e plan.Expr, sc scope) (string, error) {
	for q, i := range s.queries {
		e = replaceExpr(e, q, &plan.ColumnRef{Name: fmt.Sprintf("$$query%d", i), Typ: q.Typ})
		sc = append(sc[:len(sc):len(sc)], scopeColumn{plan.Column{Name: fmt.Sprintf("$$query%d", i), Type: q.Typ}, fmt.Sprintf("q.b.q%d", i)})
	}
	return l.expr(e, sc)
}

// replaceExpr puts another expression in the place of one. What does not hold it stays the same.
func replaceExpr(e, old, new plan.Expr) plan.Expr {
	if e == old {
		return new
	}
	switch e := e.(type) {
	case *plan.Call:
		c, changed := *e, false
		c.Args = make([]plan.Expr, len(e.Args))
		for i, a := range e.Args {
			c.Args[i] = replaceExpr(a, old, new)
			changed = changed || c.Args[i] != a
		}
		if !changed {
			return e
		}
		return &c
	case *plan.Path:
		c := *e
		c.Base = replaceExpr(e.Base, old, new)
		changed := c.Base != e.Base
		c.Steps = append([]plan.Step(nil), e.Steps...)
		for i := range c.Steps {
			if index := e.Steps[i].Index; index != nil {
				c.Steps[i].Index = replaceExpr(index, old, new)
				changed = changed || c.Steps[i].Index != index
			}
		}
		if !changed {
			return e
		}
		return &c
	case *plan.InQuery:
		c := *e
		if c.Value = replaceExpr(e.Value, old, new); c.Value == e.Value {
			return e
		}
		return &c
	case *plan.HasQuery:
		c := *e
		if c.Value = replaceExpr(e.Value, old, new); c.Value == e.Value {
			return e
		}
		return &c
	}
	return e
}

func (s *stepper) reads(name string) bool {
	for _, cols := range s.read {
		for _, c := range cols {
			if c.Name == name {
				return true
			}
		}
	}
	return false
}

// declared is the position of a declared column, -1 for one of the input.
func (s *stepper) declared(name string) int {
	for i, d := range s.n.Declared {
		if d.Column.Name == name {
			return i
		}
	}
	return -1
}

// nothing is the value of a column of a step that has matched no row.
func (s *stepper) nothing(c plan.Column) string {
	if i := s.declared(c.Name); i >= 0 {
		return s.defaults[i]
	}
	return null(c.Type)
}

// held names what the state of step k holds of the row that step j has matched: column i of those that are read.
func (s *stepper) held(k, j, i int) string {
	width := 1
	for _, cols := range s.read {
		width = max(width, len(cols))
	}
	return fmt.Sprintf("v%d", (k*len(s.read)+j)*width+i)
}

// start is the state before the first row.
func (s *stepper) start() string {
	fields := []string{"nx := CAST(0 AS BIGINT)"}
	for k := range s.n.Steps {
		fields = append(fields, fmt.Sprintf("a%d := false, i%d := CAST(0 AS BIGINT)", k, k))
		for j := 0; j <= k; j++ {
			for i, c := range s.read[j] {
				fields = append(fields, fmt.Sprintf("%s := CAST(%s AS %s)", s.held(k, j, i), s.nothing(c), sqlTypes[c.Type]))
			}
		}
	}
	return "struct_pack(" + strings.Join(fields, ", ") + ")"
}

// matches casts a list of matches: the row, the step, the number of the match, whether it goes on with a series, and
// the declared columns.
func (s *stepper) matches(list string) string {
	t := "STRUCT(n BIGINT, k INTEGER, i BIGINT, c BOOLEAN"
	for i, d := range s.n.Declared {
		t += fmt.Sprintf(", e%d %s", i, sqlTypes[d.Column.Type])
	}
	return "CAST(" + list + " AS " + t + ")[])"
}

// seen is the scope of the expressions of step k: with the state of the step before it, or its own.
func (s *stepper) seen(k int, before bool) scope {
	sc := append(scope(nil), s.rows...)
	for i, d := range s.n.Declared {
		sc = append(sc, scopeColumn{d.Column, s.defaults[i]})
	}
	for j := 0; j <= k; j++ {
		for i, c := range s.read[j] {
			sql := "p.a.s." + s.held(k, j, i)
			switch {
			case before && j == k:
				sql = s.nothing(c)
			case before:
				sql = "p.a.s." + s.held(k-1, j, i)
			case k == 0:
				sql = "CASE WHEN " + s.active(0) + " THEN " + sql + " ELSE " + s.nothing(c) + " END"
			}
			sc = append(sc, scopeColumn{plan.Column{Name: plan.StateColumn(j, c.Name), Type: c.Type}, sql})
		}
	}
	return sc
}

// takes says whether step k takes over the sequence of the step before it.
func (s *stepper) takes(k int) string {
	if t, ok := s.taken[k]; ok {
		return t
	}
	return fmt.Sprintf("p.a.f.t%d", k)
}

// active says whether step k has a sequence that the next step has not just taken over.
func (s *stepper) active(k int) string {
	if k == len(s.n.Steps)-1 {
		return fmt.Sprintf("p.a.s.a%d", k)
	}
	return fmt.Sprintf("(p.a.s.a%d AND NOT %s)", k, s.takes(k+1))
}

// fold is one step of the fold: the steps are tried with the state of the step before them, then with their own unless
// the next step has just taken that over. As each looks only at the state before the row, the order does not matter.
func (s *stepper) fold(l *lowerer) (string, error) {
	var taken, goes []string
	values := map[[2]int]string{}
	for k, st := range s.n.Steps {
		if k == 0 {
			s.taken = map[int]string{0: "false"}
			taken = append(taken, "t0 := false")
		} else {
			c, err := s.expr(l, st.Condition, s.seen(k, true))
			if err != nil {
				return "", err
			}
			s.taken[k] = fmt.Sprintf("(p.a.s.a%d AND coalesce(%s, false))", k-1, c)
			taken = append(taken, fmt.Sprintf("t%d := %s", k, s.taken[k]))
		}
	}
	for k, st := range s.n.Steps {
		c, err := s.expr(l, st.Condition, s.seen(k, false))
		if err != nil {
			return "", err
		}
		open := ""
		if k > 0 {
			open = s.active(k) + " AND "
		}
		goes = append(goes, fmt.Sprintf("g%d := (NOT %s AND %scoalesce(%s, false))", k, s.taken[k], open, c))
	}
	s.taken = nil
	for k := range s.n.Steps {
		for i, d := range s.n.Declared {
			value, err := s.assigned(l, k, d.Column)
			if err != nil {
				return "", err
			}
			values[[2]int{k, i}] = "CAST(" + value + " AS " + sqlTypes[d.Column.Type] + ")"
		}
	}
	flags := append(taken, goes...)
	first := "struct_pack(s := p.a.s, f := struct_pack(" + strings.Join(flags, ", ") + "), o := p.a.o)"
	second := "struct_pack(s := struct_pack(" + strings.Join(s.state(values), ", ") + "), f := p.a.f, o := list_concat(" + strings.Join(append([]string{"p.a.o"}, s.found(values)...), ", ") + "))"
	return "struct_pack(a := CASE WHEN q.h THEN " + first + " ELSE " + second + " END, b := q.b, h := q.h)", nil
}

// assigned is the value of a declared column where the row matches step k.
func (s *stepper) assigned(l *lowerer, k int, c plan.Column) (string, error) {
	for _, a := range s.n.Steps[k].Assign {
		if a.Name != c.Name {
			continue
		}
		own, err := s.expr(l, a.Expr, s.seen(k, false))
		if err != nil || k == 0 {
			return own, err
		}
		before, err := s.expr(l, a.Expr, s.seen(k, true))
		return fmt.Sprintf("CASE WHEN p.a.f.t%d THEN %s ELSE %s END", k, before, own), err
	}
	return s.defaults[s.declared(c.Name)], nil
}

// begins says whether the row begins a sequence.
func (s *stepper) begins() string { return "(p.a.f.g0 AND NOT " + s.active(0) + ")" }

// number is the number of the match that step k is in after the row.
func (s *stepper) number(k int) string {
	if k == 0 {
		return "CASE WHEN " + s.begins() + " THEN p.a.s.nx ELSE p.a.s.i0 END"
	}
	return fmt.Sprintf("CASE WHEN p.a.f.t%d THEN p.a.s.i%d ELSE p.a.s.i%d END", k, k-1, k)
}

// state is the new state after a row.
func (s *stepper) state(values map[[2]int]string) []string {
	fields := []string{"nx := p.a.s.nx + CASE WHEN " + s.begins() + " THEN 1 ELSE 0 END"}
	for k := range s.n.Steps {
		fields = append(fields, fmt.Sprintf("a%d := (p.a.f.t%d OR p.a.f.g%d OR %s)", k, k, k, s.active(k)), fmt.Sprintf("i%d := %s", k, s.number(k)))
		for j := 0; j <= k; j++ {
			for i, c := range s.read[j] {
				field, old := s.held(k, j, i)+" := ", "p.a.s."+s.held(k, j, i)
				if j < k {
					fields = append(fields, field+fmt.Sprintf("CASE WHEN p.a.f.t%d THEN p.a.s.%s ELSE %s END", k, s.held(k-1, j, i), old))
					continue
				}
				now := ""
				if d := s.declared(c.Name); d >= 0 {
					now = values[[2]int{k, d}]
				} else {
					r, _ := s.rows.find(c.Name)
					now = r.sql
				}
				fields = append(fields, field+fmt.Sprintf("CASE WHEN p.a.f.t%d OR p.a.f.g%d THEN %s ELSE %s END", k, k, now, old))
			}
		}
	}
	return fields
}

// found are lists of the matches of a row, one for each step that lets something through.
func (s *stepper) found(values map[[2]int]string) []string {
	var list []string
	for k, st := range s.n.Steps {
		if st.Output == "none" {
			continue
		}
		m := fmt.Sprintf("struct_pack(n := q.b.n, k := %d, i := %s, c := (p.a.f.g%d AND %s)", k, s.number(k), k, s.active(k))
		for i := range s.n.Declared {
			m += fmt.Sprintf(", e%d := %s", i, values[[2]int{k, i}])
		}
		list = append(list, fmt.Sprintf("CASE WHEN p.a.f.t%d OR p.a.f.g%d THEN %s ELSE %s END", k, k, s.matches("["+m+")]"), s.matches("[]")))
	}
	return list
}

// output makes a row of each match, in the order in which they were found.
func (s *stepper) output(ctes string, have scope, nd need) *block {
	want := pruned(s.n.Schema(), nd)
	sel := make([]string, len(want), len(want)+2)
	for i, c := range want {
		switch d := s.declared(c.Name); {
		case d >= 0:
			sel[i] = fmt.Sprintf("m.e%d", d)
		case c.Name == s.n.MatchID:
			sel[i] = "m.i"
		default:
			h, _ := have.find(c.Name)
			sel[i] = "inp." + h.sql
		}
		sel[i] += " AS " + c.sql
	}
	sel = append(sel, `inp."$$pos" AS "$$pos"`, `m.k AS "$$step"`)
	// Of output=last a match counts if the next one does not go on with its series.
	last := "-1"
	for k, st := range s.n.Steps {
		if st.Output == "last" {
			last += fmt.Sprintf(", %d", k)
		}
	}
	matches := "(SELECT part, o.* FROM (SELECT part, unnest(o) AS o FROM st) QUALIFY o.k NOT IN (" + last + ") OR NOT coalesce(lead(o.c) OVER (PARTITION BY part, o.k ORDER BY o.n), false))"
	b := &block{from: "(WITH RECURSIVE " + ctes + " SELECT " + strings.Join(sel, ", ") + " FROM " + matches + ` AS m JOIN inp ON inp."$$part" = m.part AND inp."$$row" = m.n)`, cols: want, ordered: true}
	b.order = []string{`"$$pos"`, `"$$step" DESC`}
	return b
}
