package server

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
	"nordlys/internal/tables"
)

// commandTable is what a management command answers, and the query over it that followed the command, if any.
type commandTable struct {
	columns []plan.Column
	rows    [][]any
	pipe    string
}

func newTable(columns string) *commandTable { return &commandTable{columns: columnsOf(columns)} }

func (t *commandTable) add(row ...any) { t.rows = append(t.rows, row) }

// kql writes the table and the query that follows it as one query.
func (t *commandTable) kql() string {
	var b strings.Builder
	b.WriteString("datatable(")
	for i, c := range t.columns {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s:%s", c.Name, c.Type)
	}
	b.WriteString(")[")
	for i, row := range t.rows {
		for j, v := range row {
			if i+j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(literal(v, t.columns[j].Type))
		}
	}
	b.WriteString("] |")
	b.WriteString(t.pipe)
	return b.String()
}

// literal writes a value as the language does.
func literal(v any, t catalog.Type) string {
	switch v := v.(type) {
	case string:
		if t == catalog.String {
			return quote(v)
		}
		return t.String() + "(" + v + ")" // guid, dynamic: made here, not by callers
	case int64:
		switch t {
		case catalog.Datetime:
			return "datetime(" + timeText(v) + ")"
		case catalog.Timespan:
			return "time(" + syntax.FormatTimespan(v) + ")"
		}
		return fmt.Sprintf("%s(%d)", t, v)
	case bool:
		return fmt.Sprint(v)
	}
	return t.String() + "(null)"
}

// quote writes a text as a literal.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// command writes the answer of a management command: one table, and nothing that describes it.
func (r *kustoResults) command(t *commandTable) error {
	b := appendTableV1(append(r.s.buf, `{"Tables":[`...), "Table_0", t.columns)
	for i, row := range t.rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRow(b, row, t.columns)
	}
	r.s.buf = append(b, `]}]}`...)
	return nil
}

// command answers a management command, as far as the caller may see.
// https://learn.microsoft.com/kusto/management/
func (s *Server) command(c *caller, k *kustoQuery) (*commandTable, *failure) {
	began := time.Now()
	words, pipe := commandWords(stripComments(k.text))
	t, f := s.answer(c, k, words)
	if f == nil {
		t.pipe = pipe
	}
	if f != nil || pipe == "" { // else the query over it is recorded
		q := s.newQuery(c, "/v1/rest/mgmt", k.app, k.requestID)
		q.id, q.text, q.began = k.id, k.text, began
		if t != nil {
			q.rows.Store(int64(len(t.rows)))
		}
		if err := s.audit.record(q, f); err != nil {
			s.log.Error("record of queries", "error", err)
		}
	}
	return t, f
}

// commandWords splits a command into its words, names and texts without their quotes, and what follows a bar.
func commandWords(command string) (words []string, pipe string) {
	tokens, _ := syntax.Tokens(strings.TrimPrefix(command, "."))
	for _, t := range tokens {
		switch t.Text {
		case "":
		case "|":
			return words, strings.TrimPrefix(command, ".")[t.Span.End:]
		case "(", ")", "[", "]", ",":
		default:
			words = append(words, literalText(t.Text))
		}
	}
	return words, ""
}

func (s *Server) answer(c *caller, k *kustoQuery, words []string) (*commandTable, *failure) {
	is := func(pattern string) bool { return matchWords(words, pattern) }
	switch {
	case is("show tables"), is("show tables details"):
		t := newTable("TableName:string DatabaseName:string Folder:string DocString:string")
		for _, info := range s.readable(c) {
			t.add(info.name, k.database, tables.Builtin().GroupOf(info.name), "")
		}
		return t, nil
	case is("show table * cslschema"), is("show table * schema as json"), is("show table * schema"):
		visible, _, ok := s.ws.TableFor(c.viewer, words[2])
		if !ok {
			return nil, noSuchTable(words[2])
		}
		t := newTable("TableName:string Schema:string DatabaseName:string Folder:string DocString:string")
		schema := cslSchema(visible)
		if words[len(words)-1] == "json" {
			schema = string(mustJSON(jsonTable(tableInfo{words[2], visible})))
		}
		t.add(words[2], schema, k.database, tables.Builtin().GroupOf(words[2]), "")
		return t, nil
	case is("show database schema"), is("show database * schema"), is("show schema"), is("show database * schema details"), is("show database schema details"):
		return s.schemaTable(c, k), nil
	case is("show database schema as json"), is("show database * schema as json"), is("show schema as json"), is("show databases * schema as json"), is("show databases schema as json"):
		t := newTable("DatabaseSchema:string")
		schema, err := s.schemaJSON(c, k)
		if err != nil {
			return nil, s.internal(k, err)
		}
		t.add(string(schema))
		return t, nil
	case is("show database * cslschema"), is("show database cslschema"):
		t := newTable("TableName:string Schema:string DatabaseName:string Folder:string DocString:string")
		for _, info := range s.readable(c) {
			t.add(info.name, cslSchema(info.columns), k.database, tables.Builtin().GroupOf(info.name), "")
		}
		return t, nil
	case is("show databases"), is("show cluster databases"), is("show database"), is("show databases details"), is("show databases identity"):
		t := newTable("DatabaseName:string PersistentStorage:string Version:string IsCurrent:bool DatabaseAccessMode:string PrettyName:string ReservedSlot1:bool DatabaseId:guid InTransitionTo:string SuspensionState:string")
		t.add(k.database, "", "v1.0", true, "ReadOnly", "Nordlys", nil, "00000000-0000-0000-0000-000000000001", "", "")
		return t, nil
	case is("show functions"), is("show function *"):
		list, err := s.functions(c)
		if err != nil {
			return nil, s.internal(k, err)
		}
		t := newTable("Name:string Parameters:string Body:string Folder:string DocString:string")
		for _, fn := range list {
			if words[1] == "function" && fn.Name != words[2] {
				continue
			}
			parameters, body := splitFunction(fn.Text)
			t.add(fn.Name, "("+parameters+")", "{ "+body+" }", fn.Category, fn.Documentation)
		}
		if words[1] == "function" && len(t.rows) == 0 {
			return nil, badArgument("Entity '" + words[2] + "' of kind 'Function' was not found.")
		}
		return t, nil
	case is("show version"):
		t := newTable("BuildVersion:string BuildTime:datetime ServiceType:string ProductVersion:string ServiceOffering:string")
		t.add(s.cfg.Version, nil, "Engine", "Nordlys "+s.cfg.Version, `{"Type":"Nordlys"}`)
		return t, nil
	case is("show principal roles"), is("show current principal roles"), is("show database * principal roles"), is("show database principal roles"):
		t := newTable("Scope:string DisplayName:string AADObjectID:string Role:string")
		roles := c.roles
		if c.viewer == nil {
			roles = []string{"Admin"}
		}
		for _, role := range roles {
			t.add(k.database, c.name, c.id, role)
		}
		return t, nil
	case is("show queries"), is("show running queries"):
		return s.queriesTable(c), nil
	case is("cancel query *"), is("cancel query * with reason = *"):
		return s.cancelQuery(c, words[2])
	case is("show cluster"):
		t := newTable("NodeId:string Address:string Name:string StartTime:datetime IsAdmin:bool MachineTotalMemory:long MachineAvailableMemory:long ProcessorCount:int EnvironmentDescription:string")
		t.add("0", "", "nordlys", nil, true, nil, nil, int64(runtime.NumCPU()), "Nordlys "+s.cfg.Version)
		return t, nil
	case is("show capacity"):
		t := newTable("Resource:string Total:long Consumed:long Remaining:long")
		used := int64(len(s.active.list(owner)))
		total := int64(s.cfg.Parallel)
		t.add("Queries", total, min(used, total), max(total-used, 0))
		return t, nil
	}
	return nil, notYet("the command ." + strings.Join(words[:min(len(words), 3)], " ") + ": the server answers .show tables, table T cslschema, table T schema as json, database schema [as json], databases, functions, version, principal roles, queries, cluster, capacity and .cancel query")
}

// matchWords says whether words are those of a pattern, in which * is any word.
func matchWords(words []string, pattern string) bool {
	want := strings.Fields(pattern)
	if len(words) != len(want) {
		return false
	}
	for i, w := range want {
		if w != "*" && !strings.EqualFold(w, words[i]) {
			return false
		}
	}
	return true
}

func noSuchTable(name string) *failure {
	return badArgument("Entity '" + name + "' of kind 'Table' was not found.")
}

func (s *Server) internal(k *kustoQuery, err error) *failure {
	s.log.Error("command", "request", k.id, "error", err)
	return failed(500, "InternalServerError", "An internal error; the server's log has it under the request id.")
}

// cslSchema lists columns as .create table takes them.
func cslSchema(columns []tables.Column) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = bracketed(c.Name) + ":" + c.Type
	}
	return strings.Join(parts, ",")
}

// bracketed writes a name that is not one word in brackets.
func bracketed(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return !(r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) {
		return "['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name) + "']"
	}
	return name
}

type jsonColumn struct {
	Name    string `json:"Name"`
	Type    string `json:"Type"`
	CslType string `json:"CslType"`
}

func jsonTable(t tableInfo) map[string]any {
	columns := []jsonColumn{}
	for _, c := range t.columns {
		columns = append(columns, jsonColumn{c.Name, systemType(c.Type), c.Type})
	}
	return map[string]any{"Name": t.name, "Folder": tables.Builtin().GroupOf(t.name), "DocString": "", "OrderedColumns": columns}
}

// systemType names a type as .NET does.
func systemType(typ string) string {
	t, _ := catalog.ParseType(typ)
	if t == catalog.Decimal {
		return "System.Data.SqlTypes.SqlDecimal"
	}
	return "System." + dotnet[t]
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("{}") // texts, maps and slices of them always encode
	}
	return b
}

func (s *Server) schemaTable(c *caller, k *kustoQuery) *commandTable {
	t := newTable("DatabaseName:string TableName:string ColumnName:string ColumnType:string IsDefaultTable:bool IsDefaultColumn:bool PrettyName:string Version:string Folder:string DocString:string")
	t.add(k.database, "", "", "", false, false, "", "v1.0", "", "")
	for _, info := range s.readable(c) {
		folder := tables.Builtin().GroupOf(info.name)
		t.add(k.database, info.name, "", "", false, false, "", "", folder, "")
		for _, col := range info.columns {
			t.add(k.database, info.name, col.Name, systemType(col.Type), false, false, "", "", "", "")
		}
	}
	return t
}

// schemaJSON is the schema as editors of KQL read it.
func (s *Server) schemaJSON(c *caller, k *kustoQuery) ([]byte, error) {
	all := map[string]any{}
	for _, info := range s.readable(c) {
		all[info.name] = jsonTable(info)
	}
	list, err := s.functions(c)
	if err != nil {
		return nil, err
	}
	functions := map[string]any{}
	for _, f := range list {
		parameters, body := splitFunction(f.Text)
		functions[f.Name] = map[string]any{
			"Name": f.Name, "InputParameters": inputParameters(parameters), "Body": "{ " + body + " }", "Folder": f.Category, "DocString": f.Documentation,
			"FunctionKind": "Unknown", "OutputColumns": []any{},
		}
	}
	return json.Marshal(map[string]any{"Plugins": []any{}, "Databases": map[string]any{k.database: map[string]any{
		"Name": k.database, "Tables": all, "ExternalTables": map[string]any{}, "MaterializedViews": map[string]any{}, "EntityGroups": map[string]any{}, "Graphs": map[string]any{},
		"MajorVersion": 1, "MinorVersion": 0, "Functions": functions, "DatabaseAccessMode": "ReadOnly", "ExternalTablesFailure": nil, "PrettyName": "Nordlys",
	}}})
}

// inputParameters lists the parameters of a function that are values.
func inputParameters(parameters string) []any {
	out := []any{}
	tree, diags := syntax.Parse("let f = (" + parameters + ") { print 1 }; print 1")
	if diags.HasErrors() || len(tree.Statements) == 0 {
		return out
	}
	let, ok := tree.Statements[0].(*syntax.LetStatement)
	if !ok {
		return out
	}
	f, ok := let.Expression.(*syntax.FunctionDeclaration)
	if !ok {
		return out
	}
	for _, p := range f.Parameters {
		if p.Tabular {
			out = append(out, map[string]any{"Name": p.Name.Text, "Columns": []any{}})
			continue
		}
		out = append(out, map[string]any{"Name": p.Name.Text, "Type": systemType(p.Type.Text), "CslType": p.Type.Text})
	}
	return out
}

func (s *Server) queriesTable(c *caller) *commandTable {
	t := newTable("ClientActivityId:string Text:string Database:string StartedOn:datetime LastUpdatedOn:datetime Duration:timespan State:string RootActivityId:guid User:string FailureReason:string " +
		"TotalCpu:timespan CacheStatistics:dynamic Application:string MemoryPeak:long ScannedExtentsStatistics:dynamic Principal:string ClientRequestProperties:dynamic ResultSetStatistics:dynamic WorkloadGroup:string")
	list := s.active.list(c)
	slices.SortFunc(list, func(a, b *query) int { return a.began.Compare(b.began) })
	for _, q := range list {
		state := "InProgress"
		if !q.running.Load() {
			state = "Queued"
		}
		started, _ := syntax.TicksOf(q.began)
		text := hideSecrets(q.text)
		t.add(q.requestID, text[:min(len(text), 64<<10)], q.database, started, ticksNow(), int64(time.Since(q.began)/100), state, q.id, q.caller.name, "",
			nil, nil, q.app, nil, nil, q.caller.id, nil, nil, "default")
	}
	return t
}

func ticksNow() int64 {
	t, _ := syntax.TicksOf(time.Now())
	return t
}

// cancelQuery ends a query of the caller's own, or of anybody if they may administer. One that they may not see is not
// there.
func (s *Server) cancelQuery(c *caller, id string) (*commandTable, *failure) {
	for _, q := range s.active.list(c) {
		if q.requestID == id || q.id == id {
			q.cancel(errCancelled)
			t := newTable("ClientRequestId:string ReasonPhrase:string RunningQueryCanceled:bool")
			t.add(id, "", true)
			return t, nil
		}
	}
	return nil, badArgument("There is no query " + id + " that runs.")
}
