// Package jsontext reads JSON as text: it checks it, splits streams into values in constant memory, and finds the
// members of an object without building a tree. Numbers stay text, so no digit is lost. It knows nothing of logs.
package jsontext

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may nest; deeper input is refused as hostile.
const MaxDepth = 200

// SyntaxError says what is wrong with a JSON text and where, as an offset from the start of that text.
type SyntaxError struct {
	Offset int
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Reason, e.Offset) }

// errShort says that the text ends before the value does. More bytes may complete it.
var errShort = &SyntaxError{Reason: "the text ends inside a value"}

// Kind is the type of a JSON value.
type Kind uint8

// The kinds of a JSON value; Invalid is none.
const (
	Invalid Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// KindOf tells the kind of a valid JSON text from its first byte.
func KindOf(raw []byte) Kind {
	if len(raw) == 0 {
		return Invalid
	}
	switch c := raw[0]; {
	case c == '"':
		return String
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == 't' || c == 'f':
		return Bool
	case c == 'n':
		return Null
	case c == '-' || '0' <= c && c <= '9':
		return Number
	}
	return Invalid
}

// Byte classes of the scanner.
const (
	plain   = 0
	special = 1 // ends a run of plain string bytes: quote, backslash, control characters
)

// stringStop marks the bytes that end a run inside a string.
var stringStop = func() (t [256]uint8) {
	for i := range 0x20 {
		t[i] = special
	}
	t['"'], t['\\'] = special, special
	return t
}()

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// plainRun returns the index of the first byte at or after i that ends a run inside a string. It looks at eight bytes
// at a time: strings are most of a log.
func plainRun(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		hit := ((w - ones*0x20) & ^w) | ((quote - ones) & ^quote) | ((slash - ones) & ^slash)
		if hit &= highs; hit != 0 {
			// The lowest marked byte is a true one; above it a borrow may have marked others.
			return i + bits.TrailingZeros64(hit)/8
		}
		i += 8
	}
	for i < len(b) && stringStop[b[i]] == plain {
		i++
	}
	return i
}

// scanString returns the index after the string whose opening quote is at b[i].
func scanString(b []byte, i int) (int, *SyntaxError) {
	i++
	for {
		i = plainRun(b, i)
		if i >= len(b) {
			return i, errShort
		}
		switch b[i] {
		case '"':
			return i + 1, nil
		case '\\':
			if i+1 >= len(b) {
				return i, errShort
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				for k := i + 2; k < i+6; k++ {
					if k >= len(b) {
						return k, errShort
					}
					if !isHex(b[k]) {
						return k, &SyntaxError{k, `a \u escape without four hexadecimal digits`}
					}
				}
				i += 6
			default:
				return i, &SyntaxError{i, fmt.Sprintf("the unknown escape \\%c in a string", printable(b[i+1]))}
			}
		default:
			return i, &SyntaxError{i, fmt.Sprintf("the control character 0x%02x in a string (a closing quote is missing?)", b[i])}
		}
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func printable(c byte) rune {
	if c < 0x20 || c > 0x7e {
		return '?'
	}
	return rune(c)
}

// scanNumber returns the index after the number at b[i]. A number that touches the end of b may go on: it is short
// unless the caller knows better.
func scanNumber(b []byte, i int) (int, *SyntaxError) {
	start := i
	if b[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(b) && '0' <= b[i] && b[i] <= '9' {
			i++
		}
		return i > from
	}
	lead := i
	if !digits() {
		if i >= len(b) {
			return i, errShort
		}
		return i, &SyntaxError{start, "a number without digits"}
	}
	if b[lead] == '0' && i > lead+1 {
		return i, &SyntaxError{start, "a number with a leading zero"}
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			if i >= len(b) {
				return i, errShort
			}
			return i, &SyntaxError{start, "a number without digits after its point"}
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			if i >= len(b) {
				return i, errShort
			}
			return i, &SyntaxError{start, "a number without digits in its exponent"}
		}
	}
	return i, nil
}

func scanWord(b []byte, i int, word string) (int, *SyntaxError) {
	for k := range len(word) {
		if i+k >= len(b) {
			return i + k, errShort
		}
		if b[i+k] != word[k] {
			return i + k, &SyntaxError{i, "a bare word that is not true, false or null"}
		}
	}
	return i + len(word), nil
}

// scanner checks one value. open remembers for each level whether it is an object.
type scanner struct {
	open [MaxDepth + 1]bool
}

// scan returns the index after the value that begins at b[i], which must not be space. On a syntax error the index is
// where it was noticed; with errShort the text may be completed by more bytes. atEOF says that no more bytes come, so a
// number may end with the text.
func (s *scanner) scan(b []byte, i int, atEOF bool) (int, *SyntaxError) {
	depth := 0
	for {
		// A value is due at b[i].
		i = skipSpace(b, i)
		if i >= len(b) {
			return i, errShort
		}
		var err *SyntaxError
		opened := false
		switch c := b[i]; {
		case c == '"':
			i, err = scanString(b, i)
		case c == '{' || c == '[':
			if depth == MaxDepth {
				return i, &SyntaxError{i, fmt.Sprintf("nested more than %d levels deep", MaxDepth)}
			}
			depth++
			s.open[depth] = c == '{'
			i++
			opened = true
		case c == '-' || '0' <= c && c <= '9':
			i, err = scanNumber(b, i)
			if err == nil && i >= len(b) && !(atEOF && depth == 0) {
				err = errShort
			}
		case c == 't':
			i, err = scanWord(b, i, "true")
		case c == 'f':
			i, err = scanWord(b, i, "false")
		case c == 'n':
			i, err = scanWord(b, i, "null")
		default:
			return i, &SyntaxError{i, fmt.Sprintf("'%c' where a value should begin", printable(c))}
		}
		if err != nil {
			return i, err
		}
		// After a value, or just inside a new array or object.
		for {
			if depth == 0 {
				return i, nil
			}
			i = skipSpace(b, i)
			if i >= len(b) {
				return i, errShort
			}
			inObject := s.open[depth]
			c := b[i]
			if c == '}' && inObject || c == ']' && !inObject {
				depth--
				opened = false
				i++
				continue
			}
			if !opened {
				if c != ',' {
					return i, &SyntaxError{i, fmt.Sprintf("'%c' where a comma or a closing bracket should be", printable(c))}
				}
				i = skipSpace(b, i+1)
				if i >= len(b) {
					return i, errShort
				}
			}
			if inObject {
				if b[i] != '"' {
					return i, &SyntaxError{i, fmt.Sprintf("'%c' where a member's name should begin", printable(b[i]))}
				}
				if i, err = scanString(b, i); err != nil {
					return i, err
				}
				if i = skipSpace(b, i); i >= len(b) {
					return i, errShort
				}
				if b[i] != ':' {
					return i, &SyntaxError{i, fmt.Sprintf("'%c' where a colon should be", printable(b[i]))}
				}
				i++
			}
			break
		}
	}
}

// Check says whether text is exactly one JSON value in valid UTF-8, with space around it allowed.
func Check(text []byte) error {
	var s scanner
	i := skipSpace(text, 0)
	end, err := s.scan(text, i, true)
	if err != nil {
		return &SyntaxError{end, err.Reason}
	}
	if end = skipSpace(text, end); end != len(text) {
		return &SyntaxError{end, "text after the value"}
	}
	if at := invalidUTF8(text); at >= 0 {
		return &SyntaxError{at, "invalid UTF-8"}
	}
	return nil
}

// invalidUTF8 finds the first byte that is not valid UTF-8, or returns -1.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
