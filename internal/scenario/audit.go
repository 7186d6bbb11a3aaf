package scenario

// auditChange is one kind of ordinary directory change.
type auditChange struct {
	operation, category, service, kind string
	target                             string // User, Group or Device
	property                           string // name of the modified property
}

// auditSource is the directory's audit log.
func auditSource() source {
	changes := []auditChange{
		{"Update user", "UserManagement", "Core Directory", "Update", "User", "JobTitle"},
		{"Update user", "UserManagement", "Core Directory", "Update", "User", "StrongAuthenticationPhoneAppDetail"},
		{"Add member to group", "GroupManagement", "Core Directory", "Assign", "User", "Group.ObjectID"},
		{"Remove member from group", "GroupManagement", "Core Directory", "Unassign", "User", "Group.ObjectID"},
		{"Update group", "GroupManagement", "Core Directory", "Update", "Group", "Description"},
		{"Update device", "Device", "Core Directory", "Update", "Device", "DeviceOSVersion"},
		{"User registered security info", "UserManagement", "Authentication Methods", "Add", "User", ""},
		{"Reset user password", "UserManagement", "Core Directory", "Update", "User", ""},
	}
	return source{
		name: "audit", perDay: 320, rhythm: officeHours, step: hour, late: 8, path: entraPath("insights-logs-auditlogs"),
		start: func(co *company) ordinary {
			return func(l *line, r *rng, t ticks) ticks {
				appendAuditChange(l, r, co, t, pick(r, changes))
				return t
			}
		},
		attack: func(st *story) []moment {
			at := st.secretAt + 8_140_226
			return []moment{{at, func(l *line, r *rng) { st.appendNewSecret(l, r, at) }}}
		},
	}
}

// auditHead writes the envelope and the properties up to initiatedBy, which the caller goes on with.
func auditHead(l *line, r *rng, co *company, t ticks, operation, category, service, kind, ip string) {
	correlation := r.guid()
	l.open("")
	entraEnvelope(l, t, co, operation, "1.0", "AuditLogs")
	l.raw(`"resultSignature":"None","durationMs":0`)
	if ip != "" {
		l.str("callerIpAddress", ip)
	}
	l.id("correlationId", correlation)
	l.raw(`"Level":4`)
	l.open("properties")
	l.str("tenantId", co.tenant)
	l.raw(`"resultType":"","resultDescription":""`)
	l.str("operationName", operation)
	l.raw(`"identity":"","tenantGeo":"EU"`)
	l.key("id")
	l.b = append(l.b, `"Directory_`...)
	l.b = correlation.append(l.b)
	l.b = append(l.b, '_')
	l.b = append(l.b, r.hex(5)...)
	l.b = append(l.b, '_')
	l.b = append(l.b, byte('1'+r.n(9)))
	l.b = append(l.b, r.hex(6)...)
	l.b = append(l.b, '"')
	l.str("category", category)
	l.id("correlationId", correlation)
	l.raw(`"result":"success","resultReason":""`)
	l.str("activityDisplayName", operation)
	l.when("activityDateTime", t, "+00:00")
	l.str("loggedByService", service)
	l.str("operationType", kind)
	l.raw(`"userAgent":null`)
}

// initiatedByUser writes who did it, with the address where the log has one.
func initiatedByUser(l *line, p *person, ip string) {
	l.open("initiatedBy")
	l.open("user")
	l.str("id", p.id)
	l.raw(`"displayName":null`)
	l.str("userPrincipalName", p.upn)
	if ip == "" {
		l.raw(`"ipAddress":null`)
	} else {
		l.str("ipAddress", ip)
	}
	l.raw(`"roles":[]`)
	l.shut(2)
}

// appendAuditChange renders one ordinary change.
func appendAuditChange(l *line, r *rng, co *company, t ticks, c auditChange) {
	by, on := pick(r, co.admins), pick(r, co.people)
	group := pick(r, co.directory)
	ip := by.office.ip
	if c.service != "Core Directory" {
		by, ip = on, on.office.ip
	}
	auditHead(l, r, co, t, c.operation, c.category, c.service, c.kind, ip)
	if c.target == "Device" {
		l.raw(`"initiatedBy":{"app":{"appId":null,"displayName":"Device Registration Service","servicePrincipalId":null,"servicePrincipalName":null}}`)
	} else {
		initiatedByUser(l, by, ip)
	}
	l.raw(`"performedBy":null`)
	l.key("targetResources")
	l.b = append(l.b, '[')
	l.open("")
	switch c.target {
	case "Group":
		l.str("id", group.id)
		l.str("displayName", group.name)
		l.raw(`"type":"Group","groupType":"unknownFutureValue"`)
	case "Device":
		m := pick(r, co.machines)
		l.str("id", m.vmID)
		l.str("displayName", m.name)
		l.raw(`"type":"Device"`)
	default:
		l.str("id", on.id)
		l.raw(`"displayName":null,"type":"User"`)
		l.str("userPrincipalName", on.upn)
	}
	l.key("modifiedProperties")
	l.b = append(l.b, '[')
	switch c.property {
	case "":
	case "Group.ObjectID":
		l.raw(`{"displayName":"Group.ObjectID","oldValue":null,"newValue":"\"` + group.id + `\""}`)
		l.raw(`{"displayName":"Group.DisplayName","oldValue":null,"newValue":"\"` + group.name + `\""}`)
		l.raw(`{"displayName":"Group.WellKnownObjectName","oldValue":null,"newValue":null}`)
	default:
		l.raw(`{"displayName":"` + c.property + `","oldValue":"[\"` + pick(r, titles[:]) + `\"]","newValue":"[\"` + pick(r, titles[:]) + `\"]"}`)
		l.raw(`{"displayName":"Included Updated Properties","oldValue":null,"newValue":"\"` + c.property + `\""}`)
	}
	l.b = append(l.b, `],"administrativeUnits":[]}`...)
	if c.property == "Group.ObjectID" {
		l.raw(`{"id":"` + group.id + `","displayName":null,"type":"Group","groupType":"unknownFutureValue","modifiedProperties":[],"administrativeUnits":[]}`)
	}
	l.b = append(l.b, ']')
	l.raw(`"additionalDetails":[`)
	l.raw(`{"key":"User-Agent","value":`)
	l.b = appendString(l.b, by.client.agent)
	l.b = append(l.b, `}]`...)
	l.shut(2)
	l.end()
}

// secretOperation is the name as the directory writes it, with an en dash and a trailing space.
const secretOperation = "Update application – Certificates and secrets management "

// appendNewSecret renders the extra credential on the first application.
func (s *story) appendNewSecret(l *line, r *rng, at ticks) {
	p := s.co.principals[0]
	auditHead(l, r, s.co, at, secretOperation, "ApplicationManagement", "Core Directory", "Update", AttackerAddress)
	initiatedByUser(l, s.co.phished, AttackerAddress)
	l.raw(`"performedBy":null`)
	key := func(id, name string) string {
		return "[KeyIdentifier=" + id + ",KeyType=Password,KeyUsage=Verify,DisplayName=" + name + "]"
	}
	list := func(entries ...string) string {
		var b []byte
		b = append(b, '[')
		for i, e := range entries {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, e)
		}
		return string(append(b, ']'))
	}
	old, added := key(p.keyID, "pipeline"), key(s.secretKey.String(), "sync")
	l.key("targetResources")
	l.b = append(l.b, '[')
	l.open("")
	l.str("id", p.objectID)
	l.str("displayName", p.name)
	l.raw(`"type":"Application"`)
	l.key("modifiedProperties")
	l.b = append(l.b, '[')
	l.open("")
	l.str("displayName", "KeyDescription")
	l.str("oldValue", list(old))
	l.str("newValue", list(old, added))
	l.shut(1)
	l.raw(`{"displayName":"Included Updated Properties","oldValue":null,"newValue":"\"KeyDescription\""}`)
	l.b = append(l.b, `],"administrativeUnits":[]}]`...)
	l.raw(`"additionalDetails":[{"key":"User-Agent","value":"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"},{"key":"AppId","value":"` + p.appID + `"}]`)
	l.shut(2)
	l.end()
}
