package bind

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// rollingPercentile binds rolling_percentile: for each bin with rows, the percentile of the values of the last bins.
// https://learn.microsoft.com/kusto/query/rolling-percentile-plugin
func (b *binder) rollingPercentile(c *pluginCall) *relation {
	args, dims, ok := c.arrange(5, "ValueColumn", "Percentile", "IndexColumn", "BinSize", "BinsPerWindow")
	if !ok {
		return b.broken()
	}
	t, ok := c.newTimeline(args[0], args[2])
	if !ok || !t.length("Step", args[3]) {
		return b.broken()
	}
	value := c.in.cols[t.id]
	if !value.Type.IsNumber() && value.Type != catalog.Datetime && value.Type != catalog.Timespan {
		if value.Type != catalog.Unknown {
			b.report(diag.WrongType(args[0].Pos(), "the values", "number or time", value.Type.String()))
		}
		return b.broken()
	}
	rank, ok1 := c.constant(args[1], "the percentile", catalog.Real)
	bins, ok2 := c.constant(args[4], "the number of bins", catalog.Long)
	if !ok1 || !ok2 || rank.Value == nil || bins.Value == nil {
		return b.broken()
	}
	r, n := rank.Value.(float64), bins.Value.(int64)
	if r < 0 || r > 100 || n < 1 || n > maxWindowBins {
		b.report(diag.CannotRun(args[1].Pos(), c.name, fmt.Sprintf("the percentile goes from 0 to 100, the number of bins from 1 to %d.", maxWindowBins)))
		return b.broken()
	}
	if !t.dimensions(dims) {
		return b.broken()
	}
	// The rows again, with the value as it is in place of a text.
	items := []plan.Named{{Name: "Value", Expr: c.in.ref(t.id)}, {Name: "Time", Expr: b.convert(c.in.ref(t.time), t.timeType())}}
	group := []string{"''"}
	for i, d := range t.dims {
		name := "D" + strconv.Itoa(i)
		items = append(items, plan.Named{Name: name, Expr: c.in.ref(d)})
		group = append(group, "tostring("+name+")", `"\x1f"`)
	}
	t.rows = b.compose("T | extend G = strcat("+strings.Join(group, ", ")+") | where isnotnull(Time)", map[string]*relation{"T": b.project(c.in, items, c.op)}, nil, c.op)
	t.bin = "bin(Time, Step)"
	text := fmt.Sprintf(`let B = T | extend W = {bin};
		let Bins = B | summarize N = count(){any} by W, G;
		B | project W, G, Value | mv-expand I = range(0, %d, 1) to typeof(long) | extend W = W + I * Step
		| summarize P = percentile(Value, %s) by W, G
		| join kind=inner Bins on W, G | sort by G asc, W asc | project W{dims}, P`, n-1, strconv.FormatFloat(r, 'f', -1, 64))
	return t.run(text, t.timeName(), "{dims}", fmt.Sprintf("rolling_%d_percentile_%s_%s", n, value.Name, strings.TrimSpace(syntax.Print(args[1]))))
}

// maxWindowBins bounds the bins of a window, each of which copies the rows.
const maxWindowBins = 10_000

// rowsNear binds rows_near: the rows before and after each that fulfils a condition, in their order.
// https://learn.microsoft.com/kusto/query/rows-near-plugin
func (b *binder) rowsNear(c *pluginCall) *relation {
	args, rest, ok := c.arrange(2, "Condition", "NumRows", "RowsAfter")
	if !ok || c.tooMany(rest, 3) {
		return b.broken()
	}
	condition := b.booleanExpr(args[0], &env{scope: c.scope, in: c.in, window: true})
	before, ok := c.constant(args[1], "the number of rows", catalog.Long)
	if !ok || isUnknown(condition) || c.in.open {
		return b.broken()
	}
	after, ok := c.constant(args[2], "the number of rows after", catalog.Long)
	if !ok {
		return b.broken()
	}
	if after == nil {
		after = before
	}
	const row, hit = "$row", "$hit"
	for _, k := range []*plan.Const{before, after} {
		if n, ok := k.Value.(int64); !ok || n < 0 || n > 100_000 {
			b.report(diag.CannotRun(args[1].Pos(), c.name, "the number of rows goes from 0 to 100000."))
			return b.broken()
		}
	}
	number, _ := b.catalog.Function("row_number")
	items := append(passing(c.in, 2), plan.Named{Name: row, Expr: &plan.Call{Overload: number.Overloads[0], Typ: catalog.Long}}, plan.Named{Name: hit, Expr: condition})
	numbered := b.share(b.project(c.in, items, c.op), "", c.op)
	r := b.compose(fmt.Sprintf(`T | where ['$row'] in ((T | where ['$hit'] | project R = range(['$row'] - %d, ['$row'] + %d, 1) | mv-expand R to typeof(long) | distinct R)) | sort by ['$row'] asc`,
		before.Value, after.Value), map[string]*relation{"T": numbered}, nil, c.op)
	if r.open {
		return r
	}
	columns := make([]int, len(c.in.cols))
	for i := range columns {
		columns[i] = i
	}
	return b.pick(r, columns, c.op)
}

// preview makes two tables: some rows, and the number of all. https://learn.microsoft.com/kusto/query/preview-plugin
func (b *binder) preview(c *pluginCall) *relation {
	args, rest, ok := c.arrange(1, "NumberOfRows")
	if !ok || c.tooMany(rest, 1) {
		return b.broken()
	}
	count, ok := c.constant(args[0], "the number of rows", catalog.Long)
	if !ok || c.in.open {
		return b.broken()
	}
	some := b.over(c.in, &plan.Limit{Input: c.in.node, Count: count}, c.op)
	all := b.compose("T | count", map[string]*relation{"T": b.again(c.in, c.op)}, nil, c.op)
	return several(b, []*relation{some, all})
}

// schemaMerge binds schema_merge over answers of getschema. https://learn.microsoft.com/kusto/query/schema-merge-plugin
func (b *binder) schemaMerge(c *pluginCall) *relation {
	args, rest, ok := c.arrange(0, "PreserveOrder")
	if !ok || c.tooMany(rest, 1) || c.in.open {
		return b.broken()
	}
	keep, ok := c.constant(args[0], "PreserveOrder", catalog.Bool)
	if !ok {
		return b.broken()
	}
	var columns []int
	names := []string{"ColumnName", "ColumnOrdinal", "DataType", "ColumnType"}
	for _, name := range names {
		i := c.in.find(name)
		if i < 0 {
			b.report(diag.MissingColumn(c.call.Name.Pos(), name, map[bool]string{true: "int", false: "string"}[name == "ColumnOrdinal"]))
			return b.broken()
		}
		columns = append(columns, i)
	}
	in := b.renamed(c.in, columns, names, c.op)
	last := "| extend Ordinal = iff(Lo == Hi, Hi, -1)"
	if keep != nil && keep.Value == false {
		last = "| extend Ordinal = row_number(0), Lo = Hi"
	}
	return b.compose(`T | summarize Lo = min(ColumnOrdinal), Hi = max(ColumnOrdinal), DataType = take_any(DataType), ColumnType = take_any(ColumnType), Types = dcount(ColumnType) by ColumnName
		| sort by Hi asc, ColumnName asc `+last+` | extend Problem = case(Lo != Hi, "ERROR(columns are out of order)", Types > 1, "ERROR(columns have different types)", "")
		| project ColumnName, ColumnOrdinal = toint(Ordinal), DataType = iff(Problem == "", DataType, strcat("ERROR(unknown CSL type:", Problem, ")")), ColumnType = iff(Problem == "", ColumnType, Problem)`,
		map[string]*relation{"T": in}, nil, c.op)
}

// maxSequence bounds the steps of a sequence, each of which is a join.
const maxSequence = 32

// sequenceDetect binds sequence_detect: every way in which rows with the same dimensions fulfil the predicates one after
// the other, each within the step after the one before and all within the span.
// https://learn.microsoft.com/kusto/query/sequence-detect-plugin
func (b *binder) sequenceDetect(c *pluginCall) *relation {
	if len(c.call.Arguments) < 4 {
		b.report(diag.WrongArgumentCount(c.call.Name.Pos(), c.name, "the column of times, the longest step, the longest sequence, conditions and dimensions"))
		return b.broken()
	}
	a := c.call.Arguments
	t, ok := c.newTimeline(a[0], a[0])
	if !ok || !t.length("Step", a[1]) || !t.length("Span", a[2]) {
		return b.broken()
	}
	en := &env{scope: c.scope, in: c.in}
	var names []string
	items := []plan.Named{{Name: "Time", Expr: b.convert(c.in.ref(t.time), t.timeType())}}
	var dims []string
	group := []string{"''"}
	for _, e := range a[3:] {
		given, value := split(e)
		bound := b.scalarExpr(value, en)
		switch typ := bound.Type(); {
		case typ == catalog.Unknown:
			return b.broken()
		case typ == catalog.Bool && len(dims) == 0:
			name := ""
			if len(given) > 0 {
				name = given[0].Text
			}
			items = append(items, plan.Named{Name: "E" + strconv.Itoa(len(names)), Expr: bound})
			names = append(names, name+"_"+t.timeName())
		default:
			name, ok := b.derivedName(value, en)
			if len(given) > 0 {
				name, ok = given[0].Text, true
			}
			if !ok {
				name = "Column" + strconv.Itoa(len(dims)+1)
			}
			column := "D" + strconv.Itoa(len(dims))
			items = append(items, plan.Named{Name: column, Expr: bound})
			group = append(group, "tostring("+column+")", `"\x1f"`)
			dims = append(dims, name)
		}
	}
	if len(names) == 0 || len(names) > maxSequence {
		b.report(diag.CannotRun(c.call.Name.Pos(), c.name, fmt.Sprintf("it needs from 1 to %d conditions.", maxSequence)))
		return b.broken()
	}
	if c.in.open {
		return b.broken()
	}
	var text strings.Builder
	anyDims, listed := "", ""
	for i := range dims {
		anyDims += fmt.Sprintf("D%d = take_any(D%d), ", i, i)
		listed += fmt.Sprintf("D%d, ", i)
	}
	fmt.Fprintf(&text, "let R = T | extend G = strcat(%s) | where isnotnull(Time);\n", strings.Join(group, ", "))
	fmt.Fprintf(&text, "R | where E0 | summarize %sN = count() by G, T0 = Time", anyDims)
	times := "T0"
	for i := 1; i < len(names); i++ {
		fmt.Fprintf(&text, "\n| join kind=inner (R | where E%d | distinct G, T%d = Time) on G | where T%d > T%d and T%d - T%d <= Step and T%d - T0 <= Span | project-away G1", i, i, i, i-1, i, i-1, i)
		times += fmt.Sprintf(", T%d", i)
	}
	fmt.Fprintf(&text, "\n| sort by T0 asc, G asc, %s | project %s%s, Duration = T%d - T0", strings.ReplaceAll(times, ",", " asc,")+" asc", listed, times, len(names)-1)
	r := b.compose(text.String(), map[string]*relation{"T": b.project(c.in, items, c.op)}, t.values, c.op)
	if r.open {
		return r
	}
	return b.relabelled(r, append(append(dims, names...), "Duration"), c.op)
}

// funnelCompletion binds funnel_sequence_completion: how many ids came to each state of a sequence, from its first state
// on within each period, in each window.
// https://learn.microsoft.com/kusto/query/funnel-sequence-completion-plugin
func (b *binder) funnelCompletion(c *pluginCall) *relation {
	args, rest, ok := c.arrange(8, "IdColumn", "TimelineColumn", "Start", "End", "BinSize", "StateColumn", "Sequence", "MaxSequenceStepWindows")
	if !ok || c.tooMany(rest, 8) {
		return b.broken()
	}
	t, ok := c.newTimeline(args[0], args[1])
	if !ok || !t.point("Start", args[2]) || !t.point("End", args[3]) || !t.window(args[4]) || !t.dimensions(args[5:6]) {
		return b.broken()
	}
	states, ok := c.texts(args[6], "the sequence")
	if !ok {
		return b.broken()
	}
	periods, ok := t.value(args[7], "the periods", catalog.Dynamic)
	if !ok {
		return b.broken()
	}
	if len(states) == 0 || len(states) > maxSequence {
		b.report(diag.CannotRun(args[6].Pos(), c.name, fmt.Sprintf("a sequence has from 1 to %d states.", maxSequence)))
		return b.broken()
	}
	t.values["Periods"] = periods
	state := c.in.cols[t.dims[0]].Name
	t.dims = nil
	length := "totimespan"
	if t.lengthType() != catalog.Timespan {
		length = "to" + t.lengthType().String()
	}
	var text strings.Builder
	text.WriteString("let R = T | where Time between (Start .. End) | extend W = {bin}, S = tostring(D0);\n")
	steps := make([]string, len(states))
	for i, s := range states {
		quoted := syntax.Print(&syntax.LiteralExpression{Kind: syntax.StringLiteral, Text: s})
		if i == 0 {
			fmt.Fprintf(&text, "let S0 = R | where S == %s | summarize N = count() by Id, W, T0 = Time | extend T = T0;\n", quoted)
		} else {
			later := ">="
			if s == states[i-1] {
				later = ">"
			}
			fmt.Fprintf(&text, "let S%d = S%d | join kind=inner (R | where S == %s | distinct Id, W, X = Time) on Id, W | where X %s T | summarize T = min(X) by Id, W, T0;\n", i, i-1, quoted, later)
		}
		steps[i] = fmt.Sprintf("(S%d | project Id, W, Length = T - T0, Step_ = %d, S = %s)", i, i, quoted)
	}
	fmt.Fprintf(&text, "union %s | extend One = 1 | join kind=inner (print P = Periods | mv-expand with_itemindex=I P | project I, Period = %s(P), One = 1) on One\n", strings.Join(steps, ", "), length)
	text.WriteString("| where Length <= Period | summarize Ids = dcount(Id) by W, S, Period, Step_, I | sort by W asc, I asc, Step_ asc | project W, S, Period, Ids")
	return t.run(text.String(), t.timeName(), state, "Period", "dcount")
}

// texts reads a constant array as texts.
func (c *pluginCall) texts(e syntax.Expression, what string) ([]string, bool) {
	k, ok := c.constant(e, what, catalog.Dynamic)
	if k == nil {
		return nil, ok
	}
	var list []any
	if text, _ := k.Value.(string); json.Unmarshal([]byte(text), &list) != nil {
		c.b.report(diag.WrongType(e.Pos(), what, "array", "other value"))
		return nil, false
	}
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprint(v)
	}
	return out, true
}
