package syntax

// UnionOperator appends the rows of tables. Tables may be WildcardedNames.
// https://learn.microsoft.com/kusto/query/union-operator
type UnionOperator struct {
	Span
	Parameters []NamedParameter
	Tables     []Expression
}

func (*UnionOperator) operator() {}

func (p *parser) unionOperator() Operator {
	o := &UnionOperator{Parameters: p.parameters("kind", "withsource", "with_source", "isfuzzy")}
	p.commaList(func() { o.Tables = append(o.Tables, p.unionTable()) })
	return o
}

// unionTable reads a table, a pattern of table names, or a subquery.
func (p *parser) unionTable() Expression {
	next := p.peekAt(1)
	if p.at("*") || p.peek().Kind == Identifier && next.Text == "*" && next.Kind == Punctuation && next.Span.Start == p.peek().Span.End {
		return p.nameOrPattern("the table")
	}
	return p.nested(p.unary)
}

func (o *UnionOperator) print(w *printer) {
	w.word("union")
	w.parameters(o.Parameters)
	for i, t := range o.Tables {
		w.comma(i)
		w.expression(t, levelPostfix)
	}
}
