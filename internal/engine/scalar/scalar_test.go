package scalar

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"nordlys/internal/kql/catalog"
)

// functions finds functions by name, made once for a test.
func functions(tb testing.TB) map[string]Func {
	tb.Helper()
	out := map[string]Func{}
	for _, f := range Functions() {
		if _, ok := out[f.Name]; ok {
			tb.Fatalf("%s is there twice", f.Name)
		}
		out[f.Name] = f
	}
	return out
}

// call is one call of a function and what it gives.
type call struct {
	fn   string
	args []any
	want any
}

// check runs calls; whole numbers may be given as int.
func check(t *testing.T, calls []call) {
	t.Helper()
	fns := functions(t)
	for _, c := range calls {
		f, ok := fns[c.fn]
		if !ok {
			t.Fatalf("no function %s", c.fn)
		}
		if len(c.args) != len(f.Args) {
			t.Fatalf("%s takes %d arguments, not %d", c.fn, len(f.Args), len(c.args))
		}
		if n, ok := c.want.(int); ok {
			c.want = int64(n)
		}
		if got := f.Call(longs(c.args)); got != c.want {
			t.Errorf("%s(%q)\n got %#v\nwant %#v", c.fn, c.args, got, c.want)
		}
	}
}

func longs(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a
		if n, ok := a.(int); ok {
			out[i] = int64(n)
		}
	}
	return out
}

// TestNames holds the functions equal to those that lowered SQL calls.
func TestNames(t *testing.T) {
	files, err := filepath.Glob("../lower/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources of package lower: %v", err)
	}
	name := regexp.MustCompile(`\bgo_[a-z0-9_]*[a-z0-9]`)
	byID := regexp.MustCompile(`(?s)\nfunc (\w+)\([^\n]*\n(?:[^}\n][^\n]*\n)*?[^\n]*"go_" \+ c\.Overload\.ID`)
	var source strings.Builder
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	text := source.String()
	called := map[string]bool{}
	for _, n := range name.FindAllString(text, -1) {
		called[n] = true
	}
	// Some lowerings make the name of the overload's id: "id": lowering in the table says which ids.
	for _, m := range byID.FindAllStringSubmatch(text, -1) {
		for _, id := range regexp.MustCompile(`"([a-z0-9_]+)": `+m[1]+`\b`).FindAllStringSubmatch(text, -1) {
			called["go_"+id[1]] = true
		}
	}
	there := functions(t)
	there[GeoInfo(nil).Name] = GeoInfo(nil) // registered where there are places
	for n := range called {
		if _, ok := there[n]; !ok {
			t.Errorf("package lower calls %s, which does not exist", n)
		}
	}
	for n := range there {
		if !called[n] {
			t.Errorf("nothing in package lower calls %s", n)
		}
	}
}

// TestNulls calls every function with nulls, one at a time and all at once: strings come out as ”, nothing panics.
func TestNulls(t *testing.T) {
	for _, f := range Functions() {
		got := f.Call(make([]any, len(f.Args)))
		if want := nullOf(f.Result); got != want {
			t.Errorf("%s of nulls is %#v, want %#v", f.Name, got, want)
		}
		for i := range f.Args {
			args := make([]any, len(f.Args))
			for j, a := range f.Args {
				args[j] = sample(a)
			}
			args[i] = nil
			checkType(t, f, f.Call(args))
		}
	}
}

// TestConcurrentCalls calls the functions that keep compiled arguments from several goroutines, with more different
// arguments than are kept.
func TestConcurrentCalls(t *testing.T) {
	fns := functions(t)
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := range 3 * memoEntries {
				n := strconv.Itoa((i + g) % (2 * memoEntries))
				if got := fns["go_extract"].Call([]any{"a" + n + "b", "a(" + n + ")b", int64(1)}); got != n {
					t.Errorf("extract gives %v for %s", got, n)
				}
				if got := fns["go_ipv4_is_in_any_range"].Call([]any{"10.0.0.1", `["10.0.0.0/8","` + n + `"]`}); got != true {
					t.Errorf("ipv4_is_in_any_range gives %v", got)
				}
			}
		})
	}
	wait.Wait()
}

func sample(t catalog.Type) any {
	switch t {
	case catalog.Bool:
		return true
	case catalog.Long, catalog.Datetime, catalog.Timespan:
		return int64(1)
	case catalog.Real:
		return 1.5
	case catalog.Dynamic:
		return `[1,"a",{"b":[null]}]`
	}
	return "10.0.0.1"
}

// checkType holds a result to the type that the function declares; a dynamic must be JSON and not null as text.
func checkType(t *testing.T, f Func, got any) {
	t.Helper()
	ok := false
	switch v := got.(type) {
	case nil:
		ok = f.Result != catalog.String
	case bool:
		ok = f.Result == catalog.Bool
	case int64:
		ok = f.Result == catalog.Long || f.Result == catalog.Datetime || f.Result == catalog.Timespan
	case float64:
		ok = f.Result == catalog.Real
	case string:
		switch f.Result {
		case catalog.String, catalog.Decimal:
			ok = true
		case catalog.Dynamic:
			_, ok = oneValue(v)
			ok = ok && v != "null"
		}
	}
	if !ok {
		t.Errorf("%s gives %#v, which is no %v", f.Name, got, f.Result)
	}
}
