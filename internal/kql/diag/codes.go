package diag

// Code is the stable name of a kind of mistake; tests and other programs compare it, never the wording.
type Code string

// The codes of the parser.
const (
	CodeUnexpectedToken     Code = "unexpected-token"
	CodeUnexpectedCharacter Code = "unexpected-character"
	CodeUnterminatedString  Code = "unterminated-string"
	CodeInvalidEscape       Code = "invalid-escape"
	CodeInvalidLiteral      Code = "invalid-literal"
	CodeUnclosedBracket     Code = "unclosed-bracket"
	CodeUnknownOperator     Code = "unknown-operator"
	CodeNotSupportedYet     Code = "not-supported-yet"
	CodeTooDeep             Code = "too-deep"
	CodeManagementCommand   Code = "management-command"
	CodeMissingName         Code = "missing-name"
	CodeSingleEquals        Code = "single-equals"
)

// CodeDoc documents a code with a query that causes it; a test compiles every example.
type CodeDoc struct {
	Code    Code
	Doc     string
	Example string
}

// Codes lists every code once, in the order of the documentation.
func Codes() []CodeDoc {
	return []CodeDoc{
		{CodeUnexpectedToken, "The text cannot continue like this.", "print x = = 1"},
		{CodeUnexpectedCharacter, "A character begins no token of the language.", "print 1 ^ 2"},
		{CodeUnterminatedString, "A string does not end on its line.", "print 'abc"},
		{CodeInvalidEscape, "A backslash in a string starts no known escape.", `print "C:\Windows"`},
		{CodeInvalidLiteral, "The text in a typed literal is no value of the type.", "print datetime(yesterday)"},
		{CodeUnclosedBracket, "An opening bracket has no partner.", "print (1 + 2"},
		{CodeUnknownOperator, "No tabular operator has this name.", "print x = 1 | summarise count()"},
		{CodeNotSupportedYet, "The language has it, this product does not yet.", "print x = 1 | sample 1"},
		{CodeTooDeep, "Brackets or operators are nested beyond the limit.", ""},
		{CodeManagementCommand, "The text is a command to a cluster, not a query.", ".show tables"},
		{CodeMissingName, "A name is needed and none was written.", "print x = 1 | as"},
		{CodeSingleEquals, "One equals sign where a comparison is meant.", "print x = 1 | where x = 1"},
	}
}
