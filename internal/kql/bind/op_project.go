package bind

import (
	"sort"
	"strings"

	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

func (b *binder) projectOperator(in *relation, o *syntax.ProjectOperator, s *scope) *relation {
	en := &env{scope: s, in: in, window: true}
	names := newNameSet(len(o.Columns))
	items := make([]plan.Named, 0, len(o.Columns))
	for _, e := range o.Columns {
		if several, ok := b.tuple(e, en); ok {
			for _, it := range several {
				if !names.take(it.Name) {
					b.report(diag.DuplicateColumn(e.Pos(), it.Name))
				}
			}
			items = append(items, several...)
			continue
		}
		given, value := split(e)
		bound := b.scalarExpr(value, en)
		name := ""
		if ref, ok := value.(*syntax.NameReference); ok && given == nil {
			// A column that is named twice is a mistake only if it was asked for by its own name before.
			name = b.plainName(ref, o.Columns, e, names)
		} else {
			name = b.columnName(given, value, en, names)
		}
		items = append(items, plan.Named{Name: name, Expr: bound})
	}
	return b.project(in, items, o)
}

// plainName takes the name of a column that is listed as it is.
func (b *binder) plainName(ref *syntax.NameReference, list []syntax.Expression, self syntax.Expression, names *nameSet) string {
	if names.take(ref.Name) {
		names.give(ref.Name)
		return ref.Name
	}
	for _, e := range list {
		if e == self {
			break
		}
		given, value := split(e)
		other, ok := value.(*syntax.NameReference)
		if len(given) > 0 && given[0].Text == ref.Name || len(given) == 0 && ok && other.Name == ref.Name {
			b.report(diag.DuplicateColumn(ref.Pos(), ref.Name))
			break
		}
	}
	return names.unique(ref.Name)
}

// extend adds columns or replaces those of the same name, for extend and serialize. All expressions see the columns of
// the input.
func (b *binder) extend(in *relation, list []syntax.Expression, at syntax.Node, s *scope) *relation {
	en := &env{scope: s, in: in, window: true}
	items := passing(in, len(list))
	explicit := map[string]bool{}
	names := newNameSet(0)
	for _, e := range list {
		if several, ok := b.tuple(e, en); ok {
			for _, it := range several {
				items = put(items, in, it)
			}
			continue
		}
		given, value := split(e)
		bound := b.scalarExpr(value, en)
		name, derived := "", false
		switch {
		case len(given) == 1:
			name = given[0].Text
			if explicit[name] {
				b.report(diag.DuplicateColumn(given[0].Pos(), name))
			}
			explicit[name] = true
		default:
			if name, derived = b.derivedName(value, en); !derived {
				name = names.column(in)
			} else if _, plain := value.(*syntax.NameReference); plain && in.find(name) >= 0 {
				// A column by its own name is there already.
				continue
			}
		}
		items = put(items, in, plan.Named{Name: name, Expr: bound})
	}
	return b.project(in, items, at)
}

// put replaces the item of a name or appends it. Items begins with the columns of in.
func put(items []plan.Named, in *relation, item plan.Named) []plan.Named {
	if i := in.find(item.Name); i >= 0 {
		items[i] = item
		return items
	}
	for i := len(in.cols); i < len(items); i++ {
		if items[i].Name == item.Name {
			items[i] = item
			return items
		}
	}
	return append(items, item)
}

// matching returns the columns that a name or pattern stands for, in order. A name must exist; a pattern may match
// nothing.
func (b *binder) matching(in *relation, e syntax.Expression) []int {
	pattern := ""
	switch e := e.(type) {
	case *syntax.WildcardedName:
		pattern = e.Pattern
	case *syntax.NameReference:
		if i := in.find(e.Name); i >= 0 {
			return []int{i}
		}
		if !strings.Contains(e.Name, "*") {
			if !in.open && e.Name != "" {
				b.report(diag.UnknownColumn(e.Pos(), e.Name, diag.Nearest(e.Name, in.columnNames())))
			}
			return nil
		}
		pattern = e.Name
	default:
		return nil
	}
	var list []int
	for i, c := range in.cols {
		if matchPattern(pattern, c.Name) {
			list = append(list, i)
		}
	}
	return list
}

// chosen marks the columns that names and patterns stand for.
func (b *binder) chosen(in *relation, list []syntax.Expression) []bool {
	marks := make([]bool, len(in.cols))
	for _, e := range list {
		for _, i := range b.matching(in, e) {
			marks[i] = true
		}
	}
	return marks
}

func (b *binder) projectAwayOperator(in *relation, o *syntax.ProjectAwayOperator) *relation {
	return b.pickMarked(in, b.chosen(in, o.Columns), false, o)
}

func (b *binder) projectKeepOperator(in *relation, o *syntax.ProjectKeepOperator) *relation {
	return b.pickMarked(in, b.chosen(in, o.Columns), true, o)
}

func (b *binder) pickMarked(in *relation, marks []bool, keep bool, at syntax.Node) *relation {
	var list []int
	for i, m := range marks {
		if m == keep {
			list = append(list, i)
		}
	}
	return b.pick(in, list, at)
}

func (b *binder) projectRenameOperator(in *relation, o *syntax.ProjectRenameOperator) *relation {
	renamed := map[int]string{}
	for _, e := range o.Columns {
		given, value := split(e)
		ref, ok := value.(*syntax.NameReference)
		if !ok || len(given) != 1 {
			b.report(diag.RenameForm(e.Pos()))
			continue
		}
		for _, i := range b.matching(in, ref) {
			renamed[i] = given[0].Text
		}
	}
	items := passing(in, 0)
	for i, name := range renamed {
		items[i].Name = name
	}
	names := newNameSet(len(items))
	for i := range items {
		if !names.take(items[i].Name) {
			b.report(diag.DuplicateColumn(o.Pos(), items[i].Name))
			items[i].Name = names.unique(items[i].Name)
		}
	}
	return b.project(in, items, o)
}

func (b *binder) projectReorderOperator(in *relation, o *syntax.ProjectReorderOperator) *relation {
	placed := make([]bool, len(in.cols))
	named := make([]bool, len(in.cols))
	for _, c := range o.Columns {
		if ref, ok := c.Expression.(*syntax.NameReference); ok {
			if i := in.find(ref.Name); i >= 0 {
				named[i] = true
			}
		}
	}
	var list []int
	for _, c := range o.Columns {
		_, pattern := c.Expression.(*syntax.WildcardedName)
		matches := b.matching(in, c.Expression)
		orderColumns(in, matches, c.Order)
		for _, i := range matches {
			// A column with an element of its own stands there, even if a pattern before it matches.
			if !placed[i] && !(pattern && named[i]) {
				placed[i] = true
				list = append(list, i)
			}
		}
	}
	for i := range in.cols {
		if !placed[i] {
			list = append(list, i)
		}
	}
	return b.pick(in, list, o)
}

// orderColumns sorts the columns that a pattern matches by their names. In granny order runs of digits count as
// numbers.
func orderColumns(in *relation, list []int, order string) {
	if order == "" {
		return
	}
	sort.SliceStable(list, func(x, y int) bool {
		a, c := in.cols[list[x]].Name, in.cols[list[y]].Name
		if strings.HasSuffix(order, "desc") {
			a, c = c, a
		}
		if strings.HasPrefix(order, "granny") {
			return naturalLess(a, c)
		}
		return a < c
	})
}

// naturalLess compares names with the numbers in them by value.
func naturalLess(a, c string) bool {
	for a != "" && c != "" {
		m, n := digits(a), digits(c)
		if m > 0 && n > 0 {
			x, y := strings.TrimLeft(a[:m], "0"), strings.TrimLeft(c[:n], "0")
			if len(x) != len(y) {
				return len(x) < len(y)
			}
			if x != y {
				return x < y
			}
			a, c = a[m:], c[n:]
			continue
		}
		if a[0] != c[0] {
			return a[0] < c[0]
		}
		a, c = a[1:], c[1:]
	}
	return len(a) < len(c)
}

// digits is the length of the number at the start of s.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
