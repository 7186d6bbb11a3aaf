package lower

import (
	"slices"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// Some tables keep the values of paths through their dynamic columns in columns of their own (Tables.StoredPath). This
// pass finds the paths that a plan reads from such columns of a stored table, through any operators that pass the column
// on, and makes them columns of the scan: Path{D, .a.b} becomes Path{"D.a.b"} without steps, and no JSON is read.

const (
	// isStringSuffix marks the stored column that says whether the value of a path is a string.
	isStringSuffix = "?"
	// storedMark begins the names of stored columns in a plan, so that no column of a query has the same name.
	storedMark = "\x00"
)

// pathPusher rewrites one plan. Nodes are copied, never changed: a plan may be run again.
type pathPusher struct {
	tables Tables
	shared map[*plan.Shared]*plan.Shared
}

// pushPaths gives the plan with stored paths read as columns.
func pushPaths(root plan.Node, t Tables) plan.Node {
	p := &pathPusher{tables: t, shared: map[*plan.Shared]*plan.Shared{}}
	return p.whole(root)
}

// origin is what a chain of operators over a scan passes on.
type origin struct {
	scan  *plan.Scan
	holds map[string]string // output column → column of the scan
	// carriers are the projections between here and the scan, lowest first.
	carriers []*plan.Project
	// parsed are the columns made by parse_json of a string column that is still there.
	parsed map[string]*plan.Call
}

// whole rewrites a node whose consumer takes its schema as it is: paths added below are dropped again.
func (p *pathPusher) whole(n plan.Node) plan.Node {
	out, _ := p.node(n)
	return trimmed(out, n.Schema())
}

func trimmed(n plan.Node, schema []plan.Column) plan.Node {
	if len(n.Schema()) == len(schema) {
		return n
	}
	return onlyColumns(n, schema)
}

// onlyColumns projects a node to some of its columns.
func onlyColumns(n plan.Node, schema []plan.Column) plan.Node {
	items := make([]plan.Named, len(schema))
	for i, c := range schema {
		items[i] = plan.Named{Name: c.Name, Expr: &plan.ColumnRef{Name: c.Name, Typ: c.Type}}
	}
	return &plan.Project{Input: n, Items: items}
}

// node rewrites a node and says where its columns come from.
func (p *pathPusher) node(n plan.Node) (plan.Node, *origin) {
	switch n := n.(type) {
	case *plan.Scan:
		scan := &plan.Scan{Table: n.Table, Columns: n.Columns}
		o := &origin{scan: scan, holds: map[string]string{}}
		for _, c := range n.Columns {
			if c.Type == catalog.Dynamic {
				o.holds[c.Name] = c.Name
			}
		}
		return scan, o
	case *plan.Select:
		in, o := p.node(n.Input)
		return &plan.Select{Input: in, Predicate: p.expr(n.Predicate, o)}, o
	case *plan.Sort:
		in, o := p.node(n.Input)
		keys := slices.Clone(n.Keys)
		for i := range keys {
			keys[i].Expr = p.expr(keys[i].Expr, o)
		}
		return &plan.Sort{Input: in, Keys: keys}, o
	case *plan.Limit:
		in, o := p.node(n.Input)
		c := *n
		c.Input = in
		return &c, o
	case *plan.Serialize:
		in, o := p.node(n.Input)
		return &plan.Serialize{Input: in}, o
	case *plan.Project:
		in, o := p.node(n.Input)
		out := &plan.Project{Input: in, Items: p.named(n.Items, o)}
		above := &origin{scan: o.scan, holds: map[string]string{}, carriers: append(slices.Clip(o.carriers), out), parsed: map[string]*plan.Call{}}
		kept := map[string]bool{}
		for _, it := range n.Items {
			if ref, ok := it.Expr.(*plan.ColumnRef); ok {
				kept[it.Name] = ref.Name == it.Name
				if o.holds[ref.Name] != "" {
					above.holds[it.Name] = o.holds[ref.Name]
				}
			}
		}
		for _, it := range n.Items {
			c, ok := it.Expr.(*plan.Call)
			if ref, isRef := it.Expr.(*plan.ColumnRef); isRef {
				c, ok = o.parsed[ref.Name]
			}
			if ok && c.Overload.ID == "todynamic" && c.Args[0].Type() == catalog.String {
				if text, isRef := c.Args[0].(*plan.ColumnRef); isRef && kept[text.Name] {
					above.parsed[it.Name] = c
				}
			}
		}
		return out, above
	case *plan.Aggregate:
		in, o := p.node(n.Input)
		out := &plan.Aggregate{Input: in, Keys: p.named(n.Keys, o), Aggs: slices.Clone(n.Aggs)}
		for i, a := range out.Aggs {
			out.Aggs[i].Call = p.expr(a.Call, o).(*plan.Call)
		}
		return out, &origin{}
	case *plan.Join:
		c := *n
		c.Left, c.Right = p.whole(n.Left), p.whole(n.Right)
		return &c, &origin{}
	case *plan.Union:
		c := *n
		c.Sources = slices.Clone(n.Sources)
		for i := range c.Sources {
			c.Sources[i] = p.whole(c.Sources[i])
		}
		return &c, &origin{}
	case *plan.Unnest:
		c := *n
		c.Input = p.whole(n.Input)
		return &c, &origin{}
	case *plan.Parse:
		c := *n
		c.Input = p.whole(n.Input)
		return &c, &origin{}
	case *plan.Series:
		c := *n
		c.Input = p.whole(n.Input)
		return &c, &origin{}
	case *plan.Shared:
		s := p.shared[n]
		if s == nil {
			s = &plan.Shared{ID: n.ID, Name: n.Name, Input: p.whole(n.Input)}
			p.shared[n] = s
		}
		return s, &origin{}
	}
	return n, &origin{}
}

func (p *pathPusher) named(items []plan.Named, o *origin) []plan.Named {
	out := make([]plan.Named, len(items), len(items)+2)
	for i, it := range items {
		out[i] = plan.Named{Name: it.Name, Expr: p.expr(it.Expr, o)}
	}
	return out
}

// expr rewrites an expression over the rows of o.
func (p *pathPusher) expr(e plan.Expr, o *origin) plan.Expr {
	switch e := e.(type) {
	case *plan.Call:
		c := *e
		c.Args = slices.Clone(e.Args)
		for i := range c.Args {
			c.Args[i] = p.expr(c.Args[i], o)
		}
		return &c
	case *plan.Path:
		if stored := p.stored(e, o); stored != nil {
			return stored
		}
		// A path through parse_json of a column is read from the column: its JSON is not made first.
		if base, steps := flatten(e); len(steps) > 0 {
			if ref, ok := base.(*plan.ColumnRef); ok && o.parsed[ref.Name] != nil {
				return &plan.Path{Base: o.parsed[ref.Name], Steps: steps}
			}
		}
		return &plan.Path{Base: p.expr(e.Base, o), Steps: e.Steps}
	case *plan.InQuery:
		c := *e
		c.Value, c.Input = p.expr(e.Value, o), p.whole(e.Input)
		return &c
	case *plan.HasQuery:
		c := *e
		c.Value, c.Input = p.expr(e.Value, o), p.whole(e.Input)
		return &c
	case *plan.Scalar:
		return &plan.Scalar{Input: p.whole(e.Input), Typ: e.Typ}
	}
	return e
}

// stored gives the column that holds a path, made known to every node between here and the scan; nil if there is none.
func (p *pathPusher) stored(e *plan.Path, o *origin) plan.Expr {
	if o.scan == nil {
		return nil
	}
	base, steps := flatten(e)
	ref, ok := base.(*plan.ColumnRef)
	if !ok || o.holds[ref.Name] == "" {
		return nil
	}
	spelled, ok := spell(steps)
	if !ok {
		return nil
	}
	if p.tables == nil {
		return nil
	}
	name, ok := p.tables.StoredPath(o.scan.Table, o.holds[ref.Name], spelled)
	if !ok {
		return nil
	}
	name = storedMark + name
	value := plan.Column{Name: name, Type: catalog.Dynamic}
	if !slices.Contains(o.scan.Columns, value) {
		o.scan.Columns = append(slices.Clip(o.scan.Columns), value, plan.Column{Name: name + isStringSuffix, Type: catalog.Bool})
	}
	for _, c := range o.carriers {
		if !slices.ContainsFunc(c.Items, func(it plan.Named) bool { return it.Name == name }) {
			c.Items = append(c.Items,
				plan.Named{Name: name, Expr: &plan.ColumnRef{Name: name, Typ: catalog.Dynamic}},
				plan.Named{Name: name + isStringSuffix, Expr: &plan.ColumnRef{Name: name + isStringSuffix, Typ: catalog.Bool}})
		}
	}
	return &plan.Path{Base: &plan.ColumnRef{Name: name, Typ: catalog.Dynamic}}
}

// storedPath lowers what stored made: the value's text where a string is wanted, else its JSON.
func (l *lowerer) storedPath(ref *plan.ColumnRef, sc scope, asText bool) (string, error) {
	text, err := l.expr(ref, sc)
	if err != nil || asText {
		return text, err
	}
	isString, err := l.expr(&plan.ColumnRef{Name: ref.Name + isStringSuffix, Typ: catalog.Bool}, sc)
	if err != nil {
		return "", err
	}
	return "CASE WHEN " + isString + " THEN CAST(to_json(" + text + ") AS VARCHAR) ELSE " + text + " END", nil
}

// flatten takes nested paths as one.
func flatten(e *plan.Path) (plan.Expr, []plan.Step) {
	base, steps := plan.Expr(e), []plan.Step(nil)
	for {
		p, ok := base.(*plan.Path)
		if !ok {
			return base, steps
		}
		steps = append(slices.Clone(p.Steps), steps...)
		base = p.Base
	}
}

// spell writes constant steps as KQL does: .a.b[0]; ok is false where a step is computed.
func spell(steps []plan.Step) (string, bool) {
	var b strings.Builder
	for _, s := range steps {
		c, isConst := s.Index.(*plan.Const)
		key := s.Key
		switch {
		case s.Index == nil:
		case isConst && c.Typ == catalog.String:
			key, _ = c.Value.(string)
		case isConst:
			n, ok := c.Value.(int64)
			if !ok {
				return "", false
			}
			b.WriteString("[" + strconv.FormatInt(n, 10) + "]")
			continue
		default:
			return "", false
		}
		if strings.ContainsAny(key, ".[") {
			return "", false
		}
		b.WriteString("." + key)
	}
	return b.String(), b.Len() > 0
}
