// Package scalar has the scalar functions of KQL that SQL cannot express, in Go: parsing of times, URLs, XML, command
// lines and user agents, IPv4 and IPv6 ranges, bags and sets, and series. An engine registers them under the names that
// package lower calls. They are pure: no clock, no I/O, no state.
package scalar

import (
	"context"

	"nordlys/internal/kql/catalog"
)

// Func is one function. Arguments and result are nil for null, else bool, int64 (long, datetime and timespan in ticks),
// float64 (real) or string (string, guid, decimal digits, and dynamic as JSON text). A function returns nil for input
// it cannot read, and an error where the query must end; it never panics.
type Func struct {
	Name   string // as lowered SQL calls it: go_…
	Args   []catalog.Type
	Result catalog.Type
	Call   func(args []any) any // safe for use by several goroutines
	// CallContext is Call for a function that can take long: it ends early when ctx does. nil for all others.
	CallContext func(ctx context.Context, args []any) any
	// Match, if set, makes the function as one of one or two texts, false for nulls, for one goroutine and one run over
	// rows: engines that can hand texts over without copying them call what it returns instead of Call. The texts are
	// borrowed: they must not be kept.
	Match func() func(text, pattern string) bool
	// At, if set, makes the function of a longitude and a latitude that a text stands for, nil if for none; ok is false for
	// null, and a boolean is 0 or 1. Engines call it once for rows in succession with one text, which is borrowed.
	At func(text string) func(lng, lat float64) (v float64, ok bool)
	// AtText is At for a function that gives a text.
	AtText func(text string) func(lng, lat float64) (v string, ok bool)
}

// Functions lists all functions. Each call makes new ones: what a function keeps between calls (compiled expressions,
// lists of ranges) belongs to the list it came with.
func Functions() []Func {
	var out []Func
	for _, group := range [][]Func{
		timeFuncs(), formatFuncs(), stringFuncs(), termFuncs(), plainJSONFuncs(), regexFuncs(), urlFuncs(), pathFuncs(), xmlFuncs(), userAgentFuncs(),
		arrayFuncs(), setFuncs(), bagFuncs(), seriesFuncs(), ipv4Funcs(), ipv4TextFuncs(), ipv6Funcs(), ipNetworkFuncs(), parseKvFuncs(), patternFuncs(),
		graphFuncs(),
		specialFuncs(), unitFuncs(), hashFuncs(), encodingFuncs(), punycodeFuncs(), zoneFuncs(), schemaFuncs(),
		geoFuncs(),
		digestFuncs(), sketchFuncs(), sessionFuncs(), elementFuncs(), filterFuncs(),
		periodFuncs(),
	} {
		out = append(out, group...)
	}
	return out
}
