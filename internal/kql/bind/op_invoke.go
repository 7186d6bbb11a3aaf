package bind

import (
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/syntax"
)

// invokedTable is the name of the rows that invoke hands over, one that no query can write.
const invokedTable = "$invoked"

// invokeOperator calls a let function whose first parameter is a table.
func (b *binder) invokeOperator(in *relation, o *syntax.InvokeOperator, s *scope) *relation {
	call := o.Function
	if call == nil {
		return b.broken()
	}
	v := s.lookup(call.Name.Text)
	if v == nil || v.function == nil {
		if _, ok := b.catalog.Function(call.Name.Text); ok {
			b.report(diag.TableExpected(call.Pos()))
		} else {
			b.unknownFunction(call, s)
		}
		return b.broken()
	}
	if params := v.function.decl.Parameters; len(params) == 0 || !params[0].Tabular {
		b.report(diag.WrongType(call.Name.Pos(), "invoke", "function whose first parameter is a table", "one without"))
		return b.broken()
	}
	inner := newScope(s)
	inner.vars[invokedTable] = &variable{table: in}
	piped := &syntax.NameReference{Span: o.Span, Name: invokedTable}
	args := append([]syntax.Expression{piped}, call.Arguments...)
	return b.callTable(v.function, args, call, inner)
}
