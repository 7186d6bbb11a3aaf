package server

import (
	"strings"

	"nordlys/internal/engine"
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// appendValue appends a value as both APIs write it: as engine.AppendJSON does, but dynamics as texts of JSON, and
// datetimes without zeros at the end.
// https://learn.microsoft.com/kusto/api/rest/response
func appendValue(dst []byte, v any, t catalog.Type) []byte {
	switch v := v.(type) {
	case int64:
		if t == catalog.Datetime {
			return append(append(append(dst, '"'), timeText(v)...), '"')
		}
	case string:
		if t == catalog.Dynamic {
			return engine.AppendJSONString(dst, v)
		}
	}
	return engine.AppendJSON(dst, v, t)
}

func timeText(ticks int64) string {
	return strings.TrimSuffix(strings.TrimRight(strings.TrimSuffix(syntax.FormatDateTime(ticks), "Z"), "0"), ".") + "Z"
}

func appendRow(dst []byte, row []any, columns []plan.Column) []byte {
	dst = append(dst, '[')
	for i, v := range row {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendValue(dst, v, columns[i].Type)
	}
	return append(dst, ']')
}

// text appends a member's value that is text.
func text(dst []byte, s string) []byte { return engine.AppendJSONString(dst, s) }
