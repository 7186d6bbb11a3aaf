package scenario

import "strconv"

// systemLogon is the logon id of the operating system itself, the same on every machine.
const systemLogon = 0x3e7

// account is who a Windows event names; the zero value prints as Windows prints nobody.
type account struct {
	sid, user, domain string
	logonID           uint64
}

// systemAccount is the machine's own account as the subject of its services' events.
func systemAccount(m *machine) account {
	return account{"S-1-5-18", m.name + "$", netbiosDomain, systemLogon}
}

// nobody is the subject of network logons.
func nobody() account { return account{"S-1-0-0", "-", "-", 0} }

// winEvent is a record of a machine's Security log, before it is put into the shape of the route it takes. Fields that
// do not belong to the event's id are empty.
type winEvent struct {
	at               ticks
	on               *machine
	id               int
	record           int64
	subject, target  account
	logonType        int
	ip               string // "-" for none
	port             int
	workstation      string
	logonProcess     string
	package_         string
	processID        int64  // the process that asked for the logon
	processName      string // …and its path
	status, sub      string // of a failed logon
	newID, creatorID int64
	image, creator   string // paths
	command          string
	elevated         bool
}

// recorder numbers each machine's events, as the Security log does; ordinary and attack records have their own ranges.
type recorder struct{ next map[*machine]int64 }

// number is the next EventRecordID of a machine.
func (c *recorder) number(m *machine) int64 {
	c.next[m]++
	return c.next[m]
}

// newRecorder starts every machine at first.
func newRecorder(co *company, first int64) *recorder {
	c := &recorder{map[*machine]int64{}}
	for i, m := range co.machines {
		c.next[m] = first + int64(i)*1_000_003
	}
	return c
}

// windowsLife is ordinary life in the Security logs of some machines. Open sessions are a ring of fixed size: a new
// logon takes the place of the oldest, which logs off.
type windowsLife struct {
	co       *company
	machines []*machine
	numbers  *recorder
	sessions [48]winEvent
	oldest   int
	special  winEvent // the 4672 that is to follow a logon; on is nil when there is none
	render   func(*winEvent, *line, *rng, *company)
}

// newWindowsLife prepares the machines whose logs take one route.
func newWindowsLife(co *company, machines []*machine, render func(*winEvent, *line, *rng, *company)) *windowsLife {
	return &windowsLife{co: co, machines: machines, numbers: newRecorder(co, 4_000_000), render: render}
}

// next renders the next event.
func (w *windowsLife) next(l *line, r *rng, t ticks) ticks {
	var e winEvent
	switch d := r.n(1000); {
	case w.special.on != nil:
		e, w.special = w.special, winEvent{}
	case d < 380:
		e = w.logon(r)
		if e.target.logonID != systemLogon { // which never ends
			w.sessions[w.oldest] = e
			w.oldest = (w.oldest + 1) % len(w.sessions)
		}
		if e.elevated {
			w.special = winEvent{on: e.on, id: 4672, subject: e.target}
		}
	case d < 640 && w.sessions[w.oldest].on != nil:
		s := &w.sessions[w.oldest]
		e = winEvent{on: s.on, id: 4634, target: s.target, logonType: s.logonType}
		s.on = nil
		w.oldest = (w.oldest + 1) % len(w.sessions)
	case d < 985:
		e = w.process(r)
	default:
		p := pick(r, w.co.people)
		e = failedLogon(pick(r, w.machines), p.sam, 3, true, w.co.jump01.ip, r.between(49200, 65000), w.co.jump01.name)
	}
	e.at, e.record = t, w.numbers.number(e.on)
	w.render(&e, l, r, w.co)
	return t
}

// logon draws a successful logon: mostly over the network, then services, then people.
func (w *windowsLife) logon(r *rng) winEvent {
	m := pick(r, w.machines)
	e := winEvent{on: m, id: 4624, subject: nobody(), ip: "-", workstation: "-", logonProcess: "Kerberos", package_: "Kerberos", processName: "-"}
	p := pick(r, w.co.people)
	id := uint64(r.between(0x10000, 0x7ffffff))
	switch d := r.n(100); {
	case d < 55:
		from := pick(r, w.co.machines)
		e.logonType, e.ip, e.port = 3, from.ip, r.between(49200, 65000)
		e.target = account{p.sid, p.sam, netbiosDomain, id}
		if d < 25 {
			e.target = account{from.sid, from.name + "$", netbiosDomain + ".COM", id}
		}
	case d < 92:
		e.logonType, e.subject = 5, systemAccount(m)
		e.target = account{"S-1-5-18", "SYSTEM", "NT AUTHORITY", systemLogon}
		e.logonProcess, e.package_, e.processID, e.processName = "Advapi  ", "Negotiate", 0x2a8, w.co.images["services.exe"].path
		e.elevated = r.permille(300)
	case d < 96:
		e.logonType, e.subject = 2, systemAccount(m)
		e.target, e.elevated = account{p.sid, p.sam, netbiosDomain, id}, r.permille(300)
		e.logonProcess, e.package_, e.ip, e.workstation = "User32 ", "Negotiate", "127.0.0.1", m.name
		e.processID, e.processName = 0x4c4, w.co.images["svchost.exe"].path
	default:
		a := pick(r, w.co.admins)
		e.logonType, e.subject, e.elevated = 10, systemAccount(m), true
		e.target = account{a.sid, a.sam, netbiosDomain, id}
		e.ip, e.workstation, e.logonProcess, e.package_ = w.co.jump01.ip, m.name, "User32 ", "Negotiate"
		e.processID, e.processName = 0x4c4, w.co.images["svchost.exe"].path
	}
	return e
}

// start is a program that starts on every server now and then: image, parent, command line.
type start struct{ image, parent, command string }

// ordinaryStarts are the programs of everyday operation.
func ordinaryStarts() []start {
	return []start{
		{"svchost.exe", "services.exe", `C:\Windows\system32\svchost.exe -k netsvcs -p -s wuauserv`},
		{"taskhostw.exe", "svchost.exe", `taskhostw.exe SYSTEM`},
		{"conhost.exe", "cmd.exe", `\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1`},
		{"wmiprvse.exe", "svchost.exe", `C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding`},
		{"cmd.exe", "svchost.exe", `C:\Windows\system32\cmd.exe /c D:\jobs\rotate.cmd`},
		{"powershell.exe", "svchost.exe", `powershell.exe -NoProfile -File D:\jobs\report.ps1`},
		{"heron.exe", "services.exe", `"C:\Program Files\Contoso\Heron\heron.exe" --worker`},
	}
}

// process draws a process creation.
func (w *windowsLife) process(r *rng) winEvent {
	m, s := pick(r, w.machines), pick(r, ordinaryStarts())
	return winEvent{
		on: m, id: 4688, subject: systemAccount(m), newID: int64(r.between(0x300, 0x3fff)) * 4, creatorID: int64(r.between(0x100, 0x500)) * 4,
		image: w.co.images[s.image].path, creator: w.co.images[s.parent].path, command: s.command,
	}
}

// failedLogon is a 4625; known says whether the account exists.
func failedLogon(on *machine, user string, logonType int, known bool, ip string, port int, workstation string) winEvent {
	e := winEvent{on: on, id: 4625, subject: nobody(), target: account{"S-1-0-0", user, netbiosDomain, 0}, logonType: logonType, ip: ip, port: port,
		workstation: workstation, logonProcess: "NtLmSsp ", package_: "NTLM", processName: "-", status: "0xc000006d", sub: "0xc0000064"}
	if known {
		e.sub = "0xc000006a"
	}
	if logonType == 10 {
		e.subject, e.logonProcess, e.package_ = systemAccount(on), "User32 ", "Negotiate"
		e.processID, e.processName = 0x4c4, `C:\Windows\System32\svchost.exe`
	}
	return e
}

// securityEventSource is the Security logs that the Azure Monitor agent collects: every machine but db01.
func securityEventSource() source {
	return source{
		name: "securityevent", perDay: 3700, rhythm: machineHours, step: 5 * minute, path: exportPath("securityevent"),
		start: func(co *company) ordinary {
			var machines []*machine
			for _, m := range co.machines {
				if m != co.db01 {
					machines = append(machines, m)
				}
			}
			return newWindowsLife(co, machines, (*winEvent).appendSecurityEvent).next
		},
		attack: func(st *story) []moment {
			return st.windowsMoments(func(m *machine) bool { return m != st.co.db01 }, (*winEvent).appendSecurityEvent)
		},
	}
}

// windowsMoments is the attack in the Security logs of the machines of one route.
func (s *story) windowsMoments(takes func(*machine) bool, render func(*winEvent, *line, *rng, *company)) (ms []moment) {
	numbers := newRecorder(s.co, 900_000_000) // beyond what ordinary life reaches at any scale in use
	add := func(at ticks, e winEvent) {
		if !takes(e.on) {
			return
		}
		e.at, e.record = at, numbers.number(e.on)
		ms = append(ms, moment{at, func(l *line, r *rng) { render(&e, l, r, s.co) }})
	}
	web, db := s.co.web01, s.co.db01
	for _, g := range s.guesses {
		add(g.at+1_204_411, failedLogon(web, g.account, g.logonType, g.known, AttackerAddress, g.port, "DESKTOP-7Q4M2LP"))
	}
	svchost := s.co.images["svchost.exe"].path
	user := account{s.serviceSID, guessAccount, netbiosDomain, s.session.logonID}
	at := s.start + logonAt
	add(at-second, winEvent{on: web, id: 4624, subject: nobody(), target: account{user.sid, user.user, user.domain, user.logonID - 0x1e04}, logonType: 3,
		ip: AttackerAddress, workstation: "DESKTOP-7Q4M2LP", logonProcess: "NtLmSsp ", package_: "NTLM", processName: "-", elevated: true})
	add(at, winEvent{on: web, id: 4624, subject: systemAccount(web), target: user, logonType: 10, ip: AttackerAddress, workstation: web.name,
		logonProcess: "User32 ", package_: "Negotiate", processID: 0x4c4, processName: svchost, elevated: true})
	add(at+31_250, winEvent{on: web, id: 4672, subject: user})
	add(s.session.end, winEvent{on: web, id: 4634, target: user, logonType: 10})

	mover := account{s.serviceSID, guessAccount, netbiosDomain, s.move.logonID}
	at = s.start + moveAt
	add(at, winEvent{on: db, id: 4624, subject: nobody(), target: mover, logonType: 3, ip: web.ip, port: s.move.sport, workstation: web.name,
		logonProcess: "NtLmSsp ", package_: "NTLM", processName: "-", elevated: true})
	add(at+15_620, winEvent{on: db, id: 4672, subject: mover})
	add(s.move.end, winEvent{on: db, id: 4634, target: mover, logonType: 3})
	for _, p := range s.processes {
		add(p.at, winEvent{on: p.on, id: 4688, subject: account{p.sid, p.user, p.domain, p.logonID}, newID: p.pid, creatorID: p.parentPID,
			image: p.img.path, creator: p.parent.path, command: p.command, elevated: true})
	}
	return ms
}

// activityText is what the agent puts into the Activity column.
func activityText(id int) string {
	switch id {
	case 4624:
		return "4624 - An account was successfully logged on."
	case 4625:
		return "4625 - An account failed to log on."
	case 4634:
		return "4634 - An account was logged off."
	case 4672:
		return "4672 - Special privileges assigned to new logon."
	}
	return "4688 - A new process has been created."
}

// taskOf is the audit subcategory of an event.
func taskOf(id int) int64 {
	switch id {
	case 4634:
		return 12545
	case 4672:
		return 12548
	case 4688:
		return 13312
	}
	return 12544
}

const (
	auditingProvider = "Microsoft-Windows-Security-Auditing"
	privileges       = "SeSecurityPrivilege\n\t\t\tSeBackupPrivilege\n\t\t\tSeRestorePrivilege\n\t\t\tSeTakeOwnershipPrivilege\n\t\t\tSeDebugPrivilege\n\t\t\tSeSystemEnvironmentPrivilege\n\t\t\tSeLoadDriverPrivilege\n\t\t\tSeImpersonatePrivilege"
)

// full is DOMAIN\user, or the "-\-" that Windows events have for nobody.
func (a account) full() string { return a.domain + `\` + a.user }

// appendSecurityEvent renders the row of the SecurityEvent table. Only columns with a value are exported.
func (e *winEvent) appendSecurityEvent(l *line, r *rng, co *company) {
	who := e.target
	if e.id == 4672 || e.id == 4688 {
		who = e.subject
	}
	l.open("")
	l.str("TenantId", co.workspace)
	l.when("TimeGenerated", e.at, "Z")
	l.raw(`"SourceSystem":"OpsManager"`)
	l.str("Account", who.full())
	if n := len(who.user); n > 0 && who.user[n-1] == '$' {
		l.raw(`"AccountType":"Machine"`)
	} else {
		l.raw(`"AccountType":"User"`)
	}
	l.str("Computer", e.on.host)
	l.str("EventSourceName", auditingProvider)
	l.raw(`"Channel":"Security"`)
	l.num("Task", taskOf(e.id))
	if e.id == 4625 {
		l.raw(`"Level":"16","EventLevelName":"LogAlways","Keywords":"0x8010000000000000"`)
	} else {
		l.raw(`"Level":"8","EventLevelName":"LogAlways","Keywords":"0x8020000000000000"`)
	}
	l.num("EventID", int64(e.id))
	l.str("Activity", activityText(e.id))
	switch e.id {
	case 4688:
		e.appendProcessColumns(l)
	case 4672:
		e.appendAccount(l, "Subject", e.subject, true)
		l.str("PrivilegeList", privileges)
	default:
		e.appendLogonColumns(l, r)
	}
	l.numStr("EventRecordId", e.record)
	l.num("SystemProcessId", 0x2b4)
	l.num("SystemThreadId", int64(r.between(300, 9000)))
	l.id("EventOriginId", r.guid())
	l.when("TimeCollected", e.at+int64(r.between(20_000_000, 580_000_000)), "Z")
	l.str("SourceComputerId", e.on.agent)
	l.str("ManagementGroupName", "AOI-"+co.workspace)
	l.raw(`"MG":"00000000-0000-0000-0000-000000000001","Type":"SecurityEvent"`)
	l.str("_ResourceId", e.on.lowerID())
	l.shut(1)
	l.end()
}

// appendAccount writes the four columns that name an account in one role; logon ids in hexadecimal.
func (e *winEvent) appendAccount(l *line, role string, a account, joined bool) {
	l.str(role+"UserSid", a.sid)
	l.str(role+"UserName", a.user)
	l.str(role+"DomainName", a.domain)
	if e.id != 4625 || role == "Subject" {
		l.hexStr(role+"LogonId", a.logonID)
	}
	if joined {
		l.str(role+"Account", a.full())
	}
}

// appendProcessColumns writes the columns of 4688.
func (e *winEvent) appendProcessColumns(l *line) {
	e.appendAccount(l, "Subject", e.subject, true)
	e.appendAccount(l, "Target", nobody(), false)
	l.hexStr("NewProcessId", uint64(e.newID))
	l.str("NewProcessName", e.image)
	l.str("Process", baseName(e.image))
	l.hexStr("ProcessId", uint64(e.creatorID))
	l.str("ParentProcessName", e.creator)
	l.str("CommandLine", e.command)
	if e.elevated {
		l.raw(`"TokenElevationType":"%%1937","MandatoryLabel":"S-1-16-12288"`)
	} else {
		l.raw(`"TokenElevationType":"%%1936","MandatoryLabel":"S-1-16-16384"`)
	}
}

// appendLogonColumns writes the columns of 4624, 4625 and 4634.
func (e *winEvent) appendLogonColumns(l *line, r *rng) {
	e.appendAccount(l, "Target", e.target, true)
	l.num("LogonType", int64(e.logonType))
	l.str("LogonTypeName", logonTypeName(e.logonType))
	if e.id == 4634 {
		return
	}
	e.appendAccount(l, "Subject", e.subject, true)
	l.str("LogonProcessName", e.logonProcess)
	l.str("AuthenticationPackageName", e.package_)
	l.str("WorkstationName", e.workstation)
	l.raw(`"TransmittedServices":"-"`)
	if e.package_ == "NTLM" && e.id == 4624 {
		l.raw(`"LmPackageName":"NTLM V2","KeyLength":128`)
	} else {
		l.raw(`"LmPackageName":"-","KeyLength":0`)
	}
	l.hexStr("ProcessId", uint64(e.processID))
	l.str("ProcessName", e.processName)
	if e.processName != "-" {
		l.str("Process", baseName(e.processName))
	}
	l.str("IpAddress", e.ip)
	l.key("IpPort")
	l.b = append(l.b, e.portText()...)
	if e.id == 4625 {
		l.str("Status", e.status)
		l.str("SubStatus", e.sub)
		l.raw(`"FailureReason":"%%2313"`)
		return
	}
	l.id("LogonGuid", r.guid())
	l.raw(`"ImpersonationLevel":"%%1833","VirtualAccount":"%%1843","TargetLinkedLogonId":"0x0","RestrictedAdminMode":"-","TargetOutboundUserName":"-","TargetOutboundDomainName":"-"`)
	if e.elevated {
		l.raw(`"ElevatedToken":"%%1842"`)
	} else {
		l.raw(`"ElevatedToken":"%%1843"`)
	}
}

// portText is the source port as a JSON string; "-" without an address, "0" where RDP does not tell.
func (e *winEvent) portText() string {
	if e.ip == "-" {
		return `"-"`
	}
	return `"` + strconv.Itoa(e.port) + `"`
}

// logonTypeName is the word the agent adds to the number.
func logonTypeName(t int) string {
	switch t {
	case 2:
		return "2 - Interactive"
	case 5:
		return "5 - Service"
	case 10:
		return "10 - RemoteInteractive"
	}
	return "3 - Network"
}

// baseName is the file name of a Windows path.
func baseName(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '\\' {
			return path[i+1:]
		}
	}
	return path
}
