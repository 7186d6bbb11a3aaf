package scalar

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestPlainJSON(t *testing.T) {
	for _, s := range []string{`{}`, `[]`, `[[],{}]`, `{"a":1,"b":[true,false,null,-12,"x\n\"\\é"],"c":{"d":{}}}`, `[0,10,-1]`} {
		if !plainJSON(s) {
			t.Errorf("%s is plain", s)
		}
	}
	for _, s := range []string{
		``, `1`, `"a"`, `null`, `{`, `[`, `[1,]`, `{"a":1,}`, `[,1]`, `{"a"}`, `{"a":}`, `{a:1}`, `[1 ,2]`, ` []`, `[] `, `[1.5]`, `[1e5]`, `[01]`, `[-]`, `[-0]`, `[-01]`,
		`[1234567890123456789]`, `["\u00e9"]`, `["\/"]`, `["\x"]`, `["a`, `["a\`, "[\"a\tb\"]", "[\"\xff\"]", `[tru]`, `[]]`, `{"a":1}}`, `[1}`, `{"a":1]`, `[]1`, strings.Repeat("[", 65) + strings.Repeat("]", 65),
	} {
		if plainJSON(s) {
			t.Errorf("%s is not plain", s)
		}
	}
}

// FuzzPlainJSON holds that what is plain is JSON, and stays as it is when it is compacted.
func FuzzPlainJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"c\\"}]}`, `[[[]],{"":{}}]`, `["é",-5]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !plainJSON(s) {
			return
		}
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(s)); err != nil || b.String() != s {
			t.Errorf("%q is compacted to %q, %v", s, b.String(), err)
		}
	})
}

func BenchmarkPlainJSON(b *testing.B) {
	s := `[{"authenticationStepDateTime":"2026-03-10T20:57:44.8704000+00:00","authenticationMethod":"Password","authenticationMethodDetail":"Password in the cloud","succeeded":true,"authenticationStepResultDetail":"Correct password","StatusSequence":0}]`
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		plainJSON(s)
	}
}
