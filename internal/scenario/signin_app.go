package scenario

// appSignin is a sign-in of an application or of a machine's own identity.
type appSignin struct {
	at                 ticks
	managed            bool
	name, appID, spID  string
	keyID              string
	ip                 string // empty for managed identities: Azure does not record one
	place              *site
	resourceID, target string
	code, reason       string
	token              string // unique token identifier, empty for a random one
}

// servicePrincipalSource is sign-ins of the three applications.
func servicePrincipalSource() source {
	return source{
		name: "serviceprincipal", perDay: 500, rhythm: machineHours, step: hour, late: 5,
		path: entraPath("insights-logs-serviceprincipalsigninlogs"),
		start: func(co *company) ordinary {
			office := sites()[0]
			targets := resourceTargets()
			return func(l *line, r *rng, t ticks) ticks {
				p := pick(r, co.principals)
				to := pick(r, targets)
				e := appSignin{at: t, name: p.name, appID: p.appID, spID: p.spID, keyID: p.keyID, ip: p.ip, place: office,
					resourceID: to[0], target: to[1], code: "0"}
				if r.permille(8) {
					e.code, e.reason = "7000222", "The provided client secret keys are expired."
				}
				e.append(l, r, co)
				return t
			}
		},
		attack: func(st *story) (ms []moment) {
			p := st.co.principals[0]
			for i, offset := range [...]ticks{0, 43 * second, 1471 * second} {
				at := st.principalAt + offset + 2_640_513*int64(i)
				to := resourceTargets()[i%2]
				ms = append(ms, moment{at, func(l *line, r *rng) {
					e := appSignin{at: at, name: p.name, appID: p.appID, spID: p.spID, keyID: st.secretKey.String(), ip: AttackerAddress,
						place: attackerSite(), resourceID: to[0], target: to[1], code: "0", token: st.appTokens[i]}
					e.append(l, r, st.co)
				}})
			}
			return ms
		},
	}
}

// resourceTargets are the APIs that applications ask tokens for: id and name.
func resourceTargets() [][2]string {
	return [][2]string{
		{managementAPI, "Windows Azure Service Management API"},
		{graphAPI, "Microsoft Graph"},
		{"cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "Azure Key Vault"},
		{"e406a681-f3d4-42a8-90b6-c2b029497af1", "Azure Storage"},
	}
}

// managedIdentitySource is sign-ins of the machines' system-assigned identities.
func managedIdentitySource() source {
	return source{
		name: "managedidentity", perDay: 420, rhythm: func(ticks) float64 { return 1 }, step: hour, late: 5,
		path: entraPath("insights-logs-managedidentitysigninlogs"),
		start: func(co *company) ordinary {
			targets := resourceTargets()
			return func(l *line, r *rng, t ticks) ticks {
				m := pick(r, co.machines)
				to := pick(r, targets)
				e := appSignin{at: t, managed: true, name: m.role + "01", appID: m.agent, spID: m.vmID, resourceID: to[0], target: to[1], code: "0"}
				e.name = m.host[:len(m.host)-len(companyDomain)-1]
				e.append(l, r, co)
				return t
			}
		},
		attack: func(*story) []moment { return nil },
	}
}

// append renders the record.
func (e *appSignin) append(l *line, r *rng, co *company) {
	category := "ServicePrincipalSignInLogs"
	if e.managed {
		category = "ManagedIdentitySignInLogs"
	}
	correlation := r.guid()
	l.open("")
	entraEnvelope(l, e.at, co, "Sign-in activity", "1.0", category)
	l.str("resultType", e.code)
	l.str("resultSignature", "None")
	if e.reason != "" {
		l.str("resultDescription", e.reason)
	}
	l.raw(`"durationMs":0`)
	if e.ip != "" {
		l.str("callerIpAddress", e.ip)
	}
	l.id("correlationId", correlation)
	l.raw(`"Level":4`)
	if e.place != nil {
		l.str("location", e.place.country)
	}
	l.open("properties")
	l.id("id", r.guid())
	l.when("createdDateTime", e.at, "+00:00")
	l.raw(`"userId":null`)
	l.str("appId", e.appID)
	if e.ip != "" {
		l.str("ipAddress", e.ip)
	}
	l.open("status")
	l.key("errorCode")
	l.b = append(l.b, e.code...)
	if e.reason != "" {
		l.str("failureReason", e.reason)
	}
	l.shut(1)
	if e.place != nil {
		appendPlace(l, e.place)
	}
	l.id("correlationId", correlation)
	l.raw(`"conditionalAccessStatus":"notApplied","appliedConditionalAccessPolicies":[],"conditionalAccessAudiences":[],"authenticationContextClassReferences":[],"isInteractive":false,"tokenIssuerType":"AzureAD"`)
	l.raw(`"authenticationProcessingDetails":[{"key":"Azure AD App Authentication Library","value":"Family: MSAL Library: MSAL.NetCore 4.66.2.0 Platform: Python"}],"networkLocationDetails":[]`)
	if e.managed {
		l.raw(`"clientCredentialType":"none"`)
	} else {
		l.raw(`"clientCredentialType":"clientSecret"`)
	}
	l.num("processingTimeInMilliseconds", int64(r.between(15, 160)))
	l.raw(`"riskDetail":"none","riskLevelAggregated":"none","riskLevelDuringSignIn":"none","riskState":"none"`)
	l.str("resourceDisplayName", e.target)
	l.str("resourceId", e.resourceID)
	l.str("servicePrincipalName", e.name)
	l.str("servicePrincipalId", e.spID)
	if !e.managed {
		l.str("servicePrincipalCredentialKeyId", e.keyID)
	}
	l.raw(`"servicePrincipalCredentialThumbprint":"","userAgent":"python-requests/2.32.3","flaggedForReview":false,"isTenantRestricted":false`)
	if e.place != nil {
		l.num("autonomousSystemNumber", e.place.asn)
	}
	l.raw(`"crossTenantAccessType":"none"`)
	l.tokenOr("uniqueTokenIdentifier", e.token, r)
	l.raw(`"incomingTokenType":"none","authenticationProtocol":"none","appServicePrincipalId":null`)
	l.str("resourceServicePrincipalId", co.spOf(e.resourceID))
	l.str("appOwnerTenantId", co.tenant)
	l.raw(`"resourceOwnerTenantId":"f8cdef31-a31e-4b4a-93e4-5f571e91255a","signInTokenProtectionStatus":"none","originalTransferMethod":"none","isThroughGlobalSecureAccess":false`)
	l.id("sessionId", r.guid())
	l.raw(`"agent":{"agentType":"notAgentic"}`)
	l.shut(2)
	l.end()
}

// spOf is the service principal of a Microsoft API in this tenant.
func (c *company) spOf(appID string) string {
	if id, ok := c.serviceSPs[appID]; ok {
		return id
	}
	return newRNG(c.seed, "sp "+appID, 0).guid().String()
}
