package scalar

import (
	"cmp"
	"math"
	"slices"

	"nordlys/internal/kql/catalog"
)

// periodFuncs find periods and take series apart by them.
func periodFuncs() []Func {
	d, n, r := catalog.Dynamic, catalog.Long, catalog.Real
	return []Func{
		{Name: "go_series_periods_detect", Args: []catalog.Type{d, r, r, n}, Result: d, Call: periodsDetect},
		binary("go_series_periods_validate", d, d, d, periodsValidate),
		{Name: "go_series_seasonal", Args: []catalog.Type{d, n, n}, Result: d, Call: func(a []any) any {
			s, _ := a[0].(string)
			y, ok := parseSeries(s)
			period, points := longOr(a[1], -1), longOr(a[2], 0)
			if !ok || points < 0 || points > int64(len(y)) {
				return nil
			}
			learn := y[:len(y)-int(points)]
			if period < 0 {
				period = 0
				if best := peaks(periodScores(learn), 0, float64(len(learn)-1)/2); len(best) > 0 && best[0].score >= 0.7 {
					period = int64(best[0].period)
				}
			}
			out := seasonal(learn, len(y), int(min(period, maxSeries)))
			return string(appendSeries(nil, len(out), func(i int) float64 { return out[i] }))
		}},
		{Name: "go_series_decompose", Args: []catalog.Type{d, d}, Result: d, Call: func(a []any) any {
			s, _ := a[0].(string)
			options, _ := a[1].(string)
			y, ok := parseSeries(s)
			o, ok1 := parseAnomalyOptions(options)
			if !ok || !ok1 {
				return nil
			}
			season, trend := seasonAndTrend(y, o)
			b := appendSeries([]byte{'['}, len(y), func(i int) float64 { return season[i] + trend.at(i) })
			b = appendSeries(append(b, ','), len(y), func(i int) float64 { return season[i] })
			b = appendSeries(append(b, ','), len(y), trend.at)
			b = appendSeries(append(b, ','), len(y), func(i int) float64 { return y[i] - season[i] - trend.at(i) })
			return string(append(b, ']'))
		}},
		{Name: "go_series_outliers", Args: []catalog.Type{d, catalog.String, r, r, r, n}, Result: d, Call: seriesOutliers},
	}
}

// periodScores gives the score of each period up to half of the series: the autocorrelation of the ranks of the points,
// which single outliers do not disturb, weighed for the fewer points that lie further apart. The pages give no formula;
// this one agrees with their examples. Periods below 4, and scores that chance alone gives, are 0.
// https://learn.microsoft.com/kusto/query/series-periods-detect-function
func periodScores(y []float64) []float64 {
	n := len(y)
	scores := make([]float64, n/2+1)
	if n < 8 {
		return scores
	}
	corr := autocorrelation(ranked(y))
	for p := 4; p < len(scores) && corr != nil; p++ {
		if v := corr[p] * math.Sqrt(float64(n)/float64(n-p)); v > 2/math.Sqrt(float64(n)) {
			scores[p] = min(v, 1)
		}
	}
	return scores
}

// ranked gives each point's rank among all, measured from the middle one; equal points share theirs, and what is not
// finite is in the middle.
func ranked(y []float64) []float64 {
	order := make([]int, 0, len(y))
	for i, v := range y {
		if isFinite(v) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(y[i], y[j]) })
	out := make([]float64, len(y))
	middle := float64(len(order)-1) / 2
	for i := 0; i < len(order); {
		end := i
		for end < len(order) && y[order[end]] == y[order[i]] {
			end++
		}
		for _, at := range order[i:end] {
			out[at] = float64(i+end-1)/2 - middle
		}
		i = end
	}
	return out
}

type peak struct {
	period int
	score  float64
}

// peaks lists the periods from least to most whose score is a peak, best first. A period close to a better one and a
// multiple of one are left out.
func peaks(scores []float64, least, most float64) []peak {
	var found []peak
	for p := 4; p < len(scores); p++ {
		v := scores[p]
		if v > 0 && v >= scores[p-1] && (p+1 == len(scores) || v >= scores[p+1]) {
			found = append(found, peak{p, v})
		}
	}
	slices.SortStableFunc(found, func(x, y peak) int {
		switch {
		case x.score > y.score:
			return -1
		case x.score < y.score:
			return 1
		}
		return x.period - y.period
	})
	var out []peak
	for i, x := range found {
		hidden := false
		for _, better := range found[:i] {
			near := math.Abs(float64(x.period-better.period)) <= float64(better.period)/4
			times := math.Round(float64(x.period) / float64(better.period))
			multiple := times > 1 && math.Abs(float64(x.period)-times*float64(better.period)) <= times
			hidden = hidden || near || multiple
		}
		if p := float64(x.period); !hidden && p >= least && p <= most {
			out = append(out, x)
		}
	}
	return out
}

// periodsDetect gives [periods, scores], as many as asked for, with 0 where there are no more. A period comes more than
// twice in the series.
func periodsDetect(a []any) any {
	s, _ := a[0].(string)
	y, ok := parseSeries(s)
	least, ok1 := a[1].(float64)
	most, ok2 := a[2].(float64)
	count, ok3 := a[3].(int64)
	if !ok || !ok1 || !ok2 || !ok3 || count < 1 || count > int64(len(y)) {
		return nil
	}
	found := append(peaks(periodScores(y), least, min(most, float64(len(y)-1)/2)), make([]peak, count)...)[:count]
	b := appendSeries([]byte{'['}, len(found), func(i int) float64 { return float64(found[i].period) })
	b = appendSeries(append(b, ','), len(found), func(i int) float64 { return found[i].score })
	return string(append(b, ']'))
}

// periodsValidate gives [periods, scores] for periods of the caller; what is no period has the score 0.
// https://learn.microsoft.com/kusto/query/series-periods-validate-function
func periodsValidate(s, list string) any {
	y, ok := parseSeries(s)
	periods, ok1 := numbers(list)
	if !ok || !ok1 || len(periods) > 16 {
		return nil
	}
	scores := periodScores(y)
	score := func(p float64) float64 {
		if !(p >= 4) || p > float64(len(y)/2) {
			return 0
		}
		// Between two whole periods the score lies between theirs.
		low, part := math.Modf(p)
		v := scores[int(low)]
		if part > 0 && int(low)+1 < len(scores) {
			v += part * (scores[int(low)+1] - v)
		}
		return v
	}
	b := appendSeries([]byte{'['}, len(periods), func(i int) float64 { return periods[i] })
	b = appendSeries(append(b, ','), len(periods), func(i int) float64 { return score(periods[i]) })
	return string(append(b, ']'))
}

// seriesOutliers scores each point; null, and the value to ignore, have the score 0. The last test points are scored
// without being learned from. https://learn.microsoft.com/kusto/query/series-outliers-function
func seriesOutliers(a []any) any {
	s, _ := a[0].(string)
	y, ok := parseSeries(s)
	method, given := a[1].(string)
	if !given || method == "" {
		method = "ctukey"
	}
	if !ok || method != "ctukey" && method != "tukey" {
		return nil
	}
	if ignore, ok := a[2].(float64); ok {
		for i, v := range y {
			if v == ignore {
				y[i] = math.NaN()
			}
		}
	}
	low, high := 10.0, 90.0
	if v, ok := a[3].(float64); ok {
		low = v
	}
	if v, ok := a[4].(float64); ok {
		high = v
	}
	points := longOr(a[5], 0)
	if low < 2 || low > 98 || high < 2 || high > 98 || low >= high || points < 0 || points > int64(len(y)) {
		return nil
	}
	scores := scoreOutliers(y, len(y)-int(points), method, low, high)
	return string(appendSeries(nil, len(y), func(i int) float64 { return scores[i] }))
}
