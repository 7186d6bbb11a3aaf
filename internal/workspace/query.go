package workspace

import (
	"context"
	"errors"
	"strings"
	"time"

	"nordlys/internal/engine"
	"nordlys/internal/kql"
	"nordlys/internal/kql/bind"
	kqltypes "nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/tables"
)

// Query is a KQL query with its circumstances.
type Query struct {
	Text     string
	As       *Viewer   // for whom; nil is the owner of the folder, who may read everything
	Now      time.Time // the value of now(); zero is the clock
	From, To time.Time // bound TimeGenerated of every stored table, both included; zero is open
	Limits   engine.Limits
	// Parameters are the values of the parameters that the query declares, as texts.
	Parameters map[string]string
	Advice     bool // also warn of what is slow or likely a mistake
}

// ErrDiagnostics says that a query has errors; the list that comes with it tells them.
var ErrDiagnostics = errors.New("the query has errors")

// Compile binds a query to the tables of this workspace. The list may hold warnings when the error is nil. Where the
// columns of a plugin depend on the rows, it reads them, within the limits of the query.
func (w *Workspace) Compile(ctx context.Context, q Query) (*plan.Query, diag.List, error) {
	if q.Now.IsZero() {
		q.Now = time.Now().UTC()
	}
	if err := w.refresh(ctx); err != nil {
		return nil, nil, err
	}
	external := func(e bind.External) ([][]string, error) { return w.settings.external(ctx, e) }
	discover := engine.Discover(ctx, w.db, engine.Request{Tables: w, Now: q.Now, Limits: q.Limits})
	p, list := kql.Compile(q.Text, readable{w, q.As}, bind.Options{Now: q.Now, From: q.From, To: q.To, Advice: q.Advice, Parameters: q.Parameters, Discover: discover, External: external})
	if p == nil || list.HasErrors() {
		return nil, list, ErrDiagnostics
	}
	return p, list, nil
}

// Query compiles a query and runs it, of several results the first. On ErrDiagnostics the list says what is wrong with it; otherwise the list holds
// warnings, and the caller closes the rows.
func (w *Workspace) Query(ctx context.Context, q Query) (engine.Rows, *plan.Query, diag.List, error) {
	if q.Now.IsZero() {
		q.Now = time.Now().UTC()
	}
	p, list, err := w.Compile(ctx, q)
	if err != nil {
		return nil, nil, list, err
	}
	rows, err := w.db.Run(ctx, engine.Request{Query: p, Tables: w, Now: q.Now, Limits: q.Limits})
	return rows, p, list, err
}

// Complete lists what can stand at an offset of a query that is being written; see kql.Complete.
func (w *Workspace) Complete(q Query, offset int) (start int, list []kql.Suggestion) {
	return kql.Complete(q.Text, offset, readable{w, q.As}, bind.Options{Now: q.Now, From: q.From, To: q.To})
}

// readable shows the binder the tables that somebody may read, and of these the columns and rows. It is the only door
// from the language to tables, so that every feature of it sees the same.
type readable struct {
	w  *Workspace
	as *Viewer
}

// Table implements bind.Tables. A table that may not be read is not there.
func (r readable) Table(name string) ([]plan.Column, bool) {
	visible, _, ok := r.w.TableFor(r.as, name)
	return planColumns(visible), ok
}

// Hidden implements bind.HiddenColumns.
func (r readable) Hidden(name string) []plan.Column {
	_, hidden, _ := r.w.TableFor(r.as, name)
	return planColumns(hidden)
}

// Filter implements bind.FilteredTables.
func (r readable) Filter(name string) (string, []plan.Column) {
	condition := r.as.rows(name)
	if condition == "" {
		return "", nil
	}
	visible, hidden, _ := r.w.Table(name)
	var unseen []tables.Column
	for _, c := range append(visible, hidden...) {
		if r.as.hides(name, c.Name) {
			unseen = append(unseen, c)
		}
	}
	return condition, planColumns(unseen)
}

// Sparse implements bind.SparseTables.
func (r readable) Sparse(name string) bool {
	return name == "AzureDiagnostics" || strings.HasSuffix(name, "_CL")
}

// Names implements bind.Tables.
func (r readable) Names() []string { return r.w.NamesFor(r.as) }

func planColumns(cols []tables.Column) []plan.Column {
	out := make([]plan.Column, len(cols))
	for i, c := range cols {
		t, _ := kqltypes.ParseType(c.Type)
		out[i] = plan.Column{Name: c.Name, Type: t}
	}
	return out
}
