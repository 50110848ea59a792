package main

import (
	"log"
	"runtime/debug"
	"sort"
	"time"
)

// lineUp puts an admitted move into the queue for vCenter's limits.
func (m *move) lineUp() {
	e := m.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.held, m)
	if m.ended == nil {
		m.claims, m.waits, e.roomy = m.plan.claims(), true, true
		at := sort.Search(len(e.waiting), func(i int) bool { return e.waiting[i].number > m.number })
		e.waiting = append(e.waiting, nil)
		copy(e.waiting[at+1:], e.waiting[at:])
		e.waiting[at] = m
	}
	e.nudge()
}

// nextGrant is the first waiting move that has room. e.mu is held.
func (e *engine) nextGrant() *move {
	if !e.roomy {
		return nil
	}
	if i := e.book.first(e.waiting); i >= 0 {
		return e.waiting[i]
	}
	e.roomy = false
	return nil
}

// grant lets a waiting move start at the time at, and holds the model's time until its worker has. e.mu is held.
func (e *engine) grant(m *move, at time.Time) {
	e.leaveQueue(m)
	e.book.take(m.claims)
	m.granted = true
	e.held[m] = at
	m.enqueue(func() { m.start(at) })
}

// leaveQueue takes a move out of the queue. e.mu is held.
func (e *engine) leaveQueue(m *move) {
	if !m.waits {
		return
	}
	m.waits = false
	for i, other := range e.waiting {
		if other == m {
			e.waiting = append(e.waiting[:i:i], e.waiting[i+1:]...)
			return
		}
	}
}

// letGo gives back what the move takes of the limits, or its place in the queue. e.mu is held.
func (e *engine) letGo(m *move) {
	e.leaveQueue(m)
	if m.granted {
		m.granted = false
		e.book.release(m.claims)
	}
	e.roomy = len(e.waiting) > 0
}

// timer is something to be done at a simulated time, beside the moves.
type timer struct {
	at  time.Time
	run func()
}

// after has run done in a goroutine of its own once d of simulated time have passed, and returns what takes that back.
func (e *engine) after(d time.Duration, run func()) (cancel func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	t := &timer{at: e.clock.now().Add(d), run: run}
	at := sort.Search(len(e.timers), func(i int) bool { return e.timers[i].at.After(t.at) })
	e.timers = append(e.timers, nil)
	copy(e.timers[at+1:], e.timers[at:])
	e.timers[at] = t
	e.nudge()
	return func() { e.forget(t) }
}

func (e *engine) forget(t *timer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, other := range e.timers {
		if other == t {
			e.timers = append(e.timers[:i:i], e.timers[i+1:]...)
			return
		}
	}
}

// spawn runs work in a goroutine that outlives its panics and that a virtual clock waits for. e.mu is held.
func (e *engine) spawn(work func()) {
	e.begun()
	go func() {
		defer e.restAgain()
		defer func() {
			if cause := recover(); cause != nil {
				log.Printf("background work: %v\n%s", cause, debug.Stack())
			}
		}()
		work()
	}()
}

// background is spawn for callers without e.mu.
func (e *engine) background(work func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spawn(work)
}

// begun counts work whose end a virtual clock waits for. e.mu is held.
func (e *engine) begun() {
	if e.pace != nil {
		e.pace.working++
	}
}

// ceased takes back a begun. e.mu is held.
func (e *engine) ceased() {
	if e.pace != nil {
		e.pace.ceased()
	}
}

// restAgain is ceased for callers without e.mu.
func (e *engine) restAgain() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ceased()
}
