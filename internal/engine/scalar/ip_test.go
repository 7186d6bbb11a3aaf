package scalar

import "testing"

func TestIPv4(t *testing.T) {
	check(t, []call{
		{"go_parse_ipv4", []any{"1.2.3.4"}, 0x01020304}, {"go_parse_ipv4", []any{"1.2.3.4/16"}, 0x01020000}, {"go_parse_ipv4", []any{"255.255.255.255"}, 4294967295}, {"go_parse_ipv4", []any{"1.2.3.4/0"}, 0},
		{"go_parse_ipv4", []any{"1.2.3"}, nil}, {"go_parse_ipv4", []any{"1.2.3.256"}, nil}, {"go_parse_ipv4", []any{"01.2.3.4"}, nil}, {"go_parse_ipv4", []any{"1.2.3.4/33"}, nil}, {"go_parse_ipv4", []any{"1.2.3.4 "}, nil},
		{"go_parse_ipv4", []any{"::1"}, nil}, {"go_parse_ipv4", []any{""}, nil}, {"go_parse_ipv4", []any{"1.2.3.4/"}, nil}, {"go_parse_ipv4", []any{"1.2.3.99999999999999"}, nil},

		{"go_ipv4_is_private", []any{"10.9.8.7"}, true}, {"go_ipv4_is_private", []any{"172.16.0.1"}, true}, {"go_ipv4_is_private", []any{"172.31.255.255/30"}, true}, {"go_ipv4_is_private", []any{"172.32.0.1"}, false},
		{"go_ipv4_is_private", []any{"192.168.9.9"}, true}, {"go_ipv4_is_private", []any{"192.169.0.1"}, false}, {"go_ipv4_is_private", []any{"10.0.0.1/4"}, false}, {"go_ipv4_is_private", []any{"x"}, nil},

		{"go_ipv4_netmask_suffix", []any{"1.2.3.4"}, 32}, {"go_ipv4_netmask_suffix", []any{"1.2.3.4/7"}, 7}, {"go_ipv4_netmask_suffix", []any{"1.2.3.4/x"}, nil},

		{"go_ipv4_is_in_range", []any{"10.1.2.3", "10.0.0.0/8"}, true}, {"go_ipv4_is_in_range", []any{"11.1.2.3", "10.0.0.0/8"}, false}, {"go_ipv4_is_in_range", []any{"10.1.2.3", "10.1.2.3"}, true},
		{"go_ipv4_is_in_range", []any{"10.0.0.0/8", "10.1.0.0/16"}, false}, {"go_ipv4_is_in_range", []any{"x", "10.1.0.0/16"}, nil}, {"go_ipv4_is_in_range", []any{"10.0.0.1", "0.0.0.0/0"}, true},

		{"go_ipv4_is_in_any_range", []any{"10.1.2.3", `["192.168.0.0/16",["10.0.0.0/8"]]`}, true}, {"go_ipv4_is_in_any_range", []any{"9.1.2.3", `["192.168.0.0/16","10.0.0.0/8"]`}, false},
		{"go_ipv4_is_in_any_range", []any{"10.0.0.200", `["10.0.0.0/25","10.0.0.0/24","10.0.0.1"]`}, true}, {"go_ipv4_is_in_any_range", []any{"10.0.1.0", `["10.0.0.0/25","10.0.0.0/24","10.0.0.1"]`}, false},
		{"go_ipv4_is_in_any_range", []any{"10.1.2.3", `["bad"]`}, nil}, {"go_ipv4_is_in_any_range", []any{"bad", `["10.0.0.0/8"]`}, nil}, {"go_ipv4_is_in_any_range", []any{"255.255.255.255", `["255.255.255.255/1"]`}, true},

		{"go_ipv4_is_match", []any{"10.0.0.1", "10.0.0.1", nil}, true}, {"go_ipv4_is_match", []any{"10.0.0.1/24", "10.0.0.9/28", nil}, true}, {"go_ipv4_is_match", []any{"10.0.0.1", "10.0.0.9", 28}, true},
		{"go_ipv4_is_match", []any{"10.0.0.1", "10.0.0.9", 30}, false}, {"go_ipv4_is_match", []any{"10.0.0.1", "10.0.0.9", 33}, nil}, {"go_ipv4_is_match", []any{"", "10.0.0.9", nil}, nil},
		{"go_ipv4_compare", []any{"10.0.0.1", "9.255.0.0", nil}, 1}, {"go_ipv4_compare", []any{"10.0.0.1", "200.0.0.1", nil}, -1}, {"go_ipv4_compare", []any{"10.0.0.1", "10.0.0.200", 24}, 0}, {"go_ipv4_compare", []any{"10.0.0.1", "?", nil}, nil},

		{"go_format_ipv4", []any{"10.1.2.3", 16}, "10.1.0.0"}, {"go_format_ipv4", []any{"10.1.2.3/8", 16}, "10.0.0.0"}, {"go_format_ipv4", []any{"167837955", nil}, "10.1.1.3"}, {"go_format_ipv4", []any{"10.1.2.3", -1}, ""}, {"go_format_ipv4", []any{"x", nil}, ""},
		{"go_format_ipv4_mask", []any{"10.1.2.3", 16}, "10.1.0.0/16"}, {"go_format_ipv4_mask", []any{"10.1.2.3/8", 16}, "10.0.0.0/8"}, {"go_format_ipv4_mask", []any{"10.1.2.3", nil}, "10.1.2.3/32"}, {"go_format_ipv4_mask", []any{"4294967296", nil}, ""},
	})
}

func TestIPv4InText(t *testing.T) {
	line := "deny tcp 10.0.0.1:443 -> (172.16.5.9), id=a203.0.113.7 203.0.113.77."
	check(t, []call{
		{"go_has_ipv4", []any{line, "10.0.0.1"}, true}, {"go_has_ipv4", []any{line, "172.16.5.9"}, true}, {"go_has_ipv4", []any{line, "203.0.113.7"}, false}, {"go_has_ipv4", []any{line, "203.0.113.77"}, true},
		{"go_has_ipv4", []any{"1.2.3.400", "1.2.3.400"}, false}, {"go_has_ipv4", []any{line, "10.0.0.1/32"}, false}, {"go_has_ipv4", []any{line, ""}, false},
		{"go_has_ipv4_prefix", []any{line, "172.16."}, true}, {"go_has_ipv4_prefix", []any{line, "172.1"}, false}, {"go_has_ipv4_prefix", []any{line, "203.0.113."}, true}, {"go_has_ipv4_prefix", []any{line, "10.0.0.1"}, true},
		{"go_has_ipv4_prefix", []any{line, "0.0."}, false}, {"go_has_ipv4_prefix", []any{"10.0.0.999", "10."}, false}, {"go_has_ipv4_prefix", []any{line, "10.0.0.1."}, false}, {"go_has_ipv4_prefix", []any{line, "."}, false}, {"go_has_ipv4_prefix", []any{"v10.2", "10."}, false},
		{"go_has_any_ipv4", []any{line, `["1.1.1.1",["10.0.0.1"]]`}, true}, {"go_has_any_ipv4", []any{line, `["1.1.1.1"]`}, false}, {"go_has_any_ipv4", []any{line, "[]"}, false},
		{"go_has_any_ipv4_prefix", []any{line, `["1.1.1.","203.0."]`}, true}, {"go_has_any_ipv4_prefix", []any{line, `["1.1.1.","203.0"]`}, false},
	})
}

func TestIPv6(t *testing.T) {
	check(t, []call{
		{"go_parse_ipv6", []any{"2001:db8::a:1"}, "2001:0db8:0000:0000:0000:0000:000a:0001"}, {"go_parse_ipv6", []any{"2001:db8:1:2::/48"}, "2001:0db8:0001:0000:0000:0000:0000:0000"},
		{"go_parse_ipv6", []any{"10.1.2.3/16"}, "0000:0000:0000:0000:0000:ffff:0a01:0000"}, {"go_parse_ipv6", []any{"::10.1.2.3"}, "0000:0000:0000:0000:0000:ffff:0a01:0203"}, {"go_parse_ipv6", []any{"::1"}, "0000:0000:0000:0000:0000:0000:0000:0001"},
		{"go_parse_ipv6", []any{"2001:db8::1::2"}, ""}, {"go_parse_ipv6", []any{"fe80::1%eth0"}, ""}, {"go_parse_ipv6", []any{"x"}, ""}, {"go_parse_ipv6", []any{"::/129"}, ""}, {"go_parse_ipv6", []any{"2001:db8::1/0"}, "0000:0000:0000:0000:0000:0000:0000:0000"},

		{"go_ipv6_is_in_range", []any{"2001:db8:5::1", "2001:db8::/32"}, true}, {"go_ipv6_is_in_range", []any{"2001:db9::1", "2001:db8::/32"}, false}, {"go_ipv6_is_in_range", []any{"10.1.2.3", "10.0.0.0/8"}, true},
		{"go_ipv6_is_in_range", []any{"10.1.2.3", "::ffff:10.0.0.0/104"}, true}, {"go_ipv6_is_in_range", []any{"11.1.2.3", "::ffff:10.0.0.0/104"}, false}, {"go_ipv6_is_in_range", []any{"x", "::/0"}, nil}, {"go_ipv6_is_in_range", []any{"2001:db8::1", "2001:db8::1"}, true},
		{"go_ipv6_is_in_any_range", []any{"2001:db8::9", `["10.0.0.0/8","2001:db8::/64"]`}, true}, {"go_ipv6_is_in_any_range", []any{"2001:db8:1::9", `[["10.0.0.0/8","2001:db8::/64"]]`}, false}, {"go_ipv6_is_in_any_range", []any{"::1", "[]"}, nil},
		{"go_ipv6_is_match", []any{"10.0.0.1", "::ffff:a00:1", nil}, true}, {"go_ipv6_is_match", []any{"10.0.0.1", "10.0.0.9", 28}, true}, {"go_ipv6_is_match", []any{"10.0.0.1", "10.0.0.9", 124}, true}, {"go_ipv6_is_match", []any{"10.0.0.1", "10.0.0.9", 126}, false},
		{"go_ipv6_is_match", []any{"2001:db8::1", "2001:db8::9", 124}, true}, {"go_ipv6_is_match", []any{"2001:db8::1", "2001:db8::9", nil}, false}, {"go_ipv6_is_match", []any{"2001:db8::1", "2001:db8::9", 129}, nil}, {"go_ipv6_is_match", []any{"2001:db8::1/64", "2001:db8::9", nil}, true},
	})
}

func FuzzIP(f *testing.F) {
	for _, s := range []string{"10.0.0.1/8", "::ffff:1.2.3.4/24", "2001:db8::/32", "1.2.3.", "x 10.0.0.1 y", `["10.0.0.0/8",["::1"]]`} {
		f.Add(s, int64(24))
	}
	fns := append(append(ipv4Funcs(), ipv4TextFuncs()...), ipv6Funcs()...)
	f.Fuzz(func(t *testing.T, s string, n int64) {
		for _, fn := range fns {
			args := []any{s, s, n}[:len(fn.Args)]
			if len(args) == 2 && fn.Args[1].String() == "long" {
				args[1] = n
			}
			checkType(t, fn, fn.Call(args))
		}
	})
}

func BenchmarkIPv4InAnyRange(b *testing.B) {
	f := functions(b)["go_ipv4_is_in_any_range"].Call
	args := []any{"203.0.113.77", `["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16","100.64.0.0/10","169.254.0.0/16"]`}
	b.ReportAllocs()
	for b.Loop() {
		f(args)
	}
}

func BenchmarkIPv4IsPrivate(b *testing.B) {
	f := functions(b)["go_ipv4_is_private"].Call
	args := []any{"192.168.113.77"}
	b.ReportAllocs()
	for b.Loop() {
		f(args)
	}
}
