package lower

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

func lowerPackArray(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	for i := range args {
		args[i] = jsonOf(args[i], c.Args[i].Type())
	}
	return "('[' || " + strings.Join(append(interpose(args, "','"), "']'"), " || ") + ")", nil
}

// interpose puts a separator between the parts.
func interpose(parts []string, sep string) []string {
	out := make([]string, 0, 2*len(parts))
	for i, p := range parts {
		if i > 0 {
			out = append(out, sep)
		}
		out = append(out, p)
	}
	return out
}

// lowerBagPack writes keys and values in turn. pack_all(true) leaves out what is null or empty.
func lowerBagPack(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	pairs := make([]string, 0, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		key := tostring(args[i], c.Args[i].Type())
		k := "CAST(to_json(" + key + ") AS VARCHAR) || ':'"
		if t, ok := constText(c, i); ok {
			k = Text(jsonKey(t)[1:] + ":")
		}
		v := jsonOf(args[i+1], c.Args[i+1].Type())
		p := k + " || " + v
		if c.Overload.ID == "pack_all" {
			p = "CASE WHEN " + v + " NOT IN ('null', '\"\"') THEN " + p + " END"
		}
		pairs = append(pairs, p)
	}
	if len(pairs) == 0 {
		return "'{}'", nil
	}
	if c.Overload.ID == "pack_all" {
		return "('{' || concat_ws(',', " + strings.Join(pairs, ", ") + ") || '}')", nil
	}
	return "('{' || " + strings.Join(interpose(pairs, "','"), " || ") + " || '}')", nil
}

func lowerBagSetKey(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	return "go_bag_set_key(" + args[0] + ", " + args[1] + ", " + jsonOf(args[2], c.Args[2].Type()) + ")", nil
}

func lowerArrayIndexOf(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	args[1] = jsonOf(args[1], c.Args[1].Type())
	for len(args) < 5 {
		args = append(args, "NULL::BIGINT")
	}
	return "go_array_index_of(" + strings.Join(args, ", ") + ")", nil
}

func lowerSetHasElement(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	return "coalesce(list_contains(kql_elements(" + args[0] + "), " + jsonOf(args[1], c.Args[1].Type()) + "), false)", nil
}

func lowerArrayIff(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	return "go_array_iff(" + args[0] + ", " + jsonOf(args[1], c.Args[1].Type()) + ", " + jsonOf(args[2], c.Args[2].Type()) + ")", nil
}

func lowerDynamicToJSON(l *lowerer, c *plan.Call, sc scope) (string, error) {
	s, err := l.expr(c.Args[0], sc)
	if err != nil {
		return "", err
	}
	if t := c.Args[0].Type(); t != catalog.Dynamic {
		return tostring(s, t), nil
	}
	return "coalesce(go_dynamic_to_json(" + s + "), '')", nil
}

// lowerArraySort sorts several arrays by the first; a bool at the end says whether nulls come last.
func lowerArraySort(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	nullsLast, last := "true", len(args)-1
	if c.Args[last].Type() == catalog.Bool {
		nullsLast, args = args[last], args[:last]
	}
	for i := range args {
		args[i] = jsonOf(args[i], c.Args[i].Type())
	}
	return fmt.Sprintf("go_arrays_sort(kql_array([%s]), %t, %s)", strings.Join(args, ", "), c.Overload.Func.Name == "array_sort_desc", nullsLast), nil
}

func lowerArraySplit(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	return "go_array_split(" + args[0] + ", " + jsonOf(args[1], c.Args[1].Type()) + ")", nil
}

// lowerRange makes an array of evenly spaced values, at most as many as Kusto allows.
func lowerRange(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	t := c.Args[0].Type()
	for _, a := range c.Args[1:2] {
		if a.Type().IsNumber() && a.Type() > t {
			t = a.Type()
		}
	}
	if len(args) == 2 {
		switch t {
		case catalog.Datetime, catalog.Timespan:
			args = append(args, "36000000000::BIGINT")
		default:
			args = append(args, "1::BIGINT")
		}
	}
	// Each is named several times, and a lambda holds no subquery.
	simple := true
	for _, a := range c.Args {
		switch a.(type) {
		case *plan.Const, *plan.ColumnRef:
		default:
			simple = false
		}
	}
	before, after := "", ""
	if !simple {
		before = "list_transform([struct_pack(a := " + args[0] + ", b := " + args[1] + ", s := " + args[2] + ")], r -> "
		args, after = []string{"r.a", "r.b", "r.s"}, ")[1]"
	}
	list := strings.Join(args, ", ")
	switch c.Overload.ID {
	case "range.real":
		list = "list_transform(generate_series(0, kql_range_real(" + list + ")), i -> " + jsonOf(args[0]+" + i * "+args[2], catalog.Real) + ")"
	case "range.long":
		list = "list_transform(kql_range(" + list + "), i -> " + jsonOf("i", catalog.Long) + ")"
	default:
		list = "list_transform(kql_range(" + list + "), i -> " + jsonOf("i", t) + ")"
	}
	return before + "kql_array(" + list + ")" + after, nil
}

// lowerArrayShift passes what is filled in as JSON; to the right is to the left the other way.
func lowerArrayShift(sign string) lowering {
	return func(l *lowerer, c *plan.Call, sc scope) (string, error) {
		args, err := l.exprs(c.Args, sc)
		if err != nil {
			return "", err
		}
		fill := "CAST(NULL AS VARCHAR)"
		if len(args) == 3 {
			fill = jsonOf(args[2], c.Args[2].Type())
		}
		return "go_array_shift(" + args[0] + ", " + sign + "CAST(" + args[1] + " AS BIGINT), " + fill + ")", nil
	}
}

func lowerRepeat(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	return "go_repeat(" + jsonOf(args[0], c.Args[0].Type()) + ", CAST(" + args[1] + " AS BIGINT))", nil
}
