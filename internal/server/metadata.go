package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"nordlys/internal/kql/syntax"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// tableInfo is a table as somebody may see it.
type tableInfo struct {
	name    string
	columns []tables.Column
}

// readable lists the tables that somebody may read, with the columns that they may read.
func (s *Server) readable(c *caller) []tableInfo {
	var out []tableInfo
	for _, name := range s.ws.NamesFor(c.viewer) {
		if visible, _, ok := s.ws.TableFor(c.viewer, name); ok {
			out = append(out, tableInfo{name, visible})
		}
	}
	return out
}

// functions lists the saved functions whose text names no table that somebody may not read.
func (s *Server) functions(c *caller) ([]workspace.Function, error) {
	list, err := s.ws.Functions()
	if err != nil || c.viewer == nil {
		return list, err
	}
	forbidden := map[string]bool{}
	for _, name := range s.ws.Names() {
		forbidden[name] = true
	}
	for _, name := range s.ws.NamesFor(c.viewer) {
		delete(forbidden, name)
	}
	return slices.DeleteFunc(list, func(f workspace.Function) bool {
		tokens, _ := syntax.Tokens(f.Text)
		return slices.ContainsFunc(tokens, func(t syntax.Token) bool {
			return forbidden[strings.Trim(t.Text, "\"'[]@h")]
		})
	}), nil
}

type laColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type laTable struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	TimespanColumn string     `json:"timespanColumn,omitempty"`
	Columns        []laColumn `json:"columns"`
}

type laFunction struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Category    string `json:"category,omitempty"`
	Description string `json:"description,omitempty"`
	Parameters  string `json:"parameters,omitempty"`
	Body        string `json:"body"`
}

func (s *Server) laTables(c *caller) []laTable {
	out := []laTable{}
	for _, t := range s.readable(c) {
		lt := laTable{ID: "t/" + t.name, Name: t.name, Columns: []laColumn{}}
		for _, col := range t.columns {
			lt.Columns = append(lt.Columns, laColumn{col.Name, col.Type})
			if col.Name == "TimeGenerated" {
				lt.TimespanColumn = col.Name
			}
		}
		out = append(out, lt)
	}
	return out
}

// laMetadata answers what a workspace has.
// https://learn.microsoft.com/rest/api/loganalytics/dataaccess/metadata/get
func (s *Server) laMetadata(w http.ResponseWriter, r *http.Request) {
	s.laAnswer(w, r, func(c *caller) (any, error) {
		list, err := s.functions(c)
		if err != nil {
			return nil, err
		}
		functions := []laFunction{}
		for _, f := range list {
			parameters, body := splitFunction(f.Text)
			functions = append(functions, laFunction{ID: "f/" + f.Name, Name: f.Name, Category: f.Category, Description: f.Documentation, Parameters: parameters, Body: body})
		}
		id := r.PathValue("id")
		return map[string]any{
			"tables": s.laTables(c), "functions": functions, "tableGroups": []any{}, "categories": []any{}, "queries": []any{}, "resourceTypes": []any{}, "resources": []any{},
			"workspaces": []any{map[string]any{"id": id, "name": databaseName, "region": "local", "resourceId": ""}},
		}, nil
	})
}

func (s *Server) laSchema(w http.ResponseWriter, r *http.Request) {
	s.laAnswer(w, r, func(c *caller) (any, error) { return map[string]any{"tables": s.laTables(c)}, nil })
}

func (s *Server) laAnswer(w http.ResponseWriter, r *http.Request, make func(*caller) (any, error)) {
	c, f := s.signIn(r)
	if f == nil && r.Method == http.MethodPost {
		_, f = readBody(w, r) // may narrow the answer down to some workspaces: there is one
	}
	if f != nil {
		writeLAFailure(w, f, requestID(r))
		return
	}
	v, err := make(c)
	var b []byte
	if err == nil {
		b, err = json.Marshal(v)
	}
	if err != nil {
		s.log.Error("metadata", "request", requestID(r), "error", err)
		writeLAFailure(w, failed(http.StatusInternalServerError, "InternalServerError", "An internal error; the server's log has it under the request id."), requestID(r))
		return
	}
	out := newStream(w, r)
	out.buf = b
	_ = out.close() // the client went away
}

// splitFunction takes the text of a function apart: its parameters without parentheses, its body without braces.
func splitFunction(text string) (parameters, body string) {
	tokens, _ := syntax.Tokens(text)
	if len(tokens) == 0 || tokens[0].Text != "(" || tokens[0].Match <= 0 || tokens[0].Match >= len(tokens) {
		return "", text
	}
	end := tokens[tokens[0].Match].Span
	parameters = strings.TrimSpace(text[tokens[0].Span.End:end.Start])
	body = strings.TrimSpace(text[end.End:])
	body = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(body, "{"), "}"))
	return parameters, body
}

// databaseName is what the workspace is called where a database has a name; queries may call it anything.
const databaseName = "nordlys"
