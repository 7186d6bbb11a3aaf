package bind

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// stepEnv is what the names of the steps of a scan mean.
type stepEnv struct {
	row  *relation // the row with the declared columns
	of   map[string]int
	step int // the one whose expressions are bound
}

func (e *stepEnv) has(name string) bool {
	if e == nil {
		return false
	}
	_, ok := e.of[name]
	return ok
}

// scanOperator binds the steps over the rows of in, in their order.
func (b *binder) scanOperator(in *relation, o *syntax.ScanOperator, s *scope) *relation {
	node := &plan.Steps{Input: in.node, Per: in.part.names()}
	for _, p := range o.Parameters {
		if p.Name.Text == "with_match_id" {
			node.MatchID = optionText(p)
		}
	}
	cols := append([]plan.Column(nil), in.cols...)
	add := func(c plan.Column, at syntax.Node) {
		if in.find(c.Name) >= 0 {
			b.report(diag.DuplicateColumn(at.Pos(), c.Name))
		}
		cols = append(cols, c)
	}
	declared := map[string]int{}
	for i, d := range o.Declare {
		column := plan.Column{Name: d.Name.Text, Type: b.typeName(d.Type)}
		if _, ok := declared[column.Name]; ok {
			b.report(diag.DuplicateColumn(d.Name.Pos(), column.Name))
		}
		declared[column.Name] = i
		var value plan.Expr = nullOf(column.Type)
		if d.Default != nil {
			value = b.assigned(d.Default, column, &env{scope: s, in: &relation{}})
		}
		node.Declared = append(node.Declared, plan.Declared{Column: column, Default: value})
		add(column, d.Name)
	}
	row := &relation{cols: cols, open: in.open}
	if node.MatchID != "" {
		cols = append([]plan.Column(nil), cols...)
		add(plan.Column{Name: node.MatchID, Type: catalog.Long}, o)
	}
	steps := &stepEnv{row: row, of: map[string]int{}}
	for i, st := range o.Steps {
		if steps.has(st.Name.Text) {
			b.report(diag.DuplicateVariable(st.Name.Pos(), st.Name.Text))
		}
		steps.of[st.Name.Text] = i
	}
	for i, st := range o.Steps {
		bound := plan.ScanStep{Name: st.Name.Text, Output: st.Output.Text}
		switch bound.Output {
		case "":
			bound.Output = "all"
		case "all", "last", "none":
		default:
			b.report(diag.UnknownOption(st.Output.Pos(), "output", bound.Output, "all, last, none"))
		}
		at := *steps
		at.step = i
		en := &env{scope: s, in: row, steps: &at}
		bound.Condition = b.booleanExpr(st.Condition, en)
		for _, a := range st.Assignments {
			d, ok := declared[a.Names[0].Text]
			if !ok {
				if !in.open {
					b.report(diag.UnknownColumn(a.Names[0].Pos(), a.Names[0].Text, diag.Nearest(a.Names[0].Text, keys(declared))))
				}
				continue
			}
			column := node.Declared[d].Column
			bound.Assign = append(bound.Assign, plan.Named{Name: column.Name, Expr: b.assigned(a.Expression, column, en)})
		}
		node.Steps = append(node.Steps, bound)
	}
	return b.made(node, cols, in.size, in.open, o)
}

func keys(m map[string]int) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}

// assigned binds the value of a declared column.
func (b *binder) assigned(e syntax.Expression, column plan.Column, en *env) plan.Expr {
	value := b.scalarExpr(e, en)
	if t := value.Type(); t != column.Type && t != catalog.Unknown && column.Type != catalog.Unknown && !convertible(t, column.Type) {
		if c, ok := value.(*plan.Const); !ok || c.Value != nil {
			b.report(diag.WrongType(e.Pos(), "the column "+column.Name, column.Type.String(), t.String()))
			return unknown()
		}
	}
	return b.convert(value, column.Type)
}

// state binds step.column.
func (b *binder) state(name string, e *syntax.PathExpression, en *env) plan.Expr {
	selector, ok := e.Selector.(*syntax.NameReference)
	if !ok {
		b.report(diag.ValueExpected(e.Selector.Pos(), "a call"))
		return unknown()
	}
	step := en.steps.of[name]
	if step > en.steps.step {
		b.report(diag.NotSupportedYet(e.Pos(), "the state of a later step"))
		return unknown()
	}
	i := en.steps.row.find(selector.Name)
	if i < 0 {
		if !en.steps.row.open {
			b.report(diag.UnknownColumn(selector.Pos(), selector.Name, diag.Nearest(selector.Name, en.steps.row.columnNames())))
		}
		return unknown()
	}
	return &plan.ColumnRef{Name: plan.StateColumn(step, selector.Name), Typ: en.steps.row.cols[i].Type}
}
