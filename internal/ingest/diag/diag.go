// Package diag reads the resource logs that diagnostic settings export: into the resource-specific table if the
// catalogue has one for the category, else into AzureDiagnostics with the suffixes that Azure Monitor gives its columns.
// Platform metrics go to AzureMetrics. It does not read the logs that have a family of their own (Entra, activity,
// flows, Windows, Defender).
//
// Envelope: https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema
package diag

import (
	"bytes"
	"context"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// Family is the records.Family of resource logs.
type Family struct {
	kinds  map[string]*kind // by table
	super  *superset
	tables map[string]string // by category and provider
	key    []byte

	classic map[string]*rows.Mapping // by table
}

// kind is how the records of one resource-specific table are mapped.
type kind struct {
	t          *rows.Table
	envelope   *rows.Mapping
	properties *rows.Mapping
	identity   *rows.Mapping // storage: how the caller was known, and who it was
	requester  *rows.Mapping
	whole      bool // properties go into one column
	derived    derived
}

// New makes the family for one writer.
func New() *Family {
	return &Family{kinds: map[string]*kind{}, tables: map[string]string{}}
}

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	return []rows.Format{
		{Name: "Azure resource log", Tables: append(specific(), "AzureDiagnostics"), Signs: "a category, an operation or a Type of Application Insights, with a time, and a resource or properties",
			Routes: "diagnostic settings (storage, event hubs); categories without a table of their own go to AzureDiagnostics"},
		{Name: "Application Insights continuous export", Tables: insights(), Signs: "internal and context beside request, remoteDependency, basicException, message, event, view or availability",
			Routes: "storage; classic resources had it until 2024"},
		{Name: "Azure metrics", Tables: []string{"AzureMetrics"}, Signs: "metricName and timeGrain", Routes: "diagnostic settings"},
	}
}

// Match takes every record that looks like one of a diagnostic setting: a category or a metric, with a time, and a
// resource, an operation or properties.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool {
	if r.Has("metricName", "timeGrain") {
		return true
	}
	if list, _ := classic(r); list != nil {
		return true
	}
	if r.Fold("category") == nil && r.Get("operationName") == nil && !insight(r) {
		return false
	}
	if r.Fold("resourceId") == nil && r.Fold("properties") == nil {
		return false
	}
	for _, name := range timeFields() {
		if r.Get(name) != nil {
			return true
		}
	}
	return false
}

// timeFields are the names that services give the time of a record.
func timeFields() []string {
	return []string{"time", "timeStamp", "timestamp", "Time", "EventTimeString", "TimeGenerated", "eventTime", "EventTime"}
}

// Map makes one row.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	if list, _ := classic(r); list != nil {
		return f.classicRows(ctx, r, w)
	}
	category := categoryOf(r)
	id := records.Inner(r.Fold("resourceId"))
	table := f.table(r, category, id)
	w.Next()
	w.UTC()
	if table == "AzureDiagnostics" {
		w.Format("Azure resource log")
		if f.super == nil {
			f.super = newSuperset(w)
		}
		return w.Done(ctx, f.super.t, f.super.row(r), r.Offset, r.Raw)
	}
	k, ok := f.kinds[table]
	if !ok {
		k = newKind(table, w)
		f.kinds[table] = k
	}
	if table == "AzureMetrics" {
		w.Format("Azure metrics")
	} else {
		w.Format("Azure resource log " + string(category))
	}
	k.row(r)
	return w.Done(ctx, k.t, k.t.Commit(), r.Offset, r.Raw)
}

// table decides by category, and by the resource provider where a category is not enough.
func (f *Family) table(r *records.Record, category, id []byte) string {
	if r.Get("metricName") != nil {
		return "AzureMetrics"
	}
	provider := id
	if i := bytes.Index(bytes.ToLower(id), []byte("/providers/")); i >= 0 {
		provider = id[i+len("/providers/"):]
	}
	f.key = append(append(append(f.key[:0], category...), 0), provider[:min(len(provider), 200)]...)
	if t, ok := f.tables[string(f.key)]; ok {
		return t
	}
	t := tableOf(string(category), strings.ToLower(string(id)), r)
	if len(f.tables) < 10_000 {
		f.tables[string(f.key)] = t
	}
	return t
}

func (k *kind) row(r *records.Record) {
	k.t.Begin()
	for _, m := range r.Members {
		if len(m.Name) == len("properties") && strings.EqualFold(string(m.Name), "properties") && !k.whole {
			continue
		}
		if k.identity != nil && m.Kind == jsontext.Object && string(m.Name) == "identity" {
			k.who(m.Value)
			continue
		}
		k.envelope.Set(m)
	}
	if !k.whole {
		if properties := r.Properties(); properties != nil {
			k.fields(properties)
		} else if raw := r.Fold("properties"); raw != nil && jsontext.KindOf(raw) != jsontext.Null {
			k.t.Keep("properties", raw)
		}
	}
	k.derived.set(k.t, records.Inner(r.Fold("resourceId")))
}

// who flattens the identity of a storage record.
func (k *kind) who(identity []byte) {
	jsontext.Walk(identity, func(m jsontext.Member) bool {
		if m.Kind == jsontext.Object && string(m.Name) == "requester" {
			k.requester.SetAll(m.Value)
		} else {
			k.identity.Set(m)
		}
		return true
	})
}

// fields maps the properties. Kubernetes audit has the event as JSON inside one of them, storage nests who asked.
func (k *kind) fields(object []byte) {
	jsontext.Walk(object, func(m jsontext.Member) bool {
		switch {
		case m.Kind == jsontext.String && string(m.Name) == "log" && (k.t.Name == "AKSAudit" || k.t.Name == "AKSAuditAdmin"):
			text := jsontext.Text(nil, m.Value)
			if jsontext.KindOf(text) == jsontext.Object && jsontext.Check(text) == nil {
				k.properties.SetAll(text)
				return true
			}
		}
		k.properties.Set(m)
		return true
	})
}

// derived are the columns that a resource id fills: all of them in the two tables that are for every kind of resource,
// the first two in the others.
type derived struct {
	id, subscription *rows.Column

	resource, group, provider, resourceType, plain, source *rows.Column
}

func newDerived(t *rows.Table) derived {
	d := derived{id: t.Column("_ResourceId"), subscription: t.Column("_SubscriptionId")}
	if t.Name == "AzureDiagnostics" || t.Name == "AzureMetrics" {
		d.resource, d.group, d.provider = t.Column("Resource"), t.Column("ResourceGroup"), t.Column("ResourceProvider")
		d.resourceType, d.plain, d.source = t.Column("ResourceType"), t.Column("SubscriptionId"), t.Column("SourceSystem")
	}
	return d
}

func (d derived) set(t *rows.Table, id []byte) {
	t.SetString(d.source, "Azure")
	if len(id) == 0 {
		return
	}
	low := t.Lower(id)
	t.SetText(d.id, low)
	subscription := segment(low, low, "/subscriptions/")
	t.SetText(d.subscription, subscription)
	if d.plain == nil {
		return
	}
	d.fill(t, d.plain, subscription)
	// These are in upper case in both tables.
	up := upper(id)
	d.fill(t, d.group, segment(up, low, "/resourcegroups/"))
	if p := segment(up, low, "/providers/"); p != nil {
		d.fill(t, d.provider, p)
		d.fill(t, d.resourceType, segment(up, low, "/providers/"+string(t.Lower(p))+"/"))
		d.fill(t, d.resource, last(up))
	}
}

// fill sets a column, over what some services say themselves in another case.
func (d derived) fill(t *rows.Table, c *rows.Column, text []byte) {
	if len(text) > 0 && t.Has(c) {
		t.Replace(c, text)
		return
	}
	t.SetText(c, text)
}

// segment returns the part of a resource id after a name, as the id spells it; low is the id in lower case.
func segment(id, low []byte, after string) []byte {
	i := bytes.Index(low, []byte(after))
	if i < 0 {
		return nil
	}
	rest := id[i+len(after):]
	if j := bytes.IndexByte(rest, '/'); j >= 0 {
		rest = rest[:j]
	}
	return rest
}
