package windows

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strconv"

	"nordlys/internal/ingest/evtx"
	"nordlys/internal/ingest/rows"
)

// EVTX is the rows.Decoder of binary event logs.
type EVTX struct{ f *Family }

// EVTX reads binary event logs into the rows that f makes.
func (f *Family) EVTX() *EVTX { return &EVTX{f} }

// Formats lists what the decoder reads.
func (d *EVTX) Formats() []rows.Format {
	return []rows.Format{{Name: "Windows events (EVTX)", Tables: eventTables(), Signs: "the signature ElfFile",
		Routes: "the logs of Windows Vista and later, exported or copied, also from a running machine"}}
}

// Detect goes by the signature.
func (d *EVTX) Detect(_ string, head []byte) rows.Confidence {
	if bytes.HasPrefix(head, []byte(evtx.Magic)) {
		return rows.Surely
	}
	return rows.No
}

// Decode reads all events. A damaged chunk or record is one reject, kept as hexadecimal digits.
func (d *EVTX) Decode(ctx context.Context, src io.Reader, w *rows.Writer) error {
	w.Format("Windows events (EVTX)")
	r, err := evtx.NewReader(src)
	if err != nil {
		return err
	}
	n := 0
	for ; ; n++ {
		if n&255 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		e := &d.f.ev
		e.reset()
		d.f.doc.reset(e)
		rec, err := r.Next(&d.f.doc)
		var damage *evtx.Damage
		switch {
		case errors.As(err, &damage):
			w.Next()
			raw := damage.Raw
			if err := w.Refuse(ctx, damage.Offset, damage.Reason, hexText(raw), int64(len(raw))); err != nil {
				return err
			}
			continue
		case err != nil:
			for _, note := range r.Notes() {
				w.Note("%s", note)
			}
			if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return err
			}
			if n == 0 {
				w.Note("no events in it")
			}
			return nil
		}
		if len(e.record) == 0 {
			e.record = strconv.AppendUint(nil, rec.ID, 10)
		}
		if len(e.time) == 0 {
			e.time = evtx.AppendFileTime(nil, rec.Written)
		}
		w.Next()
		if err := d.f.write(ctx, w, rec.Offset, rec.Raw, hexText); err != nil {
			return err
		}
	}
}

// hexText is how binary evidence is kept in NordlysRejects, whose Raw is text.
func hexText(raw []byte) []byte { return hex.AppendEncode(nil, raw[:min(len(raw), 64<<10)]) }
