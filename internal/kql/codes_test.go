package kql_test

import (
	"testing"
	"time"

	"nordlys/internal/kql"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
)

// tables is a set of readable tables for tests.
type tables map[string][]plan.Column

func (t tables) Table(name string) ([]plan.Column, bool) {
	cols, ok := t[name]
	return cols, ok
}

func (t tables) Sparse(name string) bool { return name == "AzureDiagnostics" }

func (t tables) Names() []string {
	var names []string
	for n := range t {
		names = append(names, n)
	}
	return names
}

var securityEvent = tables{
	"AzureDiagnostics": {{Name: "Resource", Type: catalog.String}, {Name: "httpStatus_d", Type: catalog.Real}},
	"SecurityEvent":    {{Name: "TimeGenerated", Type: catalog.Datetime}, {Name: "Computer", Type: catalog.String}}}

func TestCodesAreDocumentedWithExamples(t *testing.T) {
	seen := map[diag.Code]bool{}
	for _, c := range diag.Codes() {
		if seen[c.Code] {
			t.Errorf("%s is listed twice", c.Code)
		}
		seen[c.Code] = true
		if c.Example == "" {
			if c.Code != diag.CodeTooDeep {
				t.Errorf("%s has no example", c.Code)
			}
			continue
		}
		_, list := kql.Compile(c.Example, securityEvent, kql.Options{Now: time.Unix(1700000000, 0), Advice: true})
		if len(list) == 0 || list[0].Code != c.Code {
			t.Errorf("%s: example %q gives %v", c.Code, c.Example, list)
		}
	}
}

func TestCompile(t *testing.T) {
	plan, list := kql.Compile("SecurityEvent | where TimeGenerated > ago(1d) | summarize count() by Computer", securityEvent, kql.Options{Now: time.Unix(1700000000, 0)})
	if len(list) > 0 || plan == nil {
		t.Fatal(list)
	}
	if cols := plan.Root.Schema(); len(cols) != 2 || cols[0].Name != "Computer" || cols[1].Name != "count_" {
		t.Errorf("columns %v", cols)
	}
	if p, list := kql.Compile("SecurityEvent | where Compter == ''", securityEvent, kql.Options{}); p != nil || len(list) != 1 || list[0].Code != diag.CodeUnknownColumn {
		t.Errorf("plan %v, diagnostics %v", p, list)
	}
}
