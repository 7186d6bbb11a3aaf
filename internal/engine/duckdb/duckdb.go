// Package duckdb is the embedded engine: DuckDB inside the process, reading segments of a workspace (Parquet files) and
// literal tables. It is the only importer of duckdb-go. It knows SQL and files, not workspaces.
package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	driverpkg "github.com/duckdb/duckdb-go/v2"

	"nordlys/internal/engine"
	"nordlys/internal/engine/lower"
	"nordlys/internal/engine/scalar"
)

// Options tune one instance. Zero values leave DuckDB's own defaults.
type Options struct {
	MemoryLimit string // e.g. "512MB"
	TempDir     string // where what exceeds the memory limit goes; "" = DuckDB may not spill
	Threads     int
	Dirs        []string      // the folders whose files may be read and written
	Places      scalar.Places // what geo_info_from_ip_address looks addresses up in; nil if there is nothing
}

// DB is one DuckDB instance in memory, with the functions of KQL in it. It is safe for use by several goroutines; each
// query has its own connection.
type DB struct {
	db     *sql.DB
	places bool
}

var _ engine.Engine = (*DB)(nil)

// Open starts an instance. It takes about 20 ms.
func Open(ctx context.Context, o Options) (*DB, error) {
	c, err := driverpkg.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	d := &DB{db: sql.OpenDB(c)}
	if err := d.setup(ctx, o); err != nil {
		_ = d.db.Close()
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	return d, nil
}

func (d *DB) setup(ctx context.Context, o Options) error {
	var s strings.Builder
	// Nothing that a query says may reach the network, load code or install anything.
	s.WriteString("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; SET allow_community_extensions = false; SET TimeZone = 'UTC'; ")
	if o.MemoryLimit != "" {
		s.WriteString("SET memory_limit = " + lower.Text(o.MemoryLimit) + "; ")
	}
	if o.TempDir != "" {
		s.WriteString("SET temp_directory = " + lower.Text(o.TempDir) + "; ")
	}
	if o.Threads > 0 {
		fmt.Fprintf(&s, "SET threads = %d; ", o.Threads)
	}
	if len(o.Dirs) > 0 {
		dirs := make([]string, len(o.Dirs))
		for i, d := range o.Dirs {
			dirs[i] = lower.Text(d + "/")
		}
		s.WriteString("SET allowed_directories = [" + strings.Join(dirs, ", ") + "]; ")
	}
	for _, m := range lower.Macros {
		s.WriteString("CREATE MACRO " + m + "; ")
	}
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	funcs := scalar.Functions()
	if o.Places != nil {
		d.places = true
		funcs = append(funcs, scalar.GeoInfo(o.Places))
	}
	if err := register(conn, funcs); err != nil {
		return err
	}
	// Whatever a query might come to be, it reads no file outside the workspace, and cannot change that.
	s.WriteString("SET enable_external_access = false; SET lock_configuration = true; ")
	_, err = conn.ExecContext(ctx, s.String())
	return err
}

// Close ends the instance.
func (d *DB) Close() error { return d.db.Close() }

// Exec runs statements that give no rows. For catalogues, not for what users type.
func (d *DB) Exec(ctx context.Context, query string, args ...any) error {
	_, err := d.db.ExecContext(ctx, query, args...)
	return err
}

// SQL gives the connection pool, for catalogues that live in the same instance.
func (d *DB) SQL() *sql.DB { return d.db }

// lower gives the SQL of a request.
func (d *DB) lower(r engine.Request) (lower.Result, error) {
	res, err := lower.Lower(r.Query, lower.Options{Tables: r.Tables, Now: r.Now})
	if err == nil && res.NeedsPlaces && !d.places {
		err = errors.New("geo_info_from_ip_address() needs places of addresses in MaxMind's format: nordlys data add GeoLite2-City.mmdb; sign-in tables have Location and LocationDetails of their own")
	}
	return res, err
}

// Run implements engine.Engine.
func (d *DB) Run(ctx context.Context, r engine.Request) (engine.Rows, error) {
	res, err := d.lower(r)
	if err != nil {
		return nil, err
	}
	cancel := context.CancelFunc(func() {})
	if r.Limits.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, r.Limits.Timeout)
	}
	conn, reader, err := d.arrowQuery(ctx, res.SQL)
	if err != nil {
		err = queryError(ctx, err, r.Limits) // before cancel, which would look like the cause
		cancel()
		return nil, err
	}
	return &rows{ctx: ctx, cancel: cancel, conn: conn, reader: reader, columns: res.Columns, limits: r.Limits}, nil
}

func (d *DB) arrowQuery(ctx context.Context, query string) (*sql.Conn, array.RecordReader, error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	var reader array.RecordReader
	err = conn.Raw(func(dc any) error {
		a, err := driverpkg.NewArrowFromConn(dc.(driver.Conn))
		if err != nil {
			return err
		}
		reader, err = a.QueryContext(ctx, query)
		return err
	})
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return conn, reader, nil
}

// Export implements engine.Engine.
func (d *DB) Export(ctx context.Context, r engine.Request, path string) (int64, error) {
	res, err := d.lower(r)
	if err != nil {
		return 0, err
	}
	if r.Limits.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Limits.Timeout)
		defer cancel()
	}
	done, err := d.db.ExecContext(ctx, "COPY ("+res.Export()+") TO "+lower.Text(path)+" (FORMAT parquet, COMPRESSION zstd)")
	if err != nil {
		return 0, queryError(ctx, err, r.Limits)
	}
	return done.RowsAffected()
}

// Explain implements engine.Engine.
func (d *DB) Explain(ctx context.Context, r engine.Request) (string, error) {
	res, err := d.lower(r)
	if err != nil {
		return "", err
	}
	var key, text string
	if err := d.db.QueryRowContext(ctx, "EXPLAIN "+res.SQL).Scan(&key, &text); err != nil {
		return "", queryError(ctx, err, r.Limits)
	}
	return text, nil
}

// queryError says in the user's words why a query ended.
func queryError(ctx context.Context, err error, l engine.Limits) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the query took longer than %v and was stopped: filter TimeGenerated, or allow more with --timeout", l.Timeout)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the query was cancelled: %w", ctx.Err())
	}
	var e *driverpkg.Error
	if errors.As(err, &e) {
		// A query names no file itself: one that cannot be read is a segment.
		if line := firstLine(e.Msg); strings.Contains(line, ".parquet") {
			return fmt.Errorf("a segment of the workspace is missing or damaged: restore the file from a copy, or import the evidence into a new workspace: %s", line)
		}
		// What a function of package scalar says, behind the driver's own words.
		if _, own, ok := strings.Cut(firstLine(e.Msg), "driver: API error: "); ok {
			return errors.New(own)
		}
		if strings.Contains(e.Msg, "interval cannot be 0") {
			return errors.New("range: the step comes out as 0: name one that leads from the start to the end")
		}
		switch e.Type {
		case driverpkg.ErrorTypeOutOfMemory:
			return fmt.Errorf("the query needs more memory than allowed: filter earlier, or summarize fewer groups: %w", err)
		case driverpkg.ErrorTypeOutOfRange, driverpkg.ErrorTypeConversion, driverpkg.ErrorTypeInvalidInput:
			return fmt.Errorf("a value in the data does not fit the query: %s", firstLine(e.Msg))
		}
	}
	return fmt.Errorf("the engine refused the query (please report it with the output of nordlys explain --stage sql): %w", err)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}
