package lower

import (
	"encoding/json"
	"fmt"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// ordinalColumn numbers the input rows where an aggregate must see them in their order.
const ordinalColumn = "$ordinal"

func (l *lowerer) aggregate(n *plan.Aggregate, nd need) (*block, error) {
	childNeed := need{}
	for _, k := range n.Keys {
		childNeed = childNeed.exprNeeds(k.Expr)
	}
	var aggs []*plan.Aggregation
	inOrder := false
	for i := range n.Aggs {
		a := &n.Aggs[i]
		read := len(n.Keys) == 0 && len(n.Aggs) == 1
		for _, c := range a.Out {
			read = read || nd.has(c.Name)
		}
		if !read {
			continue
		}
		a = onlyRead(a, nd)
		aggs = append(aggs, a)
		childNeed = childNeed.exprNeeds(a.Call.Args...)
		inOrder = inOrder || ordered[a.Call.Overload.Func.Name]
	}
	b, err := l.node(n.Input, childNeed, everything)
	if err != nil {
		return nil, err
	}
	ord := ""
	if inOrder && b.ordered {
		b = b.wrap()
		cols := append(scope(nil), b.cols...)
		sel := make([]string, len(cols))
		for i, c := range cols {
			sel[i] = c.sql
		}
		ord = Ident(ordinalColumn)
		b.sel = append(sel, "row_number() OVER ()")
		b.cols = append(cols, scopeColumn{plan.Column{Name: ordinalColumn, Type: catalog.Long}, ord})
		b = b.wrap()
		ord = " ORDER BY " + ord
	} else if b.sel != nil || len(b.order) > 0 || b.limit != "" {
		b = b.wrap()
	}
	return l.grouped(n, aggs, b, ord)
}

// onlyRead leaves out of arg_max and arg_min the columns that are not read: with *, most are not.
func onlyRead(a *plan.Aggregation, nd need) *plan.Aggregation {
	if name := a.Call.Overload.Func.Name; nd == nil || name != "arg_max" && name != "arg_min" {
		return a
	}
	call := *a.Call
	call.Args = append([]plan.Expr(nil), a.Call.Args[0])
	out := &plan.Aggregation{Call: &call, Out: []plan.Column{a.Out[0]}}
	for i, c := range a.Out[1:] {
		if nd.has(c.Name) {
			call.Args, out.Out = append(call.Args, a.Call.Args[i+1]), append(out.Out, c)
		}
	}
	return out
}

// grouped writes SELECT keys, aggregates … GROUP BY. Aggregates of several columns are computed as one struct and
// taken apart above.
func (l *lowerer) grouped(n *plan.Aggregate, aggs []*plan.Aggregation, b *block, ord string) (*block, error) {
	cols := make([]plan.Column, 0, len(n.Keys)+len(aggs))
	for _, k := range n.Keys {
		cols = append(cols, plan.Column{Name: k.Name, Type: k.Expr.Type()})
	}
	for _, a := range aggs {
		cols = append(cols, a.Out...)
	}
	out := newScope(cols)
	sel, _ := passThrough(&block{cols: out})
	var inner, group []string
	for i, k := range n.Keys {
		s, err := l.expr(k.Expr, b.cols)
		if err != nil {
			return nil, err
		}
		inner = append(inner, s+" AS "+out[i].sql)
		group = append(group, fmt.Sprint(i+1))
	}
	next, apart := len(n.Keys), false
	for i, a := range aggs {
		s, err := l.aggregateCall(a, b.cols, ord)
		if err != nil {
			return nil, err
		}
		fn := a.Call.Overload.Func.Name
		if !structured[fn] {
			inner = append(inner, s+" AS "+out[next].sql)
			next++
			continue
		}
		apart = true
		name := Ident(fmt.Sprintf("$struct%d", i))
		inner = append(inner, s+" AS "+name)
		for j, c := range a.Out {
			field := fmt.Sprintf("struct_extract(%s, 'f%d')", name, j)
			if fn != "arg_max" && fn != "arg_min" && fn != "take_any" {
				field = fmt.Sprintf("list_extract(%s, %d)", name, j+1)
			}
			if c.Type == catalog.String {
				field = "coalesce(" + field + ", '')"
			}
			sel[next] = field
			next++
		}
	}
	if len(inner) == 0 {
		inner = []string{"1 AS \"$none\""}
	}
	sql := "SELECT " + strings.Join(inner, ", ")
	if b.from != "" {
		sql += " FROM " + b.from
	}
	if len(b.where) > 0 {
		sql += " WHERE " + strings.Join(b.where, " AND ")
	}
	if len(group) > 0 {
		sql += " GROUP BY " + strings.Join(group, ", ")
	}
	res := &block{from: "(" + sql + ")", cols: out}
	if apart {
		res.sel = sel
	}
	return res, nil
}

// structured are the aggregates that yield several values at once.
var structured = map[string]bool{"arg_max": true, "arg_min": true, "take_any": true, "percentiles": true, "percentilesw": true}

// ordered are the aggregates whose result depends on the order of the rows.
var ordered = map[string]bool{
	"make_list": true, "make_list_if": true, "make_list_with_nulls": true, "make_set": true, "make_set_if": true,
	"make_bag": true, "make_bag_if": true, "take_any": true, "take_anyif": true, "buildschema": true,
}

// aggregateTemplates are the aggregates that are one SQL expression. $F is the filter of the …if forms: the last
// argument that is a predicate.
var aggregateTemplates = map[string]string{
	"count": "count(*)", "countif": "count(*) FILTER (WHERE $1)",
	"sum.long": "CAST(kql_wrap(coalesce(sum($1), 0)) AS BIGINT)", "sum.timespan": "CAST(kql_wrap(coalesce(sum($1), 0)) AS BIGINT)",
	"sum.real": "coalesce(sum($1), 0.0::DOUBLE)", "sum.decimal": "CAST(coalesce(sum($1), 0) AS DECIMAL(38,10))",
	"sum.dynamic": "coalesce(sum(TRY_CAST(json_extract_string($1, '$') AS DOUBLE)), 0.0::DOUBLE)",
	"sumif.long":  "CAST(kql_wrap(coalesce(sum($1) FILTER (WHERE $2), 0)) AS BIGINT)", "sumif.timespan": "CAST(kql_wrap(coalesce(sum($1) FILTER (WHERE $2), 0)) AS BIGINT)",
	"sumif.real": "coalesce(sum($1) FILTER (WHERE $2), 0.0::DOUBLE)", "sumif.decimal": "CAST(coalesce(sum($1) FILTER (WHERE $2), 0) AS DECIMAL(38,10))",
	"avg.real": "coalesce(avg($1), 'NaN'::DOUBLE)", "avg.decimal": "CAST(avg($1) AS DECIMAL(38,10))",
	"avg.timespan": "CAST(trunc(avg($1)) AS BIGINT)", "avg.datetime": "CAST(sum($1) // count($1) AS BIGINT)",
	"avgif.real": "coalesce(avg($1) FILTER (WHERE $2), 'NaN'::DOUBLE)", "avgif.timespan": "CAST(trunc(avg($1) FILTER (WHERE $2)) AS BIGINT)",
	"min": "min($1)", "max": "max($1)", "minif": "min($1) FILTER (WHERE $2)", "maxif": "max($1) FILTER (WHERE $2)",
	"dcount": "count(DISTINCT $1)", "dcountif": "count(DISTINCT $1) FILTER (WHERE $2)",
	"count_distinct": "count(DISTINCT $1)", "count_distinctif": "count(DISTINCT $1) FILTER (WHERE $2)",
	"take_anyif":     "first($1 $O) FILTER (WHERE $2)",
	"stdev":          "coalesce(stddev_samp($1), 0.0::DOUBLE)",
	"stdevif":        "coalesce(stddev_samp($1) FILTER (WHERE $2), 0.0::DOUBLE)",
	"stdevp":         "coalesce(stddev_pop($1), 0.0::DOUBLE)",
	"variance":       "coalesce(var_samp($1), 0.0::DOUBLE)",
	"variancep":      "coalesce(var_pop($1), 0.0::DOUBLE)",
	"varianceif":     "coalesce(var_samp($1) FILTER (WHERE $2), 0.0::DOUBLE)",
	"variancepif":    "coalesce(var_pop($1) FILTER (WHERE $2), 0.0::DOUBLE)",
	"covariance":     "coalesce(covar_samp($1, $2), 0.0::DOUBLE)",
	"covarianceif":   "coalesce(covar_samp($1, $2) FILTER (WHERE $3), 0.0::DOUBLE)",
	"covariancep":    "coalesce(covar_pop($1, $2), 0.0::DOUBLE)",
	"covariancepif":  "coalesce(covar_pop($1, $2) FILTER (WHERE $3), 0.0::DOUBLE)",
	"hll_merge.rows": "go_hll_merge(kql_array(list($1)))", "tdigest_merge.rows": "go_tdigest_merge(kql_array(list($1)))",
	"buildschema":   "go_buildschema(kql_array(list($1 $O)))",
	"avgif.decimal": "CAST(avg($1) FILTER (WHERE $2) AS DECIMAL(38,10))", "avgif.datetime": "CAST(sum($1) FILTER (WHERE $2) // count($1) FILTER (WHERE $2) AS BIGINT)",
	"binary_all_or": "bit_or($1)", "binary_all_and": "bit_and($1)", "binary_all_xor": "bit_xor($1)",
}

func (l *lowerer) aggregateCall(a *plan.Aggregation, sc scope, ord string) (string, error) {
	c := a.Call
	id := c.Overload.ID
	if t, ok := aggregateTemplates[id]; ok {
		args, err := l.typedArgs(c, sc)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(id, "avg") && c.Args[0].Type().IsInteger() {
			// The mean of whole numbers is a DOUBLE by itself, and faster so.
			if args[0], err = l.expr(c.Args[0], sc); err != nil {
				return "", err
			}
		}
		s := expand(strings.ReplaceAll(t, "$O", strings.TrimSpace(ord)), args)
		if a.Out[0].Type == catalog.String {
			s = "coalesce(" + s + ", '')"
		}
		return s, nil
	}
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	switch name := c.Overload.Func.Name; name {
	case "arg_max", "arg_min":
		return name + "(" + structOf(args) + ", " + neverNull(name, c.Args[0], args[0]) + ")", nil
	case "take_any":
		s := "first(" + structOf(args) + ord + ")"
		if len(args) == 1 {
			// Of a single column a value is preferred to none.
			if c.Args[0].Type() == catalog.String {
				return s + " FILTER (WHERE " + args[0] + " <> '')", nil
			}
			return s + " FILTER (WHERE " + args[0] + " IS NOT NULL)", nil
		}
		return s, nil
	case "make_list", "make_list_if", "make_list_with_nulls", "make_set", "make_set_if", "make_bag", "make_bag_if":
		return l.collect(name, c, args, ord)
	case "percentile":
		p, err := rank(c.Args[1])
		if err != nil {
			return "", err
		}
		return "quantile_disc(" + args[0] + ", " + p + ")", nil
	case "percentiles", "percentiles_array", "percentilesw", "percentilesw_array":
		return percentiles(name, c, args)
	case "hll", "hll_if":
		return hll(name, c, args), nil
	case "tdigest":
		return tdigest(c, args), nil
	}
	return "", fmt.Errorf("not supported yet: %s()", c.Overload.Func.Name)
}

// extremes stand for null where arg_max and arg_min order rows: below and above every value, so that a row whose order
// value is null is taken only where all are. Types whose values leave no room are widened.
var extremes = map[catalog.Type][2]string{
	catalog.Bool: {"-1", "2"}, catalog.Int: {"-9223372036854775808", "9223372036854775807"},
	catalog.Long: {"-18446744073709551616", "18446744073709551616"}, catalog.Datetime: {"-9223372036854775808", "9223372036854775807"},
	catalog.Timespan: {"-18446744073709551616", "18446744073709551616"}, catalog.Real: {"'-Infinity'::DOUBLE", "'Infinity'::DOUBLE"},
	catalog.Decimal: {"-9999999999999999999999999999.0", "9999999999999999999999999999.0"},
	catalog.Guid:    {"''", "chr(1114111)"}, catalog.Dynamic: {"''", "chr(1114111)"},
}

// neverNull gives the order value of arg_max or arg_min without nulls, which DuckDB would skip together with the row.
func neverNull(fn string, e plan.Expr, sql string) string {
	x, ok := extremes[e.Type()]
	if !ok || isTime(e) {
		return sql
	}
	if wider := map[catalog.Type]string{catalog.Bool: "INTEGER", catalog.Int: "BIGINT", catalog.Long: "HUGEINT", catalog.Timespan: "HUGEINT"}[e.Type()]; wider != "" {
		sql = "CAST(" + sql + " AS " + wider + ")"
	}
	return "coalesce(" + sql + ", " + x[map[string]int{"arg_max": 0, "arg_min": 1}[fn]] + ")"
}

func structOf(fields []string) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = fmt.Sprintf("f%d := %s", i, f)
	}
	return "struct_pack(" + strings.Join(parts, ", ") + ")"
}

// collect lowers the aggregates that make one dynamic of many values.
func (l *lowerer) collect(name string, c *plan.Call, args []string, ord string) (string, error) {
	t := c.Args[0].Type()
	element := jsonOf(args[0], t)
	filter := args[0] + " IS NOT NULL"
	rest := 1
	if strings.HasSuffix(name, "_if") {
		filter += " AND " + args[1]
		rest = 2
		name = strings.TrimSuffix(name, "_if")
	}
	if name == "make_list_with_nulls" {
		filter = "true"
	}
	limit := "1048576"
	if len(args) > rest {
		limit = args[rest]
	}
	list := "list(" + element + ord + ") FILTER (WHERE " + filter + ")"
	switch {
	case name == "make_bag":
		bag := "coalesce(go_bag_merge(kql_array(" + list + ")), '{}')"
		if len(args) > rest {
			bag = "go_bag_limit(" + bag + ", CAST(" + limit + " AS BIGINT))"
		}
		return bag, nil
	case name == "make_set" && ord == "" && t != catalog.Dynamic:
		// Rows without an order have no first: DuckDB's own distinct, before anything becomes JSON.
		distinct := "list_slice(list(DISTINCT " + args[0] + ") FILTER (WHERE " + filter + "), 1, " + limit + ")"
		return "coalesce(kql_array(list_transform(" + distinct + ", v -> " + jsonOf("v", t) + ")), '[]')", nil
	case name == "make_set":
		return "go_distinct(coalesce(kql_array(" + list + "), '[]'), CAST(" + limit + " AS BIGINT))", nil
	case t == catalog.Dynamic:
		return "go_flatten(coalesce(kql_array(" + list + "), '[]'), CAST(" + limit + " AS BIGINT))", nil
	case len(args) > rest:
		return "coalesce(kql_array(list_slice(" + list + ", 1, " + limit + ")), '[]')", nil
	}
	return "coalesce(kql_array(" + list + "), '[]')", nil
}

// rank turns a constant percentage into DuckDB's fraction.
func rank(e plan.Expr) (string, error) {
	k, ok := e.(*plan.Const)
	if !ok {
		return "", fmt.Errorf("percentile: the rank must be a constant number from 0 to 100")
	}
	var p float64
	switch v := k.Value.(type) {
	case int64:
		p = float64(v)
	case float64:
		p = v
	default:
		return "", fmt.Errorf("percentile: the rank must be a constant number from 0 to 100")
	}
	if p < 0 || p > 100 {
		return "", fmt.Errorf("percentile: the rank must be from 0 to 100, not %v", p)
	}
	return fmt.Sprintf("%v", p/100), nil
}

// ranks are the constant percentages of a call from argument first on, given one by one or as an array.
func ranks(c *plan.Call, first int) ([]string, error) {
	list := c.Args[first:]
	if k, ok := list[0].(*plan.Const); ok && k.Typ == catalog.Dynamic {
		text, _ := k.Value.(string)
		var numbers []float64
		if json.Unmarshal([]byte(text), &numbers) != nil || len(numbers) == 0 || len(list) > 1 {
			return nil, fmt.Errorf("percentiles: the ranks must be an array of numbers from 0 to 100")
		}
		list = nil
		for _, p := range numbers {
			list = append(list, &plan.Const{Typ: catalog.Real, Value: p})
		}
	}
	var out []string
	for _, e := range list {
		r, err := rank(e)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func percentiles(name string, c *plan.Call, args []string) (string, error) {
	first, weighted := 1, strings.HasPrefix(name, "percentilesw")
	if weighted {
		first = 2
	}
	list, err := ranks(c, first)
	if err != nil {
		return "", err
	}
	t := c.Args[0].Type()
	if weighted {
		values, weights := weightedLists(args, t)
		percents := make([]string, len(list))
		for i, r := range list {
			percents[i] = r + "*100"
		}
		s := "go_percentiles_weighted(" + values + ", " + weights + ", kql_array(list_transform([" + strings.Join(percents, ", ") + "], p -> CAST(CAST(p AS DOUBLE) AS VARCHAR))))"
		if name == "percentilesw_array" {
			return s, nil
		}
		return "list_transform(kql_elements(" + s + "), v -> " + convert("v", catalog.Dynamic, t) + ")", nil
	}
	quantiles := "quantile_disc(" + args[0] + ", [" + strings.Join(list, ", ") + "])"
	if name == "percentiles_array" {
		return "kql_array(list_transform(" + quantiles + ", v -> " + jsonOf("v", t) + "))", nil
	}
	return quantiles, nil
}

// weightedLists gathers values and their weights as two JSON arrays.
func weightedLists(args []string, t catalog.Type) (values, weights string) {
	filter := ") FILTER (WHERE " + args[0] + " IS NOT NULL AND " + args[1] + " > 0))"
	return "kql_array(list(" + jsonOf(args[0], t) + filter, "kql_array(list(CAST(" + args[1] + " AS VARCHAR)" + filter
}

// tdigest sends each distinct value with its number, or all values with their weights.
func tdigest(c *plan.Call, args []string) string {
	t := c.Args[0].Type()
	if len(args) == 2 {
		values, weights := weightedLists(args, t)
		return "go_tdigest(" + values + ", " + weights + ")"
	}
	counts := "histogram(" + args[0] + ")"
	return "go_tdigest(kql_array(list_transform(map_keys(" + counts + "), v -> " + jsonOf("v", t) + ")), kql_array(list_transform(map_values(" + counts + "), w -> CAST(w AS VARCHAR))))"
}

func hll(name string, c *plan.Call, args []string) string {
	filter, rest := args[0]+" IS NOT NULL", 1
	if name == "hll_if" {
		filter, rest = filter+" AND "+args[1], 2
	}
	accuracy := "1"
	if len(args) > rest {
		accuracy = args[rest]
	}
	return "go_hll(kql_array(list(DISTINCT CAST(" + hash64(args[0], c.Args[0].Type()) + " AS VARCHAR)) FILTER (WHERE " + filter + ")), CAST(" + accuracy + " AS BIGINT))"
}

// lowerRankDigest passes the value as JSON.
func lowerRankDigest(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	s := "go_rank_tdigest(" + args[0] + ", " + jsonOf(args[1], c.Args[1].Type()) + ")"
	if c.Overload.ID == "percentrank_tdigest" {
		s = "(" + s + " / go_weight_tdigest(" + args[0] + ") * 100)"
	}
	return s, nil
}
