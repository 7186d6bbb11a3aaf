package engine

import (
	"context"
	"time"

	"nordlys/internal/kql/plan"
)

// Discover gives what a binder calls to see rows before the plan is complete (bind.Options.Discover): it runs a plan on
// e, in the circumstances of r, and gives at most limit rows as constants. The timeout of r is one for all runs together.
func Discover(ctx context.Context, e Engine, r Request) func(root plan.Node, limit int) ([][]*plan.Const, error) {
	left := r.Limits.Timeout
	return func(root plan.Node, limit int) ([][]*plan.Const, error) {
		r := r
		r.Query = &plan.Query{Root: root}
		r.Limits.Rows = 0
		if r.Limits.Timeout > 0 {
			began := time.Now()
			defer func() { left = max(left-time.Since(began), 1) }()
			r.Limits.Timeout = left
		}
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
