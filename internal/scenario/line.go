package scenario

import "strconv"

// line builds JSON by appending to one buffer that is reused from record to record. Commas are put where they belong
// by looking at the last byte, so that members can be written in any nesting without bookkeeping.
type line struct{ b []byte }

// reset empties the buffer and keeps its memory.
func (l *line) reset() { l.b = l.b[:0] }

// comma separates from what is there, unless nothing of this object or array is.
func (l *line) comma() {
	if n := len(l.b); n > 0 {
		switch l.b[n-1] {
		case '{', '[', ':', ',', '\n':
		default:
			l.b = append(l.b, ',')
		}
	}
}

// key starts a member.
func (l *line) key(k string) {
	l.comma()
	l.b = append(l.b, '"')
	l.b = append(l.b, k...)
	l.b = append(l.b, '"', ':')
}

// raw appends finished JSON members or values, separated from what precedes them.
func (l *line) raw(json string) {
	l.comma()
	l.b = append(l.b, json...)
}

// open starts an object as the member k, or as an element where k is empty.
func (l *line) open(k string) {
	if k == "" {
		l.comma()
	} else {
		l.key(k)
	}
	l.b = append(l.b, '{')
}

// shut ends n objects.
func (l *line) shut(n int) {
	for ; n > 0; n-- {
		l.b = append(l.b, '}')
	}
}

// str writes a string member, escaped.
func (l *line) str(k, v string) {
	l.key(k)
	l.b = appendString(l.b, v)
}

// bytes is str for text built in a scratch buffer.
func (l *line) bytes(k string, v []byte) {
	l.key(k)
	l.b = appendString(l.b, v)
}

// num writes an integer member.
func (l *line) num(k string, v int64) {
	l.key(k)
	l.b = strconv.AppendInt(l.b, v, 10)
}

// numStr writes an integer as a string member, as several Azure columns hold numbers.
func (l *line) numStr(k string, v int64) {
	l.key(k)
	l.b = append(l.b, '"')
	l.b = strconv.AppendInt(l.b, v, 10)
	l.b = append(l.b, '"')
}

// hexStr writes a number as "0x1a2c", the way Windows prints process and logon ids.
func (l *line) hexStr(k string, v uint64) {
	l.key(k)
	l.b = append(l.b, '"', '0', 'x')
	l.b = strconv.AppendUint(l.b, v, 16)
	l.b = append(l.b, '"')
}

// flag writes a boolean member.
func (l *line) flag(k string, v bool) {
	l.key(k)
	l.b = strconv.AppendBool(l.b, v)
}

// id writes an identifier member.
func (l *line) id(k string, g guid) {
	l.key(k)
	l.b = append(l.b, '"')
	l.b = g.append(l.b)
	l.b = append(l.b, '"')
}

// when writes a time member with seven digits and the given zone suffix, Z or +00:00.
func (l *line) when(k string, t ticks, zone string) {
	l.key(k)
	l.b = append(l.b, '"')
	l.b = appendStamp(l.b, t)
	l.b = append(l.b, zone...)
	l.b = append(l.b, '"')
}

// hash writes n random hexadecimal digits as a member.
func (l *line) hash(k string, r *rng, n int) {
	l.key(k)
	l.b = append(l.b, '"')
	l.b = r.appendHex(l.b, n)
	l.b = append(l.b, '"')
}

// token writes n random base64url characters as a member.
func (l *line) token(k string, r *rng, n int) {
	l.key(k)
	l.b = append(l.b, '"')
	l.b = r.appendToken(l.b, n)
	l.b = append(l.b, '"')
}

// tokenOr writes a token identifier: the given one, or a random one where it is empty.
func (l *line) tokenOr(k, v string, r *rng) {
	if v == "" {
		l.token(k, r, 22)
		return
	}
	l.str(k, v)
}

// end finishes a JSON Lines record.
func (l *line) end() { l.b = append(l.b, '\n') }

// appendString appends v as a JSON string. Text is valid UTF-8 throughout, so only quotes, backslashes and control
// characters need escaping.
func appendString[T string | []byte](b []byte, v T) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, v[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, v[from:]...)
	return append(b, '"')
}
