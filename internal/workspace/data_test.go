package workspace

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"nordlys/internal/engine/duckdb"
)

// placesFile writes a file of cities with two networks.
func placesFile(t testing.TB, path, kind string) {
	t.Helper()
	names := func(en string) mmdbtype.Map { return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(en)}} }
	writeMMDB(t, path, kind, map[string]mmdbtype.Map{
		"203.0.113.0/24": {"country": names("Norway"), "city": names("Oslo"), "subdivisions": mmdbtype.Slice{names("Oslo County")}, "location": mmdbtype.Map{"latitude": mmdbtype.Float64(59.91), "longitude": mmdbtype.Float64(10.75)}},
		"2001:db8::/32":  {"country": names("Iceland")},
	})
}

func writeMMDB(t testing.TB, path, kind string, networks map[string]mmdbtype.Map) {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 24, IncludeReservedNetworks: true, BuildEpoch: 1756684800})
	if err != nil {
		t.Fatal(err)
	}
	for cidr, rec := range networks {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Insert(network, rec); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := w.WriteTo(f); err != nil {
		t.Fatal(err)
	}
}

func TestPlacesOfAddresses(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	ws := filepath.Join(dir, "ws")
	ask := func(q string) (string, error) {
		w, err := Open(ctx, ws, Memory, duckdb.Options{})
		if err != nil {
			return "", err
		}
		defer w.Close()
		rows, _, list, err := w.Query(ctx, Query{Text: q})
		if err != nil {
			return list.Render(q), err
		}
		defer rows.Close()
		row, err := rows.Next()
		if err != nil {
			return "", err
		}
		s, _ := row[0].(string)
		return s, nil
	}
	if _, err := ask("print geo_info_from_ip_address('203.0.113.66')"); err == nil || !strings.Contains(err.Error(), "nordlys data add") {
		t.Errorf("without places: %v", err)
	}
	if _, err := ask("print geo_info_from_ip_address('a') == 'go_geo_info('"); err == nil {
		t.Error("without places the function gives an answer")
	}
	city := filepath.Join(dir, "City.mmdb")
	placesFile(t, city, "GeoLite2-City")
	if _, err := AddData(ws, filepath.Join(dir, "nothing.mmdb")); err == nil {
		t.Error("a file that is not there was added")
	}
	bad := filepath.Join(dir, "bad.mmdb")
	if err := os.WriteFile(bad, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := AddData(ws, bad); err == nil || !strings.Contains(err.Error(), "MaxMind") {
		t.Errorf("a file of another format: %v", err)
	}
	other := filepath.Join(dir, "Domain.mmdb")
	placesFile(t, other, "GeoIP2-Domain")
	if _, err := AddData(ws, other); err == nil || !strings.Contains(err.Error(), "not supported yet") {
		t.Errorf("a file without places: %v", err)
	}
	if f, err := AddData(ws, city); err != nil || f.Kind != "GeoLite2-City" {
		t.Fatalf("%v, %v", f, err)
	}
	for q, want := range map[string]string{
		"print geo_info_from_ip_address('203.0.113.66')":                                                             `{"country":"Norway","state":"Oslo County","city":"Oslo","latitude":59.91,"longitude":10.75}`,
		"print geo_info_from_ip_address(' ::ffff:203.0.113.66')":                                                     `{"country":"Norway","state":"Oslo County","city":"Oslo","latitude":59.91,"longitude":10.75}`,
		"print geo_info_from_ip_address('2001:db8::1')":                                                              `{"country":"Iceland","state":"","city":"","latitude":null,"longitude":null}`,
		"print tostring(geo_info_from_ip_address('198.51.100.1'))":                                                   "",
		"print tostring(geo_info_from_ip_address('not an address'))":                                                 "",
		"print tostring(geo_info_from_ip_address('203.0.113.66').country)":                                           "Norway",
		"datatable(ip: string)['203.0.113.1', ''] | summarize make_set(tostring(geo_info_from_ip_address(ip).city))": `["Oslo",""]`,
	} {
		got, err := ask(q)
		if q[0] == 'd' && got == `["","Oslo"]` {
			got = want // sets have no order
		}
		if err != nil || got != want {
			t.Errorf("%s\n gives %s, %v\n want %s", q, got, err, want)
		}
	}
	files, err := ListData(ws)
	if err != nil || len(files) != 1 || files[0].Name != "City.mmdb" {
		t.Errorf("ListData = %v, %v", files, err)
	}
	if err := os.WriteFile(filepath.Join(ws, dataDir, "City.mmdb"), []byte("cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ask("print 1"); err == nil || !strings.Contains(err.Error(), "nordlys data remove") {
		t.Errorf("a damaged file: %v", err)
	}
	if err := RemoveData(ws, "City.mmdb"); err != nil {
		t.Error(err)
	}
	if err := RemoveData(ws, "../City.mmdb"); err == nil {
		t.Error("a file outside was removed")
	}
}

func BenchmarkLocate(b *testing.B) {
	path := filepath.Join(b.TempDir(), "City.mmdb")
	placesFile(b, path, "GeoLite2-City")
	dir := b.TempDir()
	if _, err := AddData(dir, path); err != nil {
		b.Fatal(err)
	}
	p, _, err := openData(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer p.close()
	addr := netip.MustParseAddr("203.0.113.66")
	for b.Loop() {
		p.Locate(addr)
	}
}
