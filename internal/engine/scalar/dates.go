package scalar

import "strings"

// dateScanner reads the forms of datetimes that are not ISO 8601: RFC 822 and 850, the American order with / or -,
// year first with one-digit parts, and month names in front.
type dateScanner struct {
	s                string
	year, month, day int
}

// parseOtherDate gives up at the first thing that does not fit, so that it costs little on text that is no date.
func parseOtherDate(s string) (int64, bool) {
	if len(s) < 6 || len(s) > 64 {
		return 0, false
	}
	d := dateScanner{s: s}
	d.weekday()
	if !d.date() {
		return 0, false
	}
	hour, minute, second, frac, ok := d.clock()
	if !ok {
		return 0, false
	}
	d.skip(" ")
	if d.year < 0 { // Mon Jan 2 15:04:05 2006
		if d.year, ok = d.number(4, 4); !ok {
			return 0, false
		}
		d.skip(" ")
	}
	offset, ok := zone(d.s)
	if !ok {
		return 0, false
	}
	return instant(d.year, d.month, d.day, hour, minute, second, frac, offset)
}

func (d *dateScanner) skip(set string) {
	for d.s != "" && strings.IndexByte(set, d.s[0]) >= 0 {
		d.s = d.s[1:]
	}
}

func (d *dateScanner) number(least, most int) (int, bool) {
	n, rest, ok := digits(d.s, least, most)
	if ok {
		d.s = rest
	}
	return n, ok
}

// word takes the letters in front.
func (d *dateScanner) word() string {
	n := 0
	for n < len(d.s) && d.s[n]|0x20 >= 'a' && d.s[n]|0x20 <= 'z' {
		n++
	}
	w := d.s[:n]
	d.s = d.s[n:]
	return w
}

func (d *dateScanner) weekday() {
	before := d.s
	if nameIndex(d.word(), dayNames[:]) == 0 {
		d.s = before
		return
	}
	d.skip(", ")
}

// The names of days and months, of which at least three letters are written.
var (
	dayNames   = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	monthNames = [...]string{
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
	}
)

// nameIndex gives the place, from 1, of a name or its first three letters in a list; 0 if it is not there.
func nameIndex(w string, names []string) int {
	if len(w) < 3 {
		return 0
	}
	for i, name := range names {
		if w[0]|0x20 == name[0] && w[1]|0x20 == name[1] && w[2]|0x20 == name[2] && (len(w) == 3 || strings.EqualFold(w, name)) {
			return i + 1
		}
	}
	return 0
}

// date reads the day; year is -1 where it comes after the clock.
func (d *dateScanner) date() bool {
	if d.s == "" {
		return false
	}
	if c := d.s[0]; c < '0' || c > '9' {
		return d.monthFirst()
	}
	start := len(d.s)
	first, ok := d.number(1, 4)
	if !ok || d.s == "" {
		return false
	}
	width, sep := start-len(d.s), d.s[0]
	if sep != '/' && sep != '-' && sep != ' ' {
		return false
	}
	d.s = d.s[1:]
	if width == 4 { // 2006-1-2, 2006/1/2
		d.year = first
		if d.month, ok = d.number(1, 2); !ok || d.s == "" || d.s[0] != sep {
			return false
		}
		d.s = d.s[1:]
		d.day, ok = d.number(1, 2)
		return ok
	}
	if width > 2 || d.s == "" {
		return false
	}
	if c := d.s[0]; c >= '0' && c <= '9' { // 1/2/2006, 1-2-2006
		d.month = first
		if d.day, ok = d.number(1, 2); !ok || sep == ' ' || d.s == "" || d.s[0] != sep {
			return false
		}
		d.s = d.s[1:]
		return d.shortYear()
	}
	d.day = first // 2 Jan 2006, 02-Jan-06
	if d.month = nameIndex(d.word(), monthNames[:]); d.month == 0 || d.s == "" {
		return false
	}
	d.skip(", -")
	return d.shortYear()
}

// monthFirst reads Jan 2 2006, January 2, 2006 or Jan 2 before a clock and the year.
func (d *dateScanner) monthFirst() bool {
	if d.month = nameIndex(d.word(), monthNames[:]); d.month == 0 {
		return false
	}
	d.skip(" ")
	var ok bool
	if d.day, ok = d.number(1, 2); !ok {
		return false
	}
	d.skip(", ")
	if len(d.s) > 2 && (d.s[1] == ':' || d.s[2] == ':') {
		d.year = -1
		return true
	}
	return d.shortYear()
}

// shortYear reads four digits, or two of which 70 to 99 are of the last century.
func (d *dateScanner) shortYear() bool {
	start := len(d.s)
	y, ok := d.number(2, 4)
	switch start - len(d.s) {
	case 2:
		if y += 2000; y >= 2070 {
			y -= 100
		}
	case 3:
		return false
	}
	d.year = y
	return ok
}

// clock reads h:mm[:ss[.f]] with AM or PM, or nothing.
func (d *dateScanner) clock() (hour, minute, second, frac int, ok bool) {
	d.s = strings.TrimPrefix(d.s, "T")
	d.skip(", ")
	if d.s == "" || d.s[0] < '0' || d.s[0] > '9' {
		return 0, 0, 0, 0, d.year >= 0
	}
	if hour, ok = d.number(1, 2); !ok || !strings.HasPrefix(d.s, ":") {
		return 0, 0, 0, 0, false
	}
	d.s = d.s[1:]
	if minute, ok = d.number(2, 2); !ok {
		return 0, 0, 0, 0, false
	}
	if strings.HasPrefix(d.s, ":") {
		d.s = d.s[1:]
		if second, ok = d.number(2, 2); !ok {
			return 0, 0, 0, 0, false
		}
		if strings.HasPrefix(d.s, ".") {
			if frac, d.s, ok = fraction(d.s[1:]); !ok {
				return 0, 0, 0, 0, false
			}
		}
	}
	rest := strings.TrimLeft(d.s, " ")
	if len(rest) >= 2 && rest[1]|0x20 == 'm' && (rest[0]|0x20 == 'a' || rest[0]|0x20 == 'p') {
		if hour < 1 || hour > 12 {
			return 0, 0, 0, 0, false
		}
		if hour %= 12; rest[0]|0x20 == 'p' {
			hour += 12
		}
		d.s = rest[2:]
	}
	return hour, minute, second, frac, true
}
