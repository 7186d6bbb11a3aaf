package catalog

// pluginEntries are the plugins of evaluate. Their arguments are columns, tables and aggregates as well as values, so a
// signature here is not how they are called: it is that of a function of their own that their plan calls.
// https://learn.microsoft.com/kusto/query/evaluate-operator
var pluginEntries = []entry{
	{name: "bag_unpack", kind: Plugin, doc: "A column for each property of a bag, in the order of their names; reads the rows first unless the columns are written after a colon.", ex: ex("print d = dynamic({'b': 1, 'a': 'x'}) | evaluate bag_unpack(d)", "x|1")},
	{name: "pivot", kind: Plugin, doc: "A column for each value of a column, in the order of their texts, with an aggregate of its rows; reads the rows first unless the columns are written after a colon.", ex: ex("datatable(k:string, v:long)['x', 1, 'y', 2, 'x', 3] | evaluate pivot(k, sum(v))", "4|2")},
	{name: "narrow", kind: Plugin, doc: "A row for each cell: number of the row, column, value as text.", ex: ex("print a = 1 | evaluate narrow()", "0|a|1")},
	{name: "ipv4_lookup", kind: Plugin, doc: "Join of IPv4 addresses with the networks of a table that contain them.", sigs: []string{"ipv4_lookup.network: (address:string) string", "ipv4_lookup.networks: (address:string, lengths:dynamic) dynamic"}, ex: ex("print ip = '10.1.2.3' | evaluate ipv4_lookup((print net = '10.0.0.0/8'), ip, net)", "10.1.2.3|10.0.0.0/8")},
	{name: "ipv6_lookup", kind: Plugin, doc: "Join of IPv6 and IPv4 addresses with the networks of a table that contain them.", sigs: []string{"ipv6_lookup.network: (address:string) string", "ipv6_lookup.networks: (address:string, lengths:dynamic) dynamic"}, ex: ex("print ip = '2001:db8::1' | evaluate ipv6_lookup((print net = '2001:db8::/32'), ip, net)", "2001:db8::1|2001:db8::/32")},
}
