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
		o.Items = append(o.Items, item)
	})
	if p.acceptWord("limit") {
		o.Limit = p.expression()
	} else if legacy {
		o.Limit = &LiteralExpression{Span: p.from(p.start()), Kind: LongLiteral, Int: legacyRows}
	}
	return o
}

func (o *MvExpandOperator) print(w *printer) {
	w.word("mv-expand")
	w.parameters(o.Parameters)
	for i, item := range o.Items {
		w.comma(i)
		w.expression(item.Expression, levelOr)
		if item.To != nil {
			w.write(" to ")
			item.To.print(w)
		}
	}
	if o.Limit != nil {
		w.write(" limit ")
		w.expression(o.Limit, levelOr)
	}
}
