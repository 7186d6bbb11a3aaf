package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"nordlys/internal/workspace"
)

func dataCommand(g *global) *cobra.Command {
	c := &cobra.Command{Use: "data", Short: "Keep data of others to look addresses up in: MaxMind's files of places and networks, Azure's service tags"}
	c.AddCommand(
		&cobra.Command{
			Use:   "add FILE",
			Short: "Copy a file into the workspace, such as GeoLite2-City.mmdb, GeoLite2-ASN.mmdb, ServiceTags_Public_20250901.json",
			Args:  cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error {
				f, err := workspace.AddData(g.workspace, args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "added %s (%s, %s, %d bytes)\n", f.Name, printable(f.Kind), printable(f.Version), f.Size)
				return err
			},
		},
		&cobra.Command{
			Use:   "list",
			Short: "List the files of data",
			Args:  cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				files, err := workspace.ListData(g.workspace)
				if err != nil {
					return err
				}
				for _, f := range files {
					fmt.Fprintf(c.OutOrStdout(), "%-40s %-20s %-34s %12d bytes\n", f.Name, printable(f.Kind), printable(f.Version), f.Size)
				}
				return nil
			},
		},
		&cobra.Command{
			Use:   "remove NAME",
			Short: "Remove a file of data from the workspace",
			Args:  cobra.ExactArgs(1),
			RunE:  func(_ *cobra.Command, args []string) error { return workspace.RemoveData(g.workspace, args[0]) },
		})
	return c
}
