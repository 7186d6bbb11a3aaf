package investigate

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"nordlys/internal/tables"
)

// machine is what is known of one computer: all its names and addresses.
type machine struct {
	names     []string // as logged; the first is the longest
	addresses []string
	macs      []string // twelve hexadecimal digits in upper case
	devices   []string
	resources []string // lower case
}

// machines finds a computer by any of its names and addresses.
type machines struct {
	byName map[string]*machine // lower case: names, short names, device and resource ids
	byIP   map[string]*machine
	byMAC  map[string]*machine
}

func newMachines() *machines {
	return &machines{map[string]*machine{}, map[string]*machine{}, map[string]*machine{}}
}

// shortName is the first label of a computer's name in lower case.
func shortName(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	return name
}

// add joins a row of an inventory into the machine that it is about.
func (m *machines) add(names, addresses, macs, resources, devices []string) {
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" || s == "-" })
	if len(names) == 0 {
		return
	}
	c := m.byName[strings.ToLower(names[0])]
	if c == nil {
		c = &machine{}
	}
	join := func(to *[]string, index map[string]*machine, values []string, key func(string) string) {
		for _, v := range values {
			k := key(v)
			if v == "" || k == "" {
				continue
			}
			if !slices.ContainsFunc(*to, func(s string) bool { return key(s) == k }) {
				*to = append(*to, v)
			}
			if index != nil && index[k] == nil {
				index[k] = c
			}
		}
	}
	join(&c.names, m.byName, names, strings.ToLower)
	join(&c.addresses, m.byIP, slices.DeleteFunc(addresses, notRoutable), strings.ToLower)
	join(&c.macs, m.byMAC, macs, bareMAC)
	join(&c.resources, m.byName, resources, strings.ToLower)
	join(&c.devices, m.byName, devices, strings.ToLower)
	if short := shortName(names[0]); m.byName[short] == nil {
		m.byName[short] = c
	}
	slices.SortStableFunc(c.names, func(a, b string) int { return len(b) - len(a) })
}

func notRoutable(ip string) bool {
	return strings.HasPrefix(ip, "127.") || ip == "::1" || strings.HasPrefix(strings.ToLower(ip), "fe80:")
}

var notHex = regexp.MustCompile(`[^0-9A-Fa-f]`)

// bareMAC writes a MAC as twelve upper-case digits.
func bareMAC(s string) string { return strings.ToUpper(notHex.ReplaceAllString(s, "")) }

// find looks a machine up by name, address, MAC, device or resource id.
func (m *machines) find(id string) *machine {
	low := strings.ToLower(id)
	for _, index := range []map[string]*machine{m.byName, m.byIP} {
		if c := index[low]; c != nil {
			return c
		}
	}
	if c := m.byMAC[bareMAC(id)]; c != nil && isMAC.MatchString(id) {
		return c
	}
	// An inventory that knows short names only still knows the machine.
	if c := m.byName[shortName(id)]; c != nil && !strings.Contains(id, "/") && !isAddress(id) && !strings.Contains(c.names[0], ".") {
		return c
	}
	return nil
}

// host gives the values of a host entity from anything that names it.
func (m *machines) host(id string) values {
	v := values{}
	c := m.find(id)
	if c == nil {
		switch {
		case isAddress(id):
			return values{"address": {id}}
		case strings.Contains(id, "."):
			return values{"fqdn": {id}, "hostname": {shortName(id)}}
		}
		return values{"hostname": {id}}
	}
	for _, n := range c.names {
		if strings.Contains(n, ".") {
			v["fqdn"] = append(v["fqdn"], n)
		}
	}
	v["hostname"] = []string{shortName(c.names[0])}
	v["address"], v["mac"], v["deviceid"], v["resourceid"] = c.addresses, c.macs, c.devices, c.resources
	return v
}

// names of a host as a Computer column may have them.
func (v values) hostNames() []string {
	out := slices.Clone(v["fqdn"])
	for _, h := range v["hostname"] {
		if !slices.ContainsFunc(out, func(s string) bool { return strings.EqualFold(s, h) }) {
			out = append(out, h)
		}
	}
	return out
}

// loadMachines reads the inventories that are there: small tables by nature. Costly ones answer only where the others
// have no rows.
func (v *investigation) loadMachines() error {
	load := func(costly bool) error {
		for i := range v.narration.Machines {
			m := &v.narration.Machines[i]
			if m.Costly != costly || !v.hasRows(m.Table) {
				continue
			}
			if err := v.loadInventory(m); err != nil {
				return err
			}
		}
		return nil
	}
	if err := load(false); err != nil {
		return err
	}
	if len(v.machines.byIP) == 0 {
		return load(true)
	}
	return nil
}

func (v *investigation) loadInventory(m *tables.Machine) error {
	q := m.Table
	if window := between(v.from, v.to); window != "" && m.Costly {
		q += "\n| where " + window
	}
	if m.Where != "" {
		q += "\n| where " + m.Where
	}
	expr := func(s string) string {
		if s == "" {
			return "''"
		}
		return "tostring(" + s + ")"
	}
	q += "\n| summarize by name = " + expr(m.Name) + ", short = " + expr(m.Short) + ", addresses = " + expr(m.Addresses) +
		", macs = " + expr(m.MACs) + ", resource = " + expr(m.Resource) + ", device = " + expr(m.Device) + "\n| take 20000"
	return v.rows(q, 0, 0, func(row []any) error {
		field := func(i int) string { s, _ := row[i].(string); return s }
		v.machines.add([]string{field(0), field(1)}, listOf(field(2)), listOf(field(3)), listOf(field(4)), listOf(field(5)))
		return nil
	})
}

// listOf reads a JSON list of texts, or takes the text as the only one.
func listOf(s string) []string {
	if s == "" {
		return nil
	}
	var list []string
	if strings.HasPrefix(s, "[") && json.Unmarshal([]byte(s), &list) == nil {
		return list
	}
	return []string{s}
}
