package scenario

import "strconv"

// forwarderPath is the one file that the collector on db01 wrote.
const forwarderPath = "forwarder/db01-security.json"

// forwarderSource is db01's Security log as an nxlog collector forwards it: one file, local conventions, UTC times
// without a zone.
func forwarderSource() source {
	return source{
		name: "forwarder", perDay: 1400, rhythm: machineHours, step: hour,
		path: func(*company, ticks) string { return forwarderPath },
		start: func(co *company) ordinary {
			return newWindowsLife(co, []*machine{co.db01}, (*winEvent).appendForwarded).next
		},
		attack: func(st *story) []moment {
			return st.windowsMoments(func(m *machine) bool { return m == st.co.db01 }, (*winEvent).appendForwarded)
		},
	}
}

// appendForwarded renders the event as nxlog's im_msvistalog and to_json do.
func (e *winEvent) appendForwarded(l *line, r *rng, _ *company) {
	l.open("")
	l.key("EventTime")
	l.b = append(l.b, '"')
	l.b = appendSeconds(l.b, e.at, ' ')
	l.b = append(l.b, '"')
	l.str("Hostname", e.on.host)
	if e.id == 4625 {
		l.raw(`"Keywords":-9218868437227405312,"EventType":"AUDIT_FAILURE","SeverityValue":4,"Severity":"ERROR"`)
	} else {
		l.raw(`"Keywords":-9214364837600034816,"EventType":"AUDIT_SUCCESS","SeverityValue":2,"Severity":"INFO"`)
	}
	l.num("EventID", int64(e.id))
	l.str("SourceName", auditingProvider)
	l.raw(`"ProviderGuid":"{54849625-5478-4994-A5BA-3E3B0328C30D}","Version":2`)
	l.num("Task", taskOf(e.id))
	l.raw(`"OpcodeValue":0`)
	l.num("RecordNumber", e.record)
	l.num("ProcessID", 0x2b4)
	l.num("ThreadID", int64(r.between(300, 9000)))
	l.raw(`"Channel":"Security"`)
	l.bytes("Message", e.message(nil))
	e.appendForwardedFields(l, r)
	l.raw(`"Opcode":"Info"`)
	l.key("EventReceivedTime")
	l.b = append(l.b, '"')
	l.b = appendSeconds(l.b, e.at+int64(r.between(1, 4))*second, ' ')
	l.b = append(l.b, '"')
	l.raw(`"SourceModuleName":"eventlog","SourceModuleType":"im_msvistalog"`)
	l.shut(1)
	l.end()
}

// appendForwardedFields writes the event's own data under Windows' names.
func (e *winEvent) appendForwardedFields(l *line, r *rng) {
	switch e.id {
	case 4688:
		l.raw(`"Category":"Process Creation"`)
		e.appendAccount(l, "Subject", e.subject, false)
		l.hexStr("NewProcessId", uint64(e.newID))
		l.str("NewProcessName", e.image)
		l.raw(`"TokenElevationType":"%%1936"`)
		l.hexStr("ProcessId", uint64(e.creatorID))
		l.str("CommandLine", e.command)
		e.appendAccount(l, "Target", nobody(), false)
		l.str("ParentProcessName", e.creator)
		l.raw(`"MandatoryLabel":"S-1-16-12288"`)
	case 4672:
		l.raw(`"Category":"Special Logon"`)
		e.appendAccount(l, "Subject", e.subject, false)
		l.str("PrivilegeList", privileges)
	case 4634:
		l.raw(`"Category":"Logoff"`)
		e.appendAccount(l, "Target", e.target, false)
		l.numStr("LogonType", int64(e.logonType))
	default:
		l.raw(`"Category":"Logon"`)
		e.appendAccount(l, "Subject", e.subject, false)
		e.appendAccount(l, "Target", e.target, false)
		if e.id == 4625 {
			l.str("Status", e.status)
			l.raw(`"FailureReason":"%%2313"`)
			l.str("SubStatus", e.sub)
		}
		l.numStr("LogonType", int64(e.logonType))
		l.str("LogonProcessName", e.logonProcess)
		l.str("AuthenticationPackageName", e.package_)
		l.str("WorkstationName", e.workstation)
		if e.id == 4624 {
			l.key("LogonGuid")
			l.b = append(l.b, '"', '{')
			l.b = r.guid().append(l.b)
			l.b = append(l.b, '}', '"')
		}
		l.raw(`"TransmittedServices":"-","LmPackageName":"-","KeyLength":"0"`)
		l.hexStr("ProcessId", uint64(e.processID))
		l.str("ProcessName", e.processName)
		l.str("IpAddress", e.ip)
		l.key("IpPort")
		l.b = append(l.b, e.portText()...)
		if e.id == 4624 {
			l.raw(`"ImpersonationLevel":"%%1833","VirtualAccount":"%%1843"`)
			if e.elevated {
				l.raw(`"ElevatedToken":"%%1842"`)
			} else {
				l.raw(`"ElevatedToken":"%%1843"`)
			}
		}
	}
}

// message appends the event's text in English, shortened to its sections with values.
func (e *winEvent) message(b []byte) []byte {
	pair := func(name, v string) {
		b = append(append(append(append(b, "\r\n\t"...), name...), ":\t\t"...), v...)
	}
	who := func(title string, a account) {
		b = append(append(b, "\r\n\r\n"...), title...)
		pair("Security ID", a.sid)
		pair("Account Name", a.user)
		pair("Account Domain", a.domain)
		pair("Logon ID", "0x"+strconv.FormatUint(a.logonID, 16))
	}
	b = append(b, activityText(e.id)[len("4624 - "):]...)
	switch e.id {
	case 4688:
		who("Creator Subject:", e.subject)
		b = append(b, "\r\n\r\nProcess Information:"...)
		pair("New Process ID", "0x"+strconv.FormatInt(e.newID, 16))
		pair("New Process Name", e.image)
		pair("Creator Process ID", "0x"+strconv.FormatInt(e.creatorID, 16))
		pair("Creator Process Name", e.creator)
		pair("Process Command Line", e.command)
	case 4672:
		who("Subject:", e.subject)
		b = append(append(b, "\r\n\r\nPrivileges:\t\t"...), privileges...)
	case 4634:
		who("Subject:", e.target)
		b = append(append(b, "\r\n\r\nLogon Type:\t\t\t"...), strconv.Itoa(e.logonType)...)
	default:
		who("Subject:", e.subject)
		b = append(append(b, "\r\n\r\nLogon Type:\t\t\t"...), strconv.Itoa(e.logonType)...)
		if e.id == 4625 {
			who("Account For Which Logon Failed:", e.target)
			b = append(b, "\r\n\r\nFailure Information:"...)
			pair("Status", e.status)
			pair("Sub Status", e.sub)
		} else {
			who("New Logon:", e.target)
		}
		b = append(b, "\r\n\r\nNetwork Information:"...)
		pair("Workstation Name", e.workstation)
		pair("Source Network Address", e.ip)
		pair("Source Port", strconv.Itoa(e.port))
	}
	return b
}
