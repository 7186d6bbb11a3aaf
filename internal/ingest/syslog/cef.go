package syslog

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"

	"nordlys/internal/ingest/rows"
)

// cefColumns leads the keys of CEF's extension, in lower case, to the columns of CommonSecurityLog.
// https://learn.microsoft.com/azure/sentinel/cef-name-mapping
var cefColumns = map[string]string{
	"act": "DeviceAction", "app": "ApplicationProtocol", "cat": "DeviceEventCategory", "cnt": "EventCount",
	"destinationdnsdomain": "DestinationDnsDomain", "destinationservicename": "DestinationServiceName",
	"destinationtranslatedaddress": "DestinationTranslatedAddress", "destinationtranslatedport": "DestinationTranslatedPort",
	"devicedirection": "CommunicationDirection", "devicednsdomain": "DeviceDnsDomain", "deviceexternalid": "DeviceExternalID",
	"devicefacility": "DeviceFacility", "deviceinboundinterface": "DeviceInboundInterface", "devicentdomain": "DeviceNtDomain",
	"deviceoutboundinterface": "DeviceOutboundInterface", "devicepayloadid": "DevicePayloadId", "deviceprocessname": "ProcessName",
	"devicetranslatedaddress": "DeviceTranslatedAddress", "dhost": "DestinationHostName", "dmac": "DestinationMACAddress",
	"dntdom": "DestinationNTDomain", "dpid": "DestinationProcessId", "dpriv": "DestinationUserPrivileges", "dproc": "DestinationProcessName",
	"dpt": "DestinationPort", "dst": "DestinationIP", "dtz": "DeviceTimeZone", "duid": "DestinationUserID", "duser": "DestinationUserName",
	"dvc": "DeviceAddress", "dvchost": "DeviceName", "dvcmac": "DeviceMacAddress", "dvcpid": "ProcessID",
	"end": "EndTime", "externalid": "ExtID", "filecreatetime": "FileCreateTime", "filehash": "FileHash", "fileid": "FileID",
	"filemodificationtime": "FileModificationTime", "filepath": "FilePath", "filepermission": "FilePermission", "filetype": "FileType",
	"fname": "FileName", "fsize": "FileSize", "in": "ReceivedBytes", "msg": "Message",
	"oldfilecreatetime": "OldFileCreateTime", "oldfilehash": "OldFileHash", "oldfileid": "OldFileID", "oldfilemodificationtime": "OldFileModificationTime",
	"oldfilename": "OldFileName", "oldfilepath": "OldFilePath", "oldfilepermission": "OldFilePermission", "oldfilesize": "OldFileSize",
	"oldfiletype": "OldFileType", "out": "SentBytes", "outcome": "EventOutcome", "proto": "Protocol", "reason": "Reason",
	"request": "RequestURL", "requestclientapplication": "RequestClientApplication", "requestcontext": "RequestContext",
	"requestcookies": "RequestCookies", "requestmethod": "RequestMethod", "rt": "ReceiptTime", "shost": "SourceHostName",
	"smac": "SourceMACAddress", "sntdom": "SourceNTDomain", "sourcednsdomain": "SourceDnsDomain", "sourceservicename": "SourceServiceName",
	"sourcetranslatedaddress": "SourceTranslatedAddress", "sourcetranslatedport": "SourceTranslatedPort", "spid": "SourceProcessId",
	"spriv": "SourceUserPrivileges", "sproc": "SourceProcessName", "spt": "SourcePort", "src": "SourceIP", "start": "StartTime",
	"suid": "SourceUserID", "suser": "SourceUserName", "type": "EventType",
	"c6a1": "DeviceCustomIPv6Address1", "c6a2": "DeviceCustomIPv6Address2", "c6a3": "DeviceCustomIPv6Address3", "c6a4": "DeviceCustomIPv6Address4",
	"cfp1": "DeviceCustomFloatingPoint1", "cfp2": "DeviceCustomFloatingPoint2", "cfp3": "DeviceCustomFloatingPoint3", "cfp4": "DeviceCustomFloatingPoint4",
	"cn1": "FieldDeviceCustomNumber1", "cn2": "FieldDeviceCustomNumber2", "cn3": "FieldDeviceCustomNumber3",
	"cs1": "DeviceCustomString1", "cs2": "DeviceCustomString2", "cs3": "DeviceCustomString3", "cs4": "DeviceCustomString4",
	"cs5": "DeviceCustomString5", "cs6": "DeviceCustomString6",
	"devicecustomdate1": "DeviceCustomDate1", "devicecustomdate2": "DeviceCustomDate2",
	"flexstring1": "FlexString1", "flexstring2": "FlexString2", "flexdate1": "FlexDate1", "flexnumber1": "FlexNumber1", "flexnumber2": "FlexNumber2",
}

// cefLabels are the keys of custom fields that have a label beside them; a number's label stands under its older name.
var cefLabels = map[string]string{"cn1": "DeviceCustomNumber1", "cn2": "DeviceCustomNumber2", "cn3": "DeviceCustomNumber3"}

// cefHeader are the columns of the fields between bars.
var cefHeader = []string{"DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID", "Activity", "LogSeverity"}

// cefAt finds where CEF begins in a message: at its beginning, or behind a word or two of a relay; -1 if it is none.
func cefAt(b []byte) int {
	from := 0
	for {
		i := bytes.Index(b[from:min(len(b), 256)], []byte("CEF:"))
		if i < 0 {
			return -1
		}
		i += from
		rest := bytes.TrimLeft(b[i+4:min(len(b), i+8)], " ")
		if (i == 0 || b[i-1] == ' ') && len(rest) > 1 && rest[0] >= '0' && rest[0] <= '9' && (rest[1] == '|' || rest[1] == '.') {
			return i
		}
		from = i + 4
	}
}

// cefTable fills CommonSecurityLog.
type cefTable struct {
	t    *rows.Table
	keys map[string]*rows.Column // by key in lower case
	cols map[string]*rows.Column // by name
}

func newCEFTable(w *rows.Writer) *cefTable {
	c := &cefTable{t: w.Table("CommonSecurityLog"), keys: map[string]*rows.Column{}, cols: map[string]*rows.Column{}}
	for key, name := range cefColumns {
		c.keys[key] = c.t.Column(name)
		label := name
		if l := cefLabels[key]; l != "" {
			label = l
		}
		if col := c.t.Column(label + "Label"); col != nil {
			c.keys[key+"label"] = col
		}
	}
	for _, n := range append([]string{"TimeGenerated", "Computer", "SourceSystem", "AdditionalExtensions", "RemoteIP", "RemotePort", "DeviceCustomNumber1",
		"DeviceCustomNumber2", "DeviceCustomNumber3", "ExternalID", "CommunicationDirection", "SourceIP", "SourcePort", "DestinationIP", "DestinationPort"}, cefHeader...) {
		c.cols[n] = c.t.Column(n)
	}
	return c
}

// event makes the row of an event in CEF; ticks is the time of the header of syslog around it, 0 if there is none.
func (e *emitter) event(ctx context.Context, h *header, text []byte, ticks int64, raw []byte, offset, length int64, w *rows.Writer) error {
	w.Format("CEF")
	w.Next()
	if e.cef == nil {
		e.cef = newCEFTable(w)
	}
	fields, extension, ok := cefFields(text)
	if !ok {
		return w.Refuse(ctx, offset, "CEF with fewer than seven fields between bars", raw, length)
	}
	c := e.cef
	t := c.t
	t.Begin()
	for i, name := range cefHeader {
		t.SetString(c.cols[name], fields[i])
	}
	t.SetString(c.cols["SourceSystem"], "OpsManager")
	t.SetText(c.cols["Computer"], h.host)
	var more []byte
	var received, ended, started int64
	var direction, sourcePort, destinationPort string
	eachPair(extension, func(key, value string) {
		low := strings.ToLower(key)
		col := c.keys[low]
		if col == nil || t.Has(col) {
			if len(more) > 0 {
				more = append(more, ';')
			}
			more = append(append(append(more, key...), '='), value...)
			return
		}
		switch low {
		case "rt":
			received = e.cefTime(value)
		case "end", "start":
			at := e.cefTime(value)
			if low == "end" {
				ended = at
			} else {
				started = at
			}
			if at != 0 {
				t.SetInt(col, at)
				return
			}
		case "cn1", "cn2", "cn3":
			if n, err := strconv.ParseInt(value, 10, 32); err == nil {
				t.SetInt(c.cols["DeviceCustomNumber"+low[2:]], n)
			}
		case "externalid":
			if n, err := strconv.ParseInt(value, 10, 32); err == nil {
				t.SetInt(c.cols["ExternalID"], n)
			}
		case "devicedirection":
			direction = value
		case "spt":
			sourcePort = value
		case "dpt":
			destinationPort = value
		}
		t.SetString(col, value)
	})
	t.SetText(c.cols["AdditionalExtensions"], more)
	switch direction { // which end is the remote one
	case "0", "Inbound", "inbound":
		t.SetText(c.cols["RemoteIP"], t.Text(c.cols["SourceIP"]))
		t.SetString(c.cols["RemotePort"], sourcePort)
	case "1", "Outbound", "outbound":
		t.SetText(c.cols["RemoteIP"], t.Text(c.cols["DestinationIP"]))
		t.SetString(c.cols["RemotePort"], destinationPort)
	}
	// A time that says its year and zone is worth more than one that does not.
	if ticks == 0 || !h.zoned {
		for _, at := range []int64{received, ended, started} {
			if at != 0 {
				ticks = at
				break
			}
		}
	}
	if ticks == 0 {
		ticks = w.Modified()
	}
	t.SetInt(c.cols["TimeGenerated"], ticks)
	return w.Done(ctx, t, t.CommitAs(e.again.Of(t.Name, ticks, text)), offset, raw) // the relay's header is not the event
}

// cefFields cuts the fields between bars, in which \| and \\ are escaped.
func cefFields(b []byte) (fields [6]string, extension []byte, ok bool) {
	i := bytes.IndexByte(b, '|') + 1
	for n := range fields {
		var f []byte
		for ; ; i++ {
			if i >= len(b) {
				if n == 5 && len(f) > 0 { // no extension, and no bar before it
					fields[n] = string(bytes.TrimSpace(f))
					return fields, nil, true
				}
				return fields, nil, false
			}
			if b[i] == '|' {
				break
			}
			if b[i] == '\\' && i+1 < len(b) && (b[i+1] == '|' || b[i+1] == '\\') {
				i++
			}
			f = append(f, b[i])
		}
		i++
		fields[n] = string(bytes.TrimSpace(f))
	}
	return fields, b[i:], true
}

// eachPair calls f with each key and value of an extension. A value ends where a blank and the next key with its = follow.
func eachPair(b []byte, f func(key, value string)) {
	at := keyAt(b, 0)
	for at.eq >= 0 {
		next := keyAt(b, at.eq+1)
		end := len(b)
		if next.eq >= 0 {
			end = next.from
		}
		if value := unescape(bytes.TrimRight(b[at.eq+1:end], " \r\n")); len(value) > 0 {
			f(string(b[at.from:at.eq]), value)
		}
		at = next
	}
}

// pairKey is a key's place: where it begins, and its =.
type pairKey struct{ from, eq int }

// keyAt finds the next key at or after i.
func keyAt(b []byte, i int) pairKey {
	for from := i; ; {
		eq := bytes.IndexByte(b[from:], '=')
		if eq < 0 {
			return pairKey{-1, -1}
		}
		eq += from
		start := eq
		for start > i && isKey(b[start-1]) {
			start--
		}
		if start < eq && (start == 0 || start > i && (b[start-1] == ' ' || b[start-1] == '\t' || b[start-1] == '\n') || start == i && i == 0) && !escaped(b, eq) {
			return pairKey{start, eq}
		}
		from = eq + 1
	}
}

func isKey(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '.' || c == '-' || c == '[' || c == ']'
}

func escaped(b []byte, i int) bool {
	n := 0
	for i > 0 && b[i-1] == '\\' {
		i--
		n++
	}
	return n%2 == 1
}

func unescape(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) {
			switch b[i+1] {
			case '=', '\\', '|':
				i++
			case 'n':
				out = append(out, '\n')
				i++
				continue
			case 'r':
				out = append(out, '\r')
				i++
				continue
			}
		}
		out = append(out, b[i])
	}
	return string(out)
}

// cefLayouts are the spellings of times besides milliseconds since 1970.
var cefLayouts = []string{"Jan _2 2006 15:04:05.000 MST", "Jan _2 2006 15:04:05.000", "Jan _2 2006 15:04:05 MST", "Jan _2 2006 15:04:05"}

// cefTime reads a time of CEF in ticks; 0 if it is none, or one without a year.
func (e *emitter) cefTime(s string) int64 {
	if ticks, ok := rows.Epoch([]byte(s)); ok {
		return ticks
	}
	zone := e.w.Zone()
	if ticks, ok := rows.ParseTime([]byte(s), zone, rows.MonthFirst); ok {
		return ticks
	}
	if zone == nil {
		zone = time.UTC
	}
	for _, l := range cefLayouts {
		if t, err := time.ParseInLocation(l, s, zone); err == nil {
			if name, offset := t.Zone(); strings.HasSuffix(l, "MST") && offset == 0 && name != "UTC" && name != "GMT" && name != "Z" {
				continue // the name of a zone that says nothing about its offset
			}
			return rows.TicksOf(t)
		}
	}
	return 0
}
