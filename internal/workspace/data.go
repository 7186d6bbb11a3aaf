package workspace

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"nordlys/internal/engine/scalar"
)

// Data of others that a workspace looks things up in lie in its folder data, as copies: places of addresses and operators
// of networks in MaxMind's format (GeoLite2-City, GeoLite2-ASN and their like), https://maxmind.github.io/MaxMind-DB/,
// and Azure's service tags.

const dataDir = "data"

// DataFile is one file of data.
type DataFile struct {
	Name    string
	Kind    string // what it says of itself, such as GeoLite2-City; ServiceTags; or what is wrong with it
	Version string // when it was made, or its change number
	Size    int64
}

// AddData checks a file and copies it into the workspace in dir, which need not exist yet. A file of the same name is
// replaced.
func AddData(dir, path string) (DataFile, error) {
	kind, version, err := dataKind(path)
	if err != nil {
		return DataFile{}, err
	}
	if err := checkData(path); err != nil {
		return DataFile{}, err
	}
	to := filepath.Join(dir, dataDir)
	if err := os.MkdirAll(to, 0o700); err != nil {
		return DataFile{}, err
	}
	in, err := os.Open(path)
	if err != nil {
		return DataFile{}, err
	}
	defer in.Close()
	tmp, err := os.CreateTemp(to, ".new-*")
	if err != nil {
		return DataFile{}, err
	}
	defer os.Remove(tmp.Name())
	size, err := io.Copy(tmp, in)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return DataFile{}, fmt.Errorf("copy %s: %w", path, err)
	}
	name := filepath.Base(path)
	if err := os.Rename(tmp.Name(), filepath.Join(to, name)); err != nil {
		return DataFile{}, err
	}
	return DataFile{name, kind, version, size}, syncDir(to)
}

// dataEntries lists the folder of data, without what is being copied into it.
func dataEntries(dir string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(filepath.Join(dir, dataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") || e.IsDir() }), err
}

// ListData lists the files of data of the workspace in dir.
func ListData(dir string) ([]DataFile, error) {
	entries, err := dataEntries(dir)
	if err != nil {
		return nil, err
	}
	var out []DataFile
	for _, e := range entries {
		f := DataFile{Name: e.Name()}
		if info, err := e.Info(); err == nil {
			f.Size = info.Size()
		}
		if f.Kind, f.Version, err = dataKind(filepath.Join(dir, dataDir, e.Name())); err != nil {
			f.Kind = "damaged: " + err.Error()
		}
		out = append(out, f)
	}
	return out, nil
}

// RemoveData removes a file of data.
func RemoveData(dir, name string) error {
	files, err := ListData(dir)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(files, func(f DataFile) bool { return f.Name == name }) {
		return fmt.Errorf("there is no data %s in workspace %s: nordlys data list names what there is", name, dir)
	}
	return os.Remove(filepath.Join(dir, dataDir, name))
}

// dataKind says what a file is and which edition.
func dataKind(path string) (kind, version string, err error) {
	if looksLikeJSON(path) {
		f, err := readServiceTags(path, filepath.Base(path))
		if err != nil {
			return "", "", fmt.Errorf("%s is no file of Azure's service tags (ServiceTags_Public_YYYYMMDD.json): %w", path, err)
		}
		return "ServiceTags", f.version(), nil
	}
	r, err := maxminddb.Open(path)
	if err != nil {
		return "", "", fmt.Errorf("%s is no file in MaxMind's format (GeoLite2-City.mmdb and its like) and none of Azure's service tags: %w", path, err)
	}
	defer r.Close()
	kind = r.Metadata.DatabaseType
	if !knowsPlaces(kind) && !knowsSystems(kind) {
		return kind, "", fmt.Errorf("%s is a %s: not supported yet: only files of cities, countries and autonomous systems are read", path, kind)
	}
	return kind, r.Metadata.BuildTime().UTC().Format(time.DateOnly), nil
}

// checkData reads every record of a file in MaxMind's format. Of service tags dataKind has done so.
func checkData(path string) error {
	if looksLikeJSON(path) {
		return nil
	}
	r, err := maxminddb.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	seen := map[uintptr]bool{}
	for n := range r.Networks() {
		err := n.Err()
		if err == nil && !seen[n.Offset()] {
			seen[n.Offset()] = true
			var rec any
			err = n.Decode(&rec)
		}
		if err != nil {
			return fmt.Errorf("%s is damaged: %w: fetch it again", path, err)
		}
	}
	return nil
}

// knowsPlaces says whether a type of MaxMind's files has places in it.
func knowsPlaces(kind string) bool {
	return strings.Contains(kind, "City") || strings.Contains(kind, "Country") || strings.Contains(kind, "Enterprise")
}

// knowsSystems says whether a type of MaxMind's files has autonomous systems in it.
func knowsSystems(kind string) bool {
	return strings.Contains(kind, "ASN") || strings.Contains(kind, "ISP")
}

// mmdbFile is an open file. Its records are shared by many networks and decoded once.
type mmdbFile struct {
	*maxminddb.Reader
	decoded sync.Map // uintptr, where the record lies → placeRecord, or system
}

// placeRecord is what a file of places says.
type placeRecord struct {
	scalar.Place
	iso string // country in two letters
}

// places looks addresses up in the first of the files that has them, those of cities first.
type places []*mmdbFile

// openData opens the files in MaxMind's format of a workspace. A damaged file is an error, since a lookup that finds
// nothing would hide it.
func openData(dir string) (p places, systems []*mmdbFile, err error) {
	entries, err := dataEntries(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		path := filepath.Join(dir, dataDir, e.Name())
		if looksLikeJSON(path) {
			continue
		}
		r, err := maxminddb.Open(path)
		if err != nil {
			p.close()
			places(systems).close()
			return nil, nil, damaged(e.Name(), dir, err)
		}
		switch kind := r.Metadata.DatabaseType; {
		case knowsPlaces(kind):
			p = append(p, &mmdbFile{Reader: r})
		case knowsSystems(kind):
			systems = append(systems, &mmdbFile{Reader: r})
		default:
			_ = r.Close()
		}
	}
	slices.SortStableFunc(p, func(a, b *mmdbFile) int {
		return strings.Compare(a.Metadata.DatabaseType, b.Metadata.DatabaseType) // City, Country
	})
	return p, systems, nil
}

func (p places) close() {
	for _, r := range p {
		_ = r.Close()
	}
}

// Locate implements scalar.Places.
func (p places) Locate(addr netip.Addr) (scalar.Place, bool) {
	rec, ok := p.find(addr)
	return rec.Place, ok
}

func (p places) find(addr netip.Addr) (placeRecord, bool) {
	for _, r := range p {
		found := r.Lookup(addr)
		if !found.Found() {
			continue
		}
		if place, ok := r.decoded.Load(found.Offset()); ok {
			return place.(placeRecord), true
		}
		var rec struct {
			Country struct {
				ISO   string            `maxminddb:"iso_code"`
				Names map[string]string `maxminddb:"names"`
			} `maxminddb:"country"`
			Subdivisions []struct {
				Names map[string]string `maxminddb:"names"`
			} `maxminddb:"subdivisions"`
			City struct {
				Names map[string]string `maxminddb:"names"`
			} `maxminddb:"city"`
			Location struct {
				Latitude  *float64 `maxminddb:"latitude"`
				Longitude *float64 `maxminddb:"longitude"`
			} `maxminddb:"location"`
		}
		if err := found.Decode(&rec); err != nil {
			continue
		}
		place := placeRecord{iso: rec.Country.ISO, Place: scalar.Place{Country: rec.Country.Names["en"], City: rec.City.Names["en"], Latitude: rec.Location.Latitude, Longitude: rec.Location.Longitude}}
		if len(rec.Subdivisions) > 0 {
			place.State = rec.Subdivisions[0].Names["en"]
		}
		r.decoded.Store(found.Offset(), place)
		return place, true
	}
	return placeRecord{}, false
}
