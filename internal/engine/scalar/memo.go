package scalar

import (
	"strings"
	"sync"
	"sync/atomic"
)

// memo keeps what was made of a constant argument (a compiled expression, a list of ranges), because functions run
// once per row with the same one. The last one used is found without a lock. Each function's closure owns its memo.
type memo[T any] struct {
	build func(key string) T
	last  atomic.Pointer[memoEntry[T]]
	mu    sync.Mutex
	kept  map[string]*memoEntry[T]
	bytes int // of the keys that are kept
}

type memoEntry[T any] struct {
	key   string
	value T
}

// Bounds of a memo: entries, and bytes of all keys.
const (
	memoEntries = 128
	memoBytes   = 32 << 20
)

func newMemo[T any](build func(string) T) *memo[T] {
	return &memo[T]{build: build, kept: map[string]*memoEntry[T]{}}
}

func (m *memo[T]) get(key string) T {
	if e := m.last.Load(); e != nil && e.key == key {
		return e.value
	}
	if len(key) > memoBytes {
		return m.build(key)
	}
	m.mu.Lock()
	e := m.kept[key]
	m.mu.Unlock()
	if e == nil {
		own := strings.Clone(key)
		e = &memoEntry[T]{own, m.build(own)}
		m.mu.Lock()
		if len(m.kept) >= memoEntries || m.bytes+len(own) > memoBytes {
			clear(m.kept)
			m.bytes = 0
		}
		if m.kept[own] == nil {
			m.bytes += len(own)
		}
		m.kept[own] = e
		m.mu.Unlock()
	}
	m.last.Store(e)
	return e.value
}
