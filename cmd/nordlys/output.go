package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"nordlys/internal/engine"
	"nordlys/internal/kql/plan"
)

// output prints the results of a query, each of which run starts.
type output func(p *plan.Query, run func(*plan.Query) (engine.Rows, error)) error

// newOutput gives the printer for a format. Several results are a document or tables one after another; lines of text
// have no room for them.
func newOutput(format string, w io.Writer) (output, error) {
	buffered := bufio.NewWriterSize(w, 1<<16)
	var write func(io.Writer, engine.Rows, *plan.Query) error
	switch format {
	case "table":
		write = writeTable
	case "json":
		write = writeJSON
	case "ndjson":
		write = writeNDJSON
	case "csv":
		write = writeCSV
	default:
		return nil, usageError("--format %s: use table, json, ndjson, csv or parquet", format)
	}
	return func(p *plan.Query, run func(*plan.Query) (engine.Rows, error)) error {
		results := p.Results()
		if len(results) > 1 && format != "table" && format != "json" {
			return severalError(format)
		}
		for i, one := range results {
			if len(results) > 1 {
				between(buffered, format, i, one.Name)
			}
			if err := writeResult(buffered, one, run, write); err != nil {
				return err
			}
		}
		if len(results) > 1 && format == "json" {
			fmt.Fprintln(buffered, "]}")
		}
		return buffered.Flush()
	}, nil
}

func severalError(format string) error {
	return usageError("--format %s: the query has several results: use table or json", format)
}

// between writes what stands before result i of several: {"tables":[{"name":…,"columns":…},…]} in JSON.
func between(w io.Writer, format string, i int, name string) {
	if name == "" {
		name = fmt.Sprintf("Result%d", i+1)
	}
	switch {
	case format == "json" && i == 0:
		fmt.Fprint(w, `{"tables":[`)
	case format == "json":
		fmt.Fprint(w, ",")
	case i > 0:
		fmt.Fprintln(w)
	}
	if format == "table" {
		fmt.Fprintln(w, printable(name))
	}
}

func writeResult(w io.Writer, p *plan.Query, run func(*plan.Query) (engine.Rows, error), write func(io.Writer, engine.Rows, *plan.Query) error) error {
	rows, err := run(p)
	if err != nil {
		return err
	}
	defer rows.Close()
	return write(w, rows, p)
}

func sortedKeys(m map[string]string) []string {
	return slices.Sorted(maps.Keys(m))
}

// each calls f for every row.
func each(rows engine.Rows, f func(row []any) error) error {
	for {
		row, err := rows.Next()
		if err != nil || row == nil {
			return err
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// writeJSON prints one document: {"columns":[{"name":…,"type":…}],"rows":[[…]]}, with "render" where the query asked for
// a chart.
func writeJSON(w io.Writer, rows engine.Rows, p *plan.Query) error {
	var buf []byte
	buf = append(buf, '{')
	if p.Name != "" {
		buf = append(engine.AppendJSONString(append(buf, `"name":`...), p.Name), ',')
	}
	buf = append(buf, `"columns":[`...)
	for i, c := range rows.Columns() {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, `{"name":`...)
		buf = engine.AppendJSONString(buf, c.Name)
		buf = append(buf, `,"type":"`...)
		buf = append(buf, c.Type.String()...)
		buf = append(buf, `"}`...)
	}
	buf = append(buf, `],"rows":[`...)
	n := 0
	err := each(rows, func(row []any) error {
		if n > 0 {
			buf = append(buf, ',')
		}
		n++
		buf = append(buf, '\n')
		buf = appendRow(buf, row, rows.Columns())
		_, err := w.Write(buf)
		buf = buf[:0]
		return err
	})
	if err != nil {
		return err
	}
	buf = append(buf, "]"...)
	if p.Render != nil {
		buf = append(buf, `,"render":{"kind":`...)
		buf = engine.AppendJSONString(buf, p.Render.Kind)
		for _, k := range sortedKeys(p.Render.Properties) {
			buf = append(append(engine.AppendJSONString(append(buf, ','), k), ':'), engine.AppendJSONString(nil, p.Render.Properties[k])...)
		}
		buf = append(buf, '}')
	}
	_, err = w.Write(append(buf, "}\n"...))
	return err
}

func appendRow(buf []byte, row []any, cols []plan.Column) []byte {
	buf = append(buf, '[')
	for i, v := range row {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = engine.AppendJSON(buf, v, cols[i].Type)
	}
	return append(buf, ']')
}

func writeNDJSON(w io.Writer, rows engine.Rows, _ *plan.Query) error {
	cols := rows.Columns()
	keys := make([][]byte, len(cols))
	for i, c := range cols {
		keys[i] = append(engine.AppendJSONString(nil, c.Name), ':')
	}
	var buf []byte
	return each(rows, func(row []any) error {
		buf = append(buf[:0], '{')
		for i, v := range row {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = engine.AppendJSON(append(buf, keys[i]...), v, cols[i].Type)
		}
		_, err := w.Write(append(buf, "}\n"...))
		return err
	})
}

func writeCSV(w io.Writer, rows engine.Rows, _ *plan.Query) error {
	cols := rows.Columns()
	c := csv.NewWriter(w)
	record := make([]string, len(cols))
	for i, col := range cols {
		record[i] = col.Name
	}
	if err := c.Write(record); err != nil {
		return err
	}
	err := each(rows, func(row []any) error {
		for i, v := range row {
			record[i] = engine.Text(v, cols[i].Type)
		}
		return c.Write(record)
	})
	c.Flush()
	if err == nil {
		err = c.Error()
	}
	return err
}

// tableRows is how many rows are aligned together; a longer result is printed in several parts, so that memory does
// not grow with it.
const tableRows = 1000

// writeTable prints rows for people: fitted to the width of the terminal, numbers to the right.
func writeTable(w io.Writer, rows engine.Rows, p *plan.Query) error {
	cols := rows.Columns()
	if c := newChart(p, cols); c != nil {
		return c.draw(w, rows, terminalWidth())
	}
	start, total := time.Now(), 0
	for {
		t := newTable(cols)
		n := 0
		var row []any
		var err error
		for n < tableRows {
			if row, err = rows.Next(); err != nil {
				return err
			}
			if row == nil {
				break
			}
			cells := make(table.Row, len(row))
			for i, v := range row {
				cells[i] = printable(engine.Text(v, cols[i].Type))
			}
			t.AppendRow(cells)
			n++
		}
		total += n
		if n > 0 || total == 0 {
			if _, err := fmt.Fprintln(w, t.Render()); err != nil {
				return err
			}
		}
		if row == nil {
			break
		}
	}
	s := "s"
	if total == 1 {
		s = ""
	}
	took := ""
	if terminalWidth() > 0 {
		took = ", " + time.Since(start).Round(time.Millisecond).String()
	}
	_, err := fmt.Fprintf(w, "%d row%s%s\n", total, s, took)
	return err
}

// terminalWidth is the width of the terminal that is written to, 0 if it is none.
func terminalWidth() int {
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return 0
	}
	return width
}

func newTable(cols []plan.Column) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	header := make(table.Row, len(cols))
	configs := make([]table.ColumnConfig, len(cols))
	width := terminalWidth()
	for i, c := range cols {
		header[i] = printable(c.Name)
		configs[i] = table.ColumnConfig{Number: i + 1, WidthMax: 80, WidthMaxEnforcer: text.WrapSoft}
		if width > 0 && len(cols) > 0 {
			configs[i].WidthMax = max(12, min(80, 2*width/len(cols)))
		}
		if c.Type.IsNumber() {
			configs[i].Align = text.AlignRight
		}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	if width > 0 {
		t.Style().Size.WidthMax = width
	}
	return t
}

// printable keeps control characters of the data from reaching the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, s)
}
