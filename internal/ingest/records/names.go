package records

import (
	"bytes"

	"nordlys/internal/ingest/jsontext"
)

// Names gives the members of records the spelling that Azure's APIs have: PowerShell writes eventTimestamp as
// EventTimestamp, the SDK for Python as event_timestamp.
type Names struct {
	buf     []byte
	members []jsontext.Member
}

// Camel returns the record's members by the API's names, valid until the next call. The values of the fields for which
// deep says so have them too, at all depths.
func (n *Names) Camel(r *Record, deep func(field string) bool) []jsontext.Member {
	n.members = n.members[:0]
	need := 0
	for _, m := range r.Members {
		need += len(m.Name) + len(m.Value)
	}
	if cap(n.buf) < need {
		n.buf = make([]byte, 0, 2*need)
	}
	n.buf = n.buf[:0] // names grow shorter or stay as long, so the parts taken below stay where they are
	for _, m := range r.Members {
		from := len(n.buf)
		n.buf = camelName(n.buf, m.Name)
		m.Name = n.buf[from:len(n.buf):len(n.buf)]
		if (m.Kind == jsontext.Object || m.Kind == jsontext.Array) && deep(string(m.Name)) {
			from = len(n.buf)
			n.buf = CamelValue(n.buf, m.Value)
			m.Value = n.buf[from:len(n.buf):len(n.buf)]
		}
		n.members = append(n.members, m)
	}
	return n.members
}

// camelName appends a name: without underscores, and its first letter, or an acronym at its start, in lower case. Names
// that are no words of an API (addresses of claims, annotations) stay as they are.
func camelName(dst, name []byte) []byte {
	if len(name) == 0 || name[0] == '_' || name[0] == '@' || bytes.ContainsAny(name, ":/.\\ ") {
		return append(dst, name...)
	}
	if bytes.IndexByte(name, '_') < 0 {
		i := 0
		for i < len(name) && 'A' <= name[i] && name[i] <= 'Z' && (i == 0 || i+1 == len(name) || 'A' <= name[i+1] && name[i+1] <= 'Z') {
			dst = append(dst, name[i]+'a'-'A')
			i++
		}
		return append(dst, name[i:]...)
	}
	up := false
	for i, c := range name {
		switch {
		case c == '_':
			up = i > 0
			continue
		case up && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		up = false
		dst = append(dst, c)
	}
	return dst
}

// CamelValue appends a checked value whose member names have the API's spelling at all depths, without the empty
// additional_properties that the SDK adds.
func CamelValue(dst, v []byte) []byte {
	switch jsontext.KindOf(v) {
	case jsontext.Object:
		dst = append(dst, '{')
		from := len(dst)
		jsontext.Walk(v, func(m jsontext.Member) bool {
			if string(m.Name) == "additional_properties" && (m.Kind == jsontext.Null || string(m.Value) == "{}") {
				return true
			}
			if len(dst) > from {
				dst = append(dst, ',')
			}
			dst = append(dst, '"')
			dst = camelName(dst, m.Name)
			dst = append(dst, '"', ':')
			dst = CamelValue(dst, m.Value)
			return true
		})
		return append(dst, '}')
	case jsontext.Array:
		dst = append(dst, '[')
		from := len(dst)
		jsontext.Elements(v, func(e []byte) bool {
			if len(dst) > from {
				dst = append(dst, ',')
			}
			dst = CamelValue(dst, e)
			return true
		})
		return append(dst, ']')
	}
	return append(dst, v...)
}
