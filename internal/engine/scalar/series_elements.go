package scalar

import (
	"math"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
)

// elementFuncs are the functions that treat the elements of series one by one, and those that make a number of them.
// An operation is named by its first argument.
func elementFuncs() []Func {
	s, d, r := catalog.String, catalog.Dynamic, catalog.Real
	return []Func{
		binary("go_series_each", s, d, d, seriesEach),
		{Name: "go_series_pairs", Args: []catalog.Type{s, d, d}, Result: d, Call: func(a []any) any {
			op, ok := a[0].(string)
			x, ok1 := a[1].(string)
			y, ok2 := a[2].(string)
			if !ok || !ok1 || !ok2 {
				return nil
			}
			return seriesPairs(op, x, y)
		}},
		binary("go_series_total", s, d, r, seriesTotal),
		{Name: "go_series_relation", Args: []catalog.Type{s, d, d, r, r}, Result: r, Call: seriesRelation},
		{Name: "go_series_fill", Args: []catalog.Type{s, d, d, d}, Result: d, Call: seriesFill},
		{Name: "go_series_fill_linear", Args: []catalog.Type{d, d, catalog.Bool, d}, Result: d, Call: seriesFillLinear},
	}
}

// seriesEach applies a function of one number to each element; what is no number becomes null.
// https://learn.microsoft.com/kusto/query/series-abs-function and its relatives
func seriesEach(op, s string) any {
	items, ok := elements(s, nil)
	if !ok || len(items) > maxSeries {
		return nil
	}
	f := map[string]func(float64) float64{
		"sin": math.Sin, "cos": math.Cos, "tan": math.Tan, "asin": math.Asin, "acos": math.Acos, "atan": math.Atan,
		"exp": math.Exp, "log": math.Log, "floor": math.Floor, "ceiling": math.Ceil, "abs": math.Abs,
		"sign": func(x float64) float64 {
			switch {
			case x > 0:
				return 1
			case x < 0:
				return -1
			}
			return x
		},
	}[op]
	if f == nil {
		return nil
	}
	b := []byte{'['}
	for i, v := range items {
		if i > 0 {
			b = append(b, ',')
		}
		x, ok := jsonReal(v)
		switch {
		case !ok:
			b = append(b, "null"...)
		case op == "abs" && kindOf(v) == '0' && isInteger(v):
			b = append(b, strings.TrimPrefix(v, "-")...)
		case op == "sign" && kindOf(v) == '0' && isInteger(v):
			b = strconv.AppendInt(b, int64(f(x)), 10)
		default:
			b = appendReal(b, f(x))
		}
	}
	return string(append(b, ']'))
}

// jsonReal reads a number, or the text that stands for one that JSON cannot write.
func jsonReal(raw string) (float64, bool) {
	switch kindOf(raw) {
	case '0':
		x, err := strconv.ParseFloat(raw, 64)
		return x, err == nil
	case '"':
		switch raw {
		case `"NaN"`:
			return math.NaN(), true
		case `"Infinity"`:
			return math.Inf(1), true
		case `"-Infinity"`:
			return math.Inf(-1), true
		}
	}
	return 0, false
}

// seriesPairs applies a function of two numbers to the elements at the same place; a number stands for a series of
// itself. Where one has no number the result is null. Whole numbers stay whole under +, - and *.
// https://learn.microsoft.com/kusto/query/series-add-function and its relatives
func seriesPairs(op, s, t string) any {
	x, ok := seriesOrNumber(s)
	y, ok1 := seriesOrNumber(t)
	if !ok || !ok1 {
		return nil
	}
	n := max(len(x.items), len(y.items))
	if x.items == nil && y.items == nil || n > maxSeries {
		return nil
	}
	b := []byte{'['}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		v, w := x.at(i), y.at(i)
		p, ok := jsonReal(v)
		q, ok1 := jsonReal(w)
		if !ok || !ok1 {
			b = append(b, "null"...)
			continue
		}
		b = appendPair(b, op, v, w, p, q)
	}
	return string(append(b, ']'))
}

func appendPair(b []byte, op, v, w string, p, q float64) []byte {
	if j, err := strconv.ParseInt(v, 10, 64); err == nil {
		if k, err := strconv.ParseInt(w, 10, 64); err == nil {
			switch op {
			case "add":
				return strconv.AppendInt(b, j+k, 10)
			case "subtract":
				return strconv.AppendInt(b, j-k, 10)
			case "multiply":
				return strconv.AppendInt(b, j*k, 10)
			}
		}
	}
	switch op {
	case "add":
		return appendReal(b, p+q)
	case "subtract":
		return appendReal(b, p-q)
	case "multiply":
		return appendReal(b, p*q)
	case "divide":
		return appendReal(b, p/q)
	case "pow":
		return appendReal(b, math.Pow(p, q))
	case "less":
		return strconv.AppendBool(b, p < q)
	case "less_equals":
		return strconv.AppendBool(b, p <= q)
	case "greater":
		return strconv.AppendBool(b, p > q)
	case "greater_equals":
		return strconv.AppendBool(b, p >= q)
	case "equals":
		return strconv.AppendBool(b, p == q)
	case "not_equals":
		return strconv.AppendBool(b, p != q)
	}
	return append(b, "null"...)
}

// operand is a series, or a number for every place.
type operand struct {
	items  []string
	number string
}

func seriesOrNumber(s string) (operand, bool) {
	if items, ok := elements(s, make([]string, 0, 16)); ok {
		return operand{items: items}, true
	}
	v, ok := oneValue(s)
	_, ok1 := jsonReal(v)
	return operand{number: v}, ok && ok1
}

func (o operand) at(i int) string {
	switch {
	case o.items == nil:
		return o.number
	case i < len(o.items):
		return o.items[i]
	}
	return "null"
}

// seriesTotal is the sum, the product or the magnitude of a series; null if an element is no number.
// https://learn.microsoft.com/kusto/query/series-sum-function, series-product-function, series-magnitude-function
func seriesTotal(op, s string) any {
	x, ok := numbers(s)
	if !ok {
		return nil
	}
	total := 0.0
	if op == "product" {
		total = 1
	}
	for _, v := range x {
		switch op {
		case "product":
			total *= v
		case "magnitude":
			total += v * v
		default:
			total += v
		}
	}
	if op == "magnitude" {
		return math.Sqrt(total)
	}
	return total
}

// numbers reads an array of numbers and nothing else.
func numbers(s string) ([]float64, bool) {
	items, ok := elements(s, nil)
	if !ok || len(items) > maxSeries {
		return nil, false
	}
	out := make([]float64, len(items))
	for i, v := range items {
		if out[i], ok = jsonReal(v); !ok {
			return nil, false
		}
	}
	return out, true
}

// seriesRelation is the dot product, the cosine similarity (with magnitudes if they are known) or Pearson's correlation
// of two series; null for empty ones. The longer series is cut to the other and pairs without numbers are left out,
// but there is no correlation then. In a dot product a number may stand for a series.
// https://learn.microsoft.com/kusto/query/series-dot-product-function, series-cosine-similarity-function,
// series-pearson-correlation-function
func seriesRelation(a []any) any {
	op, _ := a[0].(string)
	s, ok := a[1].(string)
	t, ok1 := a[2].(string)
	if !ok || !ok1 {
		return nil
	}
	x, okX := seriesOrNumber(s)
	y, okY := seriesOrNumber(t)
	if !okX || !okY || (x.items == nil || y.items == nil) && op != "dot_product" || x.items == nil && y.items == nil {
		return nil
	}
	n := min(len(x.items), len(y.items))
	if x.items == nil || y.items == nil {
		n = max(len(x.items), len(y.items))
	}
	ps, qs := make([]float64, 0, n), make([]float64, 0, n)
	for i := range n {
		p, ok := jsonReal(x.at(i))
		q, ok1 := jsonReal(y.at(i))
		if ok && ok1 {
			ps, qs = append(ps, p), append(qs, q)
		}
	}
	if len(ps) == 0 || op == "pearson_correlation" && (len(ps) != len(x.items) || len(ps) != len(y.items)) {
		return nil
	}
	if op == "pearson_correlation" {
		ps, qs = centered(ps), centered(qs)
	}
	dot, xx, yy := 0.0, 0.0, 0.0
	for i, p := range ps {
		dot += p * qs[i]
		xx += p * p
		yy += qs[i] * qs[i]
	}
	if op == "dot_product" {
		return dot
	}
	size := math.Sqrt(xx * yy)
	if m, ok := a[3].(float64); ok {
		size = m * math.Sqrt(yy)
		if n, ok := a[4].(float64); ok {
			size = m * n
		}
	}
	return dot / size
}

func centered(x []float64) []float64 {
	avg, out := mean(x), make([]float64, len(x))
	for i, v := range x {
		out[i] = v - avg
	}
	return out
}

// named makes a bag of the elements of an array by names; dots in names are bags within.
func named(array any, names string) any {
	s, ok := array.(string)
	if !ok {
		return nil
	}
	items, _ := elements(s, nil)
	bag := "{}"
	for i, name := range strings.Fields(names) {
		if i < len(items) {
			bag, _ = setPath(bag, strings.Split(name, "."), items[i])
		}
	}
	return bag
}

// missing tells which elements a fill function fills: null, or those equal to the placeholder.
func missing(placeholder any) func(raw string) bool {
	text, ok := placeholder.(string)
	if ok {
		text, ok = oneValue(text)
	}
	if !ok || text == "null" {
		return func(raw string) bool { return raw == "null" }
	}
	key := identity(text)
	return func(raw string) bool { return identity(raw) == key }
}

// seriesFill fills missing elements with a constant, or with the nearest element before (forward) or after (backward).
// https://learn.microsoft.com/kusto/query/series-fill-const-function and its relatives
func seriesFill(a []any) any {
	op, _ := a[0].(string)
	s, ok := a[1].(string)
	if !ok {
		return nil
	}
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	isMissing := missing(a[2])
	fill := ""
	if op == "const" {
		text, _ := a[3].(string)
		if fill, ok = oneValue(text); !ok {
			fill = "null"
		}
	}
	for i := range items {
		at := i
		if op == "backward" {
			at = len(items) - 1 - i
		}
		switch {
		case !isMissing(items[at]):
			if op != "const" {
				fill = items[at]
			}
		case fill != "":
			items[at] = fill
		}
	}
	return joinArray(items)
}

// seriesFillLinear puts missing elements on the line between their neighbours, cut to whole numbers in a series of
// those; at the edges, if wanted, the nearest stands. A series without any element gets a constant.
// https://learn.microsoft.com/kusto/query/series-fill-linear-function
func seriesFillLinear(a []any) any {
	s, ok := a[0].(string)
	if !ok {
		return nil
	}
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	isMissing := missing(a[1])
	edges, given := a[2].(bool)
	edges = edges || !given
	var known []int
	whole := true
	for i, v := range items {
		if !isMissing(v) {
			known = append(known, i)
			whole = whole && kindOf(v) == '0' && isInteger(v)
		}
	}
	if len(known) == 0 {
		text, _ := a[3].(string)
		fill, ok := oneValue(text)
		if !ok {
			fill = "0.0"
		}
		for i := range items {
			items[i] = fill
		}
		return joinArray(items)
	}
	if edges {
		for i := range known[0] {
			items[i] = items[known[0]]
		}
		for i := known[len(known)-1] + 1; i < len(items); i++ {
			items[i] = items[known[len(known)-1]]
		}
	}
	for k := 1; k < len(known); k++ {
		i, j := known[k-1], known[k]
		x, ok := jsonReal(items[i])
		y, ok1 := jsonReal(items[j])
		if !ok || !ok1 {
			continue
		}
		for at := i + 1; at < j; at++ {
			v := x + (y-x)*float64(at-i)/float64(j-i)
			if whole {
				items[at] = strconv.FormatInt(int64(v), 10)
			} else {
				items[at] = string(appendReal(nil, v))
			}
		}
	}
	return joinArray(items)
}
