package main

import (
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// homeOf is the datastore of a virtual machine's configuration file, by the name in its path.
func (e *engine) homeOf(ctx *simulator.Context, vm *vmView) moRef {
	var path object.DatastorePath
	if path.FromString(vm.homePath) {
		for _, r := range vm.datastores {
			if entityNameOf(ctx, r) == path.Datastore {
				return r
			}
		}
	}
	if len(vm.datastores) > 0 {
		return vm.datastores[0]
	}
	return moRef{}
}

// resolveStorage finds where the configuration and each disk go: a disk's own locator counts more than the spec's datastore.
func (e *engine) resolveStorage(p *placement, spec *types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	p.home = p.vm.home
	if spec.Datastore != nil {
		p.home = *spec.Datastore
	}
	wanted := map[int32]*types.VirtualMachineRelocateSpecDiskLocator{}
	for i, locator := range spec.Disk {
		if wanted[locator.DiskId] != nil {
			return &types.InvalidArgument{InvalidProperty: "spec.disk.diskId"}
		}
		wanted[locator.DiskId] = &spec.Disk[i]
	}
	for _, device := range p.vm.devices {
		disk, isDisk := device.(*types.VirtualDisk)
		if !isDisk {
			continue
		}
		plan := planDisk(disk, p.vm.home)
		if spec.Datastore != nil {
			plan.to = *spec.Datastore
		}
		locator := wanted[plan.key]
		if locator != nil {
			plan.to = locator.Datastore
		}
		if fault := plan.wantFormat(spec, locator); fault != nil {
			return fault
		}
		delete(wanted, plan.key)
		p.disks = append(p.disks, plan)
	}
	if len(wanted) > 0 {
		return &types.InvalidArgument{InvalidProperty: "spec.disk.diskId"}
	}
	shareOut(p.disks, p.vm.committedBytes)
	return e.resolveProfiles(p, spec)
}

func planDisk(disk *types.VirtualDisk, home moRef) diskPlan {
	plan := diskPlan{key: disk.Key, label: deviceLabel(disk), bytes: disk.CapacityInBytes, from: home}
	if plan.bytes == 0 {
		plan.bytes = disk.CapacityInKB << 10
	}
	if backing, isFile := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo); isFile {
		file := backing.GetVirtualDeviceFileBackingInfo()
		plan.file = file.FileName
		if file.Datastore != nil {
			plan.from = *file.Datastore
		}
	}
	_, plan.mapped = disk.Backing.(*types.VirtualDiskRawDiskMappingVer1BackingInfo)
	plan.to = plan.from
	plan.was, _ = formatOf(disk.Backing)
	plan.becomes = plan.was
	return plan
}

// resolveNics finds the network of each adapter, after the spec's device changes. A relocation edits network adapters and nothing else.
func (e *engine) resolveNics(ctx *simulator.Context, p *placement, spec *types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	edits := map[int32]types.BaseVirtualDeviceBackingInfo{}
	for _, change := range spec.DeviceChange {
		c := change.GetVirtualDeviceConfigSpec()
		card, isCard := c.Device.(types.BaseVirtualEthernetCard)
		if !isCard || c.Operation != types.VirtualDeviceConfigSpecOperationEdit {
			return &types.InvalidArgument{InvalidProperty: "spec.deviceChange"}
		}
		edits[card.GetVirtualEthernetCard().Key] = card.GetVirtualEthernetCard().Backing
	}
	for _, device := range p.vm.devices {
		card, isCard := device.(types.BaseVirtualEthernetCard)
		if !isCard {
			continue
		}
		nic := e.planNic(ctx, p, card.GetVirtualEthernetCard(), edits)
		delete(edits, nic.key)
		p.nics = append(p.nics, nic)
	}
	if len(edits) > 0 {
		return &types.InvalidArgument{InvalidProperty: "spec.deviceChange"}
	}
	return nil
}

func (e *engine) planNic(ctx *simulator.Context, p *placement, card *types.VirtualEthernetCard, edits map[int32]types.BaseVirtualDeviceBackingInfo) nicPlan {
	nic := nicPlan{key: card.Key, label: deviceLabel(card), backing: card.Backing, connected: card.Connectable != nil && card.Connectable.Connected}
	if backing, has := edits[nic.key]; has && backing != nil {
		nic.backing, nic.changed = backing, true
	}
	nic.network, nic.name, nic.switched = e.networkOf(ctx, p, nic.backing)
	if p.visitor != nil && nic.switched && !nic.changed {
		if _, opaque := nic.backing.(*types.VirtualEthernetCardOpaqueNetworkBackingInfo); !opaque {
			nic.network, nic.name = moRef{}, "" // a switch of another vCenter is not the one that has its key here
		}
	}
	return nic
}

// networkOf finds the network behind an adapter's backing. A standard network is known by its name among those of the destination
// host, and else among the virtual machine's own; a distributed one by its port group's key, which is its reference's value.
func (e *engine) networkOf(ctx *simulator.Context, p *placement, backing types.BaseVirtualDeviceBackingInfo) (network moRef, name string, switched bool) {
	switch b := backing.(type) {
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		r := moRef{Type: "DistributedVirtualPortgroup", Value: b.Port.PortgroupKey}
		return r, networkName(ctx, r), true
	case *types.VirtualEthernetCardOpaqueNetworkBackingInfo:
		r := e.opaqueNetwork(ctx, b)
		return r, networkName(ctx, r), true
	case *types.VirtualEthernetCardNetworkBackingInfo:
		for _, r := range append(append([]moRef(nil), p.host.networks...), p.vm.networks...) {
			if r.Type == "Network" && (networkName(ctx, r) == b.DeviceName || (b.DeviceName == "" && b.Network != nil && *b.Network == r)) {
				return r, b.DeviceName, false
			}
		}
		return deref(b.Network), b.DeviceName, false
	}
	return moRef{}, "", false
}

// opaqueNetwork is the network of another manager with that ID; the zero reference where there is none.
func (e *engine) opaqueNetwork(ctx *simulator.Context, backing *types.VirtualEthernetCardOpaqueNetworkBackingInfo) moRef {
	for _, each := range e.registry.All("OpaqueNetwork") {
		network, is := each.(*mo.OpaqueNetwork)
		if !is {
			continue
		}
		found := false
		ctx.WithLock(network, func() {
			summary, known := network.Summary.(*types.OpaqueNetworkSummary)
			found = known && summary.OpaqueNetworkId == backing.OpaqueNetworkId && summary.OpaqueNetworkType == backing.OpaqueNetworkType
		})
		if found {
			return network.Self
		}
	}
	return moRef{}
}

// networkName is a standard network's name, which is no ManagedEntity's name in govmomi.
func networkName(ctx *simulator.Context, r moRef) string {
	name := ""
	if network := networkMO(ctx.Map, r); network != nil {
		ctx.WithLock(r, func() { name = network.Name })
	}
	return name
}

// retarget moves a datastore path to another datastore, by name.
func retarget(path, datastore string) string {
	end := strings.IndexByte(path, ']')
	if !strings.HasPrefix(path, "[") || end < 0 {
		return path
	}
	return "[" + datastore + path[end:]
}
