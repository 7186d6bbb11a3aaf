package ingest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"nordlys/internal/ingest/evtx"
	"nordlys/internal/ingest/evtx/evtxtest"
	"nordlys/internal/ingest/windows"
)

// eventLog writes a log of known events: a logon, a process, the log cleared, AppLocker, Sysmon, a classic event, one
// that an event collector got from another machine, and one without data.
func eventLog() []byte {
	const auditing, auditingGUID = "Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-A5BA-3E3B0328C30D}"
	at := time.Date(2025, 3, 4, 10, 41, 7, 123456700, time.UTC)
	text, field := evtxtest.Text, func(name string, v evtxtest.Value) evtxtest.Field { return evtxtest.Field{Name: name, Value: v} }
	var l evtxtest.Log
	add := func(provider, guid string, e evtxtest.Event) {
		var names []string
		for _, f := range e.Data {
			names = append(names, f.Name)
		}
		e.Time = at.Add(time.Duration(e.Record) * time.Second)
		if e.Machine == "" {
			e.Machine = "web01.contoso.com"
		}
		l.Event(evtxtest.NewKind(provider, guid, names...), e)
	}
	add(auditing, auditingGUID, evtxtest.Event{ID: 4624, Version: 2, Task: 12544, Keywords: 0x8020000000000000, Record: 1, PID: 744, TID: 2352,
		ActivityID: "5fdb15ee-2283-f23c-e23b-5e5ddb11bb9c", Channel: "Security", Data: []evtxtest.Field{
			field("SubjectUserSid", evtxtest.SID("S-1-0-0")), field("SubjectUserName", text("-")), field("SubjectDomainName", text("-")),
			field("TargetUserName", text("anna & bo")), field("TargetDomainName", text("CONTOSO")), field("TargetLogonId", evtxtest.Hex64(0x3e7a)),
			field("LogonType", evtxtest.Uint32(10)), field("LogonGuid", evtxtest.GUID("00000000-0000-0000-0000-000000000000")),
			field("KeyLength", evtxtest.Uint32(0)), field("IpAddress", text("203.0.113.66")), field("ImpersonationLevel", text("%%1833")),
			field("NotAColumn", evtxtest.Bool(true)), field("NotThere", evtxtest.Null())}})
	l.EndChunk()
	add(auditing, auditingGUID, evtxtest.Event{ID: 4688, Version: 2, Task: 13312, Keywords: 0x8020000000000000, Record: 2, PID: 4, TID: 8060,
		Channel: "Security", Data: []evtxtest.Field{field("SubjectUserName", text("web01$")), field("SubjectDomainName", text("CONTOSO")),
			field("NewProcessId", evtxtest.Hex64(0x1f4)), field("NewProcessName", text(`C:\Windows\System32\cmd.exe`)), field("CommandLine", text("cmd /c \"whoami\"\r\n"))}})
	add("Microsoft-Windows-Eventlog", "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}", evtxtest.Event{ID: 1102, Level: 4, Task: 104, Keywords: 0x4020000000000000, Record: 3,
		Channel: "Security", UserData: &evtxtest.Element{Name: "UserData", Content: []any{&evtxtest.Element{Name: "LogFileCleared",
			Attrs: []evtxtest.Attr{{Name: "xmlns", Value: []any{"http://manifests.microsoft.com/win/2004/08/windows/eventlog"}}}, Content: []any{
				&evtxtest.Element{Name: "SubjectUserName", Content: []any{"anna"}}, &evtxtest.Element{Name: "SubjectDomainName", Content: []any{"CONTOSO"}}}}}}})
	add("Microsoft-Windows-AppLocker", "{cbda4dbf-8d5d-4f69-9578-be14aa540d22}", evtxtest.Event{ID: 8003, Level: 3, Record: 4, User: "S-1-5-21-1-500",
		Channel: "Microsoft-Windows-AppLocker/EXE and DLL", UserData: &evtxtest.Element{Name: "UserData", Content: []any{&evtxtest.Element{Name: "RuleAndFileData",
			Content: []any{&evtxtest.Element{Name: "FilePath", Content: []any{`%OSDRIVE%\x.exe`}}, &evtxtest.Element{Name: "RuleName", Content: []any{"-"}}}}}}})
	add("Microsoft-Windows-Sysmon", "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}", evtxtest.Event{ID: 3, Version: 5, Level: 4, Task: 3, Keywords: 1 << 63, Record: 5, PID: 2000, TID: 3000,
		User: "S-1-5-18", Channel: "Microsoft-Windows-Sysmon/Operational", Data: []evtxtest.Field{field("UtcTime", text("2025-03-04 10:41:12.000")),
			field("ProcessGuid", evtxtest.GUID("a8b16bac-0001-5d00-0000-0010aabb0400")), field("ProcessId", evtxtest.Uint32(4711)), field("Initiated", evtxtest.Bool(true)),
			field("DestinationIp", text("198.51.100.23")), field("DestinationPort", evtxtest.Uint16(443)), field("Names", evtxtest.Texts("a", "b"))}})
	add("Service Control Manager", "", evtxtest.Event{ID: 7036, Level: 4, Keywords: 0x8080000000000000, Record: 6, PID: 600, TID: 700, Channel: "System",
		Data: []evtxtest.Field{field("param1", text("Update")), field("", evtxtest.Texts("stopped", "", "<1>"))}})
	l.EndChunk()
	add(auditing, auditingGUID, evtxtest.Event{ID: 4625, Task: 12544, Keywords: 0x8010000000000000, Record: 7, Channel: "Security", Machine: "DC01.contoso.com",
		Data: []evtxtest.Field{field("TargetUserName", text("mallory")), field("TargetDomainName", text("")), field("Status", evtxtest.Hex32(0xc000006d)),
			field("FailureReason", text("%%2313")), field("LogonType", evtxtest.Uint32(3)), field("IpAddress", text("-")), field("KeyLength", text("-"))}})
	add("Microsoft-Windows-Kernel-General", "", evtxtest.Event{ID: 13, Level: 4, Record: 8, Channel: "Other/Operational"})
	return l.Bytes()
}

// manyEvents writes a log of n events of four kinds, in the shares that a server's Security log has about.
func manyEvents(n int) []byte {
	const auditing, guid = "Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-A5BA-3E3B0328C30D}"
	text, sid := evtxtest.Text, evtxtest.SID("S-1-5-21-3461203602-4096304019-2269080069-1105")
	type pair struct {
		name  string
		value evtxtest.Value
	}
	var kinds []*evtxtest.Kind
	var events []evtxtest.Event
	for _, k := range []struct {
		id   uint16
		data []pair
	}{
		{4624, []pair{{"SubjectUserSid", evtxtest.SID("S-1-5-18")}, {"SubjectUserName", text("WEB01$")}, {"SubjectDomainName", text("CONTOSO")},
			{"SubjectLogonId", evtxtest.Hex64(0x3e7)}, {"TargetUserSid", sid}, {"TargetUserName", text("anna.hansen")}, {"TargetDomainName", text("CONTOSO")},
			{"TargetLogonId", evtxtest.Hex64(0x3f5a2c1)}, {"LogonType", evtxtest.Uint32(3)}, {"LogonProcessName", text("Kerberos")},
			{"AuthenticationPackageName", text("Kerberos")}, {"WorkstationName", text("-")}, {"LogonGuid", evtxtest.GUID("5fdb15ee-2283-f23c-e23b-5e5ddb11bb9c")},
			{"TransmittedServices", text("-")}, {"LmPackageName", text("-")}, {"KeyLength", evtxtest.Uint32(0)}, {"ProcessId", evtxtest.Hex64(0)},
			{"ProcessName", text("-")}, {"IpAddress", text("203.0.113.66")}, {"IpPort", text("55585")}, {"ImpersonationLevel", text("%%1840")},
			{"RestrictedAdminMode", text("-")}, {"TargetOutboundUserName", text("-")}, {"TargetOutboundDomainName", text("-")}, {"VirtualAccount", text("%%1843")},
			{"TargetLinkedLogonId", evtxtest.Hex64(0)}, {"ElevatedToken", text("%%1842")}}},
		{4634, []pair{{"TargetUserSid", sid}, {"TargetUserName", text("anna.hansen")}, {"TargetDomainName", text("CONTOSO")},
			{"TargetLogonId", evtxtest.Hex64(0x3f5a2c1)}, {"LogonType", evtxtest.Uint32(3)}}},
		{4688, []pair{{"SubjectUserSid", sid}, {"SubjectUserName", text("anna.hansen")}, {"SubjectDomainName", text("CONTOSO")}, {"SubjectLogonId", evtxtest.Hex64(0x3f5a2c1)},
			{"NewProcessId", evtxtest.Hex64(0x1f4)}, {"NewProcessName", text(`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`)}, {"TokenElevationType", text("%%1936")},
			{"ProcessId", evtxtest.Hex64(0x2b8)}, {"CommandLine", text(`powershell.exe -NoProfile -ExecutionPolicy Bypass -File "C:\Program Files\Contoso\agent\collect.ps1" -Interval 300`)},
			{"TargetUserSid", evtxtest.SID("S-1-0-0")}, {"TargetUserName", text("-")}, {"TargetDomainName", text("-")}, {"TargetLogonId", evtxtest.Hex64(0)},
			{"ParentProcessName", text(`C:\Windows\System32\svchost.exe`)}, {"MandatoryLabel", evtxtest.SID("S-1-16-8192")}}},
		{4672, []pair{{"SubjectUserSid", sid}, {"SubjectUserName", text("anna.hansen")}, {"SubjectDomainName", text("CONTOSO")}, {"SubjectLogonId", evtxtest.Hex64(0x3f5a2c1)},
			{"PrivilegeList", text("SeSecurityPrivilege\r\n\t\t\tSeBackupPrivilege\r\n\t\t\tSeRestorePrivilege\r\n\t\t\tSeTakeOwnershipPrivilege\r\n\t\t\tSeDebugPrivilege")}}},
	} {
		e := evtxtest.Event{ID: k.id, Version: 2, Task: 12544, Keywords: 0x8020000000000000, PID: 744, TID: 2352, Channel: "Security",
			ActivityID: "5fdb15ee-2283-f23c-e23b-5e5ddb11bb9c", Machine: "web01.contoso.com"}
		var names []string
		for _, p := range k.data {
			names = append(names, p.name)
			e.Data = append(e.Data, evtxtest.Field{Name: p.name, Value: p.value})
		}
		kinds, events = append(kinds, evtxtest.NewKind(auditing, guid, names...)), append(events, e)
	}
	var l evtxtest.Log
	at := time.Date(2025, 3, 4, 10, 41, 7, 123456700, time.UTC)
	for i := range n {
		e := events[i%len(events)]
		e.Record, e.Time = uint64(i+1), at.Add(time.Duration(i)*137*time.Millisecond)
		l.Event(kinds[i%len(kinds)], e)
	}
	return l.Bytes()
}

// asXML writes the events of a log as wevtutil does.
type asXML struct {
	bytes.Buffer
	open []string
	tag  bool
}

func (x *asXML) close() {
	if x.tag {
		x.WriteByte('>')
		x.tag = false
	}
}
func (x *asXML) Start(name []byte) {
	x.close()
	fmt.Fprintf(x, "<%s", name)
	x.open, x.tag = append(x.open, string(name)), true
}
func (x *asXML) Attr(name, value []byte) {
	fmt.Fprintf(x, " %s='", name)
	_ = xml.EscapeText(x, value)
	x.WriteByte('\'')
}
func (x *asXML) Text(text []byte) { x.close(); _ = xml.EscapeText(x, text) }
func (x *asXML) End() {
	x.close()
	fmt.Fprintf(x, "</%s>", x.open[len(x.open)-1])
	x.open = x.open[:len(x.open)-1]
}

// xmlOf writes the good events of a log as XML and says how many there are.
func xmlOf(t testing.TB, file []byte) (string, int64) {
	r, err := evtx.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var all asXML
	for n := int64(0); ; n++ {
		_, err := r.Next(&all)
		if errors.Is(err, io.EOF) {
			return all.String(), n
		} else if err != nil {
			t.Fatal(err)
		}
		all.WriteString("\r\n")
	}
}

func importFiles(t *testing.T, opts Options, files map[string]string) (*memory, *Receipt) {
	m := newMemory(t)
	opts.Now = testNow
	r, err := Import(t.Context(), []string{folder(t, files)}, m, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m, r
}

// TestEVTX holds the rows of a log to windows/testdata/evtx.rows, which were checked by hand, and to those of the same
// events as XML.
func TestEVTX(t *testing.T) {
	log := eventLog()
	m, r := importFiles(t, Options{}, map[string]string{"Security.evtx": string(log)})
	if r.Accepted != 8 || r.Failed() || r.Files[0].Format != "Windows events (EVTX)" {
		t.Errorf("receipt %+v", r)
	}
	want, err := os.ReadFile("windows/testdata/evtx.rows")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("NORDLYS_PRINT") != "" {
		fmt.Print(m.text())
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(m.text(), "\n")); d != "" {
		t.Errorf("rows differ (-want +got):\n%s", d)
	}
	text, _ := xmlOf(t, log)
	x, _ := importFiles(t, Options{}, map[string]string{"Security.xml": text})
	if d := cmp.Diff(m.text(), x.text()); d != "" {
		t.Errorf("the rows of XML differ (-evtx +xml):\n%s", d)
	}
	// The same events by other ways in, containers and encodings: nothing is new.
	units := utf16.Encode([]rune("\ufeff<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<Events>" + text + "</Events>"))
	var wide bytes.Buffer
	_ = binary.Write(&wide, binary.LittleEndian, units)
	nxlog := `{"EventTime":"2025-03-04T10:41:08.1234567Z","Hostname":"WEB01.contoso.com","EventID":"4624","SourceName":"Microsoft-Windows-Security-Auditing","RecordNumber":1,"Channel":"Security"}
{"EventTime":"2025-03-04T10:41:13.1234567Z","Hostname":"WEB01.contoso.com","EventID":7036,"SourceName":"Service Control Manager","RecordNumber":6,"Channel":"System","Message":"The Update service entered the stopped state."}`
	for name, data := range map[string]string{"again.xml": text, "wide.xml": wide.String(), "log.evtx.gz": gzipped(string(log)),
		"logs.zip": zipped(t, "winevt/Logs/Security.evtx", string(log)), "nxlog.json": nxlog} {
		r, err := Import(t.Context(), []string{folder(t, map[string]string{name: data})}, m, Options{Now: testNow})
		if err != nil || r.Accepted != 0 || r.Rejected != 0 || r.Records < 2 || r.Failed() {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// TestCodePage holds that an event whose XML is in a code page is kept, and that this is told.
func TestCodePage(t *testing.T) {
	m, r := importFiles(t, Options{}, map[string]string{"a.xml": "<Event><System><EventID>1</EventID><TimeCreated SystemTime='2025-03-04T10:00:00Z'/><Channel>a/b</Channel></System>" +
		"<EventData><Data Name='User'>J\x94rg</Data></EventData></Event>"})
	if r.Accepted != 1 || r.Failed() || !strings.Contains(r.Files[0].Note, "code page, which became \ufffd: 1") || !strings.Contains(m.text(), `"User":"J�rg"`) {
		t.Errorf("receipt %+v, rows %s", r.Files[0], m.text())
	}
}

// FuzzEVTX holds that nothing in a log breaks the mapping to rows.
func FuzzEVTX(f *testing.F) {
	log := eventLog()
	for chunk := evtxtest.HeaderSize; chunk < len(log); chunk += evtxtest.ChunkSize {
		f.Add(append(bytes.Clone(log[:evtxtest.HeaderSize]), bytes.TrimRight(log[chunk:chunk+evtxtest.ChunkSize], "\x00")...))
	}
	fuzz(f, "evtx", ".evtx", func() Decoder { return windows.New(windows.Set{}).EVTX() })
}

// TestDamagedEVTX holds that a damaged chunk and a damaged record are told with their place and bytes, and that a log
// that was cut off is read as far as it goes.
func TestDamagedEVTX(t *testing.T) {
	log := eventLog()
	const second = evtxtest.HeaderSize + evtxtest.ChunkSize
	log[second] = 'x'
	log[evtxtest.HeaderSize+512+24] = 0x3f
	m, r := importFiles(t, Options{}, map[string]string{"a.evtx": string(log[:len(log)-1])})
	f := r.Files[0]
	if f.Records != 4 || f.Accepted != 2 || f.Rejected != 2 || !strings.Contains(f.Error, "cut off") || !strings.Contains(f.Note, "checksum") {
		t.Errorf("receipt %+v", f)
	}
	rejects := m.rows["NordlysRejects"]
	if len(rejects) != 2 || rejects[0]["Offset"] != int64(evtxtest.HeaderSize+512) || rejects[1]["Offset"] != int64(second) ||
		!strings.HasPrefix(rejects[0]["Raw"].(string), "2a2a0000") || rejects[1]["Length"] != int64(evtxtest.ChunkSize) {
		t.Errorf("rejects %.300v", rejects)
	}
	log = eventLog()
	if r, err := Import(t.Context(), []string{folder(t, map[string]string{"a.evtx.gz": gzipped(string(log))[:1000]})}, newMemory(t), Options{}); err != nil ||
		!strings.Contains(r.Files[0].Error, "ends too early") {
		t.Errorf("cut in its gzip: %+v, %v", r, err)
	}
}

// TestSecurityEvents holds that each set keeps what it names and that the rest is counted.
func TestSecurityEvents(t *testing.T) {
	for name, want := range map[string]struct{ kept, out int64 }{"all": {8, 0}, "common": {8, 0}, "minimal": {8, 0}, "none": {3, 5}} {
		set, err := windows.SetOf(name)
		if err != nil {
			t.Fatal(err)
		}
		_, r := importFiles(t, Options{SecurityEvents: set}, map[string]string{"a.evtx": string(eventLog())})
		if r.Accepted != want.kept || r.LeftOut != want.out || r.Records != 8 || r.Failed() {
			t.Errorf("%s: %+v", name, r)
		}
	}
	// 4776 is in neither set, 4634 in common only: https://learn.microsoft.com/azure/sentinel/windows-security-event-id-reference
	lines := ""
	for i, id := range []int{4624, 4634, 4776, 5156, 8001} {
		lines += fmt.Sprintf(`{"EventTime":"2025-03-04T10:41:08Z","Hostname":"a","EventID":%d,"SourceName":"x","RecordNumber":%d,"Channel":"Security"}`+"\n", id, i)
	}
	for name, want := range map[string]int64{"minimal": 3, "common": 2, "none": 5, "": 0} {
		set, _ := windows.SetOf(name)
		m, r := importFiles(t, Options{SecurityEvents: set}, map[string]string{"a.json": lines})
		if r.LeftOut != want || r.Accepted != 5-want || r.Files[0].LeftOut != want {
			t.Errorf("%s: %+v", name, r)
		}
		if want > 0 && m.rows["NordlysSources"][0]["LeftOut"] != want {
			t.Errorf("%s: NordlysSources %v", name, m.rows["NordlysSources"])
		}
		var text strings.Builder
		_ = r.WriteText(&text)
		if strings.Contains(text.String(), fmt.Sprintf("%d left out", want)) != (want > 0) {
			t.Errorf("%s: receipt %s", name, text.String())
		}
		b, _ := json.Marshal(r)
		if strings.Contains(string(b), fmt.Sprintf(`"leftOut":%d`, want)) != (want > 0) {
			t.Errorf("%s: receipt %s", name, b)
		}
	}
	if _, err := windows.SetOf("most"); err == nil {
		t.Error("a set that is none was taken")
	}
}

// TestEVTXSamples reads real logs: every record that the headers count comes out, and is the row that its XML gives.
func TestEVTXSamples(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join(shared(t), "windows_security", "*.evtx"))
	if err != nil || len(logs) == 0 {
		t.Fatal("no logs among the samples: ", err)
	}
	for _, path := range logs {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		records := int64(0) // by the headers of the chunks; what lies behind them is of an earlier use of the space
		for c := file[evtxtest.HeaderSize:]; len(c) > 0; c = c[evtxtest.ChunkSize:] {
			records += int64(binary.LittleEndian.Uint64(c[16:]) - binary.LittleEndian.Uint64(c[8:]) + 1)
		}
		m, r := importFiles(t, Options{}, map[string]string{"a.evtx": string(file)})
		if r.Accepted != records || r.Records != records || r.Failed() || r.Files[0].Note != "" {
			t.Errorf("%s: %+v, want %d records", filepath.Base(path), r.Files[0], records)
		}
		text, n := xmlOf(t, file)
		x, _ := importFiles(t, Options{}, map[string]string{"a.xml": text})
		if d := cmp.Diff(m.text(), x.text()); d != "" || n != records {
			t.Errorf("%s: the rows of XML differ (-evtx +xml):\n%s", filepath.Base(path), d)
		}
	}
}

// BenchmarkWindows measures reading and Arrow building of logs and of their XML, per second of processor time.
func BenchmarkWindows(b *testing.B) {
	log := manyEvents(12_000)
	text, _ := xmlOf(b, log)
	for _, c := range []struct {
		name string
		data []byte
	}{{"evtx", log}, {"xml", []byte(text)}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			var n int64
			from := cpu()
			for b.Loop() {
				n += decodeAll(b, c.data).Rows
			}
			used := (cpu() - from).Seconds()
			b.ReportMetric(float64(n)/used, "rows/cpu-s")
			b.ReportMetric(float64(len(c.data))*float64(b.N)/1e6/used, "MB/cpu-s")
		})
	}
}
