package windows

import (
	"bytes"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
)

// What people save: PowerShell's objects as CSV or JSON, and the Event Viewer's CSV. Both have the rendered message, and
// little of the event's data: PowerShell the values without their names, and in CSV not even these; the Event Viewer
// neither computer nor log.

// isEventLogRecord recognises the properties of a System.Diagnostics.Eventing.Reader.EventLogRecord, which Get-WinEvent
// returns.
func isEventLogRecord(r *records.Record) bool {
	return r.Has("Id", "ProviderName", "LogName", "TimeCreated") && (r.Has("MachineName") || r.Has("RecordId"))
}

// fromEventLogRecord reads what Get-WinEvent gives to Export-Csv or ConvertTo-Json.
func (e *event) fromEventLogRecord(r *records.Record) {
	for _, m := range r.Members {
		switch string(m.Name) {
		case "Id":
			e.id = text(m.Value)
		case "Version":
			e.version = text(m.Value)
		case "Level":
			e.level = text(m.Value)
		case "Task":
			e.task = text(m.Value)
		case "Opcode":
			e.opcode = text(m.Value)
		case "Keywords":
			e.keywords = text(m.Value)
		case "RecordId":
			e.record = text(m.Value)
		case "ProviderName":
			e.provider = text(m.Value)
		case "LogName":
			e.channel = text(m.Value)
		case "ProcessId":
			e.pid = text(m.Value)
		case "ThreadId":
			e.tid = text(m.Value)
		case "MachineName":
			e.computer = text(m.Value)
		case "UserId":
			if e.user = text(m.Value); m.Kind == jsontext.Object {
				e.user = text(jsontext.Find(m.Value, "Value"))
			}
		case "TimeCreated":
			e.time = powerShellTime(m)
		case "ActivityId":
			e.activity = text(m.Value)
		case "Message":
			e.message = text(m.Value)
		case "Properties":
			jsontext.Elements(m.Value, func(p []byte) bool {
				if v := text(jsontext.Find(p, "Value")); v != nil {
					e.data = append(e.data, field{[]byte("Data"), v})
				}
				return true
			})
		case "ContainerLog", "MatchedQueryIds", "Bookmark", "PSComputerName", "RunspaceId", "PSShowComputerName":
			// where it was read, not what happened
		default:
			if v := text(m.Value); len(v) > 0 && !bytes.HasPrefix(v, []byte("System.Collections.")) {
				e.extra = append(e.extra, field{m.Name, m.Value})
			}
		}
	}
}

// powerShellTime is a time as ConvertTo-Json writes it: text, or before PowerShell 6 also an object with it.
func powerShellTime(m jsontext.Member) []byte {
	if m.Kind == jsontext.Object {
		for _, name := range []string{"value", "DateTime"} {
			if v := jsontext.Find(m.Value, name); v != nil {
				return text(v)
			}
		}
	}
	return text(m.Value)
}

// isEventViewer recognises the header of the Event Viewer's CSV. The message has no name there: the CSV reader calls it
// Message.
func isEventViewer(r *records.Record) bool {
	return r.Has("Date and Time", "Source", "Event ID", "Task Category")
}

// fromEventViewer reads a row of the Event Viewer's CSV. Keywords are in words.
func (e *event) fromEventViewer(r *records.Record) {
	e.time, e.provider, e.id = text(r.Get("Date and Time")), text(r.Get("Source")), text(r.Get("Event ID"))
	e.message = text(r.Get("Message"))
	e.computer, e.channel = text(r.Get("Computer")), text(r.Get("Log"))
	switch string(e.provider) {
	case "Microsoft-Windows-Security-Auditing", "Microsoft Windows security auditing.":
		e.provider, e.channel = []byte("Microsoft-Windows-Security-Auditing"), []byte("Security")
	}
	e.level = text(r.Get("Level"))
	switch string(text(r.Get("Keywords"))) {
	case "Audit Success":
		e.keywords = []byte("0x8020000000000000")
	case "Audit Failure":
		e.keywords = []byte("0x8010000000000000")
	}
	for _, m := range r.Members {
		switch string(m.Name) {
		case "Date and Time", "Source", "Event ID", "Message", "Computer", "Log", "Level":
		case "Keywords":
			if e.keywords == nil {
				e.extra = append(e.extra, field{m.Name, m.Value})
			}
		default:
			e.extra = append(e.extra, field{m.Name, m.Value})
		}
	}
}
