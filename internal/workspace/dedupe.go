package workspace

import (
	"cmp"
	"context"
	"fmt"
	"maps"
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
	wr.batches++
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
	var key hourKey
	tick := tables.IdentityTick(table)
	for i := range n {
		if hour := times[i] / ticksPerHour; set == nil || hour != key.hour {
			key = hourKey{table, hour}
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
		day := dayKey{table, key.hour / 24}
		if wr.winners[day] == nil {
			wr.winners[day] = map[uint64]source{}
		}
		wr.winners[day][v] = sources(i)
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

// identitiesOf gives the identities of a table's hour. Those of the rows that are stored are read when a row of their day
// first comes, and again hour by hour where they were let go.
func (wr *writer) identitiesOf(ctx context.Context, key hourKey) (*idSet, error) {
	if s, ok := wr.known[key]; ok {
		s.met = wr.batches
		return s, nil
	}
	day := dayKey{key.table, key.hour / 24}
	from, to := key.hour, key.hour
	switch {
	case !wr.loaded[day]:
		from, to = day.day*24, day.day*24+23
	case !wr.forgotten[key]:
		return wr.setOf(key), nil // nothing of this hour is stored but what came since
	}
	for _, seg := range wr.evidenceOf(day) {
		if err := wr.know(ctx, seg, from, to); err != nil {
			return nil, fmt.Errorf("read the known rows of %s: %w", key.table, err)
		}
	}
	wr.loaded[day] = true
	delete(wr.forgotten, key)
	return wr.setOf(key), nil
}

func (wr *writer) setOf(key hourKey) *idSet {
	s := wr.known[key]
	if s == nil {
		s = &idSet{detailed: tables.Merges(key.table)}
		wr.known[key] = s
	}
	s.met = wr.batches
	return s
}

// know takes in the identities that a segment has between two hours, both included.
func (wr *writer) know(ctx context.Context, s *segment, from, to int64) error {
	// Segments that do not say how much a row tells are from before it was kept: their rows stay.
	detail := "255"
	if slices.Contains(s.columns, detailColumn) {
		detail = "coalesce(" + lower.Ident(detailColumn) + ", 255)"
	}
	recs, err := wr.ws.db.ReadBatches(ctx, fmt.Sprintf(`SELECT "_ItemId", "TimeGenerated", CAST(%s AS INTEGER) FROM read_parquet(%s) WHERE "TimeGenerated" BETWEEN %d AND %d`,
		detail, lower.Text(s.path(wr.ws.dir)), from*ticksPerHour, (to+1)*ticksPerHour-1))
	if err != nil {
		return err
	}
	defer releaseAll(recs)
	tick := tables.IdentityTick(s.table)
	for _, rec := range recs {
		ids, times := rec.Column(0).(*array.Int64).Int64Values(), rec.Column(1).(*array.Int64).Int64Values()
		details := rec.Column(2).(*array.Int32).Int32Values()
		var set *idSet
		last := int64(-1)
		for i, t := range times {
			if hour := t / ticksPerHour; hour != last {
				set, last = wr.setOf(hourKey{s.table, hour}), hour
			}
			if fresh, _ := set.add(identity(ids[i], t/tick), uint8(min(details[i], 255))); fresh {
				wr.identities++
			}
		}
	}
	return nil
}

// forget lets identities go once there are too many, of the hours that were met the longest ago, except where nothing is
// kept. What waits in memory goes to disk first, where it is found again. It must run between batches: the rows of a
// batch in progress are neither on disk nor waiting. An hour that rows still come for stays, however many it has.
func (wr *writer) forget(ctx context.Context) error {
	if wr.identities <= wr.room || wr.dry {
		return nil
	}
	old := 0
	for _, s := range wr.known {
		if s.met < wr.batches {
			old += s.n
		}
	}
	if old < wr.room/4 {
		return nil
	}
	for table := range wr.waiting {
		if err := wr.seal(ctx, table); err != nil {
			return err
		}
	}
	if err := wr.commit(ctx); err != nil {
		return err
	}
	keys := slices.SortedFunc(maps.Keys(wr.known), func(a, b hourKey) int { return cmp.Compare(wr.known[a].met, wr.known[b].met) })
	for _, key := range keys {
		s := wr.known[key]
		if wr.identities <= wr.room/2 || s.met == wr.batches {
			break
		}
		wr.identities -= s.n
		delete(wr.known, key)
		wr.forgotten[key] = true
	}
	return nil
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
	return keepRows(rec, func(i int) bool {
		winner, ok := wr.winners[dayKey{table, times[i] / ticksPerDay}][identity(ids[i], times[i]/tick)]
		return !ok || winner == sources(i)
	})
}

// keepRows gives the rows of a batch that are to be kept: the batch itself, retained, if these are all, and nil for none.
func keepRows(rec arrow.RecordBatch, keep func(i int) bool) (arrow.RecordBatch, error) {
	n := int(rec.NumRows())
	kept := make([]place, 0, n)
	for i := range n {
		if keep(i) {
			kept = append(kept, place{row: int32(i)})
		}
	}
	switch len(kept) {
	case 0:
		return nil, nil
	case n:
		rec.Retain()
		return rec, nil
	}
	return pick(rec, kept), nil
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
	c, gone, err := wr.ws.without(ctx, s, func(rec arrow.RecordBatch) (arrow.RecordBatch, error) { return wr.overtaken(s.table, rec) })
	if err != nil || gone == 0 {
		return err
	}
	wr.ws.discard(wr.uncommitted.replace(c.leave, c.come))
	return nil
}

// without makes the change that leaves some rows of a segment out, and says how many these are.
func (w *Workspace) without(ctx context.Context, s *segment, keep func(arrow.RecordBatch) (arrow.RecordBatch, error)) (c change, gone int64, err error) {
	recs, err := w.read(ctx, s)
	if err != nil {
		return c, 0, err
	}
	defer func() { releaseAll(recs) }()
	var left []arrow.RecordBatch
	defer func() { releaseAll(left) }()
	for _, rec := range recs {
		out, err := keep(rec)
		if err != nil {
			return c, 0, err
		}
		gone += rec.NumRows()
		if out != nil {
			gone -= out.NumRows()
			left = append(left, out)
		}
	}
	if gone == 0 {
		return c, 0, nil
	}
	c.leave = []*segment{s}
	if len(left) > 0 {
		c.come, err = w.rebuild(ctx, *s, left)
	}
	return c, gone, err
}
