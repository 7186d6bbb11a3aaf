package investigate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nordlys/internal/tables"
)

// Silence is a log source that says nothing in a story, and why.
type Silence struct {
	Source string   `json:"source"`
	Key    string   `json:"key"`
	Tables []string `json:"tables"`
	Why    Reason   `json:"why"`
	Text   string   `json:"text"`
	// Optional sources exist only where a product is in use.
	Optional bool `json:"optional,omitempty"`
}

// Reason says why a source is silent.
type Reason string

// The reasons.
const (
	NotCollected Reason = "not collected" // the workspace has no row of it
	NoTime       Reason = "not then"      // it has rows, none of this time
	NotNamed     Reason = "silent"        // it has rows of this time, none names the entity or what it touched
)

// relevant says whether a source has tables that name any of some kinds.
func (v *investigation) relevant(s tables.Source, kinds map[tables.EntityKind]bool) bool {
	for _, name := range s.Tables {
		t, ok := v.catalogue.Lookup(name)
		if ok && slices.ContainsFunc(t.Entities, func(e tables.Entity) bool { return kinds[e.Kind] }) {
			return true
		}
	}
	return false
}

// silences goes through the inventory of sources.
func (v *investigation) silences(s *Story) ([]Silence, error) {
	kinds := map[tables.EntityKind]bool{}
	for _, l := range v.leads {
		kinds[tables.EntityKind(l.kind)] = true
	}
	told := map[string]bool{}
	for _, step := range s.Steps {
		told[step.Table] = true
	}
	var out []Silence
	for _, src := range v.catalogue.Sources() {
		if src.Key == "nordlys" || !v.relevant(src, kinds) || slices.ContainsFunc(src.Tables, func(t string) bool { return told[t] }) {
			continue
		}
		e := Silence{Source: src.Name, Key: src.Key, Tables: src.Tables, Why: NotCollected, Optional: slices.Contains(v.narration.Optional, src.Key)}
		ours := false
		for _, t := range src.Tables {
			info, ok := v.present[t]
			if !ok {
				continue
			}
			if made, err := v.madeHere(t, info.First, info.Last); err != nil || made {
				if err != nil {
					return nil, err
				}
				ours = true
				continue
			}
			if e.Why == NotCollected {
				e.Why = NoTime
			}
			n, err := v.countThen(t, s.First, s.Last, info.First, info.Last)
			if err != nil {
				return nil, err
			}
			if n > 0 {
				e.Why = NotNamed
			}
		}
		if ours && e.Why == NotCollected {
			continue // the rows that it is made of tell
		}
		e.Text = v.reason(src, e.Why, s)
		out = append(out, e)
	}
	return out, nil
}

// madeHere says whether Nordlys made all rows of a table of other rows.
func (v *investigation) madeHere(table string, first, last int64) (bool, error) {
	if v.narration.Derived[table] == "" {
		return false, nil
	}
	made := true
	err := v.rows(table+"\n| where _SourceId != '"+tables.Derived+"'\n| take 1", first, last, func([]any) error {
		made = false
		return nil
	})
	return made, err
}

// countThen counts a table's rows in the time of the story.
func (v *investigation) countThen(table string, first, last time.Time, have, until int64) (int64, error) {
	from, to := ticksOf(first), ticksOf(last)
	if have > to || until < from {
		return 0, nil
	}
	var n int64
	err := v.rows(table+"\n| where "+between(from, to)+"\n| count", from, to, func(row []any) error {
		n = integer(row[0])
		return nil
	})
	return n, err
}

// reason says why a source is silent and what to do about it.
func (v *investigation) reason(s tables.Source, why Reason, story *Story) string {
	switch why {
	case NotNamed:
		return "collected, and silent about this"
	case NoTime:
		return "collected, but nothing of this time is here"
	}
	return v.upstream(s, story) + " " + strings.TrimSuffix(s.TurnOn, ".") + "."
}

// upstream says whether what was not collected may still be had.
func (v *investigation) upstream(s tables.Source, story *Story) string {
	switch {
	case s.KeptDays == 0:
		return "Not collected, and Azure keeps none of it by itself."
	case s.KeptDays < 0:
		return "Not collected."
	}
	until := story.First.AddDate(0, 0, s.KeptDays)
	if until.Before(v.now) {
		return fmt.Sprintf("Not collected; Azure kept it %d days, until %s.", s.KeptDays, until.Format(time.DateOnly))
	}
	return fmt.Sprintf("Not collected, but Azure keeps it %d days: fetch it before %s.", s.KeptDays, until.Format(time.DateOnly))
}

// knownIn names a table of what somebody knows that names the entity, "" if none does.
func (v *investigation) knownIn(roots []*lead) string {
	for _, name := range v.narration.Known {
		t, ok := v.catalogue.Lookup(name)
		if !ok || !v.hasRows(name) {
			continue
		}
		for _, l := range roots {
			where := v.predicate(t, l)
			if where == "" {
				continue
			}
			found := false
			err := v.rows(name+"\n| where "+where+"\n| take 1", v.from, v.to, func([]any) error {
				found = true
				return nil
			})
			if err == nil && found {
				return name
			}
		}
	}
	return ""
}

// notFound says what was looked for, and where.
func (v *investigation) notFound(entity string, readings []reading, roots []*lead) error {
	var kinds []string
	for _, r := range readings {
		if isEntity(r.kind) && !slices.Contains(kinds, kindName(r.kind)) {
			kinds = append(kinds, kindName(r.kind))
		}
	}
	when := ""
	if v.from != 0 || v.to != 0 {
		when = " in the time asked for"
	}
	n := len(v.searchable())
	if n == 0 {
		return fmt.Errorf("%s: %w: the workspace has no rows yet; import evidence first (nordlys import PATH...)", entity, ErrNotFound)
	}
	if name := v.knownIn(roots); name != "" {
		return fmt.Errorf("%s: %w%s in anything that happened; %s names it: query that table, or nordlys lookup", entity, ErrNotFound, when, name)
	}
	return fmt.Errorf("%s: %w%s as %s in %s with rows: check the spelling, or see nordlys tables for what is here", entity, ErrNotFound, when, strings.Join(kinds, ", "), plural(float64(n), "table"))
}

// finish orders and numbers the steps and adds what is around them.
func (v *investigation) finish(s *Story, roots []*lead) error {
	slices.SortStableFunc(s.Steps, inTime)
	for i, step := range s.Steps {
		step.Number = i + 1
		step.word(v)
		if s.First.IsZero() || step.First.Before(s.First) {
			s.First = step.First
		}
		if step.Last.After(s.Last) {
			s.Last = step.Last
		}
	}
	s.Summary = summarize(s.Steps)
	for _, l := range v.leads {
		if l.via == nil {
			continue
		}
		t := Touched{Kind: kindName(l.kind), Label: l.label, Depth: l.depth, Scope: !isEntity(l.kind)}
		for _, step := range s.Steps {
			if step.lead == l {
				t.Steps++
			}
		}
		s.Touched = append(s.Touched, t)
	}
	if err := v.profile(s, roots); err != nil {
		return err
	}
	var err error
	s.Silent, err = v.silences(s)
	for name := range v.present {
		if t, ok := v.catalogue.Lookup(name); !ok || len(t.Entities) == 0 && t.Source != "nordlys" {
			v.note("Not searched: " + name + ", whose columns nobody has said what they name.")
		}
	}
	slices.Sort(v.notes)
	s.Notes = v.notes
	return err
}

// profile asks what tables say about the entity itself.
func (v *investigation) profile(s *Story, roots []*lead) error {
	for _, p := range v.narration.Profiles {
		t, ok := v.catalogue.Lookup(p.Table)
		if !ok || !v.hasRows(p.Table) {
			continue
		}
		for _, l := range roots {
			if l.kind != p.Kind {
				continue
			}
			where := v.predicate(t, l)
			if where == "" {
				continue
			}
			q := p.Table
			if w := between(v.from, v.to); w != "" {
				q += "\n| where " + w
			}
			q += "\n| where " + where
			if p.When != "" {
				q += "\n| where " + p.When
			}
			columns := []string{"_n = count()"}
			for _, f := range p.Facts {
				columns = append(columns, f.Name+" = "+f.KQL)
			}
			q += "\n| summarize " + strings.Join(columns, ", ")
			err := v.rowsNamed(q, v.from, v.to, func(row map[string]any) error {
				if n, _ := row["_n"].(int64); n > 0 {
					s.Known = append(s.Known, v.words.expand(p.Text, row)+" ("+p.Table+")")
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
