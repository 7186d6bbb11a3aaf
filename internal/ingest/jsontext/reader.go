package jsontext

import (
	"bytes"
	"fmt"
	"io"
)

// DefaultLimit is the size in bytes beyond which a single value is refused, unless the Reader is told otherwise.
const DefaultLimit = 16 << 20

// keepRaw is how much of a refused value is kept for the quarantine.
const keepRaw = 64 << 10

// BadValue is a piece of the stream that is not a readable value. Reading may go on after it.
type BadValue struct {
	Offset int64  // where it begins in the stream
	Length int64  // how many bytes were passed over
	Raw    []byte // the first 64 KB of them
	Reason string
}

func (e *BadValue) Error() string { return fmt.Sprintf("%s (record at byte %d)", e.Reason, e.Offset) }

// Reader takes values off a stream, one at a time, and holds no more than one value and a read-ahead in memory. After
// a damaged value it finds the next one.
type Reader struct {
	src        io.Reader
	buf        []byte
	start, end int   // the unread part of buf
	base       int64 // stream offset of buf[0]
	eof        bool
	err        error // a read error other than io.EOF
	limit      int
	scan       scanner
	indent     int // spaces between the line start and the byte that Peek found; -1 if text comes before it on its line
	began      bool
}

// NewReader reads from src and refuses values longer than limit bytes (0 is DefaultLimit).
func NewReader(src io.Reader, limit int) *Reader {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Reader{src: src, buf: make([]byte, 256<<10), limit: limit}
}

// fill reads more, moving or growing the buffer. It says whether anything came.
func (r *Reader) fill() bool {
	if r.eof {
		return false
	}
	if r.start > 0 && (r.end == len(r.buf) || r.start == r.end) {
		copy(r.buf, r.buf[r.start:r.end])
		r.base += int64(r.start)
		r.end -= r.start
		r.start = 0
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if err != nil {
			r.eof = true
			if err != io.EOF {
				r.err = err
			}
		}
		if n > 0 || r.eof {
			return n > 0
		}
	}
	r.eof, r.err = true, io.ErrNoProgress
	return false
}

// done is the error of a stream at its end.
func (r *Reader) done() error {
	if r.err != nil {
		return r.err
	}
	return io.EOF
}

// Offset is the stream offset of the next byte.
func (r *Reader) Offset() int64 { return r.base + int64(r.start) }

// Peek passes over space and returns the next byte without taking it. At the end of the stream the error is io.EOF.
func (r *Reader) Peek() (byte, error) {
	if !r.began {
		r.began = true
		for r.end-r.start < 3 && r.fill() {
		}
		if bytes.HasPrefix(r.buf[r.start:r.end], []byte("\xef\xbb\xbf")) {
			r.start += 3
		}
	}
	for {
		for r.start < r.end {
			switch c := r.buf[r.start]; c {
			case '\n':
				r.indent = 0
			case ' ', '\t', '\r':
				if r.indent >= 0 {
					r.indent++
				}
			default:
				return c, nil
			}
			r.start++
		}
		if !r.fill() {
			return 0, r.done()
		}
	}
}

// Skip takes the byte that Peek returned.
func (r *Reader) Skip() {
	r.start++
	r.indent = -1
}

// Value takes the next value, checked, and says where it began. The bytes are valid until the next call. A damaged
// value is returned as a *BadValue, after which reading may go on; any other error ends the stream.
func (r *Reader) Value() ([]byte, int64, error) {
	if _, err := r.Peek(); err != nil {
		return nil, 0, err
	}
	for {
		i, serr := r.scan.scan(r.buf[:r.end], r.start, r.eof)
		if serr == nil {
			raw, off := r.buf[r.start:i:i], r.Offset()
			if at := invalidUTF8(raw); at >= 0 {
				return nil, 0, r.refuse(i, fmt.Sprintf("invalid UTF-8 at byte %d of the record", at))
			}
			r.start, r.indent = i, -1
			return raw, off, nil
		}
		if serr != errShort {
			return nil, 0, r.resync(serr.Offset-r.start, fmt.Sprintf("not valid JSON: %s at byte %d of the record", serr.Reason, serr.Offset-r.start))
		}
		if r.end-r.start >= r.limit {
			return nil, 0, r.passOver()
		}
		// Twice as much before the next look, so that a slow source does not make the scan quadratic.
		for want := min(2*(r.end-r.start), r.limit); r.end-r.start < want && r.fill(); {
		}
		if r.eof {
			if r.err != nil {
				return nil, 0, r.err
			}
			if _, serr := r.scan.scan(r.buf[:r.end], r.start, true); serr != errShort {
				continue // the last bytes made a difference
			}
			if r.brokenLine() {
				return nil, 0, r.resync(0, "not valid JSON: the line ends inside the record")
			}
			return nil, 0, r.refuse(r.end, "the file ends inside this record: it was cut off")
		}
	}
}

// Bad passes over text that is no value, up to the next record, and returns it as refused.
func (r *Reader) Bad(reason string) error { return r.resync(0, reason) }

// refuse takes buf[start:end] as one bad value.
func (r *Reader) refuse(end int, reason string) error {
	bad := &BadValue{Offset: r.Offset(), Length: int64(end - r.start), Reason: reason}
	bad.Raw = bytes.Clone(r.buf[r.start:min(end, r.start+keepRaw)])
	r.start, r.indent = end, -1
	return bad
}

// brokenLine says whether the record that begins at start, and never ends, is followed by a line that begins like it:
// then one line was cut, and not the file.
func (r *Reader) brokenLine() bool {
	k, _ := r.nextLine(r.start+1, r.indent)
	return k >= 0
}

// resync passes over a damaged value. Where it ends is a guess: its own closing bracket if that comes on the same line
// after the error, else the next line that begins like a record, else the next object that begins with the same name.
func (r *Reader) resync(errAt int, reason string) error {
	indent := r.indent
	bad := &BadValue{Offset: r.Offset(), Reason: reason}
	for !r.eof && bytes.IndexByte(r.buf[r.start:r.end], '\n') < 0 && r.end-r.start < 1<<20 {
		r.fill()
	}
	if end := closing(r.buf[r.start:r.end]); end > errAt {
		return r.refuse(r.start+end, reason)
	}
	bad.Raw = bytes.Clone(r.buf[r.start:min(r.end, r.start+keepRaw)])
	sig := signature(r.buf[r.start:r.end])
	from := r.start + 1
	for {
		k, partial := r.nextLine(from, indent)
		if s := nextSame(r.buf[:r.end], from, sig); s >= 0 && (k < 0 || s < k) {
			k = s
		}
		if k >= 0 {
			bad.Length += int64(k - r.start)
			r.start, r.indent = k, indent
			break
		}
		// Nothing here: drop it, but keep what may be the beginning of a boundary.
		keep := max(r.start, r.end-256)
		if partial >= 0 {
			keep = max(r.start, min(keep, partial))
		}
		bad.Length += int64(keep - r.start)
		r.start = keep
		if !r.fill() {
			bad.Length += int64(r.end - r.start)
			r.start, r.indent = r.end, -1
			break
		}
		from = r.start
	}
	if len(bad.Raw) > int(bad.Length) {
		bad.Raw = bad.Raw[:bad.Length]
	}
	return bad
}

// nextLine finds a line at or after from whose first byte opens a record at that indentation (-1: at any), or closes
// what the records are in. If a line's first byte is not there yet, partial is where its newline is.
func (r *Reader) nextLine(from, indent int) (at, partial int) {
	for i := from; i < r.end; i++ {
		n := bytes.IndexByte(r.buf[i:r.end], '\n')
		if n < 0 {
			return -1, -1
		}
		i += n
		k := i + 1
		for k < r.end && (r.buf[k] == ' ' || r.buf[k] == '\t' || r.buf[k] == '\r') {
			k++
		}
		if k == r.end {
			return -1, i
		}
		c, depth := r.buf[k], k-i-1
		if c == '{' && (indent < 0 || depth == indent) || (c == ']' || c == '}') && depth < indent {
			return k, -1
		}
	}
	return -1, -1
}

// closing returns the index after the bracket that closes the value at the start of b, if it comes before the end of
// the line, or -1.
func closing(b []byte) int {
	depth := 0
	inString := false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '\n':
			return -1
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
			if depth <= 0 {
				if depth < 0 {
					return -1
				}
				return i + 1
			}
		}
	}
	return -1
}

// signature is how the records of this stream seem to begin: `{"time":`.
func signature(b []byte) []byte {
	if len(b) > 0 && b[0] == '{' {
		if n := bytes.IndexByte(b[:min(len(b), 64)], ':'); n > 2 {
			return bytes.Clone(b[:n+1])
		}
	}
	return []byte(`{"time":`)
}

// nextSame finds an object after a comma or another object that begins with sig.
func nextSame(b []byte, from int, sig []byte) int {
	for i := from; i < len(b); {
		n := bytes.Index(b[i:], sig)
		if n < 0 {
			return -1
		}
		i += n
		k := i - 1
		for k >= 0 && (b[k] == ' ' || b[k] == '\n' || b[k] == '\r' || b[k] == '\t') {
			k--
		}
		if k >= from-1 && (b[k] == ',' || b[k] == '}') {
			return i
		}
		i++
	}
	return -1
}

// passOver drops a value that is longer than the limit, however long it is, without keeping it.
func (r *Reader) passOver() error {
	bad := &BadValue{Offset: r.Offset(), Reason: fmt.Sprintf("longer than %d MB; split it, or raise the limit", r.limit>>20)}
	bad.Raw = bytes.Clone(r.buf[r.start : r.start+keepRaw])
	depth, inString := 0, false
	for {
		for i := r.start; i < r.end; i++ {
			c := r.buf[i]
			switch {
			case inString:
				if c == '\\' {
					i++
				} else if c == '"' {
					inString = false
				}
			case c == '"':
				inString = true
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				depth--
			}
			if i < r.end && depth <= 0 && !inString {
				bad.Length += int64(i + 1 - r.start)
				r.start, r.indent = i+1, -1
				return bad
			}
		}
		// An escape split by the buffer's end only matters if its second byte is a quote; keep the pair together.
		last := r.end
		if inString && r.end > r.start && r.buf[r.end-1] == '\\' && oddBackslashes(r.buf[r.start:r.end]) {
			last--
		}
		bad.Length += int64(last - r.start)
		r.start = last
		if !r.fill() {
			bad.Length += int64(r.end - r.start)
			r.start, r.indent = r.end, -1
			return bad
		}
	}
}

func oddBackslashes(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}
