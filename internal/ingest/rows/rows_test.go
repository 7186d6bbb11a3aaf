package rows

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in    string
		zone  *time.Location
		order DateOrder
		want  string // "" if it is no time
	}{
		{"2025-07-24T15:32:44.2442191Z", nil, 0, "2025-07-24T15:32:44.2442191Z"},
		{"2025-07-24T15:32:44Z", nil, 0, "2025-07-24T15:32:44.0000000Z"},
		{"2021-04-22T12:55:44.294726899Z", nil, 0, "2021-04-22T12:55:44.2947268Z"}, // nine digits
		{"2025-07-24T15:30:17.7974412+00:00", nil, 0, "2025-07-24T15:30:17.7974412Z"},
		{"2025-07-24T15:30:17+02:00", nil, 0, "2025-07-24T13:30:17.0000000Z"},
		{"2025-07-24T15:30:17 +0530", nil, 0, "2025-07-24T10:00:17.0000000Z"},
		{"2022-09-09T9:59:27.958Z", nil, 0, "2022-09-09T09:59:27.9580000Z"}, // an hour of one digit
		{"2023-08-22T13:51:02", nil, 0, "2023-08-22T13:51:02.0000000Z"},     // Office 365, without Z
		{"2020-09-22 04:37:45", oslo, 0, "2020-09-22T02:37:45.0000000Z"},    // NXLog, in a zone that is known
		{"2026-01-24T06:54:24.0000000Z ", nil, 0, "2026-01-24T06:54:24.0000000Z"},
		{"2025-03-04", nil, 0, "2025-03-04T00:00:00.0000000Z"},
		{"8/22/2022 6:11:52 PM", nil, 0, "2022-08-22T18:11:52.0000000Z"},
		{"12/13/2024 12:04:03 AM", nil, 0, "2024-12-13T00:04:03.0000000Z"},
		{"7/18/2025, 12:26:46.737 PM", nil, 0, "2025-07-18T12:26:46.7370000Z"},
		{"7/18/2025, 12:26:46.737\u202fPM", nil, 0, "2025-07-18T12:26:46.7370000Z"},
		{"11/3/2020 9:06:42 AM +00:00", nil, 0, "2020-11-03T09:06:42.0000000Z"},
		{"19/12/2024, 08:49:37.587", nil, DayFirst, "2024-12-19T08:49:37.5870000Z"},
		{"19/12/2024, 08:49:37.587", nil, MonthFirst, ""},
		{"0001-01-01T00:00:00Z", nil, 0, "0001-01-01T00:00:00.0000000Z"},
		{"9999-12-31T23:59:59.9999999Z", nil, 0, "9999-12-31T23:59:59.9999999Z"},
		{"2024-02-29T00:00:00Z", nil, 0, "2024-02-29T00:00:00.0000000Z"},
		{"2023-02-29T00:00:00Z", nil, 0, ""},
		{"2025-13-01T00:00:00Z", nil, 0, ""},
		{"2025-01-01T24:00:00Z", nil, 0, ""},
		{"2025-01-01T00:00:00.Z", nil, 0, ""},
		{"13:00 PM", nil, 0, ""},
		{"12/1/20235:54:47PM", nil, 0, ""},
		{"yesterday at noon", nil, 0, ""},
		{"", nil, 0, ""},
	} {
		ticks, ok := ParseTime([]byte(c.in), c.zone, c.order)
		got := ""
		if ok {
			got = TimeOf(ticks).Format("2006-01-02T15:04:05.0000000Z")
		}
		if got != c.want {
			t.Errorf("ParseTime(%q) = %q, want %q", c.in, got, c.want)
		}
		if ok && TicksOf(TimeOf(ticks)) != ticks {
			t.Errorf("%q does not come back", c.in)
		}
	}
	for day := int64(0); day < 3_652_059; day += 97 { // the calendar agrees with package time
		at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(day))
		if got := civilDays(at.Year(), int(at.Month()), at.Day()); got != day {
			t.Fatalf("civilDays(%s) = %d, want %d", at, got, day)
		}
	}
}

func TestParseSpan(t *testing.T) {
	for in, want := range map[string]int64{
		"00:00:01": Second, "1.02:03:04.5": Day + 2*3600*Second + 3*60*Second + 4*Second + Second/2, "-00:01:00": -60 * Second,
	} {
		if got, ok := ParseSpan([]byte(in)); !ok || got != want {
			t.Errorf("ParseSpan(%s) = %d, %v, want %d", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "1", "24:00:00", "00:60:00", "a", "1:2", "00:00:00:00"} {
		if got, ok := ParseSpan([]byte(in)); ok {
			t.Errorf("ParseSpan(%s) = %d", in, got)
		}
	}
}

func TestParseInt(t *testing.T) {
	for in, want := range map[string]int64{"0": 0, "-9214364837600034816": -9214364837600034816, "9223372036854775807": 1<<63 - 1,
		"-9223372036854775808": -1 << 63, "12.0": 12, "12.": 12} {
		if got, ok := parseInt([]byte(in)); !ok || got != want {
			t.Errorf("parseInt(%s) = %d, %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "-", "9223372036854775808", "18446744073709551615", "1.5", "0x3e7", "1e3", "12 "} {
		if got, ok := parseInt([]byte(in)); ok {
			t.Errorf("parseInt(%s) = %d", in, got)
		}
	}
}
