package evtx

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"
)

// The types of values. An array has the type of its items and typeArray.
const (
	typeNull       = 0x00
	typeString     = 0x01
	typeANSI       = 0x02
	typeInt8       = 0x03
	typeUint8      = 0x04
	typeInt16      = 0x05
	typeUint16     = 0x06
	typeInt32      = 0x07
	typeUint32     = 0x08
	typeInt64      = 0x09
	typeUint64     = 0x0a
	typeReal32     = 0x0b
	typeReal64     = 0x0c
	typeBool       = 0x0d
	typeBinary     = 0x0e
	typeGUID       = 0x0f
	typeSize       = 0x10
	typeFileTime   = 0x11
	typeSystemTime = 0x12
	typeSID        = 0x13
	typeHex32      = 0x14
	typeHex64      = 0x15
	typeBinXML     = 0x21
	typeArray      = 0x80
)

// widths are the sizes of values that have one.
var widths = [32]int{typeInt8: 1, typeUint8: 1, typeInt16: 2, typeUint16: 2, typeInt32: 4, typeUint32: 4, typeInt64: 8,
	typeUint64: 8, typeReal32: 4, typeReal64: 8, typeBool: 4, typeGUID: 16, typeFileTime: 8, typeSystemTime: 16,
	typeHex32: 4, typeHex64: 8}

// item takes the first item off an array. Strings end with a zero, SIDs say how long they are.
func (x *binXML) item(v value) (item, rest value) {
	kind := v.kind &^ typeArray
	b := x.c[v.from:v.to]
	n := len(b)
	after := n
	switch kind {
	case typeString:
		for i := 0; i+1 < len(b); i += 2 {
			if b[i] == 0 && b[i+1] == 0 {
				n, after = i, i+2
				break
			}
		}
	case typeANSI:
		if i := bytes.IndexByte(b, 0); i >= 0 {
			n, after = i, i+1
		}
	case typeSID:
		if len(b) > 1 {
			n = min(n, 8+4*int(b[1]))
		}
		after = n
	default:
		if int(kind) < len(widths) && widths[kind] > 0 {
			n = min(n, widths[kind])
		}
		after = n
	}
	return value{kind, v.from, v.from + n}, value{v.kind, v.from + after, v.to}
}

// valueText is the text of a value as Windows writes it into an event's XML. An array in the midst of other text has
// its items on lines of their own.
func (x *binXML) valueText(v value) ([]byte, error) {
	from := len(x.text)
	if v.kind&typeArray != 0 {
		for v.from < v.to {
			var item value
			item, v = x.item(v)
			if len(x.text) > from {
				x.text = append(x.text, '\n')
			}
			x.text = appendValue(x.text, item.kind, x.c[item.from:item.to])
			if len(x.text)-from > recordWork {
				break
			}
		}
	} else {
		x.text = appendValue(x.text, v.kind, x.c[v.from:v.to])
	}
	text := x.text[from:len(x.text):len(x.text)]
	return text, x.work(len(text))
}

// appendValue appends the text of a value. One whose size does not fit its type is written as the bytes that it is.
func appendValue(dst []byte, kind byte, b []byte) []byte {
	le := binary.LittleEndian
	if int(kind) < len(widths) && widths[kind] > 0 && len(b) != widths[kind] && !(kind == typeBool && len(b) == 1) {
		if len(b) == 0 {
			return dst
		}
		kind = typeBinary
	}
	switch kind {
	case typeNull:
	case typeString:
		for len(b) >= 2 && b[len(b)-1] == 0 && b[len(b)-2] == 0 && len(b)%2 == 0 {
			b = b[:len(b)-2]
		}
		dst = appendUTF16(dst, b)
	case typeANSI:
		b = bytes.TrimRight(b, "\x00")
		if utf8.Valid(b) {
			return append(dst, b...)
		}
		for _, c := range b { // the code page is not told: Latin-1 is right for most of Europe
			dst = utf8.AppendRune(dst, rune(c))
		}
	case typeInt8:
		dst = strconv.AppendInt(dst, int64(int8(b[0])), 10)
	case typeUint8:
		dst = strconv.AppendUint(dst, uint64(b[0]), 10)
	case typeInt16:
		dst = strconv.AppendInt(dst, int64(int16(le.Uint16(b))), 10)
	case typeUint16:
		dst = strconv.AppendUint(dst, uint64(le.Uint16(b)), 10)
	case typeInt32:
		dst = strconv.AppendInt(dst, int64(int32(le.Uint32(b))), 10)
	case typeUint32:
		dst = strconv.AppendUint(dst, uint64(le.Uint32(b)), 10)
	case typeInt64:
		dst = strconv.AppendInt(dst, int64(le.Uint64(b)), 10)
	case typeUint64:
		dst = strconv.AppendUint(dst, le.Uint64(b), 10)
	case typeReal32:
		dst = appendReal(dst, float64(math.Float32frombits(le.Uint32(b))), 32)
	case typeReal64:
		dst = appendReal(dst, math.Float64frombits(le.Uint64(b)), 64)
	case typeBool:
		dst = strconv.AppendBool(dst, len(bytes.Trim(b, "\x00")) > 0)
	case typeGUID:
		dst = appendGUID(dst, b)
	case typeSize, typeHex32, typeHex64:
		switch len(b) {
		case 4:
			dst = strconv.AppendUint(append(dst, "0x"...), uint64(le.Uint32(b)), 16)
		case 8:
			dst = strconv.AppendUint(append(dst, "0x"...), le.Uint64(b), 16)
		default:
			dst = appendHex(dst, b)
		}
	case typeFileTime:
		dst = AppendFileTime(dst, le.Uint64(b))
	case typeSystemTime:
		dst = appendDate(dst, int(le.Uint16(b)), int(le.Uint16(b[2:])), int(le.Uint16(b[6:])))
		dst = appendClock(dst, int(le.Uint16(b[8:])), int(le.Uint16(b[10:])), int(le.Uint16(b[12:])))
		dst = append(padded(append(dst, '.'), int(le.Uint16(b[14:])), 3), 'Z')
	case typeSID:
		dst = appendSID(dst, b)
	default:
		dst = appendHex(dst, b)
	}
	return dst
}

const digits = "0123456789ABCDEF"

func appendHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst
}

// appendReal writes a number as Windows's C library does where that is known, and else the shortest text that says it.
func appendReal(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "1.#INF"...)
	case math.IsInf(f, -1):
		return append(dst, "-1.#INF"...)
	case math.IsNaN(f):
		return append(dst, "-1.#IND"...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

func appendGUID(dst, b []byte) []byte {
	dst = append(dst, '{')
	for i, at := range [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b[at]>>4], digits[b[at]&15])
	}
	return append(dst, '}')
}

// appendSID writes a security identifier: S-1-5-21-….
func appendSID(dst, b []byte) []byte {
	if len(b) < 8 || len(b) != 8+4*int(b[1]) {
		return appendHex(dst, b)
	}
	dst = strconv.AppendUint(append(dst, "S-"...), uint64(b[0]), 10)
	authority := uint64(binary.BigEndian.Uint16(b[2:]))<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	dst = strconv.AppendUint(append(dst, '-'), authority, 10)
	for b = b[8:]; len(b) > 0; b = b[4:] {
		dst = strconv.AppendUint(append(dst, '-'), uint64(binary.LittleEndian.Uint32(b)), 10)
	}
	return dst
}

// AppendFileTime writes 100 ns since 1601 as Windows 10 does: 2025-03-04T10:41:07.1234567Z.
func AppendFileTime(dst []byte, ft uint64) []byte {
	const day = 24 * 3600 * 10_000_000
	days, rest := int64(ft/day), int(ft%day)
	// The civil date, counted in years that begin in March: https://howardhinnant.github.io/date_algorithms.html
	z := days + 584694 // from 0000-03-01
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	y, m, d := yoe+era*400, mp+3, doy-(153*mp+2)/5+1
	if m > 12 {
		m, y = m-12, y+1
	}
	dst = appendDate(dst, int(y), int(m), int(d))
	s := rest / 10_000_000
	dst = appendClock(dst, s/3600, s/60%60, s%60)
	return append(padded(append(dst, '.'), rest%10_000_000, 7), 'Z')
}

func appendDate(dst []byte, y, m, d int) []byte {
	dst = padded(dst, y, 4)
	dst = padded(append(dst, '-'), m, 2)
	return append(padded(append(dst, '-'), d, 2), 'T')
}

func appendClock(dst []byte, h, m, s int) []byte {
	dst = padded(dst, h, 2)
	dst = padded(append(dst, ':'), m, 2)
	return padded(append(dst, ':'), s, 2)
}

// padded appends n with at least that many digits.
func padded(dst []byte, n, digits int) []byte {
	for limit := 10; digits > 1; digits-- {
		if n < limit*pow10[digits-2] {
			dst = append(dst, '0')
		}
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

var pow10 = [...]int{1, 10, 100, 1000, 10_000, 100_000, 1_000_000}
