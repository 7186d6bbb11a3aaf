package workspace

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"nordlys/internal/engine/lower"
	"nordlys/internal/tables"
)

// An event is one row, by whatever ways it came. Which events a table has is known by the identities of its rows; where
// events have ids of their own (tables.Merges), one route may tell more of an event than another, and the row that
// fills the most columns stays, the first among equals. A row that is overtaken may be waiting in memory or lie in a
// segment: writer.winners says of each such event which row has won, and seal lets the others go, in the same
// transaction in which the winner becomes visible.

// detailColumn keeps, in the segments of tables that merge, how many columns a row fills.
const detailColumn = "$detail"

// source is where a row came from.
type source struct {
	file   string // _SourceId
	record int64  // _SourceRecord
}

// dedupe drops the rows that are known already with as much detail, and says how many of the others take the place of a
// row that tells less. It gives nil where none is left.
func (wr *writer) dedupe(ctx context.Context, table string, rec arrow.RecordBatch) (fresh arrow.RecordBatch, merged int64, err error) {
	ids, err := int64Column(rec, "_ItemId")
	if err != nil {
		return nil, 0, fmt.Errorf("append to %s: %w", table, err)
	}
	times, err := int64Column(rec, "TimeGenerated")
	if err != nil {
		return nil, 0, fmt.Errorf("append to %s: %w", table, err)
	}
	var detail []int32
	if tables.Merges(table) {
		rec, detail = withDetail(rec)
	} else {
		rec.Retain()
	}
	defer rec.Release()
	sources := sourcesOf(rec)
	n := int(rec.NumRows())
	keep := make([]place, 0, n)
	var set *idSet
	var key dayKey
	tick := tables.IdentityTick(table)
	for i := range n {
		if k := (dayKey{table, times[i] / ticksPerDay}); set == nil || k != key {
			key = k
			if set, err = wr.identitiesOf(ctx, key); err != nil {
				return nil, 0, err
			}
		}
		v, d := identity(ids[i], times[i]/tick), uint8(0)
		if detail != nil {
			d = uint8(min(detail[i], 255))
		}
		first, more := set.add(v, d)
		if !first && !more {
			continue
		}
		keep = append(keep, place{row: int32(i)})
		if first {
			wr.identities++
			continue
		}
		merged++
		if wr.winners[key] == nil {
			wr.winners[key] = map[uint64]source{}
		}
		wr.winners[key][v] = sources(i)
	}
	switch len(keep) {
	case 0:
		return nil, 0, nil
	case n:
		rec.Retain()
		return rec, merged, nil
	}
	return pick(rec, keep), merged, nil
}

// pick makes a batch of some rows of another.
func pick(rec arrow.RecordBatch, rows []place) arrow.RecordBatch {
	cols := make([]arrow.Array, rec.NumCols())
	for i := range cols {
		cols[i] = take([]arrow.RecordBatch{rec}, i, rows, false)
		defer cols[i].Release()
	}
	return array.NewRecordBatch(rec.Schema(), cols, int64(len(rows)))
}

// sourcesOf gives the source of each row of a batch.
func sourcesOf(rec arrow.RecordBatch) func(i int) source {
	var files *array.String
	var records []int64
	if at := rec.Schema().FieldIndices("_SourceId"); len(at) == 1 {
		files, _ = rec.Column(at[0]).(*array.String)
	}
	records, _ = int64Column(rec, "_SourceRecord")
	return func(i int) (s source) {
		if files != nil {
			s.file = files.Value(i)
		}
		if records != nil {
			s.record = records[i]
		}
		return s
	}
}

// withDetail adds the column that says how many columns each row fills, but for those that depend on the route only.
func withDetail(rec arrow.RecordBatch) (arrow.RecordBatch, []int32) {
	n := int(rec.NumRows())
	detail := make([]int32, n)
	for c, f := range rec.Schema().Fields() {
		if tables.RouteColumn(f.Name) {
			continue
		}
		switch a := rec.Column(c).(type) {
		case *array.String:
			for i := range n {
				if a.ValueLen(i) > 0 && !a.IsNull(i) {
					detail[i]++
				}
			}
		default:
			for i := range n {
				if !a.IsNull(i) {
					detail[i]++
				}
			}
		}
	}
	b := array.NewInt32Builder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues(detail, nil)
	col := b.NewArray()
	defer col.Release()
	field := arrow.Field{Name: detailColumn, Type: arrow.PrimitiveTypes.Int32, Metadata: arrow.NewMetadata([]string{"kql"}, []string{"int"})}
	schema := arrow.NewSchema(append(slices.Clone(rec.Schema().Fields()), field), nil)
	return array.NewRecordBatch(schema, append(slices.Clone(rec.Columns()), col), int64(n)), detail
}

// identitiesOf gives the identities of a table's day, read from its segments when the day is first met.
func (wr *writer) identitiesOf(ctx context.Context, key dayKey) (*idSet, error) {
	if s, ok := wr.known[key]; ok {
		return s, nil
	}
	s := &idSet{detailed: tables.Merges(key.table)}
	for _, seg := range wr.evidenceOf(key) {
		// Segments that do not say how much a row tells are from before it was kept: their rows stay.
		detail := "255"
		if s.detailed && slices.Contains(seg.columns, detailColumn) {
			detail = "coalesce(" + lower.Ident(detailColumn) + ", 255)"
		}
		if err := wr.knownFrom(ctx, s, key, seg, detail); err != nil {
			return nil, fmt.Errorf("read the known rows of %s: %w", key.table, err)
		}
	}
	wr.known[key] = s
	wr.identities += s.n
	return s, nil
}

// evidenceOf lists the stored segments of a table's day.
func (wr *writer) evidenceOf(key dayKey) []*segment {
	wr.ws.mu.RLock()
	defer wr.ws.mu.RUnlock()
	var out []*segment
	for _, s := range wr.ws.catalog.segments(key.table) {
		if s.origin == "" && s.min/ticksPerDay <= key.day && key.day <= s.max/ticksPerDay {
			out = append(out, s)
		}
	}
	return out
}

func (wr *writer) knownFrom(ctx context.Context, set *idSet, key dayKey, s *segment, detail string) error {
	rows, err := wr.ws.db.SQL().QueryContext(ctx, `SELECT "_ItemId", "TimeGenerated", `+detail+` FROM read_parquet(`+lower.Text(s.path(wr.ws.dir))+")")
	if err != nil {
		return err
	}
	defer rows.Close()
	tick := tables.IdentityTick(key.table)
	for rows.Next() {
		var id, t, d int64
		if err := rows.Scan(&id, &t, &d); err != nil {
			return err
		}
		if t/ticksPerDay == key.day {
			set.add(identity(id, t/tick), uint8(min(d, 255)))
		}
	}
	return rows.Err()
}

// overtaken drops those rows of a batch whose event has a winner elsewhere. It gives the batch itself, retained, where
// there is none, and nil where nothing is left.
func (wr *writer) overtaken(table string, rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	ids, err := int64Column(rec, "_ItemId")
	if err != nil {
		return nil, err
	}
	times, err := int64Column(rec, "TimeGenerated")
	if err != nil {
		return nil, err
	}
	sources, tick := sourcesOf(rec), tables.IdentityTick(table)
	keep := make([]place, 0, len(ids))
	for i := range ids {
		winner, ok := wr.winners[dayKey{table, times[i] / ticksPerDay}][identity(ids[i], times[i]/tick)]
		if !ok || winner == sources(i) {
			keep = append(keep, place{row: int32(i)})
		}
	}
	switch len(keep) {
	case 0:
		return nil, nil
	case len(ids):
		rec.Retain()
		return rec, nil
	}
	return pick(rec, keep), nil
}

// dropOvertaken lets the rows of a table go that richer ones have overtaken: those that wait, and those in segments,
// which are replaced in the next commit.
func (wr *writer) dropOvertaken(ctx context.Context, table string) error {
	var keys []dayKey
	for key := range wr.winners {
		if key.table == table {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	b := wr.waiting[table]
	kept := b.batches[:0]
	wr.bytes -= b.bytes
	b.rows, b.bytes = 0, 0
	for _, rec := range b.batches {
		left, err := wr.overtaken(table, rec)
		if err != nil {
			return err
		}
		rec.Release()
		if left != nil {
			kept = append(kept, left)
			b.rows += left.NumRows()
			b.bytes += batchBytes(left)
		}
	}
	b.batches = kept
	wr.bytes += b.bytes
	done := map[*segment]bool{}
	for _, key := range keys {
		for _, s := range append(wr.evidenceOf(key), wr.uncommitted.come...) {
			if s.table == table && s.origin == "" && !done[s] {
				done[s] = true
				if err := wr.dropFrom(ctx, s); err != nil {
					return fmt.Errorf("let rows of %s go that others tell more of: %w", table, err)
				}
			}
		}
	}
	for _, key := range keys {
		delete(wr.winners, key)
	}
	return nil
}

func (wr *writer) dropFrom(ctx context.Context, s *segment) error {
	if slices.Contains(wr.uncommitted.leave, s) {
		return nil
	}
	recs, err := wr.ws.read(ctx, s)
	if err != nil {
		return err
	}
	defer func() { releaseAll(recs) }()
	var left []arrow.RecordBatch
	defer func() { releaseAll(left) }()
	var before, after int64
	for _, rec := range recs {
		out, err := wr.overtaken(s.table, rec)
		if err != nil {
			return err
		}
		before += rec.NumRows()
		if out != nil {
			after += out.NumRows()
			left = append(left, out)
		}
	}
	if before == after {
		return nil
	}
	var by []*segment
	if after > 0 {
		if by, err = wr.ws.rebuild(ctx, s.table, s.origin, left); err != nil {
			return err
		}
	}
	wr.ws.discard(wr.uncommitted.replace([]*segment{s}, by))
	return nil
}
