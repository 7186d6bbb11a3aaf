package diag

import "fmt"

// UnexpectedToken says that the text cannot continue as it does. Found is the token as written, or "" at the end of
// the query; expected is what would be right there, in the user's words.
func UnexpectedToken(span Span, found, expected string) Diagnostic {
	if found == "" {
		found = "the end of the query"
	} else {
		found = fmt.Sprintf("%q", firstRunes(found, 40))
	}
	return Diagnostic{
		Code: CodeUnexpectedToken, Summary: "Unexpected text", Span: span,
		Detail: fmt.Sprintf("Found %s where %s should stand.", found, expected),
	}
}

// UnexpectedCharacter says that a character begins no token of the language.
func UnexpectedCharacter(span Span, text string) Diagnostic {
	return Diagnostic{
		Code: CodeUnexpectedCharacter, Summary: "Unexpected character", Span: span,
		Detail: fmt.Sprintf("%q has no meaning here. Put text in quotes, and names with special characters in ['…'].", firstRunes(text, 10)),
	}
}

// UnterminatedString says that a string has no closing quote on its line.
func UnterminatedString(span Span, quote string) Diagnostic {
	return Diagnostic{
		Code: CodeUnterminatedString, Summary: "String without an end", Span: span,
		Detail: fmt.Sprintf("Close it with %s on the same line. A text of several lines goes between ``` and ```.", quote),
	}
}

// InvalidEscape says that a backslash in a string starts no known escape.
func InvalidEscape(span Span, escape string) Diagnostic {
	return Diagnostic{
		Code: CodeInvalidEscape, Summary: "Unknown escape in a string", Span: span,
		Detail: fmt.Sprintf("%s is no escape. Write \\\\ for a backslash, or start the string with @ to take every character as it is.", escape),
	}
}

// InvalidLiteral says that the text inside a typed literal is no value of that type.
func InvalidLiteral(span Span, typeName, example string) Diagnostic {
	return Diagnostic{
		Code: CodeInvalidLiteral, Summary: "Not a value of this type", Span: span,
		Detail: fmt.Sprintf("A %s literal is written like %s. To convert an expression use to%s(…).", typeName, example, typeName),
	}
}

// UnclosedBracket says that an opening bracket has no partner.
func UnclosedBracket(span Span, open, closing string) Diagnostic {
	return Diagnostic{
		Code: CodeUnclosedBracket, Summary: "Bracket without its partner", Span: span,
		Detail: fmt.Sprintf("Nothing closes this %q: add %q where its content ends.", open, closing),
	}
}

// UnknownOperator says that no tabular operator has the name that follows a pipe.
func UnknownOperator(span Span, name, near string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownOperator, Summary: "Unknown operator", Span: span,
		Detail: fmt.Sprintf("There is no operator %q.%s", firstRunes(name, 40), didYouMean(near)),
	}
}

// NotSupportedYet says that a construct belongs to the language but not yet to this product. What names it with its
// kind: "operator mv-apply".
func NotSupportedYet(span Span, what string) Diagnostic {
	return Diagnostic{
		Code: CodeNotSupportedYet, Summary: "Not supported yet", Span: span,
		Detail: "Not supported yet: " + what + ".",
	}
}

// TooDeep says that brackets or operators are nested beyond what is compiled.
func TooDeep(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeTooDeep, Summary: "Nested too deeply", Span: span,
		Detail: "Split the expression with let or extend, or write long lists with in (…).",
	}
}

// ManagementCommand says that the text is a command to a cluster, not a query.
func ManagementCommand(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeManagementCommand, Summary: "Management commands do not exist here", Span: span,
		Detail: "A text that starts with a dot is a command to a Kusto cluster. Write a query instead.",
	}
}

// MissingName says that a name is needed and none was written.
func MissingName(span Span, what string) Diagnostic {
	return Diagnostic{
		Code: CodeMissingName, Summary: "A name is missing", Span: span,
		Detail: "Write a name for " + what + ".",
	}
}

// SingleEquals says that one equals sign stands where a comparison is meant.
func SingleEquals(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeSingleEquals, Summary: "One equals sign", Span: span,
		Detail: "= gives a name to a column. Write == to compare.",
	}
}

// NamedPredicate warns of where x = y, which names a column and keeps the rows for which y alone is true.
func NamedPredicate(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeSingleEquals, Severity: Warning, Summary: "One equals sign", Span: span,
		Detail: "= gives a name and compares nothing, so what stands before it is not read. Write == to compare.",
	}
}

// MissingSeparator says that a complete query goes on with a word on a new line.
func MissingSeparator(span Span, found string) Diagnostic {
	return Diagnostic{
		Code: CodeUnexpectedToken, Summary: "Unexpected text", Span: span,
		Detail: fmt.Sprintf("Found %q behind a complete operator. Begin the line with | to go on, or end the query before it with ; (let) or run them one by one.", firstRunes(found, 40)),
	}
}
