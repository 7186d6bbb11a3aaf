package syntax

// SetOptionStatement sets an option of the request: `set notruncation`, `set query_now = datetime(…)`.
// https://learn.microsoft.com/kusto/query/set-statement
type SetOptionStatement struct {
	Span
	Name Name
	// Value is nil when only the name is given.
	Value Expression
}

func (*SetOptionStatement) statement() {}

func (p *parser) setStatement() Statement {
	start := p.start()
	p.advance()
	s := &SetOptionStatement{Name: p.name("the option")}
	if p.accept("=") {
		s.Value = p.parameterValue()
	}
	s.Span = p.from(start)
	return s
}

func (s *SetOptionStatement) print(w *printer) {
	w.word("set")
	w.name(s.Name)
	if s.Value != nil {
		w.write(" = ")
		w.expression(s.Value, 0)
	}
}
