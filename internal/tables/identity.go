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
