package enginetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"nordlys/internal/engine"
	"nordlys/internal/kql"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/syntax"
)

// Laws makes a random pipeline from the seed, with columns of every type, values at the edges of each, and calls of any
// function of the catalogue, and checks what must hold for every pipeline. A query that the language refuses shows
// nothing and is passed over; one that the engine cannot run is a failure, since every error a user can cause has a
// message of its own.
func Laws(t testing.TB, e engine.Engine, seed uint64) (checked int) {
	g := &generator{r: rand.New(rand.NewPCG(seed, 1))}
	p := g.pipeline()
	predicate := g.expr(catalog.Bool, 2)
	key := g.columns[g.r.IntN(len(g.columns))]
	by := key.name
	if key.typ == catalog.Dynamic {
		by = "k_ = tostring(" + by + ")"
	}
	laws := []law{
		{"where true is identity", p, p + " | where true"},
		{"p, not p and null are all", p + " | count", fmt.Sprintf("union (%[1]s | where %[2]s), (%[1]s | where not(%[2]s)), (%[1]s | where isnull(%[2]s)) | count", p, predicate)},
		{"union adds", fmt.Sprintf("union (%[1]s), (%[1]s) | count", p), p + " | count | project Count = Count * 2"},
		{"groups add up", p + " | summarize n = count() by " + by + " | summarize n = sum(n)", p + " | summarize n = count()"},
		{"distinct is grouping", p + " | summarize by " + by, p + " | extend " + by + " | distinct " + nameOf(by)},
		{"sort and take is top", p + " | sort by id asc, " + orderable(g.columns) + " | take 3 | project id", p + " | top 3 by id asc | project id"},
		{"extend and project-away is identity", p, p + " | extend x_ = " + g.expr(g.anyType(), 2) + " | project-away x_"},
		{"filters join by and", p + " | where " + predicate + " | where isnotnull(id)", p + " | where (" + predicate + ") and isnotnull(id)"},
		{"materialize changes nothing", p, "let m_ = materialize(" + p + "); m_"},
		{"printing changes nothing", p, formatted(p)},
		{"a let function is its body", p, "let f_ = () { " + p + " }; f_()"},
		{"join with itself by id keeps ids", p + " | distinct id | where isnotnull(id) | sort by id asc", p + " | join kind=leftsemi (" + p + " | project id) on id | distinct id | sort by id asc"},
	}
	more := append(g.aggregateLaws(p, by, predicate), g.windowLaws(p)...)
	g.r.Shuffle(len(more), func(i, j int) { more[i], more[j] = more[j], more[i] })
	laws = append(laws, more[:lawsOfValues]...)
	for _, law := range laws {
		left, ok := g.ask(t, e, law.left)
		if !ok {
			continue
		}
		right, ok := g.ask(t, e, law.right)
		if !ok {
			continue
		}
		checked++
		if !slices.Equal(left, right) {
			t.Errorf("seed %d: %s\n%s\n  gives %q\n%s\n  gives %q", seed, law.name, law.left, left, law.right, right)
		}
	}
	return checked
}

// lawsOfValues is how many of the laws of aggregates and windows, drawn by lot, one pipeline is tried on.
const lawsOfValues = 8

// law says that two queries have the same rows.
type law struct{ name, left, right string }

// aggregateLaws are those of summarize. What is summed is rounded, as the order of additions is open.
func (g *generator) aggregateLaws(p, by, predicate string) []law {
	key := nameOf(by)
	x, real, any := g.expr(catalog.Long, 1), g.expr(catalog.Real, 1), g.expr(g.anyOrderable(), 1)
	of := func(query string) string { return p + " | extend v = " + query }
	same := func(name, e, left, right string) law {
		return law{name, of(e) + " | summarize r = " + left, of(e) + " | summarize r = " + right}
	}
	grouped := func(name, e, left, right string) law {
		return law{name, of(e) + " | summarize r = " + left + " by " + by, of(e) + " | summarize r = " + right + " by " + by}
	}
	const tidy = " | where isfinite(v) and abs(v) < 1e6 and (abs(v) > 1e-6 or v == 0)"
	return []law{
		{"sums of groups add up", of(x) + " | summarize s = sum(v) by " + by + " | summarize r = sum(s)", of(x) + " | summarize r = sum(v)"},
		{"distinct values are counted", of(any) + " | where isnotempty(tostring(v)) | summarize r = dcount(v)", of(any) + " | where isnotempty(tostring(v)) | distinct v | summarize r = count()"},
		{"the greatest is the first", of(x) + " | summarize r = max(v) | where isnotnull(r)", of(x) + " | where isnotnull(v) | top 1 by v | project r = v"},
		{"arg_max has the greatest", of(x) + " | summarize r = max(v) by " + by, of(x) + " | summarize arg_max(v, id) by " + by + " | project " + key + ", r = v"},
		{"arg_min has the least", of(x) + " | summarize r = min(v) by " + by, of(x) + " | summarize arg_min(v, id) by " + by + " | project " + key + ", r = v"},
		{"arg_max gives a row that there is", of(x) + " | where isnotnull(v) | summarize arg_max(v, id) | where isnotnull(id) | project id, v | join kind=leftanti (" + of(x) + ") on id, v | count", p + " | take 0 | count"},
		grouped("sumif is sum where", x, "sumif(v, "+predicate+")", "sum(iff("+predicate+", v, long(0)))"),
		grouped("countif is a sum of ones", x, "countif("+predicate+")", "sum(iff("+predicate+", 1, 0))"),
		same("a set has the distinct values", x, "array_length(make_set(v))", "dcount(v)"),
		grouped("a list has all values", x, "array_length(make_list(v))", "countif(isnotnull(v))"),
		grouped("a list with nulls has all rows", x, "array_length(make_list_with_nulls(v))", "count()"),
		grouped("percentile 0 and 100 are the ends", x, "strcat(percentile(v, 0), '/', percentile(v, 100))", "strcat(min(v), '/', max(v))"),
		grouped("percentiles are percentile", x, "percentiles(v, 50)", "percentile(v, 50)"),
		grouped("dcountif is dcount where", x, "dcountif(v, "+predicate+")", "dcount(iff("+predicate+", v, long(null)))"),
		grouped("maxif is max where", x, "maxif(v, "+predicate+")", "max(iff("+predicate+", v, long(null)))"),
		grouped("take_any is one of the set", x, "set_has_element(make_set(v), take_any(v)) or isnull(take_any(v))", "count() >= 0"),
		grouped("binary_all_xor twice is nothing", x, "binary_xor(binary_all_xor(v), binary_all_xor(v))", "iff(isnull(max(v)), long(null), long(0))"),
		{"avg is sum by count", of(real) + tidy + " | summarize s = sum(v), n = countif(isnotnull(v)), a = avg(v) by " + by + " | where n > 0 | project r = abs(a - s / n) < 1e-6", of(real) + tidy + " | summarize n = countif(isnotnull(v)) by " + by + " | where n > 0 | project r = true"},
		{"variance is the square of stdev", of(real) + tidy + " | summarize s = stdev(v), w = variance(v) by " + by + " | project r = abs(s * s - w) < 1e-3 * (1 + w)", of(real) + tidy + " | summarize by " + by + " | project r = true"},
		{"stdevp is at most stdev", of(real) + tidy + " | summarize s = stdev(v), t = stdevp(v), n = count() by " + by + " | where n > 1 | project r = t <= s + 1e-9", of(real) + tidy + " | summarize n = count() by " + by + " | where n > 1 | project r = true"},
		{"mv-expand undoes make_list", of(x) + " | where isnotnull(v) | summarize l = make_list(v) by " + by + " | mv-expand v = l to typeof(long) | project v", of(x) + " | where isnotnull(v) | project v"},
		{"mv-apply counts elements", of(x) + " | where isnotnull(v) | summarize l = make_list(v) by " + by + " | mv-apply e = l to typeof(long) on (summarize n = count()) | project n", of(x) + " | where isnotnull(v) | summarize n = count() by " + by + " | project n"},
		{"partition is where", of(x) + " | partition by id (summarize r = max(v), n = count() by id) | project id, r, n", of(x) + " | summarize r = max(v), n = count() by id | project id, r, n"},
	}
}

// windowLaws are those of the functions over rows in an order. The order is made complete by all columns that can be.
func (g *generator) windowLaws(p string) []law {
	x, real := g.expr(catalog.Long, 1), g.expr(catalog.Real, 1)
	order := " | sort by id asc, v asc | serialize"
	of := func(e string) string { return p + " | extend v = " + e + " | project id, v" + order }
	const tidy = " | where isfinite(v) and abs(v) < 1e6"
	return []law{
		{"the last sum is the sum", of(x) + " | extend v = coalesce(v, 0) | serialize s = row_cumsum(v), n = row_number() | summarize arg_max(n, s) | project s", of(x) + " | extend v = coalesce(v, 0) | summarize s = sum(v), n = count() | where n > 0 | union (" + of(x) + " | count | where Count == 0 | project s = long(null)) | project s"},
		{"rows are numbered to the last", of(x) + " | extend n = row_number() | summarize r = coalesce(max(n), 0)", of(x) + " | summarize r = count()"},
		{"prev of next is the row", of(x) + " | extend w = next(v) | extend w = prev(w), n = row_number() | where n > 1 | project w", of(x) + " | extend n = row_number() | where n > 1 | project w = v"},
		{"prev by two is prev of prev", of(x) + " | extend w = prev(v, 2)", of(x) + " | extend w = prev(prev(v))"},
		{"prev is next from the other end", of(x) + " | extend n = row_number() | extend w = prev(v)", of(x) + " | extend n = row_number() | sort by n desc | extend w = next(v) | project id, v, n, w"},
		{"sums undo", of(real) + tidy + " | extend s = row_cumsum(v) | extend r = abs(s - coalesce(prev(s), 0.0) - v) < 1e-3 | project r", of(real) + tidy + " | project r = true"},
		{"a restart begins anew", of(x) + " | extend n = row_number(1, id != prev(id)) | summarize r = max(n) by id", of(x) + " | summarize r = count() by id"},
		{"a rank counts changes", of(x) + " | extend n = row_rank_dense(id) | summarize r = coalesce(max(n), 0)", of(x) + " | summarize r = dcount(tostring(id))"},
		{"mv-apply numbers elements", of(x) + " | where isnotnull(v) | summarize l = make_list(v) by id | mv-apply e = l to typeof(long) on (extend n = row_number() | summarize r = max(n)) | project id, r", of(x) + " | where isnotnull(v) | summarize r = count() by id"},
		{"partition numbers its rows", of(x) + " | partition by id (sort by v asc | extend n = row_number() | summarize r = max(n) by id) | project id, r", of(x) + " | summarize r = count() by id"},
		{"a filter on the order is one on its column", of(x) + " | where prev(v) < v", of(x) + " | extend w = prev(v) | where w < v | project-away w"},
	}
}

func formatted(q string) string {
	tree, list := syntax.Parse(q)
	if list.HasErrors() {
		return q
	}
	return syntax.Print(tree)
}

// nameOf gives the name in "name = expression", or the column.
func nameOf(by string) string {
	name, _, _ := strings.Cut(by, " = ")
	return name
}

func orderable(columns []column) string {
	for _, c := range columns {
		if c.typ != catalog.Dynamic && c.name != "id" {
			return c.name + " desc"
		}
	}
	return "id asc"
}

// ask runs a query and gives its rows as sorted texts; ok is false where the language refuses it.
func (g *generator) ask(t testing.TB, e engine.Engine, query string) (rows []string, ok bool) {
	q, list := kql.Compile(query, noTables{}, options(e))
	if list.HasErrors() {
		return nil, false
	}
	r, err := e.Run(context.Background(), engine.Request{Query: q, Now: Now, Limits: engine.Limits{Timeout: 20 * time.Second}})
	if err != nil {
		return nil, refused(t, query, err)
	}
	defer r.Close()
	for {
		row, err := r.Next()
		if err != nil {
			return nil, refused(t, query, err)
		}
		if row == nil {
			slices.Sort(rows)
			return rows, true
		}
		var b strings.Builder
		for _, v := range row {
			if f, ok := v.(float64); ok {
				v = fmt.Sprintf("%.9g", f) // sums come in any order
			}
			fmt.Fprintf(&b, "%v|", v)
		}
		rows = append(rows, b.String())
	}
}

// refused tells of errors that show the engine at fault.
func refused(t testing.TB, query string, err error) bool {
	for _, s := range []string{"internal", "the engine refused", "panic", "timeout", "took longer"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("the engine cannot run\n%s\n%v", query, err)
			break
		}
	}
	return false
}

type column struct {
	name string
	typ  catalog.Type
}

// generator makes texts of queries whose types fit.
type generator struct {
	r       *rand.Rand
	columns []column
	names   int
}

var scalarTypes = []catalog.Type{catalog.Bool, catalog.Int, catalog.Long, catalog.Real, catalog.Decimal, catalog.String, catalog.Datetime, catalog.Timespan, catalog.Guid, catalog.Dynamic}

// values are literals of each type, those at its edges among them.
var values = map[catalog.Type][]string{
	catalog.Bool:     {"true", "false", "bool(null)"},
	catalog.Int:      {"int(0)", "int(7)", "int(-3)", "int(2147483647)", "int(-2147483648)", "int(null)"},
	catalog.Long:     {"0", "1", "-1", "42", "long(9223372036854775807)", "long(-9223372036854775808)", "long(null)"},
	catalog.Real:     {"0.0", "1.5", "-2.25", "1e300", "real(nan)", "real(+inf)", "real(-inf)", "real(null)"},
	catalog.Decimal:  {"decimal(0)", "decimal(1.25)", "decimal(-99.5)", "decimal(null)"},
	catalog.String:   {"''", "'a'", "'Powershell -enc'", "'203.0.113.66'", "'été \"x\" \\\\ y'", "'[1,{\"a\":null}]'", "'2026-03-10T09:00:00Z'", "'12'", "'a,b;c=d'", "'https://contoso.com:443/p?q=1#f'"},
	catalog.Datetime: {"datetime(2026-03-10)", "datetime(2026-03-10T23:59:59.9999999)", "datetime(0001-01-01)", "datetime(9999-12-31T23:59:59.9999999)", "datetime(null)"},
	catalog.Timespan: {"0s", "1h", "-3d", "1tick", "timespan(null)"},
	catalog.Guid:     {"guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid(null)"},
	catalog.Dynamic:  {"dynamic(null)", "dynamic([])", "dynamic({})", "dynamic([1,2.5,\"x\",null,[3],{\"a\":1}])", "dynamic({\"a\":{\"b\":[1]},\"c\":\"x\"})", "dynamic(\"text\")", "dynamic(17)", "dynamic([1,2,3,4])"},
}

func (g *generator) anyType() catalog.Type { return scalarTypes[g.r.IntN(len(scalarTypes))] }

func (g *generator) literal(t catalog.Type) string { return values[t][g.r.IntN(len(values[t]))] }

// pipeline makes a table of a few rows and up to four operators over it. Column id stays throughout.
func (g *generator) pipeline() string {
	g.columns = []column{{"id", catalog.Long}}
	for _, t := range scalarTypes {
		g.columns = append(g.columns, column{"c" + t.String(), t})
	}
	var b strings.Builder
	b.WriteString("datatable(")
	for i, c := range g.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.name + ": " + c.typ.String())
	}
	b.WriteString(")[")
	for i := range g.r.IntN(7) {
		fmt.Fprintf(&b, "%d", i)
		for _, c := range g.columns[1:] {
			b.WriteString(", " + g.literal(c.typ))
		}
		b.WriteString(", ")
	}
	p := strings.TrimSuffix(b.String(), ", ") + "]"
	for range g.r.IntN(5) {
		p += " | " + g.operator()
	}
	return p
}

func (g *generator) fresh() string {
	g.names++
	return fmt.Sprintf("x%d", g.names)
}

func (g *generator) operator() string {
	switch g.r.IntN(9) {
	case 0, 1:
		return "where " + g.expr(catalog.Bool, 3)
	case 2, 3:
		c := column{g.fresh(), g.anyType()}
		text := "extend " + c.name + " = " + g.expr(c.typ, 3)
		g.columns = append(g.columns, c)
		return text
	case 4:
		kept := []column{{"id", catalog.Long}}
		text := "project id"
		for range 1 + g.r.IntN(3) {
			c := column{g.fresh(), g.anyType()}
			text += ", " + c.name + " = " + g.expr(c.typ, 2)
			kept = append(kept, c)
		}
		g.columns = kept
		return text
	case 5:
		name, e := g.fresh(), g.expr(g.anyOrderable(), 2)
		text := "summarize n = count(), lo = min(" + e + "), hi = max(" + e + "), " + name + " = countif(" + g.expr(catalog.Bool, 1) + ") by id"
		g.columns = []column{{"id", catalog.Long}, {"n", catalog.Long}, {name, catalog.Long}}
		return text
	case 6:
		return "sort by id asc, " + g.column(g.anyOrderable()) + " desc | serialize"
	case 7:
		name := g.fresh()
		text := "mv-expand " + name + " = " + g.expr(catalog.Dynamic, 1) + " limit 5"
		g.columns = append(g.columns, column{name, catalog.Dynamic})
		return text
	default:
		name, t := g.fresh(), g.anyOrderable()
		text := "lookup kind=leftouter (datatable(id: long, " + name + ": " + t.String() + ")[0, " + g.literal(t) + ", 1, " + g.literal(t) + "]) on id"
		g.columns = append(g.columns, column{name, t})
		return text
	}
}

func (g *generator) anyOrderable() catalog.Type {
	for {
		if t := g.anyType(); t != catalog.Dynamic && t != catalog.Bool {
			return t
		}
	}
}

// column gives a column of the type, or a literal where there is none.
func (g *generator) column(t catalog.Type) string {
	var fit []string
	for _, c := range g.columns {
		if c.typ == t {
			fit = append(fit, c.name)
		}
	}
	if len(fit) == 0 {
		return g.literal(t)
	}
	return fit[g.r.IntN(len(fit))]
}

// expr makes an expression of a type with calls nested to depth.
func (g *generator) expr(t catalog.Type, depth int) string {
	if depth == 0 || g.r.IntN(4) == 0 {
		if g.r.IntN(3) == 0 {
			return g.literal(t)
		}
		return g.column(t)
	}
	fit := callsOf[t]
	o := fit[g.r.IntN(len(fit))]
	// One type for all parameters that are brought to a common one, and for results that follow an argument.
	common := t
	if o.Result.Class == catalog.Exact {
		common = g.anyOrderable()
	}
	var args []string
	for i, p := range o.Params {
		if p.Optional && g.r.IntN(2) == 0 {
			break
		}
		for n := 1 + g.r.IntN(2); n > 0; n-- {
			args = append(args, g.argument(p, o, i, common, t, depth-1))
			if !p.Repeat {
				break
			}
		}
	}
	if o.Func.Kind == catalog.Operator {
		if len(args) == 2 && !strings.Contains(o.Func.Name, "between") && !strings.HasPrefix(strings.TrimPrefix(o.Func.Name, "!"), "in") && !strings.Contains(o.Func.Name, "has_a") {
			return "(" + args[0] + " " + o.Func.Name + " " + args[1] + ")"
		}
		return g.column(t)
	}
	return o.Func.Name + "(" + strings.Join(args, ", ") + ")"
}

func (g *generator) argument(p catalog.Param, o *catalog.Overload, i int, common, result catalog.Type, depth int) string {
	t := p.Type
	switch p.Class {
	case catalog.AnyScalar, catalog.Orderable:
		t = g.anyOrderable()
	case catalog.Number:
		t = catalog.Real
	case catalog.Integer:
		t = catalog.Long
	case catalog.Common:
		t = common
	}
	if o.Result.Class == catalog.ArgType && o.Result.Arg == i {
		t = result
	}
	if p.Constant {
		return g.literal(t)
	}
	return g.expr(t, depth)
}

// callsOf lists for each type the overloads that yield it and whose value depends on their arguments alone.
var callsOf = func() map[catalog.Type][]*catalog.Overload {
	impure := "rand now ago new_guid ingestion_time assert column_names_of geo_info_from_ip_address repeat strrep range bin_auto estimate_data_size"
	all := map[catalog.Type][]*catalog.Overload{}
	for _, f := range catalog.Builtin().Functions() {
		if f.Kind != catalog.Scalar && f.Kind != catalog.Operator || slices.Contains(strings.Fields(impure), f.Name) || strings.HasPrefix(f.Name, "current_") {
			continue
		}
		for _, o := range f.Overloads {
			switch o.Result.Class {
			case catalog.Exact, catalog.Strict:
				all[o.Result.Type] = append(all[o.Result.Type], o)
			default:
				for _, t := range scalarTypes {
					all[t] = append(all[t], o)
				}
			}
		}
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b *catalog.Overload) int { return cmp.Compare(a.ID, b.ID) })
	}
	return all
}()
