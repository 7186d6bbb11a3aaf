// Package engine runs logical plans. An engine takes a plan and gives rows; what stored tables are made of it learns
// from whoever keeps them. The package holds what all engines share: the interface, limits and the result stream.
package engine

import (
	"context"
	"time"

	"nordlys/internal/engine/lower"
	"nordlys/internal/kql/plan"
)

// Limits bound what one query may take. A zero value means no bound of that kind.
type Limits struct {
	Timeout time.Duration // wall time from start to last row
	Rows    int64         // rows of the result
}

// Request is one query to run.
type Request struct {
	Query  *plan.Query
	Tables lower.Tables // the stored tables; nil if the query must not read any
	Now    time.Time    // the value of now()
	Limits Limits
}

// Engine runs plans. Implementations are safe for use by several goroutines.
type Engine interface {
	// Run starts a query. The caller closes the rows. Cancelling ctx frees the engine.
	Run(ctx context.Context, r Request) (Rows, error)
	// Export runs a query and writes the result as a Parquet file, which must lie in a folder that the engine may
	// write to. It says how many rows that were. Limits.Rows does not apply.
	Export(ctx context.Context, r Request, path string) (int64, error)
	// Explain gives the engine's own physical plan as text.
	Explain(ctx context.Context, r Request) (string, error)
	Close() error
}

// Rows is a stream of result rows.
//
// Values are nil for null, else bool, int64 (int and long), float64 (real), string (string, guid, decimal, and dynamic
// as JSON text), and Ticks of 100 ns in an int64 for datetime (from 0001-01-01T00:00:00Z) and timespan.
type Rows interface {
	Columns() []plan.Column
	// Next gives the next row, nil at the end. The slice is only valid until the next call.
	Next() ([]any, error)
	Close() error
}
