package bind

import (
	"strconv"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// printOperator makes one row. Columns without a name are numbered by their position.
func (b *binder) printOperator(o *syntax.PrintOperator, s *scope) *relation {
	in := b.emptyRow()
	en := &env{scope: s, in: &relation{}, window: true}
	names := newNameSet(len(o.Columns))
	var items []plan.Named
	for i, e := range o.Columns {
		if several, ok := b.tuple(e, en); ok {
			items = append(items, several...)
			continue
		}
		given, value := split(e)
		bound := b.scalarExpr(value, en)
		name := ""
		if given != nil {
			name = b.columnName(given, value, en, names)
		} else {
			name = names.unique("print_" + strconv.Itoa(i))
		}
		items = append(items, plan.Named{Name: name, Expr: bound})
	}
	return b.project(in, items, o)
}

// rangeOperator makes a column of values from one end to the other.
func (b *binder) rangeOperator(o *syntax.RangeOperator, s *scope) *relation {
	en := &env{scope: s, in: &relation{}}
	from, to, step := b.scalarExpr(o.From, en), b.scalarExpr(o.To, en), b.scalarExpr(o.Step, en)
	f, t, st := from.Type(), to.Type(), step.Type()
	node := &plan.Sequence{Column: plan.Column{Name: o.Name.Text}}
	switch {
	case f == catalog.Unknown || t == catalog.Unknown || st == catalog.Unknown:
	case f == catalog.Datetime && t == catalog.Datetime && st == catalog.Timespan,
		f == catalog.Timespan && t == catalog.Timespan && st == catalog.Timespan:
		node.Column.Type = f
	case f.IsNumber() && t.IsNumber() && st.IsNumber():
		common, _ := commonType(f, t, st)
		from, to, step = b.convert(from, common), b.convert(to, common), b.convert(step, common)
		node.Column.Type = common
	default:
		b.report(diag.RangeTypes(o.Pos(), f.String(), t.String(), st.String()))
	}
	node.From, node.To, node.Step = from, to, step
	return b.made(node, []plan.Column{node.Column}, 0, false, o)
}

// dataTable makes a literal table; every value must be known.
func (b *binder) dataTable(e *syntax.DataTableExpression, s *scope) *relation {
	var cols []plan.Column
	names := newNameSet(len(e.Columns))
	for _, c := range e.Columns {
		if !names.take(c.Name.Text) {
			b.report(diag.DuplicateColumn(c.Name.Pos(), c.Name.Text))
		}
		cols = append(cols, plan.Column{Name: c.Name.Text, Type: b.typeName(c.Type)})
	}
	node := &plan.Values{Columns: cols}
	if len(cols) == 0 || len(e.Values)%len(cols) != 0 {
		b.report(diag.ValueCount(e.Pos(), len(cols), len(e.Values)))
		return b.made(node, cols, 0, false, e)
	}
	en := &env{scope: s, in: &relation{}}
	row := make([]*plan.Const, 0, len(cols))
	for i, v := range e.Values {
		row = append(row, b.dataValue(v, cols[i%len(cols)], en))
		if len(row) == len(cols) {
			node.Rows = append(node.Rows, row)
			row = make([]*plan.Const, 0, len(cols))
		}
	}
	return b.made(node, cols, 0, false, e)
}

// dataValue binds one value of a datatable in the type of its column.
func (b *binder) dataValue(e syntax.Expression, column plan.Column, en *env) *plan.Const {
	value := b.scalarExpr(e, en)
	if isUnknown(value) || column.Type == catalog.Unknown {
		return nullOf(column.Type)
	}
	c, ok := value.(*plan.Const)
	if !ok {
		b.report(diag.ConstantExpected(e.Pos(), "a value of a datatable"))
		return nullOf(column.Type)
	}
	if converted := b.literalAs(c, column.Type); converted != nil {
		return converted
	}
	b.report(diag.WrongType(e.Pos(), "the column "+column.Name, column.Type.String(), c.Typ.String()))
	return nullOf(column.Type)
}

// literalAs converts a constant to the type of a datatable's column; nil if it has no such value.
func (b *binder) literalAs(c *plan.Const, t catalog.Type) *plan.Const {
	if c.Typ == t {
		return c
	}
	if folded := foldConversion(c, t); folded != nil {
		return folded
	}
	text, isText := c.Value.(string)
	isText = isText && c.Typ == catalog.String
	switch t {
	case catalog.Datetime, catalog.Timespan:
		name := "todatetime"
		if t == catalog.Timespan {
			name = "totimespan"
		}
		if isText {
			if v, ok := b.foldCall(name, []plan.Expr{c}).(*plan.Const); ok {
				return v
			}
			return nullOf(t)
		}
	case catalog.String:
		return &plan.Const{Typ: t, Value: trimQuotes(constJSON(c))}
	case catalog.Long, catalog.Int:
		if v, ok := c.Value.(float64); ok {
			return &plan.Const{Typ: t, Value: int64(v)}
		}
		if isText {
			if n, err := strconv.ParseInt(text, 0, 64); err == nil {
				return &plan.Const{Typ: t, Value: n}
			}
			return nullOf(t)
		}
	case catalog.Real:
		if isText {
			if v, err := strconv.ParseFloat(text, 64); err == nil {
				return &plan.Const{Typ: t, Value: v}
			}
			return nullOf(t)
		}
	case catalog.Bool:
		if n, ok := c.Value.(int64); ok && c.Typ.IsInteger() {
			return &plan.Const{Typ: t, Value: n != 0}
		}
		if isText {
			if v, err := strconv.ParseBool(text); err == nil {
				return &plan.Const{Typ: t, Value: v}
			}
			return nullOf(t)
		}
	}
	return nil
}

func trimQuotes(s string) string {
	if len(s) >= 2 && s[0] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
