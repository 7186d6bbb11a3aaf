package scenario

import "strconv"

// securityAlertSource is the alerts of Defender for Cloud in the workspace: the attack's, and little else.
func securityAlertSource() source {
	return source{
		name: "securityalert", perDay: 3, rhythm: officeHours, step: 5 * minute, path: exportPath("securityalert"),
		start: func(co *company) ordinary {
			return func(l *line, r *rng, t ticks) ticks {
				m := pick(r, co.machines[:2])
				a := alert{at: t, name: "Attempted logon by a potentially harmful application", kind: "VM_SuspiciousActivity", severity: "Low", on: m,
					text: "A potentially harmful application attempted to access your resource.", from: scanner(r), tactics: "InitialAccess",
					first: t - 3*minute, last: t - minute, count: r.between(2, 9)}
				a.append(l, r, co)
				return t
			}
		},
		attack: func(st *story) (ms []moment) {
			for _, a := range []alert{
				{at: st.start + alertIPAt + 5_288_107, name: "Traffic detected from IP addresses recommended for blocking", kind: "Network_TrafficFromUnrecommendedIP",
					severity: "High", tactics: "PreAttack", first: st.guesses[0].at, last: st.guesses[40].at, count: 41,
					text: "Microsoft Defender for Cloud detected inbound traffic from IP addresses that are recommended to be blocked."},
				{at: st.start + alertRDPAt + 2_719_440, name: "Suspected successful brute force attack", kind: "VM_LoginBruteForceSuccess",
					severity: "High", tactics: "InitialAccess", first: st.guesses[0].at, last: st.start + logonAt, count: rdpFailures,
					text: "Several sign in attempts were detected from the same source. Some of them were successful. This resembles a burst attack, in which an attacker performs numerous authentication attempts to find valid account credentials."},
			} {
				a.on, a.from = st.co.web01, AttackerAddress
				if a.kind == "VM_LoginBruteForceSuccess" {
					a.user = guessAccount
				}
				ms = append(ms, moment{a.at, func(l *line, r *rng) { a.append(l, r, st.co) }})
			}
			return ms
		},
	}
}

// alert is one row of SecurityAlert.
type alert struct {
	at                         ticks
	name, kind, severity, text string
	tactics, from, user        string
	on                         *machine
	first, last                ticks
	count                      int
}

// append renders the row; Entities and ExtendedProperties are JSON in strings.
func (a *alert) append(l *line, r *rng, co *company) {
	id := r.guid()
	link := "https://portal.azure.com/#blade/Microsoft_Azure_Security_AzureDefenderForData/AlertBlade/alertId/" + id.String() + "/subscriptionId/" + co.subscription + "/resourceGroup/" + a.on.rg + "/location/" + region
	name := a.on.host[:len(a.on.host)-len(companyDomain)-1]
	l.open("")
	l.str("TenantId", co.workspace)
	l.when("TimeGenerated", a.at, "Z")
	l.str("DisplayName", a.name)
	l.str("AlertName", a.name)
	l.str("AlertSeverity", a.severity)
	l.str("Description", a.text)
	l.raw(`"ProviderName":"Azure Security Center","VendorName":"Microsoft"`)
	l.id("VendorOriginalId", id)
	l.id("SystemAlertId", r.guid())
	l.str("ResourceId", a.on.id)
	l.str("SourceComputerId", a.on.agent)
	l.str("AlertType", a.kind)
	l.raw(`"ConfidenceLevel":"","ConfidenceScore":null,"IsIncident":false`)
	l.when("StartTime", a.first, "Z")
	l.when("EndTime", a.last, "Z")
	l.when("ProcessingEndTime", a.at, "Z")
	l.raw(`"RemediationSteps":"[\"Review the IP addresses and decide whether they should reach this machine\",\"Close the management port or use just-in-time access\"]"`)

	var x line
	x.open("")
	x.str("Destination Port", "3389")
	x.str("Protocol", "TCP")
	x.str("Attacker source IP", "IP Address: "+a.from)
	x.str("Source IP(s) [#attempts]", "IP Address: "+a.from+" ["+strconv.Itoa(a.count)+"]")
	x.str("Number of failed authentication attempts to host", strconv.Itoa(a.count))
	if a.user != "" {
		x.str("Accounts used on successful sign in to host", netbiosDomain+`\`+a.user)
	}
	x.str("Victim Host", name)
	x.str("resourceType", "Virtual Machine")
	x.str("ProcessedBySentinel", "True")
	x.str("Alert generation status", "Completed processing by Sentinel")
	x.shut(1)
	l.bytes("ExtendedProperties", x.b)

	x.reset()
	x.b = append(x.b, '[')
	x.open("")
	x.raw(`"$id":"4"`)
	x.str("HostName", name)
	x.str("DnsDomain", companyDomain)
	x.str("AzureID", a.on.id)
	x.raw(`"OSFamily":"Windows","Type":"host"`)
	x.shut(1)
	x.open("")
	x.raw(`"$id":"5"`)
	x.str("Address", a.from)
	x.raw(`"Type":"ip"`)
	x.shut(1)
	if a.user != "" {
		x.open("")
		x.raw(`"$id":"6"`)
		x.str("Name", a.user)
		x.str("NTDomain", netbiosDomain)
		x.raw(`"Host":{"$ref":"4"},"IsDomainJoined":true,"Type":"account"`)
		x.shut(1)
	}
	x.open("")
	x.raw(`"$id":"7"`)
	x.str("ResourceId", a.on.id)
	x.raw(`"Type":"azure-resource"`)
	x.shut(1)
	x.b = append(x.b, ']')
	l.bytes("Entities", x.b)

	l.raw(`"SourceSystem":"Detection"`)
	l.str("WorkspaceSubscriptionId", co.subscription)
	l.raw(`"WorkspaceResourceGroup":"rg-security","ExtendedLinks":"","ProductName":"Azure Security Center","ProductComponentName":"Servers"`)
	l.str("AlertLink", link)
	l.raw(`"Status":"New"`)
	l.str("CompromisedEntity", name)
	l.str("Tactics", a.tactics)
	l.raw(`"Techniques":"[\"T1110\"]","SubTechniques":"","Type":"SecurityAlert"`)
	l.shut(1)
	l.end()
}
