package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand"
	"strconv"
	"strings"
)

// What a network and a guest are like on the day, as far as nobody is told: the share of the link that a motion really gets, and a
// guest that writes in bursts. Everything is drawn from the seed, so that the same script gives the same story.

const (
	// shareWobble is by how much two motions between the same two hosts may differ from the pair's own share.
	shareWobble = 0.05
	// burstEvery is how many passes there are for one that falls into a burst.
	burstEvery = 4
	// quietFloor and burstPeak are the least a quiet guest and the most a busy one writes, in terms of its set rate.
	quietFloor, burstPeak = 0.2, 3.0
)

// surprises are drawn for each motion.
type surprises struct {
	low, high float64 // the shares of the link; 0: all of it, always
	bursts    bool
}

// parseShare reads 0.4-1.0.
func parseShare(text string) (low, high float64, err error) {
	problem := fmt.Errorf("-bandwidth-share must be two shares of a link such as 0.4-1.0, not %q", text)
	first, second, found := strings.Cut(text, "-")
	if low, err = strconv.ParseFloat(first, 64); err != nil || !found {
		return 0, 0, problem
	}
	if high, err = strconv.ParseFloat(second, 64); err != nil || !(low > 0 && low <= high && high <= 1) {
		return 0, 0, problem
	}
	return low, high, nil
}

// readSurprises checks -bandwidth-share.
func (o *options) readSurprises() error {
	o.surprises.bursts = o.bursts
	if o.share == "" {
		return nil
	}
	low, high, err := parseShare(o.share)
	if err != nil {
		return usageError{err}
	}
	o.surprises.low, o.surprises.high = low, high
	return nil
}

// apply limits a motion to its share of the link, and lets its guest write in bursts.
func (c surprises) apply(m *move, seed int64) {
	if c.low > 0 && len(m.flow.network) > 0 {
		m.flow.load.limitBytesPerS = c.limit(m, seed)
	}
	if c.bursts {
		m.flow.load.burst = func(rate float64) float64 { return burstOf(m.rng, rate) }
	}
}

// limit is the pair's share of the narrower link with the motion's wobble, or what its streams carry where that is less.
func (c surprises) limit(m *move, seed int64) float64 {
	wobble := 1 - shareWobble + 2*shareWobble*m.rng.Float64()
	share := math.Min(c.high, math.Max(c.low, c.pairShare(m, seed)*wobble))
	least := math.Inf(1)
	for _, l := range m.flow.network {
		least = math.Min(least, l.bytesPerS*share)
	}
	if streams := m.flow.load.limitBytesPerS; streams > 0 {
		least = math.Min(least, streams)
	}
	return least
}

// pairShare is the same for every motion between two hosts, in either direction.
func (c surprises) pairShare(m *move, seed int64) float64 {
	one, other := m.sourceRef, m.target
	if other < one {
		one, other = other, one
	}
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%d %s %s", seed, one, other)
	return c.low + (c.high-c.low)*rand.New(rand.NewSource(int64(sum.Sum64()>>1))).Float64()
}

// burstOf is what the guest writes during one pass, around its set rate: mostly less, now and then up to three times as much.
func burstOf(rng *rand.Rand, rate float64) float64 {
	if rng.Intn(burstEvery) == 0 {
		return rate * (1 + (burstPeak-1)*rng.Float64())
	}
	return rate * (quietFloor + (1-quietFloor)*rng.Float64())
}
