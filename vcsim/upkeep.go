package main

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// evacuationRetry is how long vCenter waits until it tries again to move a machine off a host. UNVERIFIED.
const evacuationRetry = time.Minute

// upkeep is a host on its way into maintenance mode. Its worker looks at the host each time something has changed there: a machine
// is off or gone, a move has ended, it is time to try again, the time is over, somebody cancels.
type upkeep struct {
	engine    *engine
	ctx       *simulator.Context // the worker's own
	task      *simulator.Task
	host      *simulator.HostSystem
	cluster   moRef
	offToo    bool // machines that are off have to go as well
	startedAt time.Time
	deadline  time.Time // zero: none

	// The worker's.
	chain  int32
	total  int
	tried  map[moRef]time.Time
	stuck  map[moRef]types.BaseMethodFault // machines without a place, and why
	timer  func()                          // takes the timeout back
	repeat func()                          // takes the next try back

	// Guarded by the engine's mu.
	ready     *sync.Cond
	at        time.Time // of the last news
	news      bool
	armed     bool // a next try is to come
	resting   bool
	ended     types.BaseMethodFault
	cancelled bool
	over      bool // too late to cancel
}

// startUpkeep makes the task and its worker. A second one of the same host, and one of a host that cannot, end at once.
func (e *engine) startUpkeep(ctx *simulator.Context, host *simulator.HostSystem, timeout time.Duration, offToo bool) moRef {
	u := &upkeep{
		engine: e, ctx: workerContext(ctx), task: e.putHostTask(ctx, enterMaintenanceTask, host), host: host, offToo: offToo,
		tried: map[moRef]time.Time{}, stuck: map[moRef]types.BaseMethodFault{}, ready: sync.NewCond(&e.mu), startedAt: e.clock.now(),
	}
	u.at = u.startedAt
	if timeout > 0 {
		u.deadline = u.startedAt.Add(timeout)
	}
	updateTask(u.ctx, u.task, append(startChanges(u.startedAt), types.PropertyChange{Name: "info.cancelable", Val: true})...)
	e.background(u.run)
	return u.task.Self
}

// enrol notes that the host is being emptied; false where it is already.
func (u *upkeep) enrol() bool {
	u.engine.mu.Lock()
	defer u.engine.mu.Unlock()
	if u.engine.upkeeps[u.host.Self] != nil {
		return false
	}
	u.engine.upkeeps[u.host.Self] = u
	return true
}

// run is the worker.
func (u *upkeep) run() {
	defer func() {
		if cause := recover(); cause != nil {
			endTask(u.ctx, u.task, u.engine.clock.now(), nil, systemError(cause))
			panic(cause)
		}
	}()
	if fault := u.refusal(); fault != nil {
		endTask(u.ctx, u.task, u.startedAt, nil, fault)
		return
	}
	defer u.leave()
	u.chain = postHostEvent(u.ctx, u.host, &types.EnteringMaintenanceModeEvent{}, u.startedAt, 0)
	updateTask(u.ctx, u.task, types.PropertyChange{Name: "info.eventChainId", Val: u.chain})
	u.arm()
	for {
		left := u.remaining()
		if len(left) == 0 && u.settle() {
			u.enter()
			return
		}
		u.show(left)
		u.evacuate(left)
		if fault := u.await(); fault != nil {
			u.giveUp(fault)
			return
		}
	}
}

// refusal is what stands against it from the start.
func (u *upkeep) refusal() types.BaseMethodFault {
	view := viewHost(u.ctx, u.host)
	u.cluster = view.parent
	switch {
	case view.connection != types.HostSystemConnectionStateConnected:
		return &types.HostNotConnected{}
	case view.maintenance:
		return &types.InvalidState{}
	case !u.engine.haAdmits(u.ctx, view.parent, view.ref, claims{}):
		return &types.InsufficientFailoverResourcesFault{}
	case !u.enrol():
		return &types.InvalidState{}
	}
	return nil
}

// arm sets the clock for the timeout.
func (u *upkeep) arm() {
	if u.deadline.IsZero() {
		return
	}
	u.timer = u.engine.after(u.deadline.Sub(u.startedAt), func() {
		u.engine.mu.Lock()
		defer u.engine.mu.Unlock()
		u.stop(&types.Timedout{}, u.deadline)
	})
}

// remaining are the machines that have to leave: those that run and, where asked for, those that do not as long as they can.
func (u *upkeep) remaining() []moRef {
	var left []moRef
	mayStay := u.stayers()
	for _, r := range viewHost(u.ctx, u.host).vms {
		vm, found := u.engine.registry.Get(r).(*simulator.VirtualMachine)
		if !found {
			continue
		}
		if viewVM(u.ctx, vm).power == types.VirtualMachinePowerStatePoweredOn || u.offToo && !mayStay(r) {
			left = append(left, r)
		}
	}
	return left
}

// stayers judges machines that do not run: one may stay, in a cluster with DRS, that has no place or is none of DRS's.
func (u *upkeep) stayers() func(moRef) bool {
	drs := u.engine.drsOf(u.ctx, u.cluster)
	var model *drsModel
	return func(vm moRef) bool {
		if !drs.enabled || drs.isOff(vm) {
			return drs.enabled
		}
		if model == nil {
			model = u.engine.readCluster(u.ctx, u.cluster)
		}
		machine := model.machines[vm]
		return machine != nil && !u.engine.isMoving(vm) && model.bestHost(machine, nil) == nil
	}
}

// settle decides that the host is empty, unless somebody is on the way to it or was faster.
func (u *upkeep) settle() bool {
	u.engine.mu.Lock()
	defer u.engine.mu.Unlock()
	if u.ended != nil || u.engine.isBound(u.host.Self) {
		return false
	}
	u.over = true
	return true
}

// isBound is true where a move under way goes to the host. e.mu is held.
func (e *engine) isBound(host moRef) bool {
	for _, m := range e.busy {
		if m.target == host.Value && m.sourceRef != host.Value {
			return true
		}
	}
	return false
}

// enter ends it well.
func (u *upkeep) enter() {
	u.engine.mu.Lock()
	at := u.at
	u.engine.mu.Unlock()
	u.engine.setMaintenance(u.ctx, u.host, true)
	postHostEvent(u.ctx, u.host, &types.EnteredMaintenanceModeEvent{}, at, u.chain)
	u.leave()
	u.engine.showFaults(u.ctx, u.cluster, reasonMaintenance, nil)
	endTask(u.ctx, u.task, at, nil, nil)
}

// giveUp ends it otherwise. Moves that have not begun are taken back, others go on.
func (u *upkeep) giveUp(fault types.BaseMethodFault) {
	u.leave()
	u.engine.mu.Lock()
	at, cancelled := u.at, u.cancelled
	var waiting []*move
	for _, m := range u.engine.waiting {
		if m.drs && m.sourceRef == u.host.Self.Value {
			waiting = append(waiting, m)
		}
	}
	u.engine.mu.Unlock()
	for _, m := range waiting {
		_ = m.cancel()
	}
	if _, timedOut := fault.(*types.Timedout); timedOut {
		postHostEvent(u.ctx, u.host, &types.TimedOutHostOperationEvent{}, at, u.chain)
	}
	if cancelled {
		updateTask(u.ctx, u.task, types.PropertyChange{Name: "info.cancelled", Val: true})
		postHostEvent(u.ctx, u.host, &types.CanceledHostOperationEvent{}, at, u.chain)
	}
	endTask(u.ctx, u.task, at, nil, fault)
}

// leave takes it off the books.
func (u *upkeep) leave() {
	for _, cancel := range []func(){u.timer, u.repeat} {
		if cancel != nil {
			cancel()
		}
	}
	u.engine.mu.Lock()
	defer u.engine.mu.Unlock()
	if u.engine.upkeeps[u.host.Self] == u {
		delete(u.engine.upkeeps, u.host.Self)
	}
}

// show publishes how much has left: 2 % at first, as vCenter does.
func (u *upkeep) show(left []moRef) {
	u.total = max(u.total, len(left))
	percent := int32(2)
	if u.total > 0 {
		percent += int32(96 * (u.total - len(left)) / u.total)
	}
	updateTask(u.ctx, u.task, types.PropertyChange{Name: "info.progress", Val: percent})
}

// await waits for news; a fault is the end.
func (u *upkeep) await() types.BaseMethodFault {
	e := u.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	for !u.news && u.ended == nil {
		if !u.resting {
			u.resting = true
			e.ceased()
		}
		u.ready.Wait()
	}
	u.news = false
	return u.ended
}

// stir tells the worker to look again. e.mu is held.
func (u *upkeep) stir(at time.Time) {
	u.news, u.at = true, later(u.at, at)
	u.rouse()
}

// stop ends it with a fault; the first one counts. e.mu is held.
func (u *upkeep) stop(fault types.BaseMethodFault, at time.Time) bool {
	if u.over || u.ended != nil {
		return false
	}
	u.ended, u.at = fault, at
	u.rouse()
	return true
}

func (u *upkeep) rouse() {
	if u.resting {
		u.resting = false
		u.engine.begun()
	}
	u.ready.Signal()
}

// stirHosts lets all hosts that are being emptied look again. e.mu is held.
func (e *engine) stirHosts(at time.Time) {
	for _, u := range e.upkeeps {
		u.stir(at)
	}
}

// hostChanged is stirHosts for callers without e.mu.
func (e *engine) hostChanged() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.upkeeps) > 0 {
		e.stirHosts(e.clock.now())
	}
}

// upkeepOf is the maintenance behind a task that has not ended.
func (e *engine) upkeepOf(task moRef) *upkeep {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, u := range e.upkeeps {
		if u.task.Self == task {
			return u
		}
	}
	return nil
}

// abandon ends a host's way into maintenance mode.
func (e *engine) abandon(host moRef, fault types.BaseMethodFault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if u := e.upkeeps[host]; u != nil {
		u.stop(fault, e.clock.now())
	}
}

// isEntering is true for a host that is being emptied.
func (e *engine) isEntering(host moRef) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.upkeeps[host] != nil
}

// cancelCall answers CancelTask.
func (u *upkeep) cancelCall() soap.HasFault {
	u.engine.mu.Lock()
	defer u.engine.mu.Unlock()
	u.engine.advance()
	if !u.stop(&types.RequestCanceled{}, u.engine.clock.now()) {
		return &methods.CancelTaskBody{Fault_: simulator.Fault("", &types.InvalidState{})}
	}
	u.cancelled = true
	return &methods.CancelTaskBody{Res: &types.CancelTaskResponse{}}
}
