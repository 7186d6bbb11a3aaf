package scalar

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
)

// digestFuncs are tdigest() and what reads its result, [[7],[values],[weights]] with the values in ascending order.
// Up to maxCentroids distinct values nothing is lost; beyond that neighbours are merged, fewer at the ends, so that a
// rank is wrong by at most 0.2 % of all. https://learn.microsoft.com/kusto/query/tdigest-aggregation-function
func digestFuncs() []Func {
	d := catalog.Dynamic
	return []Func{
		binary("go_tdigest", d, d, d, func(values, weights string) any {
			c, ok := newCentroids(values, weights)
			if !ok || len(c) == 0 {
				return nil
			}
			return c.compress().text()
		}),
		unary("go_tdigest_merge", d, d, func(s string) any {
			digests, ok := elements(s, nil)
			if !ok {
				return nil
			}
			var all centroids
			for _, one := range digests {
				c, ok := parseDigest(one)
				if ok {
					all = append(all, c...)
				}
			}
			if len(all) == 0 {
				return nil
			}
			return all.sorted().compress().text()
		}),
		binary("go_percentiles_tdigest", d, d, d, func(digest, ranks string) any {
			c, ok := parseDigest(digest)
			if !ok {
				return nil
			}
			return c.percentiles(ranks)
		}),
		{Name: "go_percentiles_weighted", Args: []catalog.Type{d, d, d}, Result: d, Call: func(a []any) any {
			values, _ := a[0].(string)
			weights, _ := a[1].(string)
			ranks, ok := a[2].(string)
			c, ok1 := newCentroids(values, weights)
			if !ok || !ok1 || len(c) == 0 {
				return nil
			}
			return c.percentiles(ranks)
		}},
		binary("go_rank_tdigest", d, d, catalog.Real, func(digest, value string) any {
			c, ok := parseDigest(digest)
			if !ok {
				return nil
			}
			v, rank := newCentroid(strings.TrimSpace(value), 0), 0.0
			for _, x := range c {
				if x.compare(v) <= 0 {
					rank += x.weight
				}
			}
			return rank
		}),
		unary("go_weight_tdigest", d, catalog.Real, func(digest string) any {
			c, ok := parseDigest(digest)
			if !ok {
				return nil
			}
			return c.weight()
		}),
	}
}

// maxCentroids bounds the values of a digest.
const maxCentroids = 2000

// centroid is a value as JSON text with what it is ordered by, and how much it weighs.
type centroid struct {
	raw    string
	class  uint8
	key    float64
	text   string
	weight float64
}

type centroids []centroid

func newCentroid(raw string, weight float64) centroid {
	c := centroid{raw: raw, weight: weight}
	if kindOf(raw) == '0' {
		c.key, _ = strconv.ParseFloat(raw, 64)
		return c
	}
	v := newSortable(raw)
	c.class, c.key, c.text = v.class, float64(v.ticks), v.text
	return c
}

func (c centroid) compare(o centroid) int {
	switch {
	case c.class != o.class:
		return int(c.class) - int(o.class)
	case c.key < o.key:
		return -1
	case c.key > o.key:
		return 1
	case c.class == classNumber:
		return compareNumbers(c.raw, o.raw)
	}
	return strings.Compare(c.text, o.text)
}

// newCentroids reads an array of values and one of weights; a value whose weight is not positive is left out.
func newCentroids(values, weights string) (centroids, bool) {
	vs, ok := elements(values, nil)
	ws, ok1 := elements(weights, nil)
	if !ok || !ok1 || len(vs) != len(ws) {
		return nil, false
	}
	c := make(centroids, 0, len(vs))
	for i, v := range vs {
		w, err := strconv.ParseFloat(ws[i], 64)
		if err == nil && w > 0 && v != "null" {
			c = append(c, newCentroid(v, w))
		}
	}
	return c.sorted(), true
}

// sorted orders by value and joins equal values.
func (c centroids) sorted() centroids {
	slices.SortFunc(c, centroid.compare)
	out := c[:0]
	for _, x := range c {
		if n := len(out); n > 0 && out[n-1].compare(x) == 0 {
			out[n-1].weight += x.weight
		} else {
			out = append(out, x)
		}
	}
	return out
}

func (c centroids) weight() float64 {
	total := 0.0
	for _, x := range c {
		total += x.weight
	}
	return total
}

// compress merges neighbours by the scale of Dunning and Ertl, https://arxiv.org/abs/1902.04023; a merged centroid has
// the value that stands in its middle.
func (c centroids) compress() centroids {
	if len(c) <= maxCentroids {
		return c
	}
	total, before := c.weight(), 0.0
	scale := func(q float64) float64 { return maxCentroids / (2 * math.Pi) * math.Asin(2*min(q, 1)-1) }
	out := make(centroids, 0, maxCentroids)
	for i := 0; i < len(c); {
		limit := scale(before/total) + 1
		end, weight := i+1, c[i].weight
		for end < len(c) && scale((before+weight+c[end].weight)/total) <= limit {
			weight += c[end].weight
			end++
		}
		middle, half := i, c[i].weight
		for half < weight/2 {
			middle++
			half += c[middle].weight
		}
		x := c[middle]
		x.weight = weight
		out = append(out, x)
		before += weight
		i = end
	}
	return out
}

func (c centroids) text() any {
	b := []byte("[[7],[")
	for i, x := range c {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, x.raw...)
	}
	b = append(b, "],["...)
	for i, x := range c {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, x.weight, 'f', -1, 64)
	}
	return string(append(b, "]]"...))
}

func parseDigest(s string) (centroids, bool) {
	parts, ok := elements(s, nil)
	if !ok || len(parts) != 3 {
		return nil, false
	}
	c, ok := newCentroids(parts[1], parts[2])
	return c, ok && len(c) > 0
}

// percentiles gives the values at several ranks from 0 to 100: the least value that with all before it weighs as much.
func (c centroids) percentiles(ranks string) any {
	list, ok := elements(ranks, nil)
	if !ok {
		return nil
	}
	total := c.weight()
	out := make([]string, len(list))
	for i, r := range list {
		p, err := strconv.ParseFloat(r, 64)
		if err != nil || !(p >= 0 && p <= 100) {
			out[i] = "null"
			continue
		}
		sum, at := 0.0, 0
		for ; at < len(c)-1; at++ {
			if sum += c[at].weight; sum >= total*p/100 {
				break
			}
		}
		out[i] = c[at].raw
	}
	return joinArray(out)
}
