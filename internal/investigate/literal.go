package investigate

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"nordlys/internal/kql/syntax"
)

// literal writes any text as a KQL string literal. Nothing from outside reaches a query but through it and timeLiteral.
func literal(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&b, `\u%04x`, r)
		case r == utf8.RuneError:
			b.WriteString(`\ufffd`)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// nothing is what an empty list of values becomes: a text that no column holds, because in (”) would match.
const nothing = "no such value"

// literals writes a list for in (…), never empty.
func literals(values []string) string {
	if len(values) == 0 {
		return literal(nothing)
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = literal(v)
	}
	return strings.Join(quoted, ", ")
}

// timeLiteral writes ticks as a KQL datetime.
func timeLiteral(ticks int64) string { return "datetime(" + syntax.FormatDateTime(ticks) + ")" }

const (
	ticksPerSecond = 10_000_000
	unixEpochTicks = 621_355_968_000_000_000
)

// ticksOf gives a moment in 100 ns since year 1.
func ticksOf(t time.Time) int64 {
	return t.Unix()*ticksPerSecond + int64(t.Nanosecond())/100 + unixEpochTicks
}

// timespanLiteral writes a duration of whole seconds.
func timespanLiteral(d time.Duration) string { return fmt.Sprintf("%ds", int64(d/time.Second)) }

// between bounds TimeGenerated; zero is open.
func between(from, to int64) string {
	switch {
	case from != 0 && to != 0:
		return "TimeGenerated between (" + timeLiteral(from) + " .. " + timeLiteral(to) + ")"
	case from != 0:
		return "TimeGenerated >= " + timeLiteral(from)
	case to != 0:
		return "TimeGenerated <= " + timeLiteral(to)
	}
	return ""
}
