package investigate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"nordlys/internal/tables"
)

// Bounds of following.
const (
	maxFollowed = 20 // entities
	maxScopes   = 60 // sessions, processes, ways…
)

// leadsOf gives what steps lead to, without what is known already.
func (v *investigation) leadsOf(steps []*Step) []*lead {
	var out []*lead
	for _, s := range steps {
		for i, f := range s.spec.Follow {
			if i >= len(s.follow) || len(f.From) > 0 && !slices.Contains(f.From, s.lead.kind) {
				continue
			}
			if f.Level == "notable" && !s.level.Notable || f.Hops > 0 && s.Weight <= ordinary {
				continue
			}
			for _, vals := range s.follow[i] {
				if l := v.leadTo(s, &f, vals); l != nil {
					out = v.merge(out, l)
				}
			}
		}
	}
	out = slices.DeleteFunc(out, v.known)
	slices.SortStableFunc(out, func(a, b *lead) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), b.weight-a.weight, cmp.Compare(a.from, b.from))
	})
	var kept []*lead
	for _, l := range out {
		v.learn(l)
		switch {
		case l.depth > v.depth:
		case isEntity(l.kind) && v.followed >= maxFollowed:
			v.cut++
		case isEntity(l.kind):
			v.followed++
			kept = append(kept, l)
		case v.scoped < maxScopes:
			v.scoped++
			kept = append(kept, l)
		default:
			v.cut++
		}
	}
	return kept
}

// leadTo makes a lead of values that a step gave; nil if they say nothing.
func (v *investigation) leadTo(s *Step, f *tables.Follow, vals values) *lead {
	vals = maps.Clone(vals)
	for form, list := range vals {
		if v.ignored(f.Kind, form, list[0]) {
			delete(vals, form)
		}
	}
	// A scope needs all that its rule gives it.
	if len(vals) == 0 || !isEntity(f.Kind) && len(vals) < len(f.Values) {
		return nil
	}
	if tables.EntityKind(f.Kind) == tables.Host {
		for _, list := range vals {
			vals = v.machines.host(list[0])
			break
		}
		if len(vals["fqdn"]) == 0 && len(vals["hostname"]) == 0 {
			return nil // an address of no machine that is known
		}
	}
	l := &lead{
		kind: f.Kind, values: vals, full: !isEntity(f.Kind), depth: s.lead.depth + f.Hops, weight: s.Weight, via: s,
		from: s.first - ticksIn(time.Duration(f.Before)), to: s.last + ticksIn(time.Duration(f.After)), first: s.first, last: s.last,
	}
	if v.from != 0 {
		l.from = max(l.from, v.from)
	}
	if v.to != 0 {
		l.to = min(l.to, v.to)
	}
	l.label = v.labelOf(l)
	return l
}

// ignored says whether a value names nobody in particular. A machine's own account is one.
func (v *investigation) ignored(kind, form, value string) bool {
	lists := v.narration.Ignore[kind]
	switch {
	case form == "host" || form == "source" || form == "target":
		lists = v.narration.Ignore["host"]
	case form == "account":
		lists = v.narration.Ignore["account"]
	case form == "id" && kind == "session":
		lists = v.narration.Ignore["session"]
	}
	low := strings.ToLower(value)
	return slices.ContainsFunc(lists, func(p string) bool {
		switch {
		case strings.HasSuffix(p, "*"):
			return strings.HasPrefix(low, strings.TrimSuffix(p, "*"))
		case strings.HasPrefix(p, "*"):
			return strings.HasSuffix(low, strings.TrimPrefix(p, "*"))
		}
		return low == p
	})
}

// merge adds a lead to a round, or widens one that is the same thing.
func (v *investigation) merge(round []*lead, l *lead) []*lead {
	for _, o := range round {
		if o.kind != l.kind {
			continue
		}
		same := v.same(o, l)
		if form := v.scopes[l.kind].Merge; !same && form != "" && v.sameBut(o, l, form) {
			o.values = maps.Clone(o.values)
			o.values[form] = append(slices.Clone(o.values[form]), l.values[form]...)
			same = true
		}
		if same {
			o.from, o.to, o.first, o.last = min(o.from, l.from), max(o.to, l.to), min(o.first, l.first), max(o.last, l.last)
			o.depth, o.weight = min(o.depth, l.depth), max(o.weight, l.weight)
			if isEntity(l.kind) {
				for form, list := range l.values {
					if len(o.values[form]) == 0 {
						o.values[form] = list
					}
				}
			}
			return round
		}
	}
	return append(round, l)
}

// known says whether something was followed before.
func (v *investigation) known(l *lead) bool {
	return slices.ContainsFunc(v.leads, func(o *lead) bool { return o.kind == l.kind && v.same(o, l) })
}

// same says whether two leads of a kind are the same thing: entities share an identifier, scopes have all in common.
func (v *investigation) same(a, b *lead) bool {
	if !isEntity(a.kind) {
		return v.sameBut(a, b, "")
	}
	for form, list := range a.values {
		if form == "name" && len(a.values) > 1 && len(b.values) > 1 {
			continue // a name alone does not make an account
		}
		for _, x := range list {
			if slices.ContainsFunc(b.values[form], func(y string) bool { return strings.EqualFold(x, y) }) {
				return true
			}
		}
	}
	return false
}

func (v *investigation) sameBut(a, b *lead, form string) bool {
	canonical := func(form, s string) string {
		if m := v.machines.find(s); m != nil && (form == "host" || form == "source" || form == "target") {
			s = m.names[0]
		}
		return strings.ToLower(s)
	}
	for f, list := range a.values {
		if f == form {
			continue
		}
		for _, x := range list {
			if !slices.ContainsFunc(b.values[f], func(y string) bool { return canonical(f, x) == canonical(f, y) }) {
				return false
			}
		}
	}
	return len(a.values) == len(b.values)
}

// learn keeps names for identifiers.
func (v *investigation) learn(l *lead) {
	for _, name := range slices.Concat(l.values["upn"], l.values["name"]) {
		for _, id := range slices.Concat(l.values["objectid"], l.values["appid"]) {
			v.aliases[strings.ToLower(id)] = name
		}
	}
}

func (v *investigation) noteCuts() {
	if v.cut > 0 {
		v.note(fmt.Sprintf("%d more things that the steps lead to were not followed (at most %d entities and %d sessions, processes and ways are).", v.cut, maxFollowed, maxScopes))
	}
}
