package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// chunk is how much is gathered before it is sent. What is gathered can still be taken back, so that a query that fails
// at once is answered with a status that says so.
const chunk = 64 << 10

// stream writes an answer of any size in bounded memory, compressed if the client takes that.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	gzip    *gzip.Writer
	accepts bool
	buf     []byte
	sent    int64 // bytes of text before buf
	status  int
}

func newStream(w http.ResponseWriter, r *http.Request) *stream {
	s := &stream{w: w, control: http.NewResponseController(w), status: http.StatusOK}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if (strings.EqualFold(name, "gzip") || name == "*") && !strings.HasPrefix(strings.ReplaceAll(q, " ", ""), "q=0") {
			s.accepts = true
		}
	}
	return s
}

// mark is a place to go back to.
func (s *stream) mark() int64 { return s.sent + int64(len(s.buf)) }

// rewind forgets what was written since a mark; it says false if that was sent already.
func (s *stream) rewind(mark int64) bool {
	if mark < s.sent {
		return false
	}
	s.buf = s.buf[:mark-s.sent]
	return true
}

// full sends what is gathered if it is much.
func (s *stream) full() error {
	if len(s.buf) < chunk {
		return nil
	}
	return s.send()
}

// send sends what is gathered.
func (s *stream) send() error {
	if s.sent == 0 {
		h := s.w.Header()
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "application/json; charset=utf-8")
		}
		h.Add("Vary", "Accept-Encoding")
		if s.accepts {
			h.Set("Content-Encoding", "gzip")
			s.gzip, _ = gzip.NewWriterLevel(s.w, gzip.BestSpeed)
		}
		s.w.WriteHeader(s.status)
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTime)) // a writer without deadlines is one of a test
	var err error
	if s.gzip != nil {
		_, err = s.gzip.Write(s.buf)
	} else {
		_, err = s.w.Write(s.buf)
	}
	s.sent += int64(len(s.buf))
	s.buf = s.buf[:0]
	return err
}

// flush sends what is gathered and what compression holds back.
func (s *stream) flush() error {
	if err := s.send(); err != nil {
		return err
	}
	if s.gzip != nil {
		if err := s.gzip.Flush(); err != nil {
			return err
		}
	}
	return s.control.Flush()
}

// close ends the answer.
func (s *stream) close() error {
	err := s.send()
	if s.gzip != nil && err == nil {
		err = s.gzip.Close()
	}
	return err
}
