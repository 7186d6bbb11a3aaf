package scenario

// cloudApp is a client application and the resource it asks tokens for, with Microsoft's own well-known ids.
type cloudApp struct {
	id, name             string
	resourceID, resource string
	clientApp            string
}

// Ids of the two resources that the attack uses as well.
const (
	managementAPI = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
	graphAPI      = "00000003-0000-0000-c000-000000000000"
	portalApp     = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
)

// cloudApps returns what people sign in to; the first is the Azure portal.
func cloudApps() []cloudApp {
	return []cloudApp{
		{portalApp, "Azure Portal", managementAPI, "Windows Azure Service Management API", "Browser"},
		{"4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome", "4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome", "Browser"},
		{"9199bf20-a13f-4107-85dc-02114787ef48", "One Outlook Web", "00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online", "Browser"},
		{"5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "Microsoft Teams Web Client", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "Microsoft Teams Services", "Browser"},
		{"1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", "Microsoft Teams Services", "Mobile Apps and Desktop clients"},
		{"d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft Office", "00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online", "Mobile Apps and Desktop clients"},
		{"ab9b8c07-8f02-4f72-87fa-80105867a763", "OneDrive SyncEngine", "00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online", "Mobile Apps and Desktop clients"},
		{"de8bc8b5-d9f9-48b1-a8ad-b748da725064", "Graph Explorer", graphAPI, "Microsoft Graph", "Browser"},
	}
}

// resultReasons are the texts of the result types that appear, as Entra words them.
func resultReason(code string) string {
	switch code {
	case "50126":
		return "Error validating credentials due to invalid username or password."
	case "50053":
		return "The account is locked, you've tried to sign in too many times with an incorrect user ID or password."
	case "50074":
		return "Strong Authentication is required."
	case "50140":
		return "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in."
	}
	return ""
}

// userSignin is one sign-in of a person, interactive or not.
type userSignin struct {
	at          ticks
	interactive bool
	who         *person
	app         cloudApp
	ip          string
	place       *site
	client      *client
	code        string // result type
	mfa         bool   // a second factor was required
	mfaNow      bool   // …and given in this very sign-in
	trusted     bool   // from a named location
	correlation guid
	session     guid
	token       string // unique token identifier, empty for a random one
}

// signinLife is the state of ordinary interactive sign-ins: an interrupt or a mistyped password that is about to be
// followed by the same person's success.
type signinLife struct {
	co      *company
	apps    []cloudApp
	pending userSignin
	waiting bool
}

// signinSource is interactive sign-ins of people.
func signinSource() source {
	return source{
		name: "signin", perDay: 900, rhythm: officeHours, step: hour, late: 5, path: entraPath("insights-logs-signinlogs"),
		start: func(co *company) ordinary {
			s := &signinLife{co: co, apps: cloudApps()}
			return s.interactive
		},
		attack: func(st *story) (ms []moment) {
			for _, a := range st.spray {
				ms = append(ms, moment{a.at, func(l *line, r *rng) {
					st.foreignSignin(r, a.at, a.who, a.code).append(l, r, st.co)
				}})
			}
			at := st.start + entryAt + 4_417_203
			return append(ms, moment{at, func(l *line, r *rng) {
				e := st.foreignSignin(r, at, st.co.phished, "0")
				e.session = st.portal
				e.append(l, r, st.co)
			}})
		},
	}
}

// nonInteractiveSource is token refreshes on people's behalf.
func nonInteractiveSource() source {
	return source{
		name: "noninteractive", perDay: 950, rhythm: officeHours, step: hour, late: 5,
		path: entraPath("insights-logs-noninteractiveusersigninlogs"),
		start: func(co *company) ordinary {
			s := &signinLife{co: co, apps: cloudApps()}
			return s.refresh
		},
		attack: func(st *story) (ms []moment) {
			graph := cloudApp{portalApp, "Azure Portal", graphAPI, "Microsoft Graph", "Browser"}
			for i, offset := range [...]ticks{0, 47 * second, 15*minute + 3*second, 97 * minute} {
				at := st.start + tokensFrom + offset + 3_771_904*int64(i)
				ms = append(ms, moment{at, func(l *line, r *rng) {
					e := st.foreignSignin(r, at, st.co.phished, "0")
					e.interactive, e.session, e.token = false, st.portal, st.tokens[i]
					if i%2 == 1 {
						e.app = graph
					}
					e.append(l, r, st.co)
				}})
			}
			return ms
		},
	}
}

// attackerSite is where geolocation puts the attacker's address.
func attackerSite() *site {
	return &site{ip: AttackerAddress, city: "Chisinau", state: "Chisinau", country: "MD", lat: "47.0056", lon: "28.8575", asn: 64666}
}

// foreignSignin is a sign-in from the attacker's address to the Azure portal.
func (s *story) foreignSignin(r *rng, at ticks, who *person, code string) *userSignin {
	return &userSignin{
		at: at, interactive: true, who: who, app: cloudApps()[0], ip: AttackerAddress, place: attackerSite(),
		client: &client{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Windows10", "Firefox 140.0"},
		code:   code, correlation: r.guid(), session: r.guid(),
	}
}

// interactive renders the next interactive sign-in.
func (s *signinLife) interactive(l *line, r *rng, t ticks) ticks {
	if s.waiting {
		s.waiting = false
		e := s.pending
		e.code, e.mfaNow = "0", e.mfa
		if next := e.at + int64(r.between(3000, 25000))*millisecond + int64(r.n(int(millisecond))); next < t || t < e.at {
			e.at = next
		} else {
			e.at = t
		}
		e.append(l, r, s.co)
		return e.at
	}
	e := s.draw(r, t)
	e.interactive = true
	switch d := r.n(1000); {
	case d < 30:
		e.code, s.waiting = "50126", r.permille(700)
	case d < 33:
		e.code = "50053"
	case d < 85:
		e.code, e.mfa, s.waiting = "50074", true, r.permille(930)
	case d < 110:
		e.code, s.waiting = "50140", true
	default:
		e.mfa = d < 700
		e.mfaNow = d < 300
	}
	s.pending = e
	e.append(l, r, s.co)
	return t
}

// refresh renders the next non-interactive sign-in.
func (s *signinLife) refresh(l *line, r *rng, t ticks) ticks {
	e := s.draw(r, t)
	e.mfa = r.permille(600)
	e.append(l, r, s.co)
	return t
}

// draw chooses a person, an application and the place they are at.
func (s *signinLife) draw(r *rng, t ticks) userSignin {
	p := pick(r, s.co.people)
	e := userSignin{
		at: t, who: p, app: s.apps[1+r.n(len(s.apps)-1)], place: p.office, client: p.client, code: "0",
		ip: p.office.ip, trusted: true, correlation: r.guid(), session: r.guid(),
	}
	if r.permille(150) && (p == s.co.admins[0] || p == s.co.admins[1] || p == s.co.admins[2] || p == s.co.phished) {
		e.app = s.apps[0]
	}
	switch d := r.n(100); {
	case d < 32:
		e.ip, e.trusted = p.home, false
	case d < 38:
		e.ip, e.trusted = p.mobileIP, false
	}
	return e
}

// append renders the record. The members and their order are those of the exported log.
func (e *userSignin) append(l *line, r *rng, co *company) {
	category := "SignInLogs"
	if !e.interactive {
		category = "NonInteractiveUserSignInLogs"
	}
	reason := resultReason(e.code)
	l.open("")
	entraEnvelope(l, e.at, co, "Sign-in activity", "1.0", category)
	l.str("resultType", e.code)
	l.str("resultSignature", "None")
	if reason != "" {
		l.str("resultDescription", reason)
	}
	l.raw(`"durationMs":0`)
	l.str("callerIpAddress", e.ip)
	l.id("correlationId", e.correlation)
	l.str("identity", e.who.name)
	l.raw(`"Level":4`)
	l.str("location", e.place.country)
	l.open("properties")
	e.appendWho(l, r, co, reason)
	e.appendPolicies(l, co)
	e.appendHow(l, r, co)
	l.shut(2)
	l.end()
}

// entraEnvelope writes what every record of a tenant's log begins with.
func entraEnvelope(l *line, t ticks, co *company, operation, version, category string) {
	l.when("time", t, "Z")
	l.str("resourceId", "/tenants/"+co.tenant+"/providers/Microsoft.aadiam")
	l.str("operationName", operation)
	l.str("operationVersion", version)
	l.str("category", category)
	l.str("tenantId", co.tenant)
}

// appendWho writes the members about the person, the device and the place.
func (e *userSignin) appendWho(l *line, r *rng, co *company, reason string) {
	l.id("id", r.guid())
	l.when("createdDateTime", e.at, "+00:00")
	l.str("userDisplayName", e.who.name)
	l.str("userPrincipalName", e.who.upn)
	l.str("userId", e.who.id)
	l.raw(`"userAdministrativeUnits":[]`)
	l.str("appId", e.app.id)
	l.str("appDisplayName", e.app.name)
	l.str("ipAddress", e.ip)
	l.open("status")
	l.key("errorCode")
	l.b = append(l.b, e.code...)
	switch {
	case reason != "":
		l.str("failureReason", reason)
		if e.code == "50074" {
			l.raw(`"additionalDetails":"MFA required in Azure AD"`)
		}
	case e.mfaNow:
		l.raw(`"additionalDetails":"MFA completed in Azure AD"`)
	case e.mfa:
		l.raw(`"additionalDetails":"MFA requirement satisfied by claim in the token"`)
	}
	l.shut(1)
	l.str("clientAppUsed", e.app.clientApp)
	l.str("userAgent", e.client.agent)
	l.open("deviceDetail")
	l.raw(`"deviceId":""`)
	l.str("operatingSystem", e.client.system)
	l.str("browser", e.client.browser)
	l.shut(1)
	appendPlace(l, e.place)
	if e.mfaNow {
		l.raw(`"mfaDetail":{"authMethod":"Mobile app notification"}`)
	} else {
		l.raw(`"mfaDetail":{}`)
	}
	l.id("correlationId", e.correlation)
}

// appendPlace writes the nested location.
func appendPlace(l *line, p *site) {
	l.open("location")
	l.str("city", p.city)
	l.str("state", p.state)
	l.str("countryOrRegion", p.country)
	l.open("geoCoordinates")
	l.key("latitude")
	l.b = append(l.b, p.lat...)
	l.key("longitude")
	l.b = append(l.b, p.lon...)
	l.shut(2)
}

// appendPolicies writes how each Conditional Access policy applied.
func (e *userSignin) appendPolicies(l *line, co *company) {
	status := "notApplied"
	if e.mfa {
		if status = "success"; e.code == "50074" {
			status = "failure"
		}
	}
	l.str("conditionalAccessStatus", status)
	l.key("appliedConditionalAccessPolicies")
	l.b = append(l.b, '[')
	for i, p := range co.policies {
		applies := e.mfa && p.grant == "Mfa" && i > 0
		l.open("")
		l.str("id", p.id)
		l.str("displayName", p.name)
		l.key("enforcedGrantControls")
		l.b = append(l.b, '[')
		l.b = appendString(l.b, p.grant)
		l.b = append(l.b, `],"enforcedSessionControls":[],"result":"`...)
		if applies {
			l.b = append(l.b, status...)
			l.b = append(l.b, `","conditionsSatisfied":19,"conditionsNotSatisfied":0}`...)
		} else {
			l.b = append(l.b, `notApplied","conditionsSatisfied":1,"conditionsNotSatisfied":2}`...)
		}
	}
	l.b = append(l.b, ']')
	l.raw(`"conditionalAccessAudiences":[],"authenticationContextClassReferences":[]`)
}

// appendHow writes the members about tokens, risk and the steps of authentication.
func (e *userSignin) appendHow(l *line, r *rng, co *company) {
	l.id("originalRequestId", r.guid())
	l.flag("isInteractive", e.interactive)
	l.raw(`"tokenIssuerName":"","tokenIssuerType":"AzureAD"`)
	l.raw(`"authenticationProcessingDetails":[{"key":"Legacy TLS (TLS 1.0, 1.1, 3DES)","value":"False"},{"key":"Is CAE Token","value":"False"}]`)
	l.key("networkLocationDetails")
	if e.trusted {
		l.b = append(l.b, `[{"networkType":"trustedNamedLocation","networkNames":[`...)
		l.b = appendString(l.b, e.place.named)
		l.b = append(l.b, `]}]`...)
	} else {
		l.b = append(l.b, `[]`...)
	}
	l.raw(`"clientCredentialType":"none"`)
	l.num("processingTimeInMilliseconds", int64(r.between(40, 420)))
	l.raw(`"riskDetail":"none","riskLevelAggregated":"none","riskLevelDuringSignIn":"none","riskState":"none","riskEventTypes":[],"riskEventTypes_v2":[]`)
	l.str("resourceDisplayName", e.app.resource)
	l.str("resourceId", e.app.resourceID)
	l.str("resourceTenantId", co.tenant)
	l.str("homeTenantId", co.tenant)
	l.str("tenantId", co.tenant)
	e.appendSteps(l)
	l.raw(`"authenticationRequirementPolicies":[],"sessionLifetimePolicies":[]`)
	if e.mfa {
		l.raw(`"authenticationRequirement":"multiFactorAuthentication"`)
	} else {
		l.raw(`"authenticationRequirement":"singleFactorAuthentication"`)
	}
	l.str("alternateSignInName", e.who.upn)
	l.str("signInIdentifier", e.who.upn)
	l.raw(`"signInIdentifierType":"userPrincipalName","servicePrincipalId":"","userType":"Member","flaggedForReview":false,"isTenantRestricted":false`)
	l.num("autonomousSystemNumber", e.place.asn)
	l.raw(`"crossTenantAccessType":"none","privateLinkDetails":{},"ssoExtensionVersion":""`)
	l.tokenOr("uniqueTokenIdentifier", e.token, r)
	l.raw(`"authenticationStrengths":[],"incomingTokenType":"none","authenticationProtocol":"none","appServicePrincipalId":null`)
	l.str("resourceServicePrincipalId", co.serviceSPs[e.app.resourceID])
	l.raw(`"rngcStatus":0,"signInTokenProtectionStatus":"none","tokenProtectionStatusDetails":{"signInSessionStatus":"unbound","signInSessionStatusCode":1002},"originalTransferMethod":"none","isThroughGlobalSecureAccess":false`)
	l.id("sessionId", e.session)
	l.str("appOwnerTenantId", "f8cdef31-a31e-4b4a-93e4-5f571e91255a")
	l.str("resourceOwnerTenantId", "f8cdef31-a31e-4b4a-93e4-5f571e91255a")
}

// appendSteps writes authenticationDetails: the password and, where it was asked for, the second factor.
func (e *userSignin) appendSteps(l *line) {
	step := func(first, rest string) {
		l.comma()
		l.b = append(l.b, first...)
		l.b = appendStamp(l.b, e.at)
		l.b = append(l.b, rest...)
	}
	const from = `{"authenticationStepDateTime":"`
	l.key("authenticationDetails")
	l.b = append(l.b, '[')
	switch {
	case e.code == "50126" || e.code == "50053":
		step(from, `+00:00","authenticationMethod":"Password","authenticationMethodDetail":"Password in the cloud","succeeded":false,"authenticationStepResultDetail":"Invalid username or password","authenticationStepRequirement":"Primary authentication","StatusSequence":0,"RequestSequence":1}`)
	case e.interactive:
		step(from, `+00:00","authenticationMethod":"Password","authenticationMethodDetail":"Password in the cloud","succeeded":true,"authenticationStepResultDetail":"Correct password","authenticationStepRequirement":"Primary authentication","StatusSequence":0,"RequestSequence":1}`)
		if e.mfaNow {
			step(from, `+00:00","authenticationMethod":"Mobile app notification","succeeded":true,"authenticationStepResultDetail":"MFA successfully completed","authenticationStepRequirement":"Secondary authentication","StatusSequence":1,"RequestSequence":2}`)
		} else if e.code == "50074" {
			step(from, `+00:00","authenticationMethod":"Mobile app notification","succeeded":false,"authenticationStepResultDetail":"Authentication in progress","authenticationStepRequirement":"Secondary authentication","StatusSequence":1,"RequestSequence":2}`)
		}
	default:
		step(from, `+00:00","authenticationMethod":"Previously satisfied","succeeded":true,"authenticationStepResultDetail":"First factor requirement satisfied by claim in the token","authenticationStepRequirement":"Primary authentication","StatusSequence":0,"RequestSequence":0}`)
	}
	l.b = append(l.b, ']')
}
