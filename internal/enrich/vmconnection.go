package enrich

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"nordlys/internal/ingest/rows"
	"nordlys/internal/workspace"
)

// threatColumns are the columns of VMConnection that say what is known of a malicious remote address, with what an
// indicator says in each. Severity, the only number, is a column of its own.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/vmconnection
var threatColumns = []struct {
	name  string
	value func(remote string, i *Indicator) string
}{
	{"MaliciousIp", func(remote string, _ *Indicator) string { return remote }},
	{"IndicatorThreatType", func(_ string, i *Indicator) string { return i.Type }},
	{"Description", func(_ string, i *Indicator) string { return i.Description }},
	{"TLPLevel", func(_ string, i *Indicator) string { return i.TLP }},
	{"Confidence", func(_ string, i *Indicator) string {
		if i.Confidence == 0 {
			return "" // the feed said none
		}
		return strconv.Itoa(i.Confidence)
	}},
	{"FirstReportedDateTime", func(_ string, i *Indicator) string { return reported(i.First) }},
	{"LastReportedDateTime", func(_ string, i *Indicator) string { return reported(i.Last) }},
	{"IsActive", func(_ string, i *Indicator) string { return strconv.FormatBool(i.Active) }},
	{"ReportReferenceLink", func(_ string, i *Indicator) string { return i.Link }},
	{"AdditionalInformation", func(_ string, i *Indicator) string {
		return strings.TrimSuffix(strings.TrimSpace(i.Source+": "+i.ID), ":")
	}},
}

func reported(ticks int64) string {
	if ticks == 0 {
		return ""
	}
	return rows.TimeOf(ticks).Format(time.RFC3339)
}

// Connections fills the columns about threats in rows of VMConnection whose remote address an indicator names at the
// time of the row and which have none yet: what VM insights does while it collects. It says how many rows got them. What
// was filled stays when the indicator is withdrawn later. The workspace must be open for writing.
func Connections(ctx context.Context, w *workspace.Workspace, x *Indicators) (int64, error) {
	if x.Len() == 0 || !slices.ContainsFunc(w.Tables(), func(t workspace.TableInfo) bool { return t.Name == "VMConnection" }) {
		return 0, nil
	}
	var filled int64
	_, err := w.Rewrite(ctx, "VMConnection", func(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
		out, n, err := markConnections(rec, x)
		filled += n
		return out, err
	})
	if err != nil {
		return filled, fmt.Errorf("fill the threats of VMConnection: %w", err)
	}
	return filled, nil
}

// markConnections gives the batch with the columns filled, or nil if no row matches.
func markConnections(rec arrow.RecordBatch, x *Indicators) (arrow.RecordBatch, int64, error) {
	column := func(name string) arrow.Array {
		for i, f := range rec.Schema().Fields() {
			if f.Name == name {
				return rec.Column(i)
			}
		}
		return nil
	}
	text := func(a arrow.Array, i int) string {
		if a == nil || a.IsNull(i) {
			return ""
		}
		return a.ValueStr(i)
	}
	remote, taken := column("RemoteIp"), column("MaliciousIp")
	when, ok := column("TimeGenerated").(*array.Int64)
	if remote == nil || !ok {
		return nil, 0, nil
	}
	found := map[int]Indicator{}
	for i := range int(rec.NumRows()) {
		a, err := netip.ParseAddr(text(remote, i))
		if err != nil || text(taken, i) != "" {
			continue
		}
		if ind, ok := x.Match(a, when.Value(i)); ok {
			found[i] = ind
		}
	}
	if len(found) == 0 {
		return nil, 0, nil
	}
	fields, arrays := slices.Clone(rec.Schema().Fields()), slices.Clone(rec.Columns())
	for _, a := range arrays {
		a.Retain()
	}
	defer func() {
		for _, a := range arrays {
			a.Release()
		}
	}()
	put := func(field arrow.Field, a arrow.Array) {
		if i := slices.IndexFunc(fields, func(f arrow.Field) bool { return f.Name == field.Name }); i >= 0 {
			arrays[i].Release()
			fields[i], arrays[i] = field, a
			return
		}
		fields, arrays = append(fields, field), append(arrays, a)
	}
	for _, c := range threatColumns {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		old := column(c.name)
		for i := range int(rec.NumRows()) {
			if ind, ok := found[i]; ok {
				b.Append(c.value(text(remote, i), &ind))
			} else {
				b.Append(text(old, i))
			}
		}
		put(arrow.Field{Name: c.name, Type: arrow.BinaryTypes.String, Metadata: arrow.NewMetadata([]string{rows.TypeKey}, []string{"string"})}, b.NewArray())
		b.Release()
	}
	b := array.NewInt32Builder(memory.DefaultAllocator)
	defer b.Release()
	old, _ := column("Severity").(*array.Int32)
	for i := range int(rec.NumRows()) {
		switch ind, ok := found[i]; {
		case ok:
			b.Append(int32(ind.Severity))
		case old != nil && old.IsValid(i):
			b.Append(old.Value(i))
		default:
			b.AppendNull()
		}
	}
	put(arrow.Field{Name: "Severity", Type: arrow.PrimitiveTypes.Int32, Nullable: true, Metadata: arrow.NewMetadata([]string{rows.TypeKey}, []string{"int"})}, b.NewArray())
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, rec.NumRows()), int64(len(found)), nil
}
