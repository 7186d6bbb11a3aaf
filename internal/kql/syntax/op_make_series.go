package syntax

// MakeSeriesOperator makes arrays of aggregates over the steps of an axis.
// https://learn.microsoft.com/kusto/query/make-series-operator
type MakeSeriesOperator struct {
	Span
	Parameters []NamedParameter
	Aggregates []SeriesAggregate
	Axis       Expression
	// From and To are nil where the data decide.
	From, To, Step Expression
	By             []Expression
	// InRange is the older form, on axis in range(start, stop, step): To is included, and the points are those of bin().
	InRange bool
}

// SeriesAggregate is one aggregate of make-series; Default is nil without `default=…`.
type SeriesAggregate struct {
	Span
	Expression Expression
	Default    Expression
}

func (*MakeSeriesOperator) operator() {}

func (p *parser) makeSeriesOperator() Operator {
	o := &MakeSeriesOperator{Parameters: p.parameters("kind")}
	p.commaList(func() {
		start := p.start()
		a := SeriesAggregate{Expression: p.named()}
		if p.acceptWord("default") && p.expect("=") {
			a.Default = p.expression()
		}
		a.Span = p.from(start)
		o.Aggregates = append(o.Aggregates, a)
	})
	if !p.expectWord("on") {
		return o
	}
	if t := p.peekAt(1); t.Kind == Identifier && t.Text == "in" {
		o.InRange = true
		o.Axis = p.unary()
		p.pos++
		if p.expectWord("range") && p.expect("(") {
			o.From = p.expression()
			if p.expect(",") {
				o.To = p.expression()
			}
			if p.expect(",") {
				o.Step = p.expression()
			}
			p.expect(")")
		}
	} else {
		o.Axis = p.named()
		if p.acceptWord("from") {
			o.From = p.expression()
		}
		if p.acceptWord("to") {
			o.To = p.expression()
		}
		if p.expectWord("step") {
			o.Step = p.expression()
		}
	}
	if p.acceptWord("by") {
		o.By = p.namedList()
	}
	return o
}

func (o *MakeSeriesOperator) print(w *printer) {
	w.word("make-series")
	w.parameters(o.Parameters)
	for i, a := range o.Aggregates {
		w.comma(i)
		w.expression(a.Expression, levelOr)
		if a.Default != nil {
			w.write(" default=")
			w.expression(a.Default, levelOr)
		}
	}
	w.write(" on ")
	w.expression(o.Axis, levelOr)
	if o.InRange && o.From != nil && o.To != nil && o.Step != nil {
		w.write(" in range(")
		for i, e := range []Expression{o.From, o.To, o.Step} {
			w.comma(i)
			w.expression(e, levelOr)
		}
		w.write(")")
		if o.By != nil {
			w.list(" by", o.By)
		}
		return
	}
	for _, part := range []struct {
		word  string
		value Expression
	}{{"from", o.From}, {"to", o.To}, {"step", o.Step}} {
		if part.value != nil {
			w.write(" " + part.word + " ")
			w.expression(part.value, levelOr)
		}
	}
	if o.By != nil {
		w.list(" by", o.By)
	}
}
