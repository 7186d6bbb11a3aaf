package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
)

// Result is the rows.Decoder of the answers of the Log Analytics query API:
// {"tables":[{"name":"PrimaryResult","columns":[{"name":…,"type":…}],"rows":[[…]]}]}.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
type Result struct{}

// NewResult makes the decoder.
func NewResult() *Result { return &Result{} }

// Formats lists what the decoder reads.
func (*Result) Formats() []rows.Format {
	return []rows.Format{
		{Name: "Log Analytics query answer", Tables: []string{"any table of the catalogue"}, Signs: `a document that begins with "tables", each with a name, columns and rows`,
			Routes: "Log Analytics query API, az monitor log-analytics query"},
		{Name: "Kusto query answer", Tables: []string{"any table of the catalogue", "NAME_CL"}, Signs: `a document that begins with "Tables", or a list of frames with a FrameType`,
			Routes: "Kusto REST API, versions 1 and 2; rows go by their columns or to a table named after the result"},
	}
}

// Detect wants the document's first names.
func (*Result) Detect(_ string, first []byte) rows.Confidence {
	b := bytes.Join(bytes.Fields(first[:min(len(first), 300)]), nil)
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(b, []byte(`{"Tables":[{"TableName":`)) || bytes.HasPrefix(b, []byte(`[{"FrameType":"`)) {
		return rows.Surely
	}
	if bytes.HasPrefix(b, []byte(`{"tables":[{"name":`)) || bytes.HasPrefix(b, []byte(`{"tables":[{"columns":`)) {
		return rows.Surely
	}
	return rows.No
}

// errShape ends a document that is not of the shape it began with.
var errShape = errors.New("an answer of the query API that is cut off or damaged")

// Decode reads the document row by row.
func (*Result) Decode(ctx context.Context, src io.Reader, w *rows.Writer) error {
	d := &resultRun{in: jsontext.NewReader(src, 0), w: w}
	if c, err := d.in.Peek(); err == nil && c == '[' {
		return d.frames(ctx)
	}
	return d.object(func(name string) error {
		switch name {
		case "Tables":
			return d.tables(ctx)
		case "tables":
			w.Format("Log Analytics query answer")
			return d.array(func() error { return d.table(ctx) })
		case "error":
			raw, _, err := d.in.Value()
			if err != nil {
				return errShape
			}
			w.Note("the query failed in part: %.200s", raw)
			return nil
		}
		_, _, err := d.in.Value()
		return err
	})
}

type resultRun struct {
	in *jsontext.Reader
	w  *rows.Writer
}

// expect takes one structural byte.
func (d *resultRun) expect(c byte) error {
	got, err := d.in.Peek()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err != nil || got != c {
		return errShape
	}
	d.in.Skip()
	return nil
}

// object calls f for each member, with the reader before its value.
func (d *resultRun) object(f func(name string) error) error {
	if err := d.expect('{'); err != nil {
		return err
	}
	return d.list('}', func() error {
		raw, _, err := d.in.Value()
		if err != nil || jsontext.KindOf(raw) != jsontext.String {
			return errShape
		}
		name := string(jsontext.Text(nil, raw))
		if err := d.expect(':'); err != nil {
			return err
		}
		return f(name)
	})
}

// array calls f for each element, with the reader before it.
func (d *resultRun) array(f func() error) error {
	if err := d.expect('['); err != nil {
		return err
	}
	return d.list(']', f)
}

func (d *resultRun) list(end byte, f func() error) error {
	for {
		c, err := d.in.Peek()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return errShape
			}
			return err
		}
		switch c {
		case end:
			d.in.Skip()
			return nil
		case ',':
			d.in.Skip()
		default:
			if err := f(); err != nil {
				return err
			}
		}
	}
}

func (d *resultRun) table(ctx context.Context) error {
	var g *grid
	var gridErr error
	err := d.object(func(name string) error {
		switch name {
		case "columns":
			raw, _, err := d.in.Value()
			if err != nil {
				return errShape
			}
			var heads []head
			jsontext.Elements(raw, func(c []byte) bool {
				var h head
				if n := jsontext.Find(c, "name"); jsontext.KindOf(n) == jsontext.String {
					h.name = string(jsontext.Text(nil, n))
				}
				if t := jsontext.Find(c, "type"); jsontext.KindOf(t) == jsontext.String {
					h.typ = kqlType(string(jsontext.Text(nil, t)))
				}
				heads = append(heads, h)
				return true
			})
			g, gridErr = newGrid(d.w, heads, rows.MonthFirst)
			return nil
		case "rows":
			if g == nil && gridErr == nil {
				return errors.New("an answer of the query API whose rows come before its columns")
			}
			return d.array(func() error { return d.row(ctx, g, gridErr) })
		}
		_, _, err := d.in.Value()
		return err
	})
	if err == nil && gridErr != nil {
		return gridErr
	}
	if g != nil {
		g.notes()
	}
	return err
}

func (d *resultRun) row(ctx context.Context, g *grid, gridErr error) error {
	raw, off, err := d.in.Value()
	var bad *jsontext.BadValue
	if errors.As(err, &bad) {
		d.w.Next()
		return d.w.RefuseBad(ctx, bad)
	}
	if err != nil {
		return err
	}
	d.w.Next()
	refuse := func(reason string) error { return d.w.Refuse(ctx, off, reason, raw, int64(len(raw))) }
	if gridErr != nil {
		return refuse(gridErr.Error())
	}
	if jsontext.KindOf(raw) != jsontext.Array {
		if bytes.Contains(raw, []byte("OneApiErrors")) {
			return refuse("the query failed here: an error in place of a row")
		}
		return refuse("a row that is not a list of values")
	}
	n, typ := 0, ""
	jsontext.Elements(raw, func(v []byte) bool {
		if n == g.typ && jsontext.KindOf(v) == jsontext.String {
			typ = string(jsontext.Text(nil, v))
		}
		n++
		return true
	})
	if n != len(g.heads) {
		return refuse(fmt.Sprintf("%d values where there are %d columns", n, len(g.heads)))
	}
	gt := g.at(typ)
	if gt == nil {
		return refuse(fmt.Sprintf("a row of the unknown table %.80q", typ))
	}
	gt.t.Begin()
	i := 0
	jsontext.Elements(raw, func(v []byte) bool {
		g.json(gt, i, v)
		i++
		return true
	})
	g.finish(gt)
	if g.custom && !gt.t.Has(gt.time) && !g.when(gt) {
		gt.t.SetInt(gt.time, d.w.Modified())
		g.untimed = true
		return d.w.Done(ctx, gt.t, gt.t.CommitNumbered(), off, raw)
	}
	return d.w.Done(ctx, gt.t, gt.t.Commit(), off, raw)
}

// json sets a cell of an API answer.
func (g *grid) json(gt *gridTable, i int, raw []byte) {
	if k := jsontext.KindOf(raw); k == jsontext.Null || k == jsontext.String && len(raw) == 2 || g.heads[i].name == "Type" {
		return
	}
	if c := g.column(gt, i, "string"); c != nil {
		gt.t.SetJSON(c, raw)
	} else {
		gt.t.Keep(g.heads[i].name, raw)
	}
}

// kqlType maps the declared type of a column, "" if it is none of KQL's.
func kqlType(t string) string {
	switch t {
	case "bool", "int", "long", "real", "decimal", "string", "datetime", "timespan", "guid", "dynamic":
		return t
	}
	return ""
}
