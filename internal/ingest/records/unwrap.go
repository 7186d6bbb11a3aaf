package records

import (
	"bytes"

	"nordlys/internal/ingest/jsontext"
)

// maxWraps is how many wrappings may lie around a record, besides those that jsontext takes off.
const maxWraps = 4

// unwrap calls f for each record that lies inside another value, and says whether there was such a wrapping: an object
// as text in a JSON string (ConvertTo-Json of AuditData), the answers of a batch or the examples of the REST
// specification ({"responses":{"200":{"body":{"value":[…]}}}}), the data of Resource Graph ({"count":1,"data":[…]}), and the
// answers of Defender's hunting APIs ({"Schema":[…],"Results":[…]}).
func unwrap(r *Record, f func(inner []byte) bool) bool {
	if jsontext.KindOf(r.Raw) == jsontext.String {
		text := bytes.TrimSpace(jsontext.Text(nil, r.Raw))
		if k := jsontext.KindOf(text); k != jsontext.Object && k != jsontext.Array || jsontext.Check(text) != nil {
			return false
		}
		each(text, f)
		return true
	}
	if responses := r.Get("responses"); responses != nil && (r.Has("parameters") || len(r.Members) == 1) {
		return answers(responses, f)
	}
	if data := r.Fold("data"); jsontext.KindOf(data) == jsontext.Array && (r.Fold("count") != nil || r.Has("totalRecords") || r.Has("total_records") || len(r.Members) == 1) {
		each(data, f)
		return true
	}
	if list := r.Fold("results"); jsontext.KindOf(list) == jsontext.Array && jsontext.KindOf(r.Fold("schema")) == jsontext.Array {
		each(list, f)
		return true
	}
	return false
}

// answers walks the bodies of HTTP answers, a list of them or an object by status, and says whether one had content.
func answers(responses []byte, f func(inner []byte) bool) bool {
	found, more := false, true
	body := func(answer []byte) bool {
		if jsontext.KindOf(answer) != jsontext.Object {
			return true
		}
		b := jsontext.Find(answer, "body")
		if jsontext.KindOf(b) != jsontext.Object && jsontext.KindOf(b) != jsontext.Array {
			return true
		}
		found = true
		if v := value(b); v != nil {
			b = v
		}
		more = each(b, f)
		return more
	}
	if jsontext.KindOf(responses) == jsontext.Array {
		jsontext.Elements(responses, body)
	} else {
		jsontext.Walk(responses, func(m jsontext.Member) bool { return body(m.Value) })
	}
	return found
}

// value is the list in a page of an API's answer, or nil.
func value(object []byte) []byte {
	if jsontext.KindOf(object) != jsontext.Object {
		return nil
	}
	if v := jsontext.Find(object, "value"); jsontext.KindOf(v) == jsontext.Array {
		return v
	}
	return nil
}

// each calls f for the elements of a list, or for the value itself.
func each(v []byte, f func(inner []byte) bool) (more bool) {
	if jsontext.KindOf(v) != jsontext.Array {
		return f(v)
	}
	more = true
	jsontext.Elements(v, func(e []byte) bool {
		more = f(e)
		return more
	})
	return more
}
