package scalar

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// seriesOf calls a function of a series and reads what it gives, arrays inside included, in one row.
func seriesOf(t *testing.T, fn string, args ...any) []float64 {
	t.Helper()
	s, ok := functions(t)[fn].Call(args).(string)
	if !ok {
		t.Fatalf("%s(%q) is null", fn, args)
	}
	var out []float64
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == '[' || r == ']' || r == ',' }) {
		x, err := strconv.ParseFloat(f, 64)
		if err != nil {
			t.Fatalf("%s gives %s", fn, s)
		}
		out = append(out, x)
	}
	return out
}

func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	for i := range got {
		if math.Abs(got[i]-want[i]) > 1e-6*math.Max(1, math.Abs(want[i])) {
			t.Errorf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestFitLine(t *testing.T) {
	// By hand: means 1.5 and 4.25, sxx 5, sxy 7.5, total 12.75, residual 1.5.
	near(t, "line", seriesOf(t, "go_series_fit_line", "[2,4,4,7]"), []float64{1 - 1.5/12.75, 1.5, 4.25, 0.5, 2, 2, 3.5, 5, 6.5})
	near(t, "gap", seriesOf(t, "go_series_fit_line", "[1,null,3]"), []float64{1, 1, 2, 0, 1, 1, 2, 3})
	near(t, "flat", seriesOf(t, "go_series_fit_line", "[5,5]"), []float64{1, 0, 0, 0, 5, 5, 5})
	near(t, "one", seriesOf(t, "go_series_fit_line", "[5]"), []float64{1, 0, 0, 0, 5, 5})
	near(t, "large", seriesOf(t, "go_series_fit_line", "[1e15,1000000000000001,1000000000000002]")[:2], []float64{1, 1})
	check(t, []call{{"go_series_fit_line", []any{"[]"}, nil}, {"go_series_fit_line", []any{"{}"}, nil}})
}

func TestFit2Lines(t *testing.T) {
	got := seriesOf(t, "go_series_fit_2lines", "[0,1,2,3,13,11,9]")
	near(t, "two lines", got[:2], []float64{1, 4})
	near(t, "fit", got[4:11], []float64{0, 1, 2, 3, 13, 11, 9})
	near(t, "right", got[11:16], []float64{1, -2, 13, 4, 0})
	near(t, "left", got[16:], []float64{1, 1, 0, 5.0 / 3, 0})
	near(t, "short", seriesOf(t, "go_series_fit_2lines", "[1,2]")[:2], []float64{1, 0})
}

func TestSeriesStats(t *testing.T) {
	near(t, "stats", seriesOf(t, "go_series_stats", "[4,1,7,1,7]", nil), []float64{1, 1, 7, 2, 4, 3, 9})
	check(t, []call{{"go_series_stats", []any{"[3]", nil}, "[3.0,0,3.0,0,3.0,0.0,0.0]"}, {"go_series_stats", []any{"[1,null]", nil}, nil}, {"go_series_stats", []any{"[]", nil}, nil}})
}

// TestOutliers has numbers whose scores were computed by hand: of 1…9, 11, 21 the upper quartiles without the highest
// two are 3 and 7, the lower ones without the lowest 3.25 … 8.75.
func TestOutliers(t *testing.T) {
	y := []float64{21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11}
	near(t, "ctukey", outliers(y, "ctukey"), []float64{14. / 4, -3.25 / 4.5, -2.25 / 4.5, -1.25 / 4.5, 0, 0, 0, 0, 0, 2. / 4, 4. / 4})
	near(t, "tukey", outliers(y, "tukey"), []float64{12.5 / 5, -2.5 / 5, -1.5 / 5, -.5 / 5, 0, 0, 0, 0, 0, .5 / 5, 2.5 / 5})
	near(t, "flat", outliers([]float64{1, 1, 1, 1}, "ctukey"), make([]float64, 4))
	near(t, "nothing", outliers([]float64{math.NaN()}, "ctukey"), []float64{0})
}

func TestDecomposeAnomalies(t *testing.T) {
	fn := "go_series_decompose_anomalies"
	got := seriesOf(t, fn, "[2,2,2,2,40,2,2,2]", "[]")
	near(t, "flags of a peak", got[:8], []float64{0, 0, 0, 0, 1, 0, 0, 0})
	near(t, "baseline of a peak", got[16:], []float64{6.75, 6.75, 6.75, 6.75, 6.75, 6.75, 6.75, 6.75})

	var y []string
	for i := range 24 * 14 {
		v := 50 + 20*math.Sin(2*math.Pi*float64(i)/24) + float64(i*7919%13)/13 + float64(i)/10
		switch i {
		case 100:
			v += 30
		case 200:
			v -= 30
		}
		y = append(y, strconv.FormatFloat(v, 'f', 4, 64))
	}
	series := "[" + strings.Join(y, ",") + "]"
	values, _ := parseSeries(series)
	if p := findPeriod(values, 0.6); p != 24 {
		t.Errorf("period %d, want 24", p)
	}
	got = seriesOf(t, fn, series, `[3,-1,"linefit"]`)
	for i, flag := range got[:len(values)] {
		want := 0.0
		switch i {
		case 100:
			want = 1
		case 200:
			want = -1
		}
		if flag != want {
			t.Errorf("point %d has the flag %v", i, flag)
		}
	}
	near(t, "forecast", seriesOf(t, fn, "[1,2,3,4,50,60]", `[1.5,0,"linefit",2]`)[12:], []float64{1, 2, 3, 4, 5, 6})
	near(t, "no trend", seriesOf(t, fn, "[3,3,3]", `[1.5,0,"none"]`)[6:], []float64{0, 0, 0})
	near(t, "given period", seriesOf(t, fn, "[1,5,1,5,1,5]", `[null,2,"none",null,"tukey",0.5]`)[12:], []float64{1, 5, 1, 5, 1, 5})
	check(t, []call{{fn, []any{"[1]", `[1.5,0,"cubic"]`}, nil}, {fn, []any{"[1]", `["x"]`}, nil}, {fn, []any{"[1]", `[1,2,"avg",0,"tukey",1,7]`}, nil}, {fn, []any{"7", "[]"}, nil}})
}

// TestFindPeriod has a week of half-days, five busy days and two quiet ones: 14 points.
func TestFindPeriod(t *testing.T) {
	var y []float64
	for i := range 56 {
		v := 50.0
		if i/2%7 < 5 {
			v = 90 + 60*float64(i%2)
		}
		y = append(y, v+float64(i*31%11))
	}
	if p := findPeriod(y, 0.6); p != 14 {
		t.Errorf("period %d, want 14", p)
	}
	if p := findPeriod([]float64{1, 9, 2, 8, 3}, 0.6); p != 0 {
		t.Errorf("period %d of a short series", p)
	}
	if p := findPeriod(make([]float64, 100), 0.6); p != 0 {
		t.Errorf("period %d of zeros", p)
	}
}
