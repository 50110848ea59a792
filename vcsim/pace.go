package main

import (
	"crypto/sha256"
	"encoding/json"
	"log"
	"runtime/debug"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
)

const (
	// quietLimit is how long, in real time, clients have to keep still until a virtual clock goes on without them.
	quietLimit = 5 * time.Second
	// workLimit is how long a call waits at most for the simulator to come to rest.
	workLimit = 2 * time.Second
)

// pace drives a virtual clock. Time stands still while anything is being done and while clients are busy; it goes on by one event
// when nothing is pending and a client waits for updates and has seen all there are, or asks a second time for what it has been
// told already. So what happens depends on what the client does and not on how fast, and the same script gives the same story.
// All fields but clock are guarded by the engine's mu.
type pace struct {
	engine  *engine
	clock   *virtualClock
	changed *sync.Cond

	working int                   // goroutines at work
	epoch   uint64                // counts the times of rest: what a client saw in an earlier one may be out of date
	waiters map[*collector]uint64 // clients that wait, and the epoch they have seen
	kick    chan struct{}         // closed when a new epoch begins
	asked   map[[32]byte]bool     // reads since the last event
	credit  bool                  // a client has asked twice
	inside  int                   // calls that wait for something to happen
	lastAsk time.Time             // real
}

func newPace(e *engine, clock *virtualClock) *pace {
	return &pace{
		engine: e, clock: clock, changed: sync.NewCond(&e.mu), waiters: map[*collector]uint64{},
		kick: make(chan struct{}), asked: map[[32]byte]bool{}, lastAsk: time.Now(),
	}
}

// stir makes everybody who waits for the pace look again.
func (p *pace) stir() { p.changed.Broadcast() }

// ceased notes the end of a goroutine's work; the last one begins a new epoch. e.mu is held.
func (p *pace) ceased() {
	if p.working--; p.working > 0 {
		return
	}
	p.epoch++
	close(p.kick)
	p.kick = make(chan struct{})
	p.stir()
}

// atRest is true when nothing is being done. e.mu is held.
func (p *pace) atRest() bool { return p.working <= 0 && len(p.engine.held) == 0 }

// loop steps from event to event as it may.
func (p *pace) loop() {
	stop := p.ticking()
	defer stop()
	for p.step() {
	}
}

// ticking stirs now and then, for the limits that are real time.
func (p *pace) ticking() (stop func()) {
	ticker := time.NewTicker(100 * time.Millisecond)
	go func() {
		for {
			select {
			case <-p.engine.done:
				p.stir()
				return
			case <-ticker.C:
				p.stir()
			}
		}
	}()
	return ticker.Stop
}

// step waits until an event may happen and lets it; false once the engine is stopped.
func (p *pace) step() bool {
	e := p.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() {
		if cause := recover(); cause != nil {
			log.Printf("motion engine: %v\n%s", cause, debug.Stack())
		}
	}()
	for {
		select {
		case <-e.done:
			return false
		default:
		}
		if next, found := e.nextEvent(); p.atRest() && p.wanted() {
			p.credit = false
			if !found {
				p.stir()
			} else {
				clear(p.asked)
				p.clock.set(next.at)
				e.run(next)
				p.stir()
				return true
			}
		}
		p.changed.Wait()
	}
}

// wanted is true when a client can go on only if time does. e.mu is held.
func (p *pace) wanted() bool {
	for _, seen := range p.waiters {
		if seen == p.epoch {
			return true
		}
	}
	return p.credit || p.inside > 0 || time.Since(p.lastAsk) > quietLimit
}

// gate holds a call until the simulator is at rest. A read that repeats an earlier one lets time go on by one event first.
func (p *pace) gate(ctx *simulator.Context, method *simulator.Method) {
	again := p.isRead(method.Name)
	var key [32]byte
	if again {
		key = digest(ctx, method)
	}
	p.engine.mu.Lock()
	defer p.engine.mu.Unlock()
	p.lastAsk = time.Now()
	end := p.lastAsk.Add(workLimit)
	p.await(end, p.atRest)
	if !again {
		return
	}
	if !p.asked[key] {
		p.asked[key] = true
		return
	}
	p.poll(end)
}

// poll lets one event happen, if there is one to come. e.mu is held.
func (p *pace) poll(end time.Time) {
	p.credit = true
	p.stir()
	p.await(end, func() bool { return !p.credit && p.atRest() })
}

// await waits for a condition, a bounded time. e.mu is held.
func (p *pace) await(end time.Time, condition func() bool) {
	for !condition() && time.Now().Before(end) {
		p.changed.Wait()
	}
}

// isRead is true for calls with which clients look whether something has changed.
func (p *pace) isRead(method string) bool {
	switch method {
	case "RetrieveProperties", "RetrievePropertiesEx", "Fetch", "QueryEvents", "ReadNextEvents", "ReadNextTasks", "BrowseDiagnosticLog",
		"CurrentTime", "WaitForUpdatesEx", "CheckForUpdates":
		return true
	}
	return false
}

func digest(ctx *simulator.Context, method *simulator.Method) [32]byte {
	session := ""
	if ctx.Session != nil {
		session = ctx.Session.Key
	}
	body, _ := json.Marshal(method.Body)
	return sha256.Sum256([]byte(session + method.Name + method.This.String() + string(body)))
}

// seen is the present epoch, to be asked for before a client's news are gathered.
func (p *pace) seen() uint64 {
	if p == nil {
		return 0
	}
	p.engine.mu.Lock()
	defer p.engine.mu.Unlock()
	return p.epoch
}

// block notes that a client waits and knows all of an epoch. What it returns is closed when there may be news.
func (p *pace) block(c *collector, seen uint64) <-chan struct{} {
	if p == nil {
		return nil
	}
	p.engine.mu.Lock()
	defer p.engine.mu.Unlock()
	if seen != p.epoch {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	p.waiters[c] = seen
	p.stir()
	return p.kick
}

// unblock ends a block.
func (p *pace) unblock(c *collector) {
	if p == nil {
		return
	}
	p.engine.mu.Lock()
	defer p.engine.mu.Unlock()
	p.lastAsk = time.Now()
	delete(p.waiters, c)
}

// awaiting runs something that waits, within a call, for what only time can bring.
func (e *engine) awaiting(wait func()) {
	e.countInside(1)
	defer e.countInside(-1)
	wait()
}

func (e *engine) countInside(by int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pace != nil {
		e.pace.inside += by
		e.pace.stir()
	}
}

// restWhile is awaiting for work that was started with spawn or background: time stands still for as long as such work is busy.
func (e *engine) restWhile(wait func()) {
	e.restAgain()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.begun()
	}()
	wait()
}

// paceOf is the pace of a call's engine; nil unless its clock is virtual.
func paceOf(ctx *simulator.Context) *pace {
	if f, is := ctx.Map.Get(frontRef).(*front); is {
		return f.engine.pace
	}
	return nil
}
