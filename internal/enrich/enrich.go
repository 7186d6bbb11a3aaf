// Package enrich makes rows of rows: what Azure's own services add to the logs they get. From flow tuples it makes the
// tables of Traffic Analytics, with names and flow types from the topology in AzureResources_CL, countries, systems and
// Azure regions from the files of data, and malicious addresses from the workspace's threat intelligence, which also fills
// the columns about threats in VMConnection.
//
// What it makes is replaced when it is made again; rows that were imported are never touched. It does not read files.
package enrich

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"nordlys/internal/engine"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

// origin names the rows of Traffic Analytics in the workspace. Their _SourceId is tables.Derived.
const origin = "traffic analytics"

// derived is the condition in KQL that a row was made here.
const derived = " | where _SourceId == '" + tables.Derived + "'"

// The tables of Traffic Analytics.
const (
	nsgTable      = "AzureNetworkAnalytics_CL"
	vnetTable     = "NTANetAnalytics"
	addressTable  = "NTAIpDetails"
	topologyTable = "NTATopologyDetails"
)

// The intervals that Traffic Analytics has.
const (
	Hour       = time.Hour
	TenMinutes = 10 * time.Minute
)

const (
	ticksPerSecond = 10_000_000
	ticksPerDay    = 86_400 * ticksPerSecond
)

// Options adjust a run. The zero value enriches everything.
type Options struct {
	Interval time.Duration // Hour or TenMinutes; 0 is that of the rows made before, else Hour
	Stale    bool          // only days whose flows, or all if the topology or threat intelligence, came after the rows made of them
	// Connections says that the threats of VMConnection are filled too.
	Connections bool
	room        int       // flows that wait in memory; 0 is maxWaiting
	Now         time.Time // when the flows are said to have been processed; zero is the clock
}

// Summary says what a run made.
type Summary struct {
	Tuples int64            `json:"tuples"`          // flow tuples read
	Filled int64            `json:"filled"`          // rows of VMConnection that have learned of a threat
	Days   int              `json:"days"`            // that had any
	Rows   map[string]int64 `json:"rows"`            // made, by table
	Types  map[string]int64 `json:"types"`           // rows of flows by their type
	Notes  []string         `json:"notes,omitempty"` // what could not be told, and what to do about it
}

// Line says it in one line, or "" where there was nothing to do.
func (s *Summary) Line() string {
	var parts []string
	if s.Tuples > 0 {
		parts = append(parts, s.flows())
	}
	if s.Filled > 0 {
		parts = append(parts, fmt.Sprintf("%d rows of VMConnection learn of a threat", s.Filled))
	}
	return strings.Join(parts, "; ")
}

func (s *Summary) flows() string {
	var made []string
	for _, t := range []string{vnetTable, nsgTable, addressTable, topologyTable} {
		if n := s.Rows[t]; n > 0 {
			made = append(made, fmt.Sprintf("%d of %s", n, t))
		}
	}
	line := fmt.Sprintf("Traffic Analytics: %d flow tuples of %d days give rows: %s", s.Tuples, s.Days, strings.Join(made, ", "))
	if s.Days == 1 {
		line = strings.Replace(line, "1 days", "1 day", 1)
	}
	if len(s.Notes) > 0 {
		line += "; " + strings.Join(s.Notes, "; ")
	}
	return line
}

// Run makes the rows of Traffic Analytics of the flow tuples in FlowTuples_CL, in place of those that an earlier run made
// for the same days. The workspace must be open for writing.
func Run(ctx context.Context, w *workspace.Workspace, o Options) (*Summary, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	var err error
	switch o.Interval {
	case 0:
		if o.Interval, err = usual(ctx, w); err != nil {
			return nil, err
		}
	case Hour, TenMinutes:
	default:
		return nil, fmt.Errorf("an interval of %v: Traffic Analytics has 10 or 60 minutes", o.Interval)
	}
	s := &Summary{Rows: map[string]int64{}, Types: map[string]int64{}}
	indicators, err := LoadIndicators(ctx, w)
	if err != nil {
		return s, fmt.Errorf("read the threat intelligence: %w", err)
	}
	if o.Connections {
		if s.Filled, err = Connections(ctx, w, indicators); err != nil {
			return s, err
		}
	}
	days, err := daysOf(ctx, w, o)
	if err != nil || len(days) == 0 {
		return s, err
	}
	if err := w.OpenAddresses(); err != nil {
		return s, err
	}
	topology, err := LoadTopology(ctx, w)
	if err != nil {
		return s, fmt.Errorf("read the topology: %w", err)
	}
	if topology.Empty() {
		s.Notes = append(s.Notes, "without topology: no names, and IntraVNet, InterVNet, S2S and P2S cannot be told (import what az network vnet list, az network nic list and az vm list print)")
	}
	d, err := w.Derive(origin)
	if err != nil {
		return s, err
	}
	defer d.Discard()
	out := newOutput(d, topology, s, o)
	d.Replace(topologyTable, 0, math.MaxInt64)
	if err := topology.details(ctx, out); err != nil {
		return s, err
	}
	a := &analysis{out: out, classifier: newClassifier(topology, w.Address, indicators.Match), interval: int64(o.Interval / 100), summary: s, room: cmp.Or(o.room, maxWaiting)}
	for _, day := range days {
		for _, t := range []string{nsgTable, vnetTable, addressTable} {
			d.Replace(t, day, day+ticksPerDay-1)
		}
		if err := a.day(ctx, w, day); err != nil {
			return s, fmt.Errorf("flows of %s: %w", rows.TimeOf(day).Format(time.DateOnly), err)
		}
		s.Days++
	}
	if n := len(a.classifier.missing); n > 0 && !topology.Empty() {
		s.Notes = append(s.Notes, fmt.Sprintf("%d of the interfaces are in networks that are not among the resources: their flows have no names, and IntraVNet, InterVNet, S2S and P2S cannot be told of them", n))
	}
	if err := out.finish(ctx); err != nil {
		return s, err
	}
	return s, d.Commit(ctx)
}

// usual is the interval of the rows that an earlier run made.
func usual(ctx context.Context, w *workspace.Workspace) (time.Duration, error) {
	length := Hour
	q := "union (" + vnetTable + derived + " | take 1 | project Length = tolong(FlowIntervalEndTime - FlowIntervalStartTime)), (" +
		nsgTable + derived + " | take 1 | project Length = tolong(FlowIntervalEndTime_t - FlowIntervalStartTime_t))"
	err := query(ctx, w, q, func(row []any) {
		if time.Duration(ticks(row[0]))*100 == TenMinutes {
			length = TenMinutes
		}
	})
	return length, err
}

// daysOf lists the days to enrich, as ticks.
func daysOf(ctx context.Context, w *workspace.Workspace, o Options) ([]int64, error) {
	known := slices.ContainsFunc(w.Tables(), func(t workspace.TableInfo) bool { return t.Name == tables.FlowTuples })
	if !known {
		return nil, nil
	}
	made, others := map[int64]int64{}, int64(0)
	if o.Stale {
		const from = derived + " | project TimeGenerated, Made = _TimeReceived"
		q := "union (" + nsgTable + from + "), (" + vnetTable + from + ") | summarize min(Made) by Day = bin(TimeGenerated, 1d)"
		if err := each(ctx, w, workspace.Query{Text: q}, func(row []any) error { made[ticks(row[0])] = ticks(row[1]); return nil }); err != nil {
			return nil, err
		}
		for _, table := range []string{tables.AzureResources, "ThreatIntelIndicators", "ThreatIntelligenceIndicator"} {
			if err := each(ctx, w, workspace.Query{Text: table + " | summarize max(_TimeReceived)"}, func(row []any) error { others = max(others, ticks(row[0])); return nil }); err != nil {
				return nil, err
			}
		}
	}
	var days []int64
	q := tables.FlowTuples + " | summarize max(_TimeReceived) by Day = bin(TimeGenerated, 1d) | order by Day asc"
	err := each(ctx, w, workspace.Query{Text: q}, func(row []any) error {
		day := ticks(row[0])
		if at, ok := made[day]; !o.Stale || !ok || max(ticks(row[1]), others) > at {
			days = append(days, day)
		}
		return nil
	})
	return days, err
}

// each calls f with the rows of a query; the slice is valid until f returns.
func each(ctx context.Context, w *workspace.Workspace, q workspace.Query, f func(row []any) error) (err error) {
	var rows engine.Rows
	rows, _, list, err := w.Query(ctx, q)
	if errors.Is(err, workspace.ErrDiagnostics) {
		return fmt.Errorf("internal: %v", list)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		row, err := rows.Next()
		if row == nil || err != nil {
			return err
		}
		if err := f(row); err != nil {
			return err
		}
	}
}
