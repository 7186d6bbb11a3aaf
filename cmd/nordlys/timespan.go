package main

import (
	"time"

	"nordlys/internal/workspace"
)

// parseTimespan reads the value of --timespan.
func parseTimespan(s string, now time.Time) (from, to time.Time, err error) {
	if from, to, err = workspace.ParseTimespan(s, now); err != nil {
		err = usageError("--%w", err)
	}
	return from, to, err
}
