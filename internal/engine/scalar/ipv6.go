package scalar

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"nordlys/internal/kql/catalog"
)

func ipv6Funcs() []Func {
	s, b := catalog.String, catalog.Bool
	ranges := newMemo(newIPv6Ranges)
	return []Func{
		unary("go_parse_ipv6", s, s, func(s string) any {
			if v, ok := parseIPv6(s); ok {
				return fullIPv6(v.first())
			}
			return ""
		}),
		binary("go_ipv6_is_in_range", s, s, b, func(ip, r string) any {
			v, ok := parseIPv6(ip)
			w, ok1 := parseIPv6(r)
			if !ok || !ok1 {
				return nil
			}
			return w.holds(v)
		}),
		binary("go_ipv6_is_in_any_range", s, catalog.Dynamic, b, func(ip, list string) any {
			v, ok := parseIPv6(ip)
			all := ranges.get(list)
			if !ok || len(all) == 0 {
				return nil
			}
			return slices.ContainsFunc(all, func(w ipv6) bool { return w.holds(v) })
		}),
		{Name: "go_ipv6_is_match", Args: []catalog.Type{s, s, catalog.Long}, Result: b, Call: func(a []any) any {
			if c, ok := compareIPv6(a); ok {
				return c == 0
			}
			return nil
		}},
		{Name: "go_ipv6_compare", Args: []catalog.Type{s, s, catalog.Long}, Result: catalog.Long, Call: func(a []any) any {
			if c, ok := compareIPv6(a); ok {
				return int64(c)
			}
			return nil
		}},
		{Name: "go_parse_ipv6_mask", Args: []catalog.Type{s, catalog.Long}, Result: s, Call: func(a []any) any {
			text, _ := a[0].(string)
			v, ok := parseIPv6(text)
			prefix := longOr(a[1], -1)
			if !ok || prefix < 0 || prefix > 128 {
				return ""
			}
			v.prefix = min(v.prefix, int(prefix))
			return fullIPv6(v.first())
		}},
	}
}

// compareIPv6 compares two addresses under the smallest prefix: theirs or the third argument.
func compareIPv6(a []any) (int, bool) {
	x, _ := a[0].(string)
	y, _ := a[1].(string)
	v, ok := parseIPv6(x)
	w, ok1 := parseIPv6(y)
	prefix := longOr(a[2], 128)
	if !ok || !ok1 || prefix < 0 || prefix > 128 {
		return 0, false
	}
	if v.dotted && w.dotted && prefix <= 32 {
		prefix += 96
	}
	p := min(v.prefix, w.prefix, int(prefix))
	one, other := ipv6{addr: v.addr, prefix: p}.first(), ipv6{addr: w.addr, prefix: p}.first()
	return bytes.Compare(one[:], other[:]), true
}

// ipv6 is an address, IPv4 ones as ::ffff:a.b.c.d, and how many of its leading bits count.
type ipv6 struct {
	addr   [16]byte
	prefix int
	dotted bool // written as an IPv4 address
}

// first is the address with the bits after the prefix cleared.
func (v ipv6) first() [16]byte {
	a := v.addr
	i := v.prefix / 8
	if i < 16 {
		a[i] &= ^byte(0xff >> (v.prefix % 8))
		for i++; i < 16; i++ {
			a[i] = 0
		}
	}
	return a
}

func (v ipv6) holds(w ipv6) bool {
	return ipv6{addr: w.first(), prefix: v.prefix}.first() == v.first()
}

// parseIPv6 reads an IPv6 or IPv4 address with or without a prefix. The prefix of a dotted address counts its own 32
// bits, and ::1.2.3.4 means ::ffff:1.2.3.4, as the examples of
// https://learn.microsoft.com/kusto/query/parse-ipv6-mask-function have it. Addresses with a zone are none.
func parseIPv6(s string) (ipv6, bool) {
	if v, ok := parseIPv4(s); ok {
		out := ipv6{prefix: 96 + v.prefix, dotted: true}
		out.addr[10], out.addr[11] = 0xff, 0xff
		for i := range 4 {
			out.addr[12+i] = byte(v.addr >> (24 - 8*i))
		}
		return out, true
	}
	if len(s) > 64 || strings.IndexByte(s, ':') < 0 || strings.IndexByte(s, '%') >= 0 {
		return ipv6{}, false
	}
	text, prefix := s, 128
	if i := strings.IndexByte(s, '/'); i >= 0 {
		var ok bool
		if prefix, ok = parsePrefix(s[i:], 128); !ok {
			return ipv6{}, false
		}
		text = s[:i]
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return ipv6{}, false
	}
	v := ipv6{addr: a.As16(), prefix: prefix}
	if strings.IndexByte(text, '.') >= 0 {
		v.dotted = true
		if prefix <= 32 {
			v.prefix += 96
		}
		if bytes.Equal(v.addr[:12], make([]byte, 12)) {
			v.addr[10], v.addr[11] = 0xff, 0xff
		}
	}
	return v, true
}

// fullIPv6 writes all eight groups with four digits each.
func fullIPv6(a [16]byte) string {
	b := make([]byte, 0, 39)
	for i, c := range a {
		if i > 0 && i%2 == 0 {
			b = append(b, ':')
		}
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(b)
}

// newIPv6Ranges reads a JSON array of ranges and arrays of ranges, leaving out what is none.
func newIPv6Ranges(list string) []ipv6 {
	var all []ipv6
	eachText(list, func(s string) {
		if v, ok := parseIPv6(s); ok {
			all = append(all, v)
		}
	})
	return all
}
