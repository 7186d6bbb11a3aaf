package rows

import (
	"bytes"
	"time"
)

// Ticks per unit of time; a tick is 100 ns.
const (
	Second = int64(10_000_000)
	Day    = 86_400 * Second
)

// unixEpoch is 1970-01-01 in ticks from 0001-01-01.
const unixEpoch = 719_162 * Day

// maxTicks is the last tick of the year 9999, the end of KQL's datetime.
const maxTicks = 3_155_378_975_999_999_999

// TicksOf converts a time to ticks from 0001-01-01T00:00:00Z.
func TicksOf(t time.Time) int64 {
	return unixEpoch + t.Unix()*Second + int64(t.Nanosecond())/100
}

// TimeOf converts ticks from 0001-01-01T00:00:00Z to a time in UTC.
func TimeOf(ticks int64) time.Time {
	ticks -= unixEpoch
	return time.Unix(ticks/Second, ticks%Second*100).UTC()
}

// DateOrder says how a date of three numbers with slashes is meant.
type DateOrder uint8

// The orders. Services write month first; what people export follows their browser or spreadsheet.
const (
	MonthFirst DateOrder = iota
	DayFirst
	Unsure // nobody knows: a date that can be read both ways is not read
)

// ParseTime reads a timestamp in any of the spellings that Azure's logs have: ISO 8601 with up to nine digits of a
// second (those after the seventh are cut), an hour of one digit, Z or an offset with or without a space before it, and
// 3/24/2022 2:42:35 PM in the given order, and Mar 24, 2022 2:42:35 PM. A time without a zone is in zone, nil being UTC.
func ParseTime(text []byte, zone *time.Location, order DateOrder) (ticks int64, ok bool) {
	if t, ok := parseFixed(text); ok {
		return t, true
	}
	p := timeParser{b: bytes.TrimSpace(text)}
	if len(p.b) > 8 && p.b[0] == '/' || len(p.b) > 8 && p.b[0] == '\\' {
		return parseNet(p.b)
	}
	if len(p.b) < 8 || len(p.b) > 64 {
		return 0, false
	}
	var year, month, day int
	a, n := p.number()
	switch {
	case n == 4 && p.byte('-'):
		year = a
		month, _ = p.number()
		if !p.byte('-') {
			return 0, false
		}
		day, _ = p.number()
	case n > 0 && n <= 2 && p.byte('/'):
		b, _ := p.number()
		if !p.byte('/') {
			return 0, false
		}
		if year, n = p.number(); n != 4 {
			return 0, false
		}
		month, day = a, b
		switch {
		case order == DayFirst, order == Unsure && a > 12:
			month, day = b, a
		case order == Unsure && a != b && b <= 12:
			return 0, false
		}
	case n == 0:
		if month = p.month(); month == 0 {
			return 0, false
		}
		day, _ = p.number()
		if !p.byte(',') {
			return 0, false
		}
		for p.byte(' ') {
		}
		if year, n = p.number(); n != 4 {
			return 0, false
		}
	default:
		return 0, false
	}
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || year < 1 || year > 9999 {
		return 0, false
	}
	clock, ok := p.clock()
	if !ok {
		return 0, false
	}
	ticks = civilDays(year, month, day)*Day + clock
	offset, known, ok := p.offset()
	if !ok {
		return 0, false
	}
	if !known && zone != nil && zone != time.UTC {
		ticks = TicksOf(time.Date(year, time.Month(month), day, 0, 0, int(clock/Second), int(clock%Second*100), zone))
	}
	ticks -= offset
	return ticks, ticks >= 0 && ticks <= maxTicks
}

// Epoch reads a number of seconds or milliseconds since 1970 between the years 2000 and 2100; which it is follows from its
// size.
func Epoch(text []byte) (ticks int64, ok bool) {
	whole, _, _ := bytes.Cut(text, []byte("."))
	n, ok := parseInt(whole)
	const from, to = 946_684_800, 4_102_444_800
	switch {
	case !ok:
	case n >= from && n < to:
		return unixEpoch + n*Second, true
	case n >= from*1000 && n < to*1000:
		return unixEpoch + n*(Second/1000), true
	}
	return 0, false
}

// parseNet reads what Windows PowerShell 5 makes of a time in JSON: /Date(1710345600123)/, milliseconds since 1970.
func parseNet(b []byte) (int64, bool) {
	b = bytes.TrimSuffix(bytes.TrimPrefix(bytes.ReplaceAll(b, []byte{'\\'}, nil), []byte("/Date(")), []byte(")/"))
	n, ok := parseInt(b)
	if !ok || n < -1<<46 || n > 1<<48 {
		return 0, false
	}
	ticks := unixEpoch + n*(Second/1000)
	return ticks, ticks >= 0 && ticks <= maxTicks
}

// parseFixed reads the commonest spelling, 2025-07-24T15:32:44.2442191Z with up to seven digits of a second.
func parseFixed(b []byte) (int64, bool) {
	if len(b) < 20 || len(b) > 28 || b[len(b)-1] != 'Z' || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	bad := false
	two := func(i int) int {
		x, y := b[i]-'0', b[i+1]-'0'
		bad = bad || x > 9 || y > 9
		return int(x)*10 + int(y)
	}
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, sec := two(11), two(14), two(17)
	if bad || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || sec > 59 {
		return 0, false
	}
	ticks := civilDays(year, month, day)*Day + int64(hour*3600+minute*60+sec)*Second
	if frac := b[19 : len(b)-1]; len(frac) > 0 {
		if frac[0] != '.' || len(frac) == 1 {
			return 0, false
		}
		unit := Second
		for _, c := range frac[1:] {
			if c -= '0'; c > 9 {
				return 0, false
			}
			unit /= 10
			ticks += int64(c) * unit
		}
	}
	return ticks, true
}

// civilDays counts the days from 0001-01-01 to a date of the Gregorian calendar.
func civilDays(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year+year/4-year/100+year/400+(153*(month-3)+2)/5+day) - 307
}

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

// timeParser reads the parts of a timestamp from left to right.
type timeParser struct {
	b []byte
	i int
}

// month reads the English name of a month, of which three letters are enough, and the space behind it.
func (p *timeParser) month() int {
	end := p.i
	for end < len(p.b) && (p.b[end]|0x20 >= 'a' && p.b[end]|0x20 <= 'z') {
		end++
	}
	name := p.b[p.i:end]
	if len(name) < 3 || end == len(p.b) || p.b[end] != ' ' {
		return 0
	}
	for m := time.January; m <= time.December; m++ {
		if full := m.String(); len(name) <= len(full) && string(name) == full[:len(name)] {
			p.i = end + 1
			return int(m)
		}
	}
	return 0
}

func (p *timeParser) number() (value, digits int) {
	for p.i < len(p.b) && '0' <= p.b[p.i] && p.b[p.i] <= '9' && digits < 9 {
		value = value*10 + int(p.b[p.i]-'0')
		p.i++
		digits++
	}
	return value, digits
}

func (p *timeParser) byte(c byte) bool {
	if p.i < len(p.b) && p.b[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *timeParser) word(w string) bool {
	if len(p.b)-p.i >= len(w) && bytes.EqualFold(p.b[p.i:p.i+len(w)], []byte(w)) {
		p.i += len(w)
		return true
	}
	return false
}

// clock reads the time of day, which may be absent: midnight.
func (p *timeParser) clock() (ticks int64, ok bool) {
	p.byte(',')
	if !p.byte('T') && !p.byte('t') {
		if !p.byte(' ') {
			return 0, p.i == len(p.b)
		}
		p.byte(' ')
	}
	hour, n := p.number()
	if n == 0 || n > 2 || !p.byte(':') {
		return 0, false
	}
	minute, n := p.number()
	if n != 2 {
		return 0, false
	}
	sec, frac := 0, int64(0)
	if p.byte(':') {
		if sec, n = p.number(); n != 2 {
			return 0, false
		}
		if p.byte('.') {
			unit := Second
			from := p.i
			for p.i < len(p.b) && '0' <= p.b[p.i] && p.b[p.i] <= '9' {
				unit /= 10
				frac += int64(p.b[p.i]-'0') * unit
				p.i++
			}
			if p.i == from {
				return 0, false
			}
		}
	}
	mark := p.i
	for p.byte(' ') || p.word("\u202f") || p.word("\u00a0") { // newer browsers put a narrow space before AM and PM
	}
	switch {
	case p.word("AM"):
		if hour < 1 || hour > 12 {
			return 0, false
		}
		hour %= 12
	case p.word("PM"):
		if hour < 1 || hour > 12 {
			return 0, false
		}
		hour = hour%12 + 12
	default:
		p.i = mark
	}
	if hour > 23 || minute > 59 || sec > 59 {
		return 0, false
	}
	return int64(hour*3600+minute*60+sec)*Second + frac, true
}

// offset reads Z, UTC, +00:00 or +0000; known is false if there is none.
func (p *timeParser) offset() (ticks int64, known, ok bool) {
	p.byte(' ')
	if p.i >= len(p.b) {
		return 0, false, true
	}
	if p.word("UTC") || p.word("GMT") || p.word("Z") {
		return 0, true, p.i == len(p.b)
	}
	sign := int64(1)
	if p.byte('-') {
		sign = -1
	} else if !p.byte('+') {
		return 0, false, false
	}
	hour, n := p.number()
	minute := 0
	switch {
	case n == 4:
		hour, minute = hour/100, hour%100
	case n <= 2 && n > 0 && p.byte(':'):
		minute, _ = p.number()
	case n == 0 || n > 2:
		return 0, false, false
	}
	if hour > 14 || minute > 59 || p.i != len(p.b) {
		return 0, false, false
	}
	return sign * int64(hour*3600+minute*60) * Second, true, true
}

// ParseSpan reads a timespan as Kusto and .NET write it, [-][d.]hh:mm:ss[.fffffff], into ticks.
func ParseSpan(text []byte) (ticks int64, ok bool) {
	p := timeParser{b: bytes.TrimSpace(text)}
	neg := p.byte('-')
	first, n := p.number()
	if n == 0 {
		return 0, false
	}
	days := 0
	if p.byte('.') {
		days = first
		first, _ = p.number()
	}
	if first > 23 || days > 10_000_000 || !p.byte(':') {
		return 0, false
	}
	// What is left is mm:ss, which the clock reads as the minutes and seconds of hour 0.
	left := p.b[p.i:]
	rest := timeParser{b: append([]byte(" 0:"), left...)}
	clock, ok := rest.clock()
	if !ok || rest.i != len(rest.b) || bytes.Count(left, []byte(":")) != 1 {
		return 0, false
	}
	ticks = int64(days)*Day + int64(first)*3600*Second + clock
	if neg {
		ticks = -ticks
	}
	return ticks, true
}
