package scalar

import (
	"strings"

	"nordlys/internal/kql/catalog"
)

func pathFuncs() []Func {
	return []Func{
		unary("go_parse_path", catalog.String, catalog.Dynamic, parsePath),
		binary("go_parse_command_line", catalog.String, catalog.String, catalog.Dynamic, func(s, parser string) any {
			if !strings.EqualFold(parser, "windows") || len(s) > maxOutput/8 {
				return nil
			}
			return parseCommandLine(s)
		}),
		unary("go_parse_csv", catalog.String, catalog.Dynamic, parseCSV),
		unary("go_parse_version", catalog.String, catalog.Decimal, parseVersion),
	}
}

// parsePath takes a Windows or Unix path apart, https://learn.microsoft.com/kusto/query/parse-path-function.
func parsePath(s string) any {
	if len(s) > maxOutput/16 {
		return nil
	}
	rest, scheme := s, ""
	if i := strings.Index(s, "://"); i > 0 && isScheme(s[:i]) {
		scheme, rest = s[:i], s[i+3:]
		if len(rest) > 2 && rest[0] == '/' && isDrive(rest[1:]) { // file:///C:/x
			rest = rest[1:]
		}
	}
	if len(rest) > 4 && rest[:4] == `\\?\` && isDrive(rest[4:]) {
		rest = rest[4:]
	}
	root := ""
	if isDrive(rest) {
		root = rest[:2]
	}
	dir, file := "", rest[len(root):]
	if i := strings.LastIndexAny(rest, `/\`); i >= 0 {
		dir, file = rest[:i], rest[i+1:]
	} else {
		dir = root
	}
	name := dir[strings.LastIndexAny(dir, `/\`)+1:]
	if name == root {
		name = ""
	}
	file, stream, _ := strings.Cut(file, ":")
	ext := ""
	if i := strings.LastIndexByte(file, '.'); i >= 0 {
		ext = file[i+1:]
	}
	b := make([]byte, 0, 2*len(s)+140)
	b = append(b, '{')
	for i, f := range [...]struct{ name, value string }{
		{"Scheme", scheme}, {"RootPath", root}, {"DirectoryPath", dir}, {"DirectoryName", name},
		{"Filename", file}, {"Extension", ext}, {"AlternateDataStreamName", stream},
	} {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), f.name...), '"', ':')
		b = appendQuoted(b, f.value)
	}
	return string(append(b, '}'))
}

func isDrive(s string) bool {
	return len(s) >= 2 && s[1] == ':' && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z')
}

// parseCommandLine splits as Windows' CommandLineToArgvW does: the program name ends at white space or at its closing
// quote and knows no escapes; after it 2n backslashes before a quote are n backslashes and a quote that opens or
// closes, 2n+1 are n backslashes and a quote that stands for itself, and two quotes inside quotes are one.
// https://learn.microsoft.com/windows/win32/api/shellapi/nf-shellapi-commandlinetoargvw
func parseCommandLine(s string) any {
	out := make([]byte, 0, len(s)+16)
	out = append(out, '[')
	if s == "" {
		return "[]"
	}
	i := 0
	if s[0] == '"' {
		end := strings.IndexByte(s[1:], '"')
		if end < 0 {
			end = len(s) - 1
		}
		out = appendQuoted(out, s[1:1+end])
		i = min(end+2, len(s))
	} else {
		for i < len(s) && s[i] > ' ' {
			i++
		}
		out = appendQuoted(out, s[:i])
	}
	var arg []byte
	for {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		if i >= len(s) {
			return string(append(out, ']'))
		}
		arg, i = commandArgument(s, i, arg[:0])
		out = appendQuoted(append(out, ','), string(arg))
	}
}

// commandArgument reads one argument that begins at s[i].
func commandArgument(s string, i int, arg []byte) ([]byte, int) {
	quoted := false
	for i < len(s) {
		c := s[i]
		if (c == ' ' || c == '\t') && !quoted {
			break
		}
		if c == '\\' {
			n := 0
			for i < len(s) && s[i] == '\\' {
				n++
				i++
			}
			if i >= len(s) || s[i] != '"' {
				for range n {
					arg = append(arg, '\\')
				}
				continue
			}
			for range n / 2 {
				arg = append(arg, '\\')
			}
			if n%2 == 1 {
				arg = append(arg, '"')
				i++
			}
			continue
		}
		i++
		if c != '"' {
			arg = append(arg, c)
			continue
		}
		if quoted && i < len(s) && s[i] == '"' {
			arg = append(arg, '"')
			i++
		}
		quoted = !quoted
	}
	return arg, i
}

// parseCSV reads the first record of a CSV text, https://learn.microsoft.com/kusto/query/parse-csv-function. A quote
// opens a quoted field only where the field begins.
func parseCSV(s string) any {
	if len(s) > maxOutput/8 {
		return nil
	}
	out := make([]byte, 0, len(s)+16)
	out = append(out, '[')
	for i := 0; ; i++ {
		end := i
		if i < len(s) && s[i] == '"' {
			var field string
			field, end = quotedField(s, i+1)
			tail := end
			for tail < len(s) && s[tail] != ',' && s[tail] != '\n' {
				tail++
			}
			field += strings.TrimSuffix(s[end:tail], "\r")
			end = tail
			out = appendQuoted(out, field)
		} else {
			for end < len(s) && s[end] != ',' && s[end] != '\n' {
				end++
			}
			field := s[i:end]
			if end == len(s) || s[end] == '\n' {
				field = strings.TrimSuffix(field, "\r")
			}
			out = appendQuoted(out, field)
		}
		if end >= len(s) || s[end] == '\n' {
			return string(append(out, ']'))
		}
		out = append(out, ',')
		i = end
	}
}

// quotedField reads to the closing quote, "" being a quote, and gives the place after it.
func quotedField(s string, i int) (string, int) {
	start, doubled := i, false
	for i < len(s) {
		if s[i] != '"' {
			i++
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			doubled = true
			i += 2
			continue
		}
		break
	}
	field := s[start:min(i, len(s))]
	if doubled {
		field = strings.ReplaceAll(field, `""`, `"`)
	}
	return field, min(i+1, len(s))
}

// parseVersion gives the digits of a version as one number, eight digits to a part, which missing parts fill with
// zeros, https://learn.microsoft.com/kusto/query/parse-version-function.
func parseVersion(s string) any {
	out := make([]byte, 0, 32)
	parts := 0
	for more := true; more; parts++ {
		var part string
		part, s, more = strings.Cut(s, ".")
		if parts == 4 || part == "" || len(part) > 8 || scanDigits(part, 0) != len(part) {
			return nil
		}
		out = append(append(out, "00000000"[len(part):]...), part...)
	}
	for ; parts < 4; parts++ {
		out = append(out, "00000000"...)
	}
	digits := strings.TrimLeft(string(out), "0")
	if digits == "" {
		return "0"
	}
	return digits
}
