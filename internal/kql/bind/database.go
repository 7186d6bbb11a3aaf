package bind

import (
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/syntax"
)

// isThisDatabase says whether an expression is the workspace itself: database() without a name, or with the alias of it.
// A workspace has no name of its own, and no other database can be asked.
// https://learn.microsoft.com/kusto/query/database-function
func (b *binder) isThisDatabase(e syntax.Expression) bool {
	c, ok := e.(*syntax.FunctionCallExpression)
	if !ok || c.Name.Text != "database" || len(c.Arguments) > 1 {
		return false
	}
	if len(c.Arguments) == 0 {
		return true
	}
	l, ok := c.Arguments[0].(*syntax.LiteralExpression)
	return ok && l.Kind == syntax.StringLiteral && (l.Text == "" || b.aliases[l.Text])
}

// databaseTable binds database(…).T and database(…).f(…): a stored table or saved function, past the query's own names.
func (b *binder) databaseTable(e *syntax.PathExpression, s *scope) *relation {
	if !b.isThisDatabase(e.Expression) {
		b.report(diag.NotSupportedYet(e.Pos(), "tables of other databases"))
		return b.broken()
	}
	name, at := "", e.Selector.Pos()
	var arguments []syntax.Expression
	switch n := e.Selector.(type) {
	case *syntax.NameReference:
		name = n.Name
		if r := b.scan(name, n); r != nil {
			return r
		}
	case *syntax.FunctionCallExpression:
		name, arguments, at = n.Name.Text, n.Arguments, n.Name.Pos()
	}
	if v := b.storedFunction(name, s); v != nil {
		return b.callTable(v.function, arguments, e.Selector, s)
	}
	if name != "" {
		b.report(diag.UnknownTable(at, name, diag.Nearest(name, append(b.functionNames(), b.tableNames()...))))
	}
	return b.broken()
}
