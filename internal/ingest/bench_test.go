package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/tools/txtar"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
)

// discard is a Sink that takes everything and keeps nothing.
type discard struct{}

func (discard) Append(_ context.Context, _ string, rec arrow.RecordBatch) (accepted, merged int64, err error) {
	return rec.NumRows(), 0, nil
}
func (discard) Flush(context.Context) error { return nil }

// signIns writes n sign-in records as JSON Lines, of the shape and size of recent ones.
func signIns(n int) []byte {
	var b bytes.Buffer
	start := time.Date(2025, 7, 24, 8, 0, 0, 0, time.UTC)
	for i := range n {
		at := start.Add(time.Duration(i) * 137 * time.Millisecond)
		user := i % 400
		fmt.Fprintf(&b, `{"time":"%[1]s","resourceId":"/tenants/5a1d7e90-0c6f-4c5b-9d4f-3a8e21b6c001/providers/Microsoft.aadiam","operationName":"Sign-in activity","operationVersion":"1.0","category":"SignInLogs","tenantId":"5a1d7e90-0c6f-4c5b-9d4f-3a8e21b6c001","resultType":"%[2]d","resultSignature":"None","durationMs":0,"callerIpAddress":"198.51.100.%[3]d","correlationId":"%08[4]x-1111-4222-8333-444444444444","identity":"User %[5]d","Level":4,"location":"NO","properties":{"id":"%08[4]x-aaaa-4bbb-8ccc-dddddddddddd","createdDateTime":"%[6]s+00:00","userDisplayName":"User %[5]d","userPrincipalName":"user%[5]d@contoso.com","userId":"%08[5]x-7777-4777-8777-777777777777","appId":"66666666-6666-4666-8666-666666666666","appDisplayName":"Azure Portal","ipAddress":"198.51.100.%[3]d","status":{"errorCode":%[2]d,"additionalDetails":"MFA requirement satisfied by claim in the token"},"clientAppUsed":"Browser","userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0","deviceDetail":{"deviceId":"%08[5]x-1212-4121-8121-121212121212","displayName":"pc%[5]d.contoso.com","operatingSystem":"Windows10","browser":"Edge 126.0.0","isCompliant":true,"isManaged":true,"trustType":"Hybrid Azure AD joined"},"location":{"city":"Oslo","state":"Oslo","countryOrRegion":"NO","geoCoordinates":{"latitude":59.91273,"longitude":10.74609}},"mfaDetail":{},"correlationId":"%08[4]x-1111-4222-8333-444444444444","conditionalAccessStatus":"success","appliedConditionalAccessPolicies":[{"id":"0f0f0f0f-1111-4222-8333-0f0f0f0f0f0f","displayName":"Require MFA for all users","enforcedGrantControls":["Mfa"],"enforcedSessionControls":[],"result":"success","conditionsSatisfied":3,"conditionsNotSatisfied":0},{"id":"1f1f1f1f-1111-4222-8333-0f0f0f0f0f0f","displayName":"Block legacy authentication","enforcedGrantControls":["Block"],"enforcedSessionControls":[],"result":"notApplied","conditionsSatisfied":0,"conditionsNotSatisfied":4}],"authenticationContextClassReferences":[],"originalRequestId":"%08[4]x-aaaa-4bbb-8ccc-dddddddddddd","isInteractive":true,"tokenIssuerName":"","tokenIssuerType":"AzureAD","authenticationProcessingDetails":[{"key":"Legacy TLS (TLS 1.0, 1.1, 3DES)","value":"False"},{"key":"Oauth Scope Info","value":"[\"user_impersonation\"]"},{"key":"Is CAE Token","value":"False"}],"networkLocationDetails":[{"networkType":"trustedNamedLocation","networkNames":["Office Oslo"]}],"clientCredentialType":"none","processingTimeInMilliseconds":%[3]d,"riskDetail":"none","riskLevelAggregated":"none","riskLevelDuringSignIn":"none","riskState":"none","riskEventTypes":[],"riskEventTypes_v2":[],"resourceDisplayName":"Windows Azure Service Management API","resourceId":"797f4846-ba00-4fd7-ba43-dac1f8f63013","resourceTenantId":"5a1d7e90-0c6f-4c5b-9d4f-3a8e21b6c001","homeTenantId":"5a1d7e90-0c6f-4c5b-9d4f-3a8e21b6c001","tenantId":"5a1d7e90-0c6f-4c5b-9d4f-3a8e21b6c001","authenticationDetails":[{"authenticationStepDateTime":"%[6]s+00:00","authenticationMethod":"Previously satisfied","succeeded":true,"authenticationStepResultDetail":"MFA requirement satisfied by claim in the token","StatusSequence":0,"RequestSequence":0}],"authenticationRequirementPolicies":[{"requirementProvider":"multiConditionalAccess","detail":"Conditional Access"}],"sessionLifetimePolicies":[],"authenticationRequirement":"multiFactorAuthentication","servicePrincipalId":"","userType":"Member","flaggedForReview":false,"isTenantRestricted":false,"autonomousSystemNumber":64500,"crossTenantAccessType":"none","privateLinkDetails":{},"ssoExtensionVersion":"","uniqueTokenIdentifier":"%08[4]xKUUuClWlFhN4gAA","authenticationStrengths":[],"incomingTokenType":"none","authenticationProtocol":"none","appServicePrincipalId":null,"resourceServicePrincipalId":"33333333-3333-4333-8333-333333333333","rngcStatus":0,"signInTokenProtectionStatus":"none","tokenProtectionStatusDetails":{"signInSessionStatus":"unbound","signInSessionStatusCode":1002},"originalTransferMethod":"none","isThroughGlobalSecureAccess":false,"globalSecureAccessIpAddress":"","conditionalAccessAudiences":["797f4846-ba00-4fd7-ba43-dac1f8f63013"],"sessionId":"%08[5]x-2222-4222-8222-222222222222","appOwnerTenantId":"f8cdef31-a31e-4b4a-93e4-5f571e91255a","resourceOwnerTenantId":"f8cdef31-a31e-4b4a-93e4-5f571e91255a"}}`,
			at.Add(2*time.Minute).Format("2006-01-02T15:04:05.0000000Z"), i%10*50126%50127, i%250, i, user, at.Format("2006-01-02T15:04:05.0000000"))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// flows writes a virtual network flow log with n tuples, 40 to a group.
func flows(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"records":[`)
	for i := 0; i < n; {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"time":"2025-07-24T08:%02d:00.0000000Z","flowLogVersion":4,"flowLogGUID":"6b1d7e90-0c6f-4c5b-9d4f-3a8e21b6c001","macAddress":"000D3A%06X","category":"FlowLogFlowEvent","flowLogResourceID":"/SUBSCRIPTIONS/5A1D7E90-0C6F-4C5B-9D4F-3A8E21B6C001/RESOURCEGROUPS/NETWORKWATCHERRG/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/NETWORKWATCHER_NORWAYEAST/FLOWLOGS/VNET-HUB","targetResourceID":"/subscriptions/5a1d7e90-0c6f-4c5b-9d4f-3a8e21b6c001/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet-hub","operationName":"FlowLogFlowEvent","flowRecords":{"flows":[`, i/40%60, i/1000)
		for g := range 2 {
			if g > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"aclID":"a43a8170-2b9b-4f0f-a19e-11cacfcaa5%02d","flowGroups":[{"rule":"DefaultRule_AllowVnetOutBound","flowTuples":[`, g)
			for k := range 40 {
				if k > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, `"%d,10.1.0.%d,203.0.113.%d,%d,443,6,O,E,NX,%d,%d,%d,%d"`, 1753344000000+int64(i), i%250, i%200, 1024+i%60000, i%90, i%9000, i%80, i%70000)
				i++
			}
			b.WriteString(`]}]}`)
		}
		b.WriteString(`]}}`)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// syslogLines writes n messages of RFC 3164 with a priority.
func syslogLines(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "<38>Mar %2d %02d:%02d:%02d web%02d sshd[%d]: Failed password for invalid user admin from 203.0.113.%d port %d ssh2\n", 1+i/86400%28, i/3600%24, i/60%60, i%60, i%20, i%30000, i%250, 1024+i%60000)
	}
	return b.Bytes()
}

// cefLines writes n events of a firewall.
func cefLines(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "<134>2025-03-04T10:%02d:%02dZ fw01 CEF:0|Contoso|Gate|1.2|100|Connection refused|5|rt=%d src=203.0.113.%d spt=%d dst=10.0.0.4 dpt=3389 proto=TCP act=deny deviceDirection=0 cs1=Rule 7 cs1Label=Rule request=https://contoso.com/?a\\=b msg=Refused by the rule in=0 out=0 vendorField=x\n", i/60%60, i%60, 1741082400000+i, i%250, 1024+i%60000)
	}
	return b.Bytes()
}

// dnsLines writes n packets of a debug log.
func dnsLines(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "1/20/2025 %d:%02d:%02d PM 0FE0 PACKET  000002C53117D990 UDP Rcv 10.0.%d.%-9d %04x   Q [0001   D   NOERROR] A      (3)www(7)contoso(3)com(0)\r\n", 1+i/3600%11, i/60%60, i%60, i>>8&255, i&255, i&0xffff)
	}
	return b.Bytes()
}

// stixObjects writes a bundle of n indicators.
func stixObjects(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"type":"bundle","id":"bundle--11111111-1111-4111-8111-111111111111","objects":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"indicator","spec_version":"2.1","id":"indicator--33333333-3333-4333-8333-%012x","created":"2025-03-01T10:00:00.000Z","modified":"2025-03-02T10:00:00.000Z","name":"Relay","description":"Command and control","indicator_types":["malicious-activity"],"pattern":"[ipv4-addr:value = '203.0.%d.%d']","pattern_type":"stix","valid_from":"2025-03-01T00:00:00Z","valid_until":"2025-06-01T00:00:00Z","confidence":85,"labels":["c2"],"object_marking_refs":["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]}`, i, i>>8&255, i&255)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// blockList writes a list of n addresses.
func blockList(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "203.%d.%d.%d\n", i>>16&255, i>>8&255, i&255)
	}
	return b.Bytes()
}

// family repeats the good lines of a family's cases up to some megabytes.
func family(b *testing.B, name string) []byte {
	cases, _ := filepath.Glob(name + "/testdata/*.txtar")
	var lines [][]byte
	for _, path := range cases {
		a, err := txtar.ParseFile(path)
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range a.Files {
			for line := range bytes.Lines(f.Data) {
				line = bytes.TrimPrefix(bytes.TrimSpace(line), []byte(`{"records":[`))
				line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("]}")), []byte(","))
				if len(line) > 0 && line[0] == '{' && jsontext.Check(line) == nil && !bytes.HasPrefix(line, []byte(`{"tables"`)) &&
					!bytes.Contains(line, []byte("yesterday")) && !bytes.Contains(line, []byte(`"soon"`)) && !bytes.Contains(line, []byte("25:42")) {
					lines = append(lines, line)
				}
			}
		}
	}
	if len(lines) == 0 {
		b.Fatalf("no records in the cases of %s", name)
	}
	var out bytes.Buffer
	for out.Len() < 8<<20 {
		for _, line := range lines {
			out.Write(line)
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}

// csvRows writes an export of n security events.
func csvRows(n int) []byte {
	var b bytes.Buffer
	b.WriteString("TenantId,TimeGenerated [UTC],Computer,EventID,Account,Activity,LogonType,IpAddress,CommandLine,Type\n")
	for i := range n {
		fmt.Fprintf(&b, "0a1b2c3d-5555-4555-8555-000000000001,\"3/%d/2025, 8:49:37.587 PM\",web%02d.contoso.com,4624,CONTOSO\\user%d,\"4624 - An account was successfully logged on.\",3,203.0.113.%d,\"cmd /c \"\"whoami\"\"\",SecurityEvent\n", 1+i%28, i%40, i%400, i%250)
	}
	return b.Bytes()
}

// cpu is the processor time that the program has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// decodeAll decodes a content as one file, without hashing.
func decodeAll(b *testing.B, data []byte) rows.Stats {
	im := &importer{opts: Options{Catalogue: tables.Builtin()}, sink: discard{}, schemas: rows.NewSchemas(tables.Builtin(), nil)}
	w := im.newWorker()
	w.writer = rows.NewWriter(rows.Config{Schemas: im.schemas, Emit: func(_ context.Context, batch rows.Batch) error {
		batch.Rec.Release()
		return nil
	}})
	w.writer.Start(rows.File{Path: "bench", SourceID: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"})
	if err := w.decode(context.Background(), "bench", struct{ io.Reader }{bytes.NewReader(data)}); err != nil {
		b.Fatal(err)
	}
	stats, err := w.writer.Finish(context.Background())
	if err != nil || stats.Rejected > 0 {
		b.Fatal(err, stats)
	}
	return stats
}

// BenchmarkImport measures a whole import of one file, with its hash, into a sink that keeps nothing.
func BenchmarkImport(b *testing.B) {
	for _, c := range []struct {
		name string
		data []byte
	}{{"signins", signIns(30_000)}, {"flows", flows(600_000)}} {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "PT1H.json")
			if err := os.WriteFile(path, c.data, 0o666); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(c.data)))
			var n int64
			from := cpu()
			for b.Loop() {
				r, err := Import(context.Background(), []string{path}, discard{}, Options{})
				if err != nil || r.Rejected > 0 {
					b.Fatal(r, err)
				}
				n += r.Accepted
			}
			used := (cpu() - from).Seconds()
			b.ReportMetric(float64(n)/used, "rows/cpu-s")
			b.ReportMetric(float64(len(c.data))*float64(b.N)/1e6/used, "MB/cpu-s")
		})
	}
}

// BenchmarkDecode measures reading and Arrow building, per second of processor time.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name string
		data []byte
	}{{"signins", signIns(8000)}, {"flows", flows(200_000)}, {"activity", family(b, "activity")}, {"diag", family(b, "diag")},
		{"windows", family(b, "windows")}, {"defender", family(b, "defender")}, {"m365", family(b, "m365")}, {"graph", family(b, "graph")}, {"arm", family(b, "arm")}, {"syslog", syslogLines(100_000)}, {"cef", cefLines(30_000)}, {"dns", dnsLines(50_000)}, {"stix", stixObjects(20_000)}, {"blocklist", blockList(100_000)}, {"custom", family(b, "custom")}, {"export", family(b, "export")}, {"csv", csvRows(40_000)}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			var n int64
			from := cpu()
			for b.Loop() {
				n += decodeAll(b, c.data).Rows
			}
			used := (cpu() - from).Seconds()
			b.ReportMetric(float64(n)/used, "rows/cpu-s")
			b.ReportMetric(float64(len(c.data))*float64(b.N)/1e6/used, "MB/cpu-s")
		})
	}
}
