package scalar

import (
	"math"
	"strings"
	"testing"
)

func TestArrays(t *testing.T) {
	check(t, []call{
		{"go_array_concat", []any{`[[1,2],[],["a"]]`}, `[1,2,"a"]`}, {"go_array_concat", []any{`[[1],null,5]`}, "[1]"}, {"go_array_concat", []any{"[null]"}, nil}, {"go_array_concat", []any{"7"}, nil},

		{"go_array_slice", []any{"[10,20,30,40]", 1, 2}, "[20,30]"}, {"go_array_slice", []any{"[10,20,30,40]", -2, -1}, "[30,40]"}, {"go_array_slice", []any{"[10,20]", -9, 9}, "[10,20]"},
		{"go_array_slice", []any{"[10,20]", 5, 9}, "[]"}, {"go_array_slice", []any{"[10,20]", 1, 0}, "[]"}, {"go_array_slice", []any{"{}", 0, 1}, nil}, {"go_array_slice", []any{"[10,20]", 0, -9}, "[]"},
		{"go_array_slice", []any{"[10,20]", math.MinInt64, math.MinInt64}, "[]"},

		{"go_array_sort", []any{`[3,1,2.5]`, false, true}, "[1,2.5,3]"}, {"go_array_sort", []any{`["b",null,"a",3]`, false, true}, `[3,"a","b",null]`},
		{"go_array_sort", []any{`["b",null,"a",3]`, true, false}, `[null,3,"b","a"]`}, {"go_array_sort", []any{"[9007199254740993,9007199254740992,-5,-12]", false, nil}, "[-12,-5,9007199254740992,9007199254740993]"},
		{"go_array_sort", []any{`["1.00:00:00","23:00:00","-00:00:01"]`, false, true}, `["-00:00:01","23:00:00","1.00:00:00"]`},
		{"go_array_sort", []any{`["2024-01-02T00:00:00.0000000Z","2024-01-01T23:00:00Z"]`, false, true}, `["2024-01-01T23:00:00Z","2024-01-02T00:00:00.0000000Z"]`},
		{"go_array_sort", []any{`[{"b":1},true,"z","00000000-0000-0000-0000-000000000001"]`, false, true}, `["z","00000000-0000-0000-0000-000000000001",{"b":1},true]`},
		{"go_array_sort", []any{"1", false, true}, nil},

		{"go_array_index_of", []any{`["a","b","a"]`, `"a"`, nil, nil, 2}, 2}, {"go_array_index_of", []any{`["a","b","a"]`, `"a"`, -2, nil, nil}, 2},
		{"go_array_index_of", []any{`["a","b","a"]`, `"a"`, 1, 1, nil}, -1}, {"go_array_index_of", []any{`["a","b"]`, `"z"`, nil, nil, nil}, -1},
		{"go_array_index_of", []any{"[1,2.0]", "2", nil, nil, nil}, 1}, {"go_array_index_of", []any{`["\u0061"]`, `"a"`, nil, nil, nil}, 0},
		{"go_array_index_of", []any{`["2024-01-02T00:00:00Z"]`, `"2024-01-02T00:00:00.0000000Z"`, nil, nil, nil}, 0},
		{"go_array_index_of", []any{"[1]", "1", 0, -2, nil}, nil}, {"go_array_index_of", []any{"[1]", "1", 0, -1, -1}, nil}, {"go_array_index_of", []any{"[1]", "1", 5, math.MaxInt64, nil}, -1},

		{"go_array_iff", []any{"[true,0,7,null,\"x\"]", "[1,2,3]", `"no"`}, `[1,"no",3,null,null]`}, {"go_array_iff", []any{"[1,1]", "[5]", "0"}, "[5,null]"}, {"go_array_iff", []any{"1", "2", "3"}, nil},
		{"go_array_iff", []any{"[true]", nil, "3"}, "[null]"}, {"go_array_iff", []any{"[true]", "nonsense", "3"}, "[null]"},

		{"go_array_split", []any{"[1,2,3]", "2"}, "[[1,2],[3]]"}, {"go_array_split", []any{"[1,2,3]", "[1,2]"}, "[[1],[2],[3]]"}, {"go_array_split", []any{"[1,2,3]", "-1"}, "[[1,2],[3]]"},
		{"go_array_split", []any{"[1,2,3]", "[2,1,99]"}, "[[1,2],[],[3],[]]"}, {"go_array_split", []any{"[1]", `"x"`}, nil},

		{"go_zip", []any{`[[1,2],["a","b"]]`}, `[[1,"a"],[2,"b"]]`}, {"go_zip", []any{"[[1,2,3],[4],null]"}, "[[1,4,null],[2,null,null],[3,null,null]]"}, {"go_zip", []any{"[null,1]"}, nil},

		{"go_flatten", []any{`[1,[2,[3]],{"a":1},null]`, 100}, `[1,2,[3],{"a":1},null]`}, {"go_flatten", []any{"[[1,2],[3,4]]", 3}, "[1,2,3]"}, {"go_flatten", []any{"[1]", -1}, "[]"}, {"go_flatten", []any{"[1]", nil}, "[1]"},
	})
}

func TestSets(t *testing.T) {
	check(t, []call{
		{"go_set_union", []any{`[[3,1,3],[2,1]]`}, "[3,1,2]"}, {"go_set_union", []any{`[null,["a","\u0061"]]`}, `["a"]`}, {"go_set_union", []any{"[null,null]"}, nil},
		{"go_set_intersect", []any{`[[1,2,2,3],[3,2],[2,3,4]]`}, "[2,3]"}, {"go_set_intersect", []any{"[[1],null]"}, "[]"},
		{"go_set_difference", []any{`[[1,2,2,3],[3],[9]]`}, "[1,2]"}, {"go_set_difference", []any{`[[{"a":1, "b":2}],[{"b":2,"a":1}]]`}, "[]"}, {"go_set_difference", []any{"[[1],null]"}, "[1]"}, {"go_set_difference", []any{"[]"}, nil},
		{"go_jaccard_index", []any{"[1,2,2]", "[2,3,4]"}, 0.25}, {"go_jaccard_index", []any{"[]", "[1]"}, 0.0}, {"go_jaccard_index", []any{"1", "[1]"}, nil},
		{"go_distinct", []any{`["b","a","b",null,["a","c",null],1,1.0]`, 100}, `["b","a","c",1]`}, {"go_distinct", []any{"[1,2,[3,4]]", 3}, "[1,2,3]"}, {"go_distinct", []any{"[]", 5}, "[]"},
	})
	if v := jaccardIndex("[]", "[]").(float64); !math.IsNaN(v) {
		t.Errorf("jaccard index of nothing is %v", v)
	}
}

func TestBags(t *testing.T) {
	nested := `{"id":9007199254740993, "who":{"name":"eva","mail":"e@x"}}`
	check(t, []call{
		{"go_bag_merge", []any{`[{"b":1,"a":2},{"a":3,"c":4.50}]`}, `{"b":1,"a":2,"c":4.50}`}, {"go_bag_merge", []any{`[null,{"a":1},5]`}, `{"a":1}`}, {"go_bag_merge", []any{"[1]"}, nil},
		{"go_bag_merge", []any{`[{"\u0061":1},{"a":2}]`}, `{"\u0061":1}`}, {"go_bag_merge", []any{"[{}]"}, "{}"},
		{"go_bag_merge", []any{`[{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1},{"9":1,"1":2}]`}, `{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1}`},

		{"go_bag_remove_keys", []any{nested, `["id"]`}, `{"who":{"name":"eva","mail":"e@x"}}`}, {"go_bag_remove_keys", []any{nested, `["$.who.mail","none",5]`}, `{"id":9007199254740993,"who":{"name":"eva"}}`},
		{"go_bag_remove_keys", []any{nested, `["$['who']['name']","$.id.x","$.who[0]","$"]`}, `{"id":9007199254740993,"who":{"mail":"e@x"}}`}, {"go_bag_remove_keys", []any{"[1]", `["a"]`}, nil}, {"go_bag_remove_keys", []any{"{}", "1"}, nil},

		{"go_bag_set_key", []any{`{"a":1,"b":2}`, "a", `"x"`}, `{"a":"x","b":2}`}, {"go_bag_set_key", []any{`{"a":1}`, "b c", "[1]"}, `{"a":1,"b c":[1]}`},
		{"go_bag_set_key", []any{`{"a":1}`, "$.b.c", "1"}, `{"a":1,"b":{"c":1}}`}, {"go_bag_set_key", []any{`{"b":{"c":1,"d":2}}`, "$.b['d']", "3"}, `{"b":{"c":1,"d":3}}`},
		{"go_bag_set_key", []any{`{"a":1}`, "$.a.b", "1"}, nil}, {"go_bag_set_key", []any{`{"a":1}`, "$", "1"}, nil}, {"go_bag_set_key", []any{`{"a":[1]}`, "$.a[0]", "1"}, nil}, {"go_bag_set_key", []any{"[]", "a", "1"}, nil},
		{"go_bag_set_key", []any{"{}", "a", nil}, `{"a":null}`}, {"go_bag_set_key", []any{"{}", `q"`, "1"}, `{"q\"":1}`},

		{"go_dynamic_to_json", []any{`{"b": [2, {"z":1,"y":null}], "B":1.50, "a":"x"}`}, `{"B":1.50,"a":"x","b":[2,{"y":null,"z":1}]}`}, {"go_dynamic_to_json", []any{`"a\/b"`}, `"a/b"`},
		{"go_dynamic_to_json", []any{"12"}, "12"}, {"go_dynamic_to_json", []any{`{"a":1,"a":2}`}, `{"a":2}`}, {"go_dynamic_to_json", []any{"{"}, ""},
		{"go_dynamic_to_json", []any{strings.Repeat("[", 500) + strings.Repeat("]", 500)}, ""},
	})
}

func TestJSONText(t *testing.T) {
	for _, s := range []string{`"`, `"\`, `{"a"}`, `{"a":}`, `[1,]`, `[1 2]`, `01`, `1.`, `.5`, `-`, `1e`, `tru`, `{"a":1,}`, `{a:1}`, "\"\n\"", `[`, `{`, `[1]]`, `{}}`, ``} {
		end, ok := scanValue(s, 0, 0)
		if ok && end == len(s) {
			t.Errorf("%q is taken for JSON", s)
		}
		if _, ok := elements(s, nil); ok {
			t.Errorf("%q is taken for an array", s)
		}
		if _, ok := members(s, nil); ok {
			t.Errorf("%q is taken for a bag", s)
		}
	}
	for in, want := range map[string]string{
		`"a\n\t\"\\\/\b\f\r"`: "a\n\t\"\\/\b\f\r", `"\u00e5"`: "å", `"\ud83d\ude00"`: "😀", `"\ud83d"`: "\uFFFD", `"\ud83dx"`: "\uFFFDx", `"\uZZZZ"`: "\uFFFDZZZZ", `""`: "",
	} {
		if got := unquote(in); got != want {
			t.Errorf("unquote(%s) = %q, want %q", in, got, want)
		}
	}
	if got := string(appendQuoted(nil, "a\x00\x1f\xff\"\\å\n")); got != `"a\u0000\u001f`+"\uFFFD"+`\"\\å\n"` {
		t.Errorf("appendQuoted gives %s", got)
	}
	for x, want := range map[float64]string{1: "1.0", 0.1: "0.1", 1e21: "1e+21", -2.5: "-2.5", math.Inf(1): `"Infinity"`, math.Inf(-1): `"-Infinity"`} {
		if got := string(appendReal(nil, x)); got != want {
			t.Errorf("%v is written %s", x, got)
		}
	}
}

func FuzzDynamic(f *testing.F) {
	for _, s := range []string{`[[1,2.0],["a\u0061",null],{"b":[true]}]`, `[{"a":1},{"a":{"b":2}}]`, `["$.a.b","$['x']","$["]`, `[1,2,3,4,5,6,7,8,9]`, `[9e999,"1:2:3","2024-01-01T00:00:00Z"]`, `{"a":`, `[-]`, `"\`} {
		f.Add(s, int64(1))
	}
	fns := Functions()
	f.Fuzz(func(t *testing.T, s string, n int64) {
		for _, fn := range fns {
			takesDynamic := false
			args := make([]any, len(fn.Args))
			for i, a := range fn.Args {
				args[i] = sample(a)
				switch args[i].(type) {
				case int64:
					args[i] = n
				case string:
					args[i] = s
				}
				takesDynamic = takesDynamic || i < 3 && fn.Args[i].String() == "dynamic"
			}
			if takesDynamic {
				checkType(t, fn, fn.Call(args))
			}
		}
	})
}

func BenchmarkDistinct(b *testing.B) {
	f := functions(b)["go_distinct"].Call
	var list strings.Builder
	list.WriteByte('[')
	for i := range 1000 {
		if i > 0 {
			list.WriteByte(',')
		}
		list.WriteString(`"user` + string(rune('a'+i%26)) + `@contoso.test"`)
	}
	list.WriteByte(']')
	args := []any{list.String(), int64(maxElements)}
	b.SetBytes(int64(list.Len()))
	b.ReportAllocs()
	for b.Loop() {
		f(args)
	}
}
