package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nordlys/internal/engine/duckdb"
)

// parquetFile writes what a statement selects.
func parquetFile(t testing.TB, path, statement string) {
	t.Helper()
	db, err := duckdb.Open(context.Background(), duckdb.Options{Dirs: []string{filepath.Dir(path)}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(context.Background(), "COPY ("+statement+") TO '"+path+"' (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
}

// Parquet files are read as JSON records are: by Type, by their columns, or as an unknown table.
func TestParquet(t *testing.T) {
	dir := t.TempDir()
	parquetFile(t, filepath.Join(dir, "a_export.parquet"), `SELECT * FROM (VALUES
		('SigninLogs', TIMESTAMP '2025-03-04 10:00:00.123456', TIMESTAMP '2025-03-04 10:00:00', 's1', '0', 'anna@contoso.com', '{"city":"Oslo"}', 5, 'x'),
		('SigninLogs', TIMESTAMP '2025-03-04 10:00:01', TIMESTAMP '2025-03-04 10:00:01', 's2', '50126', '', NULL, NULL, ''),
		('Heartbeat', TIMESTAMP '2025-03-04 10:00:02', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		('SigninLogs', NULL, NULL, 's3', '0', '', NULL, NULL, ''))
		v("Type", "TimeGenerated", "CreatedDateTime", "Id", "ResultType", "UserPrincipalName", "LocationDetails", "NewNumber", "NewText")`)
	parquetFile(t, filepath.Join(dir, "b_columns.parquet"), `SELECT TIMESTAMPTZ '2025-03-04 11:00:00+01' AS "TimeGenerated", 'web01' AS "Computer", 'auth' AS "Facility", 'info' AS "SeverityLevel",
		'hello' AS "SyslogMessage", 'sshd' AS "ProcessName", 12 AS "ProcessID", ['a', 'b'] AS "Extra"`)
	parquetFile(t, filepath.Join(dir, "c_doors.parquet"), `SELECT DATE '2025-03-04' AS day, 'north' AS door, 9223372036854775807 AS big, 1.5::DOUBLE AS ratio, 2.50 AS price, 'nan'::DOUBLE AS odd, {'a': 1} AS detail`)
	parquetFile(t, filepath.Join(dir, "d_empty.parquet"), `SELECT 1 AS a WHERE false`)
	if err := os.WriteFile(filepath.Join(dir, "e_cut.parquet"), []byte("PAR1 and no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := newMemory(t)
	opts := Options{Now: testNow, Parquet: duckdb.ReadParquet, Columns: m.columns}
	r, err := Import(t.Context(), []string{dir}, m, opts)
	if err != nil {
		t.Fatal(err)
	}
	checkFormats(t, r)
	delete(m.rows, "NordlysRejects")
	got := receiptLines(r, dir) + m.text()
	want := `receipt a_export.parquet: Parquet, Log Analytics export (JSON): 4 = 3 + 0 + 1; not supported yet: JSON records with the fields Type, Id, ResultType
receipt b_columns.parquet: Parquet, Log Analytics export (JSON): 1 = 1 + 0 + 0; rows whose Type names no table: Syslog by their columns
receipt c_doors.parquet: Parquet, unknown records: 1 = 1 + 0 + 0; an unknown format: kept as it is in table c_doors_CL
receipt d_empty.parquet: Parquet: 0 = 0 + 0 + 0; no records in it
receipt e_cut.parquet: Parquet: 0 = 0 + 0 + 0; a damaged Parquet file, or one of a kind that is not read: Invalid Input Error: No magic bytes found at end of it
Heartbeat {"TimeGenerated":"2025-03-04T10:00:02.0000000Z","Type":"Heartbeat","_SourceRecord":3}
SigninLogs {"CreatedDateTime":"2025-03-04T10:00:00.0000000Z","Id":"s1","LocationDetails":{"city":"Oslo"},"NewNumber":5,"NewText":"x","ResultType":"0","TimeGenerated":"2025-03-04T10:00:00.0000000Z","Type":"SigninLogs","UserPrincipalName":"anna@contoso.com","_SourceRecord":1}
SigninLogs {"CreatedDateTime":"2025-03-04T10:00:01.0000000Z","Id":"s2","ResultType":"50126","TimeGenerated":"2025-03-04T10:00:01.0000000Z","Type":"SigninLogs","_SourceRecord":2}
Syslog {"Computer":"web01","Extra":["a","b"],"Facility":"auth","ProcessID":12,"ProcessName":"sshd","SeverityLevel":"info","SyslogMessage":"hello","TimeGenerated":"2025-03-04T10:00:00.0000000Z","Type":"Syslog","_SourceRecord":1}
c_doors_CL {"TimeGenerated":"2025-03-04T00:00:00.0000000Z","Type":"c_doors_CL","_SourceRecord":1,"big":9223372036854775807,"day":"2025-03-04T00:00:00.0000000Z","detail":{"a":1},"door":"north","odd":"NaN","price":"2.50","ratio":1.5}
`
	if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("rows differ (-want +got):\n%s", d)
	}
	again, err := Import(t.Context(), []string{dir}, m, opts)
	if err != nil || again.Accepted != 0 {
		t.Errorf("importing again accepted %d, %v", again.Accepted, err)
	}
	// Without a reader such a file is refused in words.
	r, err = Import(t.Context(), []string{filepath.Join(dir, "b_columns.parquet")}, newMemory(t), Options{Now: testNow})
	if err != nil || !strings.Contains(r.Files[0].Error, "a Parquet file") {
		t.Errorf("%+v, %v", r, err)
	}
}

func FuzzParquet(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.parquet")
	parquetFile(f, path, `SELECT TIMESTAMP '2025-03-04 10:00:00' AS "TimeGenerated", 'SigninLogs' AS "Type", 's1' AS "Id", [1] AS "X"`)
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		r, err := Import(t.Context(), []string{"-"}, newMemory(t), Options{Now: testNow, Parquet: duckdb.ReadParquet, Stdin: io.MultiReader(bytes.NewReader(data))})
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(r, err)
		}
	})
}
