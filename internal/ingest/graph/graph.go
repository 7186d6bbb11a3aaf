// Package graph reads what the Microsoft Graph API returns, as its own answers, PowerShell's objects and acquisition tools
// (untitledgoosetool, Microsoft-Extractor-Suite) keep it: sign-ins, directory audits, provisioning, risky users and
// service principals and their detections, alerts and incidents. Records go to the tables that diagnostic settings fill,
// with the same identity, so that a sign-in that came by both is one row.
//
// Names are those of the API, in camelCase; PowerShell's modules write them in PascalCase, also inside of objects, where
// they get the API's spelling again.
//
// API: https://learn.microsoft.com/graph/api/resources/azure-ad-auditlog-overview and security-api-overview
package graph

import (
	"bytes"
	"context"
	"strings"

	"nordlys/internal/ingest/entra"
	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// Family is the records.Family of the API's resources.
type Family struct {
	kinds map[string]*kind // by table
	names records.Names
}

// kind is how the records of one table are mapped.
type kind struct {
	t       *rows.Table
	mapping *rows.Mapping
	cols    map[string]*rows.Column
}

// New makes the family for one writer.
func New() *Family { return &Family{kinds: map[string]*kind{}} }

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	routes := "Graph API answers, JSON Lines, Get-Mg… objects as JSON or CSV, untitledgoosetool, Microsoft-Extractor-Suite"
	return []rows.Format{
		{Name: "Microsoft Graph sign-ins", Routes: routes, Signs: "createdDateTime, ipAddress and an application, with a status or correlationId",
			Tables: []string{"SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs"}},
		{Name: "Entra portal sign-ins (CSV)", Routes: "Entra admin center > Sign-in logs > Download", Signs: "the columns Date (UTC) and Request ID",
			Tables: []string{"SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs"}},
		{Name: "Microsoft Graph directory audits", Routes: routes, Signs: "activityDateTime and activityDisplayName", Tables: []string{"AuditLogs"}},
		{Name: "Microsoft Graph provisioning", Routes: routes, Signs: "activityDateTime and provisioningAction or provisioningStatusInfo", Tables: []string{"AADProvisioningLogs"}},
		{Name: "Microsoft Graph risk", Routes: routes, Signs: "riskState with riskLastUpdatedDateTime or detectedDateTime",
			Tables: []string{"AADRiskyUsers", "AADUserRiskEvents", "AADRiskyServicePrincipals", "AADServicePrincipalRiskEvents"}},
		{Name: "Microsoft Graph alerts", Routes: routes, Signs: "serviceSource and detectionSource (alerts_v2), or vendorInformation (alerts)",
			Tables: []string{"AlertInfo", "AlertEvidence", "SecurityAlert"}},
		{Name: "Microsoft Graph incidents", Routes: routes, Signs: "incidentWebUrl", Tables: []string{"SecurityIncident", "AlertInfo", "AlertEvidence"}},
	}
}

// has says whether the record has all these members, in any case.
func has(r *records.Record, names ...string) bool {
	for _, n := range names {
		if v := r.Fold(n); v == nil {
			return false
		}
	}
	return true
}

// Match goes by the members that only one resource has.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool { return isPortal(r) || what(r) != "" }

// what names the table of a record, or "".
func what(r *records.Record) string {
	if !has(r, "id") {
		return ""
	}
	switch {
	case has(r, "activityDateTime"):
		if has(r, "provisioningAction") || has(r, "provisioningStatusInfo") || has(r, "provisioningSteps") {
			return "AADProvisioningLogs"
		}
		if has(r, "detectedDateTime") {
			return detections(r)
		}
		if has(r, "activityDisplayName") && (has(r, "initiatedBy") || has(r, "targetResources") || has(r, "loggedByService")) {
			return "AuditLogs"
		}
	case has(r, "detectedDateTime"):
		return detections(r)
	case has(r, "riskLastUpdatedDateTime", "riskState"):
		if has(r, "userPrincipalName") || has(r, "userDisplayName") {
			return "AADRiskyUsers"
		}
		return "AADRiskyServicePrincipals"
	case has(r, "createdDateTime", "ipAddress") && (has(r, "appId") || has(r, "appDisplayName")) && (has(r, "status") || has(r, "correlationId")):
		return signIn(r)
	case has(r, "serviceSource", "detectionSource"), has(r, "providerAlertId", "evidence"):
		return "AlertInfo"
	case has(r, "incidentWebUrl", "lastUpdateDateTime"):
		return "SecurityIncident"
	case has(r, "vendorInformation", "eventDateTime"):
		return "SecurityAlert"
	}
	return ""
}

func detections(r *records.Record) string {
	switch {
	case !has(r, "riskState"):
		return ""
	case has(r, "servicePrincipalId"):
		return "AADServicePrincipalRiskEvents"
	}
	return "AADUserRiskEvents"
}

// signIn tells the kind of a sign-in: the beta API says it, version 1.0 returns interactive ones.
func signIn(r *records.Record) string {
	types := r.Fold("signInEventTypes")
	switch {
	case bytes.Contains(types, []byte("nonInteractiveUser")):
		return "AADNonInteractiveUserSignInLogs"
	case bytes.Contains(types, []byte("servicePrincipal")):
		return "AADServicePrincipalSignInLogs"
	case bytes.Contains(types, []byte("managedIdentity")):
		return "AADManagedIdentitySignInLogs"
	case len(types) > 2:
		return "SigninLogs"
	case strings.EqualFold(strings.Trim(string(r.Fold("isInteractive")), `"`), "false") && empty(r.Fold("servicePrincipalId")):
		return "AADNonInteractiveUserSignInLogs"
	case empty(r.Fold("userId")) && empty(r.Fold("userPrincipalName")) && !empty(r.Fold("servicePrincipalId")):
		return "AADServicePrincipalSignInLogs"
	}
	return "SigninLogs"
}

func empty(raw []byte) bool {
	return len(raw) == 0 || string(raw) == "null" || string(raw) == `""`
}

// Map makes one row; of an alert one and one for each of its evidence, of an incident also those of its alerts.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	if isPortal(r) {
		return f.portal(ctx, r, w)
	}
	table := what(r)
	members := f.camel(r)
	switch table {
	case "AlertInfo":
		w.Format("Microsoft Graph alerts")
		return f.alert(ctx, r, members, w)
	case "SecurityIncident":
		w.Format("Microsoft Graph incidents")
		return f.incident(ctx, r, members, w)
	case "SecurityAlert":
		w.Format("Microsoft Graph alerts")
	case "AuditLogs":
		w.Format("Microsoft Graph directory audits")
	case "AADProvisioningLogs":
		w.Format("Microsoft Graph provisioning")
	case "AADRiskyUsers", "AADUserRiskEvents", "AADRiskyServicePrincipals", "AADServicePrincipalRiskEvents":
		w.Format("Microsoft Graph risk")
	default:
		w.Format("Microsoft Graph sign-ins")
	}
	k := f.kind(table, w)
	w.Next()
	w.UTC()
	t := k.t
	t.Begin()
	for _, m := range members {
		k.mapping.Set(m)
	}
	k.derive(members)
	return w.Done(ctx, t, t.Commit(), r.Offset, r.Raw)
}

func (f *Family) kind(table string, w *rows.Writer) *kind {
	k, ok := f.kinds[table]
	if !ok {
		k = newKind(table, w)
		f.kinds[table] = k
	}
	return k
}

// camel gives the members the API's names, if they have PowerShell's.
func (f *Family) camel(r *records.Record) []jsontext.Member {
	if r.Get("id") != nil {
		return r.Members
	}
	return f.names.Camel(r, func(string) bool { return true })
}

func newKind(table string, w *rows.Writer) *kind {
	t := w.Table(table)
	rules := map[string]string{}
	for name, to := range entra.PropertyRules(t) {
		rules[name] = to
	}
	for name, to := range rulesOf(table) {
		rules[name] = to
	}
	for _, name := range []string{"@odata.type", "@odata.id", "@odata.etag", "additionalProperties", "odata.type"} {
		rules[name] = rows.Ignore
	}
	k := &kind{t: t, mapping: t.NewMapping(rules, rows.Pascal), cols: map[string]*rows.Column{}}
	for _, name := range []string{"OperationName", "Category", "Identity", "Location", "ResultType", "ResultDescription", "SourceSystem",
		"Type", "Tactics", "AlertSeverity", "Status", "ProviderName", "Owner", "Severity"} {
		k.cols[name] = t.Column(name)
	}
	return k
}
