package windows

import (
	"bytes"

	"nordlys/internal/ingest/jsontext"
)

// document makes an event of its XML, told piece by piece: by evtx.Reader from a binary log, by readXML from text. It is
// an evtx.Handler. What it is told must stay until the event is used.
//
// An event has System, whose elements have one meaning each; EventData, whose Data elements are named by an attribute;
// or UserData (and for events that Windows could not render, ProcessingErrorData), whose innermost elements are named
// by themselves; and, where it was exported for people, RenderingInfo.
type document struct {
	e     *event
	depth int
	part  part
	leaf  bool   // nothing but text has come in the element yet
	name  []byte // of the element
	key   []byte // its attribute Name, in EventData
	text  []byte
}

type part uint8

const (
	partData part = iota
	partSystem
	partEventData
	partRendering
)

func (d *document) reset(e *event) { *d = document{e: e} }

// Start begins an element.
func (d *document) Start(name []byte) {
	d.depth++
	d.leaf, d.name, d.key, d.text = true, name, nil, nil
	if d.depth == 2 {
		switch string(name) {
		case "System":
			d.part = partSystem
		case "EventData":
			d.part = partEventData
		case "RenderingInfo":
			d.part = partRendering
		default:
			d.part = partData
		}
	}
}

// Attr is an attribute of the element that was begun last.
func (d *document) Attr(name, value []byte) {
	switch {
	case d.depth < 3:
	case d.part == partSystem:
		d.systemAttr(name, value)
	case d.part == partEventData && string(name) == "Name":
		d.key = value
	case d.part == partRendering || bytes.HasPrefix(name, []byte("xmlns")):
	default:
		d.e.data = append(d.e.data, field{attributeName(d.name, name), value})
	}
}

// attributeName names a value that is an attribute of an element of the data.
func attributeName(element, name []byte) []byte {
	return append(append(append(make([]byte, 0, len(element)+1+len(name)), element...), '.'), name...)
}

func (d *document) systemAttr(name, value []byte) {
	e := d.e
	switch string(d.name) {
	case "Provider":
		switch string(name) {
		case "Name":
			e.provider = value
		case "Guid":
			e.keep("ProviderGuid", value)
		case "EventSourceName":
			e.keep("EventSourceName", value)
		}
	case "EventID":
		if string(name) == "Qualifiers" && string(value) != "0" {
			e.keep("Qualifiers", value)
		}
	case "TimeCreated":
		if string(name) == "SystemTime" {
			e.time = value
		}
	case "Correlation":
		switch string(name) {
		case "ActivityID":
			e.activity = value
		case "RelatedActivityID":
			e.keep("RelatedActivityID", value)
		}
	case "Execution":
		switch string(name) {
		case "ProcessID":
			e.pid = value
		case "ThreadID":
			e.tid = value
		}
	case "Security":
		if string(name) == "UserID" {
			e.user = value
		}
	}
}

// Text is a piece of the text of the element that was begun last.
func (d *document) Text(text []byte) {
	if d.text == nil {
		d.text = text[:len(text):len(text)]
		return
	}
	d.text = append(d.text, text...)
}

// End ends the element.
func (d *document) End() {
	if d.leaf && d.depth > 2 {
		d.value()
	} else if d.leaf && d.depth == 2 && d.part == partData && len(bytes.TrimSpace(d.text)) > 0 {
		d.e.data = append(d.e.data, field{d.name, d.text}) // BinaryEventData and its like
	}
	d.leaf = false
	d.depth--
}

// value ends an innermost element.
func (d *document) value() {
	e := d.e
	switch d.part {
	case partSystem:
		d.system(bytes.TrimSpace(d.text))
	case partRendering:
		switch text := bytes.TrimSpace(d.text); string(d.name) {
		case "Message":
			e.message = text
		case "Level", "Task", "Opcode", "Keyword":
			if len(text) > 0 {
				e.keep("Rendered"+string(d.name), text)
			}
		}
	case partEventData:
		switch {
		case d.key != nil:
			e.data = append(e.data, field{d.key, d.text})
		case string(d.name) == "Data" || len(d.text) > 0:
			e.data = append(e.data, field{d.name, d.text})
		}
	default:
		if len(bytes.TrimSpace(d.text)) > 0 {
			e.data = append(e.data, field{d.name, d.text})
		}
	}
}

func (d *document) system(text []byte) {
	e := d.e
	switch string(d.name) {
	case "EventID":
		e.id = text
	case "Version":
		e.version = text
	case "Level":
		e.level = text
	case "Task":
		e.task = text
	case "Opcode":
		e.opcode = text
	case "Keywords":
		e.keywords = text
	case "EventRecordID":
		e.record = text
	case "Channel":
		e.channel = text
	case "Computer":
		e.computer = text
	}
}

// keep adds a field that no table has a column for.
func (e *event) keep(name string, text []byte) {
	e.extra = append(e.extra, field{[]byte(name), jsontext.Quote(nil, text)})
}
