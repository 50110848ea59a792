package main

import "math"

// link is something moves share: a host's vMotion interface, or a datastore that is read from or written to.
type link struct {
	bytesPerS float64

	users int     // flows that use it and have no share yet
	room  float64 // what is left to deal out
}

// newLink is a vMotion interface of that nominal speed.
func newLink(bitsPerS int64) *link {
	if bitsPerS <= 0 {
		bitsPerS = defaultLinkBitsPerS
	}
	return &link{bytesPerS: float64(bitsPerS) / 8 * linkEfficiency}
}

// newStore is a datastore that is copied from and to at that rate.
func newStore(bytesPerS float64) *link {
	if bytesPerS <= 0 {
		bytesPerS = localCopyBytesPerS
	}
	return &link{bytesPerS: bytesPerS}
}

// divide deals the links' bandwidth out to the flows that transmit: each gets as much as any other on its narrowest link, and what
// a flow cannot use (because of another link, or of its own limit) goes to the others (max-min fairness).
func divide(flows []*flow) {
	waiting := make([]*flow, 0, len(flows))
	for _, f := range flows {
		if !f.stage.transmits() {
			continue
		}
		waiting = append(waiting, f)
		for _, l := range f.route() {
			l.users, l.room = 0, l.bytesPerS
		}
	}
	for _, f := range waiting {
		for _, l := range f.route() {
			l.users++
		}
	}
	for len(waiting) > 0 {
		waiting = settleNarrowest(waiting)
	}
}

// settleNarrowest gives the flows on the narrowest link their share and returns the others.
func settleNarrowest(waiting []*flow) []*flow {
	share := math.Inf(1)
	for _, f := range waiting {
		share = math.Min(share, f.ceiling())
	}
	limit := share * (1 + 1e-9)
	var bound, others []*flow
	for _, f := range waiting {
		if f.ceiling() <= limit {
			bound = append(bound, f)
		} else {
			others = append(others, f)
		}
	}
	for _, f := range bound {
		f.rate = share
		for _, l := range f.route() {
			l.room = math.Max(0, l.room-share)
			l.users--
		}
	}
	return others
}

// ceiling is the most the flow could get now: an equal part of what each of its links has left, and no more than its own limit.
func (f *flow) ceiling() float64 {
	most := math.Inf(1)
	if f.load.limitBytesPerS > 0 {
		most = f.load.limitBytesPerS
	}
	for _, l := range f.route() {
		most = math.Min(most, l.room/float64(max(1, l.users)))
	}
	return f.trouble.limit(most)
}

// route is the links the bytes of the present stage go over.
func (f *flow) route() []*link {
	if f.stage == stageStorage && f.copying < len(f.load.copies) {
		return f.load.copies[f.copying].route
	}
	return f.network
}
