package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"nordlys/internal/kql/diag"
)

// lexer turns text into tokens in one pass. Mistakes become Invalid tokens and a diagnostic, so that the rest of the
// query is still read.
type lexer struct {
	text   string
	pos    int
	tokens []Token
	diags  diag.List
}

// Tokens returns every token of the text, ending with one of kind EOF, with brackets matched. Comments and white space
// are left out.
func Tokens(text string) ([]Token, diag.List) {
	l := &lexer{text: text, tokens: make([]Token, 0, len(text)/5+4)}
	for l.next() {
	}
	l.matchBrackets()
	return l.tokens, l.diags
}

// next scans one token and reports whether there may be more.
func (l *lexer) next() bool {
	l.skipSpace()
	start := l.pos
	if start >= len(l.text) {
		l.emit(EOF, start)
		return false
	}
	c := l.text[start]
	switch {
	case c == '"' || c == '\'':
		l.scanString(start)
	case c == '@' && l.quoteAt(start+1):
		l.scanVerbatim(start)
	case (c == 'h' || c == 'H') && l.quoteAt(start+1):
		l.pos++
		l.scanString(start)
	case (c == 'h' || c == 'H') && l.byteAt(start+1) == '@' && l.quoteAt(start+2):
		l.pos++
		l.scanVerbatim(start)
	case l.fenceAt(start) != "":
		l.scanFenced(start, l.fenceAt(start))
	case (c == 'h' || c == 'H') && l.fenceAt(start+1) != "":
		l.pos++
		l.scanFenced(start, l.fenceAt(start+1))
	case c >= '0' && c <= '9':
		l.scanNumber(start)
	case c == '.' && isDigit(l.byteAt(start+1)) && !l.afterOperand():
		l.scanNumber(start)
	case identStartAt(l.text[start:]) > 0:
		l.scanIdentifier(start)
	default:
		l.scanPunctuation(start)
	}
	return true
}

func (l *lexer) emit(kind Kind, start int) {
	l.tokens = append(l.tokens, Token{Kind: kind, Text: l.text[start:l.pos], Span: diag.Span{Start: start, End: l.pos}, Match: -1})
}

func (l *lexer) byteAt(i int) byte {
	if i < len(l.text) {
		return l.text[i]
	}
	return 0
}

func (l *lexer) quoteAt(i int) bool {
	c := l.byteAt(i)
	return c == '"' || c == '\''
}

// fenceAt returns the fence of a multi-line string that starts at i, or "".
func (l *lexer) fenceAt(i int) string {
	for _, fence := range []string{"```", "~~~"} {
		if i < len(l.text) && strings.HasPrefix(l.text[i:], fence) {
			return fence
		}
	}
	return ""
}

// afterOperand tells `a.5` (a path that is wrong, but a path) from `.5`.
func (l *lexer) afterOperand() bool {
	if len(l.tokens) == 0 {
		return false
	}
	last := l.tokens[len(l.tokens)-1]
	return last.Span.End == l.pos && (last.Kind == Identifier || last.Text == ")" || last.Text == "]")
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.text) {
		c := l.text[l.pos]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			l.pos++
		case c == '/' && l.byteAt(l.pos+1) == '/':
			if end := strings.IndexByte(l.text[l.pos:], '\n'); end >= 0 {
				l.pos += end + 1
			} else {
				l.pos = len(l.text)
			}
		case c >= utf8.RuneSelf || c == '\f' || c == '\v':
			r, n := utf8.DecodeRuneInString(l.text[l.pos:])
			// A byte order mark and zero-width spaces come with queries copied from web pages.
			if !unicode.IsSpace(r) && r != '\uFEFF' && r != '\u200B' {
				return
			}
			l.pos += n
		default:
			return
		}
	}
}

// scanString reads a string with escapes; l.pos stands on the quote.
func (l *lexer) scanString(start int) {
	quote := l.text[l.pos]
	for l.pos++; l.pos < len(l.text); l.pos++ {
		switch l.text[l.pos] {
		case quote:
			l.pos++
			l.emit(StringToken, start)
			return
		case '\\':
			if next := l.byteAt(l.pos + 1); next != 0 && next != '\n' && next != '\r' {
				l.pos++
			}
		case '\n', '\r':
			l.unterminated(start, string(quote))
			return
		}
	}
	l.unterminated(start, string(quote))
}

// scanVerbatim reads @"…", where a doubled quote stands for one; l.pos stands on the @.
func (l *lexer) scanVerbatim(start int) {
	l.pos++
	quote := l.text[l.pos]
	for l.pos++; l.pos < len(l.text); l.pos++ {
		switch l.text[l.pos] {
		case quote:
			if l.byteAt(l.pos+1) == quote {
				l.pos++
				continue
			}
			l.pos++
			l.emit(StringToken, start)
			return
		case '\n', '\r':
			l.unterminated(start, string(quote))
			return
		}
	}
	l.unterminated(start, string(quote))
}

// scanFenced reads a string that may span lines; l.pos stands on the fence.
func (l *lexer) scanFenced(start int, fence string) {
	l.pos += len(fence)
	end := strings.Index(l.text[l.pos:], fence)
	if end < 0 {
		l.pos = len(l.text)
		l.unterminated(start, fence)
		return
	}
	l.pos += end + len(fence)
	l.emit(StringToken, start)
}

func (l *lexer) unterminated(start int, quote string) {
	l.pos = min(l.pos, len(l.text))
	l.emit(Invalid, start)
	if len(l.diags) < maxDiagnostics {
		l.diags = append(l.diags, diag.UnterminatedString(diag.Span{Start: start, End: l.pos}, quote))
	}
}

// scanNumber reads 12, 0x1F, 1.5, 1e-3 and 1.5h. Digits that run into other letters are a name, as in `5xx`.
func (l *lexer) scanNumber(start int) {
	if c := l.byteAt(start + 1); l.text[start] == '0' && (c == 'x' || c == 'X') && isHex(l.byteAt(start+2)) {
		for l.pos = start + 2; isHex(l.byteAt(l.pos)); l.pos++ {
		}
		if !l.identContinues() {
			l.emit(LongToken, start)
			return
		}
		l.finishIdentifier(start)
		return
	}
	kind := LongToken
	l.digits()
	if l.byteAt(l.pos) == '.' && isDigit(l.byteAt(l.pos+1)) {
		l.pos++
		l.digits()
		kind = RealToken
	} else if l.byteAt(l.pos) == '.' && l.byteAt(l.pos+1) != '.' && !l.identAt(l.pos+1) && kind == LongToken {
		l.pos++
		kind = RealToken
	}
	if c := l.byteAt(l.pos); c == 'e' || c == 'E' {
		p := l.pos + 1
		if s := l.byteAt(p); s == '+' || s == '-' {
			p++
		}
		if isDigit(l.byteAt(p)) {
			l.pos = p
			l.digits()
			kind = RealToken
		}
	}
	suffix := l.pos
	for l.identContinues() {
		l.pos++
	}
	switch {
	case suffix == l.pos:
		l.emit(kind, start)
	case timespanUnit(l.text[suffix:l.pos]) != 0:
		l.emit(TimespanToken, start)
	case kind == LongToken:
		l.finishIdentifier(start)
	default:
		l.pos = suffix
		l.emit(kind, start)
	}
}

func (l *lexer) digits() {
	for isDigit(l.byteAt(l.pos)) {
		l.pos++
	}
}

// identContinues reports whether an ASCII name character follows; that is enough for numbers and their suffixes.
func (l *lexer) identContinues() bool {
	c := l.byteAt(l.pos)
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (l *lexer) identAt(i int) bool {
	return i < len(l.text) && identStartAt(l.text[i:]) > 0
}

func (l *lexer) finishIdentifier(start int) {
	for l.pos < len(l.text) {
		n := identPartAt(l.text[l.pos:])
		if n == 0 {
			break
		}
		l.pos += n
	}
	l.emit(Identifier, start)
}

// scanIdentifier reads a name, an operator word that ends in a tilde (in~), or a typed literal (datetime(…)).
func (l *lexer) scanIdentifier(start int) {
	l.pos += identStartAt(l.text[start:])
	l.finishIdentifier(start)
	last := &l.tokens[len(l.tokens)-1]
	switch {
	case last.Text == "in" && l.byteAt(l.pos) == '~':
		l.pos++
		last.Text, last.Span.End = l.text[start:l.pos], l.pos
	case l.byteAt(l.pos) == '(' && isTypedLiteral(last.Text):
		end := strings.IndexAny(l.text[l.pos:], ")\n")
		if end < 0 || l.text[l.pos+end] == '\n' {
			return
		}
		l.pos += end + 1
		last.Kind, last.Text, last.Span.End = TypedToken, l.text[start:l.pos], l.pos
	}
}

// scanPunctuation reads the longest operator; `!contains` and its like are one token of kind Identifier, as the
// operator words without the exclamation mark are.
func (l *lexer) scanPunctuation(start int) {
	rest := l.text[start:]
	if rest[0] == '!' {
		n := 1
		for n < len(rest) && (rest[n] == '_' || rest[n] >= 'a' && rest[n] <= 'z') {
			n++
		}
		if isNegatedWord(rest[1:n]) {
			if rest[1:n] == "in" && n < len(rest) && rest[n] == '~' {
				n++
			}
			l.pos += n
			l.emit(Identifier, start)
			return
		}
	}
	for _, op := range [...]string{"==", "!=", "<>", "<=", ">=", "=~", "!~", "=>", ".."} {
		if strings.HasPrefix(rest, op) {
			l.pos += 2
			l.emit(Punctuation, start)
			return
		}
	}
	if strings.IndexByte("()[]{},;|.=<>+-*/%:?", rest[0]) >= 0 {
		l.pos++
		l.emit(Punctuation, start)
		return
	}
	_, n := utf8.DecodeRuneInString(rest)
	l.pos += n
	l.emit(Invalid, start)
	if len(l.diags) < maxDiagnostics {
		l.diags = append(l.diags, diag.UnexpectedCharacter(diag.Span{Start: start, End: l.pos}, rest[:n]))
	}
}

// matchBrackets fills Token.Match. A closing bracket of the wrong kind closes the nearest opening one of its kind and
// leaves those between without partner; each token is pushed and popped once, so the work stays linear.
func (l *lexer) matchBrackets() {
	var stack []int
	var open [3]int
	for i := range l.tokens {
		t := &l.tokens[i]
		if t.Kind != Punctuation {
			continue
		}
		if k := strings.Index("([{", t.Text); k >= 0 && len(t.Text) == 1 {
			stack = append(stack, i)
			open[k]++
			continue
		}
		k := strings.Index(")]}", t.Text)
		if k < 0 || open[k] == 0 {
			continue
		}
		for {
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			kind := strings.Index("([{", l.tokens[top].Text)
			open[kind]--
			if kind == k {
				l.tokens[top].Match, t.Match = i, top
				break
			}
		}
	}
}

// isTypedLiteral lists the types whose literals are written type(…).
func isTypedLiteral(name string) bool {
	switch name {
	case "bool", "boolean", "int", "long", "int64", "real", "double", "decimal", "datetime", "date", "timespan", "time", "guid", "uniqueid":
		return true
	}
	return false
}

// isNegatedWord lists the operator words that may follow an exclamation mark.
func isNegatedWord(word string) bool {
	switch word {
	case "in", "has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs", "contains", "contains_cs",
		"containscs", "startswith", "startswith_cs", "endswith", "endswith_cs", "between", "has_any", "has_all":
		return true
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// identStartAt returns the length of the character that may begin a name at the start of s, or 0. `$` begins $left and
// $right.
func identStartAt(s string) int {
	c := s[0]
	if c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		return 1
	}
	if c < utf8.RuneSelf {
		return 0
	}
	r, n := utf8.DecodeRuneInString(s)
	if unicode.IsLetter(r) {
		return n
	}
	return 0
}

// identPartAt is identStartAt for the characters after the first.
func identPartAt(s string) int {
	if isDigit(s[0]) {
		return 1
	}
	if s[0] == '$' {
		return 0
	}
	return identStartAt(s)
}

// IsIdentifier reports whether a name can be written without brackets as far as its characters go.
func IsIdentifier(name string) bool {
	if name == "" || identStartAt(name) == 0 {
		return false
	}
	for i := 0; i < len(name); {
		n := identPartAt(name[i:])
		if n == 0 && !(i == 0 && name[0] == '$') {
			return false
		}
		i += max(n, 1)
	}
	return true
}
