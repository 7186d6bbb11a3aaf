package main

import (
	"cmp"
	"fmt"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/workspace"
)

// me is who runs the command, for the audit.
func me() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return u.Username
}

func retainCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "retain",
		Short: "Move rows to the archive and let rows go, as settings.yaml says (retention)",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := workspace.Open(c.Context(), g.workspace, workspace.Write, duckdb.Options{})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			done, err := w.Retain(c.Context(), time.Now())
			for _, e := range done {
				fmt.Fprintf(c.OutOrStdout(), "%s: %d rows to the archive, %d rows gone\n", e.Table, e.ArchivedRows, e.GoneRows)
				if e.GoneRows > 0 && err == nil {
					err = w.Audit(c.Context(), workspace.Act{Who: me(), Action: "Retention", Target: e.Table, Rows: e.GoneRows})
				}
			}
			if len(done) == 0 && err == nil {
				fmt.Fprintln(c.OutOrStdout(), "nothing is past its time")
			}
			return err
		},
	}
}

func purgeCommand(g *global) *cobra.Command {
	var reason string
	var yes bool
	c := &cobra.Command{
		Use:   "purge TABLE CONDITION",
		Short: "Take rows out for good, such as those about one person; NordlysAudit keeps that it was done",
		Long: `Take the rows of a table for which a condition in KQL holds out of the workspace for good:

  nordlys purge SigninLogs 'UserPrincipalName == "ada@contoso.com"' --reason "request 17" --yes

Without --yes it only says how many rows these are. Copies of the evidence and backups are not touched, and importing the
evidence again brings the rows back.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if yes && reason == "" {
				return usageError("--reason: say why, for the audit")
			}
			mode := workspace.Read
			if yes {
				mode = workspace.Write
			}
			w, err := workspace.Open(c.Context(), g.workspace, mode, duckdb.Options{})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			if !yes {
				n, err := w.Count(c.Context(), args[0], args[1])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%d rows of %s would go: say --yes and --reason\n", n, printable(args[0]))
				return err
			}
			n, err := w.Purge(c.Context(), args[0], args[1])
			if n > 0 || err == nil {
				act := workspace.Act{Who: me(), Action: "Purge", Target: args[0], Detail: args[1] + ": " + reason, Rows: n}
				if aerr := w.Audit(c.Context(), act); err == nil {
					err = aerr
				}
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%d rows of %s are gone\n", n, printable(args[0]))
			return err
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for NordlysAudit")
	c.Flags().BoolVar(&yes, "yes", false, "do it")
	return c
}

func backupCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FOLDER",
		Short: "Copy the workspace as it is now to a folder; a later backup to it copies what is new",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := workspace.Open(c.Context(), g.workspace, workspace.Read, duckdb.Options{})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			done, err := w.Backup(c.Context(), args[0])
			return told(c, done, err)
		},
	}
}

func restoreCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FOLDER",
		Short: "Make the workspace of a backup, where there is none yet",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			done, err := workspace.Restore(c.Context(), args[0], cmp.Or(g.workspace, "."))
			return told(c, done, err)
		},
	}
}

func told(c *cobra.Command, done workspace.BackedUp, err error) error {
	if err != nil {
		return &exitError{exitEnvironment, err}
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%d segments, of which %d are new: %d bytes\n", done.Segments, done.Copied, done.Bytes)
	return err
}
