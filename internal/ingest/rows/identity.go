package rows

import (
	"strings"

	"nordlys/internal/tables"
)

// identityColumns says, for each table, which columns make the identity of an event: the first list whose columns all
// have a value counts; if none has, the event is all its content (without the columns of routeColumn). Before a name, ~
// means that letter case does not count, ^ that only the first four letters do (Start and Started, Success and
// Succeeded), ? that the column may be empty. _ItemId is the hash of the table's name and of these values, so the same event
// has the same one by whatever route it comes. TimeGenerated stands beside it in every comparison and need not be
// repeated here, except through content.
//
// Tables that have an id of their own for each event use it. SecurityAlert and SecurityIncident write an event again
// when its state changes; the rows then differ in TimeGenerated. Windows numbers its events for each log of a machine; the
// table Event has no column for the number, so the windows package makes its identities, of the same parts.
// Defender's ReportId is unique with device and time only.
func identityColumns(table string) [][]string {
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
	case "MicrosoftPurviewInformationProtection", tables.UnifiedAudit:
		return [][]string{{"~Id"}}
	}
	if strings.HasPrefix(table, "Device") {
		return [][]string{{"ReportId", "~DeviceName"}}
	}
	return nil
}

// routeColumn says whether a column depends on the way a record came rather than on the event: it is left out of the
// identity by content.
func routeColumn(name string) bool {
	switch name {
	case "TenantId", "Type", "SourceSystem", "MG", "ManagementGroupName", "_ResourceId", "_SubscriptionId", "_BilledSize",
		"_IsBillable", "_TimeReceived", "_ItemId", "_SourceId", "_SourceRecord", "_Unmapped", "TimeCollected":
		return true
	}
	return false
}

// eventTime names the column that says when an event happened in the tables where the records' own time is that of the
// export, up to minutes later. TimeGenerated takes its value by every route, so that one event has one time. (In a
// workspace the two are equal, or minutes apart.)
func eventTime(table string) string {
	switch table {
	case "SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs",
		"ADFSSignInLogs":
		return "CreatedDateTime"
	case "AuditLogs":
		return "ActivityDateTime"
	case "AADUserRiskEvents", "AADServicePrincipalRiskEvents":
		return "LastUpdatedDateTime" // the row is the state that a detection then had
	case "AADRiskyUsers", "AADRiskyServicePrincipals":
		return "RiskLastUpdatedDateTime"
	case "SecurityIncident":
		return "LastModifiedTime"
	}
	return ""
}
