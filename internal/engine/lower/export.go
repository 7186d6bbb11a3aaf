package lower

import (
	"strings"

	"nordlys/internal/kql/catalog"
)

// Export gives the SQL of a result in the types of an ordinary Parquet file: datetimes as timestamps in UTC
// (microseconds, the finest unit that reaches from year 1 to 9999), timespans and decimals as text, the rest as it is.
func (r Result) Export() string {
	cols := newScope(r.Columns)
	sel := make([]string, len(cols))
	for i, c := range cols {
		switch c.Type {
		case catalog.Datetime:
			sel[i] = "kql_ts(" + c.sql + ") AS " + c.sql
		case catalog.Timespan:
			sel[i] = "kql_timespan_text(" + c.sql + ") AS " + c.sql
		default:
			sel[i] = c.sql
		}
	}
	if len(sel) == 0 {
		sel = []string{"*"}
	}
	return "SELECT " + strings.Join(sel, ", ") + " FROM (" + r.SQL + ")"
}
