package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shared finds the folder of public samples, which are not part of the repository.
func shared(t *testing.T) string {
	dir := os.Getenv("NORDLYS_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	dir = filepath.Join(dir, "samples")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: no public samples at %s; set NORDLYS_SHARED to run over real records", dir)
	}
	return dir
}

// TestSamples imports real records, odd ones included: nothing may panic, be lost, or be counted wrong, and importing
// again adds nothing.
func TestSamples(t *testing.T) {
	dir := shared(t)
	folders, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		t.Run(f.Name(), func(t *testing.T) {
			m := newMemory(t)
			opts := Options{Timezone: time.UTC, Columns: m.columns}
			r, err := Import(t.Context(), []string{filepath.Join(dir, f.Name())}, m, opts)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			_ = r.WriteText(&b)
			t.Log("\n" + strings.ReplaceAll(b.String(), dir+"/", ""))
			for _, f := range r.Files {
				if f.Records == 0 && f.Error == "" {
					t.Errorf("%s: no records and no error", f.Path)
				}
				if strings.Contains(f.Error, "internal error") {
					t.Errorf("%s: %s", f.Path, f.Error)
				}
				if f.Rejected > 0 && f.FirstReason == "" {
					t.Errorf("%s: rejected without a reason", f.Path)
				}
			}
			if os.Getenv("NORDLYS_SHOW") != "" {
				t.Log("\n" + m.text())
			}
			again, err := Import(t.Context(), []string{filepath.Join(dir, f.Name())}, m, opts)
			if err != nil || again.Accepted != 0 {
				t.Errorf("importing again accepted %d, %v", again.Accepted, err)
			}
		})
	}
}
