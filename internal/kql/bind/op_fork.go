package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// forkOperator binds each branch over the same rows, which are computed once for each result.
func (b *binder) forkOperator(in *relation, o *syntax.ForkOperator, s *scope) *relation {
	var tables []*relation
	for _, branch := range o.Branches {
		r := b.branch(in, branch.Subquery, s)
		if branch.Name.Text != "" {
			r.result = branch.Name.Text
		}
		tables = append(tables, r)
	}
	return several(b, tables)
}

// branch binds operators over rows that others read too.
func (b *binder) branch(in *relation, list []syntax.Operator, s *scope) *relation {
	r := b.again(in, list[0])
	for _, operator := range list {
		if b.overflow {
			return b.broken()
		}
		r = b.operator(r, operator, s, false)
	}
	if len(r.results) > 1 || r.graph != nil {
		b.report(diag.SeveralTables(list[len(list)-1].Pos()))
		return b.broken()
	}
	own := *r
	return &own
}

// several makes a relation of tables that are results of their own.
func several(b *binder, tables []*relation) *relation {
	if len(tables) == 0 {
		return b.broken()
	}
	r := *tables[0]
	r.results = tables
	return &r
}

// facetOperator makes the table of the pipeline, then for each column its values with the number of their rows.
func (b *binder) facetOperator(in *relation, o *syntax.FacetOperator, s *scope) *relation {
	var tables []*relation
	if len(o.With) > 0 {
		tables = append(tables, b.branch(in, o.With, s))
	}
	for _, n := range o.By {
		key := b.scalarExpr(&syntax.NameReference{Span: n.Span, Name: n.Text}, &env{scope: newScope(nil), in: in})
		if key.Type() == catalog.Dynamic {
			b.report(diag.DynamicKey(n.Pos(), "facet by", n.Text))
		}
		count, _ := b.catalog.Function("count")
		aggregation := plan.Aggregation{Call: &plan.Call{Overload: count.Overloads[0], Typ: catalog.Long}, Out: []plan.Column{{Name: "count_" + n.Text, Type: catalog.Long}}}
		r := b.aggregateNode(b.again(in, o), []plan.Named{{Name: n.Text, Expr: key}}, []plan.Aggregation{aggregation}, o)
		r.result = n.Text
		tables = append(tables, r)
	}
	return several(b, tables)
}

// consumeOperator gives one table without rows; the input is not read.
func (b *binder) consumeOperator(in *relation, o *syntax.ConsumeOperator) *relation {
	return b.made(&plan.Values{}, nil, 0, in.open, o)
}
