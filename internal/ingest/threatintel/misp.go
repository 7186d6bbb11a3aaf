package threatintel

import (
	"context"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// https://www.misp-standard.org/rfc/misp-standard-core.html

// isMISP recognises an event, bare or in {"Event":…}, the answer of a search for attributes, and an attribute.
func isMISP(r *records.Record) bool {
	if isEvent(r.Get("Event")) {
		return true
	}
	if answer := r.Get("response"); answer != nil && len(r.Members) == 1 {
		if jsontext.KindOf(answer) == jsontext.Object {
			return jsontext.KindOf(jsontext.Find(answer, "Attribute")) == jsontext.Array
		}
		event := false
		jsontext.Elements(answer, func(e []byte) bool {
			event = jsontext.KindOf(e) == jsontext.Object && isEvent(jsontext.Find(e, "Event"))
			return false
		})
		return event
	}
	if r.Get("info") != nil && (jsontext.KindOf(r.Get("Attribute")) == jsontext.Array || jsontext.KindOf(r.Get("Object")) == jsontext.Array) {
		return true
	}
	return isAttribute(r)
}

func isEvent(raw []byte) bool {
	return jsontext.KindOf(raw) == jsontext.Object && jsontext.Find(raw, "info") != nil &&
		(jsontext.Find(raw, "Attribute") != nil || jsontext.Find(raw, "Object") != nil)
}

func isAttribute(r *records.Record) bool { return r.Has("to_ids", "type", "value") }

// event is what an attribute has from the event around it.
type event struct {
	info, org, level string
	id               string
	tags             []string
	created          int64
}

func (f *Family) misp(ctx context.Context, r *records.Record, w *rows.Writer) error {
	if isAttribute(r) {
		return f.attribute(ctx, r.Raw, readEvent(r.Get("Event")), "", r.Offset, w)
	}
	raw := r.Raw
	if answer := r.Get("response"); answer != nil {
		if jsontext.KindOf(answer) == jsontext.Array {
			var err error
			jsontext.Elements(answer, func(e []byte) bool {
				err = f.event(ctx, e, r.Offset, w)
				return err == nil
			})
			return err
		}
		raw = answer
	}
	return f.event(ctx, raw, r.Offset, w)
}

func readEvent(raw []byte) event {
	var ev event
	if jsontext.KindOf(raw) != jsontext.Object {
		return ev
	}
	jsontext.Walk(raw, func(m jsontext.Member) bool {
		switch string(m.Name) {
		case "info":
			ev.info = text(m.Value)
		case "uuid":
			ev.id = text(m.Value)
		case "threat_level_id":
			ev.level = text(m.Value)
		case "date":
			ev.created = when(m.Value)
		case "Orgc":
			if m.Kind == jsontext.Object {
				ev.org = text(jsontext.Find(m.Value, "name"))
			}
		case "Tag":
			ev.tags = tags(m.Value)
		}
		return true
	})
	return ev
}

func tags(raw []byte) []string {
	var out []string
	if jsontext.KindOf(raw) == jsontext.Array {
		jsontext.Elements(raw, func(e []byte) bool {
			if jsontext.KindOf(e) == jsontext.Object {
				if s := text(jsontext.Find(e, "name")); s != "" {
					out = append(out, s)
				}
			}
			return len(out) < 1000
		})
	}
	return out
}

// event makes the rows of one event: of its attributes and those of its objects.
func (f *Family) event(ctx context.Context, raw []byte, offset int64, w *rows.Writer) error {
	outer := raw
	if jsontext.KindOf(raw) == jsontext.Object {
		if inner := jsontext.Find(raw, "Event"); jsontext.KindOf(inner) == jsontext.Object {
			raw = inner
		}
	}
	if jsontext.KindOf(raw) != jsontext.Object {
		w.Next()
		return w.Refuse(ctx, offset, "an event of MISP is expected here", outer, int64(len(outer)))
	}
	ev := readEvent(raw)
	n := 0
	var err error
	take := func(list []byte, object string) {
		if jsontext.KindOf(list) != jsontext.Array || err != nil {
			return
		}
		jsontext.Elements(list, func(a []byte) bool {
			n++
			err = f.attribute(ctx, a, ev, object, offset, w)
			return err == nil
		})
	}
	take(jsontext.Find(raw, "Attribute"), "")
	if objects := jsontext.Find(raw, "Object"); jsontext.KindOf(objects) == jsontext.Array && err == nil {
		jsontext.Elements(objects, func(o []byte) bool {
			if jsontext.KindOf(o) == jsontext.Object {
				take(jsontext.Find(o, "Attribute"), text(jsontext.Find(o, "name")))
			}
			return err == nil
		})
	}
	if n == 0 && err == nil {
		w.Next()
		return w.Refuse(ctx, offset, "an event of MISP without attributes", outer, int64(len(outer)))
	}
	return err
}

// attribute makes the rows of one attribute.
func (f *Family) attribute(ctx context.Context, raw []byte, ev event, object string, offset int64, w *rows.Writer) error {
	if jsontext.KindOf(raw) != jsontext.Object {
		w.Next()
		return w.Refuse(ctx, offset, "an attribute of MISP is expected here", raw, int64(len(raw)))
	}
	ind := indicator{source: ev.org, name: ev.info, created: ev.created, confidence: -1, severity: severityOf(ev.level), external: ev.id, kept: raw}
	if ind.source == "" {
		ind.source = feedOf(w)
	}
	var typ, value, id, first string
	var changed int64
	jsontext.Walk(raw, func(m jsontext.Member) bool {
		switch string(m.Name) {
		case "type":
			typ = text(m.Value)
		case "value":
			value = text(m.Value)
		case "uuid":
			id = text(m.Value)
		case "category":
			if s := text(m.Value); s != "" {
				ind.types = []string{s}
			}
		case "comment":
			ind.description = text(m.Value)
		case "to_ids":
			ind.passive = string(m.Value) == "false" || string(m.Value) == `"0"` || string(m.Value) == "0"
		case "deleted":
			ind.deleted = string(m.Value) == "true" || string(m.Value) == `"1"` || string(m.Value) == "1"
		case "timestamp":
			changed = when(m.Value)
		case "first_seen":
			ind.from = when(m.Value)
			first = text(m.Value)
		case "Tag":
			ind.labels = tags(m.Value)
		}
		return true
	})
	if typ == "" || value == "" {
		w.Next()
		return w.Refuse(ctx, offset, "an attribute of MISP without type or value", raw, int64(len(raw)))
	}
	ind.modified = changed
	if ind.from == 0 && first == "" {
		ind.from = changed
	}
	ind.labels = append(ind.labels, ev.tags...)
	for _, l := range ind.labels {
		if t := tlpOf(l); t != "" && strings.HasPrefix(strings.ToLower(l), "tlp") {
			ind.tlp = t
		}
	}
	if object != "" {
		ind.extra = append(ind.extra, jsontext.Member{Name: []byte("Object"), Value: jsontext.Quote(nil, []byte(object))})
	}
	ind.seen = mispObservables(typ, value)
	ind.pattern = patternOf(ind.seen, " AND ") // both are true of what was seen
	if id != "" {
		ind.id = "indicator--" + strings.ToLower(id)
	} else {
		ind.id = madeID(ind.source, typ, value)
	}
	return f.emit(ctx, &ind, offset, raw, w)
}

// severityOf leads MISP's levels of threat (1 high, 2 medium, 3 low, 4 undefined) to 0 to 5.
func severityOf(level string) int {
	switch level {
	case "1":
		return 5
	case "2":
		return 3
	case "3":
		return 1
	}
	return -1
}

// mispObservables says what an attribute's value is by its type. Types with | have two values, of which only ports are
// dropped. What has no name in STIX is kept under MISP's.
func mispObservables(typ, value string) []observable {
	types, values := strings.Split(typ, "|"), strings.SplitN(value, "|", 2)
	if len(types) != len(values) {
		values, types = []string{value}, types[:1]
	}
	var out []observable
	for i, t := range types {
		v := strings.TrimSpace(values[i])
		if v == "" || t == "port" && i > 0 {
			continue
		}
		out = append(out, observable{mispKey(t, v), v})
	}
	if len(out) == 0 {
		out = append(out, observable{mispKey(typ, value), value})
	}
	return out
}

func mispKey(typ, value string) string {
	switch typ {
	case "ip-src":
		return "network-traffic:src_ref.value"
	case "ip-dst":
		return "network-traffic:dst_ref.value"
	case "ip":
		if key := addressKey(value); key != "" {
			return key
		}
	case "domain", "hostname":
		return "domain-name:value"
	case "url", "uri", "link":
		return "url:value"
	case "md5":
		return "file:hashes.MD5"
	case "sha1":
		return "file:hashes.'SHA-1'"
	case "sha224", "sha256", "sha384", "sha512":
		return "file:hashes.'SHA-" + typ[3:] + "'"
	case "ssdeep", "imphash", "tlsh":
		return "file:hashes." + strings.ToUpper(typ)
	case "filename":
		return "file:name"
	case "email", "email-src":
		return "email-message:from_ref.value"
	case "email-dst":
		return "email-message:to_refs[*].value"
	case "email-subject":
		return "email-message:subject"
	case "mutex":
		return "mutex:name"
	case "regkey":
		return "windows-registry-key:key"
	case "AS":
		return "autonomous-system:number"
	case "mac-address":
		return "mac-addr:value"
	case "user-agent":
		return "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
	}
	return "x-misp-attribute:" + typ
}
