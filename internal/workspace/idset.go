package workspace

// idSet is a set of 64-bit identities: the rows of one table and day, so that a record that came before is known again.
// It takes 8 bytes a slot and is between three eighths and three quarters full. It is split by the top bits, so that
// growing copies a small part at a time. Where detailed is set, each identity has a number beside it, how much its row
// tells, for another byte. The zero value is ready.
type idSet struct {
	parts    [64]idPart
	n        int
	detailed bool
	zero     idPart // 0, if it is in the set: an empty slot is 0
}

// idPart is open addressing with linear steps.
type idPart struct {
	slots   []uint64
	details []uint8
	n       int
}

// add puts v in and says whether it was not there before. Where the set is detailed and v was there with less, that
// grows to detail, and more is true.
func (s *idSet) add(v uint64, detail uint8) (fresh, more bool) {
	if v == 0 {
		fresh = s.zero.n == 0
		if s.zero.n = 1; s.zero.details == nil {
			s.zero.details = []uint8{detail}
		}
		more = s.zero.raise(0, detail, s.detailed)
	} else {
		fresh, more = s.parts[v>>58].add(v, detail, s.detailed)
	}
	if fresh {
		s.n++
	}
	return fresh, more
}

func (p *idPart) add(v uint64, detail uint8, detailed bool) (fresh, more bool) {
	if 4*(p.n+1) > 3*len(p.slots) {
		p.grow(detailed)
	}
	mask := uint64(len(p.slots) - 1)
	for i := v & mask; ; i = (i + 1) & mask {
		switch p.slots[i] {
		case v:
			return false, p.raise(i, detail, detailed)
		case 0:
			p.slots[i] = v
			if detailed {
				p.details[i] = detail
			}
			p.n++
			return true, false
		}
	}
}

func (p *idPart) raise(i uint64, detail uint8, detailed bool) bool {
	if !detailed || p.details[i] >= detail {
		return false
	}
	p.details[i] = detail
	return true
}

func (p *idPart) grow(detailed bool) {
	old, details := p.slots, p.details
	p.slots = make([]uint64, max(8, 2*len(old)))
	if detailed {
		p.details = make([]uint8, len(p.slots))
	}
	mask := uint64(len(p.slots) - 1)
	for at, v := range old {
		if v == 0 {
			continue
		}
		i := v & mask
		for p.slots[i] != 0 {
			i = (i + 1) & mask
		}
		p.slots[i] = v
		if detailed {
			p.details[i] = details[at]
		}
	}
}

// identity mixes what makes a row the same row: _ItemId and TimeGenerated (splitmix64's finisher over both).
func identity(item, time int64) uint64 {
	x := uint64(item) ^ uint64(time)*0x9e3779b97f4a7c15
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
