package main

import (
	"math/rand"
	"testing"
)

func TestSharesOfALinkAreReadStrictly(t *testing.T) {
	for _, c := range []struct {
		text      string
		low, high float64
		good      bool
	}{
		{"0.4-1.0", 0.4, 1, true}, {"1-1", 1, 1, true}, {"0.4", 0, 0, false}, {"0-1", 0, 0, false}, {"0.8-0.4", 0, 0, false},
		{"0.4-1.5", 0, 0, false}, {"a-b", 0, 0, false}, {"NaN-1", 0, 0, false}, {"0.5-NaN", 0, 0, false},
	} {
		low, high, err := parseShare(c.text)
		if (err == nil) != c.good || low != c.low && c.good || high != c.high && c.good {
			t.Errorf("%q gives %v, %v, %v", c.text, low, high, err)
		}
	}
}

// motionBetween is a move between two hosts on 10 GbE with the number-th seed.
func motionBetween(source, target string, number int64) *move {
	m := &move{sourceRef: source, target: target, rng: rand.New(rand.NewSource(number))}
	m.flow = *newFlow(10_000_000_000, 1<<30, 100)
	return m
}

func TestMotionsBetweenTwoHostsGetOneShareOfTheLink(t *testing.T) {
	drawn, link := surprises{low: 0.4, high: 1}, newLink(10_000_000_000).bytesPerS
	least, most := link, 0.0
	for pair := range 50 {
		far := string(rune('b' + pair))
		pairLeast, pairMost := link, 0.0
		for number := range int64(20) {
			m := motionBetween("a", far, number)
			if number%2 == 1 {
				m = motionBetween(far, "a", number)
			}
			drawn.apply(m, 7)
			rate := m.flow.bestRate()
			pairLeast, pairMost = min(pairLeast, rate), max(pairMost, rate)
		}
		if pairMost/pairLeast > (1+shareWobble)/(1-shareWobble)+1e-9 {
			t.Errorf("pair %d gets from %.0f to %.0f bytes/s", pair, pairLeast, pairMost)
		}
		least, most = min(least, pairLeast), max(most, pairMost)
	}
	if least < 0.4*link-1 || most > link+1 || least > 0.5*link || most < 0.9*link {
		t.Errorf("50 pairs get from %.2f to %.2f of the link", least/link, most/link)
	}
}

func TestGuestsWriteInBursts(t *testing.T) {
	m := motionBetween("a", "b", 1)
	surprises{bursts: true}.apply(m, 1)
	bursts := 0
	for range 400 {
		rate := m.flow.load.burst(100)
		if rate < 100*quietFloor || rate > 100*burstPeak {
			t.Fatalf("a guest of 100 bytes/s writes %.0f", rate)
		}
		if rate > 100 {
			bursts++
		}
	}
	if bursts < 60 || bursts > 140 {
		t.Errorf("%d of 400 passes fall into a burst", bursts)
	}
}
