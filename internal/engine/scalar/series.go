package scalar

import (
	"math"
	"strconv"

	"nordlys/internal/kql/catalog"
)

func seriesFuncs() []Func {
	d := catalog.Dynamic
	return []Func{
		unary("go_series_fit_line", d, d, func(s string) any {
			y, ok := parseSeries(s)
			if !ok {
				return nil
			}
			f := fitLine(y)
			b := appendReals(append(make([]byte, 0, 24*len(y)+160), '['), f.rsquare, f.slope, f.variance, f.rvariance, f.intercept)
			b = appendSeries(append(b, ','), len(y), f.at)
			return string(append(b, ']'))
		}),
		unary("go_series_fit_2lines", d, d, fit2Lines),
		unary("go_series_stats", d, d, seriesStats),
		binary("go_series_decompose_anomalies", d, d, d, decomposeAnomalies),
	}
}

// maxSeries bounds the points of a series.
const maxSeries = 1 << 20

// parseSeries reads an array of numbers; what is no finite number is NaN. False for what is no array.
func parseSeries(s string) ([]float64, bool) {
	items, ok := elements(s, nil)
	if !ok || len(items) == 0 || len(items) > maxSeries {
		return nil, false
	}
	out := make([]float64, len(items))
	for i, v := range items {
		out[i] = math.NaN()
		if kindOf(v) == '0' {
			if x, err := strconv.ParseFloat(v, 64); err == nil {
				out[i] = x
			}
		}
	}
	return out, true
}

func appendReals(b []byte, values ...float64) []byte {
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendReal(b, v)
	}
	return b
}

func appendSeries(b []byte, n int, at func(i int) float64) []byte {
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendReal(b, at(i))
	}
	return append(b, ']')
}

// moments are the counts and sums over points (x, y) from which mean, variance and regression follow; y is measured
// from an offset near its mean, so that squares keep their digits.
type moments struct{ n, x, y, xx, xy, yy float64 }

func (m *moments) add(x, y float64) {
	m.n++
	m.x += x
	m.y += y
	m.xx += x * x
	m.xy += x * y
	m.yy += y * y
}

func (m moments) minus(o moments) moments {
	return moments{m.n - o.n, m.x - o.x, m.y - o.y, m.xx - o.xx, m.xy - o.xy, m.yy - o.yy}
}

// line is a linear regression, https://learn.microsoft.com/kusto/query/series-fit-line-function: both variances are
// divided by n-1.
type line struct{ rsquare, slope, variance, rvariance, intercept float64 }

func (l line) at(i int) float64 { return l.intercept + l.slope*float64(i) }

// fit gives the regression of points whose x begins at x0, and the sums of squares of y and of the residuals. A series
// without variance is fitted perfectly.
func (m moments) fit(x0, offset float64) (l line, total, residual float64) {
	if m.n == 0 {
		return line{}, 0, 0
	}
	sxx := m.xx - m.x*m.x/m.n
	sxy := m.xy - m.x*m.y/m.n
	total = max(m.yy-m.y*m.y/m.n, 0)
	if sxx > 0 {
		l.slope = sxy / sxx
		residual = max(total-l.slope*sxy, 0)
	} else {
		residual = total
	}
	if residual < total*1e-14 {
		residual = 0
	}
	l.intercept = (m.y-l.slope*(m.x-x0*m.n))/m.n + offset
	l.rsquare = 1
	if total > 0 {
		l.rsquare = 1 - residual/total
	}
	if m.n > 1 {
		l.variance, l.rvariance = total/(m.n-1), residual/(m.n-1)
	}
	return l, total, residual
}

// fitLine leaves out points that are not finite.
func fitLine(y []float64) line {
	offset := mean(y)
	var m moments
	for i, v := range y {
		if isFinite(v) {
			m.add(float64(i), v-offset)
		}
	}
	l, _, _ := m.fit(0, offset)
	return l
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// mean of the finite points; 0 if there is none.
func mean(y []float64) float64 {
	sum, n := 0.0, 0.0
	for _, v := range y {
		if isFinite(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// fit2Lines finds the split with the greatest r-square over both parts, each of at least two points; x counts from 0
// in each part. https://learn.microsoft.com/kusto/query/series-fit-2lines-function
func fit2Lines(s string) any {
	y, ok := parseSeries(s)
	if !ok {
		return nil
	}
	offset := mean(y)
	var all, left moments
	for i, v := range y {
		if isFinite(v) {
			all.add(float64(i), v-offset)
		}
	}
	whole, total, _ := all.fit(0, offset)
	split, l, r := 0, line{}, whole
	best := math.Inf(1)
	for i, v := range y {
		right := all.minus(left)
		if left.n >= 2 && right.n >= 2 {
			a, _, ra := left.fit(0, offset)
			b, _, rb := right.fit(float64(i), offset)
			if ra+rb < best-total*1e-12 {
				best, split, l, r = ra+rb, i, a, b
			}
		}
		if isFinite(v) {
			left.add(float64(i), v-offset)
		}
	}
	rsquare, rvariance := whole.rsquare, whole.rvariance
	if split > 0 {
		rsquare, rvariance = 1, best/(all.n-1)
		if total > 0 {
			rsquare = 1 - best/total
		}
	}
	b := append(make([]byte, 0, 24*len(y)+400), '[')
	b = append(appendReal(b, rsquare), ',')
	b = append(strconv.AppendInt(b, int64(split), 10), ',')
	b = append(appendReals(b, whole.variance, rvariance), ',')
	b = append(appendSeries(b, len(y), func(i int) float64 {
		if i < split {
			return l.at(i)
		}
		return r.at(i - split)
	}), ',')
	b = append(appendReals(b, r.rsquare, r.slope, r.intercept, r.variance, r.rvariance), ',')
	b = appendReals(b, l.rsquare, l.slope, l.intercept, l.variance, l.rvariance)
	return string(append(b, ']'))
}

// seriesStats gives [min, min_idx, max, max_idx, avg, stdev, variance], null if a point is not finite.
// https://learn.microsoft.com/kusto/query/series-stats-function
func seriesStats(s string) any {
	y, ok := parseSeries(s)
	if !ok {
		return nil
	}
	least, most := 0, 0
	for i, v := range y {
		if !isFinite(v) {
			return nil
		}
		if v < y[least] {
			least = i
		}
		if v > y[most] {
			most = i
		}
	}
	avg, squares := mean(y), 0.0
	for _, v := range y {
		squares += (v - avg) * (v - avg)
	}
	variance := 0.0
	if len(y) > 1 {
		variance = squares / float64(len(y)-1)
	}
	b := append(appendReal(append(make([]byte, 0, 160), '['), y[least]), ',')
	b = append(strconv.AppendInt(b, int64(least), 10), ',')
	b = append(appendReal(b, y[most]), ',')
	b = append(strconv.AppendInt(b, int64(most), 10), ',')
	b = appendReals(b, avg, math.Sqrt(variance), variance)
	return string(append(b, ']'))
}
