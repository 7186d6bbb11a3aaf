package threatintel

import (
	"net/netip"
	"strings"
)

// maxPrefixes is how many networks a range may take: 62 are enough for any of IPv4.
const maxPrefixes = 64

// ranged reads a range of addresses at the beginning of a line, 203.0.113.5-203.0.113.9 or with spaces or "to" between, as
// the networks that it is made of; rest is what follows it.
func ranged(line string) (list []observable, rest string, ok bool) {
	first, rest, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(line), "\t", " "), " ")
	from, to, found := strings.Cut(first, "-")
	if !found || to == "" {
		rest = strings.TrimSpace(rest)
		if !found {
			sign, after, _ := strings.Cut(rest, " ")
			switch {
			case sign == "-" || sign == "to":
				rest = strings.TrimSpace(after)
			case strings.HasPrefix(sign, "-"):
				rest = rest[1:]
			default:
				return nil, "", false
			}
		}
		to, rest, _ = strings.Cut(rest, " ")
	}
	lo, err := netip.ParseAddr(refang(from))
	if err != nil {
		return nil, "", false
	}
	hi, err := netip.ParseAddr(refang(strings.TrimRight(to, ",;")))
	if err != nil || lo.Zone() != "" || hi.Zone() != "" || lo.BitLen() != hi.BitLen() || hi.Less(lo) {
		return nil, "", false
	}
	for {
		if len(list) == maxPrefixes {
			return nil, "", false
		}
		p := netip.PrefixFrom(lo, lo.BitLen())
		for bits := lo.BitLen() - 1; bits >= 0; bits-- {
			wider := netip.PrefixFrom(lo, bits)
			if wider.Masked().Addr() != lo || hi.Less(lastOf(wider)) {
				break
			}
			p = wider
		}
		value := p.String()
		if p.IsSingleIP() {
			value = lo.String()
		}
		list = append(list, observable{addressKey(value), value})
		last := lastOf(p)
		if last == hi {
			return list, strings.TrimSpace(rest), true
		}
		lo = last.Next()
	}
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
