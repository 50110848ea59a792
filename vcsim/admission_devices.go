package main

import "github.com/vmware/govmomi/vim25/types"

// diskMode is how a disk takes writes, and who else has it open.
type diskMode struct {
	key     int32
	label   string
	mode    string
	sharing string
}

func (q *inquiry) diskModes() []diskMode {
	var modes []diskMode
	for _, device := range q.vm.devices {
		disk, isDisk := device.(*types.VirtualDisk)
		if !isDisk {
			continue
		}
		mode := diskMode{key: disk.Key, label: deviceLabel(disk)}
		switch b := disk.Backing.(type) {
		case *types.VirtualDiskFlatVer2BackingInfo:
			mode.mode, mode.sharing = b.DiskMode, b.Sharing
		case *types.VirtualDiskRawDiskMappingVer1BackingInfo:
			mode.mode, mode.sharing = b.DiskMode, b.Sharing
		}
		modes = append(modes, mode)
	}
	return modes
}

// checkDiskModes: a disk that forgets its writes cannot be moved while somebody writes.
func checkDiskModes(q *inquiry) {
	for _, disk := range q.diskModes() {
		device := types.DeviceNotSupported{Device: disk.label}
		switch types.VirtualDiskMode(disk.mode) {
		case types.VirtualDiskModeUndoable:
			if q.changesHost() {
				q.refuse(&types.UncommittedUndoableDisk{})
			}
		case types.VirtualDiskModeNonpersistent, types.VirtualDiskModeIndependent_nonpersistent:
			if _, moves := q.planOf(disk.key); moves && q.isOn() {
				q.refuse(&types.NonPersistentDisksNotSupported{DeviceNotSupported: device})
			}
		}
		if _, moves := q.planOf(disk.key); moves && q.isOn() && disk.sharing == string(types.VirtualDiskSharingSharingMultiWriter) && len(q.guest.ftGroup) == 0 {
			q.refuse(&types.MultiWriterNotSupported{DeviceNotSupported: device})
		}
	}
}

// checkRawDisks refuses whole disks and partitions of the host.
func checkRawDisks(q *inquiry) {
	for _, device := range q.vm.devices {
		disk, isDisk := device.(*types.VirtualDisk)
		if !isDisk || !q.changesHost() {
			continue
		}
		switch disk.Backing.(type) {
		case *types.VirtualDiskRawDiskVer2BackingInfo, *types.VirtualDiskPartitionedRawDiskVer2BackingInfo:
			q.refuseDevice(disk, &types.RawDiskNotSupported{DeviceNotSupported: notSupported(disk)})
		}
	}
}

// checkGraphics: the destination needs the vGPU's profile, and a video card no larger than it has room for.
func checkGraphics(q *inquiry) {
	if !q.changesHost() || q.vm.power == types.VirtualMachinePowerStatePoweredOff {
		return
	}
	for _, device := range q.vm.devices {
		switch d := device.(type) {
		case *types.VirtualPCIPassthrough:
			vgpu, is := d.Backing.(*types.VirtualPCIPassthroughVmiopBackingInfo)
			if is && isTrue(vgpu.MigrateSupported) && !containsString(q.to.vgpus, vgpu.Vgpu) {
				q.refuse(&types.InsufficientGraphicsResourcesFault{})
			}
		case *types.VirtualMachineVideoCard:
			if d.VideoRamSizeInKB > q.to.traits.videoLimitKB() {
				q.refuse(&types.IncompatibleDefaultDevice{Device: deviceLabel(d)})
			}
		}
	}
}
