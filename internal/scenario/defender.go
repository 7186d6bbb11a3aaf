package scenario

import "strings"

// defenderPath is the blob of one advanced hunting table in the streaming export.
func defenderPath(table string) func(*company, ticks) string {
	return entraPath("insights-logs-advancedhunting-" + strings.ToLower(table))
}

// deviceHead writes the envelope and the members that every device event has. received is when the service got it.
func deviceHead(l *line, r *rng, co *company, table string, t ticks, m *machine, action string) {
	received := t + int64(r.between(20_000_000, 900_000_000))
	l.open("")
	l.when("time", received+int64(r.between(50_000_000, 600_000_000)), "Z")
	l.str("tenantId", co.tenant)
	l.raw(`"operationName":"Publish"`)
	l.str("category", "AdvancedHunting-"+table)
	l.when("_TimeReceivedBySvc", received, "Z")
	l.open("properties")
	l.when("Timestamp", t, "Z")
	l.str("DeviceId", m.device)
	l.str("DeviceName", m.host)
	l.num("ReportId", int64(r.between(1000, 400_000)))
	l.str("ActionType", action)
	l.raw(`"MachineGroup":"Servers","AppGuardContainerId":""`)
}

// deviceTail ends the record.
func deviceTail(l *line) {
	l.shut(1)
	l.raw(`"Tenant":"DefaultTenant"`)
	l.shut(1)
	l.end()
}

// initiator is the process that did it, as every device event describes it.
type initiator struct {
	img               *image
	pid, parentPID    int64
	parent            string // file name
	command           string
	started           ticks
	user, domain, sid string
	remoteIP          string // of the desktop session it runs in, empty for none
}

// append writes the InitiatingProcess… members.
func (p *initiator) append(l *line) {
	l.str("InitiatingProcessFileName", baseName(p.img.path))
	l.str("InitiatingProcessFolderPath", strings.ToLower(p.img.path))
	l.str("InitiatingProcessSHA1", p.img.sha1)
	l.str("InitiatingProcessSHA256", p.img.sha256)
	l.str("InitiatingProcessMD5", p.img.md5)
	l.num("InitiatingProcessFileSize", p.img.size)
	l.num("InitiatingProcessId", p.pid)
	l.str("InitiatingProcessCommandLine", p.command)
	l.when("InitiatingProcessCreationTime", p.started, "Z")
	l.num("InitiatingProcessParentId", p.parentPID)
	l.str("InitiatingProcessParentFileName", p.parent)
	l.when("InitiatingProcessParentCreationTime", p.started-minute, "Z")
	l.str("InitiatingProcessAccountName", p.user)
	l.str("InitiatingProcessAccountDomain", p.domain)
	l.str("InitiatingProcessAccountSid", p.sid)
	l.raw(`"InitiatingProcessAccountUpn":null,"InitiatingProcessAccountObjectId":null,"InitiatingProcessIntegrityLevel":"High","InitiatingProcessTokenElevation":"TokenElevationTypeDefault"`)
	l.str("InitiatingProcessVersionInfoCompanyName", p.img.company)
	l.str("InitiatingProcessVersionInfoProductName", p.img.product)
	l.str("InitiatingProcessVersionInfoProductVersion", p.img.version)
	l.str("InitiatingProcessVersionInfoFileDescription", p.img.description)
	l.str("InitiatingProcessVersionInfoInternalFileName", baseName(p.img.path))
	l.str("InitiatingProcessVersionInfoOriginalFileName", baseName(p.img.path))
	l.flag("IsInitiatingProcessRemoteSession", p.remoteIP != "")
	if p.remoteIP != "" {
		l.str("InitiatingProcessRemoteSessionIP", p.remoteIP)
		l.raw(`"InitiatingProcessRemoteSessionDeviceName":"DESKTOP-7Q4M2LP"`)
	} else {
		l.raw(`"InitiatingProcessRemoteSessionIP":null,"InitiatingProcessRemoteSessionDeviceName":null`)
	}
}

// service is a process of the operating system as initiator.
func (c *company) service(name string, t ticks) initiator {
	return initiator{img: c.images[name], pid: 640 + int64(len(name))*44, parentPID: 680, parent: "services.exe",
		command: c.images[name].path, started: floor(t, day) - 13*day + 6*hour, user: "system", domain: "nt authority", sid: "S-1-5-18"}
}

// initiator is a process of the attack as the cause of something else.
func (p *process) initiator() initiator {
	i := initiator{img: p.img, pid: p.pid, parentPID: p.parentPID, parent: baseName(p.parent.path), command: p.command, started: p.at,
		user: p.user, domain: strings.ToLower(p.domain), sid: p.sid}
	if p.interactive {
		i.remoteIP = AttackerAddress
	}
	return i
}

// deviceProcessSource is started programs.
func deviceProcessSource() source {
	const table = "DeviceProcessEvents"
	return source{
		name: "deviceprocess", perDay: 650, rhythm: machineHours, step: hour, late: 4, path: defenderPath(table),
		start: func(co *company) ordinary {
			starts := ordinaryStarts()
			return func(l *line, r *rng, t ticks) ticks {
				s := pick(r, starts)
				m := pick(r, co.machines)
				deviceHead(l, r, co, table, t, m, "ProcessCreated")
				by := co.service(s.parent, t)
				appendCreated(l, t, co.images[s.image], int64(r.between(0x300, 0x3fff))*4, s.command, "system", "nt authority", "S-1-5-18", 0x3e7, "")
				by.append(l)
				deviceTail(l)
				return t
			}
		},
		attack: func(st *story) (ms []moment) {
			for _, p := range st.processes {
				ms = append(ms, moment{p.at, func(l *line, r *rng) {
					deviceHead(l, r, st.co, table, p.at, p.on, "ProcessCreated")
					remote := ""
					if p.interactive {
						remote = AttackerAddress
					}
					appendCreated(l, p.at, p.img, p.pid, p.command, p.user, strings.ToLower(p.domain), p.sid, p.logonID, remote)
					by := initiator{img: p.parent, pid: p.parentPID, parentPID: p.grandParentPID, parent: p.grandParent, command: p.parentCommand,
						started: p.parentAt, user: p.user, domain: strings.ToLower(p.domain), sid: p.sid, remoteIP: remote}
					if !p.interactive {
						by = st.co.service("wmiprvse.exe", p.at)
						by.pid, by.command = p.parentPID, p.parentCommand
					}
					by.append(l)
					deviceTail(l)
				}})
			}
			return ms
		},
	}
}

// appendCreated writes the members about the new process.
func appendCreated(l *line, t ticks, img *image, pid int64, command, user, domain, sid string, logon uint64, remoteIP string) {
	l.str("FileName", baseName(img.path))
	l.str("FolderPath", img.path)
	l.str("SHA1", img.sha1)
	l.str("SHA256", img.sha256)
	l.str("MD5", img.md5)
	l.num("FileSize", img.size)
	l.num("ProcessId", pid)
	l.str("ProcessCommandLine", command)
	l.when("ProcessCreationTime", t, "Z")
	l.raw(`"ProcessIntegrityLevel":"High","ProcessTokenElevation":"TokenElevationTypeDefault"`)
	l.str("ProcessVersionInfoCompanyName", img.company)
	l.str("ProcessVersionInfoProductName", img.product)
	l.str("ProcessVersionInfoProductVersion", img.version)
	l.str("ProcessVersionInfoFileDescription", img.description)
	l.str("ProcessVersionInfoInternalFileName", baseName(img.path))
	l.str("ProcessVersionInfoOriginalFileName", baseName(img.path))
	l.str("AccountName", user)
	l.str("AccountDomain", domain)
	l.str("AccountSid", sid)
	l.raw(`"AccountUpn":null,"AccountObjectId":null`)
	l.num("LogonId", int64(logon))
	l.raw(`"AdditionalFields":null,"InitiatingProcessSignatureStatus":"Valid","InitiatingProcessSignerType":"OsVendor"`)
	l.flag("IsProcessRemoteSession", remoteIP != "")
	if remoteIP != "" {
		l.str("ProcessRemoteSessionIP", remoteIP)
	} else {
		l.raw(`"ProcessRemoteSessionIP":null`)
	}
	l.raw(`"ProcessRemoteSessionDeviceName":null`)
}

// deviceConnection is one network event of a device.
type deviceConnection struct {
	at         ticks
	on         *machine
	action     string
	remote     string
	remotePort int
	localPort  int
	url        string
	by         initiator
}

// append renders the record.
func (d *deviceConnection) append(l *line, r *rng, co *company) {
	deviceHead(l, r, co, "DeviceNetworkEvents", d.at, d.on, d.action)
	l.str("RemoteIP", d.remote)
	l.num("RemotePort", int64(d.remotePort))
	l.key("RemoteUrl")
	if d.url != "" {
		l.b = appendString(l.b, d.url)
	} else {
		l.b = append(l.b, "null"...)
	}
	l.str("LocalIP", d.on.ip)
	l.num("LocalPort", int64(d.localPort))
	l.raw(`"Protocol":"Tcp","LocalIPType":"Private"`)
	l.str("RemoteIPType", ipType(d.remote))
	l.raw(`"AdditionalFields":null`)
	d.by.append(l)
	deviceTail(l)
}

// ipType is Defender's word for the kind of an address.
func ipType(ip string) string {
	if strings.HasPrefix(ip, "10.") {
		return "Private"
	}
	return "Public"
}

// deviceNetworkSource is connections by process.
func deviceNetworkSource() source {
	return source{
		name: "devicenetwork", perDay: 850, rhythm: machineHours, step: hour, late: 4, path: defenderPath("DeviceNetworkEvents"),
		start: func(co *company) ordinary {
			return func(l *line, r *rng, t ticks) ticks {
				v := co.ordinaryLink(r)
				name := map[string]string{"w3wp": "w3wp.exe", "sqlservr": "sqlservr.exe", "lsass": "lsass.exe"}[v.process]
				if name == "" {
					name = "healthservice.exe"
				}
				d := deviceConnection{at: t, on: v.on, action: "ConnectionSuccess", remote: v.remote, remotePort: v.port,
					localPort: r.between(49152, 65535), by: co.service(name, t)}
				if v.inbound {
					d.action, d.remotePort, d.localPort = "InboundConnectionAccepted", d.localPort, v.port
				}
				d.append(l, r, co)
				return t
			}
		},
		attack: (*story).deviceConnections,
	}
}

// deviceConnections is the attack as the two servers' sensors saw it.
func (s *story) deviceConnections() (ms []moment) {
	add := func(d deviceConnection) {
		ms = append(ms, moment{d.at, func(l *line, r *rng) { d.append(l, r, s.co) }})
	}
	web, db := s.co.web01, s.co.db01
	rdp := deviceConnection{on: web, action: "InboundConnectionAccepted", remote: AttackerAddress, localPort: 3389, by: s.co.service("svchost.exe", s.start)}
	rdp.by.command = `svchost.exe -k termsvcs -s TermService`
	for _, g := range s.guesses {
		rdp.at, rdp.remotePort = g.at+81_204, g.port
		add(rdp)
	}
	rdp.at, rdp.remotePort = s.session.at+77_390, s.session.sport
	add(rdp)
	add(deviceConnection{at: s.download.at, on: web, action: "ConnectionSuccess", remote: AttackerAddress, remotePort: 80, localPort: s.download.sport,
		url: "http://" + AttackerAddress + "/a.ps1", by: s.shell.initiator()})
	for _, c := range s.lateral {
		by := s.shell.initiator()
		if c.dport == 445 {
			by = s.co.service("svchost.exe", s.start)
		}
		add(deviceConnection{at: c.at + 44_120, on: web, action: "ConnectionSuccess", remote: db.ip, remotePort: c.dport, localPort: c.sport, by: by})
		add(deviceConnection{at: c.at + 45_977, on: db, action: "InboundConnectionAccepted", remote: web.ip, remotePort: c.sport, localPort: c.dport,
			by: s.co.service("svchost.exe", s.start)})
	}
	for _, c := range s.exfil {
		add(deviceConnection{at: c.at + 51_006, on: db, action: "ConnectionSuccess", remote: DropAddress, remotePort: 443, localPort: c.sport, by: s.rclone.initiator()})
	}
	return ms
}

// deviceLogon is one logon event of a device.
type deviceLogon struct {
	at                ticks
	on                *machine
	ok                bool
	kind              string // LogonType in words
	user, sid         string
	logonID           uint64
	remote, remoteDev string
	protocol, failure string
	admin             bool
}

// append renders the record.
func (d *deviceLogon) append(l *line, r *rng, co *company) {
	action := "LogonSuccess"
	if !d.ok {
		action = "LogonFailed"
	}
	deviceHead(l, r, co, "DeviceLogonEvents", d.at, d.on, action)
	l.str("LogonType", d.kind)
	l.str("AccountName", d.user)
	l.str("AccountDomain", strings.ToLower(netbiosDomain))
	l.str("AccountSid", d.sid)
	l.num("LogonId", int64(d.logonID))
	l.str("Protocol", d.protocol)
	l.str("FailureReason", d.failure)
	l.flag("IsLocalAdmin", d.admin)
	l.str("RemoteIP", d.remote)
	l.str("RemoteDeviceName", d.remoteDev)
	l.str("RemoteIPType", ipType(d.remote))
	l.raw(`"RemotePort":0,"AdditionalFields":"{\"IsLocalLogon\":false}"`)
	by := co.service("lsass.exe", d.at)
	by.append(l)
	deviceTail(l)
}

// deviceLogonSource is logons as Defender sees them.
func deviceLogonSource() source {
	return source{
		name: "devicelogon", perDay: 400, rhythm: officeHours, step: hour, late: 4, path: defenderPath("DeviceLogonEvents"),
		start: func(co *company) ordinary {
			return func(l *line, r *rng, t ticks) ticks {
				p, from := pick(r, co.people), pick(r, co.machines)
				d := deviceLogon{at: t, on: pick(r, co.machines), ok: true, kind: "Network", user: p.sam, sid: p.sid, logonID: uint64(r.between(0x10000, 0x7ffffff)),
					remote: from.ip, remoteDev: from.name, protocol: "Kerberos"}
				if r.permille(20) {
					d.ok, d.failure, d.logonID = false, "InvalidUserNameOrPassword", 0
				}
				d.append(l, r, co)
				return t
			}
		},
		attack: func(st *story) (ms []moment) {
			add := func(d deviceLogon) {
				ms = append(ms, moment{d.at, func(l *line, r *rng) { d.append(l, r, st.co) }})
			}
			for _, g := range st.guesses {
				d := deviceLogon{at: g.at + 1_204_411, on: st.co.web01, kind: "Network", user: g.account, sid: "", remote: AttackerAddress,
					remoteDev: "DESKTOP-7Q4M2LP", protocol: "NTLM", failure: "InvalidUserNameOrPassword"}
				if g.logonType == 10 {
					d.kind, d.protocol = "RemoteInteractive", "Negotiate"
				}
				add(d)
			}
			add(deviceLogon{at: st.start + logonAt, on: st.co.web01, ok: true, kind: "RemoteInteractive", user: guessAccount, sid: st.serviceSID,
				logonID: st.session.logonID, remote: AttackerAddress, remoteDev: "DESKTOP-7Q4M2LP", protocol: "Negotiate", admin: true})
			add(deviceLogon{at: st.start + moveAt, on: st.co.db01, ok: true, kind: "Network", user: guessAccount, sid: st.serviceSID,
				logonID: st.move.logonID, remote: st.co.web01.ip, remoteDev: st.co.web01.name, protocol: "NTLM", admin: true})
			return ms
		},
	}
}
