package m365

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
)

const (
	office     = "OfficeActivity"
	labelTable = "MicrosoftPurviewInformationProtection"
)

// recordTypesTSV names the record types of the audit schema: number, name, and o where the Microsoft 365 connector
// sends the records to OfficeActivity, l where the connector of Purview Information Protection takes them.
//
//go:embed recordtypes.tsv
var recordTypesTSV string

type typeInfo struct {
	number int
	name   string
	to     string
}

var byNumber = sync.OnceValue(func() map[int]typeInfo {
	types := map[int]typeInfo{}
	for line := range strings.Lines(recordTypesTSV) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		n, err := strconv.Atoi(f[0])
		if err != nil || len(f) < 2 {
			continue
		}
		info := typeInfo{number: n, name: f[1]}
		if len(f) > 2 {
			info.to = f[2]
		}
		types[n] = info
	}
	return types
})

var numbers = sync.OnceValue(func() map[string]int {
	m := map[string]int{}
	for n, info := range byNumber() {
		m[strings.ToLower(info.name)] = n
	}
	return m
})

// recordType reads a record type, which is a number in the audit record and a name in what was made of it. The name is
// empty if the schema has none, the number 0 if nobody knows it.
func recordType(raw []byte) (number int, name string) {
	text := string(raw)
	if jsontext.KindOf(raw) == jsontext.String {
		text = string(jsontext.Text(nil, raw))
	}
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n, byNumber()[n].name
	}
	if n, ok := numbers()[strings.ToLower(text)]; ok {
		return n, byNumber()[n].name
	}
	return 0, text
}

// tableOf says where a record belongs: by its type, and by its workload if the schema does not list the type.
func tableOf(number int, workload string) string {
	if info, ok := byNumber()[number]; ok {
		switch info.to {
		case "o":
			return office
		case "l":
			return labelTable
		}
		return tables.UnifiedAudit
	}
	switch workload {
	case "Exchange", "SharePoint", "OneDrive", "MicrosoftTeams":
		return office
	}
	return tables.UnifiedAudit
}

// rulesOf says where the fields go that do not carry their column's name.
func rulesOf(table string) map[string]string {
	switch table {
	case office:
		return map[string]string{
			"CreationTime":                  "TimeGenerated",
			"Id":                            "SourceRecordId",
			"Workload":                      "OfficeWorkload",
			"ObjectId":                      "OfficeObjectId",
			"ClientIPAddress":               "Client_IPAddress",
			"Site":                          "Site_",
			"SiteUrl":                       "Site_Url",
			"SourceName":                    "Source_Name",
			"EventData":                     "Event_Data",
			"StartTime":                     "Start_Time",
			"CrossMailboxOperation":         "CrossMailboxOperations",
			"AzureActiveDirectoryEventType": "AzureActiveDirectory_EventType",
			"Version":                       "Version:long",
		}
	case labelTable:
		return map[string]string{
			"CreationTime": "TimeGenerated",
			"LabelId":      "SensitivityLabelId",
			"Version":      "Version:long",
		}
	}
	return map[string]string{
		"CreationTime":    "TimeGenerated",
		"ClientIPAddress": "Client_IPAddress",
		"Version":         "Version:long",
	}
}

// summaryRules leave out what the search says of a record again, or of itself. What an export may add is kept.
func summaryRules() map[string]string {
	rules := map[string]string{}
	for _, name := range strings.Fields("AuditData CreationDate CreationTime RecordId Identity RecordType Operation Operations UserId UserIds " +
		"ResultIndex ResultCount IsValid ObjectState PSComputerName RunspaceId PSShowComputerName " +
		"auditData id createdDateTime auditLogRecordType operation organizationId userType userId service objectId " +
		"userPrincipalName clientIp @odata.type") {
		rules[name] = rows.Ignore
	}
	return rules
}

// nameOf gives the name of a value of an enumeration, which records hold as its number, as text of the number, or
// already by name. A value without a name is kept as it is.
func nameOf(raw []byte, names []string) string {
	text := string(raw)
	switch jsontext.KindOf(raw) {
	case jsontext.Null:
		return ""
	case jsontext.String:
		text = string(jsontext.Text(nil, raw))
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < len(names) && names[n] != "" {
		return names[n]
	}
	for _, name := range names {
		if strings.EqualFold(name, text) {
			return name
		}
	}
	return text
}

// The enumerations of the schema, by number.
func userTypes() []string {
	return []string{"Regular", "Reserved", "Admin", "DcAdmin", "System", "Application", "ServicePrincipal", "CustomPolicy", "SystemPolicy"}
}

func scopes() []string { return []string{"Online", "Onprem"} }

func logonTypes() []string {
	return []string{"Owner", "Admin", "Delegated", "Transport", "SystemService", "BestAccess", "DelegatedAdmin"}
}

func itemTypes() []string {
	return []string{"Invalid", "File", "", "", "", "Folder", "Web", "Site", "Tenant", "DocumentLibrary", "", "Page"}
}
