package ingest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"nordlys/internal/tables"
)

func TestRetry(t *testing.T) {
	dir := t.TempDir()
	signIn := func(id string) string {
		return `{"time":"2026-03-10T09:12:07Z","category":"SignInLogs","properties":{"id":"` + id + `","createdDateTime":"2026-03-10T09:12:05Z","userPrincipalName":"ada@contoso.com"}}`
	}
	const broken = `{"category":"SignInLogs","properties":{"id":"b"}}` // it has no time
	path := filepath.Join(dir, "signin.json")
	if err := os.WriteFile(path, []byte(signIn("a")+"\n"+broken+"\n"+signIn("c")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, m := context.Background(), newMemory(t)
	q := &quarantine{Sink: m}
	if r, err := Import(ctx, []string{path}, q, Options{Columns: m.columns}); err != nil || r.Accepted != 2 || r.Rejected != 1 || len(q.list) != 1 {
		t.Fatal(r, err, q.list)
	}
	real := q.list[0]
	// What an earlier version could not read: of this file, and of one that is gone.
	earlier := real
	earlier.ID, earlier.Record = 7, 3
	gone := Reject{ID: 8, Path: filepath.Join(dir, "gone.json"), SourceID: strings.Repeat("0", 64), Record: 5, Offset: 900, Raw: []byte(signIn("z")), Length: int64(len(signIn("z")))}
	worse := Reject{ID: 9, Path: gone.Path, SourceID: gone.SourceID, Record: 6, Offset: 2000, Raw: []byte(broken), Length: int64(len(broken))}
	part := Reject{ID: 10, Path: filepath.Join(dir, "part.json"), SourceID: strings.Repeat("1", 64), Record: 1, Raw: []byte(signIn("y"))[:20], Length: 900_000}

	r, resolved, err := Retry(ctx, []Reject{real, earlier, gone, worse, part}, q, Options{Columns: m.columns})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{7, 8, 9}; !slices.Equal(resolved, want) { // 9 is refused again, under an identity of its own
		t.Errorf("resolved %v, want %v", resolved, want)
	}
	if len(r.Files) != 3 || r.Accepted != 1 || r.Duplicates != 2 || r.Rejected != 2 || r.Errors != 1 {
		t.Errorf("receipt %+v", r)
	}
	if !strings.Contains(r.Files[2].Error, "only a part was kept") {
		t.Error(r.Files[2].Error)
	}
	if rows := m.rows["SigninLogs"]; len(rows) != 3 {
		t.Errorf("%d sign-ins, want 3", len(rows))
	} else if last := rows[2]; last["Id"] != "z" || last["_SourceRecord"] != int64(5) {
		t.Errorf("the record from the quarantine is %v", last)
	}
	again := q.list[len(q.list)-1]
	if again.Record != 6 || again.Offset != 2000 || again.Path != gone.Path || again.SourceID != gone.SourceID {
		t.Errorf("refused again as %+v", again)
	}
	if n := len(m.rows[tables.NordlysRejects]); n != 2 {
		t.Errorf("%d rejects are kept, want 2", n)
	}

	// What is refused for the same reason again stays unresolved.
	r, resolved, err = Retry(ctx, []Reject{real, again}, m, Options{Columns: m.columns})
	if err != nil || len(resolved) > 0 || r.Rejected != 2 {
		t.Errorf("%+v, resolved %v, %v", r, resolved, err)
	}
}

// quarantine is a sink that keeps what is refused as Retry wants it.
type quarantine struct {
	Sink
	list []Reject
}

func (q *quarantine) Append(ctx context.Context, table string, rec arrow.RecordBatch) (int64, int64, error) {
	if table == tables.NordlysRejects {
		column := func(name string) arrow.Array { return rec.Column(rec.Schema().FieldIndices(name)[0]) }
		long := func(name string, i int) int64 { return column(name).(*array.Int64).Value(i) }
		text := func(name string, i int) string { return column(name).(*array.String).Value(i) }
		for i := range int(rec.NumRows()) {
			q.list = append(q.list, Reject{ID: long("_ItemId", i), Path: text("Path", i), SourceID: text("_SourceId", i), Modified: long("TimeGenerated", i),
				Record: long("Record", i), Offset: long("Offset", i), Raw: []byte(text("Raw", i)), Length: long("Length", i)})
		}
	}
	return q.Sink.Append(ctx, table, rec)
}
