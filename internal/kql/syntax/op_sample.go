package syntax

// SampleOperator yields random rows. https://learn.microsoft.com/kusto/query/sample-operator
type SampleOperator struct {
	Span
	Count Expression
}

// SampleDistinctOperator yields different values of a column, any of them.
// https://learn.microsoft.com/kusto/query/sample-distinct-operator
type SampleDistinctOperator struct {
	Span
	Count  Expression
	Column Name
}

func (*SampleOperator) operator()         {}
func (*SampleDistinctOperator) operator() {}

func (p *parser) sampleOperator() Operator { return &SampleOperator{Count: p.expression()} }

func (p *parser) sampleDistinctOperator() Operator {
	o := &SampleDistinctOperator{Count: p.expression()}
	if p.expectWord("of") {
		o.Column = p.name("the column")
	}
	return o
}

func (o *SampleOperator) print(w *printer) {
	w.word("sample")
	w.expression(o.Count, levelOr)
}

func (o *SampleDistinctOperator) print(w *printer) {
	w.word("sample-distinct")
	w.expression(o.Count, levelOr)
	w.write(" of ")
	w.name(o.Column)
}
