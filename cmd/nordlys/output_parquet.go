package main

import (
	"io"
	"sort"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"nordlys/internal/engine"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// writeParquet writes an ordinary Parquet file: datetimes as timestamps in UTC (microseconds, the finest unit that
// reaches from year 1 to 9999), timespans, guids, decimals and dynamics as text.
func writeParquet(w io.Writer, rows engine.Rows, _ *plan.Query) error {
	cols := rows.Columns()
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	pw, err := pqarrow.NewFileWriter(schema, w, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd)), pqarrow.DefaultWriterProps())
	if err != nil {
		return err
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	n := 0
	write := func() error {
		rec := b.NewRecordBatch()
		defer rec.Release()
		n = 0
		return pw.WriteBuffered(rec)
	}
	err = each(rows, func(row []any) error {
		for i, v := range row {
			appendValue(b.Field(i), v, cols[i].Type)
		}
		if n++; n == 20000 {
			return write()
		}
		return nil
	})
	if err == nil {
		err = write()
	}
	if cerr := pw.Close(); err == nil {
		err = cerr
	}
	return err
}

func arrowType(t catalog.Type) arrow.DataType {
	switch t {
	case catalog.Bool:
		return arrow.FixedWidthTypes.Boolean
	case catalog.Int:
		return arrow.PrimitiveTypes.Int32
	case catalog.Long:
		return arrow.PrimitiveTypes.Int64
	case catalog.Real:
		return arrow.PrimitiveTypes.Float64
	case catalog.Datetime:
		return arrow.FixedWidthTypes.Timestamp_us
	}
	return arrow.BinaryTypes.String
}

func appendValue(b array.Builder, v any, t catalog.Type) {
	if v == nil {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Int32Builder:
		b.Append(int32(v.(int64)))
	case *array.Int64Builder:
		b.Append(v.(int64))
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(engine.Time(v.(int64)).UnixMicro()))
	case *array.StringBuilder:
		b.Append(engine.Text(v, t))
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
