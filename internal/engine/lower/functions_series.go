package lower

import (
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// The operations that go_series_each and go_series_pairs know.
const (
	eachOperations = "sin cos tan asin acos atan exp log floor ceiling abs sign"
	pairOperations = "add subtract multiply divide pow less less_equals greater greater_equals equals not_equals"
)

// addSeriesLowerings adds the functions that differ in the name of an operation alone.
func addSeriesLowerings(m map[string]lowering) {
	for _, op := range strings.Fields(eachOperations) {
		m["series_"+op] = lowerSeries("go_series_each", op, 1)
	}
	for _, op := range strings.Fields(pairOperations) {
		for _, side := range []string{"", ".left", ".right"} {
			m["series_"+op+side] = lowerSeries("go_series_pairs", op, 2)
		}
	}
	for _, op := range []string{"sum", "product", "magnitude"} {
		m["series_"+op] = lowerSeries("go_series_total", op, 1)
	}
	for _, op := range []string{"dot_product", "dot_product.left", "dot_product.right", "cosine_similarity", "pearson_correlation"} {
		name, _, _ := strings.Cut(op, ".")
		m["series_"+op] = lowerSeries("go_series_relation", name, 4)
	}
	for _, op := range []string{"forward", "backward", "const"} {
		m["series_fill_"+op] = lowerSeriesFill(op)
	}
	m["series_fill_linear"] = lowerSeriesFillLinear
	m["series_fir"] = lowerPadded("go_series_fir", 4)
	m["series_outliers"] = lowerPadded("go_series_outliers", 6)
	m["series_seasonal"] = lowerPadded("go_series_seasonal", 3)
	m["series_fit_poly"] = lowerPadded("go_series_fit_poly", 3)
	m["series_stats"] = lowerPadded("go_series_stats", 2)
	m["series_stats_dynamic"] = lowerPadded("go_series_stats_dynamic", 2)
	m["series_fft"] = lowerFourier("false")
	m["series_ifft"] = lowerFourier("true")
	m["series_periods_validate"] = lowerPeriodsValidate
	m["series_decompose"] = lowerDecompose
	m["series_decompose_forecast"] = lowerDecompose
}

// lowerSeries calls a Go function with the name of an operation and n arguments: series and numbers as JSON, then reals,
// NULL where one was not given.
func lowerSeries(name, op string, n int) lowering {
	return func(l *lowerer, c *plan.Call, sc scope) (string, error) {
		args, err := l.typedArgs(c, sc)
		if err != nil {
			return "", err
		}
		for i := range min(len(args), 2) {
			if t := c.Args[i].Type(); t.IsNumber() {
				args[i] = "nullif(" + jsonOf(args[i], numberType(t)) + ", 'null')"
				if t == catalog.Decimal {
					args[i] = "CAST(CAST(" + args[i] + " AS DOUBLE) AS VARCHAR)"
				}
			}
		}
		for i := len(args); i < n; i++ {
			args = append(args, "NULL::DOUBLE")
		}
		return name + "(" + Text(op) + ", " + strings.Join(args, ", ") + ")", nil
	}
}

// numberType is the type as which a number is written in JSON: a decimal without quotes.
func numberType(t catalog.Type) catalog.Type {
	if t == catalog.Decimal {
		return catalog.Long
	}
	return t
}

// lowerSeriesFill passes the placeholder and the constant as JSON.
func lowerSeriesFill(op string) lowering {
	return func(l *lowerer, c *plan.Call, sc scope) (string, error) {
		args, err := l.exprs(c.Args, sc)
		if err != nil {
			return "", err
		}
		for i := 1; i < len(args); i++ {
			args[i] = jsonOf(args[i], c.Args[i].Type())
		}
		constant := "NULL::VARCHAR"
		if op == "const" {
			constant, args = args[1], append(args[:1:1], args[2:]...)
		}
		if len(args) == 1 {
			args = append(args, "NULL::VARCHAR")
		}
		return "go_series_fill(" + Text(op) + ", " + args[0] + ", " + args[1] + ", " + constant + ")", nil
	}
}

func lowerSeriesFillLinear(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	for i, none := range []string{"", "NULL::VARCHAR", "NULL::BOOLEAN", "NULL::VARCHAR"} {
		if i >= len(args) {
			args = append(args, none)
		} else if i == 1 || i == 3 {
			args[i] = jsonOf(args[i], c.Args[i].Type())
		}
	}
	return "go_series_fill_linear(" + strings.Join(args, ", ") + ")", nil
}

func lowerFourier(inverse string) lowering {
	return func(l *lowerer, c *plan.Call, sc scope) (string, error) {
		args, err := l.exprs(c.Args, sc)
		if err != nil {
			return "", err
		}
		if len(args) == 1 {
			args = append(args, "NULL::VARCHAR")
		}
		return "go_series_fft(" + args[0] + ", " + args[1] + ", " + inverse + ")", nil
	}
}

func lowerPeriodsValidate(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	for i := 1; i < len(args); i++ {
		args[i] = jsonOf(args[i], catalog.Real)
	}
	return "go_series_periods_validate(" + args[0] + ", kql_array([" + strings.Join(args[1:], ", ") + "]))", nil
}

// lowerDecompose passes the options in the order of series_decompose_anomalies: threshold, seasonality, trend, test
// points, method, threshold of the seasonality. A forecast has the test points first.
func lowerDecompose(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	order := []int{1, 2, 3, 5}
	if c.Overload.ID == "series_decompose_forecast" {
		order = []int{3, 1, 2, 5}
	}
	options := []string{"'null'", "'null'", "'null'", "'null'", "'null'", "'null'"}
	for i := 1; i < len(args); i++ {
		options[order[i-1]] = jsonOf(args[i], c.Args[i].Type())
	}
	return "go_series_decompose(" + args[0] + ", kql_array([" + strings.Join(options, ", ") + "]))", nil
}
