package diag

import (
	"regexp"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
)

// The categories of Azure Firewall whose records are one English sentence in properties.msg.
// https://learn.microsoft.com/azure/firewall/monitor-firewall-reference
func isFirewall(category string) bool {
	return category == "AzureFirewallNetworkRule" || category == "AzureFirewallApplicationRule" || category == "AzureFirewallDnsProxy"
}

var (
	// TCP request from 10.0.0.4:51234 to 203.0.113.9:443. Action: Allow. Policy: p. Rule Collection: c. Rule: r
	// ICMP Type=8 request from 10.0.0.4:  to 203.0.113.9: . Action: Deny.
	// TCP request from 203.0.113.9:51234 to 198.51.100.1:3389 was DNAT'ed to 10.0.0.4:3389
	// HTTPS request from 10.0.0.4:51235. Action: Deny. Reason: SNI TLS extension was missing.
	requestLine = regexp.MustCompile(`^([A-Za-z0-9]+(?: Type=\d+)?) request from ((?:\[[^\]]*\]|[^ :]+)(?::\d*)?)(?: +to +((?:\[[^\]]*\]|[^ :]+)(?::\d*)?))?(?: was DNAT'ed to (\S+?))?[ .]*(?:\. +|$)`)
	// DNS Request: 10.0.0.4:34254 - 57362 A IN www.contoso.com. udp 44 false 1232 NOERROR qr,rd,ra 100 0.000384217s
	dnsLine = regexp.MustCompile(`^DNS Request: (\S+) - (\d+) (\S+) (\S+) (\S+) (\S+) (\d+) (true|false) (\d+) (\S+) (\S+) (\d+) ([0-9.]+)s$`)
	// Error: 2 www.contoso.com. A: read udp 10.0.0.4:34254->203.0.113.53:53: i/o timeout
	dnsError = regexp.MustCompile(`^ ?Error: (\d+) (\S+) (\S+): (.+)$`)
	// What follows a request, each part to the next one.
	clause = regexp.MustCompile(`(?:^|\. *)(Action|Reason|Policy|Rule Collection Group|Rule Collection|Rule|Url|Web Category|ThreatIntel|Signature|IDS|Priority|Classification): `)
)

// sentence takes the sentence of a firewall's record apart, into columns named and typed as the structured categories
// (AZFWNetworkRule and its like) name them, with AzureDiagnostics's suffixes. The sentence itself stays in msg_s; one
// of another shape is kept there alone.
func (s *superset) sentence(r *records.Record) {
	raw := jsontext.Find(r.Properties(), "msg")
	if jsontext.KindOf(raw) != jsontext.String {
		return
	}
	msg := string(jsontext.Text(nil, raw))
	if len(msg) > 8<<10 {
		return
	}
	if m := dnsLine.FindStringSubmatch(msg); m != nil {
		s.end("Source", m[1], false)
		for i, column := range []string{"QueryId_d", "QueryType_s", "QueryClass_s", "QueryName_s", "Protocol_s", "RequestSize_d", "DnssecOkBit_b",
			"EDNS0BufferSize_d", "ResponseCode_s", "ResponseFlags_s", "ResponseSize_d", "RequestDurationSecs_d"} {
			s.put(column, m[i+2])
		}
		return
	}
	if m := dnsError.FindStringSubmatch(msg); m != nil {
		s.put("ErrorNumber_d", m[1])
		s.put("QueryName_s", m[2])
		s.put("QueryType_s", m[3])
		s.put("ErrorMessage_s", m[4])
		return
	}
	m := requestLine.FindStringSubmatch(msg)
	if m == nil {
		return
	}
	protocol, icmp, _ := strings.Cut(m[1], " Type=")
	s.put("Protocol_s", protocol)
	s.put("IcmpType_d", icmp)
	s.end("Source", m[2], false)
	web := string(records.Inner(r.Fold("category"))) == "AzureFirewallApplicationRule" || strings.HasPrefix(protocol, "HTTP")
	s.end("Destination", m[3], web)
	if m[4] != "" {
		s.end("Translated", m[4], false)
		s.put("Action_s", "DNAT")
	}
	s.clauses(msg[len(m[0]):])
}

// clauses reads "Action: Allow. Rule Collection: c. Rule: r" and sentences without a name before them.
func (s *superset) clauses(text string) {
	marks := clause.FindAllStringSubmatchIndex(text, -1)
	plain := text
	if len(marks) > 0 {
		plain = text[:marks[0][0]]
	}
	for i, at := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		value := strings.TrimSuffix(strings.TrimSpace(text[at[1]:end]), ".")
		switch name := text[at[2]:at[3]]; name {
		case "Action": // also "Deny. No rule matched. Proceeding with default action"
			action, rest, _ := strings.Cut(value, ". ")
			s.put("Action_s", action)
			plain += rest
		case "Reason":
			s.put("ActionReason_s", value)
		case "Url":
			s.put("TargetUrl_s", value)
		case "ThreatIntel":
			s.put("ThreatDescription_s", value)
		case "Signature":
			s.put("SignatureId_s", value)
		case "IDS":
			s.put("Description_s", value)
		case "Priority":
			s.put("Severity_d", value)
		case "Classification":
			s.put("Category_s", value)
		default:
			s.put(strings.ReplaceAll(name, " ", "")+"_s", value)
		}
	}
	if c := s.t.Column("ActionReason_s"); !s.t.Has(c) {
		s.put("ActionReason_s", strings.TrimSuffix(strings.TrimSpace(plain), "."))
	}
}

// end puts one end of a connection: an address, or a name where the firewall saw one, and a port.
func (s *superset) end(side, text string, name bool) {
	host, port := text, ""
	if i := strings.LastIndexByte(text, ':'); i >= 0 && (strings.Count(text, ":") == 1 || strings.HasPrefix(text, "[") && i > strings.IndexByte(text, ']')) {
		host, port = text[:i], text[i+1:]
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	host = strings.TrimSuffix(host, ".")
	column := side + "Ip_s"
	if name && !strings.ContainsAny(host, ":") && strings.ContainsFunc(host, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }) {
		column = "Fqdn_s"
	}
	s.put(column, host)
	s.put(side+"Port_d", strings.TrimSuffix(port, "."))
}

func (s *superset) put(column, value string) {
	if value == "" {
		return
	}
	typ := map[byte]string{'s': "string", 'd': "real", 'b': "bool"}[column[len(column)-1]]
	if c := s.t.NewColumn(column, typ); c != nil && !s.t.Has(c) {
		s.t.SetString(c, value)
	}
}
