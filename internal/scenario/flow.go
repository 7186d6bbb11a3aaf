package scenario

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
)

// flowsPerDay is ordinary short connections at scale 1; each leaves two tuples per network card that sees it, a refused
// one leaves one.
const flowsPerDay = 12_200

// flowsPerRecord bounds the memory of a record: a minute with more connections takes several records per card.
const flowsPerRecord = 1500

// recordLag is more than the time from a minute's end to the receipt of its records: what is received this soon after
// the hour tells of the hour before.
const recordLag = 45 * second

// flowMinutes is how many minutes of the day have been delivered when the case ends: the last is still under way.
const flowMinutes = 24*60 - 1

// Bytes of one refused RDP password: what the client sent and what came back.
const (
	guessSent     = 2_914
	guessReceived = 3_377
)

// Rules of the network security groups, in the order they appear in a record.
const (
	ruleWebIn = iota
	ruleRDPIn
	ruleVnetIn
	ruleDenyIn
	ruleVnetOut
	ruleInternetOut
	ruleCount
)

var ruleNames = [ruleCount]string{
	"UserRule_allow-web", "UserRule_allow-rdp-maintenance", "DefaultRule_AllowVnetInBound", "DefaultRule_DenyAllInBound",
	"DefaultRule_AllowVnetOutBound", "DefaultRule_AllowInternetOutBound",
}

// tuple is one state of one connection, before it is put into the shape of a format. Counters are what passed since
// the connection's previous tuple.
type tuple struct {
	at             ticks
	src, dst       string
	from, to       int // index of the machine at each end, -1 outside
	sport, dport   int
	udp            bool
	state          byte // B begin, C continue, E end, D refused
	packets, bytes int64
	backPackets    int64
	backBytes      int64
	deliberate     bool // part of the attack
}

// card is one network card's share of the record being built: finished tuples by rule.
type card struct {
	on         *machine
	tuples     [ruleCount][]byte
	count      int
	repeated   int64
	deliberate bool
}

// flowFormat is how one of the two flow logs writes tuples, records and blob paths.
type flowFormat struct {
	appendTuple  func(b []byte, t *tuple, outbound bool) []byte
	appendRecord func(l *line, co *company, c *card, at ticks)
	path         func(co *company, m *machine, at ticks) string
}

// flowFormatOf looks the format up; FlowVNet is the default.
func flowFormatOf(f FlowFormat) flowFormat {
	if f == FlowNSG {
		return nsgFormat()
	}
	return vnetFormat()
}

// flowLog generates the connections of every minute and hands finished records to a sink.
type flowLog struct {
	co     *company
	format flowFormat
	cards  []*card
	long   []longFlow
	limit  int64 // tuples still wanted
	rec    line
	sink   func(c *card, received ticks, record []byte) error
}

// newFlowLog prepares the six cards.
func newFlowLog(co *company, f FlowFormat, limit int64) *flowLog {
	g := &flowLog{co: co, format: flowFormatOf(f), limit: limit, long: longFlows(co)}
	for _, m := range co.machines {
		g.cards = append(g.cards, &card{on: m})
	}
	return g
}

// add writes a tuple at each card that sees the connection.
func (g *flowLog) add(t *tuple) {
	if t.from >= 0 {
		g.addAt(g.cards[t.from], t, true)
	}
	if t.to >= 0 {
		g.addAt(g.cards[t.to], t, false)
	}
}

// addAt writes a tuple at one card.
func (g *flowLog) addAt(c *card, t *tuple, outbound bool) {
	if g.limit == 0 {
		return
	}
	g.limit--
	rule := ruleVnetIn
	switch {
	case t.state == 'D':
		rule = ruleDenyIn
	case outbound && t.to >= 0:
		rule = ruleVnetOut
	case outbound:
		rule = ruleInternetOut
	case t.from < 0 && t.dport == 3389:
		rule = ruleRDPIn
	case t.from < 0:
		rule = ruleWebIn
	}
	b := c.tuples[rule]
	if len(b) > 0 {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = g.format.appendTuple(b, t, outbound)
	c.tuples[rule] = append(b, '"')
	c.count++
	c.deliberate = c.deliberate || t.deliberate
}

// flush hands the cards' records of one minute to the sink.
func (g *flowLog) flush(minuteStart ticks, r *rng) error {
	for i, c := range g.cards {
		if c.count == 0 {
			continue
		}
		received := minuteStart + minute + int64(i*7+3)*second + int64(r.n(int(second)))
		g.rec.reset()
		g.format.appendRecord(&g.rec, g.co, c, received)
		if err := g.sink(c, received, g.rec.b); err != nil {
			return err
		}
		for rule := range c.tuples {
			c.tuples[rule] = c.tuples[rule][:0]
		}
		c.count, c.repeated, c.deliberate = 0, 0, false
	}
	return nil
}

// longFlow is a connection that stays open: an agent's or a pool's. It does not multiply with scale.
type longFlow struct {
	from, to     int
	src, dst     string
	dport        int
	length, skew int // minutes it lives, and where in its life it is at midnight
}

// longFlows are the lasting connections of the company.
func longFlows(co *company) []longFlow {
	flows := []longFlow{{0, 2, "", "", 8443, 0, 0}, {1, 2, "", "", 8443, 0, 0}, {2, 3, "", "", 1433, 0, 0}, {5, 4, "", "", 389, 0, 0}}
	for i := range co.machines {
		flows = append(flows, longFlow{from: i, to: -1, dst: fmt.Sprintf("198.51.100.%d", 100+i*3), dport: 443})
	}
	for i := range flows {
		f := &flows[i]
		f.src = co.machines[f.from].ip
		if f.to >= 0 {
			f.dst = co.machines[f.to].ip
		}
		f.length, f.skew = 67+i*31, 11+i*17
	}
	return flows
}

// lasting adds what the long connections leave in one minute: one tuple every five minutes.
func (g *flowLog) lasting(m int, start ticks, r *rng) {
	for i, f := range g.long {
		phase := (m + f.skew) % f.length
		t := tuple{at: start + int64(i)*2*second + int64(r.n(int(second))), src: f.src, dst: f.dst, from: f.from, to: f.to,
			sport: 50000 + i*97 + (m+f.skew)/f.length, dport: f.dport}
		switch {
		case phase == 0:
			t.state = 'B'
		case phase == f.length-1:
			t.state = 'E'
		case phase%5 == 0:
			t.state = 'C'
		default:
			continue
		}
		if t.state != 'B' {
			t.packets, t.backPackets = int64(r.between(40, 900)), int64(r.between(40, 900))
			t.bytes, t.backBytes = t.packets*int64(r.between(80, 900)), t.backPackets*int64(r.between(80, 900))
		}
		g.add(&t)
	}
}

// visitor is the address of somebody who looks at the company's site.
func visitor(r *rng) string {
	if r.permille(500) {
		return "192.0.2." + strconv.Itoa(r.between(128, 254))
	}
	return "203.0.113." + strconv.Itoa(r.between(128, 254))
}

// outsideService is the address of something the machines use on the internet.
func outsideService(r *rng) string { return "198.51.100." + strconv.Itoa(r.between(100, 199)) }

// scanner is the address of one of the many who try every port of every public address.
func scanner(r *rng) string {
	if r.permille(500) {
		return "198.51.100." + strconv.Itoa(r.between(200, 254))
	}
	return "203.0.113." + strconv.Itoa(r.between(70, 119))
}

// short adds one ordinary connection that begins and ends within the minute, or is refused.
func (g *flowLog) short(start ticks, r *rng) {
	machines := g.co.machines
	t := tuple{at: start + int64(r.n(int(57*second))), sport: r.between(49152, 65535), from: -1, to: -1, state: 'B'}
	switch d := r.n(100); {
	case d < 42:
		t.to, t.src, t.dport = r.n(2), visitor(r), 443
		t.dst = machines[t.to].ip
	case d < 64:
		t.from, t.dst, t.dport = r.n(len(machines)), outsideService(r), 443
		t.src = machines[t.from].ip
	case d < 84:
		pair := [...][3]int{{0, 2, 8443}, {1, 2, 8443}, {2, 3, 1433}, {0, 4, 389}, {3, 4, 88}, {5, 0, 3389}, {5, 3, 3389}, {2, 4, 53}}[r.n(8)]
		t.from, t.to, t.dport, t.udp = pair[0], pair[1], pair[2], pair[2] == 53
		t.src, t.dst = machines[t.from].ip, machines[t.to].ip
	default:
		t.to, t.src, t.state = r.n(2), scanner(r), 'D'
		t.dst, t.dport = machines[t.to].ip, pick(r, []int{22, 23, 445, 3389, 5900, 8080, 1433, 6379, 2375, 5985})
	}
	g.add(&t)
	if t.state == 'D' {
		return
	}
	if r.permille(2) {
		g.repeat(&t)
	}
	t.at = min(t.at+int64(r.between(90, 40000))*millisecond, start+minute-millisecond)
	t.state = 'E'
	t.packets, t.backPackets = int64(r.between(3, 60)), int64(r.between(3, 90))
	t.bytes, t.backBytes = t.packets*int64(r.between(60, 700)), t.backPackets*int64(r.between(60, 1300))
	g.add(&t)
}

// repeat writes a begin tuple a second time, as real records sometimes have it.
func (g *flowLog) repeat(t *tuple) {
	if g.limit >= 0 {
		return // a counted document has no duplicates
	}
	g.add(t)
	for _, i := range [...]int{t.from, t.to} {
		if i >= 0 {
			g.cards[i].repeated++
		}
	}
}

// tuples is the attack as the network saw it, in order of time.
func (s *story) tuples() []tuple {
	var all []tuple
	index := func(ip string) int {
		return slices.IndexFunc(s.co.machines, func(m *machine) bool { return m.ip == ip })
	}
	add := func(c connection, at ticks, state byte, sent, received int64) {
		t := tuple{at: at, src: c.src, dst: c.dst, from: index(c.src), to: index(c.dst), sport: c.sport, dport: c.dport, state: state,
			bytes: sent, backBytes: received, deliberate: true}
		if state == 'C' || state == 'E' {
			t.packets, t.backPackets = sent/1280+1, received/1280+1
		}
		all = append(all, t)
	}
	life := func(c connection) {
		add(c, c.at, 'B', 0, 0)
		n := (c.end-c.at-1)/(5*minute) + 1
		for i := range n {
			state, at := byte('C'), c.at+(i+1)*5*minute
			if i == n-1 {
				state, at = 'E', c.end
			}
			add(c, at, state, share(c.sent, i, n), share(c.received, i, n))
		}
	}
	for _, c := range s.probes {
		add(c, c.at, 'D', 0, 0)
	}
	for _, g := range s.guesses {
		c := connection{at: g.at, end: g.at + 2300*millisecond, src: AttackerAddress, dst: s.co.web01.ip, sport: g.port, dport: 3389, sent: guessSent, received: guessReceived}
		life(c)
	}
	life(s.session.connection)
	life(s.download)
	for _, c := range s.lateral {
		life(c)
	}
	for _, c := range s.exfil {
		life(c.connection)
	}
	slices.SortStableFunc(all, func(a, b tuple) int { return cmp.Compare(a.at, b.at) })
	return all
}

// minuteOf generates one minute in portions of bounded size.
func (g *flowLog) minuteOf(m int, start ticks, flows int64, attack []tuple) error {
	r := newRNG(g.co.seed, flowSource, m)
	g.lasting(m, start, r)
	for i := range attack {
		g.add(&attack[i])
	}
	for i := int64(1); i <= flows; i++ {
		g.short(start, r)
		if i%flowsPerRecord == 0 {
			if err := g.flush(start, r); err != nil {
				return err
			}
		}
	}
	return g.flush(start, r)
}

// flowBlob is the open document of one card.
type flowBlob struct {
	path string
	file *os.File
	buf  *bufio.Writer
}

// close ends the document.
func (b *flowBlob) close() error {
	if b.file == nil {
		return nil
	}
	_, err := b.buf.WriteString("]}")
	if e := b.buf.Flush(); err == nil {
		err = e
	}
	if e := b.file.Close(); err == nil {
		err = e
	}
	b.file = nil
	return err
}

// flowFiles puts records into one blob per card and hour of receipt, and counts them.
type flowFiles struct {
	root   string
	format flowFormat
	co     *company
	blobs  map[*machine]*flowBlob
	counts SourceSummary
	r      *rng
}

// take is the sink of a case: it writes a record, and now and then writes it twice.
func (f *flowFiles) take(c *card, received ticks, record []byte) error {
	blob := f.blobs[c.on]
	if blob == nil {
		blob = &flowBlob{buf: bufio.NewWriterSize(nil, 64<<10)}
		f.blobs[c.on] = blob
	}
	between := byte(',')
	if path := f.format.path(f.co, c.on, received); path != blob.path {
		if err := blob.close(); err != nil {
			return err
		}
		file, err := createBlob(f.root, path)
		if err != nil {
			return err
		}
		blob.path, blob.file = path, file
		blob.buf.Reset(file)
		blob.buf.WriteString(`{"records":`)
		between = '['
		f.counts.Files++
		f.counts.Bytes += int64(len(`{"records":]}`))
	}
	f.counts.Duplicates += c.repeated
	times := int64(1)
	if !c.deliberate && f.r.permille(6) {
		times = 2
		f.counts.Duplicates += int64(c.count)
	}
	if received%hour < recordLag {
		f.counts.Late += times * int64(c.count)
	}
	for range times {
		blob.buf.WriteByte(between)
		between = ','
		if _, err := blob.buf.Write(record); err != nil {
			return fmt.Errorf("write %s: %w", blob.path, err)
		}
		f.counts.Records += int64(c.count)
		f.counts.Bytes += int64(len(record)) + 1
	}
	return nil
}

// writeFlows writes the flow logs of a case.
func writeFlows(ctx context.Context, dir string, o Options, co *company, st *story) (SourceSummary, error) {
	files := &flowFiles{root: dir, format: flowFormatOf(o.Format), co: co, blobs: map[*machine]*flowBlob{},
		counts: SourceSummary{Name: flowSource}, r: newRNG(co.seed, "flow files", 0)}
	g := newFlowLog(co, o.Format, -1)
	g.sink = files.take
	deal := newDealer(flowsPerDay*int64(o.Scale), minute, machineHours)
	attack := st.tuples()
	var err error
	for m := 0; m < flowMinutes && err == nil; m++ {
		start := st.start + int64(m)*minute
		n := 0
		for n < len(attack) && attack[n].at < start+minute {
			n++
		}
		if err = ctx.Err(); err == nil {
			err = g.minuteOf(m, start, deal.window(m), attack[:n])
		}
		attack = attack[n:]
	}
	for _, m := range co.machines {
		if b := files.blobs[m]; b != nil {
			err = errors.Join(err, b.close())
		}
	}
	if err != nil {
		err = fmt.Errorf("write the flow evidence: %w", err)
	}
	return files.counts, err
}

// writeFlowDocument streams one document of exactly n tuples.
func writeFlowDocument(w io.Writer, n int64, o Options, co *company) error {
	buf := bufio.NewWriterSize(w, 256<<10)
	g := newFlowLog(co, o.Format, max(n, 0))
	buf.WriteString(`{"records":`)
	between := byte('[')
	g.sink = func(_ *card, _ ticks, record []byte) error {
		buf.WriteByte(between)
		between = ','
		_, err := buf.Write(record)
		return err
	}
	// A connection leaves 2.2 tuples on average, which fills most of the day.
	flows := n/(flowMinutes*22/10) + 1
	start := toTicks(o.Start)
	for m := 0; g.limit > 0; m++ {
		if err := g.minuteOf(m, start+int64(m)*minute, flows, nil); err != nil {
			return fmt.Errorf("write flow records: %w", err)
		}
	}
	if between == '[' {
		buf.WriteByte('[')
	}
	buf.WriteString("]}")
	if err := buf.Flush(); err != nil {
		return fmt.Errorf("write flow records: %w", err)
	}
	return nil
}

// appendEnds appends the five members that both formats' tuples have after the time.
func (t *tuple) appendEnds(b []byte) []byte {
	b = append(append(b, ','), t.src...)
	b = append(append(b, ','), t.dst...)
	b = strconv.AppendInt(append(b, ','), int64(t.sport), 10)
	return strconv.AppendInt(append(b, ','), int64(t.dport), 10)
}

// appendCounters appends the four counters, each after a comma.
func (t *tuple) appendCounters(b []byte) []byte {
	for _, v := range [...]int64{t.packets, t.bytes, t.backPackets, t.backBytes} {
		b = strconv.AppendInt(append(b, ','), v, 10)
	}
	return b
}
