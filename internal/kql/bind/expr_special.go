package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// specialCall binds the calls whose arguments are more than values: types, columns by name, tables, pairs. It returns
// nil for all other calls.
func (b *binder) specialCall(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	switch e.Name.Text {
	case "assert":
		return b.assert(e, en)
	case "toscalar":
		return b.toScalar(e, en)
	case "column_ifexists", "columnifexists":
		return b.columnIfExists(e, en)
	case "bin_auto":
		return b.binAuto(e, en)
	case "iscolumnexists":
		return b.isColumnExists(e, en)
	case "estimate_data_size":
		return b.estimateDataSize(e, en)
	case "case":
		return b.caseCall(e, en)
	case "extract", "extract_json", "extractjson", "percentile_tdigest", "percentiles_array_tdigest":
		return b.extractTyped(e, en)
	case "pack_all":
		return b.packAll(e, en)
	case "column_names_of":
		return b.columnNamesOf(e, en)
	case "bag_pack_columns":
		return b.bagPackColumns(e, en)
	}
	return nil
}

// toScalar binds toscalar(table), or toscalar(value), which is the value.
func (b *binder) toScalar(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	if len(e.Arguments) != 1 {
		b.report(diag.WrongArgumentCount(e.Pos(), "toscalar", "1 argument"))
		return unknown()
	}
	if n, ok := e.Arguments[0].(*syntax.NameReference); ok && b.partitionKey != nil && n.Name == b.partitionKey.name && (b.partitionKey.everywhere || en.in != nil && en.in.part != nil) {
		return b.partitionKey.expr
	}
	if !b.isTabular(e.Arguments[0], &env{scope: en.scope}) {
		return b.scalarExpr(e.Arguments[0], &env{scope: en.scope})
	}
	r := b.tabular(e.Arguments[0], en.scope)
	if len(r.cols) == 0 {
		if !r.open {
			b.report(diag.TableWithoutColumns(e.Pos()))
		}
		return unknown()
	}
	if r.open {
		return &plan.ColumnRef{Typ: r.cols[0].Type}
	}
	return &plan.Scalar{Input: r.node, Typ: r.cols[0].Type}
}

// columnIfExists binds column_ifexists("name", default): the column where there is one, else the default.
func (b *binder) columnIfExists(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	if len(e.Arguments) != 2 {
		b.report(diag.WrongArgumentCount(e.Pos(), e.Name.Text, "2 arguments"))
		return unknown()
	}
	otherwise := b.scalarExpr(e.Arguments[1], en)
	name, ok := b.constantString(e.Arguments[0], en)
	if !ok {
		b.report(diag.ConstantExpected(e.Arguments[0].Pos(), "the name of the column"))
		return otherwise
	}
	if en.in != nil {
		if i := en.in.find(name); i >= 0 {
			return en.in.ref(i)
		}
	}
	return otherwise
}

// binAuto binds bin_auto(value): bin_at with the size and the fixed point that set statements give.
// https://learn.microsoft.com/kusto/query/bin-auto-function
func (b *binder) binAuto(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	if len(e.Arguments) != 1 {
		b.report(diag.WrongArgumentCount(e.Pos(), "bin_auto", "1 argument"))
		return unknown()
	}
	value := b.scalarExpr(e.Arguments[0], en)
	size := b.settings["query_bin_auto_size"]
	if size == nil {
		b.report(diag.MissingArgument(e.Pos(), "bin_auto", "query_bin_auto_size by a set statement"))
		return &plan.ColumnRef{Typ: value.Type()}
	}
	name, args := "bin", []plan.Expr{value, b.scalarExpr(size, &env{scope: en.scope})}
	if at := b.settings["query_bin_auto_at"]; at != nil {
		name, args = "bin_at", append(args, b.scalarExpr(at, &env{scope: en.scope}))
	}
	for _, a := range args {
		if isUnknown(a) {
			return &plan.ColumnRef{Typ: value.Type()}
		}
	}
	f, _ := b.catalog.Function(name)
	if bound := b.applyTo(f, args); bound != nil {
		return bound
	}
	b.report(diag.NoCommonType(e.Pos(), "bin_auto", typeList(args)))
	return &plan.ColumnRef{Typ: value.Type()}
}

// isColumnExists binds iscolumnexists("name"), which is known when the query is bound.
func (b *binder) isColumnExists(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	if len(e.Arguments) != 1 {
		b.report(diag.WrongArgumentCount(e.Pos(), e.Name.Text, "1 argument"))
		return unknown()
	}
	name, ok := b.constantString(e.Arguments[0], en)
	if !ok {
		b.report(diag.ConstantExpected(e.Arguments[0].Pos(), "the name of the column"))
	}
	return &plan.Const{Typ: catalog.Bool, Value: en.in != nil && en.in.find(name) >= 0}
}

// estimateDataSize binds estimate_data_size over columns, or over all of them with *.
func (b *binder) estimateDataSize(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	if len(e.Arguments) == 0 {
		b.report(diag.WrongArgumentCount(e.Pos(), e.Name.Text, "the columns to measure, or *"))
		return unknown()
	}
	var args []plan.Expr
	for _, a := range e.Arguments {
		if _, star := a.(*syntax.StarExpression); !star {
			args = append(args, b.scalarExpr(a, en))
			continue
		}
		if en.in == nil {
			b.report(diag.ValueExpected(a.Pos(), "a row of columns that does not exist here"))
			return unknown()
		}
		for i := range en.in.cols {
			args = append(args, en.in.ref(i))
		}
	}
	for _, a := range args {
		if isUnknown(a) {
			return &plan.ColumnRef{Typ: catalog.Long}
		}
	}
	return b.functionCall("estimate_data_size", catalog.Long, args...)
}

// constantString binds an argument that must be a known text.
func (b *binder) constantString(e syntax.Expression, en *env) (string, bool) {
	c, ok := b.scalarExpr(e, en).(*plan.Const)
	if !ok || c.Typ != catalog.String {
		return "", false
	}
	s, ok := c.Value.(string)
	return s, ok
}

// caseCall binds case(condition, value, …, otherwise).
func (b *binder) caseCall(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	args := b.callArguments(e.Arguments, en)
	if n := len(args); n < 3 || n%2 == 0 {
		b.report(diag.WrongArgumentCount(e.Pos(), "case", "pairs of condition and value, and a value for all other rows"))
		return unknown()
	}
	var values []catalog.Type
	for i, a := range args {
		if i%2 == 1 || i == len(args)-1 {
			values = append(values, a.Type())
			continue
		}
		switch t := a.Type(); t {
		case catalog.Bool, catalog.Unknown:
		case catalog.Dynamic:
			args[i] = b.convert(a, catalog.Bool)
		default:
			b.report(diag.WrongType(e.Arguments[i].Pos(), "the condition", "bool", t.String()))
		}
	}
	t, ok := commonType(values...)
	if !ok {
		t = catalog.Dynamic
	}
	for i := range args {
		if i%2 == 1 || i == len(args)-1 {
			args[i] = b.convert(args[i], t)
		}
	}
	return b.functionCall("case", t, args...)
}

// extractTyped binds extract, extract_json and percentile_tdigest with a type to convert to; nil without one.
func (b *binder) extractTyped(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	n := len(e.Arguments)
	if n == 0 {
		return nil
	}
	typeOf, ok := e.Arguments[n-1].(*syntax.TypeOfExpression)
	if !ok {
		return nil
	}
	to := b.typeName(typeOf.Type)
	plain := *e
	plain.Arguments = e.Arguments[:n-1]
	f, _ := b.catalog.Function(e.Name.Text)
	value := b.apply1(f, &plain, b.callArguments(plain.Arguments, en))
	if isUnknown(value) || f.Name == "percentiles_array_tdigest" {
		return value // an array keeps its elements as they are
	}
	if to == catalog.Dynamic && value.Type() != to {
		return b.functionCall("todynamic", catalog.Dynamic, value)
	}
	return b.convert(value, to)
}

// packAll binds pack_all(): names and columns in turn.
func (b *binder) packAll(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	name := "bag_pack"
	if len(e.Arguments) > 1 {
		b.report(diag.WrongArgumentCount(e.Pos(), "pack_all", "at most 1 argument"))
		return unknown()
	}
	if len(e.Arguments) == 1 {
		c, ok := b.scalarExpr(e.Arguments[0], en).(*plan.Const)
		ignore, isBool := false, false
		if ok {
			ignore, isBool = c.Value.(bool)
		}
		if !isBool {
			b.report(diag.ConstantExpected(e.Arguments[0].Pos(), "true or false"))
		}
		if ignore {
			name = "pack_all"
		}
	}
	if en.in == nil {
		b.report(diag.ValueExpected(e.Pos(), "a row of columns that does not exist here"))
		return unknown()
	}
	var args []plan.Expr
	for i, c := range en.in.cols {
		args = append(args, &plan.Const{Typ: catalog.String, Value: c.Name}, en.in.ref(i))
	}
	return b.functionCall(name, catalog.Dynamic, args...)
}

// bagPackColumns binds bag_pack_columns(a, b): a bag of the columns under their names.
func (b *binder) bagPackColumns(e *syntax.FunctionCallExpression, en *env) plan.Expr {
	var args []plan.Expr
	for _, a := range e.Arguments {
		value := b.scalarExpr(a, en)
		name, ok := b.derivedName(a, en)
		if !ok {
			b.report(diag.ColumnExpected(a.Pos()))
			return &plan.ColumnRef{Typ: catalog.Dynamic}
		}
		args = append(args, &plan.Const{Typ: catalog.String, Value: name}, value)
	}
	return b.functionCall("bag_pack", catalog.Dynamic, args...)
}
