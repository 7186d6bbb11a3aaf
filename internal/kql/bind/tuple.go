package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// tupleTypes returns the types of the columns of a function that yields several; the catalogue has them as one array.
// nil for all other functions.
func tupleTypes(function string) []catalog.Type {
	const r, l, d = catalog.Real, catalog.Long, catalog.Dynamic
	switch function {
	case "series_fit_line":
		return []catalog.Type{r, r, r, r, r, d}
	case "series_fit_2lines":
		return []catalog.Type{r, l, r, r, d, r, r, r, r, r, r, r, r}
	case "series_stats":
		return []catalog.Type{r, l, r, l, r, r, r}
	case "series_decompose_anomalies":
		return []catalog.Type{d, d, d}
	}
	return nil
}

// tuple binds one element of extend, project or print that gives several names: (a, b) = series_fit_line(x). It
// returns false for an element with at most one name.
func (b *binder) tuple(e syntax.Expression, en *env) ([]plan.Named, bool) {
	given, value := split(e)
	if len(given) < 2 {
		return nil, false
	}
	bound := b.scalarExpr(value, en)
	var types []catalog.Type
	if call, ok := value.(*syntax.FunctionCallExpression); ok {
		types = tupleTypes(call.Name.Text)
	}
	if len(given) > max(1, len(types)) && !isUnknown(bound) {
		b.report(diag.TooManyNames(given[max(1, len(types))].Pos(), max(1, len(types))))
	}
	items := make([]plan.Named, len(given))
	for i, n := range given {
		items[i] = plan.Named{Name: n.Text, Expr: unknown()}
		if i < len(types) && !isUnknown(bound) {
			part := step(bound, plan.Step{Index: &plan.Const{Typ: catalog.Long, Value: int64(i)}})
			items[i].Expr = b.convert(part, types[i])
		}
	}
	return items, true
}
