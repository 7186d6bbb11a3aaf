package duckdb

import (
	"context"
	"strings"
	"testing"
	"time"

	"nordlys/internal/engine"
	"nordlys/internal/engine/enginetest"
	"nordlys/internal/kql"
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

// An error while a query runs is told as it is, also where the query has a time limit.
func TestErrorIsTheCause(t *testing.T) {
	q, list := kql.Compile("print x = 9223372036854775807 | extend y = x + 1", nil, kql.Options{})
	if list.HasErrors() {
		t.Fatal(list)
	}
	rows, err := open(t).Run(context.Background(), engine.Request{Query: q, Limits: engine.Limits{Timeout: time.Minute}})
	for err == nil {
		var row []any
		if row, err = rows.Next(); row == nil && err == nil {
			t.Fatal("an overflow gave a result")
		}
	}
	if !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("error = %v, want one that names the value", err)
	}
}

func TestExamples(t *testing.T) { enginetest.Examples(t, open(t)) }

func TestCorpus(t *testing.T) { enginetest.Corpus(t, open(t), enginetest.CorpusDir()) }
