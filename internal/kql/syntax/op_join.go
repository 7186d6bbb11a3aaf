package syntax

// JoinOperator merges the rows of two tables. Each element of On is a column name or a comparison of $left and $right.
// https://learn.microsoft.com/kusto/query/join-operator
type JoinOperator struct {
	Span
	Parameters []NamedParameter
	Right      Expression
	On         []Expression
}

// LookupOperator extends rows with columns of a dimension table.
// https://learn.microsoft.com/kusto/query/lookup-operator
type LookupOperator struct {
	Span
	Parameters []NamedParameter
	Right      Expression
	On         []Expression
}

func (*JoinOperator) operator()   {}
func (*LookupOperator) operator() {}

func (p *parser) joinOperator() Operator {
	o := &JoinOperator{Parameters: p.parameters("kind")}
	o.Right, o.On = p.joinOperands()
	return o
}

func (p *parser) lookupOperator() Operator {
	o := &LookupOperator{Parameters: p.parameters("kind")}
	o.Right, o.On = p.joinOperands()
	return o
}

// joinOperands reads the right table and the conditions.
func (p *parser) joinOperands() (right Expression, on []Expression) {
	right = p.nested(p.unary)
	if p.acceptWord("on") {
		p.commaList(func() { on = append(on, p.expression()) })
	} else {
		p.unexpected(`"on" and the columns to join by`)
	}
	return right, on
}

func (o *JoinOperator) print(w *printer) {
	w.word("join")
	w.joinOperands(o.Parameters, o.Right, o.On)
}

func (o *LookupOperator) print(w *printer) {
	w.word("lookup")
	w.joinOperands(o.Parameters, o.Right, o.On)
}

func (w *printer) joinOperands(parameters []NamedParameter, right Expression, on []Expression) {
	w.parameters(parameters)
	w.expression(right, levelPostfix)
	w.write(" on ")
	w.expressions(on)
}
