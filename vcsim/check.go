package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CheckRelocateTask judges a relocation, without doing it, by the rules RelocateVM_Task goes by. Without a host it judges every host
// of the pool's cluster.
func (f *front) CheckRelocateTask(ctx *simulator.Context, req *types.CheckRelocate_Task) soap.HasFault {
	task, fault := f.engine.check(ctx, checkRelocateTask, req.Vm, req.Spec, "", req.TestType)
	if fault != nil {
		return &methods.CheckRelocate_TaskBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.CheckRelocate_TaskBody{Res: &types.CheckRelocate_TaskResponse{Returnval: task}}
}

// CheckMigrateTask is CheckRelocateTask for a change of host and pool alone.
func (f *front) CheckMigrateTask(ctx *simulator.Context, req *types.CheckMigrate_Task) soap.HasFault {
	spec := types.VirtualMachineRelocateSpec{Host: req.Host, Pool: req.Pool}
	task, fault := f.engine.check(ctx, checkMigrateTask, req.Vm, spec, req.State, req.TestType)
	if fault != nil {
		return &methods.CheckMigrate_TaskBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.CheckMigrate_TaskBody{Res: &types.CheckMigrate_TaskResponse{Returnval: task}}
}

// check makes the task of a check. Its entity is the virtual machine: clients cannot parse a task whose entity is the checker.
func (e *engine) check(ctx *simulator.Context, kind taskKind, r moRef, spec types.VirtualMachineRelocateSpec,
	state types.VirtualMachinePowerState, tests []string) (moRef, types.BaseMethodFault) {
	vm, found := e.registry.Get(r).(*simulator.VirtualMachine)
	if !found {
		return r, &types.ManagedObjectNotFound{Obj: r}
	}
	if fault := checkTestTypes(tests); fault != nil {
		return r, fault
	}
	return e.startCheck(ctx, kind, vm, func(worker *simulator.Context) (any, types.BaseMethodFault) {
		return e.checkResults(worker, vm, spec, state, tests)
	}), nil
}

// startCheck makes the task of a check, with a worker of its own.
func (e *engine) startCheck(ctx *simulator.Context, kind taskKind, vm *simulator.VirtualMachine,
	work func(*simulator.Context) (any, types.BaseMethodFault)) moRef {
	task := &simulator.Task{}
	task.Self = e.newReference("Task")
	e.putTask(ctx, task, kind, vm, e.clock.now())
	worker := workerContext(ctx)
	e.background(func() {
		e.runCheck(worker, task, func() (any, types.BaseMethodFault) { return work(worker) })
	})
	return task.Self
}

// runCheck runs a check's work and ends its task with what comes out, a panic included.
func (e *engine) runCheck(ctx *simulator.Context, task *simulator.Task, work func() (any, types.BaseMethodFault)) {
	defer func() {
		if cause := recover(); cause != nil {
			endTask(ctx, task, e.clock.now(), nil, systemError(cause))
		}
	}()
	updateTask(ctx, task, startChanges(e.clock.now())...)
	result, fault := work()
	endTask(ctx, task, e.clock.now(), result, fault)
}

// checkResults has one result for each host that is judged. What RelocateVM_Task throws before it judges is the task's error here too.
func (e *engine) checkResults(ctx *simulator.Context, vm *simulator.VirtualMachine, spec types.VirtualMachineRelocateSpec,
	state types.VirtualMachinePowerState, tests []string) (any, types.BaseMethodFault) {
	if spec.Service != nil {
		return e.checkAcross(ctx, vm, &spec, tests)
	}
	results := types.ArrayOfCheckResult{}
	for _, trial := range e.trials(ctx, vm, spec) {
		plan, fault := e.resolve(ctx, vm, &trial)
		if fault != nil {
			return nil, fault
		}
		if state != "" && plan.vm.power != state {
			return nil, &types.InvalidPowerState{RequestedState: state, ExistingState: plan.vm.power}
		}
		results.CheckResult = append(results.CheckResult, e.resultOf(ctx, plan, tests))
	}
	return results, nil
}

// resultOf is the judgement of one pair; what changes nothing is not judged.
func (e *engine) resultOf(ctx *simulator.Context, plan *placement, tests []string) types.CheckResult {
	found := verdict{}
	if !plan.isNoop() {
		found = e.judge(ctx, plan, tests)
	}
	machine, host := plan.vm.ref, plan.host.ref
	return types.CheckResult{Vm: &machine, Host: &host, Warning: localizedAll(found.warnings), Error: localizedAll(found.errors)}
}

// trials are the specs to judge: the one given where it names a host, else one for each connected host of the pool's cluster that is
// not in maintenance mode.
func (e *engine) trials(ctx *simulator.Context, vm *simulator.VirtualMachine, spec types.VirtualMachineRelocateSpec) []types.VirtualMachineRelocateSpec {
	if spec.Host != nil {
		return []types.VirtualMachineRelocateSpec{spec}
	}
	pool := viewVM(ctx, vm).pool
	if spec.Pool != nil {
		pool = *spec.Pool
	}
	var trials []types.VirtualMachineRelocateSpec
	for _, host := range e.hostsOf(ctx, e.ownerOf(ctx, pool)) {
		if host.connection == types.HostSystemConnectionStateConnected && !host.maintenance {
			trial, r := spec, host.ref
			trial.Host = &r
			trials = append(trials, trial)
		}
	}
	if trials == nil {
		return []types.VirtualMachineRelocateSpec{spec}
	}
	return trials
}
