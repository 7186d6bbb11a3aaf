package flowlog

import (
	"bytes"
	"fmt"

	"nordlys/internal/ingest/jsontext"
)

// epoch is 1970-01-01 in ticks.
const epoch = 719_162 * 86_400 * 10_000_000

// The words that the letters of a tuple stand for. They are never written to.
var (
	inbound, outbound     = []byte("Inbound"), []byte("Outbound")
	allow, deny           = []byte("Allow"), []byte("Deny")
	begin, continues, end = []byte("Begin"), []byte("Continue"), []byte("End")
	tcp, udp, icmp        = []byte("TCP"), []byte("UDP"), []byte("ICMP")
	gre, esp, ah          = []byte("GRE"), []byte("ESP"), []byte("AH")
	icmp6, sctp           = []byte("ICMPv6"), []byte("SCTP")
)

// protocolName names the IANA protocol numbers that cross an Azure network; others are their number.
func protocolName(n int64) []byte {
	switch n {
	case 1:
		return icmp
	case 6:
		return tcp
	case 17:
		return udp
	case 47:
		return gre
	case 50:
		return esp
	case 51:
		return ah
	case 58:
		return icmp6
	case 132:
		return sctp
	}
	return fmt.Append(nil, n)
}

// split cuts a tuple at its commas and returns how many fields it has, 14 standing for more than 13.
func split(text []byte, p *[14][]byte) int {
	n, from := 0, 0
	for i := 0; i <= len(text); i++ {
		if i == len(text) || text[i] == ',' {
			if n == 14 {
				return 14
			}
			p[n] = text[from:i:i]
			n++
			from = i + 1
		}
	}
	return n
}

// decimal reads a number without sign of at most 18 digits.
func decimal(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}

// address says whether text may be an IP address. It looks at the characters only: what else is wrong with an address
// is for the analyst to see.
func address(b []byte) bool {
	if len(b) < 2 || len(b) > 45 {
		return false
	}
	dots, colons := 0, 0
	for _, c := range b {
		switch {
		case c == '.':
			dots++
		case c == ':':
			colons++
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return dots == 3 || colons >= 2
}

func number(raw []byte, otherwise int64) int64 {
	if n, ok := decimal(bytes.Trim(raw, `"`)); ok {
		return n
	}
	return otherwise
}

// lower returns the inside of a JSON string in lower case: resource ids come in any.
func lower(raw []byte) []byte {
	if jsontext.KindOf(raw) != jsontext.String {
		return nil
	}
	return bytes.ToLower(jsontext.Text(nil, raw))
}

func upper(b []byte) []byte { return bytes.ToUpper(b) }

func (f *Family) unquote(raw []byte) []byte {
	if jsontext.KindOf(raw) != jsontext.String {
		return nil
	}
	return jsontext.Text(nil, raw)
}

// clip cuts a field for a message.
func clip(b []byte) []byte { return b[:min(len(b), 40)] }
