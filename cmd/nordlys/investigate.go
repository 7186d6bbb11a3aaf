package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func investigateCommand(_ *global) *cobra.Command {
	return &cobra.Command{
		Use:   "investigate ENTITY",
		Short: "Tell the story of an address, account, host, process, file or resource across sources",
		Args:  cobra.ExactArgs(1),
		RunE: func(*cobra.Command, []string) error {
			return errors.New("not supported yet: investigate")
		},
	}
}
