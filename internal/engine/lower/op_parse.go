package lower

import (
	"fmt"
	"regexp"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// typePatterns are what a typed column matches in a simple or relaxed pattern.
var typePatterns = map[catalog.Type]string{
	catalog.Long: `\s*[-+]?[0-9]+`, catalog.Int: `\s*[-+]?[0-9]+`,
	catalog.Real: `\s*[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?`, catalog.Decimal: `\s*[-+]?[0-9]*\.?[0-9]+`,
	catalog.Bool: `(?i:true|false|0|1)`,
	catalog.Guid: `[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}`,
}

// parse lowers parse and parse-where: the pattern becomes one regular expression with a group per column.
func (l *lowerer) parse(n *plan.Parse, nd need) (*block, error) {
	re, cols, err := parsePattern(n)
	if err != nil {
		return nil, err
	}
	childNeed := need{}.exprNeeds(n.Source)
	fresh := map[string]int{}
	for i, c := range cols {
		fresh[c.Name] = i
	}
	for _, c := range n.Schema() {
		if _, isNew := fresh[c.Name]; !isNew && nd.has(c.Name) {
			childNeed[c.Name] = true
		}
	}
	b, err := l.node(n.Input, childNeed, everything)
	if err != nil {
		return nil, err
	}
	b = b.wrap()
	src, err := l.expr(n.Source, b.cols)
	if err != nil {
		return nil, err
	}
	if len(cols) == 0 {
		if n.Where {
			b.where = append(b.where, "regexp_matches("+src+", "+Text(re)+")")
		}
		return b, nil
	}
	names := make([]string, len(cols))
	for i := range cols {
		names[i] = fmt.Sprintf("'c%d'", i)
	}
	// A struct of all groups, computed once for each row.
	const parsed = `"$parsed"`
	inner := make([]string, 0, len(b.cols)+1)
	for _, c := range b.cols {
		inner = append(inner, c.sql)
	}
	inner = append(inner, fmt.Sprintf("regexp_extract(%s, %s, [%s]) AS %s", src, Text(re), strings.Join(names, ", "), parsed))
	from := "SELECT " + strings.Join(inner, ", ")
	if b.from != "" {
		from += " FROM " + b.from
	}
	if n.Where {
		from += " WHERE regexp_matches(" + src + ", " + Text(re) + ")"
	}
	values := make([]string, len(cols))
	var checks []string
	for i, c := range cols {
		text := fmt.Sprintf("%s.c%d", parsed, i)
		values[i] = text
		if c.Type != catalog.String {
			values[i] = convert(text, catalog.String, c.Type)
			checks = append(checks, values[i]+" IS NOT NULL")
		}
	}
	// In simple mode one column that does not convert leaves all of them empty.
	if n.Mode == plan.ParseSimple && len(checks) > 0 {
		all := strings.Join(checks, " AND ")
		for i, c := range cols {
			if c.Type == catalog.String {
				values[i] = "CASE WHEN " + all + " THEN " + values[i] + " ELSE '' END"
			} else if len(checks) > 1 {
				values[i] = "CASE WHEN " + all + " THEN " + values[i] + " END"
			}
		}
	}
	var outCols []plan.Column
	var sel []string
	for _, c := range n.Schema() {
		if i, isNew := fresh[c.Name]; isNew {
			outCols, sel = append(outCols, cols[i]), append(sel, values[i])
		} else if nd.has(c.Name) {
			old, _ := b.cols.find(c.Name)
			outCols, sel = append(outCols, c), append(sel, old.sql)
		}
	}
	return &block{from: "(" + from + ")", cols: newScope(outCols), sel: sel, ordered: b.ordered}, nil
}

// parsePattern writes the regular expression of a parse pattern. Simple and relaxed patterns must match the whole text
// unless they begin or end with a star; a column runs to the next literal text.
func parsePattern(n *plan.Parse) (string, []plan.Column, error) {
	var re strings.Builder
	var cols []plan.Column
	flags := "s"
	if n.Mode == plan.ParseRegex {
		flags = ""
		for _, f := range n.Flags {
			switch f {
			case 'i', 'm', 's', 'U':
				flags += string(f)
			default:
				return "", nil, fmt.Errorf("parse: unknown flag %q: use i, m, s or U", f)
			}
		}
	}
	if flags != "" {
		re.WriteString("(?" + flags + ")")
	}
	re.WriteString("^")
	for i, p := range n.Parts {
		last := i == len(n.Parts)-1
		switch {
		case p.Star:
			re.WriteString(".*?")
			if last {
				re.WriteString("$")
			}
		case p.Column != nil:
			cols = append(cols, *p.Column)
			typ, typed := typePatterns[p.Column.Type]
			switch {
			case typed && n.Mode != plan.ParseRegex:
				re.WriteString("(" + typ + ")")
			case last:
				re.WriteString("(.*)")
			default:
				re.WriteString("(.*?)")
			}
		case n.Mode == plan.ParseRegex:
			re.WriteString(p.Text)
		default:
			re.WriteString(regexp.QuoteMeta(p.Text))
		}
	}
	if n.Mode != plan.ParseRegex {
		re.WriteString("$")
	}
	pattern := re.String()
	if n.Mode == plan.ParseRegex {
		caps, err := groups(pattern)
		if err != nil {
			return "", nil, err
		}
		if caps != len(cols) {
			return "", nil, fmt.Errorf("parse kind=regex: the pattern has %d groups of its own: write them as (?:…)", caps-len(cols))
		}
	}
	return pattern, cols, nil
}
