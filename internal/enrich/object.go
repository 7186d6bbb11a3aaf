package enrich

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
)

// object is a JSON object of Azure whose names are in lower case, as the CLI and REST disagree about it (privateIpAddress,
// privateIPAddress), and where what lies in properties lies beside the rest.
type object map[string]any

// maxDepth is how deep objects lie inside each other in a resource; what is deeper is not read.
const maxDepth = 32

// parseObject reads an object; of text that is none it is empty.
func parseObject(text string) object {
	var v any
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if text == "" || d.Decode(&v) != nil {
		return object{}
	}
	o, _ := plain(v, 0).(object)
	return o
}

func plain(v any, depth int) any {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		o := make(object, len(v))
		for k, e := range v {
			o[strings.ToLower(k)] = plain(e, depth+1)
		}
		if inner, ok := o["properties"].(object); ok {
			delete(o, "properties")
			for k, e := range inner {
				if _, taken := o[k]; !taken {
					o[k] = e
				}
			}
		}
		return o
	case []any:
		for i := range v {
			v[i] = plain(v[i], depth+1)
		}
		return v
	}
	return v
}

// at follows names into objects.
func (o object) at(names ...string) any {
	var v any = o
	for _, n := range names {
		inner, ok := v.(object)
		if !ok {
			return nil
		}
		v = inner[n]
	}
	return v
}

// text is the text at a path, or "".
func (o object) text(names ...string) string {
	s, _ := o.at(names...).(string)
	return s
}

// id is the resource id at a path, in lower case.
func (o object) id(names ...string) string { return strings.ToLower(o.text(append(names, "id")...)) }

func (o object) flag(names ...string) bool {
	b, _ := o.at(names...).(bool)
	return b
}

// list is the objects of the list at a path.
func (o object) list(names ...string) []object {
	l, _ := o.at(names...).([]any)
	out := make([]object, 0, len(l))
	for _, e := range l {
		if e, ok := e.(object); ok {
			out = append(out, e)
		}
	}
	return out
}

// texts is the texts of the list at a path, or the only one where it is no list.
func (o object) texts(names ...string) []string {
	switch v := o.at(names...).(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok && s != "" {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// prefixes is the networks of the lists at the paths; what is none is left out.
func prefixes(texts ...[]string) []netip.Prefix {
	var out []netip.Prefix
	for _, list := range texts {
		for _, s := range list {
			if p, err := netip.ParsePrefix(strings.TrimSpace(s)); err == nil {
				out = append(out, p.Masked())
			} else if a, err := netip.ParseAddr(strings.TrimSpace(s)); err == nil {
				out = append(out, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	return out
}

// resource is the parts of a resource id in lower case.
type resource struct {
	subscription, group string
	path                []string // type and name in turn, after the provider: virtualnetworks, v, subnets, s
}

// parseID takes a resource id apart.
func parseID(id string) (resource, bool) {
	id = strings.ToLower(id)
	rest, ok := strings.CutPrefix(id, "/subscriptions/")
	if !ok {
		return resource{}, false
	}
	var r resource
	r.subscription, rest, _ = strings.Cut(rest, "/resourcegroups/")
	group, path, ok := strings.Cut(rest, "/providers/")
	if !ok {
		return resource{}, false
	}
	r.group = group
	r.path = strings.Split(path, "/")[1:]
	return r, len(r.path) >= 2
}

// short is a resource as Traffic Analytics names it, group/name: with the names of what it lies in between.
func (r resource) short() string {
	s := r.group
	for i := 1; i < len(r.path); i += 2 {
		s += "/" + r.path[i]
	}
	return s
}

// full is subscription/group/name.
func (r resource) full() string { return r.subscription + "/" + r.short() }

// named is full of a resource id, or "" where it is none.
func named(id string) string {
	if r, ok := parseID(id); ok {
		return r.full()
	}
	return ""
}

// top is the id of the resource that an id lies in, cut after its first type and name.
func top(id string) string {
	i := strings.LastIndex(id, "/providers/")
	if i < 0 {
		return id
	}
	parts := strings.SplitN(id[i+len("/providers/"):], "/", 4)
	if len(parts) < 4 {
		return id
	}
	return id[:len(id)-len(parts[3])-1]
}
