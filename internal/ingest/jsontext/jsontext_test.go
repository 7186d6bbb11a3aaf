package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// split reads everything as records; refused ones appear as "!reason".
func split(src io.Reader, limit int) []string {
	rs := NewRecords(src, limit)
	var out []string
	for {
		raw, _, err := rs.Next()
		var bad *BadValue
		switch {
		case errors.As(err, &bad):
			out = append(out, fmt.Sprintf("!%d", bad.Length))
		case err == io.EOF:
			return out
		case err != nil:
			return append(out, "error: "+err.Error())
		default:
			out = append(out, string(Compact(nil, raw)))
		}
	}
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"lines", "{\"a\":1}\n{\"a\":2}\r\n\n{\"a\":3}", []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}},
		{"byte order mark", "\xef\xbb\xbf{\"a\":1}", []string{`{"a":1}`}},
		{"concatenated", `{"a":1}{"a":2}`, []string{`{"a":1}`, `{"a":2}`}},
		{"pretty", "{\n  \"a\": {\n    \"b\": [1, 2]\n  }\n}\n{\n  \"a\": 2\n}", []string{`{"a":{"b":[1,2]}}`, `{"a":2}`}},
		{"array", ` [ {"a":1} , {"a":2} ] `, []string{`{"a":1}`, `{"a":2}`}},
		{"records", `{"records":[{"a":1},{"a":2}]}`, []string{`{"a":1}`, `{"a":2}`}},
		{"records spaced, twice", "{ \"records\" :\n [ {\"a\":1} ] }\n{\"records\":[{\"a\":2}]}", []string{`{"a":1}`, `{"a":2}`}},
		{"answer of an API", `{"@odata.context":"x","@odata.count":2,"value":[{"a":1}],"@odata.nextLink":"y"}`, []string{`{"a":1}`}},
		{"bundle of STIX", `{"type":"bundle","id":"bundle--1","spec_version":"2.0","objects":[{"a":1},{"a":2}]}`, []string{`{"a":1}`, `{"a":2}`}},
		{"page of TAXII", `{"more":true,"next":"2","objects":[{"a":1}]}`, []string{`{"a":1}`}},
		{"record with an id and a value", `{"id":"x","value":[{"a":1}]}`, []string{`{"id":"x","value":[{"a":1}]}`}},
		{"objects that are not at the beginning", `{"name":"x","objects":[{"a":1}]}`, []string{`{"name":"x","objects":[{"a":1}]}`}},
		{"records in a record", `{"records":[{"a":1},{"records":[{"a":2}]},{"a":3}]}`, []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}},
		{"tail of a block blob", `,{"a":1},{"a":2}]}`, []string{`{"a":1}`, `{"a":2}`}},
		{"head of a block blob", `{"records":[{"a":1},{"a":2}`, []string{`{"a":1}`, `{"a":2}`}},
		{"cut in a record", `{"records":[{"a":1},{"a":2`, []string{`{"a":1}`, `!6`}},
		{"starts in a record", `:"x","b":"y"},{"time":1},{"time":2}]}`, []string{`!14`, `{"time":1}`, `{"time":2}`}},
		{"bad line", "{\"a\":1}\n{\"a\": oops}\n{\"a\":3}", []string{`{"a":1}`, `!11`, `{"a":3}`}},
		{"cut line", "{\"a\":1}\n{\"a\":2,\"b\n{\"a\":3}\n{\"a\":4}", []string{`{"a":1}`, `!10`, `{"a":3}`, `{"a":4}`}},
		{"cut line after a colon", "{\"a\":\n{\"a\":2}\n{\"a\":3}\n", []string{`!6`, `{"a":2}`, `{"a":3}`}},
		{"bad element", `[{"a":1},{"a":'x'},{"a":3}]`, []string{`{"a":1}`, `!9`, `{"a":3}`}},
		{"quote missing in an array", `[{"a":1},{"a":"x},{"a":3},{"a":4}]`, []string{`{"a":1}`, `!9`, `{"a":3}`, `{"a":4}`}},
		{"bad pretty", "[\n  {\n    \"a\": 1,,\n    \"b\": {\n    }\n  },\n  {\n    \"a\": 2\n  }\n]", []string{`!39`, `{"a":2}`}},
		{"not UTF-8", "{\"a\":\"\xff\"}\n{\"a\":2}", []string{`!9`, `{"a":2}`}},
		{"number at the end", `[1, 2`, []string{`!4`}},
		{"too deep", strings.Repeat("[", 1) + `{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `},{"a":1}]`, []string{`!606`, `{"a":1}`}},
		{"too long", `[{"a":"` + strings.Repeat(`\"`, 400_000) + `"},{"a":1}]`, []string{`!800008`, `{"a":1}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				if got := split(r, 300_000); !cmp.Equal(got, c.want) {
					t.Errorf("reader %d: %s", i, cmp.Diff(c.want, got))
				}
			}
		})
	}
}

func TestCheckAgreesWithEncodingJSON(t *testing.T) {
	for _, in := range []string{`1`, `-0.5e+3`, `01`, `1.`, `.5`, `1e`, `"a\u00e9\n"`, `"\x"`, `"`, `{}`, `{"a"}`, `{"a":1,}`, `[1,]`,
		`[1 2]`, `tru`, `true`, `nul`, `null `, ` [ ] `, `{"a":{"b":[{}]}}`, "\"\t\"", `{"a":1}}`, `--1`, `"\u12"`, ``, `{1:2}`} {
		if got, want := Check([]byte(in)) == nil, json.Valid([]byte(in)); got != want {
			t.Errorf("Check(%s) valid = %v, encoding/json says %v", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		`"plain"`: "plain", `"a\"b\\c\/d\n"`: "a\"b\\c/d\n", `"\u00e9\u20AC"`: "é€", `"\ud83d\ude00"`: "😀", `"\ud83dx"`: "\ufffdx", `""`: "",
	} {
		if got := string(Text(nil, []byte(in))); got != want {
			t.Errorf("Text(%s) = %q, want %q", in, got, want)
		}
		var back string
		if err := json.Unmarshal(Quote(nil, []byte(want)), &back); err != nil || back != want {
			t.Errorf("Quote(%q) = %s", want, Quote(nil, []byte(want)))
		}
	}
}

func TestMembers(t *testing.T) {
	in := []byte(` { "a" : "x\"}" , "b":[1,{"c":"]"}], "d": -1.5 ,"e":{}, "f":null } `)
	var got []string
	for _, m := range Members(nil, in) {
		got = append(got, string(m.Name)+"="+string(m.Value))
	}
	want := []string{`a="x\"}"`, `b=[1,{"c":"]"}]`, `d=-1.5`, `e={}`, `f=null`}
	if !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if got := string(Path([]byte(`{"a":{"b":{"c":7}}}`), "a", "b", "c")); got != "7" {
		t.Errorf("Path = %q", got)
	}
}

// FuzzRecords holds that no input makes the splitter panic, loop or lose bytes silently, and that what it accepts is
// JSON.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{`{"records":[{"a":1},{"a":2}]}`, "{\"a\":1}\n{\"a\": oops\n{\"a\":3}", `,{"a":1}]}`, `[{"a":"x},{"a":3}]`, "{\"a\":\n{"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		rs := NewRecords(bytes.NewReader(in), 1<<20)
		for n := 0; ; n++ {
			if n > len(in)+1 {
				t.Fatal("more records than bytes")
			}
			raw, off, err := rs.Next()
			var bad *BadValue
			if errors.As(err, &bad) {
				if bad.Length <= 0 {
					t.Fatalf("a refused record of %d bytes", bad.Length)
				}
				continue
			}
			if err != nil {
				return
			}
			if !json.Valid(raw) || off < 0 || off > int64(len(in)) {
				t.Fatalf("accepted %q at %d", raw, off)
			}
			for _, m := range Members(nil, raw) {
				if m.Kind == String {
					Text(nil, m.Value)
				}
			}
		}
	})
}

func BenchmarkMembers(b *testing.B) {
	line := []byte(`{"time":"2025-07-24T15:32:44.2442191Z","resourceId":"/tenants/22222222-1111-1111-1111-222222222222/providers/Microsoft.aadiam","operationName":"Sign-in activity","properties":{"id":"77777777-7777-7777-7777-777777777777","deviceDetail":{"deviceId":"","operatingSystem":"Windows10","browser":"Edge 18.22631"},"networkLocationDetails":[],"userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64)"}}`)
	b.SetBytes(int64(len(line)))
	var ms []Member
	for b.Loop() {
		if err := Check(line); err != nil {
			b.Fatal(err)
		}
		ms = Members(ms[:0], line)
	}
}
