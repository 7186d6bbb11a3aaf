package syntax

import "nordlys/internal/kql/diag"

// query reads statements up to the end of the text.
func (p *parser) query() *Query {
	q := &Query{Span: Span{Start: 0, End: len(p.text)}, text: p.text}
	if p.at(".") {
		t := p.peek()
		p.report(diag.ManagementCommand(t.Span))
		q.Statements = append(q.Statements, &BadStatement{Span: q.Span})
		return q
	}
	for !p.stopped {
		if p.accept(";") {
			continue
		}
		if p.tokens[p.pos].Kind == EOF {
			break
		}
		before := p.pos
		q.Statements = append(q.Statements, p.statement())
		if p.recovering && !p.stopped {
			p.skip(isPipe)
		}
		if p.newStatement {
			p.newStatement = false
			continue
		}
		if t := p.peek(); t.Kind != EOF && !p.at(";") {
			p.unexpected("an operator after | or the end of the statement (;)")
			p.recovering = p.stopped
			p.skip(func(*Token) bool { return false })
			// A closing bracket that nothing opened stops skip; step over it so that reading makes progress.
			if !p.at(";") && p.peek().Kind != EOF || p.pos == before {
				p.pos++
				p.skip(func(*Token) bool { return false })
			}
		}
	}
	return q
}

// statement reads one statement without its semicolon.
func (p *parser) statement() Statement {
	start := p.start()
	t := p.peek()
	if t.Kind == Identifier && p.peekAt(1).Kind == Identifier || t.Kind == Identifier && p.peekAt(1).Text == "[" {
		switch t.Text {
		case "let":
			return p.letStatement()
		case "set":
			return p.setStatement()
		case "declare":
			switch p.peekAt(1).Text {
			case "query_parameters":
				return p.declareParametersStatement()
			case "pattern":
				return p.declarePatternStatement()
			}
			return p.unsupportedStatement()
		case "restrict":
			return p.restrictStatement()
		case "alias":
			if p.peekAt(1).Text == "database" {
				return p.aliasStatement()
			}
		}
	}
	e := p.tabular()
	return &ExpressionStatement{Span: p.from(start), Expression: e}
}

// unsupportedStatement reads over declarations that only newer versions of the language have.
func (p *parser) unsupportedStatement() Statement {
	start := p.start()
	first := p.advance()
	name := first.Text + " " + p.peek().Text
	span := first.Span.Cover(p.peek().Span)
	p.report(diag.NotSupportedYet(span, "statement "+name))
	p.skip(func(*Token) bool { return false })
	return &UnsupportedStatement{Span: p.from(start), Name: name}
}
