package syntax

import (
	"nordlys/internal/kql/diag"
)

const (
	// maxNesting bounds brackets, calls and signs inside each other, and with them the depth of the stack.
	maxNesting = 300
	// freeChain is how many operators of one chain (`a + b + …`) count for nothing.
	freeChain = 30
	// chainBudget is how many further operators all chains of a query may have, because a chain is a deep tree.
	chainBudget = 3000
	// maxDiagnostics ends the reports, not the reading, of a hopeless text.
	maxDiagnostics = 200
)

// parser reads tokens by recursive descent. After a mistake it is recovering: every token looks like the end of the
// text, so that all productions return at once, until one that knows where to go on resets it.
type parser struct {
	text       string
	tokens     []Token
	pos        int
	end        Token
	recovering bool
	stopped    bool
	// newStatement is set when a statement ended without a semicolon before a word on a new line.
	newStatement bool
	// predicate is set in where, in which one equals sign can only be meant as two.
	predicate bool
	nesting   int
	chain     int
	diags     diag.List
}

// Parse reads a query. The tree is never nil and covers as much as could be understood; the list is in order of
// position.
func Parse(text string) (*Query, diag.List) {
	tokens, diags := Tokens(text)
	p := &parser{text: text, tokens: tokens, diags: diags}
	p.end = tokens[len(tokens)-1]
	q := p.query()
	q.Broken = p.diags.HasErrors()
	if len(p.diags) > maxDiagnostics {
		p.diags = p.diags[:maxDiagnostics]
	}
	p.diags.Sort()
	return q, p.diags
}

// peek returns the token to read next.
func (p *parser) peek() *Token {
	if p.recovering {
		return &p.end
	}
	return &p.tokens[p.pos]
}

// peekAt returns a token further on; 0 is that of peek.
func (p *parser) peekAt(n int) *Token {
	if p.recovering || p.pos+n >= len(p.tokens) {
		return &p.end
	}
	return &p.tokens[p.pos+n]
}

// advance consumes and returns the next token; at the end it stays there.
func (p *parser) advance() *Token {
	t := p.peek()
	if t.Kind != EOF {
		p.pos++
	}
	return t
}

// at reports whether the next token is this punctuation.
func (p *parser) at(text string) bool {
	t := p.peek()
	return t.Kind == Punctuation && t.Text == text
}

// atWord reports whether the next token is this word.
func (p *parser) atWord(word string) bool {
	t := p.peek()
	return t.Kind == Identifier && t.Text == word
}

// accept consumes the next token if it is this punctuation.
func (p *parser) accept(text string) bool {
	if p.at(text) {
		p.pos++
		return true
	}
	return false
}

// acceptWord consumes the next token if it is this word.
func (p *parser) acceptWord(word string) bool {
	if p.atWord(word) {
		p.pos++
		return true
	}
	return false
}

// expect consumes this punctuation or reports that it is missing.
func (p *parser) expect(text string) bool {
	if p.accept(text) {
		return true
	}
	p.unexpected(quoted(text))
	return false
}

// expectWord consumes this word or reports that it is missing.
func (p *parser) expectWord(word string) bool {
	if p.acceptWord(word) {
		return true
	}
	p.unexpected(quoted(word))
	return false
}

// close consumes the bracket that ends what the bracket at index open began. When its content was broken, reading
// goes on behind it.
func (p *parser) close(open int) {
	t := &p.tokens[open]
	closing := map[string]string{"(": ")", "[": "]", "{": "}"}[t.Text]
	if p.accept(closing) {
		return
	}
	if t.Match < 0 {
		if !p.recovering {
			p.report(diag.UnclosedBracket(t.Span, t.Text, closing))
		}
		p.recovering = true
		return
	}
	p.unexpected(quoted(closing))
	p.recover(t.Match + 1)
}

// unexpected reports the next token and begins to recover.
func (p *parser) unexpected(expected string) {
	if p.recovering {
		return
	}
	t := p.peek()
	p.recovering = true
	if t.Kind == Invalid || len(p.diags) > maxDiagnostics {
		// The lexer has spoken about it, or nobody will read more.
		return
	}
	p.report(diag.UnexpectedToken(t.Span, t.Text, expected))
}

// fail reports a mistake that makes the rest of the construct unreadable.
func (p *parser) fail(d diag.Diagnostic) {
	if !p.recovering {
		p.report(d)
		p.recovering = true
	}
}

func (p *parser) report(d diag.Diagnostic) {
	if len(p.diags) <= maxDiagnostics && !p.stopped {
		p.diags = append(p.diags, d)
	}
}

// recover goes on at a token, unless the text was given up.
func (p *parser) recover(pos int) {
	p.pos = max(p.pos, pos)
	p.recovering = p.stopped
}

// enter counts one level of nesting and reports whether it is allowed; leave must follow when it is.
func (p *parser) enter() bool {
	if p.nesting >= maxNesting {
		p.stop()
		return false
	}
	p.nesting++
	return true
}

func (p *parser) leave() { p.nesting-- }

// link counts one operator of a chain that is n long so far.
func (p *parser) link(n int) bool {
	if n <= freeChain {
		return true
	}
	if p.chain++; p.chain > chainBudget {
		p.stop()
		return false
	}
	return true
}

// stop gives the text up.
func (p *parser) stop() {
	if !p.stopped {
		p.fail(diag.TooDeep(p.peek().Span))
	}
	p.recovering, p.stopped = true, true
}

// from returns the span from a start offset to the last token read.
func (p *parser) from(start int) Span {
	end := start
	if p.pos > 0 {
		end = max(start, p.tokens[p.pos-1].Span.End)
	}
	return Span{Start: start, End: end}
}

// start is the offset where the next node begins.
func (p *parser) start() int { return p.tokens[p.pos].Span.Start }

// skip moves behind the broken part of a construct: to the next token at this level of brackets for which stop is
// true, to an unpaired closing bracket, or to a semicolon.
func (p *parser) skip(stop func(*Token) bool) {
	if p.stopped {
		return
	}
	p.recovering = false
	for {
		t := &p.tokens[p.pos]
		if t.Kind == EOF || stop(t) {
			return
		}
		if t.Kind == Punctuation {
			switch t.Text {
			case ";":
				return
			case "(", "[", "{":
				if t.Match > p.pos {
					p.pos = t.Match
				}
			case ")", "]", "}":
				if t.Match >= 0 {
					return
				}
			}
		}
		p.pos++
	}
}

func isPipe(t *Token) bool { return t.Kind == Punctuation && t.Text == "|" }

// quoted names punctuation or a keyword in a message.
func quoted(text string) string { return `"` + text + `"` }

// name reads a name: an identifier or ['…'].
func (p *parser) name(what string) Name {
	start := p.start()
	if t := p.peek(); t.Kind == Identifier && IsIdentifier(t.Text) || t.Kind == Identifier && isDigit(t.Text[0]) {
		p.pos++
		return Name{Span: p.from(start), Text: t.Text}
	}
	if p.atBracketedName() {
		p.pos++
		text := p.stringToken()
		p.pos++
		return Name{Span: p.from(start), Text: text}
	}
	if t := p.peek(); t.Kind == EOF || t.Kind == Punctuation {
		p.fail(diag.MissingName(t.Span, what))
	}
	p.unexpected("a name for " + what)
	return Name{Span: p.from(start)}
}

// atName reports whether a name can be read.
func (p *parser) atName() bool {
	t := p.peek()
	return t.Kind == Identifier && (IsIdentifier(t.Text) || isDigit(t.Text[0])) || p.atBracketedName()
}

// atBracketedName reports whether ['…'] follows.
func (p *parser) atBracketedName() bool {
	if !p.at("[") || p.peekAt(1).Kind != StringToken {
		return false
	}
	t := p.peekAt(2)
	return t.Kind == Punctuation && t.Text == "]"
}

// stringToken consumes a string token and returns its value.
func (p *parser) stringToken() string {
	t := p.advance()
	value, _, bad := unquote(t.Text)
	if bad >= 0 {
		at := t.Span.Start + bad
		p.report(diag.InvalidEscape(diag.Span{Start: at, End: min(at+2, t.Span.End)}, p.text[at:min(at+2, t.Span.End)]))
	}
	return value
}

// commaList calls item for each element of a comma-separated list with at least one element.
func (p *parser) commaList(item func()) {
	for {
		item()
		if !p.accept(",") {
			return
		}
	}
}

// parameters reads the options `name=value` before the operands of an operator. Only names that known accepts, and
// hints, are options; everything else begins the operands.
func (p *parser) parameters(known ...string) []NamedParameter {
	var list []NamedParameter
	for {
		start := p.start()
		t := p.peek()
		if t.Kind != Identifier {
			return list
		}
		words := 0
		if t.Text == "hint" && p.peekAt(1).Text == "." && p.peekAt(2).Kind == Identifier && p.peekAt(3).Text == "=" {
			words = 3
		}
		for _, k := range known {
			if t.Text == k && p.peekAt(1).Kind == Punctuation && p.peekAt(1).Text == "=" {
				words = 1
			}
		}
		if words == 0 {
			return list
		}
		nameStart := p.start()
		p.pos += words
		name := Name{Span: p.from(nameStart), Text: t.Text}
		if words == 3 {
			name.Text = "hint." + p.tokens[p.pos-1].Text
		}
		p.pos++
		value := p.parameterValue()
		list = append(list, NamedParameter{Span: p.from(start), Name: name, Value: value})
	}
}

// parameterValue reads the right side of an option: a name or a literal.
func (p *parser) parameterValue() Expression {
	start := p.start()
	if p.atName() && !p.atWord("true") && !p.atWord("false") {
		n := p.name("the option")
		return &NameReference{Span: n.Span, Name: n.Text}
	}
	switch p.peek().Kind {
	case StringToken, LongToken, RealToken, TimespanToken, TypedToken, Identifier:
		return p.primary()
	}
	p.unexpected("a value")
	return &BadExpression{Span: p.from(start)}
}
