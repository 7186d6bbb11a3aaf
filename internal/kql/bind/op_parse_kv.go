package bind

import (
	"encoding/json"
	"regexp"
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// kvForm is how a text of keys and values is written; as JSON it is an argument of the function behind parse-kv.
type kvForm struct {
	Keys   []string `json:"keys"`
	Pair   string   `json:"pair,omitempty"`
	KV     string   `json:"kv,omitempty"`
	Quotes []string `json:"quotes,omitempty"` // each an opening and a closing character
	Escape []string `json:"escape,omitempty"` // each one character
	Greedy bool     `json:"greedy,omitempty"`
	Regex  string   `json:"regex,omitempty"`
}

// parseKvOperator makes a bag of the keys asked for, and columns of it.
func (b *binder) parseKvOperator(in *relation, o *syntax.ParseKvOperator, s *scope) *relation {
	source := b.scalarExpr(o.Source, &env{scope: s, in: in})
	switch t := source.Type(); t {
	case catalog.String, catalog.Unknown:
	case catalog.Dynamic:
		source = b.convert(source, catalog.String)
	default:
		b.report(diag.WrongType(o.Source.Pos(), "the text to parse", "string", t.String()))
		return b.broken()
	}
	form, ok := b.kvForm(o, s)
	if !ok || isUnknown(source) {
		return b.broken()
	}
	const bag = "$kv"
	var keys []plan.Column
	for _, k := range o.Keys {
		for _, other := range keys {
			if other.Name == k.Name.Text {
				b.report(diag.DuplicateColumn(k.Name.Pos(), k.Name.Text))
				return b.broken()
			}
		}
		form.Keys = append(form.Keys, k.Name.Text)
		keys = append(keys, plan.Column{Name: k.Name.Text, Type: b.typeName(k.Type)})
	}
	text, _ := json.Marshal(form)
	f, _ := b.catalog.Operator("parse-kv")
	call := &plan.Call{Overload: f.Overloads[0], Args: []plan.Expr{source, &plan.Const{Typ: catalog.String, Value: string(text)}}, Typ: catalog.Dynamic}
	parsed := b.project(in, append(passing(in, 1), plan.Named{Name: bag, Expr: call}), o)
	parsed.part = in.part
	items := passing(in, len(keys))
	for _, k := range keys {
		value := b.convert(step(&plan.ColumnRef{Name: bag, Typ: catalog.Dynamic}, plan.Step{Key: k.Name}), catalog.String)
		items = put(items, in, plan.Named{Name: k.Name, Expr: b.convert(value, k.Type)})
	}
	return b.project(parsed, items, o)
}

// kvForm reads the options.
func (b *binder) kvForm(o *syntax.ParseKvOperator, s *scope) (form kvForm, ok bool) {
	given := map[string]bool{}
	for _, p := range o.Options {
		name := p.Name.Text
		if given[name] && name != "quote" && name != "escape" {
			b.report(diag.DuplicateVariable(p.Name.Pos(), name))
			return form, false
		}
		given[name] = true
		value, isConst := b.scalarExpr(p.Value, &env{scope: s, in: &relation{}}).(*plan.Const)
		if !isConst {
			b.report(diag.ConstantExpected(p.Value.Pos(), name))
			return form, false
		}
		if name == "greedy" {
			if value.Typ != catalog.Bool {
				b.report(diag.WrongType(p.Value.Pos(), name, "bool", value.Typ.String()))
				return form, false
			}
			form.Greedy = value.Value == true
			continue
		}
		text, isText := value.Value.(string)
		if !isText || value.Typ != catalog.String {
			b.report(diag.WrongType(p.Value.Pos(), name, "string", value.Typ.String()))
			return form, false
		}
		want := ""
		switch n := utf8.RuneCountInString(text); name {
		case "pair_delimiter":
			form.Pair = text
			if n == 0 {
				want = "one character or more"
			}
		case "kv_delimiter":
			form.KV = text
			if n == 0 {
				want = "one character or more"
			}
		case "quote":
			form.Quotes = append(form.Quotes, text)
			if n != 1 && n != 2 {
				want = "one character, or an opening and a closing one"
			}
		case "escape":
			form.Escape = append(form.Escape, text)
			if n != 1 {
				want = "one character"
			}
		case "regex":
			form.Regex = text
			if re, err := regexp.Compile(text); err != nil {
				b.report(diag.InvalidRegex(p.Value.Pos(), err.Error()))
				return form, false
			} else if re.NumSubexp() != 2 {
				want = "an expression with two groups, the key and the value"
			}
		default:
			b.report(diag.UnknownParameter(p.Name.Pos(), "parse-kv", name))
			return form, false
		}
		if want != "" {
			b.report(diag.UnknownOption(p.Value.Pos(), name, text, want))
			return form, false
		}
	}
	alone := ""
	switch {
	case given["regex"] && len(given) > 1:
		alone = "regex goes without other options."
	case given["pair_delimiter"] != given["kv_delimiter"]:
		alone = "pair_delimiter and kv_delimiter go together."
	case given["greedy"] && !given["kv_delimiter"]:
		alone = "greedy needs pair_delimiter and kv_delimiter."
	}
	if alone != "" {
		b.report(diag.CannotRun(o.Options[0].Name.Pos(), "parse-kv", alone))
		return form, false
	}
	return form, true
}
