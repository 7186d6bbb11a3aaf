package workspace

import (
	"cmp"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// sortedRows is the length of the batches that sortBatches makes: DuckDB converts a batch as a whole.
const sortedRows = 32768

// place is one row: which batch, and where in it.
type place struct {
	time       int64
	batch, row int32
}

// sortBatches orders the rows of batches of one schema by TimeGenerated, rows of one time as they came, and gives the
// batches and their schema: text columns of few distinct values come out as dictionaries. DuckDB could do it while it
// writes, at several times the cost and with its own copy of everything.
func sortBatches(schema *arrow.Schema, batches []arrow.RecordBatch) (*arrow.Schema, []arrow.RecordBatch, error) {
	var places []place
	for b, rec := range batches {
		times, err := int64Column(rec, "TimeGenerated")
		if err != nil {
			return nil, nil, err
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
	fields := slices.Clone(schema.Fields())
	cols := make([]arrow.Array, len(fields))
	for i := range cols {
		cols[i] = take(batches, i, places, true)
		fields[i].Type = cols[i].DataType()
	}
	schema = arrow.NewSchema(fields, nil)
	whole := array.NewRecordBatch(schema, cols, int64(len(places)))
	for _, c := range cols {
		c.Release()
	}
	defer whole.Release()
	var out []arrow.RecordBatch
	for at := 0; at < len(places); at += sortedRows {
		out = append(out, whole.NewSlice(int64(at), int64(min(at+sortedRows, len(places)))))
	}
	return schema, out, nil
}

// take gathers column i of the rows at places; with dictionaries, a text column of few distinct values becomes one.
func take(batches []arrow.RecordBatch, i int, places []place, dictionaries bool) arrow.Array {
	switch batches[0].Column(i).(type) {
	case *array.String:
		src := columns[*array.String](batches, i)
		if slices.ContainsFunc(src, func(a *array.String) bool { return a.NullN() > 0 }) {
			return gatherNullable(src, places) // dynamic and guid
		}
		if dictionaries {
			if d := gatherDictionary(src, places); d != nil {
				return d
			}
		}
		return gatherStrings(src, places)
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

// gatherNullable gathers texts of which some are null.
func gatherNullable(src []*array.String, places []place) arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(len(places))
	for _, p := range places {
		if a := src[p.batch]; a.IsNull(int(p.row)) {
			b.AppendNull()
		} else {
			b.Append(a.Value(int(p.row)))
		}
	}
	return b.NewArray()
}

// gatherStrings builds the column's buffers itself: a builder's bookkeeping for each value costs more than the copy.
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

// maxDictionary is how many distinct values a column may have to be handed on as a dictionary.
const maxDictionary = 4096

// gatherDictionary collects a column of few distinct values as indices into them, which saves copying each value and
// DuckDB reading each. It gives nil where there are too many. Values are looked up in the order in which they came,
// where one often follows itself, and only the indices are put in order.
func gatherDictionary(src []*array.String, places []place) arrow.Array {
	codes := make([][]uint32, len(src))
	known := make(map[string]uint32, 64)
	values := array.NewStringBuilder(memory.DefaultAllocator)
	defer values.Release()
	last, code := "", uint32(0)
	for b, a := range src {
		codes[b] = make([]uint32, a.Len())
		for i := range codes[b] {
			if v := a.Value(i); v != last || values.Len() == 0 {
				c, ok := known[v]
				if !ok {
					if values.Len() == maxDictionary {
						return nil
					}
					c = uint32(values.Len())
					known[v] = c
					values.Append(v)
				}
				last, code = v, c
			}
			codes[b][i] = code
		}
	}
	ids := array.NewUint32Builder(memory.DefaultAllocator)
	defer ids.Release()
	ids.Reserve(len(places))
	for _, p := range places {
		ids.UnsafeAppend(codes[p.batch][p.row])
	}
	idx, dict := ids.NewArray(), values.NewArray()
	defer idx.Release()
	defer dict.Release()
	return array.NewDictionaryArray(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: arrow.BinaryTypes.String}, idx, dict)
}
