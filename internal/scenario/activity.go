package scenario

import (
	"strconv"
	"strings"
)

// armCall is one operation on the subscription; each of its stages is a record with the same correlation id.
type armCall struct {
	action      string // Microsoft.Compute/virtualMachines/start/action
	resource    string // resource id as the portal writes it
	body        string // request body, JSON, empty for none
	status      string // of the last stage: OK, Created
	long        bool   // answered with Accept before it is done
	failed      bool
	byPerson    *person
	byApp       *principal
	ip          string
	correlation guid
	token       string // id of the token it was made with, empty for a random one
}

// armStage is what one record says of its call.
type armStage struct{ result, signature, code string }

// activityLife is the state of the ordinary activity log: the calls whose later stages are still to come.
type activityLife struct {
	co      *company
	call    armCall
	stages  []armStage // of call, still to be written
	pending [4]armStage
	last    ticks
}

// activitySource is the subscription's activity log.
func activitySource() source {
	return source{
		name: "activity", perDay: 750, rhythm: officeHours, step: hour, late: 6,
		path: func(c *company, t ticks) string {
			return hourPath("insights-activity-logs", "resourceId=/SUBSCRIPTIONS/"+strings.ToUpper(c.subscription), t)
		},
		start: func(co *company) ordinary {
			a := &activityLife{co: co}
			return a.next
		},
		attack: (*story).activityMoments,
	}
}

// ordinaryCalls is what administrators and the deployment application do every day.
func (c *company) ordinaryCall(r *rng) armCall {
	m := pick(r, c.machines)
	var call armCall
	switch r.n(8) {
	case 0:
		call = armCall{action: "Microsoft.Compute/virtualMachines/start/action", resource: m.id, status: "OK", long: true}
	case 1:
		call = armCall{action: "Microsoft.Resources/deployments/write", resource: c.resource(m.rg, "Microsoft.Resources/deployments/heron-"+strconv.Itoa(r.between(1000, 9999))), status: "Created", long: true,
			body: `{"properties":{"mode":"Incremental","templateLink":{"uri":"https://stcontosodata.blob.core.windows.net/templates/heron.json"}}}`}
	case 2, 3:
		call = armCall{action: "Microsoft.Storage/storageAccounts/listKeys/action", resource: c.storage, status: "OK"}
	case 4:
		call = armCall{action: "Microsoft.Resources/tags/write", resource: c.resource(m.rg, "Microsoft.Resources/tags/default"), status: "OK",
			body: `{"properties":{"tags":{"owner":"` + pick(r, c.people).sam + `","costCentre":"` + strconv.Itoa(r.between(4100, 4140)) + `"}}}`}
	case 5:
		call = armCall{action: "Microsoft.Network/networkSecurityGroups/write", resource: m.group.id, status: "OK",
			body: `{"location":"westeurope","tags":{"reviewed":"2026-03"}}`}
	case 6:
		call = armCall{action: "Microsoft.Compute/virtualMachines/write", resource: m.id, status: "OK", long: true,
			body: `{"location":"westeurope","properties":{"hardwareProfile":{"vmSize":"Standard_D4s_v5"}}}`}
	case 7:
		call = armCall{action: "Microsoft.Insights/diagnosticSettings/write", resource: m.id + "/providers/Microsoft.Insights/diagnosticSettings/to-workspace", status: "OK",
			body: `{"properties":{"workspaceId":"` + c.workspaceRes + `","metrics":[{"category":"AllMetrics","enabled":true}]}}`}
	}
	if r.permille(450) {
		call.byApp = c.principals[0]
		call.ip = call.byApp.ip
	} else {
		call.byPerson = pick(r, c.admins)
		call.ip = call.byPerson.office.ip
	}
	call.failed = r.permille(30)
	call.correlation = r.guid()
	return call
}

// stages lists the records of a call in order.
func (c *armCall) stages(into []armStage) []armStage {
	into = append(into[:0], armStage{"Start", "Started.", ""})
	if c.long {
		into = append(into, armStage{"Accept", "Accepted.Accepted", "Accepted"})
	}
	if c.failed {
		return append(into, armStage{"Failure", "Failed.Conflict", "Conflict"})
	}
	return append(into, armStage{"Success", "Succeeded." + c.status, c.status})
}

// next renders the next record: the next stage of the call under way, or the start of another.
func (a *activityLife) next(l *line, r *rng, t ticks) ticks {
	if len(a.stages) == 0 {
		a.call = a.co.ordinaryCall(r)
		a.stages = a.call.stages(a.pending[:])
		a.last = t
	} else {
		a.last += int64(r.between(900, 9000))*millisecond + int64(r.n(int(millisecond)))
	}
	a.call.append(l, r, a.co, a.last, a.stages[0])
	a.stages = a.stages[1:]
	return a.last
}

// activityMoments is the deployment with its rule, by the phished account, and the key listing by the application.
func (s *story) activityMoments() (ms []moment) {
	add := func(c armCall, offsets ...ticks) {
		for i, stage := range c.stages(nil) {
			at := s.start + offsets[i] + 1_903_377*int64(i+1)
			ms = append(ms, moment{at, func(l *line, r *rng) { c.append(l, r, s.co, at, stage) }})
		}
	}
	group := s.co.web01.group
	rule := `{"properties":{"description":"remote maintenance","protocol":"TCP","sourcePortRange":"*","destinationPortRange":"3389","sourceAddressPrefix":"` + AttackerAddress + `","destinationAddressPrefix":"*","access":"Allow","priority":310,"direction":"Inbound"}}`
	template := `{"properties":{"mode":"Incremental","template":{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[{"type":"Microsoft.Network/networkSecurityGroups/securityRules","apiVersion":"2024-05-01","name":"` + group.name + "/" + s.ruleName + `",` + rule[1:] + `]}}}`
	add(armCall{action: "Microsoft.Resources/deployments/write", resource: s.co.resource("rg-network", "Microsoft.Resources/deployments/"+s.deployName),
		body: template, status: "Created", long: true, byPerson: s.co.phished, ip: AttackerAddress, correlation: s.deployment, token: s.tokens[2]},
		deployAt, deployAt+2*second, deployAt+32*second)
	add(armCall{action: "Microsoft.Network/networkSecurityGroups/securityRules/write", resource: group.id + "/securityRules/" + s.ruleName,
		body: rule, status: "Created", long: true, byPerson: s.co.phished, ip: AttackerAddress, correlation: s.rule, token: s.tokens[2]},
		deployAt+5*second, deployAt+6*second, deployAt+19*second)
	keys := newRNG(s.co.seed, "attack keys", 0).guid()
	add(armCall{action: "Microsoft.Storage/storageAccounts/listKeys/action", resource: s.co.storage, status: "OK",
		byApp: s.co.principals[0], ip: AttackerAddress, correlation: keys, token: s.appTokens[0]}, keysAt, keysAt+second)
	return ms
}

// append renders one stage.
func (c *armCall) append(l *line, r *rng, co *company, t ticks, stage armStage) {
	upper := strings.ToUpper
	l.open("")
	l.raw(`"RoleLocation":"West Europe","ReleaseVersion":"6.2026.9.2+4f1c7d0a.release_2026w09"`)
	l.when("time", t, "Z")
	l.str("resourceId", upper(c.resource))
	l.str("operationName", upper(c.action))
	l.raw(`"category":"Administrative"`)
	l.str("resultType", stage.result)
	l.str("resultSignature", stage.signature)
	l.raw(`"durationMs":"0"`)
	l.str("callerIpAddress", c.ip)
	l.id("correlationId", c.correlation)
	l.open("identity")
	c.appendAuthorization(l, co)
	c.appendClaims(l, r, co, t)
	l.shut(1)
	if stage.result == "Failure" {
		l.raw(`"level":"Error"`)
	} else {
		l.raw(`"level":"Information"`)
	}
	l.open("properties")
	if c.body != "" && stage.result == "Start" {
		l.str("requestbody", c.body)
	}
	if stage.code != "" {
		l.str("statusCode", stage.code)
		l.id("serviceRequestId", r.guid())
	}
	if stage.result == "Failure" {
		l.str("statusMessage", `{"error":{"code":"Conflict","message":"Another operation on this resource is in progress."}}`)
	}
	l.raw(`"eventCategory":"Administrative"`)
	l.id("eventDataId", r.guid())
	l.str("entity", c.resource)
	l.str("message", c.action)
	l.str("hierarchy", co.tenant+"/"+co.subscription)
	l.shut(1)
	l.str("tenantId", co.tenant)
	l.shut(1)
	l.end()
}

// appendAuthorization writes by which role assignment the call was allowed.
func (c *armCall) appendAuthorization(l *line, co *company) {
	l.open("authorization")
	l.str("scope", c.resource)
	l.str("action", c.action)
	l.open("evidence")
	if c.byApp != nil {
		l.raw(`"role":"Contributor"`)
	} else {
		l.raw(`"role":"Owner"`)
	}
	l.str("roleAssignmentScope", "/subscriptions/"+co.subscription)
	if c.byApp != nil {
		l.str("roleAssignmentId", strings.ReplaceAll(c.byApp.keyID, "-", ""))
		l.raw(`"roleDefinitionId":"b24988ac6180438aad9c03b6a1a0d0b7"`)
		l.str("principalId", strings.ReplaceAll(c.byApp.spID, "-", ""))
		l.raw(`"principalType":"ServicePrincipal"`)
	} else {
		l.str("roleAssignmentId", strings.ReplaceAll(c.byPerson.id, "-", "")[8:]+"0a1b2c3d")
		l.raw(`"roleDefinitionId":"8e3af657a8ff443ca75c2fe8c4bcb635"`)
		l.str("principalId", strings.ReplaceAll(c.byPerson.id, "-", ""))
		l.raw(`"principalType":"User"`)
	}
	l.shut(2)
}

// appendClaims writes the token's claims, all of them strings.
func (c *armCall) appendClaims(l *line, r *rng, co *company, t ticks) {
	l.open("claims")
	l.raw(`"aud":"https://management.core.windows.net/"`)
	l.str("iss", "https://sts.windows.net/"+co.tenant+"/")
	issued := t/second - int64(r.between(60, 2400))
	l.numStr("iat", issued)
	l.numStr("nbf", issued)
	l.numStr("exp", issued+5100)
	l.token("aio", r, 44)
	object := ""
	if p := c.byApp; p != nil {
		object = p.spID
		l.str("appid", p.appID)
		l.raw(`"appidacr":"1"`)
		l.raw(`"idtyp":"app"`)
	} else {
		p := c.byPerson
		object = p.id
		l.raw(`"http://schemas.microsoft.com/claims/authnclassreference":"1"`)
		if c.ip == AttackerAddress {
			l.raw(`"http://schemas.microsoft.com/claims/authnmethodsreferences":"pwd"`)
		} else {
			l.raw(`"http://schemas.microsoft.com/claims/authnmethodsreferences":"pwd,mfa"`)
		}
		l.str("appid", portalApp)
		l.raw(`"appidacr":"2"`)
		l.str("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", p.family)
		l.str("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", p.given)
		l.raw(`"idtyp":"user"`)
		l.str("ipaddr", c.ip)
		l.str("name", p.name)
		l.raw(`"http://schemas.microsoft.com/identity/claims/scope":"user_impersonation"`)
		l.str("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", p.upn)
		l.str("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", p.upn)
	}
	l.str("http://schemas.microsoft.com/identity/claims/objectidentifier", object)
	l.str("http://schemas.microsoft.com/identity/claims/tenantid", co.tenant)
	l.token("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", r, 43)
	l.tokenOr("uti", c.token, r)
	l.raw(`"ver":"1.0"`)
	l.shut(1)
}
