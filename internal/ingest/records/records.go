// Package records reads every container of JSON records and gives each record to the family of formats that knows it,
// so that a file may mix what Azure mixes in one event hub. It knows containers and families, not formats.
package records

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
)

// maxRecord is the longest record that is taken: a flow log has one for all flows of a network interface in a minute.
const maxRecord = 64 << 20

// Record is one JSON object with its members at hand. It is valid until the next one is read.
type Record struct {
	Raw     []byte
	Offset  int64
	Members []jsontext.Member
	Types   map[string]string // of a row of CSV: the KQL type that the cells of a column have, by its name; else nil
}

// Get returns the text of a member's value, or nil. Names are compared as they are written.
func (r *Record) Get(name string) []byte {
	for i := range r.Members {
		if string(r.Members[i].Name) == name {
			return r.Members[i].Value
		}
	}
	return nil
}

// Fold is Get without regard to the letter case of the name.
func (r *Record) Fold(name string) []byte {
	for i := range r.Members {
		if len(r.Members[i].Name) == len(name) && strings.EqualFold(string(r.Members[i].Name), name) {
			return r.Members[i].Value
		}
	}
	return nil
}

// Has says whether the record has all these members.
func (r *Record) Has(names ...string) bool {
	for _, n := range names {
		if r.Get(n) == nil {
			return false
		}
	}
	return true
}

// Inner returns what a string member says if it has no escapes, as ids and categories have none, or nil.
func (r *Record) Inner(name string) []byte {
	return Inner(r.Get(name))
}

// Inner is the inside of a JSON string without escapes, or nil.
func Inner(raw []byte) []byte {
	if jsontext.KindOf(raw) != jsontext.String || bytes.IndexByte(raw, '\\') >= 0 {
		return nil
	}
	return raw[1 : len(raw)-1]
}

// Family knows one family of formats. A family serves one Writer, whose tables it may remember.
type Family interface {
	rows.Lister
	// Match says whether the record is one of the family's. It is called for every record and must be cheap.
	Match(r *Record, w *rows.Writer) bool
	// Map turns the record into rows: it counts what it makes with w.Next and ends each with w.Done or w.Refuse. An
	// error is one of the Writer, and ends everything.
	Map(ctx context.Context, r *Record, w *rows.Writer) error
}

// Fallback is the Family for what no other knows. It is asked only in files that begin with such a record: among known
// records, one that nobody knows is damaged or new, and is refused with a description.
type Fallback interface {
	Family
	Describe(r *Record) string
}

// Decoder is the rows.Decoder of JSON records.
type Decoder struct {
	families []Family
	fallback Fallback
}

// New reads records of these families, the first that matches.
func New(fallback Fallback, families ...Family) *Decoder {
	return &Decoder{families: families, fallback: fallback}
}

// Formats lists what the families read.
func (d *Decoder) Formats() []rows.Format {
	var list []rows.Format
	for _, f := range append(d.families[:len(d.families):len(d.families)], Family(d.fallback)) {
		list = append(list, f.Formats()...)
	}
	return list
}

// Detect recognises JSON by its first bytes: an object with a name, an array of objects or of texts that hold objects,
// or the tail of a blob.
func (d *Decoder) Detect(_ string, head []byte) rows.Confidence {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	b := bytes.TrimLeft(head, " \t\r\n")
	if len(b) == 0 {
		return rows.No
	}
	opens := func(b []byte) bool {
		b = bytes.TrimLeft(b, " \t\r\n")
		return len(b) > 0 && (b[0] == '"' || b[0] == '}')
	}
	switch b[0] {
	case '{':
		if opens(b[1:]) {
			return rows.Probably
		}
	case '[':
		b = bytes.TrimLeft(b[1:], " \t\r\n[")
		if len(b) > 0 && (b[0] == ']' || b[0] == '{' && opens(b[1:]) || bytes.HasPrefix(b, []byte(`"{\"`))) {
			return rows.Probably
		}
	case '"':
		if bytes.HasPrefix(b, []byte(`"{\"`)) {
			return rows.Probably
		}
	case ',', ']', '}':
		b = bytes.TrimLeft(b, ",]} \t\r\n")
		if len(b) == 0 || b[0] == '{' && opens(b[1:]) {
			return rows.Probably
		}
	}
	if utf8.Valid(trimRune(head)) && (bytes.Contains(head, []byte(`{"time":`)) || bytes.Contains(head, []byte("\n{\""))) {
		return rows.Perhaps // it begins in the middle of a record
	}
	return rows.No
}

// trimRune cuts the part of a character at the end of a text that was cut anywhere.
func trimRune(b []byte) []byte {
	for i := 1; i <= 3 && i <= len(b); i++ {
		if c := b[len(b)-i]; c >= 0xc0 {
			return b[:len(b)-i]
		} else if c < 0x80 {
			break
		}
	}
	return b
}

// Decode reads all records. A file of which no record is known is an error as a whole.
func (d *Decoder) Decode(ctx context.Context, src io.Reader, w *rows.Writer) error {
	in := jsontext.NewRecords(src, maxRecord)
	run := NewRun(d, w)
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		raw, off, err := in.Next()
		if err != nil {
			var bad *jsontext.BadValue
			if errors.As(err, &bad) {
				if err := run.bad(ctx, bad); err != nil {
					return err
				}
				continue
			}
			if !errors.Is(err, io.EOF) {
				return err
			}
			break
		}
		if err := run.value(ctx, raw, off, 0); err != nil {
			return err
		}
	}
	if err := run.Err(); err != nil {
		return err
	}
	switch {
	case run.known == 0:
		w.Note("no records in it")
	case in.Unclosed():
		w.Note("the document is not closed: more may have followed")
	}
	return nil
}

// Run gives the records of one file to the families.
type Run struct {
	d     *Decoder
	w     *rows.Writer
	recs  []Record // one for each level of wrapping
	known int64
	seen  int64
	what  string // why records are not known
	alien bool   // the file began with a record that no family knows
}

// NewRun begins a file.
func NewRun(d *Decoder, w *rows.Writer) *Run {
	return &Run{d: d, w: w, recs: make([]Record, maxWraps+1)}
}

// Err is the error of a file of which no record was known.
func (u *Run) Err() error {
	if u.known == 0 && u.what != "" {
		return errors.New(u.what)
	}
	return nil
}

func (u *Run) bad(ctx context.Context, bad *jsontext.BadValue) error {
	u.w.Next()
	if u.seen == 0 {
		u.what = "no record can be read: " + bad.Reason
	}
	u.seen++
	return u.w.RefuseBad(ctx, bad)
}

// value takes one value of the file: a record, or what wraps some.
func (u *Run) value(ctx context.Context, raw []byte, off int64, depth int) error {
	r := &u.recs[depth]
	r.Raw, r.Offset, r.Types = raw, off, nil
	r.Members = jsontext.Members(r.Members[:0], raw)
	if depth < maxWraps {
		var err error
		if unwrap(r, func(inner []byte) bool {
			err = u.value(ctx, inner, off, depth+1)
			return err == nil
		}) {
			return err
		}
	}
	return u.Record(ctx, r)
}

// Record gives a record to the family that knows it, or refuses it.
func (u *Run) Record(ctx context.Context, r *Record) error {
	first := u.seen == 0
	u.seen++
	if f := u.d.family(r, u.w); f != nil {
		u.known++
		return f.Map(ctx, r, u.w)
	}
	u.alien = u.alien || first
	if u.alien && u.d.fallback.Match(r, u.w) {
		u.known++
		return u.d.fallback.Map(ctx, r, u.w)
	}
	reason := "not supported yet: " + u.d.fallback.Describe(r)
	if u.what == "" || first {
		u.what = reason
	}
	u.w.Next()
	return u.w.Refuse(ctx, r.Offset, reason, r.Raw, int64(len(r.Raw)))
}

// Known says whether a family other than the fallback reads the record.
func (d *Decoder) Known(r *Record, w *rows.Writer) bool { return d.family(r, w) != nil }

func (d *Decoder) family(r *Record, w *rows.Writer) Family {
	for _, f := range d.families {
		if f.Match(r, w) {
			return f
		}
	}
	return nil
}

// Keys describes a record by its first members, for a reason that people read.
func Keys(r *Record) string {
	var names []string
	for i, m := range r.Members {
		if i == 6 {
			names = append(names, "…")
			break
		}
		names = append(names, string(m.Name))
	}
	if len(names) == 0 {
		return "an empty JSON object"
	}
	return fmt.Sprintf("JSON records with the fields %s", strings.Join(names, ", "))
}

// Properties returns the record's properties as a checked object: some services write them as JSON inside a string. It
// returns nil if there are none or they are not JSON, as FunctionAppLogs writes them.
func (r *Record) Properties() []byte {
	raw := r.Fold("properties")
	switch jsontext.KindOf(raw) {
	case jsontext.Object:
		return raw
	case jsontext.String:
		text := bytes.TrimSpace(jsontext.Text(nil, raw))
		if jsontext.KindOf(text) == jsontext.Object && jsontext.Check(text) == nil {
			return text
		}
	}
	return nil
}
