package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/server"
	"nordlys/internal/workspace"
)

func tokenCommand(g *global) *cobra.Command {
	c := &cobra.Command{
		Use:   "token",
		Short: "Make, list and revoke the tokens that clients of nordlys serve sign in with",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(tokenCreateCommand(g), tokenListCommand(g), tokenRevokeCommand(g))
	return c
}

func tokenCreateCommand(g *global) *cobra.Command {
	var roles []string
	var expires string
	c := &cobra.Command{
		Use:   "create NAME --role ROLE",
		Short: "Make a token and print it, once: only its hash is kept",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(roles) == 0 {
				return usageError("--role: name at least one role of settings.yaml in the workspace")
			}
			life, err := parseLife(expires)
			if err != nil {
				return err
			}
			w, err := workspace.Open(c.Context(), g.workspace, workspace.Memory, duckdb.Options{})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			if _, err := w.Viewer(args[0], roles...); err != nil {
				return err
			}
			t, err := tokens(g)
			if err != nil {
				return err
			}
			now := time.Now()
			token, err := t.Create(args[0], roles, now, now.Add(life))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), token)
			return err
		},
	}
	c.Flags().StringArrayVar(&roles, "role", nil, "role of settings.yaml; may be given several times")
	c.Flags().StringVar(&expires, "expires", "90d", "how long it is good for: days (90d) or hours (12h)")
	return c
}

func tokenListCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the tokens",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			store, err := tokens(g)
			if err != nil {
				return err
			}
			list, err := store.List()
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			t := table.NewWriter()
			t.SetStyle(table.StyleLight)
			t.Style().Format.Header = text.FormatDefault
			t.AppendHeader(table.Row{"Name", "Roles", "Created", "Expires", ""})
			for _, o := range list {
				note := ""
				if o.Expired(time.Now()) {
					note = "expired"
				}
				t.AppendRow(table.Row{o.Name, strings.Join(o.Roles, ", "), o.Created.Format(time.RFC3339), o.Expires.Format(time.RFC3339), note})
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), t.Render())
			return err
		},
	}
}

func tokenRevokeCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: "End a token; a running server refuses it at once",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			t, err := tokens(g)
			if err != nil {
				return err
			}
			return t.Revoke(args[0])
		},
	}
}

// tokens opens the tokens of the workspace, which must be there: a token for a folder that was misspelled helps nobody.
func tokens(g *global) (*server.Tokens, error) {
	for _, name := range []string{"catalog.duckdb", "settings.yaml"} {
		if _, err := os.Stat(filepath.Join(g.workspace, name)); err == nil {
			return server.OpenTokens(g.workspace), nil
		}
	}
	return nil, &exitError{exitEnvironment, fmt.Errorf("%w in %s: name its folder with --workspace", workspace.ErrNotFound, g.workspace)}
}

var lifetime = regexp.MustCompile(`^([0-9]{1,5})([dh])$`)

// parseLife reads how long a token is good for.
func parseLife(s string) (time.Duration, error) {
	m := lifetime.FindStringSubmatch(s)
	if m == nil {
		return 0, usageError("--expires %s: write days (90d) or hours (12h)", s)
	}
	n, _ := strconv.Atoi(m[1]) // five digits at most
	unit := time.Hour
	if m[2] == "d" {
		unit = 24 * time.Hour
	}
	if n == 0 || time.Duration(n)*unit > 10*366*24*time.Hour {
		return 0, usageError("--expires %s: at least an hour, at most ten years", s)
	}
	return time.Duration(n) * unit, nil
}
