package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nordlys/internal/ingest/export"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/ingest/windows"
	"nordlys/internal/tables"
)

// workers is how many files are decoded at the same time. Each holds at most one set of batches in memory, and a
// single goroutine hands batches to the sink, in the order of the files.
const workers = 2

// Options adjust an import. The zero value is good.
type Options struct {
	// Catalogue is the tables to import into; nil is the built-in catalogue.
	Catalogue *tables.Catalogue
	// Columns says which columns a table has in the store beyond the catalogue's, so that a field seen before keeps
	// its type. It may be nil.
	Columns func(table string) []tables.Column
	// Timezone is the zone of times that are written without one. Nil: UTC in logs, and refused in exports whose
	// header says Local Time.
	Timezone *time.Location
	// DateOrder says how dates such as 3/4/2025 in a CSV file are meant if the file does not tell. Nil: such a file is
	// refused with that reason.
	DateOrder *rows.DateOrder
	// SecurityEvents says which events of the Windows Security log are kept; the zero Set keeps all.
	SecurityEvents windows.Set
	// Explain, if it is set, is called for each file with why it was taken for what it is and its first record as rows; no
	// more of it is read. The sink gets these rows.
	Explain func(Explanation)
	// Parquet reads Parquet files; nil: they are refused.
	Parquet export.ReadParquet
	// Now is the time of the import, kept as _TimeReceived; zero is the clock.
	Now time.Time
	// Stdin is read for the path "-"; nil is os.Stdin.
	Stdin io.Reader
	// Progress is called from time to time with the bytes read, as they lie on the disk, and their total, which grows
	// if standard input is read. Calls do not overlap.
	Progress func(done, total int64)
}

// Import takes evidence in: files, folders with all that is in them, .gz and .zip archives, and "-" for standard input.
// What is wrong with a file, or with a record, is in the receipt and never stops the rest; the error is one of the sink
// or the context, and ends the import. The sink is flushed at the end.
//
// Each file is hashed before it is read, as _SourceId must be known by the first row; a member of an archive has the
// hash of the archive's hash and the member's name. Standard input is first copied to a temporary file, since its hash
// and, for an archive, its end are needed first.
func Import(ctx context.Context, paths []string, sink Sink, opts Options) (*Receipt, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	im := newImporter(sink, opts, cancel)
	sources := im.plan(paths)
	defer im.cleanUp(sources)
	return im.run(ctx, sources)
}

func newImporter(sink Sink, opts Options, cancel context.CancelCauseFunc) *importer {
	if opts.Catalogue == nil {
		opts.Catalogue = tables.Builtin()
	}
	if opts.Now.IsZero() {
		opts.Now = time.Now()
	}
	if opts.Stdin == nil {
		opts.Stdin = os.Stdin
	}
	im := &importer{opts: opts, sink: sink, now: rows.TicksOf(opts.Now), cancel: cancel,
		schemas: rows.NewSchemas(opts.Catalogue, opts.Columns), jobs: make(chan job)}
	im.moved = sync.NewCond(&im.turns)
	return im
}

// run reads sources and accounts for them.
func (im *importer) run(ctx context.Context, sources []source) (*Receipt, error) {
	defer context.AfterFunc(ctx, func() {
		im.turns.Lock()
		defer im.turns.Unlock()
		im.moved.Broadcast()
	})()
	var appending, decoding sync.WaitGroup
	appending.Go(func() { im.appendAll(ctx) })
	results := make([][]FileReceipt, len(sources))
	var next atomic.Int64
	for range workers {
		decoding.Go(func() {
			w := im.newWorker()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(sources) || ctx.Err() != nil {
					return
				}
				w.turn = i
				results[i] = w.source(ctx, &sources[i])
				im.pass(ctx, i)
			}
		})
	}
	decoding.Wait()
	close(im.jobs)
	appending.Wait()
	im.report(0, true)

	receipt := &Receipt{Imported: im.opts.Now}
	for _, files := range results {
		for _, f := range files {
			receipt.add(f)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return receipt, err
	}
	if err := im.sink.Flush(ctx); err != nil {
		return receipt, fmt.Errorf("keep the imported rows: %w", err)
	}
	return receipt, receipt.check()
}

// importer is what the workers of one import share.
type importer struct {
	opts    Options
	sink    Sink
	now     int64
	schemas *rows.Schemas
	cancel  context.CancelCauseFunc
	jobs    chan job

	done, total atomic.Int64
	reporting   sync.Mutex
	reported    int64

	explaining sync.Mutex

	turns sync.Mutex
	next  int // the file whose batches are due
	moved *sync.Cond
}

// await waits until the batches of file i are due. Files are decoded at the same time, but their rows go to the sink in
// the order of the files: which of two copies of an event is the duplicate does not depend on chance, and rows that are
// near in time stay near.
func (im *importer) await(ctx context.Context, i int) error {
	im.turns.Lock()
	defer im.turns.Unlock()
	for im.next != i && ctx.Err() == nil {
		im.moved.Wait()
	}
	return context.Cause(ctx)
}

// pass ends the turn of file i.
func (im *importer) pass(ctx context.Context, i int) {
	if im.await(ctx, i) == nil {
		im.turns.Lock()
		im.next = i + 1
		im.turns.Unlock()
		im.moved.Broadcast()
	}
}

// job is a batch on its way to the sink, and the account of the file it is from.
type job struct {
	batch   rows.Batch
	account *account
}

// account is how many rows of a file the sink took.
type account struct {
	pending          sync.WaitGroup
	accepted, merged atomic.Int64
}

// appendAll hands batches to the sink until there are no more. After an error it only takes them off the channel.
func (im *importer) appendAll(ctx context.Context) {
	for j := range im.jobs {
		if ctx.Err() == nil {
			n, merged, err := im.sink.Append(ctx, j.batch.Table, j.batch.Rec)
			switch {
			case err != nil:
				im.cancel(fmt.Errorf("keep %d rows of %s: %w", j.batch.Rec.NumRows(), j.batch.Table, err))
			case !j.batch.Own:
				j.account.accepted.Add(n)
				j.account.merged.Add(merged)
			}
		}
		j.batch.Rec.Release()
		j.account.pending.Done()
	}
}

// report notes bytes that were read and tells the caller about them once a megabyte.
func (im *importer) report(n int64, now bool) {
	done := im.done.Add(n)
	if im.opts.Progress == nil {
		return
	}
	im.reporting.Lock()
	defer im.reporting.Unlock()
	if now || done-im.reported >= 1<<20 {
		im.reported = done
		im.opts.Progress(done, im.total.Load())
	}
}

// worker decodes one file at a time.
type worker struct {
	im      *importer
	writer  *rows.Writer
	list    []rows.Decoder
	account *account
	turn    int // the number of the file

	sure   rows.Confidence // of the decoder of the file
	firsts []ExplainedRow  // its first rows, if they are to be explained
}

func (im *importer) newWorker() *worker {
	w := &worker{im: im, list: decoders(im.opts)}
	w.writer = rows.NewWriter(rows.Config{
		Schemas: im.schemas, Now: im.now, Zone: im.opts.Timezone, Order: im.opts.DateOrder,
		Limit: im.limit(),
		Emit: func(ctx context.Context, b rows.Batch) error {
			if im.opts.Explain != nil && !b.Own {
				w.firsts = append(w.firsts, explained(b)...)
			}
			if err := im.await(ctx, w.turn); err != nil {
				b.Rec.Release()
				return err
			}
			w.account.pending.Add(1)
			select {
			case im.jobs <- job{b, w.account}:
				return nil
			case <-ctx.Done():
				b.Rec.Release()
				w.account.pending.Done()
				return context.Cause(ctx)
			}
		},
	})
	return w
}

// stream reads one stream of content to its end and accounts for it.
func (w *worker) stream(ctx context.Context, file rows.File, name string, content io.Reader) FileReceipt {
	w.account = &account{}
	w.sure, w.firsts = rows.No, nil
	w.writer.Start(file)
	counted := &countingReader{r: content}
	err := w.decode(ctx, name, counted)
	if errors.Is(err, rows.ErrLimit) {
		err = nil
	}
	stats, ferr := w.writer.Finish(ctx)
	if err == nil {
		err = ferr
	}
	w.account.pending.Wait()
	accepted, merged := w.account.accepted.Load(), w.account.merged.Load()
	r := FileReceipt{
		Path: file.Path, SourceID: file.SourceID, Format: strings.Join(stats.Formats, ", "), Tables: stats.Tables,
		Records: stats.Records, Accepted: accepted, Merged: merged, Duplicates: stats.Rows - accepted - merged, Rejected: stats.Rejected, LeftOut: stats.LeftOut,
		FirstReason: stats.First, Bytes: counted.n, Note: stats.Note,
	}
	if stats.From != 0 {
		from, to := rows.TimeOf(stats.From), rows.TimeOf(stats.To)
		r.FirstEvent, r.LastEvent = &from, &to
	}
	if err != nil {
		r.Error = oneLine(err.Error())
		if r.Records > 0 && stats.Rows > 0 {
			r.Error += fmt.Sprintf(" (%d records before that were read)", stats.Rows)
		}
	}
	if !file.Part {
		w.source1(ctx, file, r, stats)
	}
	if w.im.opts.Explain != nil {
		w.explain(r, stats)
	}
	return r
}

// source1 writes the row about the file itself.
func (w *worker) source1(ctx context.Context, file rows.File, r FileReceipt, stats rows.Stats) {
	w.account = &account{}
	// An error here is one of the context, which ends the import by itself.
	_ = w.writer.Source(ctx, rows.SourceRow{
		Format: r.Format, Tables: strings.Join(r.Tables, ","), First: r.FirstReason, Error: r.Error, Note: r.Note,
		Bytes: r.Bytes, Records: r.Records, Accepted: r.Accepted, Merged: r.Merged, Duplicates: r.Duplicates, Rejected: r.Rejected, LeftOut: r.LeftOut,
		From: stats.From, To: stats.To,
	})
	w.account.pending.Wait()
}

// failed is the receipt of a file that could not be read at all.
func (w *worker) failed(ctx context.Context, file rows.File, err error) FileReceipt {
	w.writer.Start(file)
	r := FileReceipt{Path: file.Path, SourceID: file.SourceID, Error: oneLine(err.Error())}
	w.source1(ctx, file, r, rows.Stats{})
	return r
}

// oneLine makes a message fit its line of the receipt.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "") + "…"
	}
	return s
}

// countingReader counts the bytes of the content.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
