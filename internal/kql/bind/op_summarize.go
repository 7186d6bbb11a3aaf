package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// summarizer collects the result of one summarize while its items are bound.
type summarizer struct {
	b     *binder
	in    *relation
	scope *scope
	names *nameSet
	keys  []plan.Named
	aggs  *aggregates
	// items are the columns of the result in order, as expressions over the Aggregate; computed is set if one of them is
	// more than a column of it.
	items    []plan.Named
	computed bool
}

func (b *binder) summarizeOperator(in *relation, o *syntax.SummarizeOperator, s *scope) *relation {
	z := &summarizer{b: b, in: in, scope: s, names: newNameSet(len(o.By) + len(o.Aggregates)), aggs: &aggregates{}}
	for _, e := range o.By {
		z.key(e)
	}
	for _, e := range o.Aggregates {
		z.aggregate(e)
	}
	node := &plan.Aggregate{Input: in.node, Keys: z.keys, Aggs: z.aggs.list}
	cols := make([]plan.Column, len(z.items))
	for i, it := range z.items {
		cols[i] = plan.Column{Name: it.Name, Type: it.Expr.Type()}
	}
	b.carry(in.part, node)
	r := b.made(node, cols, in.size, false, o)
	if z.computed {
		items := append(z.items, in.part.items()...)
		r = b.made(&plan.Project{Input: node, Items: items}, cols, r.size, false, o)
	}
	return r
}

// key binds one expression to group by.
func (z *summarizer) key(e syntax.Expression) {
	en := &env{scope: z.scope, in: z.in}
	names, value := split(e)
	bound := z.b.scalarExpr(value, en)
	if bound.Type() == catalog.Dynamic {
		z.b.report(diag.DynamicKey(value.Pos(), "summarize … by", syntax.Print(value)))
	}
	name := z.b.columnName(names, value, en, z.names)
	z.keys = append(z.keys, plan.Named{Name: name, Expr: bound})
	z.items = append(z.items, plan.Named{Name: name, Expr: &plan.ColumnRef{Name: name, Typ: bound.Type()}})
}

// aggregate binds one aggregate, or an expression over aggregates.
func (z *summarizer) aggregate(e syntax.Expression) {
	en := &env{scope: z.scope, in: z.in, aggregates: z.aggs}
	names, value := split(e)
	f, call := z.b.aggregateOf(value, z.scope)
	if f == nil {
		bound := z.b.scalarExpr(value, en)
		name := z.b.columnName(names, value, en, z.names)
		z.items = append(z.items, plan.Named{Name: name, Expr: bound})
		z.computed = true
		return
	}
	c, out := z.b.aggregate(f, call, en, z.names)
	if len(names) > len(out) {
		z.b.report(diag.TooManyNames(names[len(out)].Pos(), len(out)))
		names = names[:len(out)]
	}
	for i := range out {
		if i < len(names) {
			out[i].Name = z.b.explicitName(names[i], z.names)
		} else if out[i].Name == "" {
			out[i].Name = z.names.unique(z.names.column(z.in))
		} else {
			out[i].Name = z.names.unique(out[i].Name)
		}
		z.items = append(z.items, plan.Named{Name: out[i].Name, Expr: &plan.ColumnRef{Name: out[i].Name, Typ: out[i].Type}})
	}
	if c != nil {
		z.aggs.list = append(z.aggs.list, plan.Aggregation{Call: c, Out: out})
	}
}

// split separates the names of an item from its expression.
func split(e syntax.Expression) ([]syntax.Name, syntax.Expression) {
	if n, ok := e.(*syntax.NamedExpression); ok {
		return n.Names, n.Expression
	}
	return nil, e
}

// columnName settles the name of an item with one column: the one given, which must be free, or a derived one.
func (b *binder) columnName(names []syntax.Name, e syntax.Expression, en *env, used *nameSet) string {
	if len(names) > 0 {
		if len(names) > 1 {
			b.report(diag.TooManyNames(names[1].Pos(), 1))
		}
		return b.explicitName(names[0], used)
	}
	if name, ok := b.derivedName(e, en); ok {
		name = used.unique(name)
		if _, plain := e.(*syntax.NameReference); plain {
			used.give(name)
		}
		return name
	}
	return used.unique(used.column(en.in))
}

// explicitName takes a name that the query gives; twice the same is an error. A name that an expression before it has
// by itself gets a number.
func (b *binder) explicitName(n syntax.Name, used *nameSet) string {
	if used.given[n.Text] {
		b.report(diag.DuplicateColumn(n.Pos(), n.Text))
	}
	used.give(n.Text)
	return used.unique(n.Text)
}
