package bind

import (
	"strconv"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// mvApplyOperator numbers the input rows, expands them, and binds the subquery over the rows of each number. A copy of
// every input column goes along, because the subquery may drop or change it and the answer has it all the same.
func (b *binder) mvApplyOperator(in *relation, o *syntax.MvApplyOperator, s *scope) *relation {
	b.shared++
	mark := hiddenMark + strconv.Itoa(b.shared)
	part := &partition{key: plan.Column{Name: mark, Type: catalog.Long}, carried: in.part.columns(), together: true}
	items := append(passing(in, len(in.cols)+1), in.part.items()...)
	items = append(items, plan.Named{Name: mark, Expr: b.functionCall("row_number", catalog.Long)})
	copies := make([]plan.Column, len(in.cols))
	for i, c := range in.cols {
		copies[i] = plan.Column{Name: mark + "." + strconv.Itoa(i), Type: c.Type}
		items = append(items, plan.Named{Name: copies[i].Name, Expr: in.ref(i)})
	}
	part.carried = append(part.carried, copies...)
	numbered := b.made(&plan.Project{Input: in.node, Items: items}, in.cols, in.size, in.open, o)
	numbered.part = part

	sub := b.expand(numbered, o.Parameters, o.Items, o.Limit, o, s)
	sub.part = part
	expanded := map[string]bool{}
	for _, it := range sub.node.(*plan.Unnest).Items {
		expanded[it.Column.Name] = true
	}
	if groupsRows(o.Subquery) {
		part.place = plan.Column{Name: mark + ".row", Type: catalog.Long}
		items := append(passing(sub, len(part.carried)+2), (&partition{key: part.key, carried: part.carried}).items()...)
		items = append(items, plan.Named{Name: part.place.Name, Expr: b.functionCall("row_number", catalog.Long)})
		sub = b.made(&plan.Project{Input: sub.node, Items: items}, sub.cols, sub.size, sub.open, o)
		sub.part = part
	}
	for _, operator := range o.Subquery {
		if b.overflow {
			return b.broken()
		}
		sub = b.operator(sub, operator, s, false)
	}
	if !sub.open && sub.part == part {
		sub = b.together(sub, o)
	}

	// The columns that are not expanded come first, as the subquery left them if it has them still.
	var out []plan.Named
	for i, c := range in.cols {
		if j := sub.find(c.Name); j >= 0 && !expanded[c.Name] {
			out = append(out, plan.Named{Name: c.Name, Expr: sub.ref(j)})
		} else if !expanded[c.Name] {
			out = append(out, plan.Named{Name: c.Name, Expr: refTo(copies[i])})
		}
	}
	for j, c := range sub.cols {
		if in.find(c.Name) < 0 || expanded[c.Name] {
			out = append(out, plan.Named{Name: c.Name, Expr: sub.ref(j)})
		}
	}
	sub.part = in.part
	return b.project(sub, out, o)
}

// groupsRows says whether a subquery can make several rows of a group of each, whose order is then that of the first
// row of each.
func groupsRows(list []syntax.Operator) bool {
	for _, o := range list {
		switch o := o.(type) {
		case *syntax.DistinctOperator, *syntax.EvaluateOperator:
			return true
		case *syntax.SummarizeOperator:
			if len(o.By) > 0 {
				return true
			}
		}
	}
	return false
}
