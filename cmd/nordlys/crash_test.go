package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nordlys/internal/scenario"
)

// An import that is killed at random moments, and then made again, gives row for row what an undisturbed one gives: also
// where richer rows take the place of poorer ones. NORDLYS_CRASH_MB is how much evidence there is (64) and
// NORDLYS_CRASHES how often it is killed (10); each time the next import goes on in the same workspace, and after every
// tenth one that is left alone has to give the result.
func TestKilledImport(t *testing.T) {
	if os.Getenv("NORDLYS_LONG") == "" {
		t.Skip("takes minutes: make test-long runs it")
	}
	size, kills := setting("NORDLYS_CRASH_MB", 64)<<20, setting("NORDLYS_CRASHES", 10)
	dir := t.TempDir()
	binary := filepath.Join(dir, "nordlys")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	evidence := filepath.Join(dir, "evidence")
	writeEvidence(t, evidence, int64(size))
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(binary, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("nordlys %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	// Sign-ins by all that they say. Of flow tuples the identity is a hash of all that they say.
	const all = `union
(SigninLogs | extend h = hash(strcat(tostring(pack_all()), tostring(_ItemId), _SourceId, tostring(_SourceRecord)), 1000000007)
  | summarize rows = count(), distinct = dcount(_ItemId), total = sum(h) by T = 'SigninLogs'),
(FlowTuples_CL | extend h = _ItemId % 1000003 + 7 * (_SourceRecord % 1000003) + 11 * (tolong(TimeGenerated) % 1000003) + DestPort
  | summarize rows = count(), distinct = dcount(_ItemId), total = sum(h) by T = 'FlowTuples_CL')
| sort by T asc`
	answer := func(ws string) string {
		return run("query", "--workspace", ws, "--format", "csv", "--timeout", "10m", all)
	}

	undisturbed := filepath.Join(dir, "undisturbed")
	start := time.Now()
	receipt := run("import", "--workspace", undisturbed, evidence)
	took := time.Since(start)
	if !strings.Contains(receipt, " merged") {
		t.Fatalf("nothing is merged in this evidence:\n%s", receipt)
	}
	want := answer(undisturbed)
	t.Logf("undisturbed in %v:\n%s%s", took.Round(time.Millisecond), receipt, want)

	ws := filepath.Join(dir, "killed")
	killed := 0
	for i := 1; i <= kills; i++ {
		c := exec.Command(binary, "import", "--workspace", ws, evidence)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(rand.Float64()*float64(took)), func() { _ = c.Process.Kill() })
		if err := c.Wait(); err != nil {
			killed++
		}
		if i%10 != 0 && i != kills {
			continue
		}
		run("import", "--workspace", ws, evidence)
		if got := answer(ws); got != want {
			t.Fatalf("after %d kills:\n%swant\n%s", i, got, want)
		}
		if out := run("verify", "--workspace", ws); !strings.Contains(out, "all as they were written") {
			t.Error(out)
		}
		if err := os.RemoveAll(ws); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d imports were killed before they ended", killed, kills)
	if killed < kills/2 {
		t.Errorf("only %d of %d imports were killed in time", killed, kills)
	}
}

func setting(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// writeEvidence writes about size bytes: sign-ins, half of which an earlier file has with less detail, and flow tuples.
func writeEvidence(t *testing.T, dir string, size int64) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	create := func(name string, f func(w *bufio.Writer) error) {
		t.Helper()
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriterSize(file, 1<<20)
		for _, err := range []error{f(w), w.Flush(), file.Close()} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	signIns := size / 2 / 4600
	create("2-signins.json", func(w *bufio.Writer) error {
		return scenario.WriteRecords(w, "signin", signIns, scenario.Options{})
	})
	create("3-flows.json", func(w *bufio.Writer) error {
		return scenario.WriteRecords(w, "flow", size/4/72, scenario.Options{Format: scenario.FlowVNet})
	})
	create("1-signins-in-part.json", func(w *bufio.Writer) error {
		pr, pw := io.Pipe()
		go func() { pw.CloseWithError(scenario.WriteRecords(pw, "signin", signIns, scenario.Options{})) }()
		lines := bufio.NewScanner(pr)
		lines.Buffer(nil, 1<<20)
		for n := 0; lines.Scan(); n++ {
			if n%2 == 1 {
				continue
			}
			var record map[string]any
			d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
			d.UseNumber()
			if err := d.Decode(&record); err != nil {
				return err
			}
			properties, ok := record["properties"].(map[string]any)
			if !ok {
				return fmt.Errorf("no properties in %.200s", lines.Bytes())
			}
			delete(properties, "authenticationDetails")
			delete(properties, "deviceDetail")
			text, err := json.Marshal(record)
			if err != nil {
				return err
			}
			if _, err := w.Write(append(text, '\n')); err != nil {
				return err
			}
		}
		return lines.Err()
	})
}
