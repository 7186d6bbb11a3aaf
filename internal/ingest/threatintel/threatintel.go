// Package threatintel reads threat intelligence: STIX 2.0 and 2.1 (bundles, TAXII envelopes, bodies of Sentinel's upload
// API, objects one after another), MISP's events and attributes, CSV and lists of indicators.
//
// Everything becomes STIX indicators, and these become rows as Sentinel writes them: one of ThreatIntelIndicators and one
// of ThreatIntelligenceIndicator, the older table, for each observable of the pattern, that is for each equality in it. A
// pattern without any is one row of ThreatIntelIndicators with the pattern alone. Other objects of STIX go to
// ThreatIntelObjects.
//
// https://learn.microsoft.com/azure/sentinel/work-with-stix-objects-indicators
package threatintel

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// Family is the records.Family of STIX and MISP.
type Family struct{ emitter }

// New makes the family for one writer.
func New() *Family { return &Family{} }

var indicatorTables = []string{"ThreatIntelIndicators", "ThreatIntelligenceIndicator"}

// Formats lists what the family reads.
func (*Family) Formats() []rows.Format {
	return []rows.Format{
		{Name: "STIX", Tables: append([]string{"ThreatIntelObjects"}, indicatorTables...), Signs: "objects whose id begins with their type and --",
			Routes: "STIX 2.0 and 2.1 bundles, TAXII 2.1 envelopes, Sentinel's upload API, JSON Lines"},
		{Name: "MISP", Tables: indicatorTables, Signs: "an Event with Attribute or Object, or attributes with to_ids",
			Routes: "exports of events, answers of restSearch, feeds"},
	}
}

// Match goes by the ids of STIX and by MISP's names, which are in capitals.
func (*Family) Match(r *records.Record, _ *rows.Writer) bool {
	return isSTIX(r) || wrapped(r) != nil || isMISP(r)
}

func isSTIX(r *records.Record) bool {
	typ, id := r.Inner("type"), r.Inner("id")
	return len(typ) > 0 && len(id) > len(typ)+2 && string(id[:len(typ)]) == string(typ) && string(id[len(typ):len(typ)+2]) == "--"
}

// wrapped is the list of objects in a bundle, an envelope or a body, or nil.
func wrapped(r *records.Record) []byte {
	if list := r.Get("objects"); jsontext.KindOf(list) == jsontext.Array && (string(r.Inner("type")) == "bundle" || r.Get("more") != nil || len(r.Members) == 1) {
		return list
	}
	if r.Fold("sourcesystem") == nil {
		return nil
	}
	for _, name := range []string{"stixobjects", "indicators", "value"} {
		if list := r.Fold(name); jsontext.KindOf(list) == jsontext.Array {
			return list
		}
	}
	return nil
}

// Map makes the rows of a record.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	if isMISP(r) {
		w.Format("MISP")
		return f.misp(ctx, r, w)
	}
	w.Format("STIX")
	list := wrapped(r)
	if list == nil {
		return f.object(ctx, r.Raw, feedOf(w), r.Offset, w)
	}
	source := text(r.Fold("sourcesystem"))
	if source == "" {
		source = feedOf(w)
	}
	var err error
	n := 0
	jsontext.Elements(list, func(e []byte) bool {
		n++
		if jsontext.KindOf(e) != jsontext.Object {
			w.Next()
			err = w.Refuse(ctx, r.Offset, "an object of STIX is expected here", e, int64(len(e)))
			return err == nil
		}
		err = f.object(ctx, e, source, r.Offset, w)
		return err == nil
	})
	if n == 0 {
		w.Note("no objects in it")
	}
	return err
}

// feedOf names the feed that a file is, for want of a better name.
func feedOf(w *rows.Writer) string {
	name := path.Base(strings.ReplaceAll(w.Path(), `\`, "/"))
	if i := strings.IndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	return name
}

// indicator is one indicator of STIX, as all routes bring it.
type indicator struct {
	id, source                string
	name, description         string
	pattern, patternType      string
	seen                      []observable
	created, modified         int64 // ticks, 0 if unknown
	from, until               int64
	confidence                int // 0 to 100, -1 if unknown
	severity                  int // 0 to 5, -1 if unknown
	revoked, deleted, passive bool
	labels, types, phases     []string
	tlp, action, external     string
	extra                     []jsontext.Member // for AdditionalFields
	data                      []byte            // the object of STIX; made of the rest if there is none
	kept                      []byte            // what it was made of, if that is not STIX
}

// emitter makes rows of indicators.
type emitter struct {
	in, old, objects *rows.Table
	cols             map[string]*rows.Column // of in and objects
	oldCols          map[string]*rows.Column
	objCols          map[string]*rows.Column
	told             string // the file whose note was written
}

func (e *emitter) open(w *rows.Writer) {
	if e.in != nil {
		return
	}
	columns := func(t *rows.Table, names ...string) map[string]*rows.Column {
		m := map[string]*rows.Column{}
		for _, n := range names {
			m[n] = t.Column(n)
		}
		return m
	}
	e.in, e.old, e.objects = w.Table("ThreatIntelIndicators"), w.Table("ThreatIntelligenceIndicator"), w.Table("ThreatIntelObjects")
	e.cols = columns(e.in, "TimeGenerated", "Id", "SourceSystem", "Confidence", "Created", "Modified", "ValidFrom", "ValidUntil", "IsActive", "IsDeleted",
		"Revoked", "ObservableKey", "ObservableValue", "Pattern", "Tags", "Data", "AdditionalFields")
	e.objCols = columns(e.objects, "TimeGenerated", "Id", "StixType", "SourceSystem", "Data", "AdditionalFields", "IsDeleted")
	e.oldCols = columns(e.old, "TimeGenerated", "IndicatorId", "ExternalIndicatorId", "IndicatorProvider", "SourceSystem", "Active", "Action", "ConfidenceScore",
		"Description", "ExpirationDateTime", "KillChainActions", "KillChainC2", "KillChainDelivery", "KillChainExploitation",
		"KillChainReconnaissance", "KillChainWeaponization", "Tags", "ThreatType", "ThreatSeverity", "TrafficLightProtocolLevel", "AdditionalInformation",
		"NetworkIP", "NetworkCidrBlock", "NetworkSourceIP", "NetworkSourceCidrBlock", "NetworkDestinationIP", "NetworkDestinationCidrBlock",
		"NetworkSourcePort", "NetworkDestinationPort", "DomainName", "Url", "FileHashType", "FileHashValue", "FileName", "FilePath", "FileMutexName", "EmailSenderAddress",
		"EmailSubject", "UserAgent", "NetworkSourceAsn")
}

// object makes the rows of one object of STIX.
func (e *emitter) object(ctx context.Context, raw []byte, source string, offset int64, w *rows.Writer) error {
	e.open(w)
	var ind indicator
	ind.source, ind.data, ind.confidence, ind.severity = source, raw, -1, -1
	typ := ""
	jsontext.Walk(raw, func(m jsontext.Member) bool {
		switch string(m.Name) {
		case "type":
			typ = text(m.Value)
		case "id":
			ind.id = text(m.Value)
		case "name":
			ind.name = text(m.Value)
		case "description":
			ind.description = text(m.Value)
		case "pattern":
			ind.pattern = text(m.Value)
		case "pattern_type":
			ind.patternType = text(m.Value)
		case "created":
			ind.created = when(m.Value)
		case "modified":
			ind.modified = when(m.Value)
		case "valid_from":
			ind.from = when(m.Value)
		case "valid_until":
			ind.until = when(m.Value)
		case "confidence":
			if n, err := strconv.Atoi(strings.Trim(string(m.Value), `"`)); err == nil && n >= 0 && n <= 100 {
				ind.confidence = n
			}
		case "revoked":
			ind.revoked = string(m.Value) == "true"
		case "labels":
			ind.labels = texts(m.Value)
		case "indicator_types":
			ind.types = texts(m.Value)
		case "object_marking_refs":
			for _, ref := range texts(m.Value) {
				if t := markings[strings.ToLower(ref)]; t != "" {
					ind.tlp = t
				}
			}
		case "kill_chain_phases":
			jsontext.Elements(m.Value, func(p []byte) bool {
				if jsontext.KindOf(p) == jsontext.Object {
					ind.phases = append(ind.phases, text(jsontext.Find(p, "phase_name")))
				}
				return true
			})
		case "external_references":
			jsontext.Elements(m.Value, func(p []byte) bool {
				if jsontext.KindOf(p) == jsontext.Object && ind.external == "" {
					ind.external = text(jsontext.Find(p, "external_id"))
				}
				return true
			})
		}
		return true
	})
	if typ != "indicator" {
		return e.other(ctx, &ind, typ, offset, raw, w)
	}
	if ind.pattern == "" || ind.id == "" {
		w.Next()
		return w.Refuse(ctx, offset, "an indicator without a pattern or an id", raw, int64(len(raw)))
	}
	if len(ind.types) == 0 {
		ind.types = ind.labels // STIX 2.0 has them there
	}
	beyond := true
	if ind.patternType == "" || ind.patternType == "stix" {
		ind.seen, beyond, _ = parsePattern(ind.pattern)
	}
	if beyond && e.told != w.Path() {
		e.told = w.Path()
		w.Note("patterns that are more than comparisons with = and IN: their observables are taken one by one, the whole is in Pattern")
	}
	return e.emit(ctx, &ind, offset, raw, w)
}

// other makes a row of an object that is no indicator.
func (e *emitter) other(ctx context.Context, ind *indicator, typ string, offset int64, raw []byte, w *rows.Writer) error {
	w.Next()
	if typ == "" || ind.id == "" {
		return w.Refuse(ctx, offset, "an object of STIX without a type or an id", raw, int64(len(raw)))
	}
	t := e.objects
	t.Begin()
	t.SetInt(e.objCols["TimeGenerated"], ind.time(w))
	t.SetString(e.objCols["Id"], ind.fullID())
	t.SetString(e.objCols["StixType"], typ)
	t.SetString(e.objCols["SourceSystem"], ind.source)
	t.SetJSON(e.objCols["Data"], raw)
	t.SetText(e.objCols["AdditionalFields"], ind.additional())
	t.SetInt(e.objCols["IsDeleted"], 0)
	return w.Done(ctx, t, t.CommitAs(identity(t.Name, ind.id, observable{})), offset, raw)
}

// time is when the indicator came to be what it says.
func (ind *indicator) time(w *rows.Writer) int64 {
	for _, t := range []int64{ind.modified, ind.created, ind.from} {
		if t != 0 {
			return t
		}
	}
	return w.Modified()
}

// fullID is the id as Sentinel makes it: the source in Base64, three hyphens, the id of STIX.
func (ind *indicator) fullID() string {
	return base64.StdEncoding.EncodeToString([]byte(ind.source)) + "---" + ind.id
}

// identity is what makes a row: the object and the observable, beside the time of its last change.
func identity(table, id string, o observable) uint64 {
	return xxh3.HashString(table + "\x00" + strings.ToLower(id) + "\x00" + o.key + "\x00" + o.value)
}

// additional is the JSON of AdditionalFields.
func (ind *indicator) additional() []byte {
	var b []byte
	add := func(name string, value []byte) {
		if len(b) == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(append(jsontext.Quote(b, []byte(name)), ':'), value...)
	}
	if ind.tlp != "" {
		add("TLPLevel", jsontext.Quote(nil, []byte(ind.tlp)))
	}
	for _, m := range ind.extra {
		add(string(m.Name), m.Value)
	}
	if len(b) > 0 {
		b = append(b, '}')
	}
	return b
}

// emit makes the rows of an indicator.
func (e *emitter) emit(ctx context.Context, ind *indicator, offset int64, raw []byte, w *rows.Writer) error {
	e.open(w)
	if ind.data == nil {
		ind.data = ind.stix()
	}
	seen := ind.seen
	if len(seen) == 0 {
		seen = []observable{{}}
	}
	additional := ind.additional()
	labels := list(ind.labels)
	at := ind.time(w)
	for _, o := range seen {
		w.Next()
		t, c := e.in, e.cols
		t.Begin()
		t.SetInt(c["TimeGenerated"], at)
		t.SetString(c["Id"], ind.fullID())
		t.SetString(c["SourceSystem"], ind.source)
		setTime(t, c["Created"], ind.created)
		setTime(t, c["Modified"], ind.modified)
		setTime(t, c["ValidFrom"], ind.from)
		setTime(t, c["ValidUntil"], ind.until)
		if ind.confidence >= 0 {
			t.SetInt(c["Confidence"], int64(ind.confidence))
		}
		t.SetInt(c["IsActive"], flag(ind.active()))
		t.SetInt(c["IsDeleted"], flag(ind.deleted))
		t.SetInt(c["Revoked"], flag(ind.revoked))
		t.SetString(c["ObservableKey"], o.key)
		t.SetString(c["ObservableValue"], o.value)
		t.SetString(c["Pattern"], ind.pattern)
		t.SetText(c["Tags"], labels)
		t.SetJSON(c["Data"], ind.data)
		t.SetText(c["AdditionalFields"], additional)
		if ind.kept != nil {
			t.Keep("Original", ind.kept)
		}
		if err := w.Done(ctx, t, t.CommitAs(identity(t.Name, ind.id, o)), offset, raw); err != nil {
			return err
		}
		if err := e.legacy(ctx, ind, o, at, labels, offset, raw, w); err != nil {
			return err
		}
	}
	return nil
}

// active says whether the indicator is meant for detection. Whether it is valid at a time is a question for ValidFrom and
// ValidUntil.
func (ind *indicator) active() bool { return !ind.revoked && !ind.deleted && !ind.passive }

// legacy makes the row of the older table, if that has a column for the observable.
func (e *emitter) legacy(ctx context.Context, ind *indicator, o observable, at int64, labels []byte, offset int64, raw []byte, w *rows.Writer) error {
	column, kind := legacyColumn(o)
	if column == "" {
		return nil
	}
	w.Next()
	t, c := e.old, e.oldCols
	t.Begin()
	t.SetInt(c["TimeGenerated"], at)
	t.SetString(c["IndicatorId"], ind.id)
	t.SetString(c["ExternalIndicatorId"], ind.external)
	t.SetString(c["IndicatorProvider"], ind.source)
	t.SetString(c["SourceSystem"], ind.source)
	t.SetInt(c["Active"], flag(ind.active()))
	t.SetString(c["Action"], ind.action)
	if ind.confidence >= 0 {
		t.SetInt(c["ConfidenceScore"], int64(ind.confidence))
	}
	if ind.severity >= 0 {
		t.SetInt(c["ThreatSeverity"], int64(ind.severity))
	}
	description := ind.description
	if description == "" {
		description = ind.name
	}
	t.SetString(c["Description"], description)
	setTime(t, c["ExpirationDateTime"], ind.until)
	for _, p := range ind.phases {
		if name := killChain[strings.ToLower(p)]; name != "" {
			t.SetInt(c[name], 1)
		}
	}
	t.SetText(c["Tags"], labels)
	if len(ind.types) > 0 {
		t.SetString(c["ThreatType"], ind.types[0])
	}
	t.SetString(c["TrafficLightProtocolLevel"], ind.tlp)
	t.SetString(c[column], o.value)
	if kind != "" {
		t.SetString(c["FileHashType"], kind)
	}
	return w.Done(ctx, t, t.CommitAs(identity(t.Name, ind.id, o)), offset, raw)
}

// legacyColumn names the column of ThreatIntelligenceIndicator that has an observable, and of a hash its kind.
func legacyColumn(o observable) (column, hash string) {
	network := strings.Contains(o.value, "/")
	switch o.key {
	case "ipv4-addr:value", "ipv6-addr:value":
		if network {
			return "NetworkCidrBlock", ""
		}
		return "NetworkIP", ""
	case "network-traffic:src_ref.value":
		if network {
			return "NetworkSourceCidrBlock", ""
		}
		return "NetworkSourceIP", ""
	case "network-traffic:dst_ref.value":
		switch {
		case addressKey(o.value) == "":
			return "DomainName", ""
		case network:
			return "NetworkDestinationCidrBlock", ""
		}
		return "NetworkDestinationIP", ""
	case "network-traffic:src_port":
		return "NetworkSourcePort", ""
	case "network-traffic:dst_port":
		return "NetworkDestinationPort", ""
	case "domain-name:value":
		return "DomainName", ""
	case "url:value":
		return "Url", ""
	case "file:name":
		return "FileName", ""
	case "mutex:name":
		return "FileMutexName", ""
	case "email-addr:value", "email-message:from_ref.value", "email-message:sender_ref.value":
		return "EmailSenderAddress", ""
	case "email-message:subject":
		return "EmailSubject", ""
	case "autonomous-system:number":
		return "NetworkSourceAsn", ""
	case "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'":
		return "UserAgent", ""
	}
	if rest, ok := strings.CutPrefix(o.key, "file:hashes."); ok {
		switch kind := strings.ToUpper(strings.NewReplacer("'", "", `"`, "", "-", "", "_", "").Replace(rest)); kind {
		case "SHA1", "SHA256", "SHA512", "SHA224", "SHA384":
			return "FileHashValue", "SHA-" + kind[3:]
		default:
			return "FileHashValue", kind
		}
	}
	return "", ""
}

// killChain leads the phases of Lockheed Martin's chain to columns.
var killChain = map[string]string{
	"reconnaissance": "KillChainReconnaissance", "weaponization": "KillChainWeaponization", "delivery": "KillChainDelivery",
	"exploitation": "KillChainExploitation", "c2": "KillChainC2", "command-and-control": "KillChainC2", "command-control": "KillChainC2",
	"actions-on-objectives": "KillChainActions", "actions-on-objective": "KillChainActions",
}

// markings are the levels of the Traffic Light Protocol, versions 1 and 2, by the ids that STIX gives them.
var markings = map[string]string{
	"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "white",
	"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
	"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
	"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
	"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "white",
	"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
	"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
	"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber",
	"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}

// tlpOf reads a level as people write it: TLP:AMBER, tlp:clear, Green. It returns "" for anything else.
func tlpOf(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(s, "tlp")
	switch strings.Trim(s, `:="' `) {
	case "white", "clear":
		return "white"
	case "green":
		return "green"
	case "amber", "amber+strict":
		return "amber"
	case "red":
		return "red"
	}
	return ""
}

// stix makes the object that Data holds of an indicator that came another way.
func (ind *indicator) stix() []byte {
	b := []byte(`{"type":"indicator","spec_version":"2.1"`)
	put := func(name string, value []byte) {
		b = append(append(append(append(b, `,"`...), name...), `":`...), value...)
	}
	str := func(name, value string) {
		if value != "" {
			put(name, jsontext.Quote(nil, []byte(value)))
		}
	}
	clock := func(name string, ticks int64) {
		if ticks != 0 {
			str(name, rows.TimeOf(ticks).Format("2006-01-02T15:04:05.999Z07:00"))
		}
	}
	str("id", ind.id)
	clock("created", ind.created)
	clock("modified", ind.modified)
	str("name", ind.name)
	str("description", ind.description)
	str("pattern", ind.pattern)
	str("pattern_type", "stix")
	clock("valid_from", ind.from)
	clock("valid_until", ind.until)
	if len(ind.types) > 0 {
		put("indicator_types", list(ind.types))
	}
	if len(ind.labels) > 0 {
		put("labels", list(ind.labels))
	}
	if ind.confidence >= 0 {
		put("confidence", strconv.AppendInt(nil, int64(ind.confidence), 10))
	}
	if ind.revoked {
		put("revoked", []byte("true"))
	}
	return append(b, '}')
}

// nameSpace is the one that STIX has for ids made of what an object says.
var nameSpace = [16]byte{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7}

// madeID is the id of an indicator that has none: a UUID of version 5 of its parts.
func madeID(parts ...string) string {
	h := sha1.New()
	h.Write(nameSpace[:])
	h.Write([]byte(strings.Join(parts, "\x00")))
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	s := hex.EncodeToString(u)
	return fmt.Sprintf("indicator--%s-%s-%s-%s-%s", s[:8], s[8:12], s[12:16], s[16:20], s[20:])
}

func setTime(t *rows.Table, c *rows.Column, ticks int64) {
	if ticks != 0 {
		t.SetInt(c, ticks)
	}
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// text is what a JSON value says as text; "" for null, objects and lists.
func text(raw []byte) string {
	switch jsontext.KindOf(raw) {
	case jsontext.String:
		return string(jsontext.Text(nil, raw))
	case jsontext.Number, jsontext.Bool:
		return string(raw)
	}
	return ""
}

// texts are the texts of a list.
func texts(raw []byte) []string {
	var out []string
	if jsontext.KindOf(raw) == jsontext.Array {
		jsontext.Elements(raw, func(e []byte) bool {
			if s := text(e); s != "" {
				out = append(out, s)
			}
			return len(out) < 1000
		})
	}
	return out
}

// list is the JSON of a list of texts, or nothing.
func list(texts []string) []byte {
	if len(texts) == 0 {
		return nil
	}
	b := []byte{'['}
	for i, s := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsontext.Quote(b, []byte(s))
	}
	return append(b, ']')
}

// when reads a time of an API, in ticks; 0 if it is none.
func when(raw []byte) int64 {
	s := text(raw)
	if ticks, ok := rows.ParseTime([]byte(s), nil, rows.MonthFirst); ok {
		return ticks
	}
	if ticks, ok := rows.Epoch([]byte(s)); ok {
		return ticks
	}
	return 0
}
