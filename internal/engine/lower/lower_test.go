package lower

import (
	"testing"

	"nordlys/internal/kql/catalog"
)

// Every overload of the catalogue has one lowering, and no lowering is for an overload that does not exist.
func TestCatalogueAndLoweringsAgree(t *testing.T) {
	inCode := newLowerings()
	byName := map[string]bool{ // lowered by name in aggregateCall and window
		"arg_max": true, "arg_min": true, "take_any": true, "make_list": true, "make_list_if": true,
		"make_list_with_nulls": true, "make_set": true, "make_set_if": true, "make_bag": true, "make_bag_if": true,
		"percentile": true, "percentiles": true, "percentiles_array": true, "percentilesw": true, "percentilesw_array": true, "hll": true, "hll_if": true, "tdigest": true,
	}
	seen := map[string]bool{}
	for _, f := range catalog.Builtin().Functions() {
		for _, o := range f.Overloads {
			n := 0
			for _, has := range []bool{hasKey(templates, o.ID), hasKey(inCode, o.ID), hasKey(conversions, o.ID), hasKey(aggregateTemplates, o.ID), byName[o.ID], f.Kind == catalog.Window} {
				if has {
					n++
				}
			}
			seen[o.ID] = true
			if n != 1 {
				t.Errorf("overload %q has %d lowerings, want 1", o.ID, n)
			}
		}
	}
	for id := range templates {
		if !seen[id] {
			t.Errorf("template %q is for no overload", id)
		}
	}
	for id := range inCode {
		if !seen[id] {
			t.Errorf("lowering %q is for no overload", id)
		}
	}
	for id := range aggregateTemplates {
		if !seen[id] {
			t.Errorf("aggregate template %q is for no overload", id)
		}
	}
}

func hasKey[V any](m map[string]V, k string) bool { _, ok := m[k]; return ok }

func TestQuoting(t *testing.T) {
	for _, c := range []struct{ in, ident, text string }{
		{`a`, `"a"`, `'a'`},
		{`a"b`, `"a""b"`, `'a"b'`},
		{`it's`, `"it's"`, `'it''s'`},
		{"a\x00b", "\"a\uFFFDb\"", "('a' || chr(0) || 'b')"},
		{"'; DROP TABLE x; --", `"'; DROP TABLE x; --"`, `'''; DROP TABLE x; --'`},
	} {
		if got := Ident(c.in); got != c.ident {
			t.Errorf("Ident(%q) = %s, want %s", c.in, got, c.ident)
		}
		if got := Text(c.in); got != c.text {
			t.Errorf("Text(%q) = %s, want %s", c.in, got, c.text)
		}
	}
}

func TestExpand(t *testing.T) {
	for _, c := range []struct {
		template string
		args     []string
		want     string
	}{
		{"f($1, $2)", []string{"a", "b"}, "f(a, b)"},
		{"f($*)", []string{"a", "b"}, "f(a, b)"},
		{"f($1{, $2})", []string{"a"}, "f(a)"},
		{"f($1{, $2})", []string{"a", "b"}, "f(a, b)"},
		{"f($2*)", []string{"a", "b", "c"}, "f(b, c)"},
	} {
		if got := expand(c.template, c.args); got != c.want {
			t.Errorf("expand(%q, %q) = %q, want %q", c.template, c.args, got, c.want)
		}
	}
}
