package enrich

import (
	"net/netip"
	"slices"
	"strings"

	"nordlys/internal/workspace"
)

// The types of flows as Traffic Analytics spells them.
// https://learn.microsoft.com/azure/network-watcher/traffic-analytics-schema#notes
const (
	intraVNet      = "IntraVNet"
	interVNet      = "InterVNet"
	siteToSite     = "S2S"
	pointToSite    = "P2S"
	azurePublic    = "AzurePublic"
	externalPublic = "ExternalPublic"
	maliciousFlow  = "MaliciousFlow"
	unknownPrivate = "Unknown Private"
	unknownFlow    = "Unknown"
)

// platform is the address of Azure's own services in every virtual network: DHCP, DNS, health probes.
var platform = netip.MustParseAddr("168.63.129.16")

// verdict is what a flow is.
type verdict struct {
	kind                       string
	src, dst                   *place // nil where nothing is known
	peer                       side   // which end is the public one, of the three public types
	country, region            string
	connectionType, connection string
	connecting                 string
	udr                        bool       // captured at an interface that neither end has
	threat                     *Indicator // of a malicious flow
}

// side is an end of a flow.
type side int

const (
	neither side = iota
	source
	destination
)

// classifier tells what flows are. It remembers what it has looked up; it is for one goroutine.
type classifier struct {
	topology *Topology
	address  func(netip.Addr) workspace.AddressInfo
	threats  func(a netip.Addr, at int64) (Indicator, bool)
	known    map[placeKey]*place
	infos    map[netip.Addr]*workspace.AddressInfo
	homes    map[homeKey]homeOf
	missing  map[string]bool // MAC addresses of interfaces whose network is not known
}

func newClassifier(t *Topology, address func(netip.Addr) workspace.AddressInfo, threats func(netip.Addr, int64) (Indicator, bool)) *classifier {
	return &classifier{topology: t, address: address, threats: threats, known: map[placeKey]*place{},
		infos: map[netip.Addr]*workspace.AddressInfo{}, homes: map[homeKey]homeOf{}, missing: map[string]bool{}}
}

type homeKey struct{ mac, target string }

type homeOf struct {
	vnet *vnet
	nic  *nic
}

func (c *classifier) home(macAddress, target string) (*vnet, *nic) {
	k := homeKey{macAddress, target}
	h, ok := c.homes[k]
	if !ok {
		if len(c.homes) >= maxKnown {
			clear(c.homes)
		}
		h.vnet, h.nic = c.topology.home(macAddress, target)
		if h.vnet == nil && len(c.missing) < maxKnown {
			c.missing[macAddress] = true
		}
		c.homes[k] = h
	}
	return h.vnet, h.nic
}

type placeKey struct {
	a    netip.Addr
	home *vnet
}

// maxKnown bounds what a classifier remembers.
const maxKnown = 1 << 16

func (c *classifier) find(a netip.Addr, home *vnet) *place {
	k := placeKey{a, home}
	p, ok := c.known[k]
	if !ok {
		if len(c.known) >= maxKnown {
			clear(c.known)
		}
		p = c.topology.find(a, home)
		c.known[k] = p
	}
	return p
}

func (c *classifier) info(a netip.Addr) *workspace.AddressInfo {
	i, ok := c.infos[a]
	if !ok {
		if len(c.infos) >= maxKnown {
			clear(c.infos)
		}
		got := c.address(a)
		i = &got
		c.infos[a] = i
	}
	return i
}

// classify applies the rules in the order of the documentation's notes; at is the time of the flow in ticks.
//
// Where neither the interface nor the network of the flow log is known, the interface's own end (the destination of an
// inbound flow, the source of an outbound one) is taken to be in a virtual network, as flow logs are written nowhere
// else; whether the other end is in the same one cannot be told then.
func (c *classifier) classify(src, dst netip.Addr, inbound bool, macAddress, target string, at int64) verdict {
	home, card := c.home(macAddress, target)
	v := verdict{src: c.find(src, home), dst: c.find(dst, home)}
	own, ownPlace := src, &v.src
	if inbound {
		own, ownPlace = dst, &v.dst
	}
	if *ownPlace == nil && home == nil {
		*ownPlace = &place{vnet: unnamed(target), nic: card}
	}
	v.udr = home != nil && !captured(own, *ownPlace, home, card)
	srcIn, dstIn := inVNet(v.src), inVNet(v.dst)
	switch {
	case srcIn && dstIn:
		c.between(&v)
		return v
	case !srcIn && !dstIn:
		v.kind = unknownFlow
		return v
	}
	other, otherPlace, otherSide := src, v.src, source
	if srcIn {
		other, otherPlace, otherSide = dst, v.dst, destination
	}
	switch {
	case otherPlace != nil && otherPlace.site:
		v.kind, v.connection, v.connectionType = siteToSite, otherPlace.connection, "VpnGateway"
		if otherPlace.circuit != "" {
			v.connectionType = "ExpressRoute"
		}
		return v
	case otherPlace != nil && otherPlace.pointToSite != "":
		v.kind, v.connectionType, v.connection = pointToSite, "VpnGateway", otherPlace.pointToSite+"_"+other.String()
		return v
	case other == platform:
		v.kind, v.peer, v.region = azurePublic, otherSide, "Global"
		return v
	case !public(other):
		v.kind = unknownPrivate
		return v
	}
	info := c.info(other)
	if info.Azure {
		v.kind, v.peer, v.region = azurePublic, otherSide, region(info.Region)
		return v
	}
	v.country = strings.ToLower(info.Country)
	if threat, ok := c.threats(other, at); ok {
		v.kind, v.threat = maliciousFlow, &threat
		v.peer = otherSide
		return v
	}
	v.kind, v.peer = externalPublic, otherSide
	return v
}

// captured says whether the interface that saw a flow has its own end: where the interface is known by its addresses,
// else by its network.
func captured(own netip.Addr, p *place, home *vnet, n *nic) bool {
	if n != nil && len(n.addresses) > 0 {
		for _, a := range n.addresses {
			if a == own {
				return true
			}
		}
		return p != nil && p.nic == n
	}
	return p != nil && p.vnet == home
}

// between tells two virtual networks, or one, and how they are connected.
func (c *classifier) between(v *verdict) {
	a, b := v.src.vnet, v.dst.vnet
	if a != nil && a == b {
		v.kind = intraVNet
		return
	}
	v.kind = interVNet
	if a == nil || b == nil {
		return
	}
	if name := a.peers[b.id]; name != "" {
		v.connectionType, v.connection = "VNetPeering", a.subscription+"/"+a.group+"/"+strings.ToLower(name)
		return
	}
	var hubs []string
	for id := range a.peers {
		if hub := c.topology.vnets[id]; hub != nil && (hub.peers[b.id] != "" || b.peers[id] != "") {
			hubs = append(hubs, hub.path[1])
		}
	}
	if len(hubs) > 0 {
		slices.Sort(hubs)
		v.connectionType, v.connecting = "VNetPeering", strings.Join(hubs, " ")
	}
}

// inVNet says whether a place is in a virtual network, or an address of the customer in Azure.
func inVNet(p *place) bool {
	return p != nil && !p.site && p.pointToSite == "" && (p.vnet != nil || p.public || p.nic != nil)
}

// unnamed is the virtual network of an interface of which nothing but its flow log is known.
func unnamed(target string) *vnet {
	v := &vnet{}
	r, ok := parseID(target)
	if !ok {
		return v
	}
	v.resource = resource{subscription: r.subscription}
	if r.path[0] == "virtualnetworks" {
		v.resource, v.id = r, top(target)
		v.path = v.path[:2]
	}
	return v
}

// public says whether an address is routed in the internet.
func public(a netip.Addr) bool {
	switch {
	case !a.IsGlobalUnicast(), a.IsPrivate(), !a.IsValid():
		return false
	case a.Is4():
		b := a.As4()
		return !(b[0] == 100 && b[1]&0xc0 == 64) && b[0] != 0 && b[0] < 240 // carriers' own, this network, reserved
	}
	return true
}
