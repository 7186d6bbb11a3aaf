package catalog

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/kql-coverage.md anew")

const coveragePath = "../../../docs/kql-coverage.md"

// TestEntries builds the catalogue and checks what every entry must have.
func TestEntries(t *testing.T) {
	seen := map[string]string{}
	ids := map[string]bool{}
	for _, f := range Builtin().Functions() {
		if f.Doc == "" || !strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%s: the documentation is not a sentence: %q", f.Name, f.Doc)
		}
		if len(f.Overloads) == 0 && f.Kind != Plugin {
			t.Errorf("%s has no overload", f.Name)
		}
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			key := fmt.Sprint(f.Kind == Operator, f.Kind == Plugin, f.Kind == Aggregate, name)
			if other, taken := seen[key]; taken {
				t.Errorf("%s and %s both have the name %s", other, f.Name, name)
			}
			seen[key] = f.Name
		}
		for _, o := range f.Overloads {
			if ids[o.ID] {
				t.Errorf("overload id %s is used twice", o.ID)
			}
			ids[o.ID] = true
			for i, p := range o.Params {
				if p.Repeat && i != len(o.Params)-1 {
					t.Errorf("%s: only the last parameter may repeat", o.ID)
				}
			}
			if o.Result.Class == ArgType && o.Result.Arg >= len(o.Params) {
				t.Errorf("%s: the result is the type of argument %d of %d", o.ID, o.Result.Arg, len(o.Params))
			}
		}
	}
}

func TestTypeNames(t *testing.T) {
	for typ := Bool; typ <= Dynamic; typ++ {
		if got, ok := ParseType(typ.String()); !ok || got != typ {
			t.Errorf("ParseType(%q) = %v, %v", typ, got, ok)
		}
	}
}

// TestCoverage holds docs/kql-coverage.md to the catalogue: go test ./internal/kql/catalog -run Coverage -update.
func TestCoverage(t *testing.T) {
	want := coverage(t)
	if *update {
		if err := os.WriteFile(coveragePath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(coveragePath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/kql-coverage.md is not what the catalogue says: run make generate")
	}
}

// coverage writes the list of functions for people.
func coverage(t *testing.T) string {
	queries := corpusQueries(t)
	var b strings.Builder
	b.WriteString("# KQL: what runs\n\nGenerated from the catalogue (`internal/kql/catalog`) by `make generate`. What is not here gives a diagnostic, never a\nguess. Cases are those of `testdata/corpus` that use the entry; each entry has an example in the catalogue beside them.\nWhat differs from Kusto on purpose stands in the last column and in [differences.md](differences.md).\n")
	row := func(name string, aliases []string, cases int, doc string) {
		fmt.Fprintf(&b, "| `%s` | %s | %d | %s | %s |\n", name, strings.Join(aliases, ", "), cases, strings.ReplaceAll(doc, "|", "\\|"), strings.ReplaceAll(Deviation(name), "|", "\\|"))
	}
	const head = "\n## %s\n\n| name | also | cases | what it does | differs from Kusto |\n|---|---|---|---|---|\n"
	fmt.Fprintf(&b, head, "Tabular operators")
	for _, o := range TabularOperators() {
		row(o.Name, o.Aliases, cases(queries, tabularPattern, append(slices.Clone(o.Aliases), o.Name)...), o.Doc)
	}
	for _, k := range []struct {
		kind  Kind
		title string
	}{{Operator, "Operators of expressions"}, {Scalar, "Scalar functions"}, {Aggregate, "Aggregates"}, {Window, "Functions over serialized rows"}, {Plugin, "Plugins of evaluate"}} {
		fmt.Fprintf(&b, head, k.title)
		for _, f := range Builtin().Functions() {
			if f.Kind == k.kind {
				row(f.Name, f.Aliases, cases(queries, f.pattern(), append(slices.Clone(f.Aliases), f.Name)...), f.Doc)
			}
		}
	}
	return b.String()
}
