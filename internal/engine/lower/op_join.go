package lower

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

func (l *lowerer) join(n *plan.Join, nd need) (*block, error) {
	leftNeed, rightNeed := need{}, need{}
	var out []plan.JoinColumn
	for _, c := range n.Out {
		if !nd.has(c.Name) {
			continue
		}
		out = append(out, c)
		if c.Right {
			rightNeed[c.From.Name] = true
		} else {
			leftNeed[c.From.Name] = true
		}
	}
	for _, k := range n.On {
		leftNeed, rightNeed = leftNeed.exprNeeds(k.Left), rightNeed.exprNeeds(k.Right)
	}
	left, err := l.node(n.Left, leftNeed, everything)
	if err != nil {
		return nil, err
	}
	right, err := l.node(n.Right, rightNeed, everything)
	if err != nil {
		return nil, err
	}
	left, right = left.wrap(), right.wrap()
	if n.Kind == plan.InnerUnique {
		if left, err = l.distinctBy(left, n.On); err != nil {
			return nil, err
		}
	}
	ls, rs := left.cols.qualified("l"), right.cols.qualified("r")
	var on []string
	for _, k := range n.On {
		a, err := l.expr(k.Left, ls)
		if err != nil {
			return nil, err
		}
		b, err := l.expr(k.Right, rs)
		if err != nil {
			return nil, err
		}
		lt, rt := k.Left.Type(), k.Right.Type()
		on = append(on, widen(a, lt, maxNumber(lt, rt))+" = "+widen(b, rt, maxNumber(lt, rt)))
	}
	cond := strings.Join(on, " AND ")
	if cond == "" {
		cond = "true"
	}
	l1, r1 := left.from+" AS l", right.from+" AS r"
	if strings.Contains(left.from, ") AS t(") {
		l1 = "(SELECT * FROM " + left.from + ") AS l"
	}
	if strings.Contains(right.from, ") AS t(") {
		r1 = "(SELECT * FROM " + right.from + ") AS r"
	}
	if left.from == "" || right.from == "" {
		return nil, fmt.Errorf("internal: join of a table without columns")
	}
	from, leftNull, rightNull := "", false, false
	switch n.Kind {
	case plan.InnerUnique, plan.Inner:
		from = l1 + " INNER JOIN " + r1 + " ON " + cond
	case plan.LeftOuter:
		from, rightNull = l1+" LEFT JOIN "+r1+" ON "+cond, true
	case plan.RightOuter:
		from, leftNull = l1+" RIGHT JOIN "+r1+" ON "+cond, true
	case plan.FullOuter:
		from, leftNull, rightNull = l1+" FULL JOIN "+r1+" ON "+cond, true, true
	case plan.LeftSemi:
		from = l1 + " SEMI JOIN " + r1 + " ON " + cond
	case plan.LeftAnti:
		from = l1 + " ANTI JOIN " + r1 + " ON " + cond
	case plan.RightSemi:
		from = r1 + " SEMI JOIN " + l1 + " ON " + cond
	case plan.RightAnti:
		from = r1 + " ANTI JOIN " + l1 + " ON " + cond
	default:
		return nil, fmt.Errorf("not supported yet: join kind %s", n.Kind)
	}
	cols := make([]plan.Column, len(out))
	sel := make([]string, len(out))
	for i, c := range out {
		side, nullable := ls, leftNull
		if c.Right {
			side, nullable = rs, rightNull
		}
		s, ok := side.find(c.From.Name)
		if !ok {
			return nil, fmt.Errorf("internal: join lost column %q", c.From.Name)
		}
		sel[i], cols[i] = s.sql, plan.Column{Name: c.Name, Type: c.From.Type}
		if nullable && c.From.Type == catalog.String {
			sel[i] = "coalesce(" + s.sql + ", '')"
		}
	}
	b := &block{from: from, cols: newScope(cols), sel: sel}
	return b, nil
}

func maxNumber(a, b catalog.Type) catalog.Type {
	if a.IsNumber() && b.IsNumber() && b > a {
		return b
	}
	return a
}

// qualified is the scope seen through a table alias.
func (s scope) qualified(alias string) scope {
	out := make(scope, len(s))
	for i, c := range s {
		out[i] = scopeColumn{c.Column, alias + "." + c.sql}
	}
	return out
}

// distinctBy keeps one row for each value of the left keys, the first in the order of the input.
func (l *lowerer) distinctBy(b *block, on []plan.JoinKey) (*block, error) {
	keys := make([]string, len(on))
	for i, k := range on {
		s, err := l.expr(k.Left, b.cols)
		if err != nil {
			return nil, err
		}
		keys[i] = s
	}
	if len(keys) == 0 {
		return b, nil
	}
	sel := make([]string, len(b.cols))
	for i, c := range b.cols {
		sel[i] = c.sql
	}
	return &block{from: "(SELECT DISTINCT ON (" + strings.Join(keys, ", ") + ") " + strings.Join(sel, ", ") + " FROM " + b.from + ")", cols: b.cols}, nil
}
