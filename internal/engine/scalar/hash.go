package scalar

import (
	"encoding/hex"
	"math"
	"math/bits"
	"strings"

	"nordlys/internal/kql/catalog"
)

// hashFuncs are hash() over the representations of values: text by its UTF-8 bytes, whole numbers and times by their
// 64 bits, a guid by its 16 bytes. https://learn.microsoft.com/kusto/query/hash-function
func hashFuncs() []Func {
	n := catalog.Long
	return []Func{
		unary("go_hash_text", catalog.String, n, func(s string) any { return int64(xxHash64(s)) }),
		unary("go_hash_guid", catalog.Guid, n, func(s string) any {
			if b, ok := guidBytes(s); ok {
				return int64(xxHash64(string(b[:])))
			}
			return nil
		}),
		{Name: "go_hash_long", Args: []catalog.Type{n}, Result: n, Call: func(a []any) any {
			if v, ok := a[0].(int64); ok {
				return hashLong(uint64(v))
			}
			return nil
		}},
		{Name: "go_hash_real", Args: []catalog.Type{catalog.Real}, Result: n, Call: func(a []any) any {
			if v, ok := a[0].(float64); ok {
				return hashLong(math.Float64bits(v))
			}
			return nil
		}},
		unary("go_hash_combine", catalog.Dynamic, n, hashCombine),
	}
}

func hashLong(v uint64) int64 {
	var b [8]byte
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return int64(xxHash64(string(b[:])))
}

// hashCombine joins a JSON array of hashes in their order. Kusto's own way is not published, so only equality means
// something. https://learn.microsoft.com/kusto/query/hash-combine-function
func hashCombine(s string) any {
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	h := uint64(0)
	for _, v := range items {
		n, ok := jsonLong(v)
		if !ok {
			return nil
		}
		h ^= uint64(n) + 0x9e3779b97f4a7c15 + h<<6 + h>>2
	}
	return int64(h)
}

const (
	prime1 uint64 = 0x9E3779B185EBCA87
	prime2 uint64 = 0xC2B2AE3D27D4EB4F
	prime3 uint64 = 0x165667B19E3779F9
	prime4 uint64 = 0x85EBCA77C2B2AE63
	prime5 uint64 = 0x27D4EB2F165667C5
)

func xxRound(h, v uint64) uint64 { return bits.RotateLeft64(h+v*prime2, 31) * prime1 }

// xxHash64 with the seed 0, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
func xxHash64(s string) uint64 {
	n := uint64(len(s))
	h := prime5
	if len(s) >= 32 {
		// Sums of constants that do not fit wrap, which constants may not.
		p1, p2 := prime1, prime2
		v := [4]uint64{p1 + p2, p2, 0, -p1}
		for ; len(s) >= 32; s = s[32:] {
			for i := range v {
				v[i] = xxRound(v[i], word(s[8*i:]))
			}
		}
		h = bits.RotateLeft64(v[0], 1) + bits.RotateLeft64(v[1], 7) + bits.RotateLeft64(v[2], 12) + bits.RotateLeft64(v[3], 18)
		for _, x := range v {
			h = (h^xxRound(0, x))*prime1 + prime4
		}
	}
	h += n
	for ; len(s) >= 8; s = s[8:] {
		h = bits.RotateLeft64(h^xxRound(0, word(s)), 27)*prime1 + prime4
	}
	if len(s) >= 4 {
		half := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
		h = bits.RotateLeft64(h^half*prime1, 23)*prime2 + prime3
		s = s[4:]
	}
	for i := range len(s) {
		h = bits.RotateLeft64(h^uint64(s[i])*prime5, 11) * prime1
	}
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}

func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// guidBytes gives the 16 bytes of a guid's text: the first three groups lowest byte first, as Windows keeps them.
func guidBytes(s string) ([16]byte, bool) {
	var b [16]byte
	if len(s) != 36 || !isGuid(s) {
		return b, false
	}
	if n, err := hex.Decode(b[:], []byte(strings.ReplaceAll(s, "-", ""))); err != nil || n != 16 {
		return b, false
	}
	return swapGuid(b), true
}

func swapGuid(b [16]byte) [16]byte {
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5], b[6], b[7] = b[5], b[4], b[7], b[6]
	return b
}

// guidText is the reverse of guidBytes.
func guidText(b [16]byte) string {
	b = swapGuid(b)
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
