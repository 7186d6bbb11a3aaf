package scalar

import (
	"encoding/json"
	"net/netip"
	"strings"

	"nordlys/internal/kql/catalog"
)

// Place is where an address is, as far as it is known.
type Place struct {
	Country   string   `json:"country"`
	State     string   `json:"state"`
	City      string   `json:"city"`
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
}

// Places knows where addresses are.
type Places interface {
	// Locate is safe for use by several goroutines; ok is false for an address that is nowhere.
	Locate(addr netip.Addr) (place Place, ok bool)
}

// GeoInfo is geo_info_from_ip_address over places. It is no part of Functions, as it needs data of others.
// https://learn.microsoft.com/kusto/query/geo-info-from-ip-address-function
func GeoInfo(p Places) Func {
	return Func{Name: "go_geo_info", Args: []catalog.Type{catalog.String}, Result: catalog.Dynamic, Call: func(args []any) any {
		s, ok := args[0].(string)
		if !ok {
			return nil
		}
		addr, err := netip.ParseAddr(strings.TrimSpace(s))
		if err != nil {
			return nil
		}
		place, ok := p.Locate(addr.Unmap().WithZone(""))
		if !ok {
			return nil
		}
		b, err := json.Marshal(place)
		if err != nil {
			return nil
		}
		return string(b)
	}}
}
