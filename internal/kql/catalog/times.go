package catalog

// timeEntries are the functions over datetimes and timespans. Weeks start on Sunday; the end of a period is its last
// tick (100 ns).
var timeEntries = []entry{
	{name: "ago", sigs: []string{"(span:timespan) datetime"}, doc: "Now less a timespan.", ex: ex("print ago(1h) < now()", "true")},
	{name: "now", sigs: []string{"([offset:timespan]) datetime"}, doc: "The time at which the query started, plus an offset.", ex: ex("print now() == now()", "true")},
	{name: "ingestion_time", sigs: []string{"() datetime"}, doc: "When the row was taken in; null for rows that are not of a table.", ex: nil},
	{name: "startofday", sigs: []string{"(date:datetime, [offset:long]) datetime"}, doc: "First tick of the day, moved by whole days.", ex: ex("print startofday(datetime(2017-01-01 10:10:17)) == datetime(2017-01-01)", "true")},
	{name: "startofweek", sigs: []string{"(date:datetime, [offset:long]) datetime"}, doc: "First tick of the week (Sunday), moved by whole weeks.", ex: ex("print startofweek(datetime(2017-01-01 10:10:17)) == datetime(2017-01-01)", "true")},
	{name: "startofmonth", sigs: []string{"(date:datetime, [offset:long]) datetime"}, doc: "First tick of the month, moved by whole months.", ex: ex("print startofmonth(datetime(2017-01-20)) == datetime(2017-01-01)", "true")},
	{name: "startofyear", sigs: []string{"(date:datetime, [offset:long]) datetime"}, doc: "First tick of the year, moved by whole years.", ex: ex("print startofyear(datetime(2017-05-20)) == datetime(2017-01-01)", "true")},
	{name: "endofday", sigs: []string{"(date:datetime, [offset:long]) datetime"}, doc: "Last tick of the day.", ex: ex("print endofday(datetime(2017-01-01)) == datetime(2017-01-01 23:59:59.9999999)", "true")},
	{name: "endofweek", sigs: []string{"(date:datetime, [offset:long]) datetime"}, doc: "Last tick of the week (Saturday).", ex: ex("print endofweek(datetime(2017-01-01)) == datetime(2017-01-07 23:59:59.9999999)", "true")},
	{name: "endofmonth", sigs: []string{"(date:datetime, [offset:long]) datetime"}, doc: "Last tick of the month.", ex: ex("print endofmonth(datetime(2017-02-01)) == datetime(2017-02-28 23:59:59.9999999)", "true")},
	{name: "endofyear", sigs: []string{"(date:datetime, [offset:long]) datetime"}, doc: "Last tick of the year.", ex: ex("print endofyear(datetime(2017-02-01)) == datetime(2017-12-31 23:59:59.9999999)", "true")},
	{name: "dayofweek", sigs: []string{"(date:datetime) timespan"}, doc: "Whole days since Sunday, as a timespan.", ex: ex("print dayofweek(datetime(1970-05-11)) == 1d", "true")},
	{name: "dayofmonth", sigs: []string{"(date:datetime) int"}, doc: "Day of the month from 1.", ex: ex("print dayofmonth(datetime(2015-12-14))", "14")},
	{name: "dayofyear", sigs: []string{"(date:datetime) int"}, doc: "Day of the year from 1.", ex: ex("print dayofyear(datetime(2015-12-14))", "348")},
	{name: "hourofday", sigs: []string{"(date:datetime) int"}, doc: "Hour of the day, 0 to 23.", ex: ex("print hourofday(datetime(2015-12-14 18:54))", "18")},
	{name: "getmonth", aliases: "monthofyear", sigs: []string{"(date:datetime) int"}, doc: "Month, 1 to 12.", ex: ex("print getmonth(datetime(2015-12-14))", "12")},
	{name: "getyear", sigs: []string{"(date:datetime) int"}, doc: "Year.", ex: ex("print getyear(datetime(2015-12-14))", "2015")},
	{name: "week_of_year", aliases: "weekofyear", sigs: []string{"(date:datetime) int"}, doc: "Week of the year by ISO 8601.", ex: ex("print week_of_year(datetime(2020-12-31))", "53")},
	{name: "datetime_diff", sigs: []string{"(PERIOD:string, end:datetime, start:datetime) long"}, doc: "Number of period borders between two times.", ex: ex("print datetime_diff('day', datetime(2017-10-30 23:00), datetime(2017-10-29 23:59))", "1")},
	{name: "datetime_add", sigs: []string{"(PERIOD:string, amount:long, date:datetime) datetime"}, doc: "A time moved by periods; months keep within their days.", ex: ex("print datetime_add('month', 1, datetime(2017-01-31)) == datetime(2017-02-28)", "true")},
	{name: "datetime_part", aliases: "datepart", sigs: []string{"(PART:string, date:datetime) int"}, doc: "Year, quarter, month, week_of_year, day, dayOfYear, hour, minute, second, millisecond, microsecond or nanosecond.", ex: ex("print datetime_part('year', datetime(2017-10-30))", "2017")},
	{name: "make_datetime", sigs: []string{"(year:long, month:long, day:long, [hour:long], [minute:long], [second:real]) datetime"}, doc: "A datetime of its parts; null if they are out of range.", ex: ex("print make_datetime(2017,10,1) == datetime(2017-10-01)", "true")},
	{name: "make_timespan", sigs: []string{"make_timespan: (a:long, b:long, [c:real], [d:real]) timespan"}, doc: "A timespan of hours and minutes, with seconds, with days before.", ex: ex("print make_timespan(1, 12) == 1h + 12m", "true")},
	{name: "format_datetime", sigs: []string{"(date:datetime, FORMAT:string) string"}, doc: "A datetime by a layout of d, M, y, H, h, m, s, f, F, t and separators.", ex: ex("print format_datetime(datetime(2017-01-29 09:00:05), 'yy-MM-dd HH:mm')", "17-01-29 09:00")},
	{name: "format_timespan", sigs: []string{"(span:timespan, FORMAT:string) string"}, doc: "A timespan by a layout of d, H, h, m, s, f, F and separators.", ex: ex("print format_timespan(time(14.02:03:04), 'd.HH:mm')", "14.02:03")},
	{name: "unixtime_seconds_todatetime", sigs: []string{"(value:real) datetime"}, doc: "Seconds since 1970 as a datetime.", ex: ex("print unixtime_seconds_todatetime(0) == datetime(1970-01-01)", "true")},
	{name: "unixtime_milliseconds_todatetime", sigs: []string{"(value:real) datetime"}, doc: "Milliseconds since 1970 as a datetime.", ex: ex("print unixtime_milliseconds_todatetime(1000) == datetime(1970-01-01 00:00:01)", "true")},
}
