package bind

import (
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// What is said about queries that run, only where Options.Advice asks for it.

// readTable is a stored table at the place where it is first read.
type readTable struct {
	name    string
	at      syntax.Node
	hasTime bool
}

// adviseTimes warns of stored tables that are read for all times. One filter on TimeGenerated anywhere is taken to bound
// the query, since it may well sit in a function or behind a union.
func (b *binder) adviseTimes() {
	if !b.opt.Advice || b.timed || !b.opt.From.IsZero() || !b.opt.To.IsZero() {
		return
	}
	for _, t := range b.read {
		if t.hasTime {
			b.report(diag.NoTimeFilter(t.at.Pos(), t.name))
			return
		}
	}
}

// adviseFilter notes filters by time, and warns of a filter right behind a join that reads one side only. The other side
// of an outer join is left alone: there the place of the filter changes the answer.
func (b *binder) adviseFilter(in *relation, predicate plan.Expr, o *syntax.WhereOperator) {
	reads := map[string]bool{}
	plan.Walk(predicate, func(e plan.Expr) bool {
		if ref, ok := e.(*plan.ColumnRef); ok {
			reads[ref.Name] = true
		}
		return true
	})
	b.timed = b.timed || reads["TimeGenerated"] || reads["Timestamp"]
	join, ok := in.node.(*plan.Join)
	if !b.opt.Advice || !ok || len(reads) == 0 {
		return
	}
	left, right := true, true
	for _, c := range join.Out {
		if reads[c.Name] {
			left, right = left && !c.Right, right && c.Right
		}
	}
	switch join.Kind {
	case plan.Inner, plan.InnerUnique:
		if right {
			b.report(diag.LateFilter(o.Pos(), "right"))
			return
		}
	case plan.LeftOuter, plan.LeftSemi, plan.LeftAnti:
	default:
		return
	}
	if left {
		b.report(diag.LateFilter(o.Pos(), "left"))
	}
}

// adviseContains warns of contains with a text that is one whole term.
func (b *binder) adviseContains(e *syntax.BinaryExpression, right plan.Expr) {
	if !b.opt.Advice || !strings.HasPrefix(strings.TrimPrefix(e.Op, "!"), "contains") {
		return
	}
	c, ok := right.(*plan.Const)
	if !ok {
		return
	}
	text, _ := c.Value.(string)
	if len(text) < 3 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return
	}
	b.report(diag.ContainsTerm(e.Pos(), e.Op, text))
}

// adviseDynamics warns of dynamics in the place of numbers and times, which Kusto's editor marks as mistakes. In the place
// of texts they are common there, too.
func (b *binder) adviseDynamics(f *catalog.Function, o *catalog.Overload, e *syntax.FunctionCallExpression, args []plan.Expr) {
	if !b.opt.Advice || f.Kind != catalog.Scalar || len(args) != len(e.Arguments) {
		return
	}
	for i, a := range args {
		if want, ok := oneType(paramAt(o, i)); ok && a.Type() == catalog.Dynamic && want != catalog.String {
			b.report(diag.DynamicArgument(e.Arguments[i].Pos(), f.Name, want.String(), converter(want)+"("+strings.TrimSpace(syntax.Print(e.Arguments[i]))+")"))
		}
	}
}
