package syntax

// SummarizeOperator groups rows and aggregates them. https://learn.microsoft.com/kusto/query/summarize-operator
type SummarizeOperator struct {
	Span
	Parameters []NamedParameter
	Aggregates []Expression
	By         []Expression
}

func (*SummarizeOperator) operator() {}

func (p *parser) summarizeOperator() Operator {
	o := &SummarizeOperator{Parameters: p.parameters()}
	if !p.atWord("by") {
		o.Aggregates = p.namedList()
	}
	if p.acceptWord("by") {
		o.By = p.namedList()
	}
	return o
}

func (o *SummarizeOperator) print(w *printer) {
	w.word("summarize")
	w.parameters(o.Parameters)
	w.expressions(o.Aggregates)
	if o.By != nil {
		if o.Aggregates != nil {
			w.write(" ")
		}
		w.word("by")
		w.expressions(o.By)
	}
}
