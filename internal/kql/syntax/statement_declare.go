package syntax

// DeclareParametersStatement declares values that come with the request.
// https://learn.microsoft.com/kusto/query/query-parameters-statement
type DeclareParametersStatement struct {
	Span
	Parameters []FunctionParameter
}

// DeclarePatternStatement maps tuples of texts to tables. https://learn.microsoft.com/kusto/query/pattern-statement
type DeclarePatternStatement struct {
	Span
	Name       Name
	Parameters []NameAndType
	// Path is the parameter behind the tuple, with an empty name if there is none.
	Path  NameAndType
	Cases []PatternCase
}

// PatternCase is one tuple with its table.
type PatternCase struct {
	Span
	Arguments []Expression
	Path      Expression // nil if there is none
	Body      *FunctionBody
}

// RestrictStatement leaves only some tables and views to the statements behind it.
// https://learn.microsoft.com/kusto/query/restrict-statement
type RestrictStatement struct {
	Span
	Entities []Expression
}

func (*DeclareParametersStatement) statement() {}
func (*DeclarePatternStatement) statement()    {}
func (*RestrictStatement) statement()          {}

func (p *parser) declareParametersStatement() Statement {
	start := p.start()
	p.pos += 2
	s := &DeclareParametersStatement{}
	open := p.pos
	if p.expect("(") {
		if !p.at(")") {
			p.commaList(func() { s.Parameters = append(s.Parameters, p.functionParameter()) })
		}
		p.close(open)
	}
	s.Span = p.from(start)
	return s
}

func (p *parser) declarePatternStatement() Statement {
	start := p.start()
	p.pos += 2
	s := &DeclarePatternStatement{Name: p.name("the pattern")}
	if p.accept("=") {
		open := p.pos
		if p.expect("(") {
			if !p.at(")") {
				p.commaList(func() { s.Parameters = append(s.Parameters, p.nameAndType()) })
			}
			p.close(open)
		}
		if p.accept("[") {
			s.Path = p.nameAndType()
			p.expect("]")
		}
		open = p.pos
		if p.expect("{") {
			for p.at("(") {
				s.Cases = append(s.Cases, p.patternCase())
				if !p.accept(";") {
					break
				}
			}
			p.close(open)
		}
	}
	s.Span = p.from(start)
	return s
}

func (p *parser) patternCase() PatternCase {
	start := p.start()
	c := PatternCase{}
	open := p.pos
	p.advance()
	p.commaList(func() { c.Arguments = append(c.Arguments, p.expression()) })
	p.close(open)
	if p.accept(".") {
		if p.accept("[") {
			c.Path = p.expression()
			p.expect("]")
		} else {
			n := p.name("the path")
			c.Path = &LiteralExpression{Span: n.Span, Kind: StringLiteral, Text: n.Text}
		}
	}
	p.expect("=")
	c.Body = p.functionBody()
	c.Span = p.from(start)
	return c
}

func (p *parser) restrictStatement() Statement {
	start := p.start()
	p.pos++
	s := &RestrictStatement{}
	p.expectWord("access")
	p.expectWord("to")
	open := p.pos
	if p.expect("(") {
		p.commaList(func() {
			if t := p.peek(); t.Kind == Identifier && p.peekAt(1).Text == "(" {
				s.Entities = append(s.Entities, p.unary())
				return
			}
			s.Entities = append(s.Entities, p.nameOrPattern("the table"))
		})
		p.close(open)
	}
	s.Span = p.from(start)
	return s
}

func (s *DeclareParametersStatement) print(w *printer) {
	w.write("declare query_parameters (")
	w.declarations(s.Parameters)
	w.write(")")
}

func (s *DeclarePatternStatement) print(w *printer) {
	w.write("declare pattern ")
	w.name(s.Name)
	if s.Parameters == nil {
		return
	}
	w.write(" = (")
	w.namesAndTypes(s.Parameters)
	w.write(")")
	if s.Path.Name.Text != "" {
		w.write("[")
		w.namesAndTypes([]NameAndType{s.Path})
		w.write("]")
	}
	w.write("\n{\n")
	for _, c := range s.Cases {
		w.write("(")
		w.expressions(c.Arguments)
		w.write(")")
		if c.Path != nil {
			w.write(".[")
			w.expression(c.Path, levelOr)
			w.write("]")
		}
		w.write(" = ")
		w.body(c.Body)
		w.write(";\n")
	}
	w.write("}")
}

func (s *RestrictStatement) print(w *printer) {
	w.write("restrict access to (")
	w.expressions(s.Entities)
	w.write(")")
}

// declarations writes names with their types and defaults.
func (w *printer) declarations(list []FunctionParameter) {
	for i, c := range list {
		w.comma(i)
		w.name(c.Name)
		w.write(":" + c.Type.Text)
		if c.Default != nil {
			w.write(" = ")
			w.expression(c.Default, levelOr)
		}
	}
}
