package syntax

// SortOperator orders rows. https://learn.microsoft.com/kusto/query/sort-operator
type SortOperator struct {
	Span
	Parameters []NamedParameter
	Keys       []*OrderedExpression
}

// TopOperator yields the first rows in an order. https://learn.microsoft.com/kusto/query/top-operator
type TopOperator struct {
	Span
	Parameters []NamedParameter
	Count      Expression
	Keys       []*OrderedExpression
}

// TakeOperator yields any rows up to a number. https://learn.microsoft.com/kusto/query/take-operator
type TakeOperator struct {
	Span
	Parameters []NamedParameter
	Count      Expression
}

func (*SortOperator) operator() {}
func (*TopOperator) operator()  {}
func (*TakeOperator) operator() {}

func (p *parser) sortOperator() Operator {
	o := &SortOperator{Parameters: p.parameters()}
	p.expectWord("by")
	p.commaList(func() { o.Keys = append(o.Keys, p.ordered()) })
	return o
}

func (p *parser) topOperator() Operator {
	o := &TopOperator{Parameters: p.parameters()}
	o.Count = p.expression()
	p.expectWord("by")
	p.commaList(func() { o.Keys = append(o.Keys, p.ordered()) })
	return o
}

func (p *parser) takeOperator() Operator {
	o := &TakeOperator{Parameters: p.parameters()}
	o.Count = p.expression()
	return o
}

func (o *SortOperator) print(w *printer) {
	w.word("sort")
	w.parameters(o.Parameters)
	w.keys(o.Keys)
}

func (o *TopOperator) print(w *printer) {
	w.word("top")
	w.parameters(o.Parameters)
	w.expression(o.Count, levelOr)
	w.write(" ")
	w.keys(o.Keys)
}

func (o *TakeOperator) print(w *printer) {
	w.word("take")
	w.parameters(o.Parameters)
	w.expression(o.Count, levelOr)
}

func (w *printer) keys(keys []*OrderedExpression) {
	w.word("by")
	for i, k := range keys {
		w.comma(i)
		w.ordered(k)
	}
}
