package scalar

import (
	"strings"
	"testing"
)

func TestStrings(t *testing.T) {
	check(t, []call{
		{"go_translate", []any{"aeiou", "AE", "education"}, "EdEcAtEEn"},
		{"go_translate", []any{"xyz", "", "lazy fox"}, "la fo"}, {"go_translate", []any{"", "x", "abc"}, "abc"},
		{"go_translate", []any{"øå", "oa", "blåbærgrød"}, "blabærgrod"}, {"go_translate", []any{"ao", "åø", "kano"}, "kånø"},
		{"go_translate", []any{"aa", "xy", "aåa"}, "xåx"}, {"go_translate", []any{"1:a", "xyz", "1:a"}, "xyz"},

		{"go_replace_strings", []any{"one two three", `["two","three"]`, `["2","3"]`}, "one 2 3"},
		{"go_replace_strings", []any{"abcabc", `["bc","ab"]`, `["X","Y"]`}, "aXaX"},
		{"go_replace_strings", []any{"abcabc", `["ab","bc"]`, `["X","Y"]`}, "XcXc"},
		{"go_replace_strings", []any{"abc", `["ab","c"]`, `[7,"!"]`}, "ab!"}, {"go_replace_strings", []any{"abc", `["a","b"]`, `["b"]`}, "bbc"},
		{"go_replace_strings", []any{"aXa", `["a",5,"X"]`, `["","",""]`}, ""}, {"go_replace_strings", []any{"abc", `[""]`, `["x"]`}, "abc"},
		{"go_replace_strings", []any{"abc", `not json`, `["x"]`}, "abc"},

		{"go_indexof", []any{"blåbær", "bær", nil, nil, nil}, 3}, {"go_indexof", []any{"banana", "an", 2, nil, nil}, 3},
		{"go_indexof", []any{"banana", "ana", nil, nil, 2}, 3}, {"go_indexof", []any{"banana", "an", nil, nil, 3}, -1},
		{"go_indexof", []any{"banana", "nan", 1, 4, nil}, 2}, {"go_indexof", []any{"banana", "nan", 1, 3, nil}, -1},
		{"go_indexof", []any{"banana", "an", -3, nil, nil}, 3}, {"go_indexof", []any{"banana", "b", -99, -1, nil}, 0},
		{"go_indexof", []any{"banana", "a", 99, nil, nil}, -1}, {"go_indexof", []any{"banana", "", nil, nil, nil}, 0},
		{"go_indexof", []any{"", "", nil, nil, 5}, -1}, {"go_indexof", []any{"banana", "a", 0, -2, nil}, nil},
		{"go_indexof", []any{"banana", "a", 0, -1, -1}, nil}, {"go_indexof", []any{"banana", "na", 0, 4, 2}, 4}, {"go_indexof", []any{"æøåæøå", "å", 0, 9223372036854775807, 2}, 5},

		{"go_tohex", []any{4095, nil}, "fff"}, {"go_tohex", []any{4095, 6}, "000fff"}, {"go_tohex", []any{4095, 2}, "fff"},
		{"go_tohex", []any{-1, nil}, "ffffffffffffffff"}, {"go_tohex", []any{1, 99}, "0000000000000001"}, {"go_tohex", []any{0, -5}, "0"},

		{"go_format_bytes", []any{2048.0, nil, nil}, "2 KB"}, {"go_format_bytes", []any{1000.0, nil, ""}, "1000 Bytes"},
		{"go_format_bytes", []any{123456789.0, 2, nil}, "117.74 MB"}, {"go_format_bytes", []any{123456789.0, 1, "KB"}, "120563.3 KB"},
		{"go_format_bytes", []any{1536.0, 3, nil}, "1.5 KB"}, {"go_format_bytes", []any{-3145728.0, nil, nil}, "-3 MB"},
		{"go_format_bytes", []any{1e30, nil, nil}, "867361737988 EB"}, {"go_format_bytes", []any{1.0, nil, "parsec"}, ""},
		{"go_format_bytes", []any{1200.0, 0, "Bytes"}, "1200 Bytes"},

		{"go_shift_left", []any{3, 4}, 48}, {"go_shift_left", []any{3, 66}, 12}, {"go_shift_left", []any{3, -1}, nil},

		{"go_codepoints", []any{"aå€"}, "[97,229,8364]"}, {"go_codepoints", []any{""}, "[]"},
		{"go_make_string", []any{"[72,[101,121],33]"}, "Hey!"}, {"go_make_string", []any{"[128512]"}, "😀"},
		{"go_make_string", []any{"[55296]"}, ""}, {"go_make_string", []any{"[-1]"}, ""}, {"go_make_string", []any{`["a"]`}, ""}, {"go_make_string", []any{"[]"}, ""},
	})
}

func TestRegex(t *testing.T) {
	pairs := `(\w+)=(\w*)`
	check(t, []call{
		{"go_extract", []any{"user=eva ip=::1", `user=(\w+)`, 1}, "eva"}, {"go_extract", []any{"user=eva", `user=(\w+)`, 0}, "user=eva"},
		{"go_extract", []any{"user=eva", `user=(\w+)`, 2}, ""}, {"go_extract", []any{"user=eva", `name=(\w+)`, 1}, ""},
		{"go_extract", []any{"b", `(a)?b`, 1}, ""}, {"go_extract", []any{"b", `(`, 1}, ""}, {"go_extract", []any{"b", `(b)`, -1}, ""},
		{"go_extract", []any{"xy", `((((x{1000}){1000}){1000}))`, 0}, ""}, {"go_extract", []any{"xy", strings.Repeat("x", maxPattern+1), 0}, ""},
		{"go_extract_all", []any{"a1b2", `([a-z])\d`, nil}, `["a","b"]`}, {"go_extract_all", []any{"x=1 y=", pairs, nil}, `[["x","1"],["y",""]]`},
		{"go_extract_all", []any{"x=1 y=2", pairs, "[2]"}, `["1","2"]`}, {"go_extract_all", []any{"x=1", pairs, "[2,1]"}, `[["1","x"]]`},
		{"go_extract_all", []any{"x=1", `(?P<key>\w)=(?P<val>\w)`, `["val"]`}, `["1"]`}, {"go_extract_all", []any{"x=1", pairs, "[3]"}, nil},
		{"go_extract_all", []any{"x=1", pairs, "[]"}, nil}, {"go_extract_all", []any{"x=1", `no (match)`, nil}, nil}, {"go_extract_all", []any{"x=1", `x`, nil}, nil},
		{"go_extract_all", []any{`say "hi"`, `(".*")`, nil}, `["\"hi\""]`},
		{"go_countof", []any{"banana", "ana", nil}, 2}, {"go_countof", []any{"banana", "ana", "regex"}, 1}, {"go_countof", []any{"banana", "n", "normal"}, 2},
		{"go_countof", []any{strings.Repeat("ab", 100_000), strings.Repeat("ab", 1000), nil}, 99_001}, {"go_countof", []any{strings.Repeat("x", 99) + "y" + strings.Repeat("x", 100), strings.Repeat("x", 99), nil}, 3},
		{"go_countof", []any{"banana", "", nil}, 0}, {"go_countof", []any{"banana", "[an]", "regex"}, 5}, {"go_countof", []any{"banana", "(", "regex"}, nil},
		{"go_countof", []any{"banana", "a", "other"}, nil},
	})
}

func BenchmarkExtract(b *testing.B) {
	f := functions(b)["go_extract"].Call
	args := []any{"Mar  5 12:34:56 host sshd[4711]: Failed password for root from 203.0.113.9 port 4711", `from (\d+\.\d+\.\d+\.\d+) port (\d+)`, int64(1)}
	b.ReportAllocs()
	for b.Loop() {
		f(args)
	}
}
