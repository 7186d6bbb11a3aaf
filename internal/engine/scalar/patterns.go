package scalar

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
)

// patternFuncs find patterns: sets of columns with one value each that many rows share. They work on rows gathered and
// counted before, each a bag {"r": [value…]}: the values of the columns as text, null for one that is too rare to
// matter, then the weight in one or two sets of rows.
func patternFuncs() []Func {
	d, s := catalog.Dynamic, catalog.String
	search := func(name string, find func(*patternSearch) []foundPattern) Func {
		run := func(ctx context.Context, a []any) any {
			rows, _ := a[0].(string)
			form, _ := a[1].(string)
			p, err := newPatternSearch(rows, form)
			if err != nil {
				return err
			}
			if p == nil {
				return nil
			}
			p.ctx = ctx
			found := find(p)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if p.exhausted() {
				return errors.New("there are too many patterns: raise the threshold, lower the number of dimensions, or project fewer columns before it")
			}
			return p.answer(found)
		}
		return Func{Name: name, Args: []catalog.Type{d, s}, Result: d, CallContext: run,
			Call: func(a []any) any { return run(context.Background(), a) }}
	}
	return []Func{
		search("go_basket", (*patternSearch).basket), search("go_autocluster", (*patternSearch).autocluster),
		search("go_diffpatterns", (*patternSearch).diffpatterns),
	}
}

// Bounds of a search: rows that differ, patterns, and rows looked at.
const (
	maxPatternRows = 200_000
	maxPatterns    = 20_000
	maxPatternHeld = 30_000_000 // rows of all patterns
	maxPatternWork = 600_000_000
)

// patternSearch is the rows with what the query asks of them.
type patternSearch struct {
	Threshold  float64 `json:"threshold"`  // least share of the rows, or least difference of the shares
	Dimensions int     `json:"dimensions"` // most values that make a pattern; others may follow from them
	Size       float64 `json:"size"`       // weight of size against number of shared values, for autocluster
	Most       int     `json:"most"`       // most patterns of autocluster
	Sets       int     `json:"sets"`       // weights at the end of a row: 1 or 2

	ctx     context.Context
	columns int
	rows    [][]int32    // values of a row by number, -1 for a rare one
	values  [][]string   // texts of a column's values
	weight  [2][]float64 // of each row
	total   [2]float64
	seen    map[string]bool
	found   []foundPattern
	work    int // rows looked at so far
	held    int // rows kept in found
}

// foundPattern is the values that rows share, -1 where they differ, with those rows.
type foundPattern struct {
	values []int32
	rows   []int32
	count  [2]float64
	depth  int // values that made it, without those that follow from them
}

// newPatternSearch reads what the binder wrote; nil if it cannot be read.
func newPatternSearch(rows, form string) (*patternSearch, error) {
	p := &patternSearch{seen: map[string]bool{}}
	if err := json.Unmarshal([]byte(form), p); err != nil || p.Sets < 1 || p.Sets > 2 {
		return nil, nil
	}
	items, ok := elements(rows, nil)
	if !ok || len(items) > maxPatternRows {
		return nil, fmt.Errorf("the rows are more than %d even after rare values are left out: project fewer columns before it", maxPatternRows)
	}
	var index []map[string]int32
	for _, item := range items {
		var row struct{ R []*string }
		if err := json.Unmarshal([]byte(item), &row); err != nil || len(row.R) < p.Sets {
			return nil, nil
		}
		n := len(row.R) - p.Sets
		if index == nil {
			p.columns, p.values = n, make([][]string, n)
			for range n {
				index = append(index, map[string]int32{})
			}
		}
		values := make([]int32, n)
		for c := range n {
			values[c] = -1
			if row.R[c] == nil {
				continue
			}
			v, known := index[c][*row.R[c]]
			if !known {
				v = int32(len(p.values[c]))
				index[c][*row.R[c]] = v
				p.values[c] = append(p.values[c], *row.R[c])
			}
			values[c] = v
		}
		p.rows = append(p.rows, values)
		for s := range p.Sets {
			w := 0.0
			if t := row.R[n+s]; t != nil {
				w, _ = strconv.ParseFloat(*t, 64)
			}
			p.weight[s] = append(p.weight[s], w)
			p.total[s] += w
		}
	}
	return p, nil
}

// all finds the patterns with enough rows, adding one value after the other, those of few values first. Only patterns to
// which no value can be added without losing rows are kept: the others say the same with less.
func (p *patternSearch) all(enough func(count [2]float64) bool) []foundPattern {
	if len(p.rows) == 0 {
		return nil
	}
	rows := make([]int32, len(p.rows))
	for i := range rows {
		rows[i] = int32(i)
	}
	p.add(rows, p.count(rows), 0)
	for i := 0; i < len(p.found) && !p.exhausted(); i++ {
		f := p.found[i]
		if f.depth >= p.Dimensions {
			break
		}
		for c := range p.columns {
			if f.values[c] >= 0 || p.exhausted() {
				continue
			}
			parts := make([][]int32, len(p.values[c]))
			for _, r := range f.rows {
				if v := p.rows[r][c]; v >= 0 {
					parts[v] = append(parts[v], r)
				}
			}
			p.work += len(f.rows) + len(parts)
			for _, part := range parts {
				if count := p.count(part); len(part) > 0 && enough(count) {
					p.add(part, count, f.depth+1)
				}
			}
		}
	}
	return slices.DeleteFunc(p.found, func(f foundPattern) bool { return f.length() == 0 })
}

// add keeps the pattern of some rows unless it is known.
func (p *patternSearch) add(rows []int32, count [2]float64, depth int) {
	values := p.shared(rows)
	key := patternKey(values)
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	p.held += len(rows)
	p.found = append(p.found, foundPattern{values: values, rows: rows, count: count, depth: depth})
}

// exhausted says that the search has grown beyond its bounds, or is not wanted any more.
func (p *patternSearch) exhausted() bool {
	return p.ctx.Err() != nil || p.work > maxPatternWork || len(p.found) > maxPatterns || p.held > maxPatternHeld
}

// shared gives the values that all rows have.
func (p *patternSearch) shared(rows []int32) []int32 {
	p.work += len(rows) * p.columns / 4
	out := slices.Clone(p.rows[rows[0]])
	for _, r := range rows[1:] {
		for c, v := range p.rows[r] {
			if out[c] != v {
				out[c] = -1
			}
		}
	}
	return out
}

func (p *patternSearch) count(rows []int32) (count [2]float64) {
	p.work += len(rows)
	for s := range p.Sets {
		for _, r := range rows {
			count[s] += p.weight[s][r]
		}
	}
	return count
}

func patternKey(values []int32) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(strconv.Itoa(int(v)))
		b.WriteByte(',')
	}
	return b.String()
}

func (f *foundPattern) length() int {
	n := 0
	for _, v := range f.values {
		if v >= 0 {
			n++
		}
	}
	return n
}

// compare orders patterns by their values, so that the order of the rows does not matter.
func (p *patternSearch) compare(a, b foundPattern) int {
	for c := range p.columns {
		v, w := a.values[c], b.values[c]
		switch {
		case v == w:
		case v < 0:
			return 1
		case w < 0:
			return -1
		default:
			return strings.Compare(p.values[c][v], p.values[c][w])
		}
	}
	return 0
}

// basket gives all frequent patterns, the most frequent first. https://learn.microsoft.com/kusto/query/basket-plugin
func (p *patternSearch) basket() []foundPattern {
	least := p.Threshold * p.total[0]
	found := p.all(func(count [2]float64) bool { return count[0] >= least && count[0] > 0 })
	slices.SortFunc(found, func(a, b foundPattern) int {
		return cmp.Or(cmp.Compare(b.count[0], a.count[0]), p.compare(a, b))
	})
	return found
}

// autocluster chooses a few patterns that are large and say much: the best by the weighted geometric mean of the share
// of rows that no chosen pattern has yet and the share of columns that are fixed, again and again until what is left is
// small. https://learn.microsoft.com/kusto/query/autocluster-plugin
func (p *patternSearch) autocluster() []foundPattern {
	return p.choose(p.basket(), func(f *foundPattern, left [2]float64) float64 {
		if left[0] < p.Threshold*p.total[0] {
			return 0
		}
		return math.Pow(left[0]/p.total[0], p.Size) * math.Pow(float64(f.length())/float64(p.columns), 1-p.Size)
	})
}

// diffpatterns chooses patterns whose shares of the two sets differ most, counting rows that no chosen pattern has yet.
// https://learn.microsoft.com/kusto/query/diffpatterns-plugin
func (p *patternSearch) diffpatterns() []foundPattern {
	if p.total[0] == 0 || p.total[1] == 0 {
		return nil
	}
	difference := func(count [2]float64) float64 { return math.Abs(count[0]/p.total[0] - count[1]/p.total[1]) }
	found := p.all(func(count [2]float64) bool {
		return count[0] >= p.Threshold*p.total[0] || count[1] >= p.Threshold*p.total[1]
	})
	found = slices.DeleteFunc(found, func(f foundPattern) bool { return difference(f.count) < p.Threshold })
	slices.SortFunc(found, p.compare)
	chosen := p.choose(found, func(_ *foundPattern, left [2]float64) float64 {
		if d := difference(left); d >= p.Threshold {
			return d
		}
		return 0
	})
	slices.SortStableFunc(chosen, func(a, b foundPattern) int { return cmp.Compare(difference(b.count), difference(a.count)) })
	return chosen
}

// choose takes the pattern with the highest score, the shortest of equal ones, over the rows that are left, takes its
// rows away, and begins again until no score is above 0.
func (p *patternSearch) choose(found []foundPattern, score func(f *foundPattern, left [2]float64) float64) []foundPattern {
	taken := make([]bool, len(p.rows))
	var out []foundPattern
	for len(out) < p.Most && !p.exhausted() {
		best, most := -1, 0.0
		for i := range found {
			var left [2]float64
			for _, r := range found[i].rows {
				if !taken[r] {
					left[0] += p.weight[0][r]
					if p.Sets == 2 {
						left[1] += p.weight[1][r]
					}
				}
			}
			p.work += len(found[i].rows)
			s := score(&found[i], left)
			if s > most+1e-12 || best >= 0 && s > most-1e-12 && found[i].length() < found[best].length() {
				best, most = i, s
			}
		}
		if best < 0 {
			break
		}
		for _, r := range found[best].rows {
			taken[r] = true
		}
		out = append(out, found[best])
	}
	return out
}

// answer writes the patterns: a bag {"r": [number, count…, value…]} each, null for a value that is not fixed.
func (p *patternSearch) answer(found []foundPattern) any {
	out := make([]string, 0, len(found))
	for i, f := range found {
		b := append([]byte(`{"r":[`), strconv.Itoa(i)...)
		for s := range p.Sets {
			b = append(b, ',')
			b = strconv.AppendFloat(b, f.count[s], 'f', -1, 64)
		}
		for s := range p.Sets {
			b = append(b, ',')
			b = strconv.AppendFloat(b, p.total[s], 'f', -1, 64)
		}
		for c, v := range f.values {
			if v < 0 {
				b = append(b, ",null"...)
				continue
			}
			b = appendQuoted(append(b, ','), p.values[c][v])
		}
		out = append(out, string(append(b, "]}"...)))
	}
	return joinArray(out)
}
