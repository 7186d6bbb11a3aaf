package threatintel

import (
	"net/netip"
	"strings"
)

// classify says which observable a text is: an address, a network, a domain, a URL, a hash or an address of mail, also
// defanged (203[.]0[.]113[.]5, hxxp://…) or with a port. ok is false for anything else.
func classify(text string) (o observable, ok bool) {
	s := refang(strings.Trim(strings.TrimSpace(text), `"'`))
	if s == "" || len(s) > 4096 {
		return o, false
	}
	if key := addressKey(s); key != "" {
		return observable{key, s}, true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		s = ap.Addr().String()
		return observable{addressKey(s), s}, true
	}
	if i := strings.Index(s, "://"); i > 0 && i < 12 && len(s) > i+3 && !strings.ContainsAny(s, " \t") {
		return observable{"url:value", s}, true
	}
	if key := hashKey(s); key != "" {
		return observable{key, strings.ToLower(s)}, true
	}
	if user, host, found := strings.Cut(s, "@"); found && user != "" && isDomain(host) && !strings.ContainsAny(user, " /:") {
		return observable{"email-addr:value", s}, true
	}
	if d := strings.TrimPrefix(s, "*."); isDomain(d) {
		return observable{"domain-name:value", strings.TrimSuffix(d, ".")}, true
	}
	if host, port, found := strings.Cut(s, ":"); found && isDomain(host) && isDigits(port) {
		return observable{"domain-name:value", host}, true
	}
	if host, path, found := strings.Cut(s, "/"); found && path != "" && !strings.ContainsAny(s, " \t") {
		if host, _, _ = strings.Cut(host, ":"); isDomain(host) || addressKey(host) != "" {
			return observable{"url:value", s}, true
		}
	}
	return o, false
}

var fangs = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".", "[:]", ":", "[://]", "://", "[@]", "@", "[at]", "@", "(at)", "@", "[/]", "/")

// refang undoes what keeps people from clicking.
func refang(s string) string {
	if strings.ContainsAny(s, "[({") && !strings.HasPrefix(s, "[") {
		s = fangs.Replace(s)
	}
	if len(s) > 4 && strings.EqualFold(s[:4], "hxxp") {
		s = "http" + s[4:]
	}
	return s
}

// addressKey is the left side for an address or a network in CIDR notation, or "".
func addressKey(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return ""
		}
		a = p.Addr()
	}
	switch {
	case a.Zone() != "":
		return ""
	case a.Is4():
		return "ipv4-addr:value"
	}
	return "ipv6-addr:value"
}

func hashKey(s string) string {
	for i := range len(s) {
		if c := s[i] | 0x20; !('0' <= s[i] && s[i] <= '9') && !('a' <= c && c <= 'f') {
			return ""
		}
	}
	switch len(s) {
	case 32:
		return "file:hashes.MD5"
	case 40:
		return "file:hashes.'SHA-1'"
	case 64:
		return "file:hashes.'SHA-256'"
	case 128:
		return "file:hashes.'SHA-512'"
	}
	return ""
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isDomain says whether a text can be a name of DNS with at least two labels, the last of which is a word. Names of
// files are none.
func isDomain(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) < 4 || len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '-' || c == '_' || c >= 0x80) {
				return false
			}
		}
		last = label
	}
	if len(last) < 2 || isDigits(last[:1]) {
		return false
	}
	switch strings.ToLower(last) {
	case "txt", "log", "json", "csv", "xml", "exe", "dll", "sys", "evtx", "doc", "docx", "xls", "xlsx", "pdf", "html", "htm",
		"cfg", "conf", "ini", "tmp", "bak", "dat", "gz", "yaml", "yml", "js", "go", "vbs", "bat", "ps1", "lnk", "jpg", "png":
		return false
	}
	return true
}
