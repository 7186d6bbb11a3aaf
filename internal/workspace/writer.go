package workspace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"nordlys/internal/tables"
)

// The sizes at which rows waiting in memory are sealed.
const (
	sealRows      = 245_760  // rows of one table: two row groups
	sealBytes     = 64 << 20 // bytes of one table
	maxWaiting    = 96 << 20 // bytes of all tables together: then the largest is sealed
	maxIdentities = 8 << 20  // known identities (11 to 24 bytes each) before those of hours not met lately are let go
)

// writer is the writing side of a workspace.
type writer struct {
	ws   *Workspace
	lock *os.File

	mu          sync.Mutex
	known       map[hourKey]*idSet
	loaded      map[dayKey]bool              // whose stored rows are in known, but for the hours that were let go
	forgotten   map[hourKey]bool             // those
	winners     map[dayKey]map[uint64]source // of events whose earlier row has to go
	dry         bool                         // nothing is kept
	identities  int
	room        int   // for identities
	batches     int64 // so far
	waiting     map[string]*buffer
	bytes       int64
	names       map[string]*naming
	uncommitted change
}

// dayKey names the rows of one table and day.
type dayKey struct {
	table string
	day   int64 // TimeGenerated in whole days since year 1
}

// hourKey names the rows of one table and hour: the identities of so many are known or not.
type hourKey struct {
	table string
	hour  int64 // TimeGenerated in whole hours since year 1
}

// buffer is the rows of one table that wait to be sealed.
type buffer struct {
	batches []arrow.RecordBatch
	rows    int64
	bytes   int64
}

func newWriter(w *Workspace) (*writer, error) {
	tmp := filepath.Join(w.dir, "tmp")
	path := filepath.Join(w.dir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open workspace %s for writing: %w", w.dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("workspace %s is being written by another process: wait until it ends", w.dir)
	}
	if err := os.RemoveAll(tmp); err != nil {
		return nil, fmt.Errorf("clear %s: %w", tmp, err)
	}
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, fmt.Errorf("make %s: %w", tmp, err)
	}
	return &writer{
		ws: w, lock: f, room: maxIdentities, known: map[hourKey]*idSet{}, loaded: map[dayKey]bool{}, forgotten: map[hourKey]bool{}, winners: map[dayKey]map[uint64]source{}, waiting: map[string]*buffer{},
		names: map[string]*naming{},
	}, nil
}

// dryWriter takes rows and keeps none.
func dryWriter(w *Workspace) *writer {
	return &writer{ws: w, dry: true, known: map[hourKey]*idSet{}, loaded: map[dayKey]bool{}, winners: map[dayKey]map[uint64]source{}, names: map[string]*naming{}}
}

func (wr *writer) close() error {
	if wr.dry {
		return nil
	}
	return errors.Join(os.RemoveAll(filepath.Join(wr.ws.dir, "tmp")), wr.lock.Close())
}

// Append takes the rows that the table does not have yet, by (_ItemId, TimeGenerated), the time to the
// accuracy of tables.IdentityTick, and says how many those were. Where an event has an identity of its own (tables.Merges)
// and the row tells more than the one that the table has, it takes that one's place: merged says how many did. Columns
// that the table lacks are added; a column that comes with another type than the table's is kept beside it as
// NAME_TYPE. Rows are visible and durable after Flush, or earlier. The batch must have the columns and types that
// package ingest's Sink asks for.
func (w *Workspace) Append(ctx context.Context, table string, rec arrow.RecordBatch) (accepted, merged int64, err error) {
	wr := w.writer
	if wr == nil {
		return 0, 0, fmt.Errorf("append to %s: the workspace is open for reading only", table)
	}
	if !validName(table) {
		return 0, 0, fmt.Errorf("append: %q is no table name: letters, digits and _ only, at most 128", table)
	}
	wr.mu.Lock()
	defer wr.mu.Unlock()
	if err := wr.forget(ctx); err != nil {
		return 0, 0, err
	}
	rec = wr.conform(table, rec)
	defer rec.Release()
	fresh, merged, err := wr.dedupe(ctx, table, rec)
	if err != nil || fresh == nil {
		return 0, 0, err
	}
	accepted = fresh.NumRows() - merged
	if wr.dry {
		fresh.Release()
		return accepted, merged, nil
	}
	b := wr.waiting[table]
	if b == nil {
		b = &buffer{}
		wr.waiting[table] = b
	}
	size := batchBytes(fresh)
	b.batches = append(b.batches, fresh)
	b.rows += fresh.NumRows()
	b.bytes += size
	wr.bytes += size
	switch {
	case b.rows >= sealRows || b.bytes >= sealBytes:
		err = wr.sealAndCommit(ctx, table)
	case wr.bytes >= maxWaiting:
		err = wr.sealAndCommit(ctx, wr.largest())
	}
	return accepted, merged, err
}

// Flush makes everything appended so far durable and visible to queries.
func (w *Workspace) Flush(ctx context.Context) error {
	wr := w.writer
	wr.mu.Lock()
	defer wr.mu.Unlock()
	if wr.dry {
		return nil
	}
	for table := range wr.waiting {
		if err := wr.seal(ctx, table); err != nil {
			return err
		}
	}
	return wr.commit(ctx)
}

func (wr *writer) sealAndCommit(ctx context.Context, table string) error {
	if err := wr.seal(ctx, table); err != nil {
		return err
	}
	return wr.commit(ctx)
}

func (wr *writer) largest() string {
	name, most := "", int64(-1)
	for t, b := range wr.waiting {
		if b.bytes > most {
			name, most = t, b.bytes
		}
	}
	return name
}

// validName says whether a table may be called so; its name becomes a folder.
func validName(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			return false
		}
	}
	return true
}

// naming finds a table's columns by the names that batches bring.
type naming struct {
	exact    map[string]tables.Column
	folded   map[string]tables.Column // by lower-case name, the first of those that differ in case only
	physical map[string]string        // see catalog.physical
}

func (n *naming) add(c tables.Column) {
	n.exact[c.Name] = c
	if _, taken := n.folded[strings.ToLower(c.Name)]; !taken {
		n.folded[strings.ToLower(c.Name)] = c
	}
}

func (n *naming) find(name string) (tables.Column, bool) {
	if c, ok := n.exact[name]; ok {
		return c, true
	}
	c, ok := n.folded[strings.ToLower(name)]
	return c, ok
}

func (wr *writer) naming(table string) *naming {
	n := wr.names[table]
	if n == nil {
		n = &naming{exact: map[string]tables.Column{}, folded: map[string]tables.Column{}}
		wr.ws.mu.RLock()
		visible, hidden, _ := wr.ws.catalog.columns(table)
		n.physical = wr.ws.catalog.physical(table)
		wr.ws.mu.RUnlock()
		for _, c := range append(visible, hidden...) {
			n.add(c)
		}
		wr.names[table] = n
	}
	return n
}

// conform renames columns to the table's own spelling and registers those that the table lacks.
func (wr *writer) conform(table string, rec arrow.RecordBatch) arrow.RecordBatch {
	n := wr.naming(table)
	taken := make(map[string]bool, rec.NumCols())
	var fields []arrow.Field
	for i, f := range rec.Schema().Fields() {
		typ, _ := f.Metadata.GetValue("kql")
		want := tables.Column{Name: f.Name, Type: typ}
		have, ok := n.find(f.Name)
		// Of another type, or in a batch that has the column in two spellings already.
		for ok && (have.Type != typ || taken[have.Name]) {
			want.Name += "_" + typ
			have, ok = n.find(want.Name)
		}
		if !ok {
			have = want
			n.add(want)
			wr.uncommitted.addColumn(table, want)
		}
		taken[have.Name] = true
		name := have.Name
		if p, ok := n.physical[name]; ok {
			name = p
		}
		if name != f.Name {
			if fields == nil {
				fields = append([]arrow.Field(nil), rec.Schema().Fields()...)
			}
			fields[i].Name = name
		}
	}
	if fields == nil {
		rec.Retain()
		return rec
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), rec.Columns(), rec.NumRows())
}

const (
	ticksPerDay  = 864_000_000_000
	ticksPerHour = ticksPerDay / 24
)

func int64Column(rec arrow.RecordBatch, name string) ([]int64, error) {
	idx := rec.Schema().FieldIndices(name)
	if len(idx) != 1 {
		return nil, fmt.Errorf("the batch has no column %s", name)
	}
	a, ok := rec.Column(idx[0]).(*array.Int64)
	if !ok || a.NullN() > 0 {
		return nil, fmt.Errorf("column %s is not 64-bit integers without nulls", name)
	}
	return a.Int64Values(), nil
}

// batchBytes is about what a batch takes in memory.
func batchBytes(rec arrow.RecordBatch) int64 {
	var n int64
	for i := 0; i < int(rec.NumCols()); i++ {
		switch a := rec.Column(i).(type) {
		case *array.String:
			n += int64(len(a.ValueBytes())) + 4*int64(a.Len())
		default:
			n += 8 * int64(a.Len())
		}
	}
	return n
}
