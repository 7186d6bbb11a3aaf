// Package kql is the language in one place: a query text and the tables its caller may read go in, a plan or a list of
// diagnostics comes out.
//
// The work is done by the packages below it: syntax reads, bind resolves, plan is the result, diag speaks about
// mistakes, catalog knows the functions. This package runs nothing and knows no engine.
package kql

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/bind"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// Options are the circumstances of one query; see bind.Options.
type Options = bind.Options

// Compile reads and binds a query. The plan is nil if the list has errors; a list without errors may hold warnings.
// Diagnostics are in the order of the text, those of the parser and of the binder together.
func Compile(query string, tables bind.Tables, opt Options) (*plan.Query, diag.List) {
	tree, diags := syntax.Parse(query)
	bound, more := bind.Bind(tree, tables, opt)
	diags = append(diags, more...)
	diags.Sort()
	if diags.HasErrors() {
		return nil, diags
	}
	return bound, diags
}

// ExplainTokens lists the tokens of a query, one a line: position, kind, text.
func ExplainTokens(query string) (string, diag.List) {
	tokens, diags := syntax.Tokens(query)
	lines := diag.NewLines(query)
	var b strings.Builder
	for _, t := range tokens {
		pos := lines.At(t.Span.Start)
		fmt.Fprintf(&b, "%d:%d\t%s\t%s\n", pos.Line, pos.Column, t.Kind, t.Text)
	}
	return b.String(), diags
}

// ExplainTree writes the tree of a query, one node a line.
func ExplainTree(query string) (string, diag.List) {
	tree, diags := syntax.Parse(query)
	return syntax.Dump(tree, true), diags
}

// Format writes a query in the uniform layout of the printer. A query that cannot be read comes back as it is.
func Format(query string) (string, diag.List) {
	tree, diags := syntax.Parse(query)
	if diags.HasErrors() {
		return query, diags
	}
	return syntax.Print(tree), diags
}
