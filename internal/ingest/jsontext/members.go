package jsontext

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Member is one member of an object: its name without quotes, escapes still in it, and the text of its value.
type Member struct {
	Name  []byte
	Value []byte
	Kind  Kind
}

// skip returns the index after the value at b[i] of a text that was checked before.
func skip(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
				if depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			return i
		}
		i++
	}
	return i
}

func skipString(b []byte, i int) int {
	for {
		i += 1 + bytes.IndexByte(b[i+1:], '"')
		if b[i-1] != '\\' || !oddBackslashes(b[:i]) {
			return i + 1
		}
	}
}

// Members appends the members of a checked object to dst. They share memory with it.
func Members(dst []Member, object []byte) []Member {
	i := skipSpace(object, 0)
	if i >= len(object) || object[i] != '{' {
		return dst
	}
	i = skipSpace(object, i+1)
	for object[i] == '"' {
		end := skipString(object, i)
		name := object[i+1 : end-1]
		i = skipSpace(object, skipSpace(object, end)+1) // over the colon
		end = skip(object, i)
		dst = append(dst, Member{name, object[i:end:end], KindOf(object[i:end])})
		i = skipSpace(object, end)
		if object[i] != ',' {
			break
		}
		i = skipSpace(object, i+1)
	}
	return dst
}

// Elements calls f for each element of a checked array, until f says no.
func Elements(array []byte, f func(value []byte) bool) {
	i := skipSpace(array, 0)
	if i >= len(array) || array[i] != '[' {
		return
	}
	i = skipSpace(array, i+1)
	for array[i] != ']' {
		end := skip(array, i)
		if !f(array[i:end:end]) {
			return
		}
		i = skipSpace(array, end)
		if array[i] != ',' {
			return
		}
		i = skipSpace(array, i+1)
	}
}

// Find returns the value of the first member with that name, or nil. Names are compared as they are written.
func Find(object []byte, name string) []byte {
	var value []byte
	Walk(object, func(m Member) bool {
		if string(m.Name) == name {
			value = m.Value
			return false
		}
		return true
	})
	return value
}

// Path follows the names into a checked object and returns the value there, or nil.
func Path(object []byte, names ...string) []byte {
	for _, n := range names {
		if KindOf(object) != Object {
			return nil
		}
		object = Find(object, n)
	}
	return object
}

// Walk calls f for each member of a checked object, until f says no.
func Walk(object []byte, f func(Member) bool) {
	i := skipSpace(object, 0)
	if i >= len(object) || object[i] != '{' {
		return
	}
	i = skipSpace(object, i+1)
	for object[i] == '"' {
		end := skipString(object, i)
		name := object[i+1 : end-1]
		i = skipSpace(object, skipSpace(object, end)+1)
		end = skip(object, i)
		if !f(Member{name, object[i:end:end], KindOf(object[i:end])}) {
			return
		}
		i = skipSpace(object, end)
		if object[i] != ',' {
			return
		}
		i = skipSpace(object, i+1)
	}
}

// Text returns what a checked string says: the bytes between its quotes, with the escapes resolved into dst if there
// are any. Half a surrogate pair becomes U+FFFD. The result shares memory with raw or with dst.
func Text(dst, raw []byte) []byte {
	inner := raw[1 : len(raw)-1]
	at := bytes.IndexByte(inner, '\\')
	if at < 0 {
		return inner
	}
	dst = append(dst, inner[:at]...)
	for i := at; i < len(inner); {
		c := inner[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		switch c = inner[i+1]; c {
		case 'n':
			c = '\n'
		case 't':
			c = '\t'
		case 'r':
			c = '\r'
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'u':
			r := hex4(inner[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				if i+6 <= len(inner) && inner[i] == '\\' && inner[i+1] == 'u' {
					if pair := utf16.DecodeRune(r, hex4(inner[i+2:])); pair != utf8.RuneError {
						dst = utf8.AppendRune(dst, pair)
						i += 6
						continue
					}
				}
				r = utf8.RuneError
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
		i += 2
	}
	return dst
}

func hex4(b []byte) (r rune) {
	for _, c := range b[:4] {
		switch {
		case c >= 'a':
			c -= 'a' - 10
		case c >= 'A':
			c -= 'A' - 10
		default:
			c -= '0'
		}
		r = r<<4 | rune(c)
	}
	return r
}

// Compact appends a checked text without the space between its parts. Without any, it is copied as it is.
func Compact(dst, text []byte) []byte {
	from := 0
	for i := 0; i < len(text); {
		switch text[i] {
		case '"':
			i = skipString(text, i)
		case ' ', '\n', '\t', '\r':
			dst = append(dst, text[from:i]...)
			i = skipSpace(text, i)
			from = i
		default:
			i++
		}
	}
	return append(dst, text[from:]...)
}

const hexDigits = "0123456789abcdef"

// Quote appends text as a JSON string. Text that is not UTF-8 loses the bad bytes to U+FFFD.
func Quote(dst, text []byte) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return append(dst, '"')
}
