// Package defender reads the records of Microsoft Defender XDR's streaming API, whose category names the advanced
// hunting table they belong to. Properties carry the columns' names. It does not read alerts of other APIs.
//
// Format: https://learn.microsoft.com/defender-xdr/streaming-api
package defender

import (
	"bytes"
	"context"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// prefix is how the category of every streamed record begins; the table's name follows.
const prefix = "AdvancedHunting-"

// Family is the records.Family of streamed advanced hunting records.
type Family struct {
	kinds map[string]*kind // by category
}

type kind struct {
	name       string
	t          *rows.Table
	properties *rows.Mapping
	time       *rows.Column
	timestamp  *rows.Column
	tenant     *rows.Column
}

// New makes the family for one writer.
func New() *Family { return &Family{kinds: map[string]*kind{}} }

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	return []rows.Format{{Name: "Defender streaming", Tables: []string{"the table that the category names: Device…, Email…, Identity…, CloudAppEvents, UrlClickEvents, Alert…"},
		Signs: "a category that begins with " + prefix, Routes: "Defender XDR streaming API (storage, event hubs)"}}
}

// Match goes by the category.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool {
	category := r.Inner("category")
	return bytes.HasPrefix(category, []byte(prefix)) && tableName(category[len(prefix):])
}

// tableName says whether a table may have that name: the catalogue need not know it, as Defender gains tables.
func tableName(name []byte) bool {
	if len(name) < 4 || len(name) > 64 {
		return false
	}
	for i, c := range name {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && ('0' <= c && c <= '9' || c == '_')) {
			return false
		}
	}
	return true
}

// Map makes one row. TimeGenerated is the Timestamp of the event; the record's own time is when the service got it.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	category := r.Inner("category")
	k, ok := f.kinds[string(category)]
	if !ok {
		if len(f.kinds) >= 200 {
			w.Next()
			return w.Refuse(ctx, r.Offset, "more than 200 tables in one import", r.Raw, int64(len(r.Raw)))
		}
		k = newKind(string(category), w)
		f.kinds[k.name] = k
	}
	w.Format("Defender streaming " + k.name[len(prefix):])
	w.Next()
	w.UTC()
	properties := r.Properties()
	if properties == nil {
		return w.Refuse(ctx, r.Offset, "a streamed record without properties", r.Raw, int64(len(r.Raw)))
	}
	k.t.Begin()
	jsontext.Walk(properties, func(m jsontext.Member) bool {
		if string(m.Name) == "Timestamp" {
			k.t.SetJSON(k.time, m.Value)
			k.t.SetJSON(k.timestamp, m.Value)
			return true
		}
		k.properties.Set(m)
		return true
	})
	if !k.t.Has(k.time) {
		k.t.SetJSON(k.time, r.Get("time"))
	}
	k.t.SetJSON(k.tenant, r.Get("tenantId"))
	return w.Done(ctx, k.t, k.t.Commit(), r.Offset, r.Raw)
}

func newKind(category string, w *rows.Writer) *kind {
	t := w.Table(category[len(prefix):])
	k := &kind{name: category, t: t}
	k.properties = t.NewMapping(nil, nil)
	k.time = t.Column("TimeGenerated")
	k.timestamp = t.NewColumn("Timestamp", "datetime")
	k.tenant = t.NewColumn("AADTenantId", "string") // TenantId is the workspace's
	return k
}
