package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"nordlys/internal/engine"
	"nordlys/internal/engine/duckdb"
	"nordlys/internal/kql/diag"
	"nordlys/internal/kql/plan"
	"nordlys/internal/workspace"
)

// queryFlags are the flags of commands that run a query.
type queryFlags struct {
	timespan, now string
	timeout       time.Duration
	rows          int64
	memory        string
	parameters    []string
}

func (f *queryFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.timespan, "timespan", "", "bounds TimeGenerated: an ISO 8601 duration back from now (PT1H, P7D) or START/END")
	c.Flags().StringVar(&f.now, "now", "", "the value of now(), RFC 3339; the clock if not given")
	c.Flags().DurationVar(&f.timeout, "timeout", 10*time.Minute, "stop a query that takes longer")
	c.Flags().Int64Var(&f.rows, "max-rows", 0, "refuse a result with more rows; 0 is no bound")
	c.Flags().StringArrayVar(&f.parameters, "param", nil, "NAME=VALUE of a parameter that the query declares; may be given several times")
	c.Flags().StringVar(&f.memory, "max-memory", "", "memory for a query, such as 4GB; DuckDB's default is 80 % of the machine's")
}

func (f *queryFlags) query(text string) (workspace.Query, error) {
	q := workspace.Query{Text: text, Now: time.Now().UTC(), Limits: engine.Limits{Timeout: f.timeout, Rows: f.rows}}
	for _, p := range f.parameters {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return q, usageError("--param %s: write it as name=value", p)
		}
		if q.Parameters == nil {
			q.Parameters = map[string]string{}
		}
		q.Parameters[name] = value
	}
	if f.now != "" {
		t, err := time.Parse(time.RFC3339, f.now)
		if err != nil {
			return q, usageError("--now %s: write it as 2026-03-10T12:00:00Z", f.now)
		}
		q.Now = t.UTC()
	}
	var err error
	q.From, q.To, err = parseTimespan(f.timespan, q.Now)
	return q, err
}

func queryCommand(g *global) *cobra.Command {
	var f queryFlags
	format := ""
	c := &cobra.Command{
		Use:   "query [KQL | -]",
		Short: "Ask in KQL; the query is the argument, or comes on standard input",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := queryText(args, c.InOrStdin())
			if err != nil {
				return err
			}
			if format == "parquet" {
				return exportParquet(c, g, &f, text)
			}
			if _, err := newOutput(format, io.Discard); err != nil {
				return err
			}
			q, err := f.query(text)
			if err != nil {
				return err
			}
			q.Advice = term.IsTerminal(int(os.Stderr.Fd()))
			w, p, err := openFor(c.Context(), g, q, duckdb.Options{MemoryLimit: f.memory})
			if err != nil {
				return err
			}
			defer w.Close()
			return paged(c.OutOrStdout(), format == "table", func(out io.Writer) error {
				write, err := newOutput(format, out)
				if err != nil {
					return err
				}
				return write(p, func(one *plan.Query) (engine.Rows, error) {
					return w.Engine().Run(c.Context(), engine.Request{Query: one, Tables: w, Now: q.Now, Limits: q.Limits})
				})
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&format, "format", "table", "table, json, ndjson, csv or parquet")
	return c
}

// exportParquet writes the result as an ordinary Parquet file to standard output, by way of a temporary one: the format
// ends with its index.
func exportParquet(c *cobra.Command, g *global, f *queryFlags, text string) error {
	if out, ok := c.OutOrStdout().(*os.File); ok && term.IsTerminal(int(out.Fd())) {
		return usageError("--format parquet: it is binary: redirect it to a file")
	}
	q, err := f.query(text)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "nordlys-export")
	if err != nil {
		return &exitError{exitEnvironment, err}
	}
	defer os.RemoveAll(dir)
	w, p, err := openFor(c.Context(), g, q, duckdb.Options{MemoryLimit: f.memory, Dirs: []string{dir}})
	if err != nil {
		return err
	}
	defer w.Close()
	if len(p.More) > 0 {
		return severalError("parquet")
	}
	path := filepath.Join(dir, "result.parquet")
	if _, err := w.Engine().Export(c.Context(), engine.Request{Query: p, Tables: w, Now: q.Now, Limits: q.Limits}, path); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return &exitError{exitEnvironment, err}
	}
	defer file.Close()
	_, err = io.Copy(c.OutOrStdout(), file)
	return err
}

// queryText takes the query from the argument or from standard input.
func queryText(args []string, stdin io.Reader) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return args[0], nil
	}
	b, err := io.ReadAll(io.LimitReader(stdin, 16<<20))
	if err != nil {
		return "", fmt.Errorf("read the query from standard input: %w", err)
	}
	if strings.TrimSpace(string(b)) == "" {
		return "", usageError("no query: give it as an argument or on standard input")
	}
	return string(b), nil
}

// openFor compiles a query and opens what it needs: nothing on disk where it reads no stored table.
func openFor(ctx context.Context, g *global, q workspace.Query, o duckdb.Options) (*workspace.Workspace, *plan.Query, error) {
	o.TempDir = os.TempDir()
	w, err := workspace.Open(ctx, g.workspace, workspace.Memory, o)
	if err != nil {
		return nil, nil, &exitError{exitEnvironment, err}
	}
	p, list, err := w.Compile(ctx, q)
	if err == nil && !readsTables(p) {
		showDiagnostics(list, q.Text)
		return w, p, nil
	}
	_ = w.Close()
	stored, openErr := workspace.Open(ctx, g.workspace, workspace.Read, o)
	if openErr != nil {
		// A mistake in the query is worth telling also where there is no workspace.
		if errors.Is(err, workspace.ErrDiagnostics) && errors.Is(openErr, workspace.ErrNotFound) {
			showDiagnostics(list, q.Text)
			return nil, nil, &exitError{exitData, nil}
		}
		return nil, nil, &exitError{exitEnvironment, openErr}
	}
	p, list, err = stored.Compile(ctx, q)
	showDiagnostics(list, q.Text)
	if err != nil {
		_ = stored.Close()
		return nil, nil, &exitError{exitData, nil}
	}
	return stored, p, nil
}

func showDiagnostics(list diag.List, text string) {
	if len(list) > 0 {
		fmt.Fprint(os.Stderr, list.Render(text))
	}
}

// readsTables says whether a query reads a stored table anywhere, subqueries included.
func readsTables(p *plan.Query) bool {
	found := false
	for _, one := range p.Results() {
		plan.Visit(one.Root, func(n plan.Node) bool {
			if _, ok := n.(*plan.Scan); ok {
				found = true
			}
			return !found
		})
	}
	return found
}
