package workspace

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// isoDuration is an ISO 8601 duration without years and months, whose length varies.
var isoDuration = regexp.MustCompile(`^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)

// ParseTimespan reads what Log Analytics takes as a timespan: a duration before now, START/END, START/DURATION or
// DURATION/END. Zero times are open.
func ParseTimespan(s string, now time.Time) (from, to time.Time, err error) {
	if s == "" {
		return from, to, nil
	}
	first, second, both := strings.Cut(s, "/")
	bad := func() error {
		return fmt.Errorf("timespan %q: write a duration (PT1H, P7D) or START/END in RFC 3339", s)
	}
	if !both {
		d, ok := parseDuration(first)
		if !ok {
			return from, to, bad()
		}
		return now.Add(-d), now, nil
	}
	d1, isDuration1 := parseDuration(first)
	d2, isDuration2 := parseDuration(second)
	if !isDuration1 {
		if from, err = ParseTime(first); err != nil {
			return from, to, bad()
		}
	}
	if !isDuration2 {
		if to, err = ParseTime(second); err != nil {
			return from, to, bad()
		}
	}
	switch {
	case isDuration1 && isDuration2:
		return from, to, bad()
	case isDuration1:
		from = to.Add(-d1)
	case isDuration2:
		to = from.Add(d2)
	}
	if to.Before(from) {
		return from, to, fmt.Errorf("timespan %q: the end is before the start", s)
	}
	return from, to, nil
}

// ParseTime reads a time in RFC 3339, or without a zone in UTC, or a day.
func ParseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", s)
}

func parseDuration(s string) (time.Duration, bool) {
	m := isoDuration.FindStringSubmatch(s)
	if m == nil || s == "P" || strings.HasSuffix(s, "T") {
		return 0, false
	}
	var total time.Duration
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.ParseFloat(m[i+1], 64)
		if err != nil || n*float64(unit) > float64(1<<62) {
			return 0, false
		}
		total += time.Duration(n * float64(unit))
	}
	return total, true
}
