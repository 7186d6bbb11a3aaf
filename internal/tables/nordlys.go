package tables

import "strings"

// The names of Nordlys's own tables.
const (
	FlowTuples     = "FlowTuples_CL"
	UnifiedAudit   = "UnifiedAudit_CL"
	AzureResources = "AzureResources_CL"
	NordlysSources = "NordlysSources"
	NordlysRejects = "NordlysRejects"
	NordlysAudit   = "NordlysAudit"
)

// Derived is the _SourceId of rows that Nordlys made of other rows, such as Traffic Analytics of flow tuples.
const Derived = "derived by nordlys"

// own lists the tables that Nordlys itself defines.
func own() []*Table {
	return []*Table{flowTuples(), unifiedAudit(), azureResources(), nordlysSources(), nordlysRejects(), nordlysAudit()}
}

// flowTuples is FlowTuples_CL, one row for each tuple of an NSG flow log (version 1 or 2) or a virtual network flow log
// (version 4). Source: https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview and
// nsg-flow-logs-overview.
//
//   - TimeGenerated: the tuple's own time; seconds in NSG logs, milliseconds in virtual network logs.
//   - SrcIp, SrcPort, DestIp, DestPort: as logged; port 0 where the protocol has none.
//   - Protocol, ProtocolName: the IANA number (6) and its name (TCP); NSG logs write T and U, which are 6 and 17.
//   - Direction: Inbound or Outbound, seen from the network interface.
//   - Decision: Allow or Deny. Virtual network logs have no such field: state D is Deny, every other state Allow.
//   - State: Begin, Continue, End or Deny. Empty in NSG version 1, which does not log it. A denied NSG flow of version 2
//     is Decision Deny with State Begin, as Azure writes it.
//   - Encryption: as logged (X, NX, NX_HW_NOT_SUPPORTED…), empty in NSG logs.
//   - PacketsSrcToDest, BytesSrcToDest, PacketsDestToSrc, BytesDestToSrc: since the previous tuple of the same flow, so
//     the sum over a flow is its volume. Null where the log leaves them blank, which is not zero.
//   - Rule: the rule that decided, with Azure's prefix (DefaultRule_, UserRule_). Acl: the resource id of the NSG, in
//     lower case, or for virtual network logs the aclID as logged (a GUID or a resource id).
//   - MacAddress: of the network interface, twelve hexadecimal digits in upper case.
//   - TargetResourceId: what the flow log watches (virtual network, subnet, interface; the NSG in NSG logs), lower case.
//   - FlowLogVersion: 1, 2 or 4. FlowLogResourceId: the flow log resource of version 4, lower case.
func flowTuples() *Table {
	return &Table{Name: FlowTuples, TimeColumn: "TimeGenerated", Columns: []Column{
		{"TimeGenerated", "datetime"},
		{"SrcIp", "string"},
		{"SrcPort", "int"},
		{"DestIp", "string"},
		{"DestPort", "int"},
		{"Protocol", "int"},
		{"ProtocolName", "string"},
		{"Direction", "string"},
		{"Decision", "string"},
		{"State", "string"},
		{"Encryption", "string"},
		{"PacketsSrcToDest", "long"},
		{"BytesSrcToDest", "long"},
		{"PacketsDestToSrc", "long"},
		{"BytesDestToSrc", "long"},
		{"Rule", "string"},
		{"Acl", "string"},
		{"MacAddress", "string"},
		{"TargetResourceId", "string"},
		{"FlowLogVersion", "int"},
		{"FlowLogResourceId", "string"},
		{"Type", "string"},
		{"TenantId", "string"},
	}}
}

// unifiedAudit is UnifiedAudit_CL, one row for each record of the Microsoft 365 unified audit log that has no table of
// Microsoft's: Entra, Power Platform, Defender for Office 365, compliance, Copilot and so on. The columns carry the names
// of the audit schema, and each workload adds its own.
// Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
//
//   - TimeGenerated: CreationTime. Id: of the audit record, the same by every route.
//   - RecordType, UserType, Scope: by name (AzureActiveDirectoryStsLogon, Regular, Online) where the schema has one.
//   - ClientIP: as logged. Client_IPAddress: the address alone, without port and brackets.
func unifiedAudit() *Table {
	t := &Table{Name: UnifiedAudit, TimeColumn: "TimeGenerated"}
	add := func(typ, names string) {
		for name := range strings.FieldsSeq(names) {
			t.Columns = append(t.Columns, Column{name, typ})
		}
	}
	add("datetime", "TimeGenerated")
	add("string", "Id RecordType Operation Workload OrganizationId UserId UserKey UserType ResultStatus ObjectId ClientIP "+
		"Client_IPAddress Scope UserAgent ApplicationId ActorContextId ActorIpAddress TargetContextId LogonError ErrorNumber Data")
	add("dynamic", "AppAccessContext Actor Target ExtendedProperties ModifiedProperties DeviceProperties Parameters")
	add("string", "Type TenantId")
	return t
}

// azureResources is AzureResources_CL, one row for each resource as it was when it was listed, with the columns of the
// table resources of Azure Resource Graph, which has none for the workspace and the table.
// Source: https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language and
// https://learn.microsoft.com/azure/templates/microsoft.network
//
//   - TimeGenerated: when the file was last modified.
//   - id, name, location, kind, managedBy: as Azure writes them. type and resourceGroup: lower case.
//   - properties: as REST has them, also where the CLI or an SDK wrote them beside the envelope.
func azureResources() *Table {
	return &Table{Name: AzureResources, TimeColumn: "TimeGenerated", Columns: []Column{
		{"TimeGenerated", "datetime"},
		{"id", "string"},
		{"name", "string"},
		{"type", "string"},
		{"tenantId", "string"},
		{"subscriptionId", "string"},
		{"resourceGroup", "string"},
		{"location", "string"},
		{"kind", "string"},
		{"managedBy", "string"},
		{"sku", "dynamic"},
		{"plan", "dynamic"},
		{"identity", "dynamic"},
		{"zones", "dynamic"},
		{"extendedLocation", "dynamic"},
		{"tags", "dynamic"},
		{"properties", "dynamic"},
	}}
}

// nordlysSources is NordlysSources, one row for each file, archive member or stream that was taken in, the first time
// that it gave this result.
//
//   - TimeGenerated: when the file was last modified, or for a stream when it was read. Imported: when it was read.
//   - Path, Format, Tables (names separated by a comma), Bytes (uncompressed).
//   - Records, Accepted, Merged, Duplicates, Rejected, LeftOut: Records is always the sum of the other five. Merged are
//     records that took the place of a row which told less of the same event; LeftOut are security events outside of the
//     set that was asked for.
//   - FirstEvent, LastEvent: the event times seen. Error: what was wrong with the file as a whole. Note: what is worth
//     knowing though nothing was wrong.
func nordlysSources() *Table {
	return &Table{Name: NordlysSources, TimeColumn: "TimeGenerated", Columns: []Column{
		{"TimeGenerated", "datetime"},
		{"Imported", "datetime"},
		{"Path", "string"},
		{"Format", "string"},
		{"Tables", "string"},
		{"Bytes", "long"},
		{"Records", "long"},
		{"Accepted", "long"},
		{"Merged", "long"},
		{"Duplicates", "long"},
		{"Rejected", "long"},
		{"LeftOut", "long"},
		{"FirstReason", "string"},
		{"FirstEvent", "datetime"},
		{"LastEvent", "datetime"},
		{"Error", "string"},
		{"Note", "string"},
		{"Type", "string"},
	}}
}

// nordlysRejects is NordlysRejects, the quarantine: one row for each record that could not be read.
//
//   - TimeGenerated: when the file was last modified. Imported: when the record was refused.
//   - Path and _SourceId: the file. Record: its 1-based number there. Offset: where it begins, in bytes of the
//     uncompressed content.
//   - Reason: what was wrong with it. Format: what it was read as.
//   - Raw: its bytes as text, invalid UTF-8 replaced, up to 64 KB; Length: how many bytes it had.
//   - Resolved: when it was tried again (import --rejects) and not refused any more, or for another reason, which then has
//     a row of its own.
func nordlysRejects() *Table {
	return &Table{Name: NordlysRejects, TimeColumn: "TimeGenerated", Columns: []Column{
		{"TimeGenerated", "datetime"},
		{"Imported", "datetime"},
		{"Path", "string"},
		{"Record", "long"},
		{"Offset", "long"},
		{"Reason", "string"},
		{"Format", "string"},
		{"Raw", "string"},
		{"Length", "long"},
		{"Resolved", "datetime"},
		{"Type", "string"},
	}}
}

// nordlysAudit is NordlysAudit, one row for each change that somebody made to what is kept or to who may read it.
//
//   - TimeGenerated: when. Who: a name of the operating system, or of a token.
//   - Action: Purge, Retention. Target: what it was done to. Detail: how, and why. Rows: how many rows it took.
func nordlysAudit() *Table {
	return &Table{Name: NordlysAudit, TimeColumn: "TimeGenerated", Columns: []Column{
		{"TimeGenerated", "datetime"},
		{"Who", "string"},
		{"Action", "string"},
		{"Target", "string"},
		{"Detail", "string"},
		{"Rows", "long"},
		{"Type", "string"},
	}}
}
