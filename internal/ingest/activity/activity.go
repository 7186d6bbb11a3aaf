// Package activity reads the Azure activity log into AzureActivity, in the shape of diagnostic settings (storage, event
// hubs) and in that of the REST API and the portal's JSON, also as PowerShell (EventTimestamp) and the SDK for Python
// (event_timestamp) spell it. All give the same row but for what only one of them says.
//
// Schema: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
package activity

import (
	"bytes"
	"context"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// Family is the records.Family of the activity log.
type Family struct {
	t        *rows.Table
	envelope *rows.Mapping
	rest     *rows.Mapping
	cols     map[string]*rows.Column
	names    records.Names
}

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	return []rows.Format{
		{Name: "Azure activity log", Tables: []string{"AzureActivity"}, Signs: "time and operationName with a category of the activity log",
			Routes: "diagnostic settings (storage, event hubs)"},
		{Name: "Azure activity log (REST)", Tables: []string{"AzureActivity"}, Signs: "eventTimestamp and operationName, in any spelling",
			Routes: "REST, portal JSON, az monitor activity-log list, Get-AzActivityLog, SDK for Python"},
	}
}

// New makes the family for one writer.
func New() *Family { return &Family{} }

// Match recognises the REST shape by its own names, and the diagnostic shape by what only the activity log has: the
// authorization in the identity, or one of its categories.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool {
	if r.Get("eventTimestamp") != nil {
		return r.Get("operationName") != nil
	}
	if r.Get("EventTimestamp") != nil || r.Get("event_timestamp") != nil {
		return r.Get("OperationName") != nil || r.Get("operation_name") != nil
	}
	switch string(r.Inner("category")) {
	case "Administrative", "ServiceHealth", "ResourceHealth", "Alert", "Autoscale", "Recommendation", "Security", "Policy":
		return r.Has("time", "operationName")
	case "Write", "Delete", "Action":
		return r.Has("time", "operationName", "resourceId") && (r.Get("identity") != nil || r.Get("resultSignature") != nil)
	}
	return false
}

// Map makes one row.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	if f.t == nil {
		f.bind(w)
	}
	w.Next()
	w.UTC()
	f.t.Begin()
	if r.Get("eventTimestamp") != nil {
		w.Format("Azure activity log (REST)")
		f.fromREST(r.Members)
	} else if r.Get("EventTimestamp") != nil || r.Get("event_timestamp") != nil {
		w.Format("Azure activity log (REST)")
		f.fromREST(f.names.Camel(r, ofAPI))
	} else {
		w.Format("Azure activity log")
		f.fromDiagnostics(r)
	}
	f.resource()
	f.t.SetString(f.cols["SourceSystem"], "Azure")
	return w.Done(ctx, f.t, f.t.Commit(), r.Offset, r.Raw)
}

func (f *Family) fromDiagnostics(r *records.Record) {
	t := f.t
	for _, m := range r.Members {
		switch string(m.Name) {
		case "properties":
			f.properties(m.Value)
		case "identity":
			f.identity(m)
		default:
			f.envelope.Set(m)
		}
	}
	if !t.Has(f.cols["CategoryValue"]) {
		// Older records have the verb of the operation as their category; those are administrative.
		category := r.Inner("category")
		switch string(category) {
		case "Write", "Delete", "Action", "":
			category = []byte("Administrative")
		}
		t.SetText(f.cols["CategoryValue"], category)
	}
	if sub := r.Inner("resultSignature"); sub != nil {
		// "Succeeded.Created", "Started."
		_, after, _ := bytes.Cut(sub, []byte("."))
		t.SetText(f.cols["ActivitySubstatusValue"], after)
	}
}

// properties keeps the properties whole and takes out what has a column.
func (f *Family) properties(raw []byte) {
	t := f.t
	if jsontext.KindOf(raw) == jsontext.Null {
		return
	}
	t.SetJSON(f.cols["Properties"], raw)
	t.SetJSON(f.cols["Properties_d"], raw)
	if jsontext.KindOf(raw) != jsontext.Object {
		return
	}
	t.SetJSON(f.cols["CategoryValue"], jsontext.Find(raw, "eventCategory"))
	inner := jsontext.Find(raw, "eventProperties")
	for _, object := range [][]byte{raw, inner} {
		if jsontext.KindOf(object) == jsontext.Object {
			t.SetJSON(f.cols["EventDataId"], jsontext.Find(object, "eventDataId"))
			t.SetJSON(f.cols["OperationId"], jsontext.Find(object, "operationId"))
		}
	}
	t.SetJSON(f.cols["Hierarchy"], jsontext.Find(raw, "hierarchy"))
}

// identity takes authorization and claims apart, and the caller out of the claims: an address or name of a user, else
// the id of an object or application.
func (f *Family) identity(m jsontext.Member) {
	t := f.t
	if m.Kind != jsontext.Object {
		t.SetJSON(f.cols["Caller"], m.Value)
		return
	}
	f.authorization(jsontext.Find(m.Value, "authorization"))
	f.claims(jsontext.Find(m.Value, "claims"), true)
}

func (f *Family) authorization(raw []byte) {
	f.t.SetJSON(f.cols["Authorization"], raw)
	f.t.SetJSON(f.cols["Authorization_d"], raw)
}

func (f *Family) claims(raw []byte, caller bool) {
	t := f.t
	t.SetJSON(f.cols["Claims"], raw)
	t.SetJSON(f.cols["Claims_d"], raw)
	if !caller || jsontext.KindOf(raw) != jsontext.Object {
		return
	}
	for _, name := range []string{
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
		"http://schemas.microsoft.com/identity/claims/objectidentifier",
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/spn",
		"appid",
	} {
		if v := jsontext.Find(raw, name); len(v) > 2 && jsontext.KindOf(v) == jsontext.String {
			t.SetJSON(f.cols["Caller"], v)
			return
		}
	}
}

// ofAPI says whether the names inside of a field are the API's own: those of claims and properties are not.
func ofAPI(field string) bool { return field != "claims" && field != "properties" }

// content takes a dictionary of PowerShell out of its wrapper.
func content(raw []byte) []byte {
	if jsontext.KindOf(raw) == jsontext.Object {
		if c := jsontext.Find(raw, "Content"); jsontext.KindOf(c) == jsontext.Object {
			return c
		}
	}
	return raw
}

func (f *Family) fromREST(members []jsontext.Member) {
	t := f.t
	pair := func(raw []byte, value, localized string) {
		if jsontext.KindOf(raw) == jsontext.Object {
			t.SetJSON(f.cols[value], jsontext.Find(raw, "value"))
			if localized != "" {
				t.SetJSON(f.cols[localized], jsontext.Find(raw, "localizedValue"))
			}
			return
		}
		t.SetJSON(f.cols[value], raw)
	}
	caller := false
	for _, m := range members {
		caller = caller || string(m.Name) == "caller" && m.Kind == jsontext.String
	}
	for _, m := range members {
		switch string(m.Name) {
		case "operationName":
			pair(m.Value, "OperationNameValue", "OperationName")
		case "status":
			pair(m.Value, "ActivityStatusValue", "ActivityStatus")
		case "subStatus":
			pair(m.Value, "ActivitySubstatusValue", "ActivitySubstatus")
		case "category":
			pair(m.Value, "CategoryValue", "Category")
		case "resourceProviderName":
			pair(m.Value, "ResourceProviderValue", "ResourceProvider")
		case "eventName", "resourceType":
			value := m.Value
			if m.Kind == jsontext.Object {
				value = jsontext.Find(value, "value")
			}
			t.SetJSON(t.NewColumn(rows.Pascal(string(m.Name)), "string"), value)
		case "authorization":
			f.authorization(m.Value)
		case "claims":
			f.claims(content(m.Value), !caller)
		case "properties":
			f.properties(content(m.Value))
		case "httpRequest":
			t.SetJSON(f.cols["HTTPRequest"], m.Value)
			if m.Kind == jsontext.Object {
				t.SetJSON(f.cols["CallerIpAddress"], jsontext.Find(m.Value, "clientIpAddress"))
			}
		default:
			f.rest.Set(m)
		}
	}
}

// resource derives what the resource id says, unless the record says it itself.
func (f *Family) resource() {
	t := f.t
	id := t.Text(f.cols["ResourceId"])
	if len(id) == 0 {
		return
	}
	low := t.Lower(id)
	t.SetText(f.cols["_ResourceId"], low)
	part := func(after string) []byte {
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
	set := func(col string, text []byte) {
		if !t.Has(f.cols[col]) {
			t.SetText(f.cols[col], text)
		}
	}
	subscription := t.Lower(part("/subscriptions/"))
	set("SubscriptionId", subscription)
	set("_SubscriptionId", subscription)
	set("ResourceGroup", part("/resourcegroups/"))
	set("ResourceProviderValue", part("/providers/"))
	if i := bytes.LastIndexByte(id, '/'); i >= 0 {
		set("Resource", id[i+1:])
	}
}

func (f *Family) bind(w *rows.Writer) {
	t := w.Table("AzureActivity")
	f.t = t
	f.cols = map[string]*rows.Column{}
	for _, name := range strings.Fields("ActivityStatus ActivityStatusValue ActivitySubstatus ActivitySubstatusValue " +
		"Authorization Authorization_d Caller CallerIpAddress HTTPRequest Category CategoryValue Claims Claims_d EventDataId Hierarchy OperationId " +
		"OperationName OperationNameValue Properties Properties_d Resource ResourceGroup ResourceId ResourceProvider " +
		"ResourceProviderValue SourceSystem SubscriptionId _ResourceId _SubscriptionId") {
		f.cols[name] = t.Column(name)
	}
	f.envelope = t.NewMapping(map[string]string{
		"time":              "TimeGenerated",
		"operationName":     "OperationNameValue",
		"resultType":        "ActivityStatusValue",
		"resultSignature":   rows.Ignore,   // taken apart
		"resultDescription": "Description", // as the REST shape calls it; Microsoft's table has neither
		"category":          rows.Ignore,   // in CategoryValue
		"callerIpAddress":   "CallerIpAddress",
		"tenantId":          "AADTenantId",
		"durationMs":        "DurationMs:long",
		"identity":          rows.Ignore,
		"location":          "EventLocation", // where the event was processed, not where the resource is
	}, rows.Pascal)
	f.rest = t.NewMapping(map[string]string{
		"eventTimestamp":      "TimeGenerated",
		"submissionTimestamp": "EventSubmissionTimestamp",
		"resourceGroupName":   "ResourceGroup",
		"resourceUri":         "ResourceId",
		"tenantId":            "AADTenantId",
		"id":                  rows.Ignore, // the resource id and the event's number, said elsewhere
		"channels":            rows.Ignore,
		"relatedEvents":       rows.Unmapped,
	}, rows.Pascal)
}
