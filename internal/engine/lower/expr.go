package lower

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// expr lowers an expression over the columns in sc to SQL of the type that e has, fit to stand anywhere.
func (l *lowerer) expr(e plan.Expr, sc scope) (string, error) {
	switch e := e.(type) {
	case *plan.Const:
		return constant(e)
	case *plan.ColumnRef:
		c, ok := sc.find(e.Name)
		if !ok {
			return "", fmt.Errorf("internal: no column %q in scope", e.Name)
		}
		return c.sql, nil
	case *plan.Path:
		s, err := l.path(e, sc, "json_extract")
		if err != nil {
			return "", err
		}
		return "nullif(CAST(" + s + " AS VARCHAR), 'null')", nil
	case *plan.Call:
		if overflowing[e.Overload.ID] {
			return l.guarded(e, sc)
		}
		return l.call(e, sc)
	case *plan.Scalar:
		return l.scalarQuery(e)
	case *plan.InQuery:
		s, err := l.inQuery(e, sc)
		if err == nil && !e.Negated && e.Value.Type() != catalog.String {
			s = "coalesce(" + s + ", false)"
		}
		return s, err
	case *plan.HasQuery:
		return l.hasQuery(e, sc)
	}
	return "", fmt.Errorf("not supported yet: expression %T", e)
}

// predicate lowers a condition, where null means no: equality needs no care for nulls there, and stays in the form that
// segments can be pruned by.
func (l *lowerer) predicate(e plan.Expr, sc scope) (string, error) {
	if q, ok := e.(*plan.InQuery); ok {
		return l.inQuery(q, sc)
	}
	c, ok := e.(*plan.Call)
	if !ok {
		return l.expr(e, sc)
	}
	switch c.Overload.ID {
	case "eq":
		return lowerCompare("=")(l, c, sc)
	case "in":
		return l.inList(c, sc)
	case "and", "or":
		parts := make([]string, len(c.Args))
		for i, a := range c.Args {
			var err error
			if parts[i], err = l.predicate(a, sc); err != nil {
				return "", err
			}
		}
		return "(" + strings.Join(parts, map[string]string{"and": " AND ", "or": " OR "}[c.Overload.ID]) + ")", nil
	}
	return l.expr(e, sc)
}

// path lowers a path through a dynamic with one call of json_extract or json_extract_string.
func (l *lowerer) path(e *plan.Path, sc scope, fn string) (string, error) {
	base, steps := flatten(e)
	if ref, ok := base.(*plan.ColumnRef); ok && len(steps) == 0 {
		return l.storedPath(ref, sc, fn == "json_extract_string")
	}
	if part, ok, err := l.splitPart(base, steps, sc); ok || err != nil {
		if err == nil && fn != "json_extract_string" {
			part = "CAST(to_json(" + part + ") AS VARCHAR)"
		}
		return part, err
	}
	b, err := l.jsonBase(base, sc)
	if err != nil {
		return "", err
	}
	var pieces []string // SQL pieces of the JSON path
	var text strings.Builder
	text.WriteByte('$')
	for i, s := range steps {
		key := s.Key
		c, isConst := s.Index.(*plan.Const)
		isKey := s.Index == nil
		if isConst && c.Typ == catalog.String {
			key, isKey = c.Value.(string), true
		}
		switch {
		case isKey && (key == "" || key == "*"):
			// A path cannot name these keys, a JSON pointer can: what is before them becomes the base.
			if pieces = append(pieces, Text(text.String())); i > 0 {
				b = "json_extract(" + b + ", " + strings.Join(pieces, " || ") + ")"
			}
			text.Reset()
			pieces = nil
			if i == len(steps)-1 {
				return fn + "(" + b + ", " + Text("/"+key) + ")", nil
			}
			b = "json_extract(" + b + ", " + Text("/"+key) + ")"
			text.WriteByte('$')
		case isKey:
			text.WriteString(jsonKey(key))
		case isConst && c.Value != nil:
			n, ok := c.Value.(int64)
			if !ok {
				return "CAST(NULL AS VARCHAR)", nil
			}
			if n < 0 {
				fmt.Fprintf(&text, "[#%d]", n)
			} else {
				fmt.Fprintf(&text, "[%d]", n)
			}
		default:
			x, err := l.expr(s.Index, sc)
			if err != nil {
				return "", err
			}
			pieces = append(pieces, Text(text.String()))
			text.Reset()
			switch t := s.Index.Type(); {
			case t.IsNumber():
				pieces = append(pieces, "kql_json_index("+x+")")
			case t == catalog.Dynamic:
				pieces = append(pieces, "kql_json_step("+x+")")
			default:
				pieces = append(pieces, "kql_json_key("+x+")")
			}
		}
	}
	if text.Len() > 0 {
		pieces = append(pieces, Text(text.String()))
	}
	if len(pieces) == 1 {
		return fn + "(" + b + ", " + pieces[0] + ")", nil
	}
	return fn + "(" + b + ", " + strings.Join(pieces, " || ") + ")", nil
}

// jsonBase lowers the value that a path starts from. parse_json of a string is read where it stands, once: text that is
// not JSON gives null for any path.
func (l *lowerer) jsonBase(e plan.Expr, sc scope) (string, error) {
	c, ok := e.(*plan.Call)
	if ok && c.Overload.ID == "todynamic" && c.Args[0].Type() == catalog.String {
		s, err := l.expr(c.Args[0], sc)
		if err != nil {
			return "", err
		}
		return "CASE WHEN json_valid(" + s + ") THEN " + s + " END", nil
	}
	return l.expr(e, sc)
}

// jsonKey writes a property step of a JSON path.
func jsonKey(k string) string {
	return `."` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(k) + `"`
}

func (l *lowerer) exprs(es []plan.Expr, sc scope) ([]string, error) {
	out := make([]string, len(es))
	for i, e := range es {
		var err error
		if out[i], err = l.expr(e, sc); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// call lowers a call by its overload: first the conversions, then the Go lowerings, then the templates.
func (l *lowerer) call(c *plan.Call, sc scope) (string, error) {
	id := c.Overload.ID
	if target, ok := conversions[id]; ok {
		return l.conversion(c, target, sc)
	}
	if f, ok := l.lowerings[id]; ok {
		return f(l, c, sc)
	}
	t, ok := templates[id]
	if !ok {
		if c.Overload.Func.Kind == catalog.Window {
			return l.window(c, sc)
		}
		return "", fmt.Errorf("not supported yet: %s()", c.Overload.Func.Name)
	}
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	return expand(t, args), nil
}

// typedArgs lowers the arguments, casting numbers to the type that the parameter asks for.
func (l *lowerer) typedArgs(c *plan.Call, sc scope) ([]string, error) {
	out := make([]string, len(c.Args))
	for i, a := range c.Args {
		s, err := l.expr(a, sc)
		if err != nil {
			return nil, err
		}
		if p := param(c.Overload, i); p != nil && (p.Class == catalog.Exact || p.Class == catalog.Strict) {
			s = widen(s, a.Type(), p.Type)
		} else if p != nil && p.Class == catalog.Common && c.Overload.Result.Class == catalog.Common {
			s = widen(s, a.Type(), c.Typ)
		}
		out[i] = s
	}
	return out, nil
}

func param(o *catalog.Overload, i int) *catalog.Param {
	if i < len(o.Params) {
		return &o.Params[i]
	}
	if n := len(o.Params); n > 0 && o.Params[n-1].Repeat {
		return &o.Params[n-1]
	}
	return nil
}

// widen casts a number to a wider type; anything else stays.
func widen(s string, from, to catalog.Type) string {
	if from != to && from.IsNumber() && to.IsNumber() {
		return "CAST(" + s + " AS " + sqlTypes[to] + ")"
	}
	return s
}

// expand fills a template: $1 … $9 are arguments, $* all of them, $2* those from the second on; a part in {} stands
// only if all arguments it names are there.
func expand(t string, args []string) string {
	var s strings.Builder
	for i := 0; i < len(t); i++ {
		switch c := t[i]; {
		case c == '{':
			end := strings.IndexByte(t[i:], '}') + i
			part := t[i+1 : end]
			if d := strings.LastIndexByte(part, '$'); d < 0 || int(part[d+1]-'0') <= len(args) {
				s.WriteString(expand(part, args))
			}
			i = end
		case c == '$' && i+1 < len(t) && t[i+1] == '*':
			s.WriteString(strings.Join(args, ", "))
			i++
		case c == '$' && i+1 < len(t) && t[i+1] >= '1' && t[i+1] <= '9':
			n := int(t[i+1] - '1')
			i++
			if i+1 < len(t) && t[i+1] == '*' {
				s.WriteString(strings.Join(args[min(n, len(args)):], ", "))
				i++
			} else if n < len(args) {
				s.WriteString(args[n])
			}
		default:
			s.WriteByte(c)
		}
	}
	return s.String()
}

func (l *lowerer) scalarQuery(e *plan.Scalar) (string, error) {
	b, err := l.firstColumn(e.Input)
	if err != nil {
		return "", err
	}
	b = b.wrap()
	b.limit = "1"
	s := "(" + b.sql() + ")"
	if e.Typ == catalog.String {
		s = "coalesce(" + s + ", '')"
	}
	return s, nil
}

// firstColumn lowers a subquery of which only the first column is read.
func (l *lowerer) firstColumn(n plan.Node) (*block, error) {
	cols := n.Schema()
	if len(cols) == 0 {
		return nil, fmt.Errorf("the subquery has no column: project one")
	}
	b, err := l.node(n, need{cols[0].Name: true}, everything)
	if err != nil {
		return nil, err
	}
	b = b.wrap()
	c, ok := b.cols.find(cols[0].Name)
	if !ok {
		return nil, fmt.Errorf("internal: subquery lost column %q", cols[0].Name)
	}
	b.cols, b.sel = scope{c}, []string{c.sql}
	return b, nil
}

func (l *lowerer) inQuery(e *plan.InQuery, sc scope) (string, error) {
	v, err := l.expr(e.Value, sc)
	if err != nil {
		return "", err
	}
	b, err := l.firstColumn(e.Input)
	if err != nil {
		return "", err
	}
	from, to := b.cols[0].Type, e.Value.Type()
	item := b.cols[0].sql
	// A list in one dynamic cell counts as its elements, as with a let of dynamic([…]).
	if from == catalog.Dynamic && to != catalog.Dynamic {
		item = "unnest(kql_strings(" + item + "))"
		v = tostring(v, to)
	} else if from != to && to == catalog.String {
		item = tostring(item, from)
	}
	if e.CaseInsensitive {
		v = "lower(" + v + ")"
		item = "lower(" + item + ")"
		if strings.Contains(item, "unnest(") {
			w := &block{from: "(" + (&block{from: b.wrapFrom(), cols: b.cols, sel: []string{item[len("lower(") : len(item)-1]}}).sql() + ")", cols: b.cols}
			w.sel = []string{"lower(" + b.cols[0].sql + ")"}
			return negate(e.Negated, v+" IN ("+w.sql()+")"), nil
		}
	}
	b.sel = []string{item}
	return negate(e.Negated, v+" IN ("+b.sql()+")"), nil
}

// wrapFrom is the FROM text that reads the block as it is.
func (b *block) wrapFrom() string { return b.wrap().from }

func negate(not bool, s string) string {
	if not {
		return "NOT coalesce(" + s + ", false)"
	}
	return "(" + s + ")"
}

func (l *lowerer) hasQuery(e *plan.HasQuery, sc scope) (string, error) {
	v, err := l.expr(e.Value, sc)
	if err != nil {
		return "", err
	}
	b, err := l.firstColumn(e.Input)
	if err != nil {
		return "", err
	}
	item := b.cols[0].sql
	if t := b.cols[0].Type; t == catalog.Dynamic {
		item = "unnest(kql_strings(" + item + "))"
	} else {
		item = tostring(item, t)
	}
	b.sel = []string{item}
	inner := "(SELECT list(v) FROM (" + b.sql() + ") AS s(v))"
	return termsMatch(v, inner, e.All), nil
}

// termsMatch says whether v has one or all of the terms in a VARCHAR list.
func termsMatch(v, list string, all bool) string {
	hits := "len(list_filter(" + list + ", t -> go_has(" + v + ", t)))"
	if all {
		return "(" + hits + " = len(" + list + "))"
	}
	return "(coalesce(" + hits + ", 0) > 0)"
}
