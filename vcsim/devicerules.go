package main

import "github.com/vmware/govmomi/vim25/types"

// checkDevices looks at devices that tie a virtual machine to its host or to somebody's desk.
func checkDevices(q *inquiry) {
	if !q.changesHost() {
		return
	}
	for _, device := range q.vm.devices {
		switch d := device.(type) {
		case *types.VirtualCdrom, *types.VirtualFloppy, *types.VirtualUSB, *types.VirtualSerialPort, *types.VirtualParallelPort:
			q.checkBacking(device)
		case *types.VirtualPCIPassthrough:
			q.checkPassthrough(d)
		case *types.VirtualSriovEthernetCard, *types.VirtualSCSIPassthrough:
			q.refuseDevice(device, &types.DeviceNotSupported{Device: deviceLabel(device)})
		default:
			q.checkBusSharing(device)
		}
	}
}

// refuseDevice wraps a fault the way vCenter names a device that prevents a migration. A machine that is off has no device in use.
func (q *inquiry) refuseDevice(_ types.BaseVirtualDevice, fault types.BaseMethodFault) {
	q.blame(q.isLive(), &types.DisallowedMigrationDeviceAttached{Fault: *localized(fault)})
}

// checkBacking refuses connected devices that the host or a client backs, or whose file the destination does not see.
func (q *inquiry) checkBacking(device types.BaseVirtualDevice) {
	d := device.GetVirtualDevice()
	if d.Connectable != nil && !d.Connectable.Connected {
		return
	}
	switch b := d.Backing.(type) {
	case types.BaseVirtualDeviceRemoteDeviceBackingInfo:
		q.refuseDevice(device, &types.RemoteDeviceNotSupported{DeviceNotSupported: notSupported(device)})
	case types.BaseVirtualDeviceFileBackingInfo:
		q.checkFile(device, b.GetVirtualDeviceFileBackingInfo())
	case types.BaseVirtualDeviceDeviceBackingInfo:
		q.blame(q.isLive(), cannotAccess(device, b.GetVirtualDeviceDeviceBackingInfo().DeviceName))
	case *types.VirtualUSBRemoteHostBackingInfo:
		q.blame(q.isLive(), cannotAccess(device, b.DeviceName))
	}
}

// checkFile: ports must not write to files, and an image has to lie where the destination can read it.
func (q *inquiry) checkFile(device types.BaseVirtualDevice, file *types.VirtualDeviceFileBackingInfo) {
	switch device.(type) {
	case *types.VirtualSerialPort, *types.VirtualParallelPort:
		q.refuseDevice(device, &types.FileBackedPortNotSupported{DeviceNotSupported: notSupported(device)})
		return
	}
	if file.Datastore == nil {
		return
	}
	// An image is only read: a read-only mount is enough.
	if _, away := q.datastoreFault(*file.Datastore).(*types.InaccessibleDatastore); away {
		q.blame(q.isLive(), cannotAccess(device, file.FileName))
	}
}

// checkPassthrough lets a vGPU through that says it can migrate, and nothing else.
func (q *inquiry) checkPassthrough(device *types.VirtualPCIPassthrough) {
	if b, isVGPU := device.Backing.(*types.VirtualPCIPassthroughVmiopBackingInfo); isVGPU && b.MigrateSupported != nil && *b.MigrateSupported {
		return
	}
	fault := notSupported(device)
	q.refuseDevice(device, &fault)
}

func (q *inquiry) checkBusSharing(device types.BaseVirtualDevice) {
	controller, isSCSI := device.(types.BaseVirtualSCSIController)
	if !isSCSI {
		return
	}
	if sharing := controller.GetVirtualSCSIController().SharedBus; sharing != "" && sharing != types.VirtualSCSISharingNoSharing {
		q.refuseDevice(device, &types.SharedBusControllerNotSupported{DeviceNotSupported: notSupported(device)})
	}
}

func notSupported(device types.BaseVirtualDevice) types.DeviceNotSupported {
	return types.DeviceNotSupported{Device: deviceLabel(device)}
}

func cannotAccess(device types.BaseVirtualDevice, backing string) *types.CannotAccessVmDevice {
	return &types.CannotAccessVmDevice{Device: deviceLabel(device), Backing: backing, Connected: true}
}
