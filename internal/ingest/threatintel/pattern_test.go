package threatintel

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
)

func TestParsePattern(t *testing.T) {
	for pattern, want := range map[string]string{
		"[ipv4-addr:value = '203.0.113.66']":                                              "ipv4-addr:value=203.0.113.66",
		"[ ipv4-addr:value='203.0.113.66' ]":                                              "ipv4-addr:value=203.0.113.66",
		"[ipv4-addr:value IN ('203.0.113.1','203.0.113.2')]":                              "ipv4-addr:value=203.0.113.1 ipv4-addr:value=203.0.113.2",
		"[ipv4-addr:value ISSUBSET '198.51.100.0/24']":                                    "ipv4-addr:value=198.51.100.0/24",
		"[file:hashes.'SHA-256' = 'ab' OR file:hashes.MD5 = 'cd']":                        "file:hashes.'SHA-256'=ab file:hashes.MD5=cd",
		"[domain-name:value = 'a'] AND [url:value = 'b'] OR [url:value = 'b']":            "domain-name:value=a url:value=b",
		`[url:value = 'it\'s \\ [x] OR']`:                                                 `url:value=it's \ [x] OR`,
		"([url:value = 'a'] OR [url:value = 'b'])":                                        "url:value=a url:value=b",
		"[(url:value = 'a' OR url:value = 'b') AND url:value = 'c']":                      "url:value=a url:value=b url:value=c",
		"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_port = 443]": "network-traffic:dst_port=443",
		"[email-message:to_refs[*].value = 'x@contoso.com']":                              "email-message:to_refs[*].value=x@contoso.com",
		"[x509-certificate:validity_not_after = t'2025-01-01T00:00:00Z']":                 "x509-certificate:validity_not_after=2025-01-01T00:00:00Z",
		// More than equalities.
		"[url:value LIKE 'a%']":                                                        "+",
		"[url:value != 'a']":                                                           "+",
		"[url:value NOT = 'a']":                                                        "+",
		"[file:size > 10 AND file:name = 'x']":                                         "file:name=x+",
		"[url:value = 'a'] FOLLOWEDBY [url:value = 'b']":                               "url:value=a url:value=b+",
		"[url:value = 'a'] WITHIN 5 SECONDS":                                           "url:value=a+",
		"[url:value = 'a'] REPEATS 3 TIMES OR [url:value = 'b']":                       "url:value=a url:value=b+",
		"[url:value = 'a'] START t'2025-01-01T00:00:00Z' STOP t'2025-01-02T00:00:00Z'": "url:value=a+",
		"[EXISTS url:value]":                                                           "+",
		"[ipv4-addr:value ISSUPERSET '198.51.100.0/24']":                               "+",
		// No patterns.
		"": "!", "text": "!", "[": "!", "[]": "!", "[url:value = 'a'": "!", "[url:value = 'a]": "!", "[url = 'a']": "!", "[url:value 'a']": "!",
		"rule r { condition: true }": "!", "[url:value = ]": "!", "[url:value IN ('a']": "!", "([url:value = 'a']": "!",
	} {
		seen, beyond, ok := parsePattern(pattern)
		var parts []string
		for _, o := range seen {
			parts = append(parts, o.key+"="+o.value)
		}
		got := strings.Join(parts, " ")
		switch {
		case !ok:
			got = "!"
		case beyond:
			got += "+"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
	if _, _, ok := parsePattern(strings.Repeat("[(", 100_000)); ok {
		t.Error("deep nesting is a pattern")
	}
}

func TestClassify(t *testing.T) {
	for text, want := range map[string]observable{
		"203.0.113.66":                     {"ipv4-addr:value", "203.0.113.66"},
		"203[.]0[.]113[.]66":               {"ipv4-addr:value", "203.0.113.66"},
		"203.0.113.66:443":                 {"ipv4-addr:value", "203.0.113.66"},
		"[2001:db8::1]:443":                {"ipv6-addr:value", "2001:db8::1"},
		"198.51.100.0/24":                  {"ipv4-addr:value", "198.51.100.0/24"},
		"hxxps://bad[.]contoso[.]com/a":    {"url:value", "https://bad.contoso.com/a"},
		"http://203.0.113.66/a":            {"url:value", "http://203.0.113.66/a"},
		"bad.contoso.com/a":                {"url:value", "bad.contoso.com/a"},
		"*.contoso.com":                    {"domain-name:value", "contoso.com"},
		"bad(dot)contoso(dot)com":          {"domain-name:value", "bad.contoso.com"},
		"x[@]contoso[.]com":                {"email-addr:value", "x@contoso.com"},
		"d41d8cd98f00b204e9800998ecf8427E": {"file:hashes.MD5", "d41d8cd98f00b204e9800998ecf8427e"},
		"":                                 {}, "word": {}, "1.2.3": {}, "file.txt": {}, "a..b": {}, "fe80::1%eth0": {}, "12:30:00": {}, "Seen in March.": {},
	} {
		got, ok := classify(text)
		if d := cmp.Diff(want, got, cmp.AllowUnexported(observable{})); d != "" || ok != (want != observable{}) {
			t.Errorf("%q: %v %s", text, ok, d)
		}
	}
}

// Tables of logs, machines and figures are none of indicators, though they have some of the columns.
func TestTableMatch(t *testing.T) {
	for text, want := range map[string]bool{
		`{"indicator":"203.0.113.1"}`:                                                            true,
		`{"type":"ip","value":"203.0.113.1"}`:                                                    true,
		`{"ioc_value":"x.contoso.com","malware":"y"}`:                                            true,
		`{"dst_ip":"203.0.113.1","malware":"x","first_seen_utc":"2025-03-01"}`:                   true,
		`{"sha256_hash":"` + strings.Repeat("a", 64) + `","signature":"x","first_seen":"now"}`:   true,
		`{"country":"NO","indicator":"GDP","value":"7"}`:                                         false,
		`{"value":"203.0.113.1"}`:                                                                false,
		`{"hostname":"web01.contoso.com","ip":"10.0.0.4","first_seen":"2025-03-01","score":"3"}`: false,
		`{"src_ip":"203.0.113.1","dst_ip":"10.0.0.4","signature":"ET SCAN","confidence":"3"}`:    false,
		`{"ip":"203.0.113.1","user":"anna"}`:                                                     false,
		`{"ip":"203.0.113.1","malware":"x"}`:                                                     false,
		`{"url":"/index.html","threat":"none","score":"1"}`:                                      false,
	} {
		r := records.Record{Raw: []byte(text), Members: jsontext.Members(nil, []byte(text))}
		if got := NewTable().Match(&r, nil); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// What is no list stays what it is.
func TestDetectList(t *testing.T) {
	for text, want := range map[string]bool{
		"203.0.113.1\n":                      true,
		"# list\n203.0.113.1\nx.contoso.com": true,
		"ip\n203.0.113.1\n203.0.113.2\n":     true,
		"anna@contoso.com\nbo@contoso.com\n": false, // may be anybody
		"report.txt\nnotes.log\n":            false,
		"203.0.113.5 - - [22/Nov/2025:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1\n":           false,
		"github.com/google/go-cmp v0.7.0 h1:wk8382ETsv4JYUZwIsn6YpYiWiBsYLSJiXsyBszVJ8E=\n": false,
		"host,ip\nweb01,203.0.113.1\n":                           false,
		"# firstseen,dst_ip,malware\n2025-03-01,203.0.113.1,x\n": true,
		"Dear Anna,\n203.0.113.1 is bad.\n":                      false,
		"":                                                       false,
	} {
		if got := NewList().Detect("list.txt", []byte(text)) > 0; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
