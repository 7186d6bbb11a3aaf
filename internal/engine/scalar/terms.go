package scalar

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
)

// The string operators that search: contains, has, hasprefix, hassuffix, and startswith and endswith without regard to
// case. They are the most used of KQL and run over every row, so they read texts where the engine has them (Func.Match).
// Without regard to case means ASCII letters for an ASCII pattern, as an ordinal comparison does, and lower case of
// Unicode for others. https://learn.microsoft.com/kusto/query/datatypes-string-operators

func termFuncs() []Func {
	var out []Func
	add := func(name string, fold, left, right bool) {
		match := func() func(text, pattern string) bool {
			var s search
			return func(text, pattern string) bool {
				if !s.ready || s.pattern != pattern {
					s = newSearch(strings.Clone(pattern), fold)
				}
				return s.in(text, left, right)
			}
		}
		out = append(out, matching(name, match))
	}
	for suffix, fold := range map[string]bool{"": true, "_cs": false} {
		add("go_has"+suffix, fold, true, true)
		add("go_hasprefix"+suffix, fold, true, false)
		add("go_hassuffix"+suffix, fold, false, true)
	}
	add("go_contains", true, false, false)
	whole := func(name string, part func(text string, n int) string) {
		out = append(out, matching(name, func() func(text, pattern string) bool {
			return func(text, pattern string) bool {
				if isASCII(pattern) {
					return len(text) >= len(pattern) && equalFold(part(text, len(pattern)), pattern)
				}
				lower := strings.ToLower(pattern)
				text = strings.ToLower(text)
				return len(text) >= len(lower) && part(text, len(lower)) == lower
			}
		}))
	}
	whole("go_startswith", func(text string, n int) string { return text[:n] })
	whole("go_endswith", func(text string, n int) string { return text[len(text)-n:] })
	return out
}

func matching(name string, match func() func(text, pattern string) bool) Func {
	return Func{Name: name, Args: []catalog.Type{catalog.String, catalog.String}, Result: catalog.Bool, Match: match, Call: func(args []any) any {
		text, ok := args[0].(string)
		pattern, ok2 := args[1].(string)
		if !ok || !ok2 {
			return nil
		}
		return match()(text, pattern)
	}}
}

// search looks for one pattern. The byte of the pattern that is rarest in logs is looked for first, since the search for
// one byte is by far the fastest.
type search struct {
	ready       bool
	pattern     string
	fold        bool
	lower       bool   // the pattern is not ASCII: texts are made lower case
	probe       int    // where the rare byte stands in the pattern
	one, other  byte   // it, and its other case; the same if it has none
	first, last bool   // the pattern begins, ends with a character of a term
	folded      string // the pattern in lower case if fold
}

// common are bytes by how often logs have them, most first. Others are rare.
const common = "etaoinsr-/ .0cldm1\"2u:p3fgh45678_,9wvbykxCSIATPRMEDOLNU\\FWBjzGHVqKYX"

func newSearch(pattern string, fold bool) search {
	s := search{ready: true, pattern: pattern, fold: fold, folded: pattern}
	if pattern == "" {
		return s
	}
	if fold {
		s.folded, s.lower = strings.ToLower(pattern), !isASCII(pattern)
	}
	best := -1
	for i := range len(s.folded) {
		c := s.folded[i]
		rank := strings.IndexByte(common, c)
		switch {
		case rank < 0:
			rank = len(common) + 1
		case fold && isLower(c):
			rank /= 2 // two searches, and the capital's hits beside
		}
		if rank > best {
			best, s.probe, s.one, s.other = rank, i, c, c
		}
	}
	if fold && !s.lower && isLower(s.one) {
		s.other = s.one - 'a' + 'A'
	}
	first, _ := utf8.DecodeRuneInString(pattern)
	last, _ := utf8.DecodeLastRuneInString(pattern)
	s.first, s.last = inTerm(first), inTerm(last)
	return s
}

// in says whether the pattern occurs, where left and right ask for the edge of a term before and after it.
func (s *search) in(text string, left, right bool) bool {
	if s.pattern == "" {
		return true
	}
	if s.lower {
		text = strings.ToLower(text)
	}
	left, right = left && s.first, right && s.last
	n := len(s.folded)
	// The places of the probe in either case, searched ahead by turns.
	from := s.probe
	a, b := -1, -1 // next place of one and of other at or after from; len(text) if none
	for {
		if from > len(text)-(n-s.probe) {
			return false
		}
		if a < from {
			a = indexFrom(text, s.one, from)
		}
		at := a
		if s.other != s.one {
			if b < from {
				b = indexFrom(text, s.other, from)
			}
			at = min(a, b)
		}
		start := at - s.probe
		if start+n > len(text) {
			return false
		}
		if found := text[start : start+n]; found == s.folded || s.fold && !s.lower && equalFold(found, s.folded) {
			if !(left && endsInTerm(text[:start])) && !(right && beginsInTerm(text[start+n:])) {
				return true
			}
		}
		from = at + 1
	}
}

func indexFrom(text string, c byte, from int) int {
	if i := strings.IndexByte(text[from:], c); i >= 0 {
		return from + i
	}
	return len(text)
}

// equalFold compares texts of one length without regard to the case of ASCII letters.
func equalFold(a, b string) bool {
	for i := range len(a) {
		if x, y := a[i], b[i]; x != y && (x|0x20 != y|0x20 || !isLower(x|0x20)) {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

// inTerm says whether a character is part of a term: a letter or digit of any script.
// https://learn.microsoft.com/kusto/query/datatypes-string-operators#what-is-a-term
func inTerm(r rune) bool {
	if r < utf8.RuneSelf {
		return isLower(byte(r)|0x20) || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

func endsInTerm(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && inTerm(r)
}

func beginsInTerm(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && inTerm(r)
}
