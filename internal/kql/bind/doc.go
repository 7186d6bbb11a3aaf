// Package bind turns the tree of a query into a logical plan: it finds out what every name refers to, which overload of
// the catalogue a call means and what type every expression has, inlines let statements and functions, and writes
// conversions and implicit column names out.
//
// It sees only the tables that its caller may read; a table that is missing and one that is forbidden look the same. It
// reads no data, and nothing in it depends on an engine. After a mistake binding goes on with expressions of unknown
// type, about which no further mistake is reported.
//
// One construct, one file: op_summarize.go binds what syntax/op_summarize.go parsed.
//
// Implicit column names follow Kusto's: a path a.b gives a_b, conversions keep the name of their argument, aggregates
// put a prefix before it, and everything else is Column1, Column2…
package bind
