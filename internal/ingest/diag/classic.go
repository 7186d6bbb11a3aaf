package diag

import (
	"context"
	"strconv"

	"nordlys/internal/ingest/jsontext"
	"nordlys/internal/ingest/records"
	"nordlys/internal/ingest/rows"
)

// The blobs of Application Insights' continuous export, which classic resources had: a list under the name of the kind of
// telemetry, beside internal and context. Items become rows of the App tables.
// https://learn.microsoft.com/previous-versions/azure/azure-monitor/app/export-data-model
func classicTables() [][2]string {
	return [][2]string{{"request", "AppRequests"}, {"remoteDependency", "AppDependencies"}, {"basicException", "AppExceptions"},
		{"message", "AppTraces"}, {"event", "AppEvents"}, {"view", "AppPageViews"}, {"availability", "AppAvailabilityResults"}}
}

// classic returns the list of telemetry in a record of continuous export and its table, or nil.
func classic(r *records.Record) (items []byte, table string) {
	if !r.Has("internal", "context") {
		return nil, ""
	}
	for _, kind := range classicTables() {
		if list := r.Get(kind[0]); jsontext.KindOf(list) == jsontext.Array {
			return list, kind[1]
		}
	}
	return nil, ""
}

// classicItem says where the fields of an item go that do not carry their column's name.
func classicItem() map[string]string {
	return map[string]string{
		"count": "ItemCount", "responseCode": "ResultCode", "commandName": "Data", "dependencyTypeName": "DependencyType",
		"remoteDependencyName": "Target", "raw": "Message", "testName": "Name", "runLocation": "Location", "typeName": rows.Unmapped,
		"outerExceptionMessage": "OuterMessage", "outerExceptionType": "OuterType", "outerExceptionThrownAtMethod": "OuterMethod",
		"outerExceptionThrownAtAssembly": "OuterAssembly", "parsedStack": "Details", "durationMetric": rows.Ignore, "severityLevel": rows.Ignore,
		"urlData": rows.Unmapped, "async": rows.Unmapped, "baseName": rows.Unmapped, "exceptionGroup": rows.Unmapped, "failedUserCodeMethod": "Method",
		"failedUserCodeAssembly": "Assembly", "hasFullStack": rows.Unmapped, "outerId": rows.Unmapped, "loggerName": rows.Unmapped, "parameters": rows.Unmapped,
		"type": rows.Unmapped, "result": rows.Unmapped,
	}
}

// classicContext says which column each part of the context fills.
func classicContext() [][3]string {
	return [][3]string{{"data", "eventTime", "TimeGenerated"}, {"application", "version", "AppVersion"}, {"cloud", "roleName", "AppRoleName"},
		{"device", "roleName", "AppRoleName"}, {"device", "roleInstance", "AppRoleInstance"}, {"device", "type", "ClientType"},
		{"device", "browser", "ClientBrowser"}, {"device", "osVersion", "ClientOS"}, {"device", "model", "ClientModel"},
		{"location", "clientip", "ClientIP"}, {"location", "country", "ClientCountryOrRegion"}, {"location", "province", "ClientStateOrProvince"},
		{"location", "city", "ClientCity"}, {"user", "anonId", "UserId"}, {"user", "authId", "UserAuthenticatedId"},
		{"user", "accountId", "UserAccountId"}, {"session", "id", "SessionId"}, {"operation", "id", "OperationId"},
		{"operation", "name", "OperationName"}, {"operation", "parentId", "ParentId"}, {"operation", "syntheticSource", "SyntheticSource"},
		{"data", "syntheticSource", "SyntheticSource"}}
}

// classicRows makes a row of each item.
func (f *Family) classicRows(ctx context.Context, r *records.Record, w *rows.Writer) error {
	items, table := classic(r)
	w.Format("Application Insights continuous export")
	t := w.Table(table)
	mapping := f.classic[table]
	if mapping == nil {
		mapping = t.NewMapping(classicItem(), rows.Pascal)
		if f.classic == nil {
			f.classic = map[string]*rows.Mapping{}
		}
		f.classic[table] = mapping
	}
	about := r.Get("context")
	part := func(name, field string) []byte {
		if v := jsontext.Find(about, name); jsontext.KindOf(v) == jsontext.Object {
			return jsontext.Find(v, field)
		}
		return nil
	}
	var err error
	jsontext.Elements(items, func(item []byte) bool {
		w.Next()
		w.UTC()
		if jsontext.KindOf(item) != jsontext.Object || jsontext.KindOf(about) != jsontext.Object {
			err = w.Refuse(ctx, r.Offset, "telemetry that is no object", item, int64(len(item)))
			return err == nil
		}
		t.Begin()
		mapping.SetAll(item)
		for _, c := range classicContext() {
			if column := t.Column(c[2]); !t.Has(column) {
				if v := part(c[0], c[1]); v != nil && jsontext.KindOf(v) != jsontext.Null {
					t.SetJSON(column, v)
				}
			}
		}
		if d := jsontext.Find(item, "durationMetric"); jsontext.KindOf(d) == jsontext.Object { // in ticks
			if n, err := strconv.ParseFloat(string(jsontext.Find(d, "value")), 64); err == nil {
				t.SetString(t.Column("DurationMs"), strconv.FormatFloat(n/10_000, 'f', -1, 64))
			}
		}
		if v := jsontext.Find(item, "severityLevel"); v != nil {
			t.SetString(t.Column("SeverityLevel"), severity(v))
		}
		t.SetJSON(t.Column("Properties"), merged(part("custom", "dimensions")))
		t.SetJSON(t.Column("Measurements"), merged(part("custom", "metrics")))
		t.Keep("internal", r.Get("internal"))
		t.Keep("context", about) // what it says beyond the columns: sampling, the continent
		err = w.Done(ctx, t, t.Commit(), r.Offset, r.Raw)
		return err == nil
	})
	return err
}

// severity is the number of a level, which export writes by name.
func severity(v []byte) string {
	text := string(v)
	if jsontext.KindOf(v) == jsontext.String {
		text = string(jsontext.Text(nil, v))
	}
	for i, name := range []string{"Verbose", "Information", "Warning", "Error", "Critical"} {
		if text == name {
			return strconv.Itoa(i)
		}
	}
	return text
}

// merged makes one object of a list of objects, or nil.
func merged(list []byte) []byte {
	if jsontext.KindOf(list) != jsontext.Array {
		return nil
	}
	out := []byte{'{'}
	jsontext.Elements(list, func(e []byte) bool {
		if jsontext.KindOf(e) == jsontext.Object {
			jsontext.Walk(e, func(m jsontext.Member) bool {
				if len(out) > 1 {
					out = append(out, ',')
				}
				out = append(append(out, '"'), m.Name...)
				out = append(append(out, '"', ':'), m.Value...)
				return true
			})
		}
		return true
	})
	if len(out) == 1 {
		return nil
	}
	return append(out, '}')
}
