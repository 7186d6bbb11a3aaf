package syntax

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Ticks of 100 nanoseconds, the resolution of datetime and timespan.
const (
	tick        = 1
	microsecond = 10 * tick
	millisecond = 1000 * microsecond
	second      = 1000 * millisecond
	minute      = 60 * second
	hour        = 60 * minute
	day         = 24 * hour
)

// timespanUnit returns the ticks of a timespan literal's suffix, 0 for other words. Nanoseconds are -1, because one
// tick is a hundred of them.
// https://learn.microsoft.com/kusto/query/scalar-data-types/timespan
func timespanUnit(suffix string) int64 {
	switch suffix {
	case "d", "day", "days":
		return day
	case "h", "hr", "hrs", "hour", "hours":
		return hour
	case "m", "min", "minute", "minutes":
		return minute
	case "s", "sec", "second", "seconds":
		return second
	case "ms", "milli", "millis", "millisecond", "milliseconds":
		return millisecond
	case "micro", "micros", "microsecond", "microseconds":
		return microsecond
	case "nano", "nanos", "nanosecond", "nanoseconds":
		return -1
	case "tick", "ticks":
		return tick
	}
	return 0
}

// parseTimespanSuffix reads 1.5h and its like.
func parseTimespanSuffix(text string) (int64, bool) {
	split := len(text)
	for split > 0 && !isDigit(text[split-1]) && text[split-1] != '.' {
		split--
	}
	unit := timespanUnit(strings.TrimSpace(text[split:]))
	if unit == 0 {
		return 0, false
	}
	// An exponent could ask for a number of any length.
	if len(text) > 64 || strings.ContainsAny(text[:split], "eExX_/pP") {
		return 0, false
	}
	number, ok := new(big.Rat).SetString(text[:split])
	if !ok {
		return 0, false
	}
	if unit < 0 {
		number.Quo(number, big.NewRat(100, 1))
	} else {
		number.Mul(number, new(big.Rat).SetInt64(unit))
	}
	whole := new(big.Int).Quo(number.Num(), number.Denom())
	if !whole.IsInt64() {
		return 0, false
	}
	return whole.Int64(), true
}

// ParseTimespan reads the text of a timespan literal into ticks: [-][d.]hh:mm[:ss[.fffffff]], a number of days, or a
// number with a unit.
func ParseTimespan(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	negative := false
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		negative, text = true, strings.TrimSpace(rest)
	}
	ticks, ok := parseTimespanBody(text)
	if negative {
		ticks = -ticks
	}
	return ticks, ok
}

func parseTimespanBody(text string) (int64, bool) {
	if text == "" || !isDigit(text[0]) && text[0] != '.' || len(text) > 64 {
		return 0, false
	}
	clock := strings.Split(text, ":")
	if len(clock) == 1 {
		if isDigit(text[len(text)-1]) {
			return parseTimespanSuffix(text + "d")
		}
		return parseTimespanSuffix(text)
	}
	if len(clock) > 3 {
		return 0, false
	}
	var total int64
	if days, rest, ok := strings.Cut(clock[0], "."); ok {
		n, err := strconv.ParseInt(days, 10, 32)
		if err != nil || n > math.MaxInt64/day {
			return 0, false
		}
		total, clock[0] = n*day, rest
	}
	hours, err1 := strconv.ParseUint(clock[0], 10, 16)
	minutes, err2 := strconv.ParseUint(clock[1], 10, 16)
	if err1 != nil || err2 != nil || hours > 23 || minutes > 59 {
		return 0, false
	}
	total += int64(hours)*hour + int64(minutes)*minute
	if len(clock) == 3 {
		seconds, fraction, _ := strings.Cut(clock[2], ".")
		n, err := strconv.ParseUint(seconds, 10, 16)
		part, ok := parseFraction(fraction)
		if err != nil || n > 59 || !ok {
			return 0, false
		}
		total += int64(n)*second + part
	}
	return total, true
}

// parseFraction reads the digits after a second's point into ticks; digits beyond the seventh are dropped.
func parseFraction(digits string) (int64, bool) {
	var ticks int64
	for i := 0; i < 7; i++ {
		ticks *= 10
		if i < len(digits) {
			if !isDigit(digits[i]) {
				return 0, false
			}
			ticks += int64(digits[i] - '0')
		}
	}
	return ticks, true
}

// FormatTimespan writes ticks as [-][d.]hh:mm:ss[.fffffff], which ParseTimespan reads back.
func FormatTimespan(ticks int64) string {
	var b []byte
	n := uint64(ticks)
	if ticks < 0 {
		b = append(b, '-')
		n = -n
	}
	if days := n / day; days > 0 {
		b = strconv.AppendUint(b, days, 10)
		b = append(b, '.')
	}
	two := func(v uint64) { b = append(b, byte('0'+v/10), byte('0'+v%10)) }
	two(n / hour % 24)
	b = append(b, ':')
	two(n / minute % 60)
	b = append(b, ':')
	two(n / second % 60)
	if fraction := n % second; fraction > 0 {
		b = append(b, '.')
		digits := strconv.FormatUint(fraction+second, 10)
		b = append(b, digits[1:]...)
	}
	return string(b)
}

// secondsToUnix is the distance from 0001-01-01 to 1970-01-01.
const secondsToUnix = 62135596800

// TicksOf converts a time to datetime ticks; a time outside the years 1 to 9999 is none.
func TicksOf(t time.Time) (int64, bool) {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return 0, false
	}
	return (t.Unix()+secondsToUnix)*second + int64(t.Nanosecond()/100), true
}

// TimeOf converts datetime ticks to a time in UTC.
func TimeOf(ticks int64) time.Time {
	return time.Unix(ticks/second-secondsToUnix, ticks%second*100).UTC()
}

// FormatDateTime writes ticks as RFC 3339 with seven digits.
func FormatDateTime(ticks int64) string {
	return TimeOf(ticks).Format("2006-01-02T15:04:05.0000000Z")
}

// ParseDateTime reads the text of a datetime literal into ticks since 0001-01-01: the ISO 8601 and RFC 822/850 forms
// that the documentation lists, and the month/day/year form that Kusto also takes. A text without zone is UTC.
// https://learn.microsoft.com/kusto/query/scalar-data-types/datetime
func ParseDateTime(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	if len(text) > 64 {
		return 0, false
	}
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		text = strings.TrimSpace(text[1 : len(text)-1])
	}
	text = strings.ReplaceAll(text, " - ", "-")
	if ticks, ok := parseISO(text); ok {
		return ticks, true
	}
	for _, layout := range [...]string{
		"Mon, 2 Jan 06 15:04:05 MST", "Mon, 2 Jan 06 15:04:05", "Mon, 2 Jan 06 15:04", "2 Jan 06 15:04:05", "2 Jan 06 15:04", "2 Jan 06 15:04:05 MST", "2 Jan 06 15:04 MST",
		"Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "2 Jan 2006",
		"Monday, 02-Jan-06 15:04:05 MST", "Monday, 02-Jan-06 15:04:05", "02-Jan-06 15:04:05 MST", "02-Jan-06 15:04:05", "02-Jan-06 15:04", "02-Jan-06",
		"1/2/2006 3:04:05 PM", "1/2/2006 3:04:05.9999999 PM", "1/2/2006 15:04:05.9999999", "1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006",
		"1-2-2006 15:04:05.9999999", "1-2-2006 15:04", "1-2-2006", "2006, 1, 2",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return TicksOf(t)
		}
	}
	return 0, false
}

// parseISO reads yyyy[-mm[-dd]][(T| )hh:mm[:ss[.f…]]][Z|±hh:mm] and yyyymmdd.
func parseISO(text string) (int64, bool) {
	date, clock := text, ""
	if i := strings.IndexAny(text, "T "); i >= 0 {
		date, clock = text[:i], strings.TrimSpace(text[i+1:])
	} else if strings.HasSuffix(text, "Z") {
		date = text[:len(text)-1]
	}
	parts := strings.Split(date, "-")
	if len(parts) == 1 {
		if parts = strings.Split(date, "/"); len(parts) == 3 && len(parts[0]) != 4 {
			return 0, false
		}
	}
	if len(parts) == 1 && len(date) == 8 {
		parts = []string{date[:4], date[4:6], date[6:]}
	}
	if len(parts) > 3 || len(parts[0]) != 4 {
		return 0, false
	}
	field := [3]int{1, 1, 1}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || len(p) > 4 {
			return 0, false
		}
		field[i] = int(n)
	}
	t := time.Date(field[0], time.Month(field[1]), field[2], 0, 0, 0, 0, time.UTC)
	if field[0] < 1 || int(t.Month()) != field[1] || t.Day() != field[2] {
		return 0, false
	}
	ticks, _ := TicksOf(t)
	offset, ok := parseClock(clock)
	if ticks += offset; !ok || ticks < 0 {
		return 0, false
	}
	return ticks, true
}

// parseClock reads hh:mm[:ss[.f…]][Z|±hh[:]mm] into the ticks to add to midnight UTC.
func parseClock(clock string) (int64, bool) {
	if clock == "" {
		return 0, true
	}
	var shift int64
	if rest, ok := strings.CutSuffix(clock, "Z"); ok {
		clock = strings.TrimSpace(rest)
	} else if i := strings.LastIndexAny(clock, "+-"); i > 0 {
		zone := strings.ReplaceAll(clock[i+1:], ":", "")
		if len(zone) == 2 {
			zone += "00"
		}
		n, err := strconv.ParseUint(zone, 10, 16)
		if err != nil || len(zone) != 4 {
			return 0, false
		}
		shift = int64(n/100)*hour + int64(n%100)*minute
		if clock[i] == '+' {
			shift = -shift
		}
		clock = strings.TrimSpace(clock[:i])
	}
	if !strings.Contains(clock, ":") {
		return 0, false
	}
	ticks, ok := parseTimespanBody(clock)
	return ticks + shift, ok && ticks < day
}

// unquote returns the value of a string token and the offset of the first bad escape in it, or -1.
func unquote(text string) (value string, hidden bool, bad int) {
	prefix := 0
	if c := text[0]; c == 'h' || c == 'H' {
		hidden, prefix = true, 1
	}
	body := text[prefix:]
	switch {
	case strings.HasPrefix(body, "```") || strings.HasPrefix(body, "~~~"):
		return body[3 : len(body)-3], hidden, -1
	case body[0] == '@':
		quote := body[1:2]
		return strings.ReplaceAll(body[2:len(body)-1], quote+quote, quote), hidden, -1
	}
	body = body[1 : len(body)-1]
	if strings.IndexByte(body, '\\') < 0 {
		return body, hidden, -1
	}
	var b strings.Builder
	bad = -1
	for i := 0; i < len(body); {
		if body[i] != '\\' {
			b.WriteByte(body[i])
			i++
			continue
		}
		r, n := unescape(body[i+1:])
		if n == 0 {
			if bad < 0 {
				bad = prefix + 1 + i
			}
			b.WriteByte('\\')
			i++
			continue
		}
		b.WriteRune(r)
		i += 1 + n
	}
	return b.String(), hidden, bad
}

// unescape reads what follows a backslash: the character it stands for and how many bytes it takes, 0 if none.
func unescape(s string) (rune, int) {
	if s == "" {
		return 0, 0
	}
	if i := strings.IndexByte(`abfnrtv0\"'/`, s[0]); i >= 0 && s[0] != '0' {
		return rune("\a\b\f\n\r\t\v\x00\\\"'/"[i]), 1
	}
	number := func(from, digits, base int) (rune, int) {
		if len(s) < from+digits {
			return 0, 0
		}
		n, err := strconv.ParseUint(s[from:from+digits], base, 32)
		if err != nil || n > utf8.MaxRune {
			return 0, 0
		}
		return rune(n), from + digits
	}
	switch s[0] {
	case 'x':
		return number(1, 2, 16)
	case 'u':
		r, n := number(1, 4, 16)
		// A surrogate pair is written as two escapes.
		if n > 0 && r >= 0xD800 && r < 0xDC00 && len(s) >= 11 && s[5] == '\\' && s[6] == 'u' {
			if low, err := strconv.ParseUint(s[7:11], 16, 32); err == nil && low >= 0xDC00 && low < 0xE000 {
				return (r-0xD800)<<10 + rune(low) - 0xDC00 + 0x10000, 11
			}
		}
		return r, n
	case 'U':
		return number(1, 8, 16)
	}
	digits := 0
	for digits < 3 && digits < len(s) && s[digits] >= '0' && s[digits] <= '7' {
		digits++
	}
	if digits == 0 {
		return 0, 0
	}
	return number(0, digits, 8)
}

// quote writes a value as a string literal that reads back as the same value.
func quote(value string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(value); {
		r, n := utf8.DecodeRuneInString(value[i:])
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ':
			b.WriteString(`\x`)
			b.WriteByte("0123456789abcdef"[r>>4])
			b.WriteByte("0123456789abcdef"[r&15])
		default:
			b.WriteString(value[i : i+n])
		}
		i += n
	}
	b.WriteByte('"')
	return b.String()
}
