// Package server is the HTTP side of a workspace: the query APIs of Log Analytics and of Kusto, as Azure's own clients
// speak them, for callers who sign in with tokens. It plans and runs nothing itself: a query goes to the workspace, its
// rows come back in the form of the API that was asked, and what was asked, by whom, is a row of LAQueryLogs.
package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"nordlys/internal/workspace"
)

// Config says how a server serves. Zero limits are those of Log Analytics and Kusto.
type Config struct {
	Version  string // of the program, for .show version
	Log      *slog.Logger
	Insecure bool // no sign-in: every caller is the owner of the workspace. For loopback only.
	// Parallel is how many queries run at once; 0 is the number of cores.
	Parallel int
	Limits   Limits
}

// Limits bound one query.
type Limits struct {
	Rows    int64         // of all results together
	Bytes   int64         // of their text
	Timeout time.Duration // waiting excluded
}

// The limits of Log Analytics.
// https://learn.microsoft.com/azure/azure-monitor/service-limits#log-queries-and-language
const (
	maxRows    = 500_000
	maxBytes   = 100 << 20
	maxTimeout = 10 * time.Minute
)

// Bounds of what callers send.
const (
	maxBody    = 2 << 20
	maxHeaders = 64 << 10
	bodyTime   = 30 * time.Second // for a body to arrive
	writeTime  = 30 * time.Second // for a client to take what is written
)

// Server serves one workspace, which must be open for writing: it keeps the record of queries there.
type Server struct {
	ws     *workspace.Workspace
	cfg    Config
	log    *slog.Logger
	tokens *Tokens
	queue  *queue
	audit  *audit
	active active
	ready  atomic.Bool
	mux    *http.ServeMux
}

// New makes a server. Close it after Serve has returned.
func New(ws *workspace.Workspace, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Parallel == 0 {
		cfg.Parallel = runtime.NumCPU()
	}
	if cfg.Limits.Rows == 0 {
		cfg.Limits.Rows = maxRows
	}
	if cfg.Limits.Bytes == 0 {
		cfg.Limits.Bytes = maxBytes
	}
	if cfg.Limits.Timeout == 0 {
		cfg.Limits.Timeout = maxTimeout
	}
	s := &Server{ws: ws, cfg: cfg, log: cfg.Log, tokens: OpenTokens(ws.Dir()), queue: newQueue(cfg.Parallel), mux: http.NewServeMux()}
	s.active.queries = map[string]*query{}
	s.audit = newAudit(ws, cfg.Log)
	s.routes()
	s.ready.Store(true)
	return s, nil
}

// Close writes what is left of the record of queries. The workspace stays open.
func (s *Server) Close() error { return s.audit.close() }

func (s *Server) routes() {
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	s.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !s.ready.Load() {
			http.Error(w, "stopping", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	s.logAnalytics()
	s.kusto()
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeLAFailure(w, failed(http.StatusNotFound, "PathNotFoundError", "The requested path does not exist"), requestID(r))
	})
}

// Handler is what answers requests: the routes, with a log line for each request and no panic that ends the program.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &recorder{ResponseWriter: w}
		ctx := context.WithValue(r.Context(), infoKey{}, &rec.info)
		rec.info.id = newID()
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.log.Error("panic", "request", rec.info.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				if rec.status == 0 {
					writeLAFailure(rec, failed(http.StatusInternalServerError, "InternalServerError", "An internal error; the server's log has it under the request id."), rec.info.id)
				}
			}
			s.log.Info("request", "id", rec.info.id, "method", r.Method, "path", r.URL.Path, "remote", r.RemoteAddr, "caller", rec.info.caller,
				"status", rec.status, "bytes", rec.bytes, "ms", time.Since(began).Milliseconds())
		}()
		rec.Header().Set("X-Content-Type-Options", "nosniff")
		rec.Header().Set("Cache-Control", "no-store")
		rec.Header().Set("x-ms-activity-id", rec.info.id)
		rec.Header().Set("x-ms-request-id", rec.info.id)
		if id := r.Header.Get("x-ms-client-request-id"); validRequestID(id) {
			rec.Header().Set("x-ms-client-request-id", id)
		}
		s.mux.ServeHTTP(rec, r.WithContext(ctx))
	})
}

// Serve answers on a listener until ctx ends, then lets running queries finish for a while.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	// Queries outlive ctx for as long as the server waits for them.
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	h := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeaders,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), BaseContext: func(net.Listener) context.Context { return base },
	}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	s.ready.Store(false)
	s.log.Info("stopping")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err := h.Shutdown(grace)
	if err != nil { // what still runs is cancelled
		stop()
		err = h.Close()
	}
	if serveErr := <-done; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

// stopTime is how long running queries may go on when the server is asked to stop.
const stopTime = 15 * time.Second

// info is what is known of a request for its log line.
type info struct{ id, caller string }

type infoKey struct{}

func infoOf(r *http.Request) *info {
	if i, ok := r.Context().Value(infoKey{}).(*info); ok {
		return i
	}
	return &info{}
}

func requestID(r *http.Request) string { return infoOf(r).id }

// newID is a random id spelled as a GUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // does not fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// validRequestID says whether an id that a client made may be sent back and kept.
func validRequestID(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// recorder notes the status and size of an answer.
type recorder struct {
	http.ResponseWriter
	info   info
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
