package syntax

import "nordlys/internal/kql/diag"

// WhereOperator keeps the rows that satisfy a predicate. https://learn.microsoft.com/kusto/query/where-operator
type WhereOperator struct {
	Span
	// Name is given by where x = true, which compares nothing; "" as a rule.
	Name      string
	Predicate Expression
}

func (*WhereOperator) operator() {}

func (p *parser) whereOperator() Operator {
	p.parameters()
	outer := p.predicate
	p.predicate = true
	defer func() { p.predicate = outer }()
	o := &WhereOperator{}
	if t := p.peek(); t.Kind == Identifier && p.peekAt(1).Text == "=" && p.peekAt(1).Kind == Punctuation {
		o.Name = t.Text
		p.report(diag.NamedPredicate(p.peekAt(1).Span))
		p.pos += 2
	}
	o.Predicate = p.expression()
	return o
}

func (o *WhereOperator) print(w *printer) {
	w.word("where")
	if o.Name != "" {
		w.word(o.Name)
		w.word("=")
	}
	w.expression(o.Predicate, levelOr)
}
