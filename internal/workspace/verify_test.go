package workspace

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	w := open(t, dir, Write)
	add(t, w, "A_CL", batch("A", row{day0, 1, "x"}), 1)
	add(t, w, "B_CL", batch("A", row{day0, 2, "y"}), 1)
	if err := w.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	v, err := w.Verify(ctx)
	if err != nil || v.Segments != 2 || len(v.Problems) > 0 {
		t.Fatalf("%+v, %v", v, err)
	}
	segment := func(table string) string {
		found, _ := filepath.Glob(filepath.Join(dir, "segments", table, "*", "*.parquet"))
		if len(found) != 1 {
			t.Fatal(found)
		}
		return found[0]
	}
	a, b := segment("A_CL"), segment("B_CL")
	data, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(a, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(a), "put.parquet"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err = w.Verify(ctx)
	all := strings.Join(v.Problems, "\n")
	if err != nil || len(v.Problems) != 3 || !strings.Contains(all, "damaged or changed") || !strings.Contains(all, "missing: 1 rows of B_CL") || !strings.Contains(all, "not in the catalogue") {
		t.Errorf("%v, %v", v.Problems, err)
	}
}
