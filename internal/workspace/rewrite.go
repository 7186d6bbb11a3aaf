package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"nordlys/internal/engine/lower"
)

// read gives the rows of a segment as batches under the table's own column names, as they once came by Append, without
// what the segment keeps beside them. The caller releases them.
func (w *Workspace) read(ctx context.Context, s *segment) ([]arrow.RecordBatch, error) {
	w.mu.RLock()
	physical := w.catalog.physical(s.table)
	visible, hidden, _ := w.catalog.columns(s.table)
	w.mu.RUnlock()
	types := map[string]string{detailColumn: "int"}
	logical := map[string]string{}
	for _, c := range append(visible, hidden...) {
		name := c.Name
		if p, ok := physical[name]; ok {
			logical[p] = name
			name = p
		}
		types[name] = c.Type
	}
	var exprs []string
	for _, c := range s.columns {
		if types[c] != "" { // the paths of dynamic columns have none
			exprs = append(exprs, lower.Ident(c))
		}
	}
	recs, err := w.db.ReadBatches(ctx, "SELECT "+strings.Join(exprs, ", ")+" FROM read_parquet("+lower.Text(s.path(w.dir))+")")
	if err != nil {
		return nil, fmt.Errorf("read segment %s of %s: %w", s.id, s.table, err)
	}
	for i, rec := range recs {
		fields := slices.Clone(rec.Schema().Fields())
		for j, f := range fields {
			fields[j].Metadata = arrow.NewMetadata([]string{"kql"}, []string{types[f.Name]})
			if l, ok := logical[f.Name]; ok {
				fields[j].Name = l
			}
		}
		recs[i] = array.NewRecordBatch(arrow.NewSchema(fields, nil), rec.Columns(), rec.NumRows())
		rec.Release()
	}
	return recs, nil
}

func releaseAll(recs []arrow.RecordBatch) {
	for _, r := range recs {
		r.Release()
	}
}

// Rewrite passes every stored batch of a table's evidence through a function, which gives the batch with other values
// (and perhaps columns that it lacked) but of the same rows, or nil where nothing changes. Segments in which something
// changes are replaced, each in a transaction of its own; a run that was cut short can be run again. It says how many
// segments these were. The rows of the table that wait to be sealed are sealed first.
func (w *Workspace) Rewrite(ctx context.Context, table string, f func(arrow.RecordBatch) (arrow.RecordBatch, error)) (changed int, err error) {
	if w.mode != Write {
		return 0, fmt.Errorf("rewrite %s: the workspace is open for reading only", table)
	}
	w.writer.mu.Lock()
	defer w.writer.mu.Unlock()
	if err := w.writer.sealAndCommit(ctx, table); err != nil {
		return 0, err
	}
	w.mu.RLock()
	segments := slices.Clone(w.catalog.segments(table))
	w.mu.RUnlock()
	for _, s := range segments {
		if s.origin != "" {
			continue
		}
		did, err := w.rewrite(ctx, s, f)
		if err != nil {
			return changed, fmt.Errorf("rewrite %s: %w", table, err)
		}
		if did {
			changed++
		}
	}
	return changed, nil
}

func (w *Workspace) rewrite(ctx context.Context, s *segment, f func(arrow.RecordBatch) (arrow.RecordBatch, error)) (bool, error) {
	recs, err := w.read(ctx, s)
	if err != nil {
		return false, err
	}
	defer func() { releaseAll(recs) }()
	did := false
	for i, rec := range recs {
		out, err := f(rec)
		if err != nil {
			return false, err
		}
		if out != nil {
			rec.Release()
			recs[i], did = out, true
			if out.NumRows() != rec.NumRows() {
				return false, fmt.Errorf("internal: %d rows became %d", rec.NumRows(), out.NumRows())
			}
		}
	}
	if !did {
		return false, nil
	}
	by, err := w.rebuild(ctx, *s, recs)
	if err != nil {
		return false, err
	}
	w.discard(w.writer.uncommitted.replace([]*segment{s}, by))
	return true, w.writer.commit(ctx)
}

// rebuild writes batches under the table's own column names as segments, of the table, origin and age of another.
func (w *Workspace) rebuild(ctx context.Context, of segment, recs []arrow.RecordBatch) ([]*segment, error) {
	table := of.table
	conformed := make([]arrow.RecordBatch, len(recs))
	var bytes int64
	for i, rec := range recs {
		conformed[i] = w.writer.conform(table, rec)
		bytes += batchBytes(conformed[i])
	}
	defer releaseAll(conformed)
	out, err := w.write(ctx, table, conformed, bytes)
	for _, s := range out {
		s.origin = of.origin
		if of.made != 0 {
			s.made = of.made
		}
	}
	return out, err
}

// Small segments of a day are merged once there are as many as this: each row is then written anew a few times in its
// life, and a day is read from a few files.
const (
	manySegments = 8
	smallRows    = sealRows / 4
	smallBytes   = sealBytes / 4
	mergedBytes  = sealBytes / 2 // in memory
)

// Compact merges small segments: many imports of little each leave many files, and an import whose events are not in the
// order of their times leaves several for each day. It says how many became how many.
func (w *Workspace) Compact(ctx context.Context) (from, to int, err error) {
	if w.mode != Write {
		return 0, 0, errors.New("merge segments: the workspace is open for reading only")
	}
	type group struct{ table, day, origin string }
	w.mu.RLock()
	small := map[group][]*segment{}
	for _, t := range w.catalog.stored {
		for _, s := range t.segments {
			if !s.archive && s.rows < smallRows && s.size() < smallBytes {
				g := group{s.table, s.day, s.origin}
				small[g] = append(small[g], s)
			}
		}
	}
	w.mu.RUnlock()
	for _, list := range small {
		if len(list) < manySegments {
			continue
		}
		for len(list) > 1 {
			n, rows, bytes := 0, int64(0), int64(0)
			for n < len(list) && (n < 2 || rows+list[n].rows <= sealRows && bytes+list[n].size() <= mergedBytes) {
				rows, bytes = rows+list[n].rows, bytes+list[n].size()
				n++
			}
			made, err := w.merge(ctx, list[:n])
			if errors.Is(err, errOvertaken) {
				break // the next time
			}
			if err != nil {
				return from, to, err
			}
			from, to = from+n, to+made
			list = list[n:]
		}
	}
	return from, to, nil
}

// size is about what the rows of a segment take in memory.
func (s *segment) size() int64 {
	if s.memory == 0 {
		return 20 * s.bytes // from before it was kept
	}
	return s.memory
}

// merge makes one of several segments of one table, day and origin.
func (w *Workspace) merge(ctx context.Context, list []*segment) (int, error) {
	w.writer.mu.Lock()
	defer w.writer.mu.Unlock()
	var recs []arrow.RecordBatch
	defer func() { releaseAll(recs) }()
	for _, s := range list {
		r, err := w.read(ctx, s)
		if err != nil {
			return 0, fmt.Errorf("merge segments: %w", err)
		}
		recs = append(recs, r...)
	}
	of := *list[0]
	for _, s := range list {
		of.made = max(of.made, s.made)
	}
	by, err := w.rebuild(ctx, of, recs)
	if err != nil {
		return 0, fmt.Errorf("merge segments of %s: %w", list[0].table, err)
	}
	if err := w.commit(ctx, change{come: by, leave: list}); err != nil {
		w.discard(by)
		return 0, err
	}
	return len(by), nil
}
