package scenario

import (
	"fmt"
	"strconv"
	"strings"
)

// nsgFormat is network security group flow logs, version 2: seconds, protocol letters, a decision besides the state,
// blanks where nothing was counted (https://learn.microsoft.com/azure/network-watcher/nsg-flow-logs-overview).
func nsgFormat() flowFormat {
	return flowFormat{appendTuple: appendNSGTuple, appendRecord: appendNSGRecord, path: nsgPath}
}

// appendNSGTuple appends the thirteen fields; a refused connection is a begin with the decision D.
func appendNSGTuple(b []byte, t *tuple, outbound bool) []byte {
	b = strconv.AppendInt(b, t.at/second, 10)
	b = t.appendEnds(b)
	protocol, direction := byte('T'), byte('I')
	if t.udp {
		protocol = 'U'
	}
	if outbound {
		direction = 'O'
	}
	b = append(b, ',', protocol, ',', direction, ',')
	switch t.state {
	case 'D':
		return append(b, "D,B,,,,"...)
	case 'B':
		return append(b, "A,B,,,,"...)
	}
	return t.appendCounters(append(b, 'A', ',', t.state))
}

// appendNSGRecord appends the record of one card and minute.
func appendNSGRecord(l *line, co *company, c *card, at ticks) {
	l.open("")
	l.when("time", at, "Z")
	l.str("systemId", c.on.network.flowLogGUID)
	l.str("macAddress", c.on.mac)
	l.raw(`"category":"NetworkSecurityGroupFlowEvent"`)
	l.str("resourceId", strings.ToUpper(c.on.group.id))
	l.raw(`"operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":2,"flows":[`)
	for rule, tuples := range c.tuples {
		if len(tuples) > 0 {
			l.open("")
			l.str("rule", ruleNames[rule])
			l.raw(`"flows":[{`)
			l.str("mac", c.on.mac)
			l.raw(`"flowTuples":[`)
			l.b = append(l.b, tuples...)
			l.b = append(l.b, `]}]}`...)
		}
	}
	l.b = append(l.b, `]}}`...)
}

// nsgPath is the blob of a card's hour, below its security group.
func nsgPath(_ *company, m *machine, at ticks) string {
	y, mo, d, h, _, _ := civil(at)
	return fmt.Sprintf("insights-logs-networksecuritygroupflowevent/resourceId=%s/y=%04d/m=%02d/d=%02d/h=%02d/m=00/macAddress=%s/PT1H.json",
		strings.ToUpper(m.group.id), y, mo, d, h, m.mac)
}
