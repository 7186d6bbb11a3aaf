package workspace

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"

	"nordlys/internal/engine"
)

// Purge takes the rows of a table for which a condition in KQL holds out of the workspace for good, and says how many
// these were: what the law may ask for one person. The files in which they were are removed at once, so a query that is
// reading them fails. Importing the same evidence again brings them back.
//
// The caller keeps the record of it.
func (w *Workspace) Purge(ctx context.Context, table, condition string) (int64, error) {
	if w.mode != Write {
		return 0, errors.New("purge: the workspace is open for reading only")
	}
	if err := w.Flush(ctx); err != nil {
		return 0, err
	}
	rows, err := w.chosen(ctx, table, condition, "project _ItemId, TimeGenerated, _SourceId, _SourceRecord")
	if err != nil {
		return 0, err
	}
	type row struct {
		id, time int64
		source
	}
	doomed := map[row]bool{}
	for {
		r, err := rows.Next()
		if err != nil || r == nil {
			if err = errors.Join(err, rows.Close()); err != nil {
				return 0, err
			}
			break
		}
		var k row
		k.id, _ = r[0].(int64)
		k.time, _ = r[1].(int64)
		k.file, _ = r[2].(string)
		k.record, _ = r[3].(int64)
		doomed[k] = true
	}
	if len(doomed) == 0 {
		return 0, nil
	}
	w.writer.mu.Lock()
	defer w.writer.mu.Unlock()
	keep := func(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
		ids, err := int64Column(rec, "_ItemId")
		if err != nil {
			return nil, err
		}
		times, err := int64Column(rec, "TimeGenerated")
		if err != nil {
			return nil, err
		}
		sources := sourcesOf(rec)
		return keepRows(rec, func(i int) bool { return !doomed[row{ids[i], times[i], sources(i)}] })
	}
	w.mu.RLock()
	segments := append([]*segment(nil), w.catalog.segments(table)...)
	w.mu.RUnlock()
	var purged int64
	for _, s := range segments {
		c, gone, err := w.without(ctx, s, keep)
		if err != nil {
			return purged, fmt.Errorf("purge %s: %w", table, err)
		}
		if gone == 0 {
			continue
		}
		if err := w.commit(ctx, c); err != nil {
			w.discard(c.come)
			return purged, err
		}
		purged += gone
		if err := os.Remove(s.path(w.dir)); err != nil {
			return purged, fmt.Errorf("purge %s: %w", table, err)
		}
	}
	// What is known of these days is read anew: the rows may come again.
	w.writer.known, w.writer.loaded, w.writer.forgotten, w.writer.identities = map[hourKey]*idSet{}, map[dayKey]bool{}, map[hourKey]bool{}, 0
	return purged, nil
}

// Count says how many rows of a table meet a condition in KQL.
func (w *Workspace) Count(ctx context.Context, table, condition string) (int64, error) {
	rows, err := w.chosen(ctx, table, condition, "count")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	r, err := rows.Next()
	if err != nil || r == nil {
		return 0, err
	}
	n, _ := r[0].(int64)
	return n, nil
}

// chosen runs an operator over the rows of a table that meet a condition.
func (w *Workspace) chosen(ctx context.Context, table, condition, then string) (engine.Rows, error) {
	if err := (Role{Rows: map[string]string{table: condition}}).check(); err != nil {
		return nil, err
	}
	if !validName(table) {
		return nil, fmt.Errorf("%q is no table", table)
	}
	text := table + " | where " + condition + "\n| " + then // a comment in the condition ends with its line
	rows, _, list, err := w.Query(ctx, Query{Text: text})
	if errors.Is(err, ErrDiagnostics) {
		return nil, errors.New(list.Render(text))
	}
	return rows, err
}
