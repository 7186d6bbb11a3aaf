package workspace

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"nordlys/internal/engine/lower"
	"nordlys/internal/tables"
)

// Act is what somebody did to a workspace.
type Act struct {
	Who, Action, Target, Detail string
	Rows                        int64
}

// Audit writes an act to NordlysAudit; it is there when Audit returns.
func (w *Workspace) Audit(ctx context.Context, a Act) error {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	now := lower.Ticks(time.Now())
	var fields []arrow.Field
	var cols []arrow.Array
	defer func() {
		for _, c := range cols {
			c.Release()
		}
	}()
	long := func(name, typ string, n int64) {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		defer b.Release()
		b.Append(n)
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64, Metadata: arrow.NewMetadata([]string{"kql"}, []string{typ})})
		cols = append(cols, b.NewArray())
	}
	text := func(name, s string) {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		defer b.Release()
		b.Append(s)
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Metadata: arrow.NewMetadata([]string{"kql"}, []string{"string"})})
		cols = append(cols, b.NewArray())
	}
	long("TimeGenerated", "datetime", now)
	text("Who", a.Who)
	text("Action", a.Action)
	text("Target", a.Target)
	text("Detail", a.Detail)
	long("Rows", "long", a.Rows)
	long("_ItemId", "long", int64(binary.LittleEndian.Uint64(id[:])))
	long("_SourceRecord", "long", 0)
	text("_SourceId", "nordlys")
	long("_TimeReceived", "datetime", now)
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, 1)
	defer rec.Release()
	if _, _, err := w.Append(ctx, tables.NordlysAudit, rec); err != nil {
		return fmt.Errorf("write the audit: %w", err)
	}
	return w.Flush(ctx)
}
