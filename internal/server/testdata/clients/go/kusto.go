package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-kusto-go/azkustodata"
	"github.com/Azure/azure-kusto-go/azkustodata/kql"
	"github.com/Azure/azure-kusto-go/azkustodata/query"
	v2 "github.com/Azure/azure-kusto-go/azkustodata/query/v2"
)

// kusto does what the client's own examples do.
func kusto(h *http.Client, address, token string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := azkustodata.New(azkustodata.NewConnectionStringBuilder(address).WithApplicationToken("d4c9cf2d-0d24-4c40-9c3f-8b6dbb1b2f5f", token), azkustodata.WithHttpClient(h))
	check(err)
	defer c.Close()
	const db = "security"

	// Every type, with and without a value.
	type every struct {
		B    bool
		I    int32
		L    int64
		R    float64
		S    string
		T    time.Time
		Span time.Duration
		D    map[string]any
		None *int64
	}
	ds, err := c.Query(ctx, db, kql.New("print B = true, I = int(-1), L = 9007199254740993, R = 2.5, S = 'a\"b\\nü', T = datetime(2026-03-10T09:00:00.1234567Z), Span = 1d + 2h + 3ms, D = dynamic({'a': [1, null]}), None = long(null), E = decimal(1.25), G = guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"))
	check(err)
	rows, err := query.ToStructs[every](ds)
	check(err)
	same("rows", len(rows), 1)
	got := rows[0]
	same("bool", got.B, true)
	same("int", got.I, -1)
	same("long", got.L, 9007199254740993)
	same("real", got.R, 2.5)
	same("string", got.S, "a\"b\nü")
	same("datetime", got.T, time.Date(2026, 3, 10, 9, 0, 0, 123456700, time.UTC))
	same("timespan", got.Span, 26*time.Hour+3*time.Millisecond)
	same("dynamic", fmt.Sprint(got.D), "map[a:[1 <nil>]]")
	if got.None != nil {
		fail("null: %v", *got.None)
	}
	same("text", rowText(ds.Tables()[0], 0, "E"), "1.25")
	same("text", rowText(ds.Tables()[0], 0, "G"), "74be27de-1e4e-49d9-b579-fe0b331d3642")

	// The tables that come with it.
	var kinds []string
	for _, t := range ds.Tables() {
		kinds = append(kinds, t.Kind())
		if t.Kind() == v2.QueryCompletionInformationKind {
			info, err := v2.AsQueryCompletionInformation(t)
			check(err)
			same("completion", info[0].LevelName, "Info")
		}
	}
	same("tables", strings.Join(kinds, " "), "PrimaryResult QueryProperties QueryCompletionInformation")

	// Parameters.
	params := kql.NewParameters().AddString("who", `a@contoso.com`).AddLong("n", 5).AddDateTime("at", time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC))
	ds, err = c.Query(ctx, db, kql.New("SigninLogs | where UserPrincipalName == who and TimeGenerated > at | project UserPrincipalName, n"), azkustodata.QueryParameters(params))
	check(err)
	same("parameters", ds.Tables()[0].Rows()[0].String(), "a@contoso.com,5\n")

	// Options.
	ds, err = c.Query(ctx, db, kql.New("print t = now()"), azkustodata.QueryNow(time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)), azkustodata.ServerTimeout(time.Minute))
	check(err)
	same("query_now", ds.Tables()[0].Rows()[0].String(), "2020-01-02T03:04:05Z\n")

	// Several results.
	ds, err = c.Query(ctx, db, kql.New("print a = 1; print b = 'x'"))
	check(err)
	same("results", len(ds.Tables()), 4)
	same("second", ds.Tables()[1].Rows()[0].String(), "x\n")

	// Rows as they come, 100,000 of them.
	it, err := c.IterativeQuery(ctx, db, kql.New("range x from 1 to 100000 step 1"))
	check(err)
	sum := int64(0)
	for t := range it.Tables() {
		check(t.Err())
		if t.Table().Kind() != v2.PrimaryResultTableKind {
			for range t.Table().Rows() {
			}
			continue
		}
		for row := range t.Table().Rows() {
			check(row.Err())
			n, err := row.Row().LongByName("x")
			check(err)
			sum += *n
		}
	}
	same("sum", sum, 5_000_050_000)

	// A result that is cut off.
	_, err = c.Query(ctx, db, kql.New("range x from 1 to 100 step 1"), azkustodata.TruncationMaxRecords(10))
	if err == nil {
		fail("no error for a result that is cut off")
	}
	contains("truncation", err.Error(), "E_QUERY_RESULT_SET_TOO_LARGE")

	// Mistakes, and what may not be read.
	for text, want := range map[string]string{
		"SigninLogs | where Nothing == 1":                         "SEM0100",
		"SigninLogs | where (":                                    "SYN0002",
		"AuditLogs | count":                                       "SEM0100",
		"union * | where Type == 'AuditLogs' | summarize by Type": "",
		"table('AuditLogs')":                                      "SEM0100",
	} {
		ds, err := c.Query(ctx, db, kql.New("").AddUnsafe(text))
		if want == "" {
			check(err)
			same(text, len(ds.Tables()[0].Rows()), 0)
			continue
		}
		if err == nil {
			fail("%s: no error", text)
		}
		contains(text, err.Error(), want)
	}

	// Progressive frames, as they are.
	raw, err := c.RawV2(ctx, db, kql.New("range x from 1 to 5000 step 1"), []azkustodata.QueryOption{azkustodata.ResultsProgressiveEnabled()})
	check(err)
	body, err := io.ReadAll(raw)
	check(err)
	var frames []struct {
		FrameType, TableFragmentType string
		IsProgressive                bool
		Rows                         [][]any
		RowCount                     int
		HasErrors                    bool
	}
	check(json.Unmarshal(body, &frames))
	var order []string
	total := 0
	for _, f := range frames {
		order = append(order, f.FrameType)
		if f.FrameType == "TableFragment" {
			same("fragment", f.TableFragmentType, "DataAppend")
			total += len(f.Rows)
		}
	}
	same("frames", strings.Join(order, " "), "DataSetHeader DataTable TableHeader TableFragment TableFragment TableFragment TableProgress TableCompletion DataTable DataSetCompletion")
	same("progressive", frames[0].IsProgressive, true)
	same("rows in fragments", total, 5000)

	// Management commands.
	mgmt := func(command string) query.Table {
		ds, err := c.Mgmt(ctx, db, kql.New("").AddUnsafe(command))
		if err != nil {
			fail("%s: %v", command, err)
		}
		return ds.Tables()[0]
	}
	same(".show tables", column(mgmt(".show tables"), "TableName"), "LAQueryLogs SigninLogs")
	contains("cslschema", rowText(mgmt(".show table SigninLogs cslschema"), 0, "Schema"), "TimeGenerated:datetime")
	contains("json", rowText(mgmt(".show table SigninLogs schema as json"), 0, "Schema"), `{"Name":"TimeGenerated","Type":"System.DateTime","CslType":"datetime"}`)
	same(".show databases", column(mgmt(".show databases"), "DatabaseName"), db)
	contains("database schema", column(mgmt(".show database security schema"), "TableName"), "SigninLogs")
	contains("database schema as json", rowText(mgmt(".show database schema as json"), 0, "DatabaseSchema"), `"security":`)
	if strings.Contains(rowText(mgmt(".show database schema as json"), 0, "DatabaseSchema"), "AuditLogs") {
		fail("the schema shows what may not be read")
	}
	mgmt(".show functions")
	contains("version", rowText(mgmt(".show version"), 0, "ProductVersion"), "Nordlys")
	same("roles", column(mgmt(".show database security principal roles"), "Role"), "reader")
	mgmt(".show queries")
	same("with a query", column(mgmt(".show tables | where TableName startswith 'Sign' | project TableName"), "TableName"), "SigninLogs")
	for command, want := range map[string]string{
		".show table AuditLogs cslschema": "was not found",
		".show table Nothing cslschema":   "was not found",
		".drop table SigninLogs":          "not supported yet",
		".cancel query \"nothing\"":       "no query",
	} {
		_, err := c.Mgmt(ctx, db, kql.New("").AddUnsafe(command))
		if err == nil {
			fail("%s: no error", command)
		}
		contains(command, err.Error(), want)
	}

	// A wrong token.
	bad, err := azkustodata.New(azkustodata.NewConnectionStringBuilder(address).WithApplicationToken("d4c9cf2d-0d24-4c40-9c3f-8b6dbb1b2f5f", "nlt_wrong"), azkustodata.WithHttpClient(h))
	check(err)
	if _, err = bad.Query(ctx, db, kql.New("print 1")); err == nil {
		fail("a wrong token was taken")
	}
	contains("wrong token", err.Error(), "401")
}

func rowText(t query.Table, row int, name string) string {
	v, err := t.Rows()[row].ValueByName(name)
	check(err)
	return v.String()
}

func column(t query.Table, name string) string {
	var out []string
	for i := range t.Rows() {
		out = append(out, rowText(t, i, name))
	}
	return strings.Join(out, " ")
}
