package main

import (
	"math"
	"time"
)

// trouble is what planted faults do to one flow. The zero value is none.
type trouble struct {
	rule    *faultRule     // the one that stalls it
	since   time.Time      // start of the stall
	until   time.Time      // its end; zero: none
	failure *motionFailure // what the stall ends with; nil: the flow goes on
	held    bool           // it cannot be cancelled while it stalls
	slow    float64        // its rate is divided by it; 0: it is not slow
	watch   float64        // percentage at which a planted fault waits; 0: none
}

// stall stops the flow; until is zero for a stall that lasts for ever.
func (t *trouble) stall(rule *faultRule, now, until time.Time) {
	t.rule, t.since, t.until, t.failure, t.held = rule, now, until, nil, false
}

func (t *trouble) stalls() bool { return t.rule != nil }

// ends is true when a stall has come to its end.
func (t *trouble) ends(now time.Time) bool {
	return t.stalls() && !t.until.IsZero() && !now.Before(t.until)
}

// next is the time of the stall's end, where there is one.
func (t *trouble) next(otherwise time.Time) (time.Time, bool) {
	at := t.until
	if at.IsZero() || !otherwise.IsZero() && otherwise.Before(at) {
		at = otherwise
	}
	return at, !at.IsZero()
}

// limit is the most a flow in trouble gets of what it could get.
func (t *trouble) limit(most float64) float64 {
	switch {
	case t.stalls():
		return 0
	case t.slow > 1:
		return most / t.slow
	}
	return most
}

// goOn ends a stall; a stage that takes a set time ends as much later.
func (f *flow) goOn(now time.Time) {
	if !f.stage.transmits() {
		f.deadline = f.deadline.Add(now.Sub(f.trouble.since))
	}
	f.trouble.rule, f.trouble.until, f.trouble.failure, f.trouble.held = nil, time.Time{}, nil, false
}

// reached is the exact share of its bytes that the flow has sent, in percent.
func (f *flow) reached() float64 {
	if f.expected <= 0 {
		return 0
	}
	return math.Min(100, (f.sent+roundingBytes)/f.expected*100)
}

// watched is the percentage to stop at next: the one a planted fault waits for, where that comes before the next step.
func (t *trouble) watched(step float64) float64 {
	if t.watch > 0 && t.watch < step {
		return t.watch
	}
	return step
}
