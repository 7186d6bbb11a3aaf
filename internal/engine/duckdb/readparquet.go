package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"nordlys/internal/engine/lower"
)

// partBytes is about how much of a Parquet file is in memory at a time.
const partBytes = 32 << 20

// ReadParquet gives the rows of a Parquet file that others wrote, batch by batch in their order, in memory that does not
// grow with the file. Columns of a batch are Int64, Float64, Boolean or String; the field's metadata "kql" says which type of
// KQL they are: datetime (in ticks), long, int, real, decimal, bool, dynamic (JSON text) or string. Batches are valid until f
// returns. The stream is copied to a temporary file first, as the end of a Parquet file says what is in it.
func ReadParquet(ctx context.Context, src io.Reader, f func(arrow.RecordBatch) error) (err error) {
	dir, err := os.MkdirTemp("", "nordlys-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "in.parquet")
	if err := spool(path, src); err != nil {
		return err
	}
	d, err := Open(ctx, Options{Dirs: []string{dir}, TempDir: dir, MemoryLimit: "300MB", Threads: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	p := parquetFile{d: d, from: "read_parquet(" + lower.Text(path) + ", file_row_number = true)"}
	if err := p.describe(ctx); err != nil {
		return damagedParquet(ctx, err, path)
	}
	parts, err := p.parts(ctx, path)
	if err != nil {
		return damagedParquet(ctx, err, path)
	}
	for _, part := range parts {
		recs, err := d.ReadBatches(ctx, p.query(part))
		if err != nil {
			return damagedParquet(ctx, err, path)
		}
		for i, rec := range recs {
			if err == nil {
				err = p.give(rec, f)
			}
			recs[i].Release()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func spool(path string, src io.Reader) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, src)
	return errors.Join(err, out.Close())
}

// damagedParquet says what is wrong in words without the name of the copy.
func damagedParquet(ctx context.Context, err error, path string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	text := strings.NewReplacer("file '"+path+"'", "it", "'"+path+"'", "it", path, "it").Replace(firstLine(err.Error()))
	return fmt.Errorf("a damaged Parquet file, or one of a kind that is not read: %s", text)
}

// parquetFile is a file that is being read.
type parquetFile struct {
	d      *DB
	from   string
	names  []string
	types  []string // of KQL
	fields []string // of the query
}

// describe finds the columns.
func (p *parquetFile) describe(ctx context.Context) error {
	rows, err := p.d.db.QueryContext(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * EXCLUDE (file_row_number) FROM "+p.from+")")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return err
		}
		kql, expr := parquetColumn(lower.Ident(name), typ)
		p.names, p.types = append(p.names, name), append(p.types, kql)
		p.fields = append(p.fields, expr+" AS "+lower.Ident(fmt.Sprint("c", len(p.fields))))
	}
	return rows.Err()
}

// parquetColumn gives the type of KQL for a column of a type of DuckDB, and the expression that reads it as that.
func parquetColumn(name, typ string) (kql, expr string) {
	const epoch = "621355968000000000"
	switch {
	case typ == "TIMESTAMP_NS":
		return "datetime", "(epoch_ns(" + name + ") // 100 + " + epoch + ")"
	case strings.HasPrefix(typ, "TIMESTAMP"), typ == "DATE":
		return "datetime", "(epoch_us(" + name + ") * 10 + " + epoch + ")"
	case typ == "BIGINT", typ == "UINTEGER":
		return "long", "CAST(" + name + " AS BIGINT)"
	case typ == "INTEGER", typ == "SMALLINT", typ == "TINYINT", typ == "USMALLINT", typ == "UTINYINT":
		return "int", "CAST(" + name + " AS BIGINT)"
	case strings.HasPrefix(typ, "DECIMAL"):
		return "decimal", "CAST(" + name + " AS VARCHAR)"
	case typ == "FLOAT", typ == "DOUBLE":
		return "real", "CAST(" + name + " AS DOUBLE)"
	case typ == "BOOLEAN":
		return "bool", name
	case strings.HasSuffix(typ, "]"), strings.HasPrefix(typ, "STRUCT"), strings.HasPrefix(typ, "MAP"), typ == "JSON":
		return "dynamic", "CAST(to_json(" + name + ") AS VARCHAR)"
	case typ == "BLOB":
		return "string", "CASE WHEN typeof(try(decode(" + name + "))) = 'VARCHAR' AND try(decode(" + name + ")) IS NOT NULL THEN try(decode(" + name + ")) ELSE hex(" + name + ") END"
	}
	return "string", "CAST(" + name + " AS VARCHAR)"
}

// rowRange is a part of a file, in rows.
type rowRange struct{ from, to int64 }

// parts cuts the groups of rows into parts that fit into memory.
func (p *parquetFile) parts(ctx context.Context, path string) ([]rowRange, error) {
	rows, err := p.d.db.QueryContext(ctx, "SELECT row_group_id, max(row_group_num_rows), sum(total_uncompressed_size)::BIGINT FROM parquet_metadata("+lower.Text(path)+") GROUP BY 1 ORDER BY 1")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []rowRange
	at := int64(0)
	for rows.Next() {
		var id, n, bytes int64
		if err := rows.Scan(&id, &n, &bytes); err != nil {
			return nil, err
		}
		if n < 0 || n > 1<<40 {
			return nil, fmt.Errorf("a group of %d rows", n)
		}
		step := max(1, n)
		if bytes > partBytes {
			step = max(512, n/(bytes/partBytes+1))
		}
		for end := at + n; at < end; at = min(at+step, end) {
			out = append(out, rowRange{at, min(at+step, end)})
			if len(out) > 1<<20 {
				return nil, errors.New("more parts than a file of its size can have")
			}
		}
	}
	return out, rows.Err()
}

func (p *parquetFile) query(r rowRange) string {
	return fmt.Sprintf("SELECT %s FROM %s WHERE file_row_number >= %d AND file_row_number < %d", strings.Join(p.fields, ", "), p.from, r.from, r.to)
}

// give calls f with a batch under the names of the file.
func (p *parquetFile) give(rec arrow.RecordBatch, f func(arrow.RecordBatch) error) error {
	fields := make([]arrow.Field, rec.NumCols())
	for i, c := range rec.Columns() {
		fields[i] = arrow.Field{Name: p.names[i], Type: c.DataType(), Nullable: true, Metadata: arrow.NewMetadata([]string{"kql"}, []string{p.types[i]})}
	}
	named := array.NewRecordBatch(arrow.NewSchema(fields, nil), rec.Columns(), rec.NumRows())
	defer named.Release()
	return f(named)
}
