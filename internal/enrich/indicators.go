package enrich

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"

	"nordlys/internal/workspace"
)

// Indicator is what threat intelligence says of an address.
type Indicator struct {
	ID          string
	Source      string // the feed
	Name        string
	Type        string // as NTAIpDetails.ThreatType has it: Botnet, C2, CryptoMining, DarkNet, DDos, MaliciousUrl, Malware, Phishing, Proxy, PUA, WatchList
	Description string
	TLP         string // White, Green, Amber, Red, or ""
	Domain, URL string // that the same indicator names
	Link        string // to a report
	Confidence  int    // 0 to 100
	Severity    int    // 0 to 5
	First, Last int64  // when it was made and last changed, in ticks
	Active      bool
}

// Indicators finds addresses in the threat intelligence of a workspace. It is safe for use by several goroutines.
type Indicators struct {
	table bart.Table[[]int32]
	list  []timed
}

// timed is an indicator with the time for which it is valid.
type timed struct {
	Indicator
	from, until int64 // ticks; until is 0 if it is open
}

// addressQuery gives the newest state of each indicator of an address.
const addressQuery = `ThreatIntelIndicators
| where ObservableKey in ('ipv4-addr:value', 'ipv6-addr:value', 'network-traffic:src_ref.value', 'network-traffic:dst_ref.value')
| summarize arg_max(TimeGenerated, *) by Id, ObservableKey, ObservableValue
| where not(coalesce(Revoked, false)) and not(coalesce(IsDeleted, false)) and coalesce(IsActive, true)
| project Id, ObservableValue, SourceSystem, Confidence = coalesce(Confidence, 0), From = coalesce(ValidFrom, datetime(0001-01-01)),
    Until = coalesce(ValidUntil, datetime(0001-01-01)), First = coalesce(Created, ValidFrom, TimeGenerated), Last = coalesce(Modified, TimeGenerated),
    TLP = tostring(AdditionalFields.TLPLevel), Name = tostring(Data.name), Description = tostring(Data.description),
    Words = strcat(Data.indicator_types, Data.labels, Tags), Link = tostring(Data.external_references[0].url)`

// namesQuery gives the domains and URLs of the same indicators.
const namesQuery = `let addressed = ThreatIntelIndicators
    | where ObservableKey in ('ipv4-addr:value', 'ipv6-addr:value', 'network-traffic:src_ref.value', 'network-traffic:dst_ref.value')
    | distinct Id;
ThreatIntelIndicators
| where ObservableKey in ('domain-name:value', 'url:value')
| join kind=leftsemi addressed on Id
| summarize Value = min(ObservableValue) by Id, ObservableKey`

// olderQuery is addressQuery over the older table, whose indicators may have several addresses.
const olderQuery = `ThreatIntelligenceIndicator
| summarize arg_max(TimeGenerated, *) by IndicatorId, NetworkIP, NetworkSourceIP, NetworkDestinationIP, NetworkCidrBlock, NetworkSourceCidrBlock, NetworkDestinationCidrBlock
| where coalesce(Active, true)
| project IndicatorId, Addresses = strcat_delim(' ', NetworkIP, NetworkSourceIP, NetworkDestinationIP, NetworkCidrBlock, NetworkSourceCidrBlock, NetworkDestinationCidrBlock),
    IndicatorProvider, Confidence = toint(coalesce(ConfidenceScore, 0.0)), Until = coalesce(ExpirationDateTime, datetime(0001-01-01)), TimeGenerated,
    TrafficLightProtocolLevel, Description, Words = strcat(ThreatType, ' ', Tags), Severity = coalesce(ThreatSeverity, 3), DomainName, Url
| where isnotempty(trim(' +', Addresses))`

// LoadIndicators reads the indicators of addresses and networks from both tables of threat intelligence, in the newest
// state of each. Those that are revoked, deleted or not active are left out; the rest match while they are valid.
func LoadIndicators(ctx context.Context, w *workspace.Workspace) (*Indicators, error) {
	x := &Indicators{}
	known := map[string]int32{} // by id and network
	add := func(t timed, address string) {
		p, err := parseNetwork(address)
		if err != nil {
			return
		}
		if i := strings.Index(t.ID, "---"); i >= 0 {
			t.ID = t.ID[i+3:]
		}
		key := strings.ToLower(t.ID) + " " + p.String()
		if i, ok := known[key]; ok {
			t.Severity = x.list[i].Severity // which the newer table does not have
			x.list[i] = t
			return
		}
		i := int32(len(x.list))
		known[key] = i
		x.list = append(x.list, t)
		x.table.Modify(p, func(list []int32, _ bool) ([]int32, bool) { return append(list, i), false })
	}
	err := query(ctx, w, olderQuery, func(r []any) {
		t := timed{Indicator: Indicator{ID: str(r[0]), Source: str(r[2]), Confidence: number(r[3]), First: ticks(r[5]), Last: ticks(r[5]), TLP: tlp(str(r[6])),
			Description: str(r[7]), Type: threatType(str(r[8])), Severity: number(r[9]), Domain: str(r[10]), URL: str(r[11]), Active: true}, until: ticks(r[4])}
		for _, a := range strings.Fields(str(r[1])) {
			add(t, a)
		}
	})
	if err != nil {
		return nil, err
	}
	domains, urls := map[string]string{}, map[string]string{}
	err = query(ctx, w, namesQuery, func(r []any) {
		if str(r[1]) == "url:value" {
			urls[str(r[0])] = str(r[2])
		} else {
			domains[str(r[0])] = str(r[2])
		}
	})
	if err != nil {
		return nil, err
	}
	err = query(ctx, w, addressQuery, func(r []any) {
		id := str(r[0])
		add(timed{Indicator: Indicator{ID: id, Source: str(r[2]), Confidence: number(r[3]), First: ticks(r[6]), Last: ticks(r[7]), TLP: tlp(str(r[8])),
			Name: str(r[9]), Description: cmp.Or(str(r[10]), str(r[9])), Type: threatType(str(r[11])), Link: str(r[12]), Severity: 3,
			Domain: domains[id], URL: urls[id], Active: true}, from: ticks(r[4]), until: ticks(r[5])}, str(r[1]))
	})
	if err != nil {
		return nil, err
	}
	for _, list := range x.table.All() {
		slices.SortFunc(list, func(a, b int32) int { return x.list[a].rank(&x.list[b]) })
	}
	return x, nil
}

// rank sorts the indicator first that says more: of higher confidence, then the latest, then by id.
func (t *timed) rank(o *timed) int {
	return cmp.Or(cmp.Compare(o.Confidence, t.Confidence), cmp.Compare(o.Last, t.Last), cmp.Compare(t.ID, o.ID))
}

// Len is how many indicators there are.
func (x *Indicators) Len() int { return len(x.list) }

// Match finds the indicator of an address, or of a network around it, that is valid at a time in ticks: of several the one
// with the highest confidence, then the latest.
func (x *Indicators) Match(a netip.Addr, at int64) (Indicator, bool) {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || !x.table.Contains(a) {
		return Indicator{}, false
	}
	var best *timed
	for _, list := range x.table.Supernets(netip.PrefixFrom(a, a.BitLen())) {
		for _, i := range list {
			t := &x.list[i]
			if at < t.from || t.until != 0 && at >= t.until {
				continue
			}
			if best == nil || t.rank(best) < 0 {
				best = t
			}
			break // the list is sorted
		}
	}
	if best == nil {
		return Indicator{}, false
	}
	return best.Indicator, true
}

// All lists the indicators of an address at any time, the most certain first.
func (x *Indicators) All(a netip.Addr) []Indicator {
	var out []Indicator
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return nil
	}
	for _, list := range x.table.Supernets(netip.PrefixFrom(a, a.BitLen())) {
		for _, i := range list {
			out = append(out, x.list[i].Indicator)
		}
	}
	slices.SortStableFunc(out, func(a, b Indicator) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(b.Last, a.Last))
	})
	return out
}

// parseNetwork reads an address or a network.
func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, err
	}
	if p.Bits() == 0 {
		return p, fmt.Errorf("%s is everything", s)
	}
	return p.Masked(), nil
}

// threatType finds the type of a threat in the words that feeds have for it; the first that says something counts. What
// says nothing is WatchList, Microsoft's word for what cannot be told.
// https://learn.microsoft.com/graph/api/resources/tiindicator#threattype-values
func threatType(words string) string {
	var list []string
	if json.Unmarshal([]byte(words), &list) != nil {
		list = strings.FieldsFunc(words, func(r rune) bool { return strings.ContainsRune(`[]",;`, r) })
	}
	for _, w := range list {
		w = strings.ToLower(w)
		for _, t := range threatWords {
			for _, sign := range t.signs {
				if strings.Contains(w, sign) {
					return t.name
				}
			}
		}
	}
	return "WatchList"
}

var threatWords = []struct {
	name  string
	signs []string
}{
	{"WatchList", []string{"watchlist"}},
	{"C2", []string{"c2", "c&c", "botnet_cc", "command and control", "command-and-control", "command-control"}},
	{"Botnet", []string{"botnet"}},
	{"CryptoMining", []string{"cryptomin", "coinmin", "miner", "mining"}},
	{"DarkNet", []string{"darknet"}},
	{"DDos", []string{"ddos", "denial"}},
	{"Phishing", []string{"phish"}},
	{"MaliciousUrl", []string{"maliciousurl", "malicious url", "malicious-url", "malware_download"}},
	{"Proxy", []string{"proxy", "anonymization", "tor-exit", "tor exit", "vpn"}},
	{"PUA", []string{"pua", "adware", "potentially unwanted"}},
	{"Malware", []string{"malware", "ransomware", "trojan", "payload"}},
}

// tlp spells a level as VMConnection has it.
func tlp(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
}

// query calls f with the rows of a query; the slice is valid until f returns.
func query(ctx context.Context, w *workspace.Workspace, text string, f func(row []any)) error {
	return each(ctx, w, workspace.Query{Text: text}, func(row []any) error {
		f(row)
		return nil
	})
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

func number(v any) int {
	switch n := v.(type) {
	case int32:
		return int(n)
	case int64:
		return int(n)
	}
	return 0
}

func ticks(v any) int64 {
	n, _ := v.(int64)
	return n
}
