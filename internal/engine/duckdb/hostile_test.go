package duckdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"nordlys/internal/engine"
	"nordlys/internal/engine/enginetest"
	"nordlys/internal/kql"
)

// ask runs a query to its end and gives the last row.
func ask(ctx context.Context, db *DB, query string, limits engine.Limits) (last []any, err error) {
	q, list := kql.Compile(query, nil, kql.Options{Now: enginetest.Now})
	if list.HasErrors() {
		return nil, fmt.Errorf("%v", list[0])
	}
	rows, err := db.Run(ctx, engine.Request{Query: q, Now: enginetest.Now, Limits: limits})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if err != nil || row == nil {
			return last, err
		}
		last = append(last[:0], row...)
	}
}

// endless does work without end in one place of the engine each.
var endless = map[string]string{
	"cartesian join": "range a from 1 to 1000000 step 1 | extend k = 1 | join kind=inner (range b from 1 to 1000000 step 1 | extend k = 1) on k | summarize sum(a * b)",
	"large sort":     "range a from 1 to 2000000000 step 1 | extend h = hash(a) | sort by h asc | summarize max(h)",
	"mv-expand":      "range a from 1 to 100000 step 1 | mv-expand b = range(1, 100000) to typeof(long) | summarize sum(b)",
	"many groups":    "range a from 1 to 5000000000 step 1 | summarize count() by a % 10",
	"expressions":    "range a from 1 to 1000000000 step 1 | where strcat('x', tostring(a)) matches regex @'(x+x+)+y' | count",
}

// endlessShapes does the same in one row, or a few rows, of functions over shapes.
func endlessShapes() map[string]string {
	large := "let p = " + largePolygon(20_000) + "; let l = " + largeLine(20_000) + "; "
	return map[string]string{
		"S2 cells of a polygon": large + "range i from 1 to 50 step 1 | extend c = geo_polygon_to_s2cells(p, 12 + i % 3, 100.0 + i) | summarize sum(array_length(c))",
		"S2 cells of a line":    large + "range i from 1 to 50 step 1 | extend c = geo_line_to_s2cells(l, 16 + i % 3, 100.0 + i) | summarize sum(array_length(c))",
		"H3 cells of a polygon": large + "range i from 1 to 50 step 1 | extend c = geo_polygon_to_h3cells(p, 6 + i % 3, 0.0) | summarize sum(array_length(c))",
		"closest on a polygon":  large + "range i from 1 to 100000000 step 1 | extend c = geo_closest_point_on_polygon(100.0 + i % 50, i % 70, p) | summarize max(strlen(tostring(c)))",
		"closest on a line":     large + "range i from 1 to 100000000 step 1 | extend c = geo_closest_point_on_line(100.0 + i % 50, i % 70, l) | summarize max(strlen(tostring(c)))",
	}
}

// largeLine goes around a circle, as a literal of the language.
func largeLine(vertices int) string {
	s := strings.Replace(largePolygon(vertices), "Polygon", "LineString", 1)
	return strings.NewReplacer("[[", "[", "]]", "]").Replace(s)
}

// patience is how late a query may end. Alone on a machine it takes a fraction of a second.
const patience = 4 * time.Second

func TestTimeLimitAndCancelling(t *testing.T) {
	db, err := Open(context.Background(), Options{MemoryLimit: "1GB", TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := maps.Clone(endless)
	maps.Copy(all, endlessShapes())
	for name, query := range all {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := ask(context.Background(), db, query, engine.Limits{Timeout: 300 * time.Millisecond})
			if took := time.Since(start); err == nil || took > 300*time.Millisecond+patience {
				t.Errorf("a limit of 300 ms: %v after %v", err, took)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var cancelled time.Time
			time.AfterFunc(200*time.Millisecond, func() { cancelled = time.Now(); cancel() })
			_, err = ask(ctx, db, query, engine.Limits{})
			if took := time.Since(cancelled); !errors.Is(err, context.Canceled) || took > patience {
				t.Errorf("cancelled: %v after %v", err, took)
			}
			// The engine is free again.
			if row, err := ask(context.Background(), db, "print 1", engine.Limits{Timeout: patience}); err != nil || row[0] != int64(1) {
				t.Errorf("afterwards: %v, %v", row, err)
			}
		})
	}
}

func TestLargeQueriesAreSurvived(t *testing.T) {
	db := open(t)
	for name, query := range map[string]string{
		"10 MB of one text":     "print strlen('" + strings.Repeat("x", 10<<20) + "')",
		"10 MB of terms":        "print x = 'a' | where x in (" + strings.Repeat("'abcdefgh', ", 800_000) + "'a')",
		"10,000 parentheses":    "print " + strings.Repeat("(", 10_000) + "1" + strings.Repeat(")", 10_000),
		"10,000 operators":      "print x = 1" + strings.Repeat(" | extend x = x + 1", 10_000),
		"10,000 sums":           "print 1" + strings.Repeat(" + 1", 10_000),
		"3,000 ors":             "print x = 1 | where x == 0" + strings.Repeat(" or x == 2", 3_000),
		"10,000 unclosed":       "print " + strings.Repeat("(", 10_000),
		"1,000 lets in a chain": letChain(1000),
		"a bomb of functions":   "let a = (x: long) { x + x }; " + doubling(40) + "print f40(1)",
		"a regular expression":  "print x = '" + strings.Repeat("a", 50_000) + "' | where x matches regex @'(a*)*(a*)*(a*)*b'",
		"regular expressions":   "print x = 'a' | where x matches regex @'((a{1,1000}){1,1000}){1,1000}'",
		"mv-expand a million":   "print d = range(1, 1000000) | mv-expand d to typeof(long) | summarize max(d)",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			row, err := ask(context.Background(), db, query, engine.Limits{Timeout: 20 * time.Second})
			t.Logf("%.60v, %.200v after %v", row, err, time.Since(start).Round(time.Millisecond))
			if errors.Is(err, context.DeadlineExceeded) || err != nil && (strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "internal")) {
				t.Errorf("%.300v", err)
			}
		})
	}
	if row, err := ask(context.Background(), db, "print 1", engine.Limits{}); err != nil || row[0] != int64(1) {
		t.Errorf("afterwards: %v, %v", row, err)
	}
}

func letChain(n int) string {
	var b strings.Builder
	b.WriteString("let a0 = 1;\n")
	for i := range n {
		fmt.Fprintf(&b, "let a%d = a%d + 1;\n", i+1, i)
	}
	fmt.Fprintf(&b, "print a%d", n)
	return b.String()
}

func doubling(n int) string {
	var b strings.Builder
	b.WriteString("let f0 = (x: long) { x };\n")
	for i := range n {
		fmt.Fprintf(&b, "let f%d = (x: long) { f%d(x) + f%d(x) };\n", i+1, i, i)
	}
	return b.String()
}
