package scenario

import "strings"

// vmLink is one aggregated row of VMConnection: one process, one peer, one port, one minute.
type vmLink struct {
	at                      ticks
	on                      *machine
	process                 string // display name without .exe where it is a service, as the agent reports it
	inbound                 bool
	remote                  string
	port                    int
	sent, received          int64
	established, live, done int64
	malicious               bool
	country                 string
}

// lowerID is the resource id as the _ResourceId column has it.
func (m *machine) lowerID() string { return strings.ToLower(m.id) }

// vmConnectionSource is connections as the dependency agent sees them.
func vmConnectionSource() source {
	return source{
		name: "vmconnection", perDay: 2600, rhythm: machineHours, step: 5 * minute, path: exportPath("vmconnection"),
		start: func(co *company) ordinary {
			return func(l *line, r *rng, t ticks) ticks {
				v := co.ordinaryLink(r)
				v.at = t
				v.append(l, r, co)
				return t
			}
		},
		attack: (*story).linkMoments,
	}
}

// ordinaryLink draws a connection between machines, from visitors, or to a service outside.
func (c *company) ordinaryLink(r *rng) vmLink {
	n := int64(1 + r.n(9))
	v := vmLink{established: n, done: n - int64(r.n(2)), live: int64(r.n(3)), sent: int64(r.between(300, 90_000)), received: int64(r.between(300, 90_000))}
	switch r.n(6) {
	case 0, 1:
		v.on, v.process, v.inbound, v.remote, v.port, v.country = pick(r, c.machines[:2]), "w3wp", true, visitor(r), 443, "Norway"
	case 2:
		v.on, v.process, v.remote, v.port = pick(r, c.machines[:2]), "w3wp", c.app01.ip, 8443
	case 3:
		v.on, v.process, v.inbound, v.remote, v.port = c.db01, "sqlservr", true, c.app01.ip, 1433
	case 4:
		v.on, v.process, v.inbound, v.remote, v.port = c.dc01, "lsass", true, pick(r, c.machines[:4]).ip, 389
	default:
		v.on, v.process, v.remote, v.port, v.country = pick(r, c.machines), "HealthService", outsideService(r), 443, "Netherlands"
	}
	return v
}

// linkMoments is the attack in VMConnection: RDP on web01, the move, the upload.
func (s *story) linkMoments() (ms []moment) {
	add := func(v vmLink) {
		ms = append(ms, moment{v.at, func(l *line, r *rng) { v.append(l, r, s.co) }})
	}
	rdp := vmLink{on: s.co.web01, process: "svchost", inbound: true, remote: AttackerAddress, port: 3389, malicious: true, country: "Moldova"}
	for i := 0; i < len(s.guesses); {
		v, first := rdp, floor(s.guesses[i].at, minute)
		for ; i < len(s.guesses) && s.guesses[i].at < first+minute; i++ {
			v.established++
			v.done++
			v.sent += guessSent
			v.received += guessReceived
		}
		v.at = first + minute - 1
		add(v)
	}
	s.eachMinute(s.session.connection, func(at ticks, sent, received int64, first, last bool) {
		v := rdp
		v.at, v.sent, v.received = at, received, sent // inbound: what the server sends is what the peer receives
		v.count(first, last)
		add(v)
	})
	for _, c := range s.lateral {
		on := vmLink{on: s.co.web01, process: "System", remote: c.dst, port: c.dport}
		at := vmLink{on: s.co.db01, process: "System", inbound: true, remote: c.src, port: c.dport}
		s.eachMinute(c, func(t ticks, sent, received int64, first, last bool) {
			if !first && !last && c.dport == 445 && t/minute%10 != 0 {
				return
			}
			for _, v := range [...]vmLink{on, at} {
				if v.at, v.sent, v.received = t, sent, received; v.inbound {
					v.sent, v.received = received, sent
				}
				v.count(first, last)
				add(v)
			}
		})
	}
	s.eachMinute(s.download, func(at ticks, sent, received int64, first, last bool) {
		v := vmLink{at: at, on: s.co.web01, process: "powershell", remote: AttackerAddress, port: s.download.dport, sent: sent, received: received, malicious: true, country: rdp.country}
		v.count(first, last)
		add(v)
	})
	for _, v := range s.uploadMinutes() {
		add(v)
	}
	return ms
}

// uploadMinutes adds the parallel uploads up, as the agent does for one process and one peer.
func (s *story) uploadMinutes() []vmLink {
	first, last := floor(s.exfil[0].at, minute), floor(s.exfil[0].end, minute)
	for _, c := range s.exfil {
		last = max(last, floor(c.end, minute))
	}
	rows := make([]vmLink, (last-first)/minute+1)
	for i := range rows {
		rows[i] = vmLink{at: first + int64(i+1)*minute - 1, on: s.co.db01, process: "rclone", remote: DropAddress, port: 443, country: "Moldova"}
	}
	for _, c := range s.exfil {
		s.eachMinute(c.connection, func(at ticks, sent, received int64, begins, ends bool) {
			v := &rows[(floor(at, minute)-first)/minute]
			v.sent += sent
			v.received += received
			if begins {
				v.established++
			}
			if ends {
				v.done++
			} else {
				v.live++
			}
		})
	}
	return rows
}

// count sets the link counters of one minute of one connection.
func (v *vmLink) count(first, last bool) {
	v.established, v.done, v.live = 0, 0, 1
	if first {
		v.established = 1
	}
	if last {
		v.done, v.live = 1, 0
	}
}

// eachMinute cuts a connection into its minutes; the bytes add up to the connection's own.
func (s *story) eachMinute(c connection, visit func(at ticks, sent, received int64, first, last bool)) {
	n := (floor(c.end, minute)-floor(c.at, minute))/minute + 1
	for i := range n {
		at := min(floor(c.at, minute)+(i+1)*minute-1, c.end)
		visit(at, share(c.sent, i, n), share(c.received, i, n), i == 0, i == n-1)
	}
}

// share is part i of n of a total, exact in sum.
func share(total, i, n int64) int64 { return total*(i+1)/n - total*i/n }

// vmHead writes what every row of the four tables begins with.
func vmHead(l *line, t ticks, m *machine, co *company) {
	l.open("")
	l.when("TimeGenerated", t, "Z")
	l.str("TenantId", co.workspace)
	l.str("Computer", m.host)
	l.str("AgentId", m.agent)
	l.str("Machine", m.machineID)
}

// vmTail ends the row.
func vmTail(l *line, m *machine, table string) {
	l.raw(`"SourceSystem":"OpsManager"`)
	l.str("Type", table)
	l.str("_ResourceId", m.lowerID())
	l.shut(1)
	l.end()
}

// processRef is the id of a process on a machine in the map: stable per name.
func (c *company) processRef(m *machine, name string) string {
	return "p-" + newRNG(c.seed, "process "+m.name+" "+name, 0).hex(40)
}

// append renders the row.
func (v *vmLink) append(l *line, r *rng, co *company) {
	vmHead(l, v.at, v.on, co)
	l.str("Process", co.processRef(v.on, v.process))
	l.str("ProcessName", v.process)
	if v.inbound {
		l.raw(`"Direction":"inbound"`)
		l.str("SourceIp", v.remote)
		l.str("DestinationIp", v.on.ip)
	} else {
		l.raw(`"Direction":"outbound"`)
		l.str("SourceIp", v.on.ip)
		l.str("DestinationIp", v.remote)
	}
	l.num("DestinationPort", int64(v.port))
	l.raw(`"Protocol":"tcp"`)
	l.str("RemoteIp", v.remote)
	l.raw(`"RemoteDnsQuestions":"","RemoteDnsCanonicalNames":"","RemoteClassification":""`)
	if v.country != "" {
		l.str("RemoteCountry", v.country)
	}
	if v.malicious {
		l.str("MaliciousIp", v.remote)
		l.raw(`"IndicatorThreatType":"Botnet","Description":"Address seen guessing passwords over RDP","TLPLevel":"Green","Confidence":"90","Severity":3,"FirstReportedDateTime":"2026-02-18T04:11:09Z","LastReportedDateTime":"2026-03-09T22:47:51Z","IsActive":"true","ReportReferenceLink":"https://threatintel.contoso.com/indicators/203.0.113.66","AdditionalInformation":""`)
	}
	l.num("BytesSent", v.sent)
	l.num("BytesReceived", v.received)
	l.num("LinksEstablished", v.established)
	l.num("LinksTerminated", v.done)
	l.num("LinksLive", v.live)
	responses := v.established * 3
	l.raw(`"LinksFailed":0`)
	l.num("Responses", responses)
	fastest := int64(r.between(1, 40))
	l.num("ResponseTimeMin", fastest)
	l.num("ResponseTimeMax", fastest*3)
	l.num("ResponseTimeSum", responses*fastest*2)
	l.hash("ConnectionId", r, 40)
	vmTail(l, v.on, "VMConnection")
}

// resident is a program that always runs on machines of one role ("" for all), with the port it listens on.
type resident struct {
	role, image, name, command, user string
	port                             int
	services                         string
}

// residents are the services of the six machines.
func residents() []resident {
	return []resident{
		{"", "svchost.exe", "svchost", `C:\Windows\System32\svchost.exe -k termsvcs -s TermService`, "NETWORK SERVICE", 3389, `["TermService"]`},
		{"", "healthservice.exe", "HealthService", `"C:\Program Files\Microsoft Monitoring Agent\Agent\HealthService.exe"`, "SYSTEM", 0, `["HealthService"]`},
		{"", "mssense.exe", "MsSense", `"C:\Program Files\Windows Defender Advanced Threat Protection\MsSense.exe"`, "SYSTEM", 0, `["Sense"]`},
		{"", "lsass.exe", "lsass", `C:\Windows\system32\lsass.exe`, "SYSTEM", 49664, `["SamSs","Netlogon"]`},
		{"web", "w3wp.exe", "w3wp", `c:\windows\system32\inetsrv\w3wp.exe -ap "Heron"`, "Heron", 443, `[]`},
		{"app", "heron.exe", "heron", `"C:\Program Files\Contoso\Heron\heron.exe" --listen 8443`, "svc-app", 8443, `["Heron"]`},
		{"db", "sqlservr.exe", "sqlservr", `"C:\Program Files\Microsoft SQL Server\MSSQL16.MSSQLSERVER\MSSQL\Binn\sqlservr.exe" -sMSSQLSERVER`, "svc-sql", 1433, `["MSSQLSERVER"]`},
		{"dc", "lsass.exe", "lsass", `C:\Windows\system32\lsass.exe`, "SYSTEM", 389, `["NTDS","Kdc"]`},
	}
}

// drawResident picks a machine and a program that runs there.
func (c *company) drawResident(r *rng, from []resident, listening bool) (*machine, *resident) {
	for {
		m, p := pick(r, c.machines), &from[r.n(len(from))]
		if (p.role == "" || p.role == m.role) && (p.port > 0 || !listening) {
			return m, p
		}
	}
}

// vmProcessSource is the hourly inventory of processes.
func vmProcessSource() source {
	return source{
		name: "vmprocess", perDay: 550, rhythm: hourlySnapshot, step: 5 * minute, path: exportPath("vmprocess"),
		start: func(co *company) ordinary {
			from := residents()
			return func(l *line, r *rng, t ticks) ticks {
				m, p := co.drawResident(r, from, false)
				appendVMProcess(l, co, t, m, co.images[p.image], p.name, p.command, p.services, p.user, 1200+int64(len(p.command))*4, floor(t, day)-13*day+7*hour)
				return t
			}
		},
		attack: func(st *story) (ms []moment) {
			for _, p := range []*process{st.shell, st.rclone} {
				at := p.at + 25*second
				name := strings.TrimSuffix(baseName(p.img.path), ".exe")
				ms = append(ms, moment{at, func(l *line, _ *rng) {
					appendVMProcess(l, st.co, at, p.on, p.img, name, p.command, `[]`, p.user, p.pid, p.at)
				}})
			}
			return ms
		},
	}
}

// appendVMProcess renders a row of VMProcess.
func appendVMProcess(l *line, co *company, t ticks, m *machine, img *image, name, command, services, user string, pid int64, started ticks) {
	vmHead(l, t, m, co)
	l.str("Process", co.processRef(m, name))
	l.str("ExecutableName", name)
	l.str("DisplayName", name)
	l.raw(`"Role":"","Group":""`)
	l.when("StartTime", started, "Z")
	l.num("FirstPid", pid)
	l.str("Description", img.description)
	l.str("CompanyName", img.company)
	l.str("InternalName", baseName(img.path))
	l.str("ProductName", img.product)
	l.str("ProductVersion", img.version)
	l.str("FileVersion", img.version)
	l.str("CommandLine", command)
	l.str("ExecutablePath", img.path)
	l.raw(`"WorkingDirectory":"C:\\Windows\\system32"`)
	l.raw(`"Services":` + services)
	l.str("UserName", user)
	if user == "SYSTEM" || user == "NETWORK SERVICE" {
		l.raw(`"UserDomain":"NT AUTHORITY"`)
	} else {
		l.str("UserDomain", netbiosDomain)
	}
	vmTail(l, m, "VMProcess")
}

// vmBoundPortSource is the ports machines listen on.
func vmBoundPortSource() source {
	return source{
		name: "vmboundport", perDay: 700, rhythm: hourlySnapshot, step: 5 * minute, path: exportPath("vmboundport"),
		start: func(co *company) ordinary {
			from := residents()
			return func(l *line, r *rng, t ticks) ticks {
				m, p := co.drawResident(r, from, true)
				n := int64(r.n(12))
				appendBoundPort(l, co, t, m, p.name, p.port, n, n, int64(r.n(4)), n*int64(r.between(400, 9000)), n*int64(r.between(400, 9000)))
				return t
			}
		},
		attack: func(st *story) []moment {
			guessed, open := st.start+guessTo+70*second, st.session.at+150*second
			return []moment{
				{guessed, func(l *line, _ *rng) {
					appendBoundPort(l, st.co, guessed, st.co.web01, "svchost", 3389, rdpFailures, rdpFailures, 0, rdpFailures*guessReceived, rdpFailures*guessSent)
				}},
				{open, func(l *line, _ *rng) {
					appendBoundPort(l, st.co, open, st.co.web01, "svchost", 3389, 1, 0, 1, 4_118_276, 301_544)
				}},
			}
		},
	}
}

// appendBoundPort renders a row of VMBoundPort.
func appendBoundPort(l *line, co *company, t ticks, m *machine, name string, port int, established, done, live, sent, received int64) {
	vmHead(l, t, m, co)
	l.str("Process", co.processRef(m, name))
	l.str("ProcessName", name)
	l.str("Ip", m.ip)
	l.num("Port", int64(port))
	l.raw(`"Protocol":"tcp"`)
	l.key("PortId")
	l.b = append(l.b, '"')
	l.b = newRNG(co.seed, "port "+m.name, port).appendHex(l.b, 40)
	l.b = append(l.b, '"')
	l.raw(`"IsWildcardBind":true`)
	l.num("BytesSent", sent)
	l.num("BytesReceived", received)
	l.num("LinksEstablished", established)
	l.num("LinksTerminated", done)
	l.num("LinksLive", live)
	l.num("Responses", established)
	l.num("ResponseTimeMax", established*11)
	l.num("ResponseTimeMin", min(established, 2))
	l.num("ResponseTimeSum", established*19)
	vmTail(l, m, "VMBoundPort")
}

// vmComputerSource is the hourly inventory of machines; the attack changes nothing in it.
func vmComputerSource() source {
	return source{
		name: "vmcomputer", perDay: 144, rhythm: hourlySnapshot, step: 5 * minute, path: exportPath("vmcomputer"),
		start: func(co *company) ordinary {
			turn := 0
			return func(l *line, _ *rng, t ticks) ticks {
				appendVMComputer(l, co, t, co.machines[turn%len(co.machines)])
				turn++
				return t
			}
		},
		attack: func(*story) []moment { return nil },
	}
}

// appendVMComputer renders a row of VMComputer.
func appendVMComputer(l *line, co *company, t ticks, m *machine) {
	name := m.host[:len(m.host)-len(companyDomain)-1]
	vmHead(l, t, m, co)
	l.str("DisplayName", name)
	l.str("FullDisplayName", m.host)
	l.str("HostName", name)
	l.when("BootTime", floor(t, day)-13*day+6*hour, "Z")
	l.raw(`"TimeZone":"UTC","VirtualizationState":"virtual","OperatingSystemFamily":"windows","OperatingSystemFullName":"Microsoft Windows Server 2022 Datacenter Azure Edition","DependencyAgentVersion":"9.10.18.4770"`)
	l.num("PhysicalMemoryMB", m.memMB)
	l.num("Cpus", m.cpus)
	l.raw(`"CpuSpeed":2793`)
	l.raw(`"Ipv4Addresses":["` + m.ip + `"],"Ipv4SubnetMasks":["255.255.255.0"],"Ipv6Addresses":[]`)
	l.raw(`"Ipv4DefaultGateways":["` + m.ip[:strings.LastIndexByte(m.ip, '.')] + `.1"]`)
	l.raw(`"MacAddresses":["` + strings.ToLower(dashed(m.mac, ':')) + `"],"DnsNames":["` + m.host + `"]`)
	l.str("AzureVmId", m.vmID)
	l.str("AzureSubscriptionId", co.subscription)
	l.str("AzureResourceGroup", m.rg)
	l.str("AzureResourceName", name)
	l.str("AzureLocation", region)
	l.raw(`"HostingProvider":"azure","AzureSize":"Standard_D4s_v5","AzureImagePublisher":"MicrosoftWindowsServer","AzureImageOffering":"WindowsServer","AzureImageSku":"2022-datacenter-azure-edition","AzureImageVersion":"20348.2700.250610","VirtualMachineType":"hyperv","HypervisorType":"hyperv"`)
	l.str("VirtualMachineNativeId", m.vmID)
	l.str("VirtualMachineNativeName", name)
	vmTail(l, m, "VMComputer")
}

// dashed puts a separator between the bytes of a MAC address.
func dashed(mac string, separator byte) string {
	var b []byte
	for i := 0; i < len(mac); i += 2 {
		if i > 0 {
			b = append(b, separator)
		}
		b = append(b, mac[i:i+2]...)
	}
	return string(b)
}
