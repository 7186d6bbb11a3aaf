package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
)

// Reject is a row of NordlysRejects: as much of it as a second try needs.
type Reject struct {
	ID             int64 // _ItemId
	Path, SourceID string
	Modified       int64 // TimeGenerated, in ticks
	Record, Offset int64
	Raw            []byte
	Length         int64 // of the record; Raw may be less
}

// Retry tries rejected records again: what a newer version reads, or what another --timezone or --date-order makes clear.
// A file that is still where it was, with the same SHA-256, is read again whole, and what of it was accepted before is a
// duplicate now. Of a file that is gone or has changed, each record is read by itself as the quarantine keeps it, if it
// was kept whole. The receipt has a line for each file. Resolved are the rejects that are not refused any more, or for
// another reason.
func Retry(ctx context.Context, rejects []Reject, sink Sink, opts Options) (receipt *Receipt, resolved []int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	again := &refused{Sink: sink, ids: map[int64]bool{}}
	im := newImporter(again, opts, cancel)
	sources, err := im.planRejects(ctx, rejects)
	if err != nil {
		return nil, nil, err
	}
	if receipt, err = im.run(ctx, sources); err != nil {
		return receipt, nil, err
	}
	receipt.byPath()
	read := map[string]bool{}
	for _, f := range receipt.Files {
		read[f.SourceID] = f.Error == ""
	}
	for _, r := range rejects {
		if read[r.SourceID] && !again.ids[r.ID] {
			resolved = append(resolved, r.ID)
		}
	}
	return receipt, resolved, nil
}

// planRejects lists the files to read for some rejects, in their order.
func (im *importer) planRejects(ctx context.Context, rejects []Reject) ([]source, error) {
	bySource := map[string][]Reject{}
	var order []string
	for _, r := range rejects {
		if bySource[r.SourceID] == nil {
			order = append(order, r.SourceID)
		}
		bySource[r.SourceID] = append(bySource[r.SourceID], r)
	}
	there := map[string]map[string]bool{} // file → the identities of it and of its members
	planned := map[string]bool{}
	var out []source
	for _, id := range order {
		list := bySource[id]
		file, _, _ := strings.Cut(list[0].Path, "!")
		if there[file] == nil {
			there[file] = map[string]bool{}
			found, err := Fingerprints(ctx, []string{file})
			if err != nil {
				return nil, err
			}
			for _, f := range found {
				if f.Err == nil {
					there[file][f.SourceID] = true
				}
			}
		}
		switch {
		case !there[file][id]:
			out = append(out, source{path: list[0].Path, rejects: list})
		case !planned[file]: // an archive is read once for all of its members
			planned[file] = true
			out = append(out, im.plan([]string{file})...)
		}
	}
	return out, nil
}

// quarantined reads records of a file from what the quarantine keeps of them.
func (w *worker) quarantined(ctx context.Context, s *source) []FileReceipt {
	var out []FileReceipt
	for _, r := range s.rejects {
		file := rows.File{Path: r.Path, SourceID: r.SourceID, Modified: r.Modified, Part: true, Records: r.Record - 1, Offset: r.Offset}
		if int64(len(r.Raw)) != r.Length || r.Length == 0 {
			out = append(out, FileReceipt{Path: r.Path, SourceID: r.SourceID,
				Error: fmt.Sprintf("the file is gone or has changed, and of record %d only a part was kept: import the file as it was", r.Record)})
			continue
		}
		receipt := w.stream(ctx, file, filepath.Base(r.Path), bytes.NewReader(r.Raw))
		if receipt.Error != "" && receipt.Records == 0 {
			receipt.Error = fmt.Sprintf("the file is gone or has changed, and record %d by itself is %s", r.Record, receipt.Error)
		}
		out = append(out, receipt)
	}
	return out
}

// byPath sums up the receipts of the parts of one file.
func (r *Receipt) byPath() {
	parts := r.Files
	*r = Receipt{Imported: r.Imported}
	at := map[string]int{}
	var files []FileReceipt
	for _, p := range parts {
		i, ok := at[p.Path+"\x00"+p.SourceID]
		if !ok {
			at[p.Path+"\x00"+p.SourceID] = len(files)
			files = append(files, p)
			continue
		}
		f := &files[i]
		f.Records, f.Accepted, f.Merged, f.Duplicates = f.Records+p.Records, f.Accepted+p.Accepted, f.Merged+p.Merged, f.Duplicates+p.Duplicates
		f.Rejected, f.LeftOut, f.Bytes = f.Rejected+p.Rejected, f.LeftOut+p.LeftOut, f.Bytes+p.Bytes
		for _, t := range p.Tables {
			if !slices.Contains(f.Tables, t) {
				f.Tables = append(f.Tables, t)
			}
		}
		for to, from := range map[*string]string{&f.Format: p.Format, &f.FirstReason: p.FirstReason, &f.Error: p.Error, &f.Note: p.Note} {
			if *to == "" {
				*to = from
			}
		}
		if p.FirstEvent != nil && (f.FirstEvent == nil || p.FirstEvent.Before(*f.FirstEvent)) {
			f.FirstEvent = p.FirstEvent
		}
		if p.LastEvent != nil && (f.LastEvent == nil || p.LastEvent.After(*f.LastEvent)) {
			f.LastEvent = p.LastEvent
		}
	}
	for _, f := range files {
		r.add(f)
	}
}

// refused is a sink that remembers which records were refused.
type refused struct {
	Sink
	ids map[int64]bool
}

// Append implements Sink.
func (s *refused) Append(ctx context.Context, table string, rec arrow.RecordBatch) (int64, int64, error) {
	if table == tables.NordlysRejects {
		at := rec.Schema().FieldIndices("_ItemId")
		ids, ok := rec.Column(at[0]).(*array.Int64)
		if !ok {
			return 0, 0, errors.New("internal: _ItemId is not 64-bit integers")
		}
		for _, id := range ids.Int64Values() {
			s.ids[id] = true
		}
	}
	return s.Sink.Append(ctx, table, rec)
}
