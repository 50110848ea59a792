package main

import (
	"testing"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// TestPoolsSayWhatTheyHaveLeft reads a pool in the three ways there are: a leaf, a part, and the whole.
func TestPoolsSayWhatTheyHaveLeft(t *testing.T) {
	w := newWorld(t, 1)
	root := w.references(*w.host(w.hosts[0]).Parent, "resourcePool")[0]
	var before, after mo.ResourcePool
	collector := property.DefaultCollector(w.client.Client)
	read := func(into *mo.ResourcePool, path string) {
		if err := collector.RetrieveOne(w.ctx, root, []string{path}, into); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"runtime", "runtime.memory", "runtime.memory.unreservedForVm"} {
		read(&before, path)
		left := before.Runtime.Memory.UnreservedForVm
		if left <= 0 {
			t.Fatalf("%s: %d left", path, left)
		}
		vm := w.vms[0]
		had := *vm.Config.MemoryAllocation.Reservation
		w.reserve(vm, had+64)
		read(&after, path)
		if got := left - after.Runtime.Memory.UnreservedForVm; got != 64<<20 {
			t.Errorf("%s: 64 MiB more are reserved, and %d bytes less are left", path, got)
		}
		w.reserve(vm, had)
	}
}

// reserve sets a machine's memory reservation.
func (w *world) reserve(vm *simulator.VirtualMachine, mib int64) {
	w.model.Service.Context.WithLock(vm, func() {
		config := *vm.Config
		config.MemoryAllocation = &types.ResourceAllocationInfo{Reservation: &mib}
		vm.Config = &config
	})
}
