package main

import (
	"math"
	"time"
)

// The state of one move and how it goes on. Pure: time comes in as an argument, nothing here knows vSphere's objects. What a pass of
// the pre-copy decides is in precopy.go, how links are shared in bandwidth.go.

const (
	// linkEfficiency is the share of a vMotion link's rate that carries memory: 9.64 Gbit/s of 10 GbE. Source: VMware's 57 s for a
	// 64 GB virtual machine over 10 GbE.
	linkEfficiency = 0.964
	// defaultLinkBitsPerS is assumed for a host of which nothing else is known.
	defaultLinkBitsPerS = 10_000_000_000
	// idleDirtyBytesPerS is what an idle guest writes. A log in VMware KB 436882 shows 0.14 MB/s; the round value is UNVERIFIED.
	idleDirtyBytesPerS = 100_000
	// prepareTime passes between the start of the task and the first byte. UNVERIFIED.
	prepareTime = 200 * time.Millisecond
	// localCopyBytesPerS is the rate of a datastore of which nothing else is known. UNVERIFIED: the rate of a 10 GbE link.
	localCopyBytesPerS = defaultLinkBitsPerS / 8 * linkEfficiency
	// streamBytesPerS is what one stream helper carries: Migrate.MigrateStreamHelperBwUtilMax, 15,000 Mbit/s from 8.0u2 on.
	streamBytesPerS = 15_000_000_000 / 8
	pageBytes       = 4096
	// progressStep is by how many percent a task's progress moves at a time.
	progressStep = 5
	// roundingBytes is what a nanosecond of a fast link may leave behind.
	roundingBytes = 128
)

// stage is where a motion stands.
type stage int

const (
	stageQueued stage = iota
	stagePrepare
	stageStorage
	stagePrecopy
	stageSwitchover
	stageDevices
	stageEnded
)

// transmits is true while bytes flow.
func (s stage) transmits() bool {
	return s == stageStorage || s == stagePrecopy || s == stageSwitchover
}

// workload is what has to be carried.
type workload struct {
	memoryBytes    float64    // touched memory; 0 for a virtual machine that is off
	dirtyBytesPerS float64    // what the guest writes
	copies         []diskCopy // one after the other, before the memory
	live           bool       // powered on: the move ends with a switch-over
	twoHosts       bool

	fixedDirtyBytesPerS float64               // the part of the writes that slowing the guest down does not reduce
	noSDPS              bool                  // the guest is never slowed down
	stateBytes          float64               // device state, sent while the guest is stunned
	maxSwitchover       time.Duration         // 0: defaultMaxSwitchover
	burst               func(float64) float64 // what the guest writes during a pass, by its set rate; nil: always that
	limitBytesPerS      float64               // what the move's streams carry at most; 0: no limit
}

// diskCopy is one disk that changes datastore.
type diskCopy struct {
	bytes float64
	route []*link
}

func (w *workload) diskBytes() float64 {
	total := 0.0
	for _, c := range w.copies {
		total += c.bytes
	}
	return total
}

// flow is the state of one motion.
type flow struct {
	load    workload
	network []*link // both hosts' vMotion interfaces

	stage    stage
	deadline time.Time // end of a stage that takes a set time
	left     float64   // bytes of this stage, or of this disk, yet to go
	rate     float64   // bytes a second, as of now
	dirty    float64   // the guest's write rate, after throttling
	copying  int       // which disk

	passStart  time.Time
	passBytes  float64
	passes     int
	sent       float64
	memorySent float64
	throttled  bool

	transferStart time.Time      // of the first pass
	stunnedAt     time.Time      // start of the switch-over
	sentAt        time.Time      // all pages have been sent
	restPages     int64          // pages left after the last pass
	stopBytesPerS float64        // rate measured over the last pass
	transmitRatio float64        // transmit to dirty, over the last pass
	downtime      time.Duration  // from the stun to the resume
	failure       *motionFailure // why it ended before its end
	expected      float64        // bytes the whole motion is thought to send
	progress      int32
	trouble       trouble // of planted faults
}

// begin starts the preparation at the time now.
func (f *flow) begin(now time.Time) {
	f.dirty = f.load.dirtyBytesPerS
	f.expected = f.load.diskBytes() + f.load.memoryBytes*growth(f.dirty, f.bestRate())
	f.stage = stagePrepare
	f.deadline = now.Add(prepareTime)
}

// bestRate is what the memory would flow at with nobody else about.
func (f *flow) bestRate() float64 {
	best := math.Inf(1)
	if f.load.limitBytesPerS > 0 {
		best = f.load.limitBytesPerS
	}
	for _, l := range f.network {
		best = math.Min(best, l.bytesPerS)
	}
	return best
}

// advance lets the time pass that lies between from and to, within one stage and at one rate.
func (f *flow) advance(from, to time.Time) {
	if !f.stage.transmits() {
		return
	}
	moved := math.Min(f.left, f.rate*to.Sub(from).Seconds())
	f.left -= moved
	f.sent += moved
	if f.stage != stageStorage {
		f.memorySent += moved
	}
}

// next is the time of the flow's next event: the end of its stage or the next step of its progress.
func (f *flow) next(now time.Time) (time.Time, bool) {
	switch {
	case f.stage == stageQueued || f.stage == stageEnded:
		return time.Time{}, false
	case f.trouble.stalls():
		return f.trouble.next(f.switchoverEnd())
	case !f.stage.transmits():
		return earlier(f.deadline, f.switchoverEnd()), true
	}
	limit := f.switchoverEnd()
	if f.rate <= 0 {
		return limit, !limit.IsZero()
	}
	bytes := f.left
	if step := f.untilStep(); step > roundingBytes && step < bytes {
		bytes = step
	}
	return earlier(now.Add(time.Duration(math.Ceil(bytes/f.rate*1e9))), limit), true
}

// earlier is the first of two times; the zero time is none.
func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// untilStep is how many bytes are missing to the next step of progress; 0 when there is none to come.
func (f *flow) untilStep() float64 {
	target := f.trouble.watched(float64(f.progress/progressStep+1) * progressStep)
	if target >= 100 {
		return 0
	}
	return math.Max(0, target/100*f.expected-f.sent)
}

// isDone is true when the present stage has come to its end, or must come to one.
func (f *flow) isDone(now time.Time) bool {
	return f.isComplete(now) || f.isOverdue(now)
}

func (f *flow) isComplete(now time.Time) bool {
	if f.trouble.stalls() {
		return false
	}
	if f.stage.transmits() {
		return f.left <= roundingBytes
	}
	return f.stage != stageQueued && f.stage != stageEnded && !now.Before(f.deadline)
}

// percent is the progress by bytes; it never falls, and 100 is for the end.
func (f *flow) percent() int32 {
	if f.expected > 0 {
		f.progress = max(f.progress, min(99, int32((f.sent+roundingBytes)/f.expected*100)))
	}
	return f.progress
}

// turn ends the present stage and starts the next one.
func (f *flow) turn(now time.Time) {
	if !f.isComplete(now) {
		f.fail(switchoverExceeded(f.maxSwitchover()))
		return
	}
	switch f.stage {
	case stagePrepare:
		f.startTransfer(now)
	case stageStorage:
		f.endCopy(now)
	case stagePrecopy:
		f.endPass(now)
	case stageSwitchover:
		f.stage, f.deadline, f.sentAt = stageDevices, now.Add(deviceStateTime), now
	case stageDevices:
		f.downtime = now.Sub(f.stunnedAt)
		f.stage = stageEnded
	}
}

func (f *flow) startTransfer(now time.Time) {
	if len(f.load.copies) > 0 {
		f.stage, f.left = stageStorage, f.load.copies[0].bytes
		return
	}
	f.startMemory(now)
}

// endCopy goes on to the next disk, or to the memory.
func (f *flow) endCopy(now time.Time) {
	f.copying++
	if f.copying < len(f.load.copies) {
		f.left = f.load.copies[f.copying].bytes
		return
	}
	f.startMemory(now)
}

func (f *flow) startMemory(now time.Time) {
	if !f.load.live || !f.load.twoHosts {
		f.stage = stageEnded
		return
	}
	f.stage, f.transferStart = stagePrecopy, now
	f.startPass(now, f.load.memoryBytes)
}
