package lower

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

func lowerTerms(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	var parts []string
	for i := 1; i < len(args); i++ {
		parts = append(parts, "go_has("+args[0]+", "+args[i]+")")
	}
	return joinTerms(parts, c.Overload.ID == "has_all"), nil
}

// joinTerms joins the conditions of has_any or has_all.
func joinTerms(parts []string, all bool) string {
	if len(parts) == 0 {
		return fmt.Sprint(all)
	}
	sep := " OR "
	if all {
		sep = " AND "
	}
	return "(" + strings.Join(parts, sep) + ")"
}

func lowerTermsArray(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	all := strings.HasPrefix(c.Overload.ID, "has_all")
	if list, ok := constElements(c.Args[1]); ok {
		var parts []string
		for _, e := range list {
			if !e.null {
				parts = append(parts, "go_has("+args[0]+", "+Text(e.text)+")")
			}
		}
		return joinTerms(parts, all), nil
	}
	return termsMatch(args[0], "kql_strings("+args[1]+")", all), nil
}

func lowerStrcat(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	for i := range args {
		args[i] = tostring(args[i], c.Args[i].Type())
	}
	if c.Overload.ID == "strcat_delim" {
		return "concat_ws(" + strings.Join(args, ", ") + ")", nil
	}
	return "(" + strings.Join(args, " || ") + ")", nil
}

func lowerReverse(l *lowerer, c *plan.Call, sc scope) (string, error) {
	s, err := l.expr(c.Args[0], sc)
	return "reverse(" + tostring(s, c.Args[0].Type()) + ")", err
}

func lowerStrrep(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	v, n := tostring(args[0], c.Args[0].Type()), "greatest(0, least("+args[1]+", 1024))"
	if len(args) == 3 {
		return "substr(repeat(" + args[2] + " || " + v + ", " + n + "), length(" + args[2] + ") + 1)", nil
	}
	return "repeat(" + v + ", " + n + ")", nil
}

// lowerSubstring counts from 0; a negative start counts from the end and stops at the beginning.
func lowerSubstring(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	start := "CASE WHEN " + args[1] + " < 0 THEN greatest(length(" + args[0] + ") + " + args[1] + ", 0) ELSE " + args[1] + " END"
	if k, ok := c.Args[1].(*plan.Const); ok {
		if v, ok := k.Value.(int64); ok && v >= 0 {
			start = args[1]
		}
	}
	if len(args) == 2 {
		return "substring(" + args[0] + ", " + start + " + 1)", nil
	}
	return "substring(" + args[0] + ", " + start + " + 1, least(greatest(" + args[2] + ", 0), 4294967295))", nil
}

func lowerSplit(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	parts := splitParts(c, args)
	if len(args) == 3 {
		return "CAST(to_json(list_filter([list_extract(" + parts + ", CASE WHEN " + args[2] + " BETWEEN 0 AND 4294967295 THEN " + args[2] + " + 1 ELSE 0 END)], x -> x IS NOT NULL)) AS VARCHAR)", nil
	}
	return "CAST(to_json(" + parts + ") AS VARCHAR)", nil
}

// splitParts gives the parts of a split as a list.
func splitParts(c *plan.Call, args []string) string {
	parts := "string_split(" + args[0] + ", " + args[1] + ")"
	if d, ok := constText(c, 1); ok && d == "" || !ok {
		parts = "CASE WHEN " + args[1] + " = '' THEN [" + args[0] + "] ELSE " + parts + " END"
	}
	return parts
}

// splitPart takes split(…)[n] as a text straight from the list, as no array of JSON needs to be made for it.
func (l *lowerer) splitPart(base plan.Expr, steps []plan.Step, sc scope) (string, bool, error) {
	c, ok := base.(*plan.Call)
	if !ok || c.Overload.ID != "split" || len(c.Args) != 2 || len(steps) != 1 {
		return "", false, nil
	}
	k, ok := steps[0].Index.(*plan.Const)
	if !ok {
		return "", false, nil
	}
	n, ok := k.Value.(int64)
	if !ok {
		return "", false, nil
	}
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", false, err
	}
	if n >= 0 {
		n++
	}
	return fmt.Sprintf("list_extract(%s, %d)", splitParts(c, args), n), true, nil
}

func lowerExtract(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	if p, ok := constText(c, 0); ok {
		n, err := groups(p)
		if err != nil {
			return "", err
		}
		if k, ok := c.Args[1].(*plan.Const); ok {
			if g, ok := k.Value.(int64); !ok || g < 0 || int(g) > n {
				return "''", nil
			} else if g <= 9 {
				return fmt.Sprintf("regexp_extract(%s, %s, %d)", args[2], args[0], g), nil
			}
		}
	}
	return "go_extract(" + args[2] + ", " + args[0] + ", " + args[1] + ")", nil
}

// lowerExtractAll gives an array of texts for one group, of arrays for several.
func lowerExtractAll(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	if p, ok := constText(c, 0); ok {
		n, err := groups(p)
		if err != nil {
			return "", err
		}
		if n == 0 {
			return "", fmt.Errorf("extract_all: the regular expression %q has no group: put ( ) around the part to extract", p)
		}
		if n == 1 && len(args) == 2 {
			return "nullif(CAST(to_json(regexp_extract_all(" + args[1] + ", " + args[0] + ", 1)) AS VARCHAR), '[]')", nil
		}
	}
	if len(args) == 3 {
		return "go_extract_all(" + args[2] + ", " + args[0] + ", " + args[1] + ")", nil
	}
	return "go_extract_all(" + args[1] + ", " + args[0] + ", NULL::VARCHAR)", nil
}

func lowerExtractJSON(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	return "coalesce(CASE WHEN json_valid(" + args[1] + ") THEN json_extract_string(" + args[1] + ", " + args[0] + ") END, '')", nil
}

// lowerReplaceRegex handles both orders of arguments. Kusto's rewrite has \0 to \9 for groups, as RE2's.
func lowerReplaceRegex(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	text, re, to := args[0], args[1], args[2]
	if c.Overload.ID == "replace_regex_old" {
		re, to, text = args[0], args[1], args[2]
	}
	return "regexp_replace(" + text + ", " + re + ", " + to + ", 'g')", nil
}

// lowerHash hashes the text of a value.
func lowerHash(l *lowerer, c *plan.Call, sc scope) (string, error) {
	s, err := l.expr(c.Args[0], sc)
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(c.Overload.ID, "hash_") + "(" + tostring(s, c.Args[0].Type()) + ")", nil
}

func lowerRand(l *lowerer, c *plan.Call, sc scope) (string, error) {
	if len(c.Args) == 0 {
		return "random()", nil
	}
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	return "floor(random() * " + args[0] + ")", nil
}

// lowerRanges passes a repeated argument of texts and arrays as one JSON array.
func lowerRanges(name string) lowering {
	return func(l *lowerer, c *plan.Call, sc scope) (string, error) {
		args, err := l.exprs(c.Args, sc)
		if err != nil {
			return "", err
		}
		list := make([]string, 0, len(args)-1)
		for i := 1; i < len(args); i++ {
			list = append(list, jsonOf(args[i], c.Args[i].Type()))
		}
		return name + "(" + args[0] + ", kql_array([" + strings.Join(list, ", ") + "]))", nil
	}
}

func lowerFormatIPv4(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	prefix := "NULL::BIGINT"
	if len(args) == 2 {
		prefix = "CAST(" + args[1] + " AS BIGINT)"
	}
	return "go_" + c.Overload.ID + "(" + tostring(args[0], c.Args[0].Type()) + ", " + prefix + ")", nil
}

func lowerUserAgent(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	return "go_parse_user_agent(" + args[0] + ", " + jsonOf(args[1], c.Args[1].Type()) + ")", nil
}

func lowerMakeString(l *lowerer, c *plan.Call, sc scope) (string, error) {
	return l.jsonList("go_make_string", c, sc)
}

// jsonList calls a Go function with all arguments as one JSON array.
func (l *lowerer) jsonList(name string, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	for i := range args {
		args[i] = jsonOf(args[i], c.Args[i].Type())
	}
	return name + "(kql_array([" + strings.Join(args, ", ") + "]))", nil
}

func lowerAnomalies(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	rest := make([]string, 0, len(args))
	for i := 1; i < len(args); i++ {
		rest = append(rest, jsonOf(args[i], c.Args[i].Type()))
	}
	if len(rest) == 0 {
		return "go_series_decompose_anomalies(" + args[0] + ", '[]')", nil
	}
	return "go_series_decompose_anomalies(" + args[0] + ", kql_array([" + strings.Join(rest, ", ") + "]))", nil
}

// lowerStrcatArray joins the elements of an array; DuckDB's own joining takes a known delimiter only.
func lowerStrcatArray(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	texts := "list_transform(CAST(json_extract_string(" + args[0] + ", '$[*]') AS VARCHAR[]), x -> coalesce(x, ''))"
	if _, ok := constText(c, 1); ok {
		return "coalesce(array_to_string(" + texts + ", " + args[1] + "), '')", nil
	}
	return "coalesce(CASE WHEN len(" + texts + ") > 0 THEN list_reduce(" + texts + ", (a, b) -> a || " + args[1] + " || b) END, '')", nil
}

// lowerRoundDecimal rounds a decimal; DuckDB does so to a known number of digits only.
func lowerRoundDecimal(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	rounded := func(n int) string { return fmt.Sprintf("CAST(round(%s, %d) AS DECIMAL(38,10))", args[0], n) }
	if len(args) == 1 {
		return rounded(0), nil
	}
	if k, ok := c.Args[1].(*plan.Const); ok {
		n, _ := k.Value.(int64)
		if k.Value == nil {
			return null(catalog.Decimal), nil
		}
		return rounded(int(max(-38, min(n, 38)))), nil
	}
	const digits = 10 // after the point, of Nordlys's decimals
	var b strings.Builder
	fmt.Fprintf(&b, "CASE WHEN %s >= %d THEN %s", args[1], digits, args[0])
	for n := digits - 1; n > -28; n-- {
		fmt.Fprintf(&b, " WHEN %s = %d THEN %s", args[1], n, rounded(n))
	}
	fmt.Fprintf(&b, " WHEN %s IS NOT NULL THEN CAST(0 AS DECIMAL(38,10)) END", args[1])
	return b.String(), nil
}
