package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"nordlys/internal/ingest/rows"
)

// Limits against archives that are made to exhaust: what comes out may be bombRatio times what went in, once it is more
// than bombFloor, and archives may lie in each other that deep.
const (
	bombRatio = 250
	bombFloor = 64 << 20
	nesting   = 3
)

// source is one file to read, or one that cannot be.
type source struct {
	path  string // as the receipt shows it
	file  string // where its bytes are
	size  int64
	mod   time.Time
	err   error
	spool bool // file is a temporary copy

	rejects []Reject // records of it to be read from the quarantine instead
}

// plan lists the files behind the paths, folders in lexical order.
func (im *importer) plan(paths []string) []source {
	var out []source
	for _, p := range paths {
		if p == "-" {
			out = append(out, im.spool("standard input", im.opts.Stdin))
			continue
		}
		info, err := os.Stat(p)
		switch {
		case err != nil:
			out = append(out, source{path: p, err: fmt.Errorf("cannot be opened: %w", cause(err))})
		case info.IsDir():
			out = append(out, walk(p)...)
		case info.Mode().IsRegular():
			out = append(out, source{path: p, file: p, size: info.Size(), mod: info.ModTime()})
		default: // a pipe, such as the shell's <(command)
			f, err := os.Open(p)
			if err != nil {
				out = append(out, source{path: p, err: fmt.Errorf("cannot be opened: %w", cause(err))})
				continue
			}
			out = append(out, im.spool(p, f))
			f.Close()
		}
	}
	for _, s := range out {
		im.total.Add(s.size)
	}
	return out
}

// walk lists a folder. Symbolic links are not followed: what they lead to inside the folder is found by itself.
func walk(root string) []source {
	var out []source
	inside, rootErr := filepath.EvalSymlinks(root)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			out = append(out, source{path: path, err: fmt.Errorf("cannot be opened: %w", cause(err))})
			return nil
		case d.IsDir():
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			target, err := filepath.EvalSymlinks(path)
			if err != nil || rootErr != nil || !within(inside, target) {
				out = append(out, source{path: path, err: errors.New("a symbolic link that leads out of the folder; it was not followed: name its target if you want it")})
			}
			return nil
		case !d.Type().IsRegular():
			out = append(out, source{path: path, err: errors.New("not a file but a device, pipe or socket; it was not opened")})
			return nil
		case litter(path):
			return nil
		}
		info, err := d.Info()
		if err != nil {
			out = append(out, source{path: path, err: fmt.Errorf("cannot be opened: %w", cause(err))})
			return nil
		}
		out = append(out, source{path: path, file: path, size: info.Size(), mod: info.ModTime()})
		return nil
	})
	if err != nil {
		out = append(out, source{path: root, err: err})
	}
	if len(out) == 0 {
		out = append(out, source{path: root, err: errors.New("an empty folder")})
	}
	return out
}

// litter names the files that desktops leave in folders, which are no evidence.
func litter(path string) bool {
	switch filepath.Base(path) {
	case ".DS_Store", "Thumbs.db", "desktop.ini":
		return true
	}
	return strings.HasPrefix(path, "__MACOSX/") || strings.Contains(path, "/__MACOSX/")
}

func within(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// spool copies a stream to a temporary file.
func (im *importer) spool(name string, r io.Reader) source {
	f, err := os.CreateTemp("", "nordlys-*")
	if err != nil {
		return source{path: name, err: fmt.Errorf("cannot be kept while it is read: %w", err)}
	}
	defer f.Close()
	n, err := io.Copy(f, r)
	if err != nil {
		os.Remove(f.Name())
		return source{path: name, err: fmt.Errorf("cannot be read: %w", cause(err))}
	}
	return source{path: name, file: f.Name(), size: n, mod: im.opts.Now, spool: true}
}

func (im *importer) cleanUp(sources []source) {
	for _, s := range sources {
		if s.spool {
			os.Remove(s.file)
		}
	}
}

// source reads one file with all that is packed in it.
func (w *worker) source(ctx context.Context, s *source) []FileReceipt {
	file := rows.File{Path: s.path, Modified: w.im.now}
	if !s.mod.IsZero() {
		file.Modified = rows.TicksOf(s.mod)
	}
	if s.err != nil {
		return []FileReceipt{w.failed(ctx, file, s.err)}
	}
	if s.rejects != nil {
		return w.quarantined(ctx, s)
	}
	f, err := os.Open(s.file)
	if err != nil {
		return []FileReceipt{w.failed(ctx, file, fmt.Errorf("cannot be opened: %w", cause(err)))}
	}
	defer f.Close()
	sum := sha256.New()
	if err := hashFile(ctx, sum, f); err != nil {
		return []FileReceipt{w.failed(ctx, file, fmt.Errorf("cannot be read: %w", cause(err)))}
	}
	file.SourceID = hex.EncodeToString(sum.Sum(nil))
	in := &reportingFile{File: f, im: w.im}
	defer func() { w.im.report(s.size-in.n, false) }() // an archive need not be read byte for byte

	var magic [4]byte
	n, _ := f.ReadAt(magic[:], 0)
	if kind := packed(magic[:n]); kind == "zip" {
		return w.zip(ctx, file, in, s.size)
	}
	return []FileReceipt{w.unpack(ctx, file, filepath.Base(s.path), in, nesting)}
}

func hashFile(ctx context.Context, sum hash.Hash, f *os.File) error {
	buf := make([]byte, 1<<20)
	for {
		n, err := f.Read(buf)
		sum.Write(buf[:n])
		if err == io.EOF {
			_, err = f.Seek(0, io.SeekStart)
			return err
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// packed tells how a content is compressed, by its first bytes.
func packed(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return "gzip"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return "zip"
	}
	return ""
}

// unpack takes gzip layers off a stream and reads what is inside.
func (w *worker) unpack(ctx context.Context, file rows.File, name string, r io.Reader, depth int) FileReceipt {
	var magic [4]byte
	n, err := io.ReadFull(r, magic[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return w.failed(ctx, file, fmt.Errorf("cannot be read: %w", cause(err)))
	}
	r = io.MultiReader(bytes.NewReader(magic[:n]), r)
	switch packed(magic[:n]) {
	case "zip":
		return w.failed(ctx, file, errors.New("an archive inside an archive; unpack it and import what is in it"))
	case "gzip":
		if depth == 0 {
			return w.failed(ctx, file, errors.New("compressed many times over; unpack it and import what is in it"))
		}
		counted := &countingReader{r: r}
		gz, err := gzip.NewReader(counted)
		if err != nil {
			return w.failed(ctx, file, fmt.Errorf("a damaged gzip file: %w", err))
		}
		defer gz.Close()
		return w.unpack(ctx, file, strings.TrimSuffix(name, ".gz"), &guard{r: gz, in: func() int64 { return counted.n }, out: new(int64)}, depth-1)
	}
	return w.stream(ctx, file, name, r)
}

// zip reads the members of an archive in their order. Their names are only names: nothing is written anywhere.
func (w *worker) zip(ctx context.Context, file rows.File, in io.ReaderAt, size int64) []FileReceipt {
	z, err := zip.NewReader(in, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return []FileReceipt{w.failed(ctx, file, fmt.Errorf("a damaged zip archive: %w; repair it (zip -FF) or unpack what can be unpacked", err))}
	}
	if isOffice(z) {
		return []FileReceipt{w.failed(ctx, file, errors.New("an Office document; save its sheet as CSV and import that"))}
	}
	var out []FileReceipt
	var total int64 // of all members: a bomb may be made of many small charges
	for _, m := range z.File {
		if m.FileInfo().IsDir() || litter("/"+m.Name) {
			continue
		}
		if ctx.Err() != nil {
			return out
		}
		path, id := memberIdentity(file.Path, file.SourceID, m.Name)
		member := rows.File{Path: path, SourceID: id, Modified: file.Modified}
		r := w.member(ctx, member, m, &total, size)
		if climbs(m.Name) && r.Error == "" {
			r.Error = "the member's name climbs out of the archive: it was read under that name, and nothing was written; do not unpack this archive"
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		out = append(out, w.failed(ctx, file, errors.New("an archive without files")))
	}
	return out
}

func (w *worker) member(ctx context.Context, file rows.File, m *zip.File, total *int64, size int64) FileReceipt {
	if m.Flags&1 != 0 {
		return w.failed(ctx, file, errors.New("encrypted; unpack the archive with its password and import what is in it"))
	}
	r, err := m.Open()
	if err != nil {
		return w.failed(ctx, file, fmt.Errorf("cannot be unpacked: %w", err))
	}
	defer r.Close()
	return w.unpack(ctx, file, m.Name, &guard{r: r, in: func() int64 { return size }, out: total}, nesting)
}

// climbs says whether a member's name would lead out of the folder it is unpacked to.
func climbs(name string) bool {
	name = strings.ReplaceAll(name, `\`, "/")
	if strings.HasPrefix(name, "/") || len(name) > 1 && name[1] == ':' {
		return true
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// guard stops a stream that expands beyond all measure.
type guard struct {
	r   io.Reader
	in  func() int64
	out *int64
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	*g.out += int64(n)
	if *g.out > bombFloor && *g.out/bombRatio > g.in() {
		return n, fmt.Errorf("it expands more than %d times, like an archive made to exhaust a disk; if it is genuine, unpack it and import what is in it", bombRatio)
	}
	return n, err
}

// reportingFile tells the progress of the reads of a file.
type reportingFile struct {
	*os.File
	im *importer
	n  int64
}

func (f *reportingFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.n += int64(n)
	f.im.report(int64(n), false)
	return n, err
}

func (f *reportingFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	f.n += int64(n)
	f.im.report(int64(n), false)
	return n, err
}

// cause takes the path out of an error that will stand behind the path.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
