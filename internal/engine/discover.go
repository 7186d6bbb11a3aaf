package engine

import (
	"context"

	"nordlys/internal/kql/plan"
)

// Discover gives what a binder calls to see rows before the plan is complete (bind.Options.Discover): it runs a plan on
// e, in the circumstances of r, and gives at most limit rows as constants.
func Discover(ctx context.Context, e Engine, r Request) func(root plan.Node, limit int) ([][]*plan.Const, error) {
	return func(root plan.Node, limit int) ([][]*plan.Const, error) {
		r.Query = &plan.Query{Root: root}
		r.Limits.Rows = 0
		rows, err := e.Run(ctx, r)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var out [][]*plan.Const
		for len(out) < limit {
			row, err := rows.Next()
			if row == nil || err != nil {
				return out, err
			}
			consts := make([]*plan.Const, len(row))
			for i, v := range row {
				consts[i] = &plan.Const{Typ: rows.Columns()[i].Type, Value: v}
			}
			out = append(out, consts)
		}
		return out, nil
	}
}
