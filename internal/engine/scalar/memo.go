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
}

type memoEntry[T any] struct {
	key   string
	value T
}

// Bounds of a memo: entries, and bytes of a key that is kept at all.
const (
	memoEntries = 128
	memoKey     = 1 << 20
)

func newMemo[T any](build func(string) T) *memo[T] {
	return &memo[T]{build: build, kept: map[string]*memoEntry[T]{}}
}

func (m *memo[T]) get(key string) T {
	if e := m.last.Load(); e != nil && e.key == key {
		return e.value
	}
	if len(key) > memoKey {
		return m.build(key)
	}
	m.mu.Lock()
	e := m.kept[key]
	m.mu.Unlock()
	if e == nil {
		own := strings.Clone(key)
		e = &memoEntry[T]{own, m.build(own)}
		m.mu.Lock()
		if len(m.kept) >= memoEntries {
			clear(m.kept)
		}
		m.kept[own] = e
		m.mu.Unlock()
	}
	m.last.Store(e)
	return e.value
}
