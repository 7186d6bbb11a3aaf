// Package ingest turns evidence (files, archives, streams) into rows of Microsoft's own tables: it detects the format
// from the content, decodes it in constant memory, maps each record to a table of the catalogue, accounts for every
// record, and quarantines what cannot be read. It knows formats and tables; it does not know where rows are kept.
package ingest

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"nordlys/internal/ingest/rows"
)

// Sink keeps rows. A workspace is one; tests use one in memory. Import calls it from one goroutine at a time.
//
// The schema of a record batch names the table's columns; each field carries its KQL type in the metadata key TypeKey.
// Arrow types follow from it: bool Boolean, int Int32, long Int64, real Float64, datetime and timespan Int64 (100 ns
// ticks, datetime from 0001-01-01T00:00:00Z), string, guid, decimal and dynamic String (dynamic as JSON text). String
// columns hold no nulls: an absent string is the empty string. A column that is absent or empty in every row of a batch
// may be left out. Every batch has the columns TimeGenerated, _ItemId, _SourceId, _SourceRecord and _TimeReceived.
type Sink interface {
	// Append takes the rows of rec that it does not have yet, by (_ItemId, TimeGenerated), the time to the accuracy
	// of tables.IdentityTick, and says how many those were. Of rows that it has, those are merged that tell more of their
	// event than the row that was there (tables.Merges), and take its place; the rest are duplicates. Columns that the
	// table lacks are added to it. The sink retains rec if it needs it longer than the call.
	Append(ctx context.Context, table string, rec arrow.RecordBatch) (accepted, merged int64, err error)
	// Flush makes everything appended so far durable and visible to queries.
	Flush(ctx context.Context) error
}

// TypeKey is the metadata key of an Arrow field that holds the column's KQL type: bool, int, long, real, decimal,
// string, datetime, timespan, guid or dynamic.
const TypeKey = rows.TypeKey
