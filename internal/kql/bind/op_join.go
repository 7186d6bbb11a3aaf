package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// joinKind reads the kind option; unknown ones are reported.
func (b *binder) joinKind(params []syntax.NamedParameter, otherwise plan.JoinKind) plan.JoinKind {
	kind := otherwise
	for _, p := range params {
		if p.Name.Text != "kind" {
			continue
		}
		switch v := optionText(p); v {
		case "innerunique", "inner", "leftouter", "rightouter", "fullouter", "leftsemi", "rightsemi", "leftanti", "rightanti":
			kind = plan.JoinKind(v)
		case "anti", "leftantisemi":
			kind = plan.LeftAnti
		case "rightantisemi":
			kind = plan.RightAnti
		case "outer":
			kind = plan.FullOuter
		default:
			b.report(diag.UnknownOption(p.Value.Pos(), "kind", v, "innerunique, inner, leftouter, rightouter, fullouter, leftsemi, rightsemi, leftanti, rightanti"))
		}
	}
	return kind
}

// optionText is the value of an option as written.
func optionText(p syntax.NamedParameter) string {
	switch v := p.Value.(type) {
	case *syntax.NameReference:
		return v.Name
	case *syntax.LiteralExpression:
		if v.Kind == syntax.StringLiteral {
			return v.Text
		}
		return syntax.Print(v)
	}
	return ""
}

func (b *binder) joinOperator(in *relation, o *syntax.JoinOperator, s *scope) *relation {
	kind := b.joinKind(o.Parameters, plan.InnerUnique)
	right := b.tabular(o.Right, s)
	on, _ := b.joinKeys(in, right, o.On, s)
	return b.join(kind, in, right, on, nil, o)
}

func (b *binder) lookupOperator(in *relation, o *syntax.LookupOperator, s *scope) *relation {
	kind := b.joinKind(o.Parameters, plan.LeftOuter)
	if kind != plan.LeftOuter && kind != plan.Inner {
		b.report(diag.UnknownOption(o.Pos(), "kind", string(kind), "leftouter, inner"))
	}
	right := b.tabular(o.Right, s)
	on, rightKeys := b.joinKeys(in, right, o.On, s)
	return b.join(kind, in, right, on, rightKeys, o)
}

// join makes the node. Columns of the right side in without are left out; the others get a number where the left side
// has their name.
func (b *binder) join(kind plan.JoinKind, left, right *relation, on []plan.JoinKey, without map[string]bool, at syntax.Node) *relation {
	var out []plan.JoinColumn
	names := newNameSet(len(left.cols) + len(right.cols))
	showLeft := kind != plan.RightSemi && kind != plan.RightAnti
	showRight := kind != plan.LeftSemi && kind != plan.LeftAnti
	if showLeft {
		for _, c := range left.cols {
			names.take(c.Name)
			out = append(out, plan.JoinColumn{Name: c.Name, From: c})
		}
	}
	if showRight {
		// Names of the right side that are free stay as they are, wherever they stand, before others get numbers.
		free := make([]bool, len(right.cols))
		for i, c := range right.cols {
			free[i] = names.take(c.Name)
		}
		for i, c := range right.cols {
			if without[c.Name] {
				continue
			}
			name := c.Name
			if !free[i] {
				name = names.unique(c.Name)
			}
			out = append(out, plan.JoinColumn{Name: name, Right: true, From: c})
		}
	}
	cols := make([]plan.Column, len(out))
	for i, c := range out {
		cols[i] = plan.Column{Name: c.Name, Type: c.From.Type}
	}
	node := &plan.Join{Kind: kind, Left: left.node, Right: right.node, On: on, Out: out}
	return b.made(node, cols, left.size+right.size, left.open || right.open, at)
}

// joinKeys binds the conditions, and returns the names of the right side's columns in them.
func (b *binder) joinKeys(left, right *relation, list []syntax.Expression, s *scope) ([]plan.JoinKey, map[string]bool) {
	var keys []plan.JoinKey
	names := map[string]bool{}
	for _, e := range list {
		b.joinCondition(left, right, e, s, func(l, r *plan.ColumnRef) {
			names[r.Name] = true
			if k, ok := b.joinKey(l, r, e); ok {
				keys = append(keys, k)
			}
		})
	}
	return keys, names
}

// joinCondition finds the pairs of columns in one condition: a name of both sides, `$left.a == $right.b`, or several of
// these with `and`.
func (b *binder) joinCondition(left, right *relation, e syntax.Expression, s *scope, add func(l, r *plan.ColumnRef)) {
	switch e := e.(type) {
	case *syntax.BadExpression:
		return
	case *syntax.LogicalExpression:
		if e.Op == "and" {
			for _, operand := range e.Operands {
				b.joinCondition(left, right, operand, s, add)
			}
			return
		}
	case *syntax.NameReference:
		l, r := b.joinColumn(left, "left", e), b.joinColumn(right, "right", e)
		if l != nil && r != nil {
			add(l, r)
		}
		return
	case *syntax.BinaryExpression:
		side1, col1 := joinSide(e.Left)
		side2, col2 := joinSide(e.Right)
		if e.Op != "==" || side1 == "" || side2 == "" || side1 == side2 {
			break
		}
		if side1 == "$right" {
			col1, col2 = col2, col1
		}
		l, r := b.joinColumn(left, "left", col1), b.joinColumn(right, "right", col2)
		if l != nil && r != nil {
			add(l, r)
		}
		return
	}
	b.report(diag.JoinCondition(e.Pos()))
}

// joinSide reads $left.a or $right.a; the side is "" for anything else.
func joinSide(e syntax.Expression) (string, *syntax.NameReference) {
	var base, selector syntax.Expression
	switch p := e.(type) {
	case *syntax.PathExpression:
		base, selector = p.Expression, p.Selector
	case *syntax.ElementExpression:
		// $left["a b"]
		base = p.Expression
		if l, ok := p.Index.(*syntax.LiteralExpression); ok && l.Kind == syntax.StringLiteral {
			selector = &syntax.NameReference{Span: l.Span, Name: l.Text}
		}
	}
	side, ok1 := base.(*syntax.NameReference)
	column, ok2 := selector.(*syntax.NameReference)
	if !ok1 || !ok2 || side.Name != "$left" && side.Name != "$right" {
		return "", nil
	}
	return side.Name, column
}

func (b *binder) joinColumn(r *relation, side string, e *syntax.NameReference) *plan.ColumnRef {
	if i := r.find(e.Name); i >= 0 {
		return r.ref(i)
	}
	if !r.open && e.Name != "" {
		b.report(diag.UnknownJoinColumn(e.Pos(), e.Name, side, diag.Nearest(e.Name, r.columnNames())))
	}
	return nil
}

// joinKey brings both sides to one type. A string never equals a number here: the types of keys must fit.
func (b *binder) joinKey(l, r *plan.ColumnRef, at syntax.Node) (plan.JoinKey, bool) {
	if l.Typ == catalog.Unknown || r.Typ == catalog.Unknown {
		return plan.JoinKey{}, false
	}
	if l.Typ == catalog.Dynamic || r.Typ == catalog.Dynamic {
		b.report(diag.DynamicKey(at.Pos(), "join … on", dynamicName(l, r)))
		return plan.JoinKey{}, false
	}
	t, ok := commonType(l.Typ, r.Typ)
	if !ok {
		b.report(diag.JoinTypes(at.Pos(), l.Typ.String(), r.Typ.String()))
		return plan.JoinKey{}, false
	}
	return plan.JoinKey{Left: b.convert(l, t), Right: b.convert(r, t)}, true
}

func dynamicName(l, r *plan.ColumnRef) string {
	if l.Typ == catalog.Dynamic {
		return l.Name
	}
	return r.Name
}
