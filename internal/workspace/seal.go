package workspace

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"nordlys/internal/engine/lower"
	"nordlys/internal/tables"
)

// A row group is what DuckDB holds in memory while it writes, and the unit that queries skip by: by bytes, so that wide
// rows do not fill the memory, and within these bounds.
const (
	rowGroupBytes = 24 << 20
	minRowGroup   = 2048
	maxRowGroup   = 122880
)

// seal writes a table's waiting rows as segments, one for each day. They become visible by commit.
func (wr *writer) seal(ctx context.Context, table string) error {
	b := wr.waiting[table]
	if b == nil || b.rows == 0 {
		return nil
	}
	if err := wr.dropOvertaken(ctx, table); err != nil {
		return err
	}
	segments, err := wr.ws.write(ctx, table, b.batches, b.bytes)
	if err != nil {
		return fmt.Errorf("write rows of %s: %w", table, err)
	}
	wr.uncommitted.add(segments...)
	for _, r := range b.batches {
		r.Release()
	}
	wr.bytes -= b.bytes
	delete(wr.waiting, table)
	return nil
}

// write makes segments of batches, one for each day, which nothing names yet. Bytes is about what the batches take.
func (w *Workspace) write(ctx context.Context, table string, rows []arrow.RecordBatch, bytes int64) ([]*segment, error) {
	schema, batches := unify(table, rows)
	defer func() { releaseAll(batches) }()
	days, sorted := daysOf(batches)
	if !sorted {
		as, ordered, err := sortBatches(schema, batches)
		if err != nil {
			return nil, fmt.Errorf("sort them: %w", err)
		}
		releaseAll(batches)
		schema, batches = as, ordered
	}
	var n int64
	for _, d := range days {
		n += d.rows
	}
	group := int(max(minRowGroup, min(maxRowGroup, rowGroupBytes*n/max(bytes, 1))))
	var out []*segment
	var at int64
	for _, d := range days {
		s, err := w.writeSegment(ctx, table, d, schema, part(batches, at, d.rows), group)
		if err != nil {
			w.discard(out)
			return nil, err
		}
		at += d.rows
		s.memory = bytes * d.rows / n
		out = append(out, s)
	}
	return out, nil
}

// part gives n rows of batches from row at on.
func part(batches []arrow.RecordBatch, at, n int64) []arrow.RecordBatch {
	var out []arrow.RecordBatch
	for _, rec := range batches {
		from, to := max(at, 0), min(at+n, rec.NumRows())
		if from < to {
			out = append(out, rec.NewSlice(from, to))
		}
		at -= rec.NumRows()
	}
	return out
}

// discard removes segments that nothing names.
func (w *Workspace) discard(segments []*segment) {
	for _, s := range segments {
		_ = os.Remove(s.path(w.dir)) // if it cannot be, the next writer sweeps it
	}
}

// dayRows says what a buffer holds of one day.
type dayRows struct{ day, rows, min, max int64 }

// daysOf counts the rows of each day, and says whether all rows come sorted by time.
func daysOf(batches []arrow.RecordBatch) (out []dayRows, sorted bool) {
	found := map[int64]*dayRows{}
	sorted = true
	var last int64
	var d *dayRows
	for _, rec := range batches {
		times, err := int64Column(rec, "TimeGenerated")
		if err != nil {
			continue // Append has refused such a batch
		}
		for _, t := range times {
			if day := t / ticksPerDay; d == nil || d.day != day {
				if d = found[day]; d == nil {
					d = &dayRows{day: day, min: t, max: t}
					found[day] = d
				}
			}
			d.rows++
			sorted = sorted && t >= last
			last = t
			d.min, d.max = min(d.min, t), max(d.max, t)
		}
	}
	for _, d := range found {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b dayRows) int { return cmp.Compare(a.day, b.day) })
	return out, sorted
}

// writeSegment writes the rows of one day, which it releases.
func (w *Workspace) writeSegment(ctx context.Context, table string, d dayRows, schema *arrow.Schema, batches []arrow.RecordBatch, rowGroup int) (*segment, error) {
	defer releaseAll(batches)
	var id [12]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, err
	}
	s := &segment{
		id: hex.EncodeToString(id[:]), table: table, rows: d.rows, min: d.min, max: d.max, made: time.Now().Unix(),
		day: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(d.day)).Format(time.DateOnly),
	}
	for _, f := range schema.Fields() {
		s.columns = append(s.columns, f.Name)
	}
	more, names := storedPathsSQL(table, s.columns)
	s.columns = append(s.columns, names...)
	tmp := filepath.Join(w.dir, "tmp", s.id+".parquet")
	n, err := w.db.WriteParquet(ctx, tmp, schema, batches, more, rowGroup)
	if err != nil {
		return nil, err
	}
	if n != d.rows {
		return nil, fmt.Errorf("internal: wrote %d rows of %d", n, d.rows)
	}
	if s.sha256, s.bytes, err = syncAndHash(tmp); err != nil {
		return nil, err
	}
	final := s.path(w.dir)
	if err := os.MkdirAll(filepath.Dir(final), 0o700); err != nil {
		return nil, err
	}
	if err := os.Rename(tmp, final); err != nil {
		return nil, err
	}
	if err := syncDir(filepath.Dir(final)); err != nil {
		return nil, err
	}
	return s, nil
}

// storedPathsSQL gives the columns that keep a table's hot paths, for those of its columns that a segment has. The paths
// of one column are taken out together, so that its JSON is read once.
func storedPathsSQL(table string, has []string) (sql, names []string) {
	paths := map[string][]string{}
	for _, p := range tables.HotPaths(table) {
		paths[p.Column] = append(paths[p.Column], lower.Text("$"+p.Path))
	}
	at := map[string]int{}
	for _, p := range tables.HotPaths(table) {
		if !slices.Contains(has, p.Column) {
			continue
		}
		at[p.Column]++
		value := fmt.Sprintf("CAST(json_extract(%s, [%s])[%d] AS VARCHAR)", lower.Ident(p.Column), strings.Join(paths[p.Column], ", "), at[p.Column])
		isString := "starts_with(" + value + ", '\"')"
		sql = append(sql,
			"CASE WHEN "+isString+" THEN json_extract_string("+value+", '$') ELSE nullif("+value+", 'null') END AS "+lower.Ident(p.Stored()),
			isString+" AS "+lower.Ident(p.StoredIsString()))
		names = append(names, p.Stored(), p.StoredIsString())
	}
	return sql, names
}

// syncAndHash makes a file durable and gives its SHA-256 and size.
func syncAndHash(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return "", 0, err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), n, err
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// unify brings batches to one schema: all columns of any, in the order first seen, without those that are null or empty
// throughout, and without Type where it says the table's name. A column that a batch lacks is empty or null there.
func unify(table string, batches []arrow.RecordBatch) (*arrow.Schema, []arrow.RecordBatch) {
	var fields []arrow.Field
	at := map[string]int{}
	used, neverNull := map[string]bool{}, map[string]bool{}
	for _, rec := range batches {
		for i, f := range rec.Schema().Fields() {
			if _, ok := at[f.Name]; !ok {
				at[f.Name] = len(fields)
				fields = append(fields, arrow.Field{Name: f.Name, Type: f.Type, Nullable: true})
				typ, _ := f.Metadata.GetValue("kql")
				neverNull[f.Name] = typ == "string"
			}
			if !used[f.Name] && !vacant(rec.Column(i)) && !(f.Name == typeColumn && all(rec.Column(i), table)) {
				used[f.Name] = true
			}
		}
	}
	kept := fields[:0]
	for _, f := range fields {
		if used[f.Name] {
			kept = append(kept, f)
		}
	}
	schema := arrow.NewSchema(kept, nil)
	out := make([]arrow.RecordBatch, len(batches))
	for i, rec := range batches {
		cols := make([]arrow.Array, len(kept))
		for j, f := range kept {
			if idx := rec.Schema().FieldIndices(f.Name); len(idx) > 0 {
				cols[j] = rec.Column(idx[0])
				cols[j].Retain()
			} else {
				cols[j] = filler(f.Type, neverNull[f.Name], int(rec.NumRows()))
			}
		}
		out[i] = array.NewRecordBatch(schema, cols, rec.NumRows())
		for _, c := range cols {
			c.Release()
		}
	}
	return schema, out
}

// vacant says whether a column holds nothing but nulls or empty strings.
func vacant(a arrow.Array) bool {
	if a.Len() == a.NullN() {
		return true
	}
	s, ok := a.(*array.String)
	return ok && len(s.ValueBytes()) == 0
}

// all says whether every value of a text column is v.
func all(a arrow.Array, v string) bool {
	s, ok := a.(*array.String)
	if !ok {
		return false
	}
	for i := range s.Len() {
		if s.Value(i) != v {
			return false
		}
	}
	return true
}

// filler is a column of n absent values: empty strings for KQL's string, nulls for all else, dynamic and guid included.
func filler(t arrow.DataType, neverNull bool, n int) arrow.Array {
	if !neverNull {
		return array.MakeArrayOfNull(memory.DefaultAllocator, t, n)
	}
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(n)
	for i := 0; i < n; i++ {
		b.Append("")
	}
	return b.NewArray()
}
