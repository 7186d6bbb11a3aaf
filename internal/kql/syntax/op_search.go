package syntax

// SearchOperator finds rows by terms in any column, in the rows before it or in tables.
// https://learn.microsoft.com/kusto/query/search-operator
type SearchOperator struct {
	Span
	Parameters []NamedParameter
	// Tables is nil without `in (…)`; they may be WildcardedNames.
	Tables    []Expression
	Predicate Expression
}

func (*SearchOperator) operator() {}

func (p *parser) searchOperator() Operator {
	o := &SearchOperator{Parameters: p.parameters("kind")}
	if p.atWord("in") {
		p.pos++
		open := p.pos
		if !p.expect("(") {
			return o
		}
		p.commaList(func() { o.Tables = append(o.Tables, p.unionTable()) })
		p.close(open)
	}
	o.Predicate = p.expression()
	return o
}

func (o *SearchOperator) print(w *printer) {
	w.word("search")
	w.parameters(o.Parameters)
	w.inTables(o.Tables)
	w.expression(o.Predicate, levelOr)
}

// inTables writes the tables that search and find name, if they do.
func (w *printer) inTables(tables []Expression) {
	if tables == nil {
		return
	}
	w.write("in (")
	for i, t := range tables {
		w.comma(i)
		w.expression(t, levelPostfix)
	}
	w.write(") ")
}
