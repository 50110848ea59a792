package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// A host runs so many fault-tolerant virtual machines at most, and so many virtual CPUs of them, where HA's options das.maxFtVmsPerHost
// and das.maxFtVcpusPerHost do not say otherwise (vSphere Availability); 0 is no limit.
const (
	maxFTVMs  = 4
	maxFTCPUs = 8
)

// checkFaultTolerance keeps the two halves of a pair apart and on hosts of one build.
func checkFaultTolerance(q *inquiry) {
	if len(q.guest.ftGroup) == 0 {
		return
	}
	q.checkFTDisks()
	if !q.changesHost() {
		return
	}
	if q.isOn() && q.from.build != q.to.build {
		q.refuse(&types.FaultToleranceNotSameBuild{Build: q.to.build})
	}
	there := q.ftMachines()
	if there.mates > 0 {
		q.refuse(&types.FaultToleranceAntiAffinityViolated{HostName: q.host.name, Host: q.host.ref})
	}
	if q.isOn() {
		q.checkFTLimits(there)
	}
}

// checkFTLimits counts the fault-tolerant machines of the destination with this one.
func (q *inquiry) checkFTLimits(there ftCount) {
	cluster, found := q.engine.registry.Get(q.host.parent).(*simulator.ClusterComputeResource)
	if !found {
		return
	}
	das := dasConfigOf(q.ctx, cluster)
	if most := optionOf(das.Option, "das.maxftvmsperhost", maxFTVMs); most > 0 && there.vms+1 > most {
		q.refuse(&types.VmSmpFaultToleranceTooManyVMsOnHost{HostName: q.host.name, MaxNumSmpFtVms: most})
	}
	if most := optionOf(das.Option, "das.maxftvcpusperhost", maxFTCPUs); most > 0 && there.cpus+q.vm.cpus > most {
		q.refuse(&types.VmFaultToleranceTooManyFtVcpusOnHost{HostName: q.host.name, MaxNumFtVcpus: most})
	}
}

// optionOf is a number among advanced options; the last of one name counts.
func optionOf(options []types.BaseOptionValue, key string, value int32) int32 {
	for _, option := range options {
		if o := option.GetOptionValue(); strings.EqualFold(o.Key, key) {
			if number, err := strconv.ParseInt(fmt.Sprint(o.Value), 10, 32); err == nil {
				value = int32(number)
			}
		}
	}
	return value
}

// ftCount is how many fault-tolerant machines a host runs, their virtual CPUs, and how many are of the same group.
type ftCount struct{ vms, cpus, mates int32 }

func (q *inquiry) ftMachines() ftCount {
	var count ftCount
	for _, r := range q.host.vms {
		vm, found := q.engine.registry.Get(r).(*simulator.VirtualMachine)
		if !found || r == q.vm.ref {
			continue
		}
		q.ctx.WithLock(vm, func() {
			if vm.Config == nil || vm.Config.FtInfo == nil || vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
				return
			}
			count.vms++
			count.cpus += vm.Config.Hardware.NumCPU
			if containsString(q.guest.ftGroup, vm.Config.InstanceUuid) {
				count.mates++
			}
		})
	}
	return count
}

// checkFTDisks: fault tolerance knows neither shared disks nor disks outside snapshots.
func (q *inquiry) checkFTDisks() {
	for _, disk := range q.diskModes() {
		if disk.sharing == string(types.VirtualDiskSharingSharingMultiWriter) {
			q.refuse(&types.MultiWriterNotSupported{DeviceNotSupported: types.DeviceNotSupported{Device: disk.label}})
		}
		if strings.HasPrefix(disk.mode, "independent_") {
			q.refuse(&types.VirtualDiskModeNotSupported{DeviceNotSupported: types.DeviceNotSupported{Device: disk.label}, Mode: disk.mode})
		}
	}
}
