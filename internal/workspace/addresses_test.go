package workspace

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"

	"nordlys/internal/engine/duckdb"
)

const tagsText = `{"changeNumber":7,"cloud":"Public","values":[
 {"name":"AzureCloud","id":"AzureCloud","properties":{"changeNumber":7,"region":"","platform":"Azure","systemService":"","addressPrefixes":["203.0.113.0/24","198.51.100.0/24","2001:db8::/32"]}},
 {"name":"AzureCloud.norwayeast","properties":{"region":"norwayeast","systemService":"","addressPrefixes":["203.0.113.0/24"]}},
 {"name":"AzureCloud.westeurope","properties":{"region":"westeurope","systemService":"","addressPrefixes":["198.51.100.0/25","2001:db8:1::/48"]}},
 {"name":"Storage","properties":{"region":"","systemService":"AzureStorage","addressPrefixes":["203.0.113.64/26","198.51.100.16/28","2001:db8:1:2::/64"]}},
 {"name":"Storage.NorwayEast","properties":{"region":"norwayeast","systemService":"AzureStorage","addressPrefixes":["203.0.113.64/26"]}},
 {"name":"AzureActiveDirectory","properties":{"region":"","systemService":"AzureAD","addressPrefixes":["198.51.100.200/32","203.0.113.5/32"]}}]}`

func put(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAddress(t *testing.T) {
	dir := t.TempDir()
	ws := filepath.Join(dir, "ws")
	place := func(iso string) mmdbtype.Map {
		return mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(iso)}}
	}
	country, asn := filepath.Join(dir, "Country.mmdb"), filepath.Join(dir, "ASN.mmdb")
	writeMMDB(t, country, "GeoLite2-Country", map[string]mmdbtype.Map{"203.0.113.0/24": place("NO"), "192.0.2.0/24": place("IS"), "2001:db8::/32": place("NL")})
	writeMMDB(t, asn, "GeoLite2-ASN", map[string]mmdbtype.Map{
		"203.0.113.0/24": {"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Contoso")}})
	old := put(t, filepath.Join(dir, "ServiceTags_Public_20250801.json"),
		`{"changeNumber":6,"cloud":"Public","values":[{"name":"Gone","properties":{"systemService":"Gone","addressPrefixes":["192.0.2.0/24"]}}]}`)
	tags := put(t, filepath.Join(dir, "ServiceTags_Public_20250901.json"), "\ufeff"+tagsText)
	for path, want := range map[string]string{
		country: "GeoLite2-Country, 2025-09-01", asn: "GeoLite2-ASN, 2025-09-01", old: "ServiceTags, Public, change 6, 2025-08-01",
		tags: "ServiceTags, Public, change 7, 2025-09-01",
	} {
		if f, err := AddData(ws, path); err != nil || f.Kind+", "+f.Version != want {
			t.Fatalf("AddData(%s) = %+v, %v", path, f, err)
		}
	}
	w, err := Open(context.Background(), ws, Memory, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for addr, want := range map[string]AddressInfo{
		// The longest prefix, the tag with fewer prefixes.
		"203.0.113.70":        {Country: "NO", ASN: 64500, ASOrganization: "Contoso", Azure: true, ServiceTag: "Storage.NorwayEast", Region: "norwayeast", SystemService: "AzureStorage"},
		"::ffff:203.0.113.70": {Country: "NO", ASN: 64500, ASOrganization: "Contoso", Azure: true, ServiceTag: "Storage.NorwayEast", Region: "norwayeast", SystemService: "AzureStorage"},
		// No service: the tag of a region before that of the cloud.
		"203.0.113.1": {Country: "NO", ASN: 64500, ASOrganization: "Contoso", Azure: true, ServiceTag: "AzureCloud.norwayeast", Region: "norwayeast"},
		// A service everywhere lies in a region all the same.
		"203.0.113.5":    {Country: "NO", ASN: 64500, ASOrganization: "Contoso", Azure: true, ServiceTag: "AzureActiveDirectory", Region: "norwayeast", SystemService: "AzureAD"},
		"198.51.100.17":  {Azure: true, ServiceTag: "Storage", Region: "westeurope", SystemService: "AzureStorage"},
		"198.51.100.200": {Azure: true, ServiceTag: "AzureActiveDirectory", SystemService: "AzureAD"},
		"198.51.100.201": {Azure: true, ServiceTag: "AzureCloud"},
		"2001:db8:1:2::3": {Country: "NL", Azure: true, ServiceTag: "Storage", Region: "westeurope",
			SystemService: "AzureStorage"},
		"192.0.2.1":       {Country: "IS"}, // only the older file has a tag
		"10.0.0.1":        {},
		"fe80::1%eth0":    {},
		"255.255.255.255": {},
	} {
		if got := w.Address(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %+v, want %+v", addr, got, want)
		}
	}
	if got := w.Address(netip.Addr{}); got != (AddressInfo{}) {
		t.Errorf("no address: %+v", got)
	}
}

func TestDamagedData(t *testing.T) {
	dir := t.TempDir()
	ws := filepath.Join(dir, "ws")
	for text, want := range map[string]string{
		`{"changeNumber":1}`:        "no cloud",
		`{"cloud":"Public","value`:  "no file of Azure's service tags",
		`{"cloud":1}`:               "cannot unmarshal",
		`{"cloud":"P","values":[]}`: "no cloud and values",
		`{"cloud":"P","values":[{"name":"T","properties":{"addressPrefixes":["203.0.113.0"]}}]}`: `the tag T has the prefix "203.0.113.0"`,
		"":     "MaxMind's format",
		"text": "MaxMind's format",
	} {
		if _, err := AddData(ws, put(t, filepath.Join(dir, "file"), text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	// A file whose metadata are whole and whose records are not.
	path := filepath.Join(dir, "ASN.mmdb")
	writeMMDB(t, path, "GeoLite2-ASN", map[string]mmdbtype.Map{"203.0.113.0/24": {"autonomous_system_number": mmdbtype.Uint32(64500)}})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(text), "autonomous_system_number")
	text[at-2] = 0xff // the header of the map's key
	text[at-1] = 0xff
	if _, err := AddData(ws, put(t, path, string(text))); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("damaged records: %v", err)
	}
	if files, err := ListData(ws); err != nil || len(files) != 0 {
		t.Errorf("ListData = %v, %v", files, err)
	}
	// Damage after it was added is told by whoever asks.
	if _, err := AddData(ws, put(t, filepath.Join(dir, "tags.json"), tagsText)); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(ws, dataDir, "tags.json"), tagsText[:100])
	w, err := Open(context.Background(), ws, Memory, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.OpenAddresses(); err == nil || !strings.Contains(err.Error(), "nordlys data remove") {
		t.Errorf("OpenAddresses: %v", err)
	}
	if got := w.Address(netip.MustParseAddr("203.0.113.1")); got.Azure {
		t.Errorf("Address: %+v", got)
	}
}

// BenchmarkAddress looks up addresses in as many prefixes as the published file has.
func BenchmarkAddress(b *testing.B) {
	dir := b.TempDir()
	type props struct {
		Region          string   `json:"region"`
		SystemService   string   `json:"systemService"`
		AddressPrefixes []string `json:"addressPrefixes"`
	}
	type tag struct {
		Name       string `json:"name"`
		Properties props  `json:"properties"`
	}
	var all []tag
	for i := range 3000 {
		t := tag{Name: fmt.Sprintf("Tag%d", i), Properties: props{Region: fmt.Sprint("region", i%60), SystemService: fmt.Sprint("Service", i%100)}}
		for k := range 30 {
			n := i*30 + k
			if k%4 == 0 {
				t.Properties.AddressPrefixes = append(t.Properties.AddressPrefixes, fmt.Sprintf("2603:%x:%x::/48", n>>12, n&0xfff))
			} else {
				t.Properties.AddressPrefixes = append(t.Properties.AddressPrefixes, fmt.Sprintf("%d.%d.%d.%d/%d", 20+n>>14, n>>6&255, n<<2&255, n&240, 24+k%6))
			}
		}
		all = append(all, t)
	}
	text, err := json.Marshal(map[string]any{"changeNumber": 1, "cloud": "Public", "values": all})
	if err != nil {
		b.Fatal(err)
	}
	// Addresses of prefixes of other bits need not be masked in the file.
	if _, err := AddData(dir, put(b, filepath.Join(b.TempDir(), "tags.json"), string(text))); err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{"GeoLite2-City", "GeoLite2-ASN"} {
		path := filepath.Join(b.TempDir(), kind+".mmdb")
		networks := map[string]mmdbtype.Map{}
		for i := range 5000 {
			networks[fmt.Sprintf("%d.%d.%d.0/24", 20+i>>8, i&255, i%7)] = mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(uint32(i % 900)),
				"country": mmdbtype.Map{"iso_code": mmdbtype.String("NO")}}
		}
		writeMMDB(b, path, kind, networks)
		if _, err := AddData(dir, path); err != nil {
			b.Fatal(err)
		}
	}
	w, err := Open(context.Background(), dir, Memory, duckdb.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	if err := w.OpenAddresses(); err != nil {
		b.Fatal(err)
	}
	i := uint32(0)
	for b.Loop() {
		i += 2654435761
		w.Address(netip.AddrFrom4([4]byte{20 + byte(i>>24)&15, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
}
