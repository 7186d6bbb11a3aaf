package duckdb

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nordlys/internal/engine"
	"nordlys/internal/engine/enginetest"
)

func open(t testing.TB) *DB {
	t.Helper()
	db, err := Open(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// A step that only the rows tell to be 0 is the query's mistake; it is told as it is, also where the query has a time
// limit.
func TestStepOfNothing(t *testing.T) {
	_, err := ask(context.Background(), open(t), "let s = toscalar(range x from 0 to 0 step 1 | project x * 1m); range t from datetime(2026-03-10) to datetime(2026-03-11) step s", engine.Limits{Timeout: time.Minute})
	if err == nil || !strings.Contains(err.Error(), "step comes out as 0") {
		t.Errorf("%v", err)
	}
}

func TestExamples(t *testing.T) { enginetest.Examples(t, open(t)) }

// TestLaws checks the laws on pipelines that are the same each time; FuzzLaws goes on from there.
func TestLaws(t *testing.T) {
	db, n, checked := open(t), 100, 0
	for seed := range n {
		checked += enginetest.Laws(t, db, uint64(seed))
	}
	t.Logf("%d laws held on %d pipelines", checked, n)
	if checked < 3*n {
		t.Errorf("only %d laws were checked: most queries are refused", checked)
	}
}

func FuzzLaws(f *testing.F) {
	db := open(f)
	f.Fuzz(func(t *testing.T, seed uint64) { enginetest.Laws(t, db, seed) })
}

func TestCorpus(t *testing.T) { enginetest.Corpus(t, open(t), enginetest.CorpusDir()) }

// A query that reached for files or settings would be refused by the engine too.
func TestNothingOutsideIsReadable(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(context.Background(), Options{Dirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	inside, outside := filepath.Join(dir, "a.csv"), filepath.Join(t.TempDir(), "a.csv")
	for _, p := range []string{inside, outside} {
		if err := os.WriteFile(p, []byte("x\n1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	if err := db.Exec(ctx, "CREATE TEMP TABLE t AS FROM read_csv('"+inside+"')"); err != nil {
		t.Errorf("a file of the workspace: %v", err)
	}
	for _, q := range []string{
		"CREATE TEMP TABLE u AS FROM read_csv('" + outside + "')", "CREATE TEMP TABLE v AS FROM read_text('/etc/passwd')",
		"COPY (SELECT 1) TO '" + outside + "'", "ATTACH '" + outside + ".db'", "INSTALL httpfs", "SET enable_external_access = true",
		"CREATE TEMP TABLE w AS FROM read_csv('" + dir + "/../" + filepath.Base(filepath.Dir(outside)) + "/a.csv')",
	} {
		if err := db.Exec(ctx, q); err == nil {
			t.Errorf("%s was let through", q)
		}
	}
}
