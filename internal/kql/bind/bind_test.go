package bind_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"nordlys/internal/kql"
	"nordlys/internal/kql/bind"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
)

// tables is a set of readable tables.
type tables map[string][]plan.Column

func (t tables) Table(name string) ([]plan.Column, bool) {
	cols, ok := t[name]
	return cols, ok
}

func (t tables) Names() []string {
	var names []string
	for n := range t {
		names = append(names, n)
	}
	return names
}

func (t tables) Hidden(string) []plan.Column {
	return []plan.Column{{Name: "_ItemId", Type: catalog.Long}}
}

var readable = tables{
	"SecurityEvent": {{Name: "TimeGenerated", Type: catalog.Datetime}, {Name: "Computer", Type: catalog.String},
		{Name: "EventID", Type: catalog.Int}, {Name: "Account", Type: catalog.String}, {Name: "Data", Type: catalog.Dynamic}},
	"SigninLogs": {{Name: "TimeGenerated", Type: catalog.Datetime}, {Name: "Computer", Type: catalog.String},
		{Name: "UserPrincipalName", Type: catalog.String}, {Name: "Data", Type: catalog.String}},
}

var options = bind.Options{Now: time.Date(2024, 1, 31, 12, 0, 0, 0, time.UTC)}

// cases reads a file of cases: a query, and below it a line that begins with a mark and says what is expected.
func cases(t testing.TB, name string) [][2]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var list [][2]string
	for _, c := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		i := strings.LastIndexByte(c, '\n')
		list = append(list, [2]string{c[:i], c[i+1:]})
	}
	return list
}

func TestColumns(t *testing.T) {
	for _, c := range cases(t, "columns.txt") {
		p, diags := kql.Compile(c[0], readable, options)
		if diags.HasErrors() {
			t.Errorf("%s\n%s", c[0], diags.Render(c[0]))
			continue
		}
		var got []string
		for _, col := range p.Root.Schema() {
			got = append(got, col.Name+": "+col.Type.String())
		}
		if s := "= " + strings.Join(got, ", "); s != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], s, c[1])
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range cases(t, "mistakes.txt") {
		p, diags := kql.Compile(c[0], readable, options)
		mark := "~"
		if diags.HasErrors() {
			mark = "!"
		}
		got := []string{mark}
		for _, d := range diags {
			got = append(got, fmt.Sprintf("%s@%d-%d", d.Code, d.Span.Start, d.Span.End))
		}
		if s := strings.Join(got, " "); s != c[1] {
			t.Errorf("%s\n got %s\nwant %s\n%s", c[0], s, c[1], diags.Render(c[0]))
		}
		if (p == nil) != diags.HasErrors() {
			t.Errorf("%s: plan %v", c[0], p)
		}
	}
}

// check walks a plan and reports what no engine could run: columns that the input lacks, unknown types, names twice.
func check(t *testing.T, query string, n plan.Node) {
	t.Helper()
	var inputs []plan.Column
	for _, in := range n.Inputs() {
		check(t, query, in)
		inputs = append(inputs, in.Schema()...)
	}
	seen := map[string]bool{}
	for _, c := range n.Schema() {
		if seen[c.Name] || c.Type == catalog.Unknown {
			t.Errorf("%s: %T has column %s: %s", query, n, c.Name, c.Type)
		}
		seen[c.Name] = true
	}
	visit := func(e plan.Expr) bool {
		if e.Type() == catalog.Unknown {
			t.Errorf("%s: %T has an expression of unknown type", query, n)
		}
		switch e := e.(type) {
		case *plan.ColumnRef:
			if !slices.Contains(inputs, plan.Column{Name: e.Name, Type: e.Typ}) {
				t.Errorf("%s: %T reads %s: %s, which its input lacks", query, n, e.Name, e.Typ)
			}
		case *plan.Call:
			for i := range e.Args {
				if i >= len(e.Overload.Params) && !e.Overload.Params[len(e.Overload.Params)-1].Repeat {
					t.Errorf("%s: %s has too many arguments", query, e.Overload.ID)
				}
			}
		case *plan.Scalar:
			check(t, query, e.Input)
		case *plan.InQuery:
			check(t, query, e.Input)
		case *plan.HasQuery:
			check(t, query, e.Input)
		case *plan.Const:
			if e.Typ == catalog.String && e.Value == nil {
				t.Errorf("%s: a string constant is null", query)
			}
		}
		return true
	}
	walk := func(e plan.Expr) { plan.Walk(e, visit) }
	switch n := n.(type) {
	case *plan.Select:
		walk(n.Predicate)
	case *plan.Project:
		for _, it := range n.Items {
			walk(it.Expr)
		}
	case *plan.Aggregate:
		for _, k := range n.Keys {
			walk(k.Expr)
		}
		for _, a := range n.Aggs {
			walk(a.Call)
		}
	case *plan.Sort:
		for _, k := range n.Keys {
			walk(k.Expr)
		}
	case *plan.Join:
		for _, k := range n.On {
			walk(k.Left)
			walk(k.Right)
		}
	case *plan.Union:
		for _, s := range n.Sources {
			if !slices.Equal(s.Schema(), n.Columns) {
				t.Errorf("%s: a source of the union has %v, not %v", query, s.Schema(), n.Columns)
			}
		}
	case *plan.Unnest:
		for _, it := range n.Items {
			walk(it.Expr)
		}
	case *plan.Parse:
		walk(n.Source)
	case *plan.Limit:
		for _, name := range n.Per {
			if !slices.ContainsFunc(inputs, func(c plan.Column) bool { return c.Name == name }) {
				t.Errorf("%s: a limit per %s, which its input lacks", query, name)
			}
		}
	case *plan.Series:
		for _, k := range n.Keys {
			walk(k.Expr)
		}
		for _, v := range n.Values {
			if !slices.Contains(inputs, v.Value) {
				t.Errorf("%s: a series of %s, which its input lacks", query, v.Value.Name)
			}
		}
		if !slices.Contains(inputs, n.Axis) {
			t.Errorf("%s: a series on %s, which its input lacks", query, n.Axis.Name)
		}
	}
}

func TestPlansAreComplete(t *testing.T) {
	for _, c := range cases(t, "columns.txt") {
		if p, _ := kql.Compile(c[0], readable, options); p != nil {
			check(t, c[0], p.Root)
		}
	}
}

// constant compiles an expression that must be known when the query is bound.
func constant(t *testing.T, expression string) any {
	t.Helper()
	query := "print x = " + expression
	p, diags := kql.Compile(query, readable, options)
	if len(diags) > 0 {
		t.Fatal(diags.Render(query))
	}
	c, ok := p.Root.(*plan.Project).Items[0].Expr.(*plan.Const)
	if !ok {
		t.Fatalf("%s is not constant", expression)
	}
	return c.Value
}

func TestTimesAreConstant(t *testing.T) {
	now := constant(t, "now()")
	for _, expression := range []string{"datetime(2024-01-31 12:00)", "now(0s)", "ago(1d) + 24h", "now() - 1h + 60m", "todatetime('2024-01-31T12:00:00Z')", "ago(-1h) - totimespan('01:00:00')"} {
		if got := constant(t, expression); got != now {
			t.Errorf("%s is %v, now() is %v", expression, got, now)
		}
	}
}

func TestDynamicLiterals(t *testing.T) {
	for expression, want := range map[string]any{
		`dynamic({"a": [1, -2.5, 3.0, true, null], 'b': "x\"\n"})`:        `{"a":[1,-2.5,3.0,true,null],"b":"x\"\n"}`,
		`dynamic({"t": datetime(2024-01-31), "s": 1d, "d": dynamic([])})`: `{"t":"2024-01-31T00:00:00.0000000Z","s":"1.00:00:00","d":[]}`,
		`dynamic(null)`: nil, `dynamic("a")`: `"a"`, `dynamic(5)`: `5`,
	} {
		if got := constant(t, expression); got != want {
			t.Errorf("%s is %v, want %v", expression, got, want)
		}
	}
}

func TestHiddenColumnsAreThereWhenNamed(t *testing.T) {
	p, _ := kql.Compile("SecurityEvent", readable, options)
	q, diags := kql.Compile("SecurityEvent | where _ItemId == 1", readable, options)
	if len(diags) > 0 || len(q.Root.Schema()) != len(p.Root.Schema())+1 {
		t.Errorf("%v", diags)
	}
}

func TestTimespanOfTheRequestBoundsStoredTables(t *testing.T) {
	bounded := options
	bounded.From, bounded.To = options.Now.Add(-time.Hour), options.Now
	p, _ := kql.Compile("SecurityEvent", readable, bounded)
	upper, ok := p.Root.(*plan.Select)
	if !ok {
		t.Fatalf("%T", p.Root)
	}
	if _, ok := upper.Input.(*plan.Select).Input.(*plan.Scan); !ok {
		t.Errorf("%T", upper.Input)
	}
}

func TestMaterializedTablesAreShared(t *testing.T) {
	p, diags := kql.Compile("let m = materialize(SecurityEvent | take 5); union m, m", readable, options)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	u := p.Root.(*plan.Union)
	if _, ok := u.Sources[0].(*plan.Shared); !ok || u.Sources[0] != u.Sources[1] {
		t.Errorf("%T, %T", u.Sources[0], u.Sources[1])
	}
}

func TestExpansionHasABudget(t *testing.T) {
	var scalars, functions, tables strings.Builder
	scalars.WriteString("let x0 = strlen('a');\n")
	functions.WriteString("let f0 = (n: long) { n + 1 };\n")
	tables.WriteString("let t0 = print a = 1;\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&scalars, "let x%d = x%d + x%d;\n", i, i-1, i-1)
		fmt.Fprintf(&functions, "let f%d = (n: long) { f%d(n) + f%d(n) };\n", i, i-1, i-1)
		fmt.Fprintf(&tables, "let t%d = union t%d, t%d;\n", i, i-1, i-1)
	}
	for _, query := range []string{scalars.String() + "print x59", functions.String() + "print f59(1)", tables.String() + "t59"} {
		start := time.Now()
		_, diags := kql.Compile(query, readable, options)
		if len(diags) != 1 || diags[0].Code != diag.CodeTooLarge {
			t.Errorf("%.30s…: %v", query, diags)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%.30s…: %v", query, d)
		}
	}
}

func TestLongConditionsMakeShallowPlans(t *testing.T) {
	query := "SecurityEvent | where " + strings.Repeat("Computer == 'x' or ", 20_000) + "EventID == 1"
	p, diags := kql.Compile(query, readable, options)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var depth func(e plan.Expr) int
	depth = func(e plan.Expr) int {
		deepest := 0
		if c, ok := e.(*plan.Call); ok {
			for _, a := range c.Args {
				deepest = max(deepest, depth(a))
			}
		}
		return deepest + 1
	}
	if d := depth(p.Root.(*plan.Select).Predicate); d > 20 {
		t.Errorf("depth %d", d)
	}
}

func FuzzCompile(f *testing.F) {
	for _, file := range []string{"columns.txt", "mistakes.txt"} {
		for _, c := range cases(f, file) {
			f.Add(c[0])
		}
	}
	small := options
	small.MaxNodes = 2000
	f.Fuzz(func(t *testing.T, query string) {
		p, diags := kql.Compile(query, readable, small)
		for _, d := range diags {
			if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(query) {
				t.Fatalf("%v is outside the text", d)
			}
		}
		if p != nil {
			check(t, query, p.Root)
		} else if !diags.HasErrors() {
			t.Fatal("neither a plan nor an error")
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	query := `let start = ago(7d);
let admins = SigninLogs | where UserPrincipalName endswith "@contoso.com" | distinct Computer;
SecurityEvent
| where TimeGenerated > start and EventID in (4624, 4625, 4672)
| where Computer in (admins) and Account !endswith "$"
| extend Domain = tostring(split(Account, "\\")[0]), User = tostring(Data.user.name)
| extend Kind = case(EventID == 4624, "success", EventID == 4625, "failure", "other")
| summarize Count = count(), Users = make_set(User, 100), First = min(TimeGenerated), Last = max(TimeGenerated) by Computer, Kind, bin(TimeGenerated, 1h)
| where Count > 10
| join kind=leftouter (SigninLogs | project Computer, UserPrincipalName) on Computer
| project-away Computer1
| mv-expand Users to typeof(string)
| sort by Count desc
| take 100`
	b.ReportAllocs()
	for b.Loop() {
		if _, diags := kql.Compile(query, readable, options); diags.HasErrors() {
			b.Fatal(diags.Render(query))
		}
	}
}
