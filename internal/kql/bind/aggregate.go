package bind

import (
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// aggregates collects the aggregate calls of one summarize.
type aggregates struct {
	// inside is set while the arguments of an aggregate are bound, where columns may stand but no aggregates.
	inside bool
	list   []plan.Aggregation
}

// insideAggregate is the environment of an aggregate's arguments.
func insideAggregate(en *env) *env {
	inner := *en
	inner.aggregates = &aggregates{inside: true}
	return &inner
}

// aggregateOperand binds an aggregate inside an expression (count() * 2): it is computed under a name of its own that
// no column of a user can have, and read by the expression.
func (b *binder) aggregateOperand(f *catalog.Function, e *syntax.FunctionCallExpression, en *env) plan.Expr {
	call, out := b.aggregate(f, e, en, newNameSet(0))
	if call == nil {
		return &plan.ColumnRef{Typ: out[0].Type}
	}
	base := "$aggregate" + strconv.Itoa(len(en.aggregates.list))
	for i := range out {
		out[i].Name = base + "." + strconv.Itoa(i)
	}
	en.aggregates.list = append(en.aggregates.list, plan.Aggregation{Call: call, Out: out})
	return &plan.ColumnRef{Name: out[0].Name, Typ: out[0].Type}
}

// aggregateOf returns the aggregate that an expression is a call of; nil for other expressions.
func (b *binder) aggregateOf(e syntax.Expression, s *scope) (*catalog.Function, *syntax.FunctionCallExpression) {
	c, ok := e.(*syntax.FunctionCallExpression)
	if !ok || s.lookup(c.Name.Text) != nil {
		return nil, nil
	}
	f, ok := b.catalog.Aggregate(c.Name.Text)
	if !ok {
		return nil, nil
	}
	return f, c
}

// aggregate binds one call and the columns it makes, under their derived names. Used says which columns `*` leaves out.
// The call is nil after a mistake.
func (b *binder) aggregate(f *catalog.Function, e *syntax.FunctionCallExpression, en *env, used *nameSet) (*plan.Call, []plan.Column) {
	inner := insideAggregate(en)
	name := b.aggregateName(f, e, en)
	switch f.Name {
	case "count":
		return &plan.Call{Overload: f.Overloads[0], Typ: catalog.Long}, []plan.Column{{Name: name, Type: catalog.Long}}
	case "arg_max", "arg_min":
		return b.argMax(f, e, inner, name, used)
	case "take_any":
		return b.takeAny(f, e, inner, used)
	case "percentile", "percentiles", "percentilesw", "percentiles_array", "percentilesw_array":
		return b.percentiles(f, e, inner, name)
	}
	args := b.callArguments(e.Arguments, inner)
	switch e.Name.Text {
	case "makelist", "makeset", "make_dictionary":
		// The old spellings stop at 128 elements.
		if len(args) == 1 {
			args = append(args, &plan.Const{Typ: catalog.Long, Value: int64(128)})
		}
	}
	value := b.apply1(f, e, args)
	out := []plan.Column{{Name: name, Type: value.Type()}}
	call, _ := value.(*plan.Call)
	return call, out
}

// argMax binds arg_max and arg_min: the greatest value, and columns of its row.
func (b *binder) argMax(f *catalog.Function, e *syntax.FunctionCallExpression, en *env, name string, used *nameSet) (*plan.Call, []plan.Column) {
	if len(e.Arguments) == 0 {
		b.report(diag.WrongArgumentCount(e.Pos(), e.Name.Text, "the value to compare and the columns to return, or *"))
		return nil, []plan.Column{{Name: name}}
	}
	order := b.scalarExpr(e.Arguments[0], en)
	args := []plan.Expr{order}
	out := []plan.Column{{Name: name, Type: order.Type()}}
	prefix := ""
	if e.Name.Text != f.Name {
		// The old spelling argmax puts its own name before that of every column.
		prefix = name + "_"
	}
	plain, _ := b.derivedName(e.Arguments[0], en)
	listed := map[string]bool{plain: true}
	for _, a := range e.Arguments[1:] {
		if _, star := a.(*syntax.StarExpression); star {
			cols, refs := b.starColumns(en, used, listed, prefix)
			args = append(args, refs...)
			for _, c := range cols {
				out = append(out, plan.Column{Name: prefix + c.Name, Type: c.Type})
			}
			continue
		}
		value := b.scalarExpr(a, en)
		args = append(args, value)
		name := b.argumentName(a, en)
		listed[name] = true
		out = append(out, plan.Column{Name: prefix + name, Type: value.Type()})
	}
	return checked(&plan.Call{Overload: f.Overloads[0], Args: args, Typ: order.Type()}), out
}

// argumentName is the name of a column that an aggregate passes on; "" where it gets a number.
func (b *binder) argumentName(a syntax.Expression, en *env) string {
	if n, ok := a.(*syntax.NamedExpression); ok {
		return n.Names[0].Text
	}
	name, _ := b.derivedName(a, en)
	return name
}

// starColumns lists the columns that `*` stands for in an aggregate: those that are not in the result yet, nor listed
// before it.
func (b *binder) starColumns(en *env, used *nameSet, listed map[string]bool, prefix string) ([]plan.Column, []plan.Expr) {
	var cols []plan.Column
	var refs []plan.Expr
	for i, c := range en.in.cols {
		if !listed[c.Name] && !used.used[prefix+c.Name] {
			cols = append(cols, c)
			refs = append(refs, en.in.ref(i))
		}
	}
	return cols, refs
}

// takeAny binds take_any; the old spelling any puts a prefix before the names.
func (b *binder) takeAny(f *catalog.Function, e *syntax.FunctionCallExpression, en *env, used *nameSet) (*plan.Call, []plan.Column) {
	prefix := ""
	if e.Name.Text != f.Name {
		prefix = f.Prefix + "_"
	}
	var args []plan.Expr
	var out []plan.Column
	listed := map[string]bool{}
	for _, a := range e.Arguments {
		if _, star := a.(*syntax.StarExpression); star {
			cols, refs := b.starColumns(en, used, listed, "")
			args = append(args, refs...)
			for _, c := range cols {
				out = append(out, plan.Column{Name: prefix + c.Name, Type: c.Type})
			}
			continue
		}
		value := b.scalarExpr(a, en)
		args = append(args, value)
		name := b.argumentName(a, en)
		listed[name] = true
		if name == "" {
			prefix = f.Prefix + "_"
		}
		out = append(out, plan.Column{Name: prefix + name, Type: value.Type()})
	}
	if len(args) == 0 {
		if len(e.Arguments) == 0 {
			b.report(diag.WrongArgumentCount(e.Pos(), e.Name.Text, "the columns to return, or *"))
		}
		return nil, []plan.Column{{Name: prefix}}
	}
	return checked(&plan.Call{Overload: f.Overloads[0], Args: args, Typ: args[0].Type()}), out
}

// percentiles binds percentile and its relatives: a column for each rank, or one array.
func (b *binder) percentiles(f *catalog.Function, e *syntax.FunctionCallExpression, en *env, name string) (*plan.Call, []plan.Column) {
	first := 1
	if strings.HasPrefix(f.Name, "percentilesw") {
		first = 2
	}
	args := b.callArguments(e.Arguments, en)
	if len(args) > 0 && args[0].Type() == catalog.Int {
		args[0] = b.convert(args[0], catalog.Long)
	}
	value := b.apply1(f, e, args)
	call, ok := value.(*plan.Call)
	if !ok {
		return nil, []plan.Column{{Name: name, Type: value.Type()}}
	}
	if f.Name == "percentile" || strings.HasSuffix(f.Name, "_array") {
		return call, []plan.Column{{Name: name, Type: call.Typ}}
	}
	argument, _ := b.derivedName(e.Arguments[0], en)
	var out []plan.Column
	for i := first; i < len(args); i++ {
		rank, _ := args[i].(*plan.Const)
		out = append(out, plan.Column{Name: f.Prefix + "_" + argument + "_" + rankText(rank), Type: call.Typ})
	}
	return call, out
}

// checked returns nil for a call that cannot be made because an argument is broken.
func checked(c *plan.Call) *plan.Call {
	for _, a := range c.Args {
		if isUnknown(a) {
			return nil
		}
	}
	return c
}
