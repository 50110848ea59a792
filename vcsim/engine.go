package main

import (
	"log"
	"runtime/debug"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
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
	faults   *faultBook
	service  *simulator.Service // nil in tests of the engine alone
	seed     int64

	surprises surprises // set before the first move
	policies  *policyBook

	mu      sync.Mutex
	book    *book
	links   map[moRef]*link // by host
	stores  map[moRef]*link // by datastore
	moves   []*move         // every move since the start, oldest first
	waiting []*move         // for room in the limits, in the order of their submission
	live    []*move         // those whose flow has events to come
	timers  []*timer        // in the order of their times
	busy    map[moRef]*move // by virtual machine
	tasks   map[moRef]*move
	held    map[*move]time.Time // the model's time must not pass these: the move's worker is not ready yet
	ids     map[string]bool
	time    time.Time // up to which the model has been advanced
	roomy   bool      // a waiting move may have got room
	pace    *pace     // of a virtual clock; nil otherwise

	upkeeps  map[moRef]*upkeep   // hosts on their way into maintenance mode
	breakers map[ruleKey][]moRef // machines that break DRS rules
	advised  int                 // recommendations of DRS so far

	storageAdvice map[string]storageAdvice // of Storage DRS, by key
	arrivals      map[string]*arrival      // from other vCenters, by ticket
	settlers      map[moRef]vmTraits       // of machines that have come

	observe func() // for tests: called after each transition, with mu held
	wake    chan struct{}
	done    chan struct{}
}

func newEngine(registry *simulator.Registry, s *site, clock clock, seed int64) *engine {
	e := &engine{
		clock:    clock,
		registry: registry,
		site:     s,
		seed:     seed,
		faults:   newFaultBook(seed),
		book:     newBook(s),
		links:    map[moRef]*link{},
		stores:   map[moRef]*link{},
		busy:     map[moRef]*move{},
		tasks:    map[moRef]*move{},
		held:     map[*move]time.Time{},
		ids:      map[string]bool{},
		upkeeps:  map[moRef]*upkeep{},
		breakers: map[ruleKey][]moRef{},

		storageAdvice: map[string]storageAdvice{},
		arrivals:      map[string]*arrival{},
		settlers:      map[moRef]vmTraits{},

		time: clock.now(),
		wake: make(chan struct{}, 1),
		done: make(chan struct{}),
	}
	e.logs = newHostLogs(clock, seed)
	if e.policies = s.Policies; e.policies == nil {
		e.policies = newPolicyBook()
	}
	if virtual, is := clock.(*virtualClock); is {
		e.pace = newPace(e, virtual)
	}
	return e
}

// heldPause is how long the loop sleeps when it has nothing to wait for: it is woken when that changes.
const heldPause = time.Second

// stop ends the engine's loop; moves under way stay where they are.
func (e *engine) stop() {
	close(e.done)
	if e.pace != nil {
		e.pace.stir()
	}
}

// loop advances the model whenever an event is due.
func (e *engine) loop() {
	if e.pace != nil {
		e.pace.loop()
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-e.done:
			return
		case <-e.wake:
		case <-timer.C:
		}
		timer.Reset(e.advanceSafely())
	}
}

// advanceSafely is advance, and outlives a mistake in the model: the process must not die of one move.
func (e *engine) advanceSafely() (pause time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() {
		if cause := recover(); cause != nil {
			log.Printf("motion engine: %v\n%s", cause, debug.Stack())
			pause = heldPause
		}
	}()
	return e.advance()
}

// advance runs all events that are due, in the order of their times, and says how long the next one is away. A virtual clock's
// events are run by its pace alone. e.mu is held.
func (e *engine) advance() time.Duration {
	if e.pace != nil {
		return heldPause
	}
	present := e.clock.now()
	for {
		horizon := e.horizon(present)
		due, found := e.nextEvent()
		if !found || due.at.After(horizon) {
			e.passTime(horizon)
			if !found || len(e.held) > 0 {
				return heldPause
			}
			return e.clock.wait(due.at)
		}
		e.run(due)
	}
}

// horizon is how far the model's time may go: to now, or to where a move holds it. e.mu is held.
func (e *engine) horizon(now time.Time) time.Time {
	for _, at := range e.held {
		if at.Before(now) {
			now = at
		}
	}
	return now
}

// happening is the next thing to happen: to a flow, to a waiting move that gets room, or to a timer.
type happening struct {
	at      time.Time
	flowing *move
	granted *move
	timer   *timer
}

// nextEvent is the earliest event to come; among those of one time, timers come first, then moves in their order. e.mu is held.
func (e *engine) nextEvent() (happening, bool) {
	var next happening
	found := false
	offer := func(h happening) {
		if !found || h.at.Before(next.at) {
			next, found = h, true
		}
	}
	if len(e.timers) > 0 {
		offer(happening{at: later(e.timers[0].at, e.time), timer: e.timers[0]})
	}
	for _, m := range e.live {
		if at, has := m.flow.next(e.time); has {
			offer(happening{at: at, flowing: m})
		}
	}
	if m := e.nextGrant(); m != nil {
		offer(happening{at: later(m.queuedAt, e.time), granted: m})
	}
	return next, found
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// run lets one event happen. e.mu is held.
func (e *engine) run(h happening) {
	e.passTime(h.at)
	switch {
	case h.timer != nil:
		e.timers = e.timers[1:]
		e.spawn(h.timer.run)
	case h.granted != nil:
		e.grant(h.granted, h.at)
	default:
		e.fire(h.flowing, h.at)
	}
	if e.observe != nil {
		e.observe()
	}
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

// fire handles a move that has come to the end of a stage, or to a step of progress, at the time at. e.mu is held.
func (e *engine) fire(m *move, at time.Time) {
	m.endStall(at)
	if m.flow.isDone(at) && !m.meetResume(at) {
		before := m.flow.stage
		m.flow.turn(at)
		m.turned(before, at)
		e.settle()
	}
	if percent := m.flow.percent() / progressStep * progressStep; percent > m.shown {
		m.shown = percent
		m.enqueue(func() { m.publishProgress(percent) })
	}
	m.meetFaults(at)
}

// settle forgets ended flows and deals the bandwidth out anew. e.mu is held.
func (e *engine) settle() {
	alive := e.live[:0]
	var flows []*flow
	for _, m := range e.live {
		if m.flow.stage != stageEnded {
			alive, flows = append(alive, m), append(flows, &m.flow)
		}
	}
	clear(e.live[len(alive):])
	e.live = alive
	divide(flows)
}

// nudge makes the loop look at the model again.
func (e *engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
	if e.pace != nil {
		e.pace.stir()
	}
}

// linkOf is the vMotion link of a host. e.mu is held.
func (e *engine) linkOf(host moRef) *link {
	l, known := e.links[host]
	if !known {
		traits := e.site.Hosts[host]
		l = newLink(traits.LinkBitsPerS)
		if traits.VMotionBytesPerS > 0 {
			l.bytesPerS = traits.VMotionBytesPerS
		}
		e.links[host] = l
	}
	return l
}

// storeOf is a datastore as something to copy from and to. e.mu is held.
func (e *engine) storeOf(datastore moRef) *link {
	l, known := e.stores[datastore]
	if !known {
		l = newStore(e.site.Datastores[datastore].CopyBytesPerS)
		e.stores[datastore] = l
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
