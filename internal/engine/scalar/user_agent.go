package scalar

import (
	"strings"

	"nordlys/internal/kql/catalog"
)

func userAgentFuncs() []Func {
	s, d := catalog.String, catalog.Dynamic
	return []Func{binary("go_parse_user_agent", s, d, d, parseUserAgent)}
}

// maxUserAgent is how much of a user agent is looked at.
const maxUserAgent = 4096

// parseUserAgent gives the parts asked for ("browser", "os", "device", alone or in an array) of a user agent.
// https://learn.microsoft.com/kusto/query/parse-user-agent-function: families are named as there; what is not
// recognized is "Other". The tables below are our own and know today's browsers, systems and the tools that attackers
// use, not every one of the past.
func parseUserAgent(agent, parts string) any {
	wanted, ok := elements(parts, nil)
	if !ok {
		wanted = []string{strings.TrimSpace(parts)}
	}
	var browser, system, device bool
	for _, w := range wanted {
		if kindOf(w) != '"' {
			return nil
		}
		switch strings.ToLower(unquote(w)) {
		case "browser":
			browser = true
		case "os":
			system = true
		case "device":
			device = true
		default:
			return nil
		}
	}
	agent = agent[:min(len(agent), maxUserAgent)]
	b := make([]byte, 0, 320)
	if browser {
		v := findBrowser(agent)
		b = appendFields(append(b, `,"Browser":`...), "Family", v.family, "MajorVersion", v.version[0], "MinorVersion", v.version[1], "Patch", v.version[2])
	}
	if system {
		v := findSystem(agent)
		b = appendFields(append(b, `,"OperatingSystem":`...), "Family", v.family, "MajorVersion", v.version[0], "MinorVersion", v.version[1], "Patch", v.version[2], "PatchMinor", v.version[3])
	}
	if device {
		v := findDevice(agent)
		b = appendFields(append(b, `,"Device":`...), "Family", v.family, "Brand", v.brand, "Model", v.model)
	}
	if len(b) == 0 {
		return nil
	}
	b[0] = '{'
	return string(append(b, '}'))
}

// appendFields writes a bag of names and texts in turn.
func appendFields(b []byte, pairs ...string) []byte {
	for i := 0; i < len(pairs); i += 2 {
		b = append(b, "{,"[min(i, 1)])
		b = append(appendQuoted(b, pairs[i]), ':')
		b = appendQuoted(b, pairs[i+1])
	}
	return append(b, '}')
}

// product is a browser or an operating system with up to four numbers of its version.
type product struct {
	family  string
	version [4]string
}

// agentRule recognizes a product: the text must hold mark and also, and not hold unless. The version stands after the
// text given, by default after mark.
type agentRule struct {
	mark, also, unless string
	family             string
	version            string
}

// browserRules are tried in their order: what pretends to be something else stands before it.
var browserRules = []agentRule{
	{mark: "Googlebot/", family: "Googlebot"},
	{mark: "bingbot/", family: "bingbot"},
	{mark: "YandexBot/", family: "YandexBot"},
	{mark: "DuckDuckBot/", family: "DuckDuckBot"},
	{mark: "Baiduspider/", family: "Baiduspider"},
	{mark: "Slackbot", family: "Slackbot", version: "Slackbot "},
	{mark: "AdobeAIR/", family: "AdobeAIR"},
	{mark: "Series60/", also: "Safari", family: "Nokia OSS Browser"},
	{mark: "IEMobile/", family: "IE Mobile"},
	{mark: "EdgA/", family: "Edge Mobile"},
	{mark: "EdgiOS/", family: "Edge Mobile"},
	{mark: "Edg/", family: "Edge"},
	{mark: "Edge/", family: "Edge"},
	{mark: "OPR/", also: "Mobile", family: "Opera Mobile"},
	{mark: "OPR/", family: "Opera"},
	{mark: "Opera Mini/", family: "Opera Mini"},
	{mark: "Opera", also: "Version/", family: "Opera", version: "Version/"},
	{mark: "Opera/", family: "Opera"},
	{mark: "SamsungBrowser/", family: "Samsung Internet"},
	{mark: "YaBrowser/", family: "Yandex Browser"},
	{mark: "Vivaldi/", family: "Vivaldi"},
	{mark: "DuckDuckGo/", family: "DuckDuckGo"},
	{mark: "UCBrowser/", family: "UC Browser"},
	{mark: "Whale/", family: "Whale"},
	{mark: "Teams/", family: "Microsoft Teams"},
	{mark: "Slack/", family: "Slack Desktop Client"},
	{mark: "Electron/", family: "Electron"},
	{mark: "HeadlessChrome/", family: "HeadlessChrome"},
	{mark: "PhantomJS/", family: "PhantomJS"},
	{mark: "CriOS/", family: "Chrome Mobile iOS"},
	{mark: "FxiOS/", family: "Firefox iOS"},
	{mark: "Focus/", also: "Mobile", family: "Firefox Focus"},
	{mark: "Seamonkey/", family: "SeaMonkey"},
	{mark: "SeaMonkey/", family: "SeaMonkey"},
	{mark: "Thunderbird/", family: "Thunderbird"},
	{mark: "Firefox/", also: "Mobile", family: "Firefox Mobile"},
	{mark: "Firefox/", also: "Tablet", family: "Firefox Mobile"},
	{mark: "Firefox/", family: "Firefox"},
	{mark: "; wv)", also: "Chrome/", family: "Chrome Mobile WebView", version: "Chrome/"},
	{mark: "Chrome/", also: "Mobile", family: "Chrome Mobile"},
	{mark: "Chromium/", family: "Chromium"},
	{mark: "Chrome/", family: "Chrome"},
	{mark: "Microsoft Outlook ", family: "Outlook"},
	{mark: "Outlook-iOS/", family: "Outlook-iOS"},
	{mark: "Outlook-Android/", family: "Outlook-Android"},
	{mark: "MSIE ", unless: "Opera", family: "IE"},
	{mark: "Trident/", also: "rv:", family: "IE", version: "rv:"},
	{mark: "Android", also: "Version/", family: "Android", version: "Version/"},
	{mark: "iP", also: "Version/", family: "Mobile Safari", version: "Version/"},
	{mark: "iP", also: "AppleWebKit/", unless: "Safari/", family: "Mobile Safari UI/WKWebView", version: "OS "},
	{mark: "Safari/", also: "Version/", family: "Safari", version: "Version/"},
	{mark: "Safari/", family: "Safari", version: "\x00"},
	{mark: "AppleWebKit/", also: "Macintosh", family: "Apple Mail"},
	{mark: "WindowsPowerShell/", family: "Windows PowerShell"},
	{mark: "PowerShell/", family: "PowerShell"},
	{mark: "python-requests/", family: "Python Requests"},
	{mark: "Python-urllib/", family: "Python-urllib"},
	{mark: "aiohttp/", family: "Python aiohttp"},
	{mark: "python-httpx/", family: "Python HTTPX"},
	{mark: "azsdk-", family: "Azure SDK", version: "/"},
	{mark: "AZURECLI/", family: "Azure CLI"},
	{mark: "AzurePowershell/", family: "Azure PowerShell", version: "AzurePowershell/v"},
	{mark: "Terraform/", family: "Terraform"},
	{mark: "azurehound/", family: "AzureHound", version: "azurehound/v"},
	{mark: "BAV2ROPC", family: "BAV2ROPC"},
	{mark: "Go-http-client/", family: "Go-http-client"},
	{mark: "Apache-HttpClient/", family: "Apache-HttpClient"},
	{mark: "okhttp/", family: "okhttp"},
	{mark: "axios/", family: "axios"},
	{mark: "node-fetch/", family: "node-fetch"},
	{mark: "PostmanRuntime/", family: "PostmanRuntime"},
	{mark: "insomnia/", family: "Insomnia"},
	{mark: "Wget/", family: "Wget"},
	{mark: "curl/", family: "curl"},
	{mark: "Java/", family: "Java"},
	{mark: "CFNetwork/", family: "CFNetwork"},
	{mark: "Dalvik/", family: "Android", version: "Android "},
	{mark: "Microsoft Office/", family: "Microsoft Office"},
}

func findBrowser(agent string) product {
	for i := range browserRules {
		if r := &browserRules[i]; r.matches(agent) {
			return r.product(agent)
		}
	}
	return product{family: "Other"}
}

func (r *agentRule) matches(agent string) bool {
	return strings.Contains(agent, r.mark) && strings.Contains(agent, r.also) &&
		(r.unless == "" || !strings.Contains(agent, r.unless))
}

func (r *agentRule) product(agent string) product {
	mark := r.version
	if mark == "" {
		mark = r.mark
	}
	return product{r.family, versionAfter(agent, mark)}
}

// versionAfter reads up to four numbers, divided by points or underscores, that follow the mark.
func versionAfter(agent, mark string) (v [4]string) {
	i := strings.Index(agent, mark)
	if i < 0 {
		return v
	}
	rest := agent[i+len(mark):]
	for k := range v {
		n := scanDigits(rest, 0)
		if n == 0 || n > 20 {
			return v
		}
		v[k] = rest[:n]
		if n+1 >= len(rest) || rest[n] != '.' && rest[n] != '_' {
			return v
		}
		rest = rest[n+1:]
	}
	return v
}

// windowsVersions names Windows by the number of its kernel.
var windowsVersions = map[string][2]string{
	"10.0": {"10", ""}, "6.4": {"10", ""}, "6.3": {"8", "1"}, "6.2": {"8", ""}, "6.1": {"7", ""}, "6.0": {"Vista", ""},
	"5.2": {"XP", ""}, "5.1": {"XP", ""}, "5.0": {"2000", ""},
}

// systemRules are tried in their order, after Windows NT.
var systemRules = []agentRule{
	{mark: "Windows Phone ", family: "Windows Phone"},
	{mark: "SymbianOS/", family: "Symbian OS"},
	{mark: "CPU iPhone OS ", family: "iOS"},
	{mark: "CPU OS ", family: "iOS"},
	{mark: "iPhone; iOS ", family: "iOS"},
	{mark: "iOS/", family: "iOS"},
	{mark: "iOS ", family: "iOS"},
	{mark: "iPhone", family: "iOS", version: "\x00"},
	{mark: "iPad", family: "iOS", version: "\x00"},
	{mark: "Mac OS X ", family: "Mac OS X"},
	{mark: "macOS/", family: "Mac OS X"},
	{mark: "macOS ", family: "Mac OS X"},
	{mark: "Macintosh", family: "Mac OS X", version: "\x00"},
	{mark: "Darwin/", family: "Mac OS X", version: "\x00"},
	{mark: "Android ", family: "Android"},
	{mark: "Android", family: "Android"},
	{mark: "CrOS ", family: "Chrome OS", version: "\x00"},
	{mark: "Tizen/", family: "Tizen"},
	{mark: "Ubuntu/", family: "Ubuntu"},
	{mark: "Ubuntu", family: "Ubuntu", version: "\x00"},
	{mark: "Fedora", family: "Fedora", version: "Fedora/"},
	{mark: "Debian", family: "Debian", version: "Debian/"},
	{mark: "Kali", family: "Kali", version: "\x00"},
	{mark: "FreeBSD", family: "FreeBSD", version: "FreeBSD "},
	{mark: "Linux", family: "Linux", version: "Linux/"},
	{mark: "linux", family: "Linux", version: "\x00"},
	{mark: "Windows", family: "Windows", version: "Windows "},
}

func findSystem(agent string) product {
	if i := strings.Index(agent, "Windows NT "); i >= 0 && !strings.Contains(agent, "Windows Phone") {
		p := product{family: "Windows"}
		v := versionAfter(agent, "Windows NT ")
		if name, ok := windowsVersions[v[0]+"."+v[1]]; ok {
			p.version[0], p.version[1] = name[0], name[1]
		} else {
			p.version = v
		}
		return p
	}
	for i := range systemRules {
		if r := &systemRules[i]; r.matches(agent) {
			return r.product(agent)
		}
	}
	return product{family: "Other"}
}

type agentDevice struct{ family, brand, model string }

// brands are told by how the models of Android devices begin.
var brands = []struct{ prefix, brand string }{
	{"SM-", "Samsung"}, {"SAMSUNG ", "Samsung"}, {"GT-", "Samsung"}, {"Galaxy", "Samsung"}, {"Pixel", "Google"}, {"Nexus", "Google"},
	{"ONEPLUS ", "OnePlus"}, {"OnePlus", "OnePlus"}, {"Redmi", "XiaoMi"}, {"Mi ", "XiaoMi"}, {"POCO", "XiaoMi"}, {"Xiaomi ", "XiaoMi"},
	{"HUAWEI ", "Huawei"}, {"Nokia ", "Nokia"}, {"moto ", "Motorola"}, {"Moto ", "Motorola"}, {"LM-", "LG"}, {"LG-", "LG"},
	{"Lenovo ", "Lenovo"}, {"ASUS", "Asus"}, {"CPH", "Oppo"}, {"vivo ", "Vivo"}, {"RMX", "Realme"}, {"KF", "Amazon"}, {"Sony", "Sony"},
}

func findDevice(agent string) agentDevice {
	lower := strings.ToLower(agent)
	for _, bot := range [...]string{"bot/", "bot ", "spider", "crawler"} {
		if strings.Contains(lower, bot) {
			return agentDevice{"Spider", "Spider", "Desktop"}
		}
	}
	for _, m := range [...]string{"iPhone", "iPad", "iPod"} {
		if strings.Contains(agent, m) {
			return agentDevice{m, "Apple", m}
		}
	}
	if i := strings.Index(agent, "Nokia"); i >= 0 && !strings.Contains(agent, "Android") {
		end := i + 5
		for end < len(agent) && (isAlnum(agent[end]) || agent[end] == '-') {
			end++
		}
		model := agent[i+5 : end]
		series, _, _ := strings.Cut(model, "-")
		return agentDevice{"Nokia " + series, "Nokia", model}
	}
	if strings.Contains(agent, "Macintosh") {
		return agentDevice{"Mac", "Apple", "Mac"}
	}
	if i := strings.Index(agent, "Android"); i >= 0 {
		return androidDevice(agent[i:], strings.Contains(agent, "Mobile"))
	}
	return agentDevice{family: "Other"}
}

// androidDevice reads the model that follows the version: Android 13; SM-G991B Build/TP1A) or Android 10; K).
func androidDevice(s string, mobile bool) agentDevice {
	generic := agentDevice{"Generic Tablet", "Generic", "Tablet"}
	if mobile {
		generic = agentDevice{"Generic Smartphone", "Generic", "Smartphone"}
	}
	s, _, _ = strings.Cut(s, ")")
	_, s, ok := strings.Cut(s, ";")
	if !ok {
		return generic
	}
	s = strings.TrimSpace(s)
	if len(s) > 6 && s[2] == '-' && s[5] == ';' { // a language, en-us
		s = strings.TrimSpace(s[6:])
	}
	s, _, _ = strings.Cut(s, " Build/")
	s, _, _ = strings.Cut(s, ";")
	model := strings.TrimSpace(s)
	switch {
	case model == "" || model == "wv" || model == "Mobile" || model == "Tablet" || strings.HasPrefix(model, "rv:"):
		return generic
	case model == "K": // what Chrome says of all devices
		return agentDevice{"K", "Generic_Android", "K"}
	}
	for _, b := range brands {
		if !strings.HasPrefix(model, b.prefix) {
			continue
		}
		if strings.HasSuffix(b.prefix, " ") && b.brand != "XiaoMi" {
			model = strings.TrimPrefix(model, b.prefix)
		}
		if b.brand == "Google" {
			return agentDevice{model, b.brand, model}
		}
		return agentDevice{b.brand + " " + model, b.brand, model}
	}
	return agentDevice{model, "Generic_Android", model}
}
