package scenario

import "strings"

// vaultRead is one request to the company's key vault.
type vaultRead struct {
	at            ticks
	operation     string // SecretGet, SecretList, VaultGet, KeyGet
	secret        string
	who           *principal
	ip            string
	forbidden     bool
	machineCaller *machine // a managed identity, when who is nil
}

// keyVaultSource is the vault's audit log, a resource log.
func keyVaultSource() source {
	secrets := []string{"heron-db", "heron-smtp", "backup-sas", "tls-web"}
	return source{
		name: "keyvault", perDay: 800, rhythm: machineHours, step: hour, late: 5,
		path: func(c *company, t ticks) string {
			return hourPath("insights-logs-auditevent", "resourceId="+strings.ToUpper(c.vault), t)
		},
		start: func(co *company) ordinary {
			return func(l *line, r *rng, t ticks) ticks {
				v := vaultRead{at: t, operation: "SecretGet", secret: pick(r, secrets), forbidden: r.permille(6)}
				if r.permille(120) {
					v.operation, v.secret = "VaultGet", ""
				}
				if r.permille(500) {
					v.who = pick(r, co.principals)
					v.ip = v.who.ip
				} else {
					v.machineCaller = pick(r, co.machines[:4])
					v.ip = v.machineCaller.ip
				}
				v.append(l, r, co)
				return t
			}
		},
		attack: func(st *story) (ms []moment) {
			for i, secret := range append([]string{""}, secrets[:3]...) {
				v := vaultRead{at: st.start + vaultAt + int64(i)*6*second + 5_514_083, operation: "SecretGet", secret: secret,
					who: st.co.principals[0], ip: AttackerAddress}
				if secret == "" {
					v.operation = "SecretList"
				}
				ms = append(ms, moment{v.at, func(l *line, r *rng) { v.append(l, r, st.co) }})
			}
			return ms
		},
	}
}

// append renders the record.
func (v *vaultRead) append(l *line, r *rng, co *company) {
	const host = "https://kv-contoso-prod.vault.azure.net/"
	l.open("")
	l.when("time", v.at, "Z")
	l.raw(`"category":"AuditEvent"`)
	l.str("operationName", v.operation)
	l.raw(`"resultType":"Success"`)
	if v.forbidden {
		l.str("resultDescription", "Caller is not authorized to perform action on resource.\nVault: kv-contoso-prod;location=westeurope")
	}
	l.id("correlationId", r.guid())
	l.str("callerIpAddress", v.ip)
	l.open("identity")
	l.open("claim")
	if v.who != nil {
		l.str("oid", v.who.spID)
		l.str("appid", v.who.appID)
		l.raw(`"appidacr":"1","idtyp":"app"`)
	} else {
		l.str("oid", v.machineCaller.vmID)
		l.str("appid", v.machineCaller.agent)
		l.str("xms_mirid", v.machineCaller.id)
		l.raw(`"appidacr":"2"`)
	}
	l.raw(`"xms_az_nwperimid":[]`)
	l.shut(2)
	l.open("properties")
	id := host
	switch v.operation {
	case "SecretGet":
		id += "secrets/" + v.secret
	case "SecretList":
		id += "secrets"
	}
	l.str("id", id)
	l.raw(`"clientInfo":"azsdk-python-keyvault-secrets/4.9.0 Python/3.12.9"`)
	if v.forbidden {
		l.raw(`"httpStatusCode":403`)
	} else {
		l.raw(`"httpStatusCode":200`)
	}
	l.str("requestUri", id+"?api-version=7.5")
	l.flag("isRbacAuthorized", !v.forbidden)
	l.raw(`"tlsVersion":"TLS1_3","isAddressAuthorized":true,"trustedService":"no"`)
	l.shut(1)
	l.str("resourceId", strings.ToUpper(co.vault))
	l.raw(`"operationVersion":"7.5"`)
	if v.forbidden {
		l.raw(`"resultSignature":"Forbidden"`)
	} else {
		l.raw(`"resultSignature":"OK"`)
	}
	l.numStr("durationMs", int64(r.between(9, 80)))
	l.shut(1)
	l.end()
}
