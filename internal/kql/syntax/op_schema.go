package syntax

// GetSchemaOperator yields a row for each column of its input.
// https://learn.microsoft.com/kusto/query/getschema-operator
type GetSchemaOperator struct{ Span }

// AsOperator gives its input a name that the rest of the query can read.
// https://learn.microsoft.com/kusto/query/as-operator
type AsOperator struct {
	Span
	Parameters []NamedParameter
	Name       Name
}

// SerializeOperator marks the rows as ordered and may add columns.
// https://learn.microsoft.com/kusto/query/serialize-operator
type SerializeOperator struct {
	Span
	Columns []Expression
}

func (*GetSchemaOperator) operator() {}
func (*AsOperator) operator()        {}
func (*SerializeOperator) operator() {}

func (p *parser) asOperator() Operator {
	o := &AsOperator{Parameters: p.parameters()}
	o.Name = p.name("the result so far")
	return o
}

func (p *parser) serializeOperator() Operator {
	o := &SerializeOperator{}
	if t := p.peek(); t.Kind != EOF && !isPipe(t) && !p.atEnd() {
		o.Columns = p.namedList()
	}
	return o
}

func (o *GetSchemaOperator) print(w *printer) { w.write("getschema") }

func (o *AsOperator) print(w *printer) {
	w.word("as")
	w.parameters(o.Parameters)
	w.name(o.Name)
}

func (o *SerializeOperator) print(w *printer) {
	if len(o.Columns) == 0 {
		w.write("serialize")
		return
	}
	w.list("serialize", o.Columns)
}
