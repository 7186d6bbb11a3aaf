package workspace

// idSet is a set of 64-bit identities, so that a record that came before is known again: open addressing with linear
// steps, 8 bytes a slot and between three eighths and three quarters full. Where detailed is set, each identity has a
// number beside it, how much its row tells, for another byte. The zero value is ready.
type idSet struct {
	slots    []uint64
	details  []uint8
	n        int
	detailed bool
	zero     bool // whether 0 is in the set: an empty slot is 0
	ofZero   uint8
	met      int64 // when it was last asked for, in batches
}

// add puts v in and says whether it was not there before. Where the set is detailed and v was there with less, that
// grows to detail, and more is true.
func (s *idSet) add(v uint64, detail uint8) (fresh, more bool) {
	if v == 0 {
		if !s.zero {
			s.zero, s.ofZero = true, detail
			s.n++
			return true, false
		}
		return false, s.raise(&s.ofZero, detail)
	}
	if 4*(s.n+1) > 3*len(s.slots) {
		s.grow()
	}
	mask := uint64(len(s.slots) - 1)
	for i := v & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case v:
			if !s.detailed {
				return false, false
			}
			return false, s.raise(&s.details[i], detail)
		case 0:
			s.slots[i] = v
			if s.detailed {
				s.details[i] = detail
			}
			s.n++
			return true, false
		}
	}
}

func (s *idSet) raise(have *uint8, detail uint8) bool {
	if !s.detailed || *have >= detail {
		return false
	}
	*have = detail
	return true
}

func (s *idSet) grow() {
	old, details := s.slots, s.details
	s.slots = make([]uint64, max(8, 2*len(old)))
	if s.detailed {
		s.details = make([]uint8, len(s.slots))
	}
	mask := uint64(len(s.slots) - 1)
	for at, v := range old {
		if v == 0 {
			continue
		}
		i := v & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = v
		if s.detailed {
			s.details[i] = details[at]
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
