package rows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/tables"
)

// Confidence says how sure a decoder is that it can read a file.
type Confidence int

// The degrees of confidence. The highest wins; among equals the first decoder of the list.
const (
	No       Confidence = 0
	Perhaps  Confidence = 25 // some signs, or only the name
	Probably Confidence = 50 // the shape fits
	Surely   Confidence = 90 // the content names the format
)

// Format is one format that a decoder or a family reads: what `nordlys formats` lists.
type Format struct {
	Name   string   // as receipts say it, or its beginning
	Tables []string // where the rows go
	Signs  string   // what it is told by
	Routes string   // how it comes: exports, APIs, tools
}

// Lister is what a Decoder or a family has that says what it reads.
type Lister interface{ Formats() []Format }

// Decoder reads one container of evidence. It does no I/O of its own and holds a bounded part of the input in memory.
type Decoder interface {
	Lister
	// Detect judges from the first bytes; the name only breaks ties.
	Detect(name string, head []byte) Confidence
	// Decode reads everything. An error means that the file as a whole cannot be read (further); records refused
	// on the way are counted with out.Refuse instead.
	Decode(ctx context.Context, r io.Reader, out *Writer) error
}

// Batch is a full batch of rows of one table from one file.
type Batch struct {
	Table string
	Rec   arrow.RecordBatch
	Own   bool // rows about the import (rejects, sources), not of the evidence
}

// Config is what a Writer needs for its whole life.
type Config struct {
	Schemas *Schemas
	Emit    func(context.Context, Batch) error // takes over the batch
	Now     int64                              // ticks: the time of the import
	Zone    *time.Location                     // for times without a zone; nil if the user named none
	Order   *DateOrder                         // for dates that can be read both ways; nil if the user said nothing
	Limit   int64                              // of records in a file, after which reading stops with ErrLimit; 0 is none
}

// ErrLimit ends a file of which enough was read.
var ErrLimit = errors.New("enough records")

// File says which file the next rows come from.
type File struct {
	Path     string
	SourceID string
	Modified int64 // ticks
	// Part says that what is read is a part of the file, and Records and Offset how many records and bytes are before it.
	Part            bool
	Records, Offset int64
}

// Stats counts what came out of a file. Records = Rows + Rejected + LeftOut, always.
type Stats struct {
	Records  int64
	Rows     int64
	Rejected int64
	LeftOut  int64            // records that the user did not ask for
	Reasons  map[string]int64 // by reason, the most frequent kinds only
	First    string           // the first reason
	From, To int64            // event times in ticks; 0 if there was no row
	Tables   []string         // in order of appearance
	Formats  []string
	Note     string
}

// Writer collects the rows of one file after another for one worker.
type Writer struct {
	cfg     Config
	zone    *time.Location
	dates   DateOrder
	tables  map[string]*Table
	order   []*Table
	file    File
	stats   Stats
	number  int64
	format  string
	size    int
	full    *Table
	scratch []byte
	open    bool // the current record is neither a row nor a reject yet
}

// NewWriter makes a writer for one worker.
func NewWriter(cfg Config) *Writer {
	return &Writer{cfg: cfg, zone: cfg.Zone, tables: map[string]*Table{}}
}

// Zone is the time zone that the user named for times without one, or nil.
func (w *Writer) Zone() *time.Location { return w.cfg.Zone }

// DateOrder is the order of day and month that the user named, or nil.
func (w *Writer) DateOrder() *DateOrder { return w.cfg.Order }

// Dates says in which order the dates of the records that follow have day and month, where a date has slashes: files
// whose own values tell need it. Each file begins with MonthFirst, as services write.
func (w *Writer) Dates(order DateOrder) { w.dates = order }

// Modified is when the file was last written, in ticks.
func (w *Writer) Modified() int64 { return w.file.Modified }

// Now is the time of the import in ticks.
func (w *Writer) Now() int64 { return w.cfg.Now }

// Catalogue is the catalogue of tables.
func (w *Writer) Catalogue() *tables.Catalogue { return w.cfg.Schemas.Catalogue() }

// Path is the name of the file that is being read.
func (w *Writer) Path() string { return w.file.Path }

// Start begins a new file.
func (w *Writer) Start(f File) {
	w.file, w.stats, w.number, w.format, w.open = f, Stats{Reasons: map[string]int64{}}, f.Records, "", false
	w.dates = MonthFirst
}

// Table returns the table of that name, to be filled. A table that the catalogue lacks has the columns that come.
func (w *Writer) Table(name string) *Table {
	t, ok := w.tables[name]
	if !ok {
		if known, found := w.Catalogue().Lookup(name); found {
			name = known.Name
		}
		if t, ok = w.tables[name]; !ok {
			t = newTable(w, name)
			w.tables[name] = t
			w.order = append(w.order, t)
		}
	}
	return t
}

// Format notes what the current records are read as, in words for the receipt.
func (w *Writer) Format(format string) {
	if w.format == format {
		return
	}
	w.format = format
	for _, f := range w.stats.Formats {
		if f == format {
			return
		}
	}
	w.stats.Formats = append(w.stats.Formats, format)
}

// Note adds what is worth knowing about the file though nothing is wrong with it.
func (w *Writer) Note(format string, args ...any) {
	if w.stats.Note != "" {
		w.stats.Note += "; "
	}
	w.stats.Note += fmt.Sprintf(format, args...)
}

// UTC says that the current record is of a service whose times are UTC, also where it writes none: the zone that the
// user named is for what people and collectors wrote.
func (w *Writer) UTC() { w.zone = nil }

// Next counts a record. It must become a row, by Done, or a reject, by Refuse, or be
// left out, by LeaveOut, before the next one.
func (w *Writer) Next() int64 {
	w.number++
	w.stats.Records++
	w.open = true
	w.zone = w.cfg.Zone
	return w.number
}

// Done ends a record whose row was committed to t; reason is what Commit returned. With a reason the record is refused.
func (w *Writer) Done(ctx context.Context, t *Table, reason string, offset int64, raw []byte) error {
	if reason != "" {
		return w.Refuse(ctx, offset, reason, raw, int64(len(raw)))
	}
	w.open = false
	w.stats.Rows++
	return w.ended(ctx)
}

// ended passes on what is full after a record, and stops where no more records are wanted.
func (w *Writer) ended(ctx context.Context) error {
	if err := w.flushFull(ctx); err != nil {
		return err
	}
	if w.cfg.Limit > 0 && w.stats.Records >= w.cfg.Limit {
		return ErrLimit
	}
	return nil
}

// LeaveOut ends a record that the user did not ask for: it is only counted.
func (w *Writer) LeaveOut() {
	w.open = false
	w.stats.LeftOut++
}

// Refuse ends a record as a reject: it is counted, and kept in the quarantine with its reason.
func (w *Writer) Refuse(ctx context.Context, offset int64, reason string, raw []byte, length int64) error {
	w.open = false
	w.stats.Rejected++
	offset += w.file.Offset
	if w.stats.First == "" {
		w.stats.First = reason
	}
	if len(w.stats.Reasons) < 100 || w.stats.Reasons[reason] > 0 {
		w.stats.Reasons[reason]++
	}
	t := w.Table(tables.NordlysRejects)
	t.Begin()
	t.SetInt(t.time, w.file.Modified)
	t.SetInt(t.Column("Imported"), w.cfg.Now)
	t.SetString(t.Column("Path"), w.file.Path)
	t.SetInt(t.Column("Record"), w.number)
	t.SetInt(t.Column("Offset"), offset)
	t.SetString(t.Column("Reason"), reason)
	t.SetString(t.Column("Format"), w.format)
	t.SetString(t.Column("Raw"), validText(raw, 64<<10))
	t.SetInt(t.Column("Length"), length)
	t.commit(w.ownID(fmt.Sprint(w.number, " ", offset, " ", reason)))
	return w.ended(ctx)
}

// RefuseBad is Refuse for a value that jsontext could not read.
func (w *Writer) RefuseBad(ctx context.Context, bad *jsontext.BadValue) error {
	return w.Refuse(ctx, bad.Offset, bad.Reason, bad.Raw, bad.Length)
}

func (w *Writer) flushFull(ctx context.Context) error {
	if w.full == nil {
		return nil
	}
	t := w.full
	w.full = nil
	if w.size >= MaxBytes {
		return w.flushAll(ctx) // many tables with little each can hold as much as one
	}
	return w.flush(ctx, t)
}

func (w *Writer) flush(ctx context.Context, t *Table) error {
	if t.rows == 0 {
		return nil
	}
	own := t.Name == tables.NordlysRejects || t.Name == tables.NordlysSources
	if !own {
		if w.stats.Tables == nil || !contains(w.stats.Tables, t.Name) {
			w.stats.Tables = append(w.stats.Tables, t.Name)
		}
		if w.stats.From == 0 || t.first < w.stats.From {
			w.stats.From = t.first
		}
		w.stats.To = max(w.stats.To, t.last)
	}
	return w.cfg.Emit(ctx, Batch{Table: t.Name, Rec: t.take(), Own: own})
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (w *Writer) flushAll(ctx context.Context) error {
	for _, t := range w.order {
		if err := w.flush(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// Finish hands on what is left of the file and returns its counts. A record that was begun and neither kept nor refused
// is an error of the decoder.
func (w *Writer) Finish(ctx context.Context) (Stats, error) {
	if w.open {
		if err := w.Refuse(ctx, 0, "reading stopped in this record", nil, 0); err != nil {
			return w.stats, err
		}
	}
	if err := w.flushAll(ctx); err != nil {
		return w.stats, err
	}
	if w.stats.Records != w.stats.Rows+w.stats.Rejected+w.stats.LeftOut {
		return w.stats, fmt.Errorf("accounting of %s is wrong: %d records, %d rows, %d rejects, %d left out", w.file.Path, w.stats.Records, w.stats.Rows, w.stats.Rejected, w.stats.LeftOut)
	}
	return w.stats, nil
}

// validText makes valid text of at most n bytes.
func validText(raw []byte, n int) string {
	s := string(raw[:min(len(raw), n)])
	if len(s) < len(raw) {
		s += "…"
	}
	return toValid(s)
}
