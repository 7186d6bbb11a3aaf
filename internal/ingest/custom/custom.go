// Package custom keeps records of no known format: each file of them becomes a table of its own, named after the file
// as custom logs are (NAME_CL), with a column for each field and a type that follows from the values. It does not guess
// what the fields mean, except which of them is the time.
package custom

import (
	"bytes"
	"context"
	"path"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// maxTables is how many tables an import may make of unknown files.
const maxTables = 200

// Family is the records.Fallback for records of no known format.
type Family struct {
	kinds map[string]*kind // by path
	told  string           // the path whose table was told in the receipt
}

type kind struct {
	t       *rows.Table
	mapping *rows.Mapping
	time    *rows.Column
	field   string // the field whose value was last the time
	untimed bool   // a row had no time, which was told
}

// New makes the family for one writer.
func New() *Family { return &Family{kinds: map[string]*kind{}} }

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	return []rows.Format{{Name: "unknown records", Tables: []string{"NAME_CL"}, Signs: "JSON objects, or CSV with a header, of no other format in the list",
		Routes: "any; the table is named after the file, types follow from the values"}}
}

// Match takes every object that has members.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool { return len(r.Members) > 0 }

// Describe says what a record is that nobody reads.
func (f *Family) Describe(r *records.Record) string {
	if len(r.Members) == 0 && (len(r.Raw) == 0 || r.Raw[0] != '{') {
		return "a JSON value that is not an object"
	}
	return records.Keys(r)
}

// Map makes one row.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	name := TableName(w.Path())
	k, ok := f.kinds[name]
	if !ok {
		if len(f.kinds) >= maxTables {
			w.Next()
			return w.Refuse(ctx, r.Offset, "files of unknown formats made 200 tables in this import already", r.Raw, int64(len(r.Raw)))
		}
		k = newKind(name, r.Types, w)
		f.kinds[name] = k
	}
	w.Format("unknown records")
	if f.told != w.Path() {
		f.told = w.Path()
		k.untimed = false
		w.Note("an unknown format: kept as it is in table %s", name)
	}
	w.Next()
	t := k.t
	t.Begin()
	for _, m := range r.Members {
		k.mapping.Set(m)
	}
	timed := t.Has(k.time) || k.when(r)
	if timed {
		return w.Done(ctx, t, t.Commit(), r.Offset, r.Raw)
	}
	if !k.untimed {
		k.untimed = true
		w.Note("rows without a time have that of the file")
	}
	t.SetInt(k.time, w.Modified())
	return w.Done(ctx, t, t.CommitNumbered(), r.Offset, r.Raw)
}

// when finds the time of a record: in a field that is named as times are, else in the first that holds a timestamp.
func (k *kind) when(r *records.Record) bool {
	if k.field != "" && k.try(r.Get(k.field), true) {
		return true
	}
	for _, name := range timeNames() {
		for i := range r.Members {
			if strings.EqualFold(string(r.Members[i].Name), name) && k.try(r.Members[i].Value, true) {
				k.field = strings.Clone(string(r.Members[i].Name))
				return true
			}
		}
	}
	for i := range r.Members {
		v := r.Members[i].Value
		if jsontext.KindOf(v) == jsontext.String && len(v) > 18 && len(v) < 45 && k.try(v, false) {
			k.field = strings.Clone(string(r.Members[i].Name))
			return true
		}
	}
	return false
}

// try takes a value as the time: a text with date and clock, or seconds or milliseconds since 1970.
// Where the name of the field says that it is a time, a date will do.
func (k *kind) try(v []byte, named bool) bool {
	switch jsontext.KindOf(v) {
	case jsontext.String:
		if text := jsontext.Text(nil, v); named || bytes.IndexByte(text, ':') > 0 || bytes.HasPrefix(text, []byte("/Date(")) {
			if ticks, ok := k.t.Time(text); ok {
				k.t.SetInt(k.time, ticks)
				return true
			}
		}
	case jsontext.Number:
		if ticks, ok := rows.Epoch(v); ok && named {
			k.t.SetInt(k.time, ticks)
			return true
		}
	}
	return false
}

// timeNames are the names of fields that say when an event happened, the surest first.
func timeNames() []string {
	return []string{"Timestamp", "@timestamp", "time", "eventTime", "event_time", "eventTimestamp", "createdDateTime", "creationTime",
		"CreationDate", "activityDateTime", "startTime", "datetime", "date", "UtcTime", "TimeCreated", "ts"}
}

func newKind(name string, types map[string]string, w *rows.Writer) *kind {
	t := w.Table(name)
	rules := map[string]string{}
	for field, typ := range types {
		if field != "TimeGenerated" {
			rules[field] = columnName(field) + ":" + typ
		}
	}
	return &kind{t: t, mapping: t.NewMapping(rules, columnName), time: t.Column("TimeGenerated")}
}

// columnName makes a name that a column can have of a field's: other signs become underscores.
func columnName(field string) string {
	name := clean(field)
	if name == "" || '0' <= name[0] && name[0] <= '9' {
		name = "_" + name
	}
	switch strings.ToLower(name) { // names differ by more than case
	case "type", "tenantid", "_itemid", "_timereceived", "_sourceid", "_sourcerecord", "_unmapped", "_resourceid":
		return name + "_"
	case "timegenerated":
		return "TimeGenerated"
	}
	return name
}

// TableName is the table of an unknown file: its name without what follows the first dot, and _CL.
func TableName(file string) string {
	if i := strings.LastIndexByte(file, '!'); i >= 0 {
		file = file[i+1:]
	}
	base := path.Base(strings.ReplaceAll(file, "\\", "/"))
	base = strings.TrimLeft(base, ".")
	if i := strings.IndexByte(base, '.'); i > 0 {
		base = base[:i]
	}
	base = clean(base)
	if base == "" || '0' <= base[0] && base[0] <= '9' {
		base = "File_" + base
	}
	base = strings.TrimRight(base[:min(len(base), 60)], "_")
	return strings.TrimSuffix(base, "_CL") + "_CL"
}

// clean keeps letters, digits and underscores of the ASCII set; any run of others is one underscore.
func clean(s string) string {
	var b strings.Builder
	gap := false
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteByte(c)
		} else {
			gap = true
		}
	}
	return b.String()[:min(b.Len(), 120)]
}
