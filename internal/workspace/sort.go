package workspace

import (
	"cmp"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// sortedRows bounds the batches that sortBatches makes, so that a batch stays within a few megabytes.
const sortedRows = 32768

// place is one row: which batch, and where in it.
type place struct {
	time       int64
	batch, row int32
}

// sortBatches orders the rows of batches of one schema by TimeGenerated, rows of one time as they came. DuckDB could do
// it while it writes, at several times the cost and with its own copy of everything.
func sortBatches(schema *arrow.Schema, batches []arrow.RecordBatch) ([]arrow.RecordBatch, error) {
	var places []place
	for b, rec := range batches {
		times, err := int64Column(rec, "TimeGenerated")
		if err != nil {
			return nil, err
		}
		for r, t := range times {
			places = append(places, place{t, int32(b), int32(r)})
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		if c := cmp.Compare(a.time, b.time); c != 0 {
			return c
		}
		return cmp.Compare(int64(a.batch)<<32|int64(a.row), int64(b.batch)<<32|int64(b.row))
	})
	var out []arrow.RecordBatch
	for len(places) > 0 {
		n := min(len(places), sortedRows)
		cols := make([]arrow.Array, schema.NumFields())
		for i := range cols {
			cols[i] = take(batches, i, places[:n])
		}
		out = append(out, array.NewRecordBatch(schema, cols, int64(n)))
		for _, c := range cols {
			c.Release()
		}
		places = places[n:]
	}
	return out, nil
}

// take gathers column i of the rows at places.
func take(batches []arrow.RecordBatch, i int, places []place) arrow.Array {
	switch batches[0].Column(i).(type) {
	case *array.String:
		return gatherStrings(columns[*array.String](batches, i), places)
	case *array.Int64:
		return gather(array.NewInt64Builder(memory.DefaultAllocator), columns[*array.Int64](batches, i), places)
	case *array.Int32:
		return gather(array.NewInt32Builder(memory.DefaultAllocator), columns[*array.Int32](batches, i), places)
	case *array.Float64:
		return gather(array.NewFloat64Builder(memory.DefaultAllocator), columns[*array.Float64](batches, i), places)
	case *array.Boolean:
		return gather(array.NewBooleanBuilder(memory.DefaultAllocator), columns[*array.Boolean](batches, i), places)
	}
	return array.MakeArrayOfNull(memory.DefaultAllocator, batches[0].Column(i).DataType(), len(places))
}

func columns[A arrow.Array](batches []arrow.RecordBatch, i int) []A {
	out := make([]A, len(batches))
	for b, rec := range batches {
		out[b] = rec.Column(i).(A)
	}
	return out
}

// builder is what the builders of fixed-width columns share.
type builder[V any] interface {
	Reserve(int)
	UnsafeAppend(V)
	AppendNull()
	NewArray() arrow.Array
	Release()
}

func gather[V any, A interface {
	arrow.Array
	Value(int) V
}](b builder[V], src []A, places []place) arrow.Array {
	defer b.Release()
	b.Reserve(len(places))
	for _, p := range places {
		if a := src[p.batch]; a.IsNull(int(p.row)) {
			b.AppendNull()
		} else {
			b.UnsafeAppend(a.Value(int(p.row)))
		}
	}
	return b.NewArray()
}

// gatherStrings builds the column's buffers itself: a builder's bookkeeping for each value costs more than the copy.
// Strings hold no nulls but in a batch that breaks the contract, where they become empty.
func gatherStrings(src []*array.String, places []place) arrow.Array {
	size := 0
	for _, p := range places {
		size += src[p.batch].ValueLen(int(p.row))
	}
	offsets := make([]int32, 1, len(places)+1)
	data := make([]byte, 0, size)
	for _, p := range places {
		data = append(data, src[p.batch].Value(int(p.row))...)
		offsets = append(offsets, int32(len(data)))
	}
	d := array.NewData(arrow.BinaryTypes.String, len(places), []*memory.Buffer{
		nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes(data),
	}, nil, 0, 0)
	defer d.Release()
	return array.NewStringData(d)
}
