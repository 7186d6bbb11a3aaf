package windows

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
)

//go:embed activities.tsv
var activitiesTSV string

// titles are the events' titles by number.
var titles = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(activitiesTSV) {
		if id, title, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			m[id] = title
		}
	}
	return m
})

// Title is what Windows calls an event of the Security log; "" for one that is not known here.
func Title(id string) string { return titles()[id] }

// columns finds columns by name, once.
type columns struct {
	t     *rows.Table
	known map[string]*rows.Column
}

func newColumns(t *rows.Table) columns { return columns{t, map[string]*rows.Column{}} }

func (c columns) get(name string) *rows.Column {
	col, ok := c.known[name]
	if !ok {
		col = c.t.Column(name)
		c.known[name] = col
	}
	return col
}

func (c columns) set(name string, text []byte) { c.t.SetText(c.get(name), text) }

// common sets what all three tables have under one name.
func (c columns) common(e *event) {
	c.set("TimeGenerated", e.time)
	c.set("Computer", e.computer)
	c.set("EventID", e.id)
	if len(e.resource) > 0 {
		c.set("_ResourceId", c.t.Lower(e.resource))
	}
	for _, f := range e.extra {
		if jsontext.KindOf(f.value) != jsontext.Null {
			c.t.Keep(string(f.name), f.value)
		}
	}
}

// keywords writes the mask as Windows and the tables do, 0x8020000000000000. NXLog has it as a signed number.
func keywords(text []byte) []byte {
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return strconv.AppendUint([]byte("0x"), uint64(n), 16)
	}
	return text
}

// security fills SecurityEvent.
type security struct {
	columns
	titles map[string]string
}

func newSecurity(w *rows.Writer) *security {
	return &security{columns: newColumns(w.Table("SecurityEvent")), titles: titles()}
}

func (s *security) row(e *event) *rows.Table {
	t := s.t
	t.Begin()
	s.common(e)
	s.set("Channel", e.channel)
	s.set("EventSourceName", e.provider)
	s.set("Task", e.task)
	s.set("Level", e.level)
	s.set("Opcode", e.opcode)
	s.set("Keywords", keywords(e.keywords))
	s.set("Version", e.version)
	s.set("EventRecordId", e.record)
	s.set("SystemProcessId", e.pid)
	s.set("SystemThreadId", e.tid)
	s.set("SystemUserId", e.user)
	s.set("Correlation", e.activity)
	t.SetString(s.get("SourceSystem"), "OpsManager")
	t.SetString(s.get("EventLevelName"), securityLevelName(string(e.level)))
	// The message is in the language of the machine, Activity in English. The numbers are those of Windows's own providers.
	title := ""
	switch string(e.provider) {
	case "", "Microsoft-Windows-Security-Auditing", "Microsoft-Windows-Eventlog":
		title = s.titles[string(e.id)]
	}
	if title == "" {
		title, _, _ = strings.Cut(strings.TrimSpace(string(e.message)), "\n")
		if title = strings.TrimSpace(title); title == "" || len(title) > 200 {
			title = s.titles[string(e.id)]
		}
	}
	if title != "" {
		t.SetString(s.get("Activity"), string(e.id)+" - "+title)
	}
	var rest []field
	var names names
	for _, f := range e.data {
		names.note(f)
		// A name that the system part uses too (Channel in 104) is not a column of the data.
		if c := s.get(string(f.name)); c != nil && !t.Has(c) && !reserved(c.Name) {
			t.SetText(c, f.value)
		} else {
			rest = append(rest, f)
		}
	}
	if len(rest) > 0 {
		t.SetString(s.get("EventData"), dataXML(rest))
	}
	s.derive(e, &names)
	if len(e.data) == 0 && len(e.message) > 0 {
		t.SetText(t.NewColumn("Message", "string"), e.message)
	}
	return t
}

// reserved names columns that the data may not set.
func reserved(name string) bool {
	switch name {
	case "TimeGenerated", "Type", "TenantId", "Account", "Activity", "Computer", "SourceSystem", "_ResourceId":
		return true
	}
	return false
}

// names are the values that the derived columns are made of.
type names struct {
	subjectUser, subjectDomain, targetUser, targetDomain, newProcess, process, logonType []byte
	user, domain                                                                         []byte // of 4778 and 4779, which name one account only
}

func (n *names) note(f field) {
	switch string(f.name) {
	case "SubjectUserName":
		n.subjectUser = f.value
	case "SubjectDomainName":
		n.subjectDomain = f.value
	case "TargetUserName":
		n.targetUser = f.value
	case "TargetDomainName":
		n.targetDomain = f.value
	case "AccountName":
		n.user = f.value
	case "AccountDomain":
		n.domain = f.value
	case "NewProcessName":
		n.newProcess = f.value
	case "ProcessName":
		n.process = f.value
	case "LogonType":
		n.logonType = f.value
	}
}

// derive sets the columns that the Azure Monitor Agent computes. Account is who the event is about: the one who logs on
// or off, or asks for a ticket, and otherwise the one who acts.
func (s *security) derive(e *event, n *names) {
	t := s.t
	subject, target := joined(n.subjectDomain, n.subjectUser), joined(n.targetDomain, n.targetUser)
	t.SetString(s.get("SubjectAccount"), subject)
	t.SetString(s.get("TargetAccount"), target)
	account, user := subject, n.subjectUser
	switch string(e.id) {
	case "4624", "4625", "4634", "4647", "4768", "4769", "4770", "4771", "4776", "4778", "4779":
		account, user = target, n.targetUser
	}
	if account == "" {
		account, user = target, n.targetUser
	}
	if account == "" {
		account, user = joined(n.domain, n.user), n.user
	}
	t.SetString(s.get("Account"), account)
	if account != "" {
		kind := "User"
		if bytes.HasSuffix(user, []byte("$")) {
			kind = "Machine"
		}
		t.SetString(s.get("AccountType"), kind)
	}
	process := n.newProcess
	if len(process) == 0 {
		process = n.process
	}
	if i := bytes.LastIndexByte(process, '\\'); i >= 0 {
		process = process[i+1:]
	}
	t.SetText(s.get("Process"), process)
	if name := logonTypeName(string(n.logonType)); name != "" {
		t.SetString(s.get("LogonTypeName"), name)
	}
}

func joined(domain, user []byte) string {
	switch {
	case len(user) == 0:
		return ""
	case len(domain) == 0:
		return string(user)
	}
	return string(domain) + `\` + string(user)
}

func logonTypeName(n string) string {
	switch n {
	case "0":
		return "0 - System"
	case "2":
		return "2 - Interactive"
	case "3":
		return "3 - Network"
	case "4":
		return "4 - Batch"
	case "5":
		return "5 - Service"
	case "7":
		return "7 - Unlock"
	case "8":
		return "8 - NetworkCleartext"
	case "9":
		return "9 - NewCredentials"
	case "10":
		return "10 - RemoteInteractive"
	case "11":
		return "11 - CachedInteractive"
	case "12":
		return "12 - CachedRemoteInteractive"
	case "13":
		return "13 - CachedUnlock"
	}
	return ""
}

// dataXML writes data as the XML that SecurityEvent.EventData and Event.EventData hold.
func dataXML(data []field) string {
	var b strings.Builder
	b.WriteString(`<EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event">`)
	for _, f := range data {
		switch string(f.name) {
		case "Data", "Binary": // names of elements
			fmt.Fprintf(&b, "<%s>", f.name)
			xml.EscapeText(&b, f.value)
			fmt.Fprintf(&b, "</%s>", f.name)
		default:
			b.WriteString(`<Data Name="`)
			xml.EscapeText(&b, f.name)
			b.WriteString(`">`)
			xml.EscapeText(&b, f.value)
			b.WriteString(`</Data>`)
		}
	}
	b.WriteString(`</EventData>`)
	return b.String()
}

// other fills WindowsEvent.
type other struct {
	columns
	first map[string]int // the first field of each name
	next  []int          // the next field of the same name, 0 if there is none
	json  []byte
}

func newOther(w *rows.Writer) *other {
	return &other{columns: newColumns(w.Table("WindowsEvent")), first: map[string]int{}}
}

// bag writes data as a JSON object. Fields of one name are an array.
func (o *other) bag(data []field) []byte {
	clear(o.first)
	o.next = append(o.next[:0], make([]int, len(data))...)
	for i := len(data) - 1; i >= 0; i-- {
		o.next[i] = o.first[string(data[i].name)]
		o.first[string(data[i].name)] = i
	}
	o.json = append(o.json[:0], '{')
	for i, f := range data {
		if o.first[string(f.name)] != i {
			continue
		}
		if i > 0 {
			o.json = append(o.json, ',')
		}
		o.json = append(jsontext.Quote(o.json, f.name), ':')
		if o.next[i] == 0 {
			o.json = jsontext.Quote(o.json, f.value)
			continue
		}
		o.json = jsontext.Quote(append(o.json, '['), f.value)
		for k := o.next[i]; k > 0; k = o.next[k] {
			o.json = jsontext.Quote(append(o.json, ','), data[k].value)
		}
		o.json = append(o.json, ']')
	}
	return append(o.json, '}')
}

func (o *other) row(e *event) *rows.Table {
	t := o.t
	t.Begin()
	o.common(e)
	o.set("TimeCreated", e.time)
	o.set("Channel", e.channel)
	o.set("Provider", e.provider)
	o.set("EventLevel", e.level)
	o.set("Opcode", e.opcode)
	o.set("Keywords", keywords(e.keywords))
	o.set("Task", e.task)
	o.set("Version", e.version)
	o.set("EventRecordId", e.record)
	o.set("SystemProcessId", e.pid)
	o.set("SystemThreadId", e.tid)
	o.set("SystemUserId", e.user)
	o.set("Correlation", e.activity)
	t.SetString(o.get("EventLevelName"), levelName(string(e.level)))
	if len(e.data) > 0 {
		t.SetJSON(o.get("EventData"), o.bag(e.data))
	} else if len(e.message) > 0 {
		t.SetText(t.NewColumn("Message", "string"), e.message)
	}
	return t
}

// securityLevelName is levelName as rows of SecurityEvent have it: their level 0 is LogAlways.
func securityLevelName(level string) string {
	if level == "0" {
		return "LogAlways"
	}
	return levelName(level)
}

func levelName(level string) string {
	switch level {
	case "0", "4":
		return "Information"
	case "1":
		return "Critical"
	case "2":
		return "Error"
	case "3":
		return "Warning"
	case "5":
		return "Verbose"
	}
	return ""
}

// classic fills Event.
type classic struct{ columns }

func newClassic(w *rows.Writer) *classic { return &classic{newColumns(w.Table("Event"))} }

func (c *classic) row(e *event) *rows.Table {
	t := c.t
	t.Begin()
	c.common(e)
	c.set("EventLog", e.channel)
	c.set("Source", e.provider)
	c.set("EventLevel", e.level)
	c.set("EventCategory", e.task)
	c.set("RenderedDescription", e.message)
	t.SetString(c.get("EventLevelName"), levelName(string(e.level)))
	c.set("UserName", e.user)
	if len(e.data) > 0 {
		t.SetString(c.get("EventData"), dataXML(e.data))
	}
	if len(e.record) > 0 {
		t.SetText(t.NewColumn("EventRecordId", "string"), e.record)
	}
	for _, f := range [...]struct {
		name  string
		value []byte
	}{{"Opcode", e.opcode}, {"Keywords", keywords(e.keywords)}, {"Version", e.version}, {"SystemProcessId", e.pid},
		{"SystemThreadId", e.tid}, {"Correlation", e.activity}} {
		if len(f.value) > 0 {
			t.Keep(f.name, jsontext.Quote(nil, f.value))
		}
	}
	return t
}

// commit ends the row. Its identity is that of the other tables' rows, which the table Event has no columns for: the
// rendered description comes by some routes only.
func (c *classic) commit(e *event) string {
	if len(e.record) == 0 || len(e.computer) == 0 {
		return c.t.Commit()
	}
	return c.t.CommitAs(xxh3.HashString(strings.Join([]string{"Event", strings.ToLower(string(e.computer)),
		strings.ToLower(string(e.channel)), string(e.record), string(e.id)}, "\x00")))
}
