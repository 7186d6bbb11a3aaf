package enrich

import (
	"context"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"
)

// details writes the rows of NTATopologyDetails: the newest state of each resource that takes part in a network, at the
// time of that state. https://learn.microsoft.com/azure/azure-monitor/reference/tables/ntatopologydetails
func (t *Topology) details(ctx context.Context, o *output) error {
	for i := range t.newest {
		r := &t.newest[i]
		id, ok := parseID(r.id)
		kind := resourceKinds[r.typ]
		if !ok || kind == "" {
			continue
		}
		if err := t.detail(ctx, o, r, r.id, kind, id.short(), r.body); err != nil {
			return err
		}
		for _, p := range []struct{ list, kind string }{{"subnets", "Subnetwork"}, {"virtualnetworkpeerings", "VNetPeering"}} {
			for _, inner := range r.body.list(p.list) {
				at, ok := parseID(inner.id())
				if kind != "VirtualNetwork" || !ok {
					continue
				}
				if err := t.detail(ctx, o, r, inner.id(), p.kind, at.short(), inner); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// resourceKinds names the types of resources that have rows in NTATopologyDetails.
var resourceKinds = map[string]string{
	"microsoft.network/virtualnetworks":                                           "VirtualNetwork",
	"microsoft.network/networkinterfaces":                                         "NetworkInterface",
	"microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces": "NetworkInterface",
	"microsoft.compute/virtualmachines":                                           "VirtualMachine",
	"microsoft.network/networksecuritygroups":                                     "NetworkSecurityGroup",
	"microsoft.network/publicipaddresses":                                         "PublicIPAddress",
	"microsoft.network/loadbalancers":                                             "LoadBalancer",
	"microsoft.network/applicationgateways":                                       "ApplicationGateway",
	"microsoft.network/virtualnetworkgateways":                                    "VirtualNetworkGateway",
	"microsoft.network/localnetworkgateways":                                      "LocalNetworkGateway",
	"microsoft.network/connections":                                               "Connection",
	"microsoft.network/expressroutecircuits":                                      "ExpressRouteCircuit",
	"microsoft.network/privateendpoints":                                          "PrivateEndpoint",
}

// detail writes one row; body is the resource's own.
func (t *Topology) detail(ctx context.Context, o *output, in *resourceRow, id, kind, name string, body object) error {
	r := o.begin(topologyTable, in.time)
	r.text("SubType", "Topology")
	r.int("TimeProcessed", o.now)
	r.text("AzureResourceType", kind)
	r.text("Name", name)
	r.text("Region", in.location)
	r.text("DiscoveryRegion", in.location)
	r.text("Subscription", in.subscription)
	short := func(path ...string) string {
		at, _ := parseID(body.id(path...))
		return at.short()
	}
	list := func(path ...string) string { return strings.Join(body.texts(path...), " ") }
	switch kind {
	case "VirtualNetwork":
		r.text("AddressPrefixes", list("addressspace", "addressprefixes"))
	case "Subnetwork":
		r.text("SubnetPrefixes", strings.TrimSpace(list("addressprefix")+" "+list("addressprefixes")))
		r.text("Nsg", named(body.id("networksecuritygroup")))
		r.text("RouteTable", named(body.id("routetable")))
	case "VNetPeering":
		r.text("VirtualNetwork1", strings.TrimSuffix(name, name[strings.LastIndexByte(name, '/'):]))
		r.text("VirtualNetwork2", short("remotevirtualnetwork"))
		r.text("State", body.text("peeringstate"))
		for column, key := range map[string]string{"AllowForwardedTraffic": "allowforwardedtraffic", "AllowGatewayTransit": "allowgatewaytransit",
			"AllowVirtualNetworkAccess": "allowvirtualnetworkaccess", "UseRemoteGateways": "useremotegateways"} {
			r.bool(column, body.flag(key))
		}
	case "NetworkInterface":
		var private, public []string
		for _, c := range body.list("ipconfigurations") {
			if a := c.text("privateipaddress"); a != "" {
				private = append(private, a)
			}
			if a, ok := t.publics[c.id("publicipaddress")]; ok {
				public = append(public, a.String())
			}
		}
		r.text("MacAddress", dashed(mac(body.text("macaddress"))))
		r.text("PrivateIpAddresses", strings.Join(private, " "))
		r.text("PublicIpAddresses", strings.Join(public, " "))
		if n := t.nics[id]; n != nil {
			r.text("VirtualMachine", n.machine)
			if n.subnet != nil {
				r.text("Subnetwork", n.subnet.short())
			}
		}
		r.text("Nsg", named(body.id("networksecuritygroup")))
		r.bool("EnableIpForwarding", body.flag("enableipforwarding"))
	case "PublicIPAddress":
		r.text("IpAddress", body.text("ipaddress"))
	case "LoadBalancer":
		var private, public []string
		for _, c := range body.list("frontendipconfigurations") {
			if a := c.text("privateipaddress"); a != "" {
				private = append(private, a)
			}
			if a, ok := t.publics[c.id("publicipaddress")]; ok {
				public = append(public, a.String())
			}
		}
		r.text("PrivateFrontendIps", strings.Join(private, " "))
		r.text("PublicFrontendIps", strings.Join(public, " "))
	case "VirtualNetworkGateway":
		r.text("GatewayType", body.text("gatewaytype"))
		r.bool("BgpEnabled", body.flag("enablebgp"))
		r.text("VpnClientAddressPrefixes", list("vpnclientconfiguration", "vpnclientaddresspool", "addressprefixes"))
		for _, c := range body.list("ipconfigurations") {
			at, _ := parseID(c.id("subnet"))
			r.text("GatewaySubnet", at.short())
			break
		}
	case "LocalNetworkGateway":
		r.text("AddressPrefixes", list("localnetworkaddressspace", "addressprefixes"))
		r.text("IpAddress", body.text("gatewayipaddress"))
	case "Connection":
		r.text("ConnectionType", body.text("connectiontype"))
		r.text("ConnectionStatus", body.text("connectionstatus"))
		r.text("VirtualNetworkGateway1", named(body.id("virtualnetworkgateway1")))
		r.text("VirtualNetworkGateway2", named(body.id("virtualnetworkgateway2")))
		r.text("LocalNetworkGateway", named(body.id("localnetworkgateway2")))
	case "ExpressRouteCircuit":
		r.text("CircuitProvisioningState", body.text("circuitprovisioningstate"))
		r.text("ServiceProviderProvisioningState", body.text("serviceproviderprovisioningstate"))
	case "PrivateEndpoint":
		r.text("PrivateEndpointResourceId", name)
		for _, c := range body.list("privatelinkserviceconnections") {
			at, _ := parseID(c.text("privatelinkserviceid"))
			r.text("PrivateLinkResourceId", at.short())
			break
		}
	}
	return o.end(ctx, r, xxh3.HashString(topologyTable+"\x00"+id+"\x00"+strconv.FormatInt(in.time, 10)))
}
