package scalar

import (
	"strings"
	"time"
	_ "time/tzdata" // machines without a time zone database answer as others do

	"nordlys/internal/kql/catalog"
)

// zoneFuncs move times between UTC and a time zone by its IANA name; an unknown name gives null.
// https://learn.microsoft.com/kusto/query/datetime-utc-to-local-function
func zoneFuncs() []Func {
	zones := newMemo(func(name string) *time.Location {
		if name == "" || name == "Local" {
			return nil
		}
		l, err := time.LoadLocation(name)
		if err != nil {
			return nil
		}
		return l
	})
	shift := func(name string, f func(ticks int64, l *time.Location) int64) Func {
		return Func{Name: name, Args: []catalog.Type{catalog.Datetime, catalog.String}, Result: catalog.Datetime, Call: func(a []any) any {
			ticks, ok := a[0].(int64)
			name, ok1 := a[1].(string)
			if !ok || !ok1 || len(name) > 64 {
				return nil
			}
			l := zones.get(name)
			if l == nil {
				return nil
			}
			if ticks = f(ticks, l); ticks < 0 || ticks > maxTicks {
				return nil
			}
			return ticks
		}}
	}
	return []Func{
		unary("go_timezones", catalog.String, catalog.Dynamic, func(string) any { return `["` + strings.Join(timezones, `","`) + `"]` }),
		shift("go_utc_to_local", func(ticks int64, l *time.Location) int64 { return ticks + zoneOffset(ticks, l) }),
		shift("go_local_to_utc", func(ticks int64, l *time.Location) int64 {
			// The offset after a change of the clock counts for the hour that is skipped and for the one that comes twice.
			const day = 24 * 3600 * ticksPerSecond
			before, after := zoneOffset(ticks-day, l), zoneOffset(ticks+day, l)
			if before != after && zoneOffset(ticks-before, l) == before && zoneOffset(ticks-after, l) != after {
				return ticks - before
			}
			return ticks - after
		}),
	}
}

// zoneOffset is local time less UTC at a moment of UTC, in ticks.
func zoneOffset(ticks int64, l *time.Location) int64 {
	_, seconds := time.Unix((ticks-unixEpochTicks)/ticksPerSecond, 0).In(l).Zone()
	return int64(seconds) * ticksPerSecond
}
