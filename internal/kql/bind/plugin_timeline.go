package bind

import (
	"fmt"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// timeline is the common part of the plugins that count ids over windows of a timeline. Their plans are written in the
// language over T, the rows with the columns Id (as text), Time, D0… for the dimensions and G, one text for all
// dimensions, by which null equals null; and over values by the names of their parameters.
type timeline struct {
	*pluginCall
	rows   *relation
	id     int
	time   int
	dims   []int
	values map[string]plan.Expr
	// old is a second table of the plan, Old; nil if there is none.
	old *relation
	// bin is the window of a time, next the window after W, both as text of the language.
	bin, next string
}

// newTimeline finds the column of ids and that of times among the arguments.
func (c *pluginCall) newTimeline(id, time syntax.Expression) (*timeline, bool) {
	i, ok1 := c.column(c.in, id)
	t, ok2 := c.column(c.in, time)
	if !ok1 || !ok2 {
		return nil, false
	}
	if typ := c.in.cols[t].Type; typ != catalog.Datetime && typ != catalog.Timespan && !typ.IsNumber() {
		if typ != catalog.Unknown {
			c.b.report(diag.WrongType(time.Pos(), "the timeline", "datetime, timespan or number", typ.String()))
		}
		return nil, false
	}
	return &timeline{pluginCall: c, id: i, time: t, values: map[string]plan.Expr{}}, true
}

// timeType is the type of times, whole numbers as long.
func (t *timeline) timeType() catalog.Type {
	if typ := t.in.cols[t.time].Type; typ != catalog.Int {
		return typ
	}
	return catalog.Long
}

// lengthType is the type of a difference of times.
func (t *timeline) lengthType() catalog.Type {
	if typ := t.timeType(); typ != catalog.Datetime {
		return typ
	}
	return catalog.Timespan
}

// point and length take arguments as values under a name.
func (t *timeline) point(name string, e syntax.Expression) bool {
	v, ok := t.value(e, name, t.timeType())
	t.values[name] = v
	return ok
}

func (t *timeline) length(name string, e syntax.Expression) bool {
	v, ok := t.value(e, name, t.lengthType())
	t.values[name] = v
	if k, isConst := v.(*plan.Const); ok && isConst {
		positive := false
		switch n := k.Value.(type) {
		case int64:
			positive = n > 0
		case float64:
			positive = n > 0
		}
		if !positive {
			t.b.report(diag.CannotRun(e.Pos(), t.name, name+" must be more than zero."))
			return false
		}
	}
	return ok
}

// window takes the argument that cuts the timeline: a length, counted from Start, or week, month or year.
func (t *timeline) window(e syntax.Expression) bool {
	t.bin, t.next = "bin_at(Time, Step, Start)", "W + Step"
	if l, ok := e.(*syntax.LiteralExpression); ok && l.Kind == syntax.StringLiteral && t.timeType() == catalog.Datetime {
		switch l.Text {
		case "week":
			t.bin, t.next = "startofweek(Time)", "W + 7d"
		case "month":
			t.bin, t.next = "startofmonth(Time)", "startofmonth(W + 32d)"
		case "year":
			t.bin, t.next = "startofyear(Time)", "startofyear(W + 367d)"
		default:
			t.b.report(diag.UnknownOption(e.Pos(), "the window", l.Text, "a timespan, 'week', 'month', 'year'"))
			return false
		}
		return true
	}
	return t.length("Step", e)
}

// dimensions takes the arguments that slice the rows, and makes the rows.
func (t *timeline) dimensions(list []syntax.Expression) bool {
	for _, e := range list {
		i, ok := t.column(t.in, e)
		if !ok {
			return false
		}
		t.dims = append(t.dims, i)
	}
	if t.in.open {
		return false
	}
	b := t.b
	items := []plan.Named{
		{Name: "Id", Expr: b.convert(t.in.ref(t.id), catalog.String)},
		{Name: "Time", Expr: b.convert(t.in.ref(t.time), t.timeType())},
	}
	var parts []string
	for i, d := range t.dims {
		name := "D" + strconv.Itoa(i)
		items = append(items, plan.Named{Name: name, Expr: t.in.ref(d)})
		parts = append(parts, "tostring("+name+")", `"\x1f"`)
	}
	group := "''"
	if len(parts) > 0 {
		group = "strcat(" + strings.Join(parts, ", ") + ")"
	}
	t.rows = b.compose("T | extend G = "+group+" | where isnotnull(Time)", map[string]*relation{"T": b.project(t.in, items, t.op)}, nil, t.op)
	return !t.rows.open
}

// run binds the plan. In the text, {bin} and {next} stand for the windows, {any} for the dimensions in a summarize and
// {dims} for them in a list, both with a comma before each. The columns of its answer get names; those of dimensions
// are their own.
func (t *timeline) run(text string, names ...string) *relation {
	anyDims, dims := "", ""
	var all []string
	for i, d := range t.dims {
		anyDims += fmt.Sprintf(", D%d = take_any(D%d)", i, i)
		dims += fmt.Sprintf(", D%d", i)
		all = append(all, t.in.cols[d].Name)
	}
	at := 0
	for at < len(names) && names[at] != "{dims}" {
		at++
	}
	if at < len(names) {
		names = append(append(append([]string{}, names[:at]...), all...), names[at+1:]...)
	}
	text = strings.NewReplacer("{bin}", t.bin, "{next}", t.next, "{any}", anyDims, "{dims}", dims).Replace(text)
	tables := map[string]*relation{"T": t.rows}
	if t.old != nil {
		tables["Old"] = t.old
	}
	r := t.b.compose(text, tables, t.values, t.op)
	if r.open || len(r.cols) != len(names) {
		return t.b.broken()
	}
	return t.b.relabelled(r, names, t.op)
}

func (t *timeline) timeName() string { return t.in.cols[t.time].Name }

// activityCounts binds activity_counts_metrics: rows, ids, ids not seen before, and ids so far, in each window with rows.
// https://learn.microsoft.com/kusto/query/activity-counts-metrics-plugin
func (b *binder) activityCounts(c *pluginCall) *relation {
	args, dims, ok := c.arrange(5, "IdColumn", "TimelineColumn", "Start", "End", "Step")
	if !ok {
		return b.broken()
	}
	t, ok := c.newTimeline(args[0], args[1])
	if !ok || !t.point("Start", args[2]) || !t.point("End", args[3]) || !t.window(args[4]) || !t.dimensions(dims) {
		return b.broken()
	}
	return t.run(`let B = T | where Time between (Start .. End) | extend W = {bin} | summarize N = count(){any} by W, G, Id;
		let New = B | summarize W = min(W) by Id, G | summarize New = count() by W, G;
		B | summarize N = sum(N), Ids = count(){any} by W, G
		| join kind=leftouter New on W, G | extend New = coalesce(New, 0)
		| sort by G asc, W asc | extend Sum = row_cumsum(New, G != prev(G))
		| project W{dims}, N, Ids, New, Sum`, t.timeName(), "{dims}", "count", "dcount", "new_dcount", "aggregated_dcount")
}

// activityMetrics binds activity_metrics: ids in each window, those that were not in the window before, and which share
// of the window before came back.
// https://learn.microsoft.com/kusto/query/activity-metrics-plugin
func (b *binder) activityMetrics(c *pluginCall) *relation {
	t, dims, ok := c.optionalRange(1, "Window")
	if !ok || !t.window(dims[0]) || !t.dimensions(dims[1:]) {
		return b.broken()
	}
	return t.run(t.within()+`let B = R | extend W = {bin} | summarize N = count(){any} by W, G, Id;
		let A = B | join kind=leftouter (B | project Id, G, W = {next}, Was = true) on Id, G, W
		| summarize Ids = count(), Back = countif(Was){any} by W, G;
		A | join kind=leftouter (A | project G, W = {next}, Before = Ids) on G, W
		| extend Rate = todouble(Back) / todouble(coalesce(Before, 0))
		| sort by G asc, W asc | project W{dims}, Ids, New = Ids - Back, Rate, Churn = 1.0 - Rate`,
		t.timeName(), "{dims}", "dcount_values", "dcount_newvalues", "retention_rate", "churn_rate")
}

// optionalRange reads IdColumn, TimelineColumn, [Start, End,] and gives the arguments behind them, at least as many as
// are required.
func (c *pluginCall) optionalRange(required int, what string) (*timeline, []syntax.Expression, bool) {
	args, rest, ok := c.arrange(2, "IdColumn", "TimelineColumn")
	if !ok {
		return nil, nil, false
	}
	t, ok := c.newTimeline(args[0], args[1])
	if !ok {
		return nil, nil, false
	}
	if len(rest) >= required+2 && t.isPoint(rest[0]) {
		if !t.point("Start", rest[0]) || !t.point("End", rest[1]) {
			return nil, nil, false
		}
		rest = rest[2:]
	}
	if len(rest) < required {
		c.b.report(diag.WrongArgumentCount(c.call.Name.Pos(), c.name, "the columns of ids and of times, start and end, "+what))
		return nil, nil, false
	}
	return t, rest, true
}

// isPoint tells the start of a range from the length of a window.
func (t *timeline) isPoint(e syntax.Expression) bool {
	if ref, ok := e.(*syntax.NameReference); ok && t.in.find(ref.Name) >= 0 {
		return false
	}
	before := len(t.b.diags)
	typ := t.b.scalarExpr(e, &env{scope: t.scope, in: &relation{}}).Type()
	t.b.diags = t.b.diags[:before]
	return typ == t.timeType() || typ.IsNumber() && t.timeType().IsNumber()
}

// within is the start of a plan over R, the rows of the range, all rows where none is given.
func (t *timeline) within() string {
	if t.values["Start"] != nil {
		return "let R = T | where Time between (Start .. End);\n"
	}
	return "let Start = toscalar(T | summarize min(Time)); let End = toscalar(T | summarize max(Time)); let R = T;\n"
}

// activityEngagement binds activity_engagement: ids in each inner window, and in the outer window that ends with it.
// https://learn.microsoft.com/kusto/query/activity-engagement-plugin
func (b *binder) activityEngagement(c *pluginCall) *relation {
	t, rest, ok := c.optionalRange(2, "the inner and the outer window")
	if !ok || !t.window(rest[0]) {
		return b.broken()
	}
	if t.values["Step"] == nil {
		b.report(diag.WrongType(rest[0].Pos(), "the inner window", "timespan", "string"))
		return b.broken()
	}
	if !t.length("Outer", rest[1]) || !t.dimensions(rest[2:]) {
		return b.broken()
	}
	return t.run(t.within()+`let B = R | extend W = {bin} | summarize N = count(){any} by W, G, Id;
		let Inner = B | summarize Inner = count() by W, G;
		B | mv-expand I = range(0, tolong(Outer / Step) - 1, 1) to typeof(long) | extend W = W + I * Step | where W <= End
		| summarize N = take_any(N){any} by W, G, Id | summarize Outer_ = count(){any} by W, G
		| join kind=leftouter Inner on W, G | extend Inner = coalesce(Inner, 0)
		| sort by G asc, W asc | project W{dims}, Inner, Outer_, Ratio = todouble(Inner) / todouble(Outer_)`,
		t.timeName(), "{dims}", "dcount_activities_inner", "dcount_activities_outer", "activity_ratio")
}

// slidingWindowCounts binds sliding_window_counts: rows and ids in the lookback that ends with each window.
// https://learn.microsoft.com/kusto/query/sliding-window-counts-plugin
func (b *binder) slidingWindowCounts(c *pluginCall) *relation {
	args, dims, ok := c.arrange(6, "IdColumn", "TimelineColumn", "Start", "End", "LookbackWindow", "Bin")
	if !ok {
		return b.broken()
	}
	t, ok := c.newTimeline(args[0], args[1])
	if !ok || !t.point("Start", args[2]) || !t.point("End", args[3]) || !t.length("Lookback", args[4]) || !t.window(args[5]) || !t.dimensions(dims) {
		return b.broken()
	}
	// Named windows have no length to count by: each row counts in the windows that begin within the lookback.
	expand := "mv-expand I = range(0, max_of(tolong(Lookback / Step), 1) - 1, 1) to typeof(long) | extend W = W + I * Step"
	from := "Start - max_of(tolong(Lookback / Step), 1) * Step + Step"
	where := "W >= Start and W <= End"
	if t.values["Step"] == nil {
		if t.lengthType() != catalog.Timespan {
			return b.broken()
		}
		word := args[5].(*syntax.LiteralExpression).Text
		shortest := map[string]string{"week": "7d", "month": "28d", "year": "365d"}[word]
		expand = "extend First = W | mv-expand I = range(0, tolong(Lookback / " + shortest + "), 1) to typeof(long) | extend W = datetime_add('" + word + "', I, First)" +
			" | where I == 0 or datetime_add('" + word + "', 1, W) <= First + Lookback"
		from = "startof" + word + "(Start) - Lookback"
		where = "W >= startof" + word + "(Start) and W <= End"
	}
	return t.run(`T | where Time >= `+from+` and Time <= End | extend W = {bin} | summarize N = count(){any} by W, G, Id
		| `+expand+` | where `+where+`
		| summarize N = sum(N){any} by W, G, Id | summarize N = sum(N), Ids = count(){any} by W, G
		| sort by G asc, W asc | project W{dims}, N, Ids`, t.timeName(), "{dims}", "Count", "Dcount")
}

// activeUsersCount binds active_users_count: ids that, at a time in the window, were seen in enough periods of the
// lookback that ends there. Of all times of an id in a period, the first looks back furthest, so it alone is tried.
// https://learn.microsoft.com/kusto/query/active-users-count-plugin
func (b *binder) activeUsersCount(c *pluginCall) *relation {
	args, dims, ok := c.arrange(8, "IdColumn", "TimelineColumn", "Start", "End", "LookbackWindow", "Period", "ActivePeriodsCount", "Bin")
	if !ok {
		return b.broken()
	}
	t, ok := c.newTimeline(args[0], args[1])
	if !ok || !t.point("Start", args[2]) || !t.point("End", args[3]) || !t.length("Lookback", args[4]) || !t.length("Period", args[5]) || !t.window(args[7]) {
		return b.broken()
	}
	least, ok := t.value(args[6], "the number of active periods", catalog.Long)
	if !ok || !t.dimensions(dims) {
		return b.broken()
	}
	t.values["Least"] = least
	return t.run(`let B = T | where Time > Start - Lookback and Time <= End | extend P = bin_at(Time, Period, Start);
		let Seen = B | summarize Last = max(Time) by Id, G, P;
		B | where Time >= Start | extend W = {bin} | summarize First = min(Time){any} by Id, G, P, W
		| join kind=inner Seen on Id, G | where P1 == P or P1 < P and Last > First - Lookback
		| summarize N = count(){any} by Id, G, P, W | where N >= Least
		| summarize N = count(){any} by Id, G, W | summarize Ids = count(){any} by W, G
		| sort by G asc, W asc | project W{dims}, Ids`, t.timeName(), "{dims}", "dcount")
}

// sessionCount binds session_count: sessions with a row in each window. A session goes on as long as its id is seen again
// within the lookback.
// https://learn.microsoft.com/kusto/query/session-count-plugin
func (b *binder) sessionCount(c *pluginCall) *relation {
	args, dims, ok := c.arrange(6, "IdColumn", "TimelineColumn", "Start", "End", "Bin", "LookBackWindow")
	if !ok {
		return b.broken()
	}
	t, ok := c.newTimeline(args[0], args[1])
	if !ok || !t.point("Start", args[2]) || !t.point("End", args[3]) || !t.window(args[4]) || !t.length("Lookback", args[5]) || !t.dimensions(dims) {
		return b.broken()
	}
	return t.run(`T | where Time between (Start .. End) | sort by G asc, Id asc, Time asc
		| extend New = iff(Id != prev(Id) or G != prev(G) or Time - prev(Time) > Lookback, 1, 0) | extend Session = row_cumsum(New)
		| extend W = {bin} | summarize N = count(){any} by W, G, Session | summarize N = count(){any} by W, G
		| sort by G asc, W asc | project W{dims}, N`, t.timeName(), "{dims}", "count_sessions")
}

// newActivityMetrics binds new_activity_metrics: for each window with new ids and each one from it on, how many of these
// ids were seen there, and how many that are newer.
// https://learn.microsoft.com/kusto/query/new-activity-metrics-plugin
func (b *binder) newActivityMetrics(c *pluginCall) *relation {
	args, rest, ok := c.arrange(5, "IdColumn", "TimelineColumn", "Start", "End", "Window")
	if !ok {
		return b.broken()
	}
	t, ok := c.newTimeline(args[0], args[1])
	if !ok || !t.point("Start", args[2]) || !t.point("End", args[3]) || !t.window(args[4]) {
		return b.broken()
	}
	// Behind the window: a cohort, dimensions, a table of ids that are not new.
	cohort, old := "", ""
	if len(rest) > 0 && t.isPoint(rest[0]) {
		if !t.point("Cohort", rest[0]) {
			return b.broken()
		}
		cohort = " | where First == " + strings.Replace(t.bin, "Time", "Cohort", 1)
		rest = rest[1:]
	}
	var lookback *relation
	if n := len(rest); n > 0 && b.isTabular(rest[n-1], &env{scope: c.scope, in: c.in}) {
		r := b.tabular(rest[n-1], c.scope)
		name := c.in.cols[t.id].Name
		i := r.find(name)
		if i < 0 {
			if !r.open {
				b.report(diag.MissingColumn(rest[n-1].Pos(), name, c.in.cols[t.id].Type.String()))
			}
			return b.broken()
		}
		lookback = b.project(r, []plan.Named{{Name: "Id", Expr: b.convert(r.ref(i), catalog.String)}}, c.op)
		old = " | join kind=leftanti Old on Id"
		rest = rest[:n-1]
	}
	if !t.dimensions(rest) {
		return b.broken()
	}
	windows := "range W from Start to End step Step"
	if t.values["Step"] == nil {
		windows = "B | distinct W"
	}
	text := `let B = T | where Time between (Start .. End) | extend W = {bin} | summarize N = count(){any} by Id, W, G;
		let New = B | summarize First = min(W){any} by Id, G` + old + `;
		let Cohorts = New` + cohort + ` | summarize Size = count(){any} by First, G;
		let Seen = B | join kind=inner (New | project Id, G, First) on Id, G | where W >= First | summarize N = count() by First, W, G;
		let Grid = Cohorts | extend One = 1 | join kind=inner (` + windows + ` | extend One = 1) on One | where W >= First;
		let Newer = Grid | join kind=inner Seen on W, G | where First1 > First or W == First and First1 == First | summarize Newer = sum(N) by First, W, G;
		Grid | join kind=leftouter Seen on First, W, G | join kind=leftouter Newer on First, W, G
		| extend Back = coalesce(N, 0), Newer = coalesce(Newer, 0) | extend Rate = todouble(Back) / Size
		| sort by G asc, First asc, W asc | project First, W{dims}, Newer, Back, Size - Back, Rate, 1.0 - Rate`
	t.old = lookback
	return t.run(text, "from_"+t.timeName(), "to_"+t.timeName(), "{dims}", "dcount_new_values", "dcount_retained_values", "dcount_churn_values", "retention_rate", "churn_rate")
}
