package main

import (
	"math/rand"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// engine makes relocations take time. It is a small discrete-event simulation: events happen at their simulated time, whenever the
// process gets round to them, so that speed and load change how long one waits and not what happens.
//
// Locks: e.mu guards the model and is a leaf. No object's lock is taken while it is held; what an event does to the inventory is
// handed to the worker of its move. An object's lock may be held when e.mu is taken.
type engine struct {
	clock    clock
	registry *simulator.Registry
	site     *site
	logs     *hostLogs

	mu        sync.Mutex
	rng       *rand.Rand
	links     map[types.ManagedObjectReference]*link
	moves     []*move                                // every move since the start, oldest first
	live      []*move                                // those whose flow has events to come
	busy      map[types.ManagedObjectReference]*move // by virtual machine
	tasks     map[types.ManagedObjectReference]*move
	admitting map[*move]struct{} // submitted, and not yet in the model
	ids       map[string]bool
	time      time.Time // up to which the model has been advanced
	wake      chan struct{}
	done      chan struct{}
}

func newEngine(registry *simulator.Registry, s *site, clock clock, seed int64) *engine {
	e := &engine{
		clock:     clock,
		registry:  registry,
		site:      s,
		rng:       rand.New(rand.NewSource(seed)),
		links:     map[types.ManagedObjectReference]*link{},
		busy:      map[types.ManagedObjectReference]*move{},
		tasks:     map[types.ManagedObjectReference]*move{},
		admitting: map[*move]struct{}{},
		ids:       map[string]bool{},
		time:      clock.now(),
		wake:      make(chan struct{}, 1),
		done:      make(chan struct{}),
	}
	e.logs = newHostLogs(clock, seed)
	return e
}

// heldPause is how long the loop sleeps when it has nothing to wait for: it is woken when that changes.
const heldPause = time.Second

// stop ends the engine's loop; moves under way stay where they are.
func (e *engine) stop() { close(e.done) }

// loop advances the model whenever an event is due.
func (e *engine) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-e.done:
			return
		case <-e.wake:
		case <-timer.C:
		}
		e.mu.Lock()
		pause := e.advance()
		e.mu.Unlock()
		timer.Reset(pause)
	}
}

// advance runs all events that are due, in the order of their times, and says how long the next one is away. e.mu is held.
func (e *engine) advance() time.Duration {
	now := e.horizon()
	for {
		at, found := e.nextEvent()
		if !found || at.After(now) {
			e.passTime(now)
			if !found || len(e.admitting) > 0 {
				return heldPause
			}
			return e.clock.wait(at)
		}
		e.passTime(at)
		e.fire(at)
	}
}

// horizon is how far the model's time may go: to now, or to the submission of a move that is being admitted. e.mu is held.
func (e *engine) horizon() time.Time {
	now := e.clock.now()
	for m := range e.admitting {
		if m.queuedAt.Before(now) {
			now = m.queuedAt
		}
	}
	return now
}

// nextEvent is the time of the earliest event to come. e.mu is held.
func (e *engine) nextEvent() (time.Time, bool) {
	var earliest time.Time
	found := false
	for _, m := range e.live {
		if at, has := m.flow.next(e.time); has && (!found || at.Before(earliest)) {
			earliest, found = at, true
		}
	}
	return earliest, found
}

// passTime lets bytes flow until the time to. e.mu is held.
func (e *engine) passTime(to time.Time) {
	if !to.After(e.time) {
		return
	}
	for _, m := range e.live {
		m.flow.advance(e.time, to)
	}
	e.time = to
}

// fire handles every move that has come to the end of a stage, or to a step of progress, at the time at. e.mu is held.
func (e *engine) fire(at time.Time) {
	for _, m := range e.live {
		if m.flow.isDone(at) {
			before := m.flow.stage
			m.flow.turn(at)
			m.turned(before, at)
		}
		if percent := m.flow.percent() / progressStep * progressStep; percent > m.shown {
			m.shown = percent
			m.enqueue(func() { m.publishProgress(percent) })
		}
	}
	e.settle()
}

// settle forgets ended flows and deals the links' bandwidth out anew. e.mu is held.
func (e *engine) settle() {
	alive := e.live[:0]
	for _, m := range e.live {
		if m.flow.stage != stageEnded {
			alive = append(alive, m)
		}
	}
	clear(e.live[len(alive):])
	e.live = alive
	for _, l := range e.links {
		l.users = 0
	}
	for _, m := range e.live {
		if m.flow.load.twoHosts && m.flow.stage.transmits() {
			m.flow.source.users++
			m.flow.destination.users++
		}
	}
	for _, m := range e.live {
		if m.flow.stage.transmits() {
			m.flow.share()
		}
	}
}

// nudge makes the loop look at the model again.
func (e *engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// linkOf is the vMotion link of a host. e.mu is held.
func (e *engine) linkOf(host types.ManagedObjectReference) *link {
	l, known := e.links[host]
	if !known {
		l = newLink(e.site.Hosts[host].LinkBitsPerS)
		e.links[host] = l
	}
	return l
}

// motions is the ground truth of every move since the start, oldest first.
func (e *engine) motions() []motionTruth {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	truths := make([]motionTruth, 0, len(e.moves))
	for _, m := range e.moves {
		truths = append(truths, m.truth())
	}
	return truths
}
