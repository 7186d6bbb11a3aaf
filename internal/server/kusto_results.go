package server

import (
	"fmt"
	"strconv"
	"time"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// kustoResults writes results in one of the forms of Kusto. The second form is a list of frames, one a line: tables
// whole, or in parts where the client asked for it. The first is tables, and a last table that lists them.
// https://learn.microsoft.com/kusto/api/rest/response-v2 and …/response
type kustoResults struct {
	k       *kustoQuery
	s       *stream
	form    form
	columns []plan.Column
	render  *plan.Render
	names   []string // of the results so far
	rows    int64    // of this result
	pending int      // rows in the fragment that is being written
	open    bool     // a result was begun and not ended
	began   time.Time
}

func newKustoResults(k *kustoQuery, s *stream, as form) *kustoResults {
	return &kustoResults{k: k, s: s, form: as, began: time.Now()}
}

func (r *kustoResults) parts() bool { return r.k.progressive || r.k.fragmented }

// The columns of the tables that come with every answer.
var (
	propertiesV2 = columnsOf("TableId:int Key:string Value:dynamic")
	completionV2 = columnsOf("Timestamp:datetime ClientRequestId:string ActivityId:guid SubActivityId:guid ParentActivityId:guid Level:int LevelName:string " +
		"StatusCode:int StatusCodeName:string EventType:int EventTypeName:string Payload:string")
	propertiesV1 = columnsOf("Value:string")
	statusV1     = columnsOf("Timestamp:datetime Severity:int SeverityName:string StatusCode:int StatusDescription:string Count:int RequestId:guid ActivityId:guid " +
		"SubActivityId:guid ClientActivityId:string")
	contentsV1 = columnsOf("Ordinal:long Kind:string Name:string Id:string PrettyName:string")
)

func columnsOf(s string) []plan.Column {
	var out []plan.Column
	for len(s) > 0 {
		var name, typ string
		name, s = cut(s, ':')
		typ, s = cut(s, ' ')
		t, _ := catalog.ParseType(typ)
		out = append(out, plan.Column{Name: name, Type: t})
	}
	return out
}

func cut(s string, at byte) (before, after string) {
	for i := range len(s) {
		if s[i] == at {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// table implements results.
func (r *kustoResults) table(one *plan.Query, index int, columns []plan.Column) error {
	if index == 0 {
		r.render = one.Render
		r.begin()
	}
	name := resultName(one, index)
	r.names = append(r.names, name)
	r.columns, r.rows, r.pending, r.open = columns, 0, 0, true
	b := r.s.buf
	switch {
	case r.form != formV2:
		if index > 0 {
			b = append(b, ',')
		}
		r.s.buf = appendTableV1(b, fmt.Sprintf("Table_%d", index), columns)
		return nil
	case r.parts():
		b = fmt.Appendf(b, "\n,{\"FrameType\":\"TableHeader\",\"TableId\":%d,\"TableKind\":\"PrimaryResult\",\"TableName\":", index+1)
		b = appendColumns(append(text(b, name), `,"Columns":`...), columns)
		r.s.buf = append(b, '}')
		return nil
	}
	r.s.buf = appendTableV2(append(b, "\n,"...), index+1, "PrimaryResult", name, columns)
	return nil
}

// begin writes what stands before the results.
func (r *kustoResults) begin() {
	if r.form != formV2 {
		r.s.buf = append(r.s.buf, `{"Tables":[`...)
		return
	}
	b := append(r.s.buf, `[{"FrameType":"DataSetHeader","IsProgressive":`...)
	b = append(strconv.AppendBool(b, r.k.progressive), `,"Version":"v2.0"`...)
	if r.k.fragmented {
		place := map[string]string{"in_data": "InData", "end_of_table": "EndOfTable", "end_of_dataset": "EndOfDataSet"}[r.k.placement]
		b = append(text(append(b, `,"IsFragmented":true,"ErrorReportingPlacement":`...), place), ""...)
	}
	b = appendTableV2(append(b, "}\n,"...), 0, "QueryProperties", "@ExtendedProperties", propertiesV2)
	b = appendRow(b, []any{int64(1), "Visualization", string(appendRender(nil, r.render))}, propertiesV2)
	r.s.buf = append(b, `]}`...)
}

func appendTableV2(b []byte, id int, kind, name string, columns []plan.Column) []byte {
	b = fmt.Appendf(b, `{"FrameType":"DataTable","TableId":%d,"TableKind":"%s","TableName":`, id, kind)
	return append(appendColumns(append(text(b, name), `,"Columns":`...), columns), `,"Rows":[`...)
}

func appendColumns(b []byte, columns []plan.Column) []byte {
	b = append(b, '[')
	for i, c := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = text(append(b, `{"ColumnName":`...), c.Name)
		b = append(text(append(b, `,"ColumnType":`...), c.Type.String()), '}')
	}
	return append(b, ']')
}

// dotnet are the types as the first form and schemas name them beside KQL's.
var dotnet = map[catalog.Type]string{
	catalog.Bool: "SByte", catalog.Int: "Int32", catalog.Long: "Int64", catalog.Real: "Double", catalog.Decimal: "SqlDecimal", catalog.String: "String",
	catalog.Datetime: "DateTime", catalog.Timespan: "TimeSpan", catalog.Guid: "Guid", catalog.Dynamic: "Object",
}

func appendTableV1(b []byte, name string, columns []plan.Column) []byte {
	b = append(text(append(b, `{"TableName":`...), name), `,"Columns":[`...)
	for i, c := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = text(append(b, `{"ColumnName":`...), c.Name)
		b = text(append(b, `,"DataType":`...), dotnet[c.Type])
		b = append(text(append(b, `,"ColumnType":`...), c.Type.String()), '}')
	}
	return append(b, `],"Rows":[`...)
}

// fragmentRows is how many rows a part of a table has at most.
const fragmentRows = 2000

// row implements results.
func (r *kustoResults) row(row []any) (int64, error) {
	before := len(r.s.buf)
	switch {
	case r.form != formV2 || !r.parts():
		if r.rows > 0 {
			r.s.buf = append(r.s.buf, ',')
		}
	case r.pending == 0:
		r.s.buf = fmt.Appendf(r.s.buf, "\n,{\"FrameType\":\"TableFragment\",\"TableFragmentType\":\"DataAppend\",\"TableId\":%d,\"Rows\":[", len(r.names))
	default:
		r.s.buf = append(r.s.buf, ',')
	}
	r.rows++
	r.pending++
	r.s.buf = appendRow(r.s.buf, row, r.columns)
	n := int64(len(r.s.buf) - before)
	if r.form == formV2 && r.parts() && r.pending == fragmentRows {
		r.endFragment()
		return n, r.s.flush() // what is there is shown at once
	}
	return n, r.s.full()
}

func (r *kustoResults) endFragment() {
	if r.pending > 0 {
		r.s.buf = append(r.s.buf, `]}`...)
		r.pending = 0
	}
}

// end implements results.
func (r *kustoResults) end(f *failure) error {
	r.open = false
	inData := f != nil && r.k.placement == "in_data"
	if r.form == formV2 && r.parts() {
		if inData {
			if r.pending == 0 {
				r.s.buf = fmt.Appendf(r.s.buf, "\n,{\"FrameType\":\"TableFragment\",\"TableFragmentType\":\"DataAppend\",\"TableId\":%d,\"Rows\":[", len(r.names))
			} else {
				r.s.buf = append(r.s.buf, ',')
			}
			r.pending++
			r.s.buf = r.appendErrors(append(r.s.buf, '{'), f)
			r.s.buf = append(r.s.buf, '}')
		}
		r.endFragment()
		id := len(r.names)
		if r.k.progressive {
			r.s.buf = fmt.Appendf(r.s.buf, "\n,{\"FrameType\":\"TableProgress\",\"TableId\":%d,\"TableProgress\":100.0}", id)
		}
		r.s.buf = fmt.Appendf(r.s.buf, "\n,{\"FrameType\":\"TableCompletion\",\"TableId\":%d,\"RowCount\":%d", id, r.rows)
		if f != nil && r.k.placement == "end_of_table" {
			r.s.buf = r.appendErrors(append(r.s.buf, ','), f)
		}
		r.s.buf = append(r.s.buf, '}')
		return nil
	}
	if inData {
		if r.rows > 0 {
			r.s.buf = append(r.s.buf, ',')
		}
		r.s.buf = append(r.s.buf, '{')
		if r.form == formV2 {
			r.s.buf = r.appendErrors(r.s.buf, f)
		} else {
			r.s.buf = appendTexts(append(r.s.buf, `"Exceptions":`...), []string{r.exception(f)})
		}
		r.s.buf = append(r.s.buf, '}')
	}
	r.s.buf = append(r.s.buf, `]}`...)
	return nil
}

// appendErrors appends the member of an object that says what went wrong.
func (r *kustoResults) appendErrors(b []byte, f *failure) []byte {
	return append(r.k.appendFailure(append(b, `"OneApiErrors":[`...), f), ']')
}

func (r *kustoResults) exception(f *failure) string {
	if f.kind == failTooMuch {
		return "Query execution has exceeded the allowed limits (80DA0003): " + f.message
	}
	return f.message
}

// finish writes what stands behind the results. Where a failure came before any of them, there is nothing to finish.
func (r *kustoResults) finish(q *query, f *failure) error {
	if len(r.names) == 0 {
		return nil
	}
	if r.open {
		if err := r.end(f); err != nil {
			return err
		}
	}
	level, levelName, status, payload := int64(4), "Info", "S_OK (0)", `{"Count":1,"Text":"Query completed successfully"}`
	if f != nil {
		level, levelName, status, payload = 2, "Error", "E_FAIL", `{"Count":1,"Text":`+string(text(nil, r.exception(f)))+`}`
	}
	code := int64(0)
	if f != nil {
		code = -2133196797
	}
	now := ticksNow()
	if r.form == formV2 {
		resources := fmt.Sprintf(`{"ExecutionTime":%.7f,"dataset_statistics":[{"table_row_count":%d}]}`, q.took.Seconds(), q.rows.Load())
		b := appendTableV2(append(r.s.buf, "\n,"...), len(r.names)+1, "QueryCompletionInformation", "QueryCompletionInformation", completionV2)
		b = appendRow(b, []any{now, r.k.requestID, r.k.id, r.k.id, r.k.id, level, levelName, code, status, int64(4), "QueryInfo", payload}, completionV2)
		b = append(b, ',')
		b = appendRow(b, []any{now, r.k.requestID, r.k.id, r.k.id, r.k.id, int64(6), "Stats", int64(0), "S_OK (0)", int64(0), "QueryResourceConsumption", resources}, completionV2)
		b = append(b, "]}\n,{\"FrameType\":\"DataSetCompletion\",\"HasErrors\":"...)
		b = strconv.AppendBool(b, f != nil)
		b = strconv.AppendBool(append(b, `,"Cancelled":`...), f != nil && f.kind == failCancelled)
		if f != nil {
			b = r.appendErrors(append(b, ','), f)
		}
		r.s.buf = append(b, "}\n]\n"...)
		return nil
	}
	n := len(r.names)
	b := appendTableV1(append(r.s.buf, ','), fmt.Sprintf("Table_%d", n), propertiesV1)
	b = appendRow(b, []any{string(appendRender(nil, r.render))}, propertiesV1)
	b = appendTableV1(append(b, `]},`...), fmt.Sprintf("Table_%d", n+1), statusV1)
	b = appendRow(b, []any{now, level, levelName, code, payload, int64(1), r.k.id, r.k.id, r.k.id, r.k.requestID}, statusV1)
	b = appendTableV1(append(b, `]},`...), fmt.Sprintf("Table_%d", n+2), contentsV1)
	for i, name := range r.names {
		b = append(appendRow(b, []any{int64(i), "QueryResult", name, newID(), ""}, contentsV1), ',')
	}
	b = append(appendRow(b, []any{int64(n), "QueryProperties", "@ExtendedProperties", newID(), ""}, contentsV1), ',')
	b = appendRow(b, []any{int64(n + 1), "QueryStatus", "QueryStatus", newID(), ""}, contentsV1)
	b = append(b, `]}]`...)
	if f != nil {
		b = appendTexts(append(b, `,"Exceptions":`...), []string{r.exception(f)})
	}
	r.s.buf = append(b, '}')
	return nil
}
