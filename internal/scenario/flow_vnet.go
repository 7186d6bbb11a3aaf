package scenario

import (
	"fmt"
	"strconv"
	"strings"
)

// vnetFormat is virtual network flow logs, version 4: milliseconds, protocol numbers, the decision inside the state,
// zeros where nothing was counted
// (https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview#log-format).
func vnetFormat() flowFormat {
	return flowFormat{appendTuple: appendVNetTuple, appendRecord: appendVNetRecord, path: vnetPath}
}

// appendVNetTuple appends the thirteen fields.
func appendVNetTuple(b []byte, t *tuple, outbound bool) []byte {
	b = strconv.AppendInt(b, t.at/millisecond, 10)
	b = t.appendEnds(b)
	if t.udp {
		b = append(b, ",17,"...)
	} else {
		b = append(b, ",6,"...)
	}
	if outbound {
		b = append(b, 'O', ',', t.state)
	} else {
		b = append(b, 'I', ',', t.state)
	}
	b = append(b, ",NX"...)
	return t.appendCounters(b)
}

// appendVNetRecord appends the record of one card and minute.
func appendVNetRecord(l *line, co *company, c *card, at ticks) {
	v := c.on.network
	l.open("")
	l.when("time", at, "Z")
	l.raw(`"flowLogVersion":4`)
	l.str("flowLogGUID", v.flowLogGUID)
	l.str("macAddress", c.on.mac)
	l.raw(`"category":"FlowLogFlowEvent"`)
	l.str("flowLogResourceID", v.flowLogID)
	l.str("targetResourceID", v.id)
	l.raw(`"operationName":"FlowLogFlowEvent","flowRecords":{"flows":[`)
	l.open("")
	l.str("aclID", c.on.group.id)
	l.raw(`"flowGroups":[`)
	for rule, tuples := range c.tuples {
		if len(tuples) > 0 {
			l.open("")
			l.str("rule", ruleNames[rule])
			l.raw(`"flowTuples":[`)
			l.b = append(l.b, tuples...)
			l.b = append(l.b, ']', '}')
		}
	}
	l.b = append(l.b, `]}]}}`...)
}

// vnetPath is the blob of a card's hour.
func vnetPath(co *company, m *machine, at ticks) string {
	y, mo, d, h, _, _ := civil(at)
	return fmt.Sprintf("insights-logs-flowlogflowevent/flowLogResourceID=/%s_NETWORKWATCHERRG/NETWORKWATCHER_%s_%s/y=%04d/m=%02d/d=%02d/h=%02d/m=00/macAddress=%s/PT1H.json",
		strings.ToUpper(co.subscription), strings.ToUpper(region), m.network.flowLogName, y, mo, d, h, m.mac)
}
