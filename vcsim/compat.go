package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

var queryCompatibilityTask = taskKind{"QueryVMotionCompatibilityEx_Task", "vm.check.ProvisioningChecker.queryVMotionCompatibilityEx"}

// compatibilityTests are the groups that say whether two ends fit each other; how full they are does not count.
var compatibilityTests = []string{testSource, testHost, testDatastore, testNetwork}

// knownTests are the groups a client may name.
var knownTests = []string{testSource, testHost, testPool, testDatastore, testNetwork}

// checkTestTypes refuses a group of tests that does not exist.
func checkTestTypes(tests []string) types.BaseMethodFault {
	for _, test := range tests {
		if !containsString(knownTests, test) {
			return &types.InvalidArgument{InvalidProperty: "testType"}
		}
	}
	return nil
}

// QueryVMotionCompatibilityExTask judges each virtual machine with each host, by the rules of a relocation and as if the machine were
// on and the hosts connected and outside maintenance mode.
func (f *front) QueryVMotionCompatibilityExTask(ctx *simulator.Context, req *types.QueryVMotionCompatibilityEx_Task) soap.HasFault {
	task, fault := f.engine.queryCompatibility(ctx, req)
	if fault != nil {
		return &methods.QueryVMotionCompatibilityEx_TaskBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.QueryVMotionCompatibilityEx_TaskBody{Res: &types.QueryVMotionCompatibilityEx_TaskResponse{Returnval: task}}
}

func (e *engine) queryCompatibility(ctx *simulator.Context, req *types.QueryVMotionCompatibilityEx_Task) (moRef, types.BaseMethodFault) {
	var vms []*simulator.VirtualMachine
	for _, r := range req.Vm {
		vm, found := e.registry.Get(r).(*simulator.VirtualMachine)
		if !found {
			return moRef{}, &types.ManagedObjectNotFound{Obj: r}
		}
		vms = append(vms, vm)
	}
	for _, r := range req.Host {
		if !isA[*simulator.HostSystem](e.registry, r) {
			return moRef{}, &types.ManagedObjectNotFound{Obj: r}
		}
	}
	if len(vms) == 0 {
		return moRef{}, &types.InvalidArgument{InvalidProperty: "vm"}
	}
	return e.startCheck(ctx, queryCompatibilityTask, vms[0], func(worker *simulator.Context) (any, types.BaseMethodFault) {
		results := types.ArrayOfCheckResult{}
		for _, vm := range vms {
			for _, host := range req.Host {
				if result, fault := e.compatibility(worker, vm, host); fault == nil {
					results.CheckResult = append(results.CheckResult, result)
				}
			}
		}
		return results, nil
	}), nil
}

// compatibility judges one pair. A machine or a host that has gone meanwhile gives no result.
func (e *engine) compatibility(ctx *simulator.Context, vm *simulator.VirtualMachine, host moRef) (types.CheckResult, types.BaseMethodFault) {
	spec := types.VirtualMachineRelocateSpec{Host: &host, Pool: e.rootPoolOf(ctx, host)}
	plan, fault := e.resolve(ctx, vm, &spec)
	if fault != nil {
		return types.CheckResult{}, fault
	}
	plan.vm.power = types.VirtualMachinePowerStatePoweredOn
	for _, end := range []*hostView{&plan.source, &plan.host} {
		end.connection, end.maintenance = types.HostSystemConnectionStateConnected, false
	}
	return e.resultOf(ctx, plan, compatibilityTests), nil
}

// rootPoolOf is the root pool of a host's cluster.
func (e *engine) rootPoolOf(ctx *simulator.Context, host moRef) *moRef {
	system, found := e.registry.Get(host).(*simulator.HostSystem)
	if !found {
		return nil
	}
	owner := viewHost(ctx, system).parent
	cluster := clusterOf(e.registry, owner)
	if cluster == nil {
		return nil
	}
	var pool *moRef
	ctx.WithLock(owner, func() {
		if cluster.ResourcePool != nil {
			r := *cluster.ResourcePool
			pool = &r
		}
	})
	return pool
}
