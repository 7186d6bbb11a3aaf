package workspace

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"regexp"
	"slices"

	"github.com/gaissmai/bart"
)

// Service tags are Azure's own address ranges, which Microsoft publishes every week for each cloud as
// ServiceTags_Public_YYYYMMDD.json. https://learn.microsoft.com/azure/virtual-network/service-tags-overview

// maxServiceTags bounds the size of such a file; those of today have 5 MB.
const maxServiceTags = 128 << 20

// serviceTagsFile is the published document.
type serviceTagsFile struct {
	name         string // of the file
	ChangeNumber int64  `json:"changeNumber"`
	Cloud        string `json:"cloud"`
	Values       []struct {
		Name       string `json:"name"`
		Properties struct {
			Region          string   `json:"region"`
			SystemService   string   `json:"systemService"`
			AddressPrefixes []string `json:"addressPrefixes"`
		} `json:"properties"`
	} `json:"values"`
}

// dated finds the day in the name of a published file.
var dated = regexp.MustCompile(`_(\d{4})(\d{2})(\d{2})\.json$`)

// version says which edition a file is.
func (f *serviceTagsFile) version() string {
	v := fmt.Sprintf("%s, change %d", f.Cloud, f.ChangeNumber)
	if m := dated.FindStringSubmatch(f.name); m != nil {
		v += fmt.Sprintf(", %s-%s-%s", m[1], m[2], m[3])
	}
	return v
}

// looksLikeJSON says whether a file begins as a JSON object does.
func looksLikeJSON(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [64]byte
	n, _ := io.ReadFull(f, head[:])
	b := bytes.TrimLeft(bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(b) > 0 && b[0] == '{'
}

// readServiceTags reads a file and checks it: a prefix that is none is an error, since the addresses in it would
// silently be nobody's.
func readServiceTags(path, name string) (*serviceTagsFile, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxServiceTags+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxServiceTags {
		return nil, fmt.Errorf("larger than %d MB: no such file has that size", maxServiceTags>>20)
	}
	f := &serviceTagsFile{name: name}
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), f); err != nil {
		return nil, err
	}
	if len(f.Values) == 0 || f.Cloud == "" {
		return nil, errors.New("it has no cloud and values, as ServiceTags_Public_YYYYMMDD.json has")
	}
	for _, v := range f.Values {
		for _, p := range v.Properties.AddressPrefixes {
			if _, err := netip.ParsePrefix(p); err != nil {
				return nil, fmt.Errorf("the tag %s has the prefix %q, which is none", v.Name, p)
			}
		}
	}
	return f, nil
}

// azureRange is what service tags say of an address.
type azureRange struct{ tag, region, service string }

// azureRanges finds the range of an address. Ranges overlap heavily: AzureCloud and AzureCloud.REGION hold the others.
type azureRanges struct{ table bart.Table[*azureRange] }

// newAzureRanges takes the newest file of each cloud.
func newAzureRanges(files []*serviceTagsFile) *azureRanges {
	slices.SortFunc(files, func(a, b *serviceTagsFile) int { return cmp.Compare(b.ChangeNumber, a.ChangeNumber) })
	clouds := map[string]bool{}
	type named struct {
		*azureRange
		prefixes int
	}
	best := map[netip.Prefix]named{}
	regions := map[netip.Prefix]string{}
	for _, f := range files {
		if clouds[f.Cloud] {
			continue
		}
		clouds[f.Cloud] = true
		for _, v := range f.Values {
			r := named{&azureRange{v.Name, v.Properties.Region, v.Properties.SystemService}, len(v.Properties.AddressPrefixes)}
			for _, s := range v.Properties.AddressPrefixes {
				p, err := netip.ParsePrefix(s)
				if err != nil {
					continue // readServiceTags has told
				}
				p = p.Masked()
				if old, ok := best[p]; !ok || better(r.azureRange, r.prefixes, old.azureRange, old.prefixes) {
					best[p] = r
				}
				if old := regions[p]; r.region != "" && (old == "" || r.region < old) {
					regions[p] = r.region
				}
			}
		}
	}
	// From short to long: a range of a service everywhere has the region of the range around it.
	order := make([]netip.Prefix, 0, len(best))
	for p := range best {
		order = append(order, p)
	}
	slices.SortFunc(order, func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), a.Addr().Compare(b.Addr()))
	})
	out := &azureRanges{}
	shared := map[azureRange]*azureRange{}
	for _, p := range order {
		r := *best[p].azureRange
		if r.region == "" {
			r.region = regions[p]
		}
		if r.region == "" {
			if around, ok := out.table.LookupPrefix(p); ok {
				r.region = around.region
			}
		}
		if shared[r] == nil {
			shared[r] = &r
		}
		out.table.Insert(p, shared[r])
	}
	return out
}

// better says which of two tags with the same prefix tells more: one of a service, then that with fewer prefixes
// (Storage.WestEurope before Storage), then by name.
func better(a *azureRange, aPrefixes int, b *azureRange, bPrefixes int) bool {
	if (a.service != "") != (b.service != "") {
		return a.service != ""
	}
	return cmp.Or(cmp.Compare(aPrefixes, bPrefixes), cmp.Compare(a.tag, b.tag)) < 0
}
