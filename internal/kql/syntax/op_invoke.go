package syntax

// InvokeOperator calls a function with the rows so far as its first argument.
// https://learn.microsoft.com/kusto/query/invoke-operator
type InvokeOperator struct {
	Span
	Function *FunctionCallExpression
}

func (*InvokeOperator) operator() {}

func (p *parser) invokeOperator() Operator {
	o := &InvokeOperator{}
	if t := p.peek(); t.Kind != Identifier || p.peekAt(1).Text != "(" {
		p.unexpected("a call of a function")
		return o
	}
	if o.Function, _ = p.nested(p.primary).(*FunctionCallExpression); o.Function == nil {
		p.unexpected("a call of a function")
	}
	return o
}

func (o *InvokeOperator) print(w *printer) {
	w.word("invoke")
	if o.Function != nil {
		w.expression(o.Function, levelPostfix)
	}
}
