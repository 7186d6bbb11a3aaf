package scalar

import (
	"testing"
	"time"
)

func ticks(t time.Time) int64 {
	return unixEpochTicks + t.Unix()*ticksPerSecond + int64(t.Nanosecond())/100
}

func at(year int, month time.Month, day, hour, minute, second, nanos int) int64 {
	return ticks(time.Date(year, month, day, hour, minute, second, nanos, time.UTC))
}

func TestParseDatetime(t *testing.T) {
	day := at(2024, 3, 5, 0, 0, 0, 0)
	noon := at(2024, 3, 5, 12, 34, 0, 0)
	full := at(2024, 3, 5, 12, 34, 56, 0)
	tests := []struct {
		in   string
		want int64 // 0: no datetime
	}{
		{"2024-03-05", day}, {" 2024-03-05 ", day}, {"2024-03-05T12:34", noon}, {"2024-03-05 12:34", noon},
		{"2024-03-05T12:34:56Z", full}, {"2024-03-05T12:34:56.1234567Z", full + 1234567},
		{"2024-03-05T12:34:56.123456789Z", full + 1234567}, {"2024-03-05T14:34:56+02:00", full},
		{"2024-03-05T07:04:56-0530", full}, {"2024-03-05 12:34:56 GMT", full}, {"2024-03-05 12:34:56,5", full + 5000000},
		{"2024-02-29", at(2024, 2, 29, 0, 0, 0, 0)}, {"2023-02-29", 0}, {"2024-04-31", 0}, {"2024-13-01", 0},
		{"2024-03-05T24:00:00", at(2024, 3, 6, 0, 0, 0, 0)}, {"2024-03-05T24:00:01", 0}, {"2024-03-05T12:60", 0},
		{"0001-01-01T00:00:00+01:00", 0}, {"9999-12-31T23:59:59-01:00", 0}, {"9999-12-31T23:59:59.9999999Z", maxTicks},

		{"Tue, 5 Mar 24 12:34:56 GMT", full}, {"Tue, 5 Mar 24 12:34:56", full}, {"Tue, 5 Mar 24 12:34 GMT", noon},
		{"5 Mar 24 12:34", noon}, {"5 Mar 2024 12:34:56 +0000", full}, {"Tue, 5 Mar 2024 07:34:56 EST", full},
		{"Tuesday, 05-Mar-24 12:34:56 GMT", full}, {"05-Mar-24 12:34", noon}, {"05-Mar-99", at(1999, 3, 5, 0, 0, 0, 0)},
		{"Tue Mar  5 12:34:56 2024", full}, {"March 5, 2024", day}, {"Mar 5 2024 12:34:56", full}, {"5 March 2024", day},
		{"3/5/2024", day}, {"03-05-2024", day}, {"3/5/2024 12:34:56 PM", full}, {"3/5/2024, 12:34 PM", noon},
		{"3/5/2024 12:00:00 AM", day}, {"3/5/2024 12:34:56.5 pm", full + 5000000}, {"2024/3/5", day}, {"2024-3-5 12:34:56", full},
		{"2024-3-5T12:34", noon},

		{"", 0}, {"x", 0}, {"March", 0}, {"5 Mar", 0}, {"30 Feb 2024", 0}, {"13/13/2024", 0}, {"3/5-2024", 0},
		{"3/5/2024 13:00 PM", 0}, {"Tue Mar 5 12:34:56", 0}, {"2024-03-05x", 0}, {"10.0.0.1", 0}, {"5 Marsh 2024", 0},
		{"1234567890", 0}, {"3/5/202", 0}, {"2024-03-05T12:34:56+", 0},
	}
	for _, tt := range tests {
		got, ok := ParseDatetime(tt.in)
		if ok != (tt.want != 0) || ok && got != tt.want {
			t.Errorf("ParseDatetime(%q) = %d, %v; want %d", tt.in, got, ok, tt.want)
		}
	}
}

// TestCalendar compares every day of some years with package time's.
func TestCalendar(t *testing.T) {
	for _, year := range []int{1, 4, 100, 400, 1582, 1900, 1970, 2000, 2023, 2024, 2100, 9999} {
		for day := time.Date(year, 1, 1, 23, 59, 58, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
			y, m, d := day.Date()
			if got, ok := instant(y, int(m), d, 23, 59, 58, 0, 0); !ok || got != ticks(day) {
				t.Fatalf("%v is %d, want %d", day, got, ticks(day))
			}
		}
	}
}

func TestParseTimespan(t *testing.T) {
	const s = ticksPerSecond
	tests := []struct {
		in   string
		want int64
		ok   bool
	}{
		{"00:00:01", s, true}, {"1.02:03:04", ((24+2)*3600 + 3*60 + 4) * s, true}, {"-00:01:00", -60 * s, true},
		{"00:00:00.5", s / 2, true}, {"02:30", 9000 * s, true}, {"3", 3 * 86400 * s, true}, {"1d", 86400 * s, true},
		{"2.3s", 23 * s / 10, true}, {"90 seconds", 90 * s, true}, {"1.5h", 5400 * s, true}, {"10ms", s / 100, true},
		{"25:00:00", 0, false}, {"00:60:00", 0, false}, {"", 0, false}, {"-", 0, false}, {"5w", 0, false},
		{"99999999", 0, false}, {"99999999.00:00:00", 0, false}, {"99999999999999999999d", 0, false}, {"1.2.3s", 0, false},
	}
	for _, tt := range tests {
		if got, ok := ParseTimespan(tt.in); ok != tt.ok || got != tt.want {
			t.Errorf("ParseTimespan(%q) = %d, %v; want %d, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func TestISONeedsNoMemory(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { ParseDatetime("2024-03-05T12:34:56.1234567Z") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { ParseDatetime("this is not a datetime") }); n != 0 {
		t.Errorf("%v allocations on other text", n)
	}
}

func FuzzParseDatetime(f *testing.F) {
	for _, s := range []string{"2024-03-05T12:34:56.1Z", "Tue, 5 Mar 24 12:34 EST", "3/5/2024 1:02:03 PM", "Mar 5 12:34:56 2024", "99999999", "-1.02:03:04.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, ok := ParseDatetime(s); ok && (v < 0 || v > maxTicks) {
			t.Errorf("%q gives %d", s, v)
		}
		if v, ok := ParseTimespan(s); ok && v < 0 && s[0] != '-' && s[0] > ' ' && s[0] < 0x80 {
			t.Errorf("%q gives %d", s, v)
		}
	})
}

func TestFormat(t *testing.T) {
	dt := at(2024, 3, 5, 14, 7, 9, 60_500_000)
	ts := int64(((3*24+14)*3600+7*60+9)*ticksPerSecond + 605000)
	check(t, []call{
		{"go_format_datetime", []any{dt, "yyyy-MM-dd HH:mm:ss.fffffff"}, "2024-03-05 14:07:09.0605000"},
		{"go_format_datetime", []any{dt, "y/M/d h:m:s"}, "24/3/5 2:7:9"},
		{"go_format_datetime", []any{dt, "yy_MM_dd [hh:mm tt]"}, "24_03_05 [02:07 PM]"},
		{"go_format_datetime", []any{dt, "f,ff,fff,FF,FFF,FFFF,FFFFFFF"}, "0,06,060,06,06,0605,0605"},
		{"go_format_datetime", []any{at(2024, 3, 5, 0, 0, 0, 0), "hh tt.FFF"}, "12 AM."},
		{"go_format_datetime", []any{at(1, 1, 1, 0, 0, 0, 0), "yyyy yy y"}, "0001 01 1"},
		{"go_format_datetime", []any{at(1900, 1, 1, 0, 0, 0, 0), "yyyy yy y"}, "1900 00 0"},
		{"go_format_datetime", []any{dt, "MMM"}, ""}, {"go_format_datetime", []any{dt, "yyyy'T'"}, ""}, {"go_format_datetime", []any{dt, "ffffffff"}, ""},
		{"go_format_datetime", []any{nil, "yyyy"}, ""}, {"go_format_datetime", []any{-1, "yyyy"}, ""}, {"go_format_datetime", []any{dt, ""}, ""},
		{"go_format_timespan", []any{ts, "d.HH:mm:ss"}, "3.14:07:09"},
		{"go_format_timespan", []any{ts, "dddd h:m:s [fffffff] FF"}, "0003 14:7:9 [0605000] 06"},
		{"go_format_timespan", []any{-ts, "dd.hh"}, "-03.14"}, {"go_format_timespan", []any{ts, "ddddddddd"}, ""}, {"go_format_timespan", []any{ts, "M"}, ""},
		{"go_make_datetime", []any{2024, 3, 5, nil, nil, nil}, at(2024, 3, 5, 0, 0, 0, 0)},
		{"go_make_datetime", []any{2024, 3, 5, 14, 7, 9.0605}, dt},
		{"go_make_datetime", []any{2024, 3, 5, 14, 7, 59.99999999}, at(2024, 3, 5, 14, 7, 59, 999_999_900)},
		{"go_make_datetime", []any{2023, 2, 29, nil, nil, nil}, nil}, {"go_make_datetime", []any{0, 1, 1, nil, nil, nil}, nil},
		{"go_make_datetime", []any{2024, 3, 5, 24, 0, nil}, nil}, {"go_make_datetime", []any{2024, 3, 5, 0, 0, 60.0}, nil}, {"go_make_datetime", []any{nil, 3, 5, 0, 0, 0.0}, nil},
	})
}

func BenchmarkParseDatetime(b *testing.B) {
	for _, s := range []string{"2024-03-05T12:34:56.1234567Z", "Tue, 05 Mar 2024 12:34:56 GMT", "not a datetime at all"} {
		b.Run(s[:9], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ParseDatetime(s)
			}
		})
	}
}
