package scalar

import (
	"slices"
	"strings"

	"nordlys/internal/kql/catalog"
)

func bagFuncs() []Func {
	d := catalog.Dynamic
	return []Func{
		unary("go_bag_merge", d, d, bagMerge),
		binary("go_bag_remove_keys", d, d, d, bagRemoveKeys),
		{Name: "go_bag_set_key", Args: []catalog.Type{d, catalog.String, d}, Result: d, Call: func(a []any) any {
			bag, ok := a[0].(string)
			key, ok1 := a[1].(string)
			if !ok || !ok1 {
				return nil
			}
			text, _ := a[2].(string)
			value, ok := oneValue(text)
			if !ok {
				value = "null"
			}
			return bagSetKey(bag, key, value)
		}},
		{Name: "go_bag_limit", Args: []catalog.Type{d, catalog.Long}, Result: d, Call: func(a []any) any {
			s, _ := a[0].(string)
			ms, ok := members(s, nil)
			if !ok {
				return nil
			}
			return joinBag(ms[:max(min(int64(len(ms)), longOr(a[1], maxElements)), 0)])
		}},
		unary("go_is_json", catalog.String, catalog.Bool, func(s string) any {
			_, ok := oneValue(s)
			return ok
		}),
		unary("go_treepath", d, d, treePaths),
		{Name: "go_bag_zip", Args: []catalog.Type{d, d}, Result: d, Call: func(a []any) any {
			keys, ok := a[0].(string)
			if !ok {
				return nil
			}
			return bagZip(keys, a[1])
		}},
		unary("go_dynamic_to_json", d, catalog.String, func(s string) any {
			if b, ok := appendCanonical(nil, strings.TrimSpace(s), 0); ok && len(b) <= maxOutput {
				return string(b)
			}
			return ""
		}),
	}
}

// bagMerge makes one bag of the bags in a JSON array: the first value of a key stays, what is no bag is left out, and
// null comes of no bag at all. https://learn.microsoft.com/kusto/query/bag-merge-function
func bagMerge(s string) any {
	var stack [8]string
	bags, ok := elements(s, stack[:0])
	if !ok {
		return nil
	}
	var all []member
	found := 0
	for _, b := range bags {
		if n := len(all); kindOf(b) == '{' {
			if all, ok = members(b, all); !ok {
				all = all[:n]
				continue
			}
			found++
		}
	}
	if found == 0 {
		return nil
	}
	return joinBag(firstMembers(all))
}

// firstMembers drops members whose key came before.
func firstMembers(all []member) []member {
	out := all[:0]
	if len(all) <= 8 {
	next:
		for _, m := range all {
			for _, o := range out {
				if sameKey(o.key, m.key) {
					continue next
				}
			}
			out = append(out, m)
		}
		return out
	}
	seen := make(map[string]struct{}, len(all))
	for _, m := range all {
		k := identity(m.key)
		if _, ok := seen[k]; !ok {
			seen[k] = struct{}{}
			out = append(out, m)
		}
	}
	return out
}

func sameKey(a, b string) bool { return a == b || identity(a) == identity(b) }

// parseKeyPath reads $.a.b['c'] as its keys. Text that does not begin with $. or $[ is one key; ok is false for a path
// that is the root, indexes an array or is malformed. https://learn.microsoft.com/kusto/query/jsonpath
func parseKeyPath(s string) (keys []string, ok bool) {
	if !strings.HasPrefix(s, "$.") && !strings.HasPrefix(s, "$[") {
		return []string{s}, s != "$"
	}
	for s = s[1:]; s != ""; {
		if s[0] == '.' {
			end := strings.IndexAny(s[1:], ".[") + 1
			if end == 0 {
				end = len(s)
			}
			if end == 1 {
				return nil, false
			}
			keys, s = append(keys, s[1:end]), s[end:]
			continue
		}
		if len(s) < 4 || s[0] != '[' || s[1] != '\'' && s[1] != '"' {
			return nil, false
		}
		end := strings.IndexByte(s[2:], s[1])
		if end < 0 || end+3 >= len(s) || s[end+3] != ']' {
			return nil, false
		}
		keys, s = append(keys, s[2:2+end]), s[end+4:]
	}
	return keys, len(keys) <= maxDepth
}

// bagRemoveKeys drops keys, given by name or by path. https://learn.microsoft.com/kusto/query/bag-remove-keys-function
func bagRemoveKeys(bag, keys string) any {
	ms, ok := members(bag, nil)
	if !ok {
		return nil
	}
	list, ok := elements(keys, nil)
	if !ok {
		return nil
	}
	for _, k := range list {
		if kindOf(k) != '"' {
			continue
		}
		if path, ok := parseKeyPath(unquote(k)); ok {
			ms = removePath(ms, path)
		}
	}
	return joinBag(ms)
}

func removePath(ms []member, path []string) []member {
	for i, m := range ms {
		if unquote(m.key) != path[0] {
			continue
		}
		if len(path) == 1 {
			return slices.Delete(ms, i, i+1)
		}
		if inner, ok := members(m.value, nil); ok {
			if v, ok := joinBag(removePath(inner, path[1:])).(string); ok {
				ms[i].value = v
			}
		}
		return ms
	}
	return ms
}

// bagSetKey sets a key given by name or by path, making the bags on the way; null if something else is in the way.
// https://learn.microsoft.com/kusto/query/bag-set-key-function
func bagSetKey(bag, key, value string) any {
	path, ok := parseKeyPath(key)
	if !ok {
		return nil
	}
	if v, ok := setPath(bag, path, value); ok {
		return v
	}
	return nil
}

func setPath(bag string, path []string, value string) (string, bool) {
	ms, ok := members(bag, nil)
	if !ok {
		return "", false
	}
	at := slices.IndexFunc(ms, func(m member) bool { return unquote(m.key) == path[0] })
	if len(path) > 1 {
		inner := "{}"
		if at >= 0 {
			inner = ms[at].value
		}
		if value, ok = setPath(inner, path[1:], value); !ok {
			return "", false
		}
	}
	if at >= 0 {
		ms[at].value = value
	} else {
		ms = append(ms, member{string(appendQuoted(nil, path[0])), value})
	}
	out, ok := joinBag(ms).(string)
	return out, ok
}

// appendCanonical writes JSON compact with the keys of bags sorted by bytes, of a repeated key the last value.
// https://learn.microsoft.com/kusto/query/dynamic-to-json-function
func appendCanonical(b []byte, raw string, depth int) ([]byte, bool) {
	if depth > maxDepth {
		return b, false
	}
	switch kindOf(raw) {
	case '[':
		items, ok := elements(raw, nil)
		if !ok {
			return b, false
		}
		b = append(b, '[')
		for i, v := range items {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = appendCanonical(b, v, depth+1); !ok {
				return b, false
			}
		}
		return append(b, ']'), true
	case '{':
		ms, ok := members(raw, nil)
		if !ok {
			return b, false
		}
		for i := range ms {
			ms[i].key = unquote(ms[i].key)
		}
		slices.SortStableFunc(ms, func(x, y member) int { return strings.Compare(x.key, y.key) })
		b = append(b, '{')
		first := true
		for i, m := range ms {
			if i+1 < len(ms) && ms[i+1].key == m.key {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(appendQuoted(b, m.key), ':')
			if b, ok = appendCanonical(b, m.value, depth+1); !ok {
				return b, false
			}
		}
		return append(b, '}'), true
	case '"':
		if end, ok := scanString(raw, 0); !ok || end != len(raw) {
			return b, false
		}
		return appendQuoted(b, unquote(raw)), true
	}
	raw, ok := oneValue(raw)
	return append(b, raw...), ok
}

// bagZip makes a bag of an array of keys and one of values: keys that are no texts are left out with their values, and
// a key without a value has null. https://learn.microsoft.com/kusto/query/bag-zip
func bagZip(keys string, values any) any {
	names, ok := elements(keys, nil)
	if !ok {
		return nil
	}
	var list []string
	if s, ok := values.(string); ok {
		list, _ = elements(s, nil)
	}
	ms := make([]member, 0, len(names))
	for i, k := range names {
		if kindOf(k) != '"' {
			continue
		}
		m := member{k, "null"}
		if i < len(list) {
			m.value = list[i]
		}
		ms = append(ms, m)
	}
	return joinBag(firstMembers(ms))
}

// treePaths lists the paths of a bag, all places of an array as one: ['a'], ['a'][0], ['a'][0]['b'].
// https://learn.microsoft.com/kusto/query/treepath-function
func treePaths(s string) any {
	var out []string
	seen := map[string]bool{}
	var walk func(raw, path string, depth int)
	walk = func(raw, path string, depth int) {
		if path != "" {
			if seen[path] {
				return
			}
			seen[path] = true
			out = append(out, string(appendQuoted(nil, path)))
		}
		if depth > maxDepth || len(out) > maxElements {
			return
		}
		if ms, ok := members(raw, nil); ok {
			for _, m := range ms {
				walk(m.value, path+"['"+unquote(m.key)+"']", depth+1)
			}
		}
		if items, ok := elements(raw, nil); ok && len(items) > 0 {
			// The shape of an array is that of all its elements.
			inner := path + "[0]"
			if !seen[inner] {
				seen[inner] = true
				out = append(out, string(appendQuoted(nil, inner)))
			}
			for _, v := range items {
				if ms, ok := members(v, nil); ok {
					for _, m := range ms {
						walk(m.value, inner+"['"+unquote(m.key)+"']", depth+2)
					}
				} else if kindOf(v) == '[' {
					walk(v, inner+"[0]", depth+2)
				}
			}
		}
	}
	walk(s, "", 0)
	return joinArray(out)
}
