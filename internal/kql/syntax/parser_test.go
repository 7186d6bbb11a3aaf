package syntax

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nordlys/internal/kql/diag"
)

// queries reads the valid queries of testdata, which blank lines separate.
func queries(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "queries.kql"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n\n")
}

func TestPrintedTreesReadBackTheSame(t *testing.T) {
	for _, q := range queries(t) {
		tree, diags := Parse(q)
		if len(diags) > 0 {
			t.Errorf("%s", diags.Render(q))
			continue
		}
		printed := Print(tree)
		again, diags := Parse(printed)
		if len(diags) > 0 {
			t.Errorf("%s\nprinted as\n%s", q, diags.Render(printed))
			continue
		}
		if a, b := Dump(tree, false), Dump(again, false); a != b {
			t.Errorf("%s\nprinted as\n%s\nchanges\n%s\nto\n%s", q, printed, a, b)
		}
		if Print(again) != printed {
			t.Errorf("%s\nis printed differently the second time", q)
		}
	}
}

func TestPrint(t *testing.T) {
	for _, test := range []struct{ query, want string }{
		{"T|where a==1 and(b<>2 or c:'x')and not(d)", "T\n| where a == 1 and (b != 2 or c has \"x\") and not(d)"},
		{"print x=a has 'b' + 'c', y=-(1+2)*3", "print x = a has \"b\" + \"c\", y = -(1 + 2) * 3"},
		{"T|order by a,b asc nulls last|limit 5", "T\n| sort by a, b asc nulls last\n| take 5"},
		{"let f=view(a:long=1){T|take a};f(2)", "let f = view (a:long = 1) {\nT\n| take a\n};\nf(2)"},
		{"print ['and'], ['a b'], x=24h, y='a' 'b'", "print [\"and\"], [\"a b\"], x = 1d, y = \"ab\""},
		{"union kind=outer A*,(B|count)", "union kind=outer A*, (B\n| count)"},
	} {
		tree, diags := Parse(test.query)
		if got := Print(tree); got != test.want || len(diags) > 0 {
			t.Errorf("%s:\n got %s\nwant %s\n%v", test.query, got, test.want, diags)
		}
	}
}

func TestPrecedence(t *testing.T) {
	for query, same := range map[string]string{
		"print a or b and c == d + e * f has g": "print (a or (b and (c == (d + (e * (f has g))))))",
		"print a - b - c":                       "print ((a - b) - c)",
		"print a in (1) == true":                "",
		"print -a.b[0]":                         "print -(a.b[0])",
		"print a == b < c":                      "print a == (b < c)",
	} {
		tree, diags := Parse(query)
		if same == "" {
			if len(diags) == 0 {
				t.Errorf("%s has no mistake", query)
			}
			continue
		}
		other, _ := Parse(same)
		if a, b := Dump(tree, false), Dump(other, false); a != b {
			t.Errorf("%s is not %s:\n%s\n%s", query, same, a, b)
		}
	}
}

// TestMistakes has the mistakes of a query as code@start-end.
func TestMistakes(t *testing.T) {
	for _, test := range []struct{ query, want string }{
		{"T | where | take 5", "unexpected-token@10-11"},
		{"T | where a == | extend b = | take 5", "unexpected-token@15-16 unexpected-token@28-29"},
		{"T | where (a == 1 | take 5", "unclosed-bracket@10-11"},
		{"T | summarise count()", "unknown-operator@4-13"},
		{"T | macro-expand x with (take 1) | where y | execute-and-cache by 5", "not-supported-yet@4-16 not-supported-yet@45-62"},
		{"T | execute-and-cache a | where", "not-supported-yet@4-21 unexpected-token@31-31"},
		{"inline_external_table(a:string) | take 1", "not-supported-yet@0-21"},
		{"print 'abc", "unterminated-string@6-10"},
		{`print "C:\Windows"`, "invalid-escape@9-11"},
		{"print 1 ^ 2", "unexpected-character@8-9"},
		{"print datetime(soon), int(x)", "invalid-literal@6-20 invalid-literal@22-28"},
		{"T | where a = 1 and b = 2", "single-equals@12-13 single-equals@22-23"},
		{"T | take 1\nU | take 2", "unexpected-token@11-12"},
		{"T | join (U)", "unexpected-token@12-12"},
		{"T | project a, , b | where f(1,,2)", "unexpected-token@15-16 unexpected-token@31-32"},
		{".show tables", "management-command@0-1"},
		{"T | where a in (1, 2", "unclosed-bracket@15-16"},
		{"let x = 1 print x", "unexpected-token@10-15"},
		{"T | as", "missing-name@6-6"},
		{") | take 1", "unexpected-token@0-1"},
		{"T | sort a", "unexpected-token@9-10"},
		{"print dynamic({'a':})", "unexpected-token@19-20"},
	} {
		_, diags := Parse(test.query)
		var got []string
		for _, d := range diags {
			got = append(got, fmt.Sprintf("%s@%d-%d", d.Code, d.Span.Start, d.Span.End))
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.query, s, test.want)
		}
	}
}

func TestNestingHasALimit(t *testing.T) {
	const n = 10_000
	for _, query := range []string{
		"print " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"print " + strings.Repeat("(", n),
		"print " + strings.Repeat("-", n) + "1",
		"print " + strings.Repeat("f(", n),
		"print 1" + strings.Repeat("+1", n),
		"print a" + strings.Repeat(".b", n),
		"print a" + strings.Repeat("[0", n),
		"print dynamic(" + strings.Repeat("[", n) + strings.Repeat("]", n) + ")",
		strings.Repeat("T | join (", n),
		strings.Repeat("let f = () {", n),
	} {
		_, diags := Parse(query)
		found := false
		for _, d := range diags {
			found = found || d.Code == diag.CodeTooDeep
		}
		if !found {
			t.Errorf("%.40s…: %v", query, diags)
		}
	}
	for _, query := range []string{
		"print " + strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100),
		"T | where " + strings.Repeat("a == 1 or ", n) + "b",
		"print x = strcat(" + strings.Repeat("'a' + 'b', ", n) + "'')",
		"T" + strings.Repeat("| where a", n),
	} {
		if _, diags := Parse(query); len(diags) > 0 {
			t.Errorf("%.40s…: %v", query, diags)
		}
	}
}

func TestLargeTextsTakeLinearTime(t *testing.T) {
	if testing.Short() {
		t.Skip("large texts")
	}
	const size = 1 << 19
	for _, part := range []string{"(", ")", "|", "| where (", "a == ", "'x", "[", "{ ", "let x = ", ";", "(a] ", "🙂", ".", "!", "`", "print (1", "f(,"} {
		query := "T | where x in (1) " + strings.Repeat(part, size/len(part))
		start := time.Now()
		Parse(query)
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%q repeated: %v", part, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, q := range queries(f) {
		f.Add(q)
	}
	f.Add("let f = (a:long) { T | where (a == | take }; )](")
	f.Add("A(0A=0, b=1)")
	f.Add("int ()")
	f.Add("search 0A")
	f.Add("search 0A == 1")
	f.Add("print 0.has, 1[2]")
	f.Add("print dynamic({'a':[1,{]}), datetime(, 'x\n ```")
	f.Fuzz(func(t *testing.T, q string) {
		tree, diags := Parse(q)
		for _, d := range diags {
			if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(q) {
				t.Fatalf("%v is outside the text", d)
			}
		}
		diags.Render(q)
		if diags.HasErrors() {
			Print(tree)
			return
		}
		printed := Print(tree)
		again, diags := Parse(printed)
		if diags.HasErrors() {
			t.Fatalf("printed as\n%s\n%s", printed, diags.Render(printed))
		}
		if a, b := Dump(tree, false), Dump(again, false); a != b {
			t.Fatalf("printed as\n%s\nchanges\n%s\nto\n%s", printed, a, b)
		}
	})
}
