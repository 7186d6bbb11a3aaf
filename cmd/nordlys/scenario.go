package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"nordlys/internal/scenario"
	"nordlys/internal/workspace"
)

func scenarioCommand() *cobra.Command {
	var o scenario.Options
	var format, start string
	c := &cobra.Command{
		Use:   "scenario DIR",
		Short: "Write the demo case: a day of a small company and one attack, as Azure writes it",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch o.Format = scenario.FlowFormat(format); o.Format {
			case scenario.FlowNSG, scenario.FlowVNet:
			default:
				return usageError("--format %s: use nsg or vnet", format)
			}
			if o.Scale < 1 {
				return usageError("--scale %d: use 1 or more", o.Scale)
			}
			if start != "" {
				t, err := workspace.ParseTime(start)
				if err != nil {
					return usageError("--start %s: write it as 2026-03-10 or in RFC 3339", start)
				}
				o.Start = t
			}
			if entries, err := os.ReadDir(args[0]); err == nil && len(entries) > 0 {
				return &exitError{exitEnvironment, fmt.Errorf("%s is not empty: name a new folder for the case", args[0])}
			}
			s, err := scenario.Write(c.Context(), args[0], o)
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "Wrote %d records in %d files (%.1f MB) to %s: %s to %s.\nThe attacker's address is %s.\n",
				s.Records, s.Files, float64(s.Bytes)/1e6, args[0], s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339), s.Attacker)
			return err
		},
	}
	c.Flags().IntVar(&o.Scale, "scale", 1, "multiplies ordinary life; the attack stays one")
	c.Flags().StringVar(&format, "format", "vnet", "of flow logs: nsg or vnet")
	c.Flags().Uint64Var(&o.Seed, "seed", 0, "another company and another day; 0 is the demo's")
	c.Flags().StringVar(&start, "start", "", "first hour of the 24; the demo's day if not given")
	c.Flags().StringSliceVar(&o.Sources, "sources", nil, "only these sources")
	return c
}
