package main

import (
	"sort"
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Storage DRS, as far as a relocation asks for it: which datastore of a datastore cluster it would take, the one that is least full
// afterwards first. It never moves anything by itself.

// storageAdvice is a recommendation that may be applied.
type storageAdvice struct {
	vm   moRef
	spec types.VirtualMachineRelocateSpec
}

// mostStorageAdvice bounds how many recommendations one call gives.
const mostStorageAdvice = 5

// RecommendDatastores answers for relocations; whatever else is asked for is left to govmomi's own answer.
func (f *front) RecommendDatastores(ctx *simulator.Context, req *types.RecommendDatastores) soap.HasFault {
	if types.StoragePlacementSpecPlacementType(req.StorageSpec.Type) != types.StoragePlacementSpecPlacementTypeRelocate {
		manager, is := f.engine.registry.Get(req.This).(*simulator.StorageResourceManager)
		if !is {
			return &methods.RecommendDatastoresBody{Fault_: simulator.Fault("", &types.NotSupported{})}
		}
		return manager.RecommendDatastores(ctx, req)
	}
	result, fault := f.engine.recommendStores(ctx, &req.StorageSpec)
	if fault != nil {
		return &methods.RecommendDatastoresBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.RecommendDatastoresBody{Res: &types.RecommendDatastoresResponse{Returnval: *result}}
}

func (e *engine) recommendStores(ctx *simulator.Context, spec *types.StoragePlacementSpec) (*types.StoragePlacementResult, types.BaseMethodFault) {
	invalid := func(property string) (*types.StoragePlacementResult, types.BaseMethodFault) {
		return nil, &types.InvalidArgument{InvalidProperty: "storageSpec." + property}
	}
	vm, found := e.registry.Get(deref(spec.Vm)).(*simulator.VirtualMachine)
	if !found {
		return invalid("vm")
	}
	pod, found := e.registry.Get(deref(spec.PodSelectionSpec.StoragePod)).(*simulator.StoragePod)
	if !found || !e.hasSDRS(ctx, pod) {
		return invalid("podSelectionSpec.storagePod")
	}
	base := types.VirtualMachineRelocateSpec{}
	if spec.RelocateSpec != nil {
		base = *spec.RelocateSpec
	}
	if base.Datastore != nil || base.Service != nil {
		return invalid("relocateSpec")
	}
	for _, named := range []struct {
		to   **moRef
		from *moRef
	}{{&base.Host, spec.Host}, {&base.Pool, spec.ResourcePool}, {&base.Folder, spec.Folder}} {
		if *named.to == nil {
			*named.to = named.from
		}
	}
	if fault := e.checkRefs(&base); fault != nil {
		return nil, fault
	}
	return e.rankStores(ctx, vm, pod, base), nil
}

func (e *engine) hasSDRS(ctx *simulator.Context, pod *simulator.StoragePod) bool {
	enabled := false
	ctx.WithLock(pod, func() { enabled = pod.PodStorageDrsEntry.StorageDrsConfig.PodConfig.Enabled })
	return enabled
}

// rankStores judges the relocation to each datastore of the cluster.
func (e *engine) rankStores(ctx *simulator.Context, vm *simulator.VirtualMachine, pod *simulator.StoragePod, base types.VirtualMachineRelocateSpec) *types.StoragePlacementResult {
	var stores []moRef
	ctx.WithLock(pod, func() { stores = append(stores, pod.ChildEntity...) })
	sortRefs(stores)
	result := &types.StoragePlacementResult{}
	var actions []*types.StoragePlacementAction
	var refusals []types.BaseMethodFault
	for _, store := range stores {
		trial, to := base, store
		trial.Datastore = &to
		plan, fault := e.resolve(ctx, vm, &trial)
		if fault == nil {
			fault = firstRefusal(e.judge(ctx, plan, []string{testDatastore}))
		}
		if fault != nil {
			refusals = append(refusals, fault)
			continue
		}
		actions = append(actions, e.storageAction(ctx, plan, trial, store))
	}
	sort.SliceStable(actions, func(i, j int) bool { return actions[i].SpaceUtilAfter < actions[j].SpaceUtilAfter })
	for i, action := range actions[:min(len(actions), mostStorageAdvice)] {
		result.Recommendations = append(result.Recommendations, e.advise(pod.Self, action, int32(max(1, 5-i))))
	}
	if len(actions) == 0 {
		self := vm.Self
		result.DrsFault = &types.ClusterDrsFaults{
			Reason:     string(types.RecommendationReasonCodeStoragePlacement),
			FaultsByVm: []types.BaseClusterDrsFaultsFaultsByVm{&types.ClusterDrsFaultsFaultsByVm{Vm: &self, Fault: localizedAll(refusals)}},
		}
	}
	return result
}

// storageAction says how full the datastore is before and after, in percent.
func (e *engine) storageAction(ctx *simulator.Context, plan *placement, spec types.VirtualMachineRelocateSpec, store moRef) *types.StoragePlacementAction {
	self := plan.vm.ref
	action := &types.StoragePlacementAction{
		ClusterAction: types.ClusterAction{Type: "StoragePlacementV1", Target: &store}, Vm: &self, RelocateSpec: spec, Destination: store,
	}
	coming := int64(0)
	for _, disk := range plan.disks {
		if disk.to == store && disk.from != store {
			coming += disk.comes()
		}
	}
	if plan.home == store && plan.vm.home != store {
		coming += plan.swapBytes()
	}
	ds := e.registry.Get(store).(*simulator.Datastore)
	ctx.WithLock(ds, func() {
		if capacity := float32(ds.Summary.Capacity); capacity > 0 {
			used := capacity - float32(ds.Summary.FreeSpace)
			action.SpaceUtilBefore, action.SpaceUtilAfter = used/capacity*100, (used+float32(coming))/capacity*100
			action.SpaceDemandBefore, action.SpaceDemandAfter = action.SpaceUtilBefore, action.SpaceUtilAfter
		}
	})
	return action
}

// advise gives a recommendation its key, by which it can be applied.
func (e *engine) advise(pod moRef, action *types.StoragePlacementAction, rating int32) types.ClusterRecommendation {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advised++
	key := strconv.Itoa(e.advised)
	e.storageAdvice[key] = storageAdvice{*action.Vm, action.RelocateSpec}
	return types.ClusterRecommendation{
		Key: key, Type: "V1", Time: e.clock.now(), Rating: rating, Target: &pod, Action: []types.BaseClusterAction{action},
		Reason: string(types.RecommendationReasonCodeStoragePlacement), ReasonText: "Satisfy storage initial placement requests",
	}
}

var applyStorageTask = taskKind{"ApplyStorageDrsRecommendation_Task", "StorageResourceManager.applyRecommendation"}

// ApplyStorageDrsRecommendationTask starts the relocation of one recommendation; its task is the relocation's own (UNVERIFIED). A
// recommendation can be applied once.
func (f *front) ApplyStorageDrsRecommendationTask(ctx *simulator.Context, req *types.ApplyStorageDrsRecommendation_Task) soap.HasFault {
	refuse := func(fault types.BaseMethodFault) soap.HasFault {
		return &methods.ApplyStorageDrsRecommendation_TaskBody{Fault_: simulator.Fault("", fault)}
	}
	if len(req.Key) != 1 {
		return refuse(&types.InvalidArgument{InvalidProperty: "key"})
	}
	f.engine.mu.Lock()
	advice, known := f.engine.storageAdvice[req.Key[0]]
	delete(f.engine.storageAdvice, req.Key[0])
	f.engine.mu.Unlock()
	if !known {
		return refuse(&types.InvalidArgument{InvalidProperty: "key"})
	}
	task, fault := f.engine.submit(ctx, advice.vm, applyStorageTask, advice.spec, "")
	if fault != nil {
		return refuse(fault)
	}
	return &methods.ApplyStorageDrsRecommendation_TaskBody{Res: &types.ApplyStorageDrsRecommendation_TaskResponse{Returnval: task}}
}

// reviewPod keeps the summary of a datastore's cluster right after the datastore's free space has changed by that much.
func (m *move) reviewPod(store moRef, gain int64) {
	ds, found := m.engine.registry.Get(store).(*simulator.Datastore)
	if !found {
		return
	}
	var parent moRef
	m.ctx.WithLock(ds, func() { parent = deref(ds.Parent) })
	if pod, is := m.engine.registry.Get(parent).(*simulator.StoragePod); is {
		withLock(m.ctx, pod, func() {
			if pod.Summary == nil {
				return
			}
			summary := *pod.Summary
			summary.FreeSpace = max(0, summary.FreeSpace+gain)
			m.ctx.Update(pod, []types.PropertyChange{{Name: "summary", Val: &summary}})
		})
	}
}
