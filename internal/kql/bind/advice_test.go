package bind_test

import (
	"testing"
	"time"

	"nordlys/internal/kql"
	"nordlys/internal/kql/diag"
)

func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		query string
		want  []diag.Code
	}{
		{"SecurityEvent | count", []diag.Code{diag.CodeNoTimeFilter}},
		{"SecurityEvent | where TimeGenerated > ago(1h) | count", nil},
		{"SecurityEvent | take 1 | where TimeGenerated > ago(1h)", nil},
		{"print x = 'a b' | where x contains 'powershell'", []diag.Code{diag.CodeContainsTerm}},
		{"print x = 'a b' | where x !contains_cs 'powershell'", []diag.Code{diag.CodeContainsTerm}},
		{"print x = 'a b' | where x contains '.exe' or x contains 'ab' or x has 'powershell'", nil},
		{"print k = 1, a = 1 | join kind=inner (print k = 1, b = 1) on k | where a == 1", []diag.Code{diag.CodeLateFilter}},
		{"print k = 1, a = 1 | join kind=inner (print k = 1, b = 1) on k | where b == 1", []diag.Code{diag.CodeLateFilter}},
		{"print k = 1, a = 1 | join kind=inner (print k = 1, b = 1) on k | where b == a", nil},
		{"print k = 1, a = 1 | join kind=leftouter (print k = 1, b = 1) on k | where isnull(b)", nil},
		{"print k = 1, a = 1 | join kind=leftouter (print k = 1, b = 1) on k | where a == 1", []diag.Code{diag.CodeLateFilter}},
		{"print k = 1, a = 1 | join kind=fullouter (print k = 1, b = 1) on k | where a == 1", nil},
		{"print d = dynamic({'a': 1}) | where d.a == 1", []diag.Code{diag.CodeDynamicEquality}},
		{"print d = dynamic({'a': 1}) | project sqrt(d.a)", []diag.Code{diag.CodeDynamicArgument}},
		{"print d = dynamic({'a': 1}) | project startofday(d.a)", []diag.Code{diag.CodeDynamicArgument}},
		{"print d = dynamic({'a': 1}) | project strlen(d.a), parse_ipv4(d.a), tolong(d.a), array_length(d.a)", nil},
		{"print d = dynamic({'a': 1}) | where toint(d.a) == 1 and d.a == d.a", nil},
	} {
		for _, advice := range []bool{true, false} {
			_, list := kql.Compile(c.query, readable, kql.Options{Now: time.Unix(1700000000, 0), Advice: advice})
			var got []diag.Code
			for _, d := range list {
				got = append(got, d.Code)
				if d.Severity != diag.Warning {
					t.Errorf("%s: %v is no warning", c.query, d)
				}
			}
			want := c.want
			if !advice {
				want = nil
			}
			if len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
				t.Errorf("%s with advice %v: %v, want %v", c.query, advice, got, want)
			}
		}
	}
}
