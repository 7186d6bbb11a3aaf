// Package diag holds what the language says about a query that is wrong or doubtful: a code, a fixed summary, what to
// write instead, and the place in the text, with rendering for people.
//
// It knows no grammar and no types: the parser and the binder decide what is wrong and call one constructor here for
// each kind of mistake, so that all wording lives in one place.
package diag

import "slices"

// Span is a half-open range of byte offsets in the query text.
type Span struct {
	Start int
	End   int
}

// Cover returns the smallest span that holds both.
func (s Span) Cover(other Span) Span {
	return Span{Start: min(s.Start, other.Start), End: max(s.End, other.End)}
}

// Severity says whether a query can run in spite of a diagnostic.
type Severity int

// A query with an Error is refused; a Warning is shown beside the answer.
const (
	Error Severity = iota
	Warning
)

// String returns the word that rendering starts a diagnostic with.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one thing to say about one place of a query. Code and Summary are fixed for a kind of mistake; Detail
// speaks about this occurrence and says what to write instead.
type Diagnostic struct {
	Code     Code
	Severity Severity
	Summary  string
	Detail   string
	Span     Span
}

// Error makes a Diagnostic usable where Go expects an error; it has no line and column because it has no text.
func (d Diagnostic) Error() string {
	if d.Detail == "" {
		return d.Summary
	}
	return d.Summary + ": " + d.Detail
}

// List is every diagnostic of one query, in the order they were found until Sort is called.
type List []Diagnostic

// HasErrors reports whether the query must be refused.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders the list by position, so that a reader goes through the query once, and drops exact repeats, which arise
// when one let function is expanded several times.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b Diagnostic) int {
		if a.Span.Start != b.Span.Start {
			return a.Span.Start - b.Span.Start
		}
		return a.Span.End - b.Span.End
	})
	*l = slices.Compact(*l)
}
