package scalar

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
)

func stringFuncs() []Func {
	s, n := catalog.String, catalog.Long
	tables := newMemo(newTranslation)
	return []Func{
		{Name: "go_translate", Args: []catalog.Type{s, s, s}, Result: s, Call: func(a []any) any {
			search, ok := a[0].(string)
			to, ok1 := a[1].(string)
			text, ok2 := a[2].(string)
			if !ok || !ok1 || !ok2 {
				return ""
			}
			return tables.get(strconv.Itoa(len(search)) + ":" + search + to).apply(text)
		}},
		{Name: "go_replace_strings", Args: []catalog.Type{s, catalog.Dynamic, catalog.Dynamic}, Result: s, Call: replaceStrings},
		{Name: "go_indexof", Args: []catalog.Type{s, s, n, n, n}, Result: n, Call: indexOf},
		{Name: "go_tohex", Args: []catalog.Type{n, n}, Result: s, Call: toHex},
		{Name: "go_format_bytes", Args: []catalog.Type{catalog.Real, n, s}, Result: s, Call: formatBytes},
		{Name: "go_shift_left", Args: []catalog.Type{n, n}, Result: n, Call: func(a []any) any {
			v, ok := a[0].(int64)
			shift, ok1 := a[1].(int64)
			if !ok || !ok1 || shift < 0 {
				return nil
			}
			return v << uint(shift%64)
		}},
		unary("go_codepoints", s, catalog.Dynamic, codepoints),
		unary("go_make_string", catalog.Dynamic, s, makeString),
	}
}

// translation replaces characters; -1 deletes one.
type translation struct {
	ascii   [utf8.RuneSelf]rune
	wide    map[rune]rune
	narrow  bool // only ASCII is replaced, by ASCII
	changes bool
}

// newTranslation reads the length of the search list, a colon, the search list and the replacements. Of a character
// that stands twice in the search list the first place counts; a shorter list of replacements repeats its last
// character, an empty one deletes. https://learn.microsoft.com/kusto/query/translate-function
func newTranslation(key string) *translation {
	size, lists, _ := strings.Cut(key, ":")
	n, _ := strconv.Atoi(size)
	from, to := []rune(lists[:n]), []rune(lists[n:])
	t := &translation{wide: map[rune]rune{}, narrow: true, changes: len(from) > 0}
	for i := range t.ascii {
		t.ascii[i] = rune(i)
	}
	for i, c := range from {
		r := rune(-1)
		if len(to) > 0 {
			r = to[min(i, len(to)-1)]
		}
		if _, ok := t.wide[c]; ok {
			continue
		}
		t.wide[c] = r
		if c < utf8.RuneSelf {
			t.ascii[c] = r
		}
		t.narrow = t.narrow && c < utf8.RuneSelf && r < utf8.RuneSelf
	}
	return t
}

func (t *translation) apply(s string) any {
	if !t.changes {
		return s
	}
	if !t.narrow {
		out := strings.Map(func(r rune) rune {
			if to, ok := t.wide[r]; ok {
				return to
			}
			return r
		}, s)
		if len(out) > maxOutput {
			return ""
		}
		return out
	}
	i := 0
	for i < len(s) && (s[i] >= utf8.RuneSelf || t.ascii[s[i]] == rune(s[i])) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			b = append(b, s[i])
		} else if r := t.ascii[s[i]]; r >= 0 {
			b = append(b, byte(r))
		}
	}
	return string(b)
}

// segment is a part of a text that replaceStrings has replaced already, or not yet.
type segment struct {
	text string
	done bool
}

// replaceStrings replaces several texts: an earlier lookup wins over a later one wherever they overlap; a lookup whose
// replacement is missing or no string takes its place without changing it.
// https://learn.microsoft.com/kusto/query/replace-strings-function
func replaceStrings(a []any) any {
	text, ok := a[0].(string)
	if !ok {
		return ""
	}
	from, ok1 := a[1].(string)
	to, ok2 := a[2].(string)
	if !ok1 || !ok2 {
		return text
	}
	lookups, ok1 := elements(from, nil)
	rewrites, ok2 := elements(to, nil)
	if !ok1 || !ok2 {
		return text
	}
	segments, work := []segment{{text, false}}, 0
	for i, l := range lookups {
		if kindOf(l) != '"' || len(l) == 2 {
			continue
		}
		find := unquote(l)
		if !strings.Contains(text, find) {
			continue
		}
		replacement := find
		if i < len(rewrites) && kindOf(rewrites[i]) == '"' {
			replacement = unquote(rewrites[i])
		}
		segments = replaceSegments(segments, find, replacement)
		if work += len(segments); segments == nil || work > maxOutput {
			return ""
		}
	}
	size := 0
	for _, s := range segments {
		size += len(s.text)
	}
	if size > maxOutput {
		return ""
	}
	b := make([]byte, 0, size)
	for _, s := range segments {
		b = append(b, s.text...)
	}
	return string(b)
}

// replaceSegments gives nil if there would be too many pieces.
func replaceSegments(segments []segment, find, replacement string) []segment {
	out := make([]segment, 0, len(segments)+2)
	for _, s := range segments {
		if s.done {
			out = append(out, s)
			continue
		}
		rest := s.text
		for {
			i := strings.Index(rest, find)
			if i < 0 {
				break
			}
			if i > 0 {
				out = append(out, segment{rest[:i], false})
			}
			out = append(out, segment{replacement, true})
			rest = rest[i+len(find):]
			if len(out) > maxOutput/16 {
				return nil
			}
		}
		if rest != "" {
			out = append(out, segment{rest, false})
		}
	}
	return out
}

// indexOf counts characters. https://learn.microsoft.com/kusto/query/indexof-function: a negative start counts from the
// end, length -1 is no limit, and null comes of a length below that or a negative occurrence. The page's examples show
// that the length counts anew from each occurrence on; occurrences may overlap.
func indexOf(a []any) any {
	text, ok := a[0].(string)
	find, ok1 := a[1].(string)
	start, length, occurrence := longOr(a[2], 0), longOr(a[3], -1), longOr(a[4], 1)
	if !ok || !ok1 || length < -1 || occurrence < 0 {
		return nil
	}
	if start < 0 {
		start = max(start+int64(utf8.RuneCountInString(text)), 0)
	}
	from, ok := byteOffset(text, start)
	if !ok {
		return int64(-1)
	}
	width := int64(utf8.RuneCountInString(find))
	for at := from; ; {
		i := strings.Index(text[at:], find)
		if i < 0 || length >= 0 && int64(utf8.RuneCountInString(text[at:at+i]))+width > length {
			return int64(-1)
		}
		at += i
		if occurrence--; occurrence <= 0 {
			return start + int64(utf8.RuneCountInString(text[from:at]))
		}
		if at >= len(text) {
			return int64(-1)
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
}

// byteOffset finds where the character numbered n begins; the end of the text counts as one.
func byteOffset(s string, n int64) (int, bool) {
	if n > int64(len(s)) {
		return 0, false
	}
	i := 0
	for i < len(s) && int64(i) < n && s[i] < utf8.RuneSelf {
		i++
	}
	n -= int64(i)
	for ; n > 0; n-- {
		if i >= len(s) {
			return 0, false
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return i, true
}

// toHex writes the two's complement; the least length is at most 16. https://learn.microsoft.com/kusto/query/tohex-function
func toHex(a []any) any {
	v, ok := a[0].(int64)
	if !ok {
		return ""
	}
	s := strconv.FormatUint(uint64(v), 16)
	if n := int(min(longOr(a[1], 1), 16)); len(s) < n {
		s = "0000000000000000"[:n-len(s)] + s
	}
	return s
}

// formatBytes scales by 1024 and rounds; zeros after the point are not written.
// https://learn.microsoft.com/kusto/query/format-bytes-function
func formatBytes(a []any) any {
	v, ok := a[0].(float64)
	if !ok {
		return ""
	}
	precision := int(min(max(longOr(a[1], 0), 0), 15))
	units := [...]string{"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"}
	unit := 0
	if asked, _ := a[2].(string); asked != "" {
		for unit < len(units) && !strings.EqualFold(units[unit], asked) {
			unit++
		}
		if unit == len(units) {
			return ""
		}
		v = math.Ldexp(v, -10*unit)
	} else {
		for math.Abs(v) >= 1024 && unit < len(units)-1 {
			v /= 1024
			unit++
		}
	}
	text := strconv.FormatFloat(roundHalfAway(v, precision), 'f', precision, 64)
	if strings.IndexByte(text, '.') >= 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " " + units[unit]
}

// roundHalfAway rounds to digits after the point, halves away from zero.
func roundHalfAway(v float64, digits int) float64 {
	scale := math.Pow10(digits)
	if r := math.Round(v*scale) / scale; !math.IsInf(r, 0) && !math.IsNaN(r) {
		return r
	}
	return v
}

// codepoints gives the Unicode code points of a text.
// https://learn.microsoft.com/kusto/query/unicode-codepoints-from-string-function
func codepoints(s string) any {
	if len(s) > maxOutput/8 {
		return nil
	}
	b := make([]byte, 0, 4*len(s)+2)
	b = append(b, '[')
	for i, r := range s {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(r), 10)
	}
	return string(append(b, ']'))
}

// makeString makes a text of code points and arrays of them, "" if one is none.
// https://learn.microsoft.com/kusto/query/unicode-codepoints-to-string-function
func makeString(s string) any {
	var stack [16]string
	items, ok := elements(s, stack[:0])
	if !ok {
		return ""
	}
	b := make([]byte, 0, len(items))
	for _, v := range items {
		inner := []string{v}
		if kindOf(v) == '[' {
			if inner, ok = elements(v, nil); !ok {
				return ""
			}
		}
		for _, c := range inner {
			r, ok := jsonLong(c)
			if !ok || r < 0 || r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
				return ""
			}
			b = utf8.AppendRune(b, rune(r))
		}
	}
	return string(b)
}
