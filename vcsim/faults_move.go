package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// plantedFault is a fault that waits for its moment in one move. Guarded by the engine's mu.
type plantedFault struct {
	rule *faultRule
	done bool
}

// phase is when it happens where no percentage is given: at the start of the pre-copy, or for an ending of the session at the submission.
func (p *plantedFault) phase() string {
	when := p.rule.spec.When
	switch {
	case when != nil:
		return when.Phase
	case p.rule.spec.EndSession != nil:
		return "submit"
	}
	return "precopy"
}

// percent is the progress at which it happens; 0 for a phase.
func (p *plantedFault) percent() float64 {
	if when := p.rule.spec.When; when != nil && when.Percent != nil {
		return *when.Percent
	}
	return 0
}

// plantFaults chooses the faults of a move that was admitted, and gives the one that ends it at once. The move's worker calls it,
// once, before the flow begins.
func (m *move) plantFaults() types.BaseMethodFault {
	p, book := m.plan, m.engine.faults
	about := subject{key: p.vm.name, vms: []string{p.vm.name}, source: p.source.name, destination: p.host.name}
	chosen := book.choose(about, func(s *faultSpec) bool { return s.Match.Method == "" && s.DRSMove == nil })
	for _, rule := range chosen {
		planted := &plantedFault{rule: rule}
		if rule.spec.Fail != nil && planted.phase() == "submit" {
			book.happened(rule)
			fault, _ := rule.spec.Fail.build(p.vm.ref)
			return fault
		}
		m.planted = append(m.planted, planted)
	}
	return nil
}

// meetFaults lets the planted faults happen whose moment has come. e.mu is held, the flow has begun.
func (m *move) meetFaults(at time.Time) {
	f := &m.flow
	f.trouble.watch = 0
	for _, p := range m.planted {
		if !p.done && f.stage != stageEnded && m.isDue(p) {
			m.happen(p, at)
			m.engine.settle()
		}
		if percent := p.percent(); !p.done && percent > 0 && (f.trouble.watch == 0 || percent < f.trouble.watch) {
			f.trouble.watch = percent
		}
	}
}

// isDue is true when the move has come to a planted fault. One that waits for a percentage happens at the latest with the switch-over:
// how much has to be sent is an estimate until then.
func (m *move) isDue(p *plantedFault) bool {
	f := &m.flow
	if p.rule.spec.When != nil && p.rule.spec.When.Percent != nil {
		return f.stage > stagePrepare && f.reached() >= p.percent() || f.stage > stagePrecopy
	}
	switch p.phase() {
	case "submit":
		return true
	case "precopy":
		return f.stage >= stagePrecopy
	case "switchover":
		return f.stage >= stageSwitchover
	}
	return false
}

// meetResume lets faults happen that wait for the resume, when the flow is about to end. It is true where that changes the flow.
func (m *move) meetResume(at time.Time) bool {
	f := &m.flow
	if f.stage != stageDevices || !f.isComplete(at) {
		return false
	}
	for _, p := range m.planted {
		if !p.done && p.phase() == "resume" {
			m.happen(p, at)
			m.engine.settle()
		}
	}
	return f.trouble.stalls() || f.stage == stageEnded
}

// endStall ends a stall whose time is over, with the flow going on or with a failure. e.mu is held.
func (m *move) endStall(at time.Time) {
	t := &m.flow.trouble
	if !t.ends(at) {
		return
	}
	held, failure := t.held, t.failure
	m.flow.goOn(at)
	switch {
	case failure != nil:
		m.failWith(failure.fault(), failure, at)
	case held:
		m.enqueue(func() { m.setCancelable(true) })
	}
	m.engine.settle()
}

// failWith ends the flow with a fault; cause is what the logs say, nil where the fault tells. e.mu is held.
func (m *move) failWith(fault types.BaseMethodFault, cause *motionFailure, at time.Time) {
	m.finish(ending{at: at, fault: fault, failure: cause})
}

// happen does what the fault is about. e.mu is held.
func (m *move) happen(p *plantedFault, at time.Time) {
	p.done = true
	m.engine.faults.happened(p.rule)
	spec, t := &p.rule.spec, &m.flow.trouble
	switch {
	case spec.Fail != nil:
		fault, _ := spec.Fail.build(m.vm.Self)
		m.failWith(fault, spec.Fail.cause(), at)
	case spec.Hang != nil:
		m.hang(p.rule, at)
	case spec.NetworkLoss != nil:
		m.loseNetwork(p.rule, at)
	case spec.Slow != nil:
		t.slow = spec.Slow.Factor
	case spec.Host != nil:
		m.hostTrouble(spec.Host, at)
	case spec.EndSession != nil:
		m.enqueue(func() { m.engine.endSession(m.sessionKey()) })
	}
}

// hang stops all bytes.
func (m *move) hang(rule *faultRule, at time.Time) {
	var until time.Time
	if seconds := rule.spec.Hang.Seconds; seconds != nil {
		until = at.Add(time.Duration(*seconds * float64(time.Second)))
	}
	m.flow.trouble.stall(rule, at, until)
	percent := m.flow.percent()
	m.enqueue(func() { updateTask(m.ctx, m.task, types.PropertyChange{Name: "info.progress", Val: percent}) })
	if !or(rule.spec.Hang.Cancelable, true) {
		m.flow.trouble.held = true
		m.enqueue(func() { m.setCancelable(false) })
	}
}

// loseNetwork stops all bytes; after Migrate.NetTimeout both hosts give up.
func (m *move) loseNetwork(rule *faultRule, at time.Time) {
	seconds := rule.spec.NetworkLoss.Seconds
	gone := time.Duration(min(seconds, networkTimeoutSeconds) * float64(time.Second))
	m.flow.trouble.stall(rule, at, at.Add(gone))
	if seconds > networkTimeoutSeconds {
		m.flow.trouble.failure = kernelFailure(codeConnectionClosed)
	}
}

// release ends the stalls that a fault caused which is no longer planted; all of them for the empty name.
func (e *engine) release(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	for _, m := range e.live {
		if t := &m.flow.trouble; t.stalls() && (id == "" || t.rule.id == id) {
			t.failure, t.until = nil, m.present()
			m.endStall(m.present())
		}
	}
	for _, m := range e.moves {
		m.forget(id)
	}
	e.settle()
	e.nudge()
}

// forget drops faults that wait in the move. e.mu is held.
func (m *move) forget(id string) {
	for _, p := range m.planted {
		p.done = p.done || id == "" || p.rule.id == id
	}
}

// mayCancel is false while a fault that was planted so holds the move. e.mu is held.
func (m *move) mayCancel() bool { return !m.flow.trouble.held }

func (m *move) sessionKey() string {
	if m.ctx.Session == nil {
		return ""
	}
	return m.ctx.Session.Key
}

// endSession makes vCenter forget a session, as when it has been idle for too long.
func (e *engine) endSession(key string) {
	if table, known := sessionTables.Load(e.registry); known {
		table.(*sessionTable).end(key)
		return
	}
	ctx := &simulator.Context{Map: e.registry, Session: &simulator.Session{}}
	e.registry.SessionManager().TerminateSession(ctx, &types.TerminateSession{SessionId: []string{key}})
}
