package main

import (
	"math"
	"time"
)

// The model of one vMotion: iterative pre-copy, then switch-over. Pure: time comes in as an argument, nothing here knows vSphere's objects.

const (
	// linkEfficiency is the share of a vMotion link's rate that carries memory: 9.64 Gbit/s of 10 GbE. Source: VMware's 57 s for a
	// 64 GB virtual machine over 10 GbE.
	linkEfficiency = 0.964
	// defaultLinkBitsPerS is assumed for a host of which nothing else is known.
	defaultLinkBitsPerS = 10_000_000_000
	// switchoverGoal is Migrate.PreCopySwitchoverTimeGoal, 500 ms in ESXi 6.0u3 to 9.0.1.
	switchoverGoal = 500 * time.Millisecond
	// minProgressRatio is Migrate.PreCopyMinProgressPerc, 130 %: below it the guest is slowed down.
	minProgressRatio = 1.30
	// sdpsTargetRatio is Migrate.SdpsTargetRate, 500 %: the ratio of transmit to dirty rate the slowdown brings about.
	sdpsTargetRatio = 5.0
	// idleDirtyBytesPerS is what an idle guest writes. A log in VMware KB 436882 shows 0.14 MB/s; the round value is UNVERIFIED.
	idleDirtyBytesPerS = 100_000
	// prepareTime passes between the start of the task and the first byte. UNVERIFIED.
	prepareTime = 200 * time.Millisecond
	// deviceStateTime is the part of the switch-over that device state takes. UNVERIFIED.
	deviceStateTime = 100 * time.Millisecond
	// localCopyBytesPerS is the rate of a disk copy that leaves no host. UNVERIFIED: the rate of a 10 GbE link.
	localCopyBytesPerS = defaultLinkBitsPerS / 8 * linkEfficiency
	pageBytes          = 4096
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

// transmits is true while bytes go over the link.
func (s stage) transmits() bool {
	return s == stageStorage || s == stagePrecopy || s == stageSwitchover
}

// link is one host's vMotion interface; all motions of that host share it equally.
type link struct {
	bytesPerS float64
	users     int
}

func newLink(bitsPerS int64) *link {
	if bitsPerS <= 0 {
		bitsPerS = defaultLinkBitsPerS
	}
	return &link{bytesPerS: float64(bitsPerS) / 8 * linkEfficiency}
}

// workload is what has to be carried.
type workload struct {
	memoryBytes    float64 // touched memory; 0 for a virtual machine that is off
	dirtyBytesPerS float64
	diskBytes      float64
	live           bool // powered on: the move ends with a switch-over
	twoHosts       bool
}

// flow is the state of one motion.
type flow struct {
	load        workload
	source      *link
	destination *link

	stage    stage
	deadline time.Time // end of a stage that takes a set time
	left     float64   // bytes of this stage yet to go
	rate     float64   // bytes a second, as of now
	dirty    float64   // the guest's write rate, after throttling

	passStart  time.Time
	passBytes  float64
	passes     int
	sent       float64
	memorySent float64
	throttled  bool

	transferStart time.Time     // of the first pass
	stunnedAt     time.Time     // start of the switch-over
	restPages     int64         // pages left at the stop of the pre-copy
	stopBytesPerS float64       // rate measured over the last pass
	transmitRatio float64       // transmit to dirty, at the stop
	downtime      time.Duration // from the stun to the resume
	expected      float64       // bytes the whole motion is thought to send
	progress      int32
}

// begin starts the preparation at the time now.
func (f *flow) begin(now time.Time) {
	f.dirty = f.load.dirtyBytesPerS
	f.expected = f.load.diskBytes + f.load.memoryBytes*growth(f.dirty, f.bestRate())
	f.stage = stagePrepare
	f.deadline = now.Add(prepareTime)
}

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

func (f *flow) bestRate() float64 {
	if !f.load.twoHosts {
		return localCopyBytesPerS
	}
	return math.Min(f.source.bytesPerS, f.destination.bytesPerS)
}

// share sets the rate from what the links' users leave; both links' counts are up to date.
func (f *flow) share() {
	if !f.load.twoHosts {
		f.rate = localCopyBytesPerS
		return
	}
	f.rate = math.Min(f.source.bytesPerS/float64(f.source.users), f.destination.bytesPerS/float64(f.destination.users))
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
	case !f.stage.transmits():
		return f.deadline, true
	}
	bytes := f.left
	if step := f.untilStep(); step > roundingBytes && step < bytes {
		bytes = step
	}
	return now.Add(time.Duration(math.Ceil(bytes / f.rate * 1e9))), true
}

// untilStep is how many bytes are missing to the next step of progress; 0 when there is none to come.
func (f *flow) untilStep() float64 {
	target := (f.progress/progressStep + 1) * progressStep
	if target >= 100 {
		return 0
	}
	return math.Max(0, float64(target)/100*f.expected-f.sent)
}

// isDone is true when the present stage has come to its end.
func (f *flow) isDone(now time.Time) bool {
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
	switch f.stage {
	case stagePrepare:
		f.startTransfer(now)
	case stageStorage:
		f.startMemory(now)
	case stagePrecopy:
		f.endPass(now)
	case stageSwitchover:
		f.stage, f.deadline = stageDevices, now.Add(deviceStateTime)
	case stageDevices:
		f.downtime = now.Sub(f.stunnedAt)
		f.stage = stageEnded
	}
}

func (f *flow) startTransfer(now time.Time) {
	if f.load.diskBytes > 0 {
		f.stage, f.left = stageStorage, f.load.diskBytes
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

func (f *flow) startPass(now time.Time, bytes float64) {
	f.passes++
	f.passStart, f.passBytes, f.left = now, bytes, bytes
}

// endPass decides what follows a pass: the switch-over if the rest fits its goal, else another pass, with the guest slowed down
// where the link does not gain on it.
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
	if measured/f.dirty < minProgressRatio {
		f.dirty, f.throttled = measured/sdpsTargetRatio, true
	}
	f.startPass(now, rest)
}

// stop stuns the guest with rest bytes to go.
func (f *flow) stop(now time.Time, rest, measured float64) {
	f.restPages = int64(rest / pageBytes)
	f.stopBytesPerS = measured
	f.transmitRatio = measured / math.Max(f.dirty, 1)
	f.stage, f.stunnedAt = stageSwitchover, now
	f.left = float64(f.restPages) * pageBytes
}
