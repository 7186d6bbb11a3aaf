// Package tables is the catalogue of Azure's security tables as data: columns with their KQL types, the time column,
// the source each belongs to, and which columns name which entity. It stands alone and holds no rows.
package tables

// Column is one column of a table. Type is a KQL scalar type by name: bool, int, long, real, decimal, string, datetime,
// timespan, guid or dynamic.
type Column struct {
	Name string
	Type string
}

// EntityKind is what a value of a column names, in the words of Microsoft Sentinel's entity mapping.
type EntityKind string

// The kinds of entity that an investigation can start from or follow to.
const (
	Account          EntityKind = "account"
	Host             EntityKind = "host"
	IP               EntityKind = "ip"
	Process          EntityKind = "process"
	FileHash         EntityKind = "filehash"
	File             EntityKind = "file"
	AzureResource    EntityKind = "azureresource"
	URL              EntityKind = "url"
	Mailbox          EntityKind = "mailbox"
	CloudApplication EntityKind = "cloudapplication"
)

// Entity says that a column, or a path inside a dynamic column, holds an identifier of an entity.
type Entity struct {
	Kind   EntityKind
	Column string // column name; for a dynamic column or JSON in a string, Path leads to the value
	Path   string // "" or a dotted path inside the JSON, e.g. "user.ipAddress"
	Form   string // how the entity is spelled there: upn, objectid, sid, domain\name, name, address, fqdn, resourceid, sha256, appid…
	Role   string // actor, target, source, destination or "" where the log does not say
}

// Table is one table of the catalogue.
type Table struct {
	Name       string
	Columns    []Column
	TimeColumn string   // the column that says when the event happened; TimeGenerated unless Microsoft's table differs
	Source     string   // the log source it belongs to, a key of the inventory of sources
	Entities   []Entity // which columns hold which entity
	byName     map[string]int
}
