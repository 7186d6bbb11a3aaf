package bind

import (
	"encoding/json"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// projectByNamesOperator picks columns in the order in which names and patterns list them; those that match nothing are
// passed over.
func (b *binder) projectByNamesOperator(in *relation, o *syntax.ProjectByNamesOperator, s *scope) *relation {
	var list []int
	placed := map[int]bool{}
	for _, e := range o.Columns {
		patterns, ok := b.namePatterns(e, s)
		if !ok {
			return b.broken()
		}
		for _, p := range patterns {
			for i, c := range in.cols {
				if !placed[i] && matchPattern(p, c.Name) {
					placed[i] = true
					list = append(list, i)
				}
			}
		}
	}
	return b.pick(in, list, o)
}

// namePatterns reads a constant name or array of names.
func (b *binder) namePatterns(e syntax.Expression, s *scope) ([]string, bool) {
	if ref, ok := e.(*syntax.NameReference); ok && s.lookup(ref.Name) == nil {
		b.report(diag.ConstantExpected(e.Pos(), "the name of a column, in quotes,"))
		return nil, false
	}
	value := b.scalarExpr(e, &env{scope: s, in: &relation{}})
	c, ok := value.(*plan.Const)
	if ok {
		switch text, _ := c.Value.(string); c.Typ {
		case catalog.Unknown:
			return nil, false
		case catalog.String:
			return []string{text}, true
		case catalog.Dynamic:
			var names []string
			if json.Unmarshal([]byte(text), &names) == nil {
				return names, true
			}
		}
	}
	if !isUnknown(value) {
		b.report(diag.ConstantExpected(e.Pos(), "the name of a column, in quotes, or an array of names"))
	}
	return nil, false
}

// columnNamesOf binds column_names_of(table), an array that is known here.
// https://learn.microsoft.com/kusto/query/column-names-of-function
func (b *binder) columnNamesOf(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	if len(e.Arguments) != 1 {
		b.report(diag.WrongArgumentCount(e.Pos(), e.Name.Text, "1 argument"))
		return unknown()
	}
	r := b.tabular(e.Arguments[0], en.scope)
	if r.open {
		return &plan.ColumnRef{Typ: catalog.Dynamic}
	}
	names, _ := json.Marshal(r.columnNames())
	return &plan.Const{Typ: catalog.Dynamic, Value: string(names)}
}
