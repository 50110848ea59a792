package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// commit moves the virtual machine in the inventory, every reference on both sides, with notifications. Nothing is changed unless
// all of it can be. A reader sees the machine on both hosts for a moment, never on none.
func (m *move) commit() types.BaseMethodFault {
	if m.trip != nil {
		return m.commitAcross()
	}
	if fault := m.stillPossible(); fault != nil {
		return fault
	}
	p := m.plan
	m.enter(p.host.ref, p.source.ref)
	m.enter(p.pool, p.vm.pool)
	datastores := m.datastoresAfter()
	for _, ds := range datastores {
		m.addVM(ds)
	}
	networks := m.networksAfter()
	for _, network := range networks {
		m.addVM(network)
	}
	m.changeVM(datastores, networks)
	m.moveSpace()
	m.moveSnapshots()
	m.applyPolicies()
	m.changeFolder()
	m.leave(p.source.ref, p.host.ref)
	m.leave(p.vm.pool, p.pool)
	for _, ds := range p.vm.datastores {
		if !hasRef(datastores, ds) {
			m.removeVM(ds)
		}
	}
	for _, network := range p.vm.networks {
		if !hasRef(networks, network) {
			m.removeVM(network)
		}
	}
	return nil
}

// stillPossible looks again at what may have changed while bytes were flowing.
func (m *move) stillPossible() types.BaseMethodFault {
	registry, p := m.engine.registry, m.plan
	if registry.Get(p.vm.ref) != m.vm {
		return &types.ManagedObjectNotFound{Obj: p.vm.ref}
	}
	for _, r := range []moRef{p.host.ref, p.pool, p.folder, p.home} {
		if r != (moRef{}) && !isFar(r) && registry.Get(r) == nil {
			return &types.ManagedObjectNotFound{Obj: r}
		}
	}
	now := viewVM(m.ctx, m.vm)
	if now.power != p.vm.power {
		return &types.InvalidPowerState{RequestedState: p.vm.power, ExistingState: now.power}
	}
	if now.host != p.vm.host {
		return &types.InvalidState{}
	}
	if host, found := registry.Get(p.host.ref).(*simulator.HostSystem); found && p.host.ref != p.source.ref {
		if viewHost(m.ctx, host).connection != types.HostSystemConnectionStateConnected {
			return &types.HostNotConnected{}
		}
	}
	return nil
}

func (m *move) enter(to, from moRef) {
	if to != from {
		m.addVM(to)
	}
}

func (m *move) leave(from, to moRef) {
	if to != from {
		m.removeVM(from)
	}
}

func (m *move) addVM(owner moRef) {
	m.changeVMs(owner, func(vms []moRef) []moRef {
		if hasRef(vms, m.vm.Self) {
			return vms
		}
		return append(append([]moRef(nil), vms...), m.vm.Self)
	})
}

func (m *move) removeVM(owner moRef) {
	m.changeVMs(owner, func(vms []moRef) []moRef { return withoutRef(vms, m.vm.Self) })
}

// changeVMs replaces the property vm of a host, pool, datastore or network. The list is replaced, not changed: readers hold the old one.
func (m *move) changeVMs(owner moRef, change func([]moRef) []moRef) {
	object := m.engine.registry.Get(owner)
	if object == nil {
		return
	}
	m.ctx.WithLock(object, func() {
		have := vmsOf(m.engine.registry, owner)
		if have == nil {
			return
		}
		m.ctx.Update(object, []types.PropertyChange{{Name: "vm", Val: change(*have)}})
	})
}

// vmsOf is where an object keeps its virtual machines.
func vmsOf(registry *simulator.Registry, owner moRef) *[]moRef {
	switch o := registry.Get(owner).(type) {
	case *simulator.HostSystem:
		return &o.Vm
	case *simulator.Datastore:
		return &o.Vm
	}
	if pool := poolOf(registry, owner); pool != nil {
		return &pool.Vm
	}
	if network := networkMO(registry, owner); network != nil {
		return &network.Vm
	}
	return nil
}

// changeVM changes the virtual machine itself, in one update.
func (m *move) changeVM(datastores, networks []moRef) {
	p := m.plan
	names := m.datastoreNames(datastores)
	m.readStoreURLs(datastores)
	m.moveDirectory()
	m.ctx.WithLock(m.vm, func() {
		changes := []types.PropertyChange{}
		set := func(name string, value any) { changes = append(changes, types.PropertyChange{Name: name, Val: value}) }
		if p.host.ref != p.vm.host {
			set("runtime.host", p.host.ref)
			set("summary.runtime.host", p.host.ref)
		}
		if p.pool != p.vm.pool {
			set("resourcePool", p.pool)
			m.vm.ParentVApp = nil
			if p.pool.Type == "VirtualApp" {
				set("parentVApp", p.pool)
			}
		}
		changes = append(changes, m.storageChanges(datastores, names)...)
		changes = append(changes, m.deviceChanges(names)...)
		if p.changesNics() {
			set("network", networks)
		}
		if len(changes) > 0 {
			m.ctx.Update(m.vm, changes)
		}
	})
}

// changeFolder moves the virtual machine to its new folder.
func (m *move) changeFolder() {
	p := m.plan
	if p.folder == p.vm.folder {
		return
	}
	m.changeChildren(p.folder, func(children []moRef) []moRef {
		return append(append([]moRef(nil), withoutRef(children, m.vm.Self)...), m.vm.Self)
	})
	m.ctx.WithLock(m.vm, func() {
		m.ctx.Update(m.vm, []types.PropertyChange{{Name: "parent", Val: p.folder}})
	})
	m.changeChildren(p.vm.folder, func(children []moRef) []moRef { return withoutRef(children, m.vm.Self) })
}

func (m *move) changeChildren(folder moRef, change func([]moRef) []moRef) {
	f, found := m.engine.registry.Get(folder).(*simulator.Folder)
	if !found {
		return
	}
	m.ctx.WithLock(f, func() {
		m.ctx.Update(f, []types.PropertyChange{{Name: "childEntity", Val: change(f.ChildEntity)}})
	})
}
