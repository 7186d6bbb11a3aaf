package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"nordlys/internal/kql/catalog"
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
			return DatetimeText(v)
		case catalog.Timespan:
			return TimespanText(v)
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

const (
	ticksPerSecond = 10_000_000
	unixEpochTicks = 621_355_968_000_000_000
)

// Time gives the moment of a datetime in ticks.
func Time(ticks int64) time.Time {
	t := ticks - unixEpochTicks
	s := t / ticksPerSecond
	if t%ticksPerSecond < 0 {
		s--
	}
	return time.Unix(s, (t-s*ticksPerSecond)*100).UTC()
}

// DatetimeText gives ticks as 2006-01-02T15:04:05.0000000Z.
func DatetimeText(ticks int64) string {
	return Time(ticks).Format("2006-01-02T15:04:05.0000000Z")
}

// TimespanText gives ticks as [-][d.]hh:mm:ss[.fffffff].
func TimespanText(ticks int64) string {
	sign := ""
	u := uint64(ticks)
	if ticks < 0 {
		sign, u = "-", -u
	}
	days, rest := u/(86400*ticksPerSecond), u%(86400*ticksPerSecond)
	seconds, frac := rest/ticksPerSecond, rest%ticksPerSecond
	s := fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if days > 0 {
		s = fmt.Sprintf("%d.%s", days, s)
	}
	if frac > 0 {
		s += fmt.Sprintf(".%07d", frac)
	}
	return sign + s
}
