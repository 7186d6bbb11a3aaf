package scenario

import "time"

// ticks is a time as 100 ns steps since 1970-01-01T00:00:00Z: the resolution Azure prints, as one integer.
type ticks = int64

// Durations in ticks.
const (
	millisecond ticks = 1e4
	second      ticks = 1e7
	minute            = 60 * second
	hour              = 60 * minute
	day               = 24 * hour
)

// toTicks drops what is finer than 100 ns.
func toTicks(t time.Time) ticks { return t.Unix()*second + int64(t.Nanosecond())/100 }

// toTime is the inverse of toTicks, in UTC.
func toTime(t ticks) time.Time { return time.Unix(t/second, t%second*100).UTC() }

// floor cuts t down to a multiple of step; t must not be before 1970.
func floor(t, step ticks) ticks { return t - t%step }

// civil splits a time into year, month, day, hour, minute, second; the algorithm is Howard Hinnant's days_from_civil
// reversed, which needs no table and no allocation.
func civil(t ticks) (y, mo, d, h, mi, s int) {
	z := t/day + 719468
	rest := int(t % day / second)
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = int(doy - (153*mp+2)/5 + 1)
	mo = int(mp + 3)
	y = int(yoe + era*400)
	if mo > 12 {
		mo -= 12
		y++
	}
	return y, mo, d, rest / 3600, rest / 60 % 60, rest % 60
}

// append2 appends a number below 100 as two digits.
func append2(b []byte, v int) []byte { return append(b, byte('0'+v/10), byte('0'+v%10)) }

// appendSeconds appends 2026-03-10T08:15:04 with the given separator between date and time.
func appendSeconds(b []byte, t ticks, separator byte) []byte {
	y, mo, d, h, mi, s := civil(t)
	b = append2(append2(b, y/100), y%100)
	b = append2(append(b, '-'), mo)
	b = append2(append(b, '-'), d)
	b = append2(append(b, separator), h)
	b = append2(append(b, ':'), mi)
	return append2(append(b, ':'), s)
}

// appendStamp appends a timestamp with seven digits of a second and no zone; callers add Z or +00:00 as their format
// has it.
func appendStamp(b []byte, t ticks) []byte {
	b = append(appendSeconds(b, t, 'T'), '.')
	v := t % second
	for unit := second / 10; unit > 0; unit /= 10 {
		b = append(b, byte('0'+v/unit%10))
	}
	return b
}

// rhythm gives the relative amount of ordinary life in the window that starts at t, a time since the day's start.
type rhythm func(t ticks) float64

// officeHours follows people at work: little at night, a morning peak, a lunch dip.
func officeHours(t ticks) float64 {
	return [24]float64{2, 1, 1, 1, 2, 5, 16, 45, 90, 100, 95, 90, 60, 85, 92, 88, 70, 42, 24, 18, 14, 10, 6, 3}[t/hour%24]
}

// machineHours follows servers that people use: a steady floor under the office day.
func machineHours(t ticks) float64 { return 40 + officeHours(t) }

// hourlySnapshot puts everything into the first five minutes of each hour, as inventory agents report.
func hourlySnapshot(t ticks) float64 {
	if t%hour < 5*minute {
		return 1
	}
	return 0
}
