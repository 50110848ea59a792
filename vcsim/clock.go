package main

import (
	"sync"
	"time"
)

// clock is where all simulated time comes from: tasks, events, logs and CurrentTime have it; only how long a client waits is real.
type clock interface {
	// now is the simulated time.
	now() time.Time
	// wait is how long one really waits until the simulated time at.
	wait(at time.Time) time.Duration
}

// scaledClock runs speed times as fast as the real one, from the moment it was made. Speed changes how long one waits and nothing else.
type scaledClock struct {
	origin time.Time // real
	start  time.Time // simulated
	speed  float64
}

// newScaledClock starts at the real time.
func newScaledClock(speed float64) *scaledClock { return newScaledClockAt(speed, time.Now()) }

func newScaledClockAt(speed float64, start time.Time) *scaledClock {
	if speed <= 0 {
		speed = 1
	}
	return &scaledClock{origin: time.Now(), start: start.Round(0), speed: speed}
}

func (c *scaledClock) now() time.Time {
	elapsed := time.Duration(float64(time.Since(c.origin)) * c.speed)
	return c.start.Add(elapsed).UTC()
}

func (c *scaledClock) wait(at time.Time) time.Duration {
	left := at.Sub(c.now())
	if left <= 0 {
		return 0
	}
	return time.Duration(float64(left)/c.speed) + time.Microsecond
}

// virtualClock stands still until it is set: it jumps from event to event.
type virtualClock struct {
	mu sync.Mutex
	at time.Time
}

func newVirtualClock(start time.Time) *virtualClock { return &virtualClock{at: start.Round(0).UTC()} }

func (c *virtualClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// set moves the clock on; it never goes back.
func (c *virtualClock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.at) {
		c.at = at.UTC()
	}
}

// wait is never used to sleep: the virtual engine steps when it may, not when it is time.
func (c *virtualClock) wait(time.Time) time.Duration { return heldPause }
