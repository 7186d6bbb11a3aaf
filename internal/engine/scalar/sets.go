package scalar

import (
	"maps"
	"math"

	"nordlys/internal/kql/catalog"
)

func setFuncs() []Func {
	d := catalog.Dynamic
	return []Func{
		unary("go_set_union", d, d, setUnion),
		unary("go_set_intersect", d, d, func(s string) any { return setCombine(s, true) }),
		unary("go_set_difference", d, d, func(s string) any { return setCombine(s, false) }),
		binary("go_set_equals", d, d, catalog.Bool, setEquals),
		binary("go_jaccard_index", d, d, catalog.Real, jaccardIndex),
		{Name: "go_distinct", Args: []catalog.Type{d, catalog.Long}, Result: d, Call: func(a []any) any {
			s, ok := a[0].(string)
			if !ok {
				return nil
			}
			return distinct(s, longOr(a[1], maxElements))
		}},
	}
}

// set is the distinct elements of arrays in the order in which they were first seen.
type set struct {
	items []string
	seen  map[string]struct{}
}

func newSet(n int) *set { return &set{items: make([]string, 0, n), seen: make(map[string]struct{}, n)} }

func (s *set) add(raw string) {
	key := identity(raw)
	if _, ok := s.seen[key]; !ok {
		s.seen[key] = struct{}{}
		s.items = append(s.items, raw)
	}
}

// setUnion gives the distinct elements of all arrays in a JSON array; what is no array counts as empty, and null comes
// of no array at all. https://learn.microsoft.com/kusto/query/set-union-function
func setUnion(s string) any {
	arrays, found := arraysOf(s)
	if !found {
		return nil
	}
	out := newSet(16)
	for _, a := range arrays {
		for _, v := range a {
			out.add(v)
		}
	}
	return joinArray(out.items)
}

// setCombine gives the distinct elements of the first array that all the others have (common) or that none of them has.
// https://learn.microsoft.com/kusto/query/set-intersect-function, set-difference-function
func setCombine(s string, common bool) any {
	arrays, found := arraysOf(s)
	if !found {
		return nil
	}
	others := make([]map[string]struct{}, 0, len(arrays)-1)
	for _, a := range arrays[1:] {
		m := make(map[string]struct{}, len(a))
		for _, v := range a {
			m[identity(v)] = struct{}{}
		}
		others = append(others, m)
	}
	out := newSet(len(arrays[0]))
next:
	for _, v := range arrays[0] {
		key := identity(v)
		for _, m := range others {
			if _, ok := m[key]; ok != common {
				continue next
			}
		}
		out.add(v)
	}
	return joinArray(out.items)
}

// arraysOf reads an array of arrays and says whether there was an array in it.
func arraysOf(s string) (arrays [][]string, found bool) {
	parts, ok := elements(s, nil)
	if !ok {
		return nil, false
	}
	arrays = make([][]string, len(parts))
	for i, p := range parts {
		if kindOf(p) == '[' {
			arrays[i], ok = elements(p, nil)
			found = found || ok
		}
	}
	return arrays, found
}

// jaccardIndex is the size of the intersection over that of the union, NaN of two empty arrays.
func jaccardIndex(s, t string) any {
	x, ok := elements(s, nil)
	y, ok1 := elements(t, nil)
	if !ok || !ok1 {
		return nil
	}
	a, all := newSet(len(x)), newSet(len(x)+len(y))
	for _, v := range x {
		a.add(v)
		all.add(v)
	}
	b := newSet(len(y))
	for _, v := range y {
		b.add(v)
		all.add(v)
	}
	if len(all.items) == 0 {
		return math.NaN()
	}
	both := len(a.items) + len(b.items) - len(all.items)
	return float64(both) / float64(len(all.items))
}

// distinct makes the array of make_set: distinct, in first-seen order, arrays flattened, nulls left out.
// https://learn.microsoft.com/kusto/query/make-set-aggregation-function
func distinct(s string, limit int64) any {
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	out := newSet(min(len(items), 64))
	var inner []string
	for _, v := range items {
		if int64(len(out.items)) >= limit {
			break
		}
		if v == "null" {
			continue
		}
		if kindOf(v) != '[' {
			out.add(v)
			continue
		}
		inner = firstOf(elements(v, inner[:0]))
		for _, w := range inner {
			if w != "null" && int64(len(out.items)) < limit {
				out.add(w)
			}
		}
	}
	return joinArray(out.items)
}

// setEquals says whether two arrays have the same distinct elements; null for what is no array.
func setEquals(s, t string) any {
	x, ok := elements(s, nil)
	y, ok1 := elements(t, nil)
	if !ok || !ok1 {
		return nil
	}
	a, b := newSet(len(x)), newSet(len(y))
	for _, v := range x {
		a.add(v)
	}
	for _, v := range y {
		b.add(v)
	}
	return maps.Equal(a.seen, b.seen)
}
