package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// maxFTVMs is how many fault-tolerant virtual machines a host runs at most (das.maxftvmsperhost, default 4: vSphere Availability).
const maxFTVMs = 4

// checkFaultTolerance keeps the two halves of a pair apart and on hosts of one build.
func checkFaultTolerance(q *inquiry) {
	if len(q.guest.ftGroup) == 0 {
		return
	}
	q.checkFTDisks()
	if !q.changesHost() {
		return
	}
	mates, others := q.ftMachines()
	if mates > 0 {
		q.refuse(&types.FaultToleranceAntiAffinityViolated{HostName: q.host.name, Host: q.host.ref})
	}
	if q.isOn() && q.from.build != q.to.build {
		q.refuse(&types.FaultToleranceNotSameBuild{Build: q.to.build})
	}
	if q.isOn() && mates+others >= maxFTVMs {
		q.refuse(&types.VmSmpFaultToleranceTooManyVMsOnHost{HostName: q.host.name, MaxNumSmpFtVms: maxFTVMs})
	}
}

// ftMachines counts the fault-tolerant machines on the destination: those of this pair, and others.
func (q *inquiry) ftMachines() (mates, others int) {
	for _, r := range q.host.vms {
		vm, found := q.engine.registry.Get(r).(*simulator.VirtualMachine)
		if !found || r == q.vm.ref {
			continue
		}
		q.ctx.WithLock(vm, func() {
			switch {
			case vm.Config == nil || vm.Config.FtInfo == nil:
			case containsString(q.guest.ftGroup, vm.Config.InstanceUuid):
				mates++
			default:
				others++
			}
		})
	}
	return mates, others
}

// checkFTDisks: fault tolerance knows neither shared disks nor disks outside snapshots.
func (q *inquiry) checkFTDisks() {
	for _, disk := range q.diskModes() {
		if disk.sharing == string(types.VirtualDiskSharingSharingMultiWriter) {
			q.refuse(&types.MultiWriterNotSupported{DeviceNotSupported: types.DeviceNotSupported{Device: disk.label}})
		}
		if disk.mode == string(types.VirtualDiskModeIndependent_persistent) {
			q.refuse(&types.VirtualDiskModeNotSupported{DeviceNotSupported: types.DeviceNotSupported{Device: disk.label}, Mode: disk.mode})
		}
	}
}
