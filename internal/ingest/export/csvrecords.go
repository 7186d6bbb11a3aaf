package export

import (
	"bytes"
	"context"
	"fmt"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// csvRecords makes a record of each row of a CSV file that is of no table of the catalogue: its members are the cells
// that are not empty, under the names of the header. A cell that holds a JSON object or list is that; other cells are
// text, unless no family knows the file: then they have the types that all rows of the sample agree on.
type csvRecords struct {
	d     *records.Decoder
	run   *records.Run
	w     *rows.Writer
	names [][]byte // of the members, as JSON strings; empty cells of the header have none
	plain []string
	types []string // of an unknown file, "" where it follows from the cell
	known map[string]string
	rec   records.Record
	text  []byte
}

func newCSVRecords(d *records.Decoder, heads []head, w *rows.Writer) *csvRecords {
	c := &csvRecords{d: d, run: records.NewRun(d, w), w: w, types: make([]string, len(heads))}
	seen := map[string]int{}
	for i, h := range heads {
		name := h.name
		if name == "" {
			name = fmt.Sprintf("Column%d", i+1)
		}
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s_%d", name, seen[name])
		}
		c.plain = append(c.plain, name)
		c.names = append(c.names, jsontext.Quote(nil, []byte(name)))
	}
	return c
}

// infer finds the types of an unknown file's columns from a sample of its rows.
func (c *csvRecords) infer(sample []heldRow) {
	for _, row := range sample {
		if row.bad == "" && c.d.Known(c.record(row), c.w) {
			return
		}
	}
	c.known = map[string]string{}
	for i := range c.names {
		typ := ""
		for _, row := range sample {
			if row.bad == "" && len(row.cells[i]) > 0 {
				typ = rows.WidenType(typ, row.cells[i], c.w)
			}
		}
		if typ == "" {
			continue // no value yet
		}
		c.types[i] = typ
		c.known[c.plain[i]] = typ
	}
}

func (c *csvRecords) row(ctx context.Context, row heldRow) error {
	return c.run.Record(ctx, c.record(row))
}

// record makes the record of a row; it is valid until the next one.
func (c *csvRecords) record(row heldRow) *records.Record {
	c.text = append(c.text[:0], '{')
	for i, cell := range row.cells {
		if len(cell) == 0 {
			continue
		}
		if len(c.text) > 1 {
			c.text = append(c.text, ',')
		}
		c.text = append(append(c.text, c.names[i]...), ':')
		c.text = c.value(c.text, bytes.TrimSpace(cell), c.types[i])
	}
	c.text = append(c.text, '}')
	c.rec.Raw, c.rec.Offset, c.rec.Types = c.text, row.offset, c.known
	c.rec.Members = jsontext.Members(c.rec.Members[:0], c.text)
	return &c.rec
}

func (c *csvRecords) value(dst, cell []byte, typ string) []byte {
	switch typ {
	case "long", "real":
		if jsontext.KindOf(cell) == jsontext.Number && jsontext.Check(cell) == nil {
			return append(dst, cell...)
		}
	case "", "dynamic":
		if k := jsontext.KindOf(cell); (k == jsontext.Object || k == jsontext.Array) && jsontext.Check(cell) == nil {
			return append(dst, cell...)
		}
	}
	return jsontext.Quote(dst, cell)
}
