package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
			checkFormats(t, r)
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

// checkFormats holds receipts to the list of formats: what was read is in it, with the tables that it filled.
func checkFormats(t *testing.T, r *Receipt) {
	list := Formats()
	for _, f := range r.Files {
		if f.Format == "" {
			continue
		}
		var to []string
		for name := range strings.SplitSeq(f.Format, ", ") {
			entry, ok := formatOf(list, name)
			if !ok && name != "flattened by a collector" {
				t.Errorf("%s: the format %q is not in the list of formats", f.Path, name)
			}
			to = append(to, entry.Tables...)
		}
		open := slices.ContainsFunc(to, func(s string) bool { return strings.Contains(s, "any table") || strings.HasPrefix(s, "the table") })
		for _, table := range f.Tables {
			if !open && !slices.Contains(to, table) && !(strings.HasSuffix(table, "_CL") && slices.Contains(to, "NAME_CL")) {
				t.Errorf("%s: rows in %s, which its formats (%s) do not list", f.Path, table, f.Format)
			}
		}
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
