package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// How busy things look. All of it is made up to be believable: an idle guest costs a little, writing memory costs CPU time, and the
// hypervisor itself takes some of both.
const (
	idleMHzPerCPU       = 25
	mhzPerDirtyMB       = 4
	hypervisorMHz       = 600
	hypervisorMiB       = 6 * 1024
	overheadMiBPerVM    = 48
	activePercentAtIdle = 5
)

// setHostLoads fills the quick statistics: those of a host follow from the VMs on it unless the scenario gives its memory.
func (b *builder) setHostLoads() {
	for _, spec := range b.plan.VMs {
		setVMLoad(b.vms[spec.id()], b.site)
	}
	for _, spec := range b.allHosts() {
		host := b.hosts[spec.Name]
		host.Summary.QuickStats = b.hostLoad(host)
		if spec.MemoryUsedGiB != nil {
			host.Summary.QuickStats.OverallMemoryUsage = int32(*spec.MemoryUsedGiB * 1024)
		}
	}
}

// usageOf is the CPU time and memory a running VM takes, from its size and its guest's writes. A VM that the site does not know, a
// clone for one, is idle and has touched all its memory.
func usageOf(vm *mo.VirtualMachine, where *site) load {
	traits, known := where.VMs[vm.Self]
	size := vm.Config.Hardware.MemoryMB
	touched := size
	if known && traits.TouchedBytes >= 0 {
		touched = min(size, int32(traits.TouchedBytes>>20))
	}
	cpus := vm.Config.Hardware.NumCPU
	mhz := idleMHzPerCPU*cpus + int32(traits.DirtyBytesPerS/1e6)*mhzPerDirtyMB
	return load{mhz: min(mhz, cpus*defaultHostCPUMHz), memory: touched}
}

// setVMLoad fills a VM's quick statistics.
func setVMLoad(vm *simulator.VirtualMachine, where *site) {
	stats := &vm.Summary.QuickStats
	if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
		return
	}
	usage := usageOf(&vm.VirtualMachine, where)
	stats.OverallCpuUsage, stats.OverallCpuDemand = usage.mhz, usage.mhz
	stats.HostMemoryUsage = usage.memory + overheadMiBPerVM
	stats.GuestMemoryUsage = usage.memory * activePercentAtIdle / 100
	stats.PrivateMemory = usage.memory
	stats.ConsumedOverheadMemory = overheadMiBPerVM
	stats.UptimeSeconds = 86400
}

// hostLoad adds up the VMs on a host.
func (b *builder) hostLoad(host *simulator.HostSystem) types.HostListSummaryQuickStats {
	stats := types.HostListSummaryQuickStats{OverallCpuUsage: hypervisorMHz, OverallMemoryUsage: hypervisorMiB, Uptime: 30 * 86400}
	for _, ref := range host.Vm {
		vm := b.registry.Get(ref).(*simulator.VirtualMachine)
		stats.OverallCpuUsage += vm.Summary.QuickStats.OverallCpuUsage
		stats.OverallMemoryUsage += vm.Summary.QuickStats.HostMemoryUsage
	}
	hardware := host.Summary.Hardware
	stats.OverallCpuUsage = min(stats.OverallCpuUsage, hardware.CpuMhz*int32(hardware.NumCpuCores))
	stats.OverallMemoryUsage = min(stats.OverallMemoryUsage, int32(hardware.MemorySize>>20))
	return stats
}
