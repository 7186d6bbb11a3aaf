package workspace

import (
	"fmt"
	"net/netip"
	"path/filepath"
)

// AddressInfo is what the files of data say of an address. Fields that no file tells are empty.
type AddressInfo struct {
	Country             string   // two letters, ISO 3166-1
	Latitude, Longitude *float64 // degrees
	ASN                 uint
	ASOrganization      string
	ServiceTag          string // that of the longest prefix, one with a service first: Storage.WestEurope
	Region              string // of Azure, as service tags spell it: westeurope
	SystemService       string // AzureStorage
	Azure               bool   // one of Azure's ranges
}

// Address tells what the files of data know of an address. It reads them at the first call; OpenAddresses does so before
// and says what is wrong with them. Over a million addresses a second.
func (w *Workspace) Address(a netip.Addr) AddressInfo {
	_ = w.OpenAddresses()
	a = a.Unmap().WithZone("")
	var info AddressInfo
	if rec, ok := w.places.find(a); ok {
		info.Country, info.Latitude, info.Longitude = rec.iso, rec.Latitude, rec.Longitude
	}
	for _, r := range w.systems {
		if as, ok := r.system(a); ok {
			info.ASN, info.ASOrganization = as.Number, as.Organization
			break
		}
	}
	if w.azure != nil {
		if r, ok := w.azure.table.Lookup(a); ok {
			info.Azure, info.ServiceTag, info.Region, info.SystemService = true, r.tag, r.region, r.service
		}
	}
	return info
}

// OpenAddresses reads the files of data that Address needs and that are not open yet: those of service tags, which take a
// tenth of a second. The error names a damaged one; addresses are then looked up in the others.
func (w *Workspace) OpenAddresses() error {
	w.opening.Do(func() {
		entries, err := dataEntries(w.dir)
		if err != nil {
			w.openErr = err
			return
		}
		var files []*serviceTagsFile
		for _, e := range entries {
			path := filepath.Join(w.dir, dataDir, e.Name())
			if !looksLikeJSON(path) {
				continue
			}
			f, err := readServiceTags(path, e.Name())
			if err != nil {
				w.openErr = damaged(e.Name(), w.dir, err)
				continue
			}
			files = append(files, f)
		}
		if len(files) > 0 {
			w.azure = newAzureRanges(files)
		}
	})
	return w.openErr
}

func damaged(name, dir string, err error) error {
	return fmt.Errorf("open data %s of workspace %s: %w: add it again, or remove it with nordlys data remove", name, dir, err)
}

// system is the operator of a network: https://dev.maxmind.com/geoip/docs/databases/asn
type system struct {
	Number       uint   `maxminddb:"autonomous_system_number"`
	Organization string `maxminddb:"autonomous_system_organization"`
}

func (r *mmdbFile) system(a netip.Addr) (system, bool) {
	found := r.Lookup(a)
	if !found.Found() {
		return system{}, false
	}
	if as, ok := r.decoded.Load(found.Offset()); ok {
		return as.(system), true
	}
	var as system
	if err := found.Decode(&as); err != nil || as == (system{}) {
		return system{}, false
	}
	r.decoded.Store(found.Offset(), as)
	return as, true
}
