package main

import (
	"fmt"
	"time"
)

// virtualStart is where a virtual clock begins unless -start says otherwise: always at the same time, for the same story.
var virtualStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// readClock checks -clock and -start.
func (o *options) readClock() error {
	if o.clock != "scaled" && o.clock != "virtual" {
		return usageError{fmt.Errorf("-clock must be scaled or virtual, not %q", o.clock)}
	}
	if o.clock == "virtual" && o.given["speed"] {
		return usageError{fmt.Errorf("-clock virtual and -speed exclude each other: virtual time has no speed")}
	}
	if o.begin == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339, o.begin)
	if err != nil {
		return usageError{fmt.Errorf("-start must be a time such as 2026-01-01T00:00:00Z, not %q", o.begin)}
	}
	o.startTime = at
	return nil
}

// newClock is the clock of the command line.
func (o *options) newClock() clock {
	switch {
	case o.clock == "virtual" && o.startTime.IsZero():
		return newVirtualClock(virtualStart)
	case o.clock == "virtual":
		return newVirtualClock(o.startTime)
	case o.startTime.IsZero():
		return newScaledClock(o.speed)
	}
	return newScaledClockAt(o.speed, o.startTime)
}
