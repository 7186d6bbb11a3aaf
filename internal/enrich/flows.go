package enrich

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/zeebo/xxh3"

	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// maxList is how long a list of public addresses may be, in bytes: what a column of Log Analytics holds. A longer one is
// told in several rows, whose counts are those of their own addresses.
const maxList = 32_000

// maxWaiting is how many flows with public ends wait in memory until their interval is over. Where there are more, as under
// a scan by the whole internet, rows are made of what has come so far: the same kind of flow then stands in several rows.
const maxWaiting = 20_000

// flowQuery aggregates the tuples of a day as Traffic Analytics does: the source port goes, all else that decides stays.
// A flow is counted where it begins: by its Begin tuple, and in logs without states (NSG version 1) and where it is denied,
// by each tuple.
const flowQuery = tables.FlowTuples + `
| summarize First = min(TimeGenerated), Last = max(TimeGenerated), LastBegin = maxif(TimeGenerated, State == 'Begin'), Tuples = count(),
    Flows = countif(State in ('Begin', 'Deny', '') or Decision == 'Deny'), Done = countif(State == 'End'),
    PacketsOut = sum(PacketsSrcToDest), BytesOut = sum(BytesSrcToDest), PacketsIn = sum(PacketsDestToSrc), BytesIn = sum(BytesDestToSrc)
  by Interval = bin(TimeGenerated, %dm), SrcIp, DestIp, DestPort, Protocol, ProtocolName, Direction, Decision, Acl, Rule, MacAddress, Encryption, TargetResourceId, FlowLogResourceId, FlowLogVersion
| order by Interval asc, First asc, SrcIp asc, DestIp asc
| project Interval, First, Last, LastBegin, Tuples, Flows, Done, PacketsOut, BytesOut, PacketsIn, BytesIn,
    SrcIp, DestIp, DestPort, Protocol, ProtocolName, Direction, Decision, Acl, Rule, MacAddress, Encryption, TargetResourceId, FlowLogResourceId, FlowLogVersion`

// flowKey is what flows of one row have in common, but their ends.
type flowKey struct {
	interval                                                                                 int64
	port, protocol, version                                                                  int64
	protocolName, direction, decision, acl, rule, mac, encryption, targetResource, flowLogID string
}

// counts is what is added up.
type counts struct {
	first, last, lastBegin                   int64
	tuples, flows, done                      int64
	packetsOut, bytesOut, packetsIn, bytesIn int64
}

func (c *counts) add(o *counts) {
	c.first, c.last, c.lastBegin = min(c.first, o.first), max(c.last, o.last), max(c.lastBegin, o.lastBegin)
	c.tuples += o.tuples
	c.flows += o.flows
	c.done += o.done
	c.packetsOut += o.packetsOut
	c.bytesOut += o.bytesOut
	c.packetsIn += o.packetsIn
	c.bytesIn += o.bytesIn
}

// analysis goes through the flows of an interval.
type analysis struct {
	out        *output
	classifier *classifier
	interval   int64 // ticks
	summary    *Summary

	at      int64 // the interval under way
	groups  map[groupKey]*group
	order   []*group
	entries int               // of all groups
	room    int               // how many there may be
	met     map[uint64]bool   // addresses, by hash, that have their row
	texts   map[string]string // what many flows have in common is kept once
}

// groupKey is flows with a public end that is told in a list: all of them have the other end in common, and the country
// or region of the public one.
type groupKey struct {
	flowKey
	kind, own       string
	peer            side
	country, region string
}

type group struct {
	groupKey
	v       verdict
	entries []entry
}

// entry is one public address in a list.
type entry struct {
	a netip.Addr
	counts
}

// day makes the rows of one day.
func (a *analysis) day(ctx context.Context, w *workspace.Workspace, day int64) error {
	a.at, a.groups, a.order, a.entries = -1, map[groupKey]*group{}, nil, 0
	a.met, a.texts = map[uint64]bool{}, map[string]string{}
	q := workspace.Query{Text: fmt.Sprintf(flowQuery, a.interval/ticksPerSecond/60), From: rows.TimeOf(day), To: rows.TimeOf(day + ticksPerDay - 1)}
	err := each(ctx, w, q, func(row []any) error { return a.flow(ctx, row) })
	if err != nil {
		return err
	}
	return a.flush(ctx)
}

// flow takes one row of flowQuery.
func (a *analysis) flow(ctx context.Context, row []any) error {
	n := func(i int) int64 { return ticks(row[i]) }
	s := func(i int) string { return str(row[i]) }
	once := func(i int) string { return a.once(str(row[i])) }
	k := flowKey{interval: n(0), port: n(13), protocol: n(14), protocolName: once(15), direction: once(16), decision: once(17), acl: once(18), rule: once(19), mac: once(20),
		encryption: once(21), targetResource: once(22), flowLogID: once(23), version: n(24)}
	c := counts{n(1), n(2), n(3), n(4), n(5), n(6), n(7), n(8), n(9), n(10)}
	a.summary.Tuples += c.tuples
	if k.interval != a.at {
		if err := a.flush(ctx); err != nil {
			return err
		}
		a.at = k.interval
		clear(a.met)
	}
	src, dst := address(s(11)), address(s(12))
	v := a.classifier.classify(src, dst, k.direction == "Inbound", k.mac, k.targetResource, c.first)
	if v.peer == neither {
		return a.out.flow(ctx, &k, &c, &v, s(11), s(12), "", "")
	}
	peer, own := src, s(12)
	if v.peer == destination {
		peer, own = dst, s(11)
	}
	if err := a.meet(ctx, peer, &k, &c, &v); err != nil {
		return err
	}
	if v.kind == maliciousFlow {
		return a.out.flow(ctx, &k, &c, &v, s(11), s(12), "", "")
	}
	key := groupKey{k, v.kind, own, v.peer, v.country, v.region}
	g := a.groups[key]
	if g == nil {
		g = &group{groupKey: key, v: v}
		a.groups[key] = g
		a.order = append(a.order, g)
	}
	g.entries = append(g.entries, entry{peer, c})
	if a.entries++; a.entries >= a.room {
		return a.flush(ctx)
	}
	return nil
}

// once gives the text that was seen before, if it is the same.
func (a *analysis) once(s string) string {
	if t, ok := a.texts[s]; ok {
		return t
	}
	if len(a.texts) >= maxKnown {
		clear(a.texts)
	}
	a.texts[s] = s
	return s
}

// meet makes the row of NTAIpDetails of a public address when it is first met in an interval. The flows come in the order
// of their beginnings.
func (a *analysis) meet(ctx context.Context, peer netip.Addr, k *flowKey, c *counts, v *verdict) error {
	b := peer.As16()
	h := xxh3.HashSeed(b[:], xxh3.HashString(v.kind))
	if a.met[h] {
		return nil
	}
	a.met[h] = true
	return a.out.address(ctx, k, c.first, peer, v, a.classifier.info(peer))
}

// flush writes what has been gathered.
func (a *analysis) flush(ctx context.Context) error {
	for _, g := range a.order {
		slices.SortFunc(g.entries, func(x, y entry) int { return x.a.Compare(y.a) })
		for rest := g.entries; len(rest) > 0; {
			list, n := listOf(rest)
			c := rest[0].counts
			for i := 1; i < n; i++ {
				c.add(&rest[i].counts)
			}
			src, dst, srcList, dstList := g.own, "", "", list
			if g.peer == source {
				src, dst, srcList, dstList = "", g.own, list, ""
			}
			if err := a.out.flow(ctx, &g.flowKey, &c, &g.v, src, dst, srcList, dstList); err != nil {
				return err
			}
			rest = rest[n:]
		}
	}
	clear(a.groups)
	clear(a.order)
	a.order, a.entries = a.order[:0], 0
	return nil
}

// listOf writes entries as far as they go into one column: address, flows begun, flows ended, packets and bytes from
// source to destination and back, with bars between; entries with blanks between. It says how many those are.
func listOf(entries []entry) (string, int) {
	var b []byte
	for i := range entries {
		e := &entries[i]
		from := len(b)
		if i > 0 {
			b = append(b, ' ')
		}
		b = e.a.AppendTo(b)
		for _, n := range [...]int64{e.flows, e.done, e.packetsOut, e.packetsIn, e.bytesOut, e.bytesIn} {
			b = strconv.AppendInt(append(b, '|'), n, 10)
		}
		if len(b) > maxList && i > 0 {
			return string(b[:from]), i
		}
	}
	return string(b), len(entries)
}

// address reads an address of a tuple; what is none is the zero Addr, which is nowhere.
func address(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a.Unmap().WithZone("")
}

// id is the identity of a row of flows.
func (k *flowKey) id(table string, parts ...string) uint64 {
	var h xxh3.Hasher
	text := func(s string) {
		_, _ = h.WriteString(s)
		_, _ = h.Write([]byte{0})
	}
	text(table)
	for _, n := range [...]int64{k.interval, k.port, k.protocol, k.version} {
		text(strconv.FormatInt(n, 10))
	}
	for _, s := range [...]string{k.protocolName, k.direction, k.decision, k.acl, k.rule, k.mac, k.encryption, k.targetResource, k.flowLogID} {
		text(s)
	}
	for _, s := range parts {
		text(s)
	}
	return h.Sum64()
}
