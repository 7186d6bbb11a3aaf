package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"nordlys/internal/engine"
	"nordlys/internal/engine/duckdb"
	"nordlys/internal/engine/lower"
	"nordlys/internal/kql"
	"nordlys/internal/kql/plan"
	"nordlys/internal/workspace"
)

func explainCommand(g *global) *cobra.Command {
	var f queryFlags
	var stage string
	c := &cobra.Command{
		Use:   "explain [KQL | -]",
		Short: "Show what a query becomes at each stage: tokens, tree, plan, sql, engine",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := queryText(args, c.InOrStdin())
			if err != nil {
				return err
			}
			stages := []string{"tokens", "tree", "plan", "sql", "engine"}
			if stage != "" {
				stages = []string{stage}
			}
			q, err := f.query(text)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			var w *workspace.Workspace
			var p *plan.Query
			for _, s := range stages {
				if len(stages) > 1 {
					fmt.Fprintf(out, "-- %s\n", s)
				}
				switch s {
				case "tokens":
					tokens, _ := kql.ExplainTokens(text)
					fmt.Fprint(out, tokens)
					continue
				case "tree":
					tree, list := kql.ExplainTree(text)
					fmt.Fprint(out, tree)
					if len(list) > 0 && len(stages) == 1 {
						fmt.Fprint(os.Stderr, list.Render(text))
					}
					continue
				case "plan", "sql", "engine":
				default:
					return usageError("--stage %s: use tokens, tree, plan, sql or engine", s)
				}
				if w == nil {
					q.Advice = true
					if w, p, err = openFor(c.Context(), g, q, duckdb.Options{MemoryLimit: f.memory}); err != nil {
						return err
					}
					defer w.Close()
				}
				shown := ""
				switch s {
				case "plan":
					shown = p.String()
				case "sql":
					var r lower.Result
					r, err = lower.Lower(p, lower.Options{Tables: w, Now: q.Now})
					shown = r.SQL
				case "engine":
					shown, err = w.Engine().Explain(c.Context(), engine.Request{Query: p, Tables: w, Now: q.Now})
				}
				if err != nil {
					return err
				}
				fmt.Fprintln(out, strings.TrimRight(shown, "\n"))
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().StringVar(&stage, "stage", "", "one stage only: tokens, tree, plan, sql or engine")
	return c
}
