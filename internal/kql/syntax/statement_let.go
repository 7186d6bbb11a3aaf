package syntax

// LetStatement gives a name to a scalar, a table or a function.
// https://learn.microsoft.com/kusto/query/let-statement
type LetStatement struct {
	Span
	Name       Name
	Expression Expression
}

func (*LetStatement) statement() {}

// FunctionDeclaration is the right side of a let that declares a function.
type FunctionDeclaration struct {
	Span
	View       bool
	Parameters []FunctionParameter
	Body       *FunctionBody
}

func (*FunctionDeclaration) expression() {}

// FunctionParameter is one parameter of a let function. A tabular parameter has Tabular set and either AnyColumns
// (`T: (*)`) or its columns.
type FunctionParameter struct {
	Span
	Name       Name
	Type       Name
	Tabular    bool
	AnyColumns bool
	Columns    []NameAndType
	Default    Expression
}

// FunctionBody is what stands between the braces: let statements and the expression that is the result, nil if
// missing.
type FunctionBody struct {
	Span
	Statements []Statement
	Expression Expression
}

func (p *parser) letStatement() Statement {
	start := p.start()
	p.advance()
	s := &LetStatement{Name: p.name("the let statement")}
	if p.expect("=") && p.atFunction() {
		s.Expression = p.functionDeclaration()
	} else {
		s.Expression = p.tabular()
	}
	s.Span = p.from(start)
	return s
}

// atFunction reports whether a function declaration follows: (…) { or view (…) {.
func (p *parser) atFunction() bool {
	n := 0
	if p.atWord("view") {
		n = 1
	}
	t := p.peekAt(n)
	if t.Kind != Punctuation || t.Text != "(" || t.Match < 0 {
		return false
	}
	after := &p.tokens[t.Match+1]
	return after.Kind == Punctuation && after.Text == "{"
}

func (p *parser) functionDeclaration() Expression {
	start := p.start()
	f := &FunctionDeclaration{View: p.acceptWord("view")}
	open := p.pos
	p.advance()
	if !p.at(")") {
		p.commaList(func() { f.Parameters = append(f.Parameters, p.functionParameter()) })
	}
	p.close(open)
	f.Body = p.functionBody()
	f.Span = p.from(start)
	return f
}

func (p *parser) functionParameter() FunctionParameter {
	start := p.start()
	f := FunctionParameter{Name: p.name("the parameter")}
	p.expect(":")
	if p.at("(") {
		open := p.pos
		p.advance()
		f.Tabular = true
		if p.accept("*") {
			f.AnyColumns = true
		} else if !p.at(")") {
			p.commaList(func() { f.Columns = append(f.Columns, p.nameAndType()) })
		}
		p.close(open)
	} else {
		f.Type = p.name("the type of the parameter")
		if p.accept("=") {
			f.Default = p.expression()
		}
	}
	f.Span = p.from(start)
	return f
}

// nameAndType reads `Name: Type`.
func (p *parser) nameAndType() NameAndType {
	start := p.start()
	n := NameAndType{Name: p.name("the column")}
	if p.expect(":") {
		n.Type = p.name("the type")
	}
	n.Span = p.from(start)
	return n
}

func (p *parser) functionBody() *FunctionBody {
	start := p.start()
	b := &FunctionBody{}
	open := p.pos
	if !p.expect("{") {
		b.Span = p.from(start)
		return b
	}
	if !p.enter() {
		return b
	}
	defer p.leave()
	for !p.recovering && !p.at("}") && p.peek().Kind != EOF {
		if p.accept(";") {
			continue
		}
		s := p.statement()
		if e, ok := s.(*ExpressionStatement); ok && b.Expression == nil {
			b.Expression = e.Expression
		} else {
			b.Statements = append(b.Statements, s)
		}
		if !p.at(";") && !p.at("}") {
			p.unexpected(`";" or "}"`)
		}
	}
	p.close(open)
	b.Span = p.from(start)
	return b
}

func (s *LetStatement) print(w *printer) {
	w.word("let")
	w.name(s.Name)
	w.write(" = ")
	w.expression(s.Expression, 0)
}

func (f *FunctionDeclaration) print(w *printer) {
	if f.View {
		w.write("view ")
	}
	w.write("(")
	for i, param := range f.Parameters {
		w.comma(i)
		w.name(param.Name)
		w.write(":")
		switch {
		case param.AnyColumns:
			w.write("(*)")
		case param.Tabular:
			w.write("(")
			w.namesAndTypes(param.Columns)
			w.write(")")
		default:
			w.name(param.Type)
		}
		if param.Default != nil {
			w.write(" = ")
			w.expression(param.Default, 0)
		}
	}
	w.write(") ")
	w.body(f.Body)
}

func (w *printer) body(b *FunctionBody) {
	w.write("{\n")
	for _, s := range b.Statements {
		w.statement(s)
		w.write(";\n")
	}
	if b.Expression != nil {
		w.expression(b.Expression, 0)
	}
	w.write("\n}")
}
