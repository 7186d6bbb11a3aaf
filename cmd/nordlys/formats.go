package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"nordlys/internal/ingest"
)

func formatsCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "formats",
		Short: "List what can be imported: formats, what they are told by, and the tables they fill",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			list := ingest.Formats()
			switch format {
			case "json":
				type entry struct {
					Name   string   `json:"name"`
					Tables []string `json:"tables"`
					Signs  string   `json:"signs"`
					Routes string   `json:"routes"`
				}
				out := make([]entry, len(list))
				for i, f := range list {
					out[i] = entry(f)
				}
				return json.NewEncoder(c.OutOrStdout()).Encode(out)
			case "table":
			default:
				return usageError("--format %s: use table or json", format)
			}
			t := table.NewWriter()
			t.SetStyle(table.StyleLight)
			t.Style().Format.Header = text.FormatDefault
			t.Style().Options.SeparateRows = true
			t.AppendHeader(table.Row{"Format", "Tables", "Told by", "Comes by"})
			t.SetColumnConfigs([]table.ColumnConfig{{Number: 1, WidthMax: 34}, {Number: 2, WidthMax: 40}, {Number: 3, WidthMax: 44}, {Number: 4, WidthMax: 44}})
			for _, f := range list {
				t.AppendRow(table.Row{f.Name, strings.Join(f.Tables, " "), f.Signs, f.Routes})
			}
			_, err := fmt.Fprintln(c.OutOrStdout(), t.Render())
			return err
		},
	}
	c.Flags().StringVar(&format, "format", "table", "table or json")
	return c
}
