package rows

// eventTime names the column that says when an event happened in the tables where the records' own time is that of the
// export, up to minutes later. TimeGenerated takes its value by every route, so that one event has one time. (In a
// workspace the two are equal, or minutes apart.)
func eventTime(table string) string {
	switch table {
	case "SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs",
		"ADFSSignInLogs":
		return "CreatedDateTime"
	case "AuditLogs", "AADProvisioningLogs":
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
