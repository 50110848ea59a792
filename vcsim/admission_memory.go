package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// claims is what virtual machines have a right to: reserved memory with their overhead, reserved CPU time, and virtual CPUs.
type claims struct {
	memoryBytes int64
	mhz         int64
	cpus        int64
}

func (c *claims) add(other claims) {
	c.memoryBytes += other.memoryBytes
	c.mhz += other.mhz
	c.cpus += other.cpus
}

// claimOf is what a virtual machine has a right to; nothing while it is off.
func claimOf(ctx *simulator.Context, vm *simulator.VirtualMachine) claims {
	v := vmView{}
	on, mhz := false, int64(0)
	ctx.WithLock(vm, func() {
		on = vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn && vm.Config != nil
		if on {
			v.readResources(vm.Config)
			if a := vm.Config.CpuAllocation; a != nil && a.Reservation != nil {
				mhz = *a.Reservation
			}
		}
	})
	if !on {
		return claims{}
	}
	return claims{v.reservedBytes + overheadOf(v.memoryBytes, v.cpus), mhz, int64(v.cpus)}
}

// claimsOf adds up the virtual machines of a list, one of them aside.
func (e *engine) claimsOf(ctx *simulator.Context, vms []moRef, aside moRef) claims {
	var sum claims
	for _, r := range vms {
		if vm, found := e.registry.Get(r).(*simulator.VirtualMachine); found && r != aside {
			sum.add(claimOf(ctx, vm))
		}
	}
	return sum
}

// wanted is what this virtual machine asks for.
func (q *inquiry) wanted() claims {
	return claims{q.vm.reservedBytes + q.vm.overheadBytes, q.guest.reservedMHz, int64(q.vm.cpus)}
}

// claimed is what the other virtual machines of the destination have a right to.
func (q *inquiry) claimed() claims {
	if q.claims == nil {
		sum := q.engine.claimsOf(q.ctx, q.host.vms, q.vm.ref)
		q.claims = &sum
	}
	return *q.claims
}

// checkMemory is the host's memory admission: what is reserved, and the overhead of each virtual machine that is on, has to fit.
func checkMemory(q *inquiry) {
	if !q.isLive() || q.host.memoryBytes == 0 {
		return
	}
	unreserved, requested := q.host.memoryBytes-q.claimed().memoryBytes, q.wanted().memoryBytes
	if requested > unreserved {
		fault := &types.InsufficientHostMemoryCapacityFault{Unreserved: max(unreserved, 0), Requested: requested}
		fault.Host = &moRef{Type: q.host.ref.Type, Value: q.host.ref.Value}
		q.refuse(fault)
	}
}

// checkMemorySize compares the guest's memory with the largest the host runs.
func checkMemorySize(q *inquiry) {
	size := int32(q.vm.memoryBytes >> 20)
	if most := q.to.capability.MaxSupportedVmMemory; q.changesHost() && most > 0 && size > most {
		q.refuse(&types.MemorySizeNotSupported{MemorySizeMB: size, MinMemorySizeMB: 4, MaxMemorySizeMB: most})
	}
}

// checkCPUCapacity is the host's CPU admission.
func checkCPUCapacity(q *inquiry) {
	if !q.isLive() || q.to.cpuMHz == 0 {
		return
	}
	host := q.host.ref
	unreserved, requested := q.to.cpuMHz*q.to.cores-q.claimed().mhz, q.guest.reservedMHz
	if requested > unreserved {
		fault := &types.InsufficientHostCpuCapacityFault{Unreserved: max(unreserved, 0), Requested: requested}
		fault.Host = &host
		q.refuse(fault)
	}
	if q.vm.cpus > 0 && requested > q.to.cpuMHz*int64(q.vm.cpus) {
		q.refuse(&types.InsufficientPerCpuCapacity{InsufficientHostCapacityFault: types.InsufficientHostCapacityFault{Host: &host}})
	}
	if most := int64(q.to.capability.MaxHostSupportedVcpus); most > 0 && q.claimed().cpus+int64(q.vm.cpus) > most {
		q.refuse(&types.NumVirtualCpusExceedsLimit{MaxSupportedVcpus: int32(most)})
	}
}
