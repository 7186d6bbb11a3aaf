package workspace

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nordlys/internal/engine/duckdb"
)

func TestExternalData(t *testing.T) {
	ctx := context.Background()
	lists := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(lists, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("hosts.csv", "\xef\xbb\xbfhost,risk,seen\nweb01,7,2026-03-10\n\"a, \"\"b\"\"\",,not a time\n")
	write("lines.txt", "one\r\ntwo\n")
	write("bags.json", "{\"ip\":\"203.0.113.66\",\"tags\":[\"x\",1]}\n{\"ip\":null,\"n\":3}\n")
	write("array.json", `[{"ip":"203.0.113.1","n":1.5}]`)
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "%d,\"text \\\"%d\n", i, i)
	}
	write("many.csv", strings.ReplaceAll(many.String(), `"text \"`, "text "))
	outside := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(outside, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(lists, "link.csv")); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/lists/a.csv.gz":
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			fmt.Fprint(z, "x,1\n")
			_ = z.Close()
			_, _ = w.Write(b.Bytes())
		case "/lists/away.csv":
			http.Redirect(w, r, "/secret.csv", http.StatusFound)
		case "/secret.csv", "/lists-other/a.csv":
			fmt.Fprint(w, "secret\n")
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()

	dir := filepath.Join(t.TempDir(), "ws")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ask := func(q string) (string, error) {
		w, err := Open(ctx, dir, Memory, duckdb.Options{})
		if err != nil {
			return "", err
		}
		defer w.Close()
		rows, _, list, err := w.Query(ctx, Query{Text: q})
		if err != nil {
			return "", fmt.Errorf("%w: %s", err, list.Render(q))
		}
		defer rows.Close()
		var out []string
		for {
			row, err := rows.Next()
			if err != nil {
				return "", err
			}
			if row == nil {
				return strings.Join(out, ";"), nil
			}
			out = append(out, strings.TrimSuffix(fmt.Sprintln(row...), "\n"))
		}
	}
	from := func(columns, source, rest string) string {
		return fmt.Sprintf("externaldata(%s)[@'%s'] %s", columns, source, rest)
	}
	if _, err := ask(from("a: string", filepath.Join(lists, "hosts.csv"), "")); err == nil || !strings.Contains(err.Error(), "settings.yaml") {
		t.Errorf("without settings: %v", err)
	}
	settings := fmt.Sprintf("externaldata:\n  - %s\n  - %s/lists/\n", lists, server.URL)
	if err := os.WriteFile(filepath.Join(dir, settingsFile), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ query, want string }{
		{from("host: string, risk: long, seen: datetime", filepath.Join(lists, "hosts.csv"), "with (format='csv', ignoreFirstRecord=true) | project host, risk, isnull(seen)"), `web01 7 false;a, "b" <nil> true`},
		{from("line: string", filepath.Join(lists, "lines.txt"), "with (format='txt')"), "one;two"},
		{from("all: string", filepath.Join(lists, "lines.txt"), "with (format=raw) | project strlen(all)"), "9"},
		{from("ip: string, tags: dynamic, n: real", filepath.Join(lists, "bags.json"), "with (format='multijson')"), `203.0.113.66 ["x",1] <nil>; <nil> 3`},
		{from("ip: string, n: real", filepath.Join(lists, "array.json"), ""), "203.0.113.1 1.5"},
		{from("i: long, s: string", filepath.Join(lists, "many.csv"), "| summarize count(), sum(i), max(s), dcount(s)"), "5000 12497500 text 999 5000"},
		{from("a: string, b: int", server.URL+"/lists/a.csv.gz;secret", ""), "x 1"},
	} {
		if got, err := ask(c.query); err != nil || got != c.want {
			t.Errorf("%s\n gives %q, %v\n want  %q", c.query, got, err, c.want)
		}
	}
	for _, source := range []string{
		outside, filepath.Join(lists, "link.csv"), lists + "/../" + filepath.Base(filepath.Dir(outside)) + "/secret.csv", "hosts.csv", "file://" + outside,
		server.URL + "/secret.csv", server.URL + "/lists/away.csv", server.URL + "/lists/../secret.csv", server.URL + "/lists-other/a.csv", server.URL + "/lists/%2e%2e/secret.csv",
		strings.Replace(server.URL, "http://", "http://user:pass@", 1) + "/lists/a.csv.gz", "https://" + strings.TrimPrefix(server.URL, "http://") + "/lists/a.csv.gz",
		server.URL + "/lists/missing.csv", lists + "/missing.csv",
	} {
		if got, err := ask(from("a: string", source, "")); err == nil || strings.Contains(got, "secret") {
			t.Errorf("%s is read: %q, %v", source, got, err)
		}
	}
	for _, bad := range []string{"externaldata:\n  - relative/path\n", "external:\n  - /x\n", "externaldata: [ftp://host/]\n", "]"} {
		if err := os.WriteFile(filepath.Join(dir, settingsFile), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ask("print 1"); err == nil || !strings.Contains(err.Error(), settingsFile) {
			t.Errorf("settings %q: %v", bad, err)
		}
	}
}
