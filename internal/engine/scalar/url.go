package scalar

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
)

func urlFuncs() []Func {
	return []Func{
		unary("go_url_decode", catalog.String, catalog.String, func(s string) any { return urlDecode(s) }),
		unary("go_url_encode", catalog.String, catalog.String, func(s string) any { return urlEncode(s) }),
		unary("go_parse_url", catalog.String, catalog.Dynamic, parseURL),
		unary("go_parse_urlquery", catalog.String, catalog.Dynamic, func(s string) any {
			b := append([]byte(nil), `{"Query Parameters":`...)
			return string(append(appendQuery(b, strings.TrimPrefix(s, "?")), '}'))
		}),
		unary("go_base64_decode_tostring", catalog.String, catalog.String, func(s string) any {
			if b, ok := decodeBase64(s); ok && utf8.Valid(b) {
				return string(b)
			}
			return ""
		}),
		unary("go_base64_decode_toarray", catalog.String, catalog.Dynamic, func(s string) any {
			b, ok := decodeBase64(s)
			if !ok || len(b) > maxOutput/4 {
				return nil
			}
			out := make([]byte, 0, 4*len(b)+2)
			out = append(out, '[')
			for i, c := range b {
				if i > 0 {
					out = append(out, ',')
				}
				out = strconv.AppendUint(out, uint64(c), 10)
			}
			return string(append(out, ']'))
		}),
	}
}

// urlDecode undoes percent-encoding and reads + as a space, the inverse of url_encode; % before anything but two
// hexadecimal digits stands for itself, bytes that are not UTF-8 become U+FFFD. See
// https://learn.microsoft.com/kusto/query/url-decode-function.
func urlDecode(s string) string {
	i := strings.IndexAny(s, "%+")
	if i < 0 {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 < len(s) {
				if h, l := fromHex(s[i+1]), fromHex(s[i+2]); h < 16 && l < 16 {
					b = append(b, h<<4|l)
					i += 2
					continue
				}
			}
			b = append(b, c)
		default:
			b = append(b, c)
		}
	}
	if !utf8.Valid(b) {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(b)
}

// fromHex gives the value of a hexadecimal digit, 16 for anything else.
func fromHex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// urlEncode writes a space as + and all but letters, digits and -_.!*() as lower-case %xx, as the example of
// https://learn.microsoft.com/kusto/query/url-encode-function has it.
func urlEncode(s string) any {
	i := 0
	for i < len(s) && urlSafe(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	if len(s) > maxOutput/3 {
		return ""
	}
	b := append(make([]byte, 0, len(s)+16), s[:i]...)
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case urlSafe(c):
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(b)
}

func urlSafe(c byte) bool { return isAlnum(c) || strings.IndexByte("-_.!*()", c) >= 0 }

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// parseURL takes a URL apart, https://learn.microsoft.com/kusto/query/parse-url-function. Nothing is decoded, so that
// url_decode can be applied to the parts. Text without a scheme is read as a path with a query.
func parseURL(s string) any {
	if len(s) > maxOutput/16 {
		return nil
	}
	rest, fragment, _ := strings.Cut(s, "#")
	rest, query, _ := strings.Cut(rest, "?")
	scheme, authority, path := "", "", rest
	if i := strings.Index(rest, "://"); i > 0 && isScheme(rest[:i]) {
		scheme = rest[:i]
		authority, path = rest[i+3:], ""
		if j := strings.IndexByte(authority, '/'); j >= 0 {
			authority, path = authority[:j], authority[j:]
		}
	}
	user, password, host, port := splitAuthority(authority)
	b := make([]byte, 0, len(s)+160)
	b = append(b, '{')
	for _, f := range [...]struct{ name, value string }{
		{"Scheme", scheme}, {"Host", host}, {"Port", port}, {"Path", path}, {"Username", user}, {"Password", password},
	} {
		b = append(append(append(b, '"'), f.name...), '"', ':')
		b = append(appendQuoted(b, f.value), ',')
	}
	b = appendQuery(append(b, `"Query Parameters":`...), query)
	b = appendQuoted(append(b, `,"Fragment":`...), fragment)
	return string(append(b, '}'))
}

func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// splitAuthority splits user:password@host:port. An IPv6 host keeps its brackets.
func splitAuthority(s string) (user, password, host, port string) {
	host = s
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		user, password, _ = strings.Cut(s[:i], ":")
		host = s[i+1:]
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host, port = host[:i], host[i+1:]
	}
	return user, password, host, port
}

// appendQuery writes the parameters of a query as a bag; of a repeated name the last value counts.
func appendQuery(b []byte, query string) []byte {
	b = append(b, '{')
	first := true
	seen := map[string]bool(nil)
	if strings.IndexByte(query, '&') >= 0 {
		seen = map[string]bool{}
	}
	// From the end, so that the last value of a name is met first; then in the order of the query.
	var pairs [][2]string
	for end := len(query); end > 0; {
		start := strings.LastIndexByte(query[:end], '&') + 1
		part := query[start:end]
		end = start - 1
		name, value, _ := strings.Cut(part, "=")
		if part == "" || seen[name] {
			continue
		}
		if seen != nil {
			seen[name] = true
		}
		pairs = append(pairs, [2]string{name, value})
	}
	for i := len(pairs) - 1; i >= 0; i-- {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendQuoted(b, pairs[i][0]), ':')
		b = appendQuoted(b, pairs[i][1])
	}
	return append(b, '}')
}

// decodeBase64 reads standard Base64. White space is skipped, and padding may be missing or too long, because tokens
// are often cut without it.
func decodeBase64(s string) ([]byte, bool) {
	if b, err := base64.StdEncoding.DecodeString(s); err == nil {
		return b, true
	}
	s = strings.Join(strings.Fields(s), "")
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return b, err == nil
}
