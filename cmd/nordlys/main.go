// Command nordlys is security visibility for Microsoft Azure: it takes evidence in, answers in KQL and tells the story
// of an attack. One small file per subcommand parses flags, calls a package and prints.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"nordlys/internal/workspace"
)

// Exit codes: what went wrong tells a script where to look.
const (
	exitData        = 1 // the query or the data
	exitUsage       = 2 // the command line
	exitEnvironment = 3 // files, permissions, space
)

// exitError carries an exit code. A nil Err means that everything has been said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run executes one command line and gives the exit code.
func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{codeOf(err), err}
	}
	if e.err != nil {
		fmt.Fprintln(os.Stderr, "nordlys:", e.err)
	}
	return e.code
}

// codeOf sorts errors that no command has sorted.
func codeOf(err error) int {
	var p *fs.PathError
	switch {
	case errors.Is(err, workspace.ErrNotFound), errors.As(err, &p), errors.Is(err, syscall.ENOSPC):
		return exitEnvironment
	}
	return exitData
}

// global is what all subcommands share.
type global struct {
	workspace string
}

func newRoot() *cobra.Command {
	g := &global{}
	root := &cobra.Command{
		Use:           "nordlys",
		Short:         "Security visibility for Microsoft Azure",
		Long:          "Nordlys takes in Azure security logs, keeps them in Microsoft's own tables, answers in KQL and tells the story of an attack.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError("%w: see %s --help", err, c.CommandPath())
	})
	def := os.Getenv("NORDLYS_WORKSPACE")
	if def == "" {
		def = "./nordlys-workspace"
	}
	root.PersistentFlags().StringVar(&g.workspace, "workspace", def, "folder of the workspace (or NORDLYS_WORKSPACE)")
	root.AddCommand(importCommand(g), formatsCommand(), queryCommand(g), shellCommand(g), investigateCommand(g), tablesCommand(g), schemaCommand(g), functionCommand(g), explainCommand(g), dataCommand(g), enrichCommand(g), verifyCommand(g), retainCommand(g), purgeCommand(g), backupCommand(g), restoreCommand(g), serveCommand(g), tokenCommand(g), lookupCommand(g), scenarioCommand())
	checkArgs(root)
	return root
}

// checkArgs makes complaints about arguments exit as usage errors, in a command and those below it.
func checkArgs(c *cobra.Command) {
	for _, sub := range c.Commands() {
		checkArgs(sub)
	}
	check := c.Args
	if check == nil {
		return
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError("%w: see %s --help", err, c.CommandPath())
		}
		return nil
	}
}
