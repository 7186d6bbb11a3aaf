package investigate

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"nordlys/internal/tables"
)

// maxEntity bounds what is taken as an identifier, in bytes; Azure's longest resource ids have about 1,300.
const maxEntity = 2048

// values are the identifiers of one thing by form: upn, objectid, fqdn, address…
type values map[string][]string

// reading is one way to understand what was asked for.
type reading struct {
	kind   string
	values values
}

var (
	isGUID    = regexp.MustCompile(`^\{?[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\}?$`)
	isSID     = regexp.MustCompile(`^(?i)S-1-\d+(-\d+)+$`)
	isHex     = regexp.MustCompile(`^[0-9a-fA-F]+$`)
	isMAC     = regexp.MustCompile(`^(?i)[0-9a-f]{2}([:-][0-9a-f]{2}){5}$`)
	isUPN     = regexp.MustCompile(`^[^\s@'"|\\/]+@[^\s@'"|\\/]+$`)
	isDomain  = regexp.MustCompile(`^[^\s\\/:@]+\\[^\\/:]+$`)
	isProgram = regexp.MustCompile(`(?i)\.(exe|dll|sys|ps1|bat|cmd|vbs|js|hta|msi|scr)$`)
	isHost    = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$`)
	isVM      = regexp.MustCompile(`(?i)/providers/microsoft\.(?:compute|hybridcompute)/(?:virtualmachines|machines)/([^/]+)$`)
	isURL     = regexp.MustCompile(`^(?i)https?://\S+$`)
)

// recognise lists what a text can name, the likeliest first. Several readings are searched together.
func recognise(s string) ([]reading, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return nil, errors.New("no entity: name an address, account, host, process, hash or resource")
	case len(s) > maxEntity:
		return nil, fmt.Errorf("the entity has %d bytes, more than any identifier in these logs (%d): give the identifier alone", len(s), maxEntity)
	}
	one := func(kind tables.EntityKind, form, value string) reading {
		return reading{string(kind), values{form: {value}}}
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return []reading{one(tables.IP, "address", a.Unmap().WithZone("").String())}, nil
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return []reading{one(tables.IP, "address", a.Addr().Unmap().WithZone("").String())}, nil
	}
	switch {
	case isGUID.MatchString(s):
		id := strings.ToLower(strings.Trim(s, "{}"))
		return []reading{
			one(tables.Account, "objectid", id), one(tables.CloudApplication, "appid", id),
			{"cloud-session", values{"session": {id}}}, {"credential", values{"key": {id}}},
		}, nil
	case isSID.MatchString(s):
		return []reading{one(tables.Account, "sid", strings.ToUpper(s))}, nil
	case isURL.MatchString(s):
		return []reading{one(tables.URL, "url", s)}, nil
	case strings.HasPrefix(s, "/"):
		return resourceReadings(strings.TrimRight(s, "/")), nil
	case isMAC.MatchString(s):
		return []reading{one(tables.Host, "mac", s)}, nil
	case isHex.MatchString(s) && (len(s) == 64 || len(s) == 40 || len(s) == 32):
		form := map[int]string{64: "sha256", 40: "sha1", 32: "md5"}[len(s)]
		out := []reading{one(tables.FileHash, form, strings.ToLower(s))}
		if len(s) == 40 {
			out = append(out, one(tables.Host, "deviceid", strings.ToLower(s)))
		}
		return out, nil
	case isUPN.MatchString(s):
		return []reading{one(tables.Account, "upn", s), one(tables.Mailbox, "smtp", s)}, nil
	case isDomain.MatchString(s):
		_, name, _ := strings.Cut(s, `\`)
		return []reading{{string(tables.Account), values{`domain\name`: {s}, "name": {name}}}}, nil
	case strings.Contains(s, `\`):
		return []reading{one(tables.Process, "path", s), one(tables.File, "path", s)}, nil
	case isProgram.MatchString(s):
		return []reading{one(tables.Process, "filename", s), one(tables.File, "filename", s)}, nil
	}
	var out []reading
	if isHost.MatchString(s) {
		name := strings.TrimSuffix(s, ".")
		if strings.Contains(name, ".") {
			return append(out, one(tables.Host, "fqdn", name), one(tables.URL, "fqdn", name), one(tables.Account, "name", name)), nil
		}
		out = append(out, one(tables.Host, "hostname", name))
	}
	return append(out, one(tables.Account, "name", s), one(tables.CloudApplication, "name", s), one(tables.Process, "filename", s)), nil
}

// resourceReadings reads an Azure resource id; a virtual machine is a host too.
func resourceReadings(id string) []reading {
	out := []reading{{string(tables.AzureResource), values{"resourceid": {id}}}}
	if m := isVM.FindStringSubmatch(id); m != nil {
		out = append(out, reading{string(tables.Host), values{"hostname": {m[1]}, "resourceid": {id}}})
	}
	return out
}

// kindName says what a kind is to a person.
func kindName(kind string) string {
	switch tables.EntityKind(kind) {
	case tables.Account:
		return "account"
	case tables.Host:
		return "host"
	case tables.IP:
		return "address"
	case tables.Process:
		return "process"
	case tables.FileHash:
		return "file hash"
	case tables.File:
		return "file"
	case tables.AzureResource:
		return "Azure resource"
	case tables.URL:
		return "URL"
	case tables.Mailbox:
		return "mailbox"
	case tables.CloudApplication:
		return "application"
	}
	return strings.ReplaceAll(kind, "-", " ")
}
