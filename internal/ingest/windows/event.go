package windows

import (
	"bytes"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
)

// event is one Windows event, whatever shape it came in: what the mapping to rows begins with. All values are text;
// absent ones are nil. An array among the data is several fields of one name, as it is several elements in XML; values
// without a name are called Data, as their elements are.
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

// levelNumber turns a level in words into its number; other words it leaves alone.
func levelNumber(level []byte) []byte {
	switch strings.ToLower(string(level)) {
	case "critical":
		return []byte("1")
	case "error":
		return []byte("2")
	case "warning":
		return []byte("3")
	case "information", "informational", "info":
		return []byte("4")
	case "verbose", "debug":
		return []byte("5")
	}
	return level
}

// zoneless says whether the event's time does not say its zone, as NXLog's does not: 2025-03-04 10:41:07.
func (e *event) zoneless() bool {
	t := bytes.TrimSpace(e.time)
	return len(t) > 10 && t[0] != '/' && t[len(t)-1] != 'Z' && !bytes.ContainsAny(t[10:], "+-")
}

// addData adds a member of the event's data.
func (e *event) addData(m jsontext.Member) {
	if m.Kind == jsontext.Array {
		if items, ok := scalars(m.Value); ok {
			for _, item := range items {
				e.data = append(e.data, field{m.Name, text(item)})
			}
			return
		}
	}
	if v := text(m.Value); v != nil {
		e.data = append(e.data, field{m.Name, v})
	}
}

// scalars are the items of an array if none of them has items of its own.
func scalars(array []byte) (items [][]byte, ok bool) {
	ok = true
	jsontext.Elements(array, func(item []byte) bool {
		kind := jsontext.KindOf(item)
		ok = kind != jsontext.Array && kind != jsontext.Object
		items = append(items, item)
		return ok
	})
	return items, ok
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
	e.level = text(jsontext.Path(r.Get("log"), "level"))
	e.beat(r.Get("winlog"))
	if e.id == nil {
		e.id = text(jsontext.Path(r.Get("event"), "code"))
	}
}

// fromWinlogbeat6 reads Winlogbeat 6 and earlier, which has no object of its own.
func (e *event) fromWinlogbeat6(r *records.Record) {
	e.time = text(r.Get("@timestamp"))
	e.message = text(r.Get("message"))
	e.level = text(r.Get("level"))
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
	for element, attrs := range map[string][]string{"Provider": {"Guid", "EventSourceName"}, "EventID": {"Qualifiers"}, "Correlation": {"RelatedActivityID"}} {
		for _, name := range attrs {
			v := attribute(system, element, name)
			switch {
			case v == nil || name == "Qualifiers" && string(v) == "0":
			case name == "Guid":
				e.keep("ProviderGuid", v)
			default:
				e.keep(name, v)
			}
		}
	}
	for _, part := range []string{"EventData", "UserData", "ProcessingErrorData"} {
		if v := jsontext.Find(ev, part); v != nil {
			e.leaves([]byte(part), v, 0)
		}
	}
}

// leaves adds the innermost elements of XML that was turned into JSON.
func (e *event) leaves(name, raw []byte, depth int) {
	switch kind := jsontext.KindOf(raw); {
	case depth > 20:
		e.addData(jsontext.Member{Name: name, Value: raw, Kind: jsontext.KindOf(raw)})
	case kind == jsontext.Object:
		jsontext.Walk(raw, func(m jsontext.Member) bool {
			switch {
			case string(m.Name) == "#text":
				e.addData(jsontext.Member{Name: name, Value: m.Value, Kind: m.Kind})
			case string(m.Name) == "#attributes" && depth > 0:
				jsontext.Walk(m.Value, func(a jsontext.Member) bool {
					if !bytes.HasPrefix(a.Name, []byte("xmlns")) {
						e.addData(jsontext.Member{Name: attributeName(name, a.Name), Value: a.Value, Kind: a.Kind})
					}
					return true
				})
			case bytes.HasPrefix(m.Name, []byte("#")) || bytes.HasSuffix(m.Name, []byte("_attributes")):
			default:
				e.leaves(m.Name, m.Value, depth+1)
			}
			return true
		})
	case kind == jsontext.Array:
		if items, flat := scalars(raw); flat {
			for _, item := range items {
				e.data = append(e.data, field{name, text(item)})
			}
			return
		}
		jsontext.Elements(raw, func(item []byte) bool {
			e.leaves(name, item, depth+1)
			return true
		})
	default:
		e.addData(jsontext.Member{Name: name, Value: raw, Kind: kind})
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
	var xml []byte
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
			if m.Kind != jsontext.String {
				break
			}
			xml = text(m.Value)
		default:
			e.extra = append(e.extra, field{m.Name, m.Value})
		}
		return true
	})
	if xml != nil {
		var d document
		d.reset(e)
		_ = readXML(xml, &d) // damaged, it gives what comes before the damage
	}
}
