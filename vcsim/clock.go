package main

import "time"

// clock is where the motion engine takes its time from. A virtual clock, one that jumps instead of waiting, is another implementation.
type clock interface {
	// now is the simulated time.
	now() time.Time
	// wait is how long one really waits until the simulated time at.
	wait(at time.Time) time.Duration
}

// scaledClock runs speed times as fast as the real one, from the moment it was made. Speed changes how long one waits and nothing else.
type scaledClock struct {
	start time.Time
	speed float64
}

func newScaledClock(speed float64) *scaledClock {
	if speed <= 0 {
		speed = 1
	}
	return &scaledClock{start: time.Now(), speed: speed}
}

func (c *scaledClock) now() time.Time {
	elapsed := time.Duration(float64(time.Since(c.start)) * c.speed)
	return c.start.Round(0).Add(elapsed).UTC()
}

func (c *scaledClock) wait(at time.Time) time.Duration {
	left := at.Sub(c.now())
	if left <= 0 {
		return 0
	}
	return time.Duration(float64(left)/c.speed) + time.Microsecond
}
