package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// A planted move of DRS: just before a relocation that a client asks for, the machine goes elsewhere without anybody having asked.

// drsTask is the task of a migration that DRS does by itself.
var drsTask = taskKind{"RelocateVM_Task", "Drm.ExecuteVMotionLRO"}

// moveFirst lets DRS move the machine first where a planted fault says so. The client's relocation then finds another move under way or,
// where the fault asks for one that is finished, the machine elsewhere.
func (e *engine) moveFirst(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec) {
	if ctx.Session == nil || ctx.Session.UserName == "" {
		return // DRS does not go before itself
	}
	if e.refuseWhileMoving(vm.Self) != nil {
		return
	}
	about := e.submission(ctx, vm, spec)
	rules := e.faults.choose(about, func(s *faultSpec) bool { return s.DRSMove != nil })
	for _, rule := range rules {
		if host, found := e.elsewhere(ctx, vm, spec, rule.spec.DRSMove); found {
			e.moveAsDRS(ctx, vm, host, rule)
		}
	}
}

// submission is what is known of a relocation before it is admitted; without a host in its spec the destination is not.
func (e *engine) submission(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec) subject {
	var name string
	var source moRef
	ctx.WithLock(vm, func() { name, source = vm.Name, deref(vm.Runtime.Host) })
	return subject{
		key: name, vms: []string{name}, source: entityNameOf(ctx, source), destination: entityNameOf(ctx, deref(spec.Host)),
	}
}

// elsewhere is where DRS moves the machine to: the host that is named, else the compatible one of the cluster with the fewest virtual
// machines that is not the client's destination, else that.
func (e *engine) elsewhere(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec, wish *drsMoveSpec) (moRef, bool) {
	plan, fault := e.resolve(ctx, vm, &types.VirtualMachineRelocateSpec{})
	if fault != nil {
		return moRef{}, false
	}
	var best *hostView
	for _, candidate := range e.hostsOf(ctx, plan.source.parent) {
		if candidate.ref == plan.source.ref || wish.Host != "" && !like(wish.Host, candidate.name) {
			continue
		}
		trial := *plan
		trial.host = candidate
		if len(e.judge(ctx, &trial, nil).errors) > 0 {
			continue
		}
		if best == nil || rank(candidate, spec) < rank(*best, spec) {
			best = &candidate
		}
	}
	if best == nil {
		return moRef{}, false
	}
	return best.ref, true
}

// rank puts a client's own destination last.
func rank(host hostView, spec *types.VirtualMachineRelocateSpec) int {
	if host.ref == deref(spec.Host) {
		return 1<<20 + len(host.vms)
	}
	return len(host.vms)
}

// moveAsDRS submits the foreign relocation, of a user with an empty name, and waits for its end where the fault wants that.
func (e *engine) moveAsDRS(ctx *simulator.Context, vm *simulator.VirtualMachine, host moRef, rule *faultRule) {
	own := workerContext(ctx)
	own.Session = &simulator.Session{Registry: simulator.NewRegistry(), Map: e.registry}
	own.Header.ID = ""
	task, fault := e.submit(own, vm.Self, drsTask, types.VirtualMachineRelocateSpec{Host: &host}, "")
	if fault != nil {
		return
	}
	e.faults.happened(rule)
	if m := e.moveOf(task); m != nil && rule.spec.DRSMove.Finished {
		e.awaiting(m.awaitEnd)
	}
}

// awaitEnd waits until the move has ended, its task included.
func (m *move) awaitEnd() { <-m.over }
