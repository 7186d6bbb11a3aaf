package enrich

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// randomFlows writes n tuples of both kinds of flow logs, over few addresses, ports and interfaces.
func randomFlows(t testing.TB, dir string, n int, r *rand.Rand) {
	t.Helper()
	address := func() string {
		switch r.IntN(6) {
		case 0:
			return fmt.Sprintf("10.1.%d.%d", r.IntN(3), r.IntN(20))
		case 1:
			return fmt.Sprintf("172.16.0.%d", r.IntN(5))
		case 2:
			return "168.63.129.16"
		case 3:
			return fmt.Sprintf("2001:db8::%x", r.IntN(9))
		}
		return fmt.Sprintf("203.0.113.%d", r.IntN(250))
	}
	const sub = "/subscriptions/0a1b2c3d-1111-4111-8111-000000000001/resourceGroups/rg/providers/Microsoft.Network/"
	counters := func() string {
		if r.IntN(3) == 0 {
			return ",,,,"
		}
		return fmt.Sprintf(",%d,%d,%d,%d", r.IntN(1000), r.IntN(1_000_000), r.IntN(1000), r.IntN(1_000_000))
	}
	var vnet, nsg []string
	for i := range n {
		at := int64(1_756_600_000_000) + r.Int64N(40*3600*1000) // across two days
		ends := fmt.Sprintf("%s,%s,%d,%d", address(), address(), i%60000, []int{22, 443, 3389, 0, 53}[r.IntN(5)])
		direction := []string{"I", "O"}[r.IntN(2)]
		if i%2 == 0 {
			vnet = append(vnet, fmt.Sprintf("%d,%s,%d,%s,%s,NX%s", at, ends, []int{6, 17, 1}[r.IntN(3)], direction, []string{"B", "C", "E", "D"}[r.IntN(4)], counters()))
			continue
		}
		decision, state := "A", []string{"B", "C", "E"}[r.IntN(3)]
		if r.IntN(4) == 0 {
			decision, state = "D", "B"
		}
		nsg = append(nsg, fmt.Sprintf("%d,%s,%s,%s,%s,%s%s", at/1000, ends, []string{"T", "U"}[r.IntN(2)], direction, decision, state, counters()))
	}
	text := func(v any) []byte {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	type m = map[string]any
	records := []any{
		m{"time": "2025-08-31T08:01:00Z", "flowLogVersion": 4, "macAddress": "000D3A000001", "category": "FlowLogFlowEvent", "flowLogResourceID": sub + "networkWatchers/w/flowLogs/f", "targetResourceID": sub + "virtualNetworks/v",
			"flowRecords": m{"flows": []any{m{"aclID": sub + "networkSecurityGroups/n", "flowGroups": []any{m{"rule": "UserRule_x", "flowTuples": vnet}}}}}},
		m{"time": "2025-08-31T08:01:00Z", "macAddress": "000D3A000001", "category": "NetworkSecurityGroupFlowEvent", "resourceId": sub + "networkSecurityGroups/n",
			"properties": m{"Version": 2, "flows": []any{m{"rule": "DefaultRule_y", "flows": []any{m{"mac": "000D3A000001", "flowTuples": nsg}}}}}},
	}
	if err := os.WriteFile(filepath.Join(dir, "flows.json"), text(m{"records": records}), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Nothing is lost and nothing counted twice: packets, bytes and flows of the rows made are those of the tuples, in all and
// in the lists of public addresses.
func TestTotals(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 7))
		dir := t.TempDir()
		randomFlows(t, dir, 4000, r)
		w := imported(t, dir)
		for _, interval := range []Options{{}, {Interval: TenMinutes}, {Interval: Hour, room: 50}} {
			s, err := Run(t.Context(), w, interval)
			if err != nil {
				t.Fatal(err)
			}
			if got := one(t, w, "FlowTuples_CL | count"); got != fmt.Sprint(s.Tuples) {
				t.Errorf("%d tuples in the summary, %s in the table", s.Tuples, got)
			}
			const tuples = `FlowTuples_CL | where %s | summarize sum(PacketsSrcToDest), sum(BytesSrcToDest), sum(PacketsDestToSrc), sum(BytesDestToSrc),
				countif(State == 'End'), countif(Direction == 'Inbound' and Decision == 'Allow' and State == 'Begin'), countif(Direction == 'Inbound' and Decision == 'Deny'),
				countif(Direction == 'Outbound' and Decision == 'Allow' and State == 'Begin'), countif(Direction == 'Outbound' and Decision == 'Deny')`
			for _, c := range []struct{ which, sums, lists string }{
				{"FlowLogVersion == 4", `NTANetAnalytics | summarize sum(PacketsSrcToDest), sum(BytesSrcToDest), sum(PacketsDestToSrc), sum(BytesDestToSrc), sum(CompletedFlows), sum(AllowedInFlows), sum(DeniedInFlows), sum(AllowedOutFlows), sum(DeniedOutFlows)`,
					`NTANetAnalytics | extend l = strcat(SrcPublicIps, DestPublicIps) | where isnotempty(l) | mv-expand e = split(l, ' ') | extend p = split(e, '|')
					| summarize a = sum(tolong(p[1])), b = sum(tolong(p[2])), c = sum(tolong(p[3])), d = sum(tolong(p[4])), e = sum(tolong(p[5])), f = sum(tolong(p[6]))
					| extend k = 1 | join kind=inner (NTANetAnalytics | where isnotempty(strcat(SrcPublicIps, DestPublicIps)) | summarize a1 = sum(AllowedInFlows + DeniedInFlows + AllowedOutFlows + DeniedOutFlows), b1 = sum(CompletedFlows), c1 = sum(PacketsSrcToDest), d1 = sum(PacketsDestToSrc), e1 = sum(BytesSrcToDest), f1 = sum(BytesDestToSrc) | extend k = 1) on k
					| project a == a1 and b == b1 and c == c1 and d == d1 and e == e1 and f == f1 and a > 0`},
				{"FlowLogVersion == 2", `AzureNetworkAnalytics_CL | summarize tolong(sum(OutboundPackets_d)), tolong(sum(OutboundBytes_d)), tolong(sum(InboundPackets_d)), tolong(sum(InboundBytes_d)), tolong(sum(CompletedFlows_d)), tolong(sum(AllowedInFlows_d)), tolong(sum(DeniedInFlows_d)), tolong(sum(AllowedOutFlows_d)), tolong(sum(DeniedOutFlows_d))`, ""},
			} {
				want, got := one(t, w, fmt.Sprintf(tuples, c.which)), one(t, w, c.sums)
				if want != got {
					t.Errorf("seed %d, %v: tuples %s, rows %s", seed, interval.Interval, want, got)
				}
				if c.lists != "" && one(t, w, c.lists) != "true" {
					t.Errorf("seed %d: the lists do not add up to their rows", seed)
				}
			}
			if got := one(t, w, "union NTANetAnalytics, AzureNetworkAnalytics_CL | summarize count(), dcount(_ItemId, 4) | project count_ == dcount__ItemId"); got != "true" {
				t.Errorf("two rows have one identity")
			}
		}
	}
}

// A list that does not fit into a column is told in several rows.
func TestLongLists(t *testing.T) {
	entries := make([]entry, 3000)
	for i := range entries {
		entries[i] = entry{a: address(fmt.Sprintf("198.51.%d.%d", i/250, i%250)), counts: counts{flows: 1}}
	}
	n := 0
	for rest := entries; len(rest) > 0; {
		list, took := listOf(rest)
		if took == 0 || len(list) > maxList {
			t.Fatalf("%d entries in %d bytes", took, len(list))
		}
		n++
		rest = rest[took:]
	}
	if n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}

// nowhere is a sink that keeps nothing.
type nowhere struct{}

func (nowhere) Append(context.Context, string, arrow.RecordBatch) error { return nil }
