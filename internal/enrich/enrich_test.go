package enrich

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nordlys/internal/engine"
	"nordlys/internal/engine/duckdb"
	"nordlys/internal/ingest"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

var testNow = time.Date(2025, 9, 1, 12, 0, 0, 0, time.UTC)

// imported makes a workspace of evidence, open for writing.
func imported(t testing.TB, paths ...string) *workspace.Workspace {
	t.Helper()
	dir := t.TempDir()
	if len(paths) == 1 {
		data, _ := filepath.Glob(filepath.Join(paths[0], "data", "*"))
		for _, path := range data {
			if _, err := workspace.AddData(dir, path); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.RemoveAll(filepath.Join(paths[0], "data")); err != nil {
			t.Fatal(err)
		}
	}
	w, err := workspace.Open(context.Background(), dir, workspace.Write, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	importInto(t, w, paths...)
	return w
}

func importInto(t testing.TB, w *workspace.Workspace, paths ...string) {
	t.Helper()
	columns := func(table string) []tables.Column {
		visible, _, _ := w.Table(table)
		return visible
	}
	r, err := ingest.Import(context.Background(), paths, w, ingest.Options{Now: testNow, Columns: columns})
	if err != nil || r.Failed() {
		t.Fatalf("import: %v, %+v", err, r)
	}
}

// unpack writes the files of a case, all with one time.
func unpack(t testing.TB, a *txtar.Archive) (dir string, want string) {
	t.Helper()
	dir = t.TempDir()
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
	return dir, want
}

// dump writes the rows that were made, one as JSON a line, without empty columns.
func dump(t testing.TB, w *workspace.Workspace, table string) []string {
	t.Helper()
	var out []string
	ask(t, w, table+derived, func(names []string, types []string, row []any) {
		cells := map[string]any{}
		for i, v := range row {
			switch v := v.(type) {
			case nil:
				continue
			case string:
				if v == "" {
					continue
				}
			case int64:
				if types[i] == "datetime" {
					cells[names[i]] = rows.TimeOf(v).Format("2006-01-02T15:04:05.0000000Z")
					continue
				}
			}
			if names[i] != "Type" && names[i] != "_SourceId" {
				cells[names[i]] = v
			}
		}
		text, err := json.Marshal(cells)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, table+" "+string(text))
	})
	slices.Sort(out)
	return out
}

func ask(t testing.TB, w *workspace.Workspace, query string, f func(names, types []string, row []any)) {
	t.Helper()
	var r engine.Rows
	r, _, list, err := w.Query(context.Background(), workspace.Query{Text: query})
	if err != nil {
		t.Fatalf("%s: %v %v", query, err, list)
	}
	defer r.Close()
	var names, types []string
	for _, c := range r.Columns() {
		names, types = append(names, c.Name), append(types, c.Type.String())
	}
	for {
		row, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if row == nil {
			return
		}
		f(names, types, row)
	}
}

// one is a query's answer: a line for each row, a blank between cells.
func one(t testing.TB, w *workspace.Workspace, query string) string {
	t.Helper()
	var out []string
	ask(t, w, query, func(_, _ []string, row []any) { out = append(out, strings.TrimSuffix(fmt.Sprintln(row...), "\n")) })
	return strings.Join(out, "\n")
}

// TestGolden runs the cases of testdata: what is in an archive is imported, files below data added to the workspace's data,
// and all enriched; want is the summary's notes and
// the rows made. The first line of the comment may say "interval 10m".
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases: ", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			o := Options{Now: testNow}
			if strings.HasPrefix(string(a.Comment), "interval 10m") {
				o.Interval = TenMinutes
			}
			dir, want := unpack(t, a)
			w := imported(t, dir)
			s, err := Run(t.Context(), w, o)
			if err != nil {
				t.Fatal(err)
			}
			all := func() []string {
				var got []string
				for _, table := range []string{nsgTable, vnetTable, addressTable, topologyTable} {
					got = append(got, dump(t, w, table)...)
				}
				return got
			}
			got := all()
			lines := append(slices.Clone(s.Notes), got...)
			if os.Getenv("NORDLYS_PRINT") != "" {
				fmt.Printf("== %s\n%s\n", path, strings.Join(lines, "\n"))
			}
			if d := cmp.Diff(strings.Split(strings.TrimSuffix(want, "\n"), "\n"), lines); d != "" {
				t.Errorf("rows differ (-want +got):\n%s", d)
			}
			if _, err := Run(t.Context(), w, o); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(got, all()); d != "" {
				t.Errorf("a second run changes rows:\n%s", d)
			}
		})
	}
}
