package jsontext

import (
	"bytes"
	"errors"
	"io"
)

// Records takes the records off a stream in every wrapper that Azure and its tools put around them: one a line, one
// after another, pretty-printed, in an array, in {"records":[…]}, {"value":[…]} or {"objects":[…]}, and the middle or the end of such a
// document, which is what an incremental read of a block blob gives.
type Records struct {
	*Reader
	open []byte // '[' for an array, 'w' for the array of a wrapper object
}

// NewRecords reads records from src; limit is that of NewReader.
func NewRecords(src io.Reader, limit int) *Records {
	return &Records{Reader: NewReader(src, limit)}
}

// Unclosed says whether the stream ended inside an array or a wrapper: its last bytes are missing.
func (s *Records) Unclosed() bool { return len(s.open) > 0 }

// Next returns the next record and its offset, in the manner of Reader.Value. Values that are no objects are returned
// too: what to make of them is the caller's business.
func (s *Records) Next() ([]byte, int64, error) {
	for {
		c, err := s.Peek()
		if err != nil {
			return nil, 0, err
		}
		switch c {
		case ',':
			s.Skip()
		case ']':
			s.Skip()
			if n := len(s.open); n > 0 {
				kind := s.open[n-1]
				s.open = s.open[:n-1]
				if kind == 'w' {
					if err := s.tail(); err != nil {
						return nil, 0, err
					}
				}
			}
		case '}':
			s.Skip() // the end of a wrapper whose beginning is not here
		case '[':
			if len(s.open) > MaxDepth {
				return nil, 0, s.Bad("arrays nested too deep")
			}
			s.open = append(s.open, '[')
			s.Skip()
		case '{':
			if n := s.wrapper(); n > 0 && len(s.open) <= MaxDepth {
				s.open = append(s.open, 'w')
				s.start += n
				s.indent = -1
				continue
			}
			return s.Value()
		case '"':
			if s.holdsObject() {
				return s.Value()
			}
			return nil, 0, s.Bad(notRecord)
		default:
			return nil, 0, s.Bad(notRecord)
		}
	}
}

const notRecord = "text that is not a record (the file begins in the middle of one, or is not JSON)"

// holdsObject says whether the string that comes next holds an object as text.
func (s *Records) holdsObject() bool {
	const begin = `"{\"`
	for s.end-s.start < len(begin) && s.fill() {
	}
	return bytes.HasPrefix(s.buf[s.start:s.end], []byte(begin))
}

// wrapper says how many bytes at the next object lead to the array of its records, or 0 if it is a record itself.
func (s *Records) wrapper() int {
	const ahead = 4 << 10
	for s.end-s.start < ahead && !s.eof {
		if !s.fill() {
			break
		}
	}
	b := s.buf[s.start:min(s.end, s.start+ahead)]
	i, stix := skipSpace(b, 1), false
	for i < len(b) && b[i] == '"' {
		end, err := scanString(b, i)
		if err != nil {
			return 0
		}
		name := b[i+1 : end-1]
		if i = skipSpace(b, end); i >= len(b) || b[i] != ':' {
			return 0
		}
		if i = skipSpace(b, i+1); i >= len(b) {
			return 0
		}
		if b[i] == '[' {
			if string(name) == "objects" || !stix && (bytes.EqualFold(name, []byte("records")) || string(name) == "value") {
				return i + 1
			}
			return 0
		}
		// Only the annotations of an API answer may come before its records, and what bundles of STIX and pages of
		// TAXII begin with.
		switch string(name) {
		case "type", "id", "spec_version", "more", "next":
			stix = true
		case "nextLink":
		default:
			if len(name) == 0 || name[0] != '@' {
				return 0
			}
		}
		if b[i] == '{' {
			return 0
		}
		if b[i] == '"' {
			i, err = scanString(b, i)
		} else {
			for i < len(b) && b[i] != ',' && b[i] != '}' {
				i++
			}
		}
		if err != nil {
			return 0
		}
		if i = skipSpace(b, i); i >= len(b) || b[i] != ',' {
			return 0
		}
		i = skipSpace(b, i+1)
	}
	return 0
}

// tail passes over the members that follow the records in their wrapper, such as nextLink, and its closing bracket.
func (s *Records) tail() error {
	for {
		c, err := s.Peek()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		switch c {
		case '}':
			s.Skip()
			return nil
		case ',':
			s.Skip()
			if c, err = s.Peek(); err != nil || c != '"' {
				return nil // not a member: more records, in a document put together by hand
			}
			for range 2 { // the name, then after the colon the value
				if _, _, err = s.Value(); err != nil {
					return err
				}
				if c, err = s.Peek(); err == nil && c == ':' {
					s.Skip()
				}
			}
		default:
			return nil
		}
	}
}
