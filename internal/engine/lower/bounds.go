package lower

import (
	"time"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// narrow intersects bounds with what a predicate says about TimeGenerated in its top-level conjunction.
func (l *lowerer) narrow(b Bounds, e plan.Expr) Bounds {
	call, ok := e.(*plan.Call)
	if !ok {
		return b
	}
	switch id := call.Overload.ID; id {
	case "and":
		for _, a := range call.Args {
			b = l.narrow(b, a)
		}
	case "eq", "lt", "le", "gt", "ge":
		left, right := call.Args[0], call.Args[1]
		if !isTime(left) {
			left, right = right, left
			id = map[string]string{"eq": "eq", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}[id]
		}
		v, ok := l.ticks(right)
		if !isTime(left) || !ok {
			return b
		}
		switch id {
		case "eq":
			b.From, b.To = max(b.From, v), min(b.To, v)
		case "gt", "ge":
			b.From = max(b.From, v)
		case "lt", "le":
			b.To = min(b.To, v)
		}
	case "between", "between.datetime":
		from, ok1 := l.ticks(call.Args[1])
		to, ok2 := l.ticks(call.Args[2])
		if !isTime(call.Args[0]) || !ok1 || !ok2 {
			return b
		}
		if id == "between.datetime" {
			to += from
		}
		b.From, b.To = max(b.From, from), min(b.To, to)
	}
	return b
}

func isTime(e plan.Expr) bool {
	r, ok := e.(*plan.ColumnRef)
	return ok && r.Name == timeColumn && r.Typ == catalog.Datetime
}

// ticks evaluates the constant datetime and timespan expressions that queries filter time by.
func (l *lowerer) ticks(e plan.Expr) (int64, bool) {
	switch e := e.(type) {
	case *plan.Const:
		v, ok := e.Value.(int64)
		return v, ok
	case *plan.Call:
		args := make([]int64, len(e.Args))
		for i, a := range e.Args {
			v, ok := l.ticks(a)
			if !ok {
				return 0, false
			}
			args[i] = v
		}
		switch e.Overload.ID {
		case "now":
			if len(args) == 1 {
				return Ticks(l.opt.Now) + args[0], true
			}
			return Ticks(l.opt.Now), true
		case "ago":
			return Ticks(l.opt.Now) - args[0], true
		case "add.datetime", "add.datetime2", "add.timespan":
			return args[0] + args[1], true
		case "sub.datetime", "sub.timespan", "sub.datetimes":
			return args[0] - args[1], true
		case "startofday":
			if len(args) == 1 {
				return args[0] - args[0]%ticksPerDay, true
			}
		}
	}
	return 0, false
}

const (
	ticksPerSecond = 10_000_000
	ticksPerDay    = 24 * 3600 * ticksPerSecond
	unixEpochTicks = 621_355_968_000_000_000
)

// Ticks gives t as 100 ns ticks since 0001-01-01T00:00:00Z.
func Ticks(t time.Time) int64 {
	return unixEpochTicks + t.Unix()*ticksPerSecond + int64(t.Nanosecond())/100
}
