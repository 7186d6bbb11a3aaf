package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/investigate"
	"nordlys/internal/workspace"
)

func investigateCommand(g *global) *cobra.Command {
	var depth int
	var from, to, timespan, format string
	c := &cobra.Command{
		Use:   "investigate ENTITY",
		Short: "Tell the story of an address, account, host, process, file or resource across sources",
		Long: "Finds an entity in every table, groups what belongs together, follows what it touched and says which sources\n" +
			"have nothing. ENTITY is an IP address, an account (UPN, object id, SID, DOMAIN\\name), a host (short or full\n" +
			"name), a process or file name, a SHA-256, SHA-1 or MD5, an application id or an Azure resource id.",
		Example: "  nordlys investigate 203.0.113.66\n  nordlys investigate alva.brekke@contoso.com --timespan 2026-03-10T09:00/PT4H --format html > story.html",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			write, ok := map[string]func(io.Writer, *investigate.Story) error{
				"text": investigate.WriteText, "json": investigate.WriteJSON, "html": investigate.WriteHTML,
			}[format]
			if !ok {
				return usageError("--format %s: use text, json or html", format)
			}
			if depth < 0 || depth > 5 {
				return usageError("--depth %d: from 0 to 5", depth)
			}
			o := investigate.Options{Depth: depth, Now: time.Now().UTC()}
			var err error
			if o.From, o.To, err = investigateWindow(from, to, timespan, o.Now); err != nil {
				return err
			}
			w, err := workspace.Open(c.Context(), g.workspace, workspace.Read, duckdb.Options{TempDir: os.TempDir()})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			story, err := investigate.Run(c.Context(), w, args[0], o)
			if err != nil {
				return err
			}
			return write(c.OutOrStdout(), story)
		},
	}
	c.Flags().IntVar(&depth, "depth", 2, "how many times to follow what was touched; 0 follows nothing")
	c.Flags().StringVar(&from, "from", "", "only from this time on (2026-03-10 or 2026-03-10T09:00:00Z)")
	c.Flags().StringVar(&to, "to", "", "only until this time")
	c.Flags().StringVar(&timespan, "timespan", "", "the same in one: a duration back from now (P7D) or START/END")
	c.Flags().StringVar(&format, "format", "text", "text, json or html (one file that needs nothing else)")
	return c
}

// investigateWindow reads the bounds from --timespan or from --from and --to.
func investigateWindow(from, to, timespan string, now time.Time) (a, b time.Time, err error) {
	if timespan != "" {
		if from != "" || to != "" {
			return a, b, usageError("--timespan says the same as --from and --to: use one of them")
		}
		return parseTimespan(timespan, now)
	}
	for _, f := range []struct {
		name, value string
		into        *time.Time
	}{{"from", from, &a}, {"to", to, &b}} {
		if f.value == "" {
			continue
		}
		if *f.into, err = workspace.ParseTime(f.value); err != nil {
			return a, b, usageError("--%s %s: write it as 2026-03-10 or 2026-03-10T09:00:00Z", f.name, f.value)
		}
	}
	if !a.IsZero() && !b.IsZero() && b.Before(a) {
		return a, b, usageError("--to is before --from: %s", fmt.Sprint(b.Format(time.RFC3339)))
	}
	return a, b, nil
}
