package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// estimates is the published table: seconds for 64 GiB by bandwidth and by the ratio of dirty rate to bandwidth.
var estimates = []struct {
	name    string
	rate    float64 // bytes a second
	seconds [6]float64
}{
	{"10 GbE line rate", 1250e6, [6]float64{55.0, 57.7, 68.2, 109, 182, 116}},
	{"931 MB/s", 931e6, [6]float64{73.8, 77.5, 92, 147, 245, 157}},
	{"460 MB/s", 460e6, [6]float64{149, 157, 186, 298, 496, 317}},
	{"145 MB/s", 145e6, [6]float64{473, 497, 591, 944, 1574, 1004}},
	{"25 GbE at 90 %", 25e9 / 8 * .9, [6]float64{24.4, 25.7, 30.3, 48, 80, 52}},
}

var estimatedRatios = [6]float64{0, .05, .2, .5, .7, .9}

// exactFlow carries 64 GiB over links of exactly that rate.
func exactFlow(rate, dirty float64) *flow {
	load := workload{memoryBytes: 64 << 30, dirtyBytesPerS: dirty, live: true, twoHosts: true}
	return &flow{load: load, network: []*link{newStore(rate), newStore(rate)}}
}

func TestTheEstimateTableIsReproduced(t *testing.T) {
	for _, row := range estimates {
		for i, ratio := range estimatedRatios {
			f := exactFlow(row.rate, ratio*row.rate)
			took, want := play(t, f, func(int32) {}).Seconds(), row.seconds[i]
			if math.Abs(took-want)/want > 0.05 {
				t.Errorf("%s, dirty/bandwidth %.2f: %.1f s, not %.1f s", row.name, ratio, took, want)
			}
			if f.throttled != (ratio == .9) || f.failure != nil {
				t.Errorf("%s, dirty/bandwidth %.2f: throttled %v, failure %v", row.name, ratio, f.throttled, f.failure)
			}
		}
	}
}

func TestWithoutSlowdownTheMoveFailsWhereTheLinkDoesNotGain(t *testing.T) {
	for _, c := range []struct {
		name  string
		ratio float64
		fixed float64 // part of the bandwidth that is written whatever the slowdown
		off   bool
		fails bool
	}{
		{"gains by 31 %, off", 1 / 1.31, 0, true, false},
		{"gains by 29 %, off", 1 / 1.29, 0, true, true},
		{"gains by 29 %, on", 1 / 1.29, 0, false, false},
		{"on, and half is fixed", .9, .5, false, false},
		{"on, and nearly all is fixed", .9, .8, false, true},
		{"twice the link, off", 2, 0, true, true},
	} {
		f := exactFlow(1250e6, c.ratio*1250e6)
		f.load.noSDPS, f.load.fixedDirtyBytesPerS = c.off, c.fixed*1250e6
		took := play(t, f, func(int32) {})
		if failed := f.failure == noForwardProgress; failed != c.fails {
			t.Errorf("%s: failure %v after %s", c.name, f.failure, took)
		}
		if c.fails && (f.passes != 1 || f.downtime != 0 || !f.stunnedAt.IsZero()) {
			t.Errorf("%s: failed after %d passes, downtime %s", c.name, f.passes, f.downtime)
		}
	}
}

func TestALongSwitchoverFails(t *testing.T) {
	for _, c := range []struct {
		state float64 // GiB at 1250 MB/s: 0.86 s each
		limit time.Duration
		fails bool
	}{{100, 0, false}, {120, 0, true}, {10, 8 * time.Second, true}, {120, 120 * time.Second, false}} {
		f := exactFlow(1250e6, 0)
		f.load.stateBytes, f.load.maxSwitchover = c.state*float64(1<<30), c.limit
		took := play(t, f, func(int32) {})
		if (f.failure != nil) != c.fails {
			t.Fatalf("%.0f GiB, limit %s: failure %v after %s", c.state, c.limit, f.failure, took)
		}
		if !c.fails {
			continue
		}
		if ended := took - 55*time.Second; math.Abs(ended.Seconds()-f.maxSwitchover().Seconds()) > 0.5 {
			t.Errorf("it was given up %s after the stun", ended)
		}
		fault, is := f.failure.fault().(*types.SystemError)
		if !is || !strings.Contains(fault.Reason, "exceeded the maximum switchover time") {
			t.Errorf("fault %+v", f.failure.fault())
		}
	}
}

func TestBandwidthIsSharedFairly(t *testing.T) {
	wide, narrow, other := newStore(1000), newStore(200), newStore(1000)
	flows := []*flow{
		{stage: stagePrecopy, network: []*link{wide, narrow}},
		{stage: stagePrecopy, network: []*link{wide, narrow}},
		{stage: stagePrecopy, network: []*link{wide, other}},
		{stage: stagePrecopy, network: []*link{wide, other}, load: workload{limitBytesPerS: 50}},
		{stage: stageQueued, network: []*link{wide, other}},
	}
	divide(flows)
	for i, want := range []float64{100, 100, 750, 50, 0} {
		if math.Abs(flows[i].rate-want) > 1e-6 {
			t.Errorf("flow %d gets %.1f, not %.1f", i, flows[i].rate, want)
		}
	}
}

func TestDisksAreCopiedAtTheirDatastoresPaceOneByOne(t *testing.T) {
	slow, fast := newStore(100e6), newStore(1000e6)
	f := &flow{load: workload{copies: []diskCopy{
		{bytes: 1e9, route: []*link{slow, fast}}, {bytes: 2e9, route: []*link{fast, newStore(500e6)}},
	}}}
	if took := play(t, f, func(int32) {}).Seconds(); math.Abs(took-14.2) > 0.01 {
		t.Errorf("took %.2f s", took)
	}
	if math.Abs(f.sent-3e9) > 1000 || f.memorySent != 0 {
		t.Errorf("sent %.0f, of it memory %.0f", f.sent, f.memorySent)
	}
}
