package investigate

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"nordlys/internal/engine"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/workspace"
)

// noStore is a workspace without rows.
type noStore struct{}

func (noStore) Tables() []workspace.TableInfo { return nil }

func (noStore) Query(context.Context, workspace.Query) (engine.Rows, *plan.Query, diag.List, error) {
	panic("nothing to ask")
}

func testInvestigation() *investigation {
	v := newInvestigation(context.Background(), noStore{}, Options{Now: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)})
	v.machines.add([]string{"web01.contoso.com", "web01"}, []string{"10.10.1.4"}, []string{"00:0d:3a:f3:47:3f"}, []string{"/subscriptions/x/virtualMachines/web01"}, nil)
	v.machines.add([]string{"db01.contoso.com", "db01"}, []string{"10.10.2.4"}, nil, nil, nil)
	return v
}

func TestRecognise(t *testing.T) {
	for _, c := range []struct {
		entity string
		want   string // kinds with forms
	}{
		{"203.0.113.66", "ip address"},
		{" [2001:DB8::1] ", "ip address"},
		{"::ffff:203.0.113.66", "ip address"},
		{"203.0.113.66:51234", "ip address"},
		{"alva.brekke@contoso.com", "account upn, mailbox smtp"},
		{`CONTOSO\svc-web`, `account domain\name+name`},
		{"S-1-5-21-1-2-3-1152", "account sid"},
		{"23E4CFCC-0a65-4cbb-99eb-a6a1919e7875", "account objectid, cloudapplication appid, cloud-session session, credential key"},
		{"web01", "host hostname, account name, cloudapplication name, process filename"},
		{"web01.contoso.com", "host fqdn, url fqdn, account name"},
		{"rclone.exe", "process filename, file filename"},
		{`C:\ProgramData\rclone.exe`, "process path, file path"},
		{strings.Repeat("a1", 32), "filehash sha256"},
		{strings.Repeat("a1", 20), "filehash sha1, host deviceid"},
		{strings.Repeat("a1", 16), "filehash md5"},
		{"/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web01", "azureresource resourceid, host hostname+resourceid"},
		{"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n", "azureresource resourceid"},
		{"Azure Portal", "account name, cloudapplication name, process filename"},
	} {
		readings, err := recognise(c.entity)
		if err != nil {
			t.Errorf("%s: %v", c.entity, err)
			continue
		}
		var got []string
		for _, r := range readings {
			var forms []string
			for _, f := range []string{"address", "upn", "smtp", `domain\name`, "sid", "objectid", "appid", "session", "key", "hostname", "fqdn", "name", "filename", "path", "sha256", "sha1", "deviceid", "md5", "resourceid"} {
				if len(r.values[f]) > 0 {
					forms = append(forms, f)
				}
			}
			got = append(got, r.kind+" "+strings.Join(forms, "+"))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", c.entity, s, c.want)
		}
	}
	for _, bad := range []string{"", "  ", strings.Repeat("x", 10_000)} {
		if _, err := recognise(bad); err == nil {
			t.Errorf("%.10q is taken as an entity", bad)
		}
	}
}

func TestExpand(t *testing.T) {
	w := wordLists{"signin": {"50126": "wrong password"}}
	facts := map[string]any{
		"count": int64(1234), "one": int64(1), "ip": "203.0.113.66", "none": "", "bytes": int64(6_412_906_752),
		"codes": []any{"50126", "1"}, "names": []any{"a", "b", "c", "a"}, "evil": "a\x1b[31m\nb\u202e", "op": "microsoft.storage/storageaccounts/listkeys/action",
		"cmd": "powershell -enc dwBoAG8AYQBtAGkAIAAvAGEAbABsAA==", "id": "6daae4fd-7fac-4805-82de-48910ed35bec",
	}
	for template, want := range map[string]string{
		"{count|plural:row} from {ip}":             "1,234 rows from 203.0.113.66",
		"{one|plural:entry}, {count|plural:entry}": "1 entry, 1,234 entries",
		"{one|times}, {count|times}":               "once, 1,234 times",
		"{codes|words:signin}":                     "wrong password, 1",
		"{names|list:2}":                           "a, b and 1 more",
		"a[[ from {none}]][[ by {ip}]]":            "a by 203.0.113.66",
		"{none}":                                   "?",
		"{none|or:{ip}}":                           "203.0.113.66",
		"{bytes|bytes}":                            "6.41 GB",
		"{evil}":                                   "a\ufffd[31m b\ufffd",
		"{op|last}":                                "listkeys",
		"{cmd|powershell}":                         "whoami /all",
		"{id|short}":                               "6daae4fd…",
		"[[{ip} and {missing}]]nothing else[[, {ip|lower}]]": "nothing else, 203.0.113.66",
	} {
		if got := w.expand(template, facts); got != want {
			t.Errorf("%s: %q, want %q", template, got, want)
		}
	}
}

func TestSessionize(t *testing.T) {
	groups := []group{
		{keys: "a", n: 2, first: 0, last: 10}, {keys: "b", n: 1, first: 5, last: 5}, {keys: "a", n: 3, first: 20, last: 30},
		{keys: "a", n: 4, first: 41, last: 50}, {keys: "a", n: 1, first: 8, last: 9},
	}
	type step struct {
		Keys        string
		N           int64
		First, Last int64
	}
	shape := func(steps []*Step) (out []step) {
		for _, s := range steps {
			out = append(out, step{s.keys, s.Count, s.first, s.last})
		}
		return out
	}
	if d := cmp.Diff([]step{{"a", 6, 0, 30}, {"a", 4, 41, 50}, {"b", 1, 5, 5}}, shape(sessionize(groups, 10, true))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]step{{"", 7, 0, 30}, {"", 4, 41, 50}}, shape(sessionize(groups, 10, false))); d != "" {
		t.Error(d)
	}
	if got := sessionize(groups, 1<<62, false); len(got) != 1 || got[0].Count != 11 {
		t.Errorf("%d steps without a gap", len(got))
	}
}

func TestLiteral(t *testing.T) {
	for in, want := range map[string]string{
		`a'b\c`: `'a\'b\\c'`, "a\nb\x00": `'a\u000ab\u0000'`, "é": "'é'", "\xff": `'\ufffd'`, "": "''", "\u2028": `'\u2028'`,
	} {
		if got := literal(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if got := literals(nil); got != "'"+nothing+"'" {
		t.Errorf("an empty list is %s", got)
	}
}

// TestLiteralsAreTexts compiles hostile texts and sees that they come back as they are.
func TestLiteralsAreTexts(t *testing.T) {
	for _, s := range []string{"'", `\`, `\'`, "' or true //", "\r\n| take 1", "${x}", "\u2029", "a\tb"} {
		compile(t, s, "print x = "+literal(s))
	}
}

func TestMachines(t *testing.T) {
	v := testInvestigation()
	for _, id := range []string{"web01", "WEB01", "web01.contoso.com", "10.10.1.4", "00-0D-3A-F3-47-3F", "/subscriptions/x/virtualmachines/web01"} {
		h := v.machines.host(id)
		if strings.Join(h["fqdn"], " ") != "web01.contoso.com" || strings.Join(h["address"], " ") != "10.10.1.4" {
			t.Errorf("%s: %v", id, h)
		}
	}
	if h := v.machines.host("other.contoso.com"); len(h["address"]) != 0 || h["fqdn"][0] != "other.contoso.com" {
		t.Errorf("a machine that nobody knows: %v", h)
	}
	if h := v.machines.host("10.9.9.9"); len(h["hostname"]) != 0 {
		t.Errorf("an address that nobody knows: %v", h)
	}
}

func TestWrap(t *testing.T) {
	for _, text := range []string{"a b c", strings.Repeat("x", 500), strings.Repeat("word ", 100), "", "a " + strings.Repeat("é", 300) + " b"} {
		for _, l := range wrap(text, 40) {
			if utf8.RuneCountInString(l) > 40 {
				t.Errorf("%d characters: %s", utf8.RuneCountInString(l), l)
			}
		}
		if strings.Join(strings.Fields(strings.Join(wrap(text, 40), "")), "") != strings.Join(strings.Fields(text), "") {
			t.Errorf("%.20q lost something", text)
		}
	}
}
