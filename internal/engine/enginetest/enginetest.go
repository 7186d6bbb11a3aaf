// Package enginetest is the acceptance suite that every engine runs: the corpus of KQL cases under testdata/corpus and
// the examples of the catalogue. It is for tests only.
//
// A case is a txtar archive with the files
//
//	query.kql     the query, over datatable text, so that it can be pasted into Kusto
//	rows.json     the expected answer: {"columns":[["name","type"]…],"rows":[[…]…]}, written by hand or taken from
//	              Microsoft's documentation, never from our own output
//	error.txt     or instead: a diagnostic code and the text that it must mark, separated by a space
//	unordered     an empty file: the order of the rows does not matter
//	rows-2.json   the second answer of a query with several results, and so on
//	gap.txt       the reason why the case is known to fail; a case that passes all the same fails
//
// The text before the first file says what behaviour the case shows and which page settles it.
package enginetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nordlys/internal/engine"
	"nordlys/internal/kql"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// Now is the value of now() in every case.
var Now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// noTables is a workspace without tables.
type noTables struct{}

// Table implements bind.Tables.
func (noTables) Table(string) ([]plan.Column, bool) { return nil, false }

// Names implements bind.Tables.
func (noTables) Names() []string { return nil }

// options are the circumstances of every query of the suite.
func options(e engine.Engine) kql.Options {
	limits := engine.Limits{Timeout: time.Minute}
	return kql.Options{Now: Now, Discover: engine.Discover(context.Background(), e, engine.Request{Now: Now, Limits: limits})}
}

// answer is a result in the form of rows.json.
type answer struct {
	Columns [][2]string `json:"columns"`
	Rows    [][]any     `json:"rows"`
}

// Corpus runs every case below dir.
func Corpus(t *testing.T, e engine.Engine, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases below %s: %v", dir, err)
	}
	for _, f := range files {
		name, _ := filepath.Rel(dir, f)
		t.Run(strings.TrimSuffix(filepath.ToSlash(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, file := range a.Files {
				parts[file.Name] = string(file.Data)
			}
			problem := runCase(e, parts)
			reason, gap := parts["gap.txt"]
			switch {
			case gap && problem == "":
				t.Errorf("passes, though listed as a gap (%s): remove gap.txt", strings.TrimSpace(reason))
			case gap:
				t.Skipf("known gap: %s", strings.TrimSpace(reason))
			case problem != "":
				t.Error(problem)
			}
		})
	}
}

// runCase gives what is wrong, "" if nothing is.
func runCase(e engine.Engine, parts map[string]string) string {
	query := parts["query.kql"]
	q, list := kql.Compile(query, noTables{}, options(e))
	if want, ok := parts["error.txt"]; ok {
		code, marked, _ := strings.Cut(strings.TrimSpace(want), " ")
		for _, d := range list {
			if string(d.Code) == code && query[d.Span.Start:d.Span.End] == marked {
				return ""
			}
		}
		return fmt.Sprintf("want %s at %q, got:\n%s", code, marked, list.Render(query))
	}
	if list.HasErrors() {
		return list.Render(query)
	}
	if p := printsBack(query); p != "" {
		return p
	}
	for i, one := range q.Results() {
		name := "rows.json"
		if i > 0 {
			name = fmt.Sprintf("rows-%d.json", i+1)
		}
		if problem := compare(e, one, parts, name); problem != "" {
			return problem
		}
	}
	if _, ok := parts[fmt.Sprintf("rows-%d.json", len(q.Results())+1)]; ok {
		return fmt.Sprintf("the query has %d results", len(q.Results()))
	}
	return ""
}

// compare runs one result of a query and gives what differs from the rows expected.
func compare(e engine.Engine, q *plan.Query, parts map[string]string, name string) string {
	got, err := ask(e, q)
	if err != nil {
		return err.Error()
	}
	var want answer
	d := json.NewDecoder(strings.NewReader(parts[name]))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		return name + ": " + err.Error()
	}
	if _, ok := parts["unordered"]; ok {
		sortRows(want.Rows)
		sortRows(got.Rows)
	}
	if diff := cmp.Diff(normal(want), normal(got)); diff != "" {
		return name + ": answer differs (-want +got):\n" + diff
	}
	return ""
}

// printsBack checks that printing a query and reading it again gives the same tree.
func printsBack(query string) string {
	tree, _ := syntax.Parse(query)
	printed := syntax.Print(tree)
	again, diags := syntax.Parse(printed)
	if diags.HasErrors() {
		return "printed query cannot be read:\n" + printed + "\n" + diags.Render(printed)
	}
	if diff := cmp.Diff(syntax.Dump(tree, false), syntax.Dump(again, false)); diff != "" {
		return "printed query has another tree (-want +got):\n" + diff
	}
	return ""
}

func ask(e engine.Engine, q *plan.Query) (answer, error) {
	rows, err := e.Run(context.Background(), engine.Request{Query: q, Now: Now, Limits: engine.Limits{Timeout: time.Minute}})
	if err != nil {
		return answer{}, err
	}
	defer rows.Close()
	var a answer
	for _, c := range rows.Columns() {
		a.Columns = append(a.Columns, [2]string{c.Name, c.Type.String()})
	}
	for {
		row, err := rows.Next()
		if err != nil {
			return a, err
		}
		if row == nil {
			return a, nil
		}
		out := make([]any, len(row))
		for i, v := range row {
			d := json.NewDecoder(bytes.NewReader(engine.AppendJSON(nil, v, rows.Columns()[i].Type)))
			d.UseNumber()
			if err := d.Decode(&out[i]); err != nil {
				return a, fmt.Errorf("column %s: %w", rows.Columns()[i].Name, err)
			}
		}
		a.Rows = append(a.Rows, out)
	}
}

// normal brings numbers to a form in which 1 and 1.0 are equal and reals agree to 12 digits.
func normal(a answer) answer {
	for _, row := range a.Rows {
		for i := range row {
			row[i] = normalValue(row[i])
		}
	}
	if len(a.Rows) == 0 {
		a.Rows = nil
	}
	return a
}

func normalValue(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return fmt.Sprint(n)
		}
		f, err := v.Float64()
		if err != nil || f == math.Trunc(f) && math.Abs(f) < 1e15 {
			return fmt.Sprint(int64(f))
		}
		return fmt.Sprintf("%.12g", f)
	case []any:
		for i := range v {
			v[i] = normalValue(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = normalValue(v[k])
		}
	}
	return v
}

func sortRows(rows [][]any) {
	sort.SliceStable(rows, func(i, j int) bool { return fmt.Sprint(rows[i]...) < fmt.Sprint(rows[j]...) })
}

// Examples runs the examples of the catalogue and compares their answers.
func Examples(t *testing.T, e engine.Engine) {
	for _, f := range catalog.Builtin().Functions() {
		for _, ex := range f.Examples {
			t.Run(f.Name, func(t *testing.T) {
				q, list := kql.Compile(ex.Query, noTables{}, options(e))
				if list.HasErrors() {
					t.Fatal(list.Render(ex.Query))
				}
				rows, err := e.Run(context.Background(), engine.Request{Query: q, Now: Now})
				if err != nil {
					t.Fatalf("%s: %v", ex.Query, err)
				}
				defer rows.Close()
				row, err := rows.Next()
				if err != nil {
					t.Fatalf("%s: %v", ex.Query, err)
				}
				var parts []string
				for i, v := range row {
					parts = append(parts, engine.Text(v, rows.Columns()[i].Type))
				}
				if got := strings.Join(parts, "|"); got != ex.Answer {
					t.Errorf("%s\n got %s\nwant %s", ex.Query, got, ex.Answer)
				}
			})
		}
	}
}

// CorpusDir is where the cases lie, seen from a package three folders below the root.
func CorpusDir() string {
	if _, err := os.Stat("../../../testdata/corpus"); err == nil {
		return "../../../testdata/corpus"
	}
	return "testdata/corpus"
}
