package scalar

import (
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
)

// plainJSONFuncs has go_plain_json, which tells whether a text is an array or bag of JSON in exactly the form that it
// would be written in: no spaces, no number but short whole ones, no escape that has another spelling. Most JSON in
// logs is, and parse_json may take it as it stands.
func plainJSONFuncs() []Func {
	return []Func{{Name: "go_plain_json", Args: []catalog.Type{catalog.String}, Result: catalog.Bool,
		Match: func() func(text, _ string) bool { return func(text, _ string) bool { return plainJSON(text) } },
		Call: func(args []any) any {
			s, ok := args[0].(string)
			if !ok {
				return nil
			}
			return plainJSON(s)
		}}}
}

// maxPlainDepth bounds nesting; what is deeper is only looked at more slowly.
const maxPlainDepth = 64

func plainJSON(s string) bool {
	if len(s) < 2 || s[0] != '{' && s[0] != '[' {
		return false
	}
	var stack [maxPlainDepth]byte // the closing bracket of each level
	depth := 0
	i := 0
	for {
		// A value, or the end of an empty array or bag.
		switch c := s[i]; {
		case c == '{' || c == '[':
			if depth == maxPlainDepth {
				return false
			}
			stack[depth] = c + 2 // } and ] stand two behind { and [
			depth++
			if i++; i == len(s) {
				return false
			}
			if s[i] != c+2 {
				if c == '{' {
					if i = plainKey(s, i); i < 0 {
						return false
					}
				}
				continue
			}
			i++
			depth--
		case c == '"':
			if i = plainString(s, i); i < 0 {
				return false
			}
		case c == '-' || '0' <= c && c <= '9':
			start := i
			if c == '-' {
				i++
			}
			digits := i
			for i < len(s) && '0' <= s[i] && s[i] <= '9' {
				i++
			}
			if n := i - digits; n == 0 || n > 18 || n > 1 && s[digits] == '0' || c == '-' && s[digits] == '0' || i < len(s) && (s[i] == '.' || s[i]|0x20 == 'e') || start == i {
				return false
			}
		default:
			n := 0
			for _, word := range [...]string{"true", "false", "null"} {
				if len(s)-i >= len(word) && s[i:i+len(word)] == word {
					n = len(word)
				}
			}
			if n == 0 {
				return false
			}
			i += n
		}
		// What follows a value: the ends of levels, a comma, or the end of the text.
		for {
			if depth == 0 {
				return i == len(s)
			}
			if i == len(s) {
				return false
			}
			c := s[i]
			i++
			if c == stack[depth-1] {
				depth--
				continue
			}
			if c != ',' || i == len(s) {
				return false
			}
			if stack[depth-1] == '}' {
				if i = plainKey(s, i); i < 0 {
					return false
				}
			}
			break
		}
	}
}

// plainKey reads "key": and gives the place of the value, -1 if there is no such thing.
func plainKey(s string, i int) int {
	if s[i] != '"' {
		return -1
	}
	if i = plainString(s, i); i < 0 || i+1 >= len(s) || s[i] != ':' {
		return -1
	}
	return i + 1
}

// plainString reads a string and gives the place behind it, -1 if it ends too early or could be spelled otherwise.
func plainString(s string, i int) int {
	ascii := true
	start := i
	for i++; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if !ascii && !utf8.ValidString(s[start:i]) {
				return -1
			}
			return i + 1
		case c < 0x20:
			return -1
		case c >= utf8.RuneSelf:
			ascii = false
		case c == '\\':
			if i++; i == len(s) {
				return -1
			}
			switch s[i] {
			case '"', '\\', 'n', 't', 'r', 'b', 'f':
			default:
				return -1
			}
		}
	}
	return -1
}
