package scalar

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
)

func regexFuncs() []Func {
	s := catalog.String
	cache := newMemo(compile)
	return []Func{
		{Name: "go_extract", Args: []catalog.Type{s, s, catalog.Long}, Result: s, Call: func(a []any) any {
			text, ok := a[0].(string)
			pattern, ok1 := a[1].(string)
			group, ok2 := a[2].(int64)
			if !ok || !ok1 || !ok2 || group < 0 {
				return ""
			}
			re := cache.get(pattern)
			if re == nil || group > int64(re.NumSubexp()) {
				return ""
			}
			m := re.FindStringSubmatchIndex(text)
			if m == nil || m[2*group] < 0 {
				return ""
			}
			return text[m[2*group]:m[2*group+1]]
		}},
		{Name: "go_extract_all", Args: []catalog.Type{s, s, catalog.Dynamic}, Result: catalog.Dynamic, Call: func(a []any) any {
			text, ok := a[0].(string)
			pattern, ok1 := a[1].(string)
			if !ok || !ok1 {
				return nil
			}
			return extractAll(cache.get(pattern), text, a[2])
		}},
		{Name: "go_indexof_regex", Args: []catalog.Type{s, s, catalog.Long, catalog.Long, catalog.Long}, Result: catalog.Long, Call: func(a []any) any {
			text, ok := a[0].(string)
			pattern, ok1 := a[1].(string)
			if !ok || !ok1 {
				return nil
			}
			return indexOfRegex(cache.get(pattern), text, longOr(a[2], 0), longOr(a[3], -1), longOr(a[4], 1))
		}},
		{Name: "go_countof", Args: []catalog.Type{s, s, s}, Result: catalog.Long, Call: func(a []any) any {
			text, ok := a[0].(string)
			search, ok1 := a[1].(string)
			if !ok || !ok1 {
				return nil
			}
			switch kind, _ := a[2].(string); kind {
			case "", "normal":
				return countOverlapping(text, search)
			case "regex":
				if re := cache.get(search); re != nil {
					return int64(len(re.FindAllStringIndex(text, -1)))
				}
			}
			return nil
		}},
	}
}

// Bounds of a regular expression: bytes of its text, and instructions of its program with repetitions written out.
const (
	maxPattern = 1 << 16
	maxProgram = 1 << 17
)

// compile gives nil for what is no RE2 expression or too big a one. https://learn.microsoft.com/kusto/query/regex
func compile(pattern string) *regexp.Regexp {
	if len(pattern) > maxPattern {
		return nil
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || programSize(tree) > maxProgram {
		return nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	return re
}

// programSize estimates the number of instructions, so that a{1000} in a{1000} is refused before it is compiled.
func programSize(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += programSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Max, re.Min, 1)
	}
	return min(n, 2*maxProgram)
}

// extractAll gives the texts of one group of every match, or an array of them per match where several groups are asked
// for, all of them if none is; null without a match. https://learn.microsoft.com/kusto/query/extract-all-function
func extractAll(re *regexp.Regexp, text string, groups any) any {
	if re == nil || re.NumSubexp() == 0 {
		return nil
	}
	wanted := make([]int, 0, 16)
	if s, ok := groups.(string); ok {
		if wanted, ok = groupNumbers(re, s, wanted); !ok {
			return nil
		}
	} else {
		for i := 1; i <= re.NumSubexp(); i++ {
			wanted = append(wanted, i)
		}
	}
	matches := re.FindAllStringSubmatchIndex(text, maxMatches+1)
	if len(matches) == 0 || len(matches) > maxMatches {
		return nil
	}
	b := make([]byte, 0, 64)
	for i, m := range matches {
		b = append(b, "[,"[min(i, 1)])
		if len(wanted) > 1 {
			b = append(b, '[')
		}
		for k, g := range wanted {
			if k > 0 {
				b = append(b, ',')
			}
			part := ""
			if m[2*g] >= 0 {
				part = text[m[2*g]:m[2*g+1]]
			}
			b = appendQuoted(b, part)
		}
		if len(wanted) > 1 {
			b = append(b, ']')
		}
		if len(b) > maxOutput {
			return nil
		}
	}
	return string(append(b, ']'))
}

// groupNumbers reads an array of numbers and names of groups.
func groupNumbers(re *regexp.Regexp, s string, out []int) ([]int, bool) {
	items, ok := elements(s, nil)
	if !ok || len(items) == 0 || len(items) > 1000 {
		return nil, false
	}
	for _, v := range items {
		n := -1
		if kindOf(v) == '"' {
			n = re.SubexpIndex(unquote(v))
		} else if k, ok := jsonLong(v); ok && k <= int64(re.NumSubexp()) {
			n = int(k)
		}
		if n < 1 {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// maxMatches bounds the matches of one call of extract_all.
const maxMatches = 1 << 18

// countOverlapping counts plain occurrences, which may overlap; an empty text never occurs.
// https://learn.microsoft.com/kusto/query/countof-function
func countOverlapping(text, search string) int64 {
	if search == "" {
		return 0
	}
	if len(search) > 64 {
		return countLong(text, search)
	}
	var n int64
	for {
		i := strings.Index(text, search)
		if i < 0 {
			return n
		}
		n++
		text = text[i+1:]
	}
}

// countLong counts by the method of Knuth, Morris and Pratt, whose time does not grow with the product of the lengths.
func countLong(text, search string) int64 {
	back := make([]int32, len(search)+1) // how much of the beginning ends there
	back[0] = -1
	for i, k := 0, int32(-1); i < len(search); {
		for k >= 0 && search[i] != search[k] {
			k = back[k]
		}
		i, k = i+1, k+1
		back[i] = k
	}
	var n int64
	k := int32(0)
	for i := range len(text) {
		for k >= 0 && text[i] != search[k] {
			k = back[k]
		}
		if k++; int(k) == len(search) {
			n++
			k = back[k]
		}
	}
	return n
}

// indexOfRegex is where the match numbered occurrence begins in the length characters from start, -1 if there is none;
// null for numbers out of range. Matches do not overlap. https://learn.microsoft.com/kusto/query/indexof-regex-function
func indexOfRegex(re *regexp.Regexp, text string, start, length, occurrence int64) any {
	if re == nil || start < 0 || length < -1 || occurrence < 1 {
		return nil
	}
	from, ok := byteOffset(text, start)
	if !ok {
		return int64(-1)
	}
	part := text[from:]
	if length >= 0 {
		if end, ok := byteOffset(part, length); ok {
			part = part[:end]
		}
	}
	if occurrence > int64(len(part))+1 {
		return int64(-1)
	}
	all := re.FindAllStringIndex(part, int(occurrence))
	if int64(len(all)) < occurrence {
		return int64(-1)
	}
	return start + int64(utf8.RuneCountInString(part[:all[occurrence-1][0]]))
}
