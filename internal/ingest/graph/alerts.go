package graph

import (
	"context"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// alert makes a row of AlertInfo and one of AlertEvidence for each evidence.
func (f *Family) alert(ctx context.Context, r *records.Record, members []jsontext.Member, w *rows.Writer) error {
	k := f.kind("AlertInfo", w)
	w.Next()
	w.UTC()
	t := k.t
	t.Begin()
	for _, m := range members {
		k.mapping.Set(m)
	}
	severity, source := capital(find(members, "severity")), service(find(members, "serviceSource"))
	t.SetString(t.Column("Severity"), severity)
	t.SetString(t.Column("ServiceSource"), source)
	t.CopyTime(t.Column("TimeGenerated"), t.Column("Timestamp"))
	if err := w.Done(ctx, t, t.Commit(), r.Offset, r.Raw); err != nil {
		return err
	}
	e, ok := f.kinds["AlertEvidence"]
	if !ok {
		e = &kind{t: w.Table("AlertEvidence")}
		f.kinds["AlertEvidence"] = e
	}
	var err error
	if list := find(members, "evidence"); jsontext.KindOf(list) == jsontext.Array {
		jsontext.Elements(list, func(evidence []byte) bool {
			w.Next()
			w.UTC()
			if jsontext.KindOf(evidence) != jsontext.Object {
				err = w.Refuse(ctx, r.Offset, "an alert's evidence that is not an object", evidence, int64(len(evidence)))
				return err == nil
			}
			e.evidence(members, evidence, severity, source)
			err = w.Done(ctx, e.t, e.t.Commit(), r.Offset, evidence)
			return err == nil
		})
	}
	return err
}

// evidence maps one evidence: the columns of its type, and all of it in AdditionalFields.
func (k *kind) evidence(alert []jsontext.Member, evidence []byte, severity, source string) {
	t := k.t
	t.Begin()
	set := func(column string, path ...string) {
		t.SetJSON(t.Column(column), jsontext.Path(evidence, path...))
	}
	of := func(column, name string) { t.SetJSON(t.Column(column), find(alert, name)) }
	of("AlertId", "id")
	of("Title", "title")
	of("Categories", "category")
	of("AttackTechniques", "mitreTechniques")
	of("DetectionSource", "detectionSource")
	t.SetString(t.Column("Severity"), severity)
	t.SetString(t.Column("ServiceSource"), source)
	when := jsontext.Find(evidence, "createdDateTime")
	if empty(when) {
		when = find(alert, "createdDateTime")
	}
	t.SetJSON(t.Column("Timestamp"), when)
	t.CopyTime(t.Column("TimeGenerated"), t.Column("Timestamp"))
	typ := jsontext.Find(evidence, "@odata.type")
	if typ == nil {
		typ = jsontext.Find(evidence, "odata.type")
	}
	t.SetString(t.Column("EntityType"), evidenceType(typ))

	for _, account := range []string{"userAccount", "primaryAccount"} {
		set("AccountName", account, "accountName")
		set("AccountDomain", account, "domainName")
		set("AccountSid", account, "userSid")
		set("AccountObjectId", account, "azureAdUserId")
		set("AccountUpn", account, "userPrincipalName")
	}
	for _, file := range []string{"fileDetails", "imageFile"} {
		set("FileName", file, "fileName")
		set("FolderPath", file, "filePath")
		set("FileSize", file, "fileSize")
		set("SHA1", file, "sha1")
		set("SHA256", file, "sha256")
	}
	set("ProcessCommandLine", "processCommandLine")
	set("DeviceId", "mdeDeviceId")
	set("DeviceName", "deviceDnsName")
	set("RemoteIP", "ipAddress")
	set("RemoteUrl", "url")
	set("NetworkMessageId", "networkMessageId")
	set("EmailSubject", "subject")
	set("RegistryKey", "registryKey")
	set("RegistryValueName", "registryValueName")
	set("RegistryValueData", "registryValue")
	set("AzureResourceId", "resourceId")
	if evidenceType(typ) == "OauthApplication" {
		set("OAuthApplicationId", "appId")
		set("Application", "displayName")
	} else if evidenceType(typ) == "CloudApplication" {
		set("ApplicationId", "appId")
		set("Application", "displayName")
	}
	t.SetJSON(t.Column("AdditionalFields"), evidence)
}

// incident makes a row of SecurityIncident, and those of its alerts if the answer has them.
func (f *Family) incident(ctx context.Context, r *records.Record, members []jsontext.Member, w *rows.Writer) error {
	k := f.kind("SecurityIncident", w)
	w.Next()
	w.UTC()
	t := k.t
	t.Begin()
	for _, m := range members {
		k.mapping.Set(m)
	}
	t.SetJSON(t.Column("IncidentName"), find(members, "id")) // Sentinel has a name of its own; this is the only one here
	t.SetString(k.cols["Severity"], capital(find(members, "severity")))
	t.SetString(k.cols["Status"], capital(find(members, "status")))
	t.SetString(k.cols["ProviderName"], "Microsoft XDR")
	if to := find(members, "assignedTo"); !empty(to) {
		t.SetJSON(k.cols["Owner"], append(append([]byte(`{"assignedTo":`), to...), '}'))
	}
	if err := w.Done(ctx, t, t.Commit(), r.Offset, r.Raw); err != nil {
		return err
	}
	alerts := find(members, "alerts")
	if jsontext.KindOf(alerts) != jsontext.Array {
		return nil
	}
	var err error
	jsontext.Elements(alerts, func(alert []byte) bool {
		if jsontext.KindOf(alert) != jsontext.Object {
			w.Next()
			err = w.Refuse(ctx, r.Offset, "an incident's alert that is not an object", alert, int64(len(alert)))
			return err == nil
		}
		err = f.alert(ctx, &records.Record{Raw: alert, Offset: r.Offset}, jsontext.Members(nil, alert), w)
		return err == nil
	})
	return err
}
