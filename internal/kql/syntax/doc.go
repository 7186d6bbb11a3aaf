// Package syntax turns the text of a KQL query into a tree and a tree back into text.
//
// The tree says what was written, with the byte span of every part, and is made even for broken text: a mistake becomes
// a diagnostic and a BadExpression or BadOperator, and reading goes on at the next place where it can. Nodes have the
// names that the Kusto documentation uses. What the names in a query refer to, and whether types fit, is not known
// here: see package bind.
//
// One construct, one file: op_summarize.go holds the node of summarize, its parser and its printer.
package syntax
