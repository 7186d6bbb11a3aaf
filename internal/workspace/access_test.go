package workspace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/kql"
)

const accessSettings = `
roles:
  everything:
    read: [all]
  analyst:
    read: [identity, Open_CL]
    deny: [AuditLogs]
  auditor:
    read: [AuditLogs]
  north:
    read: [SigninLogs]
    rows:
      SigninLogs: Identity startswith "n" and ResourceDisplayName != "vault;|"
    hide:
      SigninLogs: [ResourceDisplayName]
  south:
    read: [SigninLogs]
    rows:
      SigninLogs: Identity startswith "s"
    hide:
      SigninLogs: [ResourceDisplayName, AppDisplayName]
  pusher:
    may: [ingest]
`

// accessWorkspace has tables that an analyst may read, and others, whose every value is or holds the word secret.
func accessWorkspace(t *testing.T) *Workspace {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, settingsFile), []byte(accessSettings), 0o600); err != nil {
		t.Fatal(err)
	}
	w := open(t, dir, Write)
	appended(t, w, "SigninLogs", events(day0, event{1, 1, "f", "nora", "Portal", "Mail"}, event{2, 2, "f", "nils", "Portal", "vault;|"}, event{3, 3, "f", "siri", "Shell", "Mail"}), 3, 0)
	appended(t, w, "AuditLogs", events(day0, event{1, 1, "f", "secret", "secret", "secret"}), 1, 0)
	add(t, w, "Secret_CL", batch("SecretColumn", row{day0, 1, "secret"}), 1)
	add(t, w, "Open_CL", batch("A", row{day0, 1, "open"}), 1)
	flush(t, w)
	for name, text := range map[string]string{"OpenFunction": "() { Open_CL | project A }", "Reader_Secret_CL": "() { Secret_CL | take 1 }", "Reader_AuditLogs": "() { AuditLogs | take 1 }", "Reader_Missin_CL": "() { Missin_CL | take 1 }",
		"Indirect": "(T:(TimeGenerated:datetime)) { T | count }", "ByName": "(name:string) { table(name) | take 1 }"} {
		if err := w.SaveFunction(Function{Name: name, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// attempts are ways to a table that is called §; each must fail as it does for a table that does not exist, or give
// nothing of it.
var attempts = []string{
	"§", "§ | count", "§ | take 1", "['§']", "[\"§\"] | take 1", "table('§')", "table(\"§\", 'all') | count", "let T = '§'; table(T)", "let T = §; T | count",
	"let f = () { § }; f()", "let f = (n:string) { table(n) }; f('§')", "let v = view () { § }; v | count", "let v = view () { § }; union v",
	"union §", "union Open_CL, §", "union withsource = S *", "union kind=outer Open_CL, (§ | take 1)", "union isfuzzy=true §, Open_CL", "union isfuzzy=true *", "union Sec*", "union *_CL", "union Audit*, Open_CL",
	"find in (§) where TimeGenerated > datetime(2000-01-01)", "find in (*) where * has 'secret'", "find where TimeGenerated > datetime(2000-01-01)", "find in (Sec*, Aud*) where * == 'secret'",
	"search 'secret'", "search in (§) 'secret'", "search in (*) *", "search in (Sec*, Open_CL) 'secret'", "search kind=case_sensitive 'secret'", "§ | search 'secret'",
	"Open_CL | join § on TimeGenerated", "Open_CL | join kind=leftouter (§) on TimeGenerated", "Open_CL | lookup § on TimeGenerated", "Open_CL | union §", "Open_CL | where TimeGenerated in (§ | project TimeGenerated)",
	"Open_CL | where toscalar(§ | count) > 0", "print toscalar(§ | count)", "print array_length(toscalar(§ | summarize make_list(TimeGenerated)))", "Open_CL | extend x = toscalar(§ | take 1 | project TimeGenerated)",
	"materialize(§)", "let m = materialize(§ | take 1); m | union m", "§ | as hint.materialized=true T | count", "Open_CL | as §; § | count", "§ | fork (take 1) (count)", "§ | facet by TimeGenerated", "§ | getschema", "§ | consume",
	"§ | render table", "§ | evaluate bag_unpack(dynamic({}))", "§ | evaluate pivot(TimeGenerated)", "§ | evaluate narrow()", "Open_CL | evaluate ipv4_lookup(§, A, TimeGenerated)", "§ | invoke Indirect()", "Indirect(§)", "ByName('§')", "Reader_§()", "Reader_§ | count",
	"§ | partition by TimeGenerated (take 1)", "Open_CL | partition by A (union §)", "Open_CL | mv-apply A on (union §)", "§ | make-graph TimeGenerated --> TimeGenerated", "Open_CL | make-graph A --> A with § on TimeGenerated",
	"database('x').§", "workspace('x').§", "cluster('x').database('y').§", "§ | scan with (step s: true;)", "§ | sample 1", "§ | top 1 by TimeGenerated", "§ | summarize arg_max(TimeGenerated, *)", "§ | make-series count() on TimeGenerated step 1d",
	"restrict access to (§); § | count", "restrict access to (*); union *", "declare query_parameters(x:string = '§'); table(x)", "set query_now = datetime(2026-01-01); §", "alias database d = cluster('x').database('y'); database('d').§",
	"declare pattern p = (a:string) { ('x') = { § | take 1 }; }; p('x')", "§ | project-away TimeGenerated", "§ | extend s = _SourceId", "§ | where _ItemId > 0", "externaldata(a:string)['segments/§'] | take 1", "let § = Open_CL; §", "print x = '§' | invoke ByName()",
	"union (search in (§) 'secret'), Open_CL", "range x from 1 to 1 step 1 | extend y = toscalar(table('§') | count)", "§ // comment", "/**/ §", "§ | where true | count | extend a = 1", "(§)", "((§ | count))",
}

// told runs a query and gives all that somebody learns of it.
func told(w *Workspace, v *Viewer, text string) (out string, failed bool) {
	rows, _, list, err := w.Query(context.Background(), Query{Text: text, As: v})
	if errors.Is(err, ErrDiagnostics) {
		return list.Render(text), true
	}
	if err != nil {
		return err.Error(), true
	}
	defer rows.Close()
	var b strings.Builder
	for _, c := range rows.Columns() {
		b.WriteString(c.Name + " ")
	}
	for {
		r, err := rows.Next()
		if err != nil {
			return b.String() + err.Error(), true
		}
		if r == nil {
			return b.String(), false
		}
		fmt.Fprintln(&b, r...)
	}
}

// A table that may not be read is as if it were not there, by whatever feature of the language.
func TestForbiddenIsMissing(t *testing.T) {
	w := accessWorkspace(t)
	analyst, err := w.Viewer("ann", "analyst", "auditor") // deny wins
	if err != nil {
		t.Fatal(err)
	}
	if len(attempts) < 60 {
		t.Fatalf("only %d attempts", len(attempts))
	}
	for _, attempt := range attempts {
		missing, missingFails := told(w, analyst, strings.ReplaceAll(attempt, "§", "Missin_CL"))
		missing = strings.ReplaceAll(missing, "Missin_CL", "§")
		for _, table := range []string{"Secret_CL", "AuditLogs"} {
			name := table
			if len(name) != len("Missin_CL") {
				t.Fatal("the names must be equally long, as carets are under them")
			}
			text := strings.ReplaceAll(attempt, "§", name)
			got, fails := told(w, analyst, text)
			got = strings.ReplaceAll(got, name, "§")
			if fails != missingFails || got != missing {
				t.Errorf("%s\ngives of a table that may not be read:\n%s\nand of one that does not exist:\n%s", text, got, missing)
			}
			if strings.Contains(got, "SecretColumn") || !fails && strings.Contains(got, "secret") {
				t.Errorf("%s\ntells of it:\n%s", text, got)
			}
		}
	}
	for _, list := range [][]string{w.NamesFor(analyst)} {
		if slices.Contains(list, "Secret_CL") || slices.Contains(list, "AuditLogs") || !slices.Contains(list, "SigninLogs") || !slices.Contains(list, "Open_CL") {
			t.Errorf("names: %v", list)
		}
	}
	for _, text := range []string{"Sec", "Open_CL | join Sec", "Aud"} {
		if _, list := w.Complete(Query{Text: text, As: analyst}, len(text)); slices.ContainsFunc(list, func(s kql.Suggestion) bool { return strings.HasPrefix(s.Text, "Secret") || s.Text == "AuditLogs" }) {
			t.Errorf("completion of %q: %v", text, list)
		}
	}
	for text, want := range map[string]string{"Open_CL | project A": "A open\n", "OpenFunction()": "A open\n", "SigninLogs | count": "Count 3\n"} {
		if got, _ := told(w, analyst, text); got != want {
			t.Errorf("%s gives %q, want %q", text, got, want)
		}
	}
}

// What is refused takes no longer than what is missing: both are known before anything is read.
func TestRefusalTakesNoTime(t *testing.T) {
	w := accessWorkspace(t)
	analyst, err := w.Viewer("ann", "analyst")
	if err != nil {
		t.Fatal(err)
	}
	quickest := func(text string) time.Duration {
		best := time.Hour
		for range 200 {
			start := time.Now()
			told(w, analyst, text)
			best = min(best, time.Since(start))
		}
		return best
	}
	missing, refused := quickest("Missin_CL | count"), quickest("Secret_CL | count")
	if refused > 2*missing || missing > 2*refused {
		t.Errorf("a missing table takes %v, one that may not be read %v", missing, refused)
	}
}

func TestRowsAndColumnsOfRoles(t *testing.T) {
	w := accessWorkspace(t)
	for _, c := range []struct {
		roles []string
		text  string
		want  string
	}{
		{[]string{"north"}, "SigninLogs | project Identity", "Identity nora\n"},
		{[]string{"north"}, "SigninLogs | where Identity == 'nils' or Identity == 'siri' | count", "Count 0\n"},
		{[]string{"north"}, "union withsource = T * | where T == 'SigninLogs' | count", "Count 1\n"},
		{[]string{"north"}, "search 'siri' | count", "Count 0\n"},
		{[]string{"north"}, "let a = SigninLogs; a | join kind=inner SigninLogs on Identity | count", "Count 1\n"},
		{[]string{"north"}, "SigninLogs | project column_ifexists('ResourceDisplayName', 'hidden')", "Column1 hidden\n"},
		{[]string{"north"}, "SigninLogs | where * has 'Mail' | count", "Count 0\n"},
		{[]string{"north"}, "SigninLogs | project tostring(pack_all()) has 'Mail'", "Column1 false\n"},
		{[]string{"south"}, "SigninLogs | project Identity", "Identity siri\n"},
		{[]string{"north", "south"}, "SigninLogs | project Identity, AppDisplayName | sort by Identity asc", "Identity AppDisplayName nora Portal\nsiri Shell\n"},
		{[]string{"north", "everything"}, "SigninLogs | summarize dcount(ResourceDisplayName)", "dcount_ResourceDisplayName 2\n"},
		{[]string{"everything"}, "Secret_CL | project SecretColumn", "SecretColumn secret\n"},
	} {
		v, err := w.Viewer("x", c.roles...)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := told(w, v, c.text); got != c.want {
			t.Errorf("%v: %s gives %q, want %q", c.roles, c.text, got, c.want)
		}
	}
	for _, text := range []string{"SigninLogs | project ResourceDisplayName", "SigninLogs | where ResourceDisplayName == 'Mail'", "SigninLogs | summarize count() by ResourceDisplayName"} {
		v, _ := w.Viewer("x", "north")
		if got, failed := told(w, v, text); !failed || strings.Contains(got, "Mail\n") {
			t.Errorf("%s gives %q", text, got)
		}
	}
	nobody, err := w.Viewer("x", "pusher")
	if err != nil {
		t.Fatal(err)
	}
	if got, failed := told(w, nobody, "SigninLogs"); !failed {
		t.Errorf("who may only push reads %q", got)
	}
	if got, failed := told(w, nobody, "print 1"); failed {
		t.Errorf("print 1: %s", got)
	}
	if !nobody.May(MayIngest) || nobody.May(MayAdminister) {
		t.Error("rights of pusher")
	}
	if _, err := w.Viewer("x", "nonesuch"); err == nil {
		t.Error("a role that is not defined was given")
	}
}

func TestRoleErrors(t *testing.T) {
	for text, want := range map[string]string{
		"roles: {a: {read: [identty]}}":                                     `"identty" is neither a table nor a group`,
		"roles: {a: {read: [signinlogs]}}":                                  `"signinlogs" is neither`,
		"roles: {a: {may: [fly]}}":                                          `may: "fly"`,
		"roles: {a: {read: [all], rows: {SigninLogs: 'true | union T'}}}":   "is not a condition",
		"roles: {a: {read: [all], rows: {SigninLogs: 'true; SigninLogs'}}}": "is not a condition",
		"roles: {a: {read: [all], rows: {SigninLogs: ')'}}}":                "is not a condition",
		"roles: {a: {read: [all], raws: {}}}":                               "raws",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, settingsFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(context.Background(), dir, Write, duckdb.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
