package main

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// load is what a virtual machine takes from its host.
type load struct {
	host   types.ManagedObjectReference // zero: from none
	mhz    int32
	memory int32 // MiB
}

// keeper watches the inventory and keeps true what govmomi leaves alone: no virtual machine has an empty enumeration, and the usage of
// a host follows the virtual machines on it. The second needs locks of other objects than the one that changes, so that it is
// done by a goroutine of its own, soon after the change.
type keeper struct {
	mo.Folder // never shown to a client: it only gives the keeper a reference

	service *simulator.Service
	site    *site
	mu      sync.Mutex
	changed map[types.ManagedObjectReference]bool
	counted map[types.ManagedObjectReference]load // used by the goroutine alone
	wake    chan struct{}
	done    chan struct{}
	ended   chan struct{}
}

// startKeeper begins to watch; the usage of the hosts as built counts as right.
func startKeeper(service *simulator.Service, registry *simulator.Registry, where *site) *keeper {
	k := &keeper{
		service: service, site: where, changed: map[types.ManagedObjectReference]bool{}, counted: map[types.ManagedObjectReference]load{},
		wake: make(chan struct{}, 1), done: make(chan struct{}), ended: make(chan struct{}),
	}
	k.Self = types.ManagedObjectReference{Type: "Keeper", Value: "keeper"}
	for _, object := range registry.All("VirtualMachine") {
		vm := object.(*simulator.VirtualMachine)
		k.counted[vm.Self] = k.loadOf(&vm.VirtualMachine)
	}
	registry.AddHandler(k)
	go k.work()
	return k
}

// stop ends the goroutine.
func (k *keeper) stop() {
	close(k.done)
	select {
	case <-k.ended:
	case <-time.After(closingTime): // it waits for an object that a call has locked
	}
}

// PutObject fills the enumerations of a new virtual machine.
func (k *keeper) PutObject(_ *simulator.Context, object mo.Reference) {
	if vm, ok := object.(*simulator.VirtualMachine); ok {
		fillEnums(&vm.Runtime)
		fillEnums(&vm.Summary.Runtime)
		k.note(vm.Self)
	}
}

// UpdateObject notes a virtual machine whose host or power state changed.
func (k *keeper) UpdateObject(_ *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	if object.Reference().Type != "VirtualMachine" {
		return
	}
	for _, change := range changes {
		if change.Name == "runtime.host" || change.Name == "runtime.powerState" {
			k.note(object.Reference())
		}
	}
}

// RemoveObject notes a virtual machine that goes away.
func (k *keeper) RemoveObject(_ *simulator.Context, ref types.ManagedObjectReference) {
	if ref.Type == "VirtualMachine" {
		k.note(ref)
	}
}

func (k *keeper) note(ref types.ManagedObjectReference) {
	k.mu.Lock()
	k.changed[ref] = true
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *keeper) work() {
	defer close(k.ended)
	for {
		select {
		case <-k.done:
			return
		case <-k.wake:
		}
		k.mu.Lock()
		changed := k.changed
		k.changed = map[types.ManagedObjectReference]bool{}
		k.mu.Unlock()
		for ref := range changed {
			k.recount(ref)
		}
	}
}

// recount takes what the virtual machine took from its old host and adds what it takes now to its present one.
func (k *keeper) recount(ref types.ManagedObjectReference) {
	ctx := *k.service.Context
	var now load
	if vm, ok := ctx.Map.Get(ref).(*simulator.VirtualMachine); ok {
		ctx.WithLock(vm, func() {
			now = k.loadOf(&vm.VirtualMachine)
			showLoad(&ctx, vm, now)
		})
	}
	before := k.counted[ref]
	if before == now {
		return
	}
	k.counted[ref] = now
	k.add(&ctx, before.host, -before.mhz, -before.memory)
	k.add(&ctx, now.host, now.mhz, now.memory)
}

// add changes the usage of a host and tells its watchers.
func (k *keeper) add(ctx *simulator.Context, ref types.ManagedObjectReference, mhz, memory int32) {
	host, ok := ctx.Map.Get(ref).(*simulator.HostSystem)
	if !ok {
		return
	}
	ctx.WithLock(host, func() {
		stats := host.Summary.QuickStats
		ctx.Update(host, []types.PropertyChange{
			{Name: "summary.quickStats.overallCpuUsage", Val: max(0, stats.OverallCpuUsage+mhz)},
			{Name: "summary.quickStats.overallMemoryUsage", Val: max(0, stats.OverallMemoryUsage+memory)},
		})
	})
}

// showLoad writes a virtual machine's own statistics where they differ.
func showLoad(ctx *simulator.Context, vm *simulator.VirtualMachine, now load) {
	stats := vm.Summary.QuickStats
	if stats.OverallCpuUsage == now.mhz && stats.HostMemoryUsage == now.memory {
		return
	}
	ctx.Update(vm, []types.PropertyChange{
		{Name: "summary.quickStats.overallCpuUsage", Val: now.mhz},
		{Name: "summary.quickStats.hostMemoryUsage", Val: now.memory},
	})
}

// loadOf is what a virtual machine takes, nothing unless it is on.
func (k *keeper) loadOf(vm *mo.VirtualMachine) load {
	if vm.Runtime.Host == nil || vm.Config == nil || vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
		return load{}
	}
	usage := usageOf(vm, k.site)
	return load{host: *vm.Runtime.Host, mhz: usage.mhz, memory: usage.memory + overheadMiBPerVM}
}
