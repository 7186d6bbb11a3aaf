package scenario

import (
	"errors"
	"fmt"
	"strings"
)

// topologySource is what az network … list and az vm list print of the company's network: its virtual networks, interfaces,
// machines, public addresses and security groups, as the CLI writes them, with the properties beside the name. It comes with
// the flow logs.
const topologySource = "topology"

// topologyFolder is where a case has it.
const topologyFolder = "azure-resources"

// publicAddress is the public address of a machine, or "".
func (m *machine) publicAddress() string {
	switch m.name {
	case "WEB01":
		return "192.0.2.81"
	case "WEB02":
		return "192.0.2.82"
	}
	return ""
}

// subnetOf is the subnet of a machine: the third number of its address tells which.
func subnetOf(m *machine) (name, prefix string) {
	parts := strings.Split(m.ip, ".")
	names := map[string]string{"10.10.1": "snet-web", "10.10.2": "snet-data", "10.10.3": "snet-app", "10.20.1": "snet-servers", "10.20.2": "snet-admin"}
	net := strings.Join(parts[:3], ".")
	return names[net], net + ".0/24"
}

// writeTopology writes one file for each list.
func writeTopology(dir string, co *company) (SourceSummary, error) {
	counts := SourceSummary{Name: topologySource}
	nicID := func(m *machine) string {
		return co.resource(m.rg, "Microsoft.Network/networkInterfaces/"+strings.ToLower(m.name)+"-nic")
	}
	pipID := func(m *machine) string {
		return co.resource(m.rg, "Microsoft.Network/publicIPAddresses/"+strings.ToLower(m.name)+"-ip")
	}
	var vnets, nics, vms, pips, groups []string
	for i, v := range co.networks {
		var subnets []string
		seen := map[string]bool{}
		for _, m := range co.machines {
			name, prefix := subnetOf(m)
			if m.network != v || seen[name] {
				continue
			}
			seen[name] = true
			subnets = append(subnets, fmt.Sprintf(`{"addressPrefix":%q,"delegations":[],"id":%q,"name":%q,"networkSecurityGroup":{"id":%q,"resourceGroup":"rg-network"},"privateEndpointNetworkPolicies":"Disabled","provisioningState":"Succeeded","resourceGroup":%q,"type":"Microsoft.Network/virtualNetworks/subnets"}`,
				prefix, v.id+"/subnets/"+name, name, m.group.id, v.group))
		}
		other := co.networks[1-i]
		vnets = append(vnets, fmt.Sprintf(`{"addressSpace":{"addressPrefixes":[%q]},"enableDdosProtection":false,"id":%q,"location":%q,"name":%q,"provisioningState":"Succeeded","resourceGroup":%q,"subnets":[%s],"type":"Microsoft.Network/virtualNetworks","virtualNetworkPeerings":[{"allowForwardedTraffic":false,"allowGatewayTransit":false,"allowVirtualNetworkAccess":true,"id":%q,"name":%q,"peeringState":"Connected","remoteVirtualNetwork":{"id":%q,"resourceGroup":%q},"resourceGroup":%q,"useRemoteGateways":false}]}`,
			v.prefix, v.id, region, v.name, v.group, strings.Join(subnets, ","), v.id+"/virtualNetworkPeerings/to-"+other.name, "to-"+other.name, other.id, other.group, v.group))
	}
	for _, m := range co.machines {
		subnet, _ := subnetOf(m)
		public := "null"
		if a := m.publicAddress(); a != "" {
			public = fmt.Sprintf(`{"id":%q,"resourceGroup":%q}`, pipID(m), m.rg)
			pips = append(pips, fmt.Sprintf(`{"id":%q,"ipAddress":%q,"ipConfiguration":{"id":%q,"resourceGroup":%q},"location":%q,"name":%q,"publicIPAddressVersion":"IPv4","publicIPAllocationMethod":"Static","resourceGroup":%q,"sku":{"name":"Standard","tier":"Regional"},"type":"Microsoft.Network/publicIPAddresses"}`,
				pipID(m), a, nicID(m)+"/ipConfigurations/ipconfig1", m.rg, region, strings.ToLower(m.name)+"-ip", m.rg))
		}
		dashed := m.mac[:2]
		for i := 2; i < len(m.mac); i += 2 {
			dashed += "-" + m.mac[i:i+2]
		}
		nics = append(nics, fmt.Sprintf(`{"enableAcceleratedNetworking":true,"enableIPForwarding":false,"id":%q,"ipConfigurations":[{"id":%q,"name":"ipconfig1","primary":true,"privateIPAddress":%q,"privateIPAllocationMethod":"Static","publicIPAddress":%s,"resourceGroup":%q,"subnet":{"id":%q,"resourceGroup":%q},"type":"Microsoft.Network/networkInterfaces/ipConfigurations"}],"location":%q,"macAddress":%q,"name":%q,"networkSecurityGroup":{"id":%q,"resourceGroup":"rg-network"},"resourceGroup":%q,"type":"Microsoft.Network/networkInterfaces","virtualMachine":{"id":%q,"resourceGroup":%q}}`,
			nicID(m), nicID(m)+"/ipConfigurations/ipconfig1", m.ip, public, m.rg, m.network.id+"/subnets/"+subnet, m.network.group, region, dashed, strings.ToLower(m.name)+"-nic", m.group.id, m.rg, m.id, m.rg))
		vms = append(vms, fmt.Sprintf(`{"id":%q,"location":%q,"name":%q,"networkProfile":{"networkInterfaces":[{"id":%q,"primary":true,"resourceGroup":%q}]},"osProfile":{"computerName":%q},"powerState":"VM running","privateIps":%q,"publicIps":%q,"resourceGroup":%q,"type":"Microsoft.Compute/virtualMachines","vmId":%q}`,
			m.id, region, strings.ToLower(m.name), nicID(m), m.rg, m.name, m.ip, m.publicAddress(), strings.ToUpper(m.rg), m.vmID))
	}
	for _, g := range co.groups {
		groups = append(groups, fmt.Sprintf(`{"id":%q,"location":%q,"name":%q,"provisioningState":"Succeeded","resourceGroup":"rg-network","securityRules":[],"type":"Microsoft.Network/networkSecurityGroups"}`, g.id, region, g.name))
	}
	for _, f := range []struct {
		name string
		list []string
	}{{"vnet", vnets}, {"nic", nics}, {"vm", vms}, {"public-ip", pips}, {"nsg", groups}} {
		file, err := createBlob(dir, topologyFolder+"/"+f.name+".json")
		if err != nil {
			return counts, fmt.Errorf("write the topology: %w", err)
		}
		n, err := file.WriteString("[\n" + strings.Join(f.list, ",\n") + "\n]\n")
		if err = errors.Join(err, file.Close()); err != nil {
			return counts, fmt.Errorf("write the topology: %w", err)
		}
		counts.Files++
		counts.Records += int64(len(f.list))
		counts.Bytes += int64(n)
	}
	return counts, nil
}
