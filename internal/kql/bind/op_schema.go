package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// getSchemaOperator makes a row for each column; the input's rows are not read.
func (b *binder) getSchemaOperator(in *relation, o *syntax.GetSchemaOperator) *relation {
	cols := []plan.Column{{Name: "ColumnName", Type: catalog.String}, {Name: "ColumnOrdinal", Type: catalog.Long},
		{Name: "DataType", Type: catalog.String}, {Name: "ColumnType", Type: catalog.String}}
	node := &plan.Values{Columns: cols}
	for i, c := range in.cols {
		node.Rows = append(node.Rows, []*plan.Const{
			{Typ: catalog.String, Value: c.Name}, {Typ: catalog.Long, Value: int64(i)},
			{Typ: catalog.String, Value: dataType(c.Type)}, {Typ: catalog.String, Value: c.Type.String()}})
	}
	return b.made(node, cols, 0, in.open, o)
}

// dataType is the .NET type that Kusto prints for a column.
// https://learn.microsoft.com/kusto/query/getschema-operator
func dataType(t catalog.Type) string {
	switch t {
	case catalog.Bool:
		return "System.SByte"
	case catalog.Int:
		return "System.Int32"
	case catalog.Long:
		return "System.Int64"
	case catalog.Real:
		return "System.Double"
	case catalog.Decimal:
		return "System.Data.SqlTypes.SqlDecimal"
	case catalog.String:
		return "System.String"
	case catalog.Datetime:
		return "System.DateTime"
	case catalog.Timespan:
		return "System.TimeSpan"
	case catalog.Guid:
		return "System.Guid"
	}
	return "System.Object"
}

// asOperator names the table so far; the rest of the query may read it under that name.
func (b *binder) asOperator(in *relation, o *syntax.AsOperator, s *scope) *relation {
	r := *in
	for _, p := range o.Parameters {
		if p.Name.Text == "hint.materialized" && isTrue(p) {
			r = *b.share(in, o.Name.Text, o)
		}
	}
	r.source, r.result = o.Name.Text, o.Name.Text
	s.vars[o.Name.Text] = &variable{table: &r}
	return &r
}

func (b *binder) serializeOperator(in *relation, o *syntax.SerializeOperator, s *scope) *relation {
	r := b.over(in, &plan.Serialize{Input: in.node}, o)
	if len(o.Columns) == 0 {
		return r
	}
	return b.extend(r, o.Columns, o, s)
}

// renderOperator keeps what was asked for; only the rows of the answer are drawn.
func (b *binder) renderOperator(o *syntax.RenderOperator, top bool) {
	if !top {
		return
	}
	b.render = &plan.Render{Kind: o.Chart.Text, Properties: map[string]string{}}
	for i := range o.Properties {
		b.render.Properties[o.Properties[i].Name.Text] = o.Properties[i].Property()
	}
}
