package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/enrich"
	"nordlys/internal/ingest"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

func enrichCommand(g *global) *cobra.Command {
	var interval, format string
	c := &cobra.Command{
		Use:   "enrich",
		Short: "Make Traffic Analytics from flow logs again, and look for threats in connections",
		Long: `Make the rows of Traffic Analytics from flow logs again: NTANetAnalytics of virtual network flow logs,
AzureNetworkAnalytics_CL of NSG flow logs, NTAIpDetails and NTATopologyDetails. Rows of VMConnection whose remote address
is in the threat intelligence learn of it.

Import does so for what it brings. On demand it is done for everything: after nordlys data add, which brings countries
and Azure's regions, or to have another interval. Rows of an earlier run are replaced, rows that were imported never.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usageError("--format %s: use text or json", format)
			}
			length, ok := map[string]time.Duration{"": 0, "10m": enrich.TenMinutes, "60m": enrich.Hour}[interval]
			if !ok {
				return usageError("--interval %s: use 10m or 60m, as Traffic Analytics has", interval)
			}
			// Without a workspace there is nothing to enrich, and none is to be made.
			r, err := workspace.Open(c.Context(), g.workspace, workspace.Read, duckdb.Options{})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			_ = r.Close()
			debug.SetGCPercent(50)
			debug.SetMemoryLimit(heapLimit)
			w, err := workspace.Open(c.Context(), g.workspace, workspace.Write, duckdb.Options{MemoryLimit: importMemory, Threads: 1})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			s, err := enrich.Run(c.Context(), w, enrich.Options{Interval: length, Connections: true})
			if err != nil {
				return err
			}
			if format == "json" {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(s)
			}
			line := s.Line()
			if line == "" {
				line = "nothing to enrich: no flow tuples, no connections of known threats"
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), line)
			return err
		},
	}
	c.Flags().StringVar(&interval, "interval", "", "of Traffic Analytics: 10m or 60m; without it that of the rows made before, else 60m")
	c.Flags().StringVar(&format, "format", "text", "of the summary: text or json")
	return c
}

// enrichImported makes the rows of Traffic Analytics of what an import has brought, and says so in one line. What an
// import that was cut off has left undone is done too.
func enrichImported(ctx context.Context, w *workspace.Workspace, r *ingest.Receipt) (string, error) {
	came := func(is func(table string) bool) bool {
		return slices.ContainsFunc(r.Files, func(f ingest.FileReceipt) bool { return slices.ContainsFunc(f.Tables, is) })
	}
	threats := came(func(t string) bool { return strings.HasPrefix(t, "ThreatIntel") })
	connections := threats || came(func(t string) bool { return t == "VMConnection" })
	if !connections && !came(func(t string) bool { return t == tables.FlowTuples || t == tables.AzureResources }) {
		return "", nil
	}
	s, err := enrich.Run(ctx, w, enrich.Options{Stale: true, Connections: connections})
	if err != nil {
		return "", fmt.Errorf("everything is in, but it could not be enriched (nordlys enrich tries again): %w", err)
	}
	return s.Line(), nil
}
