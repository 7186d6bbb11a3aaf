package tables

import "strings"

// IdentityTick is how exactly, in ticks of 100 ns, two rows of a table with the same _ItemId must agree in TimeGenerated
// to be one row. Where events have an id of their own that is one second: Microsoft Graph cuts the time of a sign-in to
// whole seconds and PowerShell to milliseconds, while diagnostic settings write seven digits. Windows numbers its events;
// their times are cut by most collectors.
func IdentityTick(table string) int64 {
	switch table {
	case "SigninLogs", "ADFSSignInLogs", "AuditLogs", "OfficeActivity", "MicrosoftPurviewInformationProtection", UnifiedAudit,
		"SecurityIncident", "SecurityEvent", "WindowsEvent", "Event":
		return 10_000_000
	case "AzureActivity": // as it has no id on all routes, the milliseconds count
		return 10_000
	}
	if strings.HasPrefix(table, "AAD") {
		return 10_000_000
	}
	return 1
}

// IdentityColumns says, for each table, which columns make the identity of an event: the first list whose columns all
// have a value counts; if none has, the event is all its content (without the columns of RouteColumn). Before a name, ~
// means that letter case does not count, ^ that only the first four letters do (Start and Started, Success and
// Succeeded), ? that the column may be empty. _ItemId is the hash of the table's name and of these values, so the same event
// has the same one by whatever route it comes. TimeGenerated stands beside it in every comparison and need not be
// repeated here, except through content.
//
// Tables that have an id of their own for each event use it. SecurityAlert and SecurityIncident write an event again
// when its state changes; the rows then differ in TimeGenerated. Windows numbers its events for each log of a machine; the
// table Event has no column for the number, so package windows makes its identities, of the same parts.
// Defender's ReportId is unique with device and time only.
func IdentityColumns(table string) [][]string {
	switch table {
	case "SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs",
		"ADFSSignInLogs", "AuditLogs", "AADProvisioningLogs":
		return [][]string{{"~Id"}}
	case "AADUserRiskEvents", "AADServicePrincipalRiskEvents":
		return [][]string{{"~Id", "RiskState"}} // as it was at LastUpdatedDateTime
	case "AADRiskyUsers", "AADRiskyServicePrincipals":
		return [][]string{{"~Id", "RiskState"}} // as it was at RiskLastUpdatedDateTime
	case "MicrosoftGraphActivityLogs":
		return [][]string{{"~RequestId", "OperationId"}, {"~RequestId"}}
	case "AzureActivity":
		// Only the REST shape always has the event's own id, so what all routes have comes first.
		return [][]string{{"~CorrelationId", "~OperationNameValue", "^ActivityStatusValue", "?_ResourceId"}, {"~EventDataId"}}
	case "SecurityEvent", "WindowsEvent":
		return [][]string{{"~Computer", "~Channel", "EventRecordId", "EventID"}}
	case "SecurityAlert":
		return [][]string{{"SystemAlertId"}}
	case "SecurityIncident":
		return [][]string{{"~IncidentName"}} // as it was at LastModifiedTime
	case "CloudAppEvents":
		return [][]string{{"ReportId"}}
	case "OfficeActivity":
		return [][]string{{"~SourceRecordId"}}
	case "MicrosoftPurviewInformationProtection", UnifiedAudit:
		return [][]string{{"~Id"}}
	}
	if strings.HasPrefix(table, "Device") {
		return [][]string{{"ReportId", "~DeviceName"}}
	}
	return nil
}

// Merges says whether the events of a table have an identity that does not depend on how much a route tells of them: of
// two rows of one event, the one that fills more columns is then kept.
func Merges(table string) bool { return table == "Event" || IdentityColumns(table) != nil }

// RouteColumn says whether a column depends on the way a record came rather than on the event: it is left out of the
// identity by content.
func RouteColumn(name string) bool {
	switch name {
	case "TenantId", "Type", "SourceSystem", "MG", "ManagementGroupName", "_ResourceId", "_SubscriptionId", "_BilledSize",
		"_IsBillable", "_TimeReceived", "_ItemId", "_SourceId", "_SourceRecord", "_Unmapped", "TimeCollected":
		return true
	}
	return false
}
