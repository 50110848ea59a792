package main

import (
	"math"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// play runs one flow alone to its end and gives how long it took; percent sees every progress on the way.
func play(t *testing.T, f *flow, percent func(int32)) time.Duration {
	t.Helper()
	f.begin(epoch)
	now := epoch
	for range 10_000 {
		at, more := f.next(now)
		if !more {
			return now.Sub(epoch)
		}
		f.advance(now, at)
		now = at
		if f.isDone(now) {
			f.turn(now)
			divide([]*flow{f})
		}
		percent(f.percent())
	}
	t.Fatal("the motion does not end")
	return 0
}

func newFlow(bitsPerS int64, memoryBytes int64, dirty float64) *flow {
	load := workload{memoryBytes: float64(memoryBytes), dirtyBytesPerS: dirty, live: true, twoHosts: true}
	return &flow{load: load, network: []*link{newLink(bitsPerS), newLink(bitsPerS)}}
}

// The ratios are those of the model of the pre-copy that is published in the documentation: 55.0 s over an ideal 10 GbE link.
func TestDurationOf64GiBByDirtyRate(t *testing.T) {
	idle := 64 * 8 * float64(1<<30) / 9.64e9
	for _, c := range []struct{ ratio, seconds float64 }{
		{0, idle}, {0.05, idle * 57.7 / 55}, {0.2, idle * 68.2 / 55}, {0.5, idle * 109 / 55}, {0.7, idle * 182 / 55}, {0.9, idle * 116 / 55},
	} {
		f := newFlow(10_000_000_000, 64<<30, c.ratio*9.64e9/8)
		took := play(t, f, func(int32) {}).Seconds()
		if math.Abs(took-c.seconds)/c.seconds > 0.02 {
			t.Errorf("dirty/bandwidth %.2f took %.1f s, not %.1f s", c.ratio, took, c.seconds)
		}
		if f.throttled != (c.ratio == 0.9) {
			t.Errorf("dirty/bandwidth %.2f: throttled is %v", c.ratio, f.throttled)
		}
		if limit := switchoverGoal + deviceStateTime + time.Millisecond; f.downtime > limit || f.downtime < deviceStateTime {
			t.Errorf("dirty/bandwidth %.2f: downtime %s", c.ratio, f.downtime)
		}
	}
}

func TestAGuestFasterThanTheLinkStillConverges(t *testing.T) {
	f := newFlow(1_000_000_000, 16<<30, 10e9)
	took := play(t, f, func(int32) {})
	if !f.throttled || f.passes < 2 || f.passes > 20 {
		t.Errorf("throttled %v, %d passes in %s", f.throttled, f.passes, took)
	}
}

func TestProgressNeverFallsAndFollowsBytes(t *testing.T) {
	for _, dirty := range []float64{0, 3e8, 9e8, 5e9} {
		f := newFlow(10_000_000_000, 8<<30, dirty)
		var last int32
		play(t, f, func(p int32) {
			if p < last || p > 99 {
				t.Errorf("dirty %.0f: progress %d after %d", dirty, p, last)
			}
			last = p
		})
		if last < 90 {
			t.Errorf("dirty %.0f: the last progress is %d", dirty, last)
		}
		if f.memorySent != f.sent || f.sent < float64(8<<30)-1 {
			t.Errorf("dirty %.0f: %.0f bytes were sent", dirty, f.sent)
		}
	}
}

func TestTheSlowerLinkSetsThePace(t *testing.T) {
	f := newFlow(25_000_000_000, 8<<30, 0)
	f.network[1] = newLink(1_000_000_000)
	want := 8 * 8 * float64(1<<30) / 0.964e9
	if took := play(t, f, func(int32) {}).Seconds(); math.Abs(took-want) > 1 {
		t.Errorf("took %.1f s, not %.1f s", took, want)
	}
}

func TestAMachineThatIsOffHasNoDowntime(t *testing.T) {
	f := newFlow(10_000_000_000, 0, 0)
	f.load.live = false
	f.load.copies = []diskCopy{{bytes: 10 << 30, route: append([]*link{newStore(0), newStore(0)}, f.network...)}}
	want := 10*8*float64(1<<30)/9.64e9 + prepareTime.Seconds()
	if took := play(t, f, func(int32) {}).Seconds(); math.Abs(took-want) > 0.1 || f.downtime != 0 || f.passes != 0 {
		t.Errorf("took %.1f s, not %.1f s; downtime %s, %d passes", took, want, f.downtime, f.passes)
	}
}

func TestScaledClockKeepsItsPace(t *testing.T) {
	c := newScaledClock(1000)
	if wait := c.wait(c.now().Add(1000 * time.Second)); wait < 900*time.Millisecond || wait > 1100*time.Millisecond {
		t.Errorf("1000 s at speed 1000 take %s", wait)
	}
	if wait := c.wait(c.now().Add(-time.Second)); wait != 0 {
		t.Errorf("the past takes %s", wait)
	}
}
