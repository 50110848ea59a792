package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// settleIn makes a machine of another vCenter one of ours: with a new reference, the same UUIDs, and every path, backing and list as it is
// here. It is in its folder last. Its custom attributes, tags, permissions and alarms stay behind, as they do between vCenters.
func (e *engine) settleIn(ctx *simulator.Context, a *arrival) moRef {
	p := a.plan
	vm := &simulator.VirtualMachine{VirtualMachine: deepCopy(a.parcel.VM), DataSets: map[string]*simulator.DataSet{}}
	vm.Self = moRef{Type: "VirtualMachine"}
	vm.Self = e.registry.NewEntity(vm).Reference()
	host, pool, folder, self := p.host.ref, p.pool, p.folder, vm.Self
	vm.Parent, vm.ResourcePool, vm.ParentVApp = &folder, &pool, nil
	vm.Runtime.Host, vm.Summary.Runtime.Host, vm.Summary.Vm = &host, &host, &self
	if cluster := clusterOf(e.registry, p.host.parent); cluster != nil && cluster.EnvironmentBrowser != nil {
		vm.EnvironmentBrowser = *cluster.EnvironmentBrowser
	}
	if vm.ResourceConfig != nil {
		vm.ResourceConfig.Entity = &self
	}
	m := &move{engine: e, ctx: workerContext(ctx), vm: vm, plan: p}
	datastores, networks := m.datastoresAfter(), m.arrivalNetworks()
	vm.Datastore, vm.Network = datastores, networks
	e.mu.Lock()
	e.settlers[self] = a.parcel.Traits
	e.mu.Unlock()
	e.registry.Put(vm)
	e.rebuildSnapshots(ctx, vm, a.parcel.Snapshots)
	m.settleConfig(datastores)
	for _, owner := range append(append([]moRef{host, pool}, datastores...), networks...) {
		m.addVM(owner)
	}
	m.moveSpace()
	m.moveSnapshots()
	for _, plan := range p.policies {
		e.policies.set(policyHolder{self, plan.holder.disk}, plan.id)
	}
	m.changeChildren(folder, func(children []moRef) []moRef { return append(append([]moRef(nil), children...), self) })
	return self
}

// settleConfig points paths and backings to this side.
func (m *move) settleConfig(datastores []moRef) {
	names := map[moRef]string{}
	for _, r := range datastores {
		names[r] = entityNameOf(m.ctx, r)
	}
	m.readStoreURLs(datastores)
	m.ctx.WithLock(m.vm, func() {
		changes := m.storageChanges(datastores, names)
		m.ctx.Update(m.vm, append(changes, m.deviceChanges(names)...))
	})
}

// arrivalNetworks are the networks of the machine here. A standard network's backing names the network of this side.
func (m *move) arrivalNetworks() []moRef {
	var networks []moRef
	for i := range m.plan.nics {
		nic := &m.plan.nics[i]
		if nic.network == (moRef{}) {
			continue
		}
		if !hasRef(networks, nic.network) {
			networks = append(networks, nic.network)
		}
		if standard, is := nic.backing.(*types.VirtualEthernetCardNetworkBackingInfo); is {
			fresh, network := *standard, nic.network
			fresh.Network, fresh.DeviceName = &network, networkName(m.ctx, network)
			nic.backing = &fresh
		}
		nic.changed = true
	}
	return networks
}

// rebuildSnapshots makes the machine's snapshots anew; their references are this side's.
func (e *engine) rebuildSnapshots(ctx *simulator.Context, vm *simulator.VirtualMachine, snapshots []travellingSnapshot) {
	if vm.Snapshot == nil {
		return
	}
	fresh := map[moRef]moRef{}
	for _, each := range snapshots {
		snapshot := &simulator.VirtualMachineSnapshot{DataSets: map[string]*simulator.DataSet{}}
		snapshot.Vm, snapshot.Config = vm.Self, each.Config
		fresh[each.Ref] = e.registry.Put(snapshot).Reference()
	}
	info := deepCopy(*vm.Snapshot)
	if info.CurrentSnapshot != nil {
		current := fresh[*info.CurrentSnapshot]
		info.CurrentSnapshot = &current
	}
	var roots []moRef
	renumber(info.RootSnapshotList, vm.Self, fresh)
	for _, tree := range info.RootSnapshotList {
		roots = append(roots, tree.Snapshot)
	}
	ctx.WithLock(vm, func() { vm.Snapshot, vm.RootSnapshot = &info, roots })
}

func renumber(trees []types.VirtualMachineSnapshotTree, vm moRef, fresh map[moRef]moRef) {
	for i := range trees {
		trees[i].Snapshot, trees[i].Vm = fresh[trees[i].Snapshot], vm
		renumber(trees[i].ChildSnapshotList, vm, fresh)
	}
}

// evict takes a machine out of the inventory, and out of every list that names it.
func (e *engine) evict(ctx *simulator.Context, r moRef) {
	vm, found := e.registry.Get(r).(*simulator.VirtualMachine)
	if !found {
		return
	}
	view := viewVM(ctx, vm)
	m := &move{engine: e, ctx: workerContext(ctx), vm: vm}
	m.changeChildren(view.folder, func(children []moRef) []moRef { return withoutRef(children, r) })
	for _, owner := range append(append([]moRef{view.host, view.pool}, view.datastores...), view.networks...) {
		m.removeVM(owner)
	}
	var snapshots []moRef
	ctx.WithLock(vm, func() {
		if vm.Snapshot != nil {
			snapshots = snapshotRefs(vm.Snapshot.RootSnapshotList)
		}
	})
	for _, snapshot := range snapshots {
		e.registry.Remove(m.ctx, snapshot)
	}
	e.registry.Remove(m.ctx, r)
	e.policies.forget(r)
	e.mu.Lock()
	delete(e.settlers, r)
	e.mu.Unlock()
}
