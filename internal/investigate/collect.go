package investigate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"nordlys/internal/tables"
)

// Bounds of what one table gives for one round of leads.
const (
	maxGroups     = 20000 // groups of equal keys and time that are read
	maxSteps      = 24    // steps of one rule for one lead before they are told together
	maxOrdinary   = 8     // the same for rules of low weight
	ordinary      = 3     // the highest weight of ordinary rules
	stepsPerQuery = 40
	valuesPerStep = 25 // values that one step leads to
	maxCandidates = 40 // keys of one rule that stay apart although there are too many
)

// group is what the first query of a table gives: rows of one rule with equal keys, near in time, that name the same
// leads.
type group struct {
	rule        int // index into the table's rules; -1 for rows that no rule tells
	mask        int64
	told        bool
	keys        string // JSON list of texts
	n           int64
	first, last int64
}

// collect finds the rows of one table that name the leads and makes steps of them. It asks twice: what is there, grouped,
// then the facts of each step.
func (v *investigation) collect(t *tables.Table, leads []*lead) ([]*Step, error) {
	if slices.Contains(v.narration.Known, t.Name) {
		return nil, nil
	}
	c := collector{v: v, table: t, rules: v.rules[t.Name]}
	for _, l := range leads {
		if p := v.predicate(t, l); p != "" {
			c.leads = append(c.leads, l)
			c.predicates = append(c.predicates, p)
		}
	}
	full := func(l *lead) bool { return l.full }
	if len(c.leads) == 0 || !slices.ContainsFunc(c.leads, full) && !slices.ContainsFunc(c.rules, canBeNotable) {
		return nil, nil
	}
	groups, err := c.groups()
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	steps, err := c.steps(groups)
	if err != nil {
		return nil, err
	}
	type place struct {
		rule  int
		keyed bool
	}
	byRule := map[place][]*Step{}
	for _, s := range steps {
		byRule[place{s.rule, s.keyed}] = append(byRule[place{s.rule, s.keyed}], s)
	}
	var out []*Step
	for p, steps := range byRule {
		for part := range slices.Chunk(steps, stepsPerQuery) {
			if err := c.facts(p.rule, part); err != nil {
				return nil, err
			}
		}
		for _, s := range steps {
			if s.lead.full || s.level.Notable {
				out = append(out, s)
			}
		}
	}
	for i, l := range c.leads {
		if l.full {
			v.tell(t.Name, windowed(c.predicates[i], l))
		}
	}
	for _, s := range out {
		if !s.lead.full {
			v.tell(t.Name, "("+strings.Join(s.conditions, ") and (")+")")
		}
	}
	return out, nil
}

// tell remembers which rows have been told, so that no later step repeats them.
func (v *investigation) tell(table, predicate string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.told[table] = append(v.told[table], predicate)
}

// windowed is a predicate with its lead's own time.
func windowed(p string, l *lead) string {
	if w := between(l.from, l.to); w != "" {
		return "(" + p + " and " + w + ")"
	}
	return p
}

type collector struct {
	v          *investigation
	table      *tables.Table
	rules      []*tables.Rule
	leads      []*lead
	predicates []string
	hits       map[int]bool // rules that have rows here: only these can take rows from later ones
	overlap    []group
}

// span gives the time that any lead asks for.
func (c *collector) span() (from, to int64) {
	for i, l := range c.leads {
		if i == 0 || from != 0 && l.from < from {
			from = l.from
		}
		if i == 0 || to != 0 && (l.to > to || l.to == 0) {
			to = l.to
		}
	}
	return from, to
}

// either joins predicates.
func either(ps []string) string {
	if len(ps) == 1 {
		return ps[0]
	}
	return "(" + strings.Join(ps, " or ") + ")"
}

// groups runs the first query.
func (c *collector) groups() ([]group, error) {
	var q strings.Builder
	q.WriteString(c.table.Name)
	from, to := c.span()
	if w := between(from, to); w != "" {
		q.WriteString("\n| where " + w)
	}
	own := make([]string, len(c.leads))
	masks := make([]string, len(c.leads))
	fulls := int64(0)
	for i, l := range c.leads {
		own[i] = c.predicates[i]
		if l.from != from || l.to != to {
			own[i] = windowed(own[i], l)
		}
		masks[i] = fmt.Sprintf("iff(%s, %d, 0)", own[i], int64(1)<<i)
		if l.full {
			fulls |= 1 << i
		}
	}
	q.WriteString("\n| where " + either(own))
	var notable, cases, keys, bins []string
	for i, r := range c.rules {
		cases = append(cases, r.When, fmt.Sprint(i))
		if canBeNotable(r) {
			notable = append(notable, fmt.Sprint(i))
		}
		if len(r.By) > 0 {
			exprs := make([]string, len(r.By))
			for j, b := range r.By {
				exprs[j] = "tostring(" + b.KQL + ")"
			}
			keys = append(keys, fmt.Sprintf("_rule == %d", i), "tostring(pack_array("+strings.Join(exprs, ", ")+"))")
		}
		bins = append(bins, fmt.Sprintf("_rule == %d", i), "bin(TimeGenerated, "+timespanLiteral(time.Duration(r.Gap))+")")
	}
	list := func(parts []string, rest string) string {
		if len(parts) == 0 {
			return rest
		}
		return "case(" + strings.Join(append(parts, rest), ", ") + ")"
	}
	q.WriteString("\n| extend _rule = " + list(cases, "-1") + ", _mask = " + strings.Join(masks, " + "))
	// Rows that no lead tells are counted all the same, by rule alone: a later rule must know what an earlier one took.
	if fulls != int64(1)<<len(c.leads)-1 {
		condition := "false"
		if len(notable) > 0 {
			condition = "_rule in (" + strings.Join(notable, ", ") + ")"
		}
		if fulls != 0 {
			condition += fmt.Sprintf(" or binary_and(_mask, %d) != 0", fulls)
		}
		keys = append([]string{"not(" + condition + ")", "'[]'"}, keys...)
		bins = append([]string{"not(" + condition + ")", "datetime(1970-01-01)"}, bins...)
	}
	told := "false"
	if prior := c.v.toldOf(c.table.Name); len(prior) > 0 {
		told = "iff(" + either(prior) + ", true, false)"
	}
	q.WriteString("\n| extend _keys = " + list(keys, "'[]'") + ", _bin = " + list(bins, "bin(TimeGenerated, 1h)") + ", _told = " + told)
	q.WriteString("\n| summarize _n = count(), _first = min(TimeGenerated), _last = max(TimeGenerated) by _rule, _mask, _told, _keys, _bin")
	fmt.Fprintf(&q, "\n| project _rule, _mask, _told, _keys, _n, _first, _last\n| top %d by _n", maxGroups)
	var out []group
	err := c.v.rows(q.String(), from, to, func(row []any) error {
		g := group{rule: int(integer(row[0])), mask: integer(row[1]), n: integer(row[4]), first: integer(row[5]), last: integer(row[6])}
		g.told, _ = row[2].(bool)
		g.keys, _ = row[3].(string)
		out = append(out, g)
		return nil
	})
	if len(out) == maxGroups {
		c.v.note(fmt.Sprintf("%s has more than %d groups of rows about this; what is told of it is not all. A narrower --timespan shows the rest.", c.table.Name, maxGroups))
	}
	return out, err
}

func integer(v any) int64 {
	n, _ := v.(int64)
	return n
}

func canBeNotable(r *tables.Rule) bool {
	return r.Notable || slices.ContainsFunc(r.Levels, func(l tables.Level) bool { return l.Notable })
}

func (v *investigation) toldOf(table string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.told[table])
}

// steps joins groups into steps: the first lead that a row names takes it; equal keys belong together until the rule's
// gap passes without a row. Where a rule gives too many, those that may be notable stay and the others become one.
func (c *collector) steps(groups []group) ([]*Step, error) {
	c.hits = map[int]bool{}
	c.overlap = groups
	type place struct{ rule, lead int }
	by := map[place][]group{}
	for _, g := range groups {
		c.hits[g.rule] = true
		if g.told {
			continue
		}
		lead := 0
		for g.mask&(1<<lead) == 0 {
			lead++
		}
		// A lead that is told by notable rules alone leaves other rows to the next one.
		for lead < len(c.leads) && (g.mask&(1<<lead) == 0 || !c.leads[lead].full && !c.v.ruleOf(c.table, g.rule).notable) {
			lead++
		}
		if lead < len(c.leads) {
			by[place{g.rule, lead}] = append(by[place{g.rule, lead}], g)
		}
	}
	var out []*Step
	for p, gs := range by {
		r := c.v.ruleOf(c.table, p.rule)
		limit := maxSteps
		if r.Weight <= ordinary {
			limit = maxOrdinary
		}
		gap := ticksIn(time.Duration(r.Gap))
		steps := sessionize(gs, gap, true)
		var kept map[string]bool
		if len(steps) > limit {
			var err error
			if kept, err = c.candidates(p.rule, p.lead, gs); err != nil {
				return nil, err
			}
			inKept := func(g group) bool { return kept[g.keys] }
			steps = sessionize(slices.DeleteFunc(slices.Clone(gs), func(g group) bool { return !inKept(g) }), gap, true)
			if rest := slices.DeleteFunc(slices.Clone(gs), inKept); c.leads[p.lead].full && len(rest) > 0 {
				together := sessionize(rest, gap, false)
				if len(together) > limit {
					together = sessionize(rest, 1<<62, false)
				}
				steps = append(steps, together...)
			}
		}
		for _, s := range steps {
			s.rule, s.lead, s.spec, s.Table = p.rule, c.leads[p.lead], r.Rule, c.table.Name
			s.conditions = c.conditions(s, p.lead, kept)
		}
		out = append(out, steps...)
	}
	slices.SortFunc(out, func(a, b *Step) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.rule, b.rule), strings.Compare(a.keys, b.keys))
	})
	return out, nil
}

// candidates finds the keys whose rows together fulfil one of the rule's conditions for being notable, the weightiest
// rules' first. It is asked only where there are too many keys to look at each.
func (c *collector) candidates(rule, lead int, groups []group) (map[string]bool, error) {
	r := c.v.ruleOf(c.table, rule)
	kept := map[string]bool{}
	if rule < 0 || !r.notable || len(r.By) == 0 {
		return kept, nil
	}
	var having, facts, exprs []string
	for _, l := range r.Levels {
		if l.Notable {
			having = append(having, "("+l.Having+")")
		}
	}
	for _, f := range r.Facts {
		facts = append(facts, f.Name+" = "+f.KQL)
	}
	for _, b := range r.By {
		exprs = append(exprs, "tostring("+b.KQL+")")
	}
	from, to := groups[0].first, groups[0].last
	for _, g := range groups {
		from, to = min(from, g.first), max(to, g.last)
	}
	var q strings.Builder
	q.WriteString(c.table.Name + "\n| where " + between(from, to) + "\n| where " + c.predicates[lead])
	if r.When != "true" {
		q.WriteString("\n| where " + r.When)
	}
	q.WriteString("\n| summarize " + strings.Join(append([]string{always}, facts...), ", ") + " by _keys = tostring(pack_array(" + strings.Join(exprs, ", ") + "))")
	if len(having) > 0 && !r.Notable {
		q.WriteString("\n| where " + strings.Join(having, " or "))
	}
	fmt.Fprintf(&q, "\n| top %d by _n\n| project _keys", maxCandidates+1)
	err := c.v.rows(q.String(), from, to, func(row []any) error {
		if len(kept) < maxCandidates {
			k, _ := row[0].(string)
			kept[k] = true
			return nil
		}
		c.v.note(fmt.Sprintf("Rule %s of %s has more than %d notable cases here; those with the most rows are told.", r.ID, c.table.Name, maxCandidates))
		return nil
	})
	return kept, err
}

func ticksIn(d time.Duration) int64 { return int64(d / 100) }

// sessionize joins groups that follow each other within the gap, for each key or all together.
func sessionize(groups []group, gap int64, keyed bool) []*Step {
	gs := slices.Clone(groups)
	slices.SortFunc(gs, func(a, b group) int {
		if keyed {
			if c := strings.Compare(a.keys, b.keys); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last))
	})
	var out []*Step
	for _, g := range gs {
		if n := len(out); n > 0 && (!keyed || out[n-1].keys == g.keys) && g.first-out[n-1].last <= gap {
			s := out[n-1]
			s.Count += g.n
			s.last = max(s.last, g.last)
			continue
		}
		s := &Step{Count: g.n, first: g.first, last: g.last, keyed: keyed}
		if keyed {
			s.keys = g.keys
		}
		out = append(out, s)
	}
	return out
}

// conditions are the where clauses that give exactly the rows of a step. What other rules, leads and earlier steps took
// away is named only where they took something.
func (c *collector) conditions(s *Step, lead int, kept map[string]bool) []string {
	out := []string{between(s.first, s.last), c.predicates[lead]}
	r := s.spec
	if r.When != "true" {
		out = append(out, r.When)
	}
	for i := range c.rules {
		if i < s.rule && c.hits[i] || s.rule < 0 && c.hits[i] {
			out = append(out, without(c.rules[i].When))
		}
	}
	if s.keyed {
		out = append(out, c.keyed(r, s.keys)...)
	} else {
		for _, keys := range slices.Sorted(maps.Keys(kept)) {
			out = append(out, without(strings.Join(c.keyed(r, keys), " and ")))
		}
	}
	taken := map[int]bool{}
	told := false
	for _, g := range c.overlap {
		if g.rule != s.rule || s.keyed && g.keys != s.keys || g.last < s.first || g.first > s.last {
			continue
		}
		told = told || g.told && g.mask&(1<<lead) != 0
		for i := range lead {
			if g.mask&(1<<i) != 0 && g.mask&(1<<lead) != 0 && (c.leads[i].full || c.v.ruleOf(c.table, g.rule).notable) {
				taken[i] = true
			}
		}
	}
	for i := range lead {
		if taken[i] {
			out = append(out, without(windowed(c.predicates[i], c.leads[i])))
		}
	}
	if told {
		out = append(out, without(either(c.v.toldOf(c.table.Name))))
	}
	return out
}

// keyed compares a rule's keys with their values.
func (c *collector) keyed(r *tables.Rule, keys string) []string {
	var list []any
	_ = json.Unmarshal([]byte(keys), &list)
	var out []string
	for i, b := range r.By {
		if i < len(list) {
			out = append(out, c.equals(b.KQL, plain(list[i])))
		}
	}
	return out
}

// without is the complement of a predicate, rows included for which it is null.
func without(p string) string { return "not(coalesce(" + p + ", false))" }

// equals compares a key's expression with a value that was read as text.
func (c *collector) equals(expr, value string) string {
	if col, ok := c.table.Column(expr); ok {
		switch col.Type {
		case "string":
			return expr + " == " + literal(value)
		case "int", "long":
			if value == "" {
				return "isnull(" + expr + ")"
			}
			if _, err := json.Number(value).Int64(); err == nil {
				return expr + " == " + value
			}
		}
		return "tostring(" + expr + ") == " + literal(value)
	}
	return expr + " == " + literal(value)
}

// always is what having may use beside a rule's own facts: the rows of a step, its first and its last time.
const always = "_n = count(), _first = min(TimeGenerated), _last = max(TimeGenerated)"

// facts runs the second query for steps of one rule and fills them in.
func (c *collector) facts(rule int, steps []*Step) error {
	r := steps[0].spec
	from, to := steps[0].first, steps[0].last
	var cases []string
	for i, s := range steps {
		from, to = min(from, s.first), max(to, s.last)
		cases = append(cases, "("+strings.Join(s.conditions, ") and (")+")", fmt.Sprint(i))
	}
	var q strings.Builder
	q.WriteString(c.table.Name + "\n| where " + between(from, to))
	if rule >= 0 && r.When != "true" {
		q.WriteString("\n| where " + r.When)
	}
	q.WriteString("\n| extend _step = case(" + strings.Join(cases, ", ") + ", -1)\n| where _step >= 0")
	columns := []string{always}
	for _, f := range r.Facts {
		columns = append(columns, f.Name+" = "+f.KQL)
	}
	if !steps[0].keyed {
		for _, b := range r.By {
			columns = append(columns, b.Name+" = make_set("+b.KQL+", 1000)")
		}
	}
	for i, f := range r.Follow {
		var parts []string
		for _, x := range f.Values {
			parts = append(parts, literal(x.Name)+", tostring("+x.KQL+")")
		}
		set := fmt.Sprintf("make_set_if(tostring(bag_pack(%s)), %s, %d)", strings.Join(parts, ", "), cmp.Or(f.If, "true"), valuesPerStep)
		columns = append(columns, fmt.Sprintf("_follow%d = %s", i, set))
	}
	q.WriteString("\n| summarize " + strings.Join(columns, ", ") + " by _step")
	if len(r.Levels) > 0 {
		var levels []string
		for i, l := range r.Levels {
			levels = append(levels, l.Having, fmt.Sprint(i))
		}
		q.WriteString("\n| extend _level = case(" + strings.Join(levels, ", ") + ", -1)")
	}
	return c.v.rowsNamed(q.String(), from, to, func(row map[string]any) error {
		s := steps[integer(row["_step"])]
		s.level = r.Level
		if l, ok := row["_level"].(int64); ok && l >= 0 {
			s.level = r.Levels[l]
		}
		s.Count = integer(row["_n"]) // what its query gives, also where the workspace grows meanwhile
		s.follow = make([][]values, len(r.Follow))
		for i := range r.Follow {
			list, _ := row[fmt.Sprintf("_follow%d", i)].([]any)
			for _, e := range list {
				if x := valuesOf(plain(e)); x != nil {
					s.follow[i] = append(s.follow[i], x)
				}
			}
		}
		for name, x := range row {
			if strings.HasPrefix(name, "_") {
				delete(row, name)
			} else if list, ok := x.([]any); ok {
				sortSet(list) // a set has no order; a story is the same every time
			}
		}
		s.Facts = row
		s.fill(c.v)
		return nil
	})
}

// sortSet orders a list of texts, numbers by their value.
func sortSet(list []any) {
	slices.SortFunc(list, func(a, b any) int {
		x, y := plain(a), plain(b)
		if m, err := strconv.ParseFloat(x, 64); err == nil {
			if n, err := strconv.ParseFloat(y, 64); err == nil {
				return cmp.Compare(m, n)
			}
		}
		return strings.Compare(x, y)
	})
}

// valuesOf reads a JSON object of texts; nil where all are empty.
func valuesOf(s string) values {
	var m map[string]string
	if json.Unmarshal([]byte(s), &m) != nil {
		return nil
	}
	out := values{}
	for k, x := range m {
		if x != "" {
			out[k] = []string{x}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
