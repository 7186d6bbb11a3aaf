package workspace

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"nordlys/internal/kql/bind"
	kqltypes "nordlys/internal/kql/catalog"
)

// settingsFile lies in the folder of the workspace and is written by its owner.
const settingsFile = "settings.yaml"

// Settings are what the owner of a workspace allows in it; nothing by default.
type Settings struct {
	// ExternalData lists what externaldata may read: folders, and addresses that begin so (https://host/path/).
	ExternalData []string `yaml:"externaldata"`
	// Retention says how long rows are kept; for ever if it says nothing.
	Retention Retention `yaml:"retention"`
	// Roles say what those may read and do who have them; see Role.
	Roles map[string]Role `yaml:"roles"`
}

func readSettings(dir string) (Settings, error) {
	var s Settings
	path := filepath.Join(dir, settingsFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = yaml.UnmarshalWithOptions(b, &s, yaml.Strict())
	}
	if err != nil {
		return s, fmt.Errorf("read the settings %s: %w", path, err)
	}
	for _, allowed := range s.ExternalData {
		if u, err := url.Parse(allowed); !filepath.IsAbs(allowed) && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
			return s, fmt.Errorf("settings %s: externaldata: %q is neither a folder from the root nor an address like https://host/path/", path, allowed)
		}
	}
	if err := s.Retention.check(); err != nil {
		return s, fmt.Errorf("settings %s: retention: %w", path, err)
	}
	for name, r := range s.Roles {
		if err := r.check(); err != nil {
			return s, fmt.Errorf("settings %s: role %s: %w", path, name, err)
		}
	}
	return s, nil
}

// Bounds of external data; Azure Monitor's own is 100 MB.
const (
	maxExternalBytes = 100 << 20
	maxExternalRows  = 200_000
	externalTimeout  = time.Minute
)

// external reads data for externaldata, from what the settings allow.
func (s Settings) external(ctx context.Context, e bind.External) ([][]string, error) {
	source, _, _ := strings.Cut(e.Source, ";") // what follows are ways to sign in, of which there is none here
	data, err := s.fetch(ctx, source)
	if err != nil {
		return nil, err
	}
	name := source
	if u, err := url.Parse(source); err == nil && u.Host != "" {
		name = u.Path
	}
	if data, name, err = expand(data, name); err != nil {
		return nil, err
	}
	format := strings.ToLower(e.Format)
	if format == "" {
		format = strings.TrimPrefix(strings.ToLower(path.Ext(name)), ".")
	}
	separators := map[string]rune{"csv": ',', "": ',', "tsv": '\t', "tsve": '\t', "psv": '|', "scsv": ';', "sohsv": 1}
	switch format {
	case "txt":
		return lines(data, e)
	case "raw":
		return [][]string{cut([]string{string(data)}, len(e.Columns))}, nil
	case "json", "multijson", "singlejson", "jsonl", "ndjson":
		return objects(data, e)
	}
	comma, ok := separators[format]
	if !ok {
		if e.Format != "" {
			return nil, fmt.Errorf("not supported yet: format %s: use csv, tsv, psv, scsv, txt, raw, json or multijson", e.Format)
		}
		comma = ','
	}
	return separated(data, comma, e)
}

// fetch reads a file or an address, if it is allowed.
func (s Settings) fetch(ctx context.Context, source string) ([]byte, error) {
	u, err := url.Parse(source)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return s.readFile(source)
	}
	if !s.allows(u) {
		return nil, bind.ErrNotAllowed
	}
	ctx, cancel := context.WithTimeout(ctx, externalTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 5 || !s.allows(r.URL) {
			return fmt.Errorf("it leads on to %s, which the settings do not allow", r.URL.Redacted())
		}
		return nil
	}}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", u.Redacted(), res.Status)
	}
	return bounded(res.Body)
}

// allows says whether an address lies under one of those in the settings.
func (s Settings) allows(u *url.URL) bool {
	for _, a := range s.ExternalData {
		p, err := url.Parse(a)
		if err != nil || p.Scheme != u.Scheme || !strings.EqualFold(p.Host, u.Host) || u.User != nil {
			continue
		}
		if want, have := strings.TrimSuffix(p.Path, "/"), path.Clean("/"+u.Path); have == want || strings.HasPrefix(have, want+"/") {
			return true
		}
	}
	return false
}

func (s Settings) readFile(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		return nil, bind.ErrNotAllowed
	}
	for _, dir := range s.ExternalData {
		if !filepath.IsAbs(dir) {
			continue
		}
		rel, err := filepath.Rel(dir, filepath.Clean(name))
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		root, err := os.OpenRoot(dir) // no link leads out of it
		if err != nil {
			return nil, err
		}
		defer root.Close()
		f, err := root.Open(rel)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return bounded(f)
	}
	return nil, bind.ErrNotAllowed
}

func bounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxExternalBytes+1))
	if err == nil && len(b) > maxExternalBytes {
		err = fmt.Errorf("the data is larger than %d MB: import it instead (nordlys import)", maxExternalBytes>>20)
	}
	return b, err
}

// expand takes data out of gzip or the only file out of a zip archive.
func expand(data []byte, name string) ([]byte, string, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, "", err
		}
		data, err = bounded(r)
		return data, strings.TrimSuffix(name, ".gz"), err
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return nil, "", err
		}
		if len(z.File) != 1 {
			return nil, "", fmt.Errorf("the archive has %d files: externaldata reads archives of one", len(z.File))
		}
		f, err := z.File[0].Open()
		if err != nil {
			return nil, "", err
		}
		defer f.Close()
		data, err = bounded(f)
		return data, z.File[0].Name, err
	}
	return data, name, nil
}

var errManyRows = fmt.Errorf("the data has more than %d rows: import it instead (nordlys import)", maxExternalRows)

// cut brings a record to the number of columns.
func cut(record []string, columns int) []string {
	out := make([]string, columns)
	copy(out, record)
	return out
}

func separated(data []byte, comma rune, e bind.External) ([][]string, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = comma, -1, true, true
	var rows [][]string
	for n := 0; ; n++ {
		record, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		if n == 0 && e.IgnoreFirstRecord {
			continue
		}
		if len(rows) == maxExternalRows {
			return nil, errManyRows
		}
		rows = append(rows, cut(record, len(e.Columns)))
	}
}

func lines(data []byte, e bind.External) ([][]string, error) {
	var rows [][]string
	n := 0
	for line := range strings.Lines(string(data)) {
		if n++; n == 1 && e.IgnoreFirstRecord {
			continue
		}
		if len(rows) == maxExternalRows {
			return nil, errManyRows
		}
		rows = append(rows, cut([]string{strings.TrimRight(line, "\r\n")}, len(e.Columns)))
	}
	return rows, nil
}

// objects reads JSON: one object after another, or arrays of them; a column takes the property of its name.
func objects(data []byte, e bind.External) ([][]string, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	var rows [][]string
	add := func(raw json.RawMessage) error {
		var bag map[string]json.RawMessage
		if err := json.Unmarshal(raw, &bag); err != nil {
			return fmt.Errorf("a record is no object of JSON: %w", err)
		}
		if len(rows) == maxExternalRows {
			return errManyRows
		}
		row := make([]string, len(e.Columns))
		for i, c := range e.Columns {
			v := bag[c.Name]
			var s string
			if c.Type != kqltypes.Dynamic && json.Unmarshal(v, &s) == nil {
				row[i] = s // null gives the empty text
			} else {
				row[i] = string(v)
			}
		}
		rows = append(rows, row)
		return nil
	}
	for {
		var raw json.RawMessage
		if err := d.Decode(&raw); err == io.EOF {
			return rows, nil
		} else if err != nil {
			return nil, err
		}
		if raw[0] != '[' {
			if err := add(raw); err != nil {
				return nil, err
			}
			continue
		}
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		for _, one := range list {
			if err := add(one); err != nil {
				return nil, err
			}
		}
	}
}
