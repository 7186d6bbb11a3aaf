package syntax

// FindOperator finds rows in several tables; it begins a query. https://learn.microsoft.com/kusto/query/find-operator
type FindOperator struct {
	Span
	Parameters []NamedParameter
	// Tables is nil without `in (…)`; they may be WildcardedNames.
	Tables    []Expression
	Predicate Expression
	// Project lists the columns asked for, nil for project-smart.
	Project []FindColumn
	// Pack asks for all columns as a bag beside the columns of Project.
	Pack bool
}

// FindColumn is one column of the result, with an empty type if none is asked for.
type FindColumn struct {
	Span
	Name Name
	Type Name
}

func (*FindOperator) operator() {}

func (p *parser) findOperator() Operator {
	o := &FindOperator{Parameters: p.parameters("withsource", "with_source", "datascope")}
	if p.atWord("in") {
		p.pos++
		open := p.pos
		if !p.expect("(") {
			return o
		}
		p.commaList(func() { o.Tables = append(o.Tables, p.unionTable()) })
		p.close(open)
		p.expectWord("where")
	} else {
		p.acceptWord("where")
	}
	o.Predicate = p.expression()
	switch {
	case p.atWord("project") && p.peekAt(1).Text == "-":
		if p.operatorName() != "project-smart" {
			p.unexpected(`"project" or "project-smart"`)
		}
	case p.acceptWord("project"):
		p.commaList(func() {
			start := p.start()
			if (p.atWord("pack") || p.atWord("pack_all")) && p.peekAt(1).Text == "(" {
				p.pos++
				open := p.pos
				p.advance()
				p.accept("*")
				p.close(open)
				o.Pack = true
				return
			}
			c := FindColumn{Name: p.name("the column")}
			if p.accept(":") {
				c.Type = p.name("the type")
			}
			c.Span = p.from(start)
			o.Project = append(o.Project, c)
		})
		if o.Project == nil {
			o.Project = []FindColumn{}
		}
	}
	return o
}

func (o *FindOperator) print(w *printer) {
	w.word("find")
	w.parameters(o.Parameters)
	w.inTables(o.Tables)
	w.write("where ")
	w.expression(o.Predicate, levelOr)
	if o.Project == nil {
		return
	}
	w.write(" project ")
	for i, c := range o.Project {
		w.comma(i)
		w.name(c.Name)
		if c.Type.Text != "" {
			w.write(":" + c.Type.Text)
		}
	}
	if o.Pack {
		w.comma(len(o.Project))
		w.write("pack(*)")
	}
}
