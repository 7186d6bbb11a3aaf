package catalog

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// corpusQueries gives the queries of all cases.
func corpusQueries(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../../testdata/corpus/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	var out []string
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		gap := slices.ContainsFunc(a.Files, func(f txtar.File) bool { return f.Name == "gap.txt" || f.Name == "error.txt" })
		for _, f := range a.Files {
			if f.Name == "query.kql" && !gap {
				out = append(out, string(f.Data))
			}
		}
	}
	return out
}

// cases counts the cases of the corpus that use an entry by any of its names.
func cases(queries []string, pattern func(name string) string, names ...string) int {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = pattern(regexp.QuoteMeta(n))
	}
	re := regexp.MustCompile(strings.Join(parts, "|"))
	n := 0
	for _, q := range queries {
		if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(q, strings.TrimSuffix(name, "unary")) }) && re.MatchString(q) {
			n++
		}
	}
	return n
}

func (f *Function) pattern() func(name string) string {
	return func(name string) string {
		switch {
		case f.Name == "-unary":
			return `[\s(,=]-[a-z(]`
		case f.Kind == Operator && regexp.MustCompile(`^[a-z!]*[a-z_~ ]+$`).MatchString(name):
			return `(?:^|[\s)\]])` + name + `[\s(]`
		case f.Kind == Operator:
			return name
		}
		return `\b` + name + `\s*\(`
	}
}

// TestEveryEntryHasACase holds that no entry is without a case in testdata/corpus.
func TestEveryEntryHasACase(t *testing.T) {
	queries := corpusQueries(t)
	var missing []string
	for _, f := range Builtin().Functions() {
		if f.Name == "geo_info_from_ip_address" {
			continue // answers only where the user has named a file of addresses
		}
		if cases(queries, f.pattern(), append(slices.Clone(f.Aliases), f.Name)...) == 0 {
			missing = append(missing, f.Name)
		}
	}
	for _, o := range TabularOperators() {
		if cases(queries, tabularPattern, append(slices.Clone(o.Aliases), o.Name)...) == 0 {
			missing = append(missing, o.Name)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d entries have no case in testdata/corpus: %s", len(missing), strings.Join(missing, " "))
	}
}

func tabularPattern(name string) string { return `(?:^|[|(;\s])` + name + `[\s(]` }
