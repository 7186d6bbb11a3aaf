package scalar

import (
	"strconv"

	"nordlys/internal/kql/catalog"
)

func sessionFuncs() []Func {
	d := catalog.Dynamic
	return []Func{binary("go_sessions", d, d, d, sessions)}
}

// sessions gives for each time, in ticks, the time with which its session began: a time that is as far from the first
// as its own limit begins a new one. A null is in no session, and ends one.
// https://learn.microsoft.com/kusto/query/row-window-session-function
func sessions(times, limits string) any {
	ts, ok := elements(times, nil)
	ls, ok1 := elements(limits, nil)
	if !ok || !ok1 || len(ts) != len(ls) {
		return nil
	}
	b := []byte{'['}
	first, open := int64(0), false
	for i, raw := range ts {
		if i > 0 {
			b = append(b, ',')
		}
		t, err := strconv.ParseInt(raw, 10, 64)
		if err != nil {
			b, open = append(b, "null"...), false
			continue
		}
		limit, err := strconv.ParseInt(ls[i], 10, 64)
		if !open || err == nil && t-first >= limit {
			first, open = t, true
		}
		b = strconv.AppendInt(b, first, 10)
	}
	return string(append(b, ']'))
}
