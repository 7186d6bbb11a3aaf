package lower

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// Ident quotes a name as a SQL identifier. A NUL, which no identifier can hold, becomes U+FFFD.
func Ident(name string) string {
	if strings.IndexByte(name, 0) >= 0 {
		name = strings.ReplaceAll(name, "\x00", "\uFFFD")
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// Text quotes a string as a SQL literal. NUL, which the parser would end at, is written with chr(0).
func Text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexByte(s, 0) < 0 {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	parts := strings.Split(s, "\x00")
	for i, p := range parts {
		parts[i] = "'" + strings.ReplaceAll(p, "'", "''") + "'"
	}
	return "(" + strings.Join(parts, " || chr(0) || ") + ")"
}

// sqlTypes are the column types of DuckDB behind KQL's.
var sqlTypes = map[catalog.Type]string{
	catalog.Bool: "BOOLEAN", catalog.Int: "INTEGER", catalog.Long: "BIGINT", catalog.Real: "DOUBLE",
	catalog.Decimal: "DECIMAL(38,10)", catalog.String: "VARCHAR", catalog.Datetime: "BIGINT",
	catalog.Timespan: "BIGINT", catalog.Guid: "VARCHAR", catalog.Dynamic: "VARCHAR",
}

// SQLType is the DuckDB type that holds values of t.
func SQLType(t catalog.Type) string { return sqlTypes[t] }

// null is a typed NULL; strings are never null.
func null(t catalog.Type) string {
	if t == catalog.String {
		return "''"
	}
	if t == catalog.Unknown {
		return "NULL"
	}
	return "CAST(NULL AS " + sqlTypes[t] + ")"
}

// constant renders a value known at binding.
func constant(c *plan.Const) (string, error) {
	if c.Value == nil {
		return null(c.Typ), nil
	}
	switch v := c.Value.(type) {
	case bool:
		if v {
			return "true", nil
		}
		return "false", nil
	case int64:
		if v == math.MinInt64 {
			return "(-9223372036854775807::BIGINT - 1::BIGINT)", nil
		}
		s := strconv.FormatInt(v, 10)
		if v < 0 {
			s = "(" + s + ")"
		}
		if c.Typ == catalog.Int {
			return s + "::INTEGER", nil
		}
		return s + "::BIGINT", nil
	case float64:
		switch {
		case math.IsNaN(v):
			return "'NaN'::DOUBLE", nil
		case math.IsInf(v, 1):
			return "'Infinity'::DOUBLE", nil
		case math.IsInf(v, -1):
			return "'-Infinity'::DOUBLE", nil
		}
		return "'" + strconv.FormatFloat(v, 'g', -1, 64) + "'::DOUBLE", nil
	case string:
		switch c.Typ {
		case catalog.Decimal:
			return "TRY_CAST(" + Text(v) + " AS DECIMAL(38,10))", nil
		case catalog.Dynamic:
			if v == "null" {
				return null(catalog.Dynamic), nil
			}
		}
		return Text(v), nil
	}
	return "", fmt.Errorf("internal: constant of Go type %T", c.Value)
}
