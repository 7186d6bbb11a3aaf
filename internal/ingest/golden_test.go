package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// testNow is the time of the imports in tests.
var testNow = time.Date(2025, 9, 1, 12, 0, 0, 0, time.UTC)

// TestGolden runs the cases beside the decoders: */testdata/*.txtar. The files of an archive are imported as one
// folder; want has a line for each file's receipt and then each row as JSON, without empty columns and hidden ones
// except _SourceRecord and _Unmapped. The first line of the comment may set "timezone NAME".
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("*/testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases: ", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(strings.ReplaceAll(path, "/testdata/", "/"), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			opts := Options{Now: testNow}
			if name, ok := strings.CutPrefix(strings.SplitN(string(a.Comment), "\n", 2)[0], "timezone "); ok {
				if opts.Timezone, err = time.LoadLocation(name); err != nil {
					t.Fatal(err)
				}
			}
			dir, want := t.TempDir(), ""
			for _, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				name := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, f.Data, 0o666); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(name, testNow, testNow); err != nil {
					t.Fatal(err)
				}
			}
			m := newMemory(t)
			r, err := Import(t.Context(), []string{dir}, m, opts)
			if err != nil {
				t.Fatal(err)
			}
			delete(m.rows, "NordlysRejects")
			got := receiptLines(r, dir) + m.text()
			if os.Getenv("NORDLYS_PRINT") != "" {
				fmt.Printf("== %s\n%s", path, got)
			}
			if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("rows differ (-want +got):\n%s", d)
			}
			again, err := Import(t.Context(), []string{dir}, m, opts)
			if err != nil || again.Accepted != 0 || again.Records != r.Records || again.Rejected != r.Rejected {
				t.Errorf("importing again: %+v, %v; first %+v", again, err, r)
			}
			if n := len(m.rows["NordlysRejects"]); n != 0 {
				t.Errorf("importing again added %d rows to NordlysRejects", n)
			}
		})
	}
}

// receiptLines is the part of a receipt that does not depend on where the files are.
func receiptLines(r *Receipt, dir string) string {
	var b strings.Builder
	for _, f := range r.Files {
		fmt.Fprintf(&b, "receipt %s: %s: %d = %d + %d + %d", strings.TrimPrefix(f.Path, dir+"/"), f.Format, f.Records, f.Accepted, f.Duplicates, f.Rejected)
		for _, s := range []string{f.FirstReason, f.Note, f.Error} {
			if s != "" {
				fmt.Fprintf(&b, "; %s", s)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
