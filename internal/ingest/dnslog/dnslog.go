// Package dnslog reads the debug log of the Windows DNS server, with and without details, into DnsEvents. Event ids are
// those that the server's analytic log has for the same: 256 a query came, 257 and 258 it was answered, 260 and 261 the
// server asked another one and was answered, 263 and 264 updates.
//
// https://learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2008-R2-and-2008/cc776361(v=ws.10) and
// https://learn.microsoft.com/windows-server/networking/dns/dns-logging-and-diagnostics
package dnslog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
)

// stamp is the date and time, the thread and the context at the beginning of a line; dates are written as the server's
// settings have it.
var stamp = regexp.MustCompile(`^(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{8}) +(\d{1,2}[:.]\d{2}[:.]\d{2}(?: [AP]M)?) +([0-9A-Fa-f]{3,8}) +([A-Za-z]+) +(.*)$`)

// packet is what follows PACKET.
var packet = regexp.MustCompile(`^(?:([0-9A-Fa-f]{8,16}) +)?(UDP|TCP) +(Rcv|Snd) +(\S+) +([0-9A-Fa-f]{4}) +(R)? *([QNU?])? *\[([0-9A-Fa-f]{4}) +([ATDR ]*?) *([A-Z0-9]+)\] *(\S+)? *(.*)$`)

// codes are the numbers of answers. https://www.iana.org/assignments/dns-parameters
var codes = map[string]int64{"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5, "YXDOMAIN": 6, "YXRRSET": 7,
	"NXRRSET": 8, "NOTAUTH": 9, "NOTZONE": 10, "BADVERS": 16, "BADSIG": 16, "BADKEY": 17, "BADTIME": 18}

// maxDetails bounds the lines of details that are kept of a packet.
const maxDetails = 64 << 10

// Decoder is the rows.Decoder of the log.
type Decoder struct {
	t    *rows.Table
	cols map[string]*rows.Column
}

// New makes the decoder.
func New() *Decoder { return &Decoder{} }

// Formats lists what the decoder reads.
func (*Decoder) Formats() []rows.Format {
	return []rows.Format{{Name: "Windows DNS debug log", Tables: []string{"DnsEvents"}, Signs: "DNS Server log file creation at, or lines with PACKET, Rcv or Snd",
		Routes: "dns.log of the DNS server, with details or without"}}
}

// Detect looks for the heading, or for packets.
func (*Decoder) Detect(_ string, head []byte) rows.Confidence {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte("DNS Server log file creation at")) || bytes.Contains(head, []byte("\nMessage logging key (for packets")) {
		return rows.Surely
	}
	n := 0
	for line := range bytes.Lines(head) {
		if n++; n > 20 {
			break
		}
		if m := stamp.FindSubmatch(bytes.TrimRight(line, "\r\n")); m != nil && string(m[4]) == "PACKET" && packet.Match(m[5]) {
			return rows.Surely
		}
	}
	return rows.No
}

// run is the reading of one file.
type run struct {
	*Decoder
	w     *rows.Writer
	again rows.Repeats
	order rows.DateOrder

	line    []byte // of the message that is read, nil before the first
	details []byte
	offset  int64
	length  int64
}

// Decode reads the file. A log whose dates can be read both ways needs the user's word.
func (d *Decoder) Decode(ctx context.Context, src io.Reader, w *rows.Writer) error {
	w.Format("Windows DNS debug log")
	if d.t == nil {
		d.t = w.Table("DnsEvents")
		d.cols = map[string]*rows.Column{}
		for _, n := range []string{"TimeGenerated", "SubType", "EventId", "ClientIP", "Name", "QueryType", "Result", "ResultCode", "IPAddresses", "Message", "SourceSystem"} {
			d.cols[n] = d.t.Column(n)
		}
	}
	r := bufio.NewReaderSize(src, 1<<20)
	head, _ := r.Peek(1 << 20)
	order, err := orderOf(head, w.DateOrder())
	if err != nil {
		return err
	}
	u := &run{Decoder: d, w: w, order: order}
	in := rows.NewLines(r)
	seen, cut := false, false
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(u.flush(ctx), err)
		}
		switch {
		case len(line) > 16 && '0' <= line[0] && line[0] <= '9' && stamp.Match(line):
			if err := u.flush(ctx); err != nil {
				return err
			}
			seen = true
			u.line, u.details = append(u.line[:0], line...), u.details[:0]
			u.offset, u.length = in.Offset, in.Length
		case len(u.line) > 0 && len(bytes.TrimSpace(line)) > 0 && len(u.details)+len(line) < maxDetails:
			u.details = append(append(u.details, line...), '\n')
			u.length += in.Length
		case len(u.line) > 0 && len(bytes.TrimSpace(line)) > 0:
			cut = true
		}
	}
	if cut {
		w.Note("details of a packet longer than 64 KB were cut")
	}
	if err := u.flush(ctx); err != nil {
		return err
	}
	if !seen {
		w.Note("no packets in it")
	} else if w.Zone() == nil {
		w.Note("times are those of the server and taken to be UTC; --timezone names another zone")
	}
	return nil
}

// orderOf finds how dates with slashes are meant, in the first megabyte: a number above 12 is a day, a clock with AM and
// PM comes with the month first.
func orderOf(head []byte, said *rows.DateOrder) (rows.DateOrder, error) {
	if said != nil {
		return *said, nil
	}
	example, american := "", false
	for line := range bytes.Lines(head) {
		m := stamp.FindSubmatch(bytes.TrimRight(line, "\r\n"))
		if m == nil || bytes.IndexByte(m[1], '/') < 0 {
			continue
		}
		var a, b int
		if n, _ := fmt.Sscanf(string(m[1]), "%d/%d/", &a, &b); n != 2 || a > 31 {
			continue
		}
		switch {
		case a > 12:
			return rows.DayFirst, nil
		case b > 12:
			return rows.MonthFirst, nil
		case a != b && example == "":
			example = string(m[1])
		}
		american = american || bytes.HasSuffix(m[2], []byte("M"))
	}
	if example == "" || american {
		return rows.MonthFirst, nil
	}
	return rows.Unsure, fmt.Errorf("the date %q can be read day first and month first: say it with --date-order", example)
}

// when reads the time of a line in ticks; 0 if it is none. With hyphens and points the day comes first everywhere, unless
// the year does.
func (u *run) when(date, clock string) int64 {
	clock = strings.ReplaceAll(clock, ".", ":")
	p := strings.FieldsFunc(date, func(r rune) bool { return strings.ContainsRune("-/.", r) })
	switch {
	case len(p) == 1 && len(date) == 8:
		date = date[:4] + "-" + date[4:6] + "-" + date[6:]
	case len(p) != 3:
		return 0
	case len(p[0]) == 4:
		date = p[0] + "-" + pad(p[1]) + "-" + pad(p[2])
	case !strings.Contains(date, "/"):
		date = p[2] + "-" + pad(p[1]) + "-" + pad(p[0])
	}
	ticks, ok := rows.ParseTime([]byte(date+" "+clock), u.w.Zone(), u.order)
	if !ok {
		return 0
	}
	return ticks
}

func pad(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// flush makes the row of the message that was read.
func (u *run) flush(ctx context.Context) error {
	if len(u.line) == 0 {
		return nil
	}
	raw := append([]byte(nil), u.line...)
	if len(u.details) > 0 {
		raw = append(append(raw, '\n'), u.details...)
	}
	m := stamp.FindSubmatch(u.line)
	u.line = u.line[:0]
	w, t, c := u.w, u.t, u.cols
	w.Next()
	ticks := u.when(string(m[1]), string(m[2]))
	if ticks == 0 {
		return w.Refuse(ctx, u.offset, "its time cannot be read", raw, u.length)
	}
	t.Begin()
	t.SetInt(c["TimeGenerated"], ticks)
	t.SetString(c["SourceSystem"], "OpsManager")
	if string(m[4]) == "PACKET" {
		p := packet.FindSubmatch(m[5])
		if p == nil {
			return w.Refuse(ctx, u.offset, "a packet whose fields cannot be told apart", raw, u.length)
		}
		u.packet(p)
	} else {
		t.SetString(c["Message"], string(m[4])+" "+string(m[5]))
	}
	return w.Done(ctx, t, t.CommitAs(u.again.Of(t.Name, ticks, raw)), u.offset, raw)
}

// packet sets the columns of a packet.
func (u *run) packet(p [][]byte) {
	t, c := u.t, u.cols
	received, answer, opcode := string(p[3]) == "Rcv", len(p[6]) > 0, string(p[7])
	kind, id, client := "LookupQuery", int64(0), true
	switch {
	case opcode == "U":
		kind = "DynamicRegistration"
		if id = 263; answer {
			id = 264
		}
	case opcode == "N" || opcode == "?":
		kind = ""
	case received && !answer:
		id = 256
	case !received && answer:
		if id = 257; string(p[10]) != "NOERROR" {
			id = 258
		}
	case !received:
		id, client = 260, false
	default:
		id, client = 261, false
	}
	t.SetString(c["SubType"], kind)
	if id != 0 {
		t.SetInt(c["EventId"], id)
	}
	if client {
		t.SetText(c["ClientIP"], p[4])
	} else {
		t.Keep("Server", jsontext.Quote(nil, p[4])) // that the server asked
	}
	t.SetString(c["Name"], nameOf(string(p[12])))
	t.SetText(c["QueryType"], p[11])
	if answer {
		if code, ok := codes[string(p[10])]; ok {
			t.SetInt(c["ResultCode"], code)
		}
		if string(p[10]) == "NOERROR" {
			t.SetString(c["Result"], "Success")
		} else {
			t.SetText(c["Result"], p[10])
		}
	}
	if len(u.details) > 0 {
		t.SetText(c["Message"], bytes.TrimSpace(u.details))
		t.SetString(c["IPAddresses"], answers(u.details))
	}
	for _, k := range []struct {
		name  string
		value []byte
	}{{"Protocol", p[2]}, {"Xid", p[5]}, {"Flags", append(append(bytes.Clone(p[8]), ' '), bytes.TrimSpace(p[9])...)}} {
		t.Keep(k.name, jsontext.Quote(nil, bytes.TrimSpace(k.value)))
	}
}

// nameOf reads a name as the log writes it, with the length of each label before it: (3)www(7)contoso(3)com(0).
func nameOf(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, ']'); i > 0 && s[0] == '[' { // a reference to another place in the packet
		s = s[i+1:]
	}
	var labels []string
	rest := s
	for {
		end := strings.IndexByte(rest, ')')
		if !strings.HasPrefix(rest, "(") || end < 2 {
			return s // not of that kind
		}
		n := 0
		for _, d := range rest[1:end] {
			if d < '0' || d > '9' || n > 63 {
				return s
			}
			n = n*10 + int(d-'0')
		}
		if rest = rest[end+1:]; n == 0 {
			break
		}
		if n > len(rest) {
			return s
		}
		labels = append(labels, rest[:n])
		rest = rest[n:]
	}
	if len(labels) == 0 {
		return "."
	}
	return strings.Join(labels, ".")
}

// answers lists the addresses in the answer section of a packet's details, with commas.
func answers(details []byte) string {
	var out []string
	in, typ := false, ""
	for line := range bytes.Lines(details) {
		s := strings.TrimSpace(string(line))
		switch {
		case strings.HasSuffix(s, "SECTION:"):
			in = strings.HasPrefix(s, "ANSWER")
		case in && strings.HasPrefix(s, "TYPE"):
			typ = strings.TrimSpace(strings.TrimPrefix(s, "TYPE"))
		case in && strings.HasPrefix(s, "DATA") && (strings.HasPrefix(typ, "A ") || strings.HasPrefix(typ, "AAAA")):
			if a, err := netip.ParseAddr(strings.TrimSpace(strings.TrimPrefix(s, "DATA"))); err == nil && len(out) < 100 {
				out = append(out, a.String())
			}
		}
	}
	return strings.Join(out, ",")
}
