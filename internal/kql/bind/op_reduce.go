package bind

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// reduceOperator finds patterns as SLCT does (https://ristov.github.io/publications/slct-ipom03-web.pdf): a term is
// frequent if more than the threshold of all rows have it at its place; the other terms of a text become *, and the
// texts that are alike then are a group if they are frequent too. All other texts are the group others.
func (b *binder) reduceOperator(in *relation, o *syntax.ReduceOperator, s *scope) *relation {
	source := false
	for _, p := range o.Parameters {
		if v := optionText(p); v == "source" {
			source = true
		} else if p.Name.Text == "kind" {
			b.report(diag.UnknownOption(p.Value.Pos(), "kind", v, "source"))
		}
	}
	threshold := &plan.Const{Typ: catalog.Real, Value: 0.1}
	separators := ""
	for _, p := range o.With {
		switch c, ok := b.scalarExpr(p.Value, &env{scope: s, in: &relation{}}).(*plan.Const); {
		case !ok:
			b.report(diag.ConstantExpected(p.Value.Pos(), p.Name.Text))
		case p.Name.Text == "characters":
			separators, ok = c.Value.(string)
			if !ok || c.Typ != catalog.String {
				b.report(diag.WrongType(p.Value.Pos(), "characters", "string", c.Typ.String()))
			}
		case c.Typ.IsNumber():
			if f := foldConversion(c, catalog.Real); f != nil {
				c = f
			}
			v, isReal := c.Value.(float64)
			if !isReal || v < 0 || v > 1 {
				b.report(diag.UnknownOption(p.Value.Pos(), "threshold", syntax.Print(p.Value), "a number from 0 to 1"))
				return b.broken()
			}
			threshold = c
		default:
			b.report(diag.WrongType(p.Value.Pos(), "threshold", "real", c.Typ.String()))
		}
	}
	if o.By == nil {
		return b.broken()
	}
	value := b.scalarExpr(o.By, &env{scope: s, in: in})
	if isUnknown(value) {
		return b.broken()
	}
	// Given characters belong to the wildcard that they stand beside; of others the pattern keeps those at the ends.
	class, beside := `[^A-Za-z0-9]`, `\*(?:[^A-Za-z0-9]*\*)+`
	if separators != "" {
		class = `[` + classOf(separators) + `]`
		beside = class + `*\*(?:` + class + `*\*)*` + class + `*`
	}
	other := `[A-Za-z0-9]+`
	if separators != "" {
		other = `[^` + classOf(separators) + `]+`
	}
	// Each value once, with the terms and what is between them; an empty one first, so that none has no term at all.
	text := `let R = T | serialize N = row_number() | summarize C = count(), N = min(N) by V;
		let D = materialize(R);
		let Least = toscalar(D | summarize sum(C)) * Threshold;
		let W = materialize(D | extend X = array_concat(pack_array(''), coalesce(extract_all(Terms, V), dynamic([])))
			| mv-expand with_itemindex=I X to typeof(string) | extend Between = X matches regex Gap);
		let F = W | where not(Between) and I > 0 | summarize S = sum(C) by X, I | where S > Least | project X, I, Frequent = true;
		let P0 = materialize(W | join kind=leftouter F on X, I
		| extend Frequent = coalesce(Frequent, false), X = iff(coalesce(Frequent, false) or Between or I == 0, X, '*')
		| sort by V asc, I asc
		| summarize P = strcat_array(make_list(X), ''), Terms = countif(Frequent), C = take_any(C), N = take_any(N) by V
		| extend P = replace_regex(P, Beside, '*'));
		let Alike = P0 | summarize S = sum(C), Terms = max(Terms), arg_min(N, V) by P | extend Alone = Terms == 0 or S <= Least;
		let Groups = Alike | summarize S = sum(S), arg_min(N, V) by Pattern = iff(Alone, 'others', P), Alone
		| extend Count = S, Representative = iff(Alone, '', V);
		`
	if source {
		text += `P0 | project Text = V, P | lookup (Alike | project P, Alone) on P
		| extend Pattern = iff(Alone, 'others', P) | lookup Groups on Pattern, Alone | project Text, Pattern, Count, Representative`
	} else {
		text += `Groups | sort by S desc, N asc | project Pattern, Count, Representative`
	}
	str := func(s string) plan.Expr { return &plan.Const{Typ: catalog.String, Value: s} }
	values := map[string]plan.Expr{"Threshold": threshold, "Terms": str(fmt.Sprintf("(%s|%s+)", other, class)), "Gap": str("^" + class + "+$"), "Beside": str(beside)}
	texts := b.project(in, []plan.Named{{Name: "V", Expr: b.convert(value, catalog.String)}}, o)
	r := b.compose(text, map[string]*relation{"T": texts}, values, o)
	if !source || r.open {
		return r
	}
	// The rows as they are, with the pattern of their text behind them.
	node := &plan.Join{Kind: plan.LeftOuter, Left: in.node, Right: r.node, On: []plan.JoinKey{{Left: b.convert(value, catalog.String), Right: r.ref(0)}}}
	names := newNameSet(len(in.cols) + 3)
	for _, c := range in.cols {
		node.Out = append(node.Out, plan.JoinColumn{Name: names.unique(c.Name), From: c})
	}
	for _, c := range r.cols[1:] {
		node.Out = append(node.Out, plan.JoinColumn{Name: names.unique(c.Name), Right: true, From: c})
	}
	return b.made(node, node.Schema(), in.size+r.size, in.open, o)
}

// classOf escapes characters for a class of a regular expression.
func classOf(chars string) string {
	var s strings.Builder
	for _, r := range chars {
		fmt.Fprintf(&s, `\x{%x}`, r)
	}
	return s.String()
}
