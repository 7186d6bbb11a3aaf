// Package tables is the catalogue of Azure's security tables as data: columns with their KQL types, the time column,
// the source each belongs to, and which columns name which entity. It stands alone and holds no rows.
package tables

import "strings"

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
	Path   string // "" or a dotted path inside the JSON, e.g. "user.ipAddress"; "[]" steps into every element, "\." is a dot in a key
	Form   string // how the entity is spelled there: upn, objectid, sid, domain\name, name, address, fqdn, resourceid, sha256, appid…
	Role   string // actor, target, source, destination, reporter or "" where the log does not say
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

// Column finds a column of the table by name: the exact spelling first, then without regard to case, as Azure's own
// routes disagree about it (SrcIP and SrcIp). Hidden columns are found too.
func (t *Table) Column(name string) (Column, bool) {
	if i, ok := t.byName[name]; ok {
		return t.Columns[i], true
	}
	if i, ok := t.byName[strings.ToLower(name)]; ok {
		return t.Columns[i], true
	}
	for _, c := range Hidden() {
		if strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return Column{}, false
}

// index makes the lookup maps of a table whose columns are final. A lower-case key never hides an exact one.
func (t *Table) index() {
	t.byName = make(map[string]int, 2*len(t.Columns))
	for i, c := range t.Columns {
		if low := strings.ToLower(c.Name); low != c.Name {
			if _, taken := t.byName[low]; !taken {
				t.byName[low] = i
			}
		}
	}
	for i, c := range t.Columns {
		t.byName[c.Name] = i
	}
}

// Source is one entry of the inventory of log sources: what Azure writes, whether it does so without being asked, how
// long it keeps it, and how to turn it on.
type Source struct {
	Key         string   // stable short name, as in Table.Source
	Name        string   // for people
	Group       string   // of tables, for rights: one of Groups
	OnByDefault bool     // collected without any setting
	KeptDays    int      // kept upstream; 0 not at all unless exported, -1 for ever or as configured there
	TurnOn      string   // what to do to get it, or to keep it longer
	Tables      []string // the tables it fills
}
