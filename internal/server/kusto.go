package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"nordlys/internal/kql/syntax"
)

// kusto adds the routes of the Kusto API.
// https://learn.microsoft.com/kusto/api/rest/
func (s *Server) kusto() {
	for _, method := range []string{"GET ", "POST "} {
		s.mux.HandleFunc(method+"/v1/rest/query", func(w http.ResponseWriter, r *http.Request) { s.kustoRequest(w, r, formV1) })
		s.mux.HandleFunc(method+"/v2/rest/query", func(w http.ResponseWriter, r *http.Request) { s.kustoRequest(w, r, formV2) })
	}
	s.mux.HandleFunc("POST /v1/rest/mgmt", func(w http.ResponseWriter, r *http.Request) { s.kustoRequest(w, r, formMgmt) })
	s.mux.HandleFunc("GET /v1/rest/auth/metadata", kustoSignIn)
	s.mux.HandleFunc("/v1/rest/", func(w http.ResponseWriter, r *http.Request) {
		kr := &kustoQuery{id: requestID(r)}
		if _, f := s.signIn(r); f != nil {
			kr.writeFailure(w, f)
			return
		}
		kr.writeFailure(w, notYet(r.Method+" "+r.URL.Path))
	})
}

// kustoSignIn tells clients where to sign in, which they ask before anything else. Who has a token needs none of it, but
// the address: clients know by it that they are talking to a cluster of Azure's public cloud, which loopback and hosts
// that they are told to trust may claim to be.
func kustoSignIn(w http.ResponseWriter, r *http.Request) {
	out := newStream(w, r)
	out.buf = append(out.buf, `{"AzureAD":{"LoginEndpoint":"https://login.microsoftonline.com","LoginMfaRequired":false,`+
		`"KustoClientAppId":"db662dc1-0cfe-4e1c-a843-19a68e65be58","KustoClientRedirectUri":"https://microsoft/kustoclient",`+
		`"KustoServiceResourceId":"https://kusto.kusto.windows.net","FirstPartyAuthorityUrl":"https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a"},"dSTS":null}`...)
	_ = out.close() // the client went away
}

// form is one of the forms of an answer.
type form int

const (
	formV1 form = iota
	formV2
	formMgmt // as the first, with one table
)

// kustoBody is the body of a request.
type kustoBody struct {
	DB         string          `json:"db"`
	CSL        string          `json:"csl"`
	Properties json.RawMessage `json:"properties"` // an object, or a text of one
}

// kustoQuery is a request with its properties.
// https://learn.microsoft.com/kusto/api/rest/request-properties
type kustoQuery struct {
	id        string // of the request, by the server
	requestID string // by the client
	app       string
	database  string
	text      string

	params      map[string]string
	limits      Limits
	now         time.Time
	from, to    time.Time
	progressive bool
	fragmented  bool
	placement   string // of errors: in_data, end_of_table or end_of_dataset
	takeMax     int64
}

// The limits of Kusto where they differ.
// https://learn.microsoft.com/kusto/concepts/query-limits
const kustoMaxBytes = 64 << 20

func (s *Server) kustoRequest(w http.ResponseWriter, r *http.Request, as form) {
	k := &kustoQuery{id: requestID(r), requestID: r.Header.Get("x-ms-client-request-id"), app: clientApp(r), placement: "in_data"}
	if !validRequestID(k.requestID) {
		k.requestID = k.id
		w.Header().Set("x-ms-client-request-id", k.requestID)
	}
	c, f := s.signIn(r)
	if f == nil {
		f = k.read(s, w, r)
	}
	if f != nil {
		k.writeFailure(w, f)
		return
	}
	out := newStream(w, r)
	res := newKustoResults(k, out, as)
	text, command := k.text, strings.HasPrefix(strings.TrimSpace(stripComments(k.text)), ".")
	switch {
	case command && as == formMgmt:
		var table *commandTable
		table, f = s.command(c, k)
		if f == nil && table.pipe == "" {
			_ = res.command(table) // into memory
			_ = out.close()        // the client went away
			return
		}
		if f == nil {
			text = table.kql()
		}
	case command:
		f = badArgument("A management command was sent where queries are answered: send it to /v1/rest/mgmt")
	case as == formMgmt:
		f = badArgument("A query was sent where management commands are answered: send it to /v2/rest/query")
	}
	if f == nil {
		q := s.newQuery(c, r.URL.Path, k.app, k.requestID)
		q.id, q.text, q.database, q.params, q.limits, q.from, q.to, q.take = k.id, text, k.database, k.params, k.limits, k.from, k.to, k.takeMax
		if !k.now.IsZero() {
			q.now = k.now
		}
		f = s.run(r.Context(), q, res)
		if err := res.finish(q, f); err == nil && (f == nil || f.kind == failTooMuch || out.sent > 0 && r.Context().Err() == nil) {
			_ = out.close() // the client went away
			return
		}
	}
	if f == nil || f.kind == failCancelled && r.Context().Err() != nil {
		infoStatus(w, statusClosed)
		panic(http.ErrAbortHandler)
	}
	if !out.rewind(0) {
		panic(http.ErrAbortHandler) // an answer that broke off must not look whole
	}
	k.writeFailure(w, f)
}

// read takes the request apart.
func (k *kustoQuery) read(s *Server, w http.ResponseWriter, r *http.Request) *failure {
	var in kustoBody
	if r.Method == http.MethodGet {
		v := r.URL.Query()
		in = kustoBody{DB: v.Get("db"), CSL: v.Get("csl")}
		if p := v.Get("properties"); p != "" {
			in.Properties = json.RawMessage(p)
		}
	} else if f := readJSON(w, r, &in); f != nil {
		return f
	}
	k.database, k.text = in.DB, in.CSL
	if k.database == "" {
		k.database = databaseName
	}
	if strings.TrimSpace(k.text) == "" {
		return badArgument("The request has no query (csl)")
	}
	k.limits = Limits{Rows: s.cfg.Limits.Rows, Bytes: min(s.cfg.Limits.Bytes, kustoMaxBytes), Timeout: s.cfg.Limits.Timeout}
	return k.properties(in.Properties, s.cfg.Limits)
}

// properties reads the client request properties. What is not known to change an answer is let be, as Kusto does.
func (k *kustoQuery) properties(raw json.RawMessage, most Limits) *failure {
	var inner string
	if json.Unmarshal(raw, &inner) == nil && inner != "" {
		raw = json.RawMessage(inner)
	}
	if len(raw) == 0 || inner == "" && string(raw) == `""` {
		return nil
	}
	var p struct {
		Options    map[string]any
		Parameters map[string]any
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&p); err != nil {
		return badArgument("properties: " + err.Error())
	}
	k.params = map[string]string{}
	for name, v := range p.Parameters {
		switch v := v.(type) {
		case string:
			k.params[name] = literalText(v)
		case bool, json.Number:
			k.params[name] = fmt.Sprint(v)
		default:
			return badArgument("properties: the parameter " + name + " is neither a text, a number nor a boolean")
		}
	}
	for name, v := range p.Options {
		if f := k.option(strings.ToLower(name), v, most); f != nil {
			return f
		}
	}
	return nil
}

func (k *kustoQuery) option(name string, v any, most Limits) *failure {
	text := fmt.Sprint(v)
	on := strings.EqualFold(text, "true") || text == "1"
	bad := func(want string) *failure { return badArgument("properties: " + name + ": " + text + " is no " + want) }
	count := func(into *int64) *failure {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			return bad("positive number")
		}
		*into = n
		return nil
	}
	when := func(into *time.Time) *failure {
		ticks, ok := syntax.ParseDateTime(strings.TrimSuffix(strings.TrimPrefix(text, "datetime("), ")"))
		if !ok {
			return bad("datetime")
		}
		*into = syntax.TimeOf(ticks)
		return nil
	}
	switch name {
	case "servertimeout":
		d, ok := parseSpan(text)
		if !ok || d <= 0 {
			return bad("timespan")
		}
		k.limits.Timeout = min(d, most.Timeout)
	case "truncationmaxrecords":
		return count(&k.limits.Rows)
	case "truncationmaxsize":
		return count(&k.limits.Bytes)
	case "notruncation":
		if on {
			k.limits.Rows, k.limits.Bytes = 0, 0
		}
	case "query_take_max_records":
		return count(&k.takeMax)
	case "query_now":
		return when(&k.now)
	case "query_datetimescope_from":
		return when(&k.from)
	case "query_datetimescope_to":
		return when(&k.to)
	case "query_datetimescope_column":
		if text != "TimeGenerated" {
			return notYet("query_datetimescope_column other than TimeGenerated")
		}
	case "results_progressive_enabled":
		k.progressive = on
	case "results_v2_fragment_primary_tables":
		k.fragmented = on
	case "results_error_reporting_placement":
		if text != "in_data" && text != "end_of_table" && text != "end_of_dataset" {
			return bad("place: use in_data, end_of_table or end_of_dataset")
		}
		k.placement = text
	case "query_language":
		if !strings.EqualFold(text, "kql") && !strings.EqualFold(text, "csl") {
			return notYet("query_language " + text)
		}
	case "request_app_name":
		k.app = text[:min(len(text), 256)]
	case "query_results_apply_getschema", "validatepermissions":
		if on {
			return notYet(name)
		}
	}
	return nil
}

// parseSpan reads a timespan: [d.]hh:mm:ss[.fffffff], or a literal of KQL.
func parseSpan(s string) (time.Duration, bool) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "time("), ")")
	ticks, ok := syntax.ParseTimespan(s)
	if !ok || ticks > int64(24*time.Hour*365/100) {
		return 0, false
	}
	return time.Duration(ticks) * 100, true
}

// literalText takes the quotes off a parameter that is a literal of a text, as some clients send them.
func literalText(s string) string {
	if s == "" || !strings.ContainsAny(s[:1], `"'@hH`) {
		return s
	}
	tree, diags := syntax.Parse("print " + s)
	if diags.HasErrors() || len(tree.Statements) != 1 {
		return s
	}
	if st, ok := tree.Statements[0].(*syntax.ExpressionStatement); ok {
		if pipe, ok := st.Expression.(*syntax.PipeExpression); ok && pipe.Source == nil && len(pipe.Operators) == 1 {
			if p, ok := pipe.Operators[0].(*syntax.PrintOperator); ok && len(p.Columns) == 1 {
				if l, ok := p.Columns[0].(*syntax.LiteralExpression); ok && l.Kind == syntax.StringLiteral {
					return l.Text
				}
			}
		}
	}
	return s
}

// stripComments leaves out the comments at the beginning of a text.
func stripComments(s string) string {
	for {
		s = strings.TrimSpace(s)
		if !strings.HasPrefix(s, "//") {
			return s
		}
		_, s, _ = strings.Cut(s, "\n")
	}
}

// writeFailure answers with a failure in the form of OneApiErrors.
// https://github.com/microsoft/api-guidelines/blob/vNext/Guidelines.md#710-response-formats
func (k *kustoQuery) writeFailure(w http.ResponseWriter, f *failure) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	failureHeaders(h, f)
	status := f.status
	if status == statusClosed {
		status = http.StatusBadRequest
	}
	w.WriteHeader(status)
	_, _ = w.Write(k.appendFailure(nil, f))
}

// kustoErrors names a kind of failure as Kusto does.
var kustoErrors = map[failureKind]struct{ code, message, exception string }{
	failRequest:   {"General_BadRequest", "Request is invalid and cannot be executed.", "Kusto.Data.Exceptions.KustoBadRequestException"},
	failQuery:     {"General_BadRequest", "Request is invalid and cannot be executed.", "Kusto.Data.Exceptions.KustoBadRequestException"},
	failRun:       {"General_BadRequest", "Request is invalid and cannot be executed.", "Kusto.Data.Exceptions.KustoBadRequestException"},
	failTimeout:   {"Timeout", "Request execution timed out.", "Kusto.Data.Exceptions.KustoServiceTimeoutException"},
	failCancelled: {"Request_Cancelled", "Request was cancelled.", "Kusto.Data.Exceptions.KustoRequestCanceledException"},
	failTooMuch:   {"LimitsExceeded", "Request is invalid and cannot be executed.", "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException"},
	failThrottled: {"Too many requests", "Request is denied due to throttling.", "Kusto.Data.Exceptions.KustoRequestThrottledException"},
	failSignIn:    {"Unauthorized", "Request is not authorized.", "Kusto.Data.Exceptions.KustoRequestDeniedException"},
	failServer:    {"Internal service error", "An unexpected error occurred.", "Kusto.Data.Exceptions.KustoServiceException"},
}

// appendFailure appends {"error":{…}}.
func (k *kustoQuery) appendFailure(b []byte, f *failure) []byte {
	e := kustoErrors[f.kind]
	message := f.message
	if f.kind == failTooMuch {
		message = "Query execution has exceeded the allowed limits (80DA0003): " + message
	}
	if q := f.query; q != nil {
		message = "Request is invalid and cannot be processed: " + q.full()
	}
	permanent := f.kind == failRequest || f.kind == failQuery || f.kind == failSignIn
	b = text(append(b, `{"error":{"code":`...), e.code)
	b = text(append(b, `,"message":`...), e.message)
	b = text(append(b, `,"@type":`...), e.exception)
	b = text(append(b, `,"@message":`...), message)
	b = k.appendContext(b)
	b = strconv.AppendBool(append(b, `,"@permanent":`...), permanent)
	if q := f.query; q != nil {
		exception := "Kusto.Data.Exceptions.SemanticException"
		if q.syntax {
			exception = "Kusto.Data.Exceptions.SyntaxException"
		}
		b = text(append(b, `,"@text":`...), k.text[:min(len(k.text), 4<<10)])
		b = text(append(b, `,"@database":`...), k.database)
		b = text(append(b, `,"innererror":{"code":`...), q.code)
		b = text(append(b, `,"message":`...), q.message)
		b = text(append(b, `,"@type":`...), exception)
		b = text(append(b, `,"@message":`...), q.full())
		b = k.appendContext(b)
		b = text(append(b, `,"@permanent":true,"@errorCode":`...), q.code)
		b = text(append(b, `,"@errorMessage":`...), q.message)
		b = fmt.Appendf(b, `,"@line":%d,"@pos":%d`, q.line, q.pos)
		b = append(text(append(b, `,"@token":`...), q.token), '}')
	}
	return append(b, `}}`...)
}

// full is what is wrong with a query in one line, with its place.
func (q *queryFault) full() string {
	kind := "Semantic error"
	if q.syntax {
		kind = "Syntax error"
	}
	return fmt.Sprintf("%s: %s: %s [line:position=%d:%d]", kind, q.code, q.message, q.line, q.pos)
}

func (k *kustoQuery) appendContext(b []byte) []byte {
	b = text(append(b, `,"@context":{"timestamp":`...), time.Now().UTC().Format("2006-01-02T15:04:05.0000000Z"))
	b = text(append(b, `,"serviceAlias":"NORDLYS","clientRequestId":`...), k.requestID)
	b = text(append(b, `,"activityId":`...), k.id)
	return append(b, '}')
}
