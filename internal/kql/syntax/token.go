package syntax

import "nordlys/internal/kql/diag"

// Kind tells tokens apart. Keywords are identifiers here: Kusto lets most of them be names, and only the parser knows
// where a keyword can stand.
type Kind uint8

// The kinds of tokens. Literal kinds whose text has the form type(…) hold everything between type and the closing
// parenthesis, because what is inside is no sequence of tokens.
const (
	EOF Kind = iota
	Invalid
	Identifier
	StringToken
	LongToken
	RealToken
	TimespanToken
	TypedToken
	Punctuation
)

// Token is one lexical element. Text is a part of the query, never a copy.
type Token struct {
	Kind Kind
	Text string
	Span diag.Span
	// Match is the index of the partner of a bracket, or -1.
	Match int
}

// String names the kind for the explain command.
func (k Kind) String() string {
	return [...]string{"eof", "invalid", "identifier", "string", "long", "real", "timespan", "typed literal", "punctuation"}[k]
}
