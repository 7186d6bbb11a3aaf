package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nordlys/internal/engine/duckdb"
	"nordlys/internal/ingest"
	"nordlys/internal/tables"
	"nordlys/internal/workspace"
)

func verifyCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [PATH...]",
		Short: "Prove that the workspace is whole, and that evidence is still what was imported",
		Long: `Prove that the workspace is whole: every segment is read and its SHA-256 compared with the catalogue's.

With paths, each file and member of an archive there is compared with the SHA-256 that NordlysSources keeps: unchanged,
changed since it was imported, never imported, or gone. Name the paths as they were named to import.`,
		RunE: func(c *cobra.Command, args []string) error {
			w, err := workspace.Open(c.Context(), g.workspace, workspace.Read, duckdb.Options{})
			if err != nil {
				return &exitError{exitEnvironment, err}
			}
			defer w.Close()
			out := c.OutOrStdout()
			v, err := w.Verify(c.Context())
			if err != nil {
				return err
			}
			problems := len(v.Problems)
			for _, p := range slices.Sorted(slices.Values(v.Problems)) {
				fmt.Fprintln(out, printable(p))
			}
			if len(v.Problems) == 0 {
				fmt.Fprintf(out, "workspace: %d segments, %d bytes, all as they were written\n", v.Segments, v.Bytes)
			}
			if len(args) > 0 {
				n, err := verifyEvidence(c.Context(), w, args, out)
				if err != nil {
					return err
				}
				problems += n
			}
			if problems > 0 {
				return &exitError{exitData, fmt.Errorf("%d problems: see above", problems)}
			}
			return nil
		},
	}
}

// verifyEvidence compares files with what was imported and gives the number that are not the same.
func verifyEvidence(ctx context.Context, w *workspace.Workspace, paths []string, out io.Writer) (int, error) {
	ids, imported := map[string]bool{}, map[string]string{}
	rows, _, _, err := w.Query(ctx, workspace.Query{Text: tables.NordlysSources + " | project Path, _SourceId"})
	if err != nil {
		return 0, err
	}
	err = each(rows, func(row []any) error {
		path, _ := row[0].(string)
		id, _ := row[1].(string)
		ids[id] = true
		imported[path] = id
		return nil
	})
	if closeErr := rows.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return 0, err
	}
	found, err := ingest.Fingerprints(ctx, paths)
	if err != nil {
		return 0, err
	}
	same, problems := 0, 0
	say := func(path, what string) {
		problems++
		fmt.Fprintf(out, "%s: %s\n", printable(path), what)
	}
	seen, here := map[string]bool{}, map[string]bool{}
	for _, f := range found {
		seen[f.Path], here[f.SourceID] = true, true
		was, known := imported[f.Path]
		switch {
		case f.Err != nil:
			say(f.Path, f.Err.Error())
		case ids[f.SourceID]:
			same++
		case known:
			say(f.Path, "changed: imported with SHA-256 "+was+", now "+f.SourceID)
		default:
			say(f.Path, "never imported into this workspace")
		}
	}
	var gone []string
	for path, id := range imported {
		if !seen[path] && !here[id] && slices.ContainsFunc(paths, func(p string) bool { return under(p, path) }) {
			gone = append(gone, path)
		}
	}
	slices.Sort(gone)
	for _, path := range gone {
		say(path, "gone: it was imported with SHA-256 "+imported[path])
	}
	fmt.Fprintf(out, "evidence: %d files and members of archives are what was imported\n", same)
	return problems, nil
}

// under says whether a path lies in a folder, or is it, or is a member of it.
func under(folder, path string) bool {
	folder = filepath.Clean(folder)
	path = strings.TrimPrefix(path, "./")
	return path == folder || folder == "." || strings.HasPrefix(path, folder+string(filepath.Separator)) || strings.HasPrefix(path, folder+"!")
}
