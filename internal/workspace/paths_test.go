package workspace

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"nordlys/internal/engine/lower"
)

// Values of DeviceDetail.operatingSystem of every kind, and bags without one.
var pathValues = []string{
	`{"operatingSystem":"Windows 11"}`, `{"operatingSystem":"a \"quoted\" \\ slash \/ tab\t é \u00e9 😀"}`,
	`{"operatingSystem":""}`, `{"operatingSystem":"null"}`, `{"operatingSystem":"{\"a\":1}"}`, `{"operatingSystem":null}`,
	`{"operatingSystem":true}`, `{"operatingSystem":false}`, `{"operatingSystem":7}`, `{"operatingSystem":-0.50}`,
	`{"operatingSystem":1e5}`, `{"operatingSystem":12345678901234567890123}`, `{"operatingSystem":[1,"b",null]}`,
	`{"operatingSystem":{"b":1,"a":"x"}}`, `{}`, `[1]`, `"operatingSystem"`, ``,
}

var column = regexp.MustCompile(`\bD\b`)

func TestHotPathsReadAsTheJSONDoes(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	w := open(t, dir, Write)
	meta := func(typ string) arrow.Metadata { return arrow.NewMetadata([]string{"kql"}, []string{typ}) }
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "TimeGenerated", Type: arrow.PrimitiveTypes.Int64, Metadata: meta("datetime")},
		{Name: "_ItemId", Type: arrow.PrimitiveTypes.Int64, Metadata: meta("long")},
		{Name: "DeviceDetail", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: meta("dynamic")},
	}, nil))
	defer b.Release()
	for i, v := range pathValues {
		b.Field(0).(*array.Int64Builder).Append(day0 + int64(i))
		b.Field(1).(*array.Int64Builder).Append(int64(i))
		if v == "" {
			b.Field(2).AppendNull()
		} else {
			b.Field(2).(*array.StringBuilder).Append(v)
		}
	}
	add(t, w, "SigninLogs", b.NewRecordBatch(), int64(len(pathValues)))
	if err := w.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	sql := func(q string) string {
		t.Helper()
		p, list, err := w.Compile(context.Background(), Query{Text: q})
		if err != nil {
			t.Fatalf("%s: %v %v", q, err, list)
		}
		r, err := lower.Lower(p, lower.Options{Tables: w})
		if err != nil {
			t.Fatal(err)
		}
		return r.SQL
	}
	rows := func(q string) []string {
		t.Helper()
		r, _, list, err := w.Query(ctx, Query{Text: q})
		if err != nil {
			t.Fatalf("%s: %v %v", q, err, list)
		}
		defer r.Close()
		var out []string
		for {
			row, err := r.Next()
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			if row == nil {
				return out
			}
			out = append(out, fmt.Sprint(row...))
		}
	}
	// D is the column as it is, so its paths are stored; parse_json(tostring(D)) is the same value without them.
	for _, q := range []string{
		"SigninLogs | project TimeGenerated, X = D.operatingSystem | order by TimeGenerated asc",
		"SigninLogs | project TimeGenerated, X = tostring(D.operatingSystem) | order by TimeGenerated asc",
		"SigninLogs | project TimeGenerated, X = tolong(D.operatingSystem), Y = gettype(D.operatingSystem), Z = tobool(D['operatingSystem']) | order by TimeGenerated asc",
		"SigninLogs | where D.operatingSystem == 'Windows 11' or D.operatingSystem == true | project TimeGenerated, d = DeviceDetail | order by TimeGenerated asc",
		"SigninLogs | where isempty(D.operatingSystem) | take 100 | order by TimeGenerated asc",
		"SigninLogs | extend e = DeviceDetail, os = 1 | project-away os | where isnotnull(D.operatingSystem.a) or D.operatingSystem has 'win' | order by TimeGenerated asc",
		"SigninLogs | extend x = TimeGenerated, d = D | project-rename t = x | extend p = tostring(d.operatingSystem) | sort by t asc | serialize n = row_number() | project t, n, p",
		"SigninLogs | summarize n = count(), any = max(tostring(D.operatingSystem)) by os = tostring(D.operatingSystem) | order by os asc",
		"SigninLogs | where tostring(D.operatingSystem) in ((SigninLogs | where isnotempty(D.operatingSystem) | project tostring(D.operatingSystem))) | project TimeGenerated | order by TimeGenerated asc",
		"SigninLogs | extend k = tostring(D.operatingSystem) | join kind=inner (SigninLogs | project k = tostring(D.operatingSystem), TimeGenerated) on k | project k, TimeGenerated, TimeGenerated1 | order by TimeGenerated asc, TimeGenerated1 asc",
		"let T = materialize(SigninLogs | where isnotempty(D.operatingSystem)); union T, (T | extend u = tostring(D.operatingSystem)) | order by TimeGenerated asc, u asc",
		"SigninLogs | mv-expand x = D.operatingSystem | project TimeGenerated, x | order by TimeGenerated asc, tostring(x) asc",
		"SigninLogs | extend ['DeviceDetail.operatingSystem'] = 1 | project TimeGenerated, ['DeviceDetail.operatingSystem'], D.operatingSystem | order by TimeGenerated asc",
	} {
		stored, plain := column.ReplaceAllString(q, "DeviceDetail"), column.ReplaceAllString(q, "parse_json(tostring(DeviceDetail))")
		got, want := rows(stored), rows(plain)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s\ngot\n%s\nwant\n%s", stored, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if len(want) == 0 {
			t.Errorf("%s: no rows, so nothing is shown", q)
		}
	}
	if q := sql("SigninLogs | extend d = DeviceDetail | where d.operatingSystem == 'x' | summarize count() by tostring(DeviceDetail.browser)"); strings.Contains(q, "json_extract") {
		t.Errorf("a hot path is read from JSON: %s", q)
	}
	// A segment from before the path was hot makes queries read the JSON again.
	for _, s := range w.catalog.stored["SigninLogs"].segments {
		s.columns = []string{"TimeGenerated", "_ItemId", "DeviceDetail"}
	}
	if q := sql("SigninLogs | where DeviceDetail.operatingSystem == 'x'"); !strings.Contains(q, "json_extract") {
		t.Errorf("a path that a segment lacks is not read from JSON: %s", q)
	}
}
