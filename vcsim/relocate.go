package main

import (
	"fmt"
	"math/rand"
	"strconv"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// RelocateVMTask starts a relocation and answers at once. Everything that is wrong with it becomes the task's error, a relocation
// already under way (TaskInProgress) and unknown references (ManagedObjectNotFound) included: that is where clients look.
func (f *front) RelocateVMTask(ctx *simulator.Context, req *types.RelocateVM_Task) soap.HasFault {
	task, fault := f.engine.submitWith(ctx, req.This, relocateTask, req.Spec, "", req.Priority)
	if fault != nil {
		return &methods.RelocateVM_TaskBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: task}}
}

// MigrateVMTask is the deprecated way to change host and pool; the same engine does it.
func (f *front) MigrateVMTask(ctx *simulator.Context, req *types.MigrateVM_Task) soap.HasFault {
	task, fault := f.engine.submitWith(ctx, req.This, migrateTask, types.VirtualMachineRelocateSpec{Host: req.Host, Pool: req.Pool}, req.State, req.Priority)
	if fault != nil {
		return &methods.MigrateVM_TaskBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.MigrateVM_TaskBody{Res: &types.MigrateVM_TaskResponse{Returnval: task}}
}

// CancelTask cancels a relocation. Refused with NotSupported from the switch-over on, and with InvalidState once it has ended.
func (f *front) CancelTask(ctx *simulator.Context, req *types.CancelTask) soap.HasFault {
	if u := f.engine.upkeepOf(req.This); u != nil {
		return u.cancelCall()
	}
	m := f.engine.moveOf(req.This)
	if m == nil {
		return &methods.CancelTaskBody{Fault_: simulator.Fault("", &types.InvalidState{})}
	}
	if fault := m.cancel(); fault != nil {
		return &methods.CancelTaskBody{Fault_: simulator.Fault("", fault)}
	}
	updateTask(ctx, m.task, types.PropertyChange{Name: "info.cancelled", Val: true})
	return &methods.CancelTaskBody{Res: &types.CancelTaskResponse{}}
}

// submit is submitWith without a priority.
func (e *engine) submit(ctx *simulator.Context, vmRef moRef, kind taskKind,
	spec types.VirtualMachineRelocateSpec, state types.VirtualMachinePowerState) (moRef, types.BaseMethodFault) {
	return e.submitWith(ctx, vmRef, kind, spec, state, "")
}

// submitWith makes the task of a relocation and its move, and leaves the rest to the move's worker. The priority is shown in the ground
// truth and changes nothing: vCenter says of it no more than that a higher one gets more of the CPU.
func (e *engine) submitWith(ctx *simulator.Context, vmRef moRef, kind taskKind, spec types.VirtualMachineRelocateSpec,
	state types.VirtualMachinePowerState, priority types.VirtualMachineMovePriority) (moRef, types.BaseMethodFault) {
	vm, found := e.registry.Get(vmRef).(*simulator.VirtualMachine)
	if !found {
		return vmRef, &types.ManagedObjectNotFound{Obj: vmRef}
	}
	e.moveFirst(ctx, vm, &spec)
	m := &move{
		engine: e, ctx: workerContext(ctx), task: &simulator.Task{}, vm: vm, name: entityNameOf(ctx, vmRef), spec: spec, wantedState: state,
		operationID: operationIDFrom(ctx), phase: "queued", ready: sync.NewCond(&e.mu), over: make(chan struct{}),
		drs: kind == drsTask, priority: string(priority),
	}
	m.task.Self = e.newReference("Task")
	m.target = deref(spec.Host).Value
	ctx.WithLock(vm, func() { m.sourceRef = deref(vm.Runtime.Host).Value })
	other := e.enrol(m)
	e.putTask(ctx, m.task, kind, vm, m.queuedAt)
	if other != nil {
		endTask(m.ctx, m.task, m.queuedAt, nil, &types.TaskInProgress{Task: other.task.Self})
		return m.task.Self, nil
	}
	m.setCancelable(true)
	e.mu.Lock()
	e.begun()
	e.mu.Unlock()
	go m.run()
	return m.task.Self, nil
}

// enrol claims the virtual machine for the move, or gives the move that has it. Until the move is admitted the model's time stands
// still at its submission, so that how long this process takes to admit it is not part of what is simulated.
func (e *engine) enrol(m *move) *move {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	m.queuedAt = e.clock.now()
	if other := e.busy[m.vm.Self]; other != nil {
		return other
	}
	e.busy[m.vm.Self] = m
	e.tasks[m.task.Self] = m
	e.held[m] = m.queuedAt
	m.number = len(e.moves)
	m.rng = rand.New(rand.NewSource(e.seed + int64(m.number)*7919))
	e.moves = append(e.moves, m)
	return nil
}

// admit resolves what was asked for and judges it with the rules of CheckRelocate_Task; the first error is the task's.
func (m *move) admit() types.BaseMethodFault {
	e := m.engine
	if m.spec.Service != nil {
		return m.admitAcross()
	}
	plan, fault := e.resolve(m.ctx, m.vm, &m.spec)
	if fault != nil {
		return fault
	}
	e.describe(m, plan)
	if m.wantedState != "" && plan.vm.power != m.wantedState {
		return &types.InvalidPowerState{RequestedState: m.wantedState, ExistingState: plan.vm.power}
	}
	if plan.isNoop() {
		return nil
	}
	if verdict := e.judge(m.ctx, plan, nil); len(verdict.errors) > 0 {
		return verdict.errors[0]
	}
	return m.plantFaults()
}

// describe stores the plan and all that is derived from it.
func (e *engine) describe(m *move, plan *placement) {
	facts := e.eventFacts(m.ctx, plan)
	switchover := maxSwitchoverOf(m.ctx, m.vm)
	e.mu.Lock()
	defer e.mu.Unlock()
	m.plan, m.event = plan, facts
	m.sourceRef, m.target = plan.source.ref.Value, plain(plan.host.ref).Value
	m.flow.load, m.flow.network = e.workloadOf(plan), e.networkBetween(plan)
	m.flow.load.maxSwitchover = switchover
	e.surprises.apply(m, e.seed)
	m.log = e.logFacts(m, plan)
}

// workloadOf is what the plan has to carry.
func (e *engine) workloadOf(p *placement) workload {
	load := workload{
		twoHosts: p.source.ref != p.host.ref,
		live:     p.vm.power == types.VirtualMachinePowerStatePoweredOn,
	}
	load.copies = e.copiesOf(p)
	if !load.live || !load.twoHosts {
		return load
	}
	load.memoryBytes, load.dirtyBytesPerS = float64(p.vm.memoryBytes), idleDirtyBytesPerS
	traits, known := e.site.VMs[p.vm.ref]
	if !known {
		traits, known = e.settlers[p.vm.ref], e.settlers[p.vm.ref].Ref != (moRef{})
	}
	if known {
		if traits.TouchedBytes >= 0 {
			load.memoryBytes = min(load.memoryBytes, float64(traits.TouchedBytes))
		}
		load.dirtyBytesPerS = max(load.dirtyBytesPerS, float64(traits.DirtyBytesPerS))
		load.fixedDirtyBytesPerS, load.noSDPS = float64(traits.FixedDirtyBytesPerS), traits.NoSDPS
		load.stateBytes = float64(traits.DeviceStateBytes)
	}
	load.limitBytesPerS = e.streamLimit(p)
	return load
}

// networkBetween is the way the memory takes. e.mu is held.
func (e *engine) networkBetween(p *placement) []*link {
	if p.source.ref == p.host.ref {
		return nil
	}
	return []*link{e.linkOf(p.source.ref), e.linkOf(p.host.ref)}
}

// streamLimit is what the streams of one vMotion carry: as much as it takes where both hosts add stream helpers by themselves, which
// they do from 7.0u2 on, else 15 Gbit/s a helper.
func (e *engine) streamLimit(p *placement) float64 {
	limit := 0.0
	for _, host := range []moRef{p.source.ref, p.host.ref} {
		traits := e.site.Hosts[host]
		streams := traits.Streams
		if streams == 0 && isOld(traits.ESXiVersion) {
			streams = 1
		}
		if carried := float64(streams) * streamBytesPerS; streams > 0 && (limit == 0 || carried < limit) {
			limit = carried
		}
	}
	return limit
}

// switchoverOption is the setting of a virtual machine that limits its switch-over, in seconds.
const switchoverOption = "vmotion.maxSwitchoverSeconds"

// maxSwitchoverOf is vmotion.maxSwitchoverSeconds of the machine's configuration; 0 where it says nothing.
func maxSwitchoverOf(ctx *simulator.Context, vm *simulator.VirtualMachine) time.Duration {
	var limit time.Duration
	ctx.WithLock(vm, func() {
		if vm.Config == nil {
			return
		}
		for _, option := range vm.Config.ExtraConfig {
			if value := option.GetOptionValue(); value.Key == switchoverOption {
				if seconds, err := strconv.Atoi(fmt.Sprint(value.Value)); err == nil && seconds > 0 {
					limit = time.Duration(seconds) * time.Second
				}
			}
		}
	})
	return limit
}
