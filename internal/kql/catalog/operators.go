package catalog

// operatorEntries are the operators of expressions. Comparison takes both sides to a common type; a dynamic side is
// converted to the type of the other. https://learn.microsoft.com/kusto/query/scalar-operators
var operatorEntries = []entry{
	{name: "+", kind: Operator, doc: "Sum of numbers or timespans; a datetime moved by a timespan.", sigs: []string{
		"add.long: (a:long!, b:long!) long", "add.real: (a:real!, b:real!) real", "add.decimal: (a:decimal!, b:decimal!) decimal",
		"add.datetime: (a:datetime!, b:timespan!) datetime", "add.datetime2: (a:timespan!, b:datetime!) datetime", "add.timespan: (a:timespan!, b:timespan!) timespan"}},
	{name: "-", kind: Operator, doc: "Difference of numbers or timespans; two datetimes give a timespan.", sigs: []string{
		"sub.long: (a:long!, b:long!) long", "sub.real: (a:real!, b:real!) real", "sub.decimal: (a:decimal!, b:decimal!) decimal",
		"sub.datetimes: (a:datetime!, b:datetime!) timespan", "sub.datetime: (a:datetime!, b:timespan!) datetime", "sub.timespan: (a:timespan!, b:timespan!) timespan"}},
	{name: "*", kind: Operator, doc: "Product; a timespan may be multiplied by a number.", sigs: []string{
		"mul.long: (a:long!, b:long!) long", "mul.real: (a:real!, b:real!) real", "mul.decimal: (a:decimal!, b:decimal!) decimal",
		"mul.timespan: (a:timespan!, b:real!) timespan", "mul.timespan2: (a:real!, b:timespan!) timespan"}},
	{name: "/", kind: Operator, doc: "Quotient; of whole numbers it is whole, cut towards zero, and null for division by zero.", sigs: []string{
		"div.long: (a:long!, b:long!) long", "div.real: (a:real!, b:real!) real", "div.decimal: (a:decimal!, b:decimal!) decimal",
		"div.timespans: (a:timespan!, b:timespan!) real", "div.timespan: (a:timespan!, b:real!) timespan"}},
	{name: "%", kind: Operator, doc: "Remainder, never negative.", sigs: []string{
		"mod.long: (a:long!, b:long!) long", "mod.real: (a:real!, b:real!) real", "mod.decimal: (a:decimal!, b:decimal!) decimal", "mod.timespan: (a:timespan!, b:timespan!) timespan"}},
	{name: "-unary", kind: Operator, doc: "Negation.", sigs: []string{
		"neg.long: (a:long!) long", "neg.real: (a:real!) real", "neg.decimal: (a:decimal!) decimal", "neg.timespan: (a:timespan!) timespan"}},

	{name: "==", kind: Operator, doc: "Equal; strings by their bytes.", sigs: []string{"eq: (a:common, b:common) bool"}},
	{name: "!=", aliases: "<>", kind: Operator, doc: "Not equal; true where one side is null.", sigs: []string{"ne: (a:common, b:common) bool"}},
	{name: "<", kind: Operator, doc: "Less.", sigs: []string{"lt: (a:common, b:common) bool"}},
	{name: "<=", kind: Operator, doc: "Less or equal.", sigs: []string{"le: (a:common, b:common) bool"}},
	{name: ">", kind: Operator, doc: "Greater.", sigs: []string{"gt: (a:common, b:common) bool"}},
	{name: ">=", kind: Operator, doc: "Greater or equal.", sigs: []string{"ge: (a:common, b:common) bool"}},
	{name: "between", kind: Operator, doc: "Within a closed interval; the end may be a timespan after a datetime.", sigs: []string{
		"between: (a:common, from:common, to:common) bool", "between.datetime: (a:datetime, from:datetime, length:timespan!) bool"}},
	{name: "!between", kind: Operator, doc: "Outside a closed interval.", sigs: []string{
		"!between: (a:common, from:common, to:common) bool", "!between.datetime: (a:datetime, from:datetime, length:timespan!) bool"}},
	{name: "and", kind: Operator, doc: "Both.", sigs: []string{"and: (a:bool, b:bool) bool"}},
	{name: "or", kind: Operator, doc: "Either.", sigs: []string{"or: (a:bool, b:bool) bool"}},

	{name: "=~", kind: Operator, doc: "Equal without regard to case.", sigs: []string{"=~: (a:string, b:string) bool"}},
	{name: "!~", kind: Operator, doc: "Not equal without regard to case.", sigs: []string{"!~: (a:string, b:string) bool"}},
	{name: "has", aliases: ":", kind: Operator, doc: "Holds the term: the text between characters that are neither letters nor digits.", sigs: []string{"has: (a:string, b:string) bool"}},
	{name: "!has", kind: Operator, doc: "Does not hold the term.", sigs: []string{"!has: (a:string, b:string) bool"}},
	{name: "has_cs", kind: Operator, doc: "Holds the term, case counts.", sigs: []string{"has_cs: (a:string, b:string) bool"}},
	{name: "!has_cs", kind: Operator, doc: "Does not hold the term, case counts.", sigs: []string{"!has_cs: (a:string, b:string) bool"}},
	{name: "hasprefix", kind: Operator, doc: "Holds a term that begins so.", sigs: []string{"hasprefix: (a:string, b:string) bool"}},
	{name: "!hasprefix", kind: Operator, doc: "Holds no term that begins so.", sigs: []string{"!hasprefix: (a:string, b:string) bool"}},
	{name: "hasprefix_cs", kind: Operator, doc: "Holds a term that begins so, case counts.", sigs: []string{"hasprefix_cs: (a:string, b:string) bool"}},
	{name: "!hasprefix_cs", kind: Operator, doc: "Holds no term that begins so, case counts.", sigs: []string{"!hasprefix_cs: (a:string, b:string) bool"}},
	{name: "hassuffix", kind: Operator, doc: "Holds a term that ends so.", sigs: []string{"hassuffix: (a:string, b:string) bool"}},
	{name: "!hassuffix", kind: Operator, doc: "Holds no term that ends so.", sigs: []string{"!hassuffix: (a:string, b:string) bool"}},
	{name: "hassuffix_cs", kind: Operator, doc: "Holds a term that ends so, case counts.", sigs: []string{"hassuffix_cs: (a:string, b:string) bool"}},
	{name: "!hassuffix_cs", kind: Operator, doc: "Holds no term that ends so, case counts.", sigs: []string{"!hassuffix_cs: (a:string, b:string) bool"}},
	{name: "contains", kind: Operator, doc: "Holds the text anywhere.", sigs: []string{"contains: (a:string, b:string) bool"}},
	{name: "!contains", aliases: "notcontains", kind: Operator, doc: "Does not hold the text.", sigs: []string{"!contains: (a:string, b:string) bool"}},
	{name: "contains_cs", aliases: "containscs", kind: Operator, doc: "Holds the text, case counts.", sigs: []string{"contains_cs: (a:string, b:string) bool"}},
	{name: "!contains_cs", aliases: "notcontainscs", kind: Operator, doc: "Does not hold the text, case counts.", sigs: []string{"!contains_cs: (a:string, b:string) bool"}},
	{name: "startswith", kind: Operator, doc: "Begins with the text.", sigs: []string{"startswith: (a:string, b:string) bool"}},
	{name: "!startswith", kind: Operator, doc: "Does not begin with the text.", sigs: []string{"!startswith: (a:string, b:string) bool"}},
	{name: "startswith_cs", kind: Operator, doc: "Begins with the text, case counts.", sigs: []string{"startswith_cs: (a:string, b:string) bool"}},
	{name: "!startswith_cs", kind: Operator, doc: "Does not begin with the text, case counts.", sigs: []string{"!startswith_cs: (a:string, b:string) bool"}},
	{name: "endswith", kind: Operator, doc: "Ends with the text.", sigs: []string{"endswith: (a:string, b:string) bool"}},
	{name: "!endswith", kind: Operator, doc: "Does not end with the text.", sigs: []string{"!endswith: (a:string, b:string) bool"}},
	{name: "endswith_cs", kind: Operator, doc: "Ends with the text, case counts.", sigs: []string{"endswith_cs: (a:string, b:string) bool"}},
	{name: "!endswith_cs", kind: Operator, doc: "Does not end with the text, case counts.", sigs: []string{"!endswith_cs: (a:string, b:string) bool"}},
	{name: "matches regex", kind: Operator, doc: "Matches an RE2 regular expression somewhere.", sigs: []string{"matches regex: (a:string, b:string) bool"}},
	{name: "in", kind: Operator, doc: "Equal to one of the values. The elements of a dynamic array count as values.", sigs: []string{"in: (a:common, values:common…) bool", "in.array: (a:any, values:dynamic!) bool"}},
	{name: "!in", kind: Operator, doc: "Equal to none of the values.", sigs: []string{"!in: (a:common, values:common…) bool", "!in.array: (a:any, values:dynamic!) bool"}},
	{name: "in~", kind: Operator, doc: "Equal to one of the values without regard to case.", sigs: []string{"in~: (a:string, values:string!…) bool", "in~.array: (a:string, values:dynamic!) bool"}},
	{name: "!in~", kind: Operator, doc: "Equal to none of the values without regard to case.", sigs: []string{"!in~: (a:string, values:string!…) bool", "!in~.array: (a:string, values:dynamic!) bool"}},
	{name: "has_any", kind: Operator, doc: "Holds one of the terms.", sigs: []string{"has_any: (a:string, values:string!…) bool", "has_any.array: (a:string, values:dynamic!) bool"}},
	{name: "has_all", kind: Operator, doc: "Holds all of the terms.", sigs: []string{"has_all: (a:string, values:string!…) bool", "has_all.array: (a:string, values:dynamic!) bool"}},
	{name: "parse-kv", kind: Operator, doc: "The values of keys in a text: what the tabular operator of this name makes columns of. The first value of a key counts.", sigs: []string{"parse-kv: (text:string, FORM:string) dynamic"}},
}
