package duckdb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	driverpkg "github.com/duckdb/duckdb-go/v2"

	"nordlys/internal/engine/lower"
)

// WriteParquet writes the rows that a clause selects (WHERE …, ORDER BY …, or nothing) to a file and says how many they
// were. More is SQL of columns to add to those of the batches.
type WriteParquet func(path string, more []string, clause string) (int64, error)

// WithBatches makes Arrow batches of one schema readable as a relation while f runs, and hands it the door to write
// parts of them, in row groups of rowGroup rows. A stream of batches can be read once only; where f writes several files, several makes the rows a
// temporary table first. Null strings do not occur in batches; dynamic nulls do.
func (d *DB) WithBatches(ctx context.Context, schema *arrow.Schema, batches []arrow.RecordBatch, rowGroup int, several bool, f func(WriteParquet) error) error {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	reader, err := array.NewRecordReader(schema, batches)
	if err != nil {
		return err
	}
	defer reader.Release()
	var release func()
	err = conn.Raw(func(dc any) error {
		a, err := driverpkg.NewArrowFromConn(dc.(driver.Conn))
		if err != nil {
			return err
		}
		release, err = a.RegisterView(reader, "$batches")
		return err
	})
	if err != nil {
		return fmt.Errorf("hand rows to DuckDB: %w", err)
	}
	defer release()
	from := lower.Ident("$batches")
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "DROP VIEW IF EXISTS "+lower.Ident("$batches"))
	}()
	if several {
		from = lower.Ident("$rows")
		if _, err := conn.ExecContext(ctx, "CREATE TEMP TABLE "+from+" AS SELECT * FROM "+lower.Ident("$batches")); err != nil {
			return err
		}
		defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+from) }()
	}
	return f(func(path string, more []string, clause string) (int64, error) {
		res, err := conn.ExecContext(ctx, fmt.Sprintf("COPY (SELECT %s FROM %s%s) TO %s (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE %d)", strings.Join(append([]string{"*"}, more...), ", "), from, clause, lower.Text(path), rowGroup))
		if err != nil {
			return 0, err
		}
		return res.RowsAffected()
	})
}

// ReadBatches gives the rows of a query as Arrow batches, which the caller releases. The statement is one of ours, never
// a text of others.
func (d *DB) ReadBatches(ctx context.Context, statement string) ([]arrow.RecordBatch, error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var out []arrow.RecordBatch
	err = conn.Raw(func(dc any) error {
		a, err := driverpkg.NewArrowFromConn(dc.(driver.Conn))
		if err != nil {
			return err
		}
		r, err := a.QueryContext(ctx, statement)
		if err != nil {
			return err
		}
		defer r.Release()
		for r.Next() {
			rec := r.RecordBatch()
			rec.Retain()
			out = append(out, rec)
		}
		return r.Err()
	})
	if err != nil {
		for _, rec := range out {
			rec.Release()
		}
		return nil, err
	}
	return out, nil
}
