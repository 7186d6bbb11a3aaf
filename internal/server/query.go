package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"nordlys/internal/engine"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/workspace"
)

// query is one query of a caller on its way.
type query struct {
	id        string // of this query alone
	requestID string // as the client has it, for .show queries and .cancel query
	caller    *caller
	app       string // what the client calls itself
	target    string // the path
	database  string
	text      string
	now       time.Time
	from, to  time.Time
	params    map[string]string
	limits    Limits // of rows and bytes; 0 is none
	take      int64  // rows of each result that are wanted; 0 is all
	began     time.Time

	cancel  context.CancelCauseFunc
	running atomic.Bool
	rows    atomic.Int64
	tables  []string
	took    time.Duration // without waiting
}

// results takes the rows of a query in the form of one API.
type results interface {
	// table begins the next result.
	table(one *plan.Query, index int, columns []plan.Column) error
	// row takes one row and says how many bytes of text it is.
	row(row []any) (int64, error)
	// end ends the result that table began; f says why it is not whole, nil if it is.
	end(f *failure) error
}

// newQuery fills in what every query has. The caller sets text, times, parameters.
func (s *Server) newQuery(c *caller, target, app, requestID string) *query {
	return &query{
		id: newID(), requestID: requestID, caller: c, target: target, app: app,
		now: time.Now().UTC(), limits: s.cfg.Limits, began: time.Now(),
	}
}

// run runs a query and hands its rows on, at most as many as its limits allow. Whatever comes of it is recorded. A
// failure of the kind failTooMuch leaves a result that is right as far as it goes.
func (s *Server) run(ctx context.Context, q *query, out results) (f *failure) {
	ctx, q.cancel = context.WithCancelCause(ctx)
	defer q.cancel(nil)
	s.active.add(q)
	defer s.active.remove(q)
	defer func() {
		if err := s.audit.record(q, f); err != nil {
			s.log.Error("record of queries", "error", err)
		}
	}()
	leave, err := s.queue.enter(ctx, q.caller.name)
	if err != nil {
		return runFailure(ctx, err)
	}
	defer leave()
	q.running.Store(true)
	start := time.Now()
	defer func() { q.took = time.Since(start) }()
	ctx, cancel := context.WithTimeoutCause(ctx, q.limits.Timeout, errTimeout)
	defer cancel()
	limits := engine.Limits{Timeout: q.limits.Timeout}
	p, list, err := s.ws.Compile(ctx, workspace.Query{Text: q.text, As: q.caller.viewer, Now: q.now, From: q.from, To: q.to, Parameters: q.params, Limits: limits})
	if errors.Is(err, workspace.ErrDiagnostics) && ctx.Err() == nil {
		return queryFailure(list, q.text)
	}
	if err != nil {
		return runFailure(ctx, err)
	}
	q.tables = tablesOf(p)
	var bytes int64
	for i, one := range p.Results() {
		f, err := s.result(ctx, q, one, i, limits, out, &bytes)
		if err != nil {
			return runFailure(ctx, err)
		}
		if f != nil {
			return f
		}
	}
	return nil
}

// result runs one of the results of a query. An error is one that leaves no answer.
func (s *Server) result(ctx context.Context, q *query, one *plan.Query, index int, limits engine.Limits, out results, bytes *int64) (*failure, error) {
	bounded := *one
	if q.take > 0 {
		bounded.Root = &plan.Limit{Input: bounded.Root, Count: &plan.Const{Typ: catalog.Long, Value: q.take}}
	}
	if left := q.limits.Rows - q.rows.Load(); q.limits.Rows > 0 {
		// One more, to see that there are more.
		bounded.Root = &plan.Limit{Input: bounded.Root, Count: &plan.Const{Typ: catalog.Long, Value: left + 1}}
	}
	rows, err := s.ws.Engine().Run(ctx, engine.Request{Query: &bounded, Tables: s.ws, Now: q.now, Limits: limits})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if err := out.table(one, index, rows.Columns()); err != nil {
		return nil, err
	}
	for {
		row, err := rows.Next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			return nil, out.end(nil)
		}
		var f *failure
		if q.limits.Rows > 0 && q.rows.Load() >= q.limits.Rows {
			f = tooMuch(fmt.Sprintf("The results of this query exceed the set limit of %d records", q.limits.Rows))
		} else if q.limits.Bytes > 0 && *bytes >= q.limits.Bytes {
			f = tooMuch(fmt.Sprintf("The results of this query exceed the set limit of %d bytes", q.limits.Bytes))
		}
		if f != nil {
			return f, out.end(f)
		}
		n, err := out.row(row)
		if err != nil {
			return nil, err
		}
		*bytes += n
		q.rows.Add(1)
	}
}

// tooMuch is the failure of a result that is cut off. Its words are Kusto's, which clients look for.
// https://learn.microsoft.com/kusto/concepts/query-limits#limit-on-result-set-size-result-truncation
func tooMuch(what string) *failure {
	return &failure{status: 200, code: "PartialError", kind: failTooMuch,
		message: what + ", so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003). See https://aka.ms/kustoquerylimits for more information and possible solutions."}
}

// tablesOf lists the stored tables that a query reads.
func tablesOf(p *plan.Query) []string {
	var out []string
	seen := map[string]bool{}
	for _, one := range p.Results() {
		plan.Visit(one.Root, func(n plan.Node) bool {
			if s, ok := n.(*plan.Scan); ok && !seen[s.Table] {
				seen[s.Table] = true
				out = append(out, s.Table)
			}
			return true
		})
	}
	return out
}

// active are the queries that run or wait.
type active struct {
	mu      sync.Mutex
	queries map[string]*query
}

func (a *active) add(q *query) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queries[q.id] = q
}

func (a *active) remove(q *query) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.queries, q.id)
}

// list gives those that somebody may see: their own, all for who may administer.
func (a *active) list(c *caller) []*query {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []*query
	for _, q := range a.queries {
		if q.caller.name == c.name || c.viewer.May(workspace.MayAdminister) {
			out = append(out, q)
		}
	}
	return out
}
