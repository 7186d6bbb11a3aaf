package syntax

// MvExpandOperator makes a row for each element of dynamic arrays.
// https://learn.microsoft.com/kusto/query/mv-expand-operator
type MvExpandOperator struct {
	Span
	Parameters []NamedParameter
	Items      []MvExpandItem
	// Limit is nil if there is none.
	Limit Expression
}

// MvExpandItem is one expression to expand; To is nil without `to typeof(…)`.
type MvExpandItem struct {
	Span
	Expression Expression
	To         *TypeOfExpression
}

func (*MvExpandOperator) operator() {}

// legacyRows is the limit of the old spelling mvexpand where the query gives none.
const legacyRows = 128

func (p *parser) mvExpandOperator(legacy bool) Operator {
	o := &MvExpandOperator{Parameters: p.parameters("kind", "bagexpansion", "with_itemindex")}
	o.Items, o.Limit = p.expansions()
	if o.Limit == nil && legacy {
		o.Limit = &LiteralExpression{Span: p.from(p.start()), Kind: LongLiteral, Int: legacyRows}
	}
	return o
}

// expansions reads what mv-expand and mv-apply expand, and the limit behind it, nil if there is none.
func (p *parser) expansions() (items []MvExpandItem, limit Expression) {
	p.commaList(func() {
		start := p.start()
		item := MvExpandItem{Expression: p.named()}
		if p.acceptWord("to") {
			if p.atWord("typeof") {
				item.To, _ = p.primary().(*TypeOfExpression)
			} else {
				p.unexpected("typeof(…)")
			}
		}
		item.Span = p.from(start)
		items = append(items, item)
	})
	if p.acceptWord("limit") {
		limit = p.expression()
	}
	return items, limit
}

func (o *MvExpandOperator) print(w *printer) {
	w.word("mv-expand")
	w.parameters(o.Parameters)
	w.expansions(o.Items, o.Limit)
}

func (w *printer) expansions(items []MvExpandItem, limit Expression) {
	for i, item := range items {
		w.comma(i)
		w.expression(item.Expression, levelOr)
		if item.To != nil {
			w.write(" to ")
			item.To.print(w)
		}
	}
	if limit != nil {
		w.write(" limit ")
		w.expression(limit, levelOr)
	}
}
