package syntax

// ParseOperator extracts columns from a text by a pattern; Where is set for parse-where.
// https://learn.microsoft.com/kusto/query/parse-operator
type ParseOperator struct {
	Span
	Where      bool
	Parameters []NamedParameter
	Source     Expression
	Pattern    []ParsePart
}

// ParsePart is one element of the pattern: a star, a text, or a column with an optional type.
type ParsePart struct {
	Span
	Star   bool
	Text   *LiteralExpression
	Column *NameAndType
}

func (*ParseOperator) operator() {}

func (p *parser) parseOperator(where bool) Operator {
	o := &ParseOperator{Where: where, Parameters: p.parameters("kind", "flags")}
	o.Source = p.expression()
	p.expectWord("with")
	for !p.recovering {
		start := p.start()
		var part ParsePart
		switch {
		case p.accept("*"):
			part.Star = true
		case p.peek().Kind == StringToken:
			part.Text = p.literal().(*LiteralExpression)
		case p.atName():
			c := &NameAndType{Name: p.name("the column")}
			if p.accept(":") {
				c.Type = p.name("the type")
			}
			c.Span = p.from(start)
			part.Column = c
		default:
			if len(o.Pattern) == 0 {
				p.unexpected("a pattern: texts in quotes, * and column names")
			}
			return o
		}
		part.Span = p.from(start)
		o.Pattern = append(o.Pattern, part)
	}
	return o
}

func (o *ParseOperator) print(w *printer) {
	if o.Where {
		w.word("parse-where")
	} else {
		w.word("parse")
	}
	w.parameters(o.Parameters)
	w.expression(o.Source, levelOr)
	w.write(" with")
	for _, part := range o.Pattern {
		w.write(" ")
		switch {
		case part.Star:
			w.write("*")
		case part.Text != nil:
			part.Text.print(w)
		case part.Column != nil:
			w.name(part.Column.Name)
			if part.Column.Type.Text != "" {
				w.write(":")
				w.name(part.Column.Type)
			}
		}
	}
}
