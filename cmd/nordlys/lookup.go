package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/enrich"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/ingest/windows"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

func lookupCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "lookup CODE|ADDRESS...",
		Short: "What a code means: AADSTS50126, 4625, 0xC000006A, 3389, an application's or role's id, a resource id; where an address is",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var unknown []string
			for _, a := range args {
				if addr, err := netip.ParseAddr(strings.TrimSpace(a)); err == nil {
					if err := lookUpAddress(c.Context(), c.OutOrStdout(), g.workspace, addr); err != nil {
						return err
					}
					continue
				}
				if !lookUp(c.OutOrStdout(), a) {
					unknown = append(unknown, a)
				}
			}
			if len(unknown) > 0 {
				return &exitError{exitData, fmt.Errorf("nothing is known of %s", strings.Join(unknown, ", "))}
			}
			return nil
		},
	}
}

// lookUp prints what is known of one code; false if that is nothing.
func lookUp(w io.Writer, code string) bool {
	found := false
	for _, c := range tables.LookUp(code) {
		found = true
		fmt.Fprintf(w, "%s %s: %s\n", c.List, c.Code, c.Meaning)
		if c.Note != "" {
			fmt.Fprintf(w, "    %s\n", c.Note)
		}
	}
	if title := windows.Title(strings.TrimSpace(code)); title != "" {
		found = true
		fmt.Fprintf(w, "Windows security event %s: %s\n", strings.TrimSpace(code), title)
	}
	if parts := resourceParts(code); parts != nil {
		found = true
		for _, p := range parts {
			fmt.Fprintf(w, "%s: %s\n", p[0], printable(p[1]))
		}
	}
	return found
}

// maxThreats is how many indicators of an address are printed.
const maxThreats = 10

// lookUpAddress prints what the workspace's data files and its threat intelligence say of an address.
func lookUpAddress(ctx context.Context, out io.Writer, dir string, addr netip.Addr) error {
	w, err := workspace.Open(ctx, dir, workspace.Read, duckdb.Options{})
	if errors.Is(err, workspace.ErrNotFound) {
		w, err = workspace.Open(ctx, dir, workspace.Memory, duckdb.Options{})
	}
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.OpenAddresses(); err != nil {
		return err
	}
	threats, err := enrich.LoadIndicators(ctx, w)
	if err != nil {
		return err
	}
	files, err := workspace.ListData(dir)
	if err != nil {
		return err
	}
	if len(files) == 0 && threats.Len() == 0 {
		return fmt.Errorf("nothing says what %s is: add files first (nordlys data add GeoLite2-City.mmdb, GeoLite2-ASN.mmdb, ServiceTags_Public_….json), or import threat intelligence", addr)
	}
	info, list := w.Address(addr), threats.All(addr)
	fmt.Fprintf(out, "address %s\n", addr)
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(out, "    %-14s %s\n", label, printable(value))
		}
	}
	line("country", info.Country)
	if info.Latitude != nil && info.Longitude != nil {
		line("position", fmt.Sprintf("%g, %g", *info.Latitude, *info.Longitude))
	}
	if info.ASN != 0 {
		line("network", strings.TrimSpace(fmt.Sprintf("AS%d %s", info.ASN, info.ASOrganization)))
	}
	if info.Azure {
		line("Azure", info.ServiceTag)
		line("region", info.Region)
		line("service", info.SystemService)
	}
	for _, t := range list[:min(len(list), maxThreats)] {
		about := t.Type
		if t.Confidence > 0 {
			about += fmt.Sprintf(", confidence %d", t.Confidence)
		}
		about += fmt.Sprintf(", last reported %s by %s", rows.TimeOf(t.Last).Format(time.DateOnly), t.Source)
		if t.Description != "" {
			about += ": " + t.Description
		}
		line("threat", about)
	}
	if len(list) > maxThreats {
		line("", fmt.Sprintf("and %d more indicators", len(list)-maxThreats))
	}
	if info == (workspace.AddressInfo{}) && len(list) == 0 {
		fmt.Fprintln(out, "    nothing is known of it")
	}
	return nil
}

// resourceParts takes a resource id apart: subscription, resource group, type, name and what lies below.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource#resourceid
func resourceParts(id string) [][2]string {
	f := strings.Split(strings.Trim(strings.TrimSpace(id), "/"), "/")
	if len(f) < 2 || len(f)%2 != 0 || !strings.HasPrefix(strings.TrimSpace(id), "/") {
		return nil
	}
	var out [][2]string
	kind := ""
	for i := 0; i+1 < len(f); i += 2 {
		switch key := strings.ToLower(f[i]); {
		case key == "subscriptions":
			out = append(out, [2]string{"subscription", f[i+1]})
		case key == "resourcegroups":
			out = append(out, [2]string{"resource group", f[i+1]})
		case key == "managementgroups" && kind != "":
			out = append(out, [2]string{"management group", f[i+1]})
		case key == "tenants":
			out = append(out, [2]string{"tenant", f[i+1]})
		case key == "providers":
			kind = f[i+1]
		case kind != "":
			kind += "/" + f[i]
			out = append(out, [2]string{kind, f[i+1]})
		default:
			return nil
		}
	}
	return out
}
