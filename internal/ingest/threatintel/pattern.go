package threatintel

import (
	"slices"
	"strings"
)

// observable is one equality of a pattern: its left and its right side.
type observable struct{ key, value string }

// Limits of one pattern. What is longer is kept as text only.
const (
	maxPattern     = 1 << 20
	maxObservables = 10_000
)

// parsePattern takes the observables out of a STIX pattern: what is compared with = and IN, and addresses with ISSUBSET.
// beyond says that the pattern has more than an OR or AND of these: other comparisons, NOT, sequences, qualifiers. ok is
// false for text that is no pattern.
// https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html#_e8slinrhxcc9
func parsePattern(text string) (seen []observable, beyond, ok bool) {
	if len(text) > maxPattern {
		return nil, true, false
	}
	p := patternParser{in: text}
	p.next()
	depth := 0
	for p.kind != tokenEnd {
		switch {
		case p.kind == tokenBad:
			return nil, true, false
		case p.is("["):
			p.next()
			if !p.comparisons() || !p.is("]") {
				return nil, true, false
			}
			ok = true
			p.next()
			if p.kind == tokenWord && !p.word("AND") && !p.word("OR") {
				p.beyond = true // FOLLOWEDBY, WITHIN 5 SECONDS, REPEATS 3 TIMES, START t'…' STOP t'…'
				for p.kind == tokenWord || p.kind == tokenText {
					p.next()
				}
			} else if p.kind == tokenWord {
				p.next()
			}
		case p.is("("):
			depth++
			p.next()
		case p.is(")"):
			depth--
			p.next()
		case p.kind == tokenWord && ok:
			p.beyond = p.beyond || !p.word("AND") && !p.word("OR")
			p.next()
		case p.kind == tokenText && ok:
			p.next()
		default:
			return nil, true, false
		}
	}
	return p.seen, p.beyond, ok && depth == 0
}

// patternParser reads the tokens of a pattern.
type patternParser struct {
	in     string
	at     int
	kind   tokenKind
	text   string // of the token
	seen   []observable
	beyond bool
	deep   int
}

type tokenKind uint8

const (
	tokenEnd  tokenKind = iota
	tokenBad            // no token of the language
	tokenWord           // a keyword, a path, a number
	tokenText           // the inside of '…'
	tokenSign           // a bracket or operator
)

func (p *patternParser) is(sign string) bool { return p.kind == tokenSign && p.text == sign }

func (p *patternParser) word(w string) bool {
	return p.kind == tokenWord && strings.EqualFold(p.text, w)
}

func (p *patternParser) next() {
	for p.at < len(p.in) && strings.IndexByte(" \t\r\n", p.in[p.at]) >= 0 {
		p.at++
	}
	if p.at >= len(p.in) {
		p.kind, p.text = tokenEnd, ""
		return
	}
	switch c := p.in[p.at]; {
	case strings.IndexByte("[](),", c) >= 0:
		p.kind, p.text = tokenSign, p.in[p.at:p.at+1]
		p.at++
	case strings.IndexByte("=!<>", c) >= 0:
		from := p.at
		for p.at < len(p.in) && strings.IndexByte("=!<>", p.in[p.at]) >= 0 {
			p.at++
		}
		p.kind, p.text = tokenSign, p.in[from:p.at]
	case c == '\'':
		p.quoted()
	default:
		p.path()
	}
}

// quoted reads '…' with \' and \\ in it.
func (p *patternParser) quoted() {
	var b strings.Builder
	for p.at++; p.at < len(p.in); p.at++ {
		switch c := p.in[p.at]; {
		case c == '\\' && p.at+1 < len(p.in):
			p.at++
			b.WriteByte(p.in[p.at])
		case c == '\'':
			p.at++
			p.kind, p.text = tokenText, b.String()
			return
		default:
			b.WriteByte(c)
		}
	}
	p.kind = tokenBad
}

// path reads a word up to the next blank or operator: a keyword, a number, t'…', or a path such as
// file:hashes.'SHA-256' or process:environment_variables[*].name, whose quotes and brackets belong to it.
func (p *patternParser) path() {
	from := p.at
	for p.at < len(p.in) {
		c := p.in[p.at]
		switch {
		case c == '\'' || c == '"':
			end := strings.IndexByte(p.in[p.at+1:], c)
			if end < 0 {
				p.kind = tokenBad
				return
			}
			literal := p.at == from+1 && strings.IndexByte("thbTHB", p.in[from]) >= 0
			inner := p.in[p.at+1 : p.at+1+end]
			p.at += end + 2
			if literal {
				p.kind, p.text = tokenText, inner
				return
			}
			continue
		case c == '[' && strings.IndexByte(p.in[from:p.at], ':') > 0:
			end := strings.IndexByte(p.in[p.at:], ']')
			if end < 0 {
				p.kind = tokenBad
				return
			}
			p.at += end + 1
			continue
		case strings.IndexByte(" \t\r\n[](),=!<>", c) >= 0:
			p.kind, p.text = tokenWord, p.in[from:p.at]
			return
		}
		p.at++
	}
	p.kind, p.text = tokenWord, p.in[from:p.at]
}

// comparisons reads what stands in one [ ], up to its end.
func (p *patternParser) comparisons() bool {
	if p.deep++; p.deep > 100 {
		return false
	}
	defer func() { p.deep-- }()
	for {
		switch {
		case p.is("("):
			p.next()
			if !p.comparisons() || !p.is(")") {
				return false
			}
			p.next()
		case !p.comparison():
			return false
		}
		if !p.word("AND") && !p.word("OR") {
			return true
		}
		p.next()
	}
}

func (p *patternParser) comparison() bool {
	not := p.word("NOT")
	if not {
		p.next()
	}
	if p.word("EXISTS") {
		p.beyond = true
		p.next()
		path := p.kind == tokenWord
		p.next()
		return path
	}
	if p.kind != tokenWord || !strings.Contains(p.text, ":") {
		return false
	}
	key := p.text
	p.next()
	if p.word("NOT") {
		not = true
		p.next()
	}
	op := strings.ToUpper(p.text)
	if p.kind != tokenSign && p.kind != tokenWord {
		return false
	}
	p.next()
	take := !not
	switch op {
	case "=", "==", "IN":
	case "ISSUBSET":
		take = take && (strings.HasPrefix(key, "ipv4-addr:") || strings.HasPrefix(key, "ipv6-addr:") || strings.HasPrefix(key, "network-traffic:"))
	case "!=", "<>", "<", ">", "<=", ">=", "LIKE", "MATCHES", "ISSUPERSET":
		take = false
	default:
		return false
	}
	p.beyond = p.beyond || !take
	if !p.is("(") {
		return p.value(key, take)
	}
	for p.next(); ; p.next() {
		if !p.value(key, take) {
			return false
		}
		if !p.is(",") {
			break
		}
	}
	if !p.is(")") {
		return false
	}
	p.next()
	return true
}

func (p *patternParser) value(key string, take bool) bool {
	if p.kind != tokenWord && p.kind != tokenText {
		return false
	}
	o := observable{key, p.text}
	p.next()
	switch {
	case !take || o.value == "":
	case strings.HasSuffix(key, "_ref.type"):
		// which kind of address the value beside it has
	case len(p.seen) >= maxObservables:
		p.beyond = true
	case len(p.seen) > 100 || !slices.Contains(p.seen, o):
		p.seen = append(p.seen, o)
	}
	return true
}

// patternOf is the pattern that compares these observables, joined by AND or OR.
func patternOf(seen []observable, join string) string {
	var b strings.Builder
	for i, o := range seen {
		if i > 0 {
			b.WriteString(join)
		}
		b.WriteString("[" + o.key + " = '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(o.value) + "']")
	}
	return b.String()
}
