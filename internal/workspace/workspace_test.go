package workspace

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/engine/lower"
	kqltypes "nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// day0 is 2026-03-11T00:00:00Z in ticks.
const day0 = int64(639_087_840_000_000_000)

type row struct {
	time, id int64
	name     string
}

// batch makes rows of a table with TimeGenerated, _ItemId and one string column.
func batch(column string, rows ...row) arrow.RecordBatch {
	meta := func(t string) arrow.Metadata { return arrow.NewMetadata([]string{"kql"}, []string{t}) }
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "TimeGenerated", Type: arrow.PrimitiveTypes.Int64, Metadata: meta("datetime")},
		{Name: "_ItemId", Type: arrow.PrimitiveTypes.Int64, Metadata: meta("long")},
		{Name: column, Type: arrow.BinaryTypes.String, Metadata: meta("string")},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, r := range rows {
		b.Field(0).(*array.Int64Builder).Append(r.time)
		b.Field(1).(*array.Int64Builder).Append(r.id)
		b.Field(2).(*array.StringBuilder).Append(r.name)
	}
	return b.NewRecordBatch()
}

func open(t *testing.T, dir string, m Mode) *Workspace {
	t.Helper()
	w, err := Open(context.Background(), dir, m, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func add(t *testing.T, w *Workspace, table string, rec arrow.RecordBatch, want int64) {
	t.Helper()
	n, _, err := w.Append(context.Background(), table, rec)
	if err != nil || n != want {
		t.Fatalf("Append = %d, %v, want %d", n, err, want)
	}
}

func count(t *testing.T, w *Workspace, table, column string, b lower.Bounds) (rows, filled int64) {
	t.Helper()
	from, exprs, err := w.Relation(table, []plan.Column{{Name: column, Type: kqltypes.String}, {Name: "TimeGenerated", Type: kqltypes.Datetime}}, b)
	if err != nil {
		t.Fatal(err)
	}
	q := "SELECT count(*), count(*) FILTER (WHERE " + exprs[0] + " <> '') FROM " + from
	if err := w.db.SQL().QueryRow(q).Scan(&rows, &filled); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return rows, filled
}

var allTime = lower.Bounds{From: 0, To: lower.MaxTicks}

func TestAppendFlushReopen(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	w := open(t, dir, Write)
	add(t, w, "T_CL", batch("A", row{day0 + 2, 1, "x"}, row{day0 + 1, 2, "y"}, row{day0 + 2, 1, "x"}), 2)
	add(t, w, "T_CL", batch("B", row{day0 + ticksPerDay, 3, "z"}, row{day0 + 2, 1, "x"}), 1)
	if err := w.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		column       string
		bounds       lower.Bounds
		rows, filled int64
	}{
		{"A", allTime, 3, 2}, {"B", allTime, 3, 1}, {"Missing", allTime, 3, 0},
		{"A", lower.Bounds{From: day0, To: day0 + 10}, 2, 2},
		{"A", lower.Bounds{From: day0 + ticksPerDay, To: lower.MaxTicks}, 1, 0},
		{"A", lower.Bounds{From: 0, To: day0 - 1}, 0, 0},
	} {
		if rows, filled := count(t, w, "T_CL", c.column, c.bounds); rows != c.rows || filled != c.filled {
			t.Errorf("column %s in %v: %d rows, %d filled, want %d, %d", c.column, c.bounds, rows, filled, c.rows, c.filled)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	// Another process: what was flushed is known, so the same rows are duplicates.
	w = open(t, dir, Write)
	add(t, w, "T_CL", batch("A", row{day0 + 2, 1, "x"}, row{day0 + 5, 1, "new time, so another row"}), 1)
	if err := w.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	infos := w.Tables()
	if len(infos) != 1 || infos[0].Rows != 4 || infos[0].First != day0+1 || infos[0].Last != day0+ticksPerDay {
		t.Errorf("Tables = %+v", infos)
	}
	// A reader sees it while the writer is still open.
	r := open(t, dir, Read)
	if rows, _ := count(t, r, "T_CL", "A", allTime); rows != 4 {
		t.Errorf("reader sees %d rows, want 4", rows)
	}
}

func TestUnflushedRowsLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, Write)
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}), 1)
	// A crash between writing a segment and naming it.
	if err := w.writer.seal(context.Background(), "T_CL"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files := func() int {
		m, _ := filepath.Glob(filepath.Join(dir, "segments", "*", "*", "*.parquet"))
		return len(m)
	}
	if files() != 1 {
		t.Fatalf("%d segment files before the sweep, want 1", files())
	}
	w = open(t, dir, Write)
	if files() != 0 || len(w.Tables()) != 0 {
		t.Errorf("%d files and tables %v after the sweep, want none", files(), w.Tables())
	}
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}), 1)
}

func TestColumnsOfAnotherTypeAndCase(t *testing.T) {
	w := open(t, t.TempDir(), Write)
	add(t, w, "SigninLogs", batch("userprincipalname", row{day0, 1, "a@contoso.com"}), 1)
	add(t, w, "SigninLogs", batch("DeviceDetail", row{day0, 2, "text where the table has dynamic"}), 1)
	if err := w.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, filled := count(t, w, "SigninLogs", "UserPrincipalName", allTime); filled != 1 {
		t.Errorf("UserPrincipalName has %d values, want 1", filled)
	}
	if _, filled := count(t, w, "SigninLogs", "DeviceDetail_string", allTime); filled != 1 {
		t.Errorf("DeviceDetail_string has %d values, want 1", filled)
	}
}

// A segment that is gone or cut is told as that.
func TestDamagedSegment(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, Write)
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}), 1)
	if err := w.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "segments", "*", "*", "*.parquet"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	for what, damage := range map[string]func() error{
		"cut":  func() error { return os.Truncate(files[0], 20) },
		"gone": func() error { return os.Rename(files[0], files[0]+".away") },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		rows, _, _, err := w.Query(context.Background(), Query{Text: "T_CL | where A == 'x'"})
		if err == nil {
			_, err = rows.Next()
			_ = rows.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "missing or damaged") {
			t.Errorf("%s: %v", what, err)
		}
		if what == "gone" {
			if err := os.Rename(files[0]+".away", files[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Duplicates are known also when the identities had to be let go, within a batch and across batches.
func TestForgettingKeepsDuplicatesOut(t *testing.T) {
	w := open(t, t.TempDir(), Write)
	w.writer.room = 2
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}), 1)
	add(t, w, "T_CL", batch("A", row{day0, 2, "y"}, row{day0 + ticksPerDay, 3, "z"}, row{day0, 2, "y"}, row{day0, 1, "x"}), 2)
	add(t, w, "T_CL", batch("A", row{day0 + ticksPerHour, 4, "v"}, row{day0 + 2*ticksPerDay, 5, "w"}, row{day0 + ticksPerHour, 4, "v"}, row{day0, 2, "y"}), 2)
	add(t, w, "T_CL", batch("A", row{day0 + ticksPerHour, 4, "v"}, row{day0 + ticksPerHour, 6, "v"}), 1)
	if len(w.writer.forgotten) == 0 {
		t.Error("nothing was let go")
	}
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}, row{day0 + ticksPerDay, 3, "z"}, row{day0 + 2*ticksPerDay, 5, "w"}, row{day0 + ticksPerHour, 6, "v"}), 0)
	if err := w.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n, _ := count(t, w, "T_CL", "A", allTime); n != 6 {
		t.Errorf("%d rows, want 6", n)
	}
}

// A dynamic that is null stays null through de-duplication, missing columns and sorting: an empty text is no JSON.
func TestNullDynamics(t *testing.T) {
	meta := func(t string) arrow.Metadata { return arrow.NewMetadata([]string{"kql"}, []string{t}) }
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "TimeGenerated", Type: arrow.PrimitiveTypes.Int64, Metadata: meta("datetime")},
		{Name: "_ItemId", Type: arrow.PrimitiveTypes.Int64, Metadata: meta("long")},
		{Name: "D", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: meta("dynamic")},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	b.Field(0).(*array.Int64Builder).AppendValues([]int64{day0 + 3, day0 + 1, day0 + 1}, nil)
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{1, 2, 2}, nil)
	b.Field(2).(*array.StringBuilder).AppendValues([]string{`{"a":1}`, "", ""}, []bool{true, false, false})
	w := open(t, t.TempDir(), Write)
	add(t, w, "T_CL", b.NewRecordBatch(), 2)
	add(t, w, "T_CL", batch("A", row{day0 + 2, 3, "x"}), 1)
	if err := w.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	rows, _, list, err := w.Query(context.Background(), Query{Text: "T_CL | where isnull(D) and isempty(tostring(D.a)) | count"})
	if err != nil {
		t.Fatal(err, list)
	}
	defer rows.Close()
	if r, err := rows.Next(); err != nil || r[0] != int64(2) {
		t.Errorf("%v rows with a null dynamic, %v, want 2", r, err)
	}
}

// Two columns of a table whose names differ in case only stay two.
func TestColumnsThatDifferInCase(t *testing.T) {
	w := open(t, t.TempDir(), Write)
	add(t, w, "AzureDiagnostics", batch("clientIP_s", row{day0, 1, "203.0.113.1"}), 1)
	add(t, w, "AzureDiagnostics", batch("clientIp_s", row{day0, 2, "203.0.113.2"}, row{day0, 3, ""}), 2)
	if err := w.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, column := range []string{"clientIP_s", "clientIp_s"} {
		if _, filled := count(t, w, "AzureDiagnostics", column, allTime); filled != 1 {
			t.Errorf("%s has %d values, want 1", column, filled)
		}
	}
	// Type is the table's name without being stored.
	if _, filled := count(t, w, "AzureDiagnostics", "Type", allTime); filled != 3 {
		t.Errorf("Type has %d values, want 3", filled)
	}
}

func TestOpenErrors(t *testing.T) {
	ctx := context.Background()
	if _, err := Open(ctx, t.TempDir(), Read, duckdb.Options{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("open of an empty folder: %v, want ErrNotFound", err)
	}
	dir := t.TempDir()
	open(t, dir, Write)
	if _, err := Open(ctx, dir, Write, duckdb.Options{}); err == nil {
		t.Error("a second writer was let in")
	}
	if err := os.WriteFile(filepath.Join(t.TempDir(), "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAppendRefusesNames(t *testing.T) {
	w := open(t, t.TempDir(), Write)
	for _, name := range []string{"", "../x", "a b", "a/b", `a"b`} {
		if _, _, err := w.Append(context.Background(), name, batch("A", row{day0, 1, "x"})); err == nil {
			t.Errorf("table name %q was taken", name)
		}
	}
}

func TestIDSet(t *testing.T) {
	var s idSet
	for round, want := range []bool{true, false} {
		for i := uint64(0); i < 10000; i++ {
			if got, more := s.add(i*64, uint8(round)); got != want || more {
				t.Fatalf("round %d: add(%d) = %v, %v", round, i*64, got, more)
			}
		}
	}
	if s.n != 10000 {
		t.Errorf("n = %d", s.n)
	}
	d := idSet{detailed: true}
	for _, c := range []struct {
		detail      uint8
		fresh, more bool
	}{{5, true, false}, {5, false, false}, {4, false, false}, {7, false, true}, {6, false, false}} {
		for i := uint64(0); i < 10000; i++ {
			if fresh, more := d.add(i*64, c.detail); fresh != c.fresh || more != c.more {
				t.Fatalf("add(%d, %d) = %v, %v", i*64, c.detail, fresh, more)
			}
		}
	}
}
