package main

import (
	"log"
	"math/rand"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// move is one relocation from its submission to its end. A worker of its own does all that touches the inventory, in order.
type move struct {
	engine      *engine
	ctx         *simulator.Context // the worker's own: locks are held on its behalf
	task        *simulator.Task
	vm          *simulator.VirtualMachine
	spec        types.VirtualMachineRelocateSpec
	wantedState types.VirtualMachinePowerState // of MigrateVM_Task
	operationID string
	priority    string
	queuedAt    time.Time

	// Written by the worker before the flow begins, read-only from then on.
	plan  *placement
	event eventFacts
	log   logFacts

	number int        // of submission
	rng    *rand.Rand // of its own: what others do changes nothing

	// Guarded by the engine's mu.
	flow        flow
	claims      []claim // of vCenter's limits
	waits       bool    // in the queue for them
	granted     bool    // holds them
	resting     bool    // the worker waits
	shown       int32   // progress published last
	queue       []func()
	ended       *ending
	startedAt   *time.Time
	completedAt *time.Time
	fault       types.BaseMethodFault
	phase       string
	sourceRef   string
	target      string
	name        string

	ready       *sync.Cond // of the engine's mu: queue has grown or ended is set
	publishedAt time.Time  // real time of the last published progress; the worker's
	chain       int32
	storeURLs   map[moRef]string // of the datastores after the move; the worker's
	began       bool             // bytes were to flow
	planted     []*plantedFault
	drs         bool          // recommended, or done, by DRS
	over        chan struct{} // closed at the very end
	vmxFiles    vmxStore      // the worker's
	trip        *journey      // to another vCenter; the worker's
}

// ending says how a flow ended: at its end, by a cancel, or by a fault.
type ending struct {
	at        time.Time
	fault     types.BaseMethodFault
	cancelled bool
	failure   *motionFailure // by itself, not by what happened to it
}

// progressPause is the real time that passes at least between two updates of a task's progress.
const progressPause = 100 * time.Millisecond

// enqueue hands work to the move's worker. e.mu is held.
func (m *move) enqueue(work func()) {
	m.queue = append(m.queue, work)
	m.rouse()
}

// rouse lets the worker go on. e.mu is held.
func (m *move) rouse() {
	if m.resting {
		m.resting = false
		m.engine.begun()
	}
	m.ready.Signal()
}

// rest notes that the worker has nothing to do. e.mu is held.
func (m *move) rest() {
	if !m.resting {
		m.resting = true
		m.engine.ceased()
	}
}

// finish ends the flow; the first ending counts. e.mu is held.
func (m *move) finish(end ending) bool {
	if m.ended != nil {
		return false
	}
	m.flow.stage = stageEnded
	m.ended = &end
	m.engine.letGo(m)
	m.rouse()
	return true
}

// turned tells the outside that the flow has left the stage before, at the time at. e.mu is held.
func (m *move) turned(before stage, at time.Time) {
	m.enqueue(m.storeVMXLog)
	f := &m.flow
	switch {
	case f.stage == stagePrecopy && f.passes == 1 && before != stagePrecopy:
		m.phase = "precopy"
		m.engine.logs.precopyStarted(m.log, at)
	case f.stage == stagePrecopy && before == stagePrecopy:
		m.engine.logs.precopyPassed(m.log, at, f)
	case f.stage == stageStorage:
		m.phase = "storage"
	case f.stage == stageSwitchover:
		m.phase = "switchover"
		m.engine.logs.precopyStopped(m.log, at, f)
		m.enqueue(func() { m.setCancelable(false) })
	case f.stage == stageDevices:
		m.engine.logs.pagesSent(m.log, at, f)
	case f.stage == stageEnded && f.failure != nil:
		m.finish(ending{at: at, fault: f.failure.fault(), failure: f.failure})
	case f.stage == stageEnded:
		m.finish(ending{at: at})
	}
}

// await takes the worker's next piece of work; nil means that the flow has ended and nothing is left to do before the end.
func (m *move) await() func() {
	e := m.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(m.queue) == 0 && m.ended == nil {
		m.rest()
		m.ready.Wait()
	}
	if len(m.queue) == 0 {
		return nil
	}
	work := m.queue[0]
	m.queue = m.queue[1:]
	return work
}

// run is the move's worker.
func (m *move) run() {
	defer m.engine.restAgain()
	defer close(m.over)
	defer m.rescue()
	fault := m.admit()
	if fault != nil || m.plan.isNoop() {
		m.markStarted(m.queuedAt)
		m.conclude(m.settle(ending{at: m.queuedAt, fault: fault}))
		return
	}
	m.lineUp()
	for work := m.await(); work != nil; work = m.await() {
		work()
	}
	m.conclude(m.settled())
}

// start begins a move that has got its place under vCenter's limits. One that had to wait is judged once more.
func (m *move) start(at time.Time) {
	m.markStarted(at)
	if fault := m.readmit(at); fault != nil {
		m.settle(ending{at: at, fault: fault})
		return
	}
	m.postStart(at)
	m.begin(at)
}

// readmit looks at what may have changed while the move waited.
func (m *move) readmit(at time.Time) types.BaseMethodFault {
	if !at.After(m.queuedAt) {
		return nil
	}
	if fault := m.stillPossible(); fault != nil || m.trip != nil {
		return fault
	}
	spec, host := m.spec, m.plan.host.ref
	spec.Host = &host
	plan, fault := m.engine.resolve(m.ctx, m.vm, &spec)
	if fault != nil {
		return fault
	}
	if verdict := m.engine.judge(m.ctx, plan, nil); len(verdict.errors) > 0 {
		return verdict.errors[0]
	}
	return nil
}

// settle ends a move that has no flow; a cancel that came first counts.
func (m *move) settle(end ending) ending {
	m.engine.mu.Lock()
	defer m.engine.mu.Unlock()
	m.finish(end)
	return *m.ended
}

// settled is the flow's ending, after the inventory was changed where the flow came to its end.
func (m *move) settled() ending {
	m.engine.mu.Lock()
	end := *m.ended
	m.engine.mu.Unlock()
	if end.fault == nil {
		end.fault = m.commit()
	}
	return end
}

// begin puts the flow into the model, as of the time at.
func (m *move) begin(at time.Time) {
	e := m.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.held, m)
	if m.ended != nil {
		return
	}
	m.began = true
	m.flow.begin(at)
	e.logs.started(m.log, at)
	e.live = append(e.live, m)
	m.meetFaults(at)
	e.settle()
	e.nudge()
}

// conclude ends the move: logs, events, the model's books, and the task last.
func (m *move) conclude(end ending) {
	if m.plan != nil && !m.plan.isNoop() {
		m.logEnd(end)
		m.storeVMXLog()
		m.bringVMXLogs()
		m.showVMXLogs(end.fault != nil)
		m.postEnd(end)
		m.reviewRules(end)
	}
	m.endAcross(end)
	m.closeBooks(end)
	m.finishTask(end)
}

func (m *move) logEnd(end ending) {
	e := m.engine
	e.mu.Lock()
	f, began := m.flow, m.began
	e.mu.Unlock()
	if !began {
		return
	}
	if end.fault != nil {
		e.logs.failed(m.log, end.at, end, &f)
		return
	}
	e.logs.resumed(m.log, end.at, &f)
}

// closeBooks lets go of the virtual machine and writes the ending into the ground truth.
func (m *move) closeBooks(end ending) {
	e := m.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.held, m)
	if e.busy[m.vm.Self] == m {
		delete(e.busy, m.vm.Self)
	}
	m.finish(end)
	at := end.at
	m.completedAt, m.fault = &at, end.fault
	e.stirHosts(at)
	e.nudge()
	switch {
	case end.cancelled:
		m.phase = "cancelled"
	case end.fault != nil:
		m.phase = "failed"
	default:
		m.phase, m.flow.progress = "done", 100
	}
}

// rescue turns a panic of the worker into a SystemError of its task: the process must not die of one move.
func (m *move) rescue() {
	cause := recover()
	if cause == nil {
		return
	}
	log.Printf("relocation of %s: %v", m.vm.Self, cause)
	end := ending{at: m.engine.clock.now(), fault: systemError(cause)}
	m.endAcross(end)
	m.closeBooks(end)
	m.finishTask(end)
}

// cancel asks for the end of the move. It is refused from the switch-over on: the guest is stunned and half of it is elsewhere.
func (m *move) cancel() types.BaseMethodFault {
	e := m.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	if m.completedAt != nil || (m.ended != nil && m.ended.fault != nil) {
		return &types.InvalidState{}
	}
	if m.ended != nil || m.flow.stage > stagePrecopy || !m.mayCancel() {
		return &types.NotSupported{}
	}
	m.finish(ending{at: m.present(), fault: &types.RequestCanceled{}, cancelled: true})
	e.settle()
	e.nudge()
	return nil
}

// present is the model's time, which for a move is never before its submission. e.mu is held.
func (m *move) present() time.Time {
	if m.engine.time.Before(m.queuedAt) {
		return m.queuedAt
	}
	return m.engine.time
}

// truth is what the ground truth says of the move. e.mu is held.
func (m *move) truth() motionTruth {
	f := &m.flow
	t := motionTruth{
		MigrationID: m.log.id, VM: m.vm.Self.Value, VMName: m.name, Task: m.task.Self.Value, OperationID: m.operationID, Priority: m.priority,
		Source: m.sourceRef, Destination: m.target, Phase: m.phase, ProgressPercent: f.percent(),
		MemoryBytes: int64(f.load.memoryBytes), SentBytes: int64(f.sent), Passes: f.passes,
		BandwidthBitsPerS: int64(f.stopBytesPerS * 8), DowntimeS: f.downtime.Seconds(),
		QueuedAt: m.queuedAt, StartedAt: m.startedAt, CompletedAt: m.completedAt,
		PrecopyStartedAt: given(f.transferStart), StunnedAt: given(f.stunnedAt), PagesSentAt: given(f.sentAt),
	}
	if t.BandwidthBitsPerS == 0 {
		t.BandwidthBitsPerS = int64(f.rate * 8)
	}
	if m.plan != nil {
		t.DestinationVCenter = m.plan.vcenter
	}
	if m.fault != nil {
		t.Fault, t.FailedIn = faultName(m.fault), m.failedIn()
	}
	return t
}

// failedIn is the part of the move in which it ended before its end. e.mu is held.
func (m *move) failedIn() string {
	f := &m.flow
	switch {
	case !m.began:
		return "admission"
	case !f.sentAt.IsZero():
		return "resume"
	case !f.stunnedAt.IsZero():
		return "switchover"
	case !f.transferStart.IsZero():
		return "precopy"
	case f.sent > 0 || f.copying > 0:
		return "storage"
	}
	return "prepare"
}

// given is a time that has been set; nil otherwise.
func given(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
