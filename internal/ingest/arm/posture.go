package arm

import (
	"bytes"
	"context"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// Defender for Cloud's posture, as continuous export, REST, Resource Graph and `az security` write it: assessments,
// subassessments (vulnerabilities) and secure scores.
// https://learn.microsoft.com/azure/defender-for-cloud/continuous-export
const (
	recommendation = "SecurityRecommendation"
	nested         = "SecurityNestedRecommendation"
	scores         = "SecureScores"
)

// posture gives the table of a resource type in lower case, or "".
func posture(typ string) string {
	switch typ {
	case "microsoft.security/assessments":
		return recommendation
	case "microsoft.security/assessments/subassessments":
		return nested
	case "microsoft.security/securescores":
		return scores
	}
	return ""
}

// postureFields says which column a field of the properties fills; fields inside objects are written with a dot. All names in
// lower case, as the routes differ in it.
func postureFields(table string) map[string]string {
	switch table {
	case recommendation:
		return map[string]string{
			"displayname":                     "RecommendationDisplayName",
			"status.code":                     "RecommendationState",
			"status.firstevaluationdate":      "FirstEvaluationDate",
			"status.statuschangedate":         "StatusChangeDate",
			"resourcedetails.source":          "Environment",
			"resourcedetails.id":              "AssessedResourceId",
			"metadata.severity":               "RecommendationSeverity",
			"metadata.description":            "Description",
			"metadata.remediationdescription": "RemediationDescription",
			"metadata.policydefinitionid":     "PolicyDefinitionId",
			"metadata.displayname":            "RecommendationDisplayName",
			"links.azureportal":               "RecommendationLink",
			"additionaldata":                  "RecommendationAdditionalData",
		}
	case nested:
		return map[string]string{
			"displayname":        "RecommendationName",
			"id":                 "VulnerabilityId",
			"status.code":        "RecommendationState",
			"status.cause":       "Cause",
			"status.severity":    "RecommendationSeverity",
			"resourcedetails":    "ResourceDetails",
			"resourcedetails.id": "AssessedResourceId",
			"timegenerated":      "SubAssessmentTimeGeneration",
			"remediation":        "RemediationDescription",
			"impact":             "Impact",
			"category":           "Category",
			"description":        "Description",
			"additionaldata":     "AdditionalData",
		}
	}
	return map[string]string{
		"displayname":      "DisplayName",
		"score.max":        "MaxScore",
		"score.current":    "CurrentScore",
		"score.percentage": "PercentageScore",
		"weight":           "Weight",
		"environment":      "Environment",
	}
}

// postureRow makes a row of one of the three tables. What has no column is in Properties, or in _Unmapped where the table has no
// such column.
func (f *Family) postureRow(ctx context.Context, r *records.Record, w *rows.Writer, table string) error {
	w.Format("Defender for Cloud posture")
	w.Next()
	w.UTC()
	t := w.Table(table)
	t.Begin()
	python := sdk(r)
	members := f.names.Camel(r, func(field string) bool { return python && field != "tags" })
	inner := properties(members)
	var id, name []byte
	f.inner = f.inner[:0]
	for _, m := range members {
		switch field := string(m.Name); {
		case field == "id" && m.Kind == jsontext.String:
			id = jsontext.Text(nil, m.Value)
		case field == "name" && m.Kind == jsontext.String:
			name = jsontext.Text(nil, m.Value)
		case field == "tenantId":
			t.SetJSON(t.Column("ResourceTenantId"), m.Value)
		case field == "agentId":
			t.SetJSON(t.Column("AgentId"), m.Value)
		case strings.EqualFold(field, "securityEventDataEnrichment") && m.Kind == jsontext.Object:
			t.SetJSON(t.Column("IsSnapshot"), jsontext.Find(m.Value, "isSnapshot"))
		case field == "properties" || field == "type" || field == "subscriptionId" || field == "resourceGroup":
		case envelope(field):
			t.Keep(field, m.Value)
		case inner == nil && m.Kind != jsontext.Null:
			f.inner = append(f.inner, m)
		}
	}
	whole := t.Column("Properties")
	if inner != nil {
		f.inner = jsontext.Members(f.inner[:0], inner)
		t.SetJSON(whole, inner)
	} else if whole != nil {
		object := []byte{'{'}
		for _, m := range f.inner {
			object = appendMember(object, m.Name, m.Value)
		}
		t.SetJSON(whole, append(object, '}'))
	}
	fields := postureFields(table)
	var cause []byte
	var set func(prefix string, m jsontext.Member, depth int) bool
	set = func(prefix string, m jsontext.Member, depth int) bool {
		path := prefix + strings.ToLower(string(m.Name))
		column, ok := fields[path]
		if path == "status.cause" {
			cause = m.Value
		}
		if ok && !t.Has(t.Column(column)) {
			t.SetJSON(t.Column(column), m.Value)
		}
		if m.Kind == jsontext.Object && depth > 0 {
			jsontext.Walk(m.Value, func(in jsontext.Member) bool {
				if set(path+".", in, depth-1) {
					ok = true
				}
				return true
			})
		}
		return ok
	}
	for _, m := range f.inner {
		if !set("", m, 1) && whole == nil && m.Kind != jsontext.Null {
			t.Keep(string(m.Name), m.Value)
		}
	}
	low := bytes.ToLower(id)
	cut := func(after string) []byte {
		if i := bytes.Index(low, []byte(after)); i >= 0 {
			part, _, _ := bytes.Cut(id[i+len(after):], []byte("/"))
			return part
		}
		return nil
	}
	resource := id
	if i := bytes.LastIndex(low, []byte("/providers/microsoft.security/")); i >= 0 {
		resource = id[:i]
	}
	switch table {
	case recommendation:
		t.SetText(t.Column("RecommendationId"), id)
		t.SetText(t.Column("RecommendationName"), name)
		if string(t.Text(t.Column("RecommendationState"))) == "NotApplicable" {
			t.SetJSON(t.Column("NotApplicableReason"), cause)
		}
	case nested:
		t.SetText(t.Column("Id"), id)
		t.SetText(t.Column("NestedRecommendationId"), name)
		t.SetText(t.Column("ParentRecommendationId"), cut("/assessments/"))
		t.SetText(t.Column("RecommendationSubscriptionId"), cut("/subscriptions/"))
		t.SetText(t.Column("ResourceGroup"), cut("/resourcegroups/"))
	case scores:
		t.SetText(t.Column("AssessedResourceId"), id)
		t.SetText(t.Column("SecureScoresSubscriptionId"), cut("/subscriptions/"))
	}
	if c := t.Column("AssessedResourceId"); !t.Has(c) {
		t.SetText(c, resource)
	}
	t.SetText(t.Column("_ResourceId"), t.Lower(resource))
	t.SetText(t.Column("_SubscriptionId"), t.Lower(cut("/subscriptions/")))
	t.SetString(t.Column("SourceSystem"), "Azure")
	t.SetInt(t.Column("TimeGenerated"), w.Modified())
	if f.told != w.Path() {
		f.told = w.Path()
		w.Note("recommendations and scores are as they were when the file was written, and have its time")
	}
	return w.Done(ctx, t, t.Commit(), r.Offset, r.Raw)
}
