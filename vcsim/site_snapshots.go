package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// addSnapshots gives the VM a chain of snapshots without memory, each the child of the one before; the last one is current.
func (b *builder) addSnapshots(vm *simulator.VirtualMachine, count int) {
	if count == 0 {
		return
	}
	var refs []types.ManagedObjectReference
	for range count {
		refs = append(refs, b.putSnapshot(vm, refs))
	}
	current := refs[count-1]
	vm.Snapshot = &types.VirtualMachineSnapshotInfo{CurrentSnapshot: &current, RootSnapshotList: snapshotTree(vm, refs, 1)}
	vm.RootSnapshot = refs[:1]
}

func (b *builder) putSnapshot(vm *simulator.VirtualMachine, before []types.ManagedObjectReference) types.ManagedObjectReference {
	snapshot := &simulator.VirtualMachineSnapshot{DataSets: map[string]*simulator.DataSet{}}
	snapshot.Vm = vm.Self
	snapshot.Config = deepCopy(*vm.Config)
	ref := b.registry.Put(snapshot).Reference()
	if len(before) > 0 {
		parent := b.registry.Get(before[len(before)-1]).(*simulator.VirtualMachineSnapshot)
		parent.ChildSnapshot = append(parent.ChildSnapshot, ref)
	}
	return ref
}

func snapshotTree(vm *simulator.VirtualMachine, refs []types.ManagedObjectReference, id int32) []types.VirtualMachineSnapshotTree {
	if len(refs) == 0 {
		return nil
	}
	return []types.VirtualMachineSnapshotTree{{
		Snapshot:          refs[0],
		Vm:                vm.Self,
		Name:              fmt.Sprintf("snapshot-%d", id),
		Description:       "made with the site",
		Id:                id,
		CreateTime:        time.Now().Add(-time.Duration(24/id) * time.Hour),
		State:             vm.Runtime.PowerState,
		Quiesced:          false,
		ReplaySupported:   types.NewBool(false),
		ChildSnapshotList: snapshotTree(vm, refs[1:], id+1),
	}}
}
