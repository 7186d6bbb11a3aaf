package syntax

// MvApplyOperator expands arrays as mv-expand does and runs a subquery over the rows made of each input row.
// https://learn.microsoft.com/kusto/query/mv-apply-operator
type MvApplyOperator struct {
	Span
	Parameters []NamedParameter
	Items      []MvExpandItem
	// Limit is nil if there is none.
	Limit    Expression
	Subquery []Operator
}

func (*MvApplyOperator) operator() {}

func (p *parser) mvApplyOperator() Operator {
	o := &MvApplyOperator{Parameters: p.parameters("with_itemindex")}
	o.Items, o.Limit = p.expansions()
	if p.expectWord("on") {
		o.Subquery = p.subquery()
	}
	return o
}

// subquery reads operators in parentheses that get their rows from the operator before them.
func (p *parser) subquery() []Operator {
	open := p.pos
	if !p.expect("(") || !p.enter() {
		return nil
	}
	defer p.leave()
	list := []Operator{p.operator()}
	for p.accept("|") {
		list = append(list, p.operator())
	}
	p.close(open)
	return list
}

func (o *MvApplyOperator) print(w *printer) {
	w.word("mv-apply")
	w.parameters(o.Parameters)
	w.expansions(o.Items, o.Limit)
	w.write(" on ")
	w.subquery(o.Subquery)
}

func (w *printer) subquery(list []Operator) {
	w.write("(\n")
	for i, o := range list {
		if i > 0 {
			w.write("\n| ")
		}
		w.operator(o)
	}
	w.write(")")
}
