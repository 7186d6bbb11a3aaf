package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/workspace"
)

func functionCommand(g *global) *cobra.Command {
	c := &cobra.Command{Use: "function", Short: "Keep queries with parameters under a name"}
	c.AddCommand(functionSave(g), functionList(g), functionShow(g), functionRemove(g))
	return c
}

// withWorkspace opens the workspace for a command and reports what it does as a mistake in the data.
func withWorkspace(c *cobra.Command, g *global, do func(w *workspace.Workspace) error) error {
	w, err := workspace.Open(c.Context(), g.workspace, workspace.Read, duckdb.Options{})
	if err != nil {
		return &exitError{exitEnvironment, err}
	}
	defer w.Close()
	return do(w)
}

func functionSave(g *global) *cobra.Command {
	var f workspace.Function
	c := &cobra.Command{
		Use:   "save NAME [FILE | -]",
		Short: "Save a function: (parameters) { body }, a let statement, or a query without parameters",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			f.Name = args[0]
			if len(args) == 2 && args[1] != "-" {
				text, err := os.ReadFile(args[1])
				if err != nil {
					return &exitError{exitEnvironment, err}
				}
				f.Text = string(text)
			} else {
				text, err := queryText(nil, c.InOrStdin())
				if err != nil {
					return err
				}
				f.Text = text
			}
			return withWorkspace(c, g, func(w *workspace.Workspace) error { return w.SaveFunction(f) })
		},
	}
	c.Flags().StringVar(&f.Category, "category", "", "what the function belongs to")
	c.Flags().StringVar(&f.Documentation, "doc", "", "what the function gives")
	return c
}

func functionList(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the saved functions",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withWorkspace(c, g, func(w *workspace.Workspace) error {
				list, err := w.Functions()
				for _, f := range list {
					fmt.Fprintf(c.OutOrStdout(), "%s\t%s\t%s\n", f.Name, printable(f.Category), printable(f.Documentation))
				}
				return err
			})
		},
	}
}

func functionShow(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Print a saved function",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withWorkspace(c, g, func(w *workspace.Workspace) error {
				f, err := w.Function(args[0])
				if err != nil {
					return missingFunction(args[0], err)
				}
				_, err = fmt.Fprintln(c.OutOrStdout(), f.Text)
				return err
			})
		},
	}
}

func functionRemove(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget a saved function",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withWorkspace(c, g, func(w *workspace.Workspace) error {
				if err := w.RemoveFunction(args[0]); err != nil {
					return missingFunction(args[0], err)
				}
				return nil
			})
		},
	}
}

func missingFunction(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no function %s: nordlys function list shows those that there are", name)
	}
	return err
}
