package diag

import (
	"slices"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// specific lists the resource-specific tables that tableOf may give.
func specific() []string {
	return append([]string{"AKSAudit", "AKSAuditAdmin", "AZFWApplicationRule", "AZFWDnsQuery", "AZFWIdpsSignature", "AZFWNatRule", "AZFWNetworkRule",
		"AZFWThreatIntel", "AZKVAuditLogs", "AppServiceAuditLogs", "AppServiceHTTPLogs", "IntuneAuditLogs", "IntuneDeviceComplianceOrg",
		"IntuneDevices", "IntuneOperationalLogs", "LAQueryLogs", "NSPAccessLogs", "StorageBlobLogs", "StorageFileLogs",
		"StorageQueueLogs", "StorageTableLogs"}, insights()...)
}

// insights lists the tables of Application Insights, which are its categories too.
func insights() []string {
	return []string{"AppAvailabilityResults", "AppBrowserTimings", "AppDependencies", "AppEvents", "AppExceptions", "AppMetrics",
		"AppPageViews", "AppPerformanceCounters", "AppRequests", "AppTraces"}
}

// categoryOf returns what kind of record it is. Those of Application Insights say it as Type, beside the columns.
func categoryOf(r *records.Record) []byte {
	if c := r.Inner("category"); c != nil {
		return c
	}
	if c := records.Inner(r.Fold("category")); c != nil && !insight(r) {
		return c
	}
	if insight(r) {
		return r.Inner("Type")
	}
	return nil
}

// insight says whether a record is one of Application Insights: AppPerformanceCounters has a column Category.
func insight(r *records.Record) bool { return slices.Contains(insights(), string(r.Inner("Type"))) }

// tableOf gives the resource-specific table of a category, or AzureDiagnostics. id is the resource id in lower case.
func tableOf(category, id string, r *records.Record) string {
	switch category {
	case "AZFWNetworkRule", "AZFWApplicationRule", "AZFWDnsQuery", "AZFWIdpsSignature", "AZFWNatRule", "AZFWThreatIntel",
		"AppServiceHTTPLogs", "AppServiceAuditLogs":
		return category
	case "AuditEvent":
		if strings.Contains(id, "/providers/microsoft.keyvault/") {
			return "AZKVAuditLogs"
		}
	case "StorageRead", "StorageWrite", "StorageDelete":
		switch {
		case strings.Contains(id, "/blobservices/"):
			return "StorageBlobLogs"
		case strings.Contains(id, "/fileservices/"):
			return "StorageFileLogs"
		case strings.Contains(id, "/queueservices/"):
			return "StorageQueueLogs"
		case strings.Contains(id, "/tableservices/"):
			return "StorageTableLogs"
		}
	case "kube-audit":
		return "AKSAudit"
	case "kube-audit-admin":
		return "AKSAuditAdmin"
	case "AuditLogs":
		return "IntuneAuditLogs" // Entra's are another family's
	case "OperationalLogs":
		if intune(r) {
			return "IntuneOperationalLogs"
		}
	case "DeviceComplianceOrg":
		return "IntuneDeviceComplianceOrg"
	case "Devices":
		if intune(r) {
			return "IntuneDevices"
		}
	case "Audit":
		if strings.Contains(id, "/providers/microsoft.operationalinsights/workspaces/") {
			return "LAQueryLogs"
		}
	}
	if slices.Contains(insights(), category) {
		return category
	}
	if strings.HasPrefix(category, "NspPublic") || strings.HasPrefix(category, "NspPrivate") || strings.HasPrefix(category, "NspCross") {
		return "NSPAccessLogs"
	}
	return "AzureDiagnostics"
}

// intune says whether a record is Intune's: it names no resource, and its properties name the Intune account.
func intune(r *records.Record) bool {
	return jsontext.Find(r.Properties(), "IntuneAccountId") != nil
}

func newKind(table string, w *rows.Writer) *kind {
	t := w.Table(table)
	k := &kind{t: t, derived: newDerived(t)}
	rules := map[string]string{"tenantId": "AADTenantId", "TenantId": "AADTenantId"}
	for _, name := range timeFields() {
		rules[name] = "TimeGenerated"
	}
	inner := map[string]string{}
	switch table {
	case "IntuneAuditLogs", "IntuneOperationalLogs":
		k.whole = true
		rules["resultType"] = "ResultType"
		if table == "IntuneOperationalLogs" {
			rules["resultType"] = "Result"
		}
	case "AKSAudit", "AKSAuditAdmin":
		inner = map[string]string{"auditID": "AuditId", "requestURI": "RequestUri", "sourceIPs": "SourceIps", "pod": "PodName",
			"requestReceivedTimestamp": "RequestReceivedTime", "stageTimestamp": "StageReceivedTime",
			"kind": rows.Ignore, "apiVersion": rows.Ignore, "stream": rows.Ignore}
	}
	if table == "AZKVAuditLogs" {
		inner["addrAuthType"] = "AddressAuthorizationType"
	}
	if t.Column("ResourceId") == nil {
		rules["resourceId"], rules["ResourceId"] = rows.Ignore, rows.Ignore // in _ResourceId
	}
	if slices.Contains(insights(), table) {
		k.whole = true // Properties are what the application says of itself, a column
		rules["Type"] = rows.Ignore
		if table != "AppPerformanceCounters" {
			rules["category"] = rows.Ignore
		}
	}
	if strings.HasPrefix(table, "Storage") {
		k.identity = t.NewMapping(map[string]string{"type": "AuthenticationType", "tokenHash": "AuthenticationHash",
			"authorization": "AuthorizationDetails"}, rows.Pascal)
		k.requester = t.NewMapping(nil, func(field string) string { return "Requester" + rows.Pascal(field) })
	}
	k.envelope = t.NewMapping(rules, rows.Pascal)
	k.properties = t.NewMapping(inner, rows.Pascal)
	return k
}
