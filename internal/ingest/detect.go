package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"nordlys/internal/ingest/activity"
	"nordlys/internal/ingest/arm"
	"nordlys/internal/ingest/custom"
	"nordlys/internal/ingest/defender"
	"nordlys/internal/ingest/diag"
	"nordlys/internal/ingest/dnslog"
	"nordlys/internal/ingest/entra"
	"nordlys/internal/ingest/export"
	"nordlys/internal/ingest/flowlog"
	"nordlys/internal/ingest/graph"
	"nordlys/internal/ingest/m365"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/ingest/syslog"
	"nordlys/internal/ingest/threatintel"
	"nordlys/internal/ingest/windows"
)

// Decoder reads one container of evidence.
type Decoder = rows.Decoder

// headSize is how much of a file is looked at to tell its format.
const headSize = 64 << 10

// decoders lists everything that can be read. Each worker has its own: decoders remember the tables they fill.
func decoders(opts Options) []Decoder {
	events := windows.New(opts.SecurityEvents)
	json := records.New(custom.New(),
		flowlog.New(),
		entra.New(),
		defender.New(),
		events,
		activity.New(),
		export.New(),
		m365.New(),
		graph.New(),
		arm.New(),
		diag.New(),
		threatintel.New(),
		syslog.NewJournal(),
		threatintel.NewTable(),
	)
	return []Decoder{
		export.NewResult(),
		json,
		export.NewParquet(opts.Parquet, json),
		events.EVTX(),
		events.XML(),
		dnslog.New(),
		syslog.NewText(),
		threatintel.NewList(),
		export.NewCSV(json),
	}
}

// decode finds the decoder for a content and runs it. A panic in a decoder is a defect, but no reason to lose the rest
// of the evidence: it ends the file only.
func (w *worker) decode(ctx context.Context, name string, content io.Reader) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error while reading it: %v; please report this with the file", p)
		}
	}()
	r := bufio.NewReaderSize(content, headSize)
	head, err := r.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) && len(head) == 0 {
		return fmt.Errorf("cannot be read: %w", cause(err))
	}
	if len(head) == 0 {
		return errors.New("empty")
	}
	if order, ok := utf16Mark(head); ok {
		r = bufio.NewReaderSize(&utf16Reader{r: r, order: order}, headSize)
		head, _ = r.Peek(headSize)
	}
	if len(bytes.TrimSpace(head)) == 0 && len(head) < headSize {
		return errors.New("nothing but blanks")
	}
	if what := foreign(head); what != "" {
		return errors.New("not supported yet: " + what)
	}
	var best Decoder
	most := rows.No
	for _, d := range w.list {
		if c := d.Detect(name, head); c > most {
			best, most = d, c
		}
	}
	if best == nil {
		if !utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) || bytes.IndexByte(head, 0) >= 0 {
			return errors.New("not recognised: binary content")
		}
		if b := bytes.TrimSpace(head); b[0] == '<' {
			return errors.New("not recognised: XML or HTML, but no Windows events")
		}
		line, _, _ := bytes.Cut(head[:min(len(head), 200)], []byte("\n"))
		return fmt.Errorf("not recognised: text that is neither JSON nor CSV, beginning %q", line[:min(len(line), 80)])
	}
	w.sure = most
	if err := best.Decode(ctx, r, w.writer); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("the compressed data ends too early: the file was cut off")
		}
		return err
	}
	return nil
}

// foreign recognises formats that hold evidence or are often found beside it, and cannot be read. It says what to do.
func foreign(head []byte) string {
	for _, f := range []struct{ magic, what string }{
		{"Obj\x01", "an Avro file, as Event Hubs Capture writes"},
		{"SQLite format 3\x00", "a SQLite database"},
		{"\xd4\xc3\xb2\xa1", "a packet capture"},
		{"\xa1\xb2\xc3\xd4", "a packet capture"},
		{"\x0a\x0d\x0d\x0a", "a packet capture"},
		{"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it and import what is in it"},
		{"BZh", "a bzip2 file; unpack it and import what is in it"},
		{"\xfd7zXZ\x00", "an xz file; unpack it and import what is in it"},
		{"\x28\xb5\x2f\xfd", "a zstd file; unpack it and import what is in it"},
		{"%PDF", "a PDF document"},
		{"\x89PNG", "a picture"},
		{"\xff\xd8\xff", "a picture"},
		{"\xd0\xcf\x11\xe0", "an old Office document; save its sheet as CSV and import that"},
		{"LfLe", "a Windows event log of before Vista (EVT)"},
		{"#Software: Microsoft Internet Information Services", "an IIS log"},
	} {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return f.what
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return "a tar archive; unpack it and import what is in it"
	}
	return ""
}
