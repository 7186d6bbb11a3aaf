package nordlys

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed says which of our packages a package may import: the arrows of docs/ARCHITECTURE.md. A pattern that ends in
// /... covers what is below it. Packages of one folder tree may import each other downwards as listed.
var allowed = map[string][]string{
	"cmd/nordlys":                {"internal/..."},
	"internal/kql/diag":          {},
	"internal/kql/syntax":        {"internal/kql/diag"},
	"internal/kql/catalog":       {"internal/kql/diag", "internal/kql/syntax"},
	"internal/kql/plan":          {"internal/kql/catalog"},
	"internal/kql/bind":          {"internal/kql/catalog", "internal/kql/diag", "internal/kql/plan", "internal/kql/syntax"},
	"internal/kql":               {"internal/kql/..."},
	"internal/tables":            {},
	"internal/scenario":          {},
	"internal/engine":            {"internal/engine/lower", "internal/kql/..."},
	"internal/engine/lower":      {"internal/kql/catalog", "internal/kql/plan"},
	"internal/engine/scalar":     {"internal/engine/geo", "internal/kql/catalog"},
	"internal/engine/geo":        {},
	"internal/engine/enginetest": {"internal/engine", "internal/kql", "internal/kql/..."},
	"internal/engine/duckdb":     {"internal/engine", "internal/engine/lower", "internal/engine/scalar", "internal/kql/..."},
	"internal/ingest":            {"internal/tables", "internal/ingest/..."},
	"internal/ingest/...":        {"internal/tables", "internal/ingest/..."},
	"internal/workspace":         {"internal/engine/...", "internal/engine", "internal/kql", "internal/kql/...", "internal/tables"},
	"internal/investigate":       {"internal/engine", "internal/workspace", "internal/kql", "internal/kql/...", "internal/tables"},
	"internal/enrich":            {"internal/engine", "internal/ingest/rows", "internal/tables", "internal/workspace"},
	"internal/server":            {"internal/engine", "internal/ingest/rows", "internal/kql", "internal/kql/...", "internal/tables", "internal/workspace"},
	"internal/bench":             {"internal/..."},
}

// fenced are the modules that only one folder may import.
var fenced = map[string]string{
	"github.com/duckdb/duckdb-go":         "internal/engine/duckdb",
	"github.com/ClickHouse/clickhouse-go": "internal/engine/clickhouse",
	"github.com/Azure/azure-sdk-for-go":   "internal/collect",
}

func TestImportDirection(t *testing.T) {
	eachGoFile(t, func(path, dir string, imports []string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		rules, known := rulesFor(dir)
		if !known {
			t.Errorf("%s: package %s is not on the map: decide what it may import, here and in docs/ARCHITECTURE.md", path, dir)
			return
		}
		for _, imp := range imports {
			ours, ok := strings.CutPrefix(imp, "nordlys/")
			if ok && !slices.ContainsFunc(rules, func(p string) bool { return matches(p, ours) }) {
				t.Errorf("%s imports %s: that arrow is not on the map", path, ours)
			}
		}
	})
}

func TestFencedModules(t *testing.T) {
	eachGoFile(t, func(path, dir string, imports []string) {
		for _, imp := range imports {
			for module, home := range fenced {
				if strings.HasPrefix(imp, module) && dir != home && dir != "internal/bench" {
					t.Errorf("%s imports %s: only %s may", path, imp, home)
				}
			}
		}
	})
}

func rulesFor(dir string) ([]string, bool) {
	if r, ok := allowed[dir]; ok {
		return r, true
	}
	for p, r := range allowed {
		if strings.HasSuffix(p, "/...") && matches(p, dir) {
			return r, true
		}
	}
	return nil, false
}

func matches(pattern, path string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(path, base+"/")
	}
	return pattern == path
}

func eachGoFile(t *testing.T, f func(path, dir string, imports []string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Dir(path) == "." {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, i := range file.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			imports = append(imports, p)
		}
		f(filepath.ToSlash(path), filepath.ToSlash(filepath.Dir(path)), imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pathInDoc finds `internal/…`, `cmd/…`, `docs/…` and the like in backquotes.
var pathInDoc = regexp.MustCompile("`((?:internal|cmd|docs|testdata|rules|web|\\.ci)[A-Za-z0-9_./-]*)`")

// Every path that the architecture document names exists.
func TestArchitectureNamesRealPaths(t *testing.T) {
	text, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	found := pathInDoc.FindAllStringSubmatch(string(text), -1)
	if len(found) < 10 {
		t.Fatalf("docs/ARCHITECTURE.md names %d paths: the check has lost its object", len(found))
	}
	for _, m := range found {
		if _, err := os.Stat(strings.TrimSuffix(m[1], "/")); err != nil {
			t.Errorf("docs/ARCHITECTURE.md names %s: %v", m[1], err)
		}
	}
}
