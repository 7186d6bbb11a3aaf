package scalar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
)

func ipv4Funcs() []Func {
	s, n, b := catalog.String, catalog.Long, catalog.Bool
	ranges := newMemo(newIPv4Ranges)
	return []Func{
		unary("go_parse_ipv4", s, n, func(s string) any {
			if v, ok := parseIPv4(s); ok {
				return int64(v.first())
			}
			return nil
		}),
		{Name: "go_parse_ipv4_mask", Args: []catalog.Type{s, n}, Result: n, Call: func(a []any) any {
			text, _ := a[0].(string)
			v, ok := parseIPv4(text)
			prefix := longOr(a[1], -1)
			if !ok || prefix < 0 || prefix > 32 {
				return nil
			}
			v.prefix = min(v.prefix, int(prefix))
			return int64(v.first())
		}},
		binary("go_ipv4_range_to_cidr_list", s, s, catalog.Dynamic, cidrList),
		unary("go_ipv4_is_private", s, b, func(s string) any {
			if v, ok := parseIPv4(s); ok {
				a := v.first()
				return a>>24 == 10 || a>>20 == 172<<4|1 || a>>16 == 192<<8|168
			}
			return nil
		}),
		unary("go_ipv4_netmask_suffix", s, n, func(s string) any {
			if v, ok := parseIPv4(s); ok {
				return int64(v.prefix)
			}
			return nil
		}),
		binary("go_ipv4_is_in_range", s, s, b, func(ip, r string) any {
			v, ok := parseIPv4(ip)
			w, ok1 := parseIPv4(r)
			if !ok || !ok1 {
				return nil
			}
			return v.first()&maskIPv4(w.prefix) == w.first()
		}),
		binary("go_ipv4_is_in_any_range", s, catalog.Dynamic, b, func(ip, list string) any {
			v, ok := parseIPv4(ip)
			r := ranges.get(list)
			if !ok || r == nil {
				return nil
			}
			return r.has(v.first())
		}),
		{Name: "go_ipv4_is_match", Args: []catalog.Type{s, s, n}, Result: b, Call: func(a []any) any {
			if c, ok := compareIPv4(a); ok {
				return c == 0
			}
			return nil
		}},
		{Name: "go_ipv4_compare", Args: []catalog.Type{s, s, n}, Result: n, Call: func(a []any) any {
			if c, ok := compareIPv4(a); ok {
				return c
			}
			return nil
		}},
		{Name: "go_format_ipv4", Args: []catalog.Type{s, n}, Result: s, Call: func(a []any) any { return formatIPv4(a, false) }},
		{Name: "go_format_ipv4_mask", Args: []catalog.Type{s, n}, Result: s, Call: func(a []any) any { return formatIPv4(a, true) }},
	}
}

// ipv4 is an address and how many of its leading bits count.
type ipv4 struct {
	addr   uint32
	prefix int
}

func maskIPv4(prefix int) uint32 { return uint32(^uint64(0) << (32 - prefix)) }

// first is the address with the bits after the prefix cleared.
func (v ipv4) first() uint32 { return v.addr & maskIPv4(v.prefix) }

// parseIPv4 reads four decimal numbers, and /0 to /32 if it is there. A number has no leading zeros, because some
// programs read those as octal.
func parseIPv4(s string) (ipv4, bool) {
	a, i, ok := scanIPv4(s, 0)
	if !ok {
		return ipv4{}, false
	}
	if i == len(s) {
		return ipv4{a, 32}, true
	}
	prefix, ok := parsePrefix(s[i:], 32)
	return ipv4{a, prefix}, ok
}

// parsePrefix reads /n with n from 0 to most.
func parsePrefix(s string, most int) (int, bool) {
	if len(s) < 2 || len(s) > 4 || s[0] != '/' {
		return 0, false
	}
	n, rest, ok := digits(s[1:], 1, 3)
	return n, ok && rest == "" && n <= most
}

// scanIPv4 reads a dotted address at s[i] and gives the place after it.
func scanIPv4(s string, i int) (uint32, int, bool) {
	var addr uint32
	for part := range 4 {
		if part > 0 {
			if i >= len(s) || s[i] != '.' {
				return 0, i, false
			}
			i++
		}
		n, start := uint32(0), i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' && i < start+4 {
			n = n*10 + uint32(s[i]-'0')
			i++
		}
		if i == start || n > 255 || i > start+1 && s[start] == '0' {
			return 0, i, false
		}
		addr = addr<<8 | n
	}
	return addr, i, true
}

// compareIPv4 compares two addresses under the smallest of their prefixes and the one given.
// https://learn.microsoft.com/kusto/query/ipv4-compare-function
func compareIPv4(a []any) (int64, bool) {
	s, _ := a[0].(string)
	t, _ := a[1].(string)
	v, ok := parseIPv4(s)
	w, ok1 := parseIPv4(t)
	prefix := longOr(a[2], 32)
	if !ok || !ok1 || prefix < 0 || prefix > 32 {
		return 0, false
	}
	mask := maskIPv4(min(v.prefix, w.prefix, int(prefix)))
	x, y := v.addr&mask, w.addr&mask
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

// formatIPv4 writes an address, given as text or as digits of a number, under the smaller of its prefix and the one
// given; "" if there is none. https://learn.microsoft.com/kusto/query/format-ipv4-function
func formatIPv4(a []any, withMask bool) any {
	s, _ := a[0].(string)
	prefix := longOr(a[1], 32)
	v, ok := parseIPv4(s)
	if !ok {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return ""
		}
		v = ipv4{uint32(n), 32}
	}
	if prefix < 0 || prefix > 32 {
		return ""
	}
	v.prefix = min(v.prefix, int(prefix))
	b := appendIPv4(make([]byte, 0, 18), v.first())
	if withMask {
		b = strconv.AppendInt(append(b, '/'), int64(v.prefix), 10)
	}
	return string(b)
}

func appendIPv4(b []byte, a uint32) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		b = strconv.AppendUint(b, uint64(a>>shift&255), 10)
		if shift > 0 {
			b = append(b, '.')
		}
	}
	return b
}

// ipv4Ranges are sorted and do not overlap.
type ipv4Ranges struct{ low, high []uint32 }

// newIPv4Ranges reads a JSON array of ranges and arrays of ranges. What is no range is left out; nil if there is none.
func newIPv4Ranges(list string) *ipv4Ranges {
	var all []ipv4
	eachText(list, func(s string) {
		if v, ok := parseIPv4(s); ok {
			all = append(all, v)
		}
	})
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(x, y ipv4) int {
		if x.first() != y.first() {
			if x.first() < y.first() {
				return -1
			}
			return 1
		}
		return x.prefix - y.prefix
	})
	r := &ipv4Ranges{}
	for _, v := range all {
		last := v.first() | ^maskIPv4(v.prefix)
		if n := len(r.low); n > 0 && v.first() <= r.high[n-1] {
			r.high[n-1] = max(r.high[n-1], last)
			continue
		}
		r.low, r.high = append(r.low, v.first()), append(r.high, last)
	}
	return r
}

func (r *ipv4Ranges) has(a uint32) bool {
	i, found := slices.BinarySearch(r.low, a)
	return found || i > 0 && a <= r.high[i-1]
}

// eachText walks the strings of a JSON array and of the arrays in it.
func eachText(list string, f func(s string)) {
	items, ok := elements(list, nil)
	if !ok {
		return
	}
	for _, v := range items {
		switch kindOf(v) {
		case '"':
			f(unquote(v))
		case '[':
			for _, w := range firstOf(elements(v, nil)) {
				if kindOf(w) == '"' {
					f(unquote(w))
				}
			}
		}
	}
}

func ipv4TextFuncs() []Func {
	s, b := catalog.String, catalog.Bool
	lists := newMemo(newIPv4Needles)
	single := func(text, ip string) any { return ipv4Needle(ip).in(text) }
	prefix := func(text, p string) any { return ipv4PrefixNeedle(p).in(text) }
	return []Func{
		binary("go_has_ipv4", s, s, b, single),
		binary("go_has_ipv4_prefix", s, s, b, prefix),
		binary("go_has_any_ipv4", s, catalog.Dynamic, b, func(text, list string) any {
			return anyNeedle(lists.get(list).whole, text)
		}),
		binary("go_has_any_ipv4_prefix", s, catalog.Dynamic, b, func(text, list string) any {
			return anyNeedle(lists.get(list).prefix, text)
		}),
	}
}

// needle is an address or the beginning of one to be found in a text; an empty one is never found.
type needle struct {
	text  string
	whole bool
}

func ipv4Needle(ip string) needle {
	if _, end, ok := scanIPv4(ip, 0); !ok || end != len(ip) {
		return needle{}
	}
	return needle{ip, true}
}

// ipv4PrefixNeedle takes a whole address or one to three of its numbers with a dot after each.
func ipv4PrefixNeedle(p string) needle {
	if !strings.HasSuffix(p, ".") {
		return ipv4Needle(p)
	}
	n := strings.Count(p, ".")
	if n > 3 {
		return needle{}
	}
	full := p + "0.0.0"[:2*(4-n)-1]
	if _, end, ok := scanIPv4(full, 0); !ok || end != len(full) {
		return needle{}
	}
	return needle{p, false}
}

// in says whether the text holds the address with no letter or digit beside it.
// https://learn.microsoft.com/kusto/query/has-ipv4-function
func (n needle) in(text string) bool {
	if n.text == "" {
		return false
	}
	for from := 0; ; {
		i := strings.Index(text[from:], n.text)
		if i < 0 {
			return false
		}
		start := from + i
		from = start + 1
		if start > 0 && isAlnum(text[start-1]) {
			continue
		}
		end, ok := start+len(n.text), true
		if !n.whole {
			_, end, ok = scanIPv4(text, start)
		}
		if ok && (end == len(text) || !isAlnum(text[end])) {
			return true
		}
	}
}

// ipv4Needles are what has_any_ipv4 and has_any_ipv4_prefix make of the same list.
type ipv4Needles struct{ whole, prefix []needle }

func newIPv4Needles(list string) *ipv4Needles {
	out := &ipv4Needles{}
	eachText(list, func(s string) {
		if n := ipv4Needle(s); n.text != "" {
			out.whole = append(out.whole, n)
		}
		if n := ipv4PrefixNeedle(s); n.text != "" {
			out.prefix = append(out.prefix, n)
		}
	})
	return out
}

func anyNeedle(needles []needle, text string) bool {
	return slices.ContainsFunc(needles, func(n needle) bool { return n.in(text) })
}

// cidrList gives the fewest ranges that hold all addresses from one to another, both included.
// https://learn.microsoft.com/kusto/query/ipv4-range-to-cidr-list-function
func cidrList(from, to string) any {
	v, ok := parseIPv4(from)
	w, ok1 := parseIPv4(to)
	if !ok || !ok1 || v.addr > w.addr {
		return nil
	}
	var out []string
	for at, end := uint64(v.addr), uint64(w.addr); at <= end; {
		prefix := 32
		for prefix > 0 {
			size := uint64(1) << (33 - prefix)
			if at%size != 0 || at+size-1 > end {
				break
			}
			prefix--
		}
		out = append(out, fmt.Sprintf(`"%d.%d.%d.%d/%d"`, at>>24, at>>16&255, at>>8&255, at&255, prefix))
		at += uint64(1) << (32 - prefix)
	}
	return joinArray(out)
}
