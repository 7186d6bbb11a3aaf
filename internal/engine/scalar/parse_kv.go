package scalar

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
)

func parseKvFuncs() []Func {
	forms := newMemo(newKvForm)
	return []Func{binary("go_parse_kv", catalog.String, catalog.String, catalog.Dynamic, func(text, form string) any {
		return forms.get(form).bag(text)
	})}
}

// kvForm is how the pairs of parse-kv are written. https://learn.microsoft.com/kusto/query/parse-kv-operator
type kvForm struct {
	keys     map[string]bool
	pair, kv string // both empty: any character that is no letter, digit or underscore separates
	quotes   map[rune]rune
	escape   map[rune]bool
	greedy   bool
	regex    *regexp.Regexp
}

// newKvForm reads the JSON that the binder writes.
func newKvForm(text string) *kvForm {
	var in struct {
		Keys           []string
		Pair, KV       string
		Quotes, Escape []string
		Greedy         bool
		Regex          string
	}
	f := &kvForm{keys: map[string]bool{}, quotes: map[rune]rune{}, escape: map[rune]bool{}}
	if json.Unmarshal([]byte(text), &in) != nil {
		return f
	}
	for _, k := range in.Keys {
		f.keys[k] = true
	}
	for _, q := range in.Quotes {
		open, n := utf8.DecodeRuneInString(q)
		end := open
		if n < len(q) {
			end, _ = utf8.DecodeRuneInString(q[n:])
		}
		f.quotes[open] = end
	}
	for _, e := range in.Escape {
		r, _ := utf8.DecodeRuneInString(e)
		f.escape[r] = true
	}
	f.pair, f.kv, f.greedy = in.Pair, in.KV, in.Greedy
	if in.Regex != "" {
		f.regex, _ = regexp.Compile(in.Regex)
	}
	return f
}

// bag gives the first value of each key asked for as a JSON object of strings.
func (f *kvForm) bag(text string) any {
	var out []member
	seen := map[string]bool{}
	// add says whether another key is still missing.
	add := func(key, value string) bool {
		if f.keys[key] && !seen[key] {
			seen[key] = true
			out = append(out, member{string(appendQuoted(nil, key)), string(appendQuoted(nil, value))})
		}
		return len(seen) < len(f.keys)
	}
	switch {
	case f.regex != nil:
		for rest := text; ; {
			m := f.regex.FindStringSubmatchIndex(rest)
			if m == nil || m[2] < 0 || m[4] < 0 || !add(strings.TrimSpace(rest[m[2]:m[3]]), strings.TrimSpace(rest[m[4]:m[5]])) {
				break
			}
			next := m[1]
			if m[1] == m[0] {
				next++
			}
			if next >= len(rest) {
				break
			}
			rest = rest[next:]
		}
	case f.kv == "":
		f.words(text, add)
	default:
		f.pairs(text, add)
	}
	return joinBag(out)
}

// words reads pairs in a text without known delimiters: a key asked for, and the word behind it.
func (f *kvForm) words(text string, add func(key, value string) bool) {
	key, have := "", false
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		word := ""
		if value, end, ok := f.quoted(text, i); ok {
			word, i = value, end
		} else if !isWordRune(r) {
			i += n
			continue
		} else {
			start := i
			for i < len(text) {
				if r, n = utf8.DecodeRuneInString(text[i:]); !isWordRune(r) {
					break
				}
				i += n
			}
			word = text[start:i]
		}
		switch {
		case have:
			have = false
			if !add(key, word) {
				return
			}
		case f.keys[word]:
			key, have = word, true
		}
	}
}

func isWordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// pairs reads pairs with known delimiters.
func (f *kvForm) pairs(text string, add func(key, value string) bool) {
	for i := 0; i < len(text); {
		key, at, ok := f.key(text, i)
		if !ok {
			// No pair here: on behind the next delimiter.
			n := strings.Index(text[i:], f.pair)
			if n < 0 {
				return
			}
			i += n + len(f.pair)
			continue
		}
		value, end := f.value(text, at)
		if !add(key, value) {
			return
		}
		i = end
	}
}

// key reads a key that begins at i; at is behind its delimiter. ok is false if the next delimiter is that of pairs.
func (f *kvForm) key(text string, i int) (key string, at int, ok bool) {
	start := skipSpace(text, i)
	if value, end, quoted := f.quoted(text, start); quoted {
		if end = skipSpace(text, end); strings.HasPrefix(text[end:], f.kv) {
			return strings.TrimSpace(value), end + len(f.kv), true
		}
	}
	n := strings.Index(text[i:], f.kv)
	if n < 0 {
		return "", 0, false
	}
	// A text before the last delimiter of pairs belongs to no key.
	if m := strings.Index(text[i:i+n], f.pair); m >= 0 && strings.TrimSpace(text[i:i+m]) != "" {
		return "", 0, false
	}
	key = text[i : i+n]
	if m := strings.LastIndex(key, f.pair); m >= 0 {
		key = key[m+len(f.pair):]
	}
	return strings.TrimSpace(key), i + n + len(f.kv), true
}

// value reads a value that begins at i; end is behind the delimiter that follows it.
func (f *kvForm) value(text string, i int) (value string, end int) {
	if value, end, ok := f.quoted(text, skipSpace(text, i)); ok {
		n := strings.Index(text[end:], f.pair)
		if n < 0 {
			return value, len(text)
		}
		return value, end + n + len(f.pair)
	}
	stop := strings.Index(text[i:], f.pair)
	if f.greedy && stop >= 0 {
		// Up to the delimiter before the next key.
		stop = -1
		if n := strings.Index(text[i:], f.kv); n >= 0 {
			stop = strings.LastIndex(text[i:i+n], f.pair)
		}
	}
	if stop < 0 {
		return strings.TrimSpace(text[i:]), len(text)
	}
	return strings.TrimSpace(text[i : i+stop]), i + stop + len(f.pair)
}

// quoted reads a text in quotes that begins at i; end is behind the closing one.
func (f *kvForm) quoted(text string, i int) (value string, end int, ok bool) {
	if len(f.quotes) == 0 || i >= len(text) {
		return "", i, false
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	closing, ok := f.quotes[r]
	if !ok {
		return "", i, false
	}
	var b strings.Builder
	for i += n; i < len(text); i += n {
		r, n = utf8.DecodeRuneInString(text[i:])
		if f.escape[r] && i+n < len(text) {
			i += n
			_, n = utf8.DecodeRuneInString(text[i:])
		} else if r == closing {
			return b.String(), i + n, true
		}
		b.WriteString(text[i : i+n])
	}
	return "", i, false
}
