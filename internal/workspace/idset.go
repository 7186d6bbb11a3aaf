package workspace

// idSet is a set of 64-bit identities: the rows of one table and day, so that a record that came before is known again.
// It takes 8 bytes a slot and is between three eighths and three quarters full. It is split by the top bits, so that
// growing copies a small part at a time. The zero value is ready.
type idSet struct {
	parts [64]idPart
	n     int
	zero  bool // whether 0 is in the set: an empty slot is 0
}

// idPart is open addressing with linear steps.
type idPart struct {
	slots []uint64
	n     int
}

// add puts v in and says whether it was not there before.
func (s *idSet) add(v uint64) bool {
	if v == 0 {
		if s.zero {
			return false
		}
		s.zero = true
		s.n++
		return true
	}
	if !s.parts[v>>58].add(v) {
		return false
	}
	s.n++
	return true
}

func (p *idPart) add(v uint64) bool {
	if 4*(p.n+1) > 3*len(p.slots) {
		p.grow()
	}
	mask := uint64(len(p.slots) - 1)
	for i := v & mask; ; i = (i + 1) & mask {
		switch p.slots[i] {
		case v:
			return false
		case 0:
			p.slots[i] = v
			p.n++
			return true
		}
	}
}

func (p *idPart) grow() {
	old := p.slots
	p.slots = make([]uint64, max(8, 2*len(old)))
	mask := uint64(len(p.slots) - 1)
	for _, v := range old {
		if v == 0 {
			continue
		}
		i := v & mask
		for p.slots[i] != 0 {
			i = (i + 1) & mask
		}
		p.slots[i] = v
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
