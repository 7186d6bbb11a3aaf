package enrich

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nordlys/internal/scenario"
)

// The queries that Traffic Analytics' users ask find the demo's attacker, in both kinds of flow logs.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and imports the demo case")
	}
	for _, c := range []struct {
		format  scenario.FlowFormat
		queries map[string]string
	}{
		{scenario.FlowVNet, map[string]string{
			// RDP let in from the internet: who, to which machine.
			`NTANetAnalytics | where SubType == "FlowLog" and FlowType == "ExternalPublic" and FlowDirection == "Inbound" and DestPort == 3389 and AllowedInFlows > 0
			| mv-expand ip = split(SrcPublicIps, " ") | summarize Flows = sum(tolong(split(ip, "|")[1])) by Ip = tostring(split(ip, "|")[0]), DestVm, DestSubnet`: "203.0.113.66 rg-prod/web01 rg-prod/vnet-prod/snet-web 59",
			// What leaves the network, by machine.
			`NTANetAnalytics | where FlowType == "ExternalPublic" and FlowDirection == "Outbound" | summarize Bytes = sum(BytesSrcToDest) by SrcVm | top 1 by Bytes | project SrcVm, Bytes > 6000000000`: "rg-prod/db01 true",
			// The way inside.
			`NTANetAnalytics | where FlowType == "IntraVNet" and DestPort == 445 | distinct SrcVm, DestVm, FlowStatus`: "rg-prod/web01 rg-prod/db01 Allowed",
			`NTANetAnalytics | where FlowType startswith "Unknown" | count`:                                            "0",
		}},
		{scenario.FlowNSG, map[string]string{
			`AzureNetworkAnalytics_CL | where SubType_s == "FlowLog" and FlowType_s == "ExternalPublic" and FlowDirection_s == "I" and DestPort_d == 3389 and AllowedInFlows_d > 0
			| mv-expand ip = split(SrcPublicIPs_s, " ") | summarize Flows = sum(tolong(split(ip, "|")[1])) by Ip = tostring(split(ip, "|")[0]), VM2_s, Subnet2_s`: "203.0.113.66 rg-prod/web01 rg-prod/vnet-prod/snet-web 59",
			// Ports that are open to the internet, as the documentation asks.
			`AzureNetworkAnalytics_CL | where SubType_s == "FlowLog" and FlowType_s == "ExternalPublic" and FlowStatus_s == "A" and FlowDirection_s == "I" | summarize by tolong(DestPort_d), L7Protocol_s, NSGRule_s, NSGRuleType_s | order by DestPort_d asc`: "443 https allow-web User Defined\n3389 ms-wbt-server allow-rdp-maintenance User Defined",
		}},
	} {
		dir := t.TempDir()
		if _, err := scenario.Write(context.Background(), dir, scenario.Options{Format: c.format, Sources: []string{"flow"}}); err != nil {
			t.Fatal(err)
		}
		w := imported(t, dir)
		if _, err := Run(t.Context(), w, Options{Now: testNow.Add(-time.Hour)}); err != nil {
			t.Fatal(err)
		}
		for q, want := range c.queries {
			if got := one(t, w, q); got != want {
				t.Errorf("%s: %s\ngives %s\nwant  %s", c.format, q, got, want)
			}
		}
		// Threat intelligence that comes later marks what is there.
		list := filepath.Join(t.TempDir(), "block.json")
		text := `{"type":"indicator","spec_version":"2.1","id":"indicator--0a1b2c3d-0000-4000-8000-000000000001","created":"2026-02-01T00:00:00Z","modified":"2026-02-01T00:00:00Z","indicator_types":["botnet"],"pattern":"[ipv4-addr:value = '203.0.113.66']","pattern_type":"stix","valid_from":"2026-02-01T00:00:00Z"}`
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		importInto(t, w, list)
		if _, err := Run(t.Context(), w, Options{Stale: true, Now: testNow.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		q := `AzureNetworkAnalytics_CL | where SubType_s == 'FlowLog' and FlowType_s == 'MaliciousFlow' and (FASchemaVersion_s == '1' or FASchemaVersion_s == '2') | where AllowedInFlows_d > 0
			| project FlowDirection_s, FlowCount = max_of(AllowedInFlows_d + DeniedInFlows_d, AllowedOutFlows_d + DeniedOutFlows_d), SrcIP_s, DestIP_s, DestPort_d
			| summarize tolong(sum(FlowCount)) by SrcIP_s, DestIP_s`
		if c.format == scenario.FlowVNet {
			q = `NTANetAnalytics | where SubType == "FlowLog" and FlowType == "MaliciousFlow" and AllowedInFlows > 0 | summarize sum(AllowedInFlows) by SrcIp, DestIp`
		}
		if got, want := one(t, w, q), "203.0.113.66 10.10.1.4 59"; got != want {
			t.Errorf("%s: malicious flows: %s, want %s", c.format, got, want)
		}
		if got := one(t, w, `NTAIpDetails | where Ip == "203.0.113.66" | distinct FlowType, ThreatType`); got != "MaliciousFlow Botnet" {
			t.Errorf("%s: NTAIpDetails says %s", c.format, got)
		}
	}
}

// What was imported stays as it is, also where it says the same; days that have not changed are left alone.
func TestImportedRowsStay(t *testing.T) {
	dir := t.TempDir()
	flows := `{"records":[{"time":"2025-08-31T08:01:00Z","flowLogVersion":4,"macAddress":"000D3A000001","category":"FlowLogFlowEvent","flowLogResourceID":"/x","targetResourceID":"/y","flowRecords":{"flows":[{"aclID":"z","flowGroups":[{"rule":"UserRule_a","flowTuples":["1756627200000,203.0.113.1,10.0.0.4,1,443,6,I,B,NX,0,0,0,0"]}]}]}}]}`
	export := `{"TimeGenerated":"2025-08-31T08:00:00Z","SubType":"FlowLog","FlowType":"ExternalPublic","SrcPublicIps":"203.0.113.1|1|1|1|1|1|1","DestIp":"10.0.0.4","Type":"NTANetAnalytics"}`
	for name, text := range map[string]string{"flows.json": flows, "export.json": export} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := imported(t, dir)
	counts := func(when string, want string) {
		t.Helper()
		if got := one(t, w, "NTANetAnalytics | summarize countif(_SourceId == 'derived by nordlys'), countif(_SourceId != 'derived by nordlys')"); got != want {
			t.Errorf("%s: derived and imported rows: %s, want %s", when, got, want)
		}
	}
	counts("before", "0 1")
	for i := range 3 {
		s, err := Run(t.Context(), w, Options{Stale: true, Now: testNow.Add(time.Hour)})
		if err != nil || (s.Days == 1) != (i == 0) {
			t.Errorf("run %d: %+v, %v", i, s, err)
		}
		counts("after", "1 1")
	}
	if s, err := Run(t.Context(), w, Options{Interval: TenMinutes, Now: testNow.Add(2 * time.Hour)}); err != nil || s.Days != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	counts("by ten minutes", "1 1")
	if length, err := usual(t.Context(), w); err != nil || length != TenMinutes {
		t.Errorf("the interval is %v, %v", length, err)
	}
	if _, err := Run(t.Context(), w, Options{Interval: time.Minute}); err == nil {
		t.Error("an interval of a minute is taken")
	}
}
