package scalar

import (
	"math"
	"strings"
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
)

// punycodeFuncs encode and decode texts and the labels of domains by RFC 3492. What is no Punycode decodes to "".
// https://learn.microsoft.com/kusto/query/punycode-domain-from-string-function
func punycodeFuncs() []Func {
	s := catalog.String
	return []Func{
		unary("go_punycode_encode", s, s, func(s string) any { return punycodeEncode(s) }),
		unary("go_punycode_decode", s, s, func(s string) any {
			text, _ := punycodeDecode(s)
			return text
		}),
		unary("go_punycode_domain_encode", s, s, func(s string) any {
			labels := strings.Split(dots.Replace(s), ".")
			for i, label := range labels {
				if !isASCII(label) {
					labels[i] = "xn--" + punycodeEncode(label)
				}
			}
			return strings.Join(labels, ".")
		}),
		unary("go_punycode_domain_decode", s, s, func(s string) any {
			labels := strings.Split(s, ".")
			for i, label := range labels {
				if len(label) < 4 || !strings.EqualFold(label[:4], "xn--") {
					continue
				}
				text, ok := punycodeDecode(label[4:])
				if !ok {
					return ""
				}
				labels[i] = text
			}
			return strings.Join(labels, ".")
		}),
	}
}

// dots are the characters that separate the labels of a domain, RFC 3490 section 3.1.
var dots = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// maxPunycode bounds the characters of a text: encoding takes their number squared.
const maxPunycode = 4096

// punycodeEncode gives "" for a text beyond maxPunycode.
func punycodeEncode(s string) string {
	runes := []rune(s)
	if len(runes) > maxPunycode {
		return ""
	}
	var b []byte
	for _, r := range runes {
		if r < utf8.RuneSelf {
			b = append(b, byte(r))
		}
	}
	basic := len(b)
	done := basic
	if basic > 0 {
		b = append(b, '-')
	}
	n, delta, bias := rune(128), 0, 72
	for done < len(runes) {
		least := rune(math.MaxInt32)
		for _, r := range runes {
			if r >= n && r < least {
				least = r
			}
		}
		delta += int(least-n) * (done + 1)
		n = least
		for _, r := range runes {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := 36; ; k += 36 {
				t := punycodeThreshold(k, bias)
				if q < t {
					break
				}
				b = append(b, punycodeDigits[t+(q-t)%(36-t)])
				q = (q - t) / (36 - t)
			}
			b = append(b, punycodeDigits[q])
			bias = punycodeAdapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return string(b)
}

const punycodeDigits = "abcdefghijklmnopqrstuvwxyz0123456789"

func punycodeThreshold(k, bias int) int { return min(max(k-bias, 1), 26) }

func punycodeAdapt(delta, points int, first bool) int {
	if first {
		delta /= 700
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > 455; k += 36 {
		delta /= 35
	}
	return k + 36*delta/(delta+38)
}

func punycodeDecode(s string) (string, bool) {
	if len(s) > maxPunycode || !isASCII(s) {
		return "", false
	}
	var out []rune
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		out, s = []rune(s[:i]), s[i+1:]
	}
	n, at, bias := 128, 0, 72
	for first := true; s != ""; first = false {
		old, w := at, 1
		for k := 36; ; k += 36 {
			if s == "" {
				return "", false
			}
			digit := strings.IndexByte(punycodeDigits, s[0]|0x20)
			if s[0] >= '0' && s[0] <= '9' {
				digit = int(s[0]-'0') + 26
			} else if s[0] < 'A' {
				digit = -1
			}
			s = s[1:]
			if digit < 0 {
				return "", false
			}
			at += digit * w
			t := punycodeThreshold(k, bias)
			if digit < t {
				break
			}
			if w *= 36 - t; w > math.MaxInt32 || at > math.MaxInt32 {
				return "", false
			}
		}
		bias = punycodeAdapt(at-old, len(out)+1, first)
		n += at / (len(out) + 1)
		at %= len(out) + 1
		if n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
			return "", false
		}
		out = append(out, 0)
		copy(out[at+1:], out[at:])
		out[at] = rune(n)
		at++
	}
	return string(out), true
}
