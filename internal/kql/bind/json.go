package bind

import (
	"math"
	"strconv"
	"unicode/utf8"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
	"nordlys/internal/kql/syntax"
)

// dynamicJSON writes a dynamic literal as compact JSON. Typed values without a JSON form become strings, as Kusto
// stores them.
func dynamicJSON(v *syntax.DynamicValue) any {
	if v.Kind == syntax.DynamicNull {
		return nil
	}
	return string(appendDynamic(nil, v))
}

func appendDynamic(b []byte, v *syntax.DynamicValue) []byte {
	switch v.Kind {
	case syntax.DynamicBool:
		return strconv.AppendBool(b, v.Bool)
	case syntax.DynamicLong:
		return strconv.AppendInt(b, v.Int, 10)
	case syntax.DynamicReal:
		return appendReal(b, v.Real)
	case syntax.DynamicString:
		return appendString(b, v.Text)
	case syntax.DynamicArray:
		b = append(b, '[')
		for i := range v.Array {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendDynamic(b, &v.Array[i])
		}
		return append(b, ']')
	case syntax.DynamicBag:
		b = append(b, '{')
		for i := range v.Bag {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, v.Bag[i].Key)
			b = append(b, ':')
			b = appendDynamic(b, &v.Bag[i].Value)
		}
		return append(b, '}')
	case syntax.DynamicScalar:
		return append(b, constJSON(literal(v.Literal))...)
	}
	return append(b, "null"...)
}

// constJSON writes a constant as the JSON of a dynamic that holds it.
func constJSON(c *plan.Const) string {
	switch v := c.Value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		switch c.Typ {
		case catalog.Datetime:
			return string(appendString(nil, syntax.FormatDateTime(v)))
		case catalog.Timespan:
			return string(appendString(nil, syntax.FormatTimespan(v)))
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return string(appendReal(nil, v))
	case string:
		if c.Typ == catalog.Dynamic {
			return v
		}
		return string(appendString(nil, v))
	}
	return "null"
}

// appendReal writes a real; JSON has no infinities, so they are strings as in Kusto's results.
func appendReal(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, v, 'g', -1, 64)
	for _, c := range b[start:] {
		if c == '.' || c == 'e' {
			return b
		}
	}
	return append(b, ".0"...)
}

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
		i += n
	}
	return append(b, '"')
}
