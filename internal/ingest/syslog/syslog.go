// Package syslog reads syslog as it lies in files: RFC 5424 and 3164, with the priority in front or without it as in
// /var/log, with rsyslog's times, what journalctl prints, as text and as JSON, and CEF in any of these or bare. Messages
// become Syslog, CEF becomes CommonSecurityLog.
//
// https://www.rfc-editor.org/rfc/rfc5424, https://www.rfc-editor.org/rfc/rfc3164,
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/syslog
package syslog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
)

// header is what stands before the message of a line.
type header struct {
	pri        int // -1 if there is none
	ticks      int64
	month, day int   // of a time without a year
	clock      int64 // ticks of its day
	zoned      bool  // the time says its zone
	host       []byte
	app, pid   []byte
	id, data   []byte // MSGID and structured data of RFC 5424
	message    []byte
	rfc5424    bool
	bare       bool // CEF without a header
}

var facilities = []string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}

var severities = []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// fileFacilities says which facility the default rules of distributions lead to a file, for lines without a priority.
var fileFacilities = map[string]string{"auth.log": "auth", "secure": "authpriv", "cron": "cron", "cron.log": "cron", "maillog": "mail", "mail.log": "mail",
	"mail.err": "mail", "mail.warn": "mail", "kern.log": "kern", "daemon.log": "daemon", "user.log": "user", "lpr.log": "lpr"}

// parse reads a line that begins a message.
func parse(line []byte) (h header, ok bool) {
	h.pri = -1
	if cefAt(line) == 0 {
		h.bare, h.message = true, line
		return h, true
	}
	line = frame(line)
	if len(line) > 3 && line[0] == '<' {
		end := bytes.IndexByte(line[:min(len(line), 6)], '>')
		if end < 2 {
			return h, false
		}
		n, err := strconv.Atoi(string(line[1:end]))
		if err != nil || n < 0 || n > 191 {
			return h, false
		}
		h.pri, line = n, line[end+1:]
		if len(line) > 2 && line[0] == '1' && line[1] == ' ' {
			return h.parse5424(line[2:])
		}
	}
	return h.parse3164(line)
}

// damaged says whether a line that cannot be parsed set out to begin a message all the same: <13>, or Mar 44.
func damaged(line []byte) bool {
	if line = frame(line); len(line) < 7 {
		return false
	}
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	if line[0] == '<' {
		end := bytes.IndexByte(line[:6], '>')
		return end >= 2 && digit(line[1]) && digit(line[end-1])
	}
	return strings.Index(months, string(line[:3]))%3 == 0 && line[3] == ' ' && (line[4] == ' ' || digit(line[4])) && (digit(line[5]) || line[5] == ' ')
}

// frame takes off the length that syslog over TCP puts before a message: https://www.rfc-editor.org/rfc/rfc6587
func frame(line []byte) []byte {
	for i := 0; i < len(line) && i < 8; i++ {
		if line[i] == ' ' && i > 0 && i+1 < len(line) && line[i+1] == '<' {
			return line[i+1:]
		}
		if line[i] < '0' || line[i] > '9' {
			break
		}
	}
	return line
}

func cut(b []byte) (first, rest []byte) {
	first, rest, _ = bytes.Cut(b, []byte(" "))
	return first, rest
}

func (h *header) parse5424(b []byte) (header, bool) {
	h.rfc5424 = true
	var stamp []byte
	stamp, b = cut(b)
	h.host, b = cut(b)
	h.app, b = cut(b)
	h.pid, b = cut(b)
	h.id, b = cut(b)
	for _, f := range []*[]byte{&h.host, &h.app, &h.pid, &h.id} {
		if string(*f) == "-" {
			*f = nil
		}
	}
	if string(stamp) != "-" {
		ticks, ok := rows.ParseTime(stamp, nil, rows.MonthFirst)
		if !ok {
			return *h, false
		}
		h.ticks, h.zoned = ticks, true
	}
	switch {
	case len(b) > 0 && b[0] == '-':
		b = b[1:]
	case len(b) > 0 && b[0] == '[':
		end := structured(b)
		if end < 0 {
			return *h, false
		}
		h.data, b = b[:end], b[end:]
	default:
		return *h, false
	}
	h.message = bytes.TrimPrefix(bytes.TrimPrefix(b, []byte(" ")), []byte("\xef\xbb\xbf"))
	return *h, true
}

// structured is the length of the structured data at the beginning of b, or -1.
func structured(b []byte) int {
	i := 0
	for i < len(b) && b[i] == '[' {
		quoted := false
		for i++; i < len(b); i++ {
			if quoted && b[i] == '\\' {
				i++
				continue
			}
			if b[i] == '"' {
				quoted = !quoted
			}
			if b[i] == ']' && !quoted {
				break
			}
		}
		if i >= len(b) {
			return -1
		}
		i++
	}
	return i
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

func (h *header) parse3164(b []byte) (header, bool) {
	switch {
	case len(b) > 15 && b[3] == ' ' && strings.Index(months, string(b[:3]))%3 == 0:
		h.month = strings.Index(months, string(b[:3]))/3 + 1
		rest := bytes.TrimLeft(b[4:], " ")
		day, rest := cut(rest)
		n, err := strconv.Atoi(string(day))
		if err != nil || n < 1 || n > 31 {
			return *h, false
		}
		h.day = n
		word, rest := cut(rest)
		year := 0
		if len(word) == 4 && bytes.IndexByte(word, ':') < 0 { // routers write it
			if year, err = strconv.Atoi(string(word)); err != nil {
				return *h, false
			}
			word, rest = cut(rest)
		}
		word = bytes.TrimSuffix(word, []byte(":"))
		if len(word) == 7 && word[1] == ':' {
			word = append([]byte("0"), word...)
		}
		ticks, ok := rows.ParseTime(append([]byte("2000-01-01T"), append(bytes.Clone(word), 'Z')...), nil, rows.MonthFirst)
		if !ok || len(word) < 8 {
			return *h, false
		}
		h.clock = ticks % rows.Day
		if year != 0 {
			t := time.Date(year, time.Month(h.month), h.day, 0, 0, 0, 0, time.UTC)
			if t.Day() != h.day {
				return *h, false
			}
			h.ticks, h.month = rows.TicksOf(t)+h.clock, 0
		}
		b = rest
	case len(b) > 19 && b[4] == '-' && b[7] == '-' && b[10] == 'T':
		stamp, rest := cut(b)
		ticks, ok := rows.ParseTime(bytes.TrimSuffix(stamp, []byte(":")), nil, rows.MonthFirst)
		if !ok {
			return *h, false
		}
		h.ticks = ticks
		tail := stamp[min(19, len(stamp)):]
		h.zoned = bytes.ContainsAny(tail, "Z+-")
		b = rest
	default:
		return *h, false
	}
	b = bytes.TrimLeft(b, " ")
	if cefAt(b) == 0 {
		h.message = b
		return *h, true
	}
	// A host stands before the tag, except where a daemon wrote the line itself.
	if first, rest := cut(b); len(first) > 0 && first[len(first)-1] != ':' {
		h.host, b = first, bytes.TrimLeft(rest, " ")
	}
	if cefAt(b) != 0 {
		b = h.tag(b)
	}
	h.message = b
	return *h, len(h.host) > 0 || len(h.app) > 0
}

// tag takes NAME[PID]: off a message.
func (h *header) tag(b []byte) []byte {
	end := bytes.IndexAny(b[:min(len(b), 128)], "[: ")
	if end <= 0 || b[end] == ' ' {
		return b
	}
	name, rest := b[:end], b[end:]
	if rest[0] == '[' {
		close := bytes.IndexByte(rest, ']')
		if close < 2 || close > 32 {
			return b
		}
		h.pid = rest[1:close]
		rest = rest[close+1:]
	}
	if len(rest) > 0 && rest[0] != ':' {
		h.pid = nil
		return b
	}
	h.app = name
	return bytes.TrimPrefix(bytes.TrimPrefix(rest, []byte(":")), []byte(" "))
}

// Text is the rows.Decoder of lines.
type Text struct{ emitter }

// NewText makes the decoder.
func NewText() *Text { return &Text{} }

// Formats lists what the decoder reads.
func (*Text) Formats() []rows.Format {
	return []rows.Format{
		{Name: "syslog", Tables: []string{"Syslog"}, Signs: "lines that begin with a priority and a time, or with a time, a host and a name",
			Routes: "RFC 3164 and 5424, /var/log, rsyslog, journalctl -o short, short-iso, short-precise"},
		{Name: "CEF", Tables: []string{"CommonSecurityLog"}, Signs: "CEF:0| at the beginning of lines or of messages of syslog", Routes: "files of forwarders, firewalls and appliances"},
	}
}

// Detect wants the first line and half of the others to begin messages.
func (*Text) Detect(_ string, head []byte) rows.Confidence {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	lines, good, sure := 0, 0, false
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 || isNotice(line) {
			continue
		}
		lines++
		h, ok := parse(line)
		switch {
		case ok && (h.pri >= 0 || h.bare || len(h.app) > 0 && !isLevel(h.host) || cefAt(h.message) >= 0):
			good++
			sure = sure || h.pri >= 0 || h.bare
		case !ok && lines == 1:
			return rows.No
		}
		if lines == 50 {
			break
		}
	}
	switch {
	case good == 0 || good*2 < lines && !sure:
		return rows.No
	case sure:
		return rows.Surely
	}
	return rows.Probably
}

// isLevel says that the word behind a time is a level, as programs write in logs of their own, and no host.
func isLevel(word []byte) bool {
	switch strings.ToUpper(strings.Trim(string(word), "[]():|")) {
	case "TRACE", "DEBUG", "INFO", "INFORMATION", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "FATAL", "CRITICAL", "PANIC", "STDOUT", "STDERR":
		return true
	}
	return false
}

// isNotice recognises what journalctl prints between messages.
func isNotice(line []byte) bool {
	return bytes.HasPrefix(line, []byte("-- ")) && bytes.HasSuffix(bytes.TrimRight(line, " "), []byte("--")) ||
		bytes.HasPrefix(line, []byte("-- Journal begins")) || bytes.HasPrefix(line, []byte("-- Logs begin"))
}

// Decode reads the lines. Lines that begin no message belong to the one before them.
func (d *Text) Decode(ctx context.Context, src io.Reader, w *rows.Writer) error {
	d.start(w)
	in := rows.NewLines(src)
	var held []byte // the message so far
	var at, length int64
	began := false
	flush := func() error {
		if !began {
			return nil
		}
		began = false
		return d.message(ctx, held, at, length, w)
	}
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := in.Next()
		if errors.Is(err, io.EOF) {
			if err := flush(); err != nil {
				return err
			}
			d.notes(w)
			return nil
		}
		if err != nil {
			return errors.Join(flush(), err)
		}
		if isNotice(line) {
			continue
		}
		_, ok := parse(line)
		switch {
		case ok:
			if err := flush(); err != nil {
				return err
			}
			held, at, length, began = append(held[:0], line...), in.Offset, in.Length, true
		case damaged(line):
			if err := flush(); err != nil {
				return err
			}
			w.Next()
			w.Format("syslog")
			if err := w.Refuse(ctx, in.Offset, "it begins as a message of syslog does, but its priority or its time is none", line, in.Length); err != nil {
				return err
			}
		case len(bytes.TrimSpace(line)) == 0 && !began:
		case began && len(held)+len(line) < rows.MaxLine:
			held = append(append(held, '\n'), line...)
			length += in.Length
		default:
			if err := flush(); err != nil {
				return err
			}
			w.Next()
			w.Format("syslog")
			if err := w.Refuse(ctx, in.Offset, "a line that begins no message of syslog, and that follows none", line, in.Length); err != nil {
				return err
			}
		}
	}
}

// emitter makes rows of messages.
type emitter struct {
	w     *rows.Writer
	t     *rows.Table
	cols  map[string]*rows.Column
	cef   *cefTable
	again rows.Repeats

	facility          string // of the file
	yearless, unzoned bool   // something was read with help
	byName            bool
}

func (e *emitter) start(w *rows.Writer) {
	e.w, e.yearless, e.unzoned, e.byName, e.again = w, false, false, false, rows.Repeats{}
	name := strings.ToLower(path.Base(strings.ReplaceAll(w.Path(), `\`, "/")))
	name = strings.TrimSuffix(name, ".gz")
	for { // rotated: auth.log.1, secure-20250301
		i := strings.LastIndexAny(name, ".-")
		if i < 0 || i+1 == len(name) || strings.Trim(name[i+1:], "0123456789") != "" {
			break
		}
		name = name[:i]
	}
	e.facility = fileFacilities[name]
	if e.t != nil {
		return
	}
	e.t = w.Table("Syslog")
	e.cols = map[string]*rows.Column{}
	for _, n := range []string{"TimeGenerated", "EventTime", "Facility", "SeverityLevel", "HostName", "HostIP", "Computer", "ProcessName", "ProcessID",
		"SyslogMessage", "SourceSystem"} {
		e.cols[n] = e.t.Column(n)
	}
}

func (e *emitter) notes(w *rows.Writer) {
	if e.yearless {
		w.Note("times without a year: the last that is not after the file's own time")
	}
	if e.unzoned && w.Zone() == nil {
		w.Note("times without a zone are taken to be UTC; --timezone names another")
	}
	if e.byName {
		w.Note("Facility by the name of the file, as the lines have no priority")
	}
}

// resolve finds the time of a header in ticks; 0 if it has none.
func (e *emitter) resolve(h *header) int64 {
	zone := e.w.Zone()
	if zone == nil {
		zone = time.UTC
	}
	local := func(ticks int64) int64 { // from the clock on the wall
		if zone == time.UTC {
			return ticks
		}
		t := rows.TimeOf(ticks)
		return rows.TicksOf(time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone))
	}
	switch {
	case h.month != 0:
		e.yearless, e.unzoned = true, true
		latest := e.w.Modified() + rows.Day // clocks differ
		for year := rows.TimeOf(latest).Year(); year > rows.TimeOf(latest).Year()-9; year-- {
			t := time.Date(year, time.Month(h.month), h.day, 0, 0, 0, 0, time.UTC)
			if t.Day() != h.day {
				continue // 29 February
			}
			if ticks := local(rows.TicksOf(t) + h.clock); ticks <= latest {
				return ticks
			}
		}
		return 0
	case h.ticks != 0 && !h.zoned:
		e.unzoned = true
		return local(h.ticks)
	}
	return h.ticks
}

// message makes the row of one message, of one or more lines.
func (e *emitter) message(ctx context.Context, raw []byte, offset, length int64, w *rows.Writer) error {
	h, ok := parse(raw)
	if !ok {
		w.Next()
		w.Format("syslog")
		return w.Refuse(ctx, offset, "no message of syslog", raw, length)
	}
	ticks := e.resolve(&h)
	if at := cefAt(h.message); at >= 0 {
		return e.event(ctx, &h, h.message[at:], ticks, raw, offset, length, w)
	}
	w.Format("syslog")
	w.Next()
	t, c := e.t, e.cols
	t.Begin()
	switch {
	case ticks != 0:
		t.SetInt(c["EventTime"], ticks)
	case h.rfc5424:
		ticks = w.Modified() // it says that it has none
	default:
		return w.Refuse(ctx, offset, "its time is no time", raw, length)
	}
	facility := e.facility
	if h.pri >= 0 {
		facility = facilities[h.pri>>3]
		t.SetString(c["SeverityLevel"], severities[h.pri&7])
	} else if string(h.app) == "kernel" {
		facility = "kern"
	} else if facility != "" {
		e.byName = true
	}
	t.SetString(c["Facility"], facility)
	e.origin(t, c, h.host)
	t.SetInt(c["TimeGenerated"], ticks)
	t.SetText(c["ProcessName"], h.app)
	if len(h.pid) > 0 {
		t.SetText(c["ProcessID"], h.pid)
	}
	t.SetText(c["SyslogMessage"], h.message)
	if len(h.id) > 0 {
		t.Keep("MsgId", jsontext.Quote(nil, h.id))
	}
	if len(h.data) > 0 {
		t.Keep("StructuredData", jsontext.Quote(nil, h.data))
	}
	return w.Done(ctx, t, t.CommitAs(e.again.Of(t.Name, ticks, raw)), offset, raw)
}

// origin sets the columns of the machine, by name or address.
func (e *emitter) origin(t *rows.Table, c map[string]*rows.Column, host []byte) {
	t.SetString(c["SourceSystem"], "Linux")
	t.SetText(c["HostName"], host)
	t.SetText(c["Computer"], host)
	if a, err := netip.ParseAddr(string(host)); err == nil {
		t.SetString(c["HostIP"], a.String())
	}
}
