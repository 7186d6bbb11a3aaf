package export

import (
	"context"
	"fmt"
	"strings"

	"nordlys/internal/ingest/custom"
	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/rows"
)

// tables reads the answer of version 1 of the Kusto REST API: {"Tables":[{"TableName","Columns","Rows"}]}, the results
// first, then what the service says of the query.
// https://learn.microsoft.com/kusto/api/rest/response
func (d *resultRun) tables(ctx context.Context) error {
	d.w.Format("Kusto query answer")
	n, about := 0, 0
	err := d.array(func() error {
		k := kustoTable{index: n}
		n++
		if err := d.kusto(ctx, &k, nil); err != nil {
			return err
		}
		if k.about {
			about++
		}
		return nil
	})
	d.left(about)
	return err
}

// frames reads the answer of version 2: a list of frames, where a result is one DataTable or a TableHeader with
// TableFragments after it.
func (d *resultRun) frames(ctx context.Context) error {
	d.w.Format("Kusto query answer")
	open := map[string]*kustoTable{}
	results, about := 0, 0
	err := d.array(func() error {
		k := kustoTable{index: results}
		if err := d.kusto(ctx, &k, open); err != nil {
			return err
		}
		switch {
		case k.frame == "DataTable" && k.about:
			about++
		case k.frame == "DataTable" || k.frame == "TableHeader":
			results++
		case k.frame == "DataSetCompletion" && k.failed:
			d.w.Note("the query failed in part")
		}
		if k.frame == "TableHeader" && len(open) < 1000 {
			open[k.id] = &k
		}
		return nil
	})
	for _, k := range open {
		if k.g != nil {
			k.g.notes()
		}
	}
	d.left(about)
	return err
}

func (d *resultRun) left(about int) {
	if about > 0 {
		d.w.Note("left out what the answer says of the query itself (%d tables)", about)
	}
}

// maxResults is how many results of one answer are taken: each may become a table.
const maxResults = 200

// kustoTable is a table or frame while it is read.
type kustoTable struct {
	frame, id, kind, name string
	index                 int // among the results
	heads                 []head
	g                     *grid
	about                 bool // of the query, not of its result
	failed                bool
}

// kusto reads one table or frame; open holds the headers whose fragments follow.
func (d *resultRun) kusto(ctx context.Context, k *kustoTable, open map[string]*kustoTable) error {
	text := func() (string, error) {
		raw, _, err := d.in.Value()
		if err != nil {
			return "", errShape
		}
		if jsontext.KindOf(raw) == jsontext.String {
			return string(jsontext.Text(nil, raw)), nil
		}
		return string(raw), nil
	}
	err := d.object(func(name string) (err error) {
		switch name {
		case "FrameType":
			k.frame, err = text()
		case "TableId":
			k.id, err = text()
		case "TableKind":
			k.kind, err = text()
		case "TableName":
			k.name, err = text()
		case "HasErrors":
			var s string
			s, err = text()
			k.failed = s == "true"
		case "Columns":
			raw, _, err := d.in.Value()
			if err != nil {
				return errShape
			}
			k.columns(raw)
			k.about = k.isAbout()
		case "Rows":
			to := k
			if h := open[k.id]; k.heads == nil && h != nil {
				to = h
			}
			if to.about {
				_, _, err := d.in.Value()
				return err
			}
			if to.index >= maxResults {
				return fmt.Errorf("more than %d results in one answer", maxResults)
			}
			if to.g == nil {
				to.g = d.kustoGrid(to)
			}
			return d.array(func() error { return d.row(ctx, to.g, nil) })
		default:
			_, _, err = d.in.Value()
		}
		return err
	})
	if k.g != nil && k.frame != "TableHeader" {
		k.g.notes()
	}
	return err
}

func (k *kustoTable) columns(raw []byte) {
	k.heads = []head{}
	if jsontext.KindOf(raw) != jsontext.Array {
		return
	}
	jsontext.Elements(raw, func(c []byte) bool {
		var h head
		if jsontext.KindOf(c) == jsontext.Object {
			if n := jsontext.Find(c, "ColumnName"); jsontext.KindOf(n) == jsontext.String {
				h.name = string(jsontext.Text(nil, n))
			}
			for _, name := range []string{"DataType", "ColumnType"} {
				if t := jsontext.Find(c, name); jsontext.KindOf(t) == jsontext.String {
					if typ := kqlType(netType(string(jsontext.Text(nil, t)))); typ != "" {
						h.typ = typ
					}
				}
			}
		}
		k.heads = append(k.heads, h)
		return true
	})
}

// netType gives KQL's name of a type of .NET.
func netType(t string) string {
	switch strings.TrimPrefix(t, "System.") {
	case "SByte", "Boolean":
		return "bool"
	case "Int32":
		return "int"
	case "Int64":
		return "long"
	case "Double":
		return "real"
	case "String":
		return "string"
	case "DateTime":
		return "datetime"
	case "TimeSpan":
		return "timespan"
	case "Guid":
		return "guid"
	case "SqlDecimal", "Data.SqlTypes.SqlDecimal":
		return "decimal"
	case "Object":
		return "dynamic"
	}
	return t
}

// isAbout recognises the tables that say something of the query: version 2 says so, in version 1 they follow the
// results and have columns of their own.
func (k *kustoTable) isAbout() bool {
	if k.kind != "" {
		return k.kind != "PrimaryResult"
	}
	if k.index == 0 {
		return false
	}
	var names []string
	for _, h := range k.heads {
		names = append(names, h.name)
	}
	all := strings.Join(names, " ")
	return all == "Value" || all == "TableId Key Value" || strings.HasPrefix(all, "Timestamp Severity SeverityName StatusCode") ||
		strings.HasPrefix(all, "Ordinal Kind Name Id")
}

// kustoGrid decides which table a result is of: by its name, its columns, or one of its own.
func (d *resultRun) kustoGrid(k *kustoTable) *grid {
	g, err := newGrid(d.w, k.heads, rows.MonthFirst)
	if err == nil {
		return g
	}
	name := ""
	if t, ok := d.w.Catalogue().Lookup(k.name); ok {
		name = t.Name
	} else if k.name == "" || k.name == "PrimaryResult" || strings.HasPrefix(k.name, "Table_") {
		name = custom.TableName(d.w.Path())
		if k.index > 0 {
			name = fmt.Sprintf("%s_%d_CL", strings.TrimSuffix(name, "_CL"), k.index)
		}
	} else {
		name = custom.TableName(k.name)
	}
	g = &grid{w: d.w, heads: k.heads, typ: -1, table: name, custom: true, tables: map[string]*gridTable{}, damaged: map[string]int64{}}
	d.w.Note("a result whose columns are of no known table: kept as it is in table %s", name)
	return g
}
