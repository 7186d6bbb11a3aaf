// Package investigate tells what happened around an address, account, host, process, file or resource: it finds the rows
// that name it in every table, groups them into steps, follows what they touched, and says what the logs cannot show.
//
// All it knows of tables is data: the catalogue says which column names what, the narration which rows make a step and
// in which words. Everything is asked in KQL, and every step comes with the query that gives its rows. The package
// detects nothing by itself and stores nothing.
package investigate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"nordlys/internal/engine"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// Store is what an investigation asks: a workspace.
type Store interface {
	Query(ctx context.Context, q workspace.Query) (engine.Rows, *plan.Query, diag.List, error)
	Tables() []workspace.TableInfo
}

// Options say how far to look.
type Options struct {
	Depth    int       // how many times to follow; 0 tells only of the entity itself
	From, To time.Time // zero is open
	Now      time.Time // for what is still kept upstream
	Workers  int       // tables asked at the same time; 0 means 2
}

// ErrNotFound says that no row names the entity.
var ErrNotFound = errors.New("not found")

// investigation is the state of one Run.
type investigation struct {
	ctx       context.Context
	store     Store
	catalogue *tables.Catalogue
	narration *tables.Narration
	words     wordLists
	rules     map[string][]*tables.Rule // by table
	scopes    map[string]tables.Scope
	loose     map[string]bool
	present   map[string]workspace.TableInfo // tables with rows
	machines  *machines
	aliases   map[string]string // names of object and application ids
	depth     int
	workers   int
	from, to  int64
	now       time.Time

	leads                 []*lead
	followed, scoped, cut int

	mu      sync.Mutex // guards what follows
	told    map[string][]string
	notes   []string
	queries int
}

// Run tells the story of an entity.
func Run(ctx context.Context, store Store, entity string, o Options) (*Story, error) {
	start := time.Now()
	readings, err := recognise(entity)
	if err != nil {
		return nil, err
	}
	v := newInvestigation(ctx, store, o)
	if err := v.loadMachines(); err != nil {
		return nil, err
	}
	roots, err := v.roots(readings)
	if err != nil {
		return nil, err
	}
	steps, err := v.explore(roots)
	if err != nil {
		return nil, err
	}
	s := &Story{Entity: clean(strings.TrimSpace(entity)), Steps: steps, Searched: len(v.searchable())}
	for _, r := range roots {
		f := Found{Kind: kindName(r.kind)}
		for _, step := range steps {
			if step.lead == r {
				f.Rows += step.Count
			}
		}
		if f.Rows > 0 {
			s.Found = append(s.Found, f)
		}
	}
	if len(s.Found) == 0 {
		return nil, v.notFound(s.Entity, readings, roots)
	}
	if err := v.finish(s, roots); err != nil {
		return nil, err
	}
	s.Queries, s.Taken = v.queries, time.Since(start).Seconds()
	return s, nil
}

func newInvestigation(ctx context.Context, store Store, o Options) *investigation {
	v := &investigation{
		ctx: ctx, store: store, catalogue: tables.Builtin(), narration: tables.BuiltinNarration(),
		rules: map[string][]*tables.Rule{}, scopes: map[string]tables.Scope{}, loose: map[string]bool{},
		present: map[string]workspace.TableInfo{}, machines: newMachines(), aliases: map[string]string{},
		depth: o.Depth, workers: cmp.Or(o.Workers, 2), now: o.Now, told: map[string][]string{},
	}
	v.words = v.narration.Words
	if !o.From.IsZero() {
		v.from = ticksOf(o.From)
	}
	if !o.To.IsZero() {
		v.to = ticksOf(o.To)
	}
	if v.now.IsZero() {
		v.now = time.Now().UTC()
	}
	for i := range v.narration.Rules {
		r := &v.narration.Rules[i]
		v.rules[r.Table] = append(v.rules[r.Table], r)
	}
	for _, s := range v.narration.Scopes {
		v.scopes[s.Kind] = s
	}
	for _, l := range v.narration.Loose {
		v.loose[l] = true
	}
	for _, t := range store.Tables() {
		if t.Rows > 0 {
			v.present[t.Name] = t
		}
	}
	return v
}

// roots makes leads of the readings, with every other name that the logs know for them.
func (v *investigation) roots(readings []reading) ([]*lead, error) {
	var out []*lead
	for _, r := range readings {
		l := &lead{kind: r.kind, values: r.values, from: v.from, to: v.to, full: true, weight: 10}
		switch tables.EntityKind(r.kind) {
		case tables.Host:
			for _, list := range r.values {
				if known := v.machines.host(list[0]); len(known["fqdn"])+len(known["hostname"]) > 0 {
					l.values = known
				}
			}
		case tables.Account, tables.CloudApplication:
			if err := v.otherNames(l); err != nil {
				return nil, err
			}
			v.learn(l)
		}
		l.label = v.labelOf(l)
		out = append(out, l)
	}
	return out, nil
}

// otherNames asks the tables that know several names of one account: object id, SID, short name.
func (v *investigation) otherNames(l *lead) error {
	for _, p := range v.narration.Accounts {
		if !v.hasRows(p.Table) || cmp.Or(p.Kind, string(tables.Account)) != l.kind {
			continue
		}
		var conditions, columns []string
		for _, f := range p.Facts {
			columns = append(columns, literalName(f.Name)+" = tostring("+f.KQL+")")
			if ids := l.values[f.Name]; len(ids) > 0 {
				conditions = append(conditions, f.KQL+" in~ ("+literals(ids)+")")
			}
		}
		if len(conditions) == 0 {
			continue
		}
		q := p.Table
		if w := between(v.from, v.to); w != "" {
			q += "\n| where " + w
		}
		if p.When != "" {
			q += "\n| where " + p.When
		}
		q += "\n| where " + strings.Join(conditions, " or ") + "\n| summarize by " + strings.Join(columns, ", ") + "\n| take 20"
		err := v.rowsNamed(q, v.from, v.to, func(row map[string]any) error {
			for _, f := range p.Facts {
				id := plain(row[f.Name])
				if id == "" || v.ignored("account", f.Name, id) || slices.ContainsFunc(l.values[f.Name], func(s string) bool { return strings.EqualFold(s, id) }) {
					continue
				}
				l.values[f.Name] = append(l.values[f.Name], id)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// literalName writes a column name that may hold any character.
func literalName(name string) string { return "[" + literal(name) + "]" }

// explore tells of the roots, then of what they lead to, round by round.
func (v *investigation) explore(roots []*lead) ([]*Step, error) {
	var all []*Step
	pending := roots
	for len(pending) > 0 {
		// What costs nothing of the depth is told before what is further away.
		depth := pending[0].depth
		for _, l := range pending {
			depth = min(depth, l.depth)
		}
		var now, later []*lead
		for _, l := range pending {
			if l.depth == depth {
				now = append(now, l)
			} else {
				later = append(later, l)
			}
		}
		// Full leads come first: a row that several leads name is told by the first of them.
		slices.SortStableFunc(now, func(a, b *lead) int {
			if a.full != b.full {
				if a.full {
					return -1
				}
				return 1
			}
			return 0
		})
		v.leads = append(v.leads, now...)
		steps, err := v.round(now)
		if err != nil {
			return nil, err
		}
		all = append(all, steps...)
		pending = later
		for _, l := range v.leadsOf(steps) {
			if !slices.ContainsFunc(later, func(o *lead) bool { return o.kind == l.kind && v.same(o, l) }) {
				pending = append(pending, l)
			}
		}
	}
	v.noteCuts()
	return all, nil
}

// round asks every table about some leads. Steps come in the order of their time.
func (v *investigation) round(leads []*lead) ([]*Step, error) {
	var mu sync.Mutex
	var all []*Step
	var first error
	var wg sync.WaitGroup
	work := make(chan *tables.Table)
	for range v.workers {
		wg.Go(func() {
			for t := range work {
				for part := range slices.Chunk(leads, 60) {
					steps, err := v.collect(t, part)
					mu.Lock()
					all = append(all, steps...)
					if err != nil && first == nil {
						first = err
					}
					mu.Unlock()
				}
			}
		})
	}
	for _, t := range v.searchable() {
		work <- t
	}
	close(work)
	wg.Wait()
	slices.SortStableFunc(all, inTime)
	return all, first
}

// inTime orders steps; what happened at the same moment is in the order of tables and rules, so that a story is the same
// every time.
func inTime(a, b *Step) int {
	return cmp.Or(cmp.Compare(a.first, b.first), strings.Compare(a.Table, b.Table), cmp.Compare(a.rule, b.rule), strings.Compare(a.keys, b.keys))
}

// searchable lists the tables with rows and entities.
func (v *investigation) searchable() []*tables.Table {
	var out []*tables.Table
	for name := range v.present {
		if t, ok := v.catalogue.Lookup(name); ok && len(t.Entities) > 0 {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *tables.Table) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (v *investigation) hasRows(table string) bool {
	_, ok := v.present[table]
	return ok
}

// ruleView is a rule and whether any of its levels is notable.
type ruleView struct {
	*tables.Rule
	notable bool
}

// ruleOf gives a rule of a table; rows that no rule takes (-1) are told by the last one of all.
func (v *investigation) ruleOf(t *tables.Table, i int) ruleView {
	if i >= 0 {
		r := v.rules[t.Name][i]
		return ruleView{r, canBeNotable(r)}
	}
	return ruleView{Rule: &tables.Rule{
		ID: "rows", Table: t.Name, When: "true", Gap: tables.Duration(2 * time.Hour),
		Level: tables.Level{Text: "{count|plural:row} of " + t.Name, Weight: 1},
	}}
}

func (v *investigation) note(s string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !slices.Contains(v.notes, s) {
		v.notes = append(v.notes, s)
	}
}

// rows runs a query and gives every row to f, which must not keep it. Datetimes are ticks, dynamic is JSON text.
func (v *investigation) rows(text string, from, to int64, f func([]any) error) error {
	_, err := v.run(text, from, to, func(_ []plan.Column, row []any) error { return f(row) })
	return err
}

// rowsNamed is rows by column name, with datetimes as time.Time and dynamic decoded.
func (v *investigation) rowsNamed(text string, from, to int64, f func(map[string]any) error) error {
	_, err := v.run(text, from, to, func(columns []plan.Column, row []any) error {
		m := make(map[string]any, len(row))
		for i, c := range columns {
			m[c.Name] = typed(row[i], c.Type)
		}
		return f(m)
	})
	return err
}

func typed(x any, t catalog.Type) any {
	switch x := x.(type) {
	case int64:
		if t == catalog.Datetime {
			return timeOf(x)
		}
	case string:
		if t == catalog.Dynamic {
			var out any
			d := json.NewDecoder(strings.NewReader(x))
			if d.Decode(&out) == nil {
				return out
			}
		}
	}
	return x
}

func (v *investigation) run(text string, from, to int64, f func([]plan.Column, []any) error) (n int, err error) {
	v.mu.Lock()
	v.queries++
	v.mu.Unlock()
	q := workspace.Query{Text: text, Now: v.now}
	rows, _, list, err := v.store.Query(v.ctx, q)
	if err != nil {
		if errors.Is(err, workspace.ErrDiagnostics) {
			err = errors.New(strings.TrimSpace(list.Render(text)))
		}
		return 0, fmt.Errorf("ask the workspace: %w", err)
	}
	defer rows.Close()
	columns := rows.Columns()
	for {
		row, err := rows.Next()
		if err != nil {
			return n, fmt.Errorf("ask the workspace: %w", err)
		}
		if row == nil {
			return n, nil
		}
		n++
		if err := f(columns, row); err != nil {
			return n, err
		}
	}
}
