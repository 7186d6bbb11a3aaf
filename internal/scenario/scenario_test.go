package scenario

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// written is a case on disk, read back: the records by source folder, each as bytes and decoded.
type written struct {
	dir     string
	summary Summary
	lines   map[string][]record // by first path element
	flows   []flowRecord
}

// record is one line with the blob it lies in, decoded when first asked for.
type record struct {
	path string
	raw  string
	v    *map[string]any
}

// flowRecord is one record of a flow log, either format.
type flowRecord struct {
	path, mac string
	raw       string
	tuples    []string
}

// at follows a path of member names; a missing member is nil.
func (r record) at(path string) any {
	if *r.v == nil {
		if err := json.Unmarshal([]byte(r.raw), r.v); err != nil {
			panic(fmt.Sprintf("%s: %v: %.200s", r.path, err, r.raw))
		}
	}
	var v any = *r.v
	for _, k := range strings.Split(path, ".") {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

// is compares a member's printed value.
func (r record) is(path, want string) bool { return fmt.Sprint(r.at(path)) == want }

// writeCase writes a case to a temporary folder and reads every file of it.
func writeCase(t *testing.T, o Options) *written {
	t.Helper()
	w := &written{dir: t.TempDir(), lines: map[string][]record{}}
	var err error
	if w.summary, err = Write(context.Background(), w.dir, o); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(w.dir, path)
		folder, _, _ := strings.Cut(rel, "/")
		if folder == topologyFolder {
			return nil
		}
		if strings.Contains(folder, "flow") {
			w.flows = append(w.flows, readFlows(t, rel, data)...)
			return nil
		}
		for _, raw := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			w.lines[folder] = append(w.lines[folder], record{path: rel, raw: raw, v: new(map[string]any)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// readFlows reads a flow log document of either format.
func readFlows(t *testing.T, path string, data []byte) (all []flowRecord) {
	t.Helper()
	type group struct {
		FlowTuples []string
	}
	var doc struct {
		Records []json.RawMessage
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, raw := range doc.Records {
		var r struct {
			MacAddress  string
			FlowRecords struct {
				Flows []struct{ FlowGroups []group }
			}
			Properties struct {
				Flows []struct{ Flows []group }
			}
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		f := flowRecord{path: path, mac: r.MacAddress, raw: string(raw)}
		for _, x := range r.FlowRecords.Flows {
			for _, g := range x.FlowGroups {
				f.tuples = append(f.tuples, g.FlowTuples...)
			}
		}
		for _, x := range r.Properties.Flows {
			for _, g := range x.Flows {
				f.tuples = append(f.tuples, g.FlowTuples...)
			}
		}
		all = append(all, f)
	}
	return all
}

// count is how many records of a folder pass.
func (w *written) count(folder string, pass func(record) bool) (n int) {
	for _, r := range w.lines[folder] {
		if pass(r) {
			n++
		}
	}
	return n
}

// treeHash is a hash over names and contents of everything below dir.
func treeHash(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n", strings.TrimPrefix(path, dir), len(data))
		h.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestSameOptionsSameBytes(t *testing.T) {
	var hashes [3]string
	for i, o := range []Options{{}, {Seed: demoSeed, Start: demoStart, Scale: 1, Format: FlowVNet}, {Seed: 7}} {
		dir := t.TempDir()
		if _, err := Write(context.Background(), dir, o); err != nil {
			t.Fatal(err)
		}
		hashes[i] = treeHash(t, dir)
	}
	if hashes[0] != hashes[1] {
		t.Error("the zero options and the spelled-out defaults gave different files")
	}
	if hashes[0] == hashes[2] {
		t.Error("another seed gave the same files")
	}
}

// TestDemoCase looks at the files of one case in several ways.
func TestDemoCase(t *testing.T) {
	w := writeCase(t, Options{})
	t.Run("envelopes", w.testEnvelopes)
	t.Run("forms", w.testForms)
	t.Run("summary", w.testSummary)
	t.Run("addresses", w.testAddresses)
}

func (w *written) testEnvelopes(t *testing.T) {
	required := map[string][]string{
		"insights-logs-signinlogs":                          {"time", "category", "tenantId", "resultType", "correlationId", "properties.id", "properties.status.errorCode"},
		"insights-logs-noninteractiveusersigninlogs":        {"time", "category", "properties.userPrincipalName"},
		"insights-logs-serviceprincipalsigninlogs":          {"time", "category", "properties.servicePrincipalId"},
		"insights-logs-managedidentitysigninlogs":           {"time", "category", "properties.servicePrincipalName"},
		"insights-logs-auditlogs":                           {"time", "category", "properties.initiatedBy", "properties.targetResources"},
		"insights-activity-logs":                            {"time", "resourceId", "operationName", "resultType", "correlationId", "identity.claims", "properties.hierarchy"},
		"insights-logs-auditevent":                          {"time", "resourceId", "operationName", "category", "properties.requestUri"},
		"am-securityevent":                                  {"TimeGenerated", "TenantId", "Type", "EventID", "Computer", "_ResourceId"},
		"am-vmconnection":                                   {"TimeGenerated", "TenantId", "Type", "RemoteIp", "BytesSent"},
		"am-vmprocess":                                      {"TimeGenerated", "Type", "CommandLine"},
		"am-vmboundport":                                    {"TimeGenerated", "Type", "Port"},
		"am-vmcomputer":                                     {"TimeGenerated", "Type", "Ipv4Addresses"},
		"am-securityalert":                                  {"TimeGenerated", "Type", "Entities", "ExtendedProperties"},
		"insights-logs-advancedhunting-deviceprocessevents": {"time", "tenantId", "operationName", "category", "properties.ProcessId"},
		"insights-logs-advancedhunting-devicenetworkevents": {"time", "category", "properties.RemoteIP"},
		"insights-logs-advancedhunting-devicelogonevents":   {"time", "category", "properties.LogonType"},
		"forwarder":                                         {"EventTime", "Hostname", "EventID", "Channel", "SourceName", "Keywords", "Message"},
	}
	for folder, records := range w.lines {
		members, ok := required[folder]
		if !ok {
			t.Errorf("unexpected folder %s", folder)
		}
		for _, r := range records {
			for _, m := range members {
				if r.at(m) == nil {
					t.Fatalf("%s: no %s in %.300s", r.path, m, r.raw)
				}
			}
		}
	}
	if len(w.lines) != len(required) {
		t.Errorf("%d folders of lines, want %d", len(w.lines), len(required))
	}
	for _, folder := range []string{"insights-logs-signinlogs", "insights-logs-noninteractiveusersigninlogs"} {
		for _, r := range w.lines[folder] {
			if n := len(r.raw); n < 3000 || n > 5000 {
				t.Fatalf("a sign-in of %d bytes", n)
			}
		}
	}
	for _, r := range w.lines["am-securityalert"] {
		for _, m := range []string{"Entities", "ExtendedProperties"} {
			if !json.Valid([]byte(r.at(m).(string))) {
				t.Errorf("%s is not JSON: %v", m, r.at(m))
			}
		}
	}
}

func (w *written) testForms(t *testing.T) {
	noZone := regexp.MustCompile(`^2026-03-10 \d\d:\d\d:\d\d$`)
	seven := regexp.MustCompile(`^2026-03-1[01]T\d\d:\d\d:\d\d\.\d{7}Z$`)
	for folder, records := range w.lines {
		for _, r := range records {
			name := "time"
			switch {
			case folder == "forwarder":
				if !noZone.MatchString(r.at("EventTime").(string)) {
					t.Fatalf("forwarded time %v", r.at("EventTime"))
				}
				if !strings.Contains(r.raw, `"Keywords":-92`) {
					t.Fatalf("keywords are not negative: %.200s", r.raw)
				}
				continue
			case strings.HasPrefix(folder, "am-"):
				name = "TimeGenerated"
			}
			if s, _ := r.at(name).(string); !seven.MatchString(s) {
				t.Fatalf("%s: %s is %q", folder, name, s)
			}
			if folder == "insights-activity-logs" || folder == "insights-logs-auditevent" {
				if id := r.at("resourceId").(string); id != strings.ToUpper(id) {
					t.Fatalf("resource id is not upper case: %s", id)
				}
			}
		}
	}
	blob := regexp.MustCompile(`/y=2026/m=03/d=1[01]/h=\d\d/m=\d\d/(macAddress=[0-9A-F]{12}/)?PT(1H|05M)\.json$`)
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, forwarderPath) && !strings.Contains(path, topologyFolder) && !blob.MatchString(path) {
			t.Errorf("blob path %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	stages := map[any]string{}
	for _, r := range w.lines["insights-activity-logs"] {
		if r.is("properties.entity", "") {
			t.Error("no entity")
		}
		stages[r.at("correlationId")] += fmt.Sprint(r.at("operationName"), " ", r.at("resultType"), ";")
	}
	for id, s := range stages {
		if !strings.Contains(s, " Start;") {
			t.Errorf("operation %v has no start: %s", id, s)
		}
	}
}

// TestOrdinaryLifeIsClean also covers scale: these are more records than any case at scale 1 has.
func TestOrdinaryLifeIsClean(t *testing.T) {
	for _, name := range Sources() {
		var b bytes.Buffer
		if err := WriteRecords(&b, name, 3000, Options{}); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b.Bytes(), []byte(AttackerAddress)) || regexp.MustCompile(`198\.51\.100\.23\b`).Match(b.Bytes()) {
			t.Errorf("%s: ordinary life contains an address of the attacker", name)
		}
	}
}

func TestWriteRecordsCounts(t *testing.T) {
	for _, format := range []FlowFormat{FlowVNet, FlowNSG} {
		for _, n := range []int64{0, 1, 2, 999, 20_000} {
			var b bytes.Buffer
			if err := WriteRecords(&b, flowSource, n, Options{Format: format}); err != nil {
				t.Fatal(err)
			}
			got := int64(0)
			for _, r := range readFlows(t, "stream", b.Bytes()) {
				got += int64(len(r.tuples))
			}
			if got != n {
				t.Errorf("%s: %d tuples, want %d", format, got, n)
			}
		}
	}
	for _, s := range sources() {
		var b bytes.Buffer
		if err := WriteRecords(&b, s.name, 321, Options{}); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		lines := bufio.NewScanner(&b)
		for lines.Scan() {
			if !json.Valid(lines.Bytes()) {
				t.Fatalf("%s: not JSON: %s", s.name, lines.Text())
			}
			seen[lines.Text()] = true
		}
		if len(seen) != 321 {
			t.Errorf("%s: %d different records, want 321", s.name, len(seen))
		}
	}
}

// testAddresses holds every address to the documentation ranges and the company's own networks.
func (w *written) testAddresses(t *testing.T) {
	member := regexp.MustCompile(`"(?:[a-zA-Z]*[iI][pP](?:Address)?|Remote[iI][pP]|Local[iI][pP])":"([^"]*)"`)
	known := regexp.MustCompile(`^(10\.[12]0\.\d+\.4|10\.10\.1\.5|192\.0\.2\.\d+|198\.51\.100\.\d+|203\.0\.113\.\d+|2001:db8:[0-9a-f:]+|127\.0\.0\.1|-|)$`)
	seen := 0
	for _, records := range w.lines {
		for _, r := range records {
			for _, m := range member.FindAllStringSubmatch(r.raw, -1) {
				if seen++; !known.MatchString(m[1]) {
					t.Fatalf("address %q in %.200s", m[1], r.raw)
				}
			}
		}
	}
	for _, r := range w.flows {
		for _, x := range r.tuples {
			f := strings.Split(x, ",")
			if seen++; !known.MatchString(f[1]) || !known.MatchString(f[2]) {
				t.Fatalf("addresses of %s", x)
			}
		}
	}
	if seen < 50_000 {
		t.Errorf("only %d addresses found", seen)
	}
}

// testSummary counts again what the summary says: duplicates, late records, tuples, bytes and files.
func (w *written) testSummary(t *testing.T) {
	hourFolder := regexp.MustCompile(`/d=(\d\d)/h=(\d\d)/`)
	repeated := func(lines []string) (n int64) {
		seen := map[string]bool{}
		for _, l := range lines {
			if seen[l] {
				n++
			}
			seen[l] = true
		}
		return n
	}
	bySource := map[string]SourceSummary{}
	for _, s := range w.summary.Sources {
		bySource[s.Name] = s
	}
	total, late := int64(0), int64(0)
	for _, records := range w.lines {
		var raw []string
		for _, r := range records {
			raw = append(raw, r.raw)
			hourOf := hourFolder.FindStringSubmatch(r.path)
			if when, ok := r.at("time").(string); ok && hourOf != nil && !strings.Contains(r.path, "hunting") && when[8:10]+when[11:13] < hourOf[1]+hourOf[2] {
				late++
			}
		}
		total += repeated(raw)
	}
	var tuples []string
	for _, f := range w.flows {
		for _, x := range f.tuples {
			tuples = append(tuples, f.mac+x)
		}
	}
	if got, want := repeated(tuples), bySource[flowSource].Duplicates; got != want {
		t.Errorf("%d repeated tuples, the summary says %d", got, want)
	}
	if want := w.summary.Duplicates - bySource[flowSource].Duplicates; total != want {
		t.Errorf("%d repeated lines, the summary says %d", total, want)
	}
	if share := float64(w.summary.Duplicates) / float64(w.summary.Records); share < 0.004 || share > 0.012 {
		t.Errorf("%.2f %% duplicates", share*100)
	}
	if late < 20 {
		t.Errorf("%d late records", late)
	}
	if got := int64(len(tuples)); got != bySource[flowSource].Records {
		t.Errorf("%d tuples, the summary says %d", got, bySource[flowSource].Records)
	}
	onDisk := int64(0)
	files := 0
	_ = filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if info, e := d.Info(); e == nil && !d.IsDir() {
			onDisk += info.Size()
			files++
		}
		return err
	})
	if onDisk != w.summary.Bytes || files != w.summary.Files {
		t.Errorf("%d bytes in %d files, the summary says %d in %d", onDisk, files, w.summary.Bytes, w.summary.Files)
	}
}

func TestScaleMultipliesOrdinaryLifeOnly(t *testing.T) {
	one, three := writeCase(t, Options{}), writeCase(t, Options{Scale: 3})
	for i, s := range one.summary.Sources {
		r := float64(three.summary.Sources[i].Records) / float64(s.Records)
		switch s.Name {
		case topologySource: // the company stays as it is
			if r != 1 {
				t.Errorf("%s grew %.2f times", s.Name, r)
			}
		case "devicelogon", "devicenetwork", "securityalert", "vmconnection", flowSource: // the attack and what lasts are a part of these
			if r < 1.5 || r > 3.1 {
				t.Errorf("%s grew %.2f times", s.Name, r)
			}
		default:
			if r < 2.8 || r > 3.1 {
				t.Errorf("%s grew %.2f times", s.Name, r)
			}
		}
	}
	evil := func(w *written) (lines []string) {
		for _, folder := range w.lines {
			for _, r := range folder {
				if strings.Contains(r.raw, `"`+AttackerAddress+`"`) || strings.Contains(r.raw, `"`+DropAddress+`"`) || strings.Contains(r.raw, `"svc-web"`) {
					lines = append(lines, r.raw)
				}
			}
		}
		for _, f := range w.flows {
			for _, x := range f.tuples {
				if strings.Contains(x, ","+AttackerAddress+",") || strings.Contains(x, ","+DropAddress+",") {
					lines = append(lines, f.mac+x)
				}
			}
		}
		return lines
	}
	a, b := evil(one), map[string]bool{}
	for _, l := range evil(three) {
		b[l] = true
	}
	for _, l := range a {
		if !b[l] {
			t.Fatalf("not in the case at scale 3: %s", l)
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d records of the attack at scale 1, %d at scale 3", len(a), len(b))
	}
}

func TestMemoryDoesNotGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 200 MB")
	}
	peak := func(scale int) uint64 {
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		done, result := make(chan struct{}), make(chan uint64)
		go func() {
			top := uint64(0)
			for {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				top = max(top, m.HeapAlloc)
				select {
				case <-done:
					result <- top
					return
				case <-time.After(2 * time.Millisecond):
				}
			}
		}()
		if _, err := Write(context.Background(), t.TempDir(), Options{Scale: scale, Sources: []string{"signin", flowSource}}); err != nil {
			t.Fatal(err)
		}
		close(done)
		top := <-result
		return top - min(top, before.HeapAlloc)
	}
	small, large := peak(1), peak(20)
	if large > small+8<<20 {
		t.Errorf("peak heap %d KB at scale 1, %d KB at scale 20", small>>10, large>>10)
	}
}

func TestWriteStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Write(ctx, t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("error %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{Scale: -1}, {Format: "v3"}, {Sources: []string{"sigin"}}, {Start: time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)}} {
		if _, err := Write(context.Background(), t.TempDir(), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	if err := WriteRecords(io.Discard, "sigin", 1, Options{}); err == nil || !strings.Contains(err.Error(), "signin") {
		t.Errorf("an unknown source gave %v", err)
	}
}

func TestExportStartsAnotherBlob(t *testing.T) {
	w := &blobs{root: t.TempDir()}
	for range appendsPerBlob + 1 {
		if err := w.line("am-x/PT05M.json", []byte("{}\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(w.root, "am-x/PT05M_1.json")); err != nil || string(data) != "{}\n" {
		t.Errorf("second blob: %q, %v", data, err)
	}
}

func TestCivil(t *testing.T) {
	for _, s := range []string{"1971-01-01T00:00:00.0000000", "2024-02-29T23:59:59.9999999", "2026-03-10T08:15:04.0120300", "2100-03-01T00:00:00.0000001"} {
		at, err := time.Parse("2006-01-02T15:04:05.0000000", s)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendStamp(nil, toTicks(at))); got != s {
			t.Errorf("%s printed as %s", s, got)
		}
	}
}

func benchmarkRecords(b *testing.B, name string, o Options) {
	const n = 20_000
	counter := &byteCounter{}
	if err := WriteRecords(counter, name, n, o); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(counter.n)
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteRecords(io.Discard, name, n, o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// byteCounter is a writer that only counts.
type byteCounter struct{ n int64 }

func (c *byteCounter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

func BenchmarkWriteRecords(b *testing.B) {
	for _, name := range Sources() {
		b.Run(name, func(b *testing.B) { benchmarkRecords(b, name, Options{}) })
	}
	b.Run("flow-nsg", func(b *testing.B) { benchmarkRecords(b, flowSource, Options{Format: FlowNSG}) })
}
