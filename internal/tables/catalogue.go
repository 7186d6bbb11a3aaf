package tables

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed catalogue.tsv
var catalogueTSV string

//go:embed entities.tsv
var entitiesTSV string

//go:embed sources.tsv
var sourcesTSV string

// Catalogue is a set of tables and the inventory of their sources. It does not change once made, so that any number of
// goroutines may read it.
type Catalogue struct {
	tables  map[string]*Table // by lower-case name
	names   []string          // sorted, as Microsoft spells them
	sources []Source
}

// Lookup finds a table by name, without regard to case.
func (c *Catalogue) Lookup(name string) (*Table, bool) {
	t, ok := c.tables[strings.ToLower(name)]
	return t, ok
}

// Names lists the tables in alphabetical order. The slice is the caller's.
func (c *Catalogue) Names() []string { return slices.Clone(c.names) }

// Sources lists the inventory of log sources in the order of the data file. The slice is the caller's.
func (c *Catalogue) Sources() []Source { return slices.Clone(c.sources) }

// Groups lists the groups of tables that rights are given to. Tables that no source of the inventory fills are custom.
func Groups() []string {
	return []string{"identity", "network", "endpoint", "microsoft365", "azure", "alerts", "audit", "custom"}
}

// GroupOf gives the group of a table.
func (c *Catalogue) GroupOf(table string) string {
	if t, ok := c.Lookup(table); ok {
		if s, ok := c.Source(t.Source); ok {
			return s.Group
		}
	}
	return "custom"
}

// Source finds an entry of the inventory by its key.
func (c *Catalogue) Source(key string) (Source, bool) {
	for _, s := range c.sources {
		if s.Key == key {
			return s, true
		}
	}
	return Source{}, false
}

// builtin holds the parsed form of the embedded data, which cannot change while the program runs.
var builtin = sync.OnceValue(func() *Catalogue {
	c, err := parse(catalogueTSV, entitiesTSV, sourcesTSV)
	if err != nil {
		panic("tables: embedded catalogue: " + err.Error()) // a defect of the build; the package's test fails first
	}
	return c
})

// Builtin is the catalogue that the program carries: Microsoft's tables and Nordlys's own. It is parsed on first use.
func Builtin() *Catalogue { return builtin() }

// Hidden lists the columns that every table has beside its own: when the row was taken in, the 64-bit hash of the
// event's identity, the SHA-256 of the file (or the URL of the stream) it came from, which record of it, and the values
// that fitted no column.
func Hidden() []Column {
	return []Column{
		{"_TimeReceived", "datetime"},
		{"_ItemId", "long"},
		{"_SourceId", "string"},
		{"_SourceRecord", "long"},
		{"_Unmapped", "dynamic"},
	}
}

// Types lists KQL's scalar types, the only values of Column.Type.
func Types() []string {
	return []string{"bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic"}
}

// typeOf expands the one-letter types of catalogue.tsv.
func typeOf(letter string) (string, error) {
	switch letter {
	case "s":
		return "string", nil
	case "i":
		return "int", nil
	case "l":
		return "long", nil
	case "r":
		return "real", nil
	case "b":
		return "bool", nil
	case "t":
		return "datetime", nil
	case "y":
		return "dynamic", nil
	}
	return "", fmt.Errorf("unknown column type %q", letter)
}

func parse(catalogue, entities, sources string) (*Catalogue, error) {
	c := &Catalogue{tables: map[string]*Table{}}
	for _, f := range lines(catalogue) {
		if len(f) != 2 {
			return nil, fmt.Errorf("catalogue.tsv: %q: want name and columns", f[0])
		}
		t := &Table{Name: f[0], TimeColumn: "TimeGenerated"}
		for _, col := range strings.Fields(f[1]) {
			name, letter, _ := strings.Cut(col, ":")
			typ, err := typeOf(letter)
			if err != nil {
				return nil, fmt.Errorf("catalogue.tsv: %s.%s: %w", t.Name, name, err)
			}
			t.Columns = append(t.Columns, Column{name, typ})
		}
		c.add(t)
	}
	for _, t := range own() {
		c.add(t)
	}
	slices.Sort(c.names)
	if err := c.addSources(sources); err != nil {
		return nil, err
	}
	return c, c.addEntities(entities)
}

func (c *Catalogue) add(t *Table) {
	t.index()
	c.tables[strings.ToLower(t.Name)] = t
	c.names = append(c.names, t.Name)
}

func (c *Catalogue) addSources(data string) error {
	for _, f := range lines(data) {
		if len(f) != 7 {
			return fmt.Errorf("sources.tsv: %s: %d fields, want 7", f[0], len(f))
		}
		days, err := strconv.Atoi(f[4])
		if err != nil {
			return fmt.Errorf("sources.tsv: %s: days: %w", f[0], err)
		}
		s := Source{Key: f[0], Name: f[1], Group: f[2], OnByDefault: f[3] == "yes", KeptDays: days, TurnOn: f[5], Tables: strings.Fields(f[6])}
		if !slices.Contains(Groups(), s.Group) {
			return fmt.Errorf("sources.tsv: %s: no group %s", s.Key, s.Group)
		}
		for _, name := range s.Tables {
			t, ok := c.tables[strings.ToLower(name)]
			if !ok {
				return fmt.Errorf("sources.tsv: %s: no table %s", s.Key, name)
			}
			if t.Source != "" {
				return fmt.Errorf("sources.tsv: table %s belongs to %s and to %s", name, t.Source, s.Key)
			}
			t.Source = s.Key
		}
		c.sources = append(c.sources, s)
	}
	return nil
}

func (c *Catalogue) addEntities(data string) error {
	for _, f := range lines(data) {
		if len(f) != 6 {
			return fmt.Errorf("entities.tsv: %s: %d fields, want 6", strings.Join(f, " "), len(f))
		}
		e := Entity{Kind: EntityKind(f[1]), Column: f[2], Path: dash(f[3]), Form: f[4], Role: dash(f[5])}
		for _, name := range strings.Fields(f[0]) {
			t, ok := c.tables[strings.ToLower(name)]
			if !ok {
				return fmt.Errorf("entities.tsv: no table %s", name)
			}
			t.Entities = append(t.Entities, e)
		}
	}
	return nil
}

// lines splits tab-separated data into fields, without comments and blank lines.
func lines(data string) [][]string {
	var out [][]string
	for line := range strings.Lines(data) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, strings.Split(line, "\t"))
		}
	}
	return out
}

func dash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}
