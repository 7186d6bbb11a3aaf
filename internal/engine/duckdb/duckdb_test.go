package duckdb

import (
	"context"
	"testing"

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

func TestExamples(t *testing.T) { enginetest.Examples(t, open(t)) }
