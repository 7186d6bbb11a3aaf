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
	pattern, err := parsePattern(n)
	if err != nil {
		return nil, err
	}
	re, cols := pattern.re, pattern.columns
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
	// A struct of all groups, computed once for each row.
	const parsed = `"$parsed"`
	inner := make([]string, 0, len(b.cols)+1)
	for _, c := range b.cols {
		inner = append(inner, c.sql)
	}
	inner = append(inner, fmt.Sprintf("regexp_extract(%s, %s, [%s]) AS %s", src, Text(re), strings.Join(pattern.groups, ", "), parsed))
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
	if n.Where && len(checks) > 0 {
		from = "SELECT * FROM (" + from + ") WHERE " + strings.Join(checks, " AND ")
	}
	// In simple mode one column that does not convert leaves all of them empty.
	if n.Mode == plan.ParseSimple && !n.Where && len(checks) > 0 {
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

// pattern is the regular expression of a parse operator. groups names its capturing groups in order, as SQL literals:
// c0, c1… those of the columns, u… those that a regex pattern has of its own.
type pattern struct {
	re      string
	columns []plan.Column
	groups  []string
}

// parsePattern writes the regular expression of a parse operator. The pattern must match from the start of the text, a
// simple or relaxed one to its end, unless a star stands there; in those two modes a column runs to the next text, in
// regex mode stars and columns take as much as they can unless the flag U turns that round.
func parsePattern(n *plan.Parse) (pattern, error) {
	var p pattern
	var re strings.Builder
	isRegex := n.Mode == plan.ParseRegex
	flags := "s"
	if isRegex {
		flags = ""
		for _, f := range n.Flags {
			if !strings.ContainsRune("imsU", f) {
				return p, fmt.Errorf("parse: unknown flag %q: use i, m, s or U", f)
			}
			flags += string(f)
		}
	}
	if flags != "" {
		re.WriteString("(?" + flags + ")")
	}
	re.WriteString("^")
	for i, part := range n.Parts {
		switch {
		case part.Star && isRegex:
			re.WriteString(".*")
		case part.Star:
			re.WriteString(".*?")
		case part.Column != nil:
			p.groups = append(p.groups, fmt.Sprintf("'c%d'", len(p.columns)))
			p.columns = append(p.columns, *part.Column)
			re.WriteString("(" + columnPattern(n.Mode, part.Column.Type, i == len(n.Parts)-1) + ")")
		case isRegex:
			own, err := groups(part.Text)
			if err != nil {
				return p, fmt.Errorf("parse kind=regex: %w", err)
			}
			for range own {
				p.groups = append(p.groups, fmt.Sprintf("'u%d'", len(p.groups)))
			}
			re.WriteString(part.Text)
		default:
			re.WriteString(regexp.QuoteMeta(part.Text))
		}
	}
	if !isRegex {
		re.WriteString("$")
	}
	p.re = re.String()
	return p, nil
}

// columnPattern is what a column of a parse pattern matches.
func columnPattern(mode plan.ParseMode, t catalog.Type, last bool) string {
	typ, typed := typePatterns[t]
	switch {
	case typed && mode != plan.ParseRelaxed:
		return typ
	case mode == plan.ParseRegex:
		return ".*"
	case typed:
		return typ + "|.*?"
	case last:
		return ".*"
	}
	return ".*?"
}
