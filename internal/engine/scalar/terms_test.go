package scalar

import (
	"regexp"
	"strings"
	"testing"
)

func matchOf(t testing.TB, name string) func(text, pattern string) bool {
	t.Helper()
	for _, f := range termFuncs() {
		if f.Name == name {
			return f.Match()
		}
	}
	t.Fatal("no function " + name)
	return nil
}

func TestTerms(t *testing.T) {
	for _, c := range []struct {
		name, text, pattern string
		want                bool
	}{
		{"go_has", "C:\\Windows\\System32\\PowerShell.exe -NoProfile", "powershell", true},
		{"go_has", "powershells", "powershell", false},
		{"go_has", "powershells powershell", "POWERSHELL", true},
		{"go_has", "xpowershell", "powershell", false},
		{"go_has", "a_b", "a", true},
		{"go_has", "", "", true},
		{"go_has", "x", "", true},
		{"go_has", "", "x", false},
		{"go_has", "name@contoso.com", "contoso.com", true},
		{"go_has", "name@contoso.community", "contoso.com", false},
		{"go_has", "run -enc abc", "-enc", true},
		{"go_has", "run x-enc abc", "-enc", true},
		{"go_has", "naïve", "na", false},
		{"go_has", "“quoted”", "quoted", true},
		{"go_has", "été ÉTÉ", "Été", true},
		{"go_has_cs", "été ÉTÉ", "Été", false},
		{"go_has_cs", "PowerShell", "powershell", false},
		{"go_has_cs", "a PowerShell b", "PowerShell", true},
		{"go_hasprefix", "x powershells", "PowerShell", true},
		{"go_hasprefix", "xpowershell", "powershell", false},
		{"go_hassuffix", "xpowershell", "powershell", true},
		{"go_hassuffix", "powershells", "powershell", false},
		{"go_contains", "ABC[dEf", "c[D", true},
		{"go_contains", "abc{", "ABC[", false}, // [ and { differ in the bit that tells cases apart
		{"go_contains", "aab", "AB", true},
		{"go_contains", "ab", "abc", false},
		{"go_contains", "STRASSE", "straße", false},
		{"go_startswith", "PowerShell", "POWER", true},
		{"go_startswith", "Po", "POWER", false},
		{"go_startswith", "ÉTÉ", "éT", true},
		{"go_endswith", "PowerShell", "SHELL", true},
		{"go_endswith", "ll", "SHELL", false},
		{"go_endswith", "x", "", true},
	} {
		if got := matchOf(t, c.name)(c.text, c.pattern); got != c.want {
			t.Errorf("%s(%q, %q) = %v", c.name, c.text, c.pattern, got)
		}
	}
}

// FuzzTerms holds the searches against regular expressions that say the same.
func FuzzTerms(f *testing.F) {
	for _, s := range []string{"powershell", "a.b", "ab ab", "-x", "é", "", "7", "aA"} {
		f.Add("x AB ab.a.b PowerShell7 aAa -X é", s)
		f.Add(s+s+" "+s, s)
	}
	f.Fuzz(func(t *testing.T, text, pattern string) {
		if strings.ToValidUTF8(text, "") != text || strings.ToValidUTF8(pattern, "") != pattern || pattern == "" {
			return
		}
		if !isASCII(text) || !isASCII(pattern) {
			return // what case is differs there by design
		}
		quoted := regexp.QuoteMeta(pattern)
		left, right := "", ""
		if inTerm(rune(pattern[0])) {
			left = "(?:^|[^0-9A-Za-z])"
		}
		if inTerm(rune(pattern[len(pattern)-1])) {
			right = "(?:$|[^0-9A-Za-z])"
		}
		for name, re := range map[string]string{
			"go_has": "(?is)" + left + quoted + right, "go_has_cs": "(?s)" + left + quoted + right,
			"go_hasprefix": "(?is)" + left + quoted, "go_hassuffix_cs": "(?s)" + quoted + right,
			"go_contains": "(?is)" + quoted, "go_startswith": "(?is)^" + quoted, "go_endswith": "(?is)" + quoted + "$",
		} {
			if got, want := matchOf(t, name)(text, pattern), regexp.MustCompile(re).MatchString(text); got != want {
				t.Errorf("%s(%q, %q) = %v, want %v", name, text, pattern, got, want)
			}
		}
	})
}

func BenchmarkTerms(b *testing.B) {
	text := `"C:\Windows\System32\svchost.exe" -k netsvcs-2654435761 -p -s Schedule9e3779b1`
	for _, pattern := range []string{"powershell", "schedule9e3779b1", "svchost.exe"} {
		b.Run(pattern, func(b *testing.B) {
			match := matchOf(b, "go_has")
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				match(text, pattern)
			}
		})
	}
}
