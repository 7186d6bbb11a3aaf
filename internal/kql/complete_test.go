package kql_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nordlys/internal/kql"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/syntax"
)

// A bar marks the cursor.
func TestComplete(t *testing.T) {
	for _, c := range []struct {
		text    string
		has     []string
		without []string
	}{
		{"‸", []string{"SecurityEvent", "let", "print", "union"}, []string{"where", "Computer", "strlen"}},
		{"Sec‸", []string{"SecurityEvent"}, []string{"search"}},
		{"SecurityEvent | ‸", []string{"where", "summarize", "project-away"}, []string{"SecurityEvent", "Computer"}},
		{"SecurityEvent | project-‸", []string{"project-away", "project-rename"}, []string{"project"}},
		{"SecurityEvent | where ‸", []string{"Computer", "TimeGenerated", "strlen"}, []string{"count", "SecurityEvent"}},
		{"SecurityEvent | where comp‸", []string{"Computer"}, []string{"TimeGenerated"}},
		{"SecurityEvent | where strlen(‸", []string{"Computer"}, []string{"where"}},
		{"SecurityEvent | extend A = 1 | project ‸", []string{"A", "Computer"}, nil},
		{"SecurityEvent | summarize n = ‸", []string{"countif", "dcount", "by"}, nil},
		{"SecurityEvent | summarize n = count() by Computer | where ‸", []string{"n", "Computer"}, []string{"TimeGenerated"}},
		{"let x1 = 5; let T = SecurityEvent | project Computer; T | where ‸", []string{"x1", "T", "Computer"}, []string{"TimeGenerated"}},
		{"SecurityEvent | join ‸", []string{"SecurityEvent", "kind=", "on"}, nil},
		{"SecurityEvent | join (SecurityEvent | extend b = 1 | where ‸", []string{"b", "Computer"}, nil},
		{"SecurityEvent | join (‸", []string{"SecurityEvent", "print"}, nil},
		{"print ['a b'] = 1 | where ‸", []string{"['a b']"}, nil},
		{"print a = 1 | evaluate ‸", []string{"bag_unpack", "pivot"}, []string{"strlen"}},
		{"print a = 1 | render ‸", []string{"timechart"}, []string{"strlen"}},
		{"SecurityEvent | where (((", nil, nil},
	} {
		text, _, _ := strings.Cut(c.text, "‸")
		_, list := kql.Complete(text, len(text), securityEvent, kql.Options{Now: time.Unix(1700000000, 0)})
		for _, w := range c.has {
			if !slices.ContainsFunc(list, func(s kql.Suggestion) bool { return s.Text == w }) {
				t.Errorf("%q: %s is not suggested: %v", c.text, w, list)
			}
		}
		for _, w := range c.without {
			if slices.ContainsFunc(list, func(s kql.Suggestion) bool { return s.Text == w }) {
				t.Errorf("%q: %s is suggested", c.text, w)
			}
		}
	}
}

func TestUnfinished(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "let x = 1;": true, "SecurityEvent |": true, "SecurityEvent | where (": true, "SecurityEvent | where Computer ==": true,
		"SecurityEvent": false, "let x = 1; print x;": false, "SecurityEvent | wher x": false, "print 'a": true,
	} {
		if got := kql.Unfinished(text); got != want {
			t.Errorf("Unfinished(%q) = %v", text, got)
		}
	}
}

func TestHelp(t *testing.T) {
	for name, want := range map[string]string{"summarize": "by", "order": "sort", "strlen": "strlen(", "count": "T | count", "has": "term", "bag_unpack": "plugin"} {
		if text, _, ok := kql.Help(name); !ok || !strings.Contains(text, want) {
			t.Errorf("Help(%s) = %q, %v", name, text, ok)
		}
	}
	if _, near, ok := kql.Help("sumarize"); ok || !slices.Contains(near, "summarize") {
		t.Error("no help for what is not there")
	}
}

// Every tabular operator that the parser knows is described, and no other.
func TestTabularOperators(t *testing.T) {
	described := map[string]bool{}
	for _, o := range catalog.TabularOperators() {
		if o.Syntax == "" || !strings.HasSuffix(o.Doc, ".") || described[o.Name] {
			t.Errorf("%s: %q, %q", o.Name, o.Syntax, o.Doc)
		}
		for _, n := range append(o.Aliases, o.Name) {
			described[n] = true
		}
	}
	for _, n := range syntax.OperatorNames() {
		_, list := kql.Compile("print a = 1 | "+n, securityEvent, kql.Options{})
		if supported := !slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Code == "not-supported-yet" }); supported != described[n] {
			t.Errorf("%s: supported %v, described %v", n, supported, described[n])
		}
	}
}
