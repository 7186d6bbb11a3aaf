package workspace

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// Derivation is rows that are made from other rows of the workspace, such as Traffic Analytics from flow tuples. Those
// that an earlier derivation of the same origin made are replaced where Replace says so; evidence is never touched. All
// becomes visible at once, by Commit. One goroutine uses a Derivation, while others may append and query.
type Derivation struct {
	w       *Workspace
	origin  string
	waiting map[string]*buffer
	replace map[string][]days
	change  change
}

// days is a range of days, in whole days since year 1, both included.
type days struct{ from, to int64 }

// Derive begins a derivation. Origin names what makes the rows.
func (w *Workspace) Derive(origin string) (*Derivation, error) {
	if w.mode != Write {
		return nil, fmt.Errorf("derive rows: the workspace is open for reading only")
	}
	if origin == "" {
		return nil, fmt.Errorf("internal: derived rows without an origin")
	}
	return &Derivation{w: w, origin: origin, waiting: map[string]*buffer{}, replace: map[string][]days{}}, nil
}

// Replace lets the rows of this origin go that a table has between two times (ticks, both included, widened to whole
// days).
func (d *Derivation) Replace(table string, from, to int64) {
	d.replace[table] = append(d.replace[table], days{from / ticksPerDay, to / ticksPerDay})
}

// Append adds rows; the batch is as for Workspace.Append. Who derives sees to it that no row comes twice.
func (d *Derivation) Append(ctx context.Context, table string, rec arrow.RecordBatch) error {
	if !validName(table) {
		return fmt.Errorf("derive: %q is no table name", table)
	}
	for _, c := range []string{"_ItemId", "TimeGenerated"} {
		if _, err := int64Column(rec, c); err != nil {
			return fmt.Errorf("derive rows of %s: %w", table, err)
		}
	}
	b := d.waiting[table]
	if b == nil {
		b = &buffer{}
		d.waiting[table] = b
	}
	rec.Retain()
	b.batches = append(b.batches, rec)
	b.rows += rec.NumRows()
	b.bytes += batchBytes(rec)
	if b.rows >= sealRows || b.bytes >= sealBytes {
		return d.seal(ctx, table)
	}
	return nil
}

func (d *Derivation) seal(ctx context.Context, table string) error {
	b := d.waiting[table]
	d.w.writer.mu.Lock()
	defer d.w.writer.mu.Unlock()
	made, err := d.w.rebuild(ctx, segment{table: table, origin: d.origin}, b.batches)
	if err != nil {
		return fmt.Errorf("write derived rows of %s: %w", table, err)
	}
	d.change.add(made...)
	releaseAll(b.batches)
	delete(d.waiting, table)
	return nil
}

// Commit makes the new rows visible and lets the replaced ones go, in one transaction.
func (d *Derivation) Commit(ctx context.Context) error {
	for table := range d.waiting {
		if err := d.seal(ctx, table); err != nil {
			return err
		}
	}
	wr := d.w.writer
	wr.mu.Lock()
	defer wr.mu.Unlock()
	if err := wr.commit(ctx); err != nil { // columns that rebuild has added are in it
		return err
	}
	d.w.mu.RLock()
	for table, ranges := range d.replace {
		for _, s := range d.w.catalog.segments(table) {
			day := s.min / ticksPerDay
			if s.origin == d.origin && slices.ContainsFunc(ranges, func(r days) bool { return r.from <= day && day <= r.to }) {
				d.change.leave = append(d.change.leave, s)
			}
		}
	}
	d.w.mu.RUnlock()
	if d.change.empty() {
		return nil
	}
	if err := d.w.commit(ctx, d.change); err != nil {
		return err
	}
	d.change = change{}
	return nil
}

// Discard ends a derivation; what was not committed is gone. After Commit it does nothing.
func (d *Derivation) Discard() {
	for _, b := range d.waiting {
		releaseAll(b.batches)
	}
	d.waiting = map[string]*buffer{}
	d.w.discard(d.change.come)
	d.change = change{}
}
