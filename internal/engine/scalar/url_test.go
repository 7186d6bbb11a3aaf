package scalar

import (
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	parts := func(scheme, host, port, path, user, password, query, fragment string) string {
		return `{"Scheme":"` + scheme + `","Host":"` + host + `","Port":"` + port + `","Path":"` + path + `","Username":"` + user +
			`","Password":"` + password + `","Query Parameters":{` + query + `},"Fragment":"` + fragment + `"}`
	}
	check(t, []call{
		{"go_url_decode", []any{"caf%C3%A9+au%20lait%2f"}, "café au lait/"}, {"go_url_decode", []any{"100%"}, "100%"},
		{"go_url_decode", []any{"%zz%4"}, "%zz%4"}, {"go_url_decode", []any{"%ff"}, "\uFFFD"}, {"go_url_decode", []any{"plain"}, "plain"},
		{"go_url_encode", []any{"https://x.test/a b?c=é"}, "https%3a%2f%2fx.test%2fa+b%3fc%3d%c3%a9"}, {"go_url_encode", []any{"a-b_c.d!(e)*"}, "a-b_c.d!(e)*"},

		{"go_parse_url", []any{"https://eva:secret@example.test:8443/a/b?x=1&y=two#top"},
			parts("https", "example.test", "8443", "/a/b", "eva", "secret", `"x":"1","y":"two"`, "top")},
		{"go_parse_url", []any{"http://example.test"}, parts("http", "example.test", "", "", "", "", "", "")},
		{"go_parse_url", []any{"http://[2001:db8::1]:80/?q"}, parts("http", "[2001:db8::1]", "80", "/", "", "", `"q":""`, "")},
		{"go_parse_url", []any{"http://a@b@example.test/"}, parts("http", "example.test", "", "/", "a@b", "", "", "")},
		{"go_parse_url", []any{"/v1.0/users?$top=5"}, parts("", "", "", "/v1.0/users", "", "", `"$top":"5"`, "")},
		{"go_parse_url", []any{`https://x/"`}, parts("https", "x", "", `/\"`, "", "", "", "")},
		{"go_parse_url", []any{""}, parts("", "", "", "", "", "", "", "")},

		{"go_parse_urlquery", []any{"a=1&b=%20&a=2&&c"}, `{"Query Parameters":{"b":"%20","a":"2","c":""}}`},
		{"go_parse_urlquery", []any{"?u=http://x/?y=z"}, `{"Query Parameters":{"u":"http://x/?y=z"}}`}, {"go_parse_urlquery", []any{""}, `{"Query Parameters":{}}`},

		{"go_base64_decode_tostring", []any{"Tm9yZGx5cw=="}, "Nordlys"}, {"go_base64_decode_tostring", []any{"Tm9yZGx5cw"}, "Nordlys"},
		{"go_base64_decode_tostring", []any{"Tm9y\nZGx5cw==="}, "Nordlys"}, {"go_base64_decode_tostring", []any{"/w=="}, ""}, {"go_base64_decode_tostring", []any{"!"}, ""},
		{"go_base64_decode_toarray", []any{"AP8="}, "[0,255]"}, {"go_base64_decode_toarray", []any{""}, "[]"}, {"go_base64_decode_toarray", []any{"?"}, nil},
	})
}

func TestPaths(t *testing.T) {
	parts := func(scheme, root, dir, name, file, ext, stream string) string {
		return `{"Scheme":"` + scheme + `","RootPath":"` + root + `","DirectoryPath":"` + dir + `","DirectoryName":"` + name +
			`","Filename":"` + file + `","Extension":"` + ext + `","AlternateDataStreamName":"` + stream + `"}`
	}
	check(t, []call{
		{"go_parse_path", []any{`D:\logs\web\iis.log`}, parts("", "D:", `D:\\logs\\web`, "web", "iis.log", "log", "")},
		{"go_parse_path", []any{`\\nas\share\x.tar.gz`}, parts("", "", `\\\\nas\\share`, "share", "x.tar.gz", "gz", "")},
		{"go_parse_path", []any{"/var/log/syslog"}, parts("", "", "/var/log", "log", "syslog", "", "")},
		{"go_parse_path", []any{"file:///C:/Users/eva/notes.txt:Zone.Identifier"}, parts("file", "C:", "C:/Users/eva", "eva", "notes.txt", "txt", "Zone.Identifier")},
		{"go_parse_path", []any{`\\?\C:\very\long`}, parts("", "C:", `C:\\very`, "very", "long", "", "")},
		{"go_parse_path", []any{`C:\boot.ini`}, parts("", "C:", "C:", "", "boot.ini", "ini", "")},
		{"go_parse_path", []any{"readme"}, parts("", "", "", "", "readme", "", "")},
		{"go_parse_path", []any{""}, parts("", "", "", "", "", "", "")},

		{"go_parse_command_line", []any{`net user "eva b" /add`, "windows"}, `["net","user","eva b","/add"]`},
		{"go_parse_command_line", []any{`"C:\Program Files\a.exe" -x "C:\dir\\" y`, "windows"}, `["C:\\Program Files\\a.exe","-x","C:\\dir\\","y"]`},
		{"go_parse_command_line", []any{`p a\\b "a\\b" \"q\" "x""y z" ""`, "windows"}, `["p","a\\\\b","a\\\\b","\"q\"","x\"y","z \""]`},
		{"go_parse_command_line", []any{"  x", "windows"}, `["","x"]`}, {"go_parse_command_line", []any{`p "open end`, "windows"}, `["p","open end"]`},
		{"go_parse_command_line", []any{"", "windows"}, "[]"}, {"go_parse_command_line", []any{"a b", "bash"}, nil},

		{"go_parse_csv", []any{`x, y ,"a ""quoted"" b",,"c,d"`}, `["x"," y ","a \"quoted\" b","","c,d"]`}, {"go_parse_csv", []any{"a,b\r\nc"}, `["a","b"]`},
		{"go_parse_csv", []any{"\"two\nlines\",b\nc"}, `["two\nlines","b"]`}, {"go_parse_csv", []any{""}, `[""]`}, {"go_parse_csv", []any{"a,"}, `["a",""]`},
		{"go_parse_csv", []any{`"open`}, `["open"]`}, {"go_parse_csv", []any{`"a"b,c`}, `["ab","c"]`}, {"go_parse_csv", []any{`a"b",c`}, `["a\"b\"","c"]`},

		{"go_parse_version", []any{"2.7"}, "2000000070000000000000000"}, {"go_parse_version", []any{"0.0.0.0"}, "0"}, {"go_parse_version", []any{"10.20.30.40"}, "10000000200000003000000040"},
		{"go_parse_version", []any{"1.2.3.4.5"}, nil}, {"go_parse_version", []any{"1..2"}, nil}, {"go_parse_version", []any{"v1"}, nil}, {"go_parse_version", []any{""}, nil}, {"go_parse_version", []any{"123456789"}, nil},
	})
}

func TestXML(t *testing.T) {
	deep := strings.Repeat("<a>", maxDepth+2) + strings.Repeat("</a>", maxDepth+2)
	check(t, []call{
		{"go_parse_xml", []any{"<log/>"}, `{"log":null}`}, {"go_parse_xml", []any{"<log></log>"}, `{"log":null}`}, {"go_parse_xml", []any{"<log>  hi </log>"}, `{"log":"hi"}`},
		{"go_parse_xml", []any{`<log level="3"/>`}, `{"log":{"@level":"3"}}`}, {"go_parse_xml", []any{`<log level='3'>hi</log>`}, `{"log":{"@level":"3","#text":"hi"}}`},
		{"go_parse_xml", []any{"<l><a>x</a><b>y</b></l>"}, `{"l":{"a":"x","b":"y"}}`}, {"go_parse_xml", []any{"<l><a>x</a><b/><a>y</a></l>"}, `{"l":{"a":["x","y"],"b":null}}`},
		{"go_parse_xml", []any{"<l> t <a/> u </l>"}, `{"l":{"#text":["t","u"],"a":null}}`},
		{"go_parse_xml", []any{"<n><i>42</i><f>2.5</f><z>007</z><v>1.10</v><big>12345678901234567890</big><e>1e5</e></n>"}, `{"n":{"i":42,"f":2.5,"z":"007","v":"1.10","big":"12345678901234567890","e":"1e5"}}`},
		{"go_parse_xml", []any{"\uFEFF<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<!DOCTYPE l [<!ENTITY x \"y\">]><!-- c --><l>&lt;&#65;&#x42;&amp;<![CDATA[<raw> & ]]></l><!-- end -->"}, `{"l":["<AB&","<raw> & "]}`},
		{"go_parse_xml", []any{`<e:Event xmlns:e="urn:x"><e:Data Name="A">1</e:Data><e:Data Name="B"/></e:Event>`},
			`{"e:Event":{"@xmlns:e":"urn:x","e:Data":[{"@Name":"A","#text":1},{"@Name":"B"}]}}`},
		{"go_parse_xml", []any{"<ø>å</ø>"}, `{"ø":"å"}`},
		{"go_parse_xml", []any{"<a><b></a></b>"}, nil}, {"go_parse_xml", []any{"<a>"}, nil}, {"go_parse_xml", []any{"a"}, nil}, {"go_parse_xml", []any{""}, nil}, {"go_parse_xml", []any{"<a/><b/>"}, nil},
		{"go_parse_xml", []any{"<a x=1/>"}, nil}, {"go_parse_xml", []any{`<a x="1" x="2"/>`}, nil}, {"go_parse_xml", []any{"<a>&x;</a>"}, nil}, {"go_parse_xml", []any{"<a>&#55296;</a>"}, nil},
		{"go_parse_xml", []any{"<1/>"}, nil}, {"go_parse_xml", []any{"<!-- <a/>"}, nil}, {"go_parse_xml", []any{deep}, nil}, {"go_parse_xml", []any{"<a>" + strings.Repeat("x", maxXML) + "</a>"}, nil},
		{"go_parse_xml", []any{`<a x="1"y="2"/>`}, nil},
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		`<a x="1">&lt;<b/><![CDATA[x]]></a>`, `"a b" c\"d "e""f"`, `a,"b""c",d` + "\n", "1.2.3", "http://u:p@[::1]:80/a?b=c#d", `C:\a\b.c:d`, "%41+%", "S3VzdG8",
		"Mozilla/5.0 (Linux; Android 13; SM-G991B Build/T) Chrome/1.2", "<!DOCTYPE a [", "<a>&#x;</a>", "Windows NT ", "Android;;", "Nokia",
	} {
		f.Add(s)
	}
	fns := Functions()
	f.Fuzz(func(t *testing.T, s string) {
		for _, fn := range fns {
			switch fn.Name {
			case "go_parse_xml", "go_parse_csv", "go_parse_version", "go_parse_url", "go_parse_urlquery", "go_parse_path", "go_url_decode", "go_url_encode",
				"go_base64_decode_tostring", "go_base64_decode_toarray", "go_codepoints":
				checkType(t, fn, fn.Call([]any{s}))
			case "go_parse_command_line":
				checkType(t, fn, fn.Call([]any{s, "windows"}))
			case "go_parse_user_agent":
				checkType(t, fn, fn.Call([]any{s, `["browser","os","device"]`}))
			case "go_format_datetime", "go_format_timespan":
				checkType(t, fn, fn.Call([]any{int64(638000000000000000), s}))
			case "go_extract":
				checkType(t, fn, fn.Call([]any{s, s, int64(0)}))
			case "go_translate":
				checkType(t, fn, fn.Call([]any{s, s, s}))
			}
		}
	})
}

func BenchmarkParseXML(b *testing.B) {
	f := functions(b)["go_parse_xml"].Call
	var x strings.Builder
	x.WriteString(`<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><EventID>4624</EventID></System><EventData>`)
	for _, n := range []string{"SubjectUserSid", "SubjectUserName", "TargetUserName", "LogonType", "IpAddress", "ProcessName"} {
		x.WriteString(`<Data Name="` + n + `">S-1-5-21-1004336348-1177238915-682003330-512</Data>`)
	}
	x.WriteString(`</EventData></Event>`)
	args := []any{x.String()}
	b.SetBytes(int64(x.Len()))
	b.ReportAllocs()
	for b.Loop() {
		f(args)
	}
}
