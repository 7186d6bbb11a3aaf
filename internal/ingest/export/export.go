// Package export reads what leaves a Log Analytics workspace: data export rules (JSON Lines), the portal's and the
// notebooks' CSV, and the answers of the query API. Columns carry their names already; which table a row belongs to is
// said by its Type, by the path of an export rule (am-<table>), or follows from the columns.
//
// The columns _ItemId and _TimeReceived of such a row are the workspace's own and are kept in _Unmapped.
package export

import (
	"context"
	"path"
	"strings"

	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
)

// Family is the records.Family of exported rows in JSON.
type Family struct {
	kinds   map[string]*kind  // by what Type says
	guessed map[uint64]string // by path and names of the members: the table, or "" for none
}

type kind struct {
	t        *rows.Table
	mapping  *rows.Mapping
	time     *rows.Column
	resource *rows.Column
}

// New makes the family for one writer.
func New() *Family { return &Family{kinds: map[string]*kind{}, guessed: map[uint64]string{}} }

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	return []rows.Format{{Name: "Log Analytics export (JSON)", Tables: []string{"any table of the catalogue"},
		Signs: "TimeGenerated or Timestamp, and a Type, a path am-TABLE, or the columns of one table", Routes: "data export rules (storage, event hubs), advanced hunting"}}
}

// Match wants a time of an exported row and a table to put it in.
func (f *Family) Match(r *records.Record, w *rows.Writer) bool {
	if r.Get("TimeGenerated") == nil && r.Get("Timestamp") == nil {
		return false
	}
	return f.table(r, w) != ""
}

// table decides where a row belongs, or returns "".
func (f *Family) table(r *records.Record, w *rows.Writer) string {
	typ := r.Inner("Type")
	if len(typ) > 0 {
		if k, ok := f.kinds[string(typ)]; ok {
			return k.t.Name
		}
		if name := named(string(typ), w.Catalogue()); name != "" && r.Get("TimeGenerated") != nil {
			return name
		}
	}
	h := xxh3.HashString(w.Path()) + xxh3.Hash(typ)
	for _, m := range r.Members {
		h += xxh3.Hash(m.Name)
	}
	name, ok := f.guessed[h]
	if !ok {
		if name = fromPath(w.Path(), w.Catalogue()); name == "" {
			var names []string
			for _, m := range r.Members {
				names = append(names, string(m.Name))
			}
			if name = byColumns(names, w.Catalogue()); name != "" {
				w.Note("rows whose Type names no table: %s by their columns", name)
			} else if r.Has("TimeGenerated", "TenantId") && plausible(string(typ)) {
				name = string(typ)
			}
		}
		if len(f.guessed) < 10_000 {
			f.guessed[h] = name
		}
	}
	return name
}

// Map makes one row.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	name := f.table(r, w)
	k, ok := f.kinds[name]
	if !ok {
		if len(f.kinds) >= 1000 {
			w.Next()
			return w.Refuse(ctx, r.Offset, "more than 1000 tables in one import", r.Raw, int64(len(r.Raw)))
		}
		t := w.Table(name)
		k = &kind{t: t, time: t.Column("TimeGenerated"), resource: t.Column("_ResourceId")}
		k.mapping = t.NewMapping(map[string]string{"Type": rows.Ignore, "TenantId": "TenantId"}, nil)
		f.kinds[name] = k
	}
	w.Format("Log Analytics export (JSON)")
	w.Next()
	k.t.Begin()
	for _, m := range r.Members {
		k.mapping.Set(m)
	}
	if !k.t.Has(k.time) {
		k.t.SetJSON(k.time, r.Get("Timestamp"))
	}
	if typ := r.Get("Type"); len(typ) > 2 && string(typ[1:len(typ)-1]) != name {
		k.t.Keep("Type", typ) // a query may have put something else there
	}
	if k.resource == nil && r.Get("_ResourceId") != nil {
		k.resource = k.t.Column("_ResourceId") // made by this row, in a table that Microsoft lists without it
	}
	if id := k.t.Text(k.resource); id != nil {
		lowerInPlace(k.t, k.resource, id)
	}
	return w.Done(ctx, k.t, k.t.Commit(), r.Offset, r.Raw)
}

// lowerInPlace puts a resource id in lower case, as every route has it.
func lowerInPlace(t *rows.Table, c *rows.Column, id []byte) {
	for _, b := range id {
		if 'A' <= b && b <= 'Z' {
			t.Replace(c, t.Lower(id))
			return
		}
	}
}

// named says which table a Type means: one of the catalogue, or a custom one.
func named(typ string, cat *tables.Catalogue) string {
	if t, ok := cat.Lookup(typ); ok {
		return t.Name
	}
	if strings.HasSuffix(typ, "_CL") && plausible(typ) {
		return typ
	}
	return ""
}

// plausible says whether a table may have that name, though the catalogue does not know it: Microsoft adds new ones.
func plausible(typ string) bool {
	if len(typ) < 4 || len(typ) > 64 {
		return false
	}
	for i := range len(typ) {
		c := typ[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && ('0' <= c && c <= '9' || c == '_')) {
			return false
		}
	}
	return true
}

// fromPath finds the table of a data export rule in the path: a container or event hub am-<table> in lower case.
func fromPath(p string, cat *tables.Catalogue) string {
	p = strings.ReplaceAll(strings.ToLower(p), "!", "/")
	for part := range strings.SplitSeq(p, "/") {
		if name, ok := strings.CutPrefix(part, "am-"); ok {
			name = strings.TrimSuffix(name, path.Ext(name))
			if t, ok := cat.Lookup(name); ok {
				return t.Name
			}
			if base, ok := strings.CutSuffix(name, "_cl"); ok && plausible(name) {
				return base + "_CL"
			}
		}
	}
	return ""
}

// byColumns finds the table that has most of these columns, if that is at least three fifths of them and three. Among
// equals the smallest table wins, and the first by name.
func byColumns(names []string, cat *tables.Catalogue) string {
	best, most, size := "", 0, 0
	hasTime := false
	counted := 0
	for _, n := range names {
		hasTime = hasTime || n == "TimeGenerated" || n == "Timestamp"
		if !everywhere(n) {
			counted++
		}
	}
	if !hasTime || counted < 3 {
		return ""
	}
	for _, name := range cat.Names() {
		t, _ := cat.Lookup(name)
		hits := 0
		for _, n := range names {
			if !everywhere(n) {
				if _, ok := t.Column(n); ok {
					hits++
				}
			}
		}
		if hits > most || hits == most && len(t.Columns) < size {
			best, most, size = name, hits, len(t.Columns)
		}
	}
	if most < 3 || most*5 < counted*3 {
		return ""
	}
	return best
}

// everywhere names the columns that most tables have, which tell nothing.
func everywhere(name string) bool {
	switch name {
	case "TimeGenerated", "Timestamp", "TenantId", "Type", "SourceSystem", "MG", "ManagementGroupName", "Computer",
		"_ResourceId", "_SubscriptionId", "_ItemId", "_TimeReceived", "_BilledSize", "_IsBillable", "":
		return true
	}
	return false
}
