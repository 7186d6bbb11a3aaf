package workspace

// idSet is a set of 64-bit identities with open addressing: 8 bytes a slot, at most three quarters full. The zero value
// is ready. It holds the rows of one table and day, so that a record that came before is known again.
type idSet struct {
	slots []uint64
	n     int
	zero  bool // whether 0 is in the set: an empty slot is 0
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
	if 4*(s.n+1) > 3*len(s.slots) {
		s.grow()
	}
	mask := uint64(len(s.slots) - 1)
	for i := v & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case v:
			return false
		case 0:
			s.slots[i] = v
			s.n++
			return true
		}
	}
}

func (s *idSet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(64, 2*len(old)))
	mask := uint64(len(s.slots) - 1)
	for _, v := range old {
		if v == 0 {
			continue
		}
		i := v & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = v
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
