package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/engine/lower"
	"nordlys/internal/workspace"
)

// hunt is a query as a hunter types it, and the SQL that someone who knows DuckDB and the segments writes for it. In
// the SQL {T} reads all segments of table T.
type hunt struct {
	name, kql, sql string
}

var hunts = []hunt{
	{"count", `FlowTuples_CL | count`, `SELECT count(*) FROM {FlowTuples_CL}`},
	{"denied by port", `FlowTuples_CL | where Decision == "Deny" | summarize n = count() by DestPort | top 10 by n`,
		`SELECT DestPort, count(*) n FROM {FlowTuples_CL} WHERE Decision = 'Deny' GROUP BY 1 ORDER BY n DESC LIMIT 10`},
	{"one address", `FlowTuples_CL | where SrcIp == "203.0.113.66" or DestIp == "203.0.113.66" | summarize count(), min(TimeGenerated), max(TimeGenerated)`,
		`SELECT count(*), min(TimeGenerated), max(TimeGenerated) FROM {FlowTuples_CL} WHERE SrcIp = '203.0.113.66' OR DestIp = '203.0.113.66'`},
	{"talkers", `FlowTuples_CL | summarize bytes = sum(BytesSrcToDest) by SrcIp, DestIp | top 20 by bytes`,
		`SELECT SrcIp, DestIp, coalesce(sum(BytesSrcToDest), 0) b FROM {FlowTuples_CL} GROUP BY ALL ORDER BY b DESC LIMIT 20`},
	{"per hour", `FlowTuples_CL | summarize count() by bin(TimeGenerated, 1h), Direction | order by TimeGenerated asc`,
		`SELECT TimeGenerated - TimeGenerated % 36000000000 h, Direction, count(*) FROM {FlowTuples_CL} GROUP BY ALL ORDER BY h`},
	{"distinct peers", `FlowTuples_CL | where DestPort == 3389 | summarize dcount(SrcIp), make_set(DestIp, 100)`,
		`SELECT count(DISTINCT SrcIp), list(DISTINCT DestIp) FROM {FlowTuples_CL} WHERE DestPort = 3389`},
	{"prefix", `FlowTuples_CL | where SrcIp startswith "10.10." and DestPort in (445, 1433, 3389) | summarize count() by SrcIp, DestIp, DestPort`,
		`SELECT SrcIp, DestIp, DestPort, count(*) FROM {FlowTuples_CL} WHERE starts_with(SrcIp, '10.10.') AND DestPort IN (445, 1433, 3389) GROUP BY ALL`},
	{"contains", `FlowTuples_CL | where Rule contains "web" | count`, `SELECT count(*) FROM {FlowTuples_CL} WHERE contains(lower(Rule), 'web')`},
	{"term", `FlowTuples_CL | where Acl has "nsg" | summarize count() by Acl`,
		`SELECT Acl, count(*) FROM {FlowTuples_CL} WHERE regexp_matches(lower(Acl), '(^|[^a-z0-9])nsg($|[^a-z0-9])') GROUP BY 1`},
	{"an hour", `FlowTuples_CL | where TimeGenerated between (datetime(2026-03-10 09:00) .. 1h) | summarize sum(BytesDestToSrc) by DestIp | top 5 by sum_BytesDestToSrc`,
		`SELECT DestIp, coalesce(sum(BytesDestToSrc), 0) s FROM {FlowTuples_CL} WHERE TimeGenerated BETWEEN {09:00} AND {10:00} GROUP BY 1 ORDER BY s DESC LIMIT 5`},
	{"newest", `FlowTuples_CL | top 10 by TimeGenerated`, `SELECT * FROM {FlowTuples_CL} ORDER BY TimeGenerated DESC LIMIT 10`},
	{"long flows", `FlowTuples_CL | where State == "End" | summarize arg_max(TimeGenerated, DestPort, Rule) by SrcIp`,
		`SELECT SrcIp, arg_max({'t': TimeGenerated, 'p': DestPort, 'r': Rule}, TimeGenerated) FROM {FlowTuples_CL} WHERE State = 'End' GROUP BY 1`},
	{"percentile", `FlowTuples_CL | where BytesSrcToDest > 0 | summarize percentile(BytesSrcToDest, 95), avg(BytesSrcToDest) by ProtocolName`,
		`SELECT ProtocolName, quantile_disc(BytesSrcToDest, 0.95), avg(BytesSrcToDest) FROM {FlowTuples_CL} WHERE BytesSrcToDest > 0 GROUP BY 1`},
	{"case", `FlowTuples_CL | extend kind = case(DestPort < 1024, "system", DestPort < 49152, "registered", "dynamic") | summarize count() by kind`,
		`SELECT CASE WHEN DestPort < 1024 THEN 'system' WHEN DestPort < 49152 THEN 'registered' ELSE 'dynamic' END k, count(*) FROM {FlowTuples_CL} GROUP BY 1`},
	{"failed sign-ins", `SigninLogs | where ResultType != "0" | summarize n = count(), users = dcount(UserPrincipalName) by IPAddress | where n > 10 | order by n desc`,
		`SELECT IPAddress, count(*) n, count(DISTINCT UserPrincipalName) FROM {SigninLogs} WHERE ResultType <> '0' GROUP BY 1 HAVING n > 10 ORDER BY n DESC`},
	{"dynamic path", `SigninLogs | summarize count() by os = tostring(DeviceDetail.operatingSystem)`,
		`SELECT coalesce(json_extract_string(DeviceDetail, '$.operatingSystem'), '') os, count(*) FROM {SigninLogs} GROUP BY 1`},
	{"no mfa", `SigninLogs | where ResultType == "0" and AuthenticationRequirement == "singleFactorAuthentication" | summarize count() by AppDisplayName, UserPrincipalName`,
		`SELECT AppDisplayName, UserPrincipalName, count(*) FROM {SigninLogs} WHERE ResultType = '0' AND AuthenticationRequirement = 'singleFactorAuthentication' GROUP BY ALL`},
	{"case-insensitive", `SigninLogs | where UserPrincipalName =~ "Ivar.Blythe@contoso.com" | project TimeGenerated, IPAddress, AppDisplayName, ResultType | order by TimeGenerated asc`,
		`SELECT TimeGenerated, IPAddress, AppDisplayName, ResultType FROM {SigninLogs} WHERE lower(UserPrincipalName) = 'ivar.blythe@contoso.com' ORDER BY TimeGenerated`},
	{"join", `let bad = SigninLogs | where ResultType != "0" | summarize fails = count() by UserPrincipalName; SigninLogs | where ResultType == "0" | summarize good = count() by UserPrincipalName | join kind=inner bad on UserPrincipalName | project UserPrincipalName, good, fails | top 10 by fails`,
		`WITH g AS (SELECT UserPrincipalName u, count(*) good FROM {SigninLogs} WHERE ResultType = '0' GROUP BY 1), f AS (SELECT UserPrincipalName u, count(*) fails FROM {SigninLogs} WHERE ResultType <> '0' GROUP BY 1) SELECT g.u, good, fails FROM g JOIN f ON g.u = f.u ORDER BY fails DESC LIMIT 10`},
	{"logons", `SecurityEvent | where EventID in (4624, 4625) | summarize count() by EventID, LogonType, Account | top 20 by count_`,
		`SELECT EventID, LogonType, Account, count(*) c FROM {SecurityEvent} WHERE EventID IN (4624, 4625) GROUP BY ALL ORDER BY c DESC LIMIT 20`},
}

// benchWorkspace makes the workspace of generated rows, or takes the one of an earlier run.
func benchWorkspace(b *testing.B) string {
	b.Helper()
	dir := os.Getenv("NORDLYS_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	ws := filepath.Join(dir, "ws")
	if _, err := os.Stat(filepath.Join(ws, "catalog.duckdb")); err == nil {
		return ws
	}
	rows := int64(10_000_000)
	if s := os.Getenv("NORDLYS_BENCH_ROWS"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		rows = n
	}
	nordlys := binary(b)
	for _, c := range []struct {
		source string
		n      int64
	}{{"flow", rows}, {"signin", rows / 40}, {"securityevent", rows / 40}} {
		file := filepath.Join(dir, c.source+".json")
		generate(b, file, c.source, c.n)
		child(b, nordlys, "import", "--workspace", ws, file)
		if err := os.Remove(file); err != nil {
			b.Fatal(err)
		}
	}
	return ws
}

// BenchmarkHunt is the twenty queries that a hunter types most.
func BenchmarkHunt(b *testing.B) { race(b, benchWorkspace(b), hunts) }

// race runs each query and the SQL written by hand in turn and gives the time of each over the other's, the best of all
// rounds, and the geometric mean over all queries.
func race(b *testing.B, dir string, hunts []hunt) {
	ctx := context.Background()
	w, err := workspace.Open(ctx, dir, workspace.Read, duckdb.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	plain, err := duckdb.Open(ctx, duckdb.Options{Dirs: []string{w.Dir()}})
	if err != nil {
		b.Fatal(err)
	}
	defer plain.Close()
	logs, n := 0.0, 0
	for _, h := range hunts {
		b.Run(h.name, func(b *testing.B) {
			best, hand := math.Inf(1), math.Inf(1)
			for b.Loop() {
				best = min(best, timeOf(b, func() error { return drain(ctx, w, h.kql) }))
				hand = min(hand, timeOf(b, func() error { return drainSQL(ctx, plain, fillSQL(w.Dir(), h.sql)) }))
			}
			b.ReportMetric(best/hand, "of-sql")
			b.ReportMetric(best*1000, "best-ms")
			logs += math.Log(best / hand)
			n++
		})
	}
	b.Run("geometric mean", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(math.Exp(logs/float64(max(n, 1))), "of-sql")
	})
}

func timeOf(b *testing.B, f func() error) float64 {
	b.Helper()
	start := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start).Seconds()
}

func drain(ctx context.Context, w *workspace.Workspace, text string) error {
	rows, _, list, err := w.Query(ctx, workspace.Query{Text: text})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, list.Render(text))
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if err != nil || row == nil {
			return err
		}
	}
}

func drainSQL(ctx context.Context, db *duckdb.DB, query string) error {
	rows, err := db.SQL().QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, query)
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// fillSQL puts the segments of tables and the ticks of times into a query.
func fillSQL(dir, query string) string {
	for _, t := range []string{"FlowTuples_CL", "SigninLogs", "SecurityEvent", "AuditLogs", "DeviceProcessEvents"} {
		query = strings.ReplaceAll(query, "{"+t+"}", "read_parquet("+lower.Text(filepath.Join(dir, "segments", t, "*", "*.parquet"))+", union_by_name = true)")
	}
	for _, clock := range []string{"00:00", "09:00", "10:00"} {
		at, _ := time.Parse("2006-01-02 15:04", "2026-03-10 "+clock)
		query = strings.ReplaceAll(query, "{"+clock+"}", strconv.FormatInt(lower.Ticks(at), 10))
	}
	return query
}

// BenchmarkCompile is parsing, binding and lowering of a typical query, without running it.
func BenchmarkCompile(b *testing.B) {
	ctx := context.Background()
	w, err := workspace.Open(ctx, b.TempDir(), workspace.Memory, duckdb.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	text := `let start = ago(7d);
let known = SigninLogs | where TimeGenerated between (ago(30d) .. start) | where ResultType == "0" | distinct UserPrincipalName, IPAddress;
SigninLogs
| where TimeGenerated > start
| where ResultType in ("50126", "50053", "50074") or ResultType == "0"
| extend os = tostring(DeviceDetail.operatingSystem), city = tostring(LocationDetails.city)
| summarize fails = countif(ResultType != "0"), wins = countif(ResultType == "0"), apps = make_set(AppDisplayName, 20), arg_max(TimeGenerated, *) by UserPrincipalName, IPAddress
| where fails > 5 and wins > 0
| join kind=leftanti known on UserPrincipalName, IPAddress
| project TimeGenerated, UserPrincipalName, IPAddress, fails, wins, apps, os, city
| order by fails desc`
	for _, c := range []struct{ name, text string }{{"query", text}, {"rule of 400 lines", longRule()}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				p, list, err := w.Compile(ctx, workspace.Query{Text: c.text})
				if err != nil {
					b.Fatal(list.Render(c.text))
				}
				if _, err := lower.Lower(p, lower.Options{Tables: w, Now: time.Now()}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// longRule is a detection over many variants of a sign-in, as the longest public rules are: 400 lines of lets, a union,
// joins and conditions.
func longRule() string {
	var b strings.Builder
	b.WriteString("let start = ago(14d);\nlet tools = dynamic(['mimikatz', 'rubeus', 'psexec', 'adfind']);\n")
	var names []string
	for i := range 33 {
		name := fmt.Sprintf("variant%d", i)
		names = append(names, name)
		fmt.Fprintf(&b, `let %s = SigninLogs
    | where TimeGenerated > start
    | where ResultType in ("50126", "50053", "%d") and AppDisplayName !has "Authenticator"
    | extend os = tostring(DeviceDetail.operatingSystem), city = tostring(LocationDetails.city), code = toint(Status.errorCode)
    | extend risk = case(code == 50126, "password", code == 50053, "locked", IPAddress startswith "203.0.113.", "known", "other")
    | where os has_any (tools) or city =~ "Oslo" or UserPrincipalName matches regex @"^adm[-_.]"
    | summarize n = count(), ips = make_set(IPAddress, 10), last = max(TimeGenerated) by UserPrincipalName, risk
    | where n > %d
    | join kind=leftouter (AuditLogs | where TimeGenerated > start | extend UserPrincipalName = tostring(InitiatedBy.user.userPrincipalName)
        | summarize changes = count() by UserPrincipalName) on UserPrincipalName
    | project UserPrincipalName, risk, n, ips, last, changes = coalesce(changes, 0), variant = %d;
`, name, 50000+i, i, i)
	}
	b.WriteString("union " + strings.Join(names, ",\n    ") + "\n| summarize total = sum(n), variants = make_set(variant), arg_max(last, risk, ips) by UserPrincipalName\n| order by total desc\n")
	return b.String()
}
