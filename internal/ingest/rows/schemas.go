// Package rows turns values into typed rows: it finds the column for a field, converts the text of a value to the
// column's type, keeps what does not fit, gives each row its identity and provenance, and builds Arrow batches of
// bounded size. It knows the catalogue of tables and nothing of the formats that evidence comes in.
package rows

import (
	"strings"
	"sync"

	"nordlys/internal/tables"
)

// MaxNewColumns is how many columns an import may add to one table beyond those of the catalogue. Fields after that go
// to _Unmapped.
const MaxNewColumns = 500

// Schemas knows the columns of every table during an import: those of the catalogue, those the store already has, and
// those that the evidence brought. All workers share one, so that a new column has one type.
type Schemas struct {
	cat    *tables.Catalogue
	stored func(table string) []tables.Column
	mu     sync.Mutex
	added  map[string]map[string]tables.Column // table, lower-case column
}

// NewSchemas starts from a catalogue. stored, which may be nil, says which columns a table has in the store beyond the
// catalogue's.
func NewSchemas(cat *tables.Catalogue, stored func(table string) []tables.Column) *Schemas {
	return &Schemas{cat: cat, stored: stored, added: map[string]map[string]tables.Column{}}
}

// Catalogue is the catalogue it started from.
func (s *Schemas) Catalogue() *tables.Catalogue { return s.cat }

// Find looks a column up by name, without regard to case unless two columns differ by case only. known says that its
// type is fixed by the catalogue, and not inferred from values.
func (s *Schemas) Find(table, column string) (c tables.Column, known, ok bool) {
	if t, ok := s.cat.Lookup(table); ok {
		if c, ok := t.Column(column); ok {
			return c, true, true
		}
	} else {
		switch column {
		case "TimeGenerated":
			return tables.Column{Name: column, Type: "datetime"}, true, true
		case "Type", "TenantId", "_ResourceId":
			return tables.Column{Name: column, Type: "string"}, true, true
		}
		for _, c := range tables.Hidden() {
			if c.Name == column {
				return c, true, true
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok = s.extra(table)[strings.ToLower(column)]
	return c, false, ok
}

// extra returns the added columns of a table. The caller holds the lock.
func (s *Schemas) extra(table string) map[string]tables.Column {
	m, ok := s.added[table]
	if !ok {
		m = map[string]tables.Column{}
		if s.stored != nil {
			for _, c := range s.stored(table) {
				m[strings.ToLower(c.Name)] = c
			}
		}
		s.added[table] = m
	}
	return m
}

// Add makes a new column, or returns the one of that name that somebody else made meanwhile. It refuses a name that no
// column can have, and a column too many.
func (s *Schemas) Add(table, column, typ string) (tables.Column, bool) {
	if !validName(column) {
		return tables.Column{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.extra(table)
	low := strings.ToLower(column)
	if c, ok := m[low]; ok {
		return c, true
	}
	if len(m) >= MaxNewColumns {
		return tables.Column{}, false
	}
	c := tables.Column{Name: column, Type: typ}
	m[low] = c
	return c, true
}

// validName says whether a column may have that name: letters, digits, underscore, hyphen, dot and space, beginning
// with a letter or an underscore, at most 128 bytes.
func validName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || !('0' <= c && c <= '9') && c != '-' && c != '.' && c != ' ') {
			return false
		}
	}
	return name[len(name)-1] != ' '
}
