package workspace

import (
	"context"
	"database/sql"
	"fmt"

	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"nordlys/internal/engine/duckdb"
)

// event is a row of SigninLogs by one route: what it does not tell is empty.
type event struct {
	id, record           int64
	file, user, app, res string
}

func events(day int64, list ...event) arrow.RecordBatch {
	meta := func(t string) arrow.Metadata { return arrow.NewMetadata([]string{"kql"}, []string{t}) }
	field := func(name string, t arrow.DataType, kql string) arrow.Field {
		return arrow.Field{Name: name, Type: t, Metadata: meta(kql)}
	}
	schema := arrow.NewSchema([]arrow.Field{
		field("TimeGenerated", arrow.PrimitiveTypes.Int64, "datetime"), field("_ItemId", arrow.PrimitiveTypes.Int64, "long"),
		field("_SourceRecord", arrow.PrimitiveTypes.Int64, "long"), field("_SourceId", arrow.BinaryTypes.String, "string"),
		field("Identity", arrow.BinaryTypes.String, "string"), field("AppDisplayName", arrow.BinaryTypes.String, "string"),
		field("ResourceDisplayName", arrow.BinaryTypes.String, "string"),
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, e := range list {
		b.Field(0).(*array.Int64Builder).Append(day + e.id)
		b.Field(1).(*array.Int64Builder).Append(e.id)
		b.Field(2).(*array.Int64Builder).Append(e.record)
		for i, s := range []string{e.file, e.user, e.app, e.res} {
			b.Field(3 + i).(*array.StringBuilder).Append(s)
		}
	}
	return b.NewRecordBatch()
}

// answer runs a query and gives its rows as text.
func answer(t *testing.T, w *Workspace, kql string) []string {
	t.Helper()
	rows, _, list, err := w.Query(context.Background(), Query{Text: kql})
	if err != nil {
		t.Fatal(kql, err, list)
	}
	defer rows.Close()
	var out []string
	for {
		r, err := rows.Next()
		if err != nil {
			t.Fatal(err)
		}
		if r == nil {
			return out
		}
		out = append(out, strings.TrimSpace(fmt.Sprintln(r...)))
	}
}

func appended(t *testing.T, w *Workspace, table string, rec arrow.RecordBatch, accepted, merged int64) {
	t.Helper()
	a, m, err := w.Append(context.Background(), table, rec)
	if err != nil || a != accepted || m != merged {
		t.Fatalf("Append = %d, %d, %v, want %d, %d", a, m, err, accepted, merged)
	}
}

func flush(t *testing.T, w *Workspace) {
	t.Helper()
	if err := w.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "segments", "*", "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Of two routes to one event, the one that tells more stays: whether the other waits in memory, lies in a segment, or was
// written by another process; in whatever order they come; and coming again changes nothing.
func TestRicherRowWins(t *testing.T) {
	poor := func() arrow.RecordBatch {
		return events(day0, event{1, 1, "csv", "ann", "", ""}, event{2, 2, "csv", "ben", "", ""}, event{3, 3, "csv", "cy", "", ""})
	}
	rich := func() arrow.RecordBatch {
		return events(day0, event{1, 1, "json", "ann", "Portal", ""}, event{3, 2, "json", "cy", "Portal", ""}, event{4, 3, "json", "dee", "Portal", ""})
	}
	richest := func() arrow.RecordBatch {
		return events(day0, event{3, 1, "graph", "cy", "Portal", "Vault"}, event{3, 2, "graph", "cy", "Portal", "Vault"})
	}
	const query = "SigninLogs | project Identity, AppDisplayName, ResourceDisplayName, _SourceId | sort by Identity asc"
	want := []string{"ann Portal  json", "ben   csv", "cy Portal Vault graph", "dee Portal  json"}
	for name, between := range map[string]func(*Workspace, string) *Workspace{
		"waiting":   func(w *Workspace, _ string) *Workspace { return w },
		"committed": func(w *Workspace, _ string) *Workspace { flush(t, w); return w },
		"sealed": func(w *Workspace, _ string) *Workspace {
			if err := w.writer.seal(context.Background(), "SigninLogs"); err != nil {
				t.Fatal(err)
			}
			return w
		},
		"reopened": func(w *Workspace, dir string) *Workspace {
			flush(t, w)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, dir, Write)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := open(t, dir, Write)
			appended(t, w, "SigninLogs", poor(), 3, 0)
			w = between(w, dir)
			appended(t, w, "SigninLogs", rich(), 1, 2)
			w = between(w, dir)
			appended(t, w, "SigninLogs", poor(), 0, 0)
			w = between(w, dir)
			appended(t, w, "SigninLogs", richest(), 0, 1)
			appended(t, w, "SigninLogs", rich(), 0, 0)
			flush(t, w)
			if got := answer(t, w, query); !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			v, err := w.Verify(context.Background())
			if err != nil || len(v.Problems) > 0 {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
	t.Run("the rich first", func(t *testing.T) {
		w := open(t, t.TempDir(), Write)
		appended(t, w, "SigninLogs", richest(), 1, 0)
		appended(t, w, "SigninLogs", rich(), 2, 0)
		appended(t, w, "SigninLogs", poor(), 1, 0)
		flush(t, w)
		if got := answer(t, w, query); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
	t.Run("tables without identities of their own", func(t *testing.T) {
		w := open(t, t.TempDir(), Write)
		appended(t, w, "T_CL", poor(), 3, 0)
		appended(t, w, "T_CL", rich(), 1, 0)
	})
}

// A reader that opened the workspace before sees what was replaced since, and a query that has begun reads to its end.
func TestReadersOfReplacedSegments(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, Write)
	appended(t, w, "SigninLogs", events(day0, event{1, 1, "csv", "ann", "", ""}), 1, 0)
	flush(t, w)
	r := open(t, dir, Read)
	began, _, _, err := r.Query(context.Background(), Query{Text: "SigninLogs | project _SourceId"})
	if err != nil {
		t.Fatal(err)
	}
	defer began.Close()
	appended(t, w, "SigninLogs", events(day0, event{1, 1, "json", "ann", "Portal", ""}), 0, 1)
	flush(t, w)
	if n := len(files(t, dir)); n != 2 {
		t.Errorf("%d files, want that of the replaced segment beside the new one", n)
	}
	if row, err := began.Next(); err != nil || row[0] != "csv" {
		t.Errorf("the query that had begun gives %v, %v", row, err)
	}
	if got := answer(t, r, "SigninLogs | project _SourceId"); !slices.Equal(got, []string{"json"}) {
		t.Errorf("the reader gets %q", got)
	}
	// Later the file goes.
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, Write).Close()
	if n := len(files(t, dir)); n != 2 {
		t.Errorf("%d files after reopening at once, want 2", n)
	}
	w = open(t, dir, Write)
	for path := range w.catalog.dropped {
		w.catalog.dropped[path] = time.Now().Add(-2 * graceOfDropped)
	}
	if err := w.sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(files(t, dir)); n != 1 {
		t.Errorf("%d files after the sweep, want 1", n)
	}
}

func TestDerive(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	w := open(t, dir, Write)
	add(t, w, "T_CL", batch("A", row{day0, 1, "evidence"}), 1)
	flush(t, w)
	derive := func(name string, commit bool) {
		t.Helper()
		d, err := w.Derive("test")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Discard()
		d.Replace("T_CL", day0, day0+ticksPerDay)
		for i := range int64(2) {
			if err := d.Append(ctx, "T_CL", batch("A", row{day0 + i*ticksPerDay, 7, name})); err != nil {
				t.Fatal(err)
			}
		}
		if commit {
			if err := d.Commit(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	const query = "T_CL | sort by TimeGenerated asc, A asc | project A"
	derive("first", true)
	derive("lost", false)
	if got, want := answer(t, w, query), []string{"evidence", "first", "first"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	derive("second", true)
	if got, want := answer(t, w, query), []string{"evidence", "second", "second"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// The row that was derived is not known as evidence: the same identity may still come.
	add(t, w, "T_CL", batch("A", row{day0 + ticksPerDay, 7, "export"}), 1)
	flush(t, w)
	if got := answer(t, open(t, dir, Read), query); len(got) != 4 {
		t.Errorf("got %q", got)
	}
}

func TestRewrite(t *testing.T) {
	ctx := context.Background()
	w := open(t, t.TempDir(), Write)
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}, row{day0 + ticksPerDay, 2, "y"}), 2)
	n, err := w.Rewrite(ctx, "T_CL", func(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
		if rec.Column(rec.Schema().FieldIndices("A")[0]).(*array.String).Value(0) != "x" {
			return nil, nil
		}
		return batch("B", row{day0, 1, "added"}), nil
	})
	if err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if got, want := answer(t, w, "T_CL | sort by TimeGenerated asc | project A, B"), []string{"added", "y"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}), 0)
}

func TestCompact(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	w := open(t, dir, Write)
	const imports = 20
	for i := range int64(imports) {
		appended(t, w, "SigninLogs", events(day0, event{100 - i, 1, fmt.Sprint("file", i), "ann", "", ""}), 1, 0)
		add(t, w, "T_CL", batch("A", row{day0 + i*ticksPerDay, i, "x"}), 1) // a day each: nothing to merge
		flush(t, w)
	}
	from, to, err := w.Compact(ctx)
	if err != nil || from != imports || to != 1 {
		t.Fatalf("Compact = %d, %d, %v", from, to, err)
	}
	if from, _, err = w.Compact(ctx); err != nil || from != 0 {
		t.Errorf("again: %d, %v", from, err)
	}
	if got, want := answer(t, w, "SigninLogs | summarize n = count(), files = dcount(_SourceId), first = min(TimeGenerated)"), 1; len(got) != want || !strings.HasPrefix(got[0], "20 20 ") {
		t.Errorf("got %q", got)
	}
	// What was merged is known, with its detail.
	w.Close()
	w = open(t, dir, Write)
	appended(t, w, "SigninLogs", events(day0, event{90, 1, "again", "ann", "", ""}, event{91, 2, "json", "ann", "Portal", ""}), 0, 1)
	flush(t, w)
	if got := answer(t, w, "SigninLogs | where AppDisplayName == 'Portal' or _SourceId == 'again' | project _SourceId"); !slices.Equal(got, []string{"json"}) {
		t.Errorf("got %q", got)
	}
}

// A workspace of format 1 is read as it is, and brought to this format by the first writer.
func TestFormat1(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	w := open(t, dir, Write)
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}), 1)
	flush(t, w)
	err := w.withCatalog(ctx, false, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "DROP TABLE ws.dropped; ALTER TABLE ws.segments DROP COLUMN origin; UPDATE ws.settings SET value = '1' WHERE key = 'format'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got := answer(t, open(t, dir, Read), "T_CL | count"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("read: %q", got)
	}
	w = open(t, dir, Write)
	add(t, w, "T_CL", batch("A", row{day0, 1, "x"}, row{day0, 2, "y"}), 1)
	flush(t, w)
	if got := answer(t, open(t, dir, Read), "T_CL | count"); !slices.Equal(got, []string{"2"}) {
		t.Errorf("after writing: %q", got)
	}
	err = w.withCatalog(ctx, false, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "UPDATE ws.settings SET value = '99' WHERE key = 'format'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := Open(ctx, dir, Read, duckdb.Options{}); err == nil || !strings.Contains(err.Error(), "use a newer nordlys") {
		t.Error(err)
	}

}
