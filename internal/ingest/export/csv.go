package export

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// sample is how many rows are read before the order of day and month is decided.
const sample = 1000

// CSV is the rows.Decoder of CSV exports: of any table of the catalogue, and else of records, one a row, as
// PowerShell's Export-Csv writes what an API returned.
type CSV struct{ records *records.Decoder }

// NewCSV makes the decoder; rows that are of no table of the catalogue go to the families of others.
func NewCSV(others *records.Decoder) *CSV { return &CSV{others} }

// Formats lists what the decoder reads besides what the families do.
func (*CSV) Formats() []rows.Format {
	return []rows.Format{{Name: "CSV export", Tables: []string{"any table of the catalogue", "NAME_CL"},
		Signs: "a header with TimeGenerated, or with the columns of one table", Routes: "Log Analytics and Sentinel portal, notebooks; any locale"}}
}

// Detect looks at the header only.
func (*CSV) Detect(name string, first []byte) rows.Confidence {
	first = bytes.TrimPrefix(first, []byte("\xef\xbb\xbf"))
	line, _, found := bytes.Cut(first, []byte("\n"))
	if len(line) > 32<<10 || !found && !strings.HasSuffix(strings.ToLower(name), ".csv") || !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
		return rows.No
	}
	if b := bytes.TrimSpace(line); len(b) == 0 || b[0] == '{' || b[0] == '[' || b[0] == '<' || b[0] == '#' {
		return rows.No
	}
	r := newCSVReader(bytes.NewReader(append(bytes.Clone(line), '\n')), delimiter(line))
	cells, err := r.next()
	if err != nil || len(cells) < 2 {
		return rows.No
	}
	words := 0
	for _, c := range cells {
		name, _, _ := header(string(c))
		if name == "TimeGenerated" {
			return rows.Surely
		}
		if len(name) > 0 && len(name) < 60 && (name[0] >= 'A' && name[0] <= 'Z' || name[0] >= 'a' && name[0] <= 'z' || name[0] == '_') {
			words++
		}
	}
	if words == len(cells) && (len(cells) >= 3 || strings.HasSuffix(strings.ToLower(name), ".csv")) {
		return rows.Probably
	}
	return rows.No
}

// delimiter is the character that cuts the header into most cells: spreadsheets of many countries write semicolons.
func delimiter(line []byte) byte {
	best, most := byte(','), bytes.Count(line, []byte(","))
	for _, d := range []byte{';', '\t'} {
		if n := bytes.Count(line, []byte{d}); n > most {
			best, most = d, n
		}
	}
	return best
}

// header takes the bracket off a column's name: it is the time zone that the portal showed. utc says that it is UTC,
// bracket is what it says otherwise.
func header(cell string) (name string, utc bool, bracket string) {
	cell = strings.TrimSpace(cell)
	if before, after, ok := strings.Cut(cell, " ["); ok && strings.HasSuffix(after, "]") {
		bracket = strings.TrimSuffix(after, "]")
		if strings.EqualFold(bracket, "UTC") {
			return before, true, ""
		}
		return before, false, bracket
	}
	return cell, false, ""
}

// Decode reads the file. The zone of a header that says Local Time must be named by the user; the order of day and month
// must follow from the values, or is asked for.
func (d *CSV) Decode(ctx context.Context, src io.Reader, w *rows.Writer) error {
	br := bufio.NewReaderSize(src, 256<<10)
	if mark, _ := br.Peek(3); string(mark) == "\xef\xbb\xbf" {
		br.Discard(3)
	}
	peek, _ := br.Peek(64 << 10)
	line, _, _ := bytes.Cut(peek, []byte("\n"))
	r := newCSVReader(br, delimiter(line))
	cells, err := r.next()
	if err != nil {
		return fmt.Errorf("the header cannot be read: %w", err)
	}
	heads := make([]head, len(cells))
	for i, c := range cells {
		name, utc, bracket := header(string(c))
		heads[i].name = name
		switch {
		case utc:
			heads[i].zone = time.UTC
		case bracket != "":
			if heads[i].zone = w.Zone(); heads[i].zone == nil {
				w.Format("CSV export")
				return fmt.Errorf("the times of column %s are in %q, a zone that the file does not name: give it with --timezone, for example --timezone Europe/Oslo", name, bracket)
			}
		}
	}
	if n := len(heads); n > 2 && heads[n-1].name == "Task Category" && heads[n-2].name == "Event ID" {
		heads = append(heads, head{name: "Message"}) // the Event Viewer has no header for it
	}
	g, gridErr := newGrid(w, heads, rows.MonthFirst)
	c := &csvRun{g: g, w: w, r: r, heads: heads}
	if gridErr != nil {
		c.g, c.rec = nil, newCSVRecords(d.records, heads, w)
	} else {
		w.Format("CSV export")
	}
	if err := c.run(ctx); err != nil {
		return err
	}
	if c.g == nil {
		return c.rec.run.Err()
	}
	g.notes()
	return nil
}

// csvRun is the reading of one file.
type csvRun struct {
	g     *grid
	rec   *csvRecords // in place of g, for rows that are of no table
	w     *rows.Writer
	r     *csvReader
	heads []head
	held  []heldRow
	order orderVotes
}

// heldRow is a row of the sample, kept until the order of day and month is known.
type heldRow struct {
	cells  [][]byte
	raw    []byte
	offset int64
	bad    string
}

func (c *csvRun) run(ctx context.Context) error {
	size := 0
	for {
		row, err := c.read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		row.raw = bytes.Clone(row.raw)
		cells := make([][]byte, len(row.cells))
		for i, cell := range row.cells {
			cells[i] = bytes.Clone(cell)
			c.order.see(cell)
		}
		row.cells = cells
		c.held = append(c.held, row)
		if size += 2 * len(row.raw); len(c.held) >= sample || size > 16<<20 {
			break
		}
	}
	order, err := c.order.decide(c.w.DateOrder())
	switch {
	case c.rec != nil:
		if err != nil { // most records have other times, which are sure
			c.w.Note("dates such as %q can be read day first and month first: they were not read as times; say it with --date-order", c.order.example)
			order = rows.Unsure
		}
		c.w.Dates(order)
		c.rec.infer(c.held)
	case err != nil:
		for _, row := range c.held {
			c.w.Next()
			if err := c.w.Refuse(ctx, row.offset, err.Error(), row.raw, int64(len(row.raw))); err != nil {
				return err
			}
		}
		return err
	default:
		c.g.order = order
	}
	for _, row := range c.held {
		if err := c.row(ctx, row); err != nil {
			return err
		}
	}
	c.held = nil
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		row, err := c.read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.row(ctx, row); err != nil {
			return err
		}
	}
}

// read returns the next row, with a reason if it cannot be read as one.
func (c *csvRun) read() (heldRow, error) {
	for {
		cells, err := c.r.next()
		var bad *csvError
		if err != nil && !errors.As(err, &bad) {
			return heldRow{}, err
		}
		row := heldRow{cells: cells, raw: c.r.raw, offset: c.r.start}
		switch {
		case bad != nil:
			row.bad = bad.reason
		case len(cells) == 1 && len(cells[0]) == 0:
			continue // a blank line
		case len(cells) != len(c.heads):
			row.bad = fmt.Sprintf("%d cells where the header has %d", len(cells), len(c.heads))
		case !utf8.Valid(c.r.raw):
			row.bad = "invalid UTF-8"
		}
		return row, nil
	}
}

func (c *csvRun) row(ctx context.Context, row heldRow) error {
	w := c.w
	if row.bad != "" {
		w.Next()
		return w.Refuse(ctx, row.offset, row.bad, row.raw, int64(len(row.raw)))
	}
	if c.rec != nil {
		return c.rec.row(ctx, row)
	}
	w.Next()
	typ := ""
	if c.g.typ >= 0 {
		typ = string(row.cells[c.g.typ])
	}
	gt := c.g.at(typ)
	if gt == nil {
		return w.Refuse(ctx, row.offset, fmt.Sprintf("a row of the unknown table %.80q", typ), row.raw, int64(len(row.raw)))
	}
	gt.t.Begin()
	for i, cell := range row.cells {
		c.g.text(gt, i, cell)
	}
	c.g.finish(gt)
	return w.Done(ctx, gt.t, gt.t.Commit(), row.offset, row.raw)
}

// orderVotes collects what the dates of a file say about the order of day and month.
type orderVotes struct {
	month, day int    // dates that can only be read so
	example    string // one that can be read both ways
}

// see looks at a cell that may be a date with slashes.
func (v *orderVotes) see(cell []byte) {
	if len(cell) < 8 || len(cell) > 40 || cell[0] < '0' || cell[0] > '9' || bytes.IndexByte(cell[:3], '/') < 0 {
		return
	}
	var a, b, year int
	if n, _ := fmt.Sscanf(string(cell), "%d/%d/%d", &a, &b, &year); n != 3 || year < 1601 || a < 1 || b < 1 || a > 31 || b > 31 {
		return
	}
	switch {
	case a > 12 && b <= 12:
		v.day++
	case b > 12 && a <= 12:
		v.month++
	case a != b && v.example == "":
		v.example = string(cell)
	}
}

// decide settles the order, or says why it cannot.
func (v *orderVotes) decide(named *rows.DateOrder) (rows.DateOrder, error) {
	switch {
	case v.day > 0 && v.month > 0:
		return 0, errors.New("some dates can only be day first and some only month first: the file was put together from two exports; import them one by one")
	case v.day > 0:
		return rows.DayFirst, nil
	case v.month > 0:
		return rows.MonthFirst, nil
	case v.example != "" && named == nil:
		return 0, fmt.Errorf("dates such as %q can be read day first and month first, and none in the first %d rows tells which: say it with --date-order, or export again with times in ISO 8601", v.example, sample)
	case named != nil:
		return *named, nil
	}
	return rows.MonthFirst, nil
}
