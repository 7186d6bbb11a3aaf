package workspace

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Retention, in settings.yaml:
//
//	retention:
//	  default: {interactive: 90d, total: 2y}   # after the first, rows move to the archive; after the second, they go
//	  tables:
//	    SecurityEvent: {total: 180d}
//
// A day of rows is as old as what is later: the day, or the moment they were taken in, so that evidence of years ago does
// not go on the day it comes. Both are for ever where nothing is said.
//
// The archive is the folder archive of the workspace: put a slower disk there. Queries read it as they read the rest, as
// far as their time range asks for it.

// archiveDir is the folder of the archive.
const archiveDir = "archive"

// Retention says how long rows are kept.
type Retention struct {
	Default Period            `yaml:"default"`
	Tables  map[string]Period `yaml:"tables"`
}

// Period is how long the rows of a table are kept, as 90d, 12h or 2y; "" is for ever.
type Period struct {
	Interactive string `yaml:"interactive"`
	Total       string `yaml:"total"`
}

var periodText = regexp.MustCompile(`^([1-9][0-9]{0,4})([hdy])$`)

func parsePeriod(s string) (time.Duration, error) {
	m := periodText.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is no length of time: write 12h, 90d or 2y", s)
	}
	n, _ := strconv.Atoi(m[1])
	unit := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "y": 365 * 24 * time.Hour}[m[2]]
	if d := time.Duration(n) * unit; d/unit == time.Duration(n) && d <= 200*365*24*time.Hour {
		return d, nil
	}
	return 0, fmt.Errorf("%q is longer than 200 years: leave it out to keep rows for ever", s)
}

func (r Retention) check() error {
	for table, p := range r.Tables {
		if !validName(table) {
			return fmt.Errorf("%q is no table", table)
		}
		if _, _, err := p.lengths(); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	_, _, err := r.Default.lengths()
	return err
}

// lengths are both periods; 0 is for ever.
func (p Period) lengths() (interactive, total time.Duration, err error) {
	if p.Interactive != "" {
		if interactive, err = parsePeriod(p.Interactive); err != nil {
			return 0, 0, err
		}
	}
	if p.Total != "" {
		if total, err = parsePeriod(p.Total); err != nil {
			return 0, 0, err
		}
		if interactive > total {
			return 0, 0, fmt.Errorf("interactive %s is longer than total %s", p.Interactive, p.Total)
		}
	}
	return interactive, total, nil
}

// of is the period of a table: what is said of it, and for the rest the default.
func (r Retention) of(table string) (interactive, total time.Duration) {
	p := r.Default
	if own, ok := r.Tables[table]; ok {
		if own.Interactive != "" {
			p.Interactive = own.Interactive
		}
		if own.Total != "" {
			p.Total = own.Total
		}
	}
	interactive, total, err := p.lengths()
	if err != nil { // an own total that is shorter than the default's interactive days
		_, total, _ = Period{Total: p.Total}.lengths()
		interactive = 0
	}
	return interactive, total
}

// Expired is what a retention took from a table.
type Expired struct {
	Table                    string
	ArchivedRows, GoneRows   int64
	ArchivedBytes, GoneBytes int64
}

// Retain moves what is past its interactive days to the archive and lets go what is past its total days, as of now. Each
// table is a transaction.
func (w *Workspace) Retain(ctx context.Context, now time.Time) ([]Expired, error) {
	if w.mode != Write {
		return nil, fmt.Errorf("apply the retention: the workspace is open for reading only")
	}
	w.mu.RLock()
	names := make([]string, 0, len(w.catalog.stored))
	for name := range w.catalog.stored {
		names = append(names, name)
	}
	w.mu.RUnlock()
	slices.Sort(names)
	var out []Expired
	for _, name := range names {
		e, err := w.retain(ctx, name, now)
		if err != nil {
			return out, fmt.Errorf("apply the retention of %s: %w", name, err)
		}
		if e.ArchivedRows > 0 || e.GoneRows > 0 {
			out = append(out, e)
		}
	}
	return out, nil
}

func (w *Workspace) retain(ctx context.Context, table string, now time.Time) (Expired, error) {
	e := Expired{Table: table}
	interactive, total := w.settings.Retention.of(table)
	if interactive == 0 && total == 0 {
		return e, nil
	}
	w.writer.mu.Lock()
	defer w.writer.mu.Unlock()
	w.mu.RLock()
	segments := slices.Clone(w.catalog.segments(table))
	w.mu.RUnlock()
	var c change
	for _, s := range segments {
		day, err := time.Parse(time.DateOnly, s.day)
		if err != nil {
			return e, err
		}
		since := day.AddDate(0, 0, 1)
		if made := time.Unix(s.made, 0); made.After(since) {
			since = made
		}
		switch age := now.Sub(since); {
		case total > 0 && age > total:
			c.leave = append(c.leave, s)
			e.GoneRows += s.rows
			e.GoneBytes += s.bytes
		case interactive > 0 && age > interactive && !s.archive:
			moved := *s
			moved.archive = true
			if err := copyDurably(s.path(w.dir), moved.path(w.dir)); err != nil {
				w.discard(c.come)
				return e, err
			}
			c.leave = append(c.leave, s)
			c.come = append(c.come, &moved)
			e.ArchivedRows += s.rows
			e.ArchivedBytes += s.bytes
		}
	}
	if c.empty() {
		return e, nil
	}
	if err := w.commit(ctx, c); err != nil {
		w.discard(c.come)
		return e, err
	}
	return e, nil
}

// copyDurably copies a file so that it is there whole, or not at all, after a crash.
func copyDurably(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	dir := filepath.Dir(to)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".copy-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = io.Copy(tmp, in)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), to)
	}
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", from, to, err)
	}
	return syncDir(dir)
}
