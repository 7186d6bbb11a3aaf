package server

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nordlys/internal/engine"
	"nordlys/internal/workspace"
)

func client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true}} //nolint:gosec // a test's own certificate
}

// ask sends a request and gives the status and the body.
func (r *running) ask(method, path, token, body string, headers ...string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err == nil {
			b, err = io.ReadAll(z)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	return res.StatusCode, string(b)
}

const queryPath = "/v1/workspaces/w/query"

func TestBadInput(t *testing.T) {
	r := start(t, Config{})
	kusto := func(csl, properties string) string {
		return `{"db":"x","csl":` + string(mustJSON(csl)) + `,"properties":` + properties + `}`
	}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"no json", "POST", queryPath, "{", 400, "BadArgumentError"},
		{"another type", "POST", queryPath, `{"query": 5}`, 400, "BadArgumentError"},
		{"an array", "POST", queryPath, `[]`, 400, "BadArgumentError"},
		{"nothing", "POST", queryPath, "", 400, "BadArgumentError"},
		{"no query", "POST", queryPath, `{}`, 400, "BadArgumentError"},
		{"timespan", "POST", queryPath, `{"query":"print 1","timespan":"yesterday"}`, 400, "timespan"},
		{"too large", "POST", queryPath, `{"query":"` + strings.Repeat("x", 3<<20) + `"}`, 413, "RequestEntityTooLargeError"},
		{"deep json", "POST", queryPath, strings.Repeat("[", 100_000), 400, "BadArgumentError"},
		{"deep query", "POST", queryPath, `{"query":"print ` + strings.Repeat("(", 100_000) + `"}`, 400, "SyntaxError"},
		{"batch of none", "POST", "/v1/$batch", `{"requests":[]}`, 400, "BadArgumentError"},
		{"batch without ids", "POST", "/v1/$batch", `{"requests":[{"body":{"query":"print 1"}},{"body":{"query":"print 1"}}]}`, 400, "BadArgumentError"},
		{"batch of many", "POST", "/v1/$batch", `{"requests":[` + strings.Repeat(`{"id":"1"},`, 200) + `{"id":"2"}]}`, 400, "at most 100"},
		{"method", "DELETE", queryPath, "", 404, "PathNotFoundError"},
		{"path", "GET", "/v1/nothing", "", 404, "PathNotFoundError"},
		{"path upwards", "GET", "/v1/workspaces/../../etc/passwd", "", 404, "PathNotFoundError"},
		{"path upwards, encoded", "GET", "/v1/workspaces/%2e%2e%2f%2e%2e%2ftokens.json", "", 404, "PathNotFoundError"},
		{"path with a null", "GET", "/v1/workspaces/a%00b/secret", "", 404, "PathNotFoundError"},
		{"resource", "POST", "/v1/subscriptions/s/resourceGroups/g/query", `{"query":"print 1"}`, 501, "not supported yet"},
		{"kusto: no json", "POST", "/v2/rest/query", "{", 400, "General_BadRequest"},
		{"kusto: no query", "POST", "/v2/rest/query", `{}`, 400, "General_BadRequest"},
		{"kusto: properties", "POST", "/v2/rest/query", kusto("print 1", "5"), 400, "properties"},
		{"kusto: properties as a text", "POST", "/v2/rest/query", kusto("print 1", `"{"`), 400, "properties"},
		{"kusto: timeout", "POST", "/v2/rest/query", kusto("print 1", `{"Options":{"servertimeout":"soon"}}`), 400, "servertimeout"},
		{"kusto: records", "POST", "/v2/rest/query", kusto("print 1", `{"Options":{"truncationmaxrecords":-1}}`), 400, "truncationmaxrecords"},
		{"kusto: language", "POST", "/v2/rest/query", kusto("select 1", `{"Options":{"query_language":"sql"}}`), 501, "not supported yet"},
		{"kusto: parameter", "POST", "/v2/rest/query", kusto("print 1", `{"Parameters":{"x":{}}}`), 400, "parameter"},
		{"kusto: command as query", "POST", "/v2/rest/query", kusto(".show tables", `{}`), 400, "/v1/rest/mgmt"},
		{"kusto: query as command", "POST", "/v1/rest/mgmt", kusto("print 1", `{}`), 400, "/v2/rest/query"},
		{"kusto: command", "POST", "/v1/rest/mgmt", kusto(".drop table SigninLogs", `{}`), 501, "not supported yet"},
		{"kusto: command without words", "POST", "/v1/rest/mgmt", kusto(".", `{}`), 501, "not supported yet"},
		{"kusto: ingestion", "POST", "/v1/rest/ingest/db/T", ``, 501, "not supported yet"},
	} {
		status, body := r.ask(c.method, c.path, r.token, c.body)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %.300s; want %d with %q", c.name, status, body, c.status, c.want)
		}
	}
	// As proper requests, the same doors work, compressed or not.
	for _, c := range [][3]string{
		{"GET", queryPath + "?query=print+x%3D1&timespan=P1D", ""}, {"POST", queryPath, `{"query":"print x=1"}`},
		{"POST", "/v2/rest/query", kusto("print x=1", `"{\"Options\":{\"servertimeout\":\"00:01:00\"}}"`)}, {"GET", "/v1/rest/query?db=x&csl=print+x%3D1", ""},
		{"POST", "/v1/workspaces/w/metadata", "{}"}, {"GET", "/v1/workspaces/w/schema", ""}, {"GET", "/v1/rest/auth/metadata", ""}, {"GET", "/healthz", ""}, {"GET", "/readyz", ""},
	} {
		status, plain := r.ask(c[0], c[1], r.token, c[2])
		if status != 200 {
			t.Errorf("%s %s: %d %s", c[0], c[1], status, plain)
		}
		if status, body := r.ask(c[0], c[1], r.token, c[2], "Accept-Encoding", "gzip"); status != 200 || len(body) != len(plain) && !strings.Contains(c[1], "rest/query") {
			t.Errorf("%s %s compressed: %d, %d bytes for %d", c[0], c[1], status, len(body), len(plain))
		}
	}
}

// Who may not sign in gets nothing, by any door.
func TestSignIn(t *testing.T) {
	r := start(t, Config{})
	expired, err := r.s.tokens.Create("old", []string{"reader"}, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	lost, err := r.s.tokens.Create("lost", []string{"no-such-role"}, time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	doors := [][3]string{
		{"GET", queryPath + "?query=print+1", ""}, {"POST", queryPath, `{"query":"print 1"}`}, {"POST", "/v1/$batch", `{}`}, {"GET", "/v1/workspaces/w/metadata", ""},
		{"POST", "/v1/workspaces/w/schema", ""}, {"POST", "/v1/rest/query", `{}`}, {"GET", "/v2/rest/query", ""}, {"POST", "/v1/rest/mgmt", `{}`}, {"POST", "/v1/rest/x", ""},
		{"POST", "/v1/subscriptions/x/query", ""},
	}
	for _, d := range doors {
		for name, header := range map[string]string{"none": "", "wrong": "Bearer nlt_x", "basic": "Basic " + r.token, "expired": "Bearer " + expired, "two": "Bearer " + r.token + " x", "hash": "Bearer " + hashToken(r.token)} {
			status, body := r.ask(d[0], d[1], "", d[2], "Authorization", header)
			if status != 401 || strings.Contains(body, r.token) {
				t.Errorf("%s %s with %s: %d %s", d[0], d[1], name, status, body)
			}
		}
	}
	if status, _ := r.ask("POST", queryPath, lost, `{"query":"print 1"}`); status != 403 {
		t.Errorf("a role that is not there: %d", status)
	}
	if status, _ := r.ask("POST", queryPath, r.token, `{"query":"print 1"}`); status != 200 {
		t.Errorf("before: %d", status)
	}
	// Another process revokes it.
	if err := OpenTokens(r.ws.Dir()).Revoke("reader"); err != nil {
		t.Fatal(err)
	}
	if status, _ := r.ask("POST", queryPath, r.token, `{"query":"print 1"}`); status != 401 {
		t.Errorf("revoked: %d", status)
	}
	info, err := os.Stat(r.s.tokens.path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("tokens: %v %v", info.Mode(), err)
	}
	b, err := os.ReadFile(r.s.tokens.path())
	if err != nil || bytes.Contains(b, []byte(r.admin)) || bytes.Contains(b, []byte(tokenPrefix)) {
		t.Errorf("the file keeps tokens: %s %v", b, err)
	}
}

// Every query is a row of LAQueryLogs, however it ended.
func TestRecordOfQueries(t *testing.T) {
	r := start(t, Config{})
	r.ask("POST", queryPath, r.token, `{"query":"SigninLogs | take 2","timespan":"2026-03-10/2026-03-11"}`, "x-ms-app", "test app")
	r.ask("POST", queryPath, r.token, `{"query":"AuditLogs"}`)
	r.ask("POST", "/v2/rest/query", r.admin, `{"csl":"print h\"secret\", x = h'more'"}`)
	r.ask("POST", "/v1/rest/mgmt", r.admin, `{"csl":".show tables"}`)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", r.url+queryPath, strings.NewReader(`{"query":"`+long+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if res, err := client().Do(req); err == nil {
		res.Body.Close()
		t.Fatal("a long query was short")
	}
	gone := time.Now()
	for len(r.s.active.list(owner)) > 0 {
		if time.Since(gone) > 2*time.Second {
			t.Fatal("the query of a client that went away still runs")
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.stop() // writes them
	rows, _, list, err := r.ws.Query(t.Context(), workspace.Query{Text: "LAQueryLogs | order by TimeGenerated asc | project AADEmail, RequestClientApp, RequestTarget, QueryText, ResponseCode, ResponseRowCount, QueriedTables, start = QueryTimeRangeStart, ok = ResponseDurationMs >= 0 and isnotempty(CorrelationId)"})
	if err != nil {
		t.Fatal(err, list)
	}
	defer rows.Close()
	var got []string
	for {
		row, err := rows.Next()
		if err != nil {
			t.Fatal(err)
		}
		if row == nil {
			break
		}
		var cells []string
		for i, v := range row {
			cells = append(cells, engine.Text(v, rows.Columns()[i].Type))
		}
		got = append(got, strings.Join(cells, "|"))
	}
	want := []string{
		`reader|test app|` + queryPath + `|SigninLogs | take 2|200|2|["SigninLogs"]|2026-03-10T00:00:00.0000000Z|true`,
		`reader|Go-http-client/2.0|` + queryPath + `|AuditLogs|400|0|||true`,
		`admin|Go-http-client/2.0|/v2/rest/query|print h"****", x = h"****"|200|1|||true`,
		`admin|Go-http-client/2.0|/v1/rest/mgmt|.show tables|200|`,
		`reader|Go-http-client/2.0|` + queryPath + `|` + long + `|499|0|`,
	}
	for i, w := range want {
		if i >= len(got) || !strings.HasPrefix(strings.ReplaceAll(got[i], "Go-http-client/1.1", "Go-http-client/2.0"), w) {
			t.Fatalf("rows:\n%s\nwant %s", strings.Join(got, "\n"), w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d rows:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// long is a query that takes minutes.
const long = "range x from 1 to 3000000000 step 1 | extend y = hash(x * 7) | summarize max(y), dcount(y)"

func TestCancelAndTimeout(t *testing.T) {
	r := start(t, Config{})
	done := make(chan string, 1)
	go func() {
		status, body := r.ask("POST", "/v2/rest/query", r.token, `{"csl":"`+long+`"}`, "x-ms-client-request-id", "test;1")
		done <- fmt.Sprint(status, body)
	}()
	for range 200 {
		if len(r.s.active.list(owner)) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	if _, body := r.ask("POST", "/v1/rest/mgmt", r.admin, `{"csl":".show queries"}`); !strings.Contains(body, `"test;1"`) || !strings.Contains(body, "InProgress") {
		t.Errorf(".show queries: %s", body)
	}
	if status, body := r.ask("POST", "/v1/rest/mgmt", r.admin, `{"csl":".cancel query \"test;1\""}`); status != 200 {
		t.Errorf(".cancel query: %d %s", status, body)
	}
	select {
	case got := <-done:
		if !strings.HasPrefix(got, "400") || !strings.Contains(got, "Request_Cancelled") {
			t.Errorf("cancelled: %s", got)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("a cancelled query still runs")
	}
	start := time.Now()
	status, body := r.ask("POST", queryPath, r.token, `{"query":"`+long+`"}`, "Prefer", "wait=1")
	if status != 504 || !strings.Contains(body, "GatewayTimeout") || time.Since(start) > 4*time.Second {
		t.Errorf("timeout: %d %s after %v", status, body, time.Since(start))
	}
}

// Who sends slowly, or a great deal of headers, is sent away, and others are served meanwhile.
func TestSlowAndLargeHeaders(t *testing.T) {
	r := start(t, Config{})
	conn, err := tls.Dial("tcp", strings.TrimPrefix(r.url, "https://"), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // a test's own certificate
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n")
	for range 2000 {
		if _, err := fmt.Fprintf(conn, "X-%d: %s\r\n", 1, strings.Repeat("a", 100)); err != nil {
			break
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
		res.Body.Close()
		if res.StatusCode != 431 {
			t.Errorf("headers: %s", res.Status)
		}
	}
	slow, err := net.Dial("tcp", strings.TrimPrefix(r.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close() // says nothing
	if status, _ := r.ask("GET", "/healthz", "", ""); status != 200 {
		t.Errorf("others: %d", status)
	}
}

func TestQueueIsFair(t *testing.T) {
	q := newQueue(1)
	leave, err := q.enter(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var order []string
	var wg sync.WaitGroup
	wait := func(user string, waiting int) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			leave, err := q.enter(t.Context(), user)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, user)
			mu.Unlock()
			leave()
		}()
		for {
			q.mu.Lock()
			n := q.total
			q.mu.Unlock()
			if n == waiting {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	for i, user := range []string{"a", "a", "a", "b", "c", "b"} {
		wait(user, i+1)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.enter(ctx, "d"); err == nil {
		t.Error("who does not wait got a place")
	}
	leave()
	wg.Wait()
	if want := []string{"a", "b", "c", "a", "b", "a"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free != 1 || q.total != 0 || len(q.users) != 0 || len(q.waiting) != 0 {
		t.Errorf("left: %+v", q)
	}
}

// No body makes a door panic or answer with anything but a status of HTTP.
func FuzzBodies(f *testing.F) {
	for _, s := range []string{`{"query":"print 1","timespan":"P1D"}`, `{"db":"x","csl":"print 1","properties":{"Options":{"servertimeout":"00:01:00","query_now":"2020-01-01"},"Parameters":{"a":"b"}}}`, `{"csl":".show table T cslschema | take 1","properties":"{}"}`, `{"requests":[{"id":"1","headers":{"prefer":"wait=5"},"body":{"query":"x"}}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in laRequest
		_ = json.Unmarshal(body, &in)
		_, _, _ = workspace.ParseTimespan(in.Timespan, time.Now())
		_, _ = parsePrefer(string(body))
		var k kustoBody
		if json.Unmarshal(body, &k) == nil {
			q := &kustoQuery{limits: Limits{Rows: maxRows, Bytes: maxBytes, Timeout: maxTimeout}}
			if q.properties(k.Properties, Limits{Timeout: maxTimeout}) == nil && (q.limits.Timeout <= 0 || q.limits.Timeout > maxTimeout) {
				t.Errorf("timeout %v", q.limits.Timeout)
			}
			commandWords(stripComments(k.CSL))
			_ = hideSecrets(k.CSL)
			splitFunction(k.CSL)
			inputParameters(k.CSL)
			if b := q.appendFailure(nil, badArgument(k.CSL)); !json.Valid(b) {
				t.Errorf("no JSON: %s", b)
			}
		}
		_ = literalText(string(body))
		if !json.Valid(appendLAFailure(nil, badArgument(string(body)), "id")) {
			t.Error("no JSON")
		}
	})
}
