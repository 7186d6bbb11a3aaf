package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/workspace"
)

// sifts are the queries over what costs more than columns: dynamic values, terms, parsing, arrays, large joins, series and
// windows.
var sifts = []hunt{
	{"path filter", `SigninLogs | where DeviceDetail.operatingSystem startswith "Windows" | count`,
		`SELECT count(*) FROM {SigninLogs} WHERE starts_with(lower(json_extract_string(DeviceDetail, '$.operatingSystem')), 'windows')`},
	{"paths by", `SigninLogs | summarize count() by tostring(LocationDetails.countryOrRegion), tostring(LocationDetails.city)`,
		`SELECT json_extract_string(LocationDetails, '$.countryOrRegion'), json_extract_string(LocationDetails, '$.city'), count(*) FROM {SigninLogs} GROUP BY ALL`},
	{"path number", `SigninLogs | summarize count() by code = tolong(Status.errorCode)`,
		`SELECT TRY_CAST(json_extract_string(Status, '$.errorCode') AS BIGINT) c, count(*) FROM {SigninLogs} GROUP BY 1`},
	{"cold path", `SigninLogs | summarize max(toreal(LocationDetails.geoCoordinates.latitude)) by UserPrincipalName`,
		`SELECT UserPrincipalName, max(TRY_CAST(json_extract_string(LocationDetails, '$.geoCoordinates.latitude') AS DOUBLE)) FROM {SigninLogs} GROUP BY 1`},
	{"parse_json", `SigninLogs | extend d = parse_json(AuthenticationDetails) | summarize count() by tostring(d[0].authenticationMethod)`,
		`SELECT json_extract_string(AuthenticationDetails, '$[0].authenticationMethod') m, count(*) FROM {SigninLogs} GROUP BY 1`},
	{"mv-expand", `SigninLogs | mv-expand d = parse_json(AuthenticationDetails) | summarize count() by tostring(d.authenticationStepResultDetail)`,
		`SELECT json_extract_string(d, '$.authenticationStepResultDetail') r, count(*) FROM (SELECT unnest(CAST(json_extract(AuthenticationDetails, '$[*]') AS VARCHAR[])) d FROM {SigninLogs}) GROUP BY 1`},
	{"bag_pack", `SecurityEvent | extend b = bag_pack("who", Account, "where", Computer) | summarize count() by tostring(b)`,
		`SELECT CAST(json_object('who', Account, 'where', Computer) AS VARCHAR) b, count(*) FROM {SecurityEvent} GROUP BY 1`},
	{"term", `FlowTuples_CL | where FlowLogResourceId has "networkwatchers" | count`,
		`SELECT count(*) FROM {FlowTuples_CL} WHERE regexp_matches(lower(FlowLogResourceId), '(^|[^a-z0-9])networkwatchers($|[^a-z0-9])')`},
	{"has_any", `FlowTuples_CL | where Rule has_any ("allow", "AllowVnetOutBound", "deny") | summarize count() by Rule`,
		`SELECT Rule, count(*) FROM {FlowTuples_CL} WHERE regexp_matches(lower(Rule), '(^|[^a-z0-9])(allow|allowvnetoutbound|deny)($|[^a-z0-9])') GROUP BY 1`},
	{"regex", `SecurityEvent | where CommandLine matches regex @"(?i)-enc\w*\s|-noprofile" | summarize count() by Computer`,
		`SELECT Computer, count(*) FROM {SecurityEvent} WHERE regexp_matches(CommandLine, '(?i)-enc\w*\s|-noprofile') GROUP BY 1`},
	{"parse", `FlowTuples_CL | parse TargetResourceId with * "/resourcegroups/" group "/providers/" provider "/" * | summarize count() by group, provider`,
		`SELECT regexp_extract(TargetResourceId, '/resourcegroups/(.*?)/providers/(.*?)/', ['a', 'b']) p, count(*) FROM {FlowTuples_CL} GROUP BY 1`},
	{"extract", `SecurityEvent | summarize count() by program = extract(@"([^\\]+)$", 1, NewProcessName)`,
		`SELECT regexp_extract(NewProcessName, '([^\\]+)$', 1) p, count(*) FROM {SecurityEvent} GROUP BY 1`},
	{"split", `FlowTuples_CL | summarize count() by name = tostring(split(Acl, "/")[-1])`,
		`SELECT split(Acl, '/')[-1] n, count(*) FROM {FlowTuples_CL} GROUP BY 1`},
	{"join 100k", `let ports = range x from 1 to 100000 step 1 | project SrcPort = toint(x), tag = x % 7; FlowTuples_CL | join kind=inner ports on SrcPort | summarize count() by tag`,
		`SELECT tag, count(*) FROM {FlowTuples_CL} f JOIN (SELECT CAST(x AS INTEGER) p, x % 7 tag FROM range(1, 100001) r(x)) ON f.SrcPort = p GROUP BY 1`},
	{"anti join", `FlowTuples_CL | join kind=leftanti (SigninLogs | distinct IPAddress) on $left.SrcIp == $right.IPAddress | summarize dcount(SrcIp)`,
		`SELECT count(DISTINCT SrcIp) FROM {FlowTuples_CL} WHERE SrcIp NOT IN (SELECT DISTINCT IPAddress FROM {SigninLogs} WHERE IPAddress IS NOT NULL)`},
	{"lookup", `let names = datatable(DestPort:int, service:string)[22,"ssh",53,"dns",80,"http",443,"https",445,"smb",1433,"sql",3389,"rdp"]; FlowTuples_CL | lookup names on DestPort | summarize count(), sum(BytesSrcToDest) by service`,
		`SELECT coalesce(service, '') s, count(*), sum(BytesSrcToDest) FROM {FlowTuples_CL} LEFT JOIN (VALUES (22,'ssh'),(53,'dns'),(80,'http'),(443,'https'),(445,'smb'),(1433,'sql'),(3389,'rdp')) n(p, service) ON DestPort = p GROUP BY 1`},
	{"make-series", `FlowTuples_CL | make-series n = count() default = 0 on TimeGenerated from datetime(2026-03-10) to datetime(2026-03-11) step 10m by DestPort`,
		`WITH c AS (SELECT DestPort, (TimeGenerated - {00:00}) // 6000000000 i, count(*) n FROM {FlowTuples_CL} WHERE TimeGenerated >= {00:00} AND TimeGenerated < {00:00} + 864000000000 GROUP BY ALL),
		g AS (SELECT DISTINCT DestPort, r.i FROM c, range(144) r(i)) SELECT DestPort, list(coalesce(n, 0) ORDER BY i) FROM g LEFT JOIN c USING (DestPort, i) GROUP BY 1`},
	{"prev", `SigninLogs | sort by UserPrincipalName asc, TimeGenerated asc | extend moved = prev(UserPrincipalName) == UserPrincipalName and prev(IPAddress) != IPAddress | summarize countif(moved) by UserPrincipalName`,
		`SELECT UserPrincipalName, count(*) FILTER (WHERE u = UserPrincipalName AND ip <> IPAddress) FROM (SELECT UserPrincipalName, IPAddress, lag(UserPrincipalName) OVER w u, lag(IPAddress) OVER w ip FROM {SigninLogs} WINDOW w AS (ORDER BY UserPrincipalName, TimeGenerated)) GROUP BY 1`},
	{"row_number", `SecurityEvent | sort by Account asc, TimeGenerated asc | extend n = row_number(1, prev(Account) != Account) | where n <= 3 | project TimeGenerated, Account, EventID, n`,
		`SELECT TimeGenerated, Account, EventID, n FROM (SELECT *, row_number() OVER (PARTITION BY Account ORDER BY TimeGenerated) n FROM {SecurityEvent}) WHERE n <= 3 ORDER BY Account, TimeGenerated`},
	{"arg_max all", `SigninLogs | summarize arg_max(TimeGenerated, *) by UserPrincipalName | project UserPrincipalName, TimeGenerated, IPAddress, AppDisplayName, DeviceDetail`,
		`SELECT UserPrincipalName, max(TimeGenerated), arg_max(IPAddress, TimeGenerated), arg_max(AppDisplayName, TimeGenerated), arg_max(DeviceDetail, TimeGenerated) FROM {SigninLogs} GROUP BY 1`},
}

// BenchmarkSift is BenchmarkHunt for the second twenty.
func BenchmarkSift(b *testing.B) { race(b, benchWorkspace(b), sifts) }

// pathWorkspace makes five million audit records and sign-ins whose dynamic columns have few (sign-ins) and nearly as many
// values as rows (audit records), and ten million command lines that are all different.
func pathWorkspace(b *testing.B) string {
	b.Helper()
	dir := os.Getenv("NORDLYS_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	ws := filepath.Join(dir, "paths")
	if _, err := os.Stat(filepath.Join(ws, "catalog.duckdb")); err == nil {
		return ws
	}
	ctx := context.Background()
	w, err := workspace.Open(ctx, ws, workspace.Write, duckdb.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	for _, t := range []struct {
		table, column, typ string
		rows               int
		value              func(int) string
	}{
		{"SigninLogs", "DeviceDetail", "dynamic", 5_000_000, func(i int) string {
			n := i * 2654435761 % 50
			return fmt.Sprintf(`{"deviceId":"%032x","displayName":"LT-%d","operatingSystem":"Windows%d","browser":"Edge 145.0.0","isCompliant":true,"isManaged":true,"trustType":"Azure AD joined"}`, n, n, n)
		}},
		{"AuditLogs", "InitiatedBy", "dynamic", 5_000_000, func(i int) string {
			n := uint32(i) * 2654435761
			return fmt.Sprintf(`{"user":{"id":"%08x-0000-4000-8000-%012x","displayName":null,"userPrincipalName":"user%d@contoso.com","ipAddress":"10.%d.%d.%d","roles":[]}}`, n, n, n, n>>16&255, n>>8&255, n&255)
		}},
		{"DeviceProcessEvents", "ProcessCommandLine", "string", 10_000_000, func(i int) string {
			n := uint32(i) * 2654435761
			return fmt.Sprintf(`"C:\Windows\System32\svchost.exe" -k netsvcs-%d -p -s Schedule%x`, n, n)
		}},
	} {
		meta := func(typ string) arrow.Metadata { return arrow.NewMetadata([]string{"kql"}, []string{typ}) }
		builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
			{Name: "TimeGenerated", Type: arrow.PrimitiveTypes.Int64, Metadata: meta("datetime")},
			{Name: "_ItemId", Type: arrow.PrimitiveTypes.Int64, Metadata: meta("long")},
			{Name: t.column, Type: arrow.BinaryTypes.String, Nullable: true, Metadata: meta(t.typ)},
		}, nil))
		for i := range t.rows {
			builder.Field(0).(*array.Int64Builder).Append(639_087_840_000_000_000 + int64(i)*1000)
			builder.Field(1).(*array.Int64Builder).Append(int64(i))
			builder.Field(2).(*array.StringBuilder).Append(t.value(i))
			if (i+1)%50_000 == 0 {
				rec := builder.NewRecordBatch()
				if _, _, err := w.Append(ctx, t.table, rec); err != nil {
					b.Fatal(err)
				}
			}
		}
		builder.Release()
	}
	if err := w.Flush(ctx); err != nil {
		b.Fatal(err)
	}
	return ws
}

// BenchmarkPaths reads a hot path of a dynamic column over five million rows, of few and of many values, in best-ms and
// over the same read from JSON text. ClickHouse's JSON type takes some 100 ms for it on such a machine.
func BenchmarkPaths(b *testing.B) {
	race(b, pathWorkspace(b), []hunt{
		{"few: compare", `SigninLogs | where DeviceDetail.operatingSystem == "Windows7" | count`,
			`SELECT count(*) FROM {SigninLogs} WHERE json_extract_string(DeviceDetail, '$.operatingSystem') = 'Windows7'`},
		{"few: read", `SigninLogs | summarize sum(strlen(tostring(DeviceDetail.operatingSystem)))`,
			`SELECT sum(length(json_extract_string(DeviceDetail, '$.operatingSystem'))) FROM {SigninLogs}`},
		{"few: group", `SigninLogs | summarize count() by tostring(DeviceDetail.displayName)`,
			`SELECT json_extract_string(DeviceDetail, '$.displayName') n, count(*) FROM {SigninLogs} GROUP BY 1`},
		{"many: compare", `AuditLogs | where InitiatedBy.user.userPrincipalName == "user7@contoso.com" | count`,
			`SELECT count(*) FROM {AuditLogs} WHERE json_extract_string(InitiatedBy, '$.user.userPrincipalName') = 'user7@contoso.com'`},
		{"many: read", `AuditLogs | summarize sum(strlen(tostring(InitiatedBy.user.userPrincipalName)))`,
			`SELECT sum(length(json_extract_string(InitiatedBy, '$.user.userPrincipalName'))) FROM {AuditLogs}`},
		{"many: as dynamic", `AuditLogs | extend u = InitiatedBy.user.userPrincipalName | where isnotnull(u) | summarize max(strlen(tostring(u)))`,
			`SELECT max(length(u)) FROM (SELECT json_extract_string(InitiatedBy, '$.user.userPrincipalName') u FROM {AuditLogs}) WHERE u IS NOT NULL`},
	})
}

// BenchmarkTerms is has and contains over ten million different strings, over DuckDB's contains on the same column; KQL's
// do not regard case.
func BenchmarkTerms(b *testing.B) {
	contains := func(s string) string {
		return `SELECT count(*) FROM {DeviceProcessEvents} WHERE contains(ProcessCommandLine, '` + s + `')`
	}
	race(b, pathWorkspace(b), []hunt{
		{"contains", `DeviceProcessEvents | where ProcessCommandLine contains "schedule7F" | count`, contains("Schedule7f")},
		{"contains_cs", `DeviceProcessEvents | where ProcessCommandLine contains_cs "Schedule7f" | count`, contains("Schedule7f")},
		{"has", `DeviceProcessEvents | where ProcessCommandLine has "schedule7f00" | count`, contains("Schedule7f00")},
		{"has_cs", `DeviceProcessEvents | where ProcessCommandLine has_cs "Schedule7f00" | count`, contains("Schedule7f00")},
		{"has, in all", `DeviceProcessEvents | where ProcessCommandLine has "svchost.exe" | count`, contains("svchost.exe")},
		{"!has", `DeviceProcessEvents | where ProcessCommandLine !has "powershell" | count`, strings.Replace(contains("powershell"), "contains", "NOT contains", 1)},
		{"=~", `DeviceProcessEvents | where ProcessCommandLine =~ "svchost.exe" | count`, contains("svchost.exe -x")},
	})
}
