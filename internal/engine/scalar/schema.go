package scalar

import (
	"strings"

	"nordlys/internal/kql/catalog"
)

func schemaFuncs() []Func {
	return []Func{unary("go_buildschema", catalog.Dynamic, catalog.Dynamic, buildSchema)}
}

// shape is what values at one place look like: types and bags in the order in which they were first seen.
type shape struct {
	kinds   []string // long, double, string…; "{" stands for the bag
	keys    []string // of the bag, with their quotes
	members map[string]*shape
}

func (s *shape) add(raw string, depth int) {
	switch kindOf(raw) {
	case '{':
		ms, ok := members(raw, nil)
		if !ok || depth > maxDepth {
			return
		}
		s.bag()
		for _, m := range ms {
			s.member(string(appendQuoted(nil, unquote(m.key)))).add(m.value, depth+1)
		}
	case '[':
		items, ok := elements(raw, nil)
		if !ok || depth > maxDepth {
			return
		}
		s.bag()
		inner := s.member("\"`indexer`\"")
		for _, v := range items {
			inner.add(v, depth+1)
		}
	case '"':
		s.kind("string")
	case 't', 'f':
		s.kind("bool")
	case '0':
		if isInteger(raw) {
			s.kind("long")
		} else {
			s.kind("double")
		}
	}
}

func (s *shape) kind(name string) {
	for _, k := range s.kinds {
		if k == name {
			return
		}
	}
	s.kinds = append(s.kinds, name)
}

func (s *shape) bag() {
	s.kind("{")
	if s.members == nil {
		s.members = map[string]*shape{}
	}
}

func (s *shape) member(key string) *shape {
	m := s.members[key]
	if m == nil {
		m = &shape{}
		s.members[key] = m
		s.keys = append(s.keys, key)
	}
	return m
}

func (s *shape) write(b *strings.Builder) {
	if len(s.kinds) == 0 {
		b.WriteString("null")
		return
	}
	if len(s.kinds) > 1 {
		b.WriteByte('[')
	}
	for i, k := range s.kinds {
		if i > 0 {
			b.WriteByte(',')
		}
		if k != "{" {
			b.WriteString(`"` + k + `"`)
			continue
		}
		b.WriteByte('{')
		for j, key := range s.keys {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(key + ":")
			s.members[key].write(b)
		}
		b.WriteByte('}')
	}
	if len(s.kinds) > 1 {
		b.WriteByte(']')
	}
}

// buildSchema gives the schema that all values of a JSON array fit; null if there is no value.
// https://learn.microsoft.com/kusto/query/buildschema-aggregation-function
func buildSchema(s string) any {
	items, ok := elements(s, nil)
	if !ok {
		return nil
	}
	var all shape
	for _, v := range items {
		all.add(v, 0)
	}
	if len(all.kinds) == 0 {
		return nil
	}
	var b strings.Builder
	all.write(&b)
	return b.String()
}
