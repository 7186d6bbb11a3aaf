package tables

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Code is what a code in a log means.
type Code struct {
	List    string // sign-in, logon type, logon failure, port, application, role
	Code    string
	Meaning string
	Note    string // what is easily mistaken; "" if nothing
}

//go:embed aadsts.tsv
var aadstsTSV string

//go:embed wellknown.tsv
var wellKnownTSV string

//go:embed services.tsv
var servicesTSV string

var services = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, f := range tsv(servicesTSV) {
		out[f[0]] = f[1]
	}
	return out
})

// Service is the name that IANA has for a port, where protocol is tcp, udp or another's name: https. Empty is none.
func Service(port int, protocol string) string {
	p := strconv.Itoa(port)
	if name, ok := services()[p+"/"+protocol]; ok {
		return name
	}
	return services()[p]
}

// signInClasses are the classes of aadsts.tsv in words.
var signInClasses = map[string]string{
	"interrupt": "an interruption, no failure: the user was asked for something, and a later sign-in with the same correlation id may have succeeded",
	"password":  "about the password", "mfa": "about the second factor", "ca": "a decision of Conditional Access", "account": "about the account",
	"app": "about the application", "device": "about the device", "token": "about a token", "sso": "about single sign-on", "tenant": "about the tenant",
}

var codes = sync.OnceValue(func() []Code {
	var out []Code
	for _, f := range tsv(aadstsTSV) {
		out = append(out, Code{"sign-in", f[0], f[2], signInClasses[f[1]]})
	}
	for _, f := range tsv(wellKnownTSV) {
		out = append(out, Code{List: f[0], Code: f[1], Meaning: f[2]})
	}
	words := BuiltinNarration().Words
	for list, name := range map[string]string{"logon": "logon type", "logonfailure": "logon failure", "port": "port"} {
		for code, meaning := range words[list] {
			out = append(out, Code{List: name, Code: code, Meaning: meaning})
		}
	}
	slices.SortStableFunc(out, func(a, b Code) int { return strings.Compare(a.List+"\x00"+a.Code, b.List+"\x00"+b.Code) })
	return out
})

// tsv splits lines into fields, without comments and the line of titles.
func tsv(text string) [][]string {
	var out [][]string
	for line := range strings.Lines(text) {
		if line[0] != '#' && !strings.HasPrefix(line, "code\t") {
			out = append(out, strings.Split(strings.TrimRight(line, "\r\n"), "\t"))
		}
	}
	return out
}

// Codes lists every code that has a meaning here. Callers must not change it.
func Codes() []Code { return codes() }

// LookUp finds what a code means, in any list; letters of any case, an AADSTS before a sign-in code is left away.
func LookUp(code string) []Code {
	code = strings.ToLower(strings.TrimSpace(code))
	code = strings.TrimPrefix(code, "aadsts")
	var out []Code
	for _, c := range codes() {
		if strings.ToLower(c.Code) == code {
			out = append(out, c)
		}
	}
	return out
}
