package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"nordlys/internal/tables"
)

// change is what one transaction does to the catalogue: columns and segments that come, and segments that go.
type change struct {
	columns map[string][]tables.Column // by table
	come    []*segment
	leave   []*segment
}

func (c *change) empty() bool { return len(c.columns) == 0 && len(c.come) == 0 && len(c.leave) == 0 }

func (c *change) add(s ...*segment) { c.come = append(c.come, s...) }

func (c *change) addColumn(table string, col tables.Column) {
	if c.columns == nil {
		c.columns = map[string][]tables.Column{}
	}
	c.columns[table] = append(c.columns[table], col)
}

// replace notes that segments take the place of others. One that was itself not committed yet just goes.
func (c *change) replace(old, by []*segment) (gone []*segment) {
	for _, s := range old {
		if i := slices.Index(c.come, s); i >= 0 {
			c.come = slices.Delete(c.come, i, i+1)
			gone = append(gone, s)
		} else {
			c.leave = append(c.leave, s)
		}
	}
	c.come = append(c.come, by...)
	return gone
}

// errOvertaken says that a segment which a change replaces was replaced by another in the meantime.
var errOvertaken = errors.New("the segments have changed in the meantime")

// graceOfDropped is how long the file of a replaced segment stays: queries that began before, in this or another
// process, read it to their end.
const graceOfDropped = time.Hour

// commit brings what the writer has sealed into the catalogue.
func (wr *writer) commit(ctx context.Context) error {
	if wr.uncommitted.empty() {
		return nil
	}
	if err := wr.ws.commit(ctx, wr.uncommitted); err != nil {
		return err
	}
	wr.uncommitted = change{}
	return nil
}

// commit makes a change in the catalogue, in one transaction, and then shows it to queries of this process.
func (w *Workspace) commit(ctx context.Context, c change) error {
	w.committing.Lock()
	defer w.committing.Unlock()
	position := map[string]int{}
	w.mu.Lock()
	for table := range c.columns {
		position[table] = len(w.catalog.table(table).extra)
	}
	overtaken := slices.ContainsFunc(c.leave, func(s *segment) bool { return !slices.Contains(w.catalog.segments(s.table), s) })
	w.mu.Unlock()
	if overtaken {
		return errOvertaken
	}
	now := time.Now().UTC()
	err := w.withCatalog(ctx, false, func(conn *sql.Conn) error {
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // after Commit it has nothing to do
		for table, cols := range c.columns {
			for i, col := range cols {
				if _, err := tx.ExecContext(ctx, "INSERT INTO ws.columns VALUES (?, ?, ?, ?)", table, col.Name, col.Type, position[table]+i); err != nil {
					return err
				}
			}
		}
		for _, s := range c.leave {
			if _, err := tx.ExecContext(ctx, "DELETE FROM ws.segments WHERE id = ?", s.id); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO ws.dropped VALUES (?, ?, ?, ?, ?)", s.id, s.table, s.day, s.archive, now.Unix()); err != nil {
				return err
			}
		}
		for _, s := range c.come {
			if _, err := tx.ExecContext(ctx, "INSERT INTO ws.segments (id, table_name, day, row_count, byte_count, min_time, max_time, sha256, column_names, origin, memory_bytes, made_at, archived) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				s.id, s.table, s.day, s.rows, s.bytes, s.min, s.max, s.sha256, strings.Join(s.columns, "\x1f"), s.origin, s.memory, s.made, s.archive); err != nil {
				return err
			}
		}
		return tx.Commit()
	})
	if err != nil {
		return fmt.Errorf("record the change in the catalogue: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for table, cols := range c.columns {
		t := w.catalog.table(table)
		t.extra = append(t.extra, cols...)
	}
	for _, s := range c.leave {
		t := w.catalog.table(s.table)
		t.segments = slices.DeleteFunc(slices.Clone(t.segments), func(o *segment) bool { return o == s })
		w.catalog.dropped[s.path(w.dir)] = now
	}
	for _, s := range c.come {
		t := w.catalog.table(s.table)
		t.segments = append(t.segments, s)
	}
	return nil
}

// sweep removes the files that the catalogue does not name: what a crash left, and segments that were replaced a while
// ago.
func (w *Workspace) sweep(ctx context.Context) error {
	keep := map[string]bool{}
	for _, t := range w.catalog.stored {
		for _, s := range t.segments {
			keep[s.path(w.dir)] = true
		}
	}
	before := time.Now().Add(-graceOfDropped)
	old := 0
	for path, at := range w.catalog.dropped {
		if at.After(before) {
			keep[path] = true
		} else {
			old++
		}
	}
	if err := removeOthers(w.dir, keep); err != nil || old == 0 {
		return err
	}
	return w.withCatalog(ctx, false, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "DELETE FROM ws.dropped WHERE dropped_at <= ?", before.Unix())
		return err
	})
}

// refresh reads the catalogue again if another process has changed it since.
func (w *Workspace) refresh(ctx context.Context) error {
	if w.mode != Read {
		return nil // the writer is who changes it; without stored tables nothing is read
	}
	info, err := os.Stat(w.catalogPath())
	if err != nil {
		return fmt.Errorf("read workspace %s: %w", w.dir, err)
	}
	w.mu.RLock()
	same := info.ModTime().Equal(w.loaded.ModTime()) && info.Size() == w.loaded.Size()
	w.mu.RUnlock()
	if same {
		return nil
	}
	return w.load(ctx)
}
