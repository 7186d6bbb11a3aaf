package rows

import (
	"bytes"
	"strings"

	"nordlys/internal/ingest/jsontext"
)

// Mapping leads the fields of one kind of record to the columns of one table. It remembers what it found, so that a
// field costs one look-up.
type Mapping struct {
	t     *Table
	rules map[string]string
	name  func(field string) string
	known map[string]target
}

// What a rule may say instead of a column's name.
const (
	Ignore   = "-" // the field says nothing of the event, or is said elsewhere
	Unmapped = "!" // the field is kept in _Unmapped
)

type target struct {
	col    *Column
	ignore bool
}

// NewMapping makes a mapping to t. rules names the column for each field that does not simply carry the column's name,
// with a colon and a type if it is not of the catalogue and its type does not follow from the first value; name makes a new column's name of an unknown field, nil leaves it as it is.
func (t *Table) NewMapping(rules map[string]string, name func(string) string) *Mapping {
	if name == nil {
		name = func(s string) string { return s }
	}
	return &Mapping{t: t, rules: rules, name: name, known: map[string]target{}}
}

// Pascal is the usual rule for the properties of Azure's records: the first letter in upper case.
func Pascal(field string) string {
	if field != "" && 'a' <= field[0] && field[0] <= 'z' {
		return field[:1][0:0] + string(field[0]-'a'+'A') + field[1:]
	}
	return field
}

// Set puts a field of the record into its column. An unknown field that has a value makes a new column with a type that
// follows from the value, or goes to _Unmapped if there are too many.
func (m *Mapping) Set(f jsontext.Member) {
	if f.Kind == jsontext.Null {
		return
	}
	tg, ok := m.known[string(f.Name)]
	if !ok {
		if tg, ok = m.find(f); !ok {
			return
		}
	}
	switch {
	case tg.ignore:
	case tg.col != nil:
		m.t.SetJSON(tg.col, f.Value)
	default:
		m.t.keepRaw(fieldName(f.Name), f.Value)
	}
}

// SetAll is Set for every member of a checked object.
func (m *Mapping) SetAll(object []byte) {
	jsontext.Walk(object, func(f jsontext.Member) bool {
		m.Set(f)
		return true
	})
}

// Column returns the column that a field leads to if the table has it, without making one.
func (m *Mapping) Column(field string) *Column {
	if rule, ok := m.rules[field]; ok {
		rule, _, _ = strings.Cut(rule, ":")
		return m.t.Column(rule)
	}
	return m.t.Column(m.name(field))
}

// find decides where a field goes, the first time that it has a value; ok is false if it has none.
func (m *Mapping) find(f jsontext.Member) (target, bool) {
	field := fieldName(f.Name)
	var tg target
	rule, ruled := m.rules[field]
	switch {
	case rule == Ignore:
		tg.ignore = true
	case rule == Unmapped:
	case ruled:
		column, typ, typed := strings.Cut(rule, ":")
		if !typed {
			typ = typeOf(f)
		}
		tg.col = m.t.NewColumn(column, typ)
	default:
		name := m.name(field)
		if hidden(name) || name == "Type" || name == "TenantId" { // the table's name and the workspace's id: a field that is so named says neither
			break
		}
		if tg.col = m.t.Column(name); tg.col == nil {
			if empty(f) {
				return target{}, false // its type cannot be told yet
			}
			tg.col = m.t.NewColumn(name, typeOf(f))
		}
	}
	if len(m.known) < 10_000 {
		m.known[strings.Clone(string(f.Name))] = tg
	}
	return tg, true
}

// hidden says whether a field carries the name of one of Nordlys's hidden columns, which evidence cannot set.
func hidden(name string) bool {
	switch name {
	case "_ItemId", "_TimeReceived", "_SourceId", "_SourceRecord", "_Unmapped":
		return true
	}
	return false
}

func empty(f jsontext.Member) bool {
	return f.Kind == jsontext.Null || f.Kind == jsontext.String && len(f.Value) == 2
}

// typeOf infers the type of a new column from its first value.
func typeOf(f jsontext.Member) string {
	switch f.Kind {
	case jsontext.Bool:
		return "bool"
	case jsontext.Number:
		if _, ok := parseInt(f.Value); ok {
			return "long"
		}
		if strings.ContainsAny(string(f.Value), ".eE") {
			return "real"
		}
		return "string" // more digits than 64 bits hold
	case jsontext.String:
		if len(f.Value) > 2 && f.Value[1] != '\\' {
			if _, ok := parseISO(f.Value[1 : len(f.Value)-1]); ok {
				return "datetime"
			}
		}
		return "string"
	}
	return "dynamic"
}

// TypeOfText infers the type of a new column from a text, such as a cell of a CSV file.
func TypeOfText(text []byte) string {
	if _, ok := parseISO(text); ok {
		return "datetime"
	}
	return "string"
}

// WidenType gives the type of a column that holds text beside values of the type typ, "" for none: long, real, bool,
// datetime or dynamic while all values are of it (long may become real), else string. Numbers that a spreadsheet would
// change, such as 007, are texts.
func WidenType(typ string, text []byte, w *Writer) string {
	one := "string"
	text = bytes.TrimSpace(text)
	switch k := jsontext.KindOf(text); {
	case k == jsontext.Number && jsontext.Check(text) == nil:
		one = "real"
		if _, ok := parseInt(text); ok && bytes.IndexByte(text, '.') < 0 {
			one = "long"
		}
	case bytes.EqualFold(text, []byte("true")), bytes.EqualFold(text, []byte("false")):
		one = "bool"
	case (k == jsontext.Object || k == jsontext.Array) && jsontext.Check(text) == nil:
		one = "dynamic"
	default:
		if _, ok := ParseTime(text, w.zone, w.dates); ok {
			one = "datetime"
		}
	}
	switch {
	case typ == "" || typ == one:
		return one
	case typ == "long" && one == "real" || typ == "real" && one == "long":
		return "real"
	}
	return "string"
}

// parseISO reads a full ISO 8601 timestamp with a zone and nothing less sure.
func parseISO(text []byte) (int64, bool) {
	if len(text) < 20 || text[4] != '-' || text[10] != 'T' {
		return 0, false
	}
	last := text[len(text)-1]
	if last != 'Z' && text[len(text)-3] != ':' {
		return 0, false
	}
	if last != 'Z' && text[len(text)-6] != '+' && text[len(text)-6] != '-' {
		return 0, false
	}
	return ParseTime(text, nil, MonthFirst)
}

// fieldName is the name of a member with its escapes resolved.
func fieldName(name []byte) string {
	for _, c := range name {
		if c == '\\' {
			return string(jsontext.Text(nil, append(append([]byte{'"'}, name...), '"')))
		}
	}
	return string(name)
}
