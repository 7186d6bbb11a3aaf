package workspace

import (
	"context"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"nordlys/internal/engine/lower"
	"nordlys/internal/tables"
)

// Resolve notes in NordlysRejects that rejects, by their _ItemId, were tried again and are not refused any more.
func (w *Workspace) Resolve(ctx context.Context, ids []int64, when time.Time) error {
	wanted := make(map[int64]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	if len(wanted) == 0 {
		return nil
	}
	const column = "Resolved"
	ticks := lower.Ticks(when)
	_, err := w.Rewrite(ctx, tables.NordlysRejects, func(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
		known, err := int64Column(rec, "_ItemId")
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(known, func(id int64) bool { return wanted[id] }) {
			return nil, nil
		}
		var old *array.Int64
		fields, cols := slices.Clone(rec.Schema().Fields()), slices.Clone(rec.Columns())
		at := slices.IndexFunc(fields, func(f arrow.Field) bool { return f.Name == column })
		if at < 0 {
			at = len(fields)
			fields = append(fields, arrow.Field{Name: column, Type: arrow.PrimitiveTypes.Int64, Nullable: true, Metadata: arrow.NewMetadata([]string{"kql"}, []string{"datetime"})})
			cols = append(cols, nil)
		} else {
			old, _ = cols[at].(*array.Int64)
		}
		b := array.NewInt64Builder(memory.DefaultAllocator)
		defer b.Release()
		for i, id := range known {
			switch {
			case old != nil && old.IsValid(i):
				b.Append(old.Value(i))
			case wanted[id]:
				b.Append(ticks)
			default:
				b.AppendNull()
			}
		}
		cols[at] = b.NewArray()
		defer cols[at].Release()
		return array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, rec.NumRows()), nil
	})
	return err
}
