package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"nordlys/internal/engine"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// rows reads Arrow batches row by row.
type rows struct {
	ctx     context.Context
	cancel  context.CancelFunc
	conn    *sql.Conn
	reader  array.RecordReader
	columns []plan.Column
	limits  engine.Limits
	batch   arrow.RecordBatch
	at      int
	count   int64
	row     []any
}

// Columns implements engine.Rows.
func (r *rows) Columns() []plan.Column { return r.columns }

// Next implements engine.Rows.
func (r *rows) Next() ([]any, error) {
	for r.batch == nil || r.at >= int(r.batch.NumRows()) {
		if !r.reader.Next() {
			if err := r.reader.Err(); err != nil {
				return nil, queryError(r.ctx, err, r.limits)
			}
			if err := r.ctx.Err(); err != nil {
				return nil, queryError(r.ctx, err, r.limits)
			}
			return nil, nil
		}
		r.batch, r.at = r.reader.RecordBatch(), 0
	}
	if r.count++; r.limits.Rows > 0 && r.count > r.limits.Rows {
		return nil, fmt.Errorf("the result has more than %d rows: add take, summarize, or allow more with --max-rows", r.limits.Rows)
	}
	if r.row == nil {
		r.row = make([]any, len(r.columns))
	}
	for i := range r.columns {
		v, err := value(r.batch.Column(i), r.at, r.columns[i].Type)
		if err != nil {
			return nil, err
		}
		r.row[i] = v
	}
	r.at++
	return r.row, nil
}

// Close implements engine.Rows.
func (r *rows) Close() error {
	r.reader.Release()
	r.cancel()
	return r.conn.Close()
}

// value reads one cell in the form that engine.Rows promises.
func value(a arrow.Array, i int, t catalog.Type) (any, error) {
	if a.IsNull(i) {
		if t == catalog.String {
			return "", nil
		}
		return nil, nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i), nil
	case *array.Int8:
		return int64(a.Value(i)), nil
	case *array.Int16:
		return int64(a.Value(i)), nil
	case *array.Int32:
		return number(int64(a.Value(i)), t), nil
	case *array.Uint32:
		return number(int64(a.Value(i)), t), nil
	case *array.Uint64:
		return number(int64(a.Value(i)), t), nil
	case *array.Int64:
		return number(a.Value(i), t), nil
	case *array.Float32:
		return float64(a.Value(i)), nil
	case *array.Float64:
		return a.Value(i), nil
	case *array.Decimal128:
		f := a.Value(i).ToFloat64(a.DataType().(*arrow.Decimal128Type).Scale)
		if t == catalog.Real {
			return f, nil
		}
		return int64(f), nil
	case *array.String:
		return text(a.Value(i), t), nil
	case *array.LargeString:
		return text(a.Value(i), t), nil
	case *array.Null:
		return nil, nil
	}
	return nil, fmt.Errorf("internal: the engine gave a %s for a column of type %s", a.DataType(), t)
}

func number(v int64, t catalog.Type) any {
	if t == catalog.Real {
		return float64(v)
	}
	return v
}

// text copies a string out of the batch; a decimal loses the zeros that the engine pads it with.
func text(s string, t catalog.Type) any {
	if t == catalog.Decimal && strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return strings.Clone(s)
}
