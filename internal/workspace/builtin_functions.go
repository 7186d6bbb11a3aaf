package workspace

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"nordlys/internal/tables"
)

// builtinFunctions are functions that every workspace has beside those saved in it: what codes in logs mean. A saved
// function of the same name goes before.
var builtinFunctions = sync.OnceValue(func() []Function {
	var out []Function
	add := func(name, documentation, text string) {
		out = append(out, Function{Name: name, Category: "Nordlys", Documentation: documentation, Text: text})
	}
	// A code is looked up in a bag of all of them.
	meaning := func(list string, value func(tables.Code) string) string {
		bag := map[string]string{}
		for _, c := range tables.Codes() {
			if v := value(c); c.List == list && v != "" {
				bag[strings.ToLower(c.Code)] = v
			}
		}
		b, err := json.Marshal(bag)
		if err != nil {
			return "{}"
		}
		return "dynamic(" + string(b) + ")"
	}
	words := func(c tables.Code) string { return c.Meaning }
	add("SignInError", "What a sign-in's ResultType means.", "(ResultType: string) { tostring("+meaning("sign-in", words)+"[ResultType]) }")
	add("SignInInterrupted", "Whether a sign-in's ResultType is an interruption and no failure.", "(ResultType: string) { isnotempty(tostring("+meaning("sign-in", func(c tables.Code) string {
		if strings.Contains(c.Note, "no failure") {
			return "yes"
		}
		return ""
	})+"[ResultType])) }")
	add("LogonFailure", "What the Status or SubStatus of a failed Windows logon means.", "(Status: string) { tostring("+meaning("logon failure", words)+"[tolower(Status)]) }")
	add("PortName", "A port with the service that is known by it.", "(Port: long) { tostring("+meaning("port", words)+"[tostring(Port)]) }")
	add("ApplicationName", "The name of an application of Microsoft's own.", "(AppId: string) { tostring("+meaning("application", words)+"[tolower(AppId)]) }")
	add("RoleName", "The name of a built-in role of Entra or Azure.", "(RoleId: string) { tostring("+meaning("role", words)+"[tolower(RoleId)]) }")
	add("MfaMethods", "The methods of authentication in a sign-in's AuthenticationDetails, in their order.",
		`(AuthenticationDetails: string) { strcat_array(extract_all(@'"authenticationMethod":"([^"]*)"', AuthenticationDetails), ", ") }`)
	slices.SortFunc(out, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return out
})
