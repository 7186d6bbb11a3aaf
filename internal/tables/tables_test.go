package tables

import (
	"slices"
	"strings"
	"testing"
)

func TestCatalogueIsWhole(t *testing.T) {
	c, err := parse(catalogueTSV, entitiesTSV, sourcesTSV)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(catalogueTSV) + len(entitiesTSV) + len(sourcesTSV); n > 200_000 {
		t.Errorf("the embedded data has %d bytes, at most 200000 are wanted", n)
	}
	if len(c.Names()) != 126+6 {
		t.Errorf("%d tables, want 132", len(c.Names()))
	}
	types := Types()
	for _, name := range c.Names() {
		tab, ok := c.Lookup(strings.ToUpper(name))
		if !ok || tab.Name != name {
			t.Fatalf("Lookup(%s) = %v, %v", strings.ToUpper(name), tab, ok)
		}
		seen := map[string]bool{}
		for _, col := range tab.Columns {
			if !slices.Contains(types, col.Type) {
				t.Errorf("%s.%s has the unknown type %q", name, col.Name, col.Type)
			}
			if seen[col.Name] {
				t.Errorf("%s.%s appears twice", name, col.Name)
			}
			seen[col.Name] = true
			if got, ok := tab.Column(col.Name); !ok || got != col {
				t.Errorf("%s.Column(%s) = %v, %v", name, col.Name, got, ok)
			}
		}
		if tc, ok := tab.Column(tab.TimeColumn); !ok || tc.Type != "datetime" {
			t.Errorf("%s: time column %q is not a datetime column", name, tab.TimeColumn)
		}
		if _, ok := c.Source(tab.Source); !ok {
			t.Errorf("%s: source %q is not in the inventory", name, tab.Source)
		}
	}
}

func TestEntitiesNameColumns(t *testing.T) {
	kinds := []EntityKind{Account, Host, IP, Process, FileHash, File, AzureResource, URL, Mailbox, CloudApplication}
	roles := []string{"actor", "target", "source", "destination", "reporter", ""}
	c := Builtin()
	for _, name := range c.Names() {
		tab, _ := c.Lookup(name)
		seen := map[Entity]bool{}
		for _, e := range tab.Entities {
			col, ok := tab.Column(e.Column)
			if !ok || col.Name != e.Column {
				t.Errorf("%s: entity column %s does not exist", name, e.Column)
			}
			if e.Path != "" && col.Type != "dynamic" && col.Type != "string" {
				t.Errorf("%s.%s: a path inside a column of type %s", name, e.Column, col.Type)
			}
			if !slices.Contains(kinds, e.Kind) || !slices.Contains(roles, e.Role) || e.Form == "" {
				t.Errorf("%s.%s: kind %q, role %q, form %q", name, e.Column, e.Kind, e.Role, e.Form)
			}
			if seen[e] {
				t.Errorf("%s.%s: listed twice", name, e.Column)
			}
			seen[e] = true
		}
	}
	for _, name := range []string{"SigninLogs", "AuditLogs", "AzureActivity", "SecurityEvent", "SecurityAlert",
		"VMConnection", "DeviceProcessEvents", "OfficeActivity", FlowTuples, "NTANetAnalytics"} {
		if tab, _ := c.Lookup(name); len(tab.Entities) == 0 {
			t.Errorf("%s names no entities", name)
		}
	}
}

func TestColumnIgnoresCase(t *testing.T) {
	nta, _ := Builtin().Lookup("NTANetAnalytics")
	if c, ok := nta.Column("SrcIP"); !ok || c.Name != "SrcIp" {
		t.Errorf("Column(SrcIP) = %v, %v", c, ok)
	}
	diag, _ := Builtin().Lookup("AzureDiagnostics")
	for _, name := range []string{"clientIP_s", "clientIp_s"} { // two columns that differ by case only
		if c, ok := diag.Column(name); !ok || c.Name != name {
			t.Errorf("Column(%s) = %v, %v", name, c, ok)
		}
	}
	if c, ok := nta.Column("_itemid"); !ok || c.Type != "long" {
		t.Errorf("Column(_itemid) = %v, %v", c, ok)
	}
}
