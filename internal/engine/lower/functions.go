package lower

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp/syntax"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// lowering is the Go code that makes the SQL of one or more overloads.
type lowering func(l *lowerer, c *plan.Call, sc scope) (string, error)

// newLowerings lists the overloads whose SQL depends on the types or the constant values of the arguments.
func newLowerings() map[string]lowering {
	m := map[string]lowering{
		"add.long": lowerArithmetic, "sub.long": lowerArithmetic, "mul.long": lowerArithmetic, "neg.long": lowerArithmetic,
		"add.timespan": lowerArithmetic, "sub.timespan": lowerArithmetic, "neg.timespan": lowerArithmetic, "mod.long": lowerModulo, "mod.timespan": lowerModulo,
		"and": lowerAnd, "or": lowerOr,
		"eq": lowerEqual, "ne": lowerNotEqual, "lt": lowerCompare("<"), "le": lowerCompare("<="), "gt": lowerCompare(">"), "ge": lowerCompare(">="),
		"between": lowerBetween, "!between": lowerBetween, "between.datetime": lowerBetween, "!between.datetime": lowerBetween,
		"in": lowerIn, "!in": lowerIn, "in~": lowerIn, "!in~": lowerIn,
		"in.array": lowerInArray, "!in.array": lowerInArray, "in~.array": lowerInArray, "!in~.array": lowerInArray,
		"has_any": lowerTerms, "has_all": lowerTerms, "has_any.array": lowerTermsArray, "has_all.array": lowerTermsArray,
		"case": lowerCase, "coalesce": lowerCoalesce,
		"isnull": lowerIsNull, "isnotnull": lowerIsNull, "isempty": lowerIsEmpty, "isnotempty": lowerIsEmpty,
		"gettype": lowerGetType, "now": lowerNow, "ago": lowerNow, "ingestion_time": lowerIngestionTime,
		"strcat_array": lowerStrcatArray, "round.decimal": lowerRoundDecimal, "strcat": lowerStrcat, "strcat_delim": lowerStrcat, "reverse": lowerReverse, "strrep": lowerStrrep,
		"substring": lowerSubstring, "split": lowerSplit,
		"extract": lowerExtract, "extract_all": lowerExtractAll, "extract_all.groups": lowerExtractAll, "extract_json": lowerExtractJSON,
		"replace_regex": lowerReplaceRegex, "replace_regex_old": lowerReplaceRegex,
		"hash_sha256": lowerHash, "hash_md5": lowerHash, "hash_sha1": lowerHash, "hash": lowerHash64, "hash_combine": lowerHashCombine, "hash_many": lowerHashCombine, "rand": lowerRand,
		"pack_array": lowerPackArray, "bag_pack": lowerBagPack, "bag_pack_columns": lowerBagPack, "pack_all": lowerBagPack,
		"bag_set_key": lowerBagSetKey, "array_index_of": lowerArrayIndexOf, "set_has_element": lowerSetHasElement,
		"array_iff": lowerArrayIff, "dynamic_to_json": lowerDynamicToJSON, "array_sort_asc.several": lowerArraySort, "array_sort_desc.several": lowerArraySort, "array_split": lowerArraySplit, "make_string": lowerMakeString,
		"bin.long": lowerBin, "bin.datetime": lowerBin, "bin.timespan": lowerBin, "bin.datetimelong": lowerBin,
		"bin_at.long": lowerBin, "bin_at.datetime": lowerBin, "bin_at.timespan": lowerBin,
		"range.real": lowerRange, "range.datetime": lowerRange, "range.timespan": lowerRange, "range.long": lowerRange,
		"datetime_diff": lowerDatetimeDiff, "datetime_add": lowerDatetimeAdd, "datetime_part": lowerDatetimePart, "make_timespan": lowerMakeTimespan,
		"ipv4_is_in_any_range": lowerRanges("go_ipv4_is_in_any_range"), "ipv6_is_in_any_range": lowerRanges("go_ipv6_is_in_any_range"),
		"has_any_ipv4": lowerRanges("go_has_any_ipv4"), "has_any_ipv4_prefix": lowerRanges("go_has_any_ipv4_prefix"),
		"format_ipv4": lowerFormatIPv4, "format_ipv4_mask": lowerFormatIPv4,
		"geo_info_from_ip_address": lowerGeoInfo, "parse_user_agent": lowerUserAgent, "series_decompose_anomalies": lowerAnomalies,
		"indexof": lowerPadded("go_indexof", 5), "countof": lowerPadded("go_countof", 3), "tohex": lowerPadded("go_tohex", 2), "tohex.int": lowerTohexInt,
		"format_bytes": lowerPadded("go_format_bytes", 3), "make_datetime": lowerPadded("go_make_datetime", 6),
		"ipv4_is_match": lowerPadded("go_ipv4_is_match", 3), "ipv4_compare": lowerPadded("go_ipv4_compare", 3), "ipv6_is_match": lowerPadded("go_ipv6_is_match", 3), "ipv6_compare": lowerPadded("go_ipv6_compare", 3), "indexof_regex": lowerPadded("go_indexof_regex", 5),
		"array_shift_left": lowerArrayShift(""), "array_shift_right": lowerArrayShift("-"), "repeat": lowerRepeat, "rank_tdigest": lowerRankDigest, "percentrank_tdigest": lowerRankDigest, "estimate_data_size": lowerDataSize,
	}
	addSeriesLowerings(m)
	addGeoLowerings(m)
	return m
}

// lowerPadded calls a Go function of n parameters, with NULL for optional arguments that were not given.
func lowerPadded(name string, n int) lowering {
	return func(l *lowerer, c *plan.Call, sc scope) (string, error) {
		args, err := l.typedArgs(c, sc)
		if err != nil {
			return "", err
		}
		for i := len(args); i < n; i++ {
			args = append(args, "CAST(NULL AS "+sqlTypes[param(c.Overload, i).Type]+")")
		}
		return name + "(" + strings.Join(args, ", ") + ")", nil
	}
}

// lowerGeoInfo notes that the query needs data of others.
func lowerGeoInfo(l *lowerer, c *plan.Call, sc scope) (string, error) {
	l.needsPlaces = true
	s, err := l.expr(c.Args[0], sc)
	return "go_geo_info(" + s + ")", err
}

// lowerTohexInt writes an int as 32 bits.
func lowerTohexInt(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	length := "NULL::BIGINT"
	if len(args) == 2 {
		length = "CAST(" + args[1] + " AS BIGINT)"
	}
	return "go_tohex(CAST(" + args[0] + " AS BIGINT) & 4294967295, " + length + ")", nil
}

func lowerAnd(l *lowerer, c *plan.Call, sc scope) (string, error) { return l.junction(c, sc, " AND ") }
func lowerOr(l *lowerer, c *plan.Call, sc scope) (string, error)  { return l.junction(c, sc, " OR ") }

// junction flattens a chain of one connective, which keeps long rules from nesting deeply.
func (l *lowerer) junction(c *plan.Call, sc scope, sep string) (string, error) {
	var parts []string
	var gather func(e plan.Expr) error
	gather = func(e plan.Expr) error {
		if k, ok := e.(*plan.Call); ok && k.Overload.ID == c.Overload.ID {
			for _, a := range k.Args {
				if err := gather(a); err != nil {
					return err
				}
			}
			return nil
		}
		s, err := l.expr(e, sc)
		parts = append(parts, s)
		return err
	}
	if err := gather(c); err != nil {
		return "", err
	}
	return "(" + strings.Join(parts, sep) + ")", nil
}

// operands lowers both sides of a comparison and brings numbers to one type.
func (l *lowerer) operands(c *plan.Call, sc scope) ([]string, catalog.Type, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return nil, 0, err
	}
	t := c.Args[0].Type()
	for _, a := range c.Args[1:] {
		if u := a.Type(); t == catalog.Unknown || t.IsNumber() && u.IsNumber() && u > t {
			t = u
		}
	}
	for i := range args {
		args[i] = widen(args[i], c.Args[i].Type(), t)
	}
	return args, t, nil
}

func lowerCompare(op string) lowering {
	return func(l *lowerer, c *plan.Call, sc scope) (string, error) {
		args, _, err := l.operands(c, sc)
		if err != nil {
			return "", err
		}
		return "(" + args[0] + " " + op + " " + args[1] + ")", nil
	}
}

// lowerEqual gives false where one side is null and null where both are; a condition of where needs no such care.
func lowerEqual(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, t, err := l.operands(c, sc)
	if err != nil {
		return "", err
	}
	switch {
	case t == catalog.String:
		return "(" + args[0] + " = " + args[1] + ")", nil
	case isValue(c.Args[0]) || isValue(c.Args[1]):
		return "(" + args[0] + " IS NOT DISTINCT FROM " + args[1] + ")", nil
	}
	return "CASE WHEN " + args[0] + " IS NOT NULL OR " + args[1] + " IS NOT NULL THEN " + args[0] + " IS NOT DISTINCT FROM " + args[1] + " END", nil
}

// isValue says whether e is a constant that is not null.
func isValue(e plan.Expr) bool {
	c, ok := e.(*plan.Const)
	return ok && c.Value != nil
}

// lowerNotEqual gives true where one side is null and null where both are.
func lowerNotEqual(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, t, err := l.operands(c, sc)
	if err != nil {
		return "", err
	}
	switch {
	case t == catalog.String:
		return "(" + args[0] + " <> " + args[1] + ")", nil
	case isValue(c.Args[0]) || isValue(c.Args[1]):
		return "(" + args[0] + " IS DISTINCT FROM " + args[1] + ")", nil
	}
	return "CASE WHEN " + args[0] + " IS NOT NULL OR " + args[1] + " IS NOT NULL THEN " + args[0] + " IS DISTINCT FROM " + args[1] + " END", nil
}

func lowerBetween(l *lowerer, c *plan.Call, sc scope) (string, error) {
	id := c.Overload.ID
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	if strings.HasSuffix(id, ".datetime") {
		args[2] = "(" + args[1] + " + " + args[2] + ")"
	} else if args, _, err = l.operands(c, sc); err != nil {
		return "", err
	}
	s := "(" + args[0] + " BETWEEN " + args[1] + " AND " + args[2] + ")"
	if id[0] == '!' {
		return "(NOT " + s + ")", nil
	}
	return s, nil
}

// lowerIn gives false, not null, for a null: in is a chain of equalities.
func lowerIn(l *lowerer, c *plan.Call, sc scope) (string, error) {
	s, err := l.inList(c, sc)
	if err == nil && c.Overload.ID[0] != '!' && c.Args[0].Type() != catalog.String {
		s = "coalesce(" + s + ", false)"
	}
	return s, err
}

// inList is lowerIn where null and false mean the same.
func (l *lowerer) inList(c *plan.Call, sc scope) (string, error) {
	id := c.Overload.ID
	if len(c.Args) == 1 {
		return negate(id[0] == '!', "false"), nil
	}
	args, _, err := l.operands(c, sc)
	if err != nil {
		return "", err
	}
	if strings.HasSuffix(id, "~") {
		for i := range args {
			args[i] = lowerText(c.Args[i], args[i])
		}
	}
	s := args[0] + " IN (" + strings.Join(args[1:], ", ") + ")"
	if c.Args[0].Type() == catalog.String && id[0] == '!' {
		return "(NOT " + s + ")", nil
	}
	return negate(id[0] == '!', s), nil
}

// lowerText is lower() of a text, done here where the text is known.
func lowerText(e plan.Expr, sql string) string {
	if k, ok := e.(*plan.Const); ok {
		if v, ok := k.Value.(string); ok && isASCII(v) {
			return Text(strings.ToLower(v))
		}
	}
	return "lower(" + sql + ")"
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func lowerInArray(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	id := c.Overload.ID
	if list, ok := constElements(c.Args[1]); ok {
		if s, ok := inConstants(args[0], c.Args[0].Type(), list, strings.Contains(id, "~")); ok {
			return negate(id[0] == '!', s), nil
		}
	}
	t := c.Args[0].Type()
	v, list := tostring(args[0], t), "kql_strings("+args[1]+")"
	switch {
	case t == catalog.Bool:
		v = jsonOf(args[0], t)
	case t.IsNumber(): // 3 and 3.0 are equal, which their texts are not
		as := "DECIMAL(38,10)"
		if t == catalog.Real {
			as = "DOUBLE"
		}
		v, list = "CAST("+args[0]+" AS "+as+")", "list_transform("+list+", x -> TRY_CAST(x AS "+as+"))"
	case strings.Contains(id, "~"):
		v, list = "lower("+v+")", "list_transform("+list+", x -> lower(x))"
	}
	return negate(id[0] == '!', "coalesce(list_contains("+list+", "+v+"), false)"), nil
}

// element is one element of a constant array.
type element struct {
	text  string // as tostring gives it
	whole string // the digits of a whole number, also of 3.0 and "3"; "" for anything else
	null  bool
}

// constElements takes a constant array apart.
func constElements(e plan.Expr) ([]element, bool) {
	k, ok := e.(*plan.Const)
	if !ok {
		return nil, false
	}
	text, ok := k.Value.(string)
	var raws []json.RawMessage
	if !ok || json.Unmarshal([]byte(text), &raws) != nil {
		return nil, false
	}
	out := make([]element, len(raws))
	for i, r := range raws {
		v := element{text: string(r), null: string(r) == "null"}
		if r[0] == '"' && json.Unmarshal(r, &v.text) != nil {
			return nil, false
		}
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			v.whole = strconv.FormatInt(n, 10)
		} else if f, err := strconv.ParseFloat(v.text, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			v.whole = strconv.FormatInt(int64(f), 10)
		}
		out[i] = v
	}
	return out, true
}

// inConstants compares a string or whole number with the elements of a constant array; ok is false for other types.
func inConstants(v string, t catalog.Type, list []element, ignoreCase bool) (sql string, ok bool) {
	if t != catalog.String && !t.IsInteger() {
		return "", false
	}
	var items []string
	for _, e := range list {
		switch {
		case e.null:
		case t.IsInteger() && e.whole == "":
		case t.IsInteger():
			items = append(items, e.whole+"::BIGINT")
		case ignoreCase && !isASCII(e.text):
			items = append(items, "lower("+Text(e.text)+")")
		case ignoreCase:
			items = append(items, Text(strings.ToLower(e.text)))
		default:
			items = append(items, Text(e.text))
		}
	}
	if len(items) == 0 {
		return "false", true
	}
	if ignoreCase {
		v = "lower(" + v + ")"
	}
	s := v + " IN (" + strings.Join(items, ", ") + ")"
	if t != catalog.String {
		s = "coalesce(" + s + ", false)"
	}
	return s, true
}

func lowerCase(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	var s strings.Builder
	s.WriteString("CASE")
	for i := 0; i+1 < len(args); i += 2 {
		s.WriteString(" WHEN " + args[i] + " THEN " + widen(args[i+1], c.Args[i+1].Type(), c.Typ))
	}
	last := len(args) - 1
	s.WriteString(" ELSE " + widen(args[last], c.Args[last].Type(), c.Typ) + " END")
	return s.String(), nil
}

func lowerCoalesce(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	if c.Typ == catalog.String {
		for i := range args {
			args[i] = "nullif(" + args[i] + ", '')"
		}
		args = append(args, "''")
	}
	return "coalesce(" + strings.Join(args, ", ") + ")", nil
}

func lowerIsNull(l *lowerer, c *plan.Call, sc scope) (string, error) {
	not := c.Overload.ID == "isnotnull"
	if c.Args[0].Type() == catalog.String {
		return fmt.Sprint(not), nil
	}
	s, err := l.expr(c.Args[0], sc)
	if not {
		return "(" + s + " IS NOT NULL)", err
	}
	return "(" + s + " IS NULL)", err
}

func lowerIsEmpty(l *lowerer, c *plan.Call, sc scope) (string, error) {
	not := c.Overload.ID == "isnotempty"
	if p, ok := c.Args[0].(*plan.Path); ok {
		s, err := l.path(p, sc, "json_extract_string")
		if not {
			return "(coalesce(" + s + ", '') <> '')", err
		}
		return "(coalesce(" + s + ", '') = '')", err
	}
	s, err := l.expr(c.Args[0], sc)
	if err != nil {
		return "", err
	}
	switch c.Args[0].Type() {
	case catalog.String:
		if not {
			return "(" + s + " <> '')", nil
		}
		return "(" + s + " = '')", nil
	case catalog.Dynamic:
		if not {
			return "(coalesce(" + s + ", '\"\"') <> '\"\"')", nil
		}
		return "(coalesce(" + s + ", '\"\"') = '\"\"')", nil
	}
	if not {
		return "(" + s + " IS NOT NULL)", nil
	}
	return "(" + s + " IS NULL)", nil
}

func lowerGetType(l *lowerer, c *plan.Call, sc scope) (string, error) {
	t := c.Args[0].Type()
	if t != catalog.Dynamic {
		return Text(t.String()), nil
	}
	s, err := l.expr(c.Args[0], sc)
	return "CASE json_type(" + s + ") WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool' WHEN 'DOUBLE' THEN 'real' WHEN 'UBIGINT' THEN 'long' WHEN 'BIGINT' THEN 'long' ELSE 'null' END", err
}

func lowerNow(l *lowerer, c *plan.Call, sc scope) (string, error) {
	now := fmt.Sprintf("%d::BIGINT", Ticks(l.opt.Now))
	if len(c.Args) == 0 {
		return now, nil
	}
	s, err := l.expr(c.Args[0], sc)
	if c.Overload.ID == "ago" {
		return "(" + now + " - " + s + ")", err
	}
	return "(" + now + " + " + s + ")", err
}

func lowerIngestionTime(_ *lowerer, _ *plan.Call, sc scope) (string, error) {
	if c, ok := sc.find(receivedColumn); ok {
		return c.sql, nil
	}
	return null(catalog.Datetime), nil
}

// constText gives the value of a constant string argument.
func constText(c *plan.Call, i int) (string, bool) {
	if i >= len(c.Args) {
		return "", false
	}
	k, ok := c.Args[i].(*plan.Const)
	if !ok {
		return "", false
	}
	s, ok := k.Value.(string)
	return s, ok
}

// groups counts the capturing groups of a regular expression.
func groups(pattern string) (int, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, fmt.Errorf("regular expression %q: %v", pattern, err)
	}
	return re.MaxCap(), nil
}
