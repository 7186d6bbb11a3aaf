package diag

// Code is the stable name of a kind of mistake; tests and other programs compare it, never the wording.
type Code string

// The codes of the parser.
const (
	CodeUnexpectedToken     Code = "unexpected-token"
	CodeUnexpectedCharacter Code = "unexpected-character"
	CodeUnterminatedString  Code = "unterminated-string"
	CodeInvalidEscape       Code = "invalid-escape"
	CodeInvalidLiteral      Code = "invalid-literal"
	CodeUnclosedBracket     Code = "unclosed-bracket"
	CodeUnknownOperator     Code = "unknown-operator"
	CodeNotSupportedYet     Code = "not-supported-yet"
	CodeTooDeep             Code = "too-deep"
	CodeManagementCommand   Code = "management-command"
	CodeMissingName         Code = "missing-name"
	CodeSingleEquals        Code = "single-equals"
)

// The codes of the binder.
const (
	CodeTooLarge            Code = "too-large"
	CodeMissingQuery        Code = "missing-query"
	CodeDuplicateVariable   Code = "duplicate-variable"
	CodeTableExpected       Code = "table-expected"
	CodeRecursion           Code = "recursion"
	CodeUnknownTable        Code = "unknown-table"
	CodeUnknownColumn       Code = "unknown-column"
	CodeUnknownName         Code = "unknown-name"
	CodeUnknownFunction     Code = "unknown-function"
	CodeUnknownType         Code = "unknown-type"
	CodeUnknownParameter    Code = "unknown-parameter"
	CodeUnknownOption       Code = "unknown-option"
	CodeUnknownJoinColumn   Code = "unknown-join-column"
	CodeMissingColumn       Code = "missing-column"
	CodeMissingArgument     Code = "missing-argument"
	CodeWrongArgumentCount  Code = "wrong-argument-count"
	CodeWrongArgument       Code = "wrong-argument"
	CodeWrongType           Code = "wrong-type"
	CodeNoCommonType        Code = "no-common-type"
	CodeConstantExpected    Code = "constant-expected"
	CodeColumnExpected      Code = "column-expected"
	CodeValueExpected       Code = "value-expected"
	CodeStarNotAllowed      Code = "star-not-allowed"
	CodeNotAggregated       Code = "not-aggregated"
	CodeAggregateNotAllowed Code = "aggregate-not-allowed"
	CodeWindowNotAllowed    Code = "window-not-allowed"
	CodeOperatorTypes       Code = "operator-types"
	CodeStringOperand       Code = "string-operand"
	CodeStringOrder         Code = "string-order"
	CodeIncomparable        Code = "incomparable"
	CodeBetweenTypes        Code = "between-types"
	CodeNoParts             Code = "no-parts"
	CodeTableWithoutColumns Code = "table-without-columns"
	CodeDynamicKey          Code = "dynamic-key"
	CodeTooManyNames        Code = "too-many-names"
	CodeDuplicateColumn     Code = "duplicate-column"
	CodeRenameForm          Code = "rename-form"
	CodeJoinCondition       Code = "join-condition"
	CodeJoinTypes           Code = "join-types"
	CodeEmptyUnion          Code = "empty-union"
	CodeNotExpandable       Code = "not-expandable"
	CodeInvalidRegex        Code = "invalid-regex"
	CodeRangeTypes          Code = "range-types"
	CodeValueCount          Code = "value-count"
	CodeMixedComparison     Code = "mixed-comparison"
	CodeUnseenColumn        Code = "unseen-column"
	CodeDynamicEquality     Code = "dynamic-equality"
	CodeDynamicArgument     Code = "dynamic-argument"
	CodeContainsTerm        Code = "contains-term"
	CodeLateFilter          Code = "late-filter"
	CodeNoTimeFilter        Code = "no-time-filter"
	CodeUnknownPlugin       Code = "unknown-plugin"
	CodePluginRefused       Code = "plugin-refused"
	CodePluginSchema        Code = "plugin-schema"
	CodeCannotRun           Code = "cannot-run"
	CodeAssertionFailed     Code = "assertion-failed"
	CodeMissingParameter    Code = "missing-parameter"
	CodePatternUnmatched    Code = "pattern-unmatched"
	CodeExternalData        Code = "external-data"
	CodeSeveralTables       Code = "several-tables"
	CodeGraphExpected       Code = "graph-expected"
	CodeGraphNotTable       Code = "graph-not-table"
	CodeGraphPattern        Code = "graph-pattern"
	CodePatternValue        Code = "pattern-value"
)

// CodeDoc documents a code with a query that causes it; a test compiles every example.
type CodeDoc struct {
	Code    Code
	Doc     string
	Example string
}

// Codes lists every code once, in the order of the documentation.
func Codes() []CodeDoc {
	return []CodeDoc{
		{CodeUnexpectedToken, "The text cannot continue like this.", "print x = = 1"},
		{CodeUnexpectedCharacter, "A character begins no token of the language.", "print 1 ^ 2"},
		{CodeUnterminatedString, "A string does not end on its line.", "print 'abc"},
		{CodeInvalidEscape, "A backslash in a string starts no known escape.", `print "C:\Windows"`},
		{CodeInvalidLiteral, "The text in a typed literal is no value of the type.", "print datetime(yesterday)"},
		{CodeUnclosedBracket, "An opening bracket has no partner.", "print (1 + 2"},
		{CodeUnknownOperator, "No tabular operator has this name.", "print x = 1 | summarise count()"},
		{CodeNotSupportedYet, "The language has it, this product does not yet.", "print x = 1 | execute-and-cache"},
		{CodeTooDeep, "Brackets or operators are nested beyond the limit.", ""},
		{CodeManagementCommand, "The text is a command to a cluster, not a query.", ".show tables"},
		{CodeMissingName, "A name is needed and none was written.", "print x = 1 | as"},
		{CodeSingleEquals, "One equals sign where a comparison is meant.", "print x = 1 | where x = 1"},
		{CodeTooLarge, "Inlining makes the plan larger than is compiled.", "let a = print x = 1; let b = union a, a, a, a, a, a, a, a, a, a; let c = union b, b, b, b, b, b, b, b, b, b; let d = union c, c, c, c, c, c, c, c, c, c; let e = union d, d, d, d, d, d, d, d, d, d; let f = union e, e, e, e, e, e, e, e, e, e; f"},
		{CodeMissingQuery, "The text declares things but asks nothing.", "let x = 1;"},
		{CodeDuplicateVariable, "Two let statements declare one name.", "let x = 1; let x = 2; print x"},
		{CodeTableExpected, "A value stands where rows are read.", "let x = 1; x | count"},
		{CodeRecursion, "A let statement uses the name it declares.", "let f = (n: long) { f(n - 1) }; print f(3)"},
		{CodeUnknownTable, "No table of this name can be read.", "SecurityEvnt | count"},
		{CodeUnknownColumn, "Neither a column nor a variable has this name.", "print abc = 1 | where abd == 1"},
		{CodeUnknownName, "No variable has this name.", "let x = y + 1; print x"},
		{CodeUnknownFunction, "There is no function of this name.", "print toupr('a')"},
		{CodeUnknownType, "There is no type of this name.", "datatable(a: text)['x']"},
		{CodeUnknownParameter, "A named argument fits no parameter.", "let f = (n: long) { n }; print f(m = 1)"},
		{CodeUnknownOption, "An option does not take this value.", "print x = 1 | join kind=sideways (print x = 1) on x"},
		{CodeUnknownJoinColumn, "A side of the join lacks the column.", "print x = 1 | join (print y = 1) on x"},
		{CodeMissingColumn, "A tabular argument lacks a declared column.", "let f = (T: (a: long)) { T }; f(print b = 1)"},
		{CodeMissingArgument, "A parameter got no argument.", "let f = (n: long) { n }; print f()"},
		{CodeWrongArgumentCount, "A call has too few or too many arguments.", "print strlen('a', 'b')"},
		{CodeWrongArgument, "No overload of the function takes the argument.", "print ago('yesterday')"},
		{CodeWrongType, "A value has not the type that its place needs.", "print x = 1 | where x"},
		{CodeNoCommonType, "Arguments that must be alike are not.", "print max_of(1, now())"},
		{CodeConstantExpected, "A value must be known before the query runs.", "print x = 'day' | extend datetime_diff(x, now(), now())"},
		{CodeColumnExpected, "An expression stands where only columns can.", "print x = 1 | project bag_pack_columns(x + 1)"},
		{CodeValueExpected, "A table or type stands where a value is needed.", "let T = print x = 1; print 1 + T"},
		{CodeStarNotAllowed, "A star stands where no columns are listed.", "print strcat(*)"},
		{CodeNotAggregated, "summarize uses a column that it neither aggregates nor groups by.", "print x = 1 | summarize x"},
		{CodeAggregateNotAllowed, "An aggregate is called where rows are not grouped.", "print x = 1 | extend sum(x)"},
		{CodeWindowNotAllowed, "A window function is called where rows have no order.", "print x = 1 | summarize sum(row_number())"},
		{CodeOperatorTypes, "The operator is not defined for these types.", "print 'a' + 1"},
		{CodeStringOperand, "An operator on text got another type.", "print 1 has '1'"},
		{CodeStringOrder, "Text is compared by size.", "print 'b' > 'a'"},
		{CodeIncomparable, "These types have no comparison.", "print now() == 1d"},
		{CodeBetweenTypes, "The ends of a range do not fit the value.", "print 'b' between ('a' .. 'c')"},
		{CodeNoParts, "A property is read of a value that has none.", "print x = 'a' | extend x.y"},
		{CodeTableWithoutColumns, "A value of a table without columns is read.", "print x = 1 | where x in ((print x = 1 | project-away x))"},
		{CodeDynamicKey, "Rows are grouped, ordered or joined by a dynamic.", "print d = dynamic({}) | summarize count() by d"},
		{CodeTooManyNames, "An expression makes fewer columns than names are given.", "print x = 1 | summarize (a, b) = count()"},
		{CodeDuplicateColumn, "Two columns of a result have one name.", "print x = 1 | project a = x, a = 2"},
		{CodeRenameForm, "An element of project-rename is no renaming.", "print x = 1 | project-rename x"},
		{CodeJoinCondition, "A join is asked for by other than equal columns.", "print x = 1 | join (print x = 1) on x > 1"},
		{CodeJoinTypes, "The joined columns have different types.", "print x = 1 | join (print x = 'a') on x"},
		{CodeEmptyUnion, "A fuzzy union found no table at all.", "union isfuzzy=true NoSuchA, NoSuchB"},
		{CodeNotExpandable, "mv-expand got a value that is no dynamic.", "print x = 'a' | mv-expand x"},
		{CodeInvalidRegex, "A pattern is no RE2 expression.", "print x = 'a' | parse kind=regex x with '(' y"},
		{CodeRangeTypes, "The ends and the step of range do not fit.", "range x from 1 to now() step 1"},
		{CodeValueCount, "The values of a datatable do not fill its rows.", "datatable(a: long, b: long)[1, 2, 3]"},
		{CodeMixedComparison, "Text is compared with a value of another type.", "print 1 == '1'"},
		{CodeUnseenColumn, "A column of a table of resource logs that nothing has logged.", "AzureDiagnostics | where requestUri_s has 'login'"},
		{CodeDynamicEquality, "A dynamic is compared as it is.", "print d = dynamic({'a': 1}) | where d.a == 'x'"},
		{CodeDynamicArgument, "A dynamic stands where a number or time is asked for.", "print d = dynamic({'a': 1}) | project sqrt(d.a)"},
		{CodeContainsTerm, "contains looks for what is a whole term.", "print x = 'a' | where x contains 'powershell'"},
		{CodeLateFilter, "Rows are joined that a filter behind the join drops.", "print x = 1 | join (print x = 1) on x | where x == 2"},
		{CodeNoTimeFilter, "A table is read for all times.", "SecurityEvent | count"},
		{CodeUnknownPlugin, "No plugin has this name.", "print d = dynamic({}) | evaluate bag_unpak(d)"},
		{CodePluginRefused, "The plugin does what a query may not do here.", "print x = 1 | evaluate python(typeof(*), 'result = df')"},
		{CodePluginSchema, "The columns of the plugin must be known before the query runs.", "print d = dynamic({}) | evaluate bag_unpack(d)"},
		{CodeCannotRun, "An operator or plugin cannot work on what it is given.", "print d = dynamic({}), a = 1 | evaluate bag_unpack(d) : (*, a: long)"},
		{CodeAssertionFailed, "The condition of assert() is false.", "print assert(1 > 2, 'too small')"},
		{CodeMissingParameter, "A declared query parameter has no value.", "declare query_parameters(n: long); print n"},
		{CodePatternUnmatched, "A pattern has no case for these values.", "declare pattern P = (a: string) { ('x') = { print 1 }; }; P('y')"},
		{CodeExternalData, "The settings do not allow data outside the workspace.", "externaldata(a: string)['https://example.com/x.csv']"},
		{CodeSeveralTables, "What has several results stands where one table is read.", "print a = 1 | fork (count) (take 1) | count"},
		{CodeGraphExpected, "An operator of graphs stands behind a table.", "print a = 1 | graph-match (x)-->(y) project x.a"},
		{CodeGraphNotTable, "A graph stands where rows are read.", "print a = 1, b = 2 | make-graph a --> b | count"},
		{CodeGraphPattern, "A pattern has names or lengths that cannot be.", "print a = 1, b = 2 | make-graph a --> b | graph-match (x)-[e*3..1]->(y) project e.a"},
		{CodePatternValue, "A node or an edge stands for a value.", "print a = 1, b = 2 | make-graph a --> b | graph-match (x)-->(y) project n = x"},
	}
}
