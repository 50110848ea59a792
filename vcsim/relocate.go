package main

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// RelocateVMTask starts a relocation and answers at once. Everything that is wrong with it becomes the task's error, a relocation
// already under way (TaskInProgress) and unknown references (ManagedObjectNotFound) included: that is where clients look.
func (f *front) RelocateVMTask(ctx *simulator.Context, req *types.RelocateVM_Task) soap.HasFault {
	task, fault := f.engine.submit(ctx, req.This, relocateTask, req.Spec, "")
	if fault != nil {
		return &methods.RelocateVM_TaskBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: task}}
}

// MigrateVMTask is the deprecated way to change host and pool; the same engine does it.
func (f *front) MigrateVMTask(ctx *simulator.Context, req *types.MigrateVM_Task) soap.HasFault {
	task, fault := f.engine.submit(ctx, req.This, migrateTask, types.VirtualMachineRelocateSpec{Host: req.Host, Pool: req.Pool}, req.State)
	if fault != nil {
		return &methods.MigrateVM_TaskBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.MigrateVM_TaskBody{Res: &types.MigrateVM_TaskResponse{Returnval: task}}
}

// CancelTask cancels a relocation. Refused with NotSupported from the switch-over on, and with InvalidState once it has ended.
func (f *front) CancelTask(ctx *simulator.Context, req *types.CancelTask) soap.HasFault {
	m := f.engine.moveOf(req.This)
	if fault := m.cancel(); fault != nil {
		return &methods.CancelTaskBody{Fault_: simulator.Fault("", fault)}
	}
	updateTask(ctx, m.task, types.PropertyChange{Name: "info.cancelled", Val: true})
	return &methods.CancelTaskBody{Res: &types.CancelTaskResponse{}}
}

// submit makes the task of a relocation and its move, and leaves the rest to the move's worker.
func (e *engine) submit(ctx *simulator.Context, vmRef moRef, kind taskKind,
	spec types.VirtualMachineRelocateSpec, state types.VirtualMachinePowerState) (moRef, types.BaseMethodFault) {
	vm, found := e.registry.Get(vmRef).(*simulator.VirtualMachine)
	if !found {
		return vmRef, &types.ManagedObjectNotFound{Obj: vmRef}
	}
	m := &move{
		engine: e, ctx: workerContext(ctx), task: &simulator.Task{}, vm: vm, name: entityNameOf(ctx, vmRef), spec: spec, wantedState: state,
		operationID: operationIDFrom(ctx), phase: "queued", ready: sync.NewCond(&e.mu),
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
	e.admitting[m] = struct{}{}
	e.moves = append(e.moves, m)
	return nil
}

// admit resolves what was asked for and judges it with the rules of CheckRelocate_Task; the first error is the task's.
func (m *move) admit() types.BaseMethodFault {
	e := m.engine
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
	return nil
}

// describe stores the plan and all that is derived from it.
func (e *engine) describe(m *move, plan *placement) {
	facts := e.eventFacts(m.ctx, plan)
	e.mu.Lock()
	defer e.mu.Unlock()
	m.plan, m.event = plan, facts
	m.sourceRef, m.target = plan.source.ref.Value, plan.host.ref.Value
	m.flow.load = e.workloadOf(plan)
	m.log = e.logFacts(m, plan)
}

// workloadOf is what the plan has to carry.
func (e *engine) workloadOf(p *placement) workload {
	load := workload{
		twoHosts: p.source.ref != p.host.ref,
		live:     p.vm.power == types.VirtualMachinePowerStatePoweredOn,
	}
	for _, disk := range p.disks {
		if disk.from != disk.to {
			load.diskBytes += float64(disk.bytes)
		}
	}
	if !load.live || !load.twoHosts {
		return load
	}
	load.memoryBytes, load.dirtyBytesPerS = float64(p.vm.memoryBytes), idleDirtyBytesPerS
	if traits, known := e.site.VMs[p.vm.ref]; known {
		if traits.TouchedBytes >= 0 {
			load.memoryBytes = min(load.memoryBytes, float64(traits.TouchedBytes))
		}
		load.dirtyBytesPerS = max(load.dirtyBytesPerS, float64(traits.DirtyBytesPerS))
	}
	return load
}
