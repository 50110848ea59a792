package main

import (
	"sort"
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// mostPlacements is how many hosts a placement names at most.
const mostPlacements = 5

// PlaceVm says where in the cluster a virtual machine may go, the best place first.
func (f *front) PlaceVm(ctx *simulator.Context, req *types.PlaceVm) soap.HasFault {
	result, fault := f.engine.place(ctx, req.This, &req.PlacementSpec)
	if fault != nil {
		return &methods.PlaceVmBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.PlaceVmBody{Res: &types.PlaceVmResponse{Returnval: result}}
}

func (e *engine) place(ctx *simulator.Context, cluster moRef, spec *types.PlacementSpec) (types.PlacementResult, types.BaseMethodFault) {
	switch types.PlacementSpecPlacementType(spec.PlacementType) {
	case types.PlacementSpecPlacementTypeRelocate:
		return e.placeRelocation(ctx, cluster, spec)
	case types.PlacementSpecPlacementTypeCreate, types.PlacementSpecPlacementTypeClone:
		return e.placeNew(ctx, cluster, spec)
	case types.PlacementSpecPlacementTypeReconfigure:
		return e.placeHere(ctx, cluster, spec)
	}
	return types.PlacementResult{}, &types.NotSupported{}
}

// spot is a host a machine may go to, with the spec that takes it there.
type spot struct {
	host *drsHost
	spec types.VirtualMachineRelocateSpec
	load float64
}

// placeRelocation judges a relocation to each host.
func (e *engine) placeRelocation(ctx *simulator.Context, cluster moRef, spec *types.PlacementSpec) (types.PlacementResult, types.BaseMethodFault) {
	if spec.Vm == nil {
		return types.PlacementResult{}, &types.InvalidArgument{InvalidProperty: "PlacementSpec"}
	}
	vm, found := e.registry.Get(*spec.Vm).(*simulator.VirtualMachine)
	if !found {
		return types.PlacementResult{}, &types.InvalidArgument{InvalidProperty: "PlacementSpec.vm"}
	}
	base := types.VirtualMachineRelocateSpec{}
	if spec.RelocateSpec != nil {
		base = *spec.RelocateSpec
	}
	if fault := e.checkRefs(&base); fault != nil {
		return types.PlacementResult{}, fault
	}
	spots, refusals := e.spotsFor(ctx, cluster, vm, base, spec.Hosts)
	return e.placements(cluster, spec, spots, refusals), nil
}

// spotsFor are the compatible hosts of a cluster, the emptiest first, or what stands against each one.
func (e *engine) spotsFor(ctx *simulator.Context, cluster moRef, vm *simulator.VirtualMachine, base types.VirtualMachineRelocateSpec,
	among []moRef) (spots []spot, refusals []types.BaseMethodFault) {
	model := e.readCluster(ctx, cluster)
	machine := model.machines[vm.Self]
	if machine == nil {
		machine = e.stranger(ctx, vm)
	}
	if base.Pool == nil && e.ownerOf(ctx, machine.view.pool) != cluster {
		base.Pool = clusterOf(e.registry, cluster).ResourcePool
	}
	for _, host := range model.hosts {
		if !host.isOpen() || len(among) > 0 && !hasRef(among, host.view.ref) || base.Host != nil && *base.Host != host.view.ref {
			continue
		}
		trial, there := base, host.view.ref
		trial.Host = &there
		plan, fault := e.resolve(ctx, vm, &trial)
		if fault != nil {
			refusals = append(refusals, fault)
			continue
		}
		if plan.isNoop() {
			continue
		}
		if refusal := firstRefusal(e.judge(ctx, plan, nil)); refusal != nil {
			refusals = append(refusals, refusal)
			continue
		}
		if trial.Pool == nil {
			trial.Pool = &moRef{Type: plan.pool.Type, Value: plan.pool.Value}
		}
		spots = append(spots, spot{host, trial, host.loadWith(machine)})
	}
	sort.SliceStable(spots, func(i, j int) bool { return spots[i].load < spots[j].load })
	return spots, refusals
}

// stranger is a machine of another cluster.
func (e *engine) stranger(ctx *simulator.Context, vm *simulator.VirtualMachine) *drsMachine {
	machine := &drsMachine{view: viewVM(ctx, vm)}
	ctx.WithLock(vm, func() {
		machine.mhz = float64(vm.Summary.QuickStats.OverallCpuUsage)
		machine.memory = float64(vm.Summary.QuickStats.HostMemoryUsage)
	})
	return machine
}

// firstRefusal is what DRS minds of a verdict: errors, and rules broken.
func firstRefusal(found verdict) types.BaseMethodFault {
	for _, fault := range found.errors {
		return fault
	}
	for _, fault := range found.warnings {
		switch fault.(type) {
		case *types.RuleViolation, *types.VmHostAffinityRuleViolation:
			return fault
		}
	}
	return nil
}

// placements is the answer; one without a place says why.
func (e *engine) placements(cluster moRef, spec *types.PlacementSpec, spots []spot, refusals []types.BaseMethodFault) types.PlacementResult {
	result := types.PlacementResult{}
	for i, s := range spots[:min(len(spots), mostPlacements)] {
		there, how := s.host.view.ref, s.spec
		target := cluster
		action := &types.PlacementAction{
			ClusterAction: types.ClusterAction{Type: "PlacementV1", Target: spec.Vm}, Vm: spec.Vm, TargetHost: &there, RelocateSpec: &how,
		}
		result.Recommendations = append(result.Recommendations, types.ClusterRecommendation{
			Key: strconv.Itoa(i + 1), Type: "V1", Time: e.clock.now(), Rating: int32(urgent - i),
			Reason: string(types.RecommendationReasonCodeXvmotionPlacement), ReasonText: "Placement",
			Action: []types.BaseClusterAction{action}, Target: &target,
		})
	}
	if len(spots) == 0 {
		result.DrsFault = noPlace(spec.Vm, cluster, refusals)
	}
	return result
}

func noPlace(vm *moRef, cluster moRef, refusals []types.BaseMethodFault) *types.ClusterDrsFaults {
	if len(refusals) == 0 {
		refusals = []types.BaseMethodFault{&types.NoActiveHostInCluster{ComputeResource: cluster}}
	}
	return &types.ClusterDrsFaults{
		Reason:     string(types.RecommendationReasonCodeXvmotionPlacement),
		FaultsByVm: []types.BaseClusterDrsFaultsFaultsByVm{&types.ClusterDrsFaultsFaultsByVm{Vm: vm, Fault: localizedAll(refusals)}},
	}
}

// placeNew finds the emptiest host for a machine that does not exist yet, and the datastore there with the most room.
func (e *engine) placeNew(ctx *simulator.Context, cluster moRef, spec *types.PlacementSpec) (types.PlacementResult, types.BaseMethodFault) {
	model, none := e.readCluster(ctx, cluster), &drsMachine{}
	var spots []spot
	for _, host := range model.candidates(none) {
		if len(spec.Hosts) > 0 && !hasRef(spec.Hosts, host.view.ref) {
			continue
		}
		store := e.roomiest(ctx, host.view.datastores, spec.Datastores)
		if store == nil {
			continue
		}
		there := host.view.ref
		how := types.VirtualMachineRelocateSpec{Host: &there, Datastore: store, Pool: clusterOf(e.registry, cluster).ResourcePool}
		spots = append(spots, spot{host, how, host.loadWith(none)})
	}
	return e.placements(cluster, spec, spots, nil), nil
}

// roomiest is the accessible datastore with the most free space.
func (e *engine) roomiest(ctx *simulator.Context, have, among []moRef) *moRef {
	var best *moRef
	most := int64(-1)
	for _, r := range have {
		store, found := e.registry.Get(r).(*simulator.Datastore)
		if !found || len(among) > 0 && !hasRef(among, r) {
			continue
		}
		ctx.WithLock(store, func() {
			if store.Summary.Accessible && store.Summary.FreeSpace > most {
				most, best = store.Summary.FreeSpace, &moRef{Type: r.Type, Value: r.Value}
			}
		})
	}
	return best
}

// placeHere leaves a machine that is to be reconfigured where it is.
func (e *engine) placeHere(ctx *simulator.Context, cluster moRef, spec *types.PlacementSpec) (types.PlacementResult, types.BaseMethodFault) {
	if spec.ConfigSpec == nil {
		return types.PlacementResult{}, &types.InvalidArgument{InvalidProperty: "PlacementSpec.configSpec"}
	}
	vm, found := e.registry.Get(deref(spec.Vm)).(*simulator.VirtualMachine)
	if !found {
		return types.PlacementResult{}, &types.InvalidArgument{InvalidProperty: "PlacementSpec.vm"}
	}
	view := viewVM(ctx, vm)
	home := e.homeOf(ctx, &view)
	how := types.VirtualMachineRelocateSpec{
		Host: &view.host, Pool: &view.pool, Datastore: &home,
		DiskMoveType: string(types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndAllowSharing),
	}
	here := &drsHost{view: hostView{ref: view.host}}
	return e.placements(cluster, spec, []spot{{here, how, 0}}, nil), nil
}

// RecommendHostsForVm lists the hosts of a cluster a virtual machine may go to; nothing without DRS.
func (f *front) RecommendHostsForVm(ctx *simulator.Context, req *types.RecommendHostsForVm) soap.HasFault {
	e := f.engine
	vm, found := e.registry.Get(req.Vm).(*simulator.VirtualMachine)
	switch {
	case !found:
		return &methods.RecommendHostsForVmBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.Vm})}
	case req.Pool != nil && e.ownerOf(ctx, *req.Pool) != req.This:
		return &methods.RecommendHostsForVmBody{Fault_: simulator.Fault("", &types.InvalidArgument{InvalidProperty: "pool"})}
	}
	res := &types.RecommendHostsForVmResponse{}
	if e.drsOf(ctx, req.This).enabled {
		spots, _ := e.spotsFor(ctx, req.This, vm, types.VirtualMachineRelocateSpec{Pool: req.Pool}, nil)
		for i, s := range spots {
			res.Returnval = append(res.Returnval, types.ClusterHostRecommendation{Host: s.host.view.ref, Rating: int32(max(1, urgent-i))})
		}
	}
	return &methods.RecommendHostsForVmBody{Res: res}
}
