package scalar

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// anomalyOptions are the optional arguments of series_decompose_anomalies in their order.
type anomalyOptions struct {
	threshold   float64
	seasonality int // -1: find it
	trend       string
	testPoints  int
	method      string
	periodScore float64
}

// parseAnomalyOptions reads an array of up to six values, of which null keeps the default.
func parseAnomalyOptions(s string) (anomalyOptions, bool) {
	o := anomalyOptions{threshold: 1.5, seasonality: -1, trend: "avg", method: "ctukey", periodScore: 0.6}
	items, ok := elements(s, nil)
	if !ok || len(items) > 6 {
		return o, false
	}
	for i, v := range items {
		if v == "null" {
			continue
		}
		if i == 2 || i == 4 {
			if kindOf(v) != '"' {
				return o, false
			}
			if text := strings.ToLower(unquote(v)); i == 2 {
				o.trend = text
			} else {
				o.method = text
			}
			continue
		}
		x, err := strconv.ParseFloat(strings.Trim(v, `"`), 64)
		if err != nil || !isFinite(x) || math.Abs(x) > maxSeries {
			return o, false
		}
		switch i {
		case 0:
			o.threshold = x
		case 1:
			o.seasonality = int(x)
		case 3:
			o.testPoints = int(x)
		case 5:
			o.periodScore = x
		}
	}
	known := o.trend == "avg" || o.trend == "linefit" || o.trend == "none"
	return o, known && (o.method == "ctukey" || o.method == "tukey") && o.testPoints >= 0
}

// decomposeAnomalies gives [flags, scores, baseline]: the series less its baseline is scored by Tukey's fences, and
// scores beyond the threshold are flagged 1 or -1.
// https://learn.microsoft.com/kusto/query/series-decompose-anomalies-function
func decomposeAnomalies(s, options string) any {
	y, ok := parseSeries(s)
	o, ok1 := parseAnomalyOptions(options)
	if !ok || !ok1 {
		return nil
	}
	baseline := decompose(y, o)
	residual := make([]float64, len(y))
	for i := range y {
		residual[i] = y[i] - baseline[i]
	}
	scores := outliers(residual, o.method)
	b := append(make([]byte, 0, 44*len(y)+16), "[["...)
	for i, v := range scores {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case v > o.threshold:
			b = append(b, '1')
		case v < -o.threshold:
			b = append(b, '-', '1')
		default:
			b = append(b, '0')
		}
	}
	b = appendSeries(append(b, "],"...), len(y), func(i int) float64 { return scores[i] })
	b = appendSeries(append(b, ','), len(y), func(i int) float64 { return baseline[i] })
	return string(append(b, ']'))
}

// decompose gives the baseline: the seasonal part and the trend.
func decompose(y []float64, o anomalyOptions) []float64 {
	baseline, trend := seasonAndTrend(y, o)
	for i := range baseline {
		baseline[i] += trend.at(i)
	}
	return baseline
}

// seasonAndTrend gives the seasonal part and the trend of what is left without it. The last test points are not learned
// from. https://learn.microsoft.com/kusto/query/series-decompose-function
func seasonAndTrend(y []float64, o anomalyOptions) ([]float64, line) {
	learn := y[:max(len(y)-o.testPoints, 0)]
	period := o.seasonality
	if period < 0 {
		period = findPeriod(learn, o.periodScore)
	}
	season := seasonal(learn, len(y), period)
	if o.trend == "none" {
		return season, line{}
	}
	rest := make([]float64, len(learn))
	for i := range learn {
		rest[i] = learn[i] - season[i]
	}
	if o.trend == "linefit" {
		return season, fitLine(rest)
	}
	return season, line{intercept: mean(rest)}
}

// seasonal gives n points of which each is the median of the points in the same phase; zeros without a period.
func seasonal(learn []float64, n, period int) []float64 {
	out := make([]float64, n)
	if period <= 0 || period > len(learn) {
		return out
	}
	phase := make([]float64, 0, len(learn)/period+1)
	for p := range period {
		phase = phase[:0]
		for i := p; i < len(learn); i += period {
			if isFinite(learn[i]) {
				phase = append(phase, learn[i])
			}
		}
		if len(phase) == 0 {
			continue
		}
		slices.Sort(phase)
		for i := p; i < n; i += period {
			out[i] = quantile(phase, 0.5)
		}
	}
	return out
}

// quantile of sorted values, between two of them by linear interpolation.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// outliers scores by Tukey's fences: how many interquartile ranges a point lies beyond the quartile. With ctukey the
// quartiles for high scores are those without the highest tenth of the points, for low ones without the lowest tenth,
// so that anomalies do not hide one another; points between the quartiles of all have the score 0. The page gives no
// formula; this one agrees with the example that it carried at first.
// https://learn.microsoft.com/kusto/query/series-outliers-function
func outliers(y []float64, method string) []float64 { return scoreOutliers(y, len(y), method, 10, 90) }

// scoreOutliers learns from the first points, and with ctukey leaves out what is below the low and above the high
// percentile.
func scoreOutliers(y []float64, learn int, method string, lowest, highest float64) []float64 {
	scores := make([]float64, len(y))
	sorted := make([]float64, 0, len(y))
	for _, v := range y[:learn] {
		if isFinite(v) {
			sorted = append(sorted, v)
		}
	}
	if len(sorted) == 0 {
		return scores
	}
	slices.Sort(sorted)
	q1, q3 := quantile(sorted, 0.25), quantile(sorted, 0.75)
	low, high := sorted, sorted
	if method == "ctukey" && len(sorted) >= 4 {
		low = sorted[min(int(float64(len(sorted))*lowest/100), len(sorted)-1):]
		high = sorted[:max(int(float64(len(sorted))*highest/100), 1)]
	}
	lowQ1, highQ3 := quantile(low, 0.25), quantile(high, 0.75)
	lowRange := spread(sorted, quantile(low, 0.75)-lowQ1)
	highRange := spread(sorted, highQ3-quantile(high, 0.25))
	for i, v := range y {
		switch {
		case v > q3 && v > highQ3:
			scores[i] = (v - highQ3) / highRange
		case v < q1 && v < lowQ1:
			scores[i] = (v - lowQ1) / lowRange
		}
	}
	return scores
}

// spread is the interquartile range; where that is nothing, as in a flat series with a few peaks, the standard
// deviation, so that scores stay finite.
func spread(sorted []float64, iqr float64) float64 {
	avg, squares := mean(sorted), 0.0
	for _, v := range sorted {
		squares += (v - avg) * (v - avg)
	}
	if deviation := math.Sqrt(squares / float64(len(sorted))); iqr <= deviation*1e-9 {
		iqr = deviation
	}
	if iqr == 0 {
		return 1
	}
	return iqr
}

// findPeriod gives the period with the greatest autocorrelation if that reaches least, else 0. A period has at least 4
// points and at most half of the series. https://learn.microsoft.com/kusto/query/series-periods-detect-function
func findPeriod(y []float64, least float64) int {
	n := len(y)
	if n < 8 {
		return 0
	}
	trend := fitLine(y)
	x := make([]float64, n)
	for i, v := range y {
		if isFinite(v) {
			x[i] = v - trend.at(i)
		}
	}
	corr := autocorrelation(x)
	if corr == nil {
		return 0
	}
	// Fewer pairs of points lie further apart; the square root gives the score of the page's example.
	score := func(p int) float64 { return corr[p] * math.Sqrt(float64(n)/float64(n-p)) }
	best, top := 0, least
	for p := 4; p <= n/2; p++ {
		// A peak of the autocorrelation; a multiple of a period must be clearly better to win.
		if v := score(p); v >= top && v >= score(p-1) && (p+1 > n/2 || v >= score(p+1)) {
			best, top = p, v*1.02
		}
	}
	return best
}
