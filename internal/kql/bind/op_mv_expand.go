package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

func (b *binder) mvExpandOperator(in *relation, o *syntax.MvExpandOperator, s *scope) *relation {
	return b.expand(in, o.Parameters, o.Items, o.Limit, o, s)
}

// expand makes the rows of mv-expand and mv-apply.
func (b *binder) expand(in *relation, parameters []syntax.NamedParameter, items []syntax.MvExpandItem, limit syntax.Expression, at syntax.Node, s *scope) *relation {
	node := &plan.Unnest{Input: in.node}
	for _, p := range parameters {
		switch v := optionText(p); p.Name.Text {
		case "kind", "bagexpansion":
			if v != "bag" && v != "array" {
				b.report(diag.UnknownOption(p.Value.Pos(), p.Name.Text, v, "bag, array"))
			}
			node.BagArrays = v == "array"
		case "with_itemindex":
			node.IndexColumn = v
		}
	}
	en := &env{scope: s, in: in}
	names := newNameSet(len(items))
	for _, item := range items {
		given, value := split(item.Expression)
		bound := b.scalarExpr(value, en)
		if t := bound.Type(); t != catalog.Dynamic && t != catalog.Unknown {
			b.report(diag.NotExpandable(value.Pos(), syntax.Print(value), t.String()))
		}
		to := catalog.Dynamic
		if item.To != nil {
			to = b.typeName(item.To.Type)
		}
		column := plan.Column{Name: b.columnName(given, value, en, names), Type: to}
		node.Items = append(node.Items, plan.UnnestItem{Expr: bound, Column: column})
	}
	if limit != nil {
		node.Limit = b.rowCount(limit, s)
	}
	return b.made(node, in.part.visible(node.Schema()), in.size, in.open, at)
}
