package m365

import (
	"context"
	"strings"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// messageTrace is the table of message traces. EmailEvents would be wrong: it is what Defender saw of a message, keyed by
// its NetworkMessageId, and a trace is what the transport did with it for one recipient.
const messageTrace = "MessageTrace_CL"

// exchange is how the records of Exchange Online's own commands are mapped.
type exchange struct {
	t       *rows.Table
	mapping *rows.Mapping
}

// isMailboxAudit recognises what Search-MailboxAuditLog -ShowDetails gives.
func isMailboxAudit(r *records.Record) bool {
	return r.Has("Operation", "LogonType", "LastAccessed") && (r.Has("MailboxOwnerUPN") || r.Has("MailboxGuid"))
}

// isTrace recognises what Get-MessageTrace and Get-MessageTraceV2 give.
func isTrace(r *records.Record) bool {
	return r.Has("MessageTraceId", "SenderAddress", "RecipientAddress", "Received")
}

// ownRules leave out what PowerShell and the commands add to a result.
func ownRules(rules map[string]string) map[string]string {
	for _, name := range strings.Fields("PSComputerName RunspaceId PSShowComputerName IsValid ObjectState Index StartDate EndDate") {
		rules[name] = rows.Ignore
	}
	return rules
}

// exchangeRow makes a row of one of the two.
func (f *Family) exchangeRow(ctx context.Context, r *records.Record, w *rows.Writer) error {
	trace := isTrace(r)
	to, name := &f.mailbox, "Exchange mailbox audit"
	if trace {
		to, name = &f.trace, "Exchange message trace"
	}
	w.Format(name)
	if to.t == nil {
		if trace {
			to.t = w.Table(messageTrace)
			to.mapping = to.t.NewMapping(ownRules(map[string]string{"Received": "TimeGenerated", "Size": "Size:long", "MessageTraceId": "MessageTraceId:string",
				"FromIP": "FromIP:string", "ToIP": "ToIP:string", "Subject": "Subject:string", "Status": "Status:string", "MessageId": "MessageId:string"}), nil)
		} else {
			to.t = w.Table(office)
			rules := map[string]string{"LastAccessed": "TimeGenerated", "OperationResult": "ResultStatus", "Identity": "SourceRecordId",
				"ClientIPAddress": "Client_IPAddress", "ClientIP": "ClientIP", "LogonType": rows.Ignore, "CrossMailboxOperation": "CrossMailboxOperations"}
			to.mapping = to.t.NewMapping(ownRules(rules), nil)
		}
	}
	w.Next()
	w.UTC()
	t := to.t
	t.Begin()
	for _, m := range r.Members {
		if m.Kind == jsontext.String && len(m.Value) == 2 {
			continue
		}
		to.mapping.Set(m)
	}
	if !trace {
		logon := nameOf(r.Get("LogonType"), logonTypes())
		if logon == "Delegate" {
			logon = "Delegated"
		}
		t.SetString(t.Column("Logon_Type"), logon)
		t.SetString(t.Column("OfficeWorkload"), "Exchange")
		t.SetString(t.Column("RecordType"), "ExchangeItem")
		if logon == "Owner" {
			t.SetText(t.Column("UserId"), t.Text(t.Column("MailboxOwnerUPN")))
		}
		client, from := t.Column("Client_IPAddress"), t.Column("ClientIP")
		if !t.Has(from) {
			t.SetText(from, t.Text(client))
		}
		if a := t.Text(from); len(a) > 0 && !t.Has(client) {
			t.SetText(client, address(a))
		} else if a := t.Text(client); len(a) > 0 {
			t.Replace(client, address(a))
		}
	}
	return w.Done(ctx, t, t.Commit(), r.Offset, r.Raw)
}
