package ingest

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Mark recognises text in UTF-16, as Windows PowerShell writes it, by its byte order mark.
func utf16Mark(head []byte) (binary.ByteOrder, bool) {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return binary.LittleEndian, true
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return binary.BigEndian, true
	}
	return nil, false
}

// utf16Reader turns UTF-16 with a byte order mark into UTF-8.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	begun bool
	in    [8192]byte
	left  int  // bytes of in that are not yet converted
	high  rune // first half of a pair, or 0
	out   []byte
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		n, err := u.r.Read(u.in[u.left:])
		n += u.left
		u.convert(u.in[:n&^1])
		u.left = copy(u.in[:], u.in[n&^1:n])
		if err != nil && len(u.out) == 0 {
			return 0, err
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) convert(b []byte) {
	u.out = u.out[:0:0]
	for ; len(b) >= 2; b = b[2:] {
		r := rune(u.order.Uint16(b))
		if !u.begun {
			u.begun = true
			if r == 0xfeff {
				continue
			}
		}
		if u.high != 0 {
			pair := utf16.DecodeRune(u.high, r)
			u.high = 0
			u.out = utf8.AppendRune(u.out, pair)
			if pair != utf8.RuneError {
				continue
			}
		}
		if utf16.IsSurrogate(r) {
			u.high = r
			continue
		}
		u.out = utf8.AppendRune(u.out, r)
	}
}
