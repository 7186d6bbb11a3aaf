package ingest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"nordlys/internal/tables"
)

const oneSignIn = `{"time":"2025-03-04T10:00:00Z","category":"SignInLogs","properties":{"id":"s1","createdDateTime":"2025-03-04T09:59:00Z"}}` + "\n"

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, data := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func gzipped(data string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, data)
	w.Close()
	return b.String()
}

func zipped(t *testing.T, members ...string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, members[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// byPath finds the receipt of a file by the end of its path.
func byPath(t *testing.T, r *Receipt, suffix string) FileReceipt {
	for _, f := range r.Files {
		if strings.HasSuffix(f.Path, suffix) {
			return f
		}
	}
	t.Fatalf("no receipt for %s in %+v", suffix, r.Files)
	return FileReceipt{}
}

// TestHostile holds that whatever is wrong with a file is said in one line, and the rest goes in.
func TestHostile(t *testing.T) {
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rand.N(256))
	}
	gz := gzipped(strings.Repeat(oneSignIn, 1000))
	cases := map[string]struct{ data, error string }{
		"empty.json":    {"", "empty"},
		"blank.json":    {" \n\n", "blanks"},
		"noise.bin":     {"\x01" + string(noise), "binary"},
		"text.txt":      {"hello\nworld\n", "neither JSON nor CSV"},
		"cut.json.gz":   {gz[:len(gz)/2], "cut off"},
		"damaged.zip":   {"PK\x03\x04 and no more", "damaged zip"},
		"event.evtx":    {"ElfFile\x00...", "ends within its header"},
		"unknown.json":  {`{}` + "\n" + `{}`, "not supported yet: an empty JSON object"},
		"broken.json":   {`{"time":"2025-03-04T10:00:00Z","category":`, "no record can be read"},
		"deep.json":     {`{"a":` + strings.Repeat("[", 100_000), "nested more than 200"},
		"bomb.json.gz":  {gzipped(`{"a":"` + strings.Repeat("x", 66<<20) + `"}`), "expands more than"},
		"bomb.zip":      {zipped(t, "a.json", `{"a":"`+strings.Repeat("x", 66<<20)+`"}`), "expands more than"},
		"climb.zip":     {zipped(t, "../../nordlys-climbed.json", oneSignIn), "climbs out"},
		"nested.zip":    {zipped(t, "inner.zip", zipped(t, "x.json", oneSignIn)), "archive inside an archive"},
		"office.xlsx":   {zipped(t, "[Content_Types].xml", "<x/>", "xl/a.xml", "<x/>"), "Office document"},
		"twice.json.gz": {gzipped(gzipped(gzipped(gzipped(gzipped(oneSignIn))))), "compressed many times"},
		"oneline.json":  {`{"a":"` + strings.Repeat("y", 70<<20), "longer than 64 MB"},
		"notutf8.json":  {"{\"a\":\"\xff\xfe\"}", "invalid UTF-8"},
	}
	files := map[string]string{"good/z.json": oneSignIn}
	for name, c := range cases {
		files[name] = c.data
	}
	dir := folder(t, files)
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	m := newMemory(t)
	r, err := Import(t.Context(), []string{dir, filepath.Join(dir, "missing.json")}, m, Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Failed() {
		t.Error("nothing failed")
	}
	for name, c := range cases {
		suffix := name
		if strings.HasSuffix(name, ".zip") && !strings.HasPrefix(name, "damaged") {
			suffix = ""
			for _, f := range r.Files {
				if strings.Contains(f.Path, name+"!") {
					suffix = f.Path
				}
			}
		}
		f := byPath(t, r, suffix)
		if !strings.Contains(f.Error, c.error) || strings.Contains(f.Error, "\n") || len(f.Error) > 600 {
			t.Errorf("%s: error %q, want one line with %q", name, f.Error, c.error)
		}
	}
	if f := byPath(t, r, "link.json"); !strings.Contains(f.Error, "symbolic link") {
		t.Errorf("link.json: %q", f.Error)
	}
	if f := byPath(t, r, "missing.json"); !strings.Contains(f.Error, "no such file") {
		t.Errorf("missing.json: %q", f.Error)
	}
	if f := byPath(t, r, "good/z.json"); f.Error != "" || f.Records != 1 {
		t.Errorf("the good file: %+v", f)
	}
	if len(m.rows["SigninLogs"]) != 1 {
		t.Errorf("%d sign-ins, want 1", len(m.rows["SigninLogs"]))
	}
	for _, p := range []string{"../../nordlys-climbed.json", "../nordlys-climbed.json"} {
		if _, err := os.Stat(filepath.Join(dir, p)); err == nil {
			t.Error("a member was written outside")
		}
	}
	if n := len(m.rows[tables.NordlysSources]); n != len(r.Files) {
		t.Errorf("%d rows of NordlysSources for %d files", n, len(r.Files))
	}
	var b bytes.Buffer
	err = r.WriteText(&b)
	lines, rest, _ := strings.Cut(b.String(), "\n\n")
	formats, total, _ := strings.Cut(rest, "\n\n")
	if err != nil || strings.Count(lines, "\n")+1 != len(r.Files) || !strings.Contains(formats, "unreadable") || strings.Count(total, "\n") != 1 {
		t.Errorf("the receipt of %d files, %v:\n%s", len(r.Files), err, b.String())
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\r") {
		t.Error("the receipt passes control characters on to the terminal")
	}
}

// TestContainers holds that one event is one row by whatever way it is packed.
func TestContainers(t *testing.T) {
	utf16 := "\xff\xfe"
	for _, c := range oneSignIn {
		utf16 += string([]byte{byte(c), 0})
	}
	dir := folder(t, map[string]string{
		"a.json":    oneSignIn,
		"b.json.gz": gzipped(oneSignIn),
		"c.zip":     zipped(t, "x/PT1H.json", oneSignIn, "y/PT1H.json.gz", gzipped(oneSignIn), "__MACOSX/x", "junk", "empty/", ""),
		"d.json":    `{"records":[` + oneSignIn,
		"e.json":    utf16,
		".DS_Store": "junk",
	})
	if err := os.Symlink(filepath.Join(dir, "a.json"), filepath.Join(dir, "inside.json")); err != nil {
		t.Fatal(err)
	}
	m := newMemory(t)
	var last, total int64
	r, err := Import(t.Context(), []string{dir, "-"}, m, Options{
		Stdin:    strings.NewReader(gzipped(oneSignIn)),
		Progress: func(done, all int64) { last, total = done, all },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed() || len(r.Files) != 7 || r.Accepted != 1 || r.Duplicates != 6 {
		t.Errorf("%+v", r)
	}
	if last != total || total == 0 {
		t.Errorf("progress ends at %d of %d", last, total)
	}
	if f := byPath(t, r, "d.json"); !strings.Contains(f.Note, "not closed") {
		t.Errorf("d.json: note %q", f.Note)
	}
	ids := map[string]bool{}
	for _, f := range r.Files {
		if len(f.SourceID) != 64 {
			t.Errorf("%s: source id %q", f.Path, f.SourceID)
		}
		ids[f.SourceID] = true
	}
	if len(ids) != 6 { // b.json.gz and standard input are the same bytes
		t.Errorf("%d source ids", len(ids))
	}
}

// TestSinkError holds that an error of the sink ends the import and comes back.
func TestSinkError(t *testing.T) {
	m := newMemory(t)
	m.fail = errors.New("disk full")
	dir := folder(t, map[string]string{"a.json": oneSignIn, "b.json": oneSignIn, "c.json": oneSignIn})
	if _, err := Import(t.Context(), []string{dir}, m, Options{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v", err)
	}
}

// TestIdentityDoesNotDependOnInference holds that rows stay duplicates when an unknown field is first seen with another
// type, as may happen when files are imported in another order.
func TestIdentityDoesNotDependOnInference(t *testing.T) {
	const line = `{"TimeGenerated":"2025-03-04T10:00:00Z","Type":"Contoso_CL","Value":`
	a := folder(t, map[string]string{"1.json": line + `5}`, "2.json": line + `"x"}`, "3.json": line + `{"a":1}}`, "4.json": line + `1.5}`})
	b := folder(t, map[string]string{"1.json": line + `"x"}`, "2.json": line + `{"a": 1}}`, "3.json": line + `1.5}`, "4.json": line + `5}`})
	m := newMemory(t)
	r, err := Import(t.Context(), []string{a}, m, Options{})
	if err != nil || r.Accepted != 4 {
		t.Fatal(r, err)
	}
	m.types = map[string]map[string]string{} // a store that forgot
	if r, err = Import(t.Context(), []string{b}, m, Options{}); err != nil || r.Accepted != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestManyFields holds that a table gets a bounded number of new columns and loses nothing.
func TestManyFields(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"TimeGenerated":"2025-03-04T10:00:00Z","Type":"Contoso_CL"`)
	for i := range 700 {
		b.WriteString(`,"f` + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + string(rune('a'+i/26)) + `":1`)
	}
	b.WriteString(`,"bad/name":1,"bad/name":2,"` + strings.Repeat("n", 1000) + `":1}`)
	m := newMemory(t)
	if _, err := Import(t.Context(), []string{folder(t, map[string]string{"a.json": b.String()})}, m, Options{}); err != nil {
		t.Fatal(err)
	}
	if n := len(m.types["Contoso_CL"]); n < 500 || n > 520 {
		t.Errorf("%d columns", n)
	}
	row := m.rows["Contoso_CL"][0]
	if kept, _ := row["_Unmapped"].(json.RawMessage); !strings.Contains(string(kept), `"bad/name":1`) {
		t.Errorf("_Unmapped lacks what has no column")
	}
}

// TestBoundedMemory imports one big flow log document and holds the heap to a bound.
func TestBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	path := filepath.Join(t.TempDir(), "PT1H.json")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	part := flows(100_000)
	_, _ = f.WriteString(`{"records":[`)
	for i := range 15 {
		if i > 0 {
			_, _ = f.WriteString(",")
		}
		_, _ = f.Write(part[len(`{"records":[`) : len(part)-2])
	}
	_, _ = f.WriteString("]}")
	f.Close()
	part = nil
	debug.FreeOSMemory() // what other tests left is not counted
	var peak uint64
	stop := make(chan bool)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				var s runtime.MemStats
				runtime.ReadMemStats(&s)
				peak = max(peak, s.HeapInuse)
			}
		}
	}()
	r, err := Import(t.Context(), []string{path}, discard{}, Options{})
	stop <- true
	if err != nil || r.Accepted != 1_500_000 {
		t.Fatal(r, err)
	}
	if peak > 400<<20 {
		t.Errorf("the heap grew to %d MB over a document of %d MB", peak>>20, r.Bytes>>20)
	}
	t.Logf("peak heap %d MB over %d MB", peak>>20, r.Bytes>>20)
}
