package bind

import (
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// tupleColumns returns the columns of a function that yields several; the catalogue has their values as one array.
// nil for all other functions.
func tupleColumns(function string) []plan.Column {
	text := ""
	switch function {
	case "series_stats":
		text = "min:real min_idx:long max:real max_idx:long avg:real stdev:real variance:real"
	case "series_fit_line":
		text = "rsquare:real slope:real variance:real rvariance:real interception:real line_fit:dynamic"
	case "series_fit_2lines":
		text = `rsquare:real split_idx:long variance:real rvariance:real line_fit:dynamic right_rsquare:real
			right_slope:real right_interception:real right_variance:real right_rvariance:real left_rsquare:real
			left_slope:real left_interception:real left_variance:real left_rvariance:real`
	case "series_decompose", "series_decompose_forecast":
		text = "baseline:dynamic seasonal:dynamic trend:dynamic residual:dynamic"
	case "series_fft", "series_ifft":
		text = "real:dynamic imag:dynamic"
	case "series_periods_detect", "series_periods_validate":
		text = "periods:dynamic scores:dynamic"
	case "series_fit_poly":
		text = "rsquare:real coefficients:dynamic variance:real rvariance:real poly_fit:dynamic"
	case "series_decompose_anomalies":
		text = "ad_flag:dynamic ad_score:dynamic baseline:dynamic"
	}
	var cols []plan.Column
	for _, field := range strings.Fields(text) {
		name, typeName, _ := strings.Cut(field, ":")
		t, _ := catalog.ParseType(typeName)
		cols = append(cols, plan.Column{Name: name, Type: t})
	}
	return cols
}

// sortedColumns returns the columns of array_sort_asc and array_sort_desc over several arrays; nil for all other calls.
func (b *binder) sortedColumns(call *syntax.FunctionCallExpression, en *env) []plan.Column {
	n := len(call.Arguments)
	if name := call.Name.Text; n < 2 || name != "array_sort_asc" && name != "array_sort_desc" {
		return nil
	}
	// Whether the last argument is a flag is for its type to say; it is bound again, and its mistakes told, with the call.
	told := len(b.diags)
	if b.scalarExpr(call.Arguments[n-1], en).Type() == catalog.Bool {
		n--
	}
	b.diags = b.diags[:told]
	if n < 2 {
		return nil
	}
	cols := make([]plan.Column, n)
	for i := range cols {
		name, ok := b.derivedName(call.Arguments[i], en)
		if !ok {
			name = "array" + strconv.Itoa(i)
		}
		cols[i] = plan.Column{Name: name + "_sorted", Type: catalog.Dynamic}
	}
	return cols
}

// tuple binds an element of extend, project or print that makes several columns, or that has several names. Names that
// are given drop the columns behind them; without names each column is called after the function and its argument. ok
// is false for an element that makes one column.
// https://learn.microsoft.com/kusto/query/extend-operator
func (b *binder) tuple(e syntax.Expression, en *env) (items []plan.Named, ok bool) {
	given, value := split(e)
	var cols []plan.Column
	prefix := ""
	if call, isCall := value.(*syntax.FunctionCallExpression); isCall && en.scope.lookup(call.Name.Text) == nil {
		if cols = b.sortedColumns(call, en); cols != nil {
			// Their names are complete.
		} else if cols = tupleColumns(call.Name.Text); cols != nil && len(call.Arguments) > 0 {
			argument, _ := b.derivedName(call.Arguments[0], en)
			prefix = call.Name.Text + "_" + argument + "_"
		}
	}
	if cols == nil && len(given) < 2 {
		return nil, false
	}
	bound := b.scalarExpr(value, en)
	most := max(1, len(cols))
	if len(given) > most && !isUnknown(bound) {
		b.report(diag.TooManyNames(given[most].Pos(), most))
	}
	count := len(given)
	if count == 0 {
		count = len(cols)
	}
	for i := range count {
		item := plan.Named{Expr: unknown()}
		if i < len(given) {
			item.Name = given[i].Text
		} else {
			item.Name = prefix + cols[i].Name
		}
		if i < len(cols) && !isUnknown(bound) {
			part := step(bound, plan.Step{Index: &plan.Const{Typ: catalog.Long, Value: int64(i)}})
			item.Expr = b.convert(part, cols[i].Type)
		}
		items = append(items, item)
	}
	return items, true
}
