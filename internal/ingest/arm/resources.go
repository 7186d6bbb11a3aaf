package arm

import (
	"bytes"
	"context"
	"strings"

	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
)

// resourceTable is AzureResources_CL while it is filled.
type resourceTable struct {
	t                                              *rows.Table
	id, name, typ, subscription, group, properties *rows.Column
	inner                                          []byte // properties put back together
}

func newResourceTable(w *rows.Writer) *resourceTable {
	t := w.Table(tables.AzureResources)
	return &resourceTable{t: t, id: t.Column("id"), name: t.Column("name"), typ: t.Column("type"),
		subscription: t.Column("subscriptionId"), group: t.Column("resourceGroup"), properties: t.Column("properties")}
}

// isResource says whether a record is a resource: it has a resource id, and a type or what else stands beside an id.
func isResource(r *records.Record, typ string, id []byte) bool {
	if !bytes.HasPrefix(id, []byte("/subscriptions/")) && !bytes.HasPrefix(id, []byte("/providers/")) {
		return false
	}
	if typ != "" {
		return strings.Contains(typ, "/")
	}
	return typeOf(id) != "" && r.Get("name") != nil && (r.Get("properties") != nil || r.Get("location") != nil || r.Get("etag") != nil)
}

// resource makes a row with Resource Graph's columns. REST and Resource Graph have the properties in an object of their
// own; the CLI and the SDK write them beside the envelope, at all depths, with null for each that is not set. They are put
// back, so that a query reads properties.subnets[0].properties.addressPrefix by whatever route the resource came.
func (f *Family) resource(ctx context.Context, r *records.Record, w *rows.Writer) error {
	if f.resources == nil {
		f.resources = newResourceTable(w)
	}
	w.Next()
	w.UTC()
	c := f.resources
	t := c.t
	t.Begin()
	python := sdk(r)
	members := f.names.Camel(r, func(field string) bool { return python && field != "tags" })
	flat := true
	for _, m := range members {
		if string(m.Name) == "properties" && m.Kind != jsontext.Null {
			flat = false
		}
	}
	inner := append(c.inner[:0], '{')
	for _, m := range members {
		name := string(m.Name)
		switch {
		case name == "type" && m.Kind == jsontext.String:
			t.SetText(c.typ, t.Lower(jsontext.Text(nil, m.Value)))
		case name == "resourceGroup" && m.Kind == jsontext.String:
			t.SetText(c.group, t.Lower(jsontext.Text(nil, m.Value)))
		case m.Kind == jsontext.Null:
		case name == "etag" || name == "systemData" || name == "apiVersion" || name == "operationId":
			t.Keep(name, m.Value)
		case envelope(name) || name == "properties":
			t.SetJSON(t.Column(name), m.Value)
		case flat:
			inner = appendMember(inner, m.Name, m.Value)
		default:
			t.Keep(name, m.Value)
		}
	}
	c.inner = append(inner, '}')
	if len(c.inner) > 2 {
		t.SetJSON(c.properties, c.inner)
	}
	id := t.Lower(t.Text(c.id))
	if typ := typeOf(id); typ != "" && !t.Has(c.typ) {
		t.SetString(c.typ, typ)
	}
	if !t.Has(c.name) {
		t.SetText(c.name, id[bytes.LastIndexByte(id, '/')+1:])
	}
	part := func(c *rows.Column, after string) {
		if i := bytes.Index(id, []byte(after)); i >= 0 && !t.Has(c) {
			name, _, _ := bytes.Cut(id[i+len(after):], []byte("/"))
			t.SetText(c, name)
		}
	}
	part(c.subscription, "/subscriptions/")
	part(c.group, "/resourcegroups/")
	t.SetInt(t.Column("TimeGenerated"), w.Modified())
	if f.told != w.Path() {
		f.told = w.Path()
		w.Note("resources are as they were when the file was written, and have its time")
	}
	// A list without properties (az resource list) does not stand for the resource itself.
	seed := uint64(0)
	if t.Has(c.properties) {
		seed = 1
	}
	return w.Done(ctx, t, t.CommitAs(xxh3.HashSeed(id, seed)), r.Offset, r.Raw)
}

// typeOf reads the type of a resource from its id in lower case: of
// /subscriptions/S/resourcegroups/G/providers/microsoft.network/virtualnetworks/V/subnets/N it is
// microsoft.network/virtualnetworks/subnets. It is empty where the id is of something else.
func typeOf(id []byte) string {
	i := bytes.LastIndex(id, []byte("/providers/"))
	if i < 0 {
		return ""
	}
	parts := strings.Split(string(id[i+len("/providers/"):]), "/")
	if len(parts) < 3 || len(parts)%2 == 0 {
		return ""
	}
	typ := parts[0]
	for i := 1; i < len(parts); i += 2 {
		typ += "/" + parts[i]
	}
	return typ
}

// appendMember appends a member to an object under construction.
func appendMember(dst, name, value []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return appendNested(dst, value)
}

// appendNested appends a value whose resources inside have their properties in an object of their own again. The CLI adds
// a resource group to everything that has an id, and nulls; these are left out.
func appendNested(dst, v []byte) []byte {
	switch jsontext.KindOf(v) {
	case jsontext.Array:
		dst = append(dst, '[')
		first := true
		jsontext.Elements(v, func(e []byte) bool {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = appendNested(dst, e)
			return true
		})
		return append(dst, ']')
	case jsontext.Object:
	default:
		return append(dst, v...)
	}
	hasID := bytes.HasPrefix(records.Inner(jsontext.Find(v, "id")), []byte("/subscriptions/"))
	apart := hasID && jsontext.Find(v, "name") != nil && jsontext.Find(v, "properties") == nil
	dst = append(dst, '{')
	var own []jsontext.Member
	jsontext.Walk(v, func(m jsontext.Member) bool {
		switch {
		case m.Kind == jsontext.Null || hasID && string(m.Name) == "resourceGroup":
		case apart && !envelope(string(m.Name)):
			own = append(own, m)
		default:
			dst = appendMember(dst, m.Name, m.Value)
		}
		return true
	})
	if len(own) > 0 {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(dst, `"properties":{`...)
		for _, m := range own {
			dst = appendMember(dst, m.Name, m.Value)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}
