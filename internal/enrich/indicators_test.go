package enrich

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/ingest"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/workspace"
)

const threats = `{"type":"bundle","id":"bundle--1","objects":[
{"type":"indicator","spec_version":"2.1","id":"indicator--a","created":"2025-03-01T00:00:00Z","modified":"2025-03-02T00:00:00Z","name":"Relay","description":"Guesses passwords","indicator_types":["malicious-activity"],"labels":["botnet"],"pattern":"[ipv4-addr:value = '203.0.113.66'] OR [domain-name:value = 'relay.contoso.com'] OR [url:value = 'http://relay.contoso.com/x']","pattern_type":"stix","valid_from":"2025-03-01T00:00:00Z","valid_until":"2025-06-01T00:00:00Z","confidence":80,"object_marking_refs":["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"],"external_references":[{"source_name":"x","url":"https://contoso.com/r"}]},
{"type":"indicator","spec_version":"2.1","id":"indicator--b","created":"2025-03-01T00:00:00Z","modified":"2025-03-03T00:00:00Z","indicator_types":["anonymization"],"pattern":"[ipv4-addr:value ISSUBSET '203.0.113.0/24']","pattern_type":"stix","valid_from":"2025-03-01T00:00:00Z","confidence":90},
{"type":"indicator","spec_version":"2.1","id":"indicator--c","created":"2025-03-01T00:00:00Z","modified":"2025-03-03T00:00:00Z","pattern":"[ipv4-addr:value = '198.51.100.7']","pattern_type":"stix","valid_from":"2025-03-01T00:00:00Z"},
{"type":"indicator","spec_version":"2.1","id":"indicator--c","created":"2025-03-01T00:00:00Z","modified":"2025-03-04T00:00:00Z","pattern":"[ipv4-addr:value = '198.51.100.7']","pattern_type":"stix","valid_from":"2025-03-01T00:00:00Z","revoked":true},
{"type":"indicator","spec_version":"2.1","id":"indicator--d","created":"2025-03-01T00:00:00Z","modified":"2025-03-01T00:00:00Z","indicator_types":["c2"],"pattern":"[ipv6-addr:value = '2001:db8::66']","pattern_type":"stix","valid_from":"2025-03-10T00:00:00Z","confidence":50},
{"type":"indicator","spec_version":"2.1","id":"indicator--e","created":"2025-03-01T00:00:00Z","modified":"2025-03-05T00:00:00Z","indicator_types":["c2"],"pattern":"[network-traffic:dst_ref.value = '2001:db8::66']","pattern_type":"stix","valid_from":"2025-03-01T00:00:00Z","confidence":50},
{"type":"indicator","spec_version":"2.1","id":"indicator--f","created":"2025-03-01T00:00:00Z","modified":"2025-03-05T00:00:00Z","pattern":"[ipv4-addr:value ISSUBSET '0.0.0.0/0']","pattern_type":"stix","valid_from":"2025-03-01T00:00:00Z","confidence":100}]}`

const connections = `{"TimeGenerated":"2025-03-09T10:00:00Z","Computer":"WEB01","Direction":"inbound","ProcessName":"svchost","SourceIp":"203.0.113.66","DestinationIp":"10.0.0.4","DestinationPort":3389,"Protocol":"tcp","RemoteIp":"203.0.113.66","ConnectionId":"1","Type":"VMConnection"}
{"TimeGenerated":"2025-03-09T10:01:00Z","Computer":"WEB01","Direction":"outbound","ProcessName":"x","SourceIp":"10.0.0.4","DestinationIp":"192.0.2.1","DestinationPort":443,"Protocol":"tcp","RemoteIp":"192.0.2.1","ConnectionId":"2","Type":"VMConnection"}
{"TimeGenerated":"2025-03-09T10:02:00Z","Computer":"WEB01","Direction":"inbound","ProcessName":"svchost","SourceIp":"203.0.113.9","DestinationIp":"10.0.0.4","DestinationPort":3389,"Protocol":"tcp","RemoteIp":"203.0.113.9","MaliciousIp":"203.0.113.9","Description":"Known to Azure","Severity":2,"ConnectionId":"3","Type":"VMConnection"}
{"TimeGenerated":"2025-02-09T10:02:00Z","Computer":"WEB01","Direction":"inbound","ProcessName":"svchost","SourceIp":"203.0.113.66","DestinationIp":"10.0.0.4","DestinationPort":3389,"Protocol":"tcp","RemoteIp":"203.0.113.66","ConnectionId":"4","Type":"VMConnection"}
`

// filled makes a workspace of these files by name.
func filled(t testing.TB, files map[string]string) *workspace.Workspace {
	t.Helper()
	dir := t.TempDir()
	at := time.Date(2025, 9, 1, 12, 0, 0, 0, time.UTC)
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	w, err := workspace.Open(context.Background(), t.TempDir(), workspace.Write, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	if r, err := ingest.Import(context.Background(), []string{dir}, w, ingest.Options{Now: at}); err != nil || r.Rejected > 0 {
		t.Fatalf("import: %+v, %v", r, err)
	}
	return w
}

func day(text string) int64 {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return rows.TicksOf(t)
}

func TestIndicators(t *testing.T) {
	w := filled(t, map[string]string{"feed.json": threats, "list.txt": "# old\n192.0.2.99 # scanner\n",
		"tool.csv": "indicator,severity,confidence,expiration,threat_type\n192.0.2.50,5,70,2025-04-01T00:00:00Z,phishing\n"})
	x, err := LoadIndicators(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ addr, at, want string }{
		{"203.0.113.66", "2025-03-09", "indicator--b Proxy 90"}, // the network is more certain
		{"203.0.113.9", "2025-03-09", "indicator--b Proxy 90"},
		{"::ffff:203.0.113.9", "2025-03-09", "indicator--b Proxy 90"},
		{"203.0.113.66", "2025-02-09", ""}, // not valid yet
		{"198.51.100.7", "2025-03-09", ""}, // revoked later
		{"2001:db8::66", "2025-03-20", "indicator--e C2 50"},
		{"2001:db8::66", "2025-03-05", "indicator--e C2 50"},
		{"192.0.2.99", "2020-01-01", "feedless WatchList 0"}, // a list says no times
		{"192.0.2.50", "2025-03-09", "feedless Phishing 70"},
		{"192.0.2.50", "2025-04-01", ""}, // expired
		{"192.0.2.51", "2025-03-09", ""}, // a network of everything is none
	} {
		ind, ok := x.Match(netip.MustParseAddr(c.addr), day(c.at))
		got := ""
		if ok {
			id := ind.ID
			if len(id) > 20 {
				id = "feedless"
			}
			got = fmt.Sprint(id, " ", ind.Type, " ", ind.Confidence)
		}
		if got != c.want {
			t.Errorf("%s at %s: %q, want %q", c.addr, c.at, got, c.want)
		}
	}
	if _, ok := x.Match(netip.Addr{}, 0); ok {
		t.Error("no address matches")
	}
	ind, _ := x.Match(netip.MustParseAddr("192.0.2.50"), day("2025-03-09"))
	if ind.Severity != 5 || ind.Source != "tool" {
		t.Errorf("%+v", ind)
	}
	for _, i := range x.list {
		if i.ID == "indicator--a" {
			if i.Domain != "relay.contoso.com" || i.URL != "http://relay.contoso.com/x" || i.Type != "Botnet" || i.TLP != "Green" || i.Link != "https://contoso.com/r" || i.Description != "Guesses passwords" {
				t.Errorf("%+v", i)
			}
		}
	}
}

func TestNoIndicators(t *testing.T) {
	w := filled(t, map[string]string{"vm.json": connections})
	x, err := LoadIndicators(context.Background(), w)
	if err != nil || x.Len() != 0 {
		t.Fatal(x, err)
	}
	if n, err := Connections(context.Background(), w, x); n != 0 || err != nil {
		t.Error(n, err)
	}
}

// Rows that an indicator names get their columns once, those that have some keep them.
func TestConnections(t *testing.T) {
	ctx := context.Background()
	w := filled(t, map[string]string{"vm.json": connections, "feed.json": strings.Replace(threats, `"confidence":90`, `"confidence":10`, 1)})
	x, err := LoadIndicators(ctx, w)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{1, 0} {
		if n, err := Connections(ctx, w, x); n != want || err != nil {
			t.Fatal(n, err)
		}
	}
	var got []string
	err = query(ctx, w, `VMConnection | order by ConnectionId asc | project strcat_delim('|', ConnectionId, MaliciousIp, IndicatorThreatType, Description, TLPLevel, Confidence,
		tostring(Severity), FirstReportedDateTime, LastReportedDateTime, IsActive, ReportReferenceLink, AdditionalInformation)`,
		func(r []any) { got = append(got, str(r[0])) })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1|203.0.113.66|Botnet|Guesses passwords|Green|80|3|2025-03-01T00:00:00Z|2025-03-02T00:00:00Z|true|https://contoso.com/r|feed: indicator--a",
		"2|||||||||||", "3|203.0.113.9||Known to Azure|||2|||||", "4|||||||||||"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestThreatType(t *testing.T) {
	for words, want := range map[string]string{
		"": "WatchList", `["malicious-activity"]`: "WatchList", `["malicious-activity"]["C2","botnet"]`: "C2", `["botnet"]`: "Botnet", "botnet_cc": "C2",
		"Phishing ": "Phishing", `["anonymization"]`: "Proxy", "coinminer": "CryptoMining", "Payload delivery": "Malware", "WatchList": "WatchList", "Adware": "PUA",
	} {
		if got := threatType(words); got != want {
			t.Errorf("%s: %s, want %s", words, got, want)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	var list strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&list, "203.%d.%d.%d\n", i>>14, i>>6&255, i<<2&255)
	}
	w := filled(b, map[string]string{"list.txt": list.String()})
	x, err := LoadIndicators(context.Background(), w)
	if err != nil {
		b.Fatal(err)
	}
	i := uint32(0)
	for b.Loop() {
		i += 2654435761
		x.Match(netip.AddrFrom4([4]byte{203, byte(i >> 28), byte(i >> 8), byte(i)}), 1)
	}
}
