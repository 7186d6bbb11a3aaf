package scenario

import (
	"fmt"
	"strings"
)

// Domain facts that do not depend on the seed.
const (
	companyDomain = "contoso.com"
	netbiosDomain = "CONTOSO"
	region        = "westeurope"
)

// company is everything that exists before the day begins: who works there, what runs there, and every identifier.
// It is read-only once built, so that all sources may share it.
type company struct {
	seed         uint64
	tenant       string
	subscription string
	workspace    string // workspace id: the TenantId column of every exported table
	workspaceRes string // resource id of the workspace, lower case as data export writes it
	domainSID    string
	people       []*person
	admins       []*person // people with a role on the subscription; they appear in the activity log
	phished      *person
	principals   []*principal // index 0 is the application that gets the extra secret
	networks     []*network
	groups       []*secGroup
	machines     []*machine
	web01, web02 *machine
	app01, db01  *machine
	dc01, jump01 *machine
	images       map[string]*image
	vault        string // resource id, mixed case
	storage      string
	policies     []policy
	directory    []dirGroup
	serviceSPs   map[string]string // appId of a Microsoft service → its service principal in this tenant
}

// person is an employee with an Entra account and a domain account.
type person struct {
	name, given, family string
	upn, sam, id, sid   string
	home                string // public address at home
	office              *site
	client              *client
	mobileIP            string // IPv6 address of the telephone
	title               string
}

// site is a place people sign in from.
type site struct {
	ip, city, state, country string
	lat, lon                 string
	asn                      int64
	named                    string // named location in Conditional Access, empty for none
}

// client is a browser and system as the user agent tells them.
type client struct{ agent, system, browser string }

// principal is an application with its service principal.
type principal struct {
	name, appID, objectID, spID, keyID string
	ip                                 string
}

// network is a virtual network with its flow log.
type network struct {
	name, group, prefix string
	id, flowLogID       string // resource ids, flowLogID upper case
	flowLogGUID         string
	flowLogName         string
}

// secGroup is a network security group.
type secGroup struct{ name, id string }

// machine is a virtual machine with its one network card.
type machine struct {
	name, host  string // WEB01, web01.contoso.com
	ip, mac     string
	network     *network
	group       *secGroup
	id, vmID    string // resource id in mixed case, VM unique id
	rg          string
	agent       string // dependency agent and Log Analytics agent id
	machineID   string // Service Map id m-…
	device      string // Defender device id, 40 hex digits
	sid         string // account sid of the machine
	role        string
	cpus, memMB int64
}

// image is an executable file that runs somewhere in the company.
type image struct {
	name, path, company, product, version, description string
	size                                               int64
	sha1, sha256, md5                                  string
}

// policy is a Conditional Access policy.
type policy struct{ id, name, grant string }

// dirGroup is a group in the directory.
type dirGroup struct{ id, name string }

const peopleNames = "Alva Brekke,Bo Tangen,Cara Winslow,Dario Pell,Edda Harlow,Finn Osk,Greta Lomax,Hugo Tarn,Ida Vesper," +
	"Jonas Quill,Kaia Stroud,Leo Marl,Mira Holtby,Nils Fenwick,Oda Pryce,Pelle Crane,Quinn Ashby,Runa Dalby," +
	"Sven Lockley,Tilda Rowe,Ulrik Penn,Vera Thornby,Wim Halden,Ylva Carrow,Zoe Brandtly,Anton Firth,Berit Sloane," +
	"Casper Wynn,Dina Kettle,Emil Gorse,Frida Lunn,Gunnar Pike,Hedda Moss,Ivar Blythe,Jenny Ormeby,Karl Dunmore," +
	"Lena Sorrel,Magnus Tweed,Nora Hask,Olaf Brine"

// phishedName is the employee whose password the spray finds.
const phishedName = "Ivar Blythe"

var titles = [...]string{"Engineer", "Analyst", "Account manager", "Planner", "Controller", "Designer", "Buyer"}

// sites returns the two offices; people's homes are in the same two cities.
func sites() [2]*site {
	return [2]*site{
		{ip: "192.0.2.10", city: "Oslo", state: "Oslo", country: "NO", lat: "59.9127", lon: "10.7461", asn: 64496, named: "Oslo office"},
		{ip: "192.0.2.20", city: "Rotterdam", state: "Zuid-Holland", country: "NL", lat: "51.9225", lon: "4.47917", asn: 64497, named: "Rotterdam office"},
	}
}

// clients returns the browsers in use.
func clients() []*client {
	return []*client{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36 Edg/145.0.0.0", "Windows10", "Edge 145.0.0"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36", "Windows10", "Chrome 145.0.0"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.2 Safari/605.1.15", "MacOs", "Safari 19.2"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0", "Linux", "Firefox 147.0"},
	}
}

// newCompany draws every identifier from the seed.
func newCompany(seed uint64) *company {
	r := newRNG(seed, "company", 0)
	c := &company{seed: seed, tenant: r.guid().String(), subscription: r.guid().String(), workspace: r.guid().String()}
	c.workspaceRes = "/subscriptions/" + c.subscription + "/resourcegroups/rg-security/providers/microsoft.operationalinsights/workspaces/law-contoso"
	c.domainSID = fmt.Sprintf("S-1-5-21-%d-%d-%d", r.between(1e9, 4e9), r.between(1e9, 4e9), r.between(1e9, 4e9))
	c.vault = c.resource("rg-prod", "Microsoft.KeyVault/vaults/kv-contoso-prod")
	c.storage = c.resource("rg-prod", "Microsoft.Storage/storageAccounts/stcontosodata")
	c.hirePeople(r)
	c.addPrincipals(r)
	c.buildNetworks(r)
	c.addImages()
	for _, p := range [...][2]string{
		{"CA01: Require multifactor authentication for administrators", "Mfa"},
		{"CA02: Block legacy authentication", "Block"},
		{"CA03: Require multifactor authentication for selected applications", "Mfa"},
	} {
		c.policies = append(c.policies, policy{r.guid().String(), p[0], p[1]})
	}
	for _, name := range [...]string{"All employees", "Finance", "Engineering", "Rotterdam", "VPN users", "Project Heron", "Newsletter"} {
		c.directory = append(c.directory, dirGroup{r.guid().String(), name})
	}
	c.serviceSPs = map[string]string{}
	for _, a := range cloudApps() {
		c.serviceSPs[a.id] = r.guid().String()
		c.serviceSPs[a.resourceID] = r.guid().String()
	}
	return c
}

// resource is a resource id in the case the portal writes it.
func (c *company) resource(group, rest string) string {
	return "/subscriptions/" + c.subscription + "/resourceGroups/" + group + "/providers/" + rest
}

// hirePeople fills people, admins and phished.
func (c *company) hirePeople(r *rng) {
	offices, browsers := sites(), clients()
	for i, name := range strings.Split(peopleNames, ",") {
		given, family, _ := strings.Cut(name, " ")
		sam := strings.ToLower(given + "." + family)
		p := &person{
			name: name, given: given, family: family, sam: sam, upn: sam + "@" + companyDomain,
			id: r.guid().String(), sid: fmt.Sprintf("%s-%d", c.domainSID, 1110+i),
			home:     fmt.Sprintf("203.0.113.%d", 128+i*3),
			office:   offices[i%3/2],
			client:   browsers[min(r.n(6), 5)%len(browsers)],
			mobileIP: fmt.Sprintf("2001:db8:%x:%x::%x", 0x40+i, r.n(0xffff), 1+r.n(0xfff)),
			title:    titles[i%len(titles)],
		}
		c.people = append(c.people, p)
		if name == phishedName {
			c.phished = p
		}
	}
	c.admins = []*person{c.people[3], c.people[11], c.people[22], c.phished}
}

// addPrincipals creates the three applications that sign in by themselves.
func (c *company) addPrincipals(r *rng) {
	for i, name := range [...]string{"contoso-deploy", "contoso-backup", "contoso-reporting"} {
		c.principals = append(c.principals, &principal{
			name: name, appID: r.guid().String(), objectID: r.guid().String(), spID: r.guid().String(),
			keyID: r.guid().String(), ip: fmt.Sprintf("192.0.2.%d", 60+i),
		})
	}
}

// buildNetworks creates the two virtual networks, their security groups and the six machines.
func (c *company) buildNetworks(r *rng) {
	for _, n := range [...][3]string{{"vnet-prod", "rg-prod", "10.10.0.0/16"}, {"vnet-office", "rg-office", "10.20.0.0/16"}} {
		v := &network{name: n[0], group: n[1], prefix: n[2], flowLogGUID: r.guid().String(), flowLogName: "FL-" + strings.ToUpper(n[0])}
		v.id = c.resource(n[1], "Microsoft.Network/virtualNetworks/"+n[0])
		v.flowLogID = strings.ToUpper(c.resource("NetworkWatcherRG",
			"Microsoft.Network/networkWatchers/NetworkWatcher_"+region+"/flowLogs/"+v.flowLogName))
		c.networks = append(c.networks, v)
	}
	for _, name := range [...]string{"nsg-web", "nsg-app", "nsg-data", "nsg-office"} {
		c.groups = append(c.groups, &secGroup{name, c.resource("rg-network", "Microsoft.Network/networkSecurityGroups/"+name)})
	}
	add := func(name, ip string, network, group int, role string, cpus, mem int64) *machine {
		m := &machine{
			name: strings.ToUpper(name), host: name + "." + companyDomain, ip: ip,
			mac: "000D3A" + strings.ToUpper(r.hex(6)), network: c.networks[network], group: c.groups[group],
			rg: c.networks[network].group, vmID: r.guid().String(), agent: r.guid().String(),
			machineID: "m-" + r.guid().String(), device: r.hex(40), role: role, cpus: cpus, memMB: mem,
			sid: fmt.Sprintf("%s-%d", c.domainSID, 1201+len(c.machines)),
		}
		m.id = c.resource(m.rg, "Microsoft.Compute/virtualMachines/"+name)
		c.machines = append(c.machines, m)
		return m
	}
	c.web01 = add("web01", "10.10.1.4", 0, 0, "web", 4, 16384)
	c.web02 = add("web02", "10.10.1.5", 0, 0, "web", 4, 16384)
	c.app01 = add("app01", "10.10.3.4", 0, 1, "app", 4, 16384)
	c.db01 = add("db01", "10.10.2.4", 0, 2, "db", 8, 65536)
	c.dc01 = add("dc01", "10.20.1.4", 1, 3, "dc", 2, 8192)
	c.jump01 = add("jump01", "10.20.2.4", 1, 3, "jump", 2, 8192)
}

// addImages lists the executables and derives their hashes from their names, so that a hash means the same file in
// every source and on every machine.
func (c *company) addImages() {
	c.images = map[string]*image{}
	const ms, windows = "Microsoft Corporation", "Microsoft® Windows® Operating System"
	for _, i := range []image{
		{"svchost.exe", `C:\Windows\System32\svchost.exe`, ms, windows, "10.0.20348.1", "Host Process for Windows Services", 79920, "", "", ""},
		{"lsass.exe", `C:\Windows\System32\lsass.exe`, ms, windows, "10.0.20348.2322", "Local Security Authority Process", 83344, "", "", ""},
		{"services.exe", `C:\Windows\System32\services.exe`, ms, windows, "10.0.20348.2031", "Services and Controller app", 757656, "", "", ""},
		{"explorer.exe", `C:\Windows\explorer.exe`, ms, windows, "10.0.20348.2700", "Windows Explorer", 5193216, "", "", ""},
		{"cmd.exe", `C:\Windows\System32\cmd.exe`, ms, windows, "10.0.20348.1", "Windows Command Processor", 315392, "", "", ""},
		{"conhost.exe", `C:\Windows\System32\conhost.exe`, ms, windows, "10.0.20348.2227", "Console Window Host", 1028096, "", "", ""},
		{"taskhostw.exe", `C:\Windows\System32\taskhostw.exe`, ms, windows, "10.0.20348.1668", "Host Process for Windows Tasks", 118784, "", "", ""},
		{"powershell.exe", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, ms, windows, "10.0.20348.1", "Windows PowerShell", 450560, "", "", ""},
		{"whoami.exe", `C:\Windows\System32\whoami.exe`, ms, windows, "10.0.20348.1", "whoami - displays logged on user information", 73728, "", "", ""},
		{"nltest.exe", `C:\Windows\System32\nltest.exe`, ms, windows, "10.0.20348.1", "Microsoft® Logon Server Test Utility", 524288, "", "", ""},
		{"net.exe", `C:\Windows\System32\net.exe`, ms, windows, "10.0.20348.1", "Net Command", 61440, "", "", ""},
		{"wmiprvse.exe", `C:\Windows\System32\wbem\WmiPrvSE.exe`, ms, windows, "10.0.20348.2110", "WMI Provider Host", 531456, "", "", ""},
		{"w3wp.exe", `C:\Windows\System32\inetsrv\w3wp.exe`, ms, "Internet Information Services", "10.0.20348.1", "IIS Worker Process", 32768, "", "", ""},
		{"sqlservr.exe", `C:\Program Files\Microsoft SQL Server\MSSQL16.MSSQLSERVER\MSSQL\Binn\sqlservr.exe`, ms, "Microsoft SQL Server", "16.0.4165.4", "SQL Server Windows NT - 64 Bit", 725048, "", "", ""},
		{"heron.exe", `C:\Program Files\Contoso\Heron\heron.exe`, "Contoso", "Heron", "4.11.0", "Heron order service", 18874368, "", "", ""},
		{"msedge.exe", `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, ms, "Microsoft Edge", "145.0.3800.58", "Microsoft Edge", 4231232, "", "", ""},
		{"mssense.exe", `C:\Program Files\Windows Defender Advanced Threat Protection\MsSense.exe`, ms, windows, "10.8760.20348.2700", "Windows Defender Advanced Threat Protection Service Executable", 501520, "", "", ""},
		{"healthservice.exe", `C:\Program Files\Microsoft Monitoring Agent\Agent\HealthService.exe`, ms, "Microsoft Monitoring Agent", "10.20.18069.0", "Microsoft Monitoring Agent Service", 28984, "", "", ""},
		{"rclone.exe", `C:\ProgramData\Intel\rclone.exe`, "https://rclone.org", "Rclone", "1.69.1", "Rclone", 71303168, "", "", ""},
	} {
		r := newRNG(c.seed, "image "+i.name, 0)
		i.sha1, i.sha256, i.md5 = r.hex(40), r.hex(64), r.hex(32)
		c.images[i.name] = &i
	}
}
