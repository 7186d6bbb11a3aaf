package lower

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"nordlys/internal/kql"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// oneTable is a workspace with one table, whose columns have names that need quoting.
type oneTable struct{}

func (oneTable) columns() []plan.Column {
	return []plan.Column{
		{Name: "TimeGenerated", Type: catalog.Datetime}, {Name: "Computer", Type: catalog.String},
		{Name: `it's "here"; --`, Type: catalog.String}, {Name: "EventID", Type: catalog.Int}, {Name: "Bag", Type: catalog.Dynamic},
	}
}

func (t oneTable) Table(name string) ([]plan.Column, bool) {
	return t.columns(), name == "SecurityEvent"
}

func (oneTable) Names() []string { return []string{"SecurityEvent"} }

func (oneTable) StoredPath(_, column, path string) (string, bool) {
	return column + path, path == ".k"
}

func (oneTable) Relation(table string, cols []plan.Column, _ Bounds) (string, []string, error) {
	exprs := make([]string, len(cols))
	for i, c := range cols {
		exprs[i] = Ident(c.Name)
	}
	return Ident(table), exprs, nil
}

// FuzzLower compiles queries to SQL: no panic, and nothing of a query in the SQL but inside quotes. What stands outside
// must be a word of this package's own source, a number or punctuation.
func FuzzLower(f *testing.F) {
	files, err := filepath.Glob("../../../testdata/corpus/*/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no corpus: %v", err)
	}
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range a.Files {
			if part.Name == "query.kql" {
				f.Add(string(part.Data))
			}
		}
	}
	f.Add(`SecurityEvent | where Computer has "'; DROP TABLE x; --" | summarize n = count() by ['a"b'], EventID`)
	f.Add(`SecurityEvent | extend ['x" FROM y'] = Bag["k'\""]["$[0]"] | project ["it's \"here\"; --"], ['x" FROM y']`)
	f.Add(`SecurityEvent | parse kind=regex Computer with "(a'b)" ['c"d'] "e\\'f" | top 3 by ['c"d']`)
	words := ownWords(f)
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		q, list := kql.Compile(text, oneTable{}, kql.Options{Now: now, Discover: hostileRows})
		if list.HasErrors() {
			return
		}
		res, err := Lower(q, Options{Tables: oneTable{}, Now: now})
		if err != nil {
			return // says what cannot be done; that is for the corpus to hold
		}
		bare, ok := unquoted(res.SQL)
		if !ok {
			t.Fatalf("a quote is not closed in\n%s", res.SQL)
		}
		if bad := foreign(bare, words); bad != "" {
			t.Fatalf("%q stands outside quotes in\n%s", bad, res.SQL)
		}
	})
}

// hostileRows is what a run while binding finds: texts that would do harm outside quotes.
func hostileRows(root plan.Node, _ int) ([][]*plan.Const, error) {
	var rows [][]*plan.Const
	for _, text := range []string{`a"; DROP TABLE x; --`, "b'; DROP TABLE x; --", "string"} {
		var row []*plan.Const
		for _, c := range root.Schema() {
			row = append(row, &plan.Const{Typ: c.Type, Value: text})
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// ownWords lists the words in the string literals of this package, and the functions that it calls by the ids of
// overloads.
func ownWords(f *testing.F) map[string]bool {
	words := map[string]bool{}
	for _, fn := range catalog.Builtin().Functions() {
		for _, o := range fn.Overloads {
			for _, prefix := range []string{"go_", "kql_"} {
				words[prefix+o.ID] = true
			}
			words[strings.TrimPrefix(o.ID, "hash_")] = true
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var s scanner.Scanner
		fset := token.NewFileSet()
		s.Init(fset.AddFile(name, fset.Base(), len(src)), src, nil, 0)
		for {
			_, tok, lit := s.Scan()
			if tok == token.EOF {
				break
			}
			if tok != token.STRING {
				continue
			}
			text, err := strconv.Unquote(lit)
			if err != nil {
				f.Fatal(err)
			}
			for _, w := range word.FindAllString(text, -1) {
				words[w] = true
			}
		}
	}
	return words
}

var (
	word   = regexp.MustCompile(`[A-Za-z_][A-Za-z_0-9]*`)
	number = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(e-?[0-9]+)?`)
)

// unquoted gives SQL without its quoted parts; ok is false where one does not end.
func unquoted(sql string) (bare string, ok bool) {
	var b strings.Builder
	for {
		i := strings.IndexAny(sql, `'"`)
		if i < 0 {
			b.WriteString(sql)
			return b.String(), true
		}
		b.WriteString(sql[:i])
		b.WriteByte(' ')
		end := strings.IndexByte(sql[i+1:], sql[i])
		if end < 0 {
			return "", false
		}
		// A doubled quote inside ends one part and begins the next.
		sql = sql[i+1+end+1:]
	}
}

// foreign finds the first thing in bare SQL that is no word of ours, no number and no punctuation.
func foreign(bare string, words map[string]bool) string {
	for i := 0; i < len(bare); {
		if w := word.FindString(bare[i:]); w != "" && strings.HasPrefix(bare[i:], w) {
			if !words[w] && !words[strings.TrimRight(w, "0123456789")] {
				return w
			}
			i += len(w)
			continue
		}
		if n := number.FindString(bare[i:]); n != "" {
			i += len(n)
			continue
		}
		if !strings.ContainsRune(" ()[],.:+-*/%<>=|&~", rune(bare[i])) {
			return bare[i : i+1]
		}
		if strings.HasPrefix(bare[i:], "--") || strings.HasPrefix(bare[i:], "/*") {
			return bare[i : i+2]
		}
		i++
	}
	return ""
}
