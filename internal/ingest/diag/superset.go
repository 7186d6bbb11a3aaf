package diag

import (
	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// flattening is how deep nested objects become columns of their own; what is deeper stays JSON text.
const flattening = 6

// superset fills AzureDiagnostics, the one table for all resource logs without a table of their own. Its property
// columns carry their type as a suffix: _s text, _d number, _b bool, _t time, _g GUID.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
type superset struct {
	t        *rows.Table
	envelope map[string]*rows.Column
	known    map[string]*rows.Column // by path and kind of value
	path     []byte
	id       derived

	resourceID *rows.Column
}

func newSuperset(w *rows.Writer) *superset {
	t := w.Table("AzureDiagnostics")
	s := &superset{t: t, known: map[string]*rows.Column{}, envelope: map[string]*rows.Column{}, id: newDerived(t)}
	for field, column := range map[string]string{
		"operationName": "OperationName", "OperationName": "OperationName", "operationVersion": "OperationVersion", "category": "Category", "Category": "Category",
		"resultType": "ResultType", "resultSignature": "ResultSignature", "resultDescription": "ResultDescription",
		"durationMs": "DurationMs", "callerIpAddress": "CallerIPAddress", "correlationId": "CorrelationId", "level": "Level",
		"Level": "Level", "resourceId": "ResourceId", "ResourceId": "ResourceId",
		"SubscriptionId": "SubscriptionId", "ResourceGroup": "ResourceGroup", // the databases' services write them
	} {
		s.envelope[field] = t.Column(column)
	}
	for _, field := range timeFields() {
		s.envelope[field] = t.Column("TimeGenerated")
	}
	s.resourceID = t.Column("ResourceId")
	return s
}

// row makes the row and returns the reason if it cannot be kept.
func (s *superset) row(r *records.Record) string {
	t := s.t
	t.Begin()
	for _, m := range r.Members {
		if c, ok := s.envelope[string(m.Name)]; ok {
			t.SetJSON(c, m.Value)
			continue
		}
		if name := string(m.Name); name == "properties" || name == "Properties" {
			if inner := r.Properties(); inner != nil {
				s.object(inner, nil, flattening)
				continue
			}
		}
		s.value(m, nil, flattening)
	}
	if isFirewall(string(records.Inner(r.Fold("category")))) {
		s.sentence(r)
	}
	s.id.set(t, t.Text(s.resourceID))
	return t.Commit()
}

func upper(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		out[i] = c
	}
	return out
}

func last(id []byte) []byte {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' {
			return id[i+1:]
		}
	}
	return id
}

func (s *superset) object(object, prefix []byte, depth int) {
	jsontext.Walk(object, func(m jsontext.Member) bool {
		s.value(m, prefix, depth)
		return true
	})
}

// value puts a member into its column, or the members of an object into theirs.
func (s *superset) value(m jsontext.Member, prefix []byte, depth int) {
	if m.Kind == jsontext.Null || m.Kind == jsontext.String && len(m.Value) == 2 {
		return
	}
	path := appendName(append(s.path[:0], prefix...), m.Name)
	s.path = path
	if m.Kind == jsontext.Object && depth > 0 {
		if len(path) < 400 {
			inner := append(append(make([]byte, 0, len(path)+1), path...), '_')
			s.object(m.Value, inner, depth-1)
			return
		}
	}
	suffix := suffixOf(m)
	n := len(path)
	path = append(path, suffix...)
	s.path = path
	c, ok := s.known[string(path)]
	if !ok {
		c = s.column(string(path[:n]), suffix, m)
		if len(s.known) < 10_000 {
			s.known[string(path)] = c
		}
	}
	if c == nil {
		s.t.Keep(string(path), m.Value)
		return
	}
	s.t.SetJSON(c, m.Value)
}

// column finds or makes the column. Where Microsoft's table has the field as text only, it stays text.
func (s *superset) column(name, suffix string, m jsontext.Member) *rows.Column {
	if c := s.t.Column(name + suffix); c != nil {
		return c
	}
	if suffix != "_s" {
		if c := s.t.Column(name + "_s"); c != nil {
			return c
		}
	}
	return s.t.NewColumn(name+suffix, map[string]string{"_s": "string", "_g": "string", "_d": "real", "_b": "bool", "_t": "datetime"}[suffix])
}

func suffixOf(m jsontext.Member) string {
	switch m.Kind {
	case jsontext.Number:
		return "_d"
	case jsontext.Bool:
		return "_b"
	case jsontext.String:
		text := m.Value[1 : len(m.Value)-1]
		if guid(text) {
			return "_g"
		}
		if len(text) > 0 && text[0] != '\\' && rows.TypeOfText(text) == "datetime" {
			return "_t"
		}
	}
	return "_s"
}

func guid(b []byte) bool {
	if len(b) != 36 {
		return false
	}
	for i, c := range b {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}

// appendName appends a member's name as columns are named: every run of other characters than letters and digits is
// one underscore.
func appendName(dst, name []byte) []byte {
	for i, c := range name {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			dst = append(dst, c)
		} else if i == 0 || dst[len(dst)-1] != '_' || name[i-1] == '_' {
			dst = append(dst, '_')
		}
	}
	return dst
}
