package enrich

import (
	"net/netip"
	"strings"
	"testing"

	"nordlys/internal/workspace"
)

// FuzzTopology holds that no resource makes the topology panic, and that every flow gets a type.
func FuzzTopology(f *testing.F) {
	const net = "/subscriptions/0a1b2c3d-1111-4111-8111-000000000001/resourceGroups/rg/providers/Microsoft.Network/"
	f.Add("microsoft.network/virtualnetworks", net+"virtualNetworks/v", `{"addressSpace":{"addressPrefixes":["10.1.0.0/16","x"]},"subnets":[{"id":"`+net+`virtualNetworks/v/subnets/s","properties":{"addressPrefix":"10.1.1.0/24"}}],"virtualNetworkPeerings":[{"name":"p","remoteVirtualNetwork":{"id":"`+net+`virtualNetworks/v"}}]}`)
	f.Add("microsoft.network/networkinterfaces", net+"networkInterfaces/n", `{"macAddress":"00-0D-3A-00-00-01","ipConfigurations":[{"properties":{"privateIPAddress":"10.1.1.4","subnet":{"id":"`+net+`virtualNetworks/v/subnets/s"},"publicIPAddress":{"id":"x"},"loadBalancerBackendAddressPools":[{"id":"/providers/"}]}}],"virtualMachine":{"id":"/subscriptions/a/resourceGroups/b/providers/c"}}`)
	f.Add("microsoft.compute/virtualmachines", "/subscriptions/a/resourceGroups/b/providers/Microsoft.Compute/virtualMachines/w", `{"privateIps":"10.1.1.4,10.1.1.5","publicIps":"203.0.113.1","macAddresses":"00-0D-3A-00-00-01"}`)
	f.Add("microsoft.network/publicipaddresses", net+"publicIPAddresses/p", `{"ipAddress":"203.0.113.1","ipConfiguration":{"id":"`+net+`networkInterfaces/n/ipConfigurations/c"}}`)
	f.Add("microsoft.network/virtualnetworkgateways", net+"virtualNetworkGateways/g", `{"vpnClientConfiguration":{"vpnClientAddressPool":{"addressPrefixes":["10.1.1.0/30"]}},"ipConfigurations":[{"subnet":{"id":"x"}}]}`)
	f.Add("microsoft.network/privateendpoints", net+"privateEndpoints/e", `{"networkInterfaces":[{"id":"`+net+`networkInterfaces/n"}],"privateLinkServiceConnections":[{"privateLinkServiceId":"/subscriptions/a/resourcegroups/b/providers/c/d/e"}]}`)
	f.Add("microsoft.network/expressroutecircuits", "/subscriptions//resourcegroups//providers//", `{"peerings":[null,1,{"primaryPeerAddressPrefix":["0.0.0.0/0"]}]}`)
	f.Add("microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces", "/subscriptions/a/resourceGroups/b/providers/Microsoft.Compute/virtualMachineScaleSets/s", `{"properties":{"properties":{}}}`)
	f.Fuzz(func(t *testing.T, typ, id, body string) {
		topology := newTopology()
		topology.newest = []resourceRow{{id: strings.ToLower(id), name: id, typ: typ, body: parseObject(body)}}
		topology.build()
		c := newClassifier(topology, func(netip.Addr) workspace.AddressInfo { return workspace.AddressInfo{} },
			func(netip.Addr, int64) (Indicator, bool) { return Indicator{}, false })
		for _, src := range []string{"10.1.1.4", "203.0.113.1", "", "2001:db8::1", "168.63.129.16"} {
			for _, dst := range []string{"10.1.1.5", "198.51.100.1", "::"} {
				v := c.classify(address(src), address(dst), true, "000D3A000001", strings.ToLower(id), 1)
				if v.kind == "" {
					t.Errorf("%s to %s has no type", src, dst)
				}
				endOf(v.src)
				endOf(v.dst)
			}
		}
		out := newOutput(nowhere{}, topology, &Summary{Rows: map[string]int64{}, Types: map[string]int64{}}, Options{Interval: Hour})
		if err := topology.details(t.Context(), out); err != nil {
			t.Fatal(err)
		}
	})
}
