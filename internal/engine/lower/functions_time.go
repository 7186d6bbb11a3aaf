package lower

import (
	"fmt"
	"strings"

	"nordlys/internal/kql/plan"
)

// periods are the fixed lengths, in ticks, of the parts of a datetime.
var periods = map[string]int64{
	"day": ticksPerDay, "hour": 3600 * ticksPerSecond, "minute": 60 * ticksPerSecond, "second": ticksPerSecond,
	"millisecond": ticksPerSecond / 1000, "microsecond": ticksPerSecond / 1000000,
}

// lowerDatetimeDiff counts the borders between two times.
func lowerDatetimeDiff(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	name, _ := constText(c, 0)
	name = strings.ToLower(name)
	if n, ok := periods[name]; ok {
		return fmt.Sprintf("(%[1]s // %[3]d - %[2]s // %[3]d)", args[1], args[2], n), nil
	}
	switch name {
	case "nanosecond":
		return "((" + args[1] + " - " + args[2] + ") * 100)", nil
	case "week": // weeks start on Sunday; tick 0 was a Monday
		return fmt.Sprintf("((%[1]s + %[3]d) // %[4]d - (%[2]s + %[3]d) // %[4]d)", args[1], args[2], ticksPerDay, 7*ticksPerDay), nil
	case "year", "quarter", "month":
		return "date_diff(" + Text(name) + ", kql_ts(" + args[2] + "), kql_ts(" + args[1] + "))", nil
	}
	return "", fmt.Errorf("datetime_diff: no period %q: use year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or nanosecond", name)
}

func lowerDatetimeAdd(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.typedArgs(c, sc)
	if err != nil {
		return "", err
	}
	name, _ := constText(c, 0)
	name = strings.ToLower(name)
	if n, ok := periods[name]; ok {
		return fmt.Sprintf("(%s + %s * %d)", args[2], args[1], n), nil
	}
	switch name {
	case "nanosecond":
		return "(" + args[2] + " + " + args[1] + " // 100)", nil
	case "week":
		return fmt.Sprintf("(%s + %s * %d)", args[2], args[1], 7*ticksPerDay), nil
	case "month", "quarter", "year":
		months := map[string]int{"month": 1, "quarter": 3, "year": 12}[name]
		return fmt.Sprintf("(kql_ticks(kql_ts(%s) + to_months(CAST(%s * %d AS INTEGER))) + %s %% 10)", args[2], args[1], months, args[2]), nil
	}
	return "", fmt.Errorf("datetime_add: no period %q: use year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or nanosecond", name)
}

func lowerDatetimePart(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	name, _ := constText(c, 0)
	t := args[1]
	switch strings.ToLower(name) {
	case "year", "quarter", "month", "day":
		return "CAST(date_part(" + Text(strings.ToLower(name)) + ", kql_ts(" + t + ")) AS INTEGER)", nil
	case "week_of_year", "weekofyear":
		return "CAST(week(kql_ts(" + t + ")) AS INTEGER)", nil
	case "dayofyear":
		return "CAST(dayofyear(kql_ts(" + t + ")) AS INTEGER)", nil
	case "hour":
		return "CAST((" + t + " // 36000000000) % 24 AS INTEGER)", nil
	case "minute":
		return "CAST((" + t + " // 600000000) % 60 AS INTEGER)", nil
	case "second":
		return "CAST((" + t + " // 10000000) % 60 AS INTEGER)", nil
	case "millisecond":
		return "CAST((" + t + " // 10000) % 1000 AS INTEGER)", nil
	case "microsecond":
		return "CAST((" + t + " // 10) % 1000000 AS INTEGER)", nil
	case "nanosecond":
		return "CAST((" + t + " % 10000000) * 100 AS INTEGER)", nil
	}
	return "", fmt.Errorf("datetime_part: no part %q: use year, quarter, month, week_of_year, day, dayOfYear, hour, minute, second, millisecond, microsecond or nanosecond", name)
}

// lowerMakeTimespan reads (hour, minute), (hour, minute, second) or (day, hour, minute, second).
func lowerMakeTimespan(l *lowerer, c *plan.Call, sc scope) (string, error) {
	args, err := l.exprs(c.Args, sc)
	if err != nil {
		return "", err
	}
	if len(args) < 4 {
		args = append([]string{"0"}, args...)
	}
	if len(args) < 4 {
		args = append(args, "0")
	}
	return fmt.Sprintf("TRY_CAST(round((((%s * 24 + %s) * 60 + %s) * 60 + %s) * 1e7) AS BIGINT)", args[0], args[1], args[2], args[3]), nil
}
