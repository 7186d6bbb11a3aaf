package diag

import (
	"fmt"
	"strings"
)

// TooLarge says that functions and tables inlined into each other make the plan larger than is compiled.
func TooLarge(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeTooLarge, Summary: "Query grows too large", Span: span,
		Detail: "Functions and let tables that read each other several times grow quickly. Put materialize(…) around what is read more than once, or split the query.",
	}
}

// MissingQuery says that a text declares things but asks nothing.
func MissingQuery(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeMissingQuery, Summary: "Nothing to answer", Span: span,
		Detail: "End with an expression whose rows are wanted, such as the name of a table.",
	}
}

// DuplicateVariable says that two let statements of a block, or two parameters, declare one name.
func DuplicateVariable(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodeDuplicateVariable, Summary: "Name declared twice", Span: span,
		Detail: fmt.Sprintf("%s is declared here already. Choose another name.", name),
	}
}

// TableExpected says that a value stands where rows are read.
func TableExpected(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeTableExpected, Summary: "A table is needed here", Span: span,
		Detail: "Write the name of a table, a query in parentheses or a let table.",
	}
}

// Recursion says that the right side of a let uses the name it declares.
func Recursion(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodeRecursion, Summary: "A function or variable reads itself", Span: span,
		Detail: fmt.Sprintf("%s is not declared until its own statement ends, and functions cannot call themselves.", name),
	}
}

// UnknownTable says that there is no table of a name, or none that the caller may read.
func UnknownTable(span Span, name, near string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownTable, Summary: "Unknown table", Span: span,
		Detail: fmt.Sprintf("There is no table %s here, or you may not read it.%s", name, didYouMean(near)),
	}
}

// UnknownColumn says that neither a column nor a variable has a name.
func UnknownColumn(span Span, name, near string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownColumn, Summary: "Unknown column", Span: span,
		Detail: fmt.Sprintf("There is no column %s at this point of the query.%s", name, didYouMean(near)),
	}
}

// UnknownName says that no variable has a name, where there are no columns.
func UnknownName(span Span, name, near string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownName, Summary: "Unknown name", Span: span,
		Detail: fmt.Sprintf("Nothing is called %s here.%s", name, didYouMean(near)),
	}
}

// UnknownFunction says that there is no function of a name.
func UnknownFunction(span Span, name, near string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownFunction, Summary: "Unknown function", Span: span,
		Detail: fmt.Sprintf("There is no function %s.%s", name, didYouMean(near)),
	}
}

// UnknownType says that no scalar type has a name.
func UnknownType(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownType, Summary: "Unknown type", Span: span,
		Detail: fmt.Sprintf("%s is no type. The types are bool, int, long, real, decimal, string, datetime, timespan, guid and dynamic.", name),
	}
}

// UnknownParameter says that a function has no parameter of the name of an argument.
func UnknownParameter(span Span, function, name string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownParameter, Summary: "Unknown parameter", Span: span,
		Detail: fmt.Sprintf("%s has no parameter %s.", function, name),
	}
}

// UnknownOption says that an option of an operator does not take a value.
func UnknownOption(span Span, option, value, known string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownOption, Summary: "Unknown value of an option", Span: span,
		Detail: fmt.Sprintf("%s cannot be %q. It can be %s.", option, value, known),
	}
}

// UnknownJoinColumn says that one side of a join lacks a column of the condition.
func UnknownJoinColumn(span Span, name, side, near string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownJoinColumn, Summary: "Unknown column in a join", Span: span,
		Detail: fmt.Sprintf("The %s side has no column %s.%s Columns of different names are joined with $left.a == $right.b.", side, name, didYouMean(near)),
	}
}

// MissingColumn says that a tabular argument lacks a column that the parameter declares.
func MissingColumn(span Span, name, typeName string) Diagnostic {
	return Diagnostic{
		Code: CodeMissingColumn, Summary: "Table lacks a column", Span: span,
		Detail: fmt.Sprintf("The function needs a table with the column %s: %s.", name, typeName),
	}
}

// MissingArgument says that a parameter without default got no argument.
func MissingArgument(span Span, function, name string) Diagnostic {
	return Diagnostic{
		Code: CodeMissingArgument, Summary: "Argument missing", Span: span,
		Detail: fmt.Sprintf("%s needs a value for %s.", function, name),
	}
}

// WrongArgumentCount says that a call has too few or too many arguments.
func WrongArgumentCount(span Span, function, want string) Diagnostic {
	return Diagnostic{
		Code: CodeWrongArgumentCount, Summary: "Wrong number of arguments", Span: span,
		Detail: fmt.Sprintf("%s takes %s.", function, want),
	}
}

// WrongArgument says that no overload takes an argument.
func WrongArgument(span Span, function, param string, want []string, have string) Diagnostic {
	return Diagnostic{
		Code: CodeWrongArgument, Summary: "Argument of the wrong type", Span: span,
		Detail: fmt.Sprintf("The argument %s of %s takes %s, not %s.", param, function, strings.Join(want, " or "), have),
	}
}

// WrongType says that a value has not the one type that is possible at its place.
func WrongType(span Span, what, want, have string) Diagnostic {
	return Diagnostic{
		Code: CodeWrongType, Summary: "Wrong type", Span: span,
		Detail: fmt.Sprintf("For %s a %s is needed and this is a %s.%s", what, want, have, conversion(want)),
	}
}

// NoCommonType says that arguments that must be alike are not.
func NoCommonType(span Span, function, types string) Diagnostic {
	return Diagnostic{
		Code: CodeNoCommonType, Summary: "Arguments of different types", Span: span,
		Detail: fmt.Sprintf("%s needs arguments of one type and these are %s. Convert some of them, with tostring(…) for example.", function, types),
	}
}

// ConstantExpected says that a value must be known before the query runs.
func ConstantExpected(span Span, what string) Diagnostic {
	return Diagnostic{
		Code: CodeConstantExpected, Summary: "A constant is needed here", Span: span,
		Detail: fmt.Sprintf("%s must be written as a literal or a let of a literal.", capital(what)),
	}
}

// ColumnExpected says that an expression stands where only columns can.
func ColumnExpected(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeColumnExpected, Summary: "A column is needed here", Span: span,
		Detail: "Write the name of a column.",
	}
}

// ValueExpected says that a table or type stands where a value is needed.
func ValueExpected(span Span, have string) Diagnostic {
	return Diagnostic{
		Code: CodeValueExpected, Summary: "A value is needed here", Span: span,
		Detail: fmt.Sprintf("This is %s. To take one value out of a table write toscalar(…).", have),
	}
}

// StarNotAllowed says that a star stands where no list of columns is meant.
func StarNotAllowed(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeStarNotAllowed, Summary: "* has no meaning here", Span: span,
		Detail: "* stands for all columns in distinct, arg_max, take_any and at the left of an operator in where.",
	}
}

// NotAggregated says that summarize uses a column that is neither aggregated nor grouped by.
func NotAggregated(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodeNotAggregated, Summary: "Column outside an aggregate", Span: span,
		Detail: fmt.Sprintf("Each group has many values of %s. Group by it, or choose one with take_any(%s), max(%s)…", name, name, name),
	}
}

// AggregateNotAllowed says that an aggregate is called where rows are not grouped.
func AggregateNotAllowed(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodeAggregateNotAllowed, Summary: "Aggregate outside summarize", Span: span,
		Detail: fmt.Sprintf("%s counts over several rows: use it in summarize, and not inside another aggregate.", name),
	}
}

// WindowNotAllowed says that a window function is called where rows have no order.
func WindowNotAllowed(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodeWindowNotAllowed, Summary: "Function over neighbouring rows", Span: span,
		Detail: fmt.Sprintf("%s reads neighbouring rows: use it in extend or project, after sort or serialize.", name),
	}
}

// OperatorTypes says that an arithmetic operator is not defined for its operands.
func OperatorTypes(span Span, op, left, right string) Diagnostic {
	return Diagnostic{
		Code: CodeOperatorTypes, Summary: "Operator does not fit its operands", Span: span,
		Detail: operatorDetail(op, left, right),
	}
}

// StringOperand says that an operator on text got something else.
func StringOperand(span Span, op, have string) Diagnostic {
	return Diagnostic{
		Code: CodeStringOperand, Summary: "Operator compares text", Span: span,
		Detail: fmt.Sprintf("%s compares text and this is a %s. Convert it with tostring(…).", op, have),
	}
}

// StringOrder says that text is compared by size.
func StringOrder(span Span, op, left, right string) Diagnostic {
	return Diagnostic{
		Code: CodeStringOrder, Summary: "Text has no order here", Span: span,
		Detail: fmt.Sprintf("%s is not defined for %s and %s. Convert text with todatetime(…), tolong(…) or toreal(…) first.", op, left, right),
	}
}

// Incomparable says that two types have no comparison.
func Incomparable(span Span, left, right string) Diagnostic {
	return Diagnostic{
		Code: CodeIncomparable, Summary: "Values of these types cannot be compared", Span: span,
		Detail: fmt.Sprintf("%s and %s never are equal. Convert one side.", left, right),
	}
}

// BetweenTypes says that between has ends of other types than the value.
func BetweenTypes(span Span, value, low, high string) Diagnostic {
	return Diagnostic{
		Code: CodeBetweenTypes, Summary: "Range does not fit the value", Span: span,
		Detail: fmt.Sprintf("A %s cannot lie between %s and %s. Numbers, datetimes and timespans have ranges; after a datetime the end may be a timespan.", value, low, high),
	}
}

// NoParts says that a property is read of a value that is no dynamic.
func NoParts(span Span, text, have string) Diagnostic {
	return Diagnostic{
		Code: CodeNoParts, Summary: "Value without parts", Span: span,
		Detail: fmt.Sprintf("%s is a %s and has no properties. If it holds JSON, write parse_json(%s) before the point.", firstRunes(text, 60), have, firstRunes(text, 60)),
	}
}

// TableWithoutColumns says that a table without columns stands where a value of its first column is read.
func TableWithoutColumns(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeTableWithoutColumns, Summary: "Table without columns", Span: span,
		Detail: "Add a column to the table.",
	}
}

// DynamicKey says that rows are grouped, ordered or joined by a dynamic.
func DynamicKey(span Span, where, text string) Diagnostic {
	return Diagnostic{
		Code: CodeDynamicKey, Summary: "A dynamic cannot be a key", Span: span,
		Detail: fmt.Sprintf("%s needs values of one plain type. Write tostring(%s).", where, firstRunes(text, 60)),
	}
}

// TooManyNames says that an expression has fewer columns than names.
func TooManyNames(span Span, count int) Diagnostic {
	return Diagnostic{
		Code: CodeTooManyNames, Summary: "More names than columns", Span: span,
		Detail: fmt.Sprintf("The expression makes %d column(s).", count),
	}
}

// DuplicateColumn says that two columns of a result would have one name.
func DuplicateColumn(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodeDuplicateColumn, Summary: "Column named twice", Span: span,
		Detail: fmt.Sprintf("The result has a column %s already. Give one of them another name.", name),
	}
}

// RenameForm says that an element of project-rename is no renaming.
func RenameForm(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeRenameForm, Summary: "Not a renaming", Span: span,
		Detail: "Write NewName = OldName.",
	}
}

// JoinCondition says that a join is asked for by something other than equal columns.
func JoinCondition(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeJoinCondition, Summary: "Not a condition for a join", Span: span,
		Detail: "Write the name of a column that both sides have, or $left.a == $right.b. Other conditions go into where after the join.",
	}
}

// JoinTypes says that joined columns have types that never are equal.
func JoinTypes(span Span, left, right string) Diagnostic {
	return Diagnostic{
		Code: CodeJoinTypes, Summary: "Columns of different types", Span: span,
		Detail: fmt.Sprintf("The left column is a %s and the right one a %s. Convert one of them with extend before the join.", left, right),
	}
}

// EmptyUnion says that a fuzzy union found no table at all.
func EmptyUnion(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeEmptyUnion, Summary: "None of the tables exists", Span: span,
		Detail: "isfuzzy=true leaves out tables that are not there, but one must be.",
	}
}

// NotExpandable says that mv-expand got a value that is no dynamic.
func NotExpandable(span Span, text, have string) Diagnostic {
	return Diagnostic{
		Code: CodeNotExpandable, Summary: "Only arrays and bags can be expanded", Span: span,
		Detail: fmt.Sprintf("%s is a %s. If it holds JSON, write parse_json(%s); for separated text split(%s, \",\").", firstRunes(text, 60), have, firstRunes(text, 60), firstRunes(text, 60)),
	}
}

// InvalidRegex says that a pattern is no RE2 expression.
func InvalidRegex(span Span, problem string) Diagnostic {
	return Diagnostic{
		Code: CodeInvalidRegex, Summary: "Not a regular expression", Span: span,
		Detail: capital(strings.TrimPrefix(problem, "error parsing regexp: ")) + ".",
	}
}

// RangeTypes says that the ends and the step of range do not fit.
func RangeTypes(span Span, from, to, step string) Diagnostic {
	return Diagnostic{
		Code: CodeRangeTypes, Summary: "Range of unlike values", Span: span,
		Detail: fmt.Sprintf("The ends are %s and %s and the step is %s. Use three numbers, three timespans, or two datetimes and a timespan.", from, to, step),
	}
}

// ValueCount says that the values of a datatable do not fill its rows.
func ValueCount(span Span, columns, values int) Diagnostic {
	return Diagnostic{
		Code: CodeValueCount, Summary: "Rows of different lengths", Span: span,
		Detail: fmt.Sprintf("%d values do not fill rows of %d columns.", values, columns),
	}
}

// GraphExpected says that an operator of graphs stands behind a table.
func GraphExpected(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeGraphExpected, Summary: "A graph is needed here", Span: span,
		Detail: "Make one of a table of edges: T | make-graph Source --> Target.",
	}
}

// GraphNotTable says that a graph stands where rows are read.
func GraphNotTable(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeGraphNotTable, Summary: "A graph is no table", Span: span,
		Detail: "Ask it with graph-match, graph-shortest-paths or graph-to-table, which make tables of it.",
	}
}

// GraphPattern says that a pattern of nodes and edges cannot be searched for.
func GraphPattern(span Span, problem string) Diagnostic {
	return Diagnostic{Code: CodeGraphPattern, Summary: "Not a pattern that can be searched for", Span: span, Detail: problem}
}

// PatternValue says that a node or an edge of a pattern stands where a value is needed.
func PatternValue(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodePatternValue, Summary: "A node or an edge is no value", Span: span,
		Detail: fmt.Sprintf("Read a property of it: %s.name.", name),
	}
}

// AssertionFailed says that the condition of assert() is false.
func AssertionFailed(span Span, message string) Diagnostic {
	return Diagnostic{Code: CodeAssertionFailed, Summary: "assert() has failed", Span: span, Detail: message}
}

// MissingParameter says that a declared query parameter has no value.
func MissingParameter(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodeMissingParameter, Summary: "Query parameter without a value", Span: span,
		Detail: fmt.Sprintf("Give it with --param %s=VALUE, or declare a default.", name),
	}
}

// ParameterValue says that the value of a query parameter is none of its type.
func ParameterValue(span Span, name, typeName string) Diagnostic {
	return Diagnostic{
		Code: CodeWrongType, Summary: "Value of a query parameter does not fit", Span: span,
		Detail: fmt.Sprintf("The value given for %s is no %s.", name, typeName),
	}
}

// PatternUnmatched says that a pattern has no case for the arguments of a call.
func PatternUnmatched(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodePatternUnmatched, Summary: "No case of the pattern fits", Span: span,
		Detail: fmt.Sprintf("The declaration of %s has no case for these values.", name),
	}
}

// ExternalData says that a query asks for data outside the workspace.
func ExternalData(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeExternalData, Summary: "Data outside the workspace", Span: span,
		Detail: "The settings of this workspace do not allow it. Its owner can name folders and addresses under externaldata: in settings.yaml; or import the data (nordlys import), or write it out with datatable.",
	}
}

// SeveralTables says that an operator with several results stands where one table is read.
func SeveralTables(span Span) Diagnostic {
	return Diagnostic{
		Code: CodeSeveralTables, Summary: "Several tables where one is needed", Span: span,
		Detail: "fork, facet and graph-to-table with nodes and edges have several results: nothing may follow them.",
	}
}

// MixedComparison warns that text is compared with a value of another type, which converts the text.
func MixedComparison(span Span, left, right string) Diagnostic {
	return Diagnostic{
		Code: CodeMixedComparison, Severity: Warning, Summary: "Comparison of different types", Span: span,
		Detail: fmt.Sprintf("A %s is compared with a %s, so the text is converted. Write the conversion out.", left, right),
	}
}

// UnseenColumn warns that no row of a table that grows columns has one that the query reads.
func UnseenColumn(span Span, table, column string) Diagnostic {
	return Diagnostic{
		Code: CodeUnseenColumn, Severity: Warning, Summary: "Nothing has this column", Span: span,
		Detail: fmt.Sprintf("No row of %s has %s, so it is empty. It appears with the first log that has it.", table, column),
	}
}

// DynamicEquality warns that a dynamic is compared without saying as what.
func DynamicEquality(span Span, op string) Diagnostic {
	return Diagnostic{
		Code: CodeDynamicEquality, Severity: Warning, Summary: "A dynamic is compared", Span: span,
		Detail: fmt.Sprintf("A dynamic takes the type of the other side, and is null where it does not fit. Say which type it has: tostring(x) %s …, tolong(x) %s ….", op, op),
	}
}

// DynamicArgument warns that a function is given a dynamic in the place of a number or time.
func DynamicArgument(span Span, function, want, instead string) Diagnostic {
	return Diagnostic{
		Code: CodeDynamicArgument, Severity: Warning, Summary: "A dynamic is taken as " + want, Span: span,
		Detail: fmt.Sprintf("%s takes a %s, and Kusto's editor refuses a dynamic there. Write %s, which does the same.", function, want, instead),
	}
}

// ContainsTerm warns that contains also finds the text inside of longer words.
func ContainsTerm(span Span, op, text string) Diagnostic {
	has := "has" + strings.TrimPrefix(strings.TrimPrefix(op, "!"), "contains")
	if strings.HasPrefix(op, "!") {
		has = "!" + has
	}
	return Diagnostic{
		Code: CodeContainsTerm, Severity: Warning, Summary: "contains finds parts of words too", Span: span,
		Detail: fmt.Sprintf("If %q is meant as a whole word, write %s, which is also what Azure's index makes fast.", text, has),
	}
}

// LateFilter warns of a filter that would leave a join less to do if it came before it.
func LateFilter(span Span, side string) Diagnostic {
	return Diagnostic{
		Code: CodeLateFilter, Severity: Warning, Summary: "The filter could come before the join", Span: span,
		Detail: fmt.Sprintf("It reads columns of the %s side only: put it there, so that fewer rows are joined.", side),
	}
}

// NoTimeFilter warns that all rows of a stored table are read.
func NoTimeFilter(span Span, table string) Diagnostic {
	return Diagnostic{
		Code: CodeNoTimeFilter, Severity: Warning, Summary: "No time filter", Span: span,
		Detail: fmt.Sprintf("All of %s is read: bound it with where TimeGenerated > ago(1d), or give the query a time span.", table),
	}
}

// operatorDetail names the operands of an operator, one or two.
func operatorDetail(op, left, right string) string {
	if right == "" {
		return fmt.Sprintf("%s is not defined for %s.", op, left)
	}
	detail := fmt.Sprintf("%s is not defined for %s and %s.", op, left, right)
	if left == "string" || right == "string" {
		detail += " Join texts with strcat(…), or convert with tolong(…) or toreal(…)."
	}
	return detail
}

// conversion names the function that makes a type.
func conversion(typeName string) string {
	switch typeName {
	case "bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid":
		return " Convert it with to" + typeName + "(…) or compare it with something."
	}
	return ""
}

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// UnknownPlugin says that evaluate names no plugin.
func UnknownPlugin(span Span, name, near string) Diagnostic {
	return Diagnostic{
		Code: CodeUnknownPlugin, Summary: "Unknown plugin", Span: span,
		Detail: fmt.Sprintf("There is no plugin %s.%s", name, didYouMean(near)),
	}
}

// PluginRefused says why a plugin will never run here.
func PluginRefused(span Span, name, why string) Diagnostic {
	return Diagnostic{
		Code: CodePluginRefused, Summary: "Plugin not available", Span: span,
		Detail: fmt.Sprintf("%s %s.", name, why),
	}
}

// PluginSchema says that the columns of a plugin depend on rows that cannot be read while the query is compiled.
func PluginSchema(span Span, name string) Diagnostic {
	return Diagnostic{
		Code: CodePluginSchema, Summary: "Columns of the plugin unknown", Span: span,
		Detail: fmt.Sprintf("The columns of %s depend on the rows, which cannot be read here. Write them after a colon: %s(…) : (*, name: string).", name, name),
	}
}

// CannotRun says what is wrong with the rows or arguments of a plugin or operator.
func CannotRun(span Span, name, why string) Diagnostic {
	return Diagnostic{
		Code: CodeCannotRun, Summary: "This cannot run", Span: span,
		Detail: fmt.Sprintf("%s: %s", name, why),
	}
}
