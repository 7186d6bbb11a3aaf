package dnslog

import "testing"

func TestNameOf(t *testing.T) {
	for text, want := range map[string]string{
		"(3)www(7)contoso(3)com(0)":       "www.contoso.com",
		"[C00C](3)www(7)contoso(3)com(0)": "www.contoso.com",
		"(4)a.b)(3)com(0)":                "a.b).com", // a label may hold anything
		"(0)":                             ".",
		"":                                "",
		"www.contoso.com":                 "www.contoso.com",
		"(3)www":                          "(3)www",
		"(9)www(0)":                       "(9)www(0)",
		"(99999999999999999999)x(0)":      "(99999999999999999999)x(0)",
		"(x)www(0)":                       "(x)www(0)",
		"()":                              "()",
	} {
		if got := nameOf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
