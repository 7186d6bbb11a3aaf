package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/rows"
	"nordlys/internal/kql/syntax"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// auditTable is where Log Analytics keeps the record of queries.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/laquerylogs
const auditTable = "LAQueryLogs"

// tablesColumn is added to it: the tables that the query read, as an array of names.
const tablesColumn = "QueriedTables"

// auditEvery is how long a record may wait to be written; auditCompact how many times are written before the small
// segments of them become one.
const (
	auditEvery   = 5 * time.Second
	auditCompact = 100
)

// audit keeps the record of queries: rows are gathered and written every few seconds and at the end. Nothing is dropped:
// where writing does not keep up, queries wait for it.
type audit struct {
	ws      *workspace.Workspace
	log     *slog.Logger
	schemas *rows.Schemas
	ch      chan record
	done    chan struct{}
	once    sync.Once
	mu      sync.RWMutex // held for writing while ch is closed
	closed  bool
}

// record is one query as it ended.
type record struct {
	q      *query
	status int
	ended  time.Time
}

func newAudit(ws *workspace.Workspace, log *slog.Logger) *audit {
	a := &audit{ws: ws, log: log, ch: make(chan record, 1000), done: make(chan struct{})}
	a.schemas = rows.NewSchemas(tables.Builtin(), func(table string) []tables.Column {
		visible, _, _ := ws.Table(table)
		return visible
	})
	go a.write()
	return a
}

// record notes a query that has ended, or was refused.
func (a *audit) record(q *query, f *failure) error {
	status := http.StatusOK
	if f != nil {
		status = f.status
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.closed {
		return errors.New("the server is stopping: a query was not recorded")
	}
	a.ch <- record{q, status, time.Now()}
	return nil
}

// close writes what is left.
func (a *audit) close() error {
	a.once.Do(func() {
		a.mu.Lock()
		a.closed = true
		close(a.ch)
		a.mu.Unlock()
	})
	<-a.done
	return nil
}

func (a *audit) write() {
	defer close(a.done)
	ctx := context.Background()
	var failing []record // of an earlier try
	tick := time.NewTicker(auditEvery)
	defer tick.Stop()
	written := 0
	for open := true; open; {
		var first record
		select {
		case first, open = <-a.ch:
			if open {
				failing = append(failing, first)
			}
			if open && len(failing) < cap(a.ch) {
				continue
			}
		case <-tick.C:
		}
		if len(failing) == 0 {
			continue
		}
		if err := a.append(ctx, failing); err != nil {
			a.log.Error("record of queries cannot be written", "queries", len(failing), "error", err)
			if open && len(failing) < 10*cap(a.ch) {
				continue // with the next
			}
		}
		failing = nil
		if written++; written%auditCompact == 0 || !open {
			if _, _, err := a.ws.Compact(ctx); err != nil {
				a.log.Warn("segments were not merged", "error", err)
			}
		}
	}
}

// append makes rows of records and brings them into the workspace.
func (a *audit) append(ctx context.Context, list []record) error {
	w := rows.NewWriter(rows.Config{Schemas: a.schemas, Now: rows.TicksOf(time.Now()), Emit: func(ctx context.Context, b rows.Batch) error {
		defer b.Rec.Release()
		_, _, err := a.ws.Append(ctx, b.Table, b.Rec)
		return err
	}})
	w.Start(rows.File{Path: "nordlys serve", SourceID: tables.Derived})
	t := w.Table(auditTable)
	extra := t.NewColumn(tablesColumn, "dynamic")
	for _, r := range list {
		q := r.q
		w.Next()
		t.Begin()
		str := func(column, value string) {
			t.SetString(t.Column(column), strings.ToValidUTF8(value, "\ufffd"))
		}
		ticks := func(column string, at time.Time) {
			if !at.IsZero() {
				t.SetInt(t.Column(column), rows.TicksOf(at))
			}
		}
		ticks("TimeGenerated", r.ended)
		str("CorrelationId", q.id)
		str("AADEmail", q.caller.name)
		str("AADObjectId", q.caller.id)
		str("RequestClientApp", q.app)
		str("RequestTarget", q.target)
		str("QueryText", hideSecrets(q.text))
		ticks("QueryTimeRangeStart", q.from)
		ticks("QueryTimeRangeEnd", q.to)
		t.SetInt(t.Column("ResponseCode"), int64(r.status))
		t.SetInt(t.Column("ResponseDurationMs"), r.ended.Sub(q.began).Milliseconds())
		t.SetInt(t.Column("ResponseRowCount"), q.rows.Load())
		str("SourceSystem", "Nordlys")
		if names, err := json.Marshal(q.tables); err == nil && len(q.tables) > 0 {
			t.SetJSON(extra, names)
		}
		if err := w.Done(ctx, t, t.CommitAs(xxh3.HashString(auditTable+"\x00"+q.id)), 0, nil); err != nil {
			return fmt.Errorf("make rows of %s: %w", auditTable, err)
		}
	}
	if _, err := w.Finish(ctx); err != nil {
		return err
	}
	return a.ws.Flush(ctx)
}

// hideSecrets leaves out texts that a query marks as secret, h"…", as Kusto does in its own records.
// https://learn.microsoft.com/kusto/query/scalar-data-types/string#obfuscated-string-literals
func hideSecrets(query string) string {
	tokens, _ := syntax.Tokens(query)
	var b strings.Builder
	at := 0
	for _, t := range tokens {
		if len(t.Text) < 3 || t.Text[0]|0x20 != 'h' || !strings.ContainsAny(t.Text[1:3], "\"'`~") || t.Span.Start < at || t.Span.End > len(query) {
			continue
		}
		b.WriteString(query[at:t.Span.Start])
		b.WriteString(`h"****"`)
		at = t.Span.End
	}
	b.WriteString(query[at:])
	return b.String()
}
