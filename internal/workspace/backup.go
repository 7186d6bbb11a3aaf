package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/tables"
)

// BackedUp says what a backup did.
type BackedUp struct {
	Segments int   // in the backup
	Copied   int   // of these, those that it did not have yet
	Bytes    int64 // copied
}

// besides are the files and folders of a workspace that are not rows.
var besides = []string{settingsFile, "tokens.json", "functions", dataDir}

// Backup copies the workspace as it is at one moment to a folder, which is a workspace itself then: what a query or
// verify says of it is what they say of this one. Others may read and write meanwhile. A folder with an earlier backup gets
// what is new and loses what is gone; segments never change, so those it has are not copied again.
func (w *Workspace) Backup(ctx context.Context, dir string) (BackedUp, error) {
	var done BackedUp
	if err := w.refresh(ctx); err != nil {
		return done, err
	}
	if abs, err := filepath.Abs(dir); err != nil || abs == w.dir || within(abs, w.dir) || within(w.dir, abs) {
		return done, errors.Join(err, fmt.Errorf("back up to %s: name a folder outside of the workspace", dir))
	}
	to, err := Open(ctx, dir, Write, duckdb.Options{})
	if err != nil {
		return done, err
	}
	defer to.Close()
	w.mu.RLock()
	from := map[string]stored{}
	for name, t := range w.catalog.stored {
		from[name] = stored{slices.Clone(t.extra), slices.Clone(t.segments)}
	}
	w.mu.RUnlock()

	var c change
	wanted := map[string]bool{}
	for name, t := range from {
		have := to.catalog.table(name)
		for _, col := range t.extra {
			if !slices.ContainsFunc(have.extra, func(o tables.Column) bool { return o == col }) {
				c.addColumn(name, col)
			}
		}
		for _, s := range t.segments {
			wanted[s.id] = true
			done.Segments++
			if i := slices.IndexFunc(have.segments, func(o *segment) bool { return o.id == s.id }); i >= 0 {
				if old := have.segments[i]; old.archive == s.archive {
					continue
				}
				c.leave = append(c.leave, have.segments[i])
			}
			if err := ctx.Err(); err != nil {
				return done, err
			}
			if err := copyDurably(s.path(w.dir), s.path(dir)); err != nil {
				return done, fmt.Errorf("back up %s: %w", name, err)
			}
			mine := *s
			c.come = append(c.come, &mine)
			done.Copied++
			done.Bytes += s.bytes
		}
	}
	for _, t := range to.catalog.stored {
		for _, s := range t.segments {
			if !wanted[s.id] {
				c.leave = append(c.leave, s)
			}
		}
	}
	if !c.empty() {
		if err := to.commit(ctx, c); err != nil {
			return done, err
		}
	}
	for _, name := range besides {
		if err := mirror(filepath.Join(w.dir, name), filepath.Join(dir, name)); err != nil {
			return done, fmt.Errorf("back up %s: %w", name, err)
		}
	}
	return done, nil
}

// Restore makes a workspace of a backup, in a folder that has none yet.
func Restore(ctx context.Context, backup, dir string) (BackedUp, error) {
	if _, err := os.Stat((&Workspace{dir: dir}).catalogPath()); err == nil {
		return BackedUp{}, fmt.Errorf("restore to %s: there is a workspace already: move it away first", dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return BackedUp{}, err
	}
	w, err := Open(ctx, backup, Read, duckdb.Options{})
	if err != nil {
		return BackedUp{}, err
	}
	defer w.Close()
	return w.Backup(ctx, dir)
}

// within says whether a path lies in a folder.
func within(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !(len(rel) > 2 && rel[:3] == "../")
}

// mirror makes a file, or a folder of files, the same as another.
func mirror(from, to string) error {
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(to)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return copyDurably(from, to)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	old, err := os.ReadDir(to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range old {
		if !slices.ContainsFunc(entries, func(n fs.DirEntry) bool { return n.Name() == e.Name() }) {
			if err := os.RemoveAll(filepath.Join(to, e.Name())); err != nil {
				return err
			}
		}
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			if err := copyDurably(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
