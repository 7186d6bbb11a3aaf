package diag

import (
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	source := "T\n| where\tФу == '日本' and bar == 1\n"
	at := func(text string) Span {
		i := strings.Index(source, text)
		return Span{Start: i, End: i + len(text)}
	}
	list := List{UnknownColumn(at("'日本'"), "x", ""), UnknownColumn(at("bar"), "bar", "baz")}
	list.Sort()
	got := list.Render(source)
	want := `error: Unknown column [unknown-column]
 --> line 2, column 15
2 | | where	Фу == '日本' and bar == 1
  |        	      ^^^^^^
  = There is no column x at this point of the query.

error: Unknown column [unknown-column]
 --> line 2, column 24
2 | | where	Фу == '日本' and bar == 1
  |        	                 ^^^
  = There is no column bar at this point of the query. Did you mean baz?
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRenderCutsLongLinesAndManyDiagnostics(t *testing.T) {
	source := strings.Repeat("a", 100_000) + "\x1b[31m"
	var list List
	for i := range 1000 {
		list = append(list, UnexpectedCharacter(Span{Start: 50_000 + i, End: 90_000}, "a"))
	}
	got := list.Render(source)
	if len(got) > 30_000 {
		t.Errorf("%d bytes", len(got))
	}
	if !strings.Contains(got, "and 980 more") {
		t.Error("the number of the diagnostics left out is missing")
	}
	if strings.Contains(UnexpectedCharacter(Span{Start: 99_999, End: 100_005}, "").Render(source), "\x1b") {
		t.Error("a control character reaches the terminal")
	}
}

func TestRenderTakesAnySpan(t *testing.T) {
	for _, source := range []string{"", "\n", "a\r\nb", "\xff\xfe"} {
		for start := -2; start < 6; start++ {
			for end := -2; end < 6; end++ {
				UnclosedBracket(Span{Start: start, End: end}, "(", ")").Render(source)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"SecurityEvent", "SigninLogs", "tostring", "toupper", "where"}
	for name, want := range map[string]string{
		"securityevent": "SecurityEvent", "SecurtyEvent": "SecurityEvent", "SigninLog": "SigninLogs", "tosrting": "tostring",
		"wher": "where", "x": "", "completely": "", "": "", strings.Repeat("x", 1000): "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
