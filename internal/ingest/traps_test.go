package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nordlys/internal/ingest/rows"
)

// evidence is files by name, read in the order of their names.
type evidence map[string]string

// imported reads evidence into memory.
func imported(t *testing.T, files evidence, opts Options) (*memory, *Receipt) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := newMemory(t)
	opts.Columns = m.columns
	r, err := Import(context.Background(), []string{dir}, m, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m, r
}

func value(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case json.RawMessage:
		return string(v)
	}
	return fmt.Sprint(v)
}

func oslo(t *testing.T) *time.Location {
	t.Helper()
	l, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func signIn(more string) string {
	return `{"time":"2026-03-10T09:14:05Z","resourceId":"/tenants/00000000-0000-4000-8000-000000000001/providers/Microsoft.aadiam","operationName":"Sign-in activity","category":"SignInLogs","tenantId":"00000000-0000-4000-8000-000000000001",` + more + `}`
}

func operation(id, more string) string {
	return `{"time":"2026-03-10T09:14:05.1234567Z","resourceId":"/SUBSCRIPTIONS/00000000-0000-4000-8000-0000000000AA/RESOURCEGROUPS/RG-WEB/PROVIDERS/MICROSOFT.COMPUTE/VIRTUALMACHINES/WEB01","operationName":"MICROSOFT.COMPUTE/VIRTUALMACHINES/START/ACTION","category":"Administrative","correlationId":"` + id + `","level":"Information",` + more + `}`
}

func audited(more string) string {
	return `{"Id":"00000000-0000-4000-8000-0000000000c1","RecordType":2,"CreationTime":"2026-03-10T09:14:05","Operation":"New-InboxRule","Workload":"Exchange","UserId":"ada@contoso.com","UserKey":"k","UserType":0,"OrganizationId":"00000000-0000-4000-8000-000000000001","ResultStatus":"True",` + more + `}`
}

const vnetRecord = `{"records":[{"time":"2026-03-10T09:14:05Z","flowLogVersion":4,"flowLogGUID":"6b1d7e90-0c6f-4c5b-9d4f-3a8e21b6c001","macAddress":"000D3A000001","category":"FlowLogFlowEvent","flowLogResourceID":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/N/FLOWLOGS/F","targetResourceID":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v","operationName":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"a43a8170-2b9b-4f0f-a19e-11cacfcaa501","flowGroups":[{"rule":"DefaultRule_DenyAllInBound","flowTuples":[§]}]}]}}]}`

const nsgRecord = `{"records":[{"time":"2026-03-10T09:14:05Z","systemId":"6b1d7e90-0c6f-4c5b-9d4f-3a8e21b6c001","macAddress":"000D3A000001","category":"NetworkSecurityGroupFlowEvent","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/NSG","operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":2,"flows":[{"rule":"UserRule_rdp","flows":[{"mac":"000D3A000001","flowTuples":[§]}]}]}}]}`

// The details on which readers of Azure's logs have come to grief, one case each: times, types that drift, letter case,
// duplicates, addresses, counters, blobs, JSON in texts. (Sign-in codes that are no failures: package workspace, SignInInterrupted;
// what Traffic Analytics makes of ports and lists: package enrich.)
func TestTraps(t *testing.T) {
	mdy := rows.MonthFirst
	guid := func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }
	windows := func(more string) string {
		return `{"EventID":4624,"Channel":"Security","Hostname":"web01.contoso.com","SourceName":"Microsoft-Windows-Security-Auditing","RecordNumber":7,` + more + `}`
	}
	for _, c := range []struct {
		name  string
		files evidence
		opts  Options
		table string
		rows  int               // of that table
		want  map[string]string // of its last row
		says  string            // in an error, a first reason or a note of the receipt
	}{
		// 1. Time.
		{name: "seven digits", files: evidence{"a.json": signIn(`"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05.1234567Z"}`)}, table: "SigninLogs", rows: 1, want: map[string]string{"TimeGenerated": "2026-03-10T09:12:05.1234567Z"}},
		{name: "nine digits", files: evidence{"a.json": signIn(`"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05.123456789Z"}`)}, table: "SigninLogs", rows: 1, want: map[string]string{"TimeGenerated": "2026-03-10T09:12:05.1234567Z"}},
		{name: "no Z in Microsoft 365 is UTC", files: evidence{"a.json": audited(`"ObjectId":"x"`)}, opts: Options{Timezone: oslo(t)}, table: "OfficeActivity", rows: 1, want: map[string]string{"TimeGenerated": "2026-03-10T09:14:05.0000000Z"}},
		{name: "AM and PM", files: evidence{"a.json": `{"time":"8/22/2022 6:11:52 PM","category":"RiskyUsers","tenantId":"t","properties":{"id":"1","userPrincipalName":"ada@contoso.com","riskState":"atRisk"}}`}, table: "AADRiskyUsers", rows: 1, want: map[string]string{"TimeGenerated": "2022-08-22T18:11:52.0000000Z"}},
		{name: "one-digit hour", files: evidence{"a.json": `{"time":"8/22/2022 6:11:52 PM","category":"RiskyUsers","tenantId":"t","properties":{"id":"1","riskState":"atRisk","riskLastUpdatedDateTime":"2022-09-09T9:59:27.958Z"}}`}, table: "AADRiskyUsers", rows: 1, want: map[string]string{"TimeGenerated": "2022-09-09T09:59:27.9580000Z"}},
		{name: "offset behind a space", files: evidence{"a.json": `{"records":[{"EventTimeString":"11/3/2020 9:06:42 AM +00:00","category":"OperationalLogs","resourceId":"/SUBSCRIPTIONS/00000000-0000-4000-8000-0000000000AA/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.EVENTHUB/NAMESPACES/N","EventName":"Create EventHub","Status":"Succeeded","ActivityId":"a"}]}`}, table: "AzureDiagnostics", rows: 1, want: map[string]string{"TimeGenerated": "2020-11-03T09:06:42.0000000Z"}},
		{name: "no zone", files: evidence{"a.json": windows(`"EventTime":"2020-09-22 04:37:45"`)}, table: "SecurityEvent", rows: 1, want: map[string]string{"TimeGenerated": "2020-09-22T04:37:45.0000000Z"}},
		{name: "no zone, and one is named", files: evidence{"a.json": windows(`"EventTime":"2020-09-22 04:37:45"`)}, opts: Options{Timezone: oslo(t)}, table: "SecurityEvent", rows: 1, want: map[string]string{"TimeGenerated": "2020-09-22T02:37:45.0000000Z"}},
		{name: "trailing space", files: evidence{"a.json": signIn(`"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05Z "}`)}, table: "SigninLogs", rows: 1, want: map[string]string{"TimeGenerated": "2026-03-10T09:12:05.0000000Z"}},
		{name: "seconds in NSG flow logs", files: evidence{"a.json": strings.Replace(nsgRecord, "§", `"1773134045,203.0.113.66,10.0.0.4,40000,3389,T,I,A,B,,,,"`, 1)}, table: "FlowTuples_CL", rows: 1, want: map[string]string{"TimeGenerated": "2026-03-10T09:14:05.0000000Z"}},
		{name: "milliseconds in virtual network flow logs", files: evidence{"a.json": strings.Replace(vnetRecord, "§", `"1773134045123,203.0.113.66,10.0.0.4,40000,3389,6,I,B,NX,0,0,0,0"`, 1)}, table: "FlowTuples_CL", rows: 1, want: map[string]string{"TimeGenerated": "2026-03-10T09:14:05.1230000Z"}},
		{name: "the zone in a column's name", files: evidence{"a.csv": "\"TimeGenerated [UTC]\",Computer,EventID,Type\n\"7/18/2025, 12:26:46.737 PM\",web01,4624,SecurityEvent\n"}, table: "SecurityEvent", rows: 1, want: map[string]string{"TimeGenerated": "2025-07-18T12:26:46.7370000Z"}},
		{name: "local time without a zone", files: evidence{"a.csv": "\"TimeGenerated [Local Time]\",Computer,EventID,Type\n\"7/18/2025, 12:26:46.737 PM\",web01,4624,SecurityEvent\n"}, table: "SecurityEvent", says: "--timezone"},
		{name: "local time with a zone", files: evidence{"a.csv": "\"TimeGenerated [Local Time]\",Computer,EventID,Type\n\"7/18/2025, 12:26:46.737 PM\",web01,4624,SecurityEvent\n"}, opts: Options{Timezone: oslo(t)}, table: "SecurityEvent", rows: 1, want: map[string]string{"TimeGenerated": "2025-07-18T10:26:46.7370000Z"}},
		{name: "day first, as one value tells", files: evidence{"a.csv": "TimeGenerated [UTC],Computer,EventID,Type\n\"03/04/2025, 08:49:37.587\",web01,4624,SecurityEvent\n\"19/12/2024, 08:49:37.587\",web01,4625,SecurityEvent\n"}, table: "SecurityEvent", rows: 2, want: map[string]string{"TimeGenerated": "2024-12-19T08:49:37.5870000Z"}},
		{name: "a date that can be either", files: evidence{"a.csv": "TimeGenerated [UTC],Computer,EventID,Type\n\"03/04/2025, 08:49:37.587\",web01,4624,SecurityEvent\n"}, table: "SecurityEvent", says: "--date-order"},
		{name: "a date that can be either, and the user says", files: evidence{"a.csv": "TimeGenerated [UTC],Computer,EventID,Type\n\"03/04/2025, 08:49:37.587\",web01,4624,SecurityEvent\n"}, opts: Options{DateOrder: &mdy}, table: "SecurityEvent", rows: 1, want: map[string]string{"TimeGenerated": "2025-03-04T08:49:37.5870000Z"}},
		// 2. Types that drift.
		{name: "level as a number, duration as a text, result as a number", files: evidence{"a.json": signIn(`"Level":4,"durationMs":"12","resultType":50126,"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05Z","autonomousSystemNumber":64500}`)}, table: "SigninLogs", rows: 1, want: map[string]string{"Level": "4", "DurationMs": "12", "ResultType": "50126", "AutonomousSystemNumber": "64500"}},
		{name: "level as a word, duration as a number, result as a text", files: evidence{"a.json": signIn(`"level":"Informational","durationMs":12,"resultType":"50126","properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05Z","autonomousSystemNumber":"64500"}`)}, table: "SigninLogs", rows: 1, want: map[string]string{"Level": "Informational", "DurationMs": "12", "ResultType": "50126", "AutonomousSystemNumber": "64500"}},
		{name: "numbers as texts in Graph activity", files: evidence{"a.json": `{"time":"2026-03-10T09:14:05Z","category":"MicrosoftGraphActivityLogs","tenantId":"t","properties":{"requestId":"r","clientAuthMethod":"1","durationMs":"77","timeGenerated":"2026-03-10T09:14:05Z"}}`}, table: "MicrosoftGraphActivityLogs", rows: 1, want: map[string]string{"ClientAuthMethod": "1", "DurationMs": "77"}},
		{name: "an event id as a text", files: evidence{"a.json": strings.Replace(windows(`"EventTime":"2020-09-22 04:37:45"`), "4624", `"4624"`, 1)}, table: "SecurityEvent", rows: 1, want: map[string]string{"EventID": "4624"}},
		{name: "properties as a text", files: evidence{"a.json": operation(guid(1), `"resultType":"Success","resultSignature":"Succeeded.","properties":"{\"eventCategory\":\"Administrative\",\"statusCode\":\"OK\"}"`)}, table: "AzureActivity", rows: 1, want: map[string]string{"CategoryValue": "Administrative"}},
		{name: "properties as pseudo JSON", files: evidence{"a.json": `{"time":"2026-03-10T09:14:05Z","category":"FunctionAppLogs","resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.WEB/SITES/F","operationName":"Microsoft.Web/sites/functions/log","level":"Informational","properties":"{'appName':'f','message':'it''s'}"}`}, table: "AzureDiagnostics", rows: 1, want: map[string]string{"Category": "FunctionAppLogs"}},
		{name: "additional information as a text of JSON", files: evidence{"a.json": `{"time":"8/22/2022 6:11:52 PM","category":"UserRiskEvents","tenantId":"t","properties":{"id":"1","riskState":"atRisk","additionalInfo":"[{\"Key\":\"userAgent\",\"Value\":\"curl\"}]"}}`}, table: "AADUserRiskEvents", rows: 1, want: map[string]string{"AdditionalInfo": `[{"Key":"userAgent","Value":"curl"}]`}},
		{name: "additional information as a list", files: evidence{"a.json": `{"time":"8/22/2022 6:11:52 PM","category":"UserRiskEvents","tenantId":"t","properties":{"id":"1","riskState":"atRisk","additionalInfo":[{"Key":"userAgent","Value":"curl"}]}}`}, table: "AADUserRiskEvents", rows: 1, want: map[string]string{"AdditionalInfo": `[{"Key":"userAgent","Value":"curl"}]`}},
		{name: "parameters as a list", files: evidence{"a.json": audited(`"Parameters":[{"Name":"Name","Value":"x"}]`)}, table: "OfficeActivity", rows: 1, want: map[string]string{"Parameters": `[{"Name":"Name","Value":"x"}]`}},
		{name: "parameters as a text", files: evidence{"a.json": audited(`"Parameters":"-Name x"`)}, table: "OfficeActivity", rows: 1, want: map[string]string{"Parameters": "-Name x"}},
		// 3. Letter case.
		{name: "resource ids in any case", files: evidence{"a.json": operation(guid(1), `"resultType":"Success","resultSignature":"Succeeded."`)}, table: "AzureActivity", rows: 1, want: map[string]string{"_ResourceId": "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourcegroups/rg-web/providers/microsoft.compute/virtualmachines/web01", "ResourceGroup": "RG-WEB"}},
		{name: "tenants in any case", files: evidence{"a.json": strings.Replace(signIn(`"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05Z"}`), "/tenants/", "/TeNaNtS/", 1)}, table: "SigninLogs", rows: 1},
		// 4. Status in three spellings: one event.
		{name: "Success and Succeeded", files: evidence{"a.json": operation(guid(1), `"resultType":"Success","resultSignature":"Succeeded."`), "b.json": `{"value":[{"eventTimestamp":"2026-03-10T09:14:05.1234567Z","correlationId":"` + guid(1) + `","operationName":{"value":"Microsoft.Compute/virtualMachines/start/action","localizedValue":"Start Virtual Machine"},"status":{"value":"Succeeded","localizedValue":"Succeeded"},"category":{"value":"Administrative"},"level":"Informational","resourceId":"/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/web01","eventDataId":"` + guid(9) + `"}]}`}, table: "AzureActivity", rows: 1},
		// 5. Duplicates, and what only looks like them.
		{name: "records of Microsoft 365 come again", files: evidence{"a.json": audited(`"ObjectId":"x"`), "b.json": "[" + audited(`"ObjectId":"x"`) + "]"}, table: "OfficeActivity", rows: 1},
		{name: "a blob that is written anew", files: evidence{"a.json": signIn(`"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05Z"}`) + "\n", "b.json": signIn(`"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05Z"}`) + "\n" + signIn(`"properties":{"id":"2","createdDateTime":"2026-03-10T09:12:05Z"}`) + "\n"}, table: "SigninLogs", rows: 2},
		{name: "tuples come again", files: evidence{"a.json": strings.Replace(vnetRecord, "§", `"1773134045123,203.0.113.66,10.0.0.4,40000,3389,6,I,B,NX,0,0,0,0","1773134045123,203.0.113.66,10.0.0.4,40000,3389,6,I,B,NX,0,0,0,0"`, 1)}, table: "FlowTuples_CL", rows: 1},
		{name: "start, accept and success are three events", files: evidence{"a.json": operation(guid(1), `"resultType":"Start"`) + "\n" + operation(guid(1), `"resultType":"Accept"`) + "\n" + operation(guid(1), `"resultType":"Success"`)}, table: "AzureActivity", rows: 3},
		{name: "both ends of a connection are two", files: evidence{"a.json": `{"TimeGenerated":"2026-03-10T09:14:05Z","Computer":"web01","Direction":"inbound","SourceIp":"10.0.0.5","DestinationIp":"10.0.0.4","DestinationPort":443,"Type":"VMConnection"}` + "\n" + `{"TimeGenerated":"2026-03-10T09:14:05Z","Computer":"app01","Direction":"outbound","SourceIp":"10.0.0.5","DestinationIp":"10.0.0.4","DestinationPort":443,"Type":"VMConnection"}`}, table: "VMConnection", rows: 2},
		{name: "a flow at the interface and at the subnet is two", files: evidence{"a.json": strings.Replace(nsgRecord, "§", `"1773134045,203.0.113.66,10.0.0.4,40000,3389,T,I,A,B,,,,"`, 1), "b.json": strings.Replace(strings.ReplaceAll(nsgRecord, "NETWORKSECURITYGROUPS/NSG", "NETWORKSECURITYGROUPS/SUBNET"), "§", `"1773134045,203.0.113.66,10.0.0.4,40000,3389,T,I,A,B,,,,"`, 1)}, table: "FlowTuples_CL", rows: 2},
		// 6. Addresses.
		{name: "address and port", files: evidence{"a.json": audited(`"ClientIP":"203.0.113.66:8085"`)}, table: "OfficeActivity", rows: 1, want: map[string]string{"ClientIP": "203.0.113.66:8085", "Client_IPAddress": "203.0.113.66"}},
		{name: "IPv6 and port", files: evidence{"a.json": audited(`"ClientIP":"[2001:db8::1]:443"`)}, table: "OfficeActivity", rows: 1, want: map[string]string{"Client_IPAddress": "2001:db8::1"}},
		{name: "no address", files: evidence{"a.json": audited(`"ClientIP":""`)}, table: "OfficeActivity", rows: 1, want: map[string]string{"Client_IPAddress": "null"}},
		{name: "IPv4 in IPv6 of Windows", files: evidence{"a.json": windows(`"EventTime":"2020-09-22 04:37:45","IpAddress":"::ffff:203.0.113.66","WorkstationName":"-"`)}, table: "SecurityEvent", rows: 1, want: map[string]string{"IpAddress": "::ffff:203.0.113.66", "WorkstationName": "-"}},
		// 7. Counters.
		{name: "blank counters are null", files: evidence{"a.json": strings.Replace(nsgRecord, "§", `"1773134045,203.0.113.66,10.0.0.4,40000,3389,T,I,A,B,,,,"`, 1)}, table: "FlowTuples_CL", rows: 1, want: map[string]string{"BytesSrcToDest": "null", "PacketsDestToSrc": "null", "Protocol": "6", "ProtocolName": "TCP", "Decision": "Allow"}},
		{name: "denied is a state of version 4", files: evidence{"a.json": strings.Replace(vnetRecord, "§", `"1773134045123,203.0.113.66,10.0.0.4,40000,3389,17,I,D,NX,0,0,0,0"`, 1)}, table: "FlowTuples_CL", rows: 1, want: map[string]string{"Decision": "Deny", "State": "Deny", "BytesSrcToDest": "0", "ProtocolName": "UDP"}},
		// 8. Blobs.
		{name: "the path's hour is not the event's", files: evidence{"insights-logs-signinlogs/tenantId=t/y=2026/m=03/d=11/h=23/m=00/PT1H.json": signIn(`"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05Z"}`)}, table: "SigninLogs", rows: 1, want: map[string]string{"TimeGenerated": "2026-03-10T09:12:05.0000000Z"}},
		{name: "Entra's and Intune's audit share a container", files: evidence{"insights-logs-auditlogs/PT1H.json": `{"time":"2026-03-10T09:14:05Z","category":"AuditLogs","operationName":"Update device","identity":"ada@contoso.com","properties":{"ActivityDate":"2026-03-10T09:14:05Z","ActivityResultStatus":1,"ActivityType":0,"Actor":{"UPN":"ada@contoso.com"},"AuditEventId":"` + guid(5) + `","Category":1,"TargetDisplayNames":["d"],"TargetObjectIds":["o"]}}` + "\n" + `{"time":"2026-03-10T09:14:05Z","resourceId":"/tenants/t/providers/Microsoft.aadiam","category":"AuditLogs","operationName":"Add user","properties":{"id":"2","activityDateTime":"2026-03-10T09:14:05Z","activityDisplayName":"Add user","category":"UserManagement"}}`}, table: "IntuneAuditLogs", rows: 1},
		{name: "a blob that is cut off", files: evidence{"PT1H.json": strings.TrimSuffix(strings.Replace(nsgRecord, "§", `"1773134045,203.0.113.66,10.0.0.4,40000,3389,T,I,A,B,,,,"`, 1), "]}")}, table: "FlowTuples_CL", rows: 1, says: "the document is not closed"},
		// 9. JSON in texts, names, headers, marks, large numbers.
		{name: "a dash and a trailing space in a name", files: evidence{"a.json": `{"time":"2026-03-10T09:14:05Z","resourceId":"/tenants/t/providers/Microsoft.aadiam","category":"AuditLogs","operationName":"Update application – Certificates and secrets management ","properties":{"id":"2","activityDateTime":"2026-03-10T09:14:05Z","activityDisplayName":"Update application – Certificates and secrets management ","category":"ApplicationManagement","targetResources":[{"modifiedProperties":[{"displayName":"KeyDescription","oldValue":"[]","newValue":"\"[\\\"k\\\"]\""}]}]}}`}, table: "AuditLogs", rows: 1, want: map[string]string{"OperationName": "Update application – Certificates and secrets management ", "TargetResources": `[{"modifiedProperties":[{"displayName":"KeyDescription","oldValue":"[]","newValue":"\"[\\\"k\\\"]\""}]}]`}},
		{name: "headers that come twice", files: evidence{"a.csv": "TimeGenerated [UTC],Computer,EventID,Account,Account,Type\n2025-12-19T08:49:37Z,web01,4624,first,second,SecurityEvent\n"}, table: "SecurityEvent", rows: 1, want: map[string]string{"Account": "first"}},
		{name: "a byte order mark", files: evidence{"a.json": "\ufeff" + signIn(`"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05Z"}`)}, table: "SigninLogs", rows: 1},
		{name: "keywords beyond 53 bits", files: evidence{"a.json": windows(`"EventTime":"2020-09-22 04:37:45","Keywords":-9214364837600034815`)}, table: "SecurityEvent", rows: 1, want: map[string]string{"Keywords": "0x8020000000000001"}},
		{name: "large numbers", files: evidence{"a.json": `{"TimeGenerated":"2026-03-10T09:14:05Z","DeviceName":"pc1","ReportId":9007199254740993,"ProcessUniqueId":"9223372036854775807","InitiatingProcessFileSize":9007199254740993,"Type":"DeviceProcessEvents"}`}, table: "DeviceProcessEvents", rows: 1, want: map[string]string{"ReportId": "9007199254740993", "InitiatingProcessFileSize": "9007199254740993"}},
		{name: "cells that a spreadsheet spoilt", files: evidence{"a.csv": "TimeGenerated [UTC],Computer,EventID,Account,Type\n2025-12-19T08:49:37Z,web01,4624,#NAME?,SecurityEvent\n"}, table: "SecurityEvent", rows: 1, want: map[string]string{"Account": "null"}, says: "spreadsheet"},
		// 10. TenantId is the workspace.
		{name: "the tenant of Entra is no TenantId", files: evidence{"a.json": signIn(`"properties":{"id":"1","createdDateTime":"2026-03-10T09:12:05Z"}`)}, table: "SigninLogs", rows: 1, want: map[string]string{"AADTenantId": guid(1), "TenantId": "null"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, r := imported(t, c.files, c.opts)
			got := m.rows[c.table]
			if len(got) != c.rows {
				var tables []string
				for name := range m.rows {
					tables = append(tables, fmt.Sprint(name, " ", len(m.rows[name])))
				}
				t.Fatalf("%d rows of %s, want %d (there are %v)\n%+v", len(got), c.table, c.rows, tables, r.Files)
			}
			for name, want := range c.want {
				if v := value(got[len(got)-1][name]); v != want {
					t.Errorf("%s is %q, want %q", name, v, want)
				}
			}
			said := ""
			for _, f := range r.Files {
				said += f.Error + " " + f.FirstReason + " " + f.Note + " "
			}
			if !strings.Contains(said, c.says) || c.says == "" && r.Rejected > 0 {
				t.Errorf("the receipt says %q, want %q", said, c.says)
			}
		})
	}
}
