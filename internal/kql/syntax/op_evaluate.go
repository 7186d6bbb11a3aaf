package syntax

// EvaluateOperator runs a plugin over the rows, or as a source of rows. Schema is what the query says about the columns
// of the answer, nil if nothing. https://learn.microsoft.com/kusto/query/evaluate-operator
type EvaluateOperator struct {
	Span
	Parameters []NamedParameter
	Plugin     *FunctionCallExpression
	Schema     []OutputColumn
}

// OutputColumn is an element of the output schema of a plugin: a column, or a star for the columns of the input.
type OutputColumn struct {
	Span
	Star   bool
	Column NameAndType
}

func (*EvaluateOperator) operator() {}

func (p *parser) evaluateOperator() Operator {
	o := &EvaluateOperator{Parameters: p.parameters()}
	if t := p.peek(); t.Kind != Identifier || p.peekAt(1).Text != "(" {
		p.unexpected("a call of a plugin")
		return o
	}
	if o.Plugin, _ = p.nested(p.primary).(*FunctionCallExpression); o.Plugin == nil {
		p.unexpected("a call of a plugin")
		return o
	}
	if !p.accept(":") {
		return o
	}
	open := p.pos
	if !p.expect("(") {
		return o
	}
	p.commaList(func() {
		start := p.start()
		var c OutputColumn
		if p.accept("*") {
			c.Star = true
		} else {
			c.Column.Name = p.name("the column")
			p.expect(":")
			c.Column.Type = p.name("the type")
			c.Column.Span = p.from(start)
		}
		c.Span = p.from(start)
		o.Schema = append(o.Schema, c)
	})
	p.close(open)
	return o
}

// atEvaluate reports whether a query begins with the operator evaluate and not with a name.
func (p *parser) atEvaluate() bool {
	next := p.peekAt(1)
	return next.Kind == Identifier && (next.Text == "hint" || p.peekAt(2).Kind == Punctuation && p.peekAt(2).Text == "(")
}

func (o *EvaluateOperator) print(w *printer) {
	w.word("evaluate")
	w.parameters(o.Parameters)
	if o.Plugin != nil {
		w.expression(o.Plugin, levelPostfix)
	}
	if o.Schema == nil {
		return
	}
	w.write(" : (")
	for i, c := range o.Schema {
		w.comma(i)
		if c.Star {
			w.write("*")
			continue
		}
		w.name(c.Column.Name)
		w.write(":" + c.Column.Type.Text)
	}
	w.write(")")
}
