package scalar

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what a function reads and writes. Input beyond them gives null.
const (
	maxDepth  = 200      // nesting of arrays, bags and XML elements
	maxOutput = 64 << 20 // bytes of a result
)

// scanValue finds the end of the JSON value that begins at s[i]; leading space is not skipped. It holds the text to
// RFC 8259 and to maxDepth.
func scanValue(s string, i, depth int) (int, bool) {
	if i >= len(s) || depth > maxDepth {
		return i, false
	}
	switch c := s[i]; {
	case c == '"':
		return scanString(s, i)
	case c == '{' || c == '[':
		return scanContainer(s, i, depth)
	case c == '-' || c >= '0' && c <= '9':
		return scanNumber(s, i)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(s[i:], word) {
			return i + len(word), true
		}
	}
	return i, false
}

func scanContainer(s string, i, depth int) (int, bool) {
	bag := s[i] == '{'
	end := byte(']')
	if bag {
		end = '}'
	}
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == end {
		return i + 1, true
	}
	for {
		var ok bool
		if bag {
			if i >= len(s) || s[i] != '"' {
				return i, false
			}
			if i, ok = scanString(s, i); !ok {
				return i, false
			}
			if i = skipSpace(s, i); i >= len(s) || s[i] != ':' {
				return i, false
			}
			i = skipSpace(s, i+1)
		}
		if i, ok = scanValue(s, i, depth+1); !ok {
			return i, false
		}
		if i = skipSpace(s, i); i >= len(s) {
			return i, false
		}
		if s[i] == end {
			return i + 1, true
		}
		if s[i] != ',' {
			return i, false
		}
		i = skipSpace(s, i+1)
	}
}

func scanString(s string, i int) (int, bool) {
	for i++; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1, true
		case c == '\\':
			i++
		case c < 0x20:
			return i, false
		}
	}
	return i, false
}

func scanNumber(s string, i int) (int, bool) {
	if s[i] == '-' {
		i++
	}
	start := i
	if i = scanDigits(s, i); i == start || s[start] == '0' && i > start+1 {
		return i, false
	}
	if i < len(s) && s[i] == '.' {
		start = i + 1
		if i = scanDigits(s, start); i == start {
			return i, false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		start = i
		if i = scanDigits(s, i); i == start {
			return i, false
		}
	}
	return i, true
}

func scanDigits(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// oneValue trims a text that is one JSON value and nothing else; false for any other.
func oneValue(s string) (string, bool) {
	i := skipSpace(s, 0)
	end, ok := scanValue(s, i, 0)
	if !ok || skipSpace(s, end) != len(s) {
		return "", false
	}
	return s[i:end], true
}

// elements appends the texts of the elements of a JSON array to buf; false for what is not one array.
func elements(s string, buf []string) ([]string, bool) {
	i := skipSpace(s, 0)
	if i >= len(s) || s[i] != '[' {
		return buf, false
	}
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == ']' {
		return buf, skipSpace(s, i+1) == len(s)
	}
	for {
		end, ok := scanValue(s, i, 1)
		if !ok {
			return buf, false
		}
		buf = append(buf, s[i:end])
		if i = skipSpace(s, end); i >= len(s) {
			return buf, false
		}
		if s[i] == ']' {
			return buf, skipSpace(s, i+1) == len(s)
		}
		if s[i] != ',' {
			return buf, false
		}
		i = skipSpace(s, i+1)
	}
}

// member is a key of a bag and its value, as JSON text: the key with its quotes.
type member struct{ key, value string }

// members appends the members of a JSON object to buf in their order; false for what is not one object.
func members(s string, buf []member) ([]member, bool) {
	i := skipSpace(s, 0)
	if i >= len(s) || s[i] != '{' {
		return buf, false
	}
	i = skipSpace(s, i+1)
	if i < len(s) && s[i] == '}' {
		return buf, skipSpace(s, i+1) == len(s)
	}
	for {
		if i >= len(s) || s[i] != '"' {
			return buf, false
		}
		end, ok := scanString(s, i)
		if !ok {
			return buf, false
		}
		m := member{key: s[i:end]}
		if i = skipSpace(s, end); i >= len(s) || s[i] != ':' {
			return buf, false
		}
		i = skipSpace(s, i+1)
		if end, ok = scanValue(s, i, 1); !ok {
			return buf, false
		}
		m.value = s[i:end]
		buf = append(buf, m)
		if i = skipSpace(s, end); i >= len(s) {
			return buf, false
		}
		if s[i] == '}' {
			return buf, skipSpace(s, i+1) == len(s)
		}
		if s[i] != ',' {
			return buf, false
		}
		i = skipSpace(s, i+1)
	}
}

// kindOf tells JSON values apart by their first byte: '"', '[', '{', 't', 'f', 'n', or '0' for a number; 0 for nothing.
func kindOf(raw string) byte {
	if raw == "" {
		return 0
	}
	if c := raw[0]; c == '-' || c >= '0' && c <= '9' {
		return '0'
	}
	return raw[0]
}

// unquote decodes a JSON string with its quotes. Escapes that mean nothing are kept as they are written, lone
// surrogates become U+FFFD.
func unquote(raw string) string {
	if len(raw) < 2 {
		return ""
	}
	s := raw[1 : len(raw)-1]
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i >= 0 {
		b = append(b, s[:i]...)
		s = s[i:]
		if len(s) < 2 {
			break
		}
		n := 2
		switch s[1] {
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case '"', '\\', '/':
			b = append(b, s[1])
		case 'u':
			r, size := escapedRune(s)
			b = utf8.AppendRune(b, r)
			n = size
		default:
			b = append(b, s[:2]...)
		}
		s = s[n:]
		i = strings.IndexByte(s, '\\')
	}
	return string(append(b, s...))
}

// escapedRune reads \uXXXX, or two of them that make a surrogate pair, and gives their length.
func escapedRune(s string) (rune, int) {
	r, ok := hex4(s)
	if !ok {
		return utf8.RuneError, 2
	}
	if r < 0xD800 || r > 0xDFFF {
		return r, 6
	}
	if r < 0xDC00 && len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if low, ok := hex4(s[6:]); ok && low >= 0xDC00 && low <= 0xDFFF {
			return 0x10000 + (r-0xD800)<<10 + (low - 0xDC00), 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(s string) (rune, bool) {
	if len(s) < 6 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 32)
	return rune(n), err == nil
}

const hexDigits = "0123456789abcdef"

// appendQuoted writes a text as JSON, escaping what must be escaped and nothing else.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// appendReal writes a real as Kusto does in JSON: always with a point or an exponent; NaN and infinities as texts.
func appendReal(b []byte, x float64) []byte {
	switch {
	case math.IsNaN(x):
		return append(b, `"NaN"`...)
	case math.IsInf(x, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(x, -1):
		return append(b, `"-Infinity"`...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, x, 'g', -1, 64)
	for _, c := range b[start:] {
		if c == '.' || c == 'e' {
			return b
		}
	}
	return append(b, '.', '0')
}

// joinArray writes a JSON array of JSON texts; null if it grows beyond maxOutput.
func joinArray(items []string) any {
	n := 1 + len(items)
	for _, s := range items {
		n += len(s)
	}
	if n > maxOutput {
		return nil
	}
	b := make([]byte, 0, n+1)
	b = append(b, '[')
	for i, s := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, s...)
	}
	return string(append(b, ']'))
}

// joinBag writes a JSON object of members; null if it grows beyond maxOutput.
func joinBag(ms []member) any {
	n := 1 + 2*len(ms)
	for _, m := range ms {
		n += len(m.key) + len(m.value)
	}
	if n > maxOutput {
		return nil
	}
	b := make([]byte, 0, n+1)
	b = append(b, '{')
	for i, m := range ms {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, m.key...), ':'), m.value...)
	}
	return string(append(b, '}'))
}

// identity gives a text that two JSON values share exactly when they are equal: texts without needless escapes,
// numbers by value, bags with sorted keys.
func identity(raw string) string {
	switch kindOf(raw) {
	case '"':
		if strings.IndexByte(raw, '\\') < 0 {
			return raw
		}
		return string(appendQuoted(nil, unquote(raw)))
	case '0':
		return numberIdentity(raw)
	case '[', '{':
		if b, ok := appendCanonical(nil, raw, 0); ok {
			return string(b)
		}
	}
	return raw
}

// numberIdentity brings 1, 1.0 and 10e-1 to one text, without passing integers through a float.
func numberIdentity(raw string) string {
	if isInteger(raw) {
		if raw == "-0" {
			return "0"
		}
		return raw
	}
	x, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return raw
	}
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

func isInteger(raw string) bool { return !strings.ContainsAny(raw, ".eE") }
