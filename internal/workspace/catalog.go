package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	kqltypes "nordlys/internal/kql/catalog"

	"nordlys/internal/engine/lower"
	"nordlys/internal/kql/plan"
	"nordlys/internal/tables"
)

// segment is one immutable file of rows of one table and one day.
type segment struct {
	id      string
	table   string
	day     string // yyyy-mm-dd
	rows    int64
	bytes   int64 // on disk
	memory  int64 // about what the rows take as batches; 0 where it is not known
	min     int64 // TimeGenerated in ticks
	max     int64
	sha256  string
	made    int64    // when its rows were taken in, in Unix seconds; of merged segments the latest; 0 if unknown
	archive bool     // it lies in the archive
	origin  string   // empty for evidence; otherwise what made the rows, see Derive
	columns []string // those that the file has; the rest are null or ''
}

func (s *segment) path(dir string) string {
	folder := "segments"
	if s.archive {
		folder = archiveDir
	}
	return filepath.Join(dir, folder, s.table, s.day, s.id+".parquet")
}

// stored is what the workspace knows of one table.
type stored struct {
	extra    []tables.Column // columns beyond the built-in catalogue, in order of arrival
	segments []*segment
}

// catalog is the copy in memory of catalog.duckdb.
type catalog struct {
	builtin *tables.Catalogue
	stored  map[string]*stored
	dropped map[string]time.Time // files of segments that were replaced, and when
}

func newCatalog() catalog {
	return catalog{builtin: tables.Builtin(), stored: map[string]*stored{}, dropped: map[string]time.Time{}}
}

func (c *catalog) table(name string) *stored {
	t := c.stored[name]
	if t == nil {
		t = &stored{}
		c.stored[name] = t
	}
	return t
}

// segments lists those of a table.
func (c *catalog) segments(table string) []*segment {
	if t := c.stored[table]; t != nil {
		return t.segments
	}
	return nil
}

// columns gives the visible and hidden columns of a table.
func (c *catalog) columns(name string) (visible, hidden []tables.Column, ok bool) {
	isHidden := map[string]bool{}
	for _, h := range tables.Hidden() {
		isHidden[h.Name] = true
	}
	hidden = tables.Hidden()
	t, known := c.builtin.Lookup(name)
	if known = known && t.Name == name; known { // the names of tables are case-sensitive in KQL
		visible = append(visible, t.Columns...)
	}
	s, has := c.stored[name]
	if has {
		for _, col := range s.extra {
			if !isHidden[col.Name] {
				visible = append(visible, col)
			}
		}
	}
	return visible, hidden, known || has
}

// physical says under which name a segment keeps a column, for those columns of a table that differ from an earlier one
// in case only (AzureDiagnostics has clientIP_s and clientIp_s): DuckDB does not tell such names apart.
func (c *catalog) physical(table string) map[string]string {
	var out map[string]string
	visible, hidden, _ := c.columns(table)
	seen := make(map[string]int, len(visible)+len(hidden))
	for _, col := range append(visible, hidden...) {
		lower := strings.ToLower(col.Name)
		if n := seen[lower]; n > 0 {
			if out == nil {
				out = map[string]string{}
			}
			out[col.Name] = fmt.Sprintf("%s$%d", col.Name, n)
		}
		seen[lower]++
	}
	return out
}

func (c *catalog) names() []string {
	seen := map[string]bool{}
	var out []string
	for _, n := range c.builtin.Names() {
		seen[n] = true
		out = append(out, n)
	}
	for n := range c.stored {
		if !seen[n] {
			out = append(out, n)
		}
	}
	sort.Strings(out)
	return out
}

func (c *catalog) infos() []TableInfo {
	var out []TableInfo
	for name, t := range c.stored {
		info := TableInfo{Name: name, Segments: len(t.segments)}
		visible, hidden, _ := c.columns(name)
		info.Columns = append(visible, hidden...)
		for _, s := range t.segments {
			info.Rows += s.rows
			info.Bytes += s.bytes
			if info.First == 0 || s.min < info.First {
				info.First = s.min
			}
			info.Last = max(info.Last, s.max)
		}
		if info.Rows > 0 {
			out = append(out, info)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// catalogSchema makes a new catalogue, and brings one of an earlier format to this one: format 2 knows where the rows of
// a segment are from, when they came, what they take in memory, which segments are in the archive and which were replaced.
const catalogSchema = `
CREATE TABLE IF NOT EXISTS ws.settings (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS ws.columns (table_name VARCHAR NOT NULL, name VARCHAR NOT NULL, type VARCHAR NOT NULL, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ws.segments (id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, day VARCHAR NOT NULL, row_count BIGINT NOT NULL, byte_count BIGINT NOT NULL, min_time BIGINT NOT NULL, max_time BIGINT NOT NULL, sha256 VARCHAR NOT NULL, column_names VARCHAR NOT NULL);
ALTER TABLE ws.segments ADD COLUMN IF NOT EXISTS origin VARCHAR DEFAULT '';
ALTER TABLE ws.segments ADD COLUMN IF NOT EXISTS memory_bytes BIGINT DEFAULT 0;
ALTER TABLE ws.segments ADD COLUMN IF NOT EXISTS made_at BIGINT DEFAULT 0;
ALTER TABLE ws.segments ADD COLUMN IF NOT EXISTS archived BOOLEAN DEFAULT false;
CREATE TABLE IF NOT EXISTS ws.dropped (id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, day VARCHAR NOT NULL, archived BOOLEAN NOT NULL, dropped_at BIGINT NOT NULL);
`

// withCatalog runs f while catalog.duckdb is attached as ws. The file is attached only for as long as f takes, so that
// readers and the writer do not shut each other out: DuckDB's own lock on it is held for milliseconds, and whoever
// meets it waits.
func (w *Workspace) withCatalog(ctx context.Context, readOnly bool, f func(*sql.Conn) error) error {
	conn, err := w.db.SQL().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	attach := "ATTACH " + lower.Text(w.catalogPath()) + " AS ws"
	if readOnly {
		attach += " (READ_ONLY)"
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		if _, err = conn.ExecContext(ctx, attach); err == nil {
			break
		}
		if !strings.Contains(err.Error(), "lock") || time.Now().After(deadline) {
			return fmt.Errorf("open the catalogue %s: %w", w.catalogPath(), err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	err = f(conn)
	if _, derr := conn.ExecContext(context.WithoutCancel(ctx), "DETACH ws"); derr != nil && err == nil {
		err = derr
	}
	return err
}

// load reads the catalogue into memory; a writer makes it where it is missing.
func (w *Workspace) load(ctx context.Context) error {
	fresh := newCatalog()
	// Of before it is read: what changes meanwhile is then read again. A writer may have to make it first.
	info, err := os.Stat(w.catalogPath())
	if err != nil && !(errors.Is(err, fs.ErrNotExist) && w.mode == Write) {
		return err
	}
	err = w.withCatalog(ctx, w.mode != Write, func(conn *sql.Conn) error {
		var format, known int
		if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'ws' AND table_name = 'settings'").Scan(&known); err != nil {
			return err
		}
		if known > 0 {
			if err := conn.QueryRowContext(ctx, "SELECT max(CAST(value AS INTEGER)) FROM ws.settings WHERE key = 'format'").Scan(&format); err != nil {
				return fmt.Errorf("read the format of workspace %s: %w", w.dir, err)
			}
		}
		if format > Format {
			return fmt.Errorf("workspace %s has format %d, this program knows up to %d: use a newer nordlys", w.dir, format, Format)
		}
		if w.mode == Write && format < Format {
			if _, err := conn.ExecContext(ctx, catalogSchema+fmt.Sprintf("INSERT OR REPLACE INTO ws.settings VALUES ('format', '%d');", Format)); err != nil {
				return fmt.Errorf("bring workspace %s to format %d: %w", w.dir, Format, err)
			}
			format = Format
		}
		return fresh.read(ctx, conn, w.dir, format)
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.catalog, w.loaded = fresh, info
	w.mu.Unlock()
	return nil
}

func (c *catalog) read(ctx context.Context, conn *sql.Conn, dir string, format int) error {
	rows, err := conn.QueryContext(ctx, "SELECT table_name, name, type FROM ws.columns ORDER BY table_name, position")
	if err != nil {
		return err
	}
	for rows.Next() {
		var table string
		var col tables.Column
		if err := rows.Scan(&table, &col.Name, &col.Type); err != nil {
			return err
		}
		t := c.table(table)
		t.extra = append(t.extra, col)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	more := "origin, memory_bytes, made_at, archived"
	if format < 2 {
		more = "'', 0, 0, false"
	}
	rows, err = conn.QueryContext(ctx, "SELECT id, table_name, day, row_count, byte_count, min_time, max_time, sha256, column_names, "+more+" FROM ws.segments ORDER BY table_name, min_time, id")
	if err != nil {
		return err
	}
	for rows.Next() {
		s := &segment{}
		var names string
		if err := rows.Scan(&s.id, &s.table, &s.day, &s.rows, &s.bytes, &s.min, &s.max, &s.sha256, &names, &s.origin, &s.memory, &s.made, &s.archive); err != nil {
			return err
		}
		s.columns = strings.Split(names, "\x1f")
		t := c.table(s.table)
		t.segments = append(t.segments, s)
	}
	if err := rows.Err(); err != nil || format < 2 {
		return err
	}
	rows, err = conn.QueryContext(ctx, "SELECT id, table_name, day, archived, dropped_at FROM ws.dropped")
	if err != nil {
		return err
	}
	for rows.Next() {
		var s segment
		var at int64
		if err := rows.Scan(&s.id, &s.table, &s.day, &s.archive, &at); err != nil {
			return err
		}
		c.dropped[s.path(dir)] = time.Unix(at, 0)
	}
	return rows.Err()
}

// removeOthers removes the segment files that are not to be kept.
func removeOthers(dir string, keep map[string]bool) error {
	for _, folder := range []string{"segments", archiveDir} {
		err := filepath.WalkDir(filepath.Join(dir, folder), func(path string, d os.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) || err == nil && (d.IsDir() || keep[path]) {
				return nil
			}
			if err != nil {
				return err
			}
			return os.Remove(path)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// typeColumn holds the table's own name in every row of Log Analytics. Segments leave it out where it does.
const typeColumn = "Type"

// Relation implements lower.Tables: the segments whose time range can match. A column that no such segment has is
// constant; one that some lack is filled in.
func (w *Workspace) Relation(table string, columns []plan.Column, b lower.Bounds) (string, []string, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	var files []string
	present := map[string]int{}
	if t := w.catalog.stored[table]; t != nil {
		// Newest first: a query for the latest rows then skips the rest by the times it has seen.
		for _, s := range slices.Backward(t.segments) {
			if s.max < b.From || s.min > b.To {
				continue
			}
			files = append(files, lower.Text(s.path(w.dir)))
			for _, c := range s.columns {
				present[c]++
			}
		}
	}
	physical := w.catalog.physical(table)
	mixed := false
	exprs := make([]string, len(columns))
	for i, c := range columns {
		name := c.Name
		if p, ok := physical[name]; ok {
			name = p
		}
		exprs[i] = lower.Ident(name)
		absent := "CAST(NULL AS " + lower.SQLType(c.Type) + ")"
		switch {
		case name == typeColumn:
			absent = lower.Text(table)
		case c.Type == kqltypes.String:
			absent = "''"
		}
		switch n := present[name]; {
		case n == 0:
			exprs[i] = absent
		case n < len(files):
			mixed = true
			if c.Type == kqltypes.String {
				exprs[i] = "coalesce(" + exprs[i] + ", " + absent + ")"
			}
		}
	}
	if len(files) == 0 {
		return "(SELECT 1 WHERE false)", exprs, nil
	}
	from := "read_parquet([" + strings.Join(files, ", ") + "]"
	if mixed {
		from += ", union_by_name = true"
	}
	return from + ")", exprs, nil
}

// StoredPath implements lower.Tables: hot paths are kept by every segment that has their column, but for those written
// before the path was hot.
func (w *Workspace) StoredPath(table, column, path string) (string, bool) {
	p := tables.HotPath{Column: column, Path: path}
	if !slices.Contains(tables.HotPaths(table), p) {
		return "", false
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	if t := w.catalog.stored[table]; t != nil {
		for _, s := range t.segments {
			if slices.Contains(s.columns, column) && !slices.Contains(s.columns, p.Stored()) {
				return "", false
			}
		}
	}
	return p.Stored(), true
}
