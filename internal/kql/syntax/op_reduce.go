package syntax

// ReduceOperator groups texts by patterns that they have in common. With are its options.
// https://learn.microsoft.com/kusto/query/reduce-operator
type ReduceOperator struct {
	Span
	Parameters []NamedParameter
	By         Expression
	With       []NamedParameter
}

func (*ReduceOperator) operator() {}

func (p *parser) reduceOperator() Operator {
	o := &ReduceOperator{Parameters: p.parameters("kind")}
	if p.expectWord("by") {
		o.By = p.expression()
	}
	if p.acceptWord("with") {
		for {
			list := p.parameters("threshold", "characters")
			if len(list) == 0 {
				p.unexpected(`"threshold" or "characters"`)
				break
			}
			o.With = append(o.With, list...)
			if !p.accept(",") {
				break
			}
		}
	}
	return o
}

func (o *ReduceOperator) print(w *printer) {
	w.word("reduce")
	w.parameters(o.Parameters)
	w.word("by")
	if o.By != nil {
		w.expression(o.By, levelOr)
	}
	for i, p := range o.With {
		if i == 0 {
			w.write(" with ")
		} else {
			w.write(", ")
		}
		w.write(p.Name.Text + "=")
		w.expression(p.Value, levelPostfix)
	}
}
