package bind

import (
	"regexp"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// searchOperator is a union with the name of each row's table, and a filter in which a text alone stands for any column
// that holds it. in is nil where search begins a query; then it reads the tables it names, or all.
func (b *binder) searchOperator(in *relation, o *syntax.SearchOperator, s *scope) *relation {
	exact := false
	for _, p := range o.Parameters {
		switch v := optionText(p); v {
		case "default", "case_insensitive":
		case "case_sensitive":
			exact = true
		default:
			b.report(diag.UnknownOption(p.Value.Pos(), "kind", v, "default, case_insensitive, case_sensitive"))
		}
	}
	const tableColumn = "$table"
	if in != nil && (len(o.Tables) > 0 || in.find(tableColumn) >= 0) {
		b.report(diag.NotSupportedYet(o.Pos(), "search in tables, or a second search, behind a pipe"))
		return b.broken()
	}
	tables := o.Tables
	if in == nil && tables == nil {
		tables = []syntax.Expression{&syntax.WildcardedName{Span: o.Span, Pattern: "*"}}
	}
	source := syntax.NamedParameter{Span: o.Span, Name: syntax.Name{Text: "withsource"}, Value: &syntax.NameReference{Name: tableColumn}}
	all := b.unionOperator(in, &syntax.UnionOperator{Span: o.Span, Parameters: []syntax.NamedParameter{source}, Tables: tables}, s)
	if o.Predicate == nil {
		return b.broken()
	}
	predicate := b.searchPredicate(o.Predicate, &env{scope: s, in: all}, exact)
	return b.over(all, &plan.Select{Input: all.node, Predicate: predicate}, o)
}

// searchPredicate binds a condition of search: terms joined by and and or, between conditions as in where. Exact terms
// regard case.
func (b *binder) searchPredicate(e syntax.Expression, en *env, exact bool) plan.Expr {
	switch e := e.(type) {
	case *syntax.StarExpression:
		return &plan.Const{Typ: catalog.Bool, Value: true}
	case *syntax.LogicalExpression:
		var all plan.Expr
		for _, operand := range e.Operands {
			bound := b.searchPredicate(operand, en, exact)
			if all == nil {
				all = bound
			} else {
				all = b.operatorCall(e.Op, catalog.Bool, all, bound)
			}
		}
		return all
	case *syntax.LiteralExpression:
		if e.Kind == syntax.StringLiteral {
			op, text := searchTerm(e.Text, exact)
			if text == "" {
				b.report(diag.NotSupportedYet(e.Pos(), "search for no text"))
				return boolUnknown()
			}
			literal := &syntax.LiteralExpression{Span: e.Span, Kind: syntax.StringLiteral, Text: text}
			return b.anyColumn(&syntax.BinaryExpression{Span: e.Span, Op: op, OpSpan: e.Span, Left: &syntax.StarExpression{Span: e.Span}, Right: literal}, en)
		}
	case *syntax.BinaryExpression:
		literal, ok := e.Right.(*syntax.LiteralExpression)
		if ok && e.Op == "has" && strings.Contains(literal.Text, "*") && e.OpSpan.End-e.OpSpan.Start == 1 {
			b.report(diag.NotSupportedYet(e.Pos(), "search for a pattern in one column"))
			return boolUnknown()
		}
		if exact && e.Op == "has" && e.OpSpan.End-e.OpSpan.Start == 1 {
			cased := *e
			cased.Op = "has_cs"
			return b.booleanExpr(&cased, en)
		}
	}
	return b.booleanExpr(e, en)
}

// searchTerm is the operator that the stars in a term ask for, and its operand.
func searchTerm(term string, exact bool) (op, text string) {
	fold, cased := "(?i)", ""
	if exact {
		fold, cased = "", "_cs"
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(term, "*"), "*")
	before, after := strings.HasPrefix(term, "*"), strings.HasSuffix(term, "*")
	switch {
	case inner == "":
		return "", ""
	case strings.Contains(inner, "*"):
		parts := strings.Split(term, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern := strings.Join(parts, ".*")
		if !before {
			pattern = `\b` + pattern
		}
		if !after {
			pattern += `\b`
		}
		return "matches regex", fold + pattern
	case before && after:
		return "contains" + cased, inner
	case before:
		return "hassuffix" + cased, inner
	case after:
		return "hasprefix" + cased, inner
	}
	return "has" + cased, term
}
