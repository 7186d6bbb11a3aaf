package syntax

// ScanOperator goes over ordered rows and finds sequences by steps. https://learn.microsoft.com/kusto/query/scan-operator
type ScanOperator struct {
	Span
	Parameters []NamedParameter
	// Declare lists the columns that steps assign; Default of an element is nil if not given.
	Declare []FunctionParameter
	Steps   []ScanStep
}

// ScanStep is one step: its name, what it lets through ("" for all), when it matches, what it assigns.
type ScanStep struct {
	Span
	Name        Name
	Output      Name
	Condition   Expression
	Assignments []*NamedExpression
}

func (*ScanOperator) operator() {}

func (p *parser) scanOperator() Operator {
	o := &ScanOperator{Parameters: p.parameters("with_match_id")}
	if p.acceptWord("declare") {
		open := p.pos
		if p.expect("(") {
			if !p.at(")") {
				p.commaList(func() { o.Declare = append(o.Declare, p.functionParameter()) })
			}
			p.close(open)
		}
	}
	if !p.expectWord("with") {
		return o
	}
	open := p.pos
	if !p.expect("(") {
		return o
	}
	for p.atWord("step") {
		o.Steps = append(o.Steps, p.scanStep())
	}
	if len(o.Steps) == 0 {
		p.unexpected(`"step"`)
	}
	p.close(open)
	return o
}

func (p *parser) scanStep() ScanStep {
	start := p.start()
	p.advance()
	s := ScanStep{Name: p.name("the step")}
	if p.atWord("output") {
		p.advance()
		p.expect("=")
		s.Output = p.name("all, last or none")
	}
	p.expect(":")
	s.Condition = p.expression()
	if p.accept("=>") {
		p.commaList(func() {
			start := p.start()
			a := &NamedExpression{Names: []Name{p.name("the column")}}
			p.expect("=")
			a.Expression = p.expression()
			a.Span = p.from(start)
			s.Assignments = append(s.Assignments, a)
		})
	}
	p.expect(";")
	s.Span = p.from(start)
	return s
}

func (o *ScanOperator) print(w *printer) {
	w.word("scan")
	w.parameters(o.Parameters)
	if o.Declare != nil {
		w.write("declare (")
		w.declarations(o.Declare)
		w.write(") ")
	}
	w.write("with (")
	for _, s := range o.Steps {
		w.write("\n  step ")
		w.name(s.Name)
		if s.Output.Text != "" {
			w.write(" output=" + s.Output.Text)
		}
		w.write(": ")
		w.expression(s.Condition, levelOr)
		for i, a := range s.Assignments {
			if i == 0 {
				w.write(" => ")
			} else {
				w.write(", ")
			}
			w.name(a.Names[0])
			w.write(" = ")
			w.expression(a.Expression, levelOr)
		}
		w.write(";")
	}
	w.write("\n)")
}
