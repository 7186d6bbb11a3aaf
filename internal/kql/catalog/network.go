package catalog

// networkEntries are the functions over IPv4 and IPv6 addresses. A range is an address with an optional /prefix.
var networkEntries = []entry{
	{name: "ipv4_is_private", sigs: []string{"(ip:string) bool"}, doc: "Whether the address is in 10/8, 172.16/12 or 192.168/16; null if it is no address.", ex: ex("print ipv4_is_private('192.168.1.1')", "true")},
	{name: "parse_ipv4", sigs: []string{"(ip:string) long"}, doc: "The address as a number, under its prefix; null if it is no address.", ex: ex("print parse_ipv4('127.0.0.1')", "2130706433")},
	{name: "ipv4_is_in_range", sigs: []string{"(ip:string, range:string) bool"}, doc: "Whether the address is in the range.", ex: ex("print ipv4_is_in_range('192.168.1.6', '192.168.1.1/24')", "true")},
	{name: "ipv4_is_in_any_range", sigs: []string{"(ip:string, ranges:any…) bool"}, doc: "Whether the address is in one of the ranges, given one by one or as an array.", ex: ex("print ipv4_is_in_any_range('192.168.1.6', '10.0.0.0/8', '192.168.0.0/16')", "true")},
	{name: "ipv4_is_match", sigs: []string{"(a:string, b:string, [prefix:long]) bool"}, doc: "Whether two addresses agree under the smallest prefix.", ex: ex("print ipv4_is_match('192.168.1.1/24', '192.168.1.255')", "true")},
	{name: "ipv4_compare", sigs: []string{"(a:string, b:string, [prefix:long]) long"}, doc: "-1, 0 or 1 under the smallest prefix.", ex: ex("print ipv4_compare('192.168.1.1', '192.168.1.2')", "-1")},
	{name: "ipv4_netmask_suffix", sigs: []string{"(ip:string) long"}, doc: "Prefix length of a range; 32 for a single address.", ex: ex("print ipv4_netmask_suffix('10.1.2.3/8')", "8")},
	{name: "format_ipv4", sigs: []string{"(ip:any, [prefix:long]) string"}, doc: "A number or text as an address under a prefix.", ex: ex("print format_ipv4('192.168.1.255', 24)", "192.168.1.0")},
	{name: "format_ipv4_mask", sigs: []string{"(ip:any, [prefix:long]) string"}, doc: "A number or text as an address with its prefix.", ex: ex("print format_ipv4_mask('192.168.1.255', 24)", "192.168.1.0/24")},
	{name: "parse_ipv6", sigs: []string{"(ip:string) string"}, doc: "An IPv4 or IPv6 address in the full form of IPv6; '' if it is none.", ex: ex("print parse_ipv6('127.0.0.1')", "0000:0000:0000:0000:0000:ffff:7f00:0001")},
	{name: "ipv6_is_in_range", sigs: []string{"(ip:string, range:string) bool"}, doc: "Whether the address (v4 or v6) is in the range.", ex: ex("print ipv6_is_in_range('2001:db8::1', '2001:db8::/32')", "true")},
	{name: "ipv6_is_in_any_range", sigs: []string{"(ip:string, ranges:any…) bool"}, doc: "Whether the address (v4 or v6) is in one of the ranges.", ex: ex("print ipv6_is_in_any_range('2001:db8::1', '2001:db8::/32')", "true")},
	{name: "ipv6_is_match", sigs: []string{"(a:string, b:string, [prefix:long]) bool"}, doc: "Whether two addresses agree under the smallest prefix.", ex: ex("print ipv6_is_match('2001:db8::1', '2001:db8::1')", "true")},
	{name: "has_ipv4", sigs: []string{"(text:string, ip:string) bool"}, doc: "Whether the text holds the address as a whole.", ex: ex("print has_ipv4('05:04:54 127.0.0.1 GET', '127.0.0.1')", "true")},
	{name: "has_any_ipv4", sigs: []string{"(text:string, ips:any…) bool"}, doc: "Whether the text holds one of the addresses.", ex: ex("print has_any_ipv4('GET 10.0.0.1 x', '127.0.0.1', '10.0.0.1')", "true")},
	{name: "has_ipv4_prefix", sigs: []string{"(text:string, prefix:string) bool"}, doc: "Whether the text holds an address that begins so.", ex: ex("print has_ipv4_prefix('GET 10.0.0.1 x', '10.0.')", "true")},
	{name: "has_any_ipv4_prefix", sigs: []string{"(text:string, prefixes:any…) bool"}, doc: "Whether the text holds an address that begins with one of the prefixes.", ex: ex("print has_any_ipv4_prefix('GET 10.0.0.1 x', '127.', '10.0.')", "true")},
	{name: "geo_info_from_ip_address", sigs: []string{"(ip:string) dynamic"}, doc: "Country, state, city and position of an address; needs a file of places in MaxMind's format (nordlys data add).", ex: nil},
}

// windowEntries are the functions over serialized rows: the rows in the order of the last sort.
var windowEntries = []entry{
	{name: "row_number", kind: Window, sigs: []string{"([start:long], [restart:bool]) long"}, doc: "Number of the row, from start, beginning anew where restart holds.", ex: nil},
	{name: "prev", kind: Window, sigs: []string{"(value:any, [offset:long], [default:any]) $0"}, doc: "Value of an earlier row.", ex: nil},
	{name: "next", kind: Window, sigs: []string{"(value:any, [offset:long], [default:any]) $0"}, doc: "Value of a later row.", ex: nil},
	{name: "row_cumsum", kind: Window, sigs: []string{"row_cumsum.long: (value:long!, [restart:bool]) long", "row_cumsum.real: (value:real!, [restart:bool]) real", "row_cumsum.timespan: (value:timespan!, [restart:bool]) timespan"}, doc: "Sum of the values so far, beginning anew where restart holds.", ex: nil},
	{name: "row_rank_dense", kind: Window, sigs: []string{"(term:orderable, [restart:bool]) long"}, doc: "Rank of the row, one more where the term changes, from 1 anew where restart holds.", ex: ex("print x = 1 | serialize r = row_rank_dense(x) | project r", "1")},
	{name: "row_rank_min", kind: Window, sigs: []string{"(term:orderable, [restart:bool]) long"}, doc: "Number of the first row with this term, from 1 anew where restart holds.", ex: ex("print x = 1 | serialize r = row_rank_min(x) | project r", "1")},
	{name: "row_window_session", kind: Window, sigs: []string{"(time:datetime, maxFromFirst:timespan, maxBetween:timespan, [restart:bool]) datetime"}, doc: "The time of the row with which the session began: it ends when a time is too far from the first or from the one before, and where restart holds.", ex: ex("print t = datetime(2024-01-01) | serialize s = row_window_session(t, 1h, 5m) | project s == datetime(2024-01-01)", "true")},
}
