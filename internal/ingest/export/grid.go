package export

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
)

// grid puts the cells of a table with a header into rows: the columns of a CSV file or of an API answer.
type grid struct {
	w        *rows.Writer
	heads    []head
	typ      int    // index of the Type column, -1 if there is none
	table    string // for rows without Type
	tables   map[string]*gridTable
	order    rows.DateOrder
	damaged  map[string]int64 // cells that a spreadsheet spoilt, by "value in column"
	zoneless bool             // a time had no zone, and none was named
	custom   bool             // table is not of the catalogue: rows need not have a time
	untimed  bool             // a row had none
}

// head is one column of the header.
type head struct {
	name string
	typ  string         // declared type, "" if none is
	zone *time.Location // of times without one; nil if nothing says
	skip bool           // a second column of the same name
}

type gridTable struct {
	t        *rows.Table
	cols     []*rows.Column // nil: not there (yet)
	resource *rows.Column
	time     *rows.Column
}

func newGrid(w *rows.Writer, heads []head, order rows.DateOrder) (*grid, error) {
	g := &grid{w: w, heads: heads, typ: -1, tables: map[string]*gridTable{}, order: order, damaged: map[string]int64{}}
	var names []string
	seen := map[string]bool{}
	for i := range heads {
		h := &heads[i]
		names = append(names, h.name)
		h.skip = seen[strings.ToLower(h.name)]
		seen[strings.ToLower(h.name)] = true
		if h.name == "Type" && g.typ < 0 {
			g.typ = i
		}
	}
	if g.table = fromPath(w.Path(), w.Catalogue()); g.table == "" {
		g.table = byColumns(names, w.Catalogue())
		if g.table != "" && g.typ < 0 {
			w.Note("no column Type: table %s by the columns", g.table)
		}
	}
	if g.table == "" && (g.typ < 0 || !seen["timegenerated"]) {
		return nil, fmt.Errorf("not supported yet: a table with the columns %s", clipList(names))
	}
	return g, nil
}

func clipList(names []string) string {
	if len(names) > 8 {
		names = append(names[:8:8], "…")
	}
	return strings.Join(names, ", ")
}

// at returns the table for a row of that Type, or nil if there is none.
func (g *grid) at(typ string) *gridTable {
	name := named(typ, g.w.Catalogue())
	if name == "" {
		if name = g.table; name == "" {
			if !plausible(typ) {
				return nil
			}
			name = typ
		}
	}
	gt, ok := g.tables[name]
	if !ok {
		if len(g.tables) >= 1000 {
			return nil
		}
		t := g.w.Table(name)
		gt = &gridTable{t: t, cols: make([]*rows.Column, len(g.heads)), resource: t.Column("_ResourceId"), time: t.Column("TimeGenerated")}
		for i, h := range g.heads {
			if !h.skip && !hidden(h.name) {
				gt.cols[i] = t.Column(h.name)
			}
		}
		g.tables[name] = gt
	}
	return gt
}

func hidden(name string) bool {
	switch name {
	case "_ItemId", "_TimeReceived", "_SourceId", "_SourceRecord", "_Unmapped", "Type":
		return true
	}
	return false
}

// column returns the column for a cell with a value, making it if the table does not have it.
func (g *grid) column(gt *gridTable, i int, typ string) *rows.Column {
	h := g.heads[i]
	if gt.cols[i] == nil && !h.skip && !hidden(h.name) {
		if h.typ != "" {
			typ = h.typ
		}
		gt.cols[i] = gt.t.NewColumn(h.name, typ)
	}
	return gt.cols[i]
}

// text sets a cell of a CSV file.
func (g *grid) text(gt *gridTable, i int, cell []byte) {
	if len(cell) == 0 || g.heads[i].name == "Type" {
		return
	}
	c := g.column(gt, i, rows.TypeOfText(cell))
	name := g.heads[i].name
	switch {
	case c == nil:
		gt.t.Keep(name, jsontext.Quote(nil, cell))
	case spoilt(cell, c.Type):
		g.damaged[string(cell)+" in "+name]++
		gt.t.Keep(name, jsontext.Quote(nil, cell))
	case c.Type == "datetime":
		g.time(gt, c, i, cell)
	default:
		gt.t.SetText(c, cell)
	}
}

func (g *grid) time(gt *gridTable, c *rows.Column, i int, cell []byte) {
	zone := g.heads[i].zone
	if zone == nil {
		if zone = g.w.Zone(); zone == nil && !zoned(cell) {
			g.zoneless = true
		}
	}
	if ticks, ok := rows.ParseTime(cell, zone, g.order); ok {
		gt.t.SetInt(c, ticks)
	} else {
		gt.t.Keep(c.Name, jsontext.Quote(nil, cell))
	}
}

// zoned says whether a time says its zone: it ends in Z, UTC or an offset.
func zoned(cell []byte) bool {
	cell = bytes.TrimSpace(cell)
	if bytes.HasSuffix(cell, []byte("Z")) || bytes.HasSuffix(cell, []byte("UTC")) || bytes.HasSuffix(cell, []byte("GMT")) {
		return true
	}
	n := len(cell)
	return n > 6 && (cell[n-6] == '+' || cell[n-6] == '-') && cell[n-3] == ':'
}

// spoilt recognises what a spreadsheet made of a value it took for a formula or a number.
func spoilt(cell []byte, typ string) bool {
	switch string(cell) {
	case "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!":
		return true
	}
	if typ == "real" || len(cell) < 6 || len(cell) > 20 || cell[0] < '0' || cell[0] > '9' {
		return false
	}
	i := bytes.Index(cell, []byte("E+"))
	if i < 1 || i+2 >= len(cell) {
		return false
	}
	for k, b := range cell {
		if !('0' <= b && b <= '9' || k == 1 && (b == '.' || b == ',') || k == i || k == i+1) {
			return false
		}
	}
	return true
}

// finish sets what hangs on other cells.
func (g *grid) finish(gt *gridTable) {
	if gt.resource == nil {
		gt.resource = gt.t.Column("_ResourceId")
	}
	if id := gt.t.Text(gt.resource); id != nil {
		lowerInPlace(gt.t, gt.resource, id)
	}
	if !gt.t.Has(gt.time) {
		for i, h := range g.heads {
			if h.name == "Timestamp" && gt.cols[i] != nil {
				gt.t.CopyTime(gt.time, gt.cols[i])
			}
		}
	}
}

// when gives a row the first time that it has.
func (g *grid) when(gt *gridTable) bool {
	for _, c := range gt.cols {
		if c != nil && c.Type == "datetime" && gt.t.Has(c) {
			gt.t.CopyTime(gt.time, c)
			return true
		}
	}
	return false
}

// notes tells what the whole file has to be told.
func (g *grid) notes() {
	if g.untimed {
		g.w.Note("rows without a time have that of the file")
	}
	if g.zoneless {
		g.w.Note("times without a zone were read as UTC; use --timezone if they are not")
	}
	var total int64
	example := ""
	for what, n := range g.damaged {
		total += n
		if example == "" || what < example {
			example = what
		}
	}
	if total > 0 {
		g.w.Note("a spreadsheet spoilt %d cells (%s); they are in _Unmapped", total, example)
	}
}
