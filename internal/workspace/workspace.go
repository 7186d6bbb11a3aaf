// Package workspace is a place where logs live: a folder with a catalogue (tables and columns, segments) and the
// segments themselves, immutable Parquet files. It takes typed batches in, makes them durable and visible in one
// transaction, says what is there, and gives queries the SQL of its tables. It does not read log formats.
//
// On disk:
//
//	catalog.duckdb                       tables, columns, segments, settings
//	segments/TABLE/yyyy-mm-dd/ID.parquet rows of one day, sorted by time, zstd
//	tmp/                                 files being written; swept when the workspace is opened for writing
//	lock                                 held by the one process that writes
//
// A segment is written under tmp, synced, renamed into place, and only then named in the catalogue, in one transaction
// with everything else it makes visible. What a crash leaves behind is either in the catalogue whole, or a file that
// nothing names and that the next writer removes. Segments are never changed: where rows are merged, replaced or made
// anew, new segments take the place of others in one transaction, and the files of those go an hour later.
package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"nordlys/internal/engine"
	"nordlys/internal/engine/duckdb"
	"nordlys/internal/engine/lower"
	"nordlys/internal/tables"
)

// Workspace is an open workspace. It is safe for use by several goroutines.
type Workspace struct {
	dir  string
	mode Mode
	db   *duckdb.DB

	mu         sync.RWMutex // guards catalog and loaded
	catalog    catalog
	loaded     fs.FileInfo // the catalogue's file when it was read; nil without stored tables
	committing sync.Mutex  // held while the catalogue is changed

	writer   *writer // nil when opened for reading
	settings Settings
	places   places // data of others that addresses are looked up in
	systems  []*mmdbFile
	opening  sync.Once // of azure
	openErr  error
	azure    *azureRanges
}

// Mode says what a workspace is opened for.
type Mode int

// The modes. Many may read while one writes.
const (
	Read   Mode = iota // the workspace must exist
	Write              // made if it is not there; one process at a time
	Memory             // no stored tables at all, for queries over literals; the folder need not exist, its data is used if it does
	Try                // Append says what it would take, and nothing is kept; the workspace need not exist
)

// Format is the version of the layout that this program writes. A workspace of a newer one is refused.
const Format = 2

// ErrNotFound says that there is no workspace in a folder.
var ErrNotFound = errors.New("no workspace")

// Open opens the workspace in dir.
func Open(ctx context.Context, dir string, mode Mode, o duckdb.Options) (*Workspace, error) {
	if mode != Memory {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("open workspace %s: %w", dir, err)
		}
		dir = abs
	}
	w := &Workspace{dir: dir, mode: mode, catalog: newCatalog()}
	_, err := os.Stat(w.catalogPath())
	stored := mode != Memory && !(mode == Try && errors.Is(err, fs.ErrNotExist))
	switch {
	case mode == Memory:
	case mode == Read && errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open workspace %s: %w there: import evidence first (nordlys import PATH...), or name another folder with --workspace", dir, ErrNotFound)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open workspace %s: %w", dir, err)
	case mode == Write:
		if err := os.MkdirAll(filepath.Join(dir, "segments"), 0o700); err != nil {
			return nil, fmt.Errorf("make workspace %s: %w", dir, err)
		}
		if o.TempDir == "" {
			o.TempDir = filepath.Join(dir, "tmp")
		}
	}
	if mode != Memory {
		o.Dirs = append(o.Dirs, dir)
	}
	if w.settings, err = readSettings(dir); err != nil {
		return nil, err
	}
	if w.places, w.systems, err = openData(dir); err != nil {
		return nil, err
	}
	if w.places != nil {
		o.Places = w.places
	}
	w.db, err = duckdb.Open(ctx, o)
	if err != nil {
		w.places.close()
		places(w.systems).close()
		return nil, err
	}
	switch mode {
	case Write:
		if w.writer, err = newWriter(w); err != nil {
			_ = w.db.Close()
			return nil, err
		}
	case Try:
		w.writer = dryWriter(w)
	}
	if !stored {
		return w, nil
	}
	if err := w.load(ctx); err != nil {
		_ = w.Close()
		return nil, err
	}
	if mode == Write {
		if err := w.sweep(ctx); err != nil {
			_ = w.Close()
			return nil, err
		}
	}
	return w, nil
}

func (w *Workspace) catalogPath() string { return filepath.Join(w.dir, "catalog.duckdb") }

// Dir is the folder of the workspace.
func (w *Workspace) Dir() string { return w.dir }

// Engine runs plans over this workspace's tables.
func (w *Workspace) Engine() engine.Engine { return w.db }

// Close ends the use of the workspace. What was appended and not flushed is lost.
func (w *Workspace) Close() error {
	var err error
	if w.writer != nil {
		err = w.writer.close()
	}
	err = errors.Join(err, w.db.Close())
	w.places.close()
	places(w.systems).close()
	return err
}

// TableInfo says what is stored of one table.
type TableInfo struct {
	Name     string
	Columns  []tables.Column // as the catalogue of Azure's tables has them, then those that the data brought, then hidden ones
	Rows     int64
	Bytes    int64 // on disk
	Segments int
	First    int64 // earliest and latest TimeGenerated in ticks; 0 where there are no rows
	Last     int64
}

// Tables lists the tables that have rows, by name.
func (w *Workspace) Tables() []TableInfo {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.catalog.infos()
}

// Table gives one table: its visible columns in order and the hidden ones. Tables of the built-in catalogue exist
// without rows.
func (w *Workspace) Table(name string) (visible, hidden []tables.Column, ok bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.catalog.columns(name)
}

// Names lists the names of all tables, stored and built in.
func (w *Workspace) Names() []string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.catalog.names()
}

var _ lower.Tables = (*Workspace)(nil)
