package threatintel

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// Table is the records.Family of rows that say by their columns that they are indicators: CSV of feeds and tools. It comes
// after the families that know their records better.
type Table struct{ emitter }

// NewTable makes the family for one writer.
func NewTable() *Table { return &Table{} }

// Formats lists what the family reads.
func (*Table) Formats() []rows.Format {
	return []rows.Format{{Name: "indicators (table)", Tables: indicatorTables,
		Signs:  "a column such as indicator or ioc, or one of addresses, domains, URLs or hashes beside one of a threat (malware, threat_type) and one of a feed (confidence, first_seen)",
		Routes: "CSV and JSON of feeds (abuse.ch and their like), with # comments or without"}}
}

// Match goes by the names of the columns, and wants an indicator in one of them: rows of other kinds have addresses and
// names of malware too.
func (*Table) Match(r *records.Record, _ *rows.Writer) bool {
	if r.Has("threatType", "targetProduct", "expirationDateTime") {
		return true // Graph's tiIndicators
	}
	var h header
	for i := range r.Members {
		h.see(plainName(string(r.Members[i].Name)))
	}
	if !h.surely() {
		return false
	}
	for i := range r.Members {
		name := plainName(string(r.Members[i].Name))
		role := roleOf(name)
		if role == roleIndicator && name != "indicator" && name != "observable" {
			return true // nothing else is called so; figures are called indicators too
		}
		switch role {
		case roleIndicator, roleValue, roleAddress, roleDomain, roleURL, roleHash, roleMail:
			if _, ok := classify(text(r.Members[i].Value)); ok {
				return true
			}
			if _, _, ok := ranged(text(r.Members[i].Value)); ok {
				return true
			}
		}
	}
	return false
}

// header counts what columns of a table speak for indicators.
type header struct {
	named, typ bool
	host       bool // a machine, of anybody
	values     int  // addresses, domains, URLs
	hash       bool
	threat     bool // what kind of threat it is
	feed       bool // what feeds say beside it: confidence, first seen
}

func (h *header) see(name string) {
	switch roleOf(name) {
	case roleIndicator:
		h.named = true
	case roleAddress, roleURL, roleMail:
		h.values++
	case roleDomain:
		if h.host = h.host || strings.HasPrefix(name, "host") || name == "fqdn"; !h.host {
			h.values++
		}
	case roleHash:
		h.hash = true
	case roleThreat:
		h.threat = true
	case roleConfidence, roleSeen, roleFeed:
		h.feed = true
	case roleKind:
		h.typ = true
	case roleValue:
		h.named = h.named || h.typ
	}
}

// fits says whether a table below comments is one of indicators: what feeds look like.
func (h *header) fits() bool {
	return h.named || (h.host || h.hash || h.values > 0) && (h.threat || h.feed)
}

// surely says so of any table: those of logs and of machines have some of the columns, and two addresses or a host.
func (h *header) surely() bool {
	return h.named || (h.hash || h.values == 1) && !h.host && h.threat && h.feed
}

// role is what a column of a table of indicators is for.
type role uint8

const (
	roleNone role = iota
	roleIndicator
	roleValue // an indicator, if another column says which
	roleKind
	roleAddress
	roleDomain
	roleURL
	roleHash
	roleMail
	roleThreat
	roleDescription
	roleConfidence
	roleSeverity
	roleSeen // only feeds have it
	roleFeed // the same, of no other use
	roleFrom
	roleChanged
	roleUntil
	roleTags
	roleTLP
	roleSource
	roleID
	roleAction
)

// plainName is the name of a column in lower case without what joins its words.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-', '#', '"', '.':
			return -1
		}
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

func roleOf(name string) role {
	switch name {
	case "indicator", "ioc", "iocvalue", "indicatorvalue", "observable", "observablevalue", "indicatorofcompromise":
		return roleIndicator
	case "value":
		return roleValue
	case "ioctype", "indicatortype", "observabletype", "type", "kind":
		return roleKind
	case "ip", "ipaddress", "dstip", "srcip", "ipv4", "ipv6", "cidr", "network", "subnet", "address",
		"networkipv4", "networkipv6", "networkcidrblock", "networksourceipv4", "networksourceipv6", "networksourcecidrblock",
		"networkdestinationipv4", "networkdestinationipv6", "networkdestinationcidrblock":
		return roleAddress
	case "domain", "domainname", "host", "hostname", "fqdn":
		return roleDomain
	case "url", "uri":
		return roleURL
	case "hash", "filehash", "md5", "md5hash", "sha1", "sha1hash", "sha256", "sha256hash", "sha512", "sha512hash", "filehashvalue":
		return roleHash
	case "email", "emailaddress", "sender", "emailsenderaddress":
		return roleMail
	case "threat", "threattype", "malware", "malwareprintable", "malwarefamily", "signature", "listingreason":
		return roleThreat
	case "c2status":
		return roleFeed
	case "description", "comment", "notes", "title", "name":
		return roleDescription
	case "confidence", "confidencelevel", "confidencescore", "score":
		return roleConfidence
	case "severity", "threatseverity":
		return roleSeverity
	case "firstseen", "firstseenutc", "listingdate", "ingesteddatetime":
		return roleSeen
	case "created", "dateadded", "date", "validfrom", "createdtime":
		return roleFrom
	case "lastseen", "lastseenutc", "lastonline", "modified", "updated", "lastreported":
		return roleChanged
	case "expiration", "expires", "validuntil", "expirationdate", "expirationdatetime", "expirationtime", "expiry":
		return roleUntil
	case "tags", "labels", "keywords", "tag":
		return roleTags
	case "tlp", "tlplevel", "trafficlightprotocollevel":
		return roleTLP
	case "source", "feed", "provider":
		return roleSource
	case "id", "iocid", "indicatorid", "uuid":
		return roleID
	case "action":
		return roleAction
	}
	return roleNone
}

// Map makes the rows of one row.
func (f *Table) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	w.Format("indicators (table)")
	return f.row(ctx, r.Members, r.Offset, r.Raw, w)
}

// row makes an indicator of the cells of a row.
func (e *emitter) row(ctx context.Context, members []jsontext.Member, offset int64, raw []byte, w *rows.Writer) error {
	e.open(w)
	w.UTC() // as feeds write
	ind := indicator{confidence: -1, severity: -1, source: feedOf(w)}
	var id, unread string
	read := func(s string) int64 {
		if ticks, ok := e.in.Time([]byte(s)); ok {
			return ticks
		}
		if ticks, ok := rows.Epoch([]byte(s)); ok {
			return ticks
		}
		return 0
	}
	keep := func(m jsontext.Member) { ind.extra = append(ind.extra, m) }
	var last int64
	for _, m := range members {
		s := strings.TrimSpace(text(m.Value))
		if s == "" || s == "None" || s == "N/A" || s == "null" {
			if s == "" && (m.Kind == jsontext.Array || m.Kind == jsontext.Object) {
				if list := texts(m.Value); roleOf(plainName(string(m.Name))) == roleTags && list != nil {
					ind.labels = append(ind.labels, list...)
				} else {
					keep(m)
				}
			}
			continue
		}
		switch roleOf(plainName(string(m.Name))) {
		case roleIndicator, roleValue, roleAddress, roleDomain, roleURL, roleHash, roleMail:
			if o, ok := classify(s); ok {
				ind.seen = append(ind.seen, o)
				continue
			}
			if list, rest, ok := ranged(s); ok && rest == "" {
				ind.seen = append(ind.seen, list...)
				continue
			}
			if unread == "" {
				unread = s
			}
			keep(m)
		case roleThreat:
			ind.types = append(ind.types, s)
		case roleDescription:
			if ind.description != "" {
				s = ind.description + "; " + s
			}
			ind.description = s
		case roleConfidence:
			n, ok := level(s, 100)
			if ok {
				ind.confidence = n
			} else {
				keep(m)
			}
		case roleSeverity:
			if n, ok := level(s, 5); ok {
				ind.severity = n
			} else {
				keep(m)
			}
		case roleSeen, roleFrom:
			if t := read(s); t != 0 && ind.from == 0 {
				ind.from, ind.created = t, t
			} else {
				keep(m)
			}
		case roleChanged:
			if last = max(last, read(s)); last == 0 {
				keep(m)
			}
		case roleUntil:
			if t := read(s); t != 0 {
				ind.until = t
			} else {
				keep(m)
			}
		case roleTags:
			for tag := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
				if tag = strings.TrimSpace(tag); tag != "" {
					ind.labels = append(ind.labels, tag)
				}
			}
		case roleTLP:
			if ind.tlp = tlpOf(s); ind.tlp == "" {
				keep(m)
			}
		case roleSource:
			ind.source = s
		case roleID:
			id = s
			ind.external = s
		case roleAction:
			ind.action = s
		default:
			keep(m)
		}
	}
	ind.modified = last
	if len(ind.seen) == 0 {
		w.Next()
		reason := "a row without an indicator"
		if unread != "" {
			reason = "not an address, domain, URL, hash or address of mail: " + strconv.Quote(unread[:min(len(unread), 100)])
		}
		return w.Refuse(ctx, offset, strings.ToValidUTF8(reason, "?"), raw, int64(len(raw)))
	}
	ind.pattern = patternOf(ind.seen, " OR ")
	if rest, ok := strings.CutPrefix(strings.ToLower(id), "indicator--"); ok && len(rest) == 36 {
		ind.id = strings.ToLower(id)
	} else {
		ind.id = madeID(ind.source, id, ind.pattern)
	}
	for _, l := range ind.labels {
		if t := tlpOf(l); ind.tlp == "" && t != "" && strings.HasPrefix(strings.ToLower(l), "tlp") {
			ind.tlp = t
		}
	}
	return e.emit(ctx, &ind, offset, raw, w)
}

// level reads a number from 0 to most, or a word for one.
func level(s string, most int) (int, bool) {
	if f, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64); err == nil {
		return int(f), f >= 0 && f <= float64(most)
	}
	switch strings.ToLower(s) {
	case "none", "informational", "info", "unknown":
		return 0, true
	case "low":
		return most * 3 / 10, true
	case "medium", "moderate":
		return most * 6 / 10, true
	case "high":
		return most * 9 / 10, true
	case "critical", "very high":
		return most, true
	}
	return 0, false
}

// List is the rows.Decoder of text: one indicator a line, or a table below comments.
type List struct{ emitter }

// NewList makes the decoder.
func NewList() *List { return &List{} }

// Formats lists what the decoder reads.
func (*List) Formats() []rows.Format {
	return []rows.Format{{Name: "indicators (list)", Tables: indicatorTables, Signs: "nearly every line is an address, network, domain, URL or hash",
		Routes: "block lists, one a line, also defanged or as a file of hosts, with # or ; comments"}}
}

// Detect looks at the lines of the beginning: nearly all must be indicators, or they are a table below comments.
func (*List) Detect(_ string, head []byte) rows.Confidence {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if b := bytes.TrimSpace(head); len(b) == 0 || b[0] == '{' || b[0] == '[' && !bytes.HasPrefix(b, []byte("[.")) || b[0] == '<' || bytes.IndexByte(head, 0) >= 0 {
		return rows.No
	}
	if i := bytes.LastIndexByte(head, '\n'); i > 0 && len(head) >= 60_000 {
		head = head[:i]
	}
	if !utf8.Valid(head) {
		return rows.No
	}
	lines, good, mails := 0, 0, 0
	comment := ""
	for line := range bytes.Lines(head) {
		s := strings.TrimSpace(string(line))
		if s == "" {
			continue
		}
		if isComment(s) {
			comment = s
			continue
		}
		lines++
		if lines == 1 {
			if tableHeader(comment) != nil || comment != "" && tableHeader(s) != nil {
				return rows.Surely
			}
			if _, isHead := headWord(s); isHead {
				lines--
				continue
			}
		}
		o, rest, ok := listLine(s)
		if list, after, is := ranged(s); is {
			o, rest, ok = list[0], "", true
			if after != "" && strings.IndexByte("#;,/", after[0]) < 0 {
				rest = after
			}
		}
		if !ok && lines == 1 && strings.Contains(s, ",") {
			return rows.No // a table with a header
		}
		if ok && (rest == "" || strings.IndexByte("#;,/", rest[0]) >= 0) {
			good++
			if o.key == "email-addr:value" {
				mails++
			}
		}
	}
	if good > mails && good*10 >= lines*9 {
		return rows.Probably
	}
	return rows.No
}

func isComment(s string) bool {
	return s[0] == '#' || s[0] == ';' || strings.HasPrefix(s, "//")
}

// headWord says whether the first line of a list is its header.
func headWord(s string) (role, bool) {
	switch r := roleOf(plainName(s)); r {
	case roleIndicator, roleValue, roleAddress, roleDomain, roleURL, roleHash, roleMail:
		return r, true
	}
	return roleNone, false
}

// listLine takes the indicator off a line; rest is what follows it.
func listLine(s string) (o observable, rest string, ok bool) {
	first, rest, _ := strings.Cut(strings.ReplaceAll(s, "\t", " "), " ")
	rest = strings.TrimSpace(rest)
	switch first {
	case "0.0.0.0", "127.0.0.1", "::1", "::":
		name, after, _ := strings.Cut(rest, " ")
		if isDomain(name) {
			return observable{"domain-name:value", name}, strings.TrimSpace(after), true
		}
	}
	if o, ok = classify(strings.TrimRight(first, ",;")); ok && !(o.key == "url:value" && !strings.Contains(o.value, "://") && strings.ContainsAny(first, ",;#")) {
		return o, rest, true
	}
	if i := strings.IndexAny(first, ",;#"); i > 0 {
		if o, ok = classify(first[:i]); ok {
			return o, strings.TrimSpace(first[i:] + " " + rest), true
		}
	}
	return o, s, false
}

// tableHeader is the header of a table in a line, perhaps of a comment, or nil.
func tableHeader(line string) []string {
	line = strings.TrimSpace(strings.TrimLeft(line, "#;/ "))
	cells, err := tableRow(line)
	if err != nil || len(cells) < 2 {
		return nil
	}
	var h header
	for _, c := range cells {
		if len(c) > 60 {
			return nil
		}
		h.see(plainName(c))
	}
	if !h.fits() {
		return nil
	}
	return cells
}

// tableRow cuts a line at commas, or at semicolons or tabs where it has more of them.
func tableRow(line string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.LazyQuotes, r.TrimLeadingSpace, r.FieldsPerRecord = true, true, -1
	for _, d := range ";\t" {
		if strings.Count(line, string(d)) > strings.Count(line, string(r.Comma)) {
			r.Comma = d
		}
	}
	return r.Read()
}

// Decode reads the lines.
func (d *List) Decode(ctx context.Context, src io.Reader, w *rows.Writer) error {
	in := rows.NewLines(src)
	var heads []string
	var comment string
	seen := 0
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at, size := in.Offset, in.Length
		s := strings.TrimSpace(strings.ToValidUTF8(string(line), "\ufffd"))
		switch {
		case s == "":
			continue
		case isComment(s):
			comment = s
			continue
		}
		if seen++; seen == 1 {
			if heads = tableHeader(comment); heads == nil && comment != "" {
				if heads = tableHeader(s); heads != nil {
					continue
				}
			}
			if _, isHead := headWord(s); isHead {
				continue
			}
		}
		switch {
		case size > rows.MaxLine:
			w.Next()
			err = w.Refuse(ctx, at, "a line longer than 1 MB", line, size)
		case heads != nil:
			w.Format("indicators (table)")
			err = d.tableLine(ctx, heads, s, at, w)
		default:
			w.Format("indicators (list)")
			err = d.listed(ctx, s, at, w)
		}
		if err != nil {
			return err
		}
	}
}

// tableLine makes the rows of a line below a header.
func (d *List) tableLine(ctx context.Context, heads []string, s string, at int64, w *rows.Writer) error {
	cells, err := tableRow(s)
	if err != nil || len(cells) > len(heads) {
		w.Next()
		return w.Refuse(ctx, at, "a row with more cells than the header, or with a quote that never ends", []byte(s), int64(len(s)))
	}
	var members []jsontext.Member
	for i, c := range cells {
		members = append(members, jsontext.Member{Name: []byte(heads[i]), Value: jsontext.Quote(nil, []byte(c)), Kind: jsontext.String})
	}
	return d.row(ctx, members, at, []byte(s), w)
}

// listed makes the rows of a line of a list.
func (d *List) listed(ctx context.Context, s string, at int64, w *rows.Writer) error {
	seen, rest, ok := ranged(s)
	if !ok {
		var o observable
		o, rest, ok = listLine(s)
		seen = []observable{o}
	}
	if !ok {
		w.Next()
		return w.Refuse(ctx, at, "not an address, network, domain, URL, hash or address of mail", []byte(s), int64(len(s)))
	}
	ind := indicator{confidence: -1, severity: -1, source: feedOf(w), seen: seen, description: strings.TrimSpace(strings.TrimLeft(rest, "#;,/ "))}
	ind.pattern = patternOf(ind.seen, " OR ")
	ind.id = madeID(ind.source, "", ind.pattern)
	return d.emit(ctx, &ind, at, []byte(s), w)
}
