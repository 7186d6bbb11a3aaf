package graph

import (
	"bytes"
	"context"
	"path"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// isPortal recognises a row of the CSV that the Entra portal gives for sign-ins, by two columns that it always has.
func isPortal(r *records.Record) bool {
	return r.Get("Date (UTC)") != nil && r.Get("Request ID") != nil
}

// portal makes a row of a sign-in of the portal's CSV: its columns become the properties of the API, those about the
// device, the status and the place its objects. What has no counterpart keeps the portal's name.
func (f *Family) portal(ctx context.Context, r *records.Record, w *rows.Writer) error {
	w.Format("Entra portal sign-ins (CSV)")
	k := f.kind(portalTable(r, w.Path()), w)
	w.Next()
	w.UTC() // as the header says
	var device, status, members []jsontext.Member
	add := func(to *[]jsontext.Member, name string, value []byte) {
		*to = append(*to, jsontext.Member{Name: []byte(name), Value: value, Kind: jsontext.KindOf(value)})
	}
	var word string
	for _, m := range r.Members {
		field, known := portalFields()[portalName(string(m.Name))]
		value := m.Value
		object, inner, nested := strings.Cut(field, ".")
		switch {
		case !known:
			members = append(members, m)
		case field == "-":
			word = plain(value)
		case field == "conditionalAccessStatus", field == "incomingTokenType", field == "userType", field == "authenticationRequirement":
			add(&members, field, apiWord(value))
		case field == "location":
			add(&members, field, place(plain(value)))
		case object == "deviceDetail":
			if inner == "isCompliant" || inner == "isManaged" {
				value = truth(value)
			}
			add(&device, inner, value)
		case nested:
			if inner == "errorCode" {
				value = number(value)
			}
			add(&status, inner, value)
		default:
			add(&members, field, value)
		}
	}
	if len(device) > 0 {
		add(&members, "deviceDetail", object(device))
	}
	if find(status, "errorCode") == nil && word == "Success" {
		add(&status, "errorCode", []byte("0"))
	}
	if len(status) > 0 {
		add(&members, "status", object(status))
	}
	t := k.t
	t.Begin()
	for _, m := range members {
		k.mapping.Set(m)
	}
	k.derive(members)
	return w.Done(ctx, t, t.Commit(), r.Offset, r.Raw)
}

// portalTable tells the kind of the sign-ins by the name that the portal gives the file, or by who signed in.
func portalTable(r *records.Record, file string) string {
	name := strings.ToLower(path.Base(file))
	switch {
	case strings.Contains(name, "noninteractive"):
		return "AADNonInteractiveUserSignInLogs"
	case strings.Contains(name, "msisignins") || !empty(r.Get("Managed Identity type")) && !strings.EqualFold(plain(r.Get("Managed Identity type")), "none"):
		return "AADManagedIdentitySignInLogs"
	case r.Get("Service principal ID") != nil && r.Get("Username") == nil:
		return "AADServicePrincipalSignInLogs"
	}
	return "SigninLogs"
}

// portalName is a column's name in lower case, with one blank between words: the portal's headers have more in places.
func portalName(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// portalFields names the API's property for each column of the portal: with a dot one inside an object, - for what other
// columns say.
func portalFields() map[string]string {
	return map[string]string{
		"date (utc)":                          "createdDateTime",
		"request id":                          "id",
		"correlation id":                      "correlationId",
		"user id":                             "userId",
		"user":                                "userDisplayName",
		"username":                            "userPrincipalName",
		"user type":                           "userType",
		"user agent":                          "userAgent",
		"application":                         "appDisplayName",
		"application id":                      "appId",
		"resource":                            "resourceDisplayName",
		"resource id":                         "resourceId",
		"resource tenant id":                  "resourceTenantId",
		"home tenant id":                      "homeTenantId",
		"home tenant name":                    "homeTenantName",
		"ip address":                          "ipAddress",
		"ip address (seen by resource)":       "ipAddressFromResourceProvider",
		"location":                            "location",
		"status":                              "-",
		"sign-in error code":                  "status.errorCode",
		"failure reason":                      "status.failureReason",
		"client app":                          "clientAppUsed",
		"device id":                           "deviceDetail.deviceId",
		"browser":                             "deviceDetail.browser",
		"operating system":                    "deviceDetail.operatingSystem",
		"compliant":                           "deviceDetail.isCompliant",
		"managed":                             "deviceDetail.isManaged",
		"join type":                           "deviceDetail.trustType",
		"authentication requirement":          "authenticationRequirement",
		"authentication protocol":             "authenticationProtocol",
		"original transfer method":            "originalTransferMethod",
		"sign-in identifier":                  "signInIdentifier",
		"session id":                          "sessionId",
		"unique token identifier":             "uniqueTokenIdentifier",
		"incoming token type":                 "incomingTokenType",
		"incoming token type_2":               "incomingTokenType", // the header has it twice
		"cross tenant access type":            "crossTenantAccessType",
		"client credential type":              "clientCredentialType",
		"autonomous system number":            "autonomousSystemNumber",
		"flagged for review":                  "flaggedForReview",
		"token issuer type":                   "tokenIssuerType",
		"token issuer name":                   "tokenIssuerName",
		"latency":                             "processingTimeInMilliseconds",
		"conditional access":                  "conditionalAccessStatus",
		"through global secure access":        "isThroughGlobalSecureAccess",
		"global secure access ip address":     "globalSecureAccessIpAddress",
		"service principal id":                "servicePrincipalId",
		"service principal name":              "servicePrincipalName",
		"service principal credential key id": "servicePrincipalCredentialKeyId",
		"credential key id":                   "servicePrincipalCredentialKeyId",
	}
}

// apiWord writes a value of an enumeration as the API does: Not Applied is notApplied.
func apiWord(value []byte) []byte {
	words := strings.FieldsFunc(plain(value), func(c rune) bool { return c == ' ' || c == '-' })
	for i, w := range words {
		if i == 0 {
			words[i] = strings.ToLower(w[:1]) + w[1:]
		} else {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	word := strings.Join(words, "")
	if word == "multifactorAuthentication" {
		word = "multiFactorAuthentication"
	}
	return jsontext.Quote(nil, []byte(word))
}

// place makes the API's location of "City, State, CC".
func place(text string) []byte {
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	var m []jsontext.Member
	add := func(name, value string) {
		if value != "" {
			m = append(m, jsontext.Member{Name: []byte(name), Value: jsontext.Quote(nil, []byte(value))})
		}
	}
	n := len(parts)
	if n >= 3 {
		add("city", strings.Join(parts[:n-2], ", "))
	}
	if n >= 2 {
		add("state", parts[n-2])
	}
	add("countryOrRegion", parts[n-1])
	return object(m)
}

func object(members []jsontext.Member) []byte {
	b := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsontext.Quote(b, m.Name), ':')
		b = append(b, m.Value...)
	}
	return append(b, '}')
}

// number takes the quotes off a whole number.
func number(value []byte) []byte {
	text := bytes.Trim(value, `"`)
	if len(text) == 0 || len(text) > 18 || len(text) > 1 && text[0] == '0' {
		return value
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return value
		}
	}
	return text
}

func truth(value []byte) []byte {
	switch strings.ToLower(plain(value)) {
	case "true", "yes":
		return []byte("true")
	case "false", "no":
		return []byte("false")
	}
	return value
}
