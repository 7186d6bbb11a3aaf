package bind

import (
	"regexp"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

func (b *binder) parseOperator(in *relation, o *syntax.ParseOperator, s *scope) *relation {
	node := &plan.Parse{Input: in.node, Mode: plan.ParseSimple, Where: o.Where}
	for _, p := range o.Parameters {
		v := optionText(p)
		switch p.Name.Text {
		case "kind":
			switch v {
			case "simple", "regex", "relaxed":
				node.Mode = plan.ParseMode(v)
			default:
				b.report(diag.UnknownOption(p.Value.Pos(), "kind", v, "simple, regex, relaxed"))
			}
		case "flags":
			node.Flags = v
			if strings.Trim(v, "imsU") != "" {
				b.report(diag.UnknownOption(p.Value.Pos(), "flags", v, "i, m, s, U together"))
			}
		}
	}
	source := b.scalarExpr(o.Source, &env{scope: s, in: in})
	switch t := source.Type(); t {
	case catalog.String, catalog.Unknown:
	case catalog.Dynamic:
		source = b.convert(source, catalog.String)
	default:
		b.report(diag.WrongType(o.Source.Pos(), "the text to parse", "string", t.String()))
	}
	node.Source = source
	for _, part := range o.Pattern {
		p := plan.ParsePart{Star: part.Star}
		switch {
		case part.Text != nil:
			p.Text = part.Text.Text
			if node.Mode == plan.ParseRegex {
				if _, err := regexp.Compile(p.Text); err != nil {
					b.report(diag.InvalidRegex(part.Text.Pos(), err.Error()))
				}
			}
		case part.Column != nil:
			t := catalog.String
			if part.Column.Type.Text != "" {
				t = b.typeName(part.Column.Type)
			}
			p.Column = &plan.Column{Name: part.Column.Name.Text, Type: t}
		}
		node.Parts = append(node.Parts, p)
	}
	return b.made(node, in.part.visible(node.Schema()), in.size, in.open, o)
}
