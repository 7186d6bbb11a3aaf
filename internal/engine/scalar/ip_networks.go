package scalar

import (
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
)

// ipNetworkFuncs are what ipv6_lookup joins by. A network is written as its first address in hexadecimal digits, a slash
// and its prefix length, so that equal networks are equal texts.
func ipNetworkFuncs() []Func {
	s, d := catalog.String, catalog.Dynamic
	return []Func{
		unary("go_ipv6_network", s, s, func(s string) any {
			v, ok := parseIPv6(s)
			if !ok {
				return ""
			}
			return networkText(v, v.prefix)
		}),
		binary("go_ipv6_networks", s, d, d, func(s, lengths string) any {
			v, ok := parseIPv6(s)
			if !ok {
				return "[]"
			}
			return networksOf(v, lengths)
		}),
	}
}

// networkText writes the network of the first bits of an address.
func networkText(v ipv6, bits int) string {
	a := ipv6{addr: v.addr, prefix: bits}.first()
	b := make([]byte, 0, 36)
	for _, c := range a {
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(strconv.AppendInt(append(b, '/'), int64(bits), 10))
}

// networksOf lists the networks of the given lengths, a JSON array, that an address or network lies in.
func networksOf(v ipv6, lengths string) string {
	var b strings.Builder
	b.WriteByte('[')
	list, _ := elements(lengths, nil)
	for _, raw := range list {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 0 || n > v.prefix {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + networkText(v, n) + `"`)
	}
	b.WriteByte(']')
	return b.String()
}
