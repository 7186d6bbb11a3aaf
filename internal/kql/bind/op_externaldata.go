package bind

import (
	"errors"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// externalData reads sources elsewhere while the query is bound, if the settings of the workspace allow them; its rows
// become a literal table. Its columns are known all the same, so that the mistakes behind it are told too.
func (b *binder) externalData(e *syntax.ExternalDataExpression, s *scope) *relation {
	asked := External{}
	names := newNameSet(len(e.Columns))
	for _, c := range e.Columns {
		if !names.take(c.Name.Text) {
			b.report(diag.DuplicateColumn(c.Name.Pos(), c.Name.Text))
		}
		asked.Columns = append(asked.Columns, plan.Column{Name: c.Name.Text, Type: b.typeName(c.Type)})
	}
	for _, o := range e.Options {
		switch o.Name.Text {
		case "format":
			asked.Format = optionText(o)
		case "ignoreFirstRecord":
			asked.IgnoreFirstRecord = optionText(o) == "true"
		case "ingestionMapping", "ingestionMappingReference":
			b.report(diag.NotSupportedYet(o.Pos(), "externaldata with "+o.Name.Text))
		}
	}
	texts := make([]plan.Column, len(asked.Columns))
	for i, c := range asked.Columns {
		texts[i] = plan.Column{Name: c.Name, Type: catalog.String}
	}
	values := &plan.Values{Columns: texts}
	for _, source := range e.Sources {
		value := b.scalarExpr(source, &env{scope: s, in: &relation{}})
		c, ok := value.(*plan.Const)
		if isUnknown(value) {
			continue
		}
		if !ok || c.Typ != catalog.String {
			b.report(diag.ConstantExpected(source.Pos(), "the source of the data"))
			continue
		}
		asked.Source, _ = c.Value.(string)
		b.readExternal(values, asked, e, source)
	}
	in := b.made(values, texts, 0, false, e)
	items := make([]plan.Named, len(asked.Columns))
	for i, c := range asked.Columns {
		value := b.convert(in.ref(i), c.Type)
		if f, ok := b.catalog.Function("parse_json"); ok && c.Type == catalog.Dynamic {
			value = b.applyTo(f, []plan.Expr{in.ref(i)})
		}
		items[i] = plan.Named{Name: c.Name, Expr: value}
	}
	return b.project(in, items, e)
}

// readExternal adds the rows of one source.
func (b *binder) readExternal(values *plan.Values, asked External, e *syntax.ExternalDataExpression, source syntax.Node) {
	if b.diags.HasErrors() {
		return // nothing is read for a query that cannot run
	}
	err := ErrNotAllowed
	var rows [][]string
	if b.opt.External != nil {
		rows, err = b.opt.External(asked)
	}
	switch {
	case errors.Is(err, ErrNotAllowed):
		b.report(diag.ExternalData(e.Pos()))
	case err != nil:
		b.report(diag.CannotRun(source.Pos(), "externaldata", err.Error()))
	}
	for _, r := range rows {
		row := make([]*plan.Const, len(r))
		for i, text := range r {
			row[i] = &plan.Const{Typ: catalog.String, Value: text}
		}
		values.Rows = append(values.Rows, row)
	}
}
