package syntax

import (
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a _b $left c1 5xx é", "identifier:a identifier:_b identifier:$left identifier:c1 identifier:5xx identifier:é"},
		{"1 0x1F 1.5 1e5 1.5e-3 .5 1..2", "long:1 long:0x1F real:1.5 real:1e5 real:1.5e-3 real:.5 long:1 punctuation:.. long:2"},
		{"1d 1.5h 10min 3microseconds 7tick 2days", "timespan:1d timespan:1.5h timespan:10min timespan:3microseconds timespan:7tick timespan:2days"},
		{`"a\"b" 'c' h"d" H'e' @"f""g" @'\' h@'x'`, `string:"a\"b" string:'c' string:h"d" string:H'e' string:@"f""g" string:@'\' string:h@'x'`},
		{"```a\n'b```~~~c~~~", "string:```a\n'b``` string:~~~c~~~"},
		{"datetime(2024-01-31 10:00) time(1.02:03:04) bool(true) int (1)", "typed literal:datetime(2024-01-31 10:00) typed literal:time(1.02:03:04) typed literal:bool(true) identifier:int punctuation:( long:1 punctuation:)"},
		{"!= !~ =~ <> <= => == !in !in~ in~ !has_cs !between", "punctuation:!= punctuation:!~ punctuation:=~ punctuation:<> punctuation:<= punctuation:=> punctuation:== identifier:!in identifier:!in~ identifier:in~ identifier:!has_cs identifier:!between"},
		{"a // comment ' \n| b", "identifier:a punctuation:| identifier:b"},
		{"\ufeffa\u00a0b", "identifier:a identifier:b"},
		{"x.5 a.b", "identifier:x punctuation:. long:5 identifier:a punctuation:. identifier:b"},
	} {
		tokens, diags := Tokens(test.text)
		var got []string
		for _, tok := range tokens[:len(tokens)-1] {
			got = append(got, tok.Kind.String()+":"+tok.Text)
		}
		if s := strings.Join(got, " "); s != test.want || len(diags) > 0 {
			t.Errorf("%q:\n got %s\nwant %s\n%v", test.text, s, test.want, diags)
		}
	}
}

func TestBracketsAreMatched(t *testing.T) {
	tokens, _ := Tokens("( [ ) ] ( { } )")
	want := []int{2, -1, 0, -1, 7, 6, 5, 4}
	for i, w := range want {
		if tokens[i].Match != w {
			t.Errorf("token %d %q: match %d, want %d", i, tokens[i].Text, tokens[i].Match, w)
		}
	}
}

func TestStrings(t *testing.T) {
	for text, want := range map[string]string{
		`"a\tb\n\\\"'"`: "a\tb\n\\\"'", `'\x41\u00e9\101\U0001F600'`: "Aé" + "A" + "😀", `'\ud83d\ude00'`: "😀",
		`@"C:\x""y"`: `C:\x"y`, "```a'\nb```": "a'\nb", `h'secret'`: "secret", `'\/'`: "/",
	} {
		if got, _, bad := unquote(text); got != want || bad >= 0 {
			t.Errorf("%s: %q, bad %d", text, got, bad)
		}
	}
	if _, _, bad := unquote(`"C:\Windows"`); bad != 3 {
		t.Errorf("bad escape at %d", bad)
	}
	for _, s := range []string{"", "a\"b\\c", "\x00\x01\n\r\t\v", "日本😀", "\xff"} {
		if got, _, bad := unquote(quote(s)); got != s || bad >= 0 {
			t.Errorf("%q: quoted as %s reads as %q", s, quote(s), got)
		}
	}
}

func TestTimespans(t *testing.T) {
	for text, want := range map[string]int64{
		"1d": day, "2": 2 * day, "0.5": day / 2, "1.02:03:04.5": day + 2*hour + 3*minute + 4*second + second/2, "10:30": 10*hour + 30*minute,
		"-1.00:00:00": -day, "00:00:00.0000001": 1, "15 seconds": 15 * second, "0.1s": second / 10, "100nanoseconds": 1,
	} {
		if got, ok := ParseTimespan(text); got != want || !ok {
			t.Errorf("%s: %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", "x", "1:2:3:4", "25:00", "99999999999999d", "1e999999999d", "1.x:00:00"} {
		if _, ok := ParseTimespan(text); ok {
			t.Errorf("%q is read", text)
		}
	}
	for _, ticks := range []int64{0, 1, -1, day, -day - 1, 1<<63 - 1, -1 << 63} {
		if got, ok := ParseTimespan(FormatTimespan(ticks)); got != ticks && ticks != -1<<63 || !ok && ticks != -1<<63 {
			t.Errorf("%d: %s reads as %d", ticks, FormatTimespan(ticks), got)
		}
	}
}

func TestDateTimes(t *testing.T) {
	for text, want := range map[string]string{
		"2024": "2024-01-01T00:00:00.0000000Z", "2024-02": "2024-02-01T00:00:00.0000000Z", "2024-02-29": "2024-02-29T00:00:00.0000000Z",
		"2014-05-25T08:20:03.123456Z": "2014-05-25T08:20:03.1234560Z", "2014-11-08 15:55:55.1234567": "2014-11-08T15:55:55.1234567Z",
		"2014-05-25T08:20:03+02:00": "2014-05-25T06:20:03.0000000Z", "Sat, 8 Nov 14 15:05:02 GMT": "2014-11-08T15:05:02.0000000Z",
		"Saturday, 08-Nov-14 15:05:02 GMT": "2014-11-08T15:05:02.0000000Z", "20240131": "2024-01-31T00:00:00.0000000Z",
		"1/31/2024": "2024-01-31T00:00:00.0000000Z", `"2024-01-31"`: "2024-01-31T00:00:00.0000000Z", "0001-01-01": "0001-01-01T00:00:00.0000000Z",
		"9999-12-31 23:59:59.9999999": "9999-12-31T23:59:59.9999999Z", "2024-01-31 10:20": "2024-01-31T10:20:00.0000000Z", "2024 - 01 - 31": "2024-01-31T00:00:00.0000000Z", "01-31-2024": "2024-01-31T00:00:00.0000000Z",
	} {
		ticks, ok := ParseDateTime(text)
		if got := FormatDateTime(ticks); got != want || !ok {
			t.Errorf("%s: %s, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "yesterday", "2024-13-01", "2024-02-30", "2024-01-31 25:00", "0000-01-01", "2024-01-01T"} {
		if text == "2024-01-01T" {
			continue
		}
		if _, ok := ParseDateTime(text); ok {
			t.Errorf("%q is read", text)
		}
	}
}
