package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Keys of devices, as vCenter numbers them: the first of each kind.
const (
	scsiKey        = 1000
	diskKey        = 2000
	cdromKey       = 3000
	ideKey         = 200
	networkKey     = 4000
	floppyKey      = 8000
	passthroughKey = 13000
	usbKey         = 14000
	usbControlKey  = 7000
	pciKey         = 100
	sioKey         = 400
)

func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// setDevices replaces the template's disk, CD-ROM and network card by the scenario's and adds what else it names.
func (b *builder) setDevices(vm *simulator.VirtualMachine, spec vmSpec, index int) {
	var devices []types.BaseVirtualDevice
	var first *types.VirtualDisk
	for _, device := range vm.Config.Hardware.Device {
		switch d := device.(type) {
		case *types.VirtualIDEController:
			d.Device = nil
			if d.Key == ideKey {
				d.Device = []int32{cdromKey}
			}
		case *types.ParaVirtualSCSIController:
			d.Key, d.Device = scsiKey, []int32{diskKey}
			for n := 1; n < len(spec.disks()); n++ {
				d.Device = append(d.Device, int32(diskKey+n))
			}
		case *types.VirtualDisk:
			d.Key, d.ControllerKey, d.UnitNumber = diskKey, scsiKey, types.NewInt32(0)
			b.shapeDisk(d, vm, spec)
			first = d
		case *types.VirtualCdrom:
			d.Key, d.ControllerKey, d.UnitNumber = cdromKey, ideKey, types.NewInt32(0)
			shapeCDROM(d, spec.CDROM)
		case *types.VirtualE1000:
			continue
		}
		devices = append(devices, device)
	}
	devices = append(devices, b.addDisks(vm, spec, first)...)
	for i, name := range spec.Networks {
		devices = append(devices, b.networkCard(name, index, i))
	}
	if spec.Floppy != nil {
		devices = append(devices, floppy(*spec.Floppy))
	}
	for i, kind := range spec.Devices {
		if _, later := admissionDevices[kind]; later {
			continue
		}
		devices = append(devices, extraDevices(kind, i)...)
	}
	b.locateImages(devices)
	vm.Datastore = withRefs(vm.Datastore, imageStores(devices))
	vm.Config.Hardware.Device = devices
	vm.Summary.Config.NumEthernetCards = int32(len(spec.Networks))
	vm.Summary.Config.NumVirtualDisks = int32(len(spec.disks()))
}

func description(label, summary string) *types.Description {
	return &types.Description{Label: label, Summary: summary}
}

func connectable(connected bool) *types.VirtualDeviceConnectInfo {
	status := string(types.VirtualDeviceConnectInfoStatusUntried)
	if connected {
		status = string(types.VirtualDeviceConnectInfoStatusOk)
	}
	return &types.VirtualDeviceConnectInfo{StartConnected: connected, AllowGuestControl: true, Connected: connected, Status: status}
}

// shapeCDROM gives the drive its backing: the client's by default, not connected.
func shapeCDROM(drive *types.VirtualCdrom, spec *driveSpec) {
	if spec == nil {
		spec = &driveSpec{}
	}
	drive.DeviceInfo = description("CD/DVD drive 1", driveKinds[spec.Kind])
	drive.Connectable = connectable(spec.Connected)
	switch driveKinds[spec.Kind] {
	case "iso":
		drive.Backing = &types.VirtualCdromIsoBackingInfo{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: spec.Path}}
	case "host":
		drive.Backing = &types.VirtualCdromAtapiBackingInfo{VirtualDeviceDeviceBackingInfo: deviceName(spec.Path, "/vmfs/devices/cdrom/mpx.vmhba0:C0:T0:L0")}
	default:
		drive.Backing = &types.VirtualCdromRemotePassthroughBackingInfo{VirtualDeviceRemoteDeviceBackingInfo: types.VirtualDeviceRemoteDeviceBackingInfo{DeviceName: spec.Path, UseAutoDetect: types.NewBool(false)}}
	}
}

func deviceName(path, otherwise string) types.VirtualDeviceDeviceBackingInfo {
	if path == "" {
		path = otherwise
	}
	return types.VirtualDeviceDeviceBackingInfo{DeviceName: path, UseAutoDetect: types.NewBool(false)}
}

func floppy(spec driveSpec) types.BaseVirtualDevice {
	device := types.VirtualDevice{
		Key: floppyKey, DeviceInfo: description("Floppy drive 1", floppyKinds[spec.Kind]), Connectable: connectable(spec.Connected),
		ControllerKey: sioKey, UnitNumber: types.NewInt32(0),
	}
	switch floppyKinds[spec.Kind] {
	case "image":
		device.Backing = &types.VirtualFloppyImageBackingInfo{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: spec.Path}}
	case "host":
		device.Backing = &types.VirtualFloppyDeviceBackingInfo{VirtualDeviceDeviceBackingInfo: deviceName(spec.Path, "/dev/fd0")}
	default:
		device.Backing = &types.VirtualFloppyRemoteDeviceBackingInfo{VirtualDeviceRemoteDeviceBackingInfo: types.VirtualDeviceRemoteDeviceBackingInfo{DeviceName: spec.Path, UseAutoDetect: types.NewBool(false)}}
	}
	return &types.VirtualFloppy{VirtualDevice: device}
}

// networkCard is the n-th card of the index-th VM, connected to a network.
func (b *builder) networkCard(network string, index, n int) types.BaseVirtualDevice {
	card := types.VirtualEthernetCard{AddressType: "assigned", WakeOnLanEnabled: types.NewBool(true)}
	card.Key = int32(networkKey + n)
	card.ControllerKey, card.UnitNumber = pciKey, types.NewInt32(int32(7+n))
	card.DeviceInfo = description(fmt.Sprintf("Network adapter %d", n+1), network)
	card.MacAddress = fmt.Sprintf("00:50:56:%02x:%02x:%02x", 0x80+index>>13&0x3f, index>>5&0xff, index&0x1f<<3|n&7)
	card.Connectable = &types.VirtualDeviceConnectInfo{StartConnected: true, AllowGuestControl: true, Connected: true, Status: "ok"}
	card.ResourceAllocation = &types.VirtualEthernetCardResourceAllocation{
		Reservation: types.NewInt64(0), Share: types.SharesInfo{Shares: 50, Level: types.SharesLevelNormal}, Limit: types.NewInt64(-1),
	}
	card.Backing = b.networkBacking(network, index*8+n)
	return &types.VirtualVmxnet3{VirtualVmxnet: types.VirtualVmxnet{VirtualEthernetCard: card}}
}

func (b *builder) networkBacking(network string, port int) types.BaseVirtualDeviceBackingInfo {
	if segment, is := b.networks[network].(*mo.OpaqueNetwork); is {
		summary := segment.Summary.(*types.OpaqueNetworkSummary)
		return &types.VirtualEthernetCardOpaqueNetworkBackingInfo{OpaqueNetworkId: summary.OpaqueNetworkId, OpaqueNetworkType: summary.OpaqueNetworkType}
	}
	portgroup, ok := b.networks[network].(*simulator.DistributedVirtualPortgroup)
	if !ok {
		ref := b.networks[network].Reference()
		return &types.VirtualEthernetCardNetworkBackingInfo{
			VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: network, UseAutoDetect: types.NewBool(false)},
			Network:                        &ref,
		}
	}
	dvs := b.registry.Get(*portgroup.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch)
	return &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
		Port: types.DistributedVirtualSwitchPortConnection{SwitchUuid: dvs.Uuid, PortgroupKey: portgroup.Key, PortKey: fmt.Sprint(port), ConnectionCookie: int32(port)},
	}
}

// extraDevices are the devices that tie a VM to its host.
func extraDevices(kind string, n int) []types.BaseVirtualDevice {
	base := types.VirtualDevice{ControllerKey: pciKey, UnitNumber: types.NewInt32(int32(20 + n))}
	base.Key = int32(passthroughKey + n)
	switch kind {
	case "passthrough":
		base.DeviceInfo = description(fmt.Sprintf("PCI device %d", n), "0000:5e:00.0")
		base.Backing = &types.VirtualPCIPassthroughDeviceBackingInfo{
			VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "NVMe controller"},
			Id:                             "0000:5e:00.0", DeviceId: "a80a", SystemId: "63cb6aa5", VendorId: 0x144d,
		}
		return []types.BaseVirtualDevice{&types.VirtualPCIPassthrough{VirtualDevice: base}}
	case "vgpu":
		base.DeviceInfo = description(fmt.Sprintf("PCI device %d", n), "NVIDIA GRID vGPU grid_a40-8q")
		base.Backing = &types.VirtualPCIPassthroughVmiopBackingInfo{Vgpu: "grid_a40-8q"}
		return []types.BaseVirtualDevice{&types.VirtualPCIPassthrough{VirtualDevice: base}}
	}
	return usbDevices(base, n)
}

// usbDevices is a host's USB device and the controller it hangs on.
func usbDevices(base types.VirtualDevice, n int) []types.BaseVirtualDevice {
	controller := &types.VirtualUSBController{AutoConnectDevices: types.NewBool(false), EhciEnabled: types.NewBool(true)}
	controller.VirtualDevice = base
	controller.Key = int32(usbControlKey + n)
	controller.DeviceInfo = description("USB controller", "Auto connect Disabled")
	device := &types.VirtualUSB{Connected: true, Vendor: 0x0781, Product: 0x5583, Family: []string{"storage"}, Speed: []string{"high"}}
	device.Key = int32(usbKey + n)
	device.ControllerKey, device.UnitNumber = controller.Key, types.NewInt32(0)
	device.DeviceInfo = description(fmt.Sprintf("USB %d", n+1), "USB mass storage")
	device.Connectable = connectable(true)
	device.Backing = &types.VirtualUSBUSBBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: fmt.Sprintf("path:1/0/%d", n+1)}}
	return []types.BaseVirtualDevice{controller, device}
}
