package syntax

// ExtendOperator adds computed columns. https://learn.microsoft.com/kusto/query/extend-operator
type ExtendOperator struct {
	Span
	Columns []Expression
}

// ProjectOperator chooses and computes columns. https://learn.microsoft.com/kusto/query/project-operator
type ProjectOperator struct {
	Span
	Columns []Expression
}

// ProjectAwayOperator leaves out columns, by name or pattern.
// https://learn.microsoft.com/kusto/query/project-away-operator
type ProjectAwayOperator struct {
	Span
	Columns []Expression
}

// ProjectKeepOperator keeps columns, by name or pattern, in the order of the input.
// https://learn.microsoft.com/kusto/query/project-keep-operator
type ProjectKeepOperator struct {
	Span
	Columns []Expression
}

// ProjectRenameOperator renames columns: each element is a NamedExpression.
// https://learn.microsoft.com/kusto/query/project-rename-operator
type ProjectRenameOperator struct {
	Span
	Columns []Expression
}

// ProjectReorderOperator moves columns to the front. Order of an element sorts what a pattern matches: asc, desc,
// granny-asc and granny-desc, "" for the order of the input.
// https://learn.microsoft.com/kusto/query/project-reorder-operator
type ProjectReorderOperator struct {
	Span
	Columns []*OrderedExpression
}

func (*ExtendOperator) operator()         {}
func (*ProjectOperator) operator()        {}
func (*ProjectAwayOperator) operator()    {}
func (*ProjectKeepOperator) operator()    {}
func (*ProjectRenameOperator) operator()  {}
func (*ProjectReorderOperator) operator() {}

func (p *parser) extendOperator() Operator {
	return &ExtendOperator{Columns: p.namedList()}
}

func (p *parser) projectOperator() Operator {
	return &ProjectOperator{Columns: p.namedList()}
}

func (p *parser) projectAwayOperator() Operator {
	return &ProjectAwayOperator{Columns: p.patternList()}
}

func (p *parser) projectKeepOperator() Operator {
	return &ProjectKeepOperator{Columns: p.patternList()}
}

func (p *parser) projectRenameOperator() Operator {
	return &ProjectRenameOperator{Columns: p.namedList()}
}

func (p *parser) projectReorderOperator() Operator {
	o := &ProjectReorderOperator{}
	p.commaList(func() {
		start := p.start()
		item := &OrderedExpression{Expression: p.nameOrPattern("the column")}
		switch {
		case p.atWord("asc"), p.atWord("desc"):
			item.Order = p.advance().Text
		case p.atWord("granny"):
			item.Order = p.operatorName()
			if item.Order != "granny-asc" && item.Order != "granny-desc" {
				p.unexpected(`"granny-asc" or "granny-desc"`)
			}
		}
		item.Span = p.from(start)
		o.Columns = append(o.Columns, item)
	})
	return o
}

// patternList reads names and patterns.
func (p *parser) patternList() []Expression {
	var list []Expression
	p.commaList(func() { list = append(list, p.nameOrPattern("the column")) })
	return list
}

func (o *ExtendOperator) print(w *printer)        { w.list("extend", o.Columns) }
func (o *ProjectOperator) print(w *printer)       { w.list("project", o.Columns) }
func (o *ProjectAwayOperator) print(w *printer)   { w.list("project-away", o.Columns) }
func (o *ProjectKeepOperator) print(w *printer)   { w.list("project-keep", o.Columns) }
func (o *ProjectRenameOperator) print(w *printer) { w.list("project-rename", o.Columns) }

func (o *ProjectReorderOperator) print(w *printer) {
	w.word("project-reorder")
	for i, c := range o.Columns {
		w.comma(i)
		w.ordered(c)
	}
}
