package plan

// Visit calls f once for n and every node below it, in inputs and in subqueries of expressions; f says whether to go
// down. A shared subplan is visited once.
func Visit(n Node, f func(Node) bool) { visit(n, f, map[*Shared]bool{}) }

func visit(n Node, f func(Node) bool, seen map[*Shared]bool) {
	if s, ok := n.(*Shared); ok {
		if seen[s] {
			return
		}
		seen[s] = true
	}
	if n == nil || !f(n) {
		return
	}
	for _, in := range n.Inputs() {
		visit(in, f, seen)
	}
	for _, e := range Exprs(n) {
		Walk(e, func(e Expr) bool {
			switch e := e.(type) {
			case *Scalar:
				visit(e.Input, f, seen)
			case *InQuery:
				visit(e.Input, f, seen)
			case *HasQuery:
				visit(e.Input, f, seen)
			}
			return true
		})
	}
}

// Exprs lists the expressions that a node evaluates itself.
func Exprs(n Node) []Expr {
	var out []Expr
	switch n := n.(type) {
	case *Sequence:
		out = append(out, n.From, n.To, n.Step)
	case *Select:
		out = append(out, n.Predicate)
	case *Project:
		for _, it := range n.Items {
			out = append(out, it.Expr)
		}
	case *Aggregate:
		for _, k := range n.Keys {
			out = append(out, k.Expr)
		}
		for _, a := range n.Aggs {
			out = append(out, a.Call)
		}
	case *Series:
		for _, k := range n.Keys {
			out = append(out, k.Expr)
		}
		for _, e := range []Expr{n.From, n.To, n.Step} {
			if e != nil {
				out = append(out, e)
			}
		}
	case *Join:
		for _, k := range n.On {
			out = append(out, k.Left, k.Right)
		}
	case *Sort:
		for _, k := range n.Keys {
			out = append(out, k.Expr)
		}
	case *Limit:
		out = append(out, n.Count)
	case *Unnest:
		for _, it := range n.Items {
			out = append(out, it.Expr)
		}
		if n.Limit != nil {
			out = append(out, n.Limit)
		}
	case *Parse:
		out = append(out, n.Source)
	case *Steps:
		for _, d := range n.Declared {
			out = append(out, d.Default)
		}
		for _, s := range n.Steps {
			out = append(out, s.Condition)
			for _, it := range s.Assign {
				out = append(out, it.Expr)
			}
		}
	case *Match:
		for _, v := range n.Vars {
			for _, c := range v.Collect {
				out = append(out, c.Expr)
			}
		}
		out = append(out, n.Where...)
		for _, it := range n.Items {
			out = append(out, it.Expr)
		}
	}
	return out
}
