package bind

import (
	"fmt"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// nest is a top-nested while it is bound. Level i has a value $k i and an aggregate $a i.
type nest struct {
	b      *binder
	o      *syntax.TopNestedOperator
	scope  *scope
	rows   *relation // the input with the values of all levels
	levels []nestLevel
}

type nestLevel struct {
	value, aggregate plan.Column // as the answer has them
	others           plan.Expr   // nil if not asked for
	top              *relation   // $k0 $a0 … up to this level, the rows that made it
}

func nestKey(i int) string { return "$k" + strconv.Itoa(i) }
func nestAgg(i int) string { return "$a" + strconv.Itoa(i) }

// nestRest is the column that tells others of a level.
func nestRest(i int) string { return "$o" + strconv.Itoa(i) }

// topNestedOperator finds the top values level by level. What does not make it to the top is one more row of its level
// with others, which keeps the others of the levels below it.
func (b *binder) topNestedOperator(in *relation, o *syntax.TopNestedOperator, s *scope) *relation {
	n := &nest{b: b, o: o, scope: s, levels: make([]nestLevel, len(o.Levels))}
	if !n.values(in) {
		return b.broken()
	}
	var parts []*relation
	for i := range n.levels {
		l := &n.levels[i]
		top, ok := n.aggregated(n.rows, i, i)
		if !ok {
			return b.broken()
		}
		if i > 0 {
			top = n.join("inner", top, n.levels[i-1].top, i)
		}
		top = n.first(top, i)
		l.top = b.share(n.columns(top, i, i), "", o)
		if l.others == nil {
			continue
		}
		rest, ok := n.rest(i)
		if !ok {
			return b.broken()
		}
		parts = append(parts, rest)
	}
	last := len(n.levels) - 1
	parts = append(parts, n.columns(n.levels[last].top, last, last))
	return n.answer(parts)
}

// values adds the values of all levels to the rows and settles the names of the answer.
func (n *nest) values(in *relation) bool {
	b := n.b
	names := newNameSet(2 * len(n.levels))
	items := passing(in, len(n.levels))
	for i, l := range n.o.Levels {
		en := &env{scope: n.scope, in: in}
		given, e := split(l.Of)
		value := b.scalarExpr(e, en)
		if value.Type() == catalog.Unknown {
			return false
		}
		if value.Type() == catalog.Dynamic {
			b.report(diag.DynamicKey(e.Pos(), "top-nested … of", syntax.Print(e)))
			return false
		}
		name, ok := b.derivedName(e, en)
		switch {
		case len(given) > 0:
			name = given[0].Text
		case !ok:
			name = names.column(in)
		}
		name = names.unique(name)
		n.levels[i].value = plan.Column{Name: name, Type: value.Type()}
		items = append(items, plan.Named{Name: nestKey(i), Expr: value})
		aggregate := "aggregated_" + name
		if given, _ := split(l.By.Expression); len(given) > 0 {
			aggregate = given[0].Text
		}
		n.levels[i].aggregate.Name = names.unique(aggregate)
		if l.Others != nil {
			other := b.scalarExpr(l.Others, &env{scope: n.scope, in: &relation{}})
			if t := other.Type(); t == catalog.Unknown {
				return false
			} else if t != value.Type() && !(t.IsNumber() && value.Type().IsNumber()) {
				b.report(diag.WrongType(l.Others.Pos(), "others", value.Type().String(), t.String()))
				return false
			}
			n.levels[i].others = b.convert(other, value.Type())
		}
	}
	if in.open {
		return false
	}
	n.rows = b.share(b.project(in, items, n.o), "", n.o)
	return true
}

// aggregated groups rows by the first values, those of levels up to keys (not including it for keys = -1), and computes
// the aggregate of a level.
func (n *nest) aggregated(rows *relation, keys, level int) (*relation, bool) {
	b := n.b
	z := &summarizer{b: b, in: rows, scope: n.scope, names: newNameSet(0), aggs: &aggregates{}}
	for i := 0; i <= keys; i++ {
		k := plan.Named{Name: nestKey(i), Expr: rows.ref(rows.find(nestKey(i)))}
		z.keys = append(z.keys, k)
		z.items = append(z.items, plan.Named{Name: k.Name, Expr: &plan.ColumnRef{Name: k.Name, Typ: k.Expr.Type()}})
	}
	_, e := split(n.o.Levels[level].By.Expression)
	z.aggregate(e)
	if len(z.items) != keys+2 {
		b.report(diag.CannotRun(e.Pos(), "top-nested", "the aggregate makes several columns."))
		return nil, false
	}
	value := &z.items[keys+1]
	if len(z.aggs.list) == 0 {
		if !isUnknown(value.Expr) {
			b.report(diag.CannotRun(e.Pos(), "top-nested", "an aggregate is needed after by: count(), sum(column), max(column)."))
		}
		return nil, false
	}
	if t := value.Expr.Type(); t == catalog.Dynamic {
		b.report(diag.DynamicKey(e.Pos(), "top-nested … by", syntax.Print(e)))
		return nil, false
	} else if t == catalog.Unknown {
		return nil, false
	}
	value.Name = nestAgg(level)
	n.levels[level].aggregate.Type = value.Expr.Type()
	grouped := &plan.Aggregate{Input: rows.node, Keys: z.keys, Aggs: z.aggs.list}
	r := b.made(grouped, grouped.Schema(), rows.size, false, n.o)
	return b.project(r, z.items, n.o), true
}

// first keeps the top rows of a level within each row of the level above.
func (n *nest) first(r *relation, i int) *relation {
	b, l := n.b, n.o.Levels[i]
	if l.Count == nil {
		return r
	}
	desc := l.By.Order != "asc"
	first := l.By.Nulls == "first" || l.By.Nulls == "" && !desc
	keys := []plan.SortKey{{Expr: r.ref(r.find(nestAgg(i))), Desc: desc, NullsFirst: first}, {Expr: r.ref(r.find(nestKey(i))), NullsFirst: true}}
	var per []string
	for j := range i {
		per = append(per, nestKey(j))
	}
	sorted := b.over(r, &plan.Sort{Input: r.node, Keys: keys}, n.o)
	return b.over(sorted, &plan.Limit{Input: sorted.node, Count: b.rowCount(l.Count, n.scope), Per: per}, n.o)
}

// columns brings a relation to $k0 $a0 … of all levels up to width. Levels after known are others where these are asked
// for, and empty where not.
func (n *nest) columns(r *relation, known, width int) *relation {
	var items []plan.Named
	for i := 0; i <= width; i++ {
		l := n.levels[i]
		value, aggregate := plan.Expr(nullOf(l.value.Type)), plan.Expr(nullOf(l.aggregate.Type))
		if j := r.find(nestAgg(i)); j >= 0 {
			aggregate = r.ref(j)
		}
		if i <= known {
			value = r.ref(r.find(nestKey(i)))
		} else if l.others != nil {
			value = l.others
		}
		rest := &plan.Const{Typ: catalog.Bool, Value: i > known}
		items = append(items, plan.Named{Name: nestKey(i), Expr: value}, plan.Named{Name: nestAgg(i), Expr: aggregate}, plan.Named{Name: nestRest(i), Expr: rest})
	}
	return n.b.project(r, items, n.o)
}

// rest is the rows of others of one level: a row for each row of the level above, over what did not make it to the top.
func (n *nest) rest(i int) (*relation, bool) {
	b := n.b
	left := n.join("leftanti", n.rows, n.levels[i].top, i+1)
	if i > 0 {
		left = n.join("leftsemi", left, n.levels[i-1].top, i)
	}
	if left.open {
		return nil, false
	}
	left = b.share(left, "", n.o)
	var r *relation
	if i > 0 {
		keys := make([]string, 0, i)
		for j := range i {
			keys = append(keys, "['"+nestKey(j)+"']")
		}
		groups := b.compose("X | distinct "+strings.Join(keys, ", "), map[string]*relation{"X": left}, nil, n.o)
		r = n.join("inner", n.levels[i-1].top, groups, i)
	} else {
		r = b.compose("X | take 1 | project ['$one'] = 1", map[string]*relation{"X": left}, nil, n.o)
	}
	for j := i; j < len(n.levels); j++ {
		if n.levels[j].others == nil {
			continue
		}
		a, ok := n.aggregated(left, i-1, j)
		if !ok {
			return nil, false
		}
		r = n.join("inner", r, a, i)
	}
	return r, !r.open
}

// join combines rows that agree in the values of the first levels, where null equals null.
func (n *nest) join(kind string, x, y *relation, levels int) *relation {
	extend, on := "['$one'] = 1", "['$one']"
	for i := range levels {
		extend += fmt.Sprintf(", ['$j%d'] = tostring(['$k%d'])", i, i)
		on += fmt.Sprintf(", ['$j%d']", i)
	}
	text := fmt.Sprintf("X | extend %s | join kind=%s (Y | extend %s) on %s", extend, kind, extend, on)
	return n.b.compose(text, map[string]*relation{"X": x, "Y": y}, nil, n.o)
}

// answer puts the rows together, sorts them level by level with others last, and names the columns.
func (n *nest) answer(parts []*relation) *relation {
	b := n.b
	last := len(n.levels) - 1
	union := &plan.Union{}
	size := 0
	for i, p := range parts {
		known := last
		if i < len(parts)-1 {
			known = 0
			for j := range n.levels {
				if p.find(nestKey(j)) < 0 {
					break
				}
				known = j + 1
			}
			known--
		}
		p = n.columns(p, known, last)
		union.Sources = append(union.Sources, p.node)
		union.Columns = p.cols
		size += p.size
	}
	r := b.made(union, union.Columns, size, false, n.o)
	var keys []plan.SortKey
	for i, l := range n.o.Levels {
		desc := l.By.Order != "asc"
		keys = append(keys, plan.SortKey{Expr: r.ref(3*i + 2)}, plan.SortKey{Expr: r.ref(3*i + 1), Desc: desc, NullsFirst: !desc}, plan.SortKey{Expr: r.ref(3 * i), NullsFirst: true})
	}
	r = b.over(r, &plan.Sort{Input: r.node, Keys: keys}, n.o)
	var items []plan.Named
	for i, l := range n.levels {
		items = append(items, plan.Named{Name: l.value.Name, Expr: r.ref(3 * i)}, plan.Named{Name: l.aggregate.Name, Expr: r.ref(3*i + 1)})
	}
	return b.project(r, items, n.o)
}

// topHittersOperator counts exactly where Kusto may estimate.
func (b *binder) topHittersOperator(in *relation, o *syntax.TopHittersOperator, s *scope) *relation {
	given, e := split(o.Of)
	column, ok := e.(*syntax.NameReference)
	if !ok {
		b.report(diag.ColumnExpected(o.Of.Pos()))
		return b.broken()
	}
	value := b.scalarExpr(column, &env{scope: s, in: in})
	count := b.rowCount(o.Count, s)
	if isUnknown(value) || isUnknown(count) {
		return b.broken()
	}
	if value.Type() == catalog.Dynamic {
		b.report(diag.DynamicKey(e.Pos(), "top-hitters … of", column.Name))
		return b.broken()
	}
	name := column.Name
	if len(given) > 0 {
		name = given[0].Text
	}
	items := []plan.Named{{Name: "Value", Expr: value}}
	aggregate, text := "approximate_count_"+name, "T | summarize Total = count() by Value | top N by Total, Value asc"
	if o.By != nil {
		given, e := split(o.By)
		column, ok := e.(*syntax.NameReference)
		if !ok {
			b.report(diag.ColumnExpected(o.By.Pos()))
			return b.broken()
		}
		weight := b.scalarExpr(column, &env{scope: s, in: in})
		if t := weight.Type(); t == catalog.Unknown {
			return b.broken()
		} else if !t.IsNumber() {
			b.report(diag.WrongType(o.By.Pos(), "the sum", "number", t.String()))
			return b.broken()
		}
		aggregate, text = "approximate_sum_"+column.Name, strings.Replace(text, "count()", "sum(Weight)", 1)
		if len(given) > 0 {
			aggregate = "approximate_sum_" + given[0].Text
		}
		items = append(items, plan.Named{Name: "Weight", Expr: weight})
	}
	r := b.compose(text, map[string]*relation{"T": b.project(in, items, o)}, map[string]plan.Expr{"N": count}, o)
	if r.open || len(r.cols) != 2 {
		return b.broken()
	}
	return b.relabelled(r, []string{name, aggregate}, o)
}
