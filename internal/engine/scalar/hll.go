package scalar

import (
	"math"
	"math/bits"
	"strconv"

	"nordlys/internal/kql/catalog"
)

// sketchFuncs are hll() and what reads its result: [[1024,p],[hashes],[]] while there are at most 1,024 hashes, exact
// then, else [[1024,p],[],[registers]] with 2^p of them. The standard error is 1.04/√2^p: 1.6, 0.8, 0.4, 0.29 and 0.2 %
// for the accuracies 0 to 4. https://learn.microsoft.com/kusto/query/hll-aggregation-function
func sketchFuncs() []Func {
	d, n := catalog.Dynamic, catalog.Long
	return []Func{
		{Name: "go_hll", Args: []catalog.Type{d, n}, Result: d, Call: func(a []any) any {
			s, ok := a[0].(string)
			accuracy := longOr(a[1], 1)
			if !ok || accuracy < 0 || accuracy > 4 {
				return nil
			}
			items, ok := elements(s, nil)
			if !ok {
				return nil
			}
			h := newSketch([]int{12, 14, 16, 17, 18}[accuracy])
			for _, v := range items {
				x, ok := jsonHash(v)
				if !ok {
					return nil
				}
				h.add(x)
			}
			return h.text()
		}},
		unary("go_hll_merge", d, d, func(s string) any {
			items, ok := elements(s, nil)
			if !ok {
				return nil
			}
			var all *sketch
			for _, v := range items {
				h, ok := parseSketch(v)
				switch {
				case !ok:
				case all == nil:
					all = h
				default:
					all = all.merge(h)
				}
			}
			if all == nil {
				return nil
			}
			return all.text()
		}),
		unary("go_dcount_hll", d, n, func(s string) any {
			if h, ok := parseSketch(s); ok {
				return h.count()
			}
			return nil
		}),
	}
}

// maxHashes is how many hashes a sketch keeps as they are.
const maxHashes = 1024

// sketch is a HyperLogLog: a set of hashes, or registers of which each has the greatest rank of its hashes.
type sketch struct {
	bits      int
	hashes    map[uint64]struct{}
	order     []uint64
	registers []uint8
}

func newSketch(p int) *sketch { return &sketch{bits: p, hashes: map[uint64]struct{}{}} }

// place gives the register of a hash and its rank: the zeros that lead the rest, plus 1.
func place(x uint64, p int) (int, uint8) {
	return int(x >> (64 - p)), uint8(min(bits.LeadingZeros64(x<<p), 64-p) + 1)
}

func (h *sketch) add(x uint64) {
	if h.registers == nil {
		if _, ok := h.hashes[x]; ok {
			return
		}
		if len(h.order) < maxHashes {
			h.hashes[x] = struct{}{}
			h.order = append(h.order, x)
			return
		}
		h.spread()
	}
	i, rank := place(x, h.bits)
	h.registers[i] = max(h.registers[i], rank)
}

// spread turns hashes into registers.
func (h *sketch) spread() {
	if h.registers != nil {
		return
	}
	h.registers = make([]uint8, 1<<h.bits)
	for _, x := range h.order {
		i, rank := place(x, h.bits)
		h.registers[i] = max(h.registers[i], rank)
	}
	h.hashes, h.order = nil, nil
}

// merge joins two sketches; the less accurate one decides about the registers.
func (h *sketch) merge(o *sketch) *sketch {
	if h.bits > o.bits {
		h, o = o, h
	}
	if o.registers == nil {
		for _, x := range o.order {
			h.add(x)
		}
		return h
	}
	h.spread()
	more := o.bits - h.bits
	for i, rank := range o.registers {
		if rank == 0 {
			continue
		}
		// The bits that chose between registers of the finer sketch belong to the rank here.
		rest := uint64(i) & (1<<more - 1)
		if more > 0 && rest != 0 {
			rank = uint8(bits.LeadingZeros64(rest<<(64-more)) + 1)
		} else {
			rank += uint8(more)
		}
		h.registers[i>>more] = max(h.registers[i>>more], rank)
	}
	return h
}

// count estimates by Ertl's formula, which needs no correction for small or large numbers,
// https://arxiv.org/abs/1702.01284.
func (h *sketch) count() int64 {
	if h.registers == nil {
		return int64(len(h.order))
	}
	m, q := float64(len(h.registers)), 64-h.bits
	counts := make([]float64, q+2)
	for _, r := range h.registers {
		counts[min(int(r), q+1)]++
	}
	z := m * tau(1-counts[q+1]/m)
	for k := q; k >= 1; k-- {
		z = 0.5 * (z + counts[k])
	}
	z += m * sigma(counts[0]/m)
	return int64(math.Round(m * m / (2 * math.Ln2 * z)))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += x * y
		y += y
		if z == before {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x <= 0 || x >= 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= (1 - x) * (1 - x) * y
		if z == before {
			return z / 3
		}
	}
}

func (h *sketch) text() any {
	b := strconv.AppendInt([]byte("[[1024,"), int64(h.bits), 10)
	b = append(b, "],["...)
	for i, x := range h.order {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendInt(append(b, '"'), int64(x), 10), '"')
	}
	b = append(b, "],["...)
	for i, r := range h.registers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(r), 10)
	}
	return string(append(b, "]]"...))
}

func jsonHash(raw string) (uint64, bool) {
	if kindOf(raw) == '"' {
		raw = unquote(raw)
	}
	v, err := strconv.ParseInt(raw, 10, 64)
	return uint64(v), err == nil
}

func parseSketch(s string) (*sketch, bool) {
	parts, ok := elements(s, nil)
	if !ok || len(parts) != 3 {
		return nil, false
	}
	head, ok := elements(parts[0], nil)
	if !ok || len(head) != 2 {
		return nil, false
	}
	p, ok := jsonLong(head[1])
	if !ok || p < 4 || p > 18 {
		return nil, false
	}
	h := newSketch(int(p))
	hashes, ok := elements(parts[1], nil)
	registers, ok1 := elements(parts[2], nil)
	if !ok || !ok1 || len(registers) != 0 && len(registers) != 1<<p {
		return nil, false
	}
	if len(registers) > 0 {
		h.spread()
		for i, r := range registers {
			rank, ok := jsonLong(r)
			if !ok || rank < 0 || rank > 65-p {
				return nil, false
			}
			h.registers[i] = uint8(rank)
		}
	}
	for _, v := range hashes {
		x, ok := jsonHash(v)
		if !ok {
			return nil, false
		}
		h.add(x)
	}
	return h, true
}
