package investigate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nordlys/internal/kql"
	"nordlys/internal/kql/bind"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/tables"
)

// catalogueTables shows the binder the built-in tables, as an empty workspace has them.
type catalogueTables struct{ c *tables.Catalogue }

func (c catalogueTables) Table(name string) ([]plan.Column, bool) {
	t, ok := c.c.Lookup(name)
	if !ok {
		return nil, false
	}
	return planColumns(t.Columns), true
}

func (c catalogueTables) Hidden(string) []plan.Column { return planColumns(tables.Hidden()) }

func planColumns(columns []tables.Column) []plan.Column {
	var out []plan.Column
	for _, col := range columns {
		typ, _ := catalog.ParseType(col.Type)
		out = append(out, plan.Column{Name: col.Name, Type: typ})
	}
	return out
}

func (c catalogueTables) Names() []string { return c.c.Names() }

// compile gives the columns of a query over the catalogue.
func compile(t *testing.T, what, query string) []plan.Column {
	t.Helper()
	p, list := kql.Compile(query, catalogueTables{tables.Builtin()}, bind.Options{Now: time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)})
	if p == nil || len(list) > 0 {
		t.Errorf("%s: %s\n%s", what, query, list.Render(query))
		return nil
	}
	return p.Root.Schema()
}

func typeOf(columns []plan.Column, name string) catalog.Type {
	for _, c := range columns {
		if c.Name == name {
			return c.Type
		}
	}
	return catalog.Type(0)
}

func TestRulesCompile(t *testing.T) {
	n := tables.BuiltinNarration()
	for _, r := range n.Rules {
		what := r.Table + " " + r.ID
		tab, _ := tables.Builtin().Lookup(r.Table)
		facts := []string{always}
		for _, f := range r.Facts {
			facts = append(facts, f.Name+" = "+f.KQL)
		}
		for i, f := range r.Follow {
			var parts []string
			for _, x := range f.Values {
				parts = append(parts, fmt.Sprintf("%s, tostring(%s)", literal(x.Name), x.KQL))
			}
			condition := "true"
			if f.If != "" {
				condition = f.If
			}
			facts = append(facts, fmt.Sprintf("_f%d = make_set_if(tostring(bag_pack(%s)), %s, 5)", i, strings.Join(parts, ", "), condition))
			checkFollow(t, what, n, f)
		}
		q := r.Table + "\n| where " + r.When + "\n| summarize " + strings.Join(facts, ", ")
		if len(r.By) > 0 {
			var by []string
			for _, b := range r.By {
				by = append(by, "_by_"+b.Name+" = "+b.KQL)
			}
			q += " by " + strings.Join(by, ", ")
		}
		var levels []string
		for i, l := range r.Levels {
			levels = append(levels, l.Having, fmt.Sprint(i))
		}
		if len(levels) > 0 {
			q += "\n| extend _level = case(" + strings.Join(levels, ", ") + ", -1)"
		}
		columns := compile(t, what, q)
		for _, b := range r.By {
			if _, ok := tab.Column(b.KQL); !ok && columns != nil && typeOf(columns, "_by_"+b.Name) != catalog.String {
				t.Errorf("%s: by %s = %s is %v; what is not a column must be a string", what, b.Name, b.KQL, typeOf(columns, "_by_"+b.Name))
			}
		}
		checkTemplates(t, what, r, n)
	}
}

func checkFollow(t *testing.T, what string, n *tables.Narration, f tables.Follow) {
	t.Helper()
	if !isEntity(f.Kind) && !slices.ContainsFunc(n.Scopes, func(s tables.Scope) bool { return s.Kind == f.Kind }) {
		t.Errorf("%s: follows %s, which is neither an entity nor a scope", what, f.Kind)
	}
	for _, k := range f.From {
		if !isEntity(k) && !slices.ContainsFunc(n.Scopes, func(s tables.Scope) bool { return s.Kind == k }) {
			t.Errorf("%s: follows from %s, which is neither an entity nor a scope", what, k)
		}
	}
}

// checkTemplates sees that every placeholder has a fact or a key, and every list of words exists.
func checkTemplates(t *testing.T, what string, r tables.Rule, n *tables.Narration) {
	t.Helper()
	known := []string{"count"}
	for _, f := range slices.Concat(r.Facts, r.By) {
		known = append(known, f.Name)
	}
	levels := append([]tables.Level{r.Level}, r.Levels...)
	for _, l := range levels {
		for _, m := range placeholder.FindAllStringSubmatch(l.Text, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s: %q: no fact or key %s", what, l.Text, m[1])
			}
			for _, f := range strings.Split(m[2], "|") {
				if list, ok := strings.CutPrefix(f, "words:"); ok && n.Words[list] == nil {
					t.Errorf("%s: %q: no words %s", what, l.Text, list)
				}
			}
		}
		if rest := placeholder.ReplaceAllString(optional.ReplaceAllString(l.Text, "$1"), ""); strings.ContainsAny(rest, "{}|") || strings.Contains(rest, "[[") {
			t.Errorf("%s: %q: not a template", what, l.Text)
		}
	}
}

func TestScopesAndProfilesCompile(t *testing.T) {
	n := tables.BuiltinNarration()
	v := testInvestigation()
	for _, s := range n.Scopes {
		for table, where := range s.Where {
			l := &lead{kind: s.Kind, first: unixEpochTicks, last: unixEpochTicks, values: values{"host": {"web01"}, "id": {"0x1f"}, "pid": {"12"}, "account": {"a'b"}, "source": {"10.0.0.1"}, "target": {"db01"}, "port": {"3389"}, "key": {"k"}, "session": {"s"}}}
			compile(t, "scope "+s.Kind, table+"\n| where "+v.fill(where, l))
		}
	}
	for i, p := range slices.Concat(n.Accounts, n.Profiles) {
		var facts []string
		for _, f := range p.Facts {
			facts = append(facts, literalName(f.Name)+" = "+f.KQL)
		}
		q := p.Table
		if p.When != "" {
			q += "\n| where " + p.When
		}
		if i < len(n.Accounts) {
			q += "\n| summarize by " + strings.Join(facts, ", ")
		} else {
			q += "\n| summarize " + strings.Join(facts, ", ")
		}
		compile(t, "profile of "+p.Table, q)
	}
	for _, m := range n.Machines {
		q := m.Table
		if m.Where != "" {
			q += "\n| where " + m.Where
		}
		for _, e := range []string{m.Name, m.Short, m.Addresses, m.MACs, m.Resource, m.Device} {
			if e != "" {
				compile(t, "machines of "+m.Table, q+"\n| project tostring("+e+")")
			}
		}
	}
}

// TestPredicatesCompile asks for every kind of entity in every table of the catalogue.
func TestPredicatesCompile(t *testing.T) {
	v := testInvestigation()
	for _, entity := range []string{
		"203.0.113.66", "2001:db8::1", "a.b@contoso.com", "23e4cfcc-0a65-4cbb-99eb-a6a1919e7875", `CONTOSO\svc'web`, "S-1-5-21-1-2-3-1152",
		"web01", "web01.contoso.com", "rclone.exe", `C:\ProgramData\Intel\rclone.exe`, strings.Repeat("ab", 32), strings.Repeat("cd", 20),
		"/subscriptions/5a0ecb17-fcd2-4fbb-9c63-0491ca3aecde/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web01",
		"https://a.example/x?y='z'", "00:0d:3a:f3:47:3f", `'; drop | take 1 //`, "Azure Portal",
	} {
		readings, err := recognise(entity)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, r := range readings {
			l := &lead{kind: r.kind, values: r.values, full: true}
			if r.kind == string(tables.Host) {
				l.values = v.machines.host(firstOf(r.values))
			}
			for _, name := range tables.Builtin().Names() {
				tab, _ := tables.Builtin().Lookup(name)
				if p := v.predicate(tab, l); p != "" {
					found++
					compile(t, entity+" as "+r.kind, name+"\n| where "+p+"\n| where "+without(p))
				}
			}
		}
		if found == 0 {
			t.Errorf("%s is looked for nowhere", entity)
		}
	}
}

func firstOf(v values) string {
	for _, list := range v {
		return list[0]
	}
	return ""
}
