// Package windows reads Windows events by any route: binary logs (EVTX), XML, and JSON in the shapes that collectors give
// it: NXLog and Logstash (flat), Winlogbeat, evtx_dump, the diagnostics extension (WindowsEventLogsTable, with the
// event's XML), and what PowerShell and the Event Viewer save. Each route fills an event; one mapping makes rows of events. The Security channel and AppLocker's become
// SecurityEvent, the Application, System and Setup logs Event, all others WindowsEvent.
//
// What the rows have that the events do not say in so many words is derived as the Azure Monitor Agent does: Activity,
// Account, SubjectAccount, TargetAccount, AccountType, Process, LogonTypeName. The rendered message repeats the event's
// data at length; it is kept (in a column Message) only where there are no data, except in Event, whose
// RenderedDescription it is. Fields of the collector itself go to _Unmapped.
package windows

import (
	"context"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// Family is the records.Family of Windows events as JSON, and holds what the decoders of the other routes share with it.
type Family struct {
	ev       event
	doc      document
	set      Set
	security *security
	other    *other
	classic  *classic
	noted    string // the file whose receipt says that its times have no zone
}

// New makes the family for one writer. set says which events of the Security log are kept.
func New(set Set) *Family { return &Family{set: set} }

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	tables := eventTables()
	return []rows.Format{
		{Name: "Windows events (flat JSON)", Tables: tables, Signs: "EventID and Channel, with Hostname, Computer or SourceName", Routes: "NXLog, Logstash"},
		{Name: "Windows events (Winlogbeat)", Tables: tables, Signs: "an object winlog", Routes: "Winlogbeat 7 and later"},
		{Name: "Windows events (Winlogbeat 6)", Tables: tables, Signs: "event_id, log_name and computer_name", Routes: "Winlogbeat 6 and earlier"},
		{Name: "Windows events (evtx_dump)", Tables: tables, Signs: "Event with System in it", Routes: "evtx_dump, Chainsaw and others that turn the XML into JSON"},
		{Name: "Windows events (Azure diagnostics extension)", Tables: tables, Signs: "the category WindowsEventLogsTable", Routes: "Azure diagnostics extension"},
		{Name: "Windows events (PowerShell)", Tables: tables, Signs: "Id, ProviderName, LogName and TimeCreated", Routes: "Get-WinEvent with Export-Csv or ConvertTo-Json"},
		{Name: "Windows events (Event Viewer)", Tables: []string{"SecurityEvent", "Event"}, Signs: "the columns Date and Time, Source, Event ID and Task Category", Routes: "the Event Viewer's CSV"},
	}
}

func eventTables() []string { return []string{"SecurityEvent", "Event", "WindowsEvent"} }

// Match goes by the shape. Rows exported from a workspace have TimeGenerated and are another family's.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool { return shapeOf(r) != unknownShape }

type shape uint8

const (
	unknownShape   shape = iota
	flat                 // NXLog, Logstash: everything on one level
	winlogbeat           // winlog{…}, since version 7
	winlogbeat6          // event_data{…} beside the rest
	evtxDump             // Event{System{…}, EventData{…}}
	extension            // WindowsEventLogsTable
	eventLogRecord       // what Get-WinEvent returns
	eventViewer          // CSV of the Event Viewer
)

func shapeOf(r *records.Record) shape {
	switch {
	case string(r.Inner("category")) == "WindowsEventLogsTable":
		return extension
	case r.Get("TimeGenerated") != nil:
		return unknownShape
	case r.Has("EventID", "Channel") && (r.Has("Hostname") || r.Has("Computer") || r.Has("SourceName")):
		return flat
	case jsontext.KindOf(r.Get("winlog")) == jsontext.Object:
		return winlogbeat
	case r.Has("event_id", "log_name", "computer_name"):
		return winlogbeat6
	case jsontext.KindOf(r.Get("Event")) == jsontext.Object && jsontext.Find(r.Get("Event"), "System") != nil:
		return evtxDump
	case isEventLogRecord(r):
		return eventLogRecord
	case isEventViewer(r):
		return eventViewer
	}
	return unknownShape
}

// Map makes one row.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	w.Next()
	f.ev.reset()
	switch shapeOf(r) {
	case flat:
		w.Format("Windows events (flat JSON)")
		f.ev.fromFlat(r)
	case winlogbeat:
		w.Format("Windows events (Winlogbeat)")
		f.ev.fromWinlogbeat(r)
	case winlogbeat6:
		w.Format("Windows events (Winlogbeat 6)")
		f.ev.fromWinlogbeat6(r)
	case evtxDump:
		w.Format("Windows events (evtx_dump)")
		f.ev.fromEvtxDump(r)
	case extension:
		w.Format("Windows events (Azure diagnostics extension)")
		f.ev.fromExtension(r)
	case eventLogRecord:
		w.Format("Windows events (PowerShell)")
		f.ev.fromEventLogRecord(r)
	case eventViewer:
		w.Format("Windows events (Event Viewer)")
		f.ev.fromEventViewer(r)
	}
	return f.write(ctx, w, r.Offset, r.Raw, nil)
}

// write makes the row of f.ev, by whatever route the event came. raw is the record as it was read, for the case that it
// is refused, and text turns it into text if it is none.
func (f *Family) write(ctx context.Context, w *rows.Writer, offset int64, raw []byte, text func([]byte) []byte) error {
	e := &f.ev
	if e.zoneless() && w.Zone() == nil && f.noted != w.Path() {
		f.noted = w.Path()
		w.Note("times without a zone were read as UTC; use --timezone if they are not")
	}
	if len(e.level) > 1 {
		e.level = levelNumber(e.level)
	}
	channel := string(e.channel)
	if strings.HasPrefix(channel, "Microsoft-Windows-AppLocker/") {
		channel = "Security" // collected with it: https://learn.microsoft.com/azure/sentinel/windows-security-event-id-reference
	}
	if channel == "" && len(e.data) == 0 && len(e.message) > 0 {
		channel = "Application" // nobody knows; the table Event is the one for messages
	}
	var t *rows.Table
	var reason string
	switch channel {
	case "Security":
		if !f.set.has(e.id) {
			w.LeaveOut()
			return nil
		}
		if f.security == nil {
			f.security = newSecurity(w)
		}
		t = f.security.row(e)
		reason = t.Commit()
	case "Application", "System", "Setup":
		if f.classic == nil {
			f.classic = newClassic(w)
		}
		t = f.classic.row(e)
		reason = f.classic.commit(e)
	default:
		if f.other == nil {
			f.other = newOther(w)
		}
		t = f.other.row(e)
		reason = t.Commit()
	}
	if reason != "" && text != nil {
		return w.Refuse(ctx, offset, reason, text(raw), int64(len(raw)))
	}
	return w.Done(ctx, t, reason, offset, raw)
}
