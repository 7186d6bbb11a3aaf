package enrich

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"nordlys/internal/scenario"
)

// BenchmarkRun tells flow tuples for each second of one processor, over the company's ordinary life.
func BenchmarkRun(b *testing.B) {
	const tuples = 400_000
	for _, c := range []struct {
		name     string
		interval time.Duration
	}{{"60m", Hour}, {"10m", TenMinutes}} {
		b.Run(c.name, func(b *testing.B) {
			var doc bytes.Buffer
			if err := scenario.WriteRecords(&doc, "flow", tuples, scenario.Options{}); err != nil {
				b.Fatal(err)
			}
			dir := b.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "flows.json"), doc.Bytes(), 0o600); err != nil {
				b.Fatal(err)
			}
			w := imported(b, dir)
			b.ResetTimer()
			before := processor()
			for b.Loop() {
				if s, err := Run(b.Context(), w, Options{Interval: c.interval}); err != nil || s.Tuples == 0 {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(tuples)*float64(b.N)/(processor()-before).Seconds(), "tuples/cpu-s")
		})
	}
}

// processor is the processor time that the program has used.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
