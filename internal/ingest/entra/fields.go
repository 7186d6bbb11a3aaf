package entra

import (
	"maps"

	"nordlys/internal/ingest/rows"
)

// categories are those that tableOf knows.
func categories() []string {
	return []string{"SignInLogs", "NonInteractiveUserSignInLogs", "ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs",
		"ADFSSignInLogs", "MicrosoftServicePrincipalSignInLogs", "AuditLogs", "ProvisioningLogs", "RiskyUsers", "UserRiskEvents",
		"RiskyServicePrincipals", "ServicePrincipalRiskEvents", "MicrosoftGraphActivityLogs"}
}

// tableOf gives the table of a diagnostic category.
func tableOf(category string) (string, bool) {
	switch category {
	case "SignInLogs":
		return "SigninLogs", true
	case "NonInteractiveUserSignInLogs", "ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs", "ProvisioningLogs",
		"RiskyUsers", "UserRiskEvents", "RiskyServicePrincipals", "ServicePrincipalRiskEvents":
		return "AAD" + category, true
	case "ADFSSignInLogs", "AuditLogs", "MicrosoftGraphActivityLogs":
		return category, true
	case "MicrosoftServicePrincipalSignInLogs":
		return "AADFirstPartyToFirstPartySignInLogs", true
	}
	return "", false
}

// envelopeRules says where the envelope's fields go that do not carry their column's name. The time of the envelope is
// that of the export for sign-ins and audit: it counts only if the properties have none.
func envelopeRules(t *rows.Table) map[string]string {
	rules := map[string]string{
		"time":            "TimeGenerated",
		"tenantId":        "AADTenantId",
		"level":           "Level",
		"callerIpAddress": "IPAddress",
		"resourceId":      rows.Ignore, // /tenants/…/providers/Microsoft.aadiam says no more than tenantId
		"properties":      rows.Ignore,
	}
	if t.Column("ResourceId") != nil {
		rules["resourceId"] = "ResourceId"
	}
	switch t.Name {
	case "AuditLogs":
		rules["callerIpAddress"] = "CallerIpAddress" // not in Microsoft's table
		rules["category"] = rows.Ignore              // "AuditLogs"; the properties have the real one
	case "AADUserRiskEvents", "AADRiskyUsers", "AADServicePrincipalRiskEvents", "AADRiskyServicePrincipals":
		// The envelope repeats the properties with less, and the id as correlationId.
		for _, name := range []string{"location", "correlationId", "category", "operationVersion", "resultSignature",
			"durationMs", "identity", "level", "Level"} {
			rules[name] = rows.Ignore
		}
	case "MicrosoftGraphActivityLogs":
		for _, name := range []string{"operationName", "operationVersion", "category", "level", "resultSignature", "correlationId"} {
			rules[name] = rows.Ignore // constants, and what the properties say in columns of their own
		}
	}
	return rules
}

// PropertyRules says where the properties go that do not carry their column's name. What Microsoft Graph returns are the
// same properties.
func PropertyRules(t *rows.Table) map[string]string {
	rules := map[string]string{
		"location":                         "LocationDetails",
		"resourceId":                       "ResourceIdentity",
		"appliedConditionalAccessPolicies": "ConditionalAccessPolicies",
	}
	switch t.Name {
	case "AADNonInteractiveUserSignInLogs", "ADFSSignInLogs":
		rules["processingTimeInMilliseconds"] = "ProcessingTimeInMs"
	case "AuditLogs":
		return map[string]string{"operationType": "AADOperationType"}
	case "AADUserRiskEvents", "AADServicePrincipalRiskEvents", "AADRiskyUsers", "AADRiskyServicePrincipals":
		return nil
	case "AADProvisioningLogs":
		return map[string]string{"durationInMilliseconds": "DurationMs"}
	case "MicrosoftGraphActivityLogs":
		return maps.Clone(graphLeftovers())
	}
	return rules
}

// graphLeftovers are internal fields of the Graph activity records that have no column.
func graphLeftovers() map[string]string {
	return map[string]string{
		"C_DeviceId":                       "DeviceId",
		"C_Sid":                            "SessionId",
		"C_Iat":                            rows.Unmapped,
		"C_Idtyp":                          rows.Unmapped,
		"__UDI_RequiredFields_TenantId":    rows.Unmapped,
		"__UDI_RequiredFields_UniqueId":    rows.Unmapped,
		"__UDI_RequiredFields_EventTime":   rows.Unmapped,
		"__UDI_RequiredFields_RegionScope": rows.Unmapped,
	}
}
