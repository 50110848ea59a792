package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func checkTemplate(q *inquiry) {
	if q.vm.template && q.changesHost() {
		q.refuse(&types.NotSupported{})
	}
}

// checkDisabledMethod sees the lock that backup products put on a virtual machine.
func checkDisabledMethod(q *inquiry) {
	for _, method := range q.vm.disabled {
		if method == "RelocateVM_Task" || method == "MigrateVM_Task" {
			q.refuse(&types.MethodDisabled{})
			return
		}
	}
}

func checkVMConnection(q *inquiry) {
	if q.vm.connection != types.VirtualMachineConnectionStateConnected {
		q.refuse(&types.InvalidState{})
	}
}

func checkQuestion(q *inquiry) {
	if q.vm.question != "" {
		q.refuse(&types.QuestionPending{Text: q.vm.question})
	}
}

// checkSourceHost lets a host in maintenance mode be left, but not be in another state than connected.
func checkSourceHost(q *inquiry) {
	if q.changesHost() && q.source.connection != types.HostSystemConnectionStateConnected {
		q.refuse(&types.HostNotConnected{})
	}
}

func checkDestinationHost(q *inquiry) {
	if !q.changesHost() {
		return
	}
	if q.host.connection != types.HostSystemConnectionStateConnected {
		q.refuse(&types.HostNotConnected{})
	}
	if q.host.maintenance {
		host := q.host.ref
		q.refuse(&types.InvalidHostState{Host: &host})
	}
}

func checkSourceVMotion(q *inquiry)      { q.checkVMotion(&q.source, true) }
func checkDestinationVMotion(q *inquiry) { q.checkVMotion(&q.host, false) }

func (q *inquiry) checkVMotion(host *hostView, atSource bool) {
	if q.isLive() && !host.hasVMotion {
		failed := host.ref
		issue := types.VMotionInterfaceIssue{AtSourceHost: atSource, FailedHost: host.name, FailedHostEntity: &failed}
		q.refuse(&types.VMotionNotConfigured{VMotionInterfaceIssue: issue})
	}
}

func checkAffinity(q *inquiry) {
	if q.isLive() && len(q.vm.affinity) > 0 {
		q.refuse(&types.AffinityConfigured{ConfiguredAffinity: []string{"cpu"}})
	}
}

func checkCPUs(q *inquiry) {
	if q.changesHost() && q.host.threads > 0 && q.vm.cpus > q.host.threads {
		q.refuse(&types.NotEnoughCpus{NumCpuDest: q.host.threads, NumCpuVm: q.vm.cpus})
	}
}

// checkMemory is admission control: what is reserved, and the overhead of each virtual machine that is on, has to fit the host.
func checkMemory(q *inquiry) {
	if !q.isLive() || q.host.memoryBytes == 0 {
		return
	}
	unreserved := q.host.memoryBytes
	for _, r := range q.host.vms {
		if vm, found := q.engine.registry.Get(r).(*simulator.VirtualMachine); found && r != q.vm.ref {
			unreserved -= claimOf(q.ctx, vm)
		}
	}
	requested := q.vm.reservedBytes + q.vm.overheadBytes
	if requested > unreserved {
		fault := &types.InsufficientHostMemoryCapacityFault{Unreserved: max(unreserved, 0), Requested: requested}
		host := q.host.ref
		fault.Host = &host
		q.refuse(fault)
	}
}

// claimOf is the memory a virtual machine has a right to on its host; nothing while it is off.
func claimOf(ctx *simulator.Context, vm *simulator.VirtualMachine) int64 {
	v := vmView{}
	ctx.WithLock(vm, func() {
		v.power = vm.Runtime.PowerState
		if vm.Config != nil && v.power == types.VirtualMachinePowerStatePoweredOn {
			v.readResources(vm.Config)
		}
	})
	if v.power != types.VirtualMachinePowerStatePoweredOn {
		return 0
	}
	return v.reservedBytes + overheadOf(v.memoryBytes, v.cpus)
}

// checkSnapshots warns: a revert might bring back what the destination does not have.
func checkSnapshots(q *inquiry) {
	if q.vm.hasSnapshot && q.changesHost() {
		q.warn(&types.SnapshotRevertIssue{})
	}
}

// checkTargetDatastores looks at the datastores files are to be moved to.
func checkTargetDatastores(q *inquiry) {
	targets := map[moRef]bool{}
	if q.home != q.vm.home {
		targets[q.home] = true
	}
	for _, disk := range q.disks {
		if disk.to != disk.from {
			targets[disk.to] = true
		}
	}
	var refs []moRef
	for r := range targets {
		refs = append(refs, r)
	}
	sortRefs(refs)
	for _, r := range refs {
		if fault := q.datastoreFault(r); fault != nil {
			q.refuse(fault)
		}
	}
}

// datastoreFault says why the destination host cannot write to a datastore; nil if it can.
func (q *inquiry) datastoreFault(r moRef) types.BaseMethodFault {
	ds, found := q.engine.registry.Get(r).(*simulator.Datastore)
	if !found {
		return &types.ManagedObjectNotFound{Obj: r}
	}
	v := viewDatastore(q.ctx, ds)
	base := types.InvalidDatastore{Datastore: &r, Name: v.name}
	mount, mounted := v.mounts[q.host.ref]
	switch {
	case !hasRef(q.host.datastores, r), !v.accessible, mounted && mount.Accessible != nil && !*mount.Accessible:
		return &types.InaccessibleDatastore{InvalidDatastore: base}
	case mounted && mount.AccessMode == string(types.HostMountModeReadOnly):
		return &types.DatastoreNotWritableOnHost{InvalidDatastore: base, Host: q.host.ref}
	case v.upkeep:
		return &types.InvalidDatastoreState{DatastoreName: v.name}
	}
	return nil
}

// checkDisks looks at what stays where it is: the destination has to reach it.
func checkDisks(q *inquiry) {
	if !q.changesHost() {
		return
	}
	for _, disk := range q.disks {
		if disk.to != disk.from {
			continue
		}
		if fault := q.datastoreFault(disk.from); fault != nil {
			blamed := types.CannotAccessVmDevice{Device: disk.label, Backing: disk.file, Connected: true}
			q.refuse(&types.CannotAccessVmDisk{CannotAccessVmDevice: blamed, Fault: *localized(fault)})
		}
	}
	if q.home == q.vm.home && q.home != (moRef{}) {
		if fault := q.datastoreFault(q.home); fault != nil {
			q.refuse(&types.CannotAccessVmConfig{Reason: *localized(fault)})
		}
	}
}

// checkNetworks: a network the destination lacks is an error if it is a distributed switch's or the adapter is connected.
func checkNetworks(q *inquiry) {
	for _, nic := range q.nics {
		if !q.changesHost() && !nic.changed {
			continue
		}
		if hasRef(q.host.networks, nic.network) {
			continue
		}
		network := nic.network
		fault := &types.CannotAccessNetwork{
			CannotAccessVmDevice: types.CannotAccessVmDevice{Device: nic.label, Backing: nic.name, Connected: nic.connected},
		}
		if network != (moRef{}) {
			fault.Network = &network
		}
		q.blame(nic.connected || nic.switched, fault)
	}
}
