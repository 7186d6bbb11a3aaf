package server

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The clients that Microsoft publishes for Go work against the server; see testdata/clients/go, a module of its own so
// that the product does not depend on them.
func TestGoClients(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "clients")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".")
	build.Dir = filepath.Join("testdata", "clients", "go")
	build.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		if bytes.Contains(out, []byte("dial tcp")) || bytes.Contains(out, []byte("no such host")) {
			t.Skipf("SKIPPED, NOTHING IS PROVED: the modules of the clients cannot be had here:\n%s", out)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	r := start(t, Config{Version: "test"})
	run := exec.CommandContext(t.Context(), bin)
	run.Env = append(os.Environ(), "NORDLYS_URL="+r.url, "NORDLYS_TOKEN="+r.token, "NORDLYS_CA="+r.ca)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
