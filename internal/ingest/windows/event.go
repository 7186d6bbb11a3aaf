package windows

import (
	"bytes"
	"encoding/xml"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
)

// event is one Windows event, whatever shape it came in. All values are text; absent ones are nil.
type event struct {
	time, computer, channel, provider, id, level, task, opcode, keywords, version []byte
	record, pid, tid, user, activity, message                                     []byte
	resource                                                                      []byte // Azure resource id
	data                                                                          []field
	extra                                                                         []field // fields of the collector; values are JSON
}

// field is one value of the event's data.
type field struct{ name, value []byte }

func (e *event) reset() {
	*e = event{data: e.data[:0], extra: e.extra[:0]}
}

// text returns what a JSON value says: the inside of a string, compact JSON of the rest, nil for null.
func text(raw []byte) []byte {
	switch jsontext.KindOf(raw) {
	case jsontext.Null, jsontext.Invalid:
		return nil
	case jsontext.String:
		return jsontext.Text(nil, raw)
	case jsontext.Array, jsontext.Object:
		return jsontext.Compact(nil, raw)
	}
	return raw
}

// zoneless says whether the event's time does not say its zone, as NXLog's does not: 2025-03-04 10:41:07.
func (e *event) zoneless() bool {
	t := bytes.TrimSpace(e.time)
	return len(t) > 10 && t[len(t)-1] != 'Z' && !bytes.ContainsAny(t[10:], "+-")
}

// addData adds a member of the event's data.
func (e *event) addData(m jsontext.Member) {
	if v := text(m.Value); v != nil {
		e.data = append(e.data, field{m.Name, v})
	}
}

// fromFlat sorts the members of a flat record into the system part, the data, and what the collector added. NXLog's
// ProcessID is the process that wrote the event, while the data's is spelled ProcessId.
func (e *event) fromFlat(r *records.Record) {
	hasSource := r.Get("SourceName") != nil
	for _, m := range r.Members {
		switch string(m.Name) {
		case "TimeCreated":
			e.time = text(m.Value)
		case "EventTime":
			if r.Get("TimeCreated") == nil {
				e.time = text(m.Value)
			}
		case "@timestamp":
			if r.Get("TimeCreated") == nil && r.Get("EventTime") == nil {
				e.time = text(m.Value)
			}
		case "Hostname", "Computer":
			e.computer = text(m.Value)
		case "Channel":
			e.channel = text(m.Value)
		case "EventID":
			e.id = text(m.Value)
		case "SourceName":
			e.provider = text(m.Value)
		case "ProviderName":
			if hasSource {
				e.addData(m)
			} else {
				e.provider = text(m.Value)
			}
		case "Level":
			e.level = text(m.Value)
		case "Task":
			e.task = text(m.Value)
		case "OpcodeValue":
			e.opcode = text(m.Value)
		case "Keywords":
			e.keywords = text(m.Value)
		case "Version":
			e.version = text(m.Value)
		case "RecordNumber", "EventRecordID", "EventRecordId":
			e.record = text(m.Value)
		case "ProcessID", "ExecutionProcessID":
			e.pid = text(m.Value)
		case "ThreadID", "ExecutionThreadID":
			e.tid = text(m.Value)
		case "UserID":
			e.user = text(m.Value)
		case "ActivityID":
			e.activity = text(m.Value)
		case "Message":
			e.message = text(m.Value)
		case "EventType":
			if collectorType(m.Value) {
				e.extra = append(e.extra, field{m.Name, m.Value})
			} else {
				e.addData(m) // Sysmon's: SetValue, CreateKey, ConnectPipe
			}
		case "ProviderGuid", "Opcode", "Category", "Severity", "SeverityValue", "EventReceivedTime",
			"SourceModuleName", "SourceModuleType", "EventTypeOrignal", "@version", "host", "port", "tags", "type", "FQDN":
			e.extra = append(e.extra, field{m.Name, m.Value})
		default:
			e.addData(m)
		}
	}
}

// collectorType says whether an EventType is NXLog's, which has the outcome or the severity there.
func collectorType(raw []byte) bool {
	switch string(text(raw)) {
	case "AUDIT_SUCCESS", "AUDIT_FAILURE", "CRITICAL", "ERROR", "WARNING", "INFO", "VERBOSE", "DEBUG":
		return true
	}
	return false
}

// fromWinlogbeat reads Elastic's Winlogbeat 7 and later.
func (e *event) fromWinlogbeat(r *records.Record) {
	e.time = text(r.Get("@timestamp"))
	e.message = text(r.Get("message"))
	e.beat(r.Get("winlog"))
	if e.id == nil {
		e.id = text(jsontext.Path(r.Get("event"), "code"))
	}
}

// fromWinlogbeat6 reads Winlogbeat 6 and earlier, which has no object of its own.
func (e *event) fromWinlogbeat6(r *records.Record) {
	e.time = text(r.Get("@timestamp"))
	e.message = text(r.Get("message"))
	e.beat(r.Raw)
}

func (e *event) beat(object []byte) {
	jsontext.Walk(object, func(m jsontext.Member) bool {
		switch string(m.Name) {
		case "channel", "log_name":
			e.channel = text(m.Value)
		case "event_id":
			e.id = text(m.Value)
			if m.Kind == jsontext.Object {
				e.id = text(jsontext.Find(m.Value, "value"))
			}
		case "computer_name":
			e.computer = text(m.Value)
		case "record_id", "record_number":
			e.record = text(m.Value)
		case "provider_name", "source_name":
			e.provider = text(m.Value)
		case "version":
			e.version = text(m.Value)
		case "activity_id":
			e.activity = text(m.Value)
		case "process", "user":
			if m.Kind != jsontext.Object {
				break
			}
			if string(m.Name) == "user" {
				e.user = text(jsontext.Find(m.Value, "identifier"))
				break
			}
			e.pid = text(jsontext.Find(m.Value, "pid"))
			e.tid = text(jsontext.Path(m.Value, "thread", "id"))
		case "process_id":
			e.pid = text(m.Value)
		case "thread_id":
			e.tid = text(m.Value)
		case "event_data", "user_data":
			jsontext.Walk(m.Value, func(d jsontext.Member) bool {
				e.addData(d)
				return true
			})
		case "keywords", "opcode", "task", "api", "provider_guid", "related_activity_id", "logon":
			e.extra = append(e.extra, field{m.Name, m.Value}) // words and what the Beat made of the rest
		}
		return true
	})
}

// fromEvtxDump reads what evtx_dump and Chainsaw make of an .evtx file: XML turned into JSON, attributes included.
func (e *event) fromEvtxDump(r *records.Record) {
	ev := r.Get("Event")
	system := jsontext.Find(ev, "System")
	e.time = attribute(system, "TimeCreated", "SystemTime")
	e.provider = attribute(system, "Provider", "Name")
	e.pid = attribute(system, "Execution", "ProcessID")
	e.tid = attribute(system, "Execution", "ThreadID")
	e.user = attribute(system, "Security", "UserID")
	e.activity = attribute(system, "Correlation", "ActivityID")
	e.id = text(jsontext.Find(system, "EventID"))
	if id := jsontext.Find(system, "EventID"); jsontext.KindOf(id) == jsontext.Object {
		e.id = text(jsontext.Find(id, "#text"))
	}
	e.channel, e.computer = text(jsontext.Find(system, "Channel")), text(jsontext.Find(system, "Computer"))
	e.record, e.level = text(jsontext.Find(system, "EventRecordID")), text(jsontext.Find(system, "Level"))
	e.task, e.opcode = text(jsontext.Find(system, "Task")), text(jsontext.Find(system, "Opcode"))
	e.keywords, e.version = text(jsontext.Find(system, "Keywords")), text(jsontext.Find(system, "Version"))
	for _, part := range []string{"EventData", "UserData"} {
		jsontext.Walk(jsontext.Find(ev, part), func(m jsontext.Member) bool {
			if m.Name[0] != '#' {
				e.addData(m)
			}
			return true
		})
	}
}

// attribute finds an attribute of an element in either spelling: {"#attributes":{name}} or {"name"}.
func attribute(object []byte, element, name string) []byte {
	el := jsontext.Find(object, element)
	if v := text(jsontext.Path(el, "#attributes", name)); v != nil {
		return v
	}
	if v := text(jsontext.Path(object, element+"_attributes", name)); v != nil {
		return v
	}
	if jsontext.KindOf(el) == jsontext.Object {
		return text(jsontext.Find(el, name))
	}
	return nil
}

// fromExtension reads the Azure diagnostics extension. Its XML has what the record leaves out.
func (e *event) fromExtension(r *records.Record) {
	p := r.Properties()
	e.time = text(r.Get("time"))
	e.resource = text(r.Get("resourceId"))
	jsontext.Walk(p, func(m jsontext.Member) bool {
		switch string(m.Name) {
		case "EventId":
			e.id = text(m.Value)
		case "Channel":
			e.channel = text(m.Value)
		case "ProviderName":
			e.provider = text(m.Value)
		case "Level":
			e.level = text(m.Value)
		case "Task":
			e.task = text(m.Value)
		case "Opcode":
			e.opcode = text(m.Value)
		case "Pid":
			e.pid = text(m.Value)
		case "Tid":
			e.tid = text(m.Value)
		case "Description":
			e.message = text(m.Value)
		case "RawXml":
			if m.Kind == jsontext.String {
				e.fromXML(text(m.Value))
			}
		default:
			e.extra = append(e.extra, field{m.Name, m.Value})
		}
		return true
	})
}

// fromXML reads the event's own XML. Damaged XML gives what comes before the damage.
func (e *event) fromXML(src []byte) {
	d := xml.NewDecoder(bytes.NewReader(src))
	d.Strict = false
	var path []string
	var name []byte
	var content []byte
	for {
		tok, err := d.Token()
		if err != nil {
			return
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if len(path) > 20 {
				return
			}
			path = append(path, tok.Name.Local)
			content = nil
			name = nil
			for _, a := range tok.Attr {
				value := []byte(a.Value)
				switch tok.Name.Local + "/" + a.Name.Local {
				case "Data/Name":
					name = value
				case "TimeCreated/SystemTime":
					if e.time == nil {
						e.time = value
					}
				case "Security/UserID":
					e.user = value
				case "Correlation/ActivityID":
					e.activity = value
				}
			}
		case xml.CharData:
			content = append(content, tok...)
		case xml.EndElement:
			inData := len(path) > 2 && (path[1] == "EventData" || path[1] == "UserData")
			switch {
			case inData && tok.Name.Local == "Data" && name != nil:
				e.data = append(e.data, field{name, content})
			case inData && len(strings.TrimSpace(string(content))) > 0:
				e.data = append(e.data, field{[]byte(tok.Name.Local), content})
			case len(path) == 3 && path[1] == "System":
				switch tok.Name.Local {
				case "EventRecordID":
					e.record = content
				case "Computer":
					e.computer = content
				case "Keywords":
					e.keywords = content
				case "Version":
					e.version = content
				case "Channel":
					if e.channel == nil {
						e.channel = content
					}
				}
			}
			path = path[:max(0, len(path)-1)]
			content, name = nil, nil
		}
	}
}
