package workspace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

// Verification is what became of the files of a workspace.
type Verification struct {
	Segments int64
	Bytes    int64
	Problems []string // a line each: damaged, missing, or not in the catalogue
}

// Verify reads every segment and compares its SHA-256 with the catalogue's.
func (w *Workspace) Verify(ctx context.Context) (Verification, error) {
	w.mu.RLock()
	known := map[string]*segment{}
	for _, t := range w.catalog.stored {
		for _, s := range t.segments {
			known[s.path(w.dir)] = s
		}
	}
	dropped := maps.Clone(w.catalog.dropped)
	w.mu.RUnlock()
	var v Verification
	problem := func(path, format string, args ...any) {
		rel, err := filepath.Rel(w.dir, path)
		if err != nil {
			rel = path
		}
		v.Problems = append(v.Problems, rel+": "+fmt.Sprintf(format, args...))
	}
	seen := map[string]bool{}
	look := func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		s, ok := known[path]
		if _, waits := dropped[path]; !ok && waits {
			return nil
		}
		if !ok {
			problem(path, "not in the catalogue: left by a crash, or put there; the next import removes it")
			return nil
		}
		seen[path] = true
		v.Segments++
		v.Bytes += s.bytes
		sum, err := hashOf(ctx, path)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			problem(path, "cannot be read: %v", err)
		case sum != s.sha256:
			problem(path, "damaged or changed: its SHA-256 is %s, the catalogue has %s (%d rows of %s)", sum, s.sha256, s.rows, s.table)
		}
		return nil
	}
	for _, folder := range []string{"segments", archiveDir} {
		if err := filepath.WalkDir(filepath.Join(w.dir, folder), look); err != nil {
			return v, err
		}
	}
	for path, s := range known {
		if !seen[path] {
			v.Segments++
			problem(path, "missing: %d rows of %s are lost; import the evidence again into a new workspace", s.rows, s.table)
		}
	}
	return v, nil
}

func hashOf(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if _, err := io.CopyN(h, f, 16<<20); err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), nil
		} else if err != nil {
			return "", err
		}
	}
}
