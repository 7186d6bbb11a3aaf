// Package arm reads what Azure Resource Manager returns for security work, from REST, the CLI, the SDK for Python and
// Resource Graph: Microsoft Sentinel's incidents, alerts of Sentinel and Defender for Cloud, deployments and their
// operations, changes of resources, and any other resource as it was when it was listed. It does not read the activity
// log.
//
// Incidents and alerts go to SecurityIncident and SecurityAlert. Deployments, changes and resources have no table of
// Microsoft's in a workspace; theirs are AzureDeployments_CL, AzureDeploymentOperations_CL and AzureResourceChanges_CL,
// whose columns are the API's properties, and AzureResources_CL with the columns of Resource Graph.
package arm

import (
	"bytes"
	"context"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
)

// The tables of what Microsoft has none for.
const (
	deployments = "AzureDeployments_CL"
	operations  = "AzureDeploymentOperations_CL"
	changes     = "AzureResourceChanges_CL"
	resources   = tables.AzureResources
)

// Family is the records.Family of Resource Manager's resources.
type Family struct {
	kinds map[string]*kind // by table
	names records.Names
	inner []jsontext.Member

	resources *resourceTable
	told      string // the file of which it was told that its resources have its time
}

type kind struct {
	t          *rows.Table
	envelope   *rows.Mapping
	properties *rows.Mapping
	nested     string // the member of the properties that is taken apart too
}

// New makes the family for one writer.
func New() *Family { return &Family{kinds: map[string]*kind{}} }

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	return []rows.Format{
		{Name: "Microsoft Sentinel incidents", Tables: []string{"SecurityIncident"}, Signs: "type Microsoft.SecurityInsights/incidents", Routes: "REST, az sentinel, SDK for Python"},
		{Name: "Azure security alerts", Tables: []string{"SecurityAlert"}, Signs: "properties with systemAlertId or alertDisplayName", Routes: "REST of Sentinel and Defender for Cloud, az security alert list"},
		{Name: "Azure deployments", Tables: []string{deployments, operations}, Signs: "type Microsoft.Resources/deployments, or operationId with a provisioningOperation", Routes: "REST, az deployment … list, az deployment operation … list"},
		{Name: "Azure resource changes", Tables: []string{changes}, Signs: "properties with changeType and targetResourceId", Routes: "Resource Graph (az graph query, REST)"},
		{Name: "Defender for Cloud posture", Tables: []string{recommendation, nested, scores}, Signs: "type Microsoft.Security/assessments, …/subAssessments or secureScores", Routes: "continuous export (event hubs), REST, Resource Graph, az security"},
		{Name: "Azure resources", Tables: []string{resources}, Signs: "a resource id, and a type or a name with a location, an etag or properties", Routes: "REST, az … list and show, Resource Graph, SDK for Python, untitledgoosetool"},
	}
}

// Match wants a resource id with a type or properties that tell what it is.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool { return what(r) != "" }

func what(r *records.Record) string {
	properties := r.Get("properties")
	in := func(names ...string) bool {
		for _, n := range names {
			if jsontext.KindOf(properties) == jsontext.Object && jsontext.Find(properties, n) != nil {
				return true
			}
			if r.Get(n) != nil {
				return true
			}
		}
		return false
	}
	typ := strings.ToLower(string(r.Inner("type")))
	id := bytes.ToLower(r.Inner("id"))
	switch {
	case typ == "microsoft.securityinsights/incidents":
		return "SecurityIncident"
	case in("systemAlertId", "system_alert_id") && (typ != "" || r.Get("kind") != nil || len(id) > 0):
		return "SecurityAlert"
	case typ == "microsoft.resources/changes" || in("changeType") && in("targetResourceId"):
		return changes
	case typ == "microsoft.resources/deployments":
		return deployments
	case r.Get("operationId") != nil && in("provisioningOperation") || r.Get("operation_id") != nil && in("provisioning_operation"):
		return operations
	case isResource(r, typ, id):
		if typ == "" {
			typ = typeOf(id)
		}
		if table := posture(typ); table != "" {
			return table
		}
		return resources
	}
	return ""
}

// Map makes one row.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	table := what(r)
	switch table {
	case "SecurityIncident":
		w.Format("Microsoft Sentinel incidents")
	case "SecurityAlert":
		w.Format("Azure security alerts")
	case deployments, operations:
		w.Format("Azure deployments")
	case changes:
		w.Format("Azure resource changes")
	case recommendation, nested, scores:
		return f.postureRow(ctx, r, w, table)
	default:
		w.Format("Azure resources")
		return f.resource(ctx, r, w)
	}
	k, ok := f.kinds[table]
	if !ok {
		k = newKind(table, w)
		f.kinds[table] = k
	}
	w.Next()
	w.UTC()
	t := k.t
	t.Begin()
	python := sdk(r)
	members := f.names.Camel(r, func(field string) bool { return python && field != "tags" })
	for _, m := range members {
		if string(m.Name) == "properties" && m.Kind == jsontext.Object {
			f.inner = jsontext.Members(f.inner[:0], m.Value)
			for _, p := range f.inner {
				k.property(p)
			}
			continue
		}
		if table == "SecurityIncident" || table == "SecurityAlert" || !envelope(string(m.Name)) {
			k.property(m) // the SDK and az write the properties beside the envelope
			continue
		}
		k.envelope.Set(m)
	}
	k.derive(members, properties(members))
	return w.Done(ctx, t, t.Commit(), r.Offset, r.Raw)
}

// sdk says whether the record's names are those of the SDK for Python.
func sdk(r *records.Record) bool {
	for _, m := range r.Members {
		if bytes.IndexByte(m.Name, '_') > 0 {
			return true
		}
	}
	return false
}

func properties(members []jsontext.Member) []byte {
	for _, m := range members {
		if string(m.Name) == "properties" && m.Kind == jsontext.Object {
			return m.Value
		}
	}
	return nil
}

// envelope says whether a member is one that every resource has beside its properties.
func envelope(name string) bool {
	switch name {
	case "id", "name", "type", "location", "tags", "sku", "kind", "identity", "etag", "zones", "plan", "managedBy", "extendedLocation",
		"resourceGroup", "subscriptionId", "tenantId", "systemData", "operationId", "apiVersion":
		return true
	}
	return false
}

func (k *kind) property(m jsontext.Member) {
	if k.nested != "" && string(m.Name) == k.nested && m.Kind == jsontext.Object {
		k.properties.SetAll(m.Value)
		return
	}
	k.properties.Set(m)
}

func newKind(table string, w *rows.Writer) *kind {
	t := w.Table(table)
	k := &kind{t: t}
	k.envelope = t.NewMapping(envelopeRules(), rows.Pascal)
	k.properties = t.NewMapping(rulesOf(table), rows.Pascal)
	if table == changes {
		k.nested = "changeAttributes"
	}
	return k
}
