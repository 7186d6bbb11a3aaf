package tables

import (
	"strings"
	"testing"
)

func TestNarrationNamesWhatExists(t *testing.T) {
	n, err := readNarration(narrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	c := Builtin()
	seen := map[string]bool{}
	for _, r := range n.Rules {
		id := r.Table + " " + r.ID
		if seen[id] {
			t.Errorf("rule %s appears twice", id)
		}
		seen[id] = true
		if _, ok := c.Lookup(r.Table); !ok {
			t.Errorf("rule %s: no such table", id)
		}
		if r.When == "" || r.Text == "" || r.Weight < 1 || r.Weight > 10 {
			t.Errorf("rule %s: it needs when, text and a weight from 1 to 10", id)
		}
		for _, l := range r.Levels {
			if l.Having == "" || l.Text == "" || l.Weight == 0 {
				t.Errorf("rule %s: a level needs having, text and weight", id)
			}
		}
	}
	for _, s := range n.Scopes {
		for table := range s.Where {
			if _, ok := c.Lookup(table); !ok {
				t.Errorf("scope %s: no table %s", s.Kind, table)
			}
		}
	}
	for table := range n.Derived {
		if _, ok := c.Lookup(table); !ok {
			t.Errorf("derived: no table %s", table)
		}
	}
	for _, l := range n.Loose {
		table, column, _ := strings.Cut(l, ".")
		tab, ok := c.Lookup(table)
		if !ok {
			t.Fatalf("loose: no table %s", table)
		}
		if _, ok := tab.Column(column); !ok {
			t.Errorf("loose: no column %s", l)
		}
	}
	if len(n.Rules) < 80 || len(n.Words["signin"]) < 20 {
		t.Errorf("%d rules, %d words for sign-in codes: a file is missing", len(n.Rules), len(n.Words["signin"]))
	}
}
