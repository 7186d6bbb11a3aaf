package syntax

// AliasStatement gives a database a name for the statements behind it.
// https://learn.microsoft.com/kusto/query/alias-statement
type AliasStatement struct {
	Span
	Name   Name
	Target Expression // cluster("…").database("…")
}

func (*AliasStatement) statement() {}

func (p *parser) aliasStatement() Statement {
	start := p.start()
	p.pos++
	s := &AliasStatement{}
	p.expectWord("database")
	s.Name = p.name("the alias")
	if p.expect("=") {
		s.Target = p.expression()
	}
	s.Span = p.from(start)
	return s
}

func (s *AliasStatement) print(w *printer) {
	w.write("alias database ")
	w.name(s.Name)
	w.write(" = ")
	w.expression(s.Target, levelPostfix)
}
