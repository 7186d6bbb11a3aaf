package scalar

import (
	"math"
	"strconv"
	"time"

	"nordlys/internal/kql/catalog"
)

func formatFuncs() []Func {
	s, n := catalog.String, catalog.Long
	return []Func{
		{Name: "go_format_datetime", Args: []catalog.Type{catalog.Datetime, s}, Result: s, Call: func(a []any) any {
			t, ok := a[0].(int64)
			layout, ok1 := a[1].(string)
			if !ok || !ok1 || t < 0 || t > maxTicks || len(layout) > maxLayout {
				return ""
			}
			return formatDatetime(t, layout)
		}},
		{Name: "go_format_timespan", Args: []catalog.Type{catalog.Timespan, s}, Result: s, Call: func(a []any) any {
			t, ok := a[0].(int64)
			layout, ok1 := a[1].(string)
			if !ok || !ok1 || len(layout) > maxLayout {
				return ""
			}
			return formatTimespan(t, layout)
		}},
		{Name: "go_make_datetime", Args: []catalog.Type{n, n, n, n, n, catalog.Real}, Result: catalog.Datetime, Call: makeDatetime},
	}
}

// maxTicks is the last tick of the year 9999; maxLayout bounds the bytes of a layout.
const (
	maxTicks  = 3_155_378_975_999_999_999
	maxLayout = 4096
)

// formatDatetime writes a datetime by the letters of https://learn.microsoft.com/kusto/query/format-datetime-function;
// "" if the layout has any other letter or a run of letters of a length that is not listed there.
func formatDatetime(t int64, layout string) any {
	tm := time.Unix(t/ticksPerSecond-unixEpochTicks/ticksPerSecond, 0).UTC()
	year, month, day := tm.Date()
	hour, minute, second := tm.Clock()
	fraction := int(t % ticksPerSecond)
	b := make([]byte, 0, 40)
	for i := 0; i < len(layout); {
		c, n := layout[i], 1
		for i+n < len(layout) && layout[i+n] == c && isAlnum(c) {
			n++
		}
		i += n
		most := 2
		switch c {
		case 'd':
			b = appendPadded(b, day, n)
		case 'M':
			b = appendPadded(b, int(month), n)
		case 'H':
			b = appendPadded(b, hour, n)
		case 'h':
			b = appendPadded(b, (hour+11)%12+1, n)
		case 'm':
			b = appendPadded(b, minute, n)
		case 's':
			b = appendPadded(b, second, n)
		case 'y':
			if most = 4; n == 3 {
				return ""
			}
			shown := year
			if n < 3 {
				shown %= 100
			}
			b = appendPadded(b, shown, n)
		case 't':
			if n != 2 {
				return ""
			}
			b = append(b, "AP"[hour/12], 'M')
		case 'f', 'F':
			most = 7
			b = appendFraction(b, fraction, n, c == 'F')
		default:
			if !isLayoutSeparator(c) {
				return ""
			}
			b = append(b, c)
		}
		if n > most {
			return ""
		}
	}
	return string(b)
}

// formatTimespan writes a timespan by the letters of
// https://learn.microsoft.com/kusto/query/format-timespan-function; h is read as H. A negative one begins with a minus.
func formatTimespan(t int64, layout string) any {
	b := make([]byte, 0, 40)
	u := uint64(t)
	if t < 0 {
		b = append(b, '-')
		u = -u
	}
	seconds, fraction := int(u/ticksPerSecond), int(u%ticksPerSecond)
	for i := 0; i < len(layout); {
		c, n := layout[i], 1
		for i+n < len(layout) && layout[i+n] == c && isAlnum(c) {
			n++
		}
		i += n
		most := 2
		switch c {
		case 'd':
			most = 8
			b = appendPadded(b, seconds/86400, n)
		case 'H', 'h':
			b = appendPadded(b, seconds/3600%24, n)
		case 'm':
			b = appendPadded(b, seconds/60%60, n)
		case 's':
			b = appendPadded(b, seconds%60, n)
		case 'f', 'F':
			most = 7
			b = appendFraction(b, fraction, n, c == 'F')
		default:
			if !isLayoutSeparator(c) {
				return ""
			}
			b = append(b, c)
		}
		if n > most {
			return ""
		}
	}
	return string(b)
}

func isLayoutSeparator(c byte) bool {
	switch c {
	case ' ', '/', '-', ':', ',', '.', '_', '[', ']':
		return true
	}
	return false
}

// appendPadded writes a number that is not negative with at least n digits.
func appendPadded(b []byte, v, n int) []byte {
	for p := pow10(n - 1); p > 1 && v < p; p /= 10 {
		b = append(b, '0')
	}
	return strconv.AppendInt(b, int64(v), 10)
}

// appendFraction writes the first n digits of the ticks within a second, with F without zeros at the end.
func appendFraction(b []byte, ticks, n int, trim bool) []byte {
	for i := n; i < 7; i++ {
		ticks /= 10
	}
	start := len(b)
	b = appendPadded(b, ticks, min(n, 7))
	for trim && len(b) > start && b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

func pow10(n int) int {
	p := 1
	for range min(n, 18) {
		p *= 10
	}
	return p
}

// makeDatetime gives null for parts out of range. https://learn.microsoft.com/kusto/query/make-datetime-function
func makeDatetime(a []any) any {
	year, ok := a[0].(int64)
	month, ok1 := a[1].(int64)
	day, ok2 := a[2].(int64)
	hour, minute := longOr(a[3], 0), longOr(a[4], 0)
	second, _ := a[5].(float64)
	if !ok || !ok1 || !ok2 || year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 60) {
		return nil
	}
	t, ok := instant(int(year), int(month), int(day), int(hour), int(minute), 0, 0, 0)
	if !ok {
		return nil
	}
	return t + min(int64(math.Round(second*ticksPerSecond)), 60*ticksPerSecond-1)
}
