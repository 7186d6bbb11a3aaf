package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// FlowFormat says which of Azure's two flow logs a case has; a subnet should never have both.
type FlowFormat string

// The flow log formats.
const (
	FlowVNet FlowFormat = "vnet" // virtual network flow logs, version 4
	FlowNSG  FlowFormat = "nsg"  // network security group flow logs, version 2
)

// demoSeed and demoStart are the case that the documentation shows.
const demoSeed = 20260310

var demoStart = time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)

// Options say which case is written. The zero value is the demo.
type Options struct {
	Seed    uint64     // 0 is the demo's own
	Start   time.Time  // first moment of the 24 hours; zero is 2026-03-10T00:00:00Z; cut to a whole hour
	Scale   int        // multiplies ordinary life, never the attack; 0 or 1 is the demo
	Format  FlowFormat // empty is FlowVNet
	Sources []string   // only these, by the names Sources lists; empty is all
}

// SourceSummary counts what one source wrote. Records counts flow logs by tuple and everything else by line, Duplicates
// is how many of those repeat an earlier one byte for byte, Late how many lie in the blob of a later hour than their own.
type SourceSummary struct {
	Name                      string
	Files                     int
	Records, Duplicates, Late int64
	Bytes                     int64
}

// Summary says what Write left in the folder: the totals, each source in the order of Sources, and the attack.
type Summary struct {
	SourceSummary
	Sources    []SourceSummary
	Start, End time.Time
	Attacker   string // the address to begin an investigation with
	Steps      []Step
}

// ordinary renders one record of ordinary life at about time t and returns the time it gave it. Implementations keep a
// little state between calls, such as open logon sessions, of a size that does not depend on the number of records.
type ordinary func(l *line, r *rng, t ticks) ticks

// source is one kind of line-oriented evidence: everything but flow logs.
type source struct {
	name   string
	perDay int64 // ordinary records a day at scale 1
	rhythm rhythm
	step   ticks // length of the windows that life is dealt out by
	late   int   // per mille of records that reach storage an hour late
	path   func(*company, ticks) string
	start  func(*company) ordinary
	attack func(*story) []moment
}

// sources is the explicit list of line-oriented evidence; flow logs, which are documents, have their own writer.
func sources() []source {
	return []source{
		signinSource(), nonInteractiveSource(), servicePrincipalSource(), managedIdentitySource(),
		auditSource(), activitySource(), keyVaultSource(),
		securityEventSource(), forwarderSource(),
		vmConnectionSource(), vmProcessSource(), vmBoundPortSource(), vmComputerSource(), securityAlertSource(),
		deviceProcessSource(), deviceNetworkSource(), deviceLogonSource(),
	}
}

const flowSource = "flow"

// Sources lists the names that Options.Sources and WriteRecords take.
func Sources() []string {
	names := []string{flowSource}
	for _, s := range sources() {
		names = append(names, s.name)
	}
	return names
}

// complete fills in the defaults and refuses what cannot be written.
func (o Options) complete() (Options, error) {
	if o.Seed == 0 {
		o.Seed = demoSeed
	}
	if o.Start.IsZero() {
		o.Start = demoStart
	}
	o.Start = o.Start.UTC().Truncate(time.Hour)
	if o.Start.Year() < 1971 || o.Start.Year() > 9000 {
		return o, fmt.Errorf("start %s is outside the years 1971 to 9000: choose a later day", o.Start.Format(time.DateOnly))
	}
	if o.Scale < 0 {
		return o, fmt.Errorf("scale %d is negative: use 1 for the demo or a larger whole number", o.Scale)
	}
	o.Scale = max(o.Scale, 1)
	if o.Format == "" {
		o.Format = FlowVNet
	}
	if o.Format != FlowVNet && o.Format != FlowNSG {
		return o, fmt.Errorf("unknown flow log format %q: use %q or %q", o.Format, FlowVNet, FlowNSG)
	}
	for _, name := range o.Sources {
		if err := checkSource(name); err != nil {
			return o, err
		}
	}
	return o, nil
}

// checkSource names the alternatives when there is no such source.
func checkSource(name string) error {
	if names := Sources(); !slices.Contains(names, name) {
		return fmt.Errorf("unknown source %q: use one of %s", name, strings.Join(names, ", "))
	}
	return nil
}

// Write writes the case below dir, which is made if need be and should otherwise be empty: files of the same names are
// replaced, others are left. Sources are written side by side, each in time order.
func Write(ctx context.Context, dir string, o Options) (Summary, error) {
	o, err := o.complete()
	if err != nil {
		return Summary{}, fmt.Errorf("write the case: %w", err)
	}
	co := newCompany(o.Seed)
	st := newStory(co, toTicks(o.Start))
	var jobs []func() (SourceSummary, error)
	wanted := func(name string) bool { return len(o.Sources) == 0 || slices.Contains(o.Sources, name) }
	if wanted(flowSource) {
		jobs = append(jobs, func() (SourceSummary, error) { return writeFlows(ctx, dir, o, co, st) },
			func() (SourceSummary, error) { return writeTopology(dir, co) })
	}
	for _, s := range sources() {
		if wanted(s.name) {
			jobs = append(jobs, func() (SourceSummary, error) { return s.write(ctx, dir, o, co, st) })
		}
	}
	sum := Summary{
		Sources: make([]SourceSummary, len(jobs)), Start: o.Start, End: o.Start.Add(24 * time.Hour),
		Attacker: AttackerAddress, Steps: st.steps(),
	}
	errs := make([]error, len(jobs))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for i, job := range jobs {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			sum.Sources[i], errs[i] = job()
		})
	}
	wait.Wait()
	for _, s := range sum.Sources {
		sum.Files += s.Files
		sum.Records += s.Records
		sum.Duplicates += s.Duplicates
		sum.Late += s.Late
		sum.Bytes += s.Bytes
	}
	sum.Name = "all"
	return sum, errors.Join(errs...)
}

// write streams one source: window by window, ordinary life and attack merged by time.
func (s *source) write(ctx context.Context, dir string, o Options, co *company, st *story) (SourceSummary, error) {
	out := &lineWriter{
		blobs: blobs{root: dir, counts: SourceSummary{Name: s.name}}, first: st.start, step: s.step,
		path: func(t ticks) string { return s.path(co, t) },
		todo: s.attack(st), attackRNG: newRNG(co.seed, "attack "+s.name, 0),
	}
	slices.SortStableFunc(out.todo, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	deal := newDealer(s.perDay*int64(o.Scale), s.step, s.rhythm)
	life := s.start(co)
	for i := range int(day / s.step) {
		if out.err == nil {
			out.err = ctx.Err()
		}
		if out.err != nil {
			break
		}
		from := st.start + int64(i)*s.step
		s.window(ctx, out, newRNG(co.seed, s.name, i), life, from, deal.window(i))
	}
	if err := out.finish(); err != nil {
		return out.counts, fmt.Errorf("write the %s evidence: %w", s.name, err)
	}
	return out.counts, nil
}

// window writes n ordinary records evenly over one window, letting the attack's records in where their time comes.
func (s *source) window(ctx context.Context, out *lineWriter, r *rng, life ordinary, from ticks, n int64) {
	for i := int64(0); i < n && out.err == nil; i++ {
		if i%4096 == 4095 {
			out.err = ctx.Err()
		}
		// Dividing last keeps the slots even where a window holds more records than its length has ticks to spare.
		t := from + s.step*i/n
		if slot := s.step / n; slot > 1 {
			t += int64(r.n(int(slot)))
		}
		out.attackUntil(t)
		event := t
		if s.late > 0 && from > out.first && r.permille(s.late) {
			event -= hour
		}
		out.l.reset()
		if event = life(&out.l, r, event); floor(event, hour) < floor(t, hour) {
			out.counts.Late++
		}
		out.write(t)
		out.maybeRepeat(r)
	}
	out.attackUntil(from + s.step)
}

// WriteRecords writes n ordinary records of one source to w as one stream, spread over the 24 hours, in constant memory
// and without duplicates. For "flow" it is one flow log document with n tuples.
func WriteRecords(w io.Writer, name string, n int64, o Options) error {
	o, err := o.complete()
	if err == nil {
		err = checkSource(name)
	}
	if err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	co := newCompany(o.Seed)
	if name == flowSource {
		return writeFlowDocument(w, n, o, co)
	}
	all := sources()
	s := all[slices.IndexFunc(all, func(s source) bool { return s.name == name })]
	life, r, from := s.start(co), newRNG(co.seed, s.name, 0), toTicks(o.Start)
	const chunk = 256 << 10
	l := line{b: make([]byte, 0, chunk+chunk/8)}
	for i := range n {
		life(&l, r, from+spread(i, n))
		if len(l.b) >= chunk || i == n-1 {
			if _, err := w.Write(l.b); err != nil {
				return fmt.Errorf("write %s records: %w", name, err)
			}
			l.reset()
		}
	}
	return nil
}

// spread is the offset of record i of n when they lie evenly over a day; in floating point, since i times a day in
// ticks overflows at ten million.
func spread(i, n int64) ticks { return int64(float64(day) * (float64(i) / float64(n))) }
