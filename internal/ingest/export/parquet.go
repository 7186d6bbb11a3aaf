package export

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// ReadParquet reads a Parquet file: it calls f with one batch of rows after another. Columns are Int64, Float64, Boolean
// or String, and the field's metadata TypeKey says which type of KQL they have (datetimes in ticks). Whoever imports
// gives it, since the engine can read such files and this package may not use it.
type ReadParquet func(ctx context.Context, src io.Reader, f func(arrow.RecordBatch) error) error

// Parquet is the rows.Decoder of Parquet files: each row is a record, for the families that know it by its columns.
// https://learn.microsoft.com/azure/azure-monitor/logs/logs-data-export
type Parquet struct {
	read    ReadParquet
	records *records.Decoder
}

// NewParquet makes the decoder; read is nil where no file can be read.
func NewParquet(read ReadParquet, families *records.Decoder) *Parquet {
	return &Parquet{read, families}
}

// Formats lists what the decoder reads.
func (*Parquet) Formats() []rows.Format {
	return []rows.Format{{Name: "Parquet", Tables: []string{"any table of the catalogue", "NAME_CL"}, Signs: "PAR1 at the beginning",
		Routes: "Log Analytics historic export, nordlys query --format parquet, data lakes; rows go by their columns as JSON records do"}}
}

// Detect goes by the magic number.
func (*Parquet) Detect(_ string, head []byte) rows.Confidence {
	if bytes.HasPrefix(head, []byte("PAR1")) {
		return rows.Surely
	}
	return rows.No
}

// Decode reads the rows in their order.
func (d *Parquet) Decode(ctx context.Context, src io.Reader, w *rows.Writer) error {
	if d.read == nil {
		return errors.New("not supported yet: a Parquet file, by this program")
	}
	w.Format("Parquet")
	run := records.NewRun(d.records, w)
	var rec records.Record
	var known error // of the writer, which ends everything
	var number int64
	err := d.read(ctx, src, func(batch arrow.RecordBatch) error {
		p, err := newParquetBatch(batch)
		if err != nil {
			return err
		}
		for i := range int(batch.NumRows()) {
			if number++; number&1023 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			rec.Raw, rec.Offset, rec.Types = p.row(rec.Raw[:0], i), number-1, p.types
			rec.Members = jsontext.Members(rec.Members[:0], rec.Raw)
			if known = run.Record(ctx, &rec); known != nil {
				return known
			}
		}
		return nil
	})
	switch {
	case known != nil:
		return known
	case err != nil:
		return err
	case number == 0:
		w.Note("no records in it")
	}
	return run.Err()
}

// parquetBatch makes records of a batch.
type parquetBatch struct {
	names   [][]byte // as members of an object, with the colon
	kql     []string
	columns []arrow.Array
	types   map[string]string
}

func newParquetBatch(rec arrow.RecordBatch) (*parquetBatch, error) {
	p := &parquetBatch{columns: rec.Columns(), types: map[string]string{}}
	for i, f := range rec.Schema().Fields() {
		switch rec.Column(i).(type) {
		case *array.Int64, *array.Float64, *array.Boolean, *array.String:
		default:
			return nil, errors.New("internal: a column of an unexpected type " + f.Type.Name())
		}
		kql, _ := f.Metadata.GetValue(rows.TypeKey)
		p.names = append(p.names, append(jsontext.Quote(nil, []byte(f.Name)), ':'))
		p.kql = append(p.kql, kql)
		p.types[f.Name] = kql
	}
	return p, nil
}

// row appends row i as a JSON object, without what has no value.
func (p *parquetBatch) row(dst []byte, i int) []byte {
	dst = append(dst, '{')
	for k, a := range p.columns {
		if a.IsNull(i) {
			continue
		}
		from := len(dst)
		if from > 1 {
			dst = append(dst, ',')
		}
		dst = append(dst, p.names[k]...)
		var ok bool
		if dst, ok = p.value(dst, k, a, i); !ok {
			dst = dst[:from]
		}
	}
	return append(dst, '}')
}

func (p *parquetBatch) value(dst []byte, k int, a arrow.Array, i int) ([]byte, bool) {
	switch a := a.(type) {
	case *array.Int64:
		if p.kql[k] == "datetime" {
			n := a.Value(i)
			if n < 0 || n > 3_155_378_975_999_999_999 { // before year 1, after 9999
				return strconv.AppendInt(dst, n, 10), true
			}
			return append(append(append(dst, '"'), rows.TimeOf(n).Format("2006-01-02T15:04:05.9999999Z07:00")...), '"'), true
		}
		return strconv.AppendInt(dst, a.Value(i), 10), true
	case *array.Float64:
		v := a.Value(i)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(strconv.AppendFloat(append(dst, '"'), v, 'g', -1, 64), '"'), true
		}
		return strconv.AppendFloat(dst, v, 'g', -1, 64), true
	case *array.Boolean:
		return strconv.AppendBool(dst, a.Value(i)), true
	case *array.String:
		text := []byte(a.Value(i))
		if len(text) == 0 {
			return dst, false
		}
		if p.kql[k] == "decimal" && jsontext.KindOf(text) == jsontext.Number && jsontext.Check(text) == nil {
			return append(dst, text...), true
		}
		if kind := jsontext.KindOf(text); (kind == jsontext.Object || kind == jsontext.Array) && jsontext.Check(text) == nil {
			return append(dst, text...), true
		}
		return jsontext.Quote(dst, text), true
	}
	return dst, false
}
