package scalar

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
)

func arrayFuncs() []Func {
	d, n := catalog.Dynamic, catalog.Long
	return []Func{
		unary("go_array_concat", d, d, arrayConcat),
		{Name: "go_array_slice", Args: []catalog.Type{d, n, n}, Result: d, Call: arraySlice},
		sorting("go_array_sort", arraySort),
		sorting("go_arrays_sort", arraysSort),
		{Name: "go_array_index_of", Args: []catalog.Type{d, d, n, n, n}, Result: n, Call: arrayIndexOf},
		{Name: "go_array_iff", Args: []catalog.Type{d, d, d}, Result: d, Call: arrayIff},
		binary("go_array_split", d, d, d, arraySplit),
		unary("go_zip", d, d, zip),
		{Name: "go_array_shift", Args: []catalog.Type{d, n, d}, Result: d, Call: arrayShift},
		{Name: "go_array_rotate", Args: []catalog.Type{d, n}, Result: d, Call: arrayRotate},
		{Name: "go_repeat", Args: []catalog.Type{d, n}, Result: d, Call: repeated},
		{Name: "go_flatten", Args: []catalog.Type{d, n}, Result: d, Call: func(a []any) any {
			s, ok := a[0].(string)
			if !ok {
				return nil
			}
			return flatten(s, longOr(a[1], maxElements))
		}},
	}
}

// sorting makes a function of JSON text, whether to sort downwards and whether nulls come last (true if null).
func sorting(name string, f func(s string, desc, nullsLast bool) any) Func {
	args := []catalog.Type{catalog.Dynamic, catalog.Bool, catalog.Bool}
	return Func{Name: name, Args: args, Result: catalog.Dynamic, Call: func(a []any) any {
		s, ok := a[0].(string)
		if !ok {
			return nil
		}
		desc, _ := a[1].(bool)
		nullsLast, given := a[2].(bool)
		return f(s, desc, nullsLast || !given)
	}}
}

// maxElements is how many elements make_list and make_set hold at most.
const maxElements = 1048576

// arrayConcat joins the arrays in a JSON array end to end; what is no array is left out.
func arrayConcat(s string) any {
	var stack [8]string
	parts, ok := elements(s, stack[:0])
	if !ok {
		return nil
	}
	var out []string
	found := false
	for _, p := range parts {
		if n := len(out); kindOf(p) == '[' {
			if out, ok = elements(p, out); !ok {
				out = out[:n]
				continue
			}
			found = true
		}
	}
	if !found {
		return nil
	}
	return joinArray(out)
}

// arraySlice takes the elements from start to end, both included, negative ones counting from the end.
// https://learn.microsoft.com/kusto/query/array-slice-function
func arraySlice(a []any) any {
	s, ok := a[0].(string)
	start, ok1 := a[1].(int64)
	end, ok2 := a[2].(int64)
	if !ok || !ok1 || !ok2 {
		return nil
	}
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	n := int64(len(items))
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end += n
	}
	if end = min(end, n-1); start > end {
		return "[]"
	}
	return joinArray(items[start : end+1])
}

// sortable is an element with what it is ordered by.
type sortable struct {
	raw   string
	class uint8  // as https://learn.microsoft.com/kusto/query/array-sort-asc-function orders types
	text  string // of strings and guids
	ticks int64  // of datetimes and timespans
}

const (
	classNumber = iota
	classTimespan
	classDatetime
	classString
	classGuid
	classOther
)

func newSortable(raw string) sortable {
	v := sortable{raw: raw, class: classOther}
	switch kindOf(raw) {
	case '0':
		v.class = classNumber
	case '"':
		v.class, v.text = classString, unquote(raw)
		switch t := v.text; {
		case len(t) == 36 && isGuid(t):
			v.class = classGuid
		case len(t) >= 20 && t[4] == '-' && t[10] == 'T' && t[len(t)-1] == 'Z':
			if ticks, ok := parseISO(t); ok {
				v.class, v.ticks = classDatetime, ticks
			}
		case len(t) >= 8 && strings.Count(t, ":") == 2:
			if ticks, ok := parseTimespanClock(t); ok {
				v.class, v.ticks = classTimespan, ticks
			}
		}
	}
	return v
}

func parseTimespanClock(t string) (int64, bool) {
	rest := strings.TrimPrefix(t, "-")
	ticks, ok := parseClock(rest)
	if len(rest) < len(t) {
		ticks = -ticks
	}
	return ticks, ok
}

func isGuid(s string) bool {
	for i := 0; i < len(s); i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if fromHex(s[i]) > 15 {
			return false
		}
	}
	return true
}

// arraySort orders by type, then by value; elements without an order among them stay as they were.
func arraySort(s string, desc, nullsLast bool) any {
	raws, ok := elements(s, nil)
	if !ok {
		return nil
	}
	out := make([]string, len(raws))
	for i, from := range sortedOrder(raws, desc, nullsLast) {
		out[i] = raws[from]
	}
	return joinArray(out)
}

// arraysSort sorts the first of several arrays and puts the others into its order; those of another length become null.
func arraysSort(s string, desc, nullsLast bool) any {
	arrays, ok := elements(s, nil)
	if !ok || len(arrays) == 0 {
		return nil
	}
	first, ok := elements(arrays[0], nil)
	if !ok {
		return nil
	}
	order := sortedOrder(first, desc, nullsLast)
	out := make([]string, len(arrays))
	for i, array := range arrays {
		out[i] = "null"
		raws, ok := elements(array, nil)
		if !ok || len(raws) != len(order) {
			continue
		}
		sorted := make([]string, len(raws))
		for j, from := range order {
			sorted[j] = raws[from]
		}
		if text, ok := joinArray(sorted).(string); ok {
			out[i] = text
		}
	}
	return joinArray(out)
}

// sortedOrder gives the positions of JSON values in the order that array_sort_asc and array_sort_desc put them in.
func sortedOrder(raws []string, desc, nullsLast bool) []int {
	type numbered struct {
		sortable
		at int
	}
	items := make([]numbered, 0, len(raws))
	var nulls []int
	for i, r := range raws {
		if r == "null" {
			nulls = append(nulls, i)
			continue
		}
		items = append(items, numbered{newSortable(r), i})
	}
	slices.SortStableFunc(items, func(x, y numbered) int {
		if x.class != y.class {
			return int(x.class) - int(y.class)
		}
		c := 0
		switch x.class {
		case classNumber:
			c = compareNumbers(x.raw, y.raw)
		case classTimespan, classDatetime:
			c = int(min(max(x.ticks-y.ticks, -1), 1))
		case classString, classGuid:
			c = strings.Compare(x.text, y.text)
		}
		if desc {
			return -c
		}
		return c
	})
	out := make([]int, 0, len(raws))
	if !nullsLast {
		out = append(out, nulls...)
	}
	for _, v := range items {
		out = append(out, v.at)
	}
	if nullsLast {
		out = append(out, nulls...)
	}
	return out
}

// compareNumbers orders JSON numbers; integers of any length without a float in between.
func compareNumbers(x, y string) int {
	if !isInteger(x) || !isInteger(y) {
		a, _ := strconv.ParseFloat(x, 64)
		b, _ := strconv.ParseFloat(y, 64)
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	}
	nx, ny := x[0] == '-', y[0] == '-'
	switch {
	case nx && !ny:
		if x == "-0" && y == "0" {
			return 0
		}
		return -1
	case ny && !nx:
		return -compareNumbers(y, x)
	case nx:
		x, y = y[1:], x[1:]
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(x, y)
}

// arrayIndexOf finds a value in an array, null if occurrence is negative or length less than -1.
// https://learn.microsoft.com/kusto/query/array-index-of-function
func arrayIndexOf(a []any) any {
	s, ok := a[0].(string)
	value, ok1 := a[1].(string)
	start, length, occurrence := longOr(a[2], 0), longOr(a[3], -1), longOr(a[4], 1)
	if !ok || !ok1 || occurrence < 0 || length < -1 {
		return nil
	}
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	n := int64(len(items))
	if start < 0 {
		start = max(start+n, 0)
	}
	end := n
	if length >= 0 && start <= n {
		end = start + min(length, n-start)
	}
	want := newSortable(value)
	key := identity(value)
	for i := start; i < end; i++ {
		if identity(items[i]) != key && !sameInstant(want, items[i]) {
			continue
		}
		if occurrence--; occurrence <= 0 {
			return i
		}
	}
	return int64(-1)
}

// sameInstant compares times that are written with more or fewer digits.
func sameInstant(want sortable, raw string) bool {
	if want.class != classDatetime && want.class != classTimespan || kindOf(raw) != '"' {
		return false
	}
	v := newSortable(raw)
	return v.class == want.class && v.ticks == want.ticks
}

// arrayIff takes each element from one of two arrays or values, by a condition that is a bool or a number; any other
// condition gives null. https://learn.microsoft.com/kusto/query/array-iff-function
func arrayIff(a []any) any {
	s, ok := a[0].(string)
	if !ok {
		return nil
	}
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	whenTrue, whenFalse := choices(a[1]), choices(a[2])
	for i, c := range items {
		switch kindOf(c) {
		case 't':
			items[i] = whenTrue(i)
		case 'f':
			items[i] = whenFalse(i)
		case '0':
			if x, err := strconv.ParseFloat(c, 64); err == nil && x == 0 {
				items[i] = whenFalse(i)
			} else {
				items[i] = whenTrue(i)
			}
		default:
			items[i] = "null"
		}
	}
	return joinArray(items)
}

// choices reads a value that stands for itself at every place, or an array with one for each.
func choices(v any) func(i int) string {
	s, ok := v.(string)
	if !ok {
		return func(int) string { return "null" }
	}
	if s, ok = oneValue(s); !ok {
		s = "null"
	}
	if kindOf(s) != '[' {
		return func(int) string { return s }
	}
	items, ok := elements(s, nil)
	return func(i int) string {
		if !ok || i >= len(items) {
			return "null"
		}
		return items[i]
	}
}

// arraySplit cuts an array before each index, negative ones counting from the end.
// https://learn.microsoft.com/kusto/query/array-split-function
func arraySplit(s, at string) any {
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	indices := []string{strings.TrimSpace(at)}
	if kindOf(indices[0]) == '[' {
		if indices, ok = elements(at, nil); !ok {
			return nil
		}
	}
	var out []string
	from, size := 0, 0
	for k := 0; k <= len(indices); k++ {
		to := len(items)
		if k < len(indices) {
			v, ok := jsonLong(indices[k])
			if !ok {
				return nil
			}
			if v < 0 {
				v = max(v+int64(len(items)), 0)
			}
			to = max(int(min(v, int64(len(items)))), from)
		}
		part, ok := joinArray(items[from:to]).(string)
		if size += len(part); !ok || size > maxOutput {
			return nil
		}
		out = append(out, part)
		from = to
	}
	return joinArray(out)
}

// jsonLong reads a JSON number that is a whole one.
func jsonLong(raw string) (int64, bool) {
	if v, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return v, true
	}
	x, err := strconv.ParseFloat(raw, 64)
	if err != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
		return 0, false
	}
	return int64(x), true
}

// zip makes arrays of what stands at the same place, as many as the longest array has elements, null where a shorter
// one has none. https://learn.microsoft.com/kusto/query/zip-function
func zip(s string) any {
	parts, ok := elements(s, nil)
	if !ok {
		return nil
	}
	columns := make([][]string, len(parts))
	longest, found := 0, false
	for i, p := range parts {
		if kindOf(p) == '[' {
			columns[i], found = firstOf(elements(p, nil)), true
		}
		longest = max(longest, len(columns[i]))
	}
	if !found || longest*len(columns) > maxOutput/8 {
		return nil
	}
	rows := make([]string, longest)
	row := make([]string, len(columns))
	size := 0
	for i := range rows {
		for j, c := range columns {
			row[j] = "null"
			if i < len(c) {
				row[j] = c[i]
			}
		}
		rows[i], ok = joinArray(row).(string)
		if size += len(rows[i]); !ok || size > maxOutput {
			return nil
		}
	}
	return joinArray(rows)
}

func firstOf[T any](v T, _ bool) T { return v }

// flatten makes the array of make_list over dynamics: elements that are arrays give their own elements.
func flatten(s string, limit int64) any {
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(items))
	for _, v := range items {
		if kindOf(v) != '[' {
			out = append(out, v)
		} else if n := len(out); true {
			if out, ok = elements(v, out); !ok {
				out = out[:n]
			}
		}
		if int64(len(out)) >= limit {
			break
		}
	}
	return joinArray(out[:max(min(int64(len(out)), limit), 0)])
}

// arrayShift moves elements to the left, or with a negative count to the right, and fills what becomes free.
// https://learn.microsoft.com/kusto/query/array-shift-left-function
func arrayShift(a []any) any {
	s, ok := a[0].(string)
	n, ok1 := a[1].(int64)
	fill, given := a[2].(string)
	if given {
		fill, given = oneValue(fill)
	}
	if !ok || !ok1 {
		return nil
	}
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	if !given {
		// Arrays of texts get empty ones.
		fill = "null"
		if len(items) > 0 && !slices.ContainsFunc(items, func(v string) bool { return kindOf(v) != '"' }) {
			fill = `""`
		}
	}
	size := int64(len(items))
	out := make([]string, size)
	for i := range out {
		out[i] = fill
		if from := int64(i) + max(min(n, size), -size); from >= 0 && from < size {
			out[i] = items[from]
		}
	}
	return joinArray(out)
}

// arrayRotate moves elements to the left, or with a negative count to the right, and puts those that fall off at the
// other end. https://learn.microsoft.com/kusto/query/array-rotate-left-function
func arrayRotate(a []any) any {
	s, ok := a[0].(string)
	n, ok1 := a[1].(int64)
	if !ok || !ok1 {
		return nil
	}
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	if len(items) == 0 {
		return "[]"
	}
	size := int64(len(items))
	at := (n%size + size) % size
	return joinArray(append(slices.Clone(items[at:]), items[:at]...))
}

// repeated is an array of one value; null for a negative count. https://learn.microsoft.com/kusto/query/repeat-function
func repeated(a []any) any {
	value, ok := a[0].(string)
	n, ok1 := a[1].(int64)
	if ok {
		value, ok = oneValue(value)
	}
	if !ok || !ok1 || n < 0 || n > maxElements || n*int64(len(value)+1) > maxOutput {
		return nil
	}
	items := make([]string, n)
	for i := range items {
		items[i] = value
	}
	return joinArray(items)
}
