package graph

import (
	"bytes"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
)

// rulesOf says where the fields go that do not carry their column's name, besides those of the diagnostic records.
func rulesOf(table string) map[string]string {
	switch table {
	case "SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs":
		return map[string]string{"riskEventTypesV2": "RiskEventTypes_V2"}
	case "AADProvisioningLogs":
		return map[string]string{"activityDateTime": "TimeGenerated", "tenantId": "AADTenantId"}
	case "AADUserRiskEvents", "AADServicePrincipalRiskEvents":
		return map[string]string{"riskType": "RiskType"}
	case "AlertInfo":
		return map[string]string{
			"id":              "AlertId",
			"createdDateTime": "Timestamp",
			"mitreTechniques": "AttackTechniques",
			"tenantId":        "AADTenantId",
			"evidence":        rows.Ignore, // rows of AlertEvidence
			"severity":        rows.Ignore, // by name
			"serviceSource":   rows.Ignore,
		}
	case "SecurityIncident":
		return map[string]string{
			"id":                 "ProviderIncidentId",
			"displayName":        "Title",
			"createdDateTime":    "CreatedTime",
			"lastUpdateDateTime": "LastModifiedTime",
			"incidentWebUrl":     "IncidentUrl",
			"customTags":         "Labels",
			"tenantId":           "AADTenantId",
			"assignedTo":         rows.Ignore, // Owner
			"alerts":             rows.Ignore, // rows of AlertInfo
			"severity":           rows.Ignore,
			"status":             rows.Ignore,
		}
	case "SecurityAlert":
		return map[string]string{
			"id":                  "SystemAlertId",
			"title":               "DisplayName",
			"eventDateTime":       "StartTime",
			"lastEventDateTime":   "EndTime",
			"createdDateTime":     "TimeGenerated",
			"azureTenantId":       "AADTenantId",
			"azureSubscriptionId": "SubscriptionId:string",
			"recommendedActions":  "RemediationSteps",
			"severity":            rows.Ignore,
			"vendorInformation":   "VendorInformation:dynamic",
		}
	}
	return nil
}

func find(members []jsontext.Member, name string) []byte {
	for i := range members {
		if string(members[i].Name) == name {
			return members[i].Value
		}
	}
	return nil
}

// derive fills the columns that the envelope of a diagnostic record has, from what says the same in the resource.
func (k *kind) derive(members []jsontext.Member) {
	t := k.t
	text := func(column, value string) {
		if c := k.cols[column]; !t.Has(c) {
			t.SetString(c, value)
		}
	}
	from := func(column string, path ...string) {
		if c := k.cols[column]; !t.Has(c) {
			t.SetJSON(c, jsontext.Path(find(members, path[0]), path[1:]...))
		}
	}
	switch t.Name {
	case "SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs":
		text("OperationName", "Sign-in activity")
		text("Category", categories()[t.Name])
		from("ResultType", "status", "errorCode")
		from("ResultDescription", "status", "failureReason")
		from("Location", "location", "countryOrRegion")
		from("Identity", "userDisplayName")
		from("Identity", "servicePrincipalName")
		text("SourceSystem", "Azure AD")
	case "AuditLogs":
		from("OperationName", "activityDisplayName")
		from("ResultDescription", "resultReason")
		from("Identity", "initiatedBy", "user", "displayName")
		from("Identity", "initiatedBy", "app", "displayName")
		text("SourceSystem", "Azure AD")
	case "AADProvisioningLogs":
		text("OperationName", "Provisioning activity")
		text("Category", "ProvisioningLogs")
	case "AADUserRiskEvents", "AADServicePrincipalRiskEvents":
		if t.Name == "AADUserRiskEvents" {
			text("OperationName", "User Risk Detection")
		}
		text("SourceSystem", "Azure AD")
	case "AADRiskyUsers", "AADRiskyServicePrincipals":
		text("SourceSystem", "Azure AD")
	case "SecurityAlert":
		t.SetString(k.cols["AlertSeverity"], capital(find(members, "severity")))
		from("ProviderName", "vendorInformation", "provider")
	}
}

func categories() map[string]string {
	return map[string]string{"SigninLogs": "SignInLogs", "AADNonInteractiveUserSignInLogs": "NonInteractiveUserSignInLogs",
		"AADServicePrincipalSignInLogs": "ServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs": "ManagedIdentitySignInLogs"}
}

// plain is what a string member says, "" for anything else.
func plain(raw []byte) string {
	if jsontext.KindOf(raw) != jsontext.String {
		return ""
	}
	return string(jsontext.Text(nil, raw))
}

// capital writes a member of the API's enumerations as the tables do: high is High.
func capital(raw []byte) string {
	return rows.Pascal(plain(raw))
}

// service writes the name of a product as the tables of advanced hunting do.
func service(raw []byte) string {
	name := plain(raw)
	switch name {
	case "microsoftDefenderForEndpoint":
		return "Microsoft Defender for Endpoint"
	case "microsoftDefenderForIdentity":
		return "Microsoft Defender for Identity"
	case "microsoftDefenderForCloudApps":
		return "Microsoft Defender for Cloud Apps"
	case "microsoftDefenderForOffice365":
		return "Microsoft Defender for Office 365"
	case "microsoft365Defender":
		return "Microsoft 365 Defender"
	case "azureAdIdentityProtection":
		return "AAD Identity Protection"
	case "microsoftAppGovernance":
		return "App Governance"
	case "dataLossPrevention":
		return "Microsoft Data Loss Prevention"
	case "microsoftDefenderForCloud":
		return "Microsoft Defender for Cloud"
	case "microsoftSentinel":
		return "Microsoft Sentinel"
	}
	return name
}

// evidenceType is the type of an evidence without its namespace: #microsoft.graph.security.userEvidence is User.
func evidenceType(raw []byte) string {
	name := []byte(plain(raw))
	if i := bytes.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	return rows.Pascal(string(bytes.TrimSuffix(name, []byte("Evidence"))))
}
