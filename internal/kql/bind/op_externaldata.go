package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// externalData checks the columns and sources, and refuses: a query reads nothing but the workspace. Its columns are
// known all the same, so that the mistakes behind it are told too.
func (b *binder) externalData(e *syntax.ExternalDataExpression, s *scope) *relation {
	var cols []plan.Column
	names := newNameSet(len(e.Columns))
	for _, c := range e.Columns {
		if !names.take(c.Name.Text) {
			b.report(diag.DuplicateColumn(c.Name.Pos(), c.Name.Text))
		}
		cols = append(cols, plan.Column{Name: c.Name.Text, Type: b.typeName(c.Type)})
	}
	for _, source := range e.Sources {
		value := b.scalarExpr(source, &env{scope: s, in: &relation{}})
		if c, ok := value.(*plan.Const); !isUnknown(value) && (!ok || c.Typ != catalog.String) {
			b.report(diag.ConstantExpected(source.Pos(), "the source of the data"))
		}
	}
	b.report(diag.ExternalData(e.Pos()))
	return b.made(&plan.Values{Columns: cols}, cols, 0, false, e)
}
