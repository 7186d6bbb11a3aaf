package plan

import (
	"fmt"

	"nordlys/internal/kql/catalog"
)

// Steps goes over the rows in their order and finds sequences of steps (the scan operator). Each match of a row with a
// step is an output row: the columns of the input, those of Declared, and MatchID if it is not "". With Per every group
// of rows that agree in these columns is gone over by itself.
//
// The conditions and assignments of a step read the row, the declared columns (which have their defaults there) and,
// under the names that StateColumn gives, what earlier steps and the step itself have matched last; these are null, or
// the default of a declared column, where nothing is matched.
type Steps struct {
	Input    Node
	Declared []Declared
	MatchID  string
	Steps    []ScanStep
	Per      []string
}

// Declared is a column that steps assign, with the value where they do not.
type Declared struct {
	Column  Column
	Default Expr
}

// ScanStep is one step. Output is all, last (of a series of matches, its last) or none; Assign sets declared columns.
type ScanStep struct {
	Name      string
	Output    string
	Condition Expr
	Assign    []Named
}

// StateColumn names a column of the row that a step has matched last.
func StateColumn(step int, column string) string { return fmt.Sprintf("$$step%d.%s", step, column) }

// Schema gives the columns of the input, the declared ones and the number of the match.
func (n *Steps) Schema() []Column {
	var new []Column
	for _, d := range n.Declared {
		new = append(new, d.Column)
	}
	if n.MatchID != "" {
		new = append(new, Column{n.MatchID, catalog.Long})
	}
	return replaceColumns(n.Input.Schema(), new)
}

// Inputs of the node.
func (n *Steps) Inputs() []Node { return []Node{n.Input} }
