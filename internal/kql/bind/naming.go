package bind

import (
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// derivedName returns the column name that an expression has by itself: that of the column it reads or is a conversion
// of, or the parts of a path joined by underscores. ok is false where Kusto numbers the column.
func (b *binder) derivedName(e syntax.Expression, en *env) (string, bool) {
	switch e := e.(type) {
	case *syntax.NameReference:
		return e.Name, e.Name != ""
	case *syntax.PathExpression:
		base, ok := b.derivedName(e.Expression, en)
		selector, isName := e.Selector.(*syntax.NameReference)
		if !isName {
			return "", false
		}
		if !ok {
			return selector.Name, true
		}
		return base + "_" + selector.Name, true
	case *syntax.ElementExpression:
		base, ok := b.derivedName(e.Expression, en)
		if ok {
			base += "_"
		}
		if l, isLiteral := e.Index.(*syntax.LiteralExpression); isLiteral {
			switch l.Kind {
			case syntax.StringLiteral:
				return base + l.Text, base+l.Text != ""
			case syntax.LongLiteral:
				return base + strconv.FormatInt(l.Int, 10), true
			}
		}
		return base, ok
	case *syntax.FunctionCallExpression:
		return b.callName(e, en)
	case *syntax.NamedExpression:
		// bin(Hour = TimeGenerated, 1h) is called Hour.
		return e.Names[0].Text, true
	}
	return "", false
}

// callName is derivedName for calls.
func (b *binder) callName(e *syntax.FunctionCallExpression, en *env) (string, bool) {
	if v := en.scope.lookup(e.Name.Text); v != nil {
		return "", false
	}
	if f, ok := b.catalog.Function(e.Name.Text); ok && f.Kind == catalog.Aggregate {
		return b.aggregateName(f, e, en), true
	}
	prefix := ""
	switch e.Name.Text {
	case "ingestion_time":
		return "$IngestionTime", true
	case "column_ifexists", "columnifexists":
		if len(e.Arguments) == 2 && en.in != nil {
			if l, ok := e.Arguments[0].(*syntax.LiteralExpression); ok && en.in.find(l.Text) >= 0 {
				return l.Text, true
			}
		}
		return "", false
	case "gettype":
		prefix = "type_"
	case "treepath":
		prefix = "tree_"
	case "percentiles_array_tdigest":
		prefix = "percentile_tdigest_"
	case "hll_merge":
		return "hll_merged_result", true
	case "tdigest_merge", "merge_tdigest":
		return "tdigests_merge_result", true
	case "strlen", "string_size", "repeat", "percentile_tdigest", "dcount_hll":
		prefix = e.Name.Text + "_"
	case "array_sort_asc", "array_sort_desc":
		if len(e.Arguments) == 0 {
			return "", false
		}
		name, ok := b.derivedName(e.Arguments[0], en)
		return name + "_sorted", ok
	case "make_datetime", "make_timespan":
		if len(e.Arguments) != 1 {
			return "", false
		}
	default:
		if !keepsName(e.Name.Text) {
			return "", false
		}
	}
	if len(e.Arguments) == 0 {
		return "", false
	}
	name, ok := b.derivedName(e.Arguments[0], en)
	return prefix + name, ok || prefix != ""
}

// keepsName lists the functions whose result is named after their first argument.
func keepsName(function string) bool {
	switch function {
	case "split", "tostring", "tohex", "todynamic", "toobject", "tolong", "toint", "toreal", "todouble", "todatetime",
		"totimespan", "totime", "tobool", "toboolean", "todecimal", "toguid", "parse_csv", "parsejson", "parse_json",
		"parse_xml", "format_datetime", "format_timespan", "startofday", "bin", "floor", "bin_at", "bin_auto", "binary_and",
		"binary_or", "binary_xor", "binary_not", "binary_shift_right", "binary_shift_left", "bitset_count_ones",
		"series_fir", "series_outliers", "series_iir", "series_fill_backward", "series_fill_forward", "series_fill_const",
		"series_fill_linear", "round", "ceiling", "pow", "sqrt", "log", "log2", "log10", "exp", "exp2", "exp10", "cos", "sin",
		"tan", "acos", "asin", "atan", "atan2", "abs", "rand", "gamma", "loggamma", "erf", "erfc", "format_bytes":
		return true
	}
	return false
}

// aggregateName is the name of the column of an aggregate: a prefix and the name of the first argument.
func (b *binder) aggregateName(f *catalog.Function, e *syntax.FunctionCallExpression, en *env) string {
	argument := ""
	if len(e.Arguments) > 0 {
		argument, _ = b.derivedName(e.Arguments[0], en)
	}
	switch e.Name.Text {
	case "anyif":
		return "anyif_" + argument
	case "make_dictionary":
		return "dictionary_" + argument
	}
	switch f.Name {
	case "take_anyif", "binary_all_or", "binary_all_and", "binary_all_xor":
		if argument != "" {
			return argument
		}
	case "arg_max", "arg_min", "take_any":
		if argument != "" && e.Name.Text == f.Name {
			return argument
		}
	case "percentile":
		return "percentile_" + argument + "_" + rankName(e.Arguments, 1, en, b)
	}
	return f.Prefix + "_" + argument
}

// rankName writes the rank of a percentile for a column name: 99.9 becomes 99_9.
func rankName(args []syntax.Expression, i int, en *env, b *binder) string {
	if i >= len(args) {
		return ""
	}
	c, ok := b.scalarExpr(args[i], &env{scope: en.scope}).(*plan.Const)
	if !ok {
		return ""
	}
	return rankText(c)
}

func rankText(c *plan.Const) string {
	switch v := c.Value.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strings.ReplaceAll(strconv.FormatFloat(v, 'f', -1, 64), ".", "_")
	case string:
		return strings.ReplaceAll(v, ".", "_")
	}
	return ""
}
