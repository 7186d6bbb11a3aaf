package tables

import (
	"strconv"
	"strings"
	"testing"
)

func TestLookUp(t *testing.T) {
	for code, want := range map[string]string{
		"AADSTS50126": "sign-in", "50126": "sign-in", " aadsts50074 ": "sign-in", "3389": "port", "0xC000006A": "logon failure", "10": "logon type",
		"C44B4083-3bb0-49c1-b47d-974e53cbdf3c": "application", "62e90394-69f5-4237-9190-012177145e10": "role",
	} {
		found := LookUp(code)
		if len(found) == 0 || found[0].List != want || found[0].Meaning == "" {
			t.Errorf("LookUp(%s) = %v", code, found)
		}
	}
	if found := LookUp("50074"); !strings.Contains(found[0].Note, "no failure") {
		t.Errorf("an interrupt is not told as one: %v", found)
	}
	if found := LookUp("nothing"); found != nil {
		t.Error(found)
	}
	seen := map[string]bool{}
	for _, c := range Codes() {
		if key := c.List + " " + c.Code; seen[key] || c.Meaning == "" {
			t.Errorf("%v is there twice, or means nothing", c)
		}
		seen[c.List+" "+c.Code] = true
	}
}

func TestService(t *testing.T) {
	for _, c := range []struct {
		port     int
		protocol string
		want     string
	}{{443, "tcp", "https"}, {53, "udp", "domain"}, {514, "udp", "syslog"}, {514, "tcp", "shell"}, {3389, "tcp", "ms-wbt-server"}, {10002, "tcp", "documentum"}, {10257, "tcp", ""}, {0, "icmp", ""}} {
		if got := Service(c.port, c.protocol); got != c.want {
			t.Errorf("%d/%s is %q, want %q", c.port, c.protocol, got, c.want)
		}
	}
	for key, name := range services() {
		port, protocol, _ := strings.Cut(key, "/")
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || name == "" || protocol != "" && protocol != "tcp" && protocol != "udp" {
			t.Errorf("services.tsv: %s %s", key, name)
		}
	}
}
