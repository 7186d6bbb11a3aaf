package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

func (b *binder) sortOperator(in *relation, o *syntax.SortOperator, s *scope) *relation {
	return b.over(in, &plan.Sort{Input: in.node, Keys: append(in.part.sortKeys(), b.sortKeys(in, o.Keys, "sort", s)...)}, o)
}

func (b *binder) topOperator(in *relation, o *syntax.TopOperator, s *scope) *relation {
	count := b.rowCount(o.Count, s)
	sorted := b.over(in, &plan.Sort{Input: in.node, Keys: append(in.part.sortKeys(), b.sortKeys(in, o.Keys, "top", s)...)}, o)
	return b.over(sorted, &plan.Limit{Input: sorted.node, Count: count, Per: in.part.names()}, o)
}

func (b *binder) takeOperator(in *relation, o *syntax.TakeOperator, s *scope) *relation {
	return b.over(in, &plan.Limit{Input: in.node, Count: b.rowCount(o.Count, s), Per: in.part.names()}, o)
}

// rowCount binds a number of rows, which no column may decide.
func (b *binder) rowCount(e syntax.Expression, s *scope) plan.Expr {
	count := b.scalarExpr(e, &env{scope: s, in: &relation{}})
	switch t := count.Type(); t {
	case catalog.Long, catalog.Unknown:
	case catalog.Int:
		count = b.convert(count, catalog.Long)
	default:
		b.report(diag.WrongType(e.Pos(), "the number of rows", "long", t.String()))
	}
	return count
}

// sortKeys binds the keys of an order: descending unless told otherwise; nulls are last in it, and first in an
// ascending one.
func (b *binder) sortKeys(in *relation, list []*syntax.OrderedExpression, operator string, s *scope) []plan.SortKey {
	en := &env{scope: s, in: in, window: true}
	keys := make([]plan.SortKey, 0, len(list))
	for _, k := range list {
		_, value := split(k.Expression)
		bound := b.scalarExpr(value, en)
		if bound.Type() == catalog.Dynamic {
			b.report(diag.DynamicKey(value.Pos(), operator+" by", syntax.Print(value)))
		}
		key := plan.SortKey{Expr: bound, Desc: k.Order != "asc"}
		key.NullsFirst = !key.Desc
		if k.Nulls != "" {
			key.NullsFirst = k.Nulls == "first"
		}
		keys = append(keys, key)
	}
	return keys
}
