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

	"github.com/oschwald/maxminddb-golang/v2"

	"nordlys/internal/engine/scalar"
)

// Data of others that a workspace looks things up in lie in its folder data, as copies: places of addresses in MaxMind's
// format (GeoLite2-City and its like). https://maxmind.github.io/MaxMind-DB/

const dataDir = "data"

// DataFile is one file of data.
type DataFile struct {
	Name string
	Kind string // what it says of itself, such as GeoLite2-City
	Size int64
}

// AddData copies a file into the workspace in dir, which need not exist yet. A file of the same name is replaced.
func AddData(dir, path string) (DataFile, error) {
	kind, err := dataKind(path)
	if err != nil {
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
	return DataFile{name, kind, size}, syncDir(to)
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
		if f.Kind, err = dataKind(filepath.Join(dir, dataDir, e.Name())); err != nil {
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

func dataKind(path string) (string, error) {
	r, err := maxminddb.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s is no file in MaxMind's format (GeoLite2-City.mmdb and its like): %w", path, err)
	}
	defer r.Close()
	kind := r.Metadata.DatabaseType
	if !knowsPlaces(kind) {
		return kind, fmt.Errorf("%s is a %s: not supported yet: only files of cities or countries are read", path, kind)
	}
	return kind, nil
}

// knowsPlaces says whether a type of MaxMind's files has places in it.
func knowsPlaces(kind string) bool {
	return strings.Contains(kind, "City") || strings.Contains(kind, "Country") || strings.Contains(kind, "Enterprise")
}

// places looks addresses up in the first of the files that has them, those of cities first.
type places []*placeFile

// placeFile is an open file. Its records are shared by many networks and decoded once.
type placeFile struct {
	*maxminddb.Reader
	decoded sync.Map // uintptr, where the record lies → scalar.Place
}

// openPlaces opens the files of places of a workspace; nil if there are none. A damaged file is an error, since a
// lookup that finds nothing would hide it.
func openPlaces(dir string) (places, error) {
	entries, err := dataEntries(dir)
	if err != nil {
		return nil, err
	}
	var p places
	for _, e := range entries {
		r, err := maxminddb.Open(filepath.Join(dir, dataDir, e.Name()))
		if err != nil {
			p.close()
			return nil, fmt.Errorf("open data %s of workspace %s: %w: add it again, or remove it with nordlys data remove", e.Name(), dir, err)
		}
		if knowsPlaces(r.Metadata.DatabaseType) {
			p = append(p, &placeFile{Reader: r})
		} else {
			_ = r.Close()
		}
	}
	slices.SortStableFunc(p, func(a, b *placeFile) int {
		return strings.Compare(a.Metadata.DatabaseType, b.Metadata.DatabaseType) // City, Country
	})
	return p, nil
}

func (p places) close() {
	for _, r := range p {
		_ = r.Close()
	}
}

// Locate implements scalar.Places.
func (p places) Locate(addr netip.Addr) (scalar.Place, bool) {
	for _, r := range p {
		found := r.Lookup(addr)
		if !found.Found() {
			continue
		}
		if place, ok := r.decoded.Load(found.Offset()); ok {
			return place.(scalar.Place), true
		}
		var rec struct {
			Country struct {
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
		place := scalar.Place{Country: rec.Country.Names["en"], City: rec.City.Names["en"], Latitude: rec.Location.Latitude, Longitude: rec.Location.Longitude}
		if len(rec.Subdivisions) > 0 {
			place.State = rec.Subdivisions[0].Names["en"]
		}
		r.decoded.Store(found.Offset(), place)
		return place, true
	}
	return scalar.Place{}, false
}
