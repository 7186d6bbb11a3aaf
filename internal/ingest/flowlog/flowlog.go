// Package flowlog reads NSG flow logs (versions 1 and 2) and virtual network flow logs (version 4), one row of
// FlowTuples_CL for each tuple. It does not aggregate or classify flows.
//
// Formats: https://learn.microsoft.com/azure/network-watcher/nsg-flow-logs-overview and vnet-flow-logs-overview. A
// record holds the flows of one network interface in one minute; its tuples are counted as the records of the file,
// and a tuple that cannot be read is refused alone.
package flowlog

import (
	"bytes"
	"context"
	"fmt"

	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
)

// Family is the records.Family of flow logs.
type Family struct {
	t     *rows.Table
	c     columns
	batch batch
}

// New makes the family for one writer.
func New() *Family { return &Family{} }

// columns are those of FlowTuples_CL.
type columns struct {
	time, src, srcPort, dst, dstPort, proto, protoName, direction, decision, state, encryption *rows.Column
	counters                                                                                   [4]*rows.Column
	rule, acl, mac, target, version, flowLog                                                   *rows.Column
}

// batch is what the tuples of one list have in common.
type batch struct {
	version                         int64
	rule, acl, mac, target, flowLog []byte
	seed                            uint64
}

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	to := []string{tables.FlowTuples}
	return []rows.Format{
		{Name: "NSG flow log", Tables: to, Signs: "category NetworkSecurityGroupFlowEvent with flows", Routes: "storage (PT1H.json, also in parts), event hubs; versions 1 and 2"},
		{Name: "virtual network flow log", Tables: to, Signs: "flowRecords", Routes: "storage (PT1H.json, also in parts); version 4"},
		{Name: "flow log, flattened by a collector", Tables: to, Signs: "members flow.0, flow.1…", Routes: "collectors"},
	}
}

// Match recognises the categories, and the shape of a record whose envelope a tool took off.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool {
	switch string(r.Inner("category")) {
	case "NetworkSecurityGroupFlowEvent", "FlowLogFlowEvent":
		return true
	case "":
		return r.Has("flowRecords") || r.Has("flow.0", "macAddress") || r.Has("properties", "macAddress", "systemId")
	}
	return false
}

// Map makes a row of each tuple of the record.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	if f.t == nil {
		f.bind(w)
	}
	f.batch = batch{mac: upper(r.Inner("macAddress"))}
	switch {
	case r.Get("flowRecords") != nil:
		w.Format("virtual network flow log")
		f.batch.version = number(r.Get("flowLogVersion"), 4)
		f.batch.target = lower(r.Fold("targetResourceID"))
		f.batch.flowLog = lower(r.Fold("flowLogResourceID"))
		return f.flows(ctx, r, w, jsontext.Find(r.Get("flowRecords"), "flows"), "aclID", "flowGroups")
	case r.Get("flow.0") != nil:
		return f.flattened(ctx, r, w)
	}
	w.Format("NSG flow log")
	properties := r.Get("properties")
	f.batch.version = number(jsontext.Find(properties, "Version"), number(jsontext.Find(properties, "version"), 2))
	f.batch.target = lower(r.Get("resourceId"))
	f.batch.acl = f.batch.target
	return f.flows(ctx, r, w, jsontext.Find(properties, "flows"), "", "flows")
}

// flows walks the two levels above the tuples, which the formats name differently: in NSG logs the rule is on the upper
// one and the MAC address on the lower, in virtual network logs the ACL on the upper and the rule on the lower.
func (f *Family) flows(ctx context.Context, r *records.Record, w *rows.Writer, list []byte, acl, groups string) (err error) {
	if jsontext.KindOf(list) != jsontext.Array {
		w.Next()
		return w.Refuse(ctx, r.Offset, "a flow log record without its list of flows", r.Raw, int64(len(r.Raw)))
	}
	jsontext.Elements(list, func(flow []byte) bool {
		if acl != "" {
			f.batch.acl = lower(jsontext.Find(flow, acl))
		} else {
			f.batch.rule = f.unquote(jsontext.Find(flow, "rule"))
		}
		jsontext.Elements(jsontext.Find(flow, groups), func(group []byte) bool {
			if acl != "" {
				f.batch.rule = f.unquote(jsontext.Find(group, "rule"))
			} else if mac := records.Inner(jsontext.Find(group, "mac")); mac != nil {
				f.batch.mac = upper(mac)
			}
			f.batch.seal()
			jsontext.Elements(jsontext.Find(group, "flowTuples"), func(tuple []byte) bool {
				err = f.tuple(ctx, r, w, tuple)
				return err == nil
			})
			return err == nil
		})
		return err == nil
	})
	return err
}

// flattened reads the shape that some collectors make: the tuples as members flow.0, flow.1, … beside the rest.
func (f *Family) flattened(ctx context.Context, r *records.Record, w *rows.Writer) error {
	w.Format("flow log, flattened by a collector")
	f.batch.rule = f.unquote(r.Get("rule"))
	f.batch.version = number(r.Get("flowLogVersion"), number(r.Get("version"), 2))
	f.batch.target = lower(r.Get("resourceId"))
	f.batch.acl = f.batch.target
	if acl := r.Get("aclID"); acl != nil {
		f.batch.acl, f.batch.target = lower(acl), lower(r.Fold("targetResourceID"))
	}
	f.batch.seal()
	for _, m := range r.Members {
		if bytes.HasPrefix(m.Name, []byte("flow.")) {
			if err := f.tuple(ctx, r, w, m.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// seal computes what the tuples' identities begin with: interface, ACL and rule.
func (b *batch) seal() {
	b.seed = xxh3.HashSeed(b.rule, xxh3.HashSeed(b.acl, xxh3.Hash(b.mac)))
}

// tuple makes one row. Version 1 has 8 fields, the others 13; the fourth version has no decision and an encryption.
func (f *Family) tuple(ctx context.Context, r *records.Record, w *rows.Writer, raw []byte) error {
	w.Next()
	t, c := f.t, &f.c
	reason := ""
	var text []byte
	if jsontext.KindOf(raw) != jsontext.String {
		reason = "a flow tuple that is not text"
	} else if text = raw[1 : len(raw)-1]; bytes.IndexByte(text, '\\') >= 0 {
		text = jsontext.Text(nil, raw)
	}
	var p [14][]byte
	n := split(text, &p)
	if reason == "" && n != 13 && n != 8 {
		reason = fmt.Sprintf("a flow tuple of %d fields, where 13 are due (8 in version 1)", n)
	}
	if reason == "" {
		t.Begin()
		if reason = f.endpoints(&p); reason == "" {
			if f.batch.version >= 4 {
				reason = f.version4(&p)
			} else {
				reason = f.versionNSG(&p, n)
			}
		}
	}
	if reason != "" {
		return w.Refuse(ctx, r.Offset, reason, raw, int64(len(raw)))
	}
	b := &f.batch
	t.SetText(c.rule, b.rule)
	t.SetText(c.acl, b.acl)
	t.SetText(c.mac, b.mac)
	t.SetText(c.target, b.target)
	t.SetText(c.flowLog, b.flowLog)
	t.SetInt(c.version, b.version)
	return w.Done(ctx, t, t.CommitAs(xxh3.HashSeed(text, b.seed)), r.Offset, raw)
}

// endpoints sets what all versions have: time, addresses, ports and direction (field 6 in all of them).
func (f *Family) endpoints(p *[14][]byte) string {
	t, c := f.t, &f.c
	stamp, ok := decimal(p[0])
	if !ok || len(p[0]) < 9 || len(p[0]) > 14 {
		return fmt.Sprintf("a flow tuple whose time %q is not seconds or milliseconds since 1970", clip(p[0]))
	}
	unit := rows.Second
	if len(p[0]) >= 12 {
		unit /= 1000
	}
	t.SetInt(c.time, epoch+stamp*unit)
	if !address(p[1]) || !address(p[2]) {
		return fmt.Sprintf("a flow tuple whose addresses %q and %q are not both IP addresses", clip(p[1]), clip(p[2]))
	}
	t.SetText(c.src, p[1])
	t.SetText(c.dst, p[2])
	sport, ok1 := decimal(p[3])
	dport, ok2 := decimal(p[4])
	if !ok1 || !ok2 || sport > 65535 || dport > 65535 {
		return fmt.Sprintf("a flow tuple whose ports %q and %q are not both numbers up to 65535", clip(p[3]), clip(p[4]))
	}
	t.SetInt(c.srcPort, sport)
	t.SetInt(c.dstPort, dport)
	switch string(p[6]) {
	case "I":
		t.SetText(c.direction, inbound)
	case "O":
		t.SetText(c.direction, outbound)
	default:
		return fmt.Sprintf("a flow tuple whose direction %q is neither I nor O", clip(p[6]))
	}
	return ""
}

func (f *Family) versionNSG(p *[14][]byte, n int) string {
	t, c := f.t, &f.c
	switch string(p[5]) {
	case "T":
		t.SetInt(c.proto, 6)
		t.SetText(c.protoName, tcp)
	case "U":
		t.SetInt(c.proto, 17)
		t.SetText(c.protoName, udp)
	default:
		return fmt.Sprintf("a flow tuple whose protocol %q is neither T nor U", clip(p[5]))
	}
	switch string(p[7]) {
	case "A":
		t.SetText(c.decision, allow)
	case "D":
		t.SetText(c.decision, deny)
	default:
		return fmt.Sprintf("a flow tuple whose decision %q is neither A nor D", clip(p[7]))
	}
	if n == 8 {
		return ""
	}
	return f.rest(p[8], p[9:13])
}

func (f *Family) version4(p *[14][]byte) string {
	t, c := f.t, &f.c
	proto, ok := decimal(p[5])
	if !ok || proto > 255 {
		return fmt.Sprintf("a flow tuple whose protocol %q is not a number up to 255", clip(p[5]))
	}
	t.SetInt(c.proto, proto)
	t.SetText(c.protoName, protocolName(proto))
	if string(p[7]) == "D" {
		t.SetText(c.decision, deny)
	} else {
		t.SetText(c.decision, allow)
	}
	t.SetText(c.encryption, p[8])
	return f.rest(p[7], p[9:13])
}

// rest sets the state and the counters. A blank counter stays null: it is not zero.
func (f *Family) rest(state []byte, counters [][]byte) string {
	t, c := f.t, &f.c
	switch string(state) {
	case "B":
		t.SetText(c.state, begin)
	case "C":
		t.SetText(c.state, continues)
	case "E":
		t.SetText(c.state, end)
	case "D":
		t.SetText(c.state, deny)
	case "":
	default:
		return fmt.Sprintf("a flow tuple whose state %q is none of B, C, E and D", clip(state))
	}
	for i, text := range counters {
		if len(text) == 0 {
			continue
		}
		n, ok := decimal(text)
		if !ok {
			return fmt.Sprintf("a flow tuple whose counter %q is not a number", clip(text))
		}
		t.SetInt(c.counters[i], n)
	}
	return ""
}

func (f *Family) bind(w *rows.Writer) {
	t := w.Table(tables.FlowTuples)
	f.t = t
	c := &f.c
	c.time, c.src, c.srcPort = t.Column("TimeGenerated"), t.Column("SrcIp"), t.Column("SrcPort")
	c.dst, c.dstPort = t.Column("DestIp"), t.Column("DestPort")
	c.proto, c.protoName = t.Column("Protocol"), t.Column("ProtocolName")
	c.direction, c.decision, c.state = t.Column("Direction"), t.Column("Decision"), t.Column("State")
	c.encryption = t.Column("Encryption")
	for i, name := range []string{"PacketsSrcToDest", "BytesSrcToDest", "PacketsDestToSrc", "BytesDestToSrc"} {
		c.counters[i] = t.Column(name)
	}
	c.rule, c.acl, c.mac = t.Column("Rule"), t.Column("Acl"), t.Column("MacAddress")
	c.target, c.version = t.Column("TargetResourceId"), t.Column("FlowLogVersion")
	c.flowLog = t.Column("FlowLogResourceId")
}
