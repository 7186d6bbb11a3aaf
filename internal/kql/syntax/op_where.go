package syntax

// WhereOperator keeps the rows that satisfy a predicate. https://learn.microsoft.com/kusto/query/where-operator
type WhereOperator struct {
	Span
	Predicate Expression
}

func (*WhereOperator) operator() {}

func (p *parser) whereOperator() Operator {
	p.parameters()
	outer := p.predicate
	p.predicate = true
	defer func() { p.predicate = outer }()
	return &WhereOperator{Predicate: p.expression()}
}

func (o *WhereOperator) print(w *printer) {
	w.word("where")
	w.expression(o.Predicate, levelOr)
}
