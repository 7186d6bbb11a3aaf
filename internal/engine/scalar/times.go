package scalar

import (
	"math"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
)

func timeFuncs() []Func {
	return []Func{
		{Name: "go_todatetime", Args: []catalog.Type{catalog.String}, Result: catalog.Datetime, Call: func(a []any) any {
			s, ok := a[0].(string)
			if !ok {
				return nil
			}
			if t, ok := ParseDatetime(s); ok {
				return t
			}
			return nil
		}},
		{Name: "go_totimespan", Args: []catalog.Type{catalog.String}, Result: catalog.Timespan, Call: func(a []any) any {
			s, ok := a[0].(string)
			if !ok {
				return nil
			}
			if t, ok := ParseTimespan(s); ok {
				return t
			}
			return nil
		}},
	}
}

const (
	ticksPerSecond = 10_000_000
	unixEpochTicks = 621_355_968_000_000_000
	maxDays        = 10_675_198 // whole days that ticks can count
)

// ParseDatetime reads a datetime in the forms that Kusto's todatetime takes,
// https://learn.microsoft.com/kusto/query/scalar-data-types/datetime, and gives ticks of 100 ns since year 1. A time
// without zone is UTC. ISO 8601 is read without an allocation.
func ParseDatetime(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	t, ok := parseISO(s)
	if !ok {
		t, ok = parseOtherDate(s)
	}
	return t, ok && t >= 0 && t <= maxTicks
}

// parseISO reads yyyy[-MM[-dd[(T| )HH[:mm[:ss[.fffffff]]]]]] with Z, ±hh:mm or no zone.
func parseISO(s string) (int64, bool) {
	year, s, ok := digits(s, 4, 4)
	if !ok {
		return 0, false
	}
	month, day, hour, minute, second, frac, offset := 1, 1, 0, 0, 0, 0, 0
	if s != "" {
		if s[0] != '-' {
			return 0, false
		}
		if month, s, ok = digits(s[1:], 2, 2); !ok {
			return 0, false
		}
		if s != "" && s[0] == '-' {
			if day, s, ok = digits(s[1:], 2, 2); !ok {
				return 0, false
			}
		}
	}
	if s != "" && (s[0] == 'T' || s[0] == ' ' || s[0] == 't') {
		if hour, s, ok = digits(strings.TrimLeft(s[1:], " "), 1, 2); !ok {
			return 0, false
		}
		if s != "" && s[0] == ':' {
			if minute, s, ok = digits(s[1:], 2, 2); !ok {
				return 0, false
			}
			if s != "" && s[0] == ':' {
				if second, s, ok = digits(s[1:], 2, 2); !ok {
					return 0, false
				}
				if s != "" && (s[0] == '.' || s[0] == ',') {
					if frac, s, ok = fraction(s[1:]); !ok {
						return 0, false
					}
				}
			}
		}
		s = strings.TrimLeft(s, " ")
	}
	if offset, ok = zone(s); !ok {
		return 0, false
	}
	return instant(year, month, day, hour, minute, second, frac, offset)
}

// instant puts a time together; false if a part is out of range. 24:00:00 and a leap second are taken, as ISO 8601 has
// them. The offset is in minutes east of UTC.
func instant(year, month, day, hour, minute, second, frac, offset int) (int64, bool) {
	if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour > 24 || hour == 24 && (minute > 0 || second > 0 || frac > 0) || minute > 59 || second > 60 {
		return 0, false
	}
	y := year - 1
	days := 365*y + y/4 - y/100 + y/400 + daysBefore[month-1] + day - 1
	if month > 2 && daysIn(year, 2) == 29 {
		days++
	}
	seconds := int64(((days*24+hour)*60+minute-offset)*60 + second)
	return seconds*ticksPerSecond + int64(frac), true
}

// daysBefore counts the days of a common year before each month.
var daysBefore = [...]int{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func digits(s string, least, most int) (int, string, bool) {
	n, i := 0, 0
	for i < len(s) && i < most && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, s[i:], i >= least
}

// fraction reads the digits after the point as ticks; more than seven are cut.
func fraction(s string) (int, string, bool) {
	n, i := 0, 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		if i < 7 {
			n = n*10 + int(s[i]-'0')
		}
		i++
	}
	for j := i; j < 7; j++ {
		n *= 10
	}
	return n, s[i:], i > 0
}

// zone reads Z, ±hh[:mm] or a zone that RFC 822 names, and gives minutes east.
func zone(s string) (int, bool) {
	switch s {
	case "", "Z", "z", "UTC", "GMT", "UT":
		return 0, true
	case "EST", "CDT":
		return -5 * 60, true
	case "EDT":
		return -4 * 60, true
	case "CST", "MDT":
		return -6 * 60, true
	case "MST", "PDT":
		return -7 * 60, true
	case "PST":
		return -8 * 60, true
	}
	if s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	h, rest, ok := digits(s[1:], 2, 2)
	if !ok {
		return 0, false
	}
	m := 0
	rest = strings.TrimPrefix(rest, ":")
	if rest != "" {
		if m, rest, ok = digits(rest, 2, 2); !ok || rest != "" {
			return 0, false
		}
	}
	if s[0] == '-' {
		return -(h*60 + m), true
	}
	return h*60 + m, true
}

// ParseTimespan reads [-][d.]hh:mm[:ss[.fffffff]], whole days, or a number with a unit (1d, 90s) and gives ticks.
func ParseTimespan(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if s == "" {
		return 0, false
	}
	v, ok := parseClock(s)
	if !ok {
		if v, ok = parseUnits(s); !ok {
			return 0, false
		}
	}
	if neg {
		v = -v
	}
	return v, true
}

func parseClock(s string) (int64, bool) {
	var days, hours, minutes, seconds, frac int
	var ok bool
	rest := s
	if i := strings.IndexAny(s, ".:"); i >= 0 && s[i] == '.' && strings.Contains(s[i:], ":") {
		if days, rest, ok = digits(s, 1, 8); !ok || rest == "" {
			return 0, false
		}
		rest = rest[1:]
	}
	if hours, rest, ok = digits(rest, 1, 8); !ok {
		return 0, false
	}
	if days > maxDays {
		return 0, false
	}
	if rest == "" { // a bare number is days
		return int64(hours) * 24 * 3600 * ticksPerSecond, hours <= maxDays
	}
	if rest[0] != ':' {
		return 0, false
	}
	if minutes, rest, ok = digits(rest[1:], 1, 2); !ok || minutes > 59 || hours > 23 {
		return 0, false
	}
	if rest != "" {
		if rest[0] != ':' {
			return 0, false
		}
		if seconds, rest, ok = digits(rest[1:], 1, 2); !ok || seconds > 59 {
			return 0, false
		}
		if rest != "" {
			if rest[0] != '.' {
				return 0, false
			}
			if frac, rest, ok = fraction(rest[1:]); !ok || rest != "" {
				return 0, false
			}
		}
	}
	return int64(((days*24+hours)*60+minutes)*60+seconds)*ticksPerSecond + int64(frac), true
}

// timespanUnits are the suffixes of timespan literals, in ticks.
var timespanUnits = map[string]float64{
	"d": 864e9, "h": 36e9, "m": 6e8, "s": 1e7, "ms": 1e4, "microsecond": 10, "tick": 1,
	"day": 864e9, "days": 864e9, "hour": 36e9, "hours": 36e9, "hr": 36e9, "hrs": 36e9, "min": 6e8, "minute": 6e8, "minutes": 6e8,
	"sec": 1e7, "second": 1e7, "seconds": 1e7, "milli": 1e4, "millis": 1e4, "millisecond": 1e4, "milliseconds": 1e4,
	"micro": 10, "micros": 10, "microseconds": 10, "ticks": 1, "nano": 0.01, "nanos": 0.01, "nanosecond": 0.01, "nanoseconds": 0.01,
}

func parseUnits(s string) (int64, bool) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	unit, ok := timespanUnits[strings.TrimSpace(s[i:])]
	if !ok || i == 0 {
		return 0, false
	}
	n, err := strconv.ParseFloat(s[:i], 64)
	if err != nil || n*unit > 9.2e18 {
		return 0, false
	}
	return int64(math.Round(n * unit)), true
}
