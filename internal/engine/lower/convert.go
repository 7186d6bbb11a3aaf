package lower

import (
	"nordlys/internal/kql/catalog"
	"nordlys/internal/kql/plan"
)

// conversions are the functions that bring a value of any type to one type.
var conversions = map[string]catalog.Type{
	"tostring": catalog.String, "toint": catalog.Int, "tolong": catalog.Long, "toreal": catalog.Real,
	"todecimal": catalog.Decimal, "tobool": catalog.Bool, "todatetime": catalog.Datetime,
	"totimespan": catalog.Timespan, "toguid": catalog.Guid, "todynamic": catalog.Dynamic,
}

// conversion lowers a conversion. Out of a path it reads the text there once, without making JSON in between.
func (l *lowerer) conversion(c *plan.Call, to catalog.Type, sc scope) (string, error) {
	arg := c.Args[0]
	from := arg.Type()
	if p, ok := arg.(*plan.Path); ok && to != catalog.Dynamic {
		s, err := l.path(p, sc, "json_extract_string")
		if err != nil {
			return "", err
		}
		return fromText(s, to), nil
	}
	s, err := l.expr(arg, sc)
	if err != nil {
		return "", err
	}
	return convert(s, from, to), nil
}

// fromText converts a VARCHAR that may be NULL.
func fromText(s string, to catalog.Type) string {
	if to == catalog.String {
		return "coalesce(" + s + ", '')"
	}
	return convert(s, catalog.String, to)
}

// convert converts SQL of one type to another by Kusto's rules; what cannot be converted is null.
func convert(s string, from, to catalog.Type) string {
	if from == to {
		return s
	}
	if from == catalog.Dynamic && to != catalog.String {
		return convert("json_extract_string("+s+", '$')", catalog.String, to)
	}
	switch to {
	case catalog.String:
		return tostring(s, from)
	case catalog.Int, catalog.Long:
		return toInteger(s, from, to)
	case catalog.Real:
		switch from {
		case catalog.String:
			return "kql_toreal(" + s + ")"
		case catalog.Bool:
			return "CAST(CAST(" + s + " AS INTEGER) AS DOUBLE)"
		case catalog.Guid:
			return null(to)
		}
		return "CAST(" + s + " AS DOUBLE)"
	case catalog.Decimal:
		switch from {
		case catalog.Guid:
			return null(to)
		case catalog.Bool:
			return "CAST(CAST(" + s + " AS INTEGER) AS DECIMAL(38,10))"
		}
		return "TRY_CAST(" + s + " AS DECIMAL(38,10))"
	case catalog.Bool:
		switch {
		case from == catalog.String:
			return "kql_tobool(" + s + ")"
		case from.IsNumber():
			return "(" + s + " <> 0)"
		}
		return null(to)
	case catalog.Datetime:
		switch {
		case from == catalog.String:
			return "go_todatetime(" + s + ")"
		case from == catalog.Long || from == catalog.Int:
			return "CAST(" + s + " AS BIGINT)"
		}
		return null(to)
	case catalog.Timespan:
		switch {
		case from == catalog.String:
			return "go_totimespan(" + s + ")"
		case from == catalog.Long || from == catalog.Int:
			return "CAST(" + s + " AS BIGINT)"
		}
		return null(to)
	case catalog.Guid:
		if from == catalog.String {
			return "CAST(TRY_CAST(" + s + " AS UUID) AS VARCHAR)"
		}
		return null(to)
	case catalog.Dynamic:
		if from == catalog.String {
			return "kql_parse_json(" + s + ")"
		}
		return "nullif(" + jsonOf(s, from) + ", 'null')"
	}
	return s
}

func toInteger(s string, from, to catalog.Type) string {
	typ := sqlTypes[to]
	switch from {
	case catalog.String:
		if to == catalog.Int {
			return "TRY_CAST(kql_tolong(" + s + ") AS INTEGER)"
		}
		return "kql_tolong(" + s + ")"
	case catalog.Real, catalog.Decimal:
		return "TRY_CAST(trunc(" + s + ") AS " + typ + ")"
	case catalog.Bool, catalog.Int:
		return "CAST(" + s + " AS " + typ + ")"
	case catalog.Guid:
		return null(to)
	}
	return "TRY_CAST(" + s + " AS " + typ + ")"
}

// tostring gives the text KQL prints for a value; "" for null.
func tostring(s string, from catalog.Type) string {
	switch from {
	case catalog.String:
		return s
	case catalog.Bool:
		return "CASE WHEN " + s + " THEN 'True' WHEN NOT " + s + " THEN 'False' ELSE '' END"
	case catalog.Real:
		return "kql_real_text(" + s + ")"
	case catalog.Decimal:
		return "kql_decimal_text(" + s + ")"
	case catalog.Datetime:
		return "coalesce(kql_datetime_text(" + s + "), '')"
	case catalog.Timespan:
		return "coalesce(kql_timespan_text(" + s + "), '')"
	case catalog.Dynamic:
		return "coalesce(json_extract_string(" + s + ", '$'), '')"
	}
	return "coalesce(CAST(" + s + " AS VARCHAR), '')"
}

// jsonOf gives the JSON text of a value as an element of a dynamic; 'null' for null.
func jsonOf(s string, from catalog.Type) string {
	switch from {
	case catalog.String:
		return "CAST(to_json(" + s + ") AS VARCHAR)"
	case catalog.Bool:
		return "CASE WHEN " + s + " THEN 'true' WHEN NOT " + s + " THEN 'false' ELSE 'null' END"
	case catalog.Real:
		return "kql_real_json(" + s + ")"
	case catalog.Datetime:
		return "coalesce('\"' || kql_datetime_text(" + s + ") || '\"', 'null')"
	case catalog.Timespan:
		return "coalesce('\"' || kql_timespan_text(" + s + ") || '\"', 'null')"
	case catalog.Guid, catalog.Decimal:
		return "coalesce('\"' || CAST(" + s + " AS VARCHAR) || '\"', 'null')"
	case catalog.Dynamic, catalog.Unknown:
		return "coalesce(" + s + ", 'null')"
	}
	return "coalesce(CAST(" + s + " AS VARCHAR), 'null')"
}
