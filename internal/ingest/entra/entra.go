// Package entra reads the diagnostic records of Microsoft Entra ID: sign-ins of all kinds, directory audit, risk,
// provisioning, and the activity of Microsoft Graph. It does not read what the Graph API returns (package graph).
//
// The record's envelope and its properties go to the columns of the same name; fields.go has the exceptions. TenantId
// stays empty, as it is the workspace's id; the Entra tenant is AADTenantId.
package entra

import (
	"bytes"
	"context"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// Family is the records.Family of Entra's diagnostic records.
type Family struct {
	kinds map[string]*kind // by category
}

// kind is how the records of one category are mapped.
type kind struct {
	category   string
	format     string
	t          *rows.Table
	envelope   *rows.Mapping
	properties *rows.Mapping
	source     *rows.Column
}

// New makes the family for one writer.
func New() *Family { return &Family{kinds: map[string]*kind{}} }

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	var list []rows.Format
	for _, c := range categories() {
		table, _ := tableOf(c)
		list = append(list, rows.Format{Name: "Entra " + c, Tables: []string{table}, Signs: "category " + c, Routes: "diagnostic settings (storage, event hubs)"})
	}
	return list
}

// Match goes by the category. Intune uses AuditLogs too, with other properties.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool {
	category := r.Inner("category")
	if _, ok := tableOf(string(category)); !ok {
		return false
	}
	if string(category) != "AuditLogs" {
		return true
	}
	if id := r.Inner("resourceId"); len(id) > 0 {
		return bytes.HasSuffix(bytes.ToLower(id), []byte("microsoft.aadiam"))
	}
	properties := r.Properties()
	return properties != nil && (jsontext.Find(properties, "activityDisplayName") != nil || jsontext.Find(properties, "initiatedBy") != nil)
}

// Map makes one row.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	category := r.Inner("category")
	k, ok := f.kinds[string(category)]
	if !ok {
		k = newKind(string(category), w)
		f.kinds[k.category] = k
	}
	w.Format(k.format)
	w.Next()
	w.UTC() // risk events write 3/24/2022 2:42:35 PM
	properties := r.Properties()
	if properties == nil {
		return w.Refuse(ctx, r.Offset, "a record of category "+k.category+" without properties", r.Raw, int64(len(r.Raw)))
	}
	k.t.Begin()
	var tenant, inner []byte
	for _, m := range r.Members {
		if string(m.Name) == "tenantId" {
			tenant = m.Value
		}
		if string(m.Value) == `"<null>"` {
			continue // what the service writes as the address of who has none
		}
		k.envelope.Set(m)
	}
	jsontext.Walk(properties, func(m jsontext.Member) bool {
		if string(m.Name) == "tenantId" {
			inner = m.Value
			return true
		}
		k.properties.Set(m)
		return true
	})
	if len(inner) > 2 && jsontext.KindOf(inner) == jsontext.String && !bytes.Equal(inner, tenant) {
		k.t.Keep("properties.tenantId", inner)
	}
	if k.source != nil {
		k.t.SetString(k.source, "Azure AD")
	}
	return w.Done(ctx, k.t, k.t.Commit(), r.Offset, r.Raw)
}

func newKind(category string, w *rows.Writer) *kind {
	table, _ := tableOf(category)
	t := w.Table(table)
	k := &kind{category: category, format: "Entra " + category, t: t}
	k.envelope = t.NewMapping(envelopeRules(t), rows.Pascal)
	k.properties = t.NewMapping(PropertyRules(t), rows.Pascal)
	switch table {
	case "AADProvisioningLogs", "MicrosoftGraphActivityLogs": // the first has the system there that identities are read from
	default:
		k.source = t.Column("SourceSystem")
	}
	return k
}
