package main

import (
	"context"
	"time"

	"nordlys/internal/ingest"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// retry tries the records again that NordlysRejects has unresolved, and notes there which are resolved now if keep says
// so.
func retry(ctx context.Context, w *workspace.Workspace, opts ingest.Options, keep bool) (*ingest.Receipt, error) {
	rows, _, _, err := w.Query(ctx, workspace.Query{Text: tables.NordlysRejects +
		" | where isnull(Resolved) | sort by Path asc, Record asc | project _ItemId, Path, _SourceId, TimeGenerated, Record, Offset, Raw, Length"})
	if err != nil {
		return nil, err
	}
	var list []ingest.Reject
	err = each(rows, func(row []any) error {
		var r ingest.Reject
		var raw string
		r.ID, _ = row[0].(int64)
		r.Path, _ = row[1].(string)
		r.SourceID, _ = row[2].(string)
		r.Modified, _ = row[3].(int64)
		r.Record, _ = row[4].(int64)
		r.Offset, _ = row[5].(int64)
		raw, _ = row[6].(string)
		r.Length, _ = row[7].(int64)
		if int64(len(raw)) == r.Length { // a part of a record cannot be read
			r.Raw = []byte(raw)
		}
		list = append(list, r)
		return nil
	})
	if closeErr := rows.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	now := time.Now()
	receipt, resolved, err := ingest.Retry(ctx, list, w, opts)
	if err == nil && keep {
		err = w.Resolve(ctx, resolved, now)
	}
	return receipt, err
}
