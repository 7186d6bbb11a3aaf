package scenario

import "math/bits"

// rng is a splitmix64 generator: one word of state, so that every source and every hour can have its own stream, and
// the same numbers on every version of Go.
type rng struct{ state uint64 }

// newRNG derives a stream from the case's seed, a name and an index; streams with different names are independent.
func newRNG(seed uint64, name string, index int) *rng {
	h := uint64(14695981039346656037)
	for i := 0; i < len(name); i++ {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	r := &rng{state: seed ^ h ^ uint64(index)*0xd1342543de82ef95}
	r.next()
	return r
}

// next returns 64 uniform bits.
func (r *rng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n returns a number in [0, max); max must be positive.
func (r *rng) n(max int) int {
	hi, _ := bits.Mul64(r.next(), uint64(max))
	return int(hi)
}

// between returns a number in [low, high].
func (r *rng) between(low, high int) int { return low + r.n(high-low+1) }

// permille is true in p of 1000 cases.
func (r *rng) permille(p int) bool { return r.n(1000) < p }

// pick returns one element; the slice must not be empty.
func pick[T any](r *rng, from []T) T { return from[r.n(len(from))] }

// guid is 128 random bits that print as a version 4 GUID.
type guid [2]uint64

// guid draws a new identifier.
func (r *rng) guid() guid { return guid{r.next(), r.next()} }

const hexDigits = "0123456789abcdef"

// append prints the lower-case form with dashes, without braces.
func (g guid) append(b []byte) []byte {
	hi := g[0]&^0xf000 | 0x4000
	lo := g[1]&^(3<<62) | 2<<62
	for i := 60; i >= 0; i -= 4 {
		b = append(b, hexDigits[hi>>uint(i)&15])
		if i == 32 || i == 16 {
			b = append(b, '-')
		}
	}
	b = append(b, '-')
	for i := 60; i >= 0; i -= 4 {
		b = append(b, hexDigits[lo>>uint(i)&15])
		if i == 48 {
			b = append(b, '-')
		}
	}
	return b
}

// String is append for the identifiers that live as long as the company.
func (g guid) String() string { return string(g.append(nil)) }

// appendHex appends n random hexadecimal digits: hashes, thumbprints, connection ids.
func (r *rng) appendHex(b []byte, n int) []byte {
	for n > 0 {
		v := r.next()
		for i := 0; i < 16 && n > 0; i++ {
			b = append(b, hexDigits[v&15])
			v >>= 4
			n--
		}
	}
	return b
}

// hex is appendHex as a string.
func (r *rng) hex(n int) string { return string(r.appendHex(nil, n)) }

// appendToken appends n characters of base64url, the alphabet of Entra's token identifiers.
func (r *rng) appendToken(b []byte, n int) []byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for n > 0 {
		v := r.next()
		for i := 0; i < 10 && n > 0; i++ {
			b = append(b, alphabet[v&63])
			v >>= 6
			n--
		}
	}
	return b
}
