package arm

import (
	"bytes"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
)

func envelopeRules() map[string]string {
	return map[string]string{
		"id":             "ResourceId:string",
		"type":           "ResourceType:string",
		"tenantId":       "AADTenantId:string",
		"subscriptionId": "SubscriptionId:string",
		"resourceGroup":  "ResourceGroup:string",
	}
}

// rulesOf says where the properties go that do not carry their column's name.
func rulesOf(table string) map[string]string {
	switch table {
	case "SecurityIncident":
		return map[string]string{
			"name":                 "IncidentName",
			"id":                   "ResourceId:string",
			"createdTimeUtc":       "CreatedTime",
			"lastModifiedTimeUtc":  "LastModifiedTime",
			"firstModifiedTimeUtc": "FirstModifiedTime",
			"firstActivityTimeUtc": "FirstActivityTime",
			"lastActivityTimeUtc":  "LastActivityTime",
			"closedTimeUtc":        "ClosedTime",
			"type":                 rows.Ignore,
			"additionalProperties": rows.Ignore,
		}
	case "SecurityAlert":
		return map[string]string{
			"id":                    "AlertResourceId:string",
			"name":                  "VendorOriginalId",
			"alertDisplayName":      "DisplayName",
			"severity":              "AlertSeverity",
			"timeGenerated":         "TimeGenerated",
			"timeGeneratedUtc":      "TimeGenerated",
			"startTimeUtc":          "StartTime",
			"endTimeUtc":            "EndTime",
			"processingEndTimeUtc":  "ProcessingEndTime",
			"alertUri":              "AlertLink",
			"providerAlertId":       "VendorOriginalId",
			"tactics":               rows.Ignore, // as text
			"intent":                rows.Ignore,
			"techniques":            rows.Ignore,
			"subTechniques":         rows.Ignore,
			"additionalProperties":  rows.Ignore,
			"type":                  rows.Ignore,
			"kind":                  rows.Ignore,
			"additionalData":        "AdditionalData:dynamic",
			"resourceIdentifiers":   "ResourceIdentifiers:dynamic",
			"supportingEvidence":    "SupportingEvidence:dynamic",
			"correlationKey":        "CorrelationKey:string",
			"productComponentName":  "ProductComponentName",
			"friendlyName":          "FriendlyName:string",
			"confidenceReasons":     "ConfidenceReasons:dynamic",
			"remediationSteps":      "RemediationSteps",
			"extendedProperties":    "ExtendedProperties",
			"compromisedEntity":     "CompromisedEntity",
			"confidenceLevel":       "ConfidenceLevel",
			"confidenceScore":       "ConfidenceScore",
			"confidenceScoreStatus": "ConfidenceScoreStatus:string",
		}
	case deployments, operations, changes:
		return map[string]string{"timestamp": "TimeGenerated"}
	}
	return map[string]string{"timeGenerated": "TimeGenerated_:datetime", "additionalProperties": rows.Ignore}
}

// derive fills the columns that hang on others.
func (k *kind) derive(members []jsontext.Member, inner []byte) {
	t := k.t
	get := func(name string) []byte {
		if inner != nil {
			if v := jsontext.Find(inner, name); v != nil {
				return v
			}
		}
		for i := range members {
			if string(members[i].Name) == name {
				return members[i].Value
			}
		}
		return nil
	}
	switch t.Name {
	case "SecurityIncident":
		t.SetString(t.Column("SourceSystem"), "Azure")
	case "SecurityAlert":
		t.SetText(t.Column("AlertName"), t.Text(t.Column("DisplayName")))
		for name, column := range map[string]string{"tactics": "Tactics", "intent": "Tactics", "techniques": "Techniques", "subTechniques": "SubTechniques"} {
			if v := get(name); v != nil && !t.Has(t.Column(column)) {
				t.SetString(t.Column(column), joined(v, column == "Tactics"))
			}
		}
		if list := get("resourceIdentifiers"); jsontext.KindOf(list) == jsontext.Array {
			jsontext.Elements(list, func(e []byte) bool {
				if jsontext.KindOf(e) == jsontext.Object {
					t.SetJSON(t.Column("ResourceId"), jsontext.Find(e, "azureResourceId"))
				}
				return !t.Has(t.Column("ResourceId"))
			})
		}
		for _, name := range []string{"ProcessingEndTime", "EndTime", "StartTime"} {
			if !t.Has(t.Column("TimeGenerated")) {
				t.CopyTime(t.Column("TimeGenerated"), t.Column(name))
			}
		}
	default:
		c := t.Column("ResourceId")
		if t.Name == changes {
			c = t.Column("TargetResourceId")
		}
		id := t.Text(c)
		if len(id) == 0 {
			return
		}
		low := t.Lower(id)
		t.SetText(t.Column("_ResourceId"), low)
		part := func(column, after string) {
			i := bytes.Index(low, []byte(after))
			if i < 0 {
				return
			}
			name, _, _ := bytes.Cut(id[i+len(after):], []byte("/"))
			if c := t.NewColumn(column, "string"); !t.Has(c) {
				t.SetText(c, name)
			}
		}
		part("SubscriptionId", "/subscriptions/")
		part("ResourceGroup", "/resourcegroups/")
	}
}

// joined writes a list of texts with commas between, or as JSON, and a text as it is.
func joined(v []byte, commas bool) string {
	switch jsontext.KindOf(v) {
	case jsontext.String:
		return string(jsontext.Text(nil, v))
	case jsontext.Array:
		if !commas {
			if string(v) == "[]" {
				return ""
			}
			return string(jsontext.Compact(nil, v))
		}
		var parts []string
		jsontext.Elements(v, func(e []byte) bool {
			if jsontext.KindOf(e) == jsontext.String {
				parts = append(parts, string(jsontext.Text(nil, e)))
			}
			return true
		})
		return strings.Join(parts, ", ")
	}
	return ""
}
