// Package m365 reads the Microsoft 365 unified audit log by every route: the blobs of the Management Activity API, what
// Search-UnifiedAuditLog gives as objects or CSV, Purview's CSV and the audit queries of Microsoft Graph (the last four
// carry the record as AuditData beside a summary of it), and the bare records that acquisition tools keep.
//
// Exchange, SharePoint, OneDrive and Teams become OfficeActivity, as the Microsoft 365 connector fills it; sensitivity
// labels MicrosoftPurviewInformationProtection; everything else UnifiedAudit_CL, with the names of the audit schema. The
// record's Id is its identity on every route.
//
// Schema: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
package m365

import (
	"bytes"
	"context"
	"net/netip"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
	"nordlys/internal/tables"
)

// Family is the records.Family of audit records.
type Family struct {
	kinds map[string]*kind // by table
	inner []jsontext.Member

	mailbox, trace exchange
}

// kind is how the records of one table are mapped.
type kind struct {
	t       *rows.Table
	mapping *rows.Mapping
	summary *rows.Mapping // the fields beside AuditData
	cols    map[string]*rows.Column
}

// New makes the family for one writer.
func New() *Family { return &Family{kinds: map[string]*kind{}} }

// Formats lists what the family reads.
func (f *Family) Formats() []rows.Format {
	return []rows.Format{
		{Name: "Microsoft 365 audit record", Tables: []string{"OfficeActivity", "MicrosoftPurviewInformationProtection", tables.UnifiedAudit},
			Signs: "Operation and CreationTime with a RecordType or a Workload", Routes: "Management Activity API blobs, JSON Lines, arrays, bare objects"},
		{Name: "Microsoft 365 audit search", Tables: []string{"OfficeActivity", "MicrosoftPurviewInformationProtection", tables.UnifiedAudit},
			Signs: "AuditData holding an audit record, as an object or as text", Routes: "Search-UnifiedAuditLog (JSON, CSV), Purview CSV, Microsoft Graph audit queries"},
		{Name: "Exchange mailbox audit", Tables: []string{office}, Signs: "Operation, LogonType and LastAccessed with a mailbox", Routes: "Search-MailboxAuditLog -ShowDetails (JSON, CSV)"},
		{Name: "Exchange message trace", Tables: []string{messageTrace}, Signs: "MessageTraceId, Received, SenderAddress and RecipientAddress", Routes: "Get-MessageTrace, Get-MessageTraceV2, Microsoft-Extractor-Suite (JSON, CSV)"},
	}
}

// Match wants the members that every audit record has, or AuditData.
func (f *Family) Match(r *records.Record, _ *rows.Writer) bool {
	return isAudit(r.Members) || auditData(r) != nil || isMailboxAudit(r) || isTrace(r)
}

func isAudit(members []jsontext.Member) bool {
	var operation, when, what bool
	for i := range members {
		switch string(members[i].Name) {
		case "Operation":
			operation = true
		case "CreationTime":
			when = true
		case "RecordType", "Workload":
			what = true
		}
	}
	return operation && when && what
}

// auditData returns the record that AuditData holds, or nil if there is none.
func auditData(r *records.Record) []byte {
	raw := r.Get("AuditData")
	if raw == nil {
		raw = r.Get("auditData")
	}
	switch jsontext.KindOf(raw) {
	case jsontext.Object:
		return raw
	case jsontext.String:
		text := bytes.TrimSpace(jsontext.Text(nil, raw))
		if jsontext.KindOf(text) == jsontext.Object && jsontext.Check(text) == nil {
			return text
		}
		return []byte("null") // it belongs here, but was cut off
	}
	return nil
}

// Map makes one row.
func (f *Family) Map(ctx context.Context, r *records.Record, w *rows.Writer) error {
	members, summary := r.Members, []jsontext.Member(nil)
	if isTrace(r) || isMailboxAudit(r) {
		return f.exchangeRow(ctx, r, w)
	}
	if raw := auditData(r); raw != nil {
		w.Format("Microsoft 365 audit search")
		f.inner = jsontext.Members(f.inner[:0], raw)
		members, summary = f.inner, r.Members
		if !isAudit(members) {
			w.Next()
			return w.Refuse(ctx, r.Offset, "AuditData is no whole audit record: it was cut off, or its quotes were spoilt", r.Raw, int64(len(r.Raw)))
		}
	} else {
		w.Format("Microsoft 365 audit record")
	}
	w.Next()
	w.UTC() // CreationTime carries no zone
	number, name := recordType(find(members, "RecordType"))
	table := tableOf(number, string(records.Inner(find(members, "Workload"))))
	k, ok := f.kinds[table]
	if !ok {
		k = newKind(table, w)
		f.kinds[table] = k
	}
	t := k.t
	t.Begin()
	k.types(number, name, find(members, "RecordType"))
	for _, m := range members {
		k.set(m)
	}
	k.derive()
	for _, m := range summary {
		k.summary.Set(m)
	}
	return w.Done(ctx, t, t.Commit(), r.Offset, r.Raw)
}

func find(members []jsontext.Member, name string) []byte {
	for i := range members {
		if string(members[i].Name) == name {
			return members[i].Value
		}
	}
	return nil
}

// types sets the columns of the record type: its name, which is its number where the schema has no name, and in
// MicrosoftPurviewInformationProtection both.
func (k *kind) types(number int, name string, raw []byte) {
	if c := k.cols["RecordTypeName"]; c != nil {
		k.t.SetString(c, name)
		if number > 0 {
			k.t.SetInt(k.cols["RecordType"], int64(number))
		}
		return
	}
	if name == "" {
		k.t.SetJSON(k.cols["RecordType"], raw)
		return
	}
	k.t.SetString(k.cols["RecordType"], name)
}

func (k *kind) set(m jsontext.Member) {
	t := k.t
	switch string(m.Name) {
	case "RecordType":
	case "UserType":
		t.SetString(k.cols["UserType"], nameOf(m.Value, userTypes()))
	case "Scope":
		t.SetString(k.cols["Scope"], nameOf(m.Value, scopes()))
	case "LogonType":
		if c := k.cols["Logon_Type"]; c != nil {
			t.SetString(c, nameOf(m.Value, logonTypes()))
		} else {
			k.mapping.Set(m)
		}
	case "ItemType":
		if c := k.cols["ItemType"]; c != nil {
			t.SetString(c, nameOf(m.Value, itemTypes()))
		} else {
			k.mapping.Set(m)
		}
	case "ClientIP", "ClientIPAddress", "ActorIpAddress":
		if string(m.Value) != `"<null>"` { // what Entra writes for nothing
			k.mapping.Set(m)
		}
	case "SensitivityLabelEventData":
		if k.t.Name == labelTable && m.Kind == jsontext.Object {
			k.mapping.SetAll(m.Value)
			return
		}
		k.mapping.Set(m)
	case "AppAccessContext":
		k.mapping.Set(m)
		if m.Kind == jsontext.Object {
			t.SetJSON(k.cols["UniqueTokenId"], jsontext.Find(m.Value, "UniqueTokenId"))
			t.SetJSON(k.cols["IssuedAtTime"], jsontext.Find(m.Value, "IssuedAtTime"))
		}
	default:
		k.mapping.Set(m)
	}
}

// derive fills what hangs on other columns: the address without its port and brackets, and the names that the
// connector repeats.
func (k *kind) derive() {
	t := k.t
	client, from := k.cols["Client_IPAddress"], k.cols["ClientIP"]
	if client != nil {
		if !t.Has(from) {
			t.SetText(from, t.Text(client)) // mailbox audit has the one, the rest the other
		}
		if a := t.Text(from); len(a) > 0 {
			clean := address(a)
			if t.Has(client) {
				clean = address(t.Text(client))
				t.Replace(client, clean)
			} else {
				t.SetText(client, clean)
			}
		}
	}
	t.SetText(k.cols["OfficeId"], t.Text(k.cols["SourceRecordId"]))
	if !t.Has(k.cols["OfficeTenantId"]) {
		t.SetText(k.cols["OfficeTenantId"], t.Text(k.cols["OrganizationId"]))
	}
}

// address takes the port, the brackets and the mapping to IPv6 off an address: 1.2.3.4:443, [2001:db8::1]:443,
// ::ffff:1.2.3.4. Text that is no address is returned as it is.
func address(text []byte) []byte {
	s := string(bytes.TrimSpace(text))
	if a, err := netip.ParseAddrPort(s); err == nil {
		return []byte(a.Addr().Unmap().WithZone("").String())
	}
	if len(s) > 1 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return []byte(a.Unmap().WithZone("").String())
	}
	return text
}

func newKind(table string, w *rows.Writer) *kind {
	t := w.Table(table)
	k := &kind{t: t, cols: map[string]*rows.Column{}}
	for _, name := range []string{"RecordType", "RecordTypeName", "UserType", "Scope", "Logon_Type", "ItemType", "UniqueTokenId",
		"IssuedAtTime", "ClientIP", "Client_IPAddress", "OfficeId", "SourceRecordId", "OfficeTenantId", "OrganizationId"} {
		k.cols[name] = t.Column(name)
	}
	k.mapping = t.NewMapping(rulesOf(table), nil)
	k.summary = t.NewMapping(summaryRules(), rows.Pascal)
	return k
}
