package engine

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/syntax"
)

// AppendJSON appends a value of a result as JSON: datetimes as RFC 3339 with 7 digits and Z, timespans as
// [-][d.]hh:mm:ss[.fffffff], dynamic as the JSON it is, long as a number, NaN and infinities as strings, null as null.
func AppendJSON(dst []byte, v any, t catalog.Type) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		if t == catalog.Datetime || t == catalog.Timespan {
			return append(append(append(dst, '"'), Text(v, t)...), '"')
		}
		return strconv.AppendInt(dst, v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(append(append(dst, '"'), realText(v)...), '"')
		}
		return append(dst, realText(v)...)
	case string:
		if t == catalog.Dynamic && json.Valid([]byte(v)) {
			return append(dst, v...)
		}
		return AppendJSONString(dst, v)
	}
	return append(dst, "null"...)
}

// AppendJSONString appends a JSON string.
func AppendJSONString(dst []byte, s string) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return append(dst, `""`...) // unreachable: strings encode
	}
	return append(dst, strings.TrimSuffix(b.String(), "\n")...)
}

// Text gives a value as a person reads it; "" for null.
func Text(v any, t catalog.Type) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		switch t {
		case catalog.Datetime:
			return syntax.FormatDateTime(v)
		case catalog.Timespan:
			return syntax.FormatTimespan(v)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return realText(v)
	case string:
		if t == catalog.Dynamic && strings.HasPrefix(v, `"`) {
			var s string
			if json.Unmarshal([]byte(v), &s) == nil {
				return s
			}
		}
		return v
	}
	return ""
}

func realText(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e15) {
		return strconv.FormatFloat(v, 'E', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
