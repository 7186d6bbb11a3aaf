package bind

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// funnelSequence binds funnel_sequence: the states before and after a sequence, with the number of ids that took them. The
// rows of an id with one state behind each other are one visit to it; the visits of the sequence follow each other
// directly, each within the longest step, and so do the states before and after. The answer has three tables: by both,
// by the one before, by the one after. Operators behind it read the first.
// https://learn.microsoft.com/kusto/query/funnel-sequence-plugin
func (b *binder) funnelSequence(c *pluginCall) *relation {
	args, rest, ok := c.arrange(8, "IdColumn", "TimelineColumn", "Start", "End", "MaxSequenceStepWindow", "Step", "StateColumn", "Sequence")
	if !ok || c.tooMany(rest, 8) {
		return b.broken()
	}
	t, ok := c.newTimeline(args[0], args[1])
	if !ok || !t.point("Start", args[2]) || !t.point("End", args[3]) || !t.length("Most", args[4]) || !t.window(args[5]) || !t.dimensions(args[6:7]) {
		return b.broken()
	}
	states, ok := c.texts(args[7], "the sequence")
	if !ok {
		return b.broken()
	}
	if len(states) == 0 || len(states) > maxSequence {
		b.report(diag.CannotRun(args[7].Pos(), c.name, fmt.Sprintf("a sequence has from 1 to %d states.", maxSequence)))
		return b.broken()
	}
	t.dims = nil
	var text strings.Builder
	text.WriteString(`T | where Time between (Start .. End) | extend S = tostring(D0) | sort by Id asc, Time asc, S asc
		| extend Visit = row_cumsum(iff(Id == prev(Id) and S == prev(S) and Time - prev(Time) <= Most, 0, 1))
		| summarize Time = min(Time), Last = max(Time) by Id, S, Visit | sort by Visit asc
		| extend Joined = Id == prev(Id) and Time - prev(Last) <= Most
		| extend Before = iff(Joined, prev(S), '')`)
	n := len(states)
	fmt.Fprintf(&text, "\n| extend After = iff(coalesce(next(Joined, %d), false), next(S, %d), '')\n| where ", n, n)
	for i, s := range states {
		quoted := syntax.Print(&syntax.LiteralExpression{Kind: syntax.StringLiteral, Text: s})
		if i == 0 {
			fmt.Fprintf(&text, "S == %s", quoted)
		} else {
			fmt.Fprintf(&text, " and next(S, %d) == %s and next(Joined, %d)", i, quoted, i)
		}
	}
	text.WriteString("\n| extend W = {bin} | project W, Before, After, Id")
	found := t.run(text.String(), "W", "Before", "After", "Id")
	if found.open {
		return found
	}
	found = b.share(found, "", c.op)
	var tables []*relation
	for _, by := range [][]string{{"Before", "After"}, {"Before"}, {"After"}} {
		list := strings.Join(by, ", ")
		r := b.compose(fmt.Sprintf(`F | sort by Id asc | summarize N = dcount(Id), Ids = make_set(Id, 128) by W, %s | sort by W asc, N desc, %s | project W, %s, N, Ids`,
			list, strings.Join(by, " asc, ")+" asc", list), map[string]*relation{"F": found}, nil, c.op)
		if r.open {
			return r
		}
		names := []string{t.timeName()}
		for _, side := range by {
			names = append(names, map[string]string{"Before": "prev", "After": "next"}[side])
		}
		tables = append(tables, b.relabelled(r, append(names, "dcount", "samples"), c.op))
	}
	r := several(b, tables)
	r.firstGoesOn = true
	return r
}

// diffPatternsText binds diffpatterns_text: diffpatterns over the words of a text, each at its place.
// https://learn.microsoft.com/kusto/query/diffpatterns-text-plugin
func (b *binder) diffPatternsText(c *pluginCall) *relation {
	args, rest, ok := c.arrange(2, "TextColumn", "BooleanCondition", "MinTokens", "Threshold", "MaxTokens")
	if !ok || c.tooMany(rest, 5) {
		return b.broken()
	}
	column, ok := c.column(c.in, args[0])
	if !ok {
		return b.broken()
	}
	least, most, threshold := int64(1), int64(maxTokens), 0.05
	p := &patternCall{pluginCall: c}
	if !p.between(args[2], "the least number of words", 0, 200, &least) || !p.between(args[4], "the number of words", 1, maxTokens, &most) ||
		!p.share(args[3], "the threshold", 0.015, &threshold) {
		return b.broken()
	}
	condition := b.booleanExpr(args[1], &env{scope: c.scope, in: c.in})
	if isUnknown(condition) || c.in.open {
		return b.broken()
	}
	text := b.convert(c.in.ref(column), catalog.String)
	var words, parts, some []string
	for i := range int(most) {
		words = append(words, fmt.Sprintf("C%d = tostring(X[%d])", i, i))
		parts = append(parts, fmt.Sprintf("iff(C%d == '', '*', C%d)", i, i))
		some = append(some, fmt.Sprintf("toint(C%d != '')", i))
	}
	rows := b.project(c.in, []plan.Named{{Name: "V", Expr: text}, {Name: "S", Expr: condition}}, c.op)
	rows = b.compose(`T | extend X = extract_all(@'(\S+)', V), S = iff(S, 'true', 'false') | project S, `+strings.Join(words, ", "), map[string]*relation{"T": rows}, nil, c.op)
	if rows.open {
		return rows
	}
	inner := &patternCall{pluginCall: &pluginCall{b: b, name: "diffpatterns", in: rows, call: c.call, op: c.op, scope: c.scope}, sets: [2]string{"true", "false"},
		form: patternForm{Threshold: threshold, Dimensions: 1000, Most: 1000, Sets: 2}, noEmpty: true}
	if !inner.weights(nil) {
		return b.broken()
	}
	found := inner.bind(nil)
	if found.open {
		return found
	}
	r := b.compose(fmt.Sprintf(`T | extend Words = %s | where Words >= %d
		| extend P = trim_end(@'( \*)+', strcat_array(pack_array(%s), ' '))
		| extend P = iff(P matches regex @'^\*( \*)*$', '*', strcat(P, iff(countof(P, ' ') < %d, ' *', '')))
		| sort by SegmentId asc | project CountA, CountB, PercentA, PercentB, P`, strings.Join(some, " + "), least, strings.Join(parts, ", "), most-1),
		map[string]*relation{"T": found}, nil, c.op)
	if r.open {
		return r
	}
	return b.relabelled(r, []string{"Count_of_True", "Count_of_False", "Percent_of_True", "Percent_of_False", "Pattern"}, c.op)
}

// maxTokens is how many words of a text make patterns.
const maxTokens = 20
