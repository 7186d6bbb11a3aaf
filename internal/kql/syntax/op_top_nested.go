package syntax

// TopNestedOperator yields the top values of an expression, the top values of another within each of them, and so on.
// https://learn.microsoft.com/kusto/query/top-nested-operator
type TopNestedOperator struct {
	Span
	Levels []TopNestedLevel
}

// TopNestedLevel is one clause: Count and Others are nil if not given.
type TopNestedLevel struct {
	Span
	Count  Expression
	Of     Expression
	Others Expression
	By     *OrderedExpression
}

// TopHittersOperator yields the values of a column that occur most, or whose sum of another column is greatest.
// https://learn.microsoft.com/kusto/query/top-hitters-operator
type TopHittersOperator struct {
	Span
	Count Expression
	Of    Expression
	By    Expression
}

func (*TopNestedOperator) operator()  {}
func (*TopHittersOperator) operator() {}

func (p *parser) topNestedOperator() Operator {
	o := &TopNestedOperator{}
	for {
		start := p.start()
		var l TopNestedLevel
		if !p.atWord("of") {
			l.Count = p.expression()
		}
		p.expectWord("of")
		l.Of = p.named()
		if p.acceptWord("with") && p.expectWord("others") && p.expect("=") {
			l.Others = p.expression()
		}
		p.expectWord("by")
		l.By = p.ordered()
		l.Span = p.from(start)
		o.Levels = append(o.Levels, l)
		if !p.accept(",") {
			return o
		}
		if !p.atWord("top") || p.operatorName() != "top-nested" {
			p.unexpected(`"top-nested"`)
			return o
		}
	}
}

func (p *parser) topHittersOperator() Operator {
	o := &TopHittersOperator{Count: p.expression()}
	p.expectWord("of")
	o.Of = p.named()
	if p.acceptWord("by") {
		o.By = p.named()
	}
	return o
}

func (o *TopNestedOperator) print(w *printer) {
	for i, l := range o.Levels {
		w.comma(i)
		w.word("top-nested")
		if l.Count != nil {
			w.expression(l.Count, levelOr)
			w.write(" ")
		}
		w.word("of")
		w.expression(l.Of, levelOr)
		if l.Others != nil {
			w.write(" with others=")
			w.expression(l.Others, levelOr)
		}
		w.write(" by ")
		w.ordered(l.By)
	}
}

func (o *TopHittersOperator) print(w *printer) {
	w.word("top-hitters")
	w.expression(o.Count, levelOr)
	w.write(" of ")
	w.expression(o.Of, levelOr)
	if o.By != nil {
		w.write(" by ")
		w.expression(o.By, levelOr)
	}
}
