package syslog

import (
	"testing"

	"nordlys/internal/ingest/rows"
)

func TestDetect(t *testing.T) {
	for text, want := range map[string]rows.Confidence{
		"<34>Oct 11 22:14:15 web01 su: x\n":                                        rows.Surely,
		"<34>1 2025-03-04T10:00:00Z web01 su - - - x\n":                            rows.Surely,
		"CEF:0|a|b|c|d|e|f|\n":                                                     rows.Surely,
		"Oct 11 22:14:15 web01 su: x, y, z\nOct 11 22:14:16 web01 su: x\n\tmore\n": rows.Probably,
		"-- Journal begins at Tue 2025-03-04 --\n2025-03-04T10:00:00+0100 a b: c":  rows.Probably,
		"2025-03-04T10:00:00Z,web01,x\n":                                           rows.No,
		"2025-03-04T10:00:00Z\n":                                                   rows.No,
		"2025-03-04T10:00:00Z INFO server: started\n":                              rows.No,
		"2025-03-04T10:00:00Z stdout F error: x\n":                                 rows.No,
		"2025-03-04T10:00:00Z something happened here\n":                           rows.No,
		"2025-03-04T10:00:00Z web01 sshd[1]: x\n":                                  rows.Probably,
		"Mar  4 10:00:00 fw01 CEF:0|a|b|c|d|e|f|\n":                                rows.Probably,
		"Oct 2025 was cold.\n":                                                     rows.No,
		"name,value\na,b\n":                                                        rows.No,
		"<html>\n":                                                                 rows.No,
		"<1>x":                                                                     rows.No,
		"March 4 10:00:00 a b: c\n":                                                rows.No,
	} {
		if got := NewText().Detect("x.log", []byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestTag(t *testing.T) {
	for text, want := range map[string]string{
		"sshd[12]: a":             "sshd|12|a",
		"postfix/smtpd[1]: a":     "postfix/smtpd|1|a",
		"kernel: [1.0] a":         "kernel||[1.0] a",
		"no tag here":             "||no tag here",
		"time is 10:00":           "||time is 10:00",
		"x[1] y":                  "||x[1] y",
		"x[]: y":                  "||x[]: y",
		"dhcpd:":                  "dhcpd||",
		"":                        "||",
		"[1] a":                   "||[1] a",
		"systemd-logind[7]:x":     "systemd-logind|7|x",
		"audit[9]: USER_AUTH x=y": "audit|9|USER_AUTH x=y",
	} {
		var h header
		rest := h.tag([]byte(text))
		if got := string(h.app) + "|" + string(h.pid) + "|" + string(rest); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPairs(t *testing.T) {
	for text, want := range map[string]string{
		"a=1 b=2":                        "a:1;b:2;",
		" a=1  b=two words c=3":          "a:1;b:two words;c:3;",
		`a=x\=y b=z`:                     "a:x=y;b:z;",
		`a=x \= y b=z`:                   "a:x = y;b:z;",
		"a=https://contoso.com/?q=1 b=2": "a:https://contoso.com/?q=1;b:2;",
		`a=line\nnext b=c:\\dir`:         "a:line\nnext;b:c:\\dir;",
		"a= b=2":                         "b:2;",
		"nothing":                        "",
		"=x":                             "",
		"ad.name=1 ad.list[0]=2 x-y=3":   "ad.name:1;ad.list[0]:2;x-y:3;",
		"msg=50% done key = x cs1=1":     "msg:50% done key = x;cs1:1;",
		"a=trailing backslash\\":         "a:trailing backslash\\;",
	} {
		got := ""
		eachPair([]byte(text), func(k, v string) { got += k + ":" + v + ";" })
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
