package scalar

import (
	"math"
	"strconv"

	"nordlys/internal/kql/catalog"
)

func seriesFuncs() []Func {
	d := catalog.Dynamic
	return []Func{
		unary("go_series_fit_line", d, d, seriesFitLine),
		unary("go_series_fit_line_dynamic", d, d, func(s string) any {
			return named(seriesFitLine(s), "rsquare slope variance rvariance interception line_fit")
		}),
		unary("go_series_fit_2lines_dynamic", d, d, func(s string) any {
			return named(fit2Lines(s), `rsquare split_idx variance rvariance line_fit right.rsquare right.slope right.interception
				right.variance right.rvariance left.rsquare left.slope left.interception left.variance left.rvariance`)
		}),
		unary("go_series_fit_2lines", d, d, fit2Lines),
		{Name: "go_series_stats", Args: []catalog.Type{d, catalog.Bool}, Result: d, Call: seriesStats},
		{Name: "go_series_stats_dynamic", Args: []catalog.Type{d, catalog.Bool}, Result: d, Call: seriesStatsBag},
		binary("go_series_decompose_anomalies", d, d, d, decomposeAnomalies),
	}
}

// seriesFitLine gives [rsquare, slope, variance, rvariance, interception, line_fit].
func seriesFitLine(s string) any {
	y, ok := parseSeries(s)
	if !ok {
		return nil
	}
	f := fitLine(y)
	b := appendReals(append(make([]byte, 0, 24*len(y)+160), '['), f.rsquare, f.slope, f.variance, f.rvariance, f.intercept)
	b = appendSeries(append(b, ','), len(y), f.at)
	return string(append(b, ']'))
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

// stats are the numbers of series_stats; positions count all points.
type stats struct {
	least, most        int
	min, max           float64
	avg, variance, sum float64
}

// newStats is false if a point is not finite and those are not ignored, or if there is none.
func newStats(y []float64, ignore bool) (stats, bool) {
	s := stats{least: -1}
	n := 0.0
	for i, v := range y {
		if !isFinite(v) {
			if !ignore {
				return s, false
			}
			continue
		}
		if s.least < 0 || v < s.min {
			s.least, s.min = i, v
		}
		if n == 0 || v > s.max {
			s.most, s.max = i, v
		}
		s.sum += v
		n++
	}
	if n == 0 {
		return s, false
	}
	s.avg = s.sum / n
	for _, v := range y {
		if isFinite(v) && n > 1 {
			s.variance += (v - s.avg) * (v - s.avg) / (n - 1)
		}
	}
	return s, true
}

// seriesStats gives [min, min_idx, max, max_idx, avg, stdev, variance], null if a point is not finite and those are not
// ignored. https://learn.microsoft.com/kusto/query/series-stats-function
func seriesStats(a []any) any {
	text, _ := a[0].(string)
	ignore, _ := a[1].(bool)
	y, ok := parseSeries(text)
	if !ok {
		return nil
	}
	s, ok := newStats(y, ignore)
	if !ok {
		return nil
	}
	b := append(appendReal(append(make([]byte, 0, 160), '['), s.min), ',')
	b = append(strconv.AppendInt(b, int64(s.least), 10), ',')
	b = append(appendReal(b, s.max), ',')
	b = append(strconv.AppendInt(b, int64(s.most), 10), ',')
	b = appendReals(b, s.avg, math.Sqrt(s.variance), s.variance)
	return string(append(b, ']'))
}

// seriesStatsBag gives the same as a bag, with the sum and the length.
// https://learn.microsoft.com/kusto/query/series-stats-dynamic-function
func seriesStatsBag(a []any) any {
	text, _ := a[0].(string)
	ignore, _ := a[1].(bool)
	y, ok := parseSeries(text)
	if !ok {
		return nil
	}
	s, ok := newStats(y, ignore)
	if !ok {
		return nil
	}
	b := appendReal([]byte(`{"min":`), s.min)
	b = strconv.AppendInt(append(b, `,"min_idx":`...), int64(s.least), 10)
	b = appendReal(append(b, `,"max":`...), s.max)
	b = strconv.AppendInt(append(b, `,"max_idx":`...), int64(s.most), 10)
	b = appendReal(append(b, `,"avg":`...), s.avg)
	b = appendReal(append(b, `,"stdev":`...), math.Sqrt(s.variance))
	b = appendReal(append(b, `,"variance":`...), s.variance)
	b = appendReal(append(b, `,"sum":`...), s.sum)
	b = strconv.AppendInt(append(b, `,"len":`...), int64(len(y)), 10)
	return string(append(b, '}'))
}
