package main

import (
	"math"
	"time"
)

// The iterative pre-copy: all touched memory in the first pass, in each further one what was written during the one before, until
// the rest can be sent within the switch-over goal. Settings are those of ESXi 6.0u3 to 9.0.1, unchanged over these releases.

const (
	// switchoverGoal is Migrate.PreCopySwitchoverTimeGoal, 500 ms.
	switchoverGoal = 500 * time.Millisecond
	// minProgressRatio is Migrate.PreCopyMinProgressPerc, 130 %: of transmit to dirty rate, over one pass.
	minProgressRatio = 1.30
	// sdpsTargetRatio is Migrate.SdpsTargetRate, 500 %: the ratio of transmit to dirty rate the slowdown (SDPS) brings about.
	sdpsTargetRatio = 5.0
	// deviceStateTime is the part of the switch-over that ordinary device state takes. UNVERIFIED.
	deviceStateTime = 100 * time.Millisecond
	// defaultMaxSwitchover is vmotion.maxSwitchoverSeconds where the virtual machine's configuration does not say otherwise (KB 2141355).
	defaultMaxSwitchover = 100 * time.Second
)

// growth is how many times its memory a guest that writes at the rate dirty makes a link of this rate send: 1/(1-D/B) while the
// pre-copy converges, with the slowdown's ratio from there on.
func growth(dirty, rate float64) float64 {
	if dirty <= 0 || rate <= 0 {
		return 1
	}
	if rate/dirty >= minProgressRatio {
		return 1 / (1 - dirty/rate)
	}
	return 1 + min(dirty/rate, 1)/(1-1/sdpsTargetRatio)
}

func (f *flow) startPass(now time.Time, bytes float64) {
	f.passes++
	if f.load.burst != nil && !f.throttled {
		f.dirty = f.load.burst(f.load.dirtyBytesPerS)
	}
	f.passStart, f.passBytes, f.left = now, bytes, bytes
}

// endPass decides what follows a pass: the switch-over if the rest fits its goal, else another pass, with the guest slowed down
// where the link does not gain on it. Where that cannot help either, the move fails.
func (f *flow) endPass(now time.Time) {
	seconds := now.Sub(f.passStart).Seconds()
	rest := math.Min(f.dirty*seconds, f.load.memoryBytes)
	measured := f.rate
	if seconds > 0 {
		measured = f.passBytes / seconds
	}
	if rest <= f.rate*switchoverGoal.Seconds() {
		f.stop(now, rest, measured)
		return
	}
	f.note(rest, measured, f.dirty)
	if measured/f.dirty < minProgressRatio && !f.throttle(measured) {
		f.fail(noForwardProgress)
		return
	}
	f.startPass(now, rest)
}

// note keeps what the log says of a pass: the pages left after it, its rate, and how that compares with what was written.
func (f *flow) note(rest, measured, dirty float64) {
	f.restPages = int64(rest / pageBytes)
	f.stopBytesPerS = measured
	f.transmitRatio = measured / math.Max(dirty, 1)
}

// throttle slows the guest down to a fifth of the rate. It is false where that is switched off, or where what the guest goes on
// writing is still too much.
func (f *flow) throttle(measured float64) bool {
	if f.load.noSDPS {
		return false
	}
	f.throttled = true
	f.dirty = math.Max(measured/sdpsTargetRatio, math.Min(f.load.fixedDirtyBytesPerS, f.load.dirtyBytesPerS))
	return measured/f.dirty >= minProgressRatio
}

// stop stuns the guest with rest bytes to go.
func (f *flow) stop(now time.Time, rest, measured float64) {
	f.note(rest, measured, f.dirty)
	f.stage, f.stunnedAt = stageSwitchover, now
	f.left = float64(f.restPages)*pageBytes + f.load.stateBytes
}

// fail ends the flow before its end.
func (f *flow) fail(why *motionFailure) {
	f.failure, f.stage = why, stageEnded
}

func (f *flow) maxSwitchover() time.Duration {
	if f.load.maxSwitchover > 0 {
		return f.load.maxSwitchover
	}
	return defaultMaxSwitchover
}

// switchoverEnd is when a switch-over that has begun has to have ended; zero at other times.
func (f *flow) switchoverEnd() time.Time {
	if f.stage != stageSwitchover && f.stage != stageDevices {
		return time.Time{}
	}
	return f.stunnedAt.Add(f.maxSwitchover())
}

func (f *flow) isOverdue(now time.Time) bool {
	end := f.switchoverEnd()
	return !end.IsZero() && !now.Before(end)
}
