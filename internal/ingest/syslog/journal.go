package syslog

import (
	"context"
	"strconv"

	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// Journal is the records.Family of systemd's journal as JSON.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html
type Journal struct{ emitter }

// NewJournal makes the family for one writer.
func NewJournal() *Journal { return &Journal{} }

// Formats lists what the family reads.
func (*Journal) Formats() []rows.Format {
	return []rows.Format{{Name: "systemd journal", Tables: []string{"Syslog"}, Signs: "__REALTIME_TIMESTAMP and MESSAGE", Routes: "journalctl -o json, json-pretty, json-seq"}}
}

// Match goes by the two fields that every entry has.
func (*Journal) Match(r *records.Record, _ *rows.Writer) bool {
	return r.Get("__REALTIME_TIMESTAMP") != nil && (r.Get("MESSAGE") != nil || r.Get("__CURSOR") != nil)
}

// told says whether a field stands in a column. What else an entry has is kept in _Unmapped.
func told(name string) bool {
	switch name {
	case "_HOSTNAME", "__CURSOR", "__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP", "MESSAGE", "PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER",
		"SYSLOG_PID", "__SEQNUM", "__SEQNUM_ID":
		return true
	}
	return false
}

// Map makes one row.
func (f *Journal) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	f.start(w)
	w.Format("systemd journal")
	w.Next()
	t, c := f.t, f.cols
	t.Begin()
	micros, err := strconv.ParseInt(value(r, "__REALTIME_TIMESTAMP"), 10, 64)
	if err != nil || micros < 0 || micros > 1<<54 {
		return w.Refuse(ctx, r.Offset, "its __REALTIME_TIMESTAMP is no time", r.Raw, int64(len(r.Raw)))
	}
	const epoch = 719_162 * rows.Day
	t.SetInt(c["TimeGenerated"], epoch+micros*10)
	t.SetInt(c["EventTime"], epoch+micros*10)
	if n, err := strconv.Atoi(value(r, "SYSLOG_FACILITY")); err == nil && n >= 0 && n < len(facilities) {
		t.SetString(c["Facility"], facilities[n])
	} else if value(r, "_TRANSPORT") == "kernel" {
		t.SetString(c["Facility"], "kern")
	}
	if n, err := strconv.Atoi(value(r, "PRIORITY")); err == nil && n >= 0 && n < len(severities) {
		t.SetString(c["SeverityLevel"], severities[n])
	}
	f.origin(t, c, []byte(value(r, "_HOSTNAME")))
	name, pid := value(r, "SYSLOG_IDENTIFIER"), value(r, "SYSLOG_PID")
	if name == "" {
		name = value(r, "_COMM")
	}
	if pid == "" {
		pid = value(r, "_PID")
	}
	t.SetString(c["ProcessName"], name)
	t.SetString(c["ProcessID"], pid)
	t.SetString(c["SyslogMessage"], value(r, "MESSAGE"))
	for _, m := range r.Members {
		if !told(string(m.Name)) {
			t.Keep(string(m.Name), m.Value)
		}
	}
	var id uint64
	if cursor := value(r, "__CURSOR"); cursor != "" {
		id = xxh3.HashString("Syslog\x00" + cursor)
	} else {
		id = f.again.Of(t.Name, epoch+micros*10, r.Raw)
	}
	return w.Done(ctx, t, t.CommitAs(id), r.Offset, r.Raw)
}

// value is the text of a field. Texts that are not printable are written as lists of bytes, fields that came several
// times as lists of texts, of which the first counts.
func value(r *records.Record, name string) string {
	raw := r.Get(name)
	switch jsontext.KindOf(raw) {
	case jsontext.String:
		return string(jsontext.Text(nil, raw))
	case jsontext.Number:
		return string(raw)
	case jsontext.Array:
		var b []byte
		var first string
		jsontext.Elements(raw, func(e []byte) bool {
			if jsontext.KindOf(e) == jsontext.String {
				first = string(jsontext.Text(nil, e))
				return false
			}
			if n, err := strconv.Atoi(string(e)); err == nil && n >= 0 && n < 256 {
				b = append(b, byte(n))
			}
			return true
		})
		if first != "" {
			return first
		}
		return string(b)
	}
	return ""
}
