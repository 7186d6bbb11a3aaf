package enrich

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"

	"nordlys/internal/workspace"
)

// Topology is what the newest states of the resources in AzureResources_CL say of the network: which address is which
// interface's, in which subnet, behind which gateway. The zero value knows nothing.
type Topology struct {
	vnets    map[string]*vnet   // by id
	subnets  map[string]*subnet // by id
	nics     map[string]*nic    // by id
	macs     map[string]*nic    // by twelve hexadecimal digits
	machines map[string]*nic    // of a machine whose interfaces are not known otherwise, by its id
	groups   map[string]string  // network security groups: id by GUID
	owned    map[netip.Addr]*place
	publics  map[string]netip.Addr // public addresses by their resource's id
	byAddr   map[netip.Addr][]*place
	nets     bart.Table[[]*place] // subnets and virtual networks
	pools    bart.Table[*place]   // of point-to-site clients
	sites    bart.Table[*place]
	pubNets  bart.Table[*place] // prefixes of public addresses of the customer
	newest   []resourceRow
}

type resourceRow struct {
	id, name, typ, subscription, group, location string
	time                                         int64
	body                                         object
}

type vnet struct {
	id, region string
	resource
	peers map[string]string // id of the other network: name of the peering
}

type subnet struct {
	resource
	vnet       *vnet
	appGateway string
	prefixes   []netip.Prefix
}

type nic struct {
	resource
	region, mac, machine     string // machine as group/name
	subnet                   *subnet
	addresses                []netip.Addr
	loadBalancer, appGateway string // subscription/group/name
	endpoint                 string // private endpoint as group/name
	link, linkName           string
}

// place is what an address is. vnet is nil for what is on a site, or a client.
type place struct {
	vnet         *vnet
	subnet       *subnet
	nic          *nic
	loadBalancer string
	appGateway   string
	localGateway string
	circuit      string
	peering      string // of an ExpressRoute circuit
	connection   string
	pointToSite  string // the gateway of a client, by name
	site         bool
	public       bool // a public address of the customer, whose virtual network may not be known
}

// LoadTopology reads the resources of a workspace.
func LoadTopology(ctx context.Context, w *workspace.Workspace) (*Topology, error) {
	t := newTopology()
	rows, _, _, err := w.Query(ctx, workspace.Query{Text: `AzureResources_CL
| where type startswith "microsoft.network/" or type startswith "microsoft.compute/virtualmachines" or type startswith "microsoft.compute/virtualmachinescalesets"
| where isnotempty(properties)
| extend key = tolower(id)
| summarize arg_max(TimeGenerated, name, type, subscriptionId, resourceGroup, location, properties) by key
| order by key asc
| project key, name, type, subscriptionId, resourceGroup, location, tostring(properties), TimeGenerated`})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			break
		}
		r := resourceRow{id: row[0].(string), name: row[1].(string), typ: row[2].(string), subscription: strings.ToLower(row[3].(string)),
			group: strings.ToLower(row[4].(string)), location: region(row[5].(string)), body: parseObject(row[6].(string)), time: row[7].(int64)}
		t.newest = append(t.newest, r)
	}
	t.build()
	return t, nil
}

func newTopology() *Topology {
	return &Topology{vnets: map[string]*vnet{}, subnets: map[string]*subnet{}, nics: map[string]*nic{}, macs: map[string]*nic{}, machines: map[string]*nic{},
		groups: map[string]string{}, owned: map[netip.Addr]*place{}, publics: map[string]netip.Addr{}, byAddr: map[netip.Addr][]*place{}}
}

// Empty says that no virtual network or interface is known.
func (t *Topology) Empty() bool {
	return len(t.vnets) == 0 && len(t.nics) == 0 && len(t.machines) == 0 && len(t.subnets) == 0
}

// region spells a region as Traffic Analytics does: West Europe is westeurope.
func region(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

// each calls f for the resources of a type.
func (t *Topology) each(typ string, f func(r *resourceRow, id resource)) {
	for i := range t.newest {
		r := &t.newest[i]
		if r.typ != typ {
			continue
		}
		if id, ok := parseID(r.id); ok {
			f(r, id)
		}
	}
}

// build makes the indexes of the resources.
func (t *Topology) build() {
	t.each("microsoft.network/virtualnetworks", func(r *resourceRow, id resource) {
		v := t.vnet(r.id)
		v.region = r.location
		t.reach(&place{vnet: v}, prefixes(r.body.texts("addressspace", "addressprefixes")))
		for _, s := range r.body.list("subnets") {
			t.addSubnet(s.id(), s)
		}
		for _, p := range r.body.list("virtualnetworkpeerings") {
			if to := p.id("remotevirtualnetwork"); to != "" {
				v.peers[to] = p.text("name")
				t.vnet(to).peers[v.id] = p.text("name")
			}
		}
	})
	t.each("microsoft.network/virtualnetworks/subnets", func(r *resourceRow, _ resource) { t.addSubnet(r.id, r.body) })
	t.each("microsoft.network/virtualnetworks/virtualnetworkpeerings", func(r *resourceRow, _ resource) {
		if to := r.body.id("remotevirtualnetwork"); to != "" {
			t.vnet(top(r.id)).peers[to] = r.name
		}
	})
	for _, typ := range []string{"microsoft.network/networkinterfaces", "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces"} {
		t.each(typ, t.addNIC)
	}
	t.each("microsoft.compute/virtualmachines", t.addMachine)
	t.each("microsoft.network/publicipaddresses", t.addPublic)
	t.each("microsoft.network/publicipprefixes", func(r *resourceRow, _ resource) {
		for _, p := range prefixes(r.body.texts("ipprefix")) {
			t.pubNets.Insert(p, &place{public: true})
		}
	})
	t.each("microsoft.network/loadbalancers", func(r *resourceRow, id resource) {
		t.addFrontends(r, "frontendipconfigurations", place{loadBalancer: id.full()})
	})
	t.each("microsoft.network/applicationgateways", func(r *resourceRow, id resource) {
		for _, c := range r.body.list("gatewayipconfigurations") {
			if s := t.subnets[c.id("subnet")]; s != nil {
				s.appGateway = id.full()
			}
		}
		t.addFrontends(r, "frontendipconfigurations", place{appGateway: id.full()})
	})
	t.each("microsoft.network/virtualnetworkgateways", func(r *resourceRow, id resource) {
		t.addFrontends(r, "ipconfigurations", place{})
		t.addPool(r.name, r.body.texts("vpnclientconfiguration", "vpnclientaddresspool", "addressprefixes"))
	})
	t.each("microsoft.network/p2svpngateways", func(r *resourceRow, _ resource) {
		for _, c := range r.body.list("p2sconnectionconfigurations") {
			t.addPool(r.name, c.texts("vpnclientaddresspool", "addressprefixes"))
		}
	})
	t.addSites()
	t.each("microsoft.network/privateendpoints", t.addEndpoint)
	t.each("microsoft.network/networksecuritygroups", func(r *resourceRow, _ resource) {
		if g := strings.ToLower(r.body.text("resourceguid")); g != "" {
			t.groups[g] = r.id
		}
	})
	t.index()
}

// vnet finds a virtual network, or makes it known by its id alone.
func (t *Topology) vnet(id string) *vnet {
	id = strings.ToLower(id)
	v := t.vnets[id]
	if v == nil {
		v = &vnet{id: id, peers: map[string]string{}}
		v.resource, _ = parseID(id)
		t.vnets[id] = v
	}
	return v
}

// subnet finds a subnet, or makes it known by its id, which tells its virtual network.
func (t *Topology) subnet(id string) *subnet {
	s := t.subnets[id]
	if s == nil {
		r, ok := parseID(id)
		if !ok || len(r.path) != 4 || r.path[0] != "virtualnetworks" {
			return nil
		}
		s = &subnet{resource: r, vnet: t.vnet(top(id))}
		t.subnets[id] = s
	}
	return s
}

func (t *Topology) addSubnet(id string, body object) {
	s := t.subnet(id)
	if s == nil || len(s.prefixes) > 0 {
		return
	}
	s.prefixes = prefixes(body.texts("addressprefix"), body.texts("addressprefixes"))
	t.reach(&place{vnet: s.vnet, subnet: s}, s.prefixes)
}

// reach notes the networks of a place.
func (t *Topology) reach(p *place, nets []netip.Prefix) {
	for _, n := range nets {
		have, _ := t.nets.Get(n)
		t.nets.Insert(n, append(have, p))
	}
}

func (t *Topology) addNIC(r *resourceRow, id resource) {
	n := &nic{resource: id, region: r.location, mac: mac(r.body.text("macaddress")), machine: machineName(r.body.id("virtualmachine"))}
	if n.machine == "" && id.path[0] == "virtualmachinescalesets" {
		n.machine = machineName(r.id)
	}
	if id.path[0] == "virtualmachinescalesets" { // its own name counts, not those of what it lies in
		n.path = id.path[len(id.path)-2:]
	}
	for _, c := range r.body.list("ipconfigurations") {
		if a, err := netip.ParseAddr(c.text("privateipaddress")); err == nil {
			n.addresses = append(n.addresses, a)
		}
		if s := t.subnet(c.id("subnet")); s != nil && n.subnet == nil {
			n.subnet = s
		}
		for _, p := range c.list("loadbalancerbackendaddresspools") {
			n.loadBalancer = named(top(p.id()))
		}
		for _, p := range c.list("applicationgatewaybackendaddresspools") {
			n.appGateway = named(top(p.id()))
		}
	}
	t.nics[r.id] = n
	if n.mac != "" {
		t.macs[n.mac] = n
	}
}

// machineName is group/name of a virtual machine, of one in a scale set group/set_instance.
func machineName(id string) string {
	r, ok := parseID(id)
	switch {
	case !ok:
		return ""
	case r.path[0] == "virtualmachinescalesets" && len(r.path) >= 4:
		return r.group + "/" + r.path[1] + "_" + r.path[3]
	case r.path[0] == "virtualmachines":
		return r.group + "/" + r.path[1]
	}
	return ""
}

// addMachine gives the machine to its interfaces. az vm list -d tells addresses and MAC addresses, which make an interface
// without a name where the interfaces themselves were not listed.
func (t *Topology) addMachine(r *resourceRow, id resource) {
	name, known := id.short(), false
	for _, c := range r.body.list("networkprofile", "networkinterfaces") {
		if n := t.nics[c.id()]; n != nil {
			known = true
			if n.machine == "" {
				n.machine = name
			}
		}
	}
	if known {
		return
	}
	split := func(key string) []string {
		var out []string
		for _, s := range r.body.texts(key) {
			out = append(out, strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' })...)
		}
		return out
	}
	n := &nic{resource: resource{subscription: id.subscription}, region: r.location, machine: name}
	for _, s := range split("privateips") {
		if a, err := netip.ParseAddr(s); err == nil {
			n.addresses = append(n.addresses, a)
		}
	}
	for _, s := range split("macaddresses") {
		if m := mac(s); m != "" && t.macs[m] == nil {
			n.mac = m
			t.macs[m] = n
		}
	}
	for _, s := range split("publicips") {
		if a, err := netip.ParseAddr(s); err == nil {
			t.owned[a] = &place{nic: n, public: true}
		}
	}
	if len(n.addresses) > 0 || n.mac != "" {
		t.machines[r.id] = n
	}
}

func (t *Topology) addPublic(r *resourceRow, _ resource) {
	a, err := netip.ParseAddr(r.body.text("ipaddress"))
	if err != nil {
		return
	}
	p := &place{public: true}
	if at, ok := parseID(r.body.id("ipconfiguration")); ok {
		id := strings.ToLower(r.body.id("ipconfiguration"))
		switch at.path[0] {
		case "networkinterfaces", "virtualmachinescalesets":
			if n := t.nics[nicOf(id)]; n != nil {
				p.nic, p.subnet = n, n.subnet
			}
		case "loadbalancers":
			p.loadBalancer = named(top(id))
		case "applicationgateways":
			p.appGateway = named(top(id))
		}
	}
	if p.subnet != nil {
		p.vnet = p.subnet.vnet
	}
	t.owned[a], t.publics[r.id] = p, a
}

// nicOf is the interface that the id of an IP configuration lies in.
func nicOf(id string) string {
	if i := strings.Index(id, "/ipconfigurations/"); i >= 0 {
		return id[:i]
	}
	return id
}

// addFrontends notes the addresses of a gateway or load balancer.
func (t *Topology) addFrontends(r *resourceRow, list string, as place) {
	for _, c := range r.body.list(list) {
		p := as
		if s := t.subnet(c.id("subnet")); s != nil {
			p.subnet, p.vnet = s, s.vnet
		}
		if a, err := netip.ParseAddr(c.text("privateipaddress")); err == nil {
			t.byAddr[a] = append(t.byAddr[a], &p)
		}
		if a, ok := t.publics[c.id("publicipaddress")]; ok {
			own := p
			own.public = true
			t.owned[a] = &own
		}
	}
}

func (t *Topology) addPool(gateway string, texts []string) {
	for _, n := range prefixes(texts) {
		t.pools.Insert(n, &place{pointToSite: strings.ToLower(gateway)})
	}
}

// addSites notes the networks behind VPN gateways and ExpressRoute.
func (t *Topology) addSites() {
	connections := map[string]string{} // local network gateway or circuit: connection
	t.each("microsoft.network/connections", func(r *resourceRow, id resource) {
		for _, end := range []string{"localnetworkgateway2", "peer"} {
			if to := r.body.id(end); to != "" {
				connections[to] = id.full()
			}
		}
	})
	add := func(p place, nets []netip.Prefix) {
		p.site = true
		for _, n := range nets {
			t.sites.Insert(n, &p)
		}
	}
	t.each("microsoft.network/localnetworkgateways", func(r *resourceRow, id resource) {
		add(place{localGateway: id.full(), connection: connections[r.id]}, prefixes(r.body.texts("localnetworkaddressspace", "addressprefixes")))
	})
	t.each("microsoft.network/vpnsites", func(r *resourceRow, id resource) {
		add(place{localGateway: id.full()}, prefixes(r.body.texts("addressspace", "addressprefixes")))
	})
	t.each("microsoft.network/expressroutecircuits", func(r *resourceRow, id resource) {
		for _, p := range r.body.list("peerings") {
			add(place{circuit: id.full(), peering: p.text("peeringtype"), connection: connections[r.id]},
				prefixes(p.texts("primarypeeraddressprefix"), p.texts("secondarypeeraddressprefix"), p.texts("microsoftpeeringconfig", "advertisedpublicprefixes")))
		}
	})
}

func (t *Topology) addEndpoint(r *resourceRow, id resource) {
	var to string
	for _, c := range slices.Concat(r.body.list("privatelinkserviceconnections"), r.body.list("manualprivatelinkserviceconnections")) {
		if to = strings.ToLower(c.text("privatelinkserviceid")); to != "" {
			break
		}
	}
	for _, c := range r.body.list("networkinterfaces") {
		n := t.nics[c.id()]
		if n == nil {
			continue
		}
		n.endpoint = id.short()
		if l, ok := parseID(to); ok {
			n.link, n.linkName = l.group+"/"+l.path[0]+"/"+l.path[1], l.path[1]
		}
	}
}

// index finds interfaces by address.
func (t *Topology) index() {
	for _, list := range []map[string]*nic{t.nics, t.machines} {
		for _, id := range sortedKeys(list) {
			n := list[id]
			for _, a := range n.addresses {
				if n.subnet == nil { // of az vm list: the address tells the subnet where one network alone has it
					if at := t.within(a, nil); at != nil {
						n.subnet = at.subnet
					}
				}
				p := &place{nic: n, subnet: n.subnet, loadBalancer: n.loadBalancer, appGateway: n.appGateway}
				if n.subnet != nil {
					p.vnet = n.subnet.vnet
				}
				t.byAddr[a] = append(t.byAddr[a], p)
			}
		}
	}
	for _, p := range t.owned {
		if p.vnet == nil && p.nic != nil && p.nic.subnet != nil {
			p.subnet, p.vnet = p.nic.subnet, p.nic.subnet.vnet
		}
	}
}

func sortedKeys(m map[string]*nic) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// mac spells a MAC address as FlowTuples_CL has it, twelve hexadecimal digits in upper case; "" where it is none.
func mac(s string) string {
	s = strings.ToUpper(strings.NewReplacer("-", "", ":", "").Replace(s))
	if len(s) != 12 {
		return ""
	}
	return s
}

// home is the virtual network that a flow log's interface lies in: of the interface where it is known, else the network or
// subnet that the flow log watches, if that is known. nil is not known.
func (t *Topology) home(macAddress, target string) (*vnet, *nic) {
	n := t.macs[macAddress]
	if n != nil && n.subnet != nil {
		return n.subnet.vnet, n
	}
	if r, ok := parseID(target); ok {
		switch r.path[0] {
		case "virtualnetworks":
			if v := t.vnets[top(target)]; v != nil && v.region != "" {
				return v, n
			}
		case "networkinterfaces":
			if of := t.nics[target]; of != nil && of.subnet != nil {
				return of.subnet.vnet, of
			}
		}
	}
	return nil, n
}

// within is the subnet or network that an address lies in: that of home before one that home is peered with before any
// other; and among these the longest prefix.
func (t *Topology) within(a netip.Addr, home *vnet) *place {
	var best *place
	rank := 3
	for _, list := range t.nets.Supernets(netip.PrefixFrom(a, a.BitLen())) {
		for _, p := range list {
			if r := nearness(p.vnet, home); r < rank {
				best, rank = p, r
			}
		}
	}
	return best
}

// nearness is 0 for home itself, 1 for a network peered with it, 2 for any other.
func nearness(v, home *vnet) int {
	switch {
	case home == nil || v == nil:
		return 2
	case v == home:
		return 0
	case home.peers[v.id] != "" || v.peers[home.id] != "":
		return 1
	}
	return 2
}

// find says what an address is, seen from an interface in home; nil is not known.
func (t *Topology) find(a netip.Addr, home *vnet) *place {
	if p := t.owned[a]; p != nil {
		return p
	}
	var best *place
	rank := 3
	for _, p := range t.byAddr[a] {
		if r := nearness(p.vnet, home); r < rank {
			best, rank = p, r
		}
	}
	if p := t.within(a, home); p != nil {
		if r := nearness(p.vnet, home); r < rank {
			best = p
			if p.subnet != nil && p.subnet.appGateway != "" {
				with := *p
				with.appGateway = p.subnet.appGateway
				best = &with
			}
		}
	}
	if best != nil {
		return best
	}
	if p, ok := t.pools.Lookup(a); ok {
		return p
	}
	if p, ok := t.sites.Lookup(a); ok {
		return p
	}
	if p, ok := t.pubNets.Lookup(a); ok {
		return p
	}
	return nil
}
