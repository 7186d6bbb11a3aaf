package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/syntax"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

func tablesCommand(g *global) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "tables",
		Short: "List the tables that have rows",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := workspace.Open(c.Context(), g.workspace, workspace.Read, duckdb.Options{})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			infos := w.Tables()
			switch format {
			case "json":
				type entry struct {
					Name  string    `json:"name"`
					Rows  int64     `json:"rows"`
					Bytes int64     `json:"bytes"`
					First time.Time `json:"first"`
					Last  time.Time `json:"last"`
				}
				out := make([]entry, len(infos))
				for i, t := range infos {
					out[i] = entry{t.Name, t.Rows, t.Bytes, syntax.TimeOf(t.First), syntax.TimeOf(t.Last)}
				}
				return json.NewEncoder(c.OutOrStdout()).Encode(out)
			case "table":
			default:
				return usageError("--format %s: use table or json", format)
			}
			t := table.NewWriter()
			t.SetStyle(table.StyleLight)
			t.Style().Format.Header = text.FormatDefault
			t.AppendHeader(table.Row{"Table", "Rows", "Bytes", "First", "Last"})
			t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}, {Number: 3, Align: text.AlignRight}})
			for _, i := range infos {
				t.AppendRow(table.Row{i.Name, i.Rows, i.Bytes, syntax.FormatDateTime(i.First), syntax.FormatDateTime(i.Last)})
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), t.Render())
			return err
		},
	}
	c.Flags().StringVar(&format, "format", "table", "table or json")
	return c
}

func schemaCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "schema TABLE",
		Short: "List the columns of a table with their types",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			visible, hidden, ok, err := columnsOf(c, g, args[0])
			if err != nil {
				return err
			}
			if !ok {
				return &exitError{exitData, fmt.Errorf("no table %s%s", args[0], near(args[0]))}
			}
			t := table.NewWriter()
			t.SetStyle(table.StyleLight)
			t.Style().Format.Header = text.FormatDefault
			t.AppendHeader(table.Row{"Column", "Type", ""})
			for _, col := range visible {
				t.AppendRow(table.Row{col.Name, col.Type, ""})
			}
			for _, col := range hidden {
				t.AppendRow(table.Row{col.Name, col.Type, "hidden: shown where a query names it"})
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), t.Render())
			return err
		},
	}
}

// columnsOf looks a table up in the workspace, or in the built-in catalogue where there is no workspace.
func columnsOf(c *cobra.Command, g *global, name string) (visible, hidden []tables.Column, ok bool, err error) {
	w, err := workspace.Open(c.Context(), g.workspace, workspace.Read, duckdb.Options{})
	if err != nil {
		if w, err = workspace.Open(c.Context(), g.workspace, workspace.Memory, duckdb.Options{}); err != nil {
			return nil, nil, false, &exitError{exitEnvironment, err}
		}
	}
	defer w.Close()
	visible, hidden, ok = w.Table(name)
	return visible, hidden, ok, nil
}

func near(name string) string {
	if n := diag.Nearest(name, tables.Builtin().Names()); n != "" {
		return ": did you mean " + n + "?"
	}
	return ": nordlys tables lists those with rows"
}
