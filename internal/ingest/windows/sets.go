package windows

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed event_sets.tsv
var eventSetsTSV string

// Set is a set of events of the Security log and of AppLocker's, as Microsoft Sentinel collects them. The zero Set has
// all of them. Source: https://learn.microsoft.com/azure/sentinel/windows-security-event-id-reference
type Set struct{ ids map[string]bool }

// SetOf returns the set of a name: minimal, common, all or none.
func SetOf(name string) (Set, error) {
	switch name {
	case "", "all":
		return Set{}, nil
	case "none":
		return Set{map[string]bool{}}, nil
	}
	for line := range strings.Lines(eventSetsTSV) {
		set, ids, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if set != name {
			continue
		}
		s := Set{map[string]bool{}}
		for id := range strings.FieldsSeq(ids) {
			s.ids[id] = true
		}
		return s, nil
	}
	return Set{}, fmt.Errorf("%q is no set of security events: use minimal, common, all or none", name)
}

func (s Set) has(id []byte) bool { return s.ids == nil || s.ids[string(id)] }
