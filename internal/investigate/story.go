package investigate

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"nordlys/internal/tables"
)

// Story is what the logs tell about one thing and what it touched.
type Story struct {
	Entity   string    `json:"entity"`
	Found    []Found   `json:"found"`   // what the entity is, by the readings that have rows
	Known    []string  `json:"known"`   // what tables say about it
	Touched  []Touched `json:"touched"` // what was followed
	Summary  []int     `json:"summary"` // numbers of the steps that matter most, in order of time
	Steps    []*Step   `json:"steps"`   // in order of time
	Silent   []Silence `json:"silent"`  // sources that say nothing here
	Notes    []string  `json:"notes"`   // what limits the story
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Searched int       `json:"tablesSearched"`
	Queries  int       `json:"queries"`
	Taken    float64   `json:"seconds"`
}

// Found is one reading of the entity.
type Found struct {
	Kind string `json:"kind"`
	Rows int64  `json:"rows"`
}

// Touched is something that the story followed.
type Touched struct {
	Kind  string `json:"kind"`
	Label string `json:"label"`
	Depth int    `json:"depth"`
	Steps int    `json:"steps"` // that were found by following it
	Scope bool   `json:"scope"` // a session, a process, a way: part of an entity
}

// Step is rows of one source that tell one thing. KQL gives exactly its rows.
type Step struct {
	Number int            `json:"number"`
	ID     string         `json:"rule"`
	Table  string         `json:"table"`
	Source string         `json:"source"` // for people
	Count  int64          `json:"count"`
	First  time.Time      `json:"first"`
	Last   time.Time      `json:"last"`
	Text   string         `json:"text"`
	Facts  map[string]any `json:"facts"`
	Keys   map[string]any `json:"keys"`
	Tactic string         `json:"tactic,omitempty"`
	Weight int            `json:"weight"`
	Depth  int            `json:"depth"`
	Via    string         `json:"via,omitempty"` // what was followed to get here; empty for what was asked for
	KQL    string         `json:"kql"`

	rule        int
	spec        *tables.Rule
	lead        *lead
	level       tables.Level
	first, last int64
	keys        string
	keyed       bool
	conditions  []string
	follow      [][]values
}

// fill makes the parts of a step that need no other step.
func (s *Step) fill(v *investigation) {
	s.ID, s.First, s.Last = s.spec.ID, timeOf(s.first), timeOf(s.last)
	s.Tactic, s.Weight, s.Depth = s.level.Tactic, min(s.level.Weight+v.scopes[s.lead.kind].Bonus, 10), s.lead.depth
	s.Source = s.Table
	if s.lead.via != nil {
		s.Via = s.lead.label
	}
	s.Keys = map[string]any{}
	var keys []any
	_ = json.Unmarshal([]byte(s.keys), &keys)
	for i, b := range s.spec.By {
		if s.keyed && i < len(keys) {
			s.Keys[b.Name] = plain(keys[i])
		} else if !s.keyed {
			s.Keys[b.Name] = s.Facts[b.Name]
			delete(s.Facts, b.Name)
		}
	}
	s.KQL = s.Table
	for _, c := range s.conditions {
		s.KQL += "\n| where " + strings.TrimSpace(trimParens(c))
	}
}

// trimParens drops parentheses around a whole condition.
func trimParens(c string) string {
	if !strings.HasPrefix(c, "(") || !strings.HasSuffix(c, ")") {
		return c
	}
	depth := 0
	quoted := rune(0)
	for i, r := range c {
		switch {
		case quoted != 0 && r == quoted:
			quoted = 0
		case quoted != 0:
		case r == '\'' || r == '"':
			quoted = r
		case r == '(':
			depth++
		case r == ')':
			if depth--; depth == 0 && i < len(c)-1 {
				return c
			}
		}
	}
	if strings.Contains(c, `\'`) || strings.Contains(c, `\"`) {
		return c // an escaped quote may have misled the scan
	}
	return c[1 : len(c)-1]
}

// word fills in the text once everything is known: addresses of machines get their names, identifiers of applications
// too.
func (s *Step) word(v *investigation) {
	facts := map[string]any{"count": s.Count}
	for _, m := range []map[string]any{s.Facts, s.Keys} {
		for k, x := range m {
			facts[k] = v.named(x)
		}
	}
	s.Text = v.words.expand(s.level.Text, facts)
}

// named adds what is known of an identifier: the machine that has an address, the name of an application.
func (v *investigation) named(x any) any {
	switch x := x.(type) {
	case string:
		if m := v.machines.byIP[x]; m != nil {
			return x + " (" + shortName(m.names[0]) + ")"
		}
		if name := v.aliases[strings.ToLower(x)]; name != "" && isGUID.MatchString(x) {
			return name + " (" + shorten(x) + ")"
		}
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = v.named(x[i])
		}
		return out
	}
	return x
}

const maxSummary = 10

// summarize picks the steps that tell most: the weightiest of each topic.
func summarize(steps []*Step) []int {
	best := map[string]*Step{}
	for _, s := range steps {
		if s.Weight <= ordinary {
			continue
		}
		topic := cmp.Or(s.level.Topic, s.ID)
		if b := best[topic]; b == nil || s.Weight > b.Weight {
			best[topic] = s
		}
	}
	var list []*Step
	for _, s := range best {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *Step) int { return cmp.Or(b.Weight-a.Weight, a.Number-b.Number) })
	if len(list) > maxSummary {
		list = list[:maxSummary]
	}
	out := []int{}
	for _, s := range list {
		out = append(out, s.Number)
	}
	slices.Sort(out)
	return out
}
