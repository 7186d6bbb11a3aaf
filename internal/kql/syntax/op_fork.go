package syntax

// ForkOperator runs several pipelines over the same rows; each is a result of its own.
// https://learn.microsoft.com/kusto/query/fork-operator
type ForkOperator struct {
	Span
	Branches []ForkBranch
}

// ForkBranch is one pipeline of a fork; its name is "" if none is given.
type ForkBranch struct {
	Span
	Name     Name
	Subquery []Operator
}

// FacetOperator makes a table of the values of each column, and one of the pipeline in With.
// https://learn.microsoft.com/kusto/query/facet-operator
type FacetOperator struct {
	Span
	By   []Name
	With []Operator // nil if there is none
}

// ConsumeOperator reads its input and gives nothing. https://learn.microsoft.com/kusto/query/consume-operator
type ConsumeOperator struct {
	Span
	Parameters []NamedParameter
}

func (*ForkOperator) operator()    {}
func (*FacetOperator) operator()   {}
func (*ConsumeOperator) operator() {}

func (p *parser) forkOperator() Operator {
	o := &ForkOperator{}
	for p.at("(") || p.atName() && p.peekAt(1).Text == "=" {
		start := p.start()
		branch := ForkBranch{}
		if !p.at("(") {
			branch.Name = p.name("the result")
			p.expect("=")
		}
		branch.Subquery = p.subquery()
		branch.Span = p.from(start)
		o.Branches = append(o.Branches, branch)
	}
	if len(o.Branches) == 0 {
		p.unexpected(`"(" and operators`)
	}
	return o
}

func (p *parser) facetOperator() Operator {
	o := &FacetOperator{}
	if p.expectWord("by") {
		p.commaList(func() { o.By = append(o.By, p.name("the column")) })
	}
	if p.acceptWord("with") {
		o.With = p.subquery()
	}
	return o
}

func (o *ForkOperator) print(w *printer) {
	w.write("fork")
	for _, branch := range o.Branches {
		w.write("\n  ")
		if branch.Name.Text != "" {
			w.name(branch.Name)
			w.write("=")
		}
		w.subquery(branch.Subquery)
	}
}

func (o *FacetOperator) print(w *printer) {
	w.write("facet by ")
	for i, n := range o.By {
		w.comma(i)
		w.name(n)
	}
	if o.With != nil {
		w.write(" with ")
		w.subquery(o.With)
	}
}

func (o *ConsumeOperator) print(w *printer) {
	w.word("consume")
	w.parameters(o.Parameters)
}
