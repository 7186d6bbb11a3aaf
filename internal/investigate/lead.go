package investigate

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"nordlys/internal/tables"
)

// lead is something that rows can be about, with the time in which it matters: what was asked for, or what a step led
// to. A full lead is told with all its rows, another one only by notable rules.
type lead struct {
	kind     string // an entity kind, or the kind of a scope of the narration
	values   values
	from, to int64 // ticks, both included; 0 is open
	first    int64 // the rows that led here, for scopes that ask for them
	last     int64
	full     bool
	depth    int
	weight   int // of the step that led here
	label    string
	via      *Step
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// isEntity says whether a kind is one of the catalogue, not a scope of the narration.
func isEntity(kind string) bool {
	switch tables.EntityKind(kind) {
	case tables.Account, tables.Host, tables.IP, tables.Process, tables.FileHash, tables.File, tables.AzureResource, tables.URL, tables.Mailbox, tables.CloudApplication:
		return true
	}
	return false
}

// predicate gives the KQL condition for rows of a table that name the lead, "" if the table cannot.
func (v *investigation) predicate(t *tables.Table, l *lead) string {
	var conditions []string
	if isEntity(l.kind) {
		for _, e := range t.Entities {
			if c := v.condition(t, e, l); c != "" && !slices.Contains(conditions, c) {
				conditions = append(conditions, c)
			}
		}
	} else if where := v.scopes[l.kind].Where[t.Name]; where != "" {
		conditions = append(conditions, v.fill(where, l))
	}
	p := strings.Join(conditions, " or ")
	if len(conditions) > 1 {
		p = "(" + p + ")"
	}
	if told := v.narration.Derived[t.Name]; p != "" && told != "" {
		p = "(" + p + " and (_SourceId != '" + tables.Derived + "' or " + told + "))"
	}
	return p
}

// condition is the part of a predicate for one column of the catalogue.
func (v *investigation) condition(t *tables.Table, e tables.Entity, l *lead) string {
	kind := tables.EntityKind(l.kind)
	if e.Kind == tables.AzureResource && e.Role == "reporter" {
		return "" // it logged the row; the row is not about it
	}
	column, list := v.column(t, e)
	if column == "" {
		return ""
	}
	c := comparison{column: column, list: list, loose: v.loose[t.Name+"."+e.Column]}
	switch {
	case kind == tables.Host && e.Kind == tables.IP && e.Role != "reporter" && !reportsHost(t):
		return c.equal(l.values["address"])
	case kind == tables.Account && e.Kind == tables.Mailbox:
		return c.fold(l.values["upn"])
	case e.Kind != kind:
		return ""
	}
	switch kind {
	case tables.IP:
		return c.equal(l.values["address"])
	case tables.Account:
		return c.account(e.Form, l.values)
	case tables.Host:
		return c.host(e.Form, l.values)
	case tables.AzureResource:
		return c.resource(l.values["resourceid"])
	case tables.Process, tables.File:
		return c.program(e.Form, l.values)
	case tables.FileHash:
		if list || c.loose {
			return c.fold(slices.Concat(l.values["sha256"], l.values["sha1"], l.values["md5"]))
		}
		if t.Name == "SecurityEvent" || t.Name == "CommonSecurityLog" { // these say neither which algorithm nor only one
			c.loose = true
			return c.fold(slices.Concat(l.values["sha256"], l.values["sha1"], l.values["md5"]))
		}
		return c.fold(l.values[e.Form])
	case tables.URL:
		if e.Form == "url" {
			c.loose = true
		}
		return c.fold(slices.Concat(l.values["url"], l.values["fqdn"]))
	}
	return c.fold(l.values[e.Form])
}

// reportsHost says whether rows of a table name the machine that they come from; an address in them is another's.
func reportsHost(t *tables.Table) bool {
	return slices.ContainsFunc(t.Entities, func(e tables.Entity) bool {
		return e.Kind == tables.Host && e.Role == "reporter" && (e.Form == "fqdn" || e.Form == "hostname")
	})
}

// column gives the KQL expression of an entity's column. A path through a list gives the whole column as text, to be
// searched for terms.
func (v *investigation) column(t *tables.Table, e tables.Entity) (expr string, list bool) {
	col, ok := t.Column(e.Column)
	if !ok {
		return "", false
	}
	if e.Path == "" {
		if col.Type != "string" {
			return "tostring(" + e.Column + ")", false
		}
		return e.Column, false
	}
	if strings.Contains(e.Path, "[]") {
		if col.Type == "string" {
			return e.Column, true
		}
		return "tostring(" + e.Column + ")", true
	}
	root := e.Column
	if col.Type == "string" {
		root = "parse_json(" + e.Column + ")"
	}
	for _, key := range strings.Split(strings.ReplaceAll(e.Path, `\.`, "\x00"), ".") {
		if key = strings.ReplaceAll(key, "\x00", "."); isHost.MatchString(key) && !strings.ContainsAny(key, ".-") {
			root += "." + key
		} else {
			root += "[" + literal(key) + "]"
		}
	}
	return "tostring(" + root + ")", false
}

// comparison writes conditions on one column.
type comparison struct {
	column      string
	list, loose bool // the value is a term among other text
}

func (c comparison) terms(vals []string) string {
	var out []string
	for _, s := range vals {
		if s != "" {
			if c.list {
				s = strings.ReplaceAll(s, `\`, `\\`) // as JSON has it
			}
			out = append(out, c.column+" has "+literal(s))
		}
	}
	return strings.Join(out, " or ")
}

// equal compares exactly, fold without regard to case.
func (c comparison) equal(vals []string) string { return c.compare(vals, "==", "in") }

func (c comparison) fold(vals []string) string { return c.compare(vals, "=~", "in~") }

func (c comparison) compare(vals []string, one, many string) string {
	vals = slices.DeleteFunc(slices.Clone(vals), func(s string) bool { return s == "" })
	switch {
	case len(vals) == 0:
		return ""
	case c.list || c.loose:
		return c.terms(vals)
	case len(vals) == 1:
		return c.column + " " + one + " " + literal(vals[0])
	}
	return c.column + " " + many + " (" + literals(vals) + ")"
}

func (c comparison) account(form string, v values) string {
	switch form {
	case "upn":
		return c.fold(slices.Concat(v["upn"], v["objectid"])) // Azure writes the object id where an application acted
	case `domain\name`:
		if len(v[form]) > 0 || len(v["name"]) == 0 || c.list {
			return c.fold(v[form])
		}
		var out []string
		for _, n := range v["name"] {
			out = append(out, c.column+" endswith "+literal(`\`+n))
		}
		return strings.Join(out, " or ")
	}
	return c.fold(v[form])
}

func (c comparison) host(form string, v values) string {
	switch form {
	case "mac":
		var all []string
		for _, m := range v["mac"] {
			bare := bareMAC(m)
			all = append(all, bare)
			if len(bare) == 12 {
				all = append(all, strings.Join(pairs(bare), "-"), strings.Join(pairs(bare), ":"))
			}
		}
		return c.fold(all)
	case "deviceid":
		return c.fold(v["deviceid"])
	}
	names := v.hostNames()
	out := c.fold(names)
	if c.list || c.loose || out == "" {
		return out
	}
	for _, h := range v["hostname"] {
		if len(v["fqdn"]) == 0 && form != "hostname" {
			out += " or " + c.column + " startswith " + literal(h+".")
		}
		if form == "name" { // Traffic Analytics writes GROUP/NAME
			out += " or " + c.column + " endswith " + literal("/"+h)
		}
	}
	return out
}

func pairs(s string) []string {
	var out []string
	for i := 0; i+2 <= len(s); i += 2 {
		out = append(out, s[i:i+2])
	}
	return out
}

func (c comparison) resource(ids []string) string {
	if c.list {
		return c.terms(ids)
	}
	var out []string
	for _, id := range ids {
		out = append(out, c.column+" =~ "+literal(id), c.column+" startswith "+literal(id+"/"))
	}
	return strings.Join(out, " or ")
}

func (c comparison) program(form string, v values) string {
	var out []string
	for _, path := range v["path"] {
		base := path[strings.LastIndexAny(path, `\/`)+1:]
		if base == "" {
			continue // a folder, or nothing
		}
		switch form {
		case "path":
			out = append(out, c.column+" =~ "+literal(path))
		case "commandline":
			out = append(out, c.column+" contains "+literal(path))
		case "filename":
			out = append(out, c.column+" =~ "+literal(base))
		}
	}
	for _, name := range v["filename"] {
		bare := strings.TrimSuffix(strings.ToLower(name), ".exe")
		switch form {
		case "path":
			out = append(out, c.column+" endswith "+literal(`\`+name), c.column+" endswith "+literal(`/`+name))
		case "commandline":
			out = append(out, c.column+" has "+literal(name))
		case "filename":
			out = append(out, c.column+" in~ ("+literals(slices.Compact([]string{name, bare}))+")")
		}
	}
	return strings.Join(out, " or ")
}

// fill puts quoted values into the placeholders of a scope: {form} as it is, |names and |addresses of the machine that it
// names, |decimal of a hexadecimal number, |long of digits; {first} and {last} are times around the rows that led here.
func (v *investigation) fill(where string, l *lead) string {
	return placeholder.ReplaceAllStringFunc(where, func(p string) string {
		m := placeholder.FindStringSubmatch(p)
		vals := l.values[m[1]]
		switch m[1] {
		case "first":
			return timeLiteral(l.first - 2*ticksPerSecond)
		case "last":
			return timeLiteral(l.last + 2*ticksPerSecond)
		}
		switch strings.TrimPrefix(m[2], "|") {
		case "names":
			return literals(v.each(vals, values.hostNames))
		case "addresses":
			return literals(v.each(vals, func(h values) []string { return h["address"] }))
		case "decimal", "long":
			return numbers(vals)
		}
		return literals(vals)
	})
}

// each joins what f says of every host named.
func (v *investigation) each(hosts []string, f func(values) []string) []string {
	var out []string
	for _, h := range hosts {
		out = append(out, f(v.machines.host(h))...)
	}
	return out
}

// numbers writes whole numbers, given in decimal or as 0x…; what is none is left out.
func numbers(vals []string) string {
	var out []string
	for _, s := range vals {
		if n, err := strconv.ParseInt(s, 0, 64); err == nil {
			out = append(out, strconv.FormatInt(n, 10))
		}
	}
	if len(out) == 0 {
		return "-1"
	}
	return strings.Join(out, ", ")
}

// labelOf says in a few words what a lead is.
func (v *investigation) labelOf(l *lead) string {
	first := func(forms ...string) string {
		for _, f := range forms {
			if len(l.values[f]) > 0 {
				return l.values[f][0]
			}
		}
		return ""
	}
	if isEntity(l.kind) {
		return clean(first("upn", `domain\name`, "fqdn", "hostname", "address", "name", "appid", "objectid", "sid", "filename", "path", "resourceid", "sha256", "sha1", "md5", "url", "smtp", "mac", "deviceid"))
	}
	facts := map[string]any{}
	label := placeholder.ReplaceAllStringFunc(v.scopes[l.kind].Label, func(p string) string {
		m := placeholder.FindStringSubmatch(p)
		facts[m[1]] = first(m[1])
		if m[2] == "|short" {
			if c := v.machines.find(first(m[1])); c != nil {
				return shortName(c.names[0])
			}
			if !isAddress(first(m[1])) {
				return shortName(first(m[1]))
			}
		}
		return first(m[1])
	})
	if label == "" {
		label = kindName(l.kind) + " " + first("session", "key")
	}
	return clean(label)
}
