package enrich

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// output makes the rows and hands them on in batches.
type output struct {
	w        *rows.Writer
	now      int64 // ticks
	interval int64 // its length in ticks
	group    func(acl string) string
	summary  *Summary
}

// sink takes batches: a derivation of a workspace.
type sink interface {
	Append(ctx context.Context, table string, rec arrow.RecordBatch) error
}

func newOutput(d sink, t *Topology, s *Summary, o Options) *output {
	out := &output{now: rows.TicksOf(o.Now), interval: int64(o.Interval / 100), group: t.group, summary: s}
	out.w = rows.NewWriter(rows.Config{Schemas: rows.NewSchemas(tables.Builtin(), nil), Now: out.now, Emit: func(ctx context.Context, b rows.Batch) error {
		defer b.Rec.Release()
		return d.Append(ctx, b.Table, b.Rec)
	}})
	out.w.Start(rows.File{SourceID: tables.Derived})
	return out
}

func (o *output) finish(ctx context.Context) error {
	_, err := o.w.Finish(ctx)
	return err
}

// row is a row under construction.
type row struct{ t *rows.Table }

func (o *output) begin(table string, time int64) row {
	o.w.Next()
	r := row{o.w.Table(table)}
	r.t.Begin()
	r.int("TimeGenerated", time)
	return r
}

func (r row) text(column, s string)      { r.t.SetString(r.t.Column(column), s) }
func (r row) int(column string, n int64) { r.t.SetInt(r.t.Column(column), n) }
func (r row) bool(column string, b bool) {
	n := int64(0)
	if b {
		n = 1
	}
	r.int(column, n)
}

func (o *output) end(ctx context.Context, r row, id uint64) error {
	o.summary.Rows[r.t.Name]++
	return o.w.Done(ctx, r.t, r.t.CommitAs(id), 0, nil)
}

// flow makes a row of flows: of AzureNetworkAnalytics_CL for NSG flow logs, of NTANetAnalytics for those of virtual
// networks. TimeGenerated is when the first of the flows was seen.
func (o *output) flow(ctx context.Context, k *flowKey, c *counts, v *verdict, src, dst, srcList, dstList string) error {
	o.summary.Types[v.kind]++
	first := srcList + dstList
	if i := strings.IndexByte(first, '|'); i > 0 {
		first = first[:i]
	}
	if k.version < 4 {
		r := o.begin(nsgTable, c.first)
		o.nsg(r, k, c, v, src, dst, srcList, dstList)
		return o.end(ctx, r, k.id(nsgTable, v.kind, src, dst, v.country, v.region, first))
	}
	r := o.begin(vnetTable, c.first)
	o.vnet(r, k, c, v, src, dst, srcList, dstList)
	return o.end(ctx, r, k.id(vnetTable, v.kind, src, dst, v.country, v.region, first))
}

// vnet fills a row of NTANetAnalytics. https://learn.microsoft.com/azure/azure-monitor/reference/tables/ntanetanalytics
func (o *output) vnet(r row, k *flowKey, c *counts, v *verdict, src, dst, srcList, dstList string) {
	r.text("SubType", "FlowLog")
	r.text("FaSchemaVersion", "3")
	r.int("TimeProcessed", o.now)
	r.int("FlowIntervalStartTime", k.interval)
	r.int("FlowIntervalEndTime", k.interval+o.interval)
	r.int("FlowStartTime", c.first)
	r.int("FlowEndTime", c.last)
	r.text("FlowType", v.kind)
	r.text("SrcIp", src)
	r.text("DestIp", dst)
	r.int("DestPort", k.port)
	r.text("L4Protocol", k.protocolName)
	r.text("L7Protocol", service(k))
	r.bool("IsFlowCapturedAtUdrHop", v.udr)
	r.text("FlowDirection", k.direction)
	switch k.decision {
	case "Allow":
		r.text("FlowStatus", "Allowed")
	case "Deny":
		r.text("FlowStatus", "Denied")
	}
	r.text("MacAddress", dashed(k.mac))
	if id, ok := parseID(k.targetResource); ok {
		r.text("TargetResourceId", id.full())
		r.text("TargetResourceType", targetType(id))
	}
	r.text("FlowLogResourceId", named(k.flowLogID))
	ends(r, "Src", v.src)
	ends(r, "Dest", v.dst)
	r.text("ExpressRouteCircuitPeeringType", peering(v))
	r.text("ConnectionType", v.connectionType)
	r.text("ConnectionName", v.connection)
	r.text("ConnectingVnets", v.connecting)
	r.text("Country", v.country)
	r.text("AzureRegion", v.region)
	r.text("FlowEncryption", encryption(k.encryption))
	for _, f := range flowCounts {
		n := int64(0)
		if f.direction == k.direction && f.decision == k.decision {
			n = c.flows
		}
		r.int(f.column, n)
	}
	r.int("PacketsDestToSrc", c.packetsIn)
	r.int("PacketsSrcToDest", c.packetsOut)
	r.int("BytesDestToSrc", c.bytesIn)
	r.int("BytesSrcToDest", c.bytesOut)
	r.int("CompletedFlows", c.done)
	r.text("SrcPublicIps", srcList)
	r.text("DestPublicIps", dstList)
	r.text("AclGroup", o.group(k.acl))
	r.text("AclRule", rule(k.rule))
	for _, p := range []*place{v.src, v.dst} {
		if p != nil && p.nic != nil && p.nic.endpoint != "" {
			r.text("PrivateEndpointResourceId", p.nic.endpoint)
			r.text("PrivateLinkResourceId", p.nic.link)
			r.text("PrivateLinkResourceName", p.nic.linkName)
			break
		}
	}
}

// nsg fills a row of AzureNetworkAnalytics_CL, schema version 2. Of the columns that this version keeps for old queries,
// PublicIPs_s stays empty: it would say what SrcPublicIPs_s and DestPublicIPs_s say.
func (o *output) nsg(r row, k *flowKey, c *counts, v *verdict, src, dst, srcList, dstList string) {
	r.text("SubType_s", "FlowLog")
	r.text("FASchemaVersion_s", "2")
	r.int("TimeProcessed_t", o.now)
	r.int("FlowIntervalStartTime_t", k.interval)
	r.int("FlowIntervalEndTime_t", k.interval+o.interval)
	r.int("FlowStartTime_t", c.first)
	last := c.lastBegin // when the last of the flows began, where the log tells
	if last == 0 {
		last = c.last
	}
	r.int("FlowEndTime_t", last)
	r.text("FlowType_s", v.kind)
	r.text("SrcIP_s", src)
	r.text("DestIP_s", dst)
	r.int("DestPort_d", k.port)
	r.text("L4Protocol_s", k.protocolName[:min(len(k.protocolName), 1)])
	r.text("L7Protocol_s", service(k))
	direction, status := k.direction[:min(len(k.direction), 1)], k.decision[:min(len(k.decision), 1)]
	r.text("FlowDirection_s", direction)
	r.text("FlowStatus_s", status)
	list := named(k.acl)
	if list == "" {
		list = k.acl
	}
	r.text("NSGList_s", list)
	r.text("NSGRule_s", rule(k.rule))
	r.text("NSGRules_s", "0|"+rule(k.rule)+"|"+direction+"|"+status+"|"+strconv.FormatInt(c.flows, 10))
	switch {
	case strings.HasPrefix(strings.ToLower(k.rule), "userrule_"):
		r.text("NSGRuleType_s", "User Defined")
	case strings.HasPrefix(strings.ToLower(k.rule), "defaultrule_"):
		r.text("NSGRuleType_s", "Default")
	}
	r.text("MACAddress_s", dashed(k.mac))
	r.bool("IsFlowCapturedAtUDRHop_b", v.udr)
	endsNSG(r, "1", v.src)
	endsNSG(r, "2", v.dst)
	switch v.kind {
	case intraVNet, interVNet, unknownFlow:
	default: // one end is in Azure
		if inVNet(v.src) {
			endsNSG(r, "", v.src)
		} else {
			endsNSG(r, "", v.dst)
		}
	}
	if srcList != "" || dstList != "" {
		r.text("VMIP_s", src+dst)
	}
	r.text("ExpressRouteCircuitPeeringType_s", peering(v))
	r.text("ConnectionType_s", v.connectionType)
	r.text("ConnectionName_s", v.connection)
	r.text("ConnectingVNets_s", v.connecting)
	r.text("Country_s", v.country)
	r.text("AzureRegion_s", v.region)
	for _, f := range flowCounts {
		n := int64(0)
		if f.direction == k.direction && f.decision == k.decision {
			n = c.flows
		}
		r.int(f.column+"_d", n)
	}
	r.int("FlowCount_d", c.flows)
	r.int("CompletedFlows_d", c.done)
	if k.version >= 2 {
		r.int("InboundPackets_d", c.packetsIn)
		r.int("OutboundPackets_d", c.packetsOut)
		r.int("InboundBytes_d", c.bytesIn)
		r.int("OutboundBytes_d", c.bytesOut)
	}
	r.text("SrcPublicIPs_s", srcList)
	r.text("DestPublicIPs_s", dstList)
}

// flowCounts are the columns of which one has the number of a row's flows.
var flowCounts = [...]struct{ column, direction, decision string }{
	{"AllowedInFlows", "Inbound", "Allow"}, {"DeniedInFlows", "Inbound", "Deny"},
	{"AllowedOutFlows", "Outbound", "Allow"}, {"DeniedOutFlows", "Outbound", "Deny"},
}

// ends fills the columns of one end in NTANetAnalytics.
func ends(r row, prefix string, p *place) {
	e := endOf(p)
	r.text(prefix+"Subscription", e.subscription)
	r.text(prefix+"Region", e.region)
	r.text(prefix+"Nic", e.nic)
	r.text(prefix+"Vm", e.machine)
	r.text(prefix+"Subnet", e.subnet)
	if p != nil {
		r.text(prefix+"ApplicationGateway", p.appGateway)
		r.text(prefix+"LoadBalancer", p.loadBalancer)
		r.text(prefix+"LocalNetworkGateway", p.localGateway)
		r.text(prefix+"ExpressRouteCircuit", p.circuit)
	}
}

// endsNSG fills those of AzureNetworkAnalytics_CL, whose names end in 1 for the source and 2 for the destination.
func endsNSG(r row, n string, p *place) {
	e := endOf(p)
	r.text("Subscription"+n+"_g", e.subscription)
	r.text("Region"+n+"_s", e.region)
	r.text("NIC"+n+"_s", e.nic)
	r.text("VM"+n+"_s", e.machine)
	r.text("Subnet"+n+"_s", e.subnet)
	if p != nil && n != "" {
		r.text("ApplicationGateway"+n+"_s", p.appGateway)
		r.text("LoadBalancer"+n+"_s", p.loadBalancer)
		r.text("LocalNetworkGateway"+n+"_s", p.localGateway)
		r.text("ExpressRouteCircuit"+n+"_s", p.circuit)
	}
}

// end is what an end in Azure is called.
type end struct{ subscription, region, nic, machine, subnet string }

func endOf(p *place) (e end) {
	if p == nil {
		return e
	}
	if p.vnet != nil {
		e.subscription, e.region = p.vnet.subscription, p.vnet.region
	}
	if p.subnet != nil {
		e.subnet = p.subnet.short()
	}
	if n := p.nic; n != nil {
		if n.subscription != "" {
			e.subscription = n.subscription
		}
		if n.region != "" {
			e.region = n.region
		}
		if len(n.path) > 0 {
			e.nic = n.short()
		}
		e.machine = n.machine
	}
	return e
}

func peering(v *verdict) string {
	for _, p := range []*place{v.src, v.dst} {
		if p != nil && p.peering != "" {
			return p.peering
		}
	}
	return ""
}

// service is the name of the service that IANA has at the port.
func service(k *flowKey) string {
	if name := tables.Service(int(k.port), strings.ToLower(k.protocolName)); name != "" && (k.protocol == 6 || k.protocol == 17) {
		return name
	}
	return "Unknown"
}

// rule is the name of a rule without the kind that flow logs put before it, in lower case.
func rule(s string) string {
	s = strings.ToLower(s)
	s = strings.TrimPrefix(s, "defaultrule_")
	return strings.TrimPrefix(s, "userrule_")
}

// dashed spells a MAC address of twelve digits 00-0D-3A-98-82-CE.
func dashed(s string) string {
	if len(s) != 12 {
		return s
	}
	return s[:2] + "-" + s[2:4] + "-" + s[4:6] + "-" + s[6:8] + "-" + s[8:10] + "-" + s[10:]
}

// encryption tells the words for the state of encryption that a tuple has.
func encryption(s string) string {
	switch s {
	case "X":
		return "Encrypted"
	case "NX":
		return "Unencrypted"
	case "NX_HW_NOT_SUPPORTED":
		return "Unsupported hardware"
	case "NX_SW_NOT_READY":
		return "Software not ready"
	case "NX_NOT_ACCEPTED":
		return "Drop due to no encryption"
	case "NX_NOT_SUPPORTED":
		return "Discovery not supported"
	case "NX_LOCAL_DST":
		return "Destination on same host"
	case "NX_FALLBACK":
		return "Fall back to no encryption"
	}
	return s
}

// targetType is the kind of thing that a flow log watches.
func targetType(id resource) string {
	switch {
	case id.path[0] == "virtualnetworks" && len(id.path) > 2:
		return "Subnet"
	case id.path[0] == "virtualnetworks":
		return "VirtualNetwork"
	case id.path[0] == "networkinterfaces":
		return "NetworkInterface"
	case id.path[0] == "networksecuritygroups":
		return "NetworkSecurityGroup"
	}
	return id.path[0]
}

// group is the ACL of a flow in a virtual network's log: the id of the security group, where it is one.
func (t *Topology) group(acl string) string {
	acl = strings.ToLower(acl)
	if id, ok := t.groups[acl]; ok {
		return id
	}
	if strings.Trim(acl, "0-") == "" || acl == "unspecified" {
		return "Unspecified"
	}
	return acl
}

// address makes a row of NTAIpDetails: a public address that was met in an interval.
func (o *output) address(ctx context.Context, k *flowKey, first int64, a netip.Addr, v *verdict, info *workspace.AddressInfo) error {
	r := o.begin(addressTable, first)
	r.text("SubType", "FlowLog")
	r.text("FaSchemaVersion", "2")
	r.int("FlowIntervalStartTime", k.interval)
	r.int("FlowIntervalEndTime", k.interval+o.interval)
	r.text("FlowType", v.kind)
	r.text("Ip", a.String())
	switch {
	case a == platform:
		r.text("Location", "Global")
		r.text("PublicIpDetails", "Microsoft Virtual Public IP")
	case v.kind == azurePublic:
		r.text("Location", v.region)
		details := info.SystemService
		if details == "" {
			details = info.ServiceTag
		}
		r.text("PublicIpDetails", details)
	default:
		r.text("Location", v.country)
		r.text("PublicIpDetails", info.ASOrganization)
	}
	if v.kind == maliciousFlow {
		t := v.threat
		r.text("ThreatType", t.Type)
		r.text("ThreatDescription", t.Description)
		r.text("DnsDomain", t.Domain)
		r.text("Url", t.URL)
		r.int("Port", k.port)
	}
	return o.end(ctx, r, xxh3.HashString(addressTable+"\x00"+strconv.FormatInt(k.interval, 10)+"\x00"+v.kind+"\x00"+a.String()))
}
