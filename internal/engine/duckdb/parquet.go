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

// WriteParquet writes the rows of Arrow batches of one schema to a file, in row groups of rowGroup rows, and says how many
// they were. More is SQL of columns to add to theirs. Null strings do not occur in batches; dynamic nulls do.
func (d *DB) WriteParquet(ctx context.Context, path string, schema *arrow.Schema, batches []arrow.RecordBatch, more []string, rowGroup int) (int64, error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	reader, err := array.NewRecordReader(schema, batches)
	if err != nil {
		return 0, err
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
		return 0, fmt.Errorf("hand rows to DuckDB: %w", err)
	}
	defer release()
	from := lower.Ident("$batches")
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "DROP VIEW IF EXISTS "+from)
	}()
	res, err := conn.ExecContext(ctx, fmt.Sprintf("COPY (SELECT %s FROM %s) TO %s (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE %d)",
		strings.Join(append([]string{"*"}, more...), ", "), from, lower.Text(path), rowGroup))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
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
