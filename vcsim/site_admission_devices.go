package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Keys of the devices below, the first of each kind.
const (
	serialKey   = 9000
	parallelKey = 10000
	sharedKey   = 1001
)

// addAdmissionDevice gives a virtual machine a device that only admission cares for; false for a word that is none of these.
func (b *builder) addAdmissionDevice(vm *simulator.VirtualMachine, word string, n int) bool {
	var device types.BaseVirtualDevice
	switch word {
	case "serial-file", "serial-host":
		device = serialPort(word, n)
	case "parallel-host":
		port := &types.VirtualParallelPort{}
		port.Key, port.ControllerKey, port.DeviceInfo, port.Connectable = int32(parallelKey+n), sioKey, description("Parallel port 1", ""), connectable(true)
		port.Backing = &types.VirtualParallelPortDeviceBackingInfo{VirtualDeviceDeviceBackingInfo: deviceName("", "/dev/parport0")}
		device = port
	case "shared-bus":
		controller := &types.ParaVirtualSCSIController{}
		controller.Key, controller.ControllerKey, controller.BusNumber = int32(sharedKey+n), pciKey, 1
		controller.DeviceInfo, controller.SharedBus = description("SCSI controller 1", "VMware paravirtual SCSI"), types.VirtualSCSISharingPhysicalSharing
		device = controller
	case "sriov":
		card := &types.VirtualSriovEthernetCard{}
		card.Key, card.ControllerKey, card.DeviceInfo = int32(passthroughKey+n), pciKey, description("SR-IOV adapter 1", "")
		device = card
	case "vgpu-migratable":
		gpu := extraDevices("vgpu", n)[0].(*types.VirtualPCIPassthrough)
		gpu.Backing.(*types.VirtualPCIPassthroughVmiopBackingInfo).MigrateSupported = types.NewBool(true)
		device = gpu
	case "rdm-virtual", "rdm-physical", "rdm-invisible", "raw-disk":
		device = b.rawDisk(vm, word, n)
	default:
		return setDiskMode(vm, word)
	}
	vm.Config.Hardware.Device = append(vm.Config.Hardware.Device, device)
	return true
}

func serialPort(word string, n int) types.BaseVirtualDevice {
	port := &types.VirtualSerialPort{YieldOnPoll: true}
	port.Key, port.ControllerKey, port.DeviceInfo, port.Connectable = int32(serialKey+n), sioKey, description("Serial port 1", ""), connectable(true)
	port.Backing = &types.VirtualSerialPortFileBackingInfo{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: "[] /tmp/serial.log"}}
	if word == "serial-host" {
		port.Backing = &types.VirtualSerialPortDeviceBackingInfo{VirtualDeviceDeviceBackingInfo: deviceName("", "/dev/char/serial/uart0")}
	}
	return port
}

// setDiskMode changes how the first disk takes writes, or who shares it.
func setDiskMode(vm *simulator.VirtualMachine, word string) bool {
	modes := map[string]types.VirtualDiskMode{
		"nonpersistent": types.VirtualDiskModeIndependent_nonpersistent, "undoable": types.VirtualDiskModeUndoable,
		"independent": types.VirtualDiskModeIndependent_persistent,
	}
	mode, known := modes[word]
	if !known && word != "multi-writer" {
		return false
	}
	for _, device := range vm.Config.Hardware.Device {
		if disk, is := device.(*types.VirtualDisk); is && disk.Key == diskKey {
			backing := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
			if known {
				backing.DiskMode = string(mode)
			} else {
				backing.Sharing = string(types.VirtualDiskSharingSharingMultiWriter)
			}
		}
	}
	return true
}

// rawDiskGiB is the size of a raw device.
const rawDiskGiB = 100

// rawDisk is a device of the storage network given to the virtual machine, by a mapping file or as it is. Every host sees the
// device, but the invisible one only the virtual machine's.
func (b *builder) rawDisk(vm *simulator.VirtualMachine, word string, n int) types.BaseVirtualDevice {
	disk := &types.VirtualDisk{CapacityInKB: rawDiskGiB << 20, CapacityInBytes: rawDiskGiB * gib}
	key, place := nextDiskKey(vm)
	disk.Key, disk.ControllerKey, disk.UnitNumber = key, scsiKey, types.NewInt32(unitOf(place))
	disk.DeviceInfo = description(fmt.Sprintf("Hard disk %d", place+1), "raw device")
	lun := fmt.Sprintf("02000000006006016055711d00%s%02d", vm.Config.InstanceUuid[:8], n)
	name := "vml." + lun
	if word == "raw-disk" {
		disk.Backing = &types.VirtualDiskRawDiskVer2BackingInfo{VirtualDeviceDeviceBackingInfo: deviceName(name, "")}
		return disk
	}
	mode := types.VirtualDiskCompatibilityModeVirtualMode
	if word == "rdm-physical" {
		mode = types.VirtualDiskCompatibilityModePhysicalMode
	}
	home := vm.Datastore[0]
	disk.Backing = &types.VirtualDiskRawDiskMappingVer1BackingInfo{
		VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: fmt.Sprintf("%s_%d.vmdk", vm.Config.Files.VmPathName[:len(vm.Config.Files.VmPathName)-4], place), Datastore: &home},
		LunUuid:                      lun, DeviceName: name, CompatibilityMode: string(mode), DiskMode: string(types.VirtualDiskModePersistent),
	}
	for _, host := range b.hostOrder {
		if word != "rdm-invisible" || host.Self == *vm.Runtime.Host {
			addLUN(host, lun, name)
		}
	}
	return disk
}

func addLUN(host *simulator.HostSystem, lun, name string) {
	storage := deepCopy(*host.Config.StorageDevice)
	storage.ScsiLun = append(storage.ScsiLun, &types.HostScsiDisk{
		ScsiLun: types.ScsiLun{
			HostDevice: types.HostDevice{DeviceName: "/vmfs/devices/disks/" + name, DeviceType: "disk"}, Uuid: lun, CanonicalName: name, DisplayName: name,
			LunType: "disk", Key: "key-vim.host.ScsiDisk-" + lun, OperationalState: []string{"ok"}, Vendor: "DGC", Model: "RAID 5",
		},
		Capacity:   types.HostDiskDimensionsLba{BlockSize: 512, Block: rawDiskGiB * gib / 512},
		DevicePath: "/vmfs/devices/disks/" + name,
	})
	host.Config.StorageDevice = &storage
}
