package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// The names of the checkers' groups of tests (CheckTestType).
const (
	testSource    = string(types.CheckTestTypeSourceTests)
	testHost      = string(types.CheckTestTypeHostTests)
	testPool      = string(types.CheckTestTypeResourcePoolTests)
	testDatastore = string(types.CheckTestTypeDatastoreTests)
	testNetwork   = string(types.CheckTestTypeNetworkTests)
)

// verdict is all that is to be said against a placement.
type verdict struct {
	errors   []types.BaseMethodFault
	warnings []types.BaseMethodFault
}

func (v *verdict) refuse(fault types.BaseMethodFault) { v.errors = append(v.errors, fault) }
func (v *verdict) warn(fault types.BaseMethodFault)   { v.warnings = append(v.warnings, fault) }

// blame refuses where severe, and warns otherwise.
func (v *verdict) blame(severe bool, fault types.BaseMethodFault) {
	if severe {
		v.refuse(fault)
		return
	}
	v.warn(fault)
}

// inquiry is one judgement under way.
type inquiry struct {
	*placement
	verdict

	engine *engine
	ctx    *simulator.Context
}

// isLive is true for a virtual machine that is on and changes host: a vMotion.
func (q *inquiry) isLive() bool {
	return q.vm.power == types.VirtualMachinePowerStatePoweredOn && q.changesHost()
}

func (q *inquiry) changesHost() bool { return q.host.ref != q.source.ref }

// rule is one thing that may stand against a relocation. CheckRelocate_Task reports what the rules say; RelocateVM_Task fails with
// the first error. The order is that of the list below.
type rule struct {
	test  string
	apply func(*inquiry)
}

var rules = []rule{
	{testSource, checkTemplate},
	{testSource, checkDisabledMethod},
	{testSource, checkVMConnection},
	{testSource, checkQuestion},
	{testSource, checkSourceHost},
	{testHost, checkDestinationHost},
	{testSource, checkSourceVMotion},
	{testHost, checkDestinationVMotion},
	{testHost, checkDevices},
	{testSource, checkAffinity},
	{testHost, checkCPUs},
	{testPool, checkMemory},
	{testHost, checkRules},
	{testDatastore, checkTargetDatastores},
	{testDatastore, checkDisks},
	{testNetwork, checkNetworks},
	{testSource, checkSnapshots},
}

// judge applies the rules of the given groups of tests, all of them for nil.
func (e *engine) judge(ctx *simulator.Context, p *placement, tests []string) verdict {
	q := &inquiry{placement: p, engine: e, ctx: ctx}
	for _, r := range rules {
		if len(tests) == 0 || containsString(tests, r.test) {
			r.apply(q)
		}
	}
	return q.verdict
}

func containsString(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

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
	task := &simulator.Task{}
	task.Self = e.newReference("Task")
	e.putTask(ctx, task, kind, vm, e.clock.now())
	worker := workerContext(ctx)
	go e.runCheck(worker, task, func() (any, types.BaseMethodFault) {
		return e.checkResults(worker, vm, spec, state, tests)
	})
	return task.Self, nil
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
	results := types.ArrayOfCheckResult{}
	for _, trial := range e.trials(ctx, vm, spec) {
		plan, fault := e.resolve(ctx, vm, &trial)
		if fault != nil {
			return nil, fault
		}
		if state != "" && plan.vm.power != state {
			return nil, &types.InvalidPowerState{RequestedState: state, ExistingState: plan.vm.power}
		}
		found := verdict{}
		if !plan.isNoop() {
			found = e.judge(ctx, plan, tests)
		}
		machine, host := plan.vm.ref, plan.host.ref
		results.CheckResult = append(results.CheckResult, types.CheckResult{
			Vm: &machine, Host: &host, Warning: localizedAll(found.warnings), Error: localizedAll(found.errors),
		})
	}
	return results, nil
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
