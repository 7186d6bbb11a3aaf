package ingest

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"nordlys/internal/ingest/rows"
)

// Formats lists what can be read, in the order in which it is tried: every decoder and family says it of itself.
func Formats() []rows.Format {
	var list []rows.Format
	for _, d := range decoders(Options{}) {
		list = append(list, d.Formats()...)
	}
	return list
}

// Explanation says why a file was taken for what it is, and shows its first record mapped.
type Explanation struct {
	Receipt FileReceipt // of the first record only
	Sure    string      // how sure the detection is
	Formats []rows.Format
	Rows    []ExplainedRow
}

// ExplainedRow is a row as it would be kept.
type ExplainedRow struct {
	Table    string
	Columns  []ExplainedValue
	Unmapped string // JSON of what has no column or did not fit it
}

// ExplainedValue is a column of a row that has a value; datetimes are in RFC 3339.
type ExplainedValue struct{ Name, Type, Value string }

// limit is how many records of a file are read.
func (im *importer) limit() int64 {
	if im.opts.Explain != nil {
		return 1
	}
	return 0
}

func (w *worker) explain(r FileReceipt, stats rows.Stats) {
	e := Explanation{Receipt: r, Rows: w.firsts}
	switch {
	case w.sure >= rows.Surely:
		e.Sure = "the content names the format"
	case w.sure >= rows.Probably:
		e.Sure = "the shape of the content fits"
	case w.sure > rows.No:
		e.Sure = "some signs speak for it"
	}
	list := Formats()
	for _, name := range stats.Formats {
		if f, ok := formatOf(list, name); ok {
			f.Name = name
			e.Formats = append(e.Formats, f)
		}
	}
	w.im.explaining.Lock()
	defer w.im.explaining.Unlock()
	w.im.opts.Explain(e)
}

// formatOf finds the entry of a format that a receipt names: the longest name that it begins with.
func formatOf(list []rows.Format, name string) (rows.Format, bool) {
	var best rows.Format
	for _, f := range list {
		if strings.HasPrefix(name, f.Name) && len(f.Name) > len(best.Name) {
			best = f
		}
	}
	return best, best.Name != ""
}

// explained reads the rows of a batch.
func explained(b rows.Batch) []ExplainedRow {
	var list []ExplainedRow
	for i := range int(b.Rec.NumRows()) {
		row := ExplainedRow{Table: b.Table}
		for c, f := range b.Rec.Schema().Fields() {
			v, ok := valueOf(b.Rec.Column(c), f, i)
			if !ok {
				continue
			}
			switch f.Name {
			case "_ItemId", "_SourceId", "_SourceRecord", "_TimeReceived":
			case "_Unmapped":
				row.Unmapped = v.Value
			default:
				row.Columns = append(row.Columns, v)
			}
		}
		list = append(list, row)
	}
	return list
}

func valueOf(col arrow.Array, f arrow.Field, i int) (v ExplainedValue, ok bool) {
	typ, _ := f.Metadata.GetValue(TypeKey)
	v = ExplainedValue{Name: f.Name, Type: typ}
	if col.IsNull(i) {
		return v, false
	}
	switch a := col.(type) {
	case *array.String:
		v.Value = a.Value(i)
	case *array.Int64:
		v.Value = strconv.FormatInt(a.Value(i), 10)
		if typ == "datetime" {
			v.Value = rows.TimeOf(a.Value(i)).Format("2006-01-02T15:04:05.0000000Z")
		}
	default:
		v.Value = col.ValueStr(i)
	}
	return v, v.Value != ""
}

// WriteText writes an explanation for people. Long values are cut, control characters do not reach the terminal.
func (e *Explanation) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", e.Receipt.Path)
	if e.Receipt.Error != "" {
		fmt.Fprintf(&b, "  cannot be read: %s\n", e.Receipt.Error)
	}
	for _, f := range e.Formats {
		fmt.Fprintf(&b, "  taken for: %s, as %s\n  told by:   %s\n  comes by:  %s\n", f.Name, e.Sure, f.Signs, f.Routes)
	}
	if e.Receipt.FirstReason != "" && e.Receipt.Error == "" {
		fmt.Fprintf(&b, "  the first record is rejected: %s\n", e.Receipt.FirstReason)
	}
	if e.Receipt.Note != "" {
		fmt.Fprintf(&b, "  note:      %s\n", e.Receipt.Note)
	}
	for _, r := range e.Rows {
		fmt.Fprintf(&b, "  the first record in %s:\n", r.Table)
		width := 0
		for _, c := range r.Columns {
			width = max(width, len(c.Name))
		}
		for _, c := range r.Columns {
			fmt.Fprintf(&b, "    %-*s  %-8s  %s\n", width, c.Name, c.Type, short(c.Value))
		}
		if r.Unmapped != "" {
			fmt.Fprintf(&b, "    in _Unmapped: %s\n", short(r.Unmapped))
		}
	}
	_, err := io.WriteString(w, visible(b.String()))
	return err
}

// short cuts a value for a line.
func short(s string) string {
	s = strings.ReplaceAll(s, "\n", "␊")
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:160], "") + "…"
	}
	return s
}
