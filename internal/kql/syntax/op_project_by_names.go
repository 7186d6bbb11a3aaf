package syntax

// ProjectByNamesOperator chooses columns by constants: names, patterns, arrays of them.
// https://learn.microsoft.com/kusto/query/project-by-names-operator
type ProjectByNamesOperator struct {
	Span
	Columns []Expression
}

func (*ProjectByNamesOperator) operator() {}

func (p *parser) projectByNamesOperator() Operator {
	return &ProjectByNamesOperator{Columns: p.expressionList()}
}

// expressionList reads expressions without names.
func (p *parser) expressionList() []Expression {
	var list []Expression
	p.commaList(func() { list = append(list, p.expression()) })
	return list
}

func (o *ProjectByNamesOperator) print(w *printer) { w.list("project-by-names", o.Columns) }
