package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/ingest"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/ingest/windows"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// importMemory bounds what DuckDB takes while it writes segments, so that an import of any size stays under 512 MB. One
// thread writes: with two, DuckDB spends a third of the time of both waiting for the stream of rows.
const importMemory = "200MB"

// heapLimit is where the garbage collector begins to work harder.
const heapLimit = 240 << 20

func importCommand(g *global) *cobra.Command {
	var format, zone, order, events string
	var explain, dryRun, rejects bool
	c := &cobra.Command{
		Use:   "import PATH... | --rejects",
		Short: "Take evidence in: files, folders, .gz, .zip, or - for standard input",
		Long: `Take evidence in: files, folders, .gz and .zip archives, or - for standard input.

The format of each file is detected from its content. The receipt accounts for every record: accepted, duplicates and
rejected add up to what was read. What was rejected is kept with its reason in the table NordlysRejects. Importing the
same evidence again adds nothing, and where one route tells more of an event than another, the richer record takes the
place of the poorer (merged, on the receipt). The command formats lists what is known; --explain shows for a file what it
is taken for and its first record as it would be kept, and keeps nothing; --dry-run prints the receipt that an import
would have.

--rejects tries again what was rejected so far, as after an update or with --timezone: files that are still there are read
again, of others the records that NordlysRejects keeps.`,
		RunE: func(c *cobra.Command, args []string) error {
			if rejects == (len(args) > 0) {
				return usageError("name files or folders to import, or say --rejects to try rejected records again")
			}
			if explain && (rejects || dryRun) {
				return usageError("--explain keeps nothing and shows the first record of files: leave out --rejects and --dry-run")
			}
			if format != "text" && format != "json" {
				return usageError("--format %s: use text or json", format)
			}
			opts := ingest.Options{Stdin: c.InOrStdin(), Parquet: duckdb.ReadParquet}
			var ok bool
			if zone != "" {
				loc, err := time.LoadLocation(zone)
				if err != nil {
					return usageError("--timezone %s: not a time zone: use a name such as Europe/Oslo, or UTC", zone)
				}
				opts.Timezone = loc
			}
			debug.SetGCPercent(50)
			debug.SetMemoryLimit(heapLimit)
			if opts.DateOrder, ok = dateOrders[order]; !ok {
				return usageError("--date-order %s: use mdy or dmy", order)
			}
			set, err := windows.SetOf(events)
			if err != nil {
				return usageError("--security-events: %v", err)
			}
			opts.SecurityEvents = set
			if explain {
				return explainFiles(c, args, opts)
			}
			mode := workspace.Write
			if dryRun {
				mode = workspace.Try
			}
			w, err := workspace.Open(c.Context(), g.workspace, mode, duckdb.Options{MemoryLimit: importMemory, Threads: 1})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			opts.Columns = func(table string) []tables.Column {
				visible, _, _ := w.Table(table)
				return visible
			}
			done := progress(&opts)
			var receipt *ingest.Receipt
			if rejects {
				receipt, err = retry(c.Context(), w, opts, !dryRun)
			} else {
				receipt, err = ingest.Import(c.Context(), args, w, opts)
			}
			done()
			var enriching error
			if err == nil && !dryRun {
				receipt.Derived, enriching = enrichImported(c.Context(), w, receipt)
				_, _, err = w.Compact(c.Context())
			}
			if receipt != nil && err == nil {
				if format == "json" {
					e := json.NewEncoder(c.OutOrStdout())
					e.SetIndent("", "  ")
					err = e.Encode(receipt)
				} else {
					err = receipt.WriteText(c.OutOrStdout())
				}
			}
			if err = errors.Join(err, enriching); err != nil {
				return err
			}
			if receipt.Failed() {
				return &exitError{exitData, fmt.Errorf("%d of %d files could not be read whole: see the receipt above; everything else is in", receipt.Errors, len(receipt.Files))}
			}
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", "text", "of the receipt: text or json")
	c.Flags().BoolVar(&explain, "explain", false, "say what each file is taken for and show its first record mapped; import nothing")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "print the receipt that the import would have; keep nothing")
	c.Flags().BoolVar(&rejects, "rejects", false, "try again what was rejected so far (NordlysRejects)")
	c.Flags().StringVar(&zone, "timezone", "", "time zone of times written without one (exports with [Local Time] need it)")
	c.Flags().StringVar(&order, "date-order", "", "of dates such as 3/4/2025 in a CSV that does not tell: mdy or dmy")
	c.Flags().StringVar(&events, "security-events", "all", "events of Windows's Security log to keep, by Microsoft's sets: minimal, common, all or none")
	return c
}

// explainFiles says of each file why it is taken for what it is, and imports nothing.
func explainFiles(c *cobra.Command, args []string, opts ingest.Options) error {
	var failed error
	opts.Explain = func(e ingest.Explanation) {
		if err := e.WriteText(c.OutOrStdout()); err != nil && failed == nil {
			failed = err
		}
	}
	receipt, err := ingest.Import(c.Context(), args, nowhere{}, opts)
	if err != nil {
		return err
	}
	for _, f := range receipt.Files {
		if f.SourceID == "" && f.Error != "" { // it could not be opened, so there was nothing to explain
			fmt.Fprintf(c.OutOrStdout(), "%s\n  cannot be read: %s\n", f.Path, f.Error)
		}
	}
	return failed
}

// nowhere is a sink that keeps nothing.
type nowhere struct{}

func (nowhere) Append(_ context.Context, _ string, rec arrow.RecordBatch) (accepted, merged int64, err error) {
	return rec.NumRows(), 0, nil
}

func (nowhere) Flush(context.Context) error { return nil }

// dateOrders are the values of --date-order; without one, a file that could mean either is refused.
var dateOrders = map[string]*rows.DateOrder{"": nil, "mdy": &monthFirst, "dmy": &dayFirst}

var monthFirst, dayFirst = rows.MonthFirst, rows.DayFirst

// progress shows a bar on a terminal, nothing elsewhere. The function it gives ends the bar.
func progress(opts *ingest.Options) func() {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return func() {}
	}
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("importing"),
		progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
	opts.Progress = func(done, total int64) {
		if total > 0 && bar.GetMax64() != total {
			bar.ChangeMax64(total)
		}
		_ = bar.Set64(done)
	}
	return func() { _ = bar.Finish() }
}
