package catalog

import "strings"

// TabularOperator is an operator that stands behind a pipe, or at the start of a query.
type TabularOperator struct {
	Name    string
	Aliases []string
	Syntax  string // how it is written: … repeats, [ ] may be left out, | is or
	Doc     string // one sentence, and the rule that surprises
}

// TabularOperators lists the tabular operators in the order of the alphabet.
// https://learn.microsoft.com/kusto/query/tabular-expression-statements
func TabularOperators() []TabularOperator {
	var out []TabularOperator
	for line := range strings.Lines(strings.TrimSpace(tabularOperators)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		out = append(out, TabularOperator{Name: f[0], Aliases: strings.Fields(f[1]), Syntax: f[2], Doc: f[3]})
	}
	return out
}

// tabularOperators: name, aliases, syntax, documentation.
const tabularOperators = `
as		as [hint.materialized=true] Name	Gives the table a name, for union withsource and for what follows.
consume		consume [decodeblocks=true]	Reads all rows and gives none.
count		count	Number of rows, in a column Count.
datatable		datatable(Column: type, …) [value, …]	A table written out in the query.
distinct		distinct Column, … | *	The different rows of some columns.
evaluate		evaluate plugin(argument, …) [: (schema)]	Runs a plugin over the table.
extend		extend [Column =] expression, …	Adds columns, or replaces those of the same name.
facet		facet by Column, … [with (pipeline)]	A table of values and counts for each column.
find		find [in (Table, …)] where predicate [project-smart | project Column, …]	Rows of many tables that fulfil a predicate.
fork		fork [Name =] (pipeline) …	Several results from one input.
getschema		getschema	The columns of the table with their types.
graph-mark-components		graph-mark-components [kind=weak|strong] [with_component_id=Name]	Numbers the connected parts of a graph.
graph-match		graph-match [cycles=…] (a)-[e]->(b) … where predicate project …	Rows for each occurrence of a pattern in a graph.
graph-shortest-paths		graph-shortest-paths [output=any|all] (a)-[e*1..5]->(b) where … project …	The shortest ways between nodes.
graph-to-table		graph-to-table nodes | edges [as Name] …	The nodes or the edges of a graph as a table.
invoke		invoke function(argument, …)	Calls a function with the table as its first argument.
join		join [kind=innerunique|inner|leftouter|rightouter|fullouter|leftsemi|leftanti|…] (Table) on Column, … | $left.A == $right.B	Rows of two tables with equal keys; without a kind the left rows are made distinct by the keys first.
lookup		lookup [kind=leftouter|inner] (Table) on Column, …	Adds the columns of a small table.
make-graph		make-graph Source --> Target [with Nodes on Id | with_node_id=Name]	Makes a graph of a table of edges.
make-series		make-series [Name =] aggregate [default=value] on Axis [from … to …] step … [by Column, …]	Arrays of values along an axis, without gaps.
mv-apply		mv-apply [Name =] array [to typeof(type)] on (pipeline)	Runs a pipeline over the elements of each row's array.
mv-expand	mvexpand	mv-expand [Name =] array [to typeof(type)], … [limit n]	A row for each element of an array or property of a bag.
parse		parse [kind=simple|regex|relaxed] text with * "constant" Column[:type] …	Takes columns out of a text by a pattern.
parse-kv		parse-kv text as (Key: type, …) with (pair_delimiter=…, kv_delimiter=…)	Takes the values of keys out of a text.
parse-where		parse-where text with pattern	parse that drops the rows that do not fit.
partition		partition [hint.strategy=…] by Column (pipeline)	Runs a pipeline for the rows of each key.
print		print [Column =] expression, …	One row of values.
project		project [Column =] expression, …	Only these columns.
project-away		project-away Column | pattern*, …	All columns but these.
project-by-names		project-by-names name, …	Columns by names that are values: texts, patterns or arrays.
project-keep		project-keep Column | pattern*, …	Only these columns, in the order of the table.
project-rename		project-rename New = Old, …	Gives columns other names.
project-reorder		project-reorder Column | pattern* [asc|desc|granny-asc|granny-desc], …	Puts columns first.
range		range Column from start to end step step	A row for each value.
reduce		reduce by text [with threshold=…, characters=…]	Patterns that many texts have in common.
render		render kind [with (property=value, …)]	Asks for a chart.
sample		sample n	Some rows, each as likely as another.
sample-distinct		sample-distinct n of Column	Some of the different values of a column.
scan		scan [declare (State: type = value, …)] with (step Name: condition => State = value, …; …)	Follows sequences of rows through steps.
search		search [kind=…] [in (Table, …)] "text" | predicate	Rows that hold a text in any column.
serialize		serialize [Column = expression, …]	Fixes the order of the rows, for row_number() and its like.
sort	order	sort by expression [asc|desc] [nulls first|last], …	Orders the rows, largest first unless asc is written.
summarize		summarize [Name =] aggregate, … [by [Name =] expression, …]	Groups rows and counts, adds up, collects.
take	limit	take n	Any n rows.
top		top n by expression [asc|desc]	The first n rows of an order.
top-hitters		top-hitters n of Column [by weight]	The most frequent values of a column.
top-nested		top-nested [n] of Column [with others = "name"] by aggregate, …	The largest groups, and within them the largest of the next level.
union		union [kind=inner|outer] [withsource=Name] [isfuzzy=true] Table | pattern*, …	The rows of several tables.
where	filter	where predicate	The rows for which the predicate is true.
`
