package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestSprayAndEntry(t *testing.T) {
	w := writeCase(t, Options{Sources: []string{"signin", "noninteractive", "serviceprincipal"}})
	accounts, codes, first, last := map[any]bool{}, map[string]int{}, "", ""
	for _, r := range w.lines["insights-logs-signinlogs"] {
		if !r.is("properties.ipAddress", AttackerAddress) {
			continue
		}
		code, at := r.at("resultType").(string), r.at("time").(string)
		codes[code]++
		if code == "0" {
			if at < last {
				t.Error("the success comes before the last failure")
			}
			if !r.is("properties.authenticationRequirement", "singleFactorAuthentication") || !r.is("properties.userPrincipalName", "ivar.blythe@contoso.com") {
				t.Errorf("the success: %.400s", r.raw)
			}
			continue
		}
		accounts[r.at("properties.userPrincipalName")] = true
		if first == "" {
			first = at
		}
		last = at
	}
	if codes["0"] != 1 || codes["50126"]+codes["50053"] != sprayFailures || codes["50053"] != 3 || len(codes) != 3 {
		t.Errorf("results %v", codes)
	}
	if len(accounts) != sprayAccounts {
		t.Errorf("%d accounts", len(accounts))
	}
	tokens := map[any]bool{}
	for _, r := range w.lines["insights-logs-noninteractiveusersigninlogs"] {
		if r.is("properties.ipAddress", AttackerAddress) {
			tokens[r.at("properties.sessionId")] = true
		}
	}
	for _, r := range w.lines["insights-logs-signinlogs"] {
		if r.is("properties.ipAddress", AttackerAddress) && r.is("resultType", "0") && (!tokens[r.at("properties.sessionId")] || len(tokens) != 1) {
			t.Error("the tokens are not of the session that the sign-in began")
		}
	}
	if first[:16] != "2026-03-10T09:12" || last[:16] != "2026-03-10T09:26" {
		t.Errorf("from %s to %s", first, last)
	}
	from := func(r record) bool { return r.is("properties.ipAddress", AttackerAddress) }
	if n := w.count("insights-logs-noninteractiveusersigninlogs", from); n != 4 {
		t.Errorf("%d non-interactive sign-ins", n)
	}
	if n := w.count("insights-logs-serviceprincipalsigninlogs", func(r record) bool {
		return from(r) && r.is("properties.servicePrincipalName", "contoso-deploy")
	}); n != 3 {
		t.Errorf("%d service principal sign-ins", n)
	}
}

func TestRuleSecretAndKeys(t *testing.T) {
	w := writeCase(t, Options{Sources: []string{"activity", "audit", "keyvault"}})
	stages := map[string][]string{}
	correlations := map[any]bool{}
	for _, r := range w.lines["insights-activity-logs"] {
		if !r.is("callerIpAddress", AttackerAddress) {
			continue
		}
		operation := r.at("operationName").(string)
		stages[operation] = append(stages[operation], r.at("resultType").(string))
		if strings.HasPrefix(operation, "MICROSOFT.NETWORK") || strings.HasPrefix(operation, "MICROSOFT.RESOURCES") {
			correlations[r.at("correlationId")] = true
			if !r.is("identity.authorization.evidence.principalType", "User") || !strings.Contains(r.raw, "ivar.blythe@contoso.com") {
				t.Errorf("caller of %.300s", r.raw)
			}
		}
		if body, ok := r.at("properties.requestbody").(string); ok && (!json.Valid([]byte(body)) || !strings.Contains(body, "3389")) {
			t.Errorf("request body %s", body)
		}
	}
	for operation, want := range map[string]string{
		"MICROSOFT.RESOURCES/DEPLOYMENTS/WRITE":                       "[Start Accept Success]",
		"MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/SECURITYRULES/WRITE": "[Start Accept Success]",
		"MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION":           "[Start Success]",
	} {
		if got := fmt.Sprint(stages[operation]); got != want {
			t.Errorf("%s: %s, want %s", operation, got, want)
		}
	}
	if len(stages) != 3 || len(correlations) != 1 {
		t.Errorf("operations %v, correlation ids %v", slices.Sorted(maps.Keys(stages)), correlations)
	}
	secrets := 0
	for _, r := range w.lines["insights-logs-auditlogs"] {
		if r.is("operationName", secretOperation) {
			secrets++
			property := r.at("properties.targetResources").([]any)[0].(map[string]any)["modifiedProperties"].([]any)[0].(map[string]any)
			var keys []string
			if err := json.Unmarshal([]byte(property["newValue"].(string)), &keys); err != nil || len(keys) != 2 || property["displayName"] != "KeyDescription" {
				t.Errorf("new value %v: %v", property, err)
			}
			if !r.is("properties.initiatedBy.user.ipAddress", AttackerAddress) {
				t.Error("initiated from elsewhere")
			}
		}
	}
	if secrets != 1 {
		t.Errorf("%d new secrets", secrets)
	}
	if n := w.count("insights-logs-auditevent", func(r record) bool { return r.is("callerIpAddress", AttackerAddress) }); n != 4 {
		t.Errorf("%d requests to the vault", n)
	}
}

func TestServersInTheAttack(t *testing.T) {
	w := writeCase(t, Options{Sources: []string{"securityevent", "forwarder", "deviceprocess", "devicenetwork", "devicelogon", "vmconnection", "vmprocess", "vmboundport", "securityalert"}})
	event := func(id int, more ...string) func(record) bool {
		return func(r record) bool {
			for i := 0; i < len(more); i += 2 {
				if !r.is(more[i], more[i+1]) {
					return false
				}
			}
			return r.is("EventID", strconv.Itoa(id))
		}
	}
	const windows, db = "am-securityevent", "forwarder"
	device := func(table string) string { return "insights-logs-advancedhunting-device" + table + "events" }
	for _, c := range []struct {
		what   string
		folder string
		pass   func(record) bool
		want   int
	}{
		{"failed logons", windows, event(4625, "IpAddress", AttackerAddress, "Computer", "web01.contoso.com"), rdpFailures},
		{"failed logons of type 10", windows, event(4625, "IpAddress", AttackerAddress, "LogonType", "10"), rdpFailures / 7},
		{"RDP logon", windows, event(4624, "IpAddress", AttackerAddress, "LogonType", "10", "TargetUserName", guessAccount), 1},
		{"its privileges", windows, event(4672, "SubjectLogonId", "0x4a7e31c"), 1},
		{"its end", windows, event(4634, "TargetLogonId", "0x4a7e31c"), 1},
		{"processes", windows, event(4688, "SubjectUserName", guessAccount), 5},
		{"move", db, event(4624, "IpAddress", "10.10.1.4", "TargetUserName", guessAccount, "LogonType", "3"), 1},
		{"rclone", db, event(4688, "NewProcessName", `C:\ProgramData\Intel\rclone.exe`), 1},
		{"nothing of db01 by the agent", windows, func(r record) bool { return r.is("Computer", "db01.contoso.com") }, 0},
		{"processes in Defender", device("process"), func(r record) bool { return r.is("properties.AccountName", guessAccount) }, 6},
		{"connections to 3389", device("network"), func(r record) bool {
			return r.is("properties.LocalPort", "3389") && r.is("properties.RemoteIP", AttackerAddress)
		}, rdpFailures + 1},
		{"uploads", device("network"), func(r record) bool {
			return r.is("properties.RemoteIP", DropAddress) && r.is("properties.InitiatingProcessFileName", "rclone.exe")
		}, 4},
		{"logons in Defender", device("logon"), func(r record) bool {
			return r.is("properties.AccountName", guessAccount) && r.is("properties.ActionType", "LogonSuccess")
		}, 2},
		{"bound ports", "am-vmboundport", func(r record) bool { return r.is("LinksEstablished", strconv.Itoa(rdpFailures)) }, 1},
		{"processes in the map", "am-vmprocess", func(r record) bool { return r.is("ExecutableName", "powershell") || r.is("ExecutableName", "rclone") }, 2},
		{"alerts", "am-securityalert", func(r record) bool {
			return r.is("AlertSeverity", "High") && strings.Contains(r.at("Entities").(string), AttackerAddress)
		}, 2},
	} {
		if got := w.count(c.folder, c.pass); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
	links, uploaded := 0.0, 0.0
	for _, r := range w.lines["am-vmconnection"] {
		if r.is("RemoteIp", AttackerAddress) && r.is("DestinationPort", "3389") {
			links += r.at("LinksEstablished").(float64)
			if !r.is("MaliciousIp", AttackerAddress) || !r.is("ProcessName", "svchost") || !r.is("Direction", "inbound") {
				t.Fatalf("link %s", r.raw)
			}
		}
		if r.is("RemoteIp", DropAddress) {
			uploaded += r.at("BytesSent").(float64)
		}
	}
	if links != rdpFailures+1 || int64(uploaded) != ExfiltratedBytes {
		t.Errorf("%v links accepted, %v bytes sent", links, uploaded)
	}
	shell := func(folder, id, hash string) (pid any) {
		for _, r := range w.lines[folder] {
			if strings.Contains(r.raw, " -enc ") && (r.is("EventID", "4688") && r.is("Process", "powershell.exe") || r.is("properties.FileName", "powershell.exe")) {
				return r.at(id)
			}
		}
		return nil
	}
	if a, b := shell(windows, "NewProcessId", ""), shell(device("process"), "properties.ProcessId", ""); fmt.Sprint(a) != "0x1a2c" || fmt.Sprint(b) != "6700" {
		t.Errorf("PowerShell is %v in one source and %v in the other", a, b)
	}
}

// decoded is a flow tuple in terms that both formats share.
type decoded struct {
	mac, ends, direction, state string
	second                      int64
	sent, received              int64
}

// decode reads a tuple of either format.
func decode(t *testing.T, mac, s string) decoded {
	t.Helper()
	f := strings.Split(s, ",")
	if len(f) != 13 {
		t.Fatalf("%d fields in %s", len(f), s)
	}
	number := func(s string) int64 {
		if s == "" {
			return 0
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	d := decoded{mac: mac, ends: strings.Join(f[1:5], ","), direction: f[6], second: number(f[0]), sent: number(f[10]), received: number(f[12])}
	counters := strings.Join(f[9:], ",")
	if f[8] == "NX" {
		d.second /= 1000
		d.state = f[7]
		if (d.state == "B" || d.state == "D") && counters != "0,0,0,0" {
			t.Errorf("counters of %s", s)
		}
		return d
	}
	d.state = f[8]
	if f[7] == "D" {
		d.state = "D"
	}
	if (d.state == "B" || d.state == "D") && counters != ",,," {
		t.Errorf("counters of %s", s)
	}
	return d
}

func TestFlows(t *testing.T) {
	formats := map[FlowFormat][]decoded{}
	for _, format := range []FlowFormat{FlowVNet, FlowNSG} {
		w := writeCase(t, Options{Format: format, Sources: []string{flowSource}})
		for _, r := range w.flows {
			if strings.Contains(r.raw, "esourceI") && !strings.Contains(r.raw, `"/SUBSCRIPTIONS/`) {
				t.Fatalf("resource id: %.300s", r.raw)
			}
			for _, s := range r.tuples {
				formats[format] = append(formats[format], decode(t, r.mac, s))
			}
		}
	}
	a, b := formats[FlowVNet], formats[FlowNSG]
	order := func(x, y decoded) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) }
	slices.SortFunc(a, order)
	slices.SortFunc(b, order)
	if !slices.Equal(a, b) {
		t.Errorf("%d tuples in one format and %d in the other, not the same", len(a), len(b))
	}
	uploaded, largest := int64(0), int64(0)
	states, moves := map[string]int{}, 0
	for _, d := range a {
		if strings.Contains(d.ends, ","+DropAddress+",") {
			uploaded += d.sent
			largest = max(largest, d.sent)
			if d.direction != "O" {
				t.Errorf("upload %v", d)
			}
		}
		if strings.HasPrefix(d.ends, AttackerAddress+",10.10.1.4,") && strings.HasSuffix(d.ends, ",3389") {
			states[d.state]++
		}
		if strings.HasPrefix(d.ends, "10.10.1.4,10.10.2.4,") && strings.HasSuffix(d.ends, ",445") && d.state == "B" {
			moves++
		}
	}
	if uploaded != ExfiltratedBytes || largest > ExfiltratedBytes/30 {
		t.Errorf("%d bytes uploaded, at most %d in a tuple", uploaded, largest)
	}
	if states["D"] != deniedProbes || states["B"] != rdpFailures+1 || states["E"] != rdpFailures+1 || states["C"] < 20 {
		t.Errorf("RDP tuples %v", states)
	}
	if moves != 2 {
		t.Errorf("the move is seen at %d cards, want both", moves)
	}
}

func TestStepsAreInOrder(t *testing.T) {
	w := writeCase(t, Options{Sources: []string{"securityalert"}})
	names := map[string]bool{}
	for i, s := range w.summary.Steps {
		if names[s.Name] || s.Last.Before(s.First) || s.First.Before(w.summary.Start) || s.Last.After(w.summary.End) {
			t.Errorf("step %+v", s)
		}
		if i > 0 && s.First.Before(w.summary.Steps[i-1].First) {
			t.Errorf("step %s is out of order", s.Name)
		}
		names[s.Name] = true
	}
	if len(names) < 15 || w.summary.Attacker != AttackerAddress {
		t.Errorf("%d steps by %s", len(names), w.summary.Attacker)
	}
}
