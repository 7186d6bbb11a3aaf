package syntax

import "strings"

// RenderOperator asks for a visualization of the result. https://learn.microsoft.com/kusto/query/render-operator
type RenderOperator struct {
	Span
	Chart      Name
	Properties []RenderProperty
}

// RenderProperty is one property of a chart; lists of columns have several values.
type RenderProperty struct {
	Span
	Name   Name
	Values []Expression
}

func (*RenderOperator) operator() {}

func (p *parser) renderOperator() Operator {
	o := &RenderOperator{Chart: p.name("the chart")}
	if p.acceptWord("with") {
		open := p.pos
		if p.expect("(") {
			for !p.at(")") && !p.recovering {
				o.Properties = append(o.Properties, p.renderProperty())
				// A comma between properties may be missing in old queries.
				if !p.accept(",") && !p.atNameBeforeAssignment() {
					break
				}
			}
			p.close(open)
		}
		return o
	}
	for p.atNameBeforeAssignment() {
		o.Properties = append(o.Properties, p.renderProperty())
		p.accept(",")
	}
	return o
}

// renderProperty reads name=value or name=value, value…
func (p *parser) renderProperty() RenderProperty {
	start := p.start()
	r := RenderProperty{Name: p.name("the property")}
	p.expect("=")
	for {
		r.Values = append(r.Values, p.renderValue())
		if !p.at(",") || p.peekAt(1).Kind != Identifier || p.peekAt(2).Text == "=" {
			break
		}
		p.pos++
	}
	r.Span = p.from(start)
	return r
}

func (p *parser) renderValue() Expression {
	if p.at("-") {
		return p.unary()
	}
	return p.parameterValue()
}

func (o *RenderOperator) print(w *printer) {
	w.word("render")
	w.name(o.Chart)
	if len(o.Properties) == 0 {
		return
	}
	w.write(" with (")
	for i, r := range o.Properties {
		w.comma(i)
		w.name(r.Name)
		w.write("=")
		w.expressions(r.Values)
	}
	w.write(")")
}

// Property returns the value of a property as text, its elements joined by commas; "" if it was not given.
func (r *RenderProperty) Property() string {
	var parts []string
	for _, v := range r.Values {
		switch v := v.(type) {
		case *NameReference:
			parts = append(parts, v.Name)
		case *LiteralExpression:
			if v.Kind == StringLiteral {
				parts = append(parts, v.Text)
				continue
			}
			parts = append(parts, Print(v))
		default:
			parts = append(parts, Print(v))
		}
	}
	return strings.Join(parts, ",")
}
