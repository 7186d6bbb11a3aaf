package investigate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/ingest"
	"nordlys/internal/scenario"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// demo imports the demo case. It takes some seconds, so everything that needs it is one test.
func demo(t *testing.T) *workspace.Workspace {
	t.Helper()
	ctx := context.Background()
	evidence, dir := t.TempDir(), t.TempDir()
	if _, err := scenario.Write(ctx, evidence, scenario.Options{}); err != nil {
		t.Fatal(err)
	}
	w, err := workspace.Open(ctx, dir, workspace.Write, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	columns := func(table string) []tables.Column {
		visible, _, _ := w.Table(table)
		return visible
	}
	receipt, err := ingest.Import(ctx, []string{evidence}, w, ingest.Options{Columns: columns})
	if err != nil || receipt.Failed() {
		t.Fatalf("import: %v, failed %v", err, receipt != nil && receipt.Failed())
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w, err = workspace.Open(ctx, dir, workspace.Read, duckdb.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("imports the demo case")
	}
	w := demo(t)
	start := time.Now()
	s := story(t, w, scenario.AttackerAddress, Options{Depth: 2})
	t.Logf("the demo story: %d steps, %d queries, %v", len(s.Steps), s.Queries, time.Since(start).Round(time.Millisecond))
	if d := time.Since(start); d > 15*time.Second {
		t.Errorf("it took %v, about 1.5 s are expected on two cores", d)
	}
	t.Run("attack", func(t *testing.T) { checkAttack(t, s) })
	t.Run("ordinary life", func(t *testing.T) { checkOrdinary(t, w, s) })
	t.Run("kql", func(t *testing.T) { checkKQL(t, w, s) })
	t.Run("formats", func(t *testing.T) { checkFormats(t, s) })
	t.Run("sources", func(t *testing.T) { checkSources(t, w, s) })
	t.Run("again", func(t *testing.T) {
		again := story(t, w, scenario.AttackerAddress, Options{Depth: 2, Workers: 4})
		for i, step := range s.Steps {
			if i >= len(again.Steps) || again.Steps[i].Text != step.Text || again.Steps[i].KQL != step.KQL {
				t.Fatalf("step %d is told differently the second time: %s", i+1, step.Text)
			}
		}
	})
	t.Run("depth", func(t *testing.T) {
		for _, step := range story(t, w, scenario.AttackerAddress, Options{}).Steps {
			if step.lead.depth > 0 {
				t.Errorf("depth 0 follows: %s", step.Text)
			}
		}
	})
	t.Run("window", func(t *testing.T) {
		from, to := time.Date(2026, 3, 10, 11, 0, 0, 0, time.UTC), time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
		for _, step := range story(t, w, scenario.AttackerAddress, Options{Depth: 2, From: from, To: to}).Steps {
			if step.First.Before(from) || step.Last.After(to) {
				t.Errorf("outside of the hour asked for: %s to %s, %s", step.First, step.Last, step.Text)
			}
		}
	})
	t.Run("entries", func(t *testing.T) { checkEntries(t, w) })
	t.Run("nothing", func(t *testing.T) { checkNothing(t, w) })
}

func story(t *testing.T, w *workspace.Workspace, entity string, o Options) *Story {
	t.Helper()
	o.Now = time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC)
	s, err := Run(context.Background(), w, entity, o)
	if err != nil {
		t.Fatalf("%s: %v", entity, err)
	}
	return s
}

// act is a step that the story of the attack must have; text is what it must say.
type act struct {
	table, rule string
	count       int64 // 0 is any
	text        string
}

// attack is the demo's attack as its generator lays it out, in order.
var attack = []act{
	{"SigninLogs", "signin-failed", 37, "37 failed sign-ins to 31 accounts"},
	{"SigninLogs", "signin-one-factor", 1, "ivar.blythe@contoso.com signs in"},
	{"AADNonInteractiveUserSignInLogs", "token", 4, "Tokens of ivar.blythe@contoso.com"},
	{"FlowTuples_CL", "flow-denied", 12, "12 connections"},
	{"AzureActivity", "deployment", 3, "rdp-maintenance-0310"},
	{"AzureActivity", "nsg-rule", 3, "opens port 3389 (RDP) to 203.0.113.66"},
	{"FlowTuples_CL", "flow-in", 0, "connects 59 times"},
	{"SecurityEvent", "logon-failed", 58, "58 failed logons with 8 names"},
	{"VMConnection", "vm-in-brief", 0, "accepts 58 connections from 203.0.113.66 on port 3389 (RDP)"},
	{"SecurityAlert", "alert", 1, "Traffic detected from IP addresses recommended for blocking"},
	{"VMBoundPort", "vm-port", 1, "svchost on web01.contoso.com listens on port 3389 (RDP): 58 connections"},
	{"SecurityEvent", "logon-rdp", 1, `CONTOSO\svc-web logs on to web01.contoso.com over RDP from 203.0.113.66`},
	{"VMConnection", "vm-in-kept", 0, "known as malicious"},
	{"SecurityAlert", "alert", 1, "Suspected successful brute force attack"},
	{"SecurityEvent", "process-encoded", 1, "DownloadString('http://203.0.113.66/a.ps1')"},
	{"SecurityEvent", "process-discovery", 3, "whoami.exe"},
	{"FlowTuples_CL", "flow-internal", 0, "445 (SMB)"},
	{"SecurityEvent", "logon-network", 1, `CONTOSO\svc-web logs on to db01.contoso.com over the network from 10.10.1.4 (web01)`},
	{"SecurityEvent", "process-odd", 1, "rclone.exe copy"},
	{"FlowTuples_CL", "flow-out", 0, "6.41 GB leave 10.10.2.4 (db01) for 198.51.100.23"},
	{"VMConnection", "vm-out", 0, "rclone on db01.contoso.com sends 6.41 GB to 198.51.100.23"},
	{"AuditLogs", "audit-credential", 1, "adds a credential to application contoso-deploy"},
	{"AADServicePrincipalSignInLogs", "principal-signin", 3, "Application contoso-deploy signs in 3 times from 203.0.113.66"},
	{"AzureActivity", "keys-listed", 2, "takes the keys of stcontosodata"},
	{"AZKVAuditLogs", "vault-list", 1, "kv-contoso-prod"},
	{"AZKVAuditLogs", "vault-read", 3, "reads 3 secrets"},
}

// beside are steps whose place among the others may differ by the clock of their source.
var beside = []act{
	{"DeviceLogonEvents", "device-logon-failed", 58, "8 names"},
	{"DeviceNetworkEvents", "device-connection-in", 59, "svchost.exe on web01.contoso.com accepts 59 connections"},
	{"DeviceLogonEvents", "device-logon-rdp", 1, "svc-web logs on to web01.contoso.com over RDP"},
	{"DeviceProcessEvents", "device-process-encoded", 1, "a.ps1"},
	{"DeviceNetworkEvents", "device-connection", 1, "http://203.0.113.66/a.ps1"},
	{"DeviceProcessEvents", "device-process-discovery", 3, "nltest"},
	{"DeviceLogonEvents", "device-logon-network", 1, "svc-web logs on to db01.contoso.com"},
	{"DeviceProcessEvents", "device-process-odd", 1, "rclone.exe"},
	{"DeviceNetworkEvents", "device-connection-odd", 4, "opens 4 connections to 198.51.100.23"},
	{"VMProcess", "vm-process-encoded", 1, "web01"},
	{"VMProcess", "vm-process-odd", 1, "rclone"},
}

func (a act) is(s *Step) bool {
	return s.Table == a.table && s.ID == a.rule && (a.count == 0 || s.Count == a.count) && strings.Contains(s.Text, a.text)
}

func checkAttack(t *testing.T, s *Story) {
	at := 0
	for _, a := range attack {
		i := slices.IndexFunc(s.Steps[at:], a.is)
		if i < 0 {
			t.Errorf("after step %d nothing is %+v", at, a)
			continue
		}
		at += i
	}
	for _, a := range beside {
		if !slices.ContainsFunc(s.Steps, a.is) {
			t.Errorf("no step is %+v", a)
		}
	}
	sent := int64(0)
	for _, step := range s.Steps {
		if step.ID == "flow-out" && step.Keys["target"] == scenario.DropAddress {
			sent += step.Facts["sent"].(int64)
		}
	}
	if sent != scenario.ExfiltratedBytes {
		t.Errorf("%d bytes out, %d went", sent, scenario.ExfiltratedBytes)
	}
	if len(s.Summary) < 5 || len(s.Summary) > maxSummary {
		t.Errorf("%d lines of summary", len(s.Summary))
	}
	if t.Failed() {
		for _, step := range s.Steps {
			t.Logf("[%d] %s %s %s %d: %s", step.Number, step.First.Format(time.TimeOnly), step.Table, step.ID, step.Count, step.Text)
		}
	}
}

// checkOrdinary looks for people and addresses that have no part in the attack.
func checkOrdinary(t *testing.T, w *workspace.Workspace, s *Story) {
	people := column(t, w, "SigninLogs | distinct UserPrincipalName")
	if len(people) < 39 {
		t.Fatalf("%d people sign in", len(people))
	}
	addresses := column(t, w, "SigninLogs | where IPAddress != '"+scenario.AttackerAddress+"' | distinct IPAddress")
	for _, step := range s.Steps {
		shown, err := json.Marshal(step)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range people {
			name, _, _ := strings.Cut(p, "@")
			if p == "ivar.blythe@contoso.com" || step.ID == "signin-failed" && !strings.Contains(step.Text, name) {
				continue
			}
			if bytes.Contains(bytes.ToLower(shown), []byte(strings.ToLower(name))) {
				t.Errorf("%s is in the story: %s", p, step.Text)
			}
		}
		for _, a := range addresses {
			if regexp.MustCompile(`(^|[^0-9a-f.:])`+regexp.QuoteMeta(a)+`($|[^0-9a-f.:])`).Match(shown) && !strings.Contains(step.KQL, a) {
				t.Errorf("%s is in the story: %s", a, step.Text)
			}
		}
		if step.First.Before(s.Steps[0].First) || step.Last.After(time.Date(2026, 3, 10, 12, 35, 0, 0, time.UTC)) {
			t.Errorf("not of the time of the attack: %s", step.Text)
		}
	}
	for _, f := range s.Touched {
		for _, p := range people {
			if f.Label == p && p != "ivar.blythe@contoso.com" {
				t.Errorf("%s was followed", p)
			}
		}
	}
}

// column gives the texts of a query's first column.
func column(t *testing.T, w *workspace.Workspace, text string) []string {
	t.Helper()
	rows, _, list, err := w.Query(context.Background(), workspace.Query{Text: text})
	if err != nil {
		t.Fatalf("%s: %v\n%s", text, err, list.Render(text))
	}
	defer rows.Close()
	var out []string
	for {
		row, err := rows.Next()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if row == nil {
			return out
		}
		out = append(out, fmt.Sprint(row[0]))
	}
}

// checkKQL runs the queries behind the steps: each gives exactly its rows, and none of them is in another step.
func checkKQL(t *testing.T, w *workspace.Workspace, s *Story) {
	t.Helper()
	queries := map[string][]string{}
	want := map[string]string{}
	for _, step := range s.Steps {
		n := fmt.Sprint(step.Number)
		queries[step.Table] = append(queries[step.Table], "("+step.KQL+"\n| project step = "+n+", _ItemId, TimeGenerated)")
		want[n] = fmt.Sprint(step.Count)
	}
	for table, list := range queries {
		union := "union " + strings.Join(list, ",\n")
		for _, line := range column(t, w, union+"\n| summarize n = count() by step\n| project strcat(step, ' ', n)") {
			number, n, _ := strings.Cut(line, " ")
			if want[number] != n {
				t.Errorf("%s: step %s of %s has %s rows, its query gives %s", s.Entity, number, table, want[number], n)
			}
			delete(want, number)
		}
		if twice := column(t, w, union+"\n| summarize steps = count() by _ItemId, TimeGenerated\n| where steps > 1\n| count"); twice[0] != "0" {
			t.Errorf("%s: %s rows of %s are told twice", s.Entity, twice[0], table)
		}
	}
	if len(want) > 0 {
		t.Errorf("%s: the queries of steps %v give nothing", s.Entity, want)
	}
}

func checkFormats(t *testing.T, s *Story) {
	var text, page, doc bytes.Buffer
	if err := errors.Join(WriteText(&text, s), WriteHTML(&page, s), WriteJSON(&doc, s)); err != nil {
		t.Fatal(err)
	}
	story, _, _ := strings.Cut(text.String(), "KQL behind each step")
	for _, l := range strings.Split(story, "\n") {
		if n := utf8.RuneCountInString(l); n > 120 {
			t.Errorf("a line of %d characters: %s", n, l)
		}
	}
	for _, want := range []string{"What happened", "Timeline, 2026-03-10 (UTC)", "Not seen here", "KQL behind each step", "// [1] 37 rows"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text has no %q", want)
		}
	}
	var back Story
	if err := json.Unmarshal(doc.Bytes(), &back); err != nil || len(back.Steps) != len(s.Steps) || back.Steps[0].First != s.Steps[0].First {
		t.Errorf("the JSON does not come back: %v", err)
	}
	html := page.String()
	for _, banned := range []string{"<script", "javascript:", " style=", " onclick", "@import", "url("} {
		if strings.Contains(html, banned) {
			t.Errorf("the page has %q", banned)
		}
	}
	if m := regexp.MustCompile(`(?:src|href)="([^#"][^"]*)"`).FindStringSubmatch(html); m != nil {
		t.Errorf("the page asks for %s", m[1])
	}
	if !strings.Contains(html, "<style>"+storyCSS+"</style>") {
		t.Error("the style is not what its hash says")
	}
	if strings.Count(html, "<rect ") != len(s.Steps) || !strings.Contains(html, "<title>[1] 2026-03-10 09:12:07") {
		t.Error("the drawing has not one mark for each step")
	}
}

func checkSources(t *testing.T, w *workspace.Workspace, s *Story) {
	why := map[string]Silence{}
	for _, e := range s.Silent {
		why[e.Key] = e
	}
	if e := why["entra-managedidentity"]; e.Why != NotNamed {
		t.Errorf("managed identity sign-ins: %+v", e)
	}
	if e := why["m365-audit"]; e.Why != NotCollected || !strings.Contains(e.Text, "before 2026-09-06") {
		t.Errorf("the unified audit log: %+v", e)
	}
	if e := why["graph-activity"]; e.Why != NotCollected || !strings.Contains(e.Text, "Diagnostic settings") {
		t.Errorf("Microsoft Graph activity: %+v", e)
	}
	if _, ok := why["entra-signin"]; ok {
		t.Error("sign-ins are told and said to be silent")
	}
	night := story(t, w, "quinn.ashby@contoso.com", Options{To: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)})
	for _, e := range night.Silent {
		if e.Key == "alerts" && e.Why != NoTime {
			t.Errorf("alerts before the first one: %+v", e)
		}
	}
}

// checkEntries starts from other things that the attack touched.
func checkEntries(t *testing.T, w *workspace.Workspace) {
	hash := column(t, w, "DeviceProcessEvents | where FileName == 'rclone.exe' | project SHA256")[0]
	nsg := column(t, w, "AzureActivity | where OperationNameValue has 'securityRules/write' | project tostring(split(_ResourceId, '/securityrules/')[0])")[0]
	app := column(t, w, "AADServicePrincipalSignInLogs | where ServicePrincipalName == 'contoso-deploy' | project AppId")[0]
	sid := column(t, w, "SecurityEvent | where TargetUserName == 'svc-web' and EventID == 4624 | project TargetUserSid")[0]
	for _, c := range []struct {
		entity, kind string
		exact        bool // run the queries behind it too
		acts         []act
	}{
		{"ivar.blythe@contoso.com", "account", true, []act{
			{"SigninLogs", "signin-one-factor", 1, "203.0.113.66"}, {"AuditLogs", "audit-credential", 1, ""}, {"AzureActivity", "nsg-rule", 3, "opens port"},
		}},
		{`CONTOSO\svc-web`, "account", false, []act{
			{"SecurityEvent", "logon-rdp", 1, "web01"}, {"SecurityEvent", "logon-network", 1, "db01"}, {"SecurityEvent", "process-odd", 1, "rclone"}, {"SigninLogs", "signin-failed", 0, "spray"},
		}},
		{sid, "account", false, []act{{"SecurityEvent", "logon-rdp", 1, "web01"}, {"SecurityEvent", "process-odd", 1, "rclone"}}},
		{"web01", "host", true, []act{
			{"SecurityEvent", "logon-failed", 58, "203.0.113.66"}, {"SecurityEvent", "process-encoded", 1, "a.ps1"}, {"VMBoundPort", "vm-port", 0, "3389"},
		}},
		{hash, "file hash", true, []act{
			{"DeviceNetworkEvents", "device-connection-odd", 4, "198.51.100.23"}, {"SecurityEvent", "logon-network", 1, "svc-web"}, {"FlowTuples_CL", "flow-out", 0, "6.41 GB"},
		}},
		{"rclone.exe", "process", false, []act{{"VMProcess", "vm-process-odd", 1, "db01"}, {"VMConnection", "vm-out", 0, "sends 6.41 GB"}}},
		{nsg, "Azure resource", false, []act{{"AzureActivity", "nsg-rule", 3, "opens port 3389"}, {"SigninLogs", "signin-failed", 0, "spray"}}},
		{app, "application", false, []act{{"AADServicePrincipalSignInLogs", "principal-signin", 3, "203.0.113.66"}, {"AuditLogs", "audit-credential", 1, ""}}},
		{scenario.DropAddress, "address", false, []act{{"VMConnection", "vm-out", 0, "sends 6.41 GB"}, {"SecurityEvent", "process-odd", 1, "rclone"}}},
	} {
		start := time.Now()
		s := story(t, w, c.entity, Options{Depth: 2})
		t.Logf("%s: %d steps, %d queries, %v", c.entity, len(s.Steps), s.Queries, time.Since(start).Round(time.Millisecond))
		if s.Found[0].Kind != c.kind {
			t.Errorf("%s is %s, want %s", c.entity, s.Found[0].Kind, c.kind)
		}
		for _, a := range c.acts {
			if !slices.ContainsFunc(s.Steps, a.is) {
				t.Errorf("%s: no step is %+v", c.entity, a)
			}
		}
		if len(s.Steps) > 250 {
			t.Errorf("%s: %d steps are no story", c.entity, len(s.Steps))
		}
		if c.exact {
			checkKQL(t, w, s)
		}
		t.Log(time.Since(start))
		var b bytes.Buffer
		if err := errors.Join(WriteText(&b, s), WriteHTML(&b, s), WriteJSON(&b, s)); err != nil {
			t.Error(err)
		}
	}
}

// checkNothing asks for what is not there, in ways that might hurt.
func checkNothing(t *testing.T, w *workspace.Workspace) {
	for _, entity := range []string{
		"198.18.0.1", "nobody@contoso.com", "no-such-host", "' or true //", `\' | take 1000 //`, "a' | union * | project x = 'b", "\x00\x1b[31m",
		strings.Repeat("'", 2000), strings.Repeat(`\`, 2000), "{host|names}", "[[x]]", "/subscriptions/x'y/z", `x\y'z`, `C:\'; drop\x.exe`, "a@b'c",
	} {
		s, err := Run(context.Background(), w, entity, Options{Depth: 2})
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%.40q: %v, %v", entity, s, err)
			continue
		}
		if strings.ContainsAny(err.Error(), "\x00\x1b\n") {
			t.Errorf("%q: the message has control characters", err)
		}
	}
	if _, err := Run(context.Background(), w, strings.Repeat("x'|", 3500), Options{}); err == nil || len(err.Error()) > 500 {
		t.Errorf("10 kB: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, w, scenario.AttackerAddress, Options{Depth: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
