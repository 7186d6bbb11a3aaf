package ingest

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"time"
)

// Fingerprint is what identifies a file, or a member of an archive, as evidence: the SHA-256 of its bytes, or of the
// archive's and the member's name, as NordlysSources keeps it in _SourceId.
type Fingerprint struct {
	Path     string
	SourceID string
	Err      error // the file cannot be read
}

// Fingerprints lists what an import of the paths would read, with the identities that it would give, without reading a
// record. Standard input and pipes have no second reading.
func Fingerprints(ctx context.Context, paths []string) ([]Fingerprint, error) {
	im := &importer{opts: Options{Now: time.Now(), Stdin: strings.NewReader("")}}
	sources := im.plan(paths)
	defer im.cleanUp(sources)
	var out []Fingerprint
	for _, s := range sources {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		if s.err != nil {
			out = append(out, Fingerprint{Path: s.path, Err: s.err})
			continue
		}
		list, err := fingerprint(ctx, s)
		if err != nil {
			list = []Fingerprint{{Path: s.path, Err: cause(err)}}
		}
		out = append(out, list...)
	}
	return out, nil
}

func fingerprint(ctx context.Context, s source) ([]Fingerprint, error) {
	f, err := os.Open(s.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	if err := hashFile(ctx, sum, f); err != nil {
		return nil, err
	}
	whole := Fingerprint{Path: s.path, SourceID: hex.EncodeToString(sum.Sum(nil))}
	var magic [4]byte
	n, _ := f.ReadAt(magic[:], 0)
	if packed(magic[:n]) != "zip" {
		return []Fingerprint{whole}, nil
	}
	z, err := zip.NewReader(f, s.size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return []Fingerprint{whole}, nil
	}
	var out []Fingerprint
	for _, m := range z.File {
		if !m.FileInfo().IsDir() && !litter("/"+m.Name) {
			path, id := memberIdentity(whole.Path, whole.SourceID, m.Name)
			out = append(out, Fingerprint{Path: path, SourceID: id})
		}
	}
	if len(out) == 0 || isOffice(z) {
		out = []Fingerprint{whole}
	}
	return out, nil
}

// memberIdentity is the path of an archive's member, and its identity: members have no hash of their own, since an
// archive need not be unpacked to see that it is still the same.
func memberIdentity(path, sourceID, name string) (string, string) {
	sum := sha256.Sum256([]byte(sourceID + "\x00" + name))
	return path + "!" + strings.ToValidUTF8(name, "?"), hex.EncodeToString(sum[:])
}

// isOffice tells an Office document, which is a zip archive too.
func isOffice(z *zip.Reader) bool {
	for _, m := range z.File {
		if m.Name == "[Content_Types].xml" {
			return true
		}
	}
	return false
}
