package investigate

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"nordlys/internal/kql/syntax"
)

var (
	placeholder = regexp.MustCompile(`\{([^{}|]+)((?:\|[^{}]+|\|or:\{[^{}]+\})*)\}`)
	optional    = regexp.MustCompile(`\[\[(.*?)\]\]`)
)

// wordLists says what codes mean, by list.
type wordLists map[string]map[string]string

// expand fills a template: {name}, {name|filter:argument}; what stands in [[…]] is left out if one of its placeholders is
// empty. Values are those of facts: nil, string, int64, float64, bool, time.Time, []any.
//
// Filters: list[:n] joins, words:LIST translates codes, bytes and n format numbers, plural:WORD counts a word, times
// gives once or N times, lower, short cuts identifiers, last takes what follows the last slash, date, powershell decodes
// encoded commands, or:{x} takes another fact where this one is empty.
func (w wordLists) expand(template string, facts map[string]any) string {
	s := optional.ReplaceAllStringFunc(template, func(part string) string {
		part = part[2 : len(part)-2]
		for _, m := range placeholder.FindAllStringSubmatch(part, -1) {
			if w.value(m[1], m[2], facts) == "" {
				return ""
			}
		}
		return part
	})
	return placeholder.ReplaceAllStringFunc(s, func(p string) string {
		m := placeholder.FindStringSubmatch(p)
		if v := w.value(m[1], m[2], facts); v != "" {
			return v
		}
		return "?"
	})
}

// listed is how many elements of a list are told where a template names no number.
const listed = 6

// value gives one placeholder's text, "" if there is none.
func (w wordLists) value(name, filters string, facts map[string]any) string {
	v := facts[name]
	if other := strings.Index(filters, "|or:{"); other >= 0 {
		if plain(v) == "" {
			v = facts[strings.TrimSuffix(filters[other+5:], "}")]
		}
		filters = filters[:other]
	}
	out, limit := v, listed
	for _, f := range strings.Split(filters, "|") {
		f, arg, _ := strings.Cut(f, ":")
		switch f {
		case "list":
			limit, _ = strconv.Atoi(arg)
			if limit == 0 {
				limit = listed
			}
		case "words":
			out = each(out, func(s string) string {
				if word, ok := w[arg][s]; ok {
					return word
				}
				return s
			})
		case "bytes":
			out = bytesText(number(out))
		case "n":
			out = thousands(number(out))
		case "plural":
			out = plural(number(out), arg)
		case "times":
			if n := number(out); n == 1 {
				out = "once"
			} else {
				out = thousands(n) + " times"
			}
		case "lower":
			out = strings.ToLower(plain(out))
		case "short":
			out = shorten(plain(out))
		case "last":
			s := strings.TrimSuffix(plain(out), "/action")
			out = s[strings.LastIndex(s, "/")+1:]
		case "date":
			out, _, _ = strings.Cut(plain(out), "T")
		case "powershell":
			out = each(out, decodePowerShell)
			limit = 2
		}
	}
	return clean(join(out, limit))
}

// each applies f to a text or to every element of a list.
func each(v any, f func(string) string) any {
	list, ok := v.([]any)
	if !ok {
		if v == nil {
			return nil
		}
		return f(plain(v))
	}
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = f(plain(e))
	}
	return out
}

// join lists up to limit elements; equal and empty ones once and not at all.
func join(v any, limit int) string {
	list, ok := v.([]any)
	if !ok {
		return plain(v)
	}
	var parts []string
	seen := map[string]bool{"": true}
	for _, e := range list {
		if s := plain(e); !seen[s] {
			seen[s] = true
			parts = append(parts, s)
		}
	}
	if more := len(parts) - limit; more > 0 {
		return strings.Join(parts[:limit], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(parts, ", ")
}

// plain is a value as text.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.Format(time.RFC3339)
	case []any:
		return join(v, listed)
	}
	return fmt.Sprint(v)
}

func number(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	case string:
		f, _ := strconv.ParseFloat(v, 64)
		return f
	}
	return 0
}

func thousands(n float64) string {
	s := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n float64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	switch {
	case strings.HasSuffix(word, "y"):
		word = strings.TrimSuffix(word, "y") + "ies"
	default:
		word += "s"
	}
	return thousands(n) + " " + word
}

func bytesText(n float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for n >= 999.5 && i < len(units)-1 {
		n /= 1000
		i++
	}
	if i == 0 || n >= 99.5 {
		return fmt.Sprintf("%.0f %s", n, units[i])
	}
	return fmt.Sprintf("%.3g %s", n, units[i])
}

// shorten keeps the first part of a GUID, which is enough to tell it from others.
func shorten(s string) string {
	if isGUID.MatchString(s) {
		return s[:8] + "…"
	}
	return s
}

var encodedCommand = regexp.MustCompile(`(?i)\s[-/]e(?:c|n|nc|ncodedcommand)?\s+([A-Za-z0-9+/=]{20,})`)

// decodePowerShell shows what an encoded command says: base64 of UTF-16LE. Other commands come back as they are.
func decodePowerShell(command string) string {
	m := encodedCommand.FindStringSubmatch(command)
	if m == nil {
		return command
	}
	b, err := base64.StdEncoding.DecodeString(m[1] + strings.Repeat("=", (4-len(m[1])%4)%4))
	if err != nil || len(b)%2 != 0 {
		return command
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
	}
	return string(utf16.Decode(units))
}

// maxText bounds one value in a line for people; the whole of it is a query away.
const maxText = 400

// clean makes a text harmless to show: one line, no control or direction characters, of bounded length.
func clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maxText {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			r = ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff:
			r = '\ufffd'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// timeOf turns ticks into a moment.
func timeOf(ticks int64) time.Time { return syntax.TimeOf(ticks) }
