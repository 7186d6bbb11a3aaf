package scenario

import (
	"strings"
	"testing"
)

func TestCompany(t *testing.T) {
	c := newCompany(demoSeed)
	if len(c.people) != 40 || len(c.machines) != 6 || len(c.networks) != 2 || len(c.principals) != 3 {
		t.Errorf("%d people, %d machines, %d networks, %d applications", len(c.people), len(c.machines), len(c.networks), len(c.principals))
	}
	if c.phished == nil || c.phished.name != phishedName {
		t.Fatalf("the phished account is %v", c.phished)
	}
	unique := map[string]bool{}
	for _, p := range c.people {
		for _, s := range []string{p.upn, p.id, p.sid, p.home, p.mobileIP} {
			if unique[s] {
				t.Errorf("%s is used twice", s)
			}
			unique[s] = true
		}
	}
	for _, m := range c.machines {
		for _, s := range []string{m.name, m.ip, m.mac, m.id, m.vmID, m.agent, m.device} {
			if unique[s] {
				t.Errorf("%s is used twice", s)
			}
			unique[s] = true
		}
		if prefix := m.network.prefix[:strings.Index(m.network.prefix, ".0.0")]; !strings.HasPrefix(m.ip, prefix+".") {
			t.Errorf("%s is not in %s", m.ip, m.network.prefix)
		}
	}
	other := newCompany(demoSeed + 1)
	if c.tenant == other.tenant || c.phished.id == other.phished.id || c.web01.mac == other.web01.mac {
		t.Error("another seed gave the same identifiers")
	}
	if c.images["powershell.exe"].sha256 == c.images["cmd.exe"].sha256 {
		t.Error("two files have one hash")
	}
}

func TestGUIDForm(t *testing.T) {
	s := newRNG(1, "x", 0).guid().String()
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[14] != '4' || s[18] != '-' || s[23] != '-' || !strings.ContainsRune("89ab", rune(s[19])) {
		t.Errorf("not a version 4 GUID: %s", s)
	}
}
