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

// The clients that Microsoft publishes for JavaScript work too; they are installed where the test runs.
func TestJavaScriptClients(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("SKIPPED, NOTHING IS PROVED: there is no npm here")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "clients.js"} {
		b, err := os.ReadFile(filepath.Join("testdata", "clients", "npm", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, NOTHING IS PROVED: the modules of the clients cannot be had here: %v\n%s", err, out)
	}
	r := start(t, Config{Version: "test"})
	run := exec.CommandContext(t.Context(), "node", "clients.js")
	run.Dir = dir
	run.Env = append(os.Environ(), "NORDLYS_URL="+r.url, "NORDLYS_TOKEN="+r.token, "NODE_EXTRA_CA_CERTS="+r.ca)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
