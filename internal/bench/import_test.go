package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/scenario"
)

// binary builds the product once for all benchmarks of a run.
func binary(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "nordlys")
	out, err := exec.Command("go", "build", "-o", path, "nordlys/cmd/nordlys").CombinedOutput()
	if err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// generate writes n records of a source to a file and gives its size.
func generate(b *testing.B, path, source string, n int64) int64 {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err := scenario.WriteRecords(w, source, n, scenario.Options{Format: scenario.FlowVNet}); err != nil {
		b.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// usage is what a child process took.
type usage struct {
	cpu  time.Duration
	peak int64 // bytes of memory at most
}

func child(b *testing.B, name string, args ...string) usage {
	b.Helper()
	c := exec.Command(name, args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	done := make(chan int64)
	stop := make(chan struct{})
	go func() {
		peak := int64(0)
		for {
			peak = max(peak, highWater(c.Process.Pid))
			select {
			case <-stop:
				done <- peak
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	err := c.Wait()
	close(stop)
	peak := <-done
	if err != nil {
		b.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out.String())
	}
	return usage{c.ProcessState.UserTime() + c.ProcessState.SystemTime(), peak}
}

// highWater is the most memory a process has had, in bytes. The figure of wait4 would count this process's own, which
// the child shares between fork and exec.
func highWater(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64)
			return kb * 1024
		}
	}
	return 0
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// baselines read a file with DuckDB's read_json and write the same kind of Parquet file.
var baselines = map[string]string{
	"signin": `COPY (SELECT time, tenantId, operationName, category, resultType, resultSignature, durationMs, callerIpAddress, correlationId, identity, Level, location, unnest(properties) FROM read_json('%s', format = 'newline_delimited', maximum_object_size = 1000000)) TO '%s' (FORMAT parquet, COMPRESSION zstd)`,
	"flow": `COPY (SELECT time, macAddress, aclID, rule, p[1]::BIGINT AS ms, p[2] AS src, p[3] AS dst, p[4]::INT AS sport, p[5]::INT AS dport, p[6]::INT AS proto, p[7] AS dir, p[8] AS state, p[9] AS enc, TRY_CAST(p[10] AS BIGINT) AS a, TRY_CAST(p[11] AS BIGINT) AS b, TRY_CAST(p[12] AS BIGINT) AS c, TRY_CAST(p[13] AS BIGINT) AS d FROM (
SELECT time, macAddress, aclID, g.rule AS rule, string_split(unnest(g.flowTuples), ',') AS p FROM (
SELECT time, macAddress, f.aclID AS aclID, unnest(f.flowGroups) AS g FROM (
SELECT time, macAddress, unnest(flowRecords.flows) AS f FROM (
SELECT unnest(records, max_depth := 2) FROM read_json('%s', maximum_object_size = 2000000000)))))) TO '%s' (FORMAT parquet, COMPRESSION zstd)`,
}

// BenchmarkImport gives megabytes and records per processor second of a committed, de-duplicated import, the peak of
// memory, the size on disk over that of the JSON, and the ratio of processor time to the baseline's (smaller is better).
func BenchmarkImport(b *testing.B) {
	nordlys := binary(b)
	for _, c := range []struct {
		source string
		n      int64
	}{{"signin", 230_000}, {"flow", 5_000_000}} {
		b.Run(c.source, func(b *testing.B) {
			dir := b.TempDir()
			file := filepath.Join(dir, c.source+".json")
			size := generate(b, file, c.source, c.n)
			var ours, base time.Duration
			var peak, disk int64
			for i := 0; b.Loop(); i++ {
				ws := filepath.Join(dir, fmt.Sprintf("ws%d", i))
				u := child(b, nordlys, "import", "--workspace", ws, file)
				ours += u.cpu
				peak = max(peak, u.peak)
				disk = folderSize(b, ws)
				base += baseline(b, c.source, file, dir)
			}
			n := float64(b.N)
			b.ReportMetric(float64(size)/1e6*n/ours.Seconds(), "MB/cpu-s")
			b.ReportMetric(float64(c.n)*n/ours.Seconds(), "records/cpu-s")
			b.ReportMetric(ours.Seconds()/base.Seconds(), "cpu-of-baseline")
			b.ReportMetric(float64(peak)/1e6, "peak-MB")
			b.ReportMetric(float64(disk)/float64(size), "disk-of-json")
			b.ReportMetric(float64(size)/1e6, "input-MB")
		})
	}
}

func baseline(b *testing.B, source, file, dir string) time.Duration {
	b.Helper()
	ctx := context.Background()
	db, err := duckdb.Open(ctx, duckdb.Options{Dirs: []string{dir}})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	start := cpu()
	if err := db.Exec(ctx, fmt.Sprintf(baselines[source], file, filepath.Join(dir, "baseline.parquet"))); err != nil {
		b.Fatalf("baseline %s: %v", source, err)
	}
	return cpu() - start
}

func folderSize(b *testing.B, dir string) int64 {
	b.Helper()
	var n int64
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		n += info.Size()
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
