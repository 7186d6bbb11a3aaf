package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"nordlys/internal/kql/plan"
	"nordlys/internal/workspace"
)

// logAnalytics adds the routes of the Log Analytics query API.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/overview
func (s *Server) logAnalytics() {
	for _, path := range []string{"/v1/workspaces/{id}/query", "/v1/workspaces/{id}/api/query"} {
		s.mux.HandleFunc("GET "+path, s.laQuery)
		s.mux.HandleFunc("POST "+path, s.laQuery)
	}
	s.mux.HandleFunc("POST /v1/$batch", s.laBatch)
	for _, method := range []string{"GET ", "POST "} {
		s.mux.HandleFunc(method+"/v1/workspaces/{id}/metadata", s.laMetadata)
		s.mux.HandleFunc(method+"/v1/workspaces/{id}/schema", s.laSchema)
	}
	s.mux.HandleFunc("/v1/subscriptions/", func(w http.ResponseWriter, r *http.Request) {
		if _, f := s.signIn(r); f != nil {
			writeLAFailure(w, f, requestID(r))
			return
		}
		writeLAFailure(w, notYet("queries of one resource: ask the workspace (/v1/workspaces/ID/query) and filter by _ResourceId"), requestID(r))
	})
}

// laRequest is the body of a query.
type laRequest struct {
	Query      string   `json:"query"`
	Timespan   string   `json:"timespan"`
	Workspaces []string `json:"workspaces"` // every name is this workspace, which is read once
}

// prefer is the header Prefer of a query.
type prefer struct {
	wait                        time.Duration
	statistics, render, sources bool
}

func parsePrefer(header string) (p prefer, f *failure) {
	for part := range strings.FieldsFuncSeq(header, func(r rune) bool { return r == ',' || r == ';' }) {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		on := strings.EqualFold(value, "true")
		switch strings.ToLower(key) {
		case "wait":
			n, err := strconv.Atoi(value)
			if err != nil || n <= 0 {
				return p, badArgument("Prefer: wait=" + value + " is not a number of seconds")
			}
			p.wait = min(time.Duration(n)*time.Second, maxTimeout)
		case "include-statistics":
			p.statistics = on
		case "include-render":
			p.render = on
		case "include-datasources":
			p.sources = on
		}
	}
	return p, nil
}

func (s *Server) laQuery(w http.ResponseWriter, r *http.Request) {
	c, f := s.signIn(r)
	if f != nil {
		writeLAFailure(w, f, requestID(r))
		return
	}
	var in laRequest
	if r.Method == http.MethodGet {
		v := r.URL.Query()
		in = laRequest{Query: v.Get("query"), Timespan: v.Get("timespan")}
	} else if f := readJSON(w, r, &in); f != nil {
		writeLAFailure(w, f, requestID(r))
		return
	}
	p, f := parsePrefer(strings.Join(r.Header.Values("Prefer"), ","))
	out := newStream(w, r)
	if f == nil {
		f = s.laRun(r, c, out, in, p, requestID(r), r.URL.Path)
	}
	if f == nil {
		_ = out.close() // the client went away
		return
	}
	if f.kind == failCancelled {
		infoStatus(w, statusClosed)
	}
	if !out.rewind(0) {
		panic(http.ErrAbortHandler) // an answer that broke off must not look whole
	}
	writeLAFailure(w, f, requestID(r))
}

// infoStatus notes a status for the log where none can be sent.
func infoStatus(w http.ResponseWriter, status int) {
	if r, ok := w.(*recorder); ok && r.status == 0 {
		r.status = status
	}
}

// laRun answers one query into a stream. A failure means that what it wrote has to be taken back.
func (s *Server) laRun(r *http.Request, c *caller, out *stream, in laRequest, p prefer, id, target string) *failure {
	if strings.TrimSpace(in.Query) == "" {
		return badArgument("The request has no query")
	}
	q := s.newQuery(c, target, clientApp(r), id)
	q.id, q.text = id, in.Query
	var err error
	if q.from, q.to, err = workspace.ParseTimespan(in.Timespan, q.now); err != nil {
		return badArgument(err.Error())
	}
	if p.wait > 0 {
		q.limits.Timeout = min(p.wait, s.cfg.Limits.Timeout)
	}
	res := &laResults{s: out}
	out.buf = append(out.buf, `{"tables":[`...)
	f := s.run(r.Context(), q, res)
	if f != nil && f.kind != failTooMuch {
		if f.kind == failRun && res.rows > 0 && out.sent > 0 && r.Context().Err() == nil {
			// Rows are on their way already: what is left to say is that they are not all.
			if err := res.end(nil); err == nil {
				f = &failure{kind: failTooMuch, message: f.message}
			}
		}
		if f.kind != failTooMuch {
			return f
		}
	}
	b := append(out.buf, ']')
	if p.statistics {
		b = append(b, `,"statistics":{"query":{"executionTime":`...)
		b = strconv.AppendFloat(b, q.took.Seconds(), 'f', 7, 64)
		b = append(b, `,"datasetStatistics":[{"tableRowCount":`...)
		b = strconv.AppendInt(b, q.rows.Load(), 10)
		b = append(b, `,"tableSize":`...)
		b = strconv.AppendInt(b, res.bytes, 10)
		b = append(b, `}]}}`...)
	}
	if p.render {
		b = append(b, `,"render":`...)
		b = appendRender(b, res.render)
	}
	if p.sources {
		b = append(b, `,"dataSources":[{"resourceId":"","tables":`...)
		b = append(appendTexts(b, q.tables), `}]`...)
	}
	if f != nil {
		b = append(b, `,"error":{"code":"PartialError","message":"There were some errors when processing your query.","details":[{"code":"EngineError","message":"Something went wrong processing your query on the server.","innererror":{"code":"-2133196797","message":`...)
		b = text(b, f.message)
		b = append(b, `,"severity":2,"severityName":"Error"}}]}`...)
	}
	out.buf = append(b, '}')
	return nil
}

func appendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = text(b, s)
	}
	return append(b, ']')
}

// renderProperties are the members of a visualization that clients expect, with the names that KQL has for them.
var renderProperties = []struct{ member, property string }{
	{"title", "title"}, {"accumulate", "accumulate"}, {"isQuerySorted", ""}, {"kind", "kind"}, {"legend", "legend"}, {"series", "series"},
	{"yMin", "ymin"}, {"yMax", "ymax"}, {"xAxis", "xaxis"}, {"xColumn", "xcolumn"}, {"xTitle", "xtitle"}, {"yAxis", "yaxis"},
	{"yColumns", "ycolumns"}, {"ySplit", "ysplit"}, {"yTitle", "ytitle"}, {"anomalyColumns", "anomalycolumns"},
}

// appendRender appends a visualization as an object.
func appendRender(b []byte, r *plan.Render) []byte {
	if r == nil {
		return append(b, `{}`...)
	}
	b = text(append(b, `{"visualization":`...), r.Kind)
	properties := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(r.Properties)) {
		properties[strings.ToLower(k)] = r.Properties[k]
	}
	for _, p := range renderProperties {
		v, ok := properties[p.property]
		b = append(text(append(b, ','), p.member), ':')
		switch {
		case p.member == "isQuerySorted" || p.member == "accumulate":
			b = strconv.AppendBool(b, v == "true")
		case !ok:
			b = append(b, "null"...)
		default:
			b = text(b, v)
		}
	}
	return append(b, '}')
}

// laResults writes results as tables of Log Analytics.
type laResults struct {
	s       *stream
	columns []plan.Column
	render  *plan.Render
	rows    int64
	bytes   int64
}

func (l *laResults) table(one *plan.Query, index int, columns []plan.Column) error {
	l.columns, l.rows = columns, 0
	b := l.s.buf
	if index == 0 {
		l.render = one.Render
	} else {
		b = append(b, ',')
	}
	b = text(append(b, `{"name":`...), resultName(one, index))
	b = append(b, `,"columns":[`...)
	for i, c := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = text(append(b, `{"name":`...), c.Name)
		b = append(text(append(b, `,"type":`...), c.Type.String()), '}')
	}
	l.s.buf = append(b, `],"rows":[`...)
	return nil
}

// resultName is what a result is called; the first, if it has no name, as both APIs call it.
func resultName(one *plan.Query, index int) string {
	switch {
	case one.Name != "":
		return one.Name
	case index == 0:
		return "PrimaryResult"
	}
	return fmt.Sprintf("PrimaryResult_%d", index)
}

func (l *laResults) row(row []any) (int64, error) {
	before := len(l.s.buf)
	if l.rows > 0 {
		l.s.buf = append(l.s.buf, ',')
	}
	l.rows++
	l.s.buf = appendRow(l.s.buf, row, l.columns)
	n := int64(len(l.s.buf) - before)
	l.bytes += n
	return n, l.s.full()
}

func (l *laResults) end(*failure) error {
	l.s.buf = append(l.s.buf, `]}`...)
	return nil
}

// laBatchRequest is the body of a batch. Clients spell its members differently: the workspace, and where it is.
type laBatchRequest struct {
	Requests []struct {
		ID        string            `json:"id"`
		Workspace string            `json:"workspace"`
		Resource  string            `json:"resource"`
		Path      string            `json:"path"`
		Method    string            `json:"method"`
		Headers   map[string]string `json:"headers"`
		Body      laRequest         `json:"body"`
	} `json:"requests"`
}

// maxBatch is how many queries one batch may have, as Log Analytics has it.
const maxBatch = 100

// laBatch runs queries one after another and answers them in one document.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/batch-queries
func (s *Server) laBatch(w http.ResponseWriter, r *http.Request) {
	c, f := s.signIn(r)
	var in laBatchRequest
	if f == nil {
		f = readJSON(w, r, &in)
	}
	if f == nil && len(in.Requests) == 0 {
		f = badArgument("The batch has no requests")
	}
	if f == nil && len(in.Requests) > maxBatch {
		f = badArgument(fmt.Sprintf("The batch has %d requests, at most %d are allowed", len(in.Requests), maxBatch))
	}
	seen := map[string]bool{}
	for _, one := range in.Requests {
		if f == nil && (one.ID == "" || seen[one.ID]) {
			f = badArgument("Each request of a batch needs an id of its own")
		}
		seen[one.ID] = true
	}
	if f != nil {
		writeLAFailure(w, f, requestID(r))
		return
	}
	out := newStream(w, r)
	out.buf = append(out.buf, `{"responses":[`...)
	for i, one := range in.Requests {
		if i > 0 {
			out.buf = append(out.buf, ',')
		}
		out.buf = text(append(out.buf, `{"id":`...), one.ID)
		out.buf = append(out.buf, `,"body":`...)
		mark, status, id := out.mark(), http.StatusOK, newID()
		p, f := parsePrefer(headerOf(one.Headers, "prefer"))
		if f == nil && one.Resource != "" && one.Workspace == "" {
			f = notYet("queries of one resource: ask the workspace and filter by _ResourceId")
		}
		if f == nil {
			f = s.laRun(r, c, out, one.Body, p, id, "/v1/workspaces/"+one.Workspace+"/query")
		}
		if f != nil {
			if r.Context().Err() != nil {
				infoStatus(w, statusClosed)
				return
			}
			if !out.rewind(mark) {
				panic(http.ErrAbortHandler)
			}
			status = f.status
			out.buf = appendLAFailure(out.buf, f, id)
		}
		out.buf = fmt.Appendf(out.buf, `,"status":%d,"headers":{}}`, status)
	}
	out.buf = append(out.buf, `]}`...)
	_ = out.close() // the client went away
}

func headerOf(m map[string]string, name string) string {
	for k, v := range m {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// readJSON reads the body of a request.
func readJSON(w http.ResponseWriter, r *http.Request, into any) *failure {
	b, f := readBody(w, r)
	if f != nil {
		return f
	}
	if err := json.Unmarshal(b, into); err != nil {
		return badArgument("The body is not the JSON that is expected here: " + err.Error())
	}
	return nil
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *failure) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, failed(http.StatusUnsupportedMediaType, "UnsupportedMediaTypeError", "not supported yet: a body with Content-Encoding "+strconv.Quote(e))
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // where it cannot be set, it is a test's
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = control.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, failed(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeError", fmt.Sprintf("The body has more than %d bytes", maxBody))
	case err != nil:
		return nil, failed(http.StatusRequestTimeout, "RequestTimeoutError", "The body did not arrive whole")
	}
	return b, nil
}

// clientApp is what a client calls itself.
func clientApp(r *http.Request) string {
	for _, name := range []string{"x-ms-app", "User-Agent"} {
		if v := r.Header.Get(name); v != "" {
			return v[:min(len(v), 256)]
		}
	}
	return ""
}

// writeLAFailure answers with a failure.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/errors
func writeLAFailure(w http.ResponseWriter, f *failure, id string) {
	h := w.Header()
	h.Del("Content-Encoding")
	h.Set("Content-Type", "application/json; charset=utf-8")
	failureHeaders(h, f)
	w.WriteHeader(f.status)
	b := append([]byte(nil), appendLAFailure(nil, f, id)...)
	_, _ = w.Write(b)
}

// failureHeaders sets what a failure has in every API.
func failureHeaders(h http.Header, f *failure) {
	switch f.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="nordlys"`)
	case http.StatusTooManyRequests:
		h.Set("Retry-After", "5")
	}
}

func appendLAFailure(b []byte, f *failure, id string) []byte {
	b = text(append(b, `{"error":{"message":`...), f.message)
	b = text(append(b, `,"code":`...), f.code)
	b = text(append(b, `,"correlationId":`...), id)
	if q := f.query; q != nil {
		kind, message := "SemanticError", "A semantic error occurred."
		if q.syntax {
			kind, message = "SyntaxError", "A recognition error occurred in the query."
		}
		b = text(append(b, `,"innererror":{"code":`...), kind)
		b = text(append(b, `,"message":`...), message)
		b = text(append(b, `,"innererror":{"code":`...), q.code)
		b = text(append(b, `,"message":`...), q.message)
		b = fmt.Appendf(b, `,"line":%d,"pos":%d`, q.line, q.pos)
		b = append(text(append(b, `,"token":`...), q.token), `}}`...)
	}
	return append(b, `}}`...)
}
