package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
)

// memory is a Sink that holds batches to the contract, removes duplicates, and keeps rows for the test to look at.
type memory struct {
	t     *testing.T
	seen  map[string]map[[2]int64]bool
	types map[string]map[string]string
	rows  map[string][]map[string]any
	quiet bool // count only
	calls int
	fail  error
	mu    sync.Mutex
}

func newMemory(t *testing.T) *memory {
	return &memory{t: t, seen: map[string]map[[2]int64]bool{}, types: map[string]map[string]string{}, rows: map[string][]map[string]any{}}
}

// columns is Options.Columns for what the sink has.
func (m *memory) columns(table string) (cols []tables.Column) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cat, _ := tables.Builtin().Lookup(table)
	for name, typ := range m.types[table] {
		if cat != nil {
			if _, ok := cat.Column(name); ok {
				continue
			}
		}
		cols = append(cols, tables.Column{Name: name, Type: typ})
	}
	return cols
}

func (m *memory) Flush(context.Context) error { return nil }

func (m *memory) Append(_ context.Context, table string, rec arrow.RecordBatch) (int64, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.fail != nil {
		return 0, 0, m.fail
	}
	m.check(table, rec)
	ids := rec.Column(rec.Schema().FieldIndices("_ItemId")[0]).(*array.Int64)
	times := rec.Column(rec.Schema().FieldIndices("TimeGenerated")[0]).(*array.Int64)
	seen := m.seen[table]
	if seen == nil {
		seen = map[[2]int64]bool{}
		m.seen[table] = seen
	}
	var accepted int64
	for i := range int(rec.NumRows()) {
		key := [2]int64{ids.Value(i), times.Value(i) / tables.IdentityTick(table)}
		if seen[key] {
			continue
		}
		seen[key] = true
		accepted++
		if !m.quiet {
			m.rows[table] = append(m.rows[table], rowOf(rec, i))
		}
	}
	return accepted, 0, nil
}

// check holds a batch to the contract of Sink.
func (m *memory) check(table string, rec arrow.RecordBatch) {
	t := m.t
	types := m.types[table]
	if types == nil {
		types = map[string]string{}
		m.types[table] = types
	}
	cat, _ := tables.Builtin().Lookup(table)
	names := map[string]bool{}
	for i, f := range rec.Schema().Fields() {
		typ, _ := f.Metadata.GetValue(TypeKey)
		if names[f.Name] {
			t.Errorf("%s.%s appears twice", table, f.Name)
		}
		names[f.Name] = true
		if was, ok := types[f.Name]; ok && was != typ {
			t.Errorf("%s.%s is %s, and was %s", table, f.Name, typ, was)
		}
		types[f.Name] = typ
		if cat != nil {
			if c, ok := cat.Column(f.Name); ok && (c.Type != typ || c.Name != f.Name) {
				t.Errorf("%s.%s is %s, the catalogue says %s %s", table, f.Name, typ, c.Name, c.Type)
			}
		}
		var want arrow.Type
		switch typ {
		case "bool":
			want = arrow.BOOL
		case "int":
			want = arrow.INT32
		case "long", "datetime", "timespan":
			want = arrow.INT64
		case "real":
			want = arrow.FLOAT64
		case "string", "guid", "decimal", "dynamic":
			want = arrow.STRING
		}
		col := rec.Column(i)
		if col.DataType().ID() != want {
			t.Errorf("%s.%s: %s as Arrow %s", table, f.Name, typ, col.DataType())
		}
		if col.Len() != int(rec.NumRows()) {
			t.Errorf("%s.%s has %d values in %d rows", table, f.Name, col.Len(), rec.NumRows())
		}
		nulls := 0
		for k := range col.Len() {
			if col.IsNull(k) {
				nulls++
			} else if typ == "dynamic" && !json.Valid([]byte(col.(*array.String).Value(k))) {
				t.Errorf("%s.%s: not JSON: %s", table, f.Name, col.(*array.String).Value(k))
			}
		}
		if nulls != col.NullN() {
			t.Errorf("%s.%s counts %d nulls, has %d", table, f.Name, col.NullN(), nulls)
		}
		if nulls > 0 && (typ == "string" || names["required"]) {
			t.Errorf("%s.%s: %d null strings", table, f.Name, nulls)
		}
	}
	for _, name := range []string{"TimeGenerated", "_ItemId", "_SourceId", "_SourceRecord", "_TimeReceived"} {
		at := rec.Schema().FieldIndices(name)
		if len(at) != 1 || rec.Column(at[0]).NullN() > 0 {
			t.Fatalf("%s: column %s is missing or has nulls", table, name)
		}
	}
}

// rowOf makes a row readable: times as text, dynamic as JSON, nothing of what is empty or hidden.
func rowOf(rec arrow.RecordBatch, i int) map[string]any {
	row := map[string]any{}
	for k, f := range rec.Schema().Fields() {
		col := rec.Column(k)
		if col.IsNull(i) || f.Name == "_ItemId" || f.Name == "_SourceId" || f.Name == "_TimeReceived" {
			continue
		}
		typ, _ := f.Metadata.GetValue(TypeKey)
		switch c := col.(type) {
		case *array.String:
			if c.Value(i) == "" {
				continue
			}
			row[f.Name] = c.Value(i)
			if typ == "dynamic" {
				row[f.Name] = json.RawMessage(c.Value(i))
			}
		case *array.Int64:
			row[f.Name] = c.Value(i)
			if typ == "datetime" {
				row[f.Name] = rows.TimeOf(c.Value(i)).Format("2006-01-02T15:04:05.0000000Z")
			}
		case *array.Int32:
			row[f.Name] = c.Value(i)
		case *array.Float64:
			row[f.Name] = c.Value(i)
			if v := c.Value(i); math.IsNaN(v) || math.IsInf(v, 0) {
				row[f.Name] = fmt.Sprint(v)
			}
		case *array.Boolean:
			row[f.Name] = c.Value(i)
		}
	}
	return row
}

// text prints rows as JSON, a table after the other.
func (m *memory) text() string {
	var names []string
	for n := range m.rows {
		names = append(names, n)
	}
	sort.Strings(names)
	out := ""
	for _, n := range names {
		if n == tables.NordlysSources {
			continue
		}
		for _, r := range m.rows[n] {
			b, err := json.Marshal(r)
			if err != nil {
				m.t.Fatal(err)
			}
			out += fmt.Sprintf("%s %s\n", n, b)
		}
	}
	return out
}
