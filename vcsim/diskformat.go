package main

import "github.com/vmware/govmomi/vim25/types"

// Formats of virtual disks, and the room they take: a thin disk takes what is written, a thick one all of its size.

// diskFormat is thick with zeroing at the first write, unless one of the two is set.
type diskFormat struct {
	thin  bool
	eager bool // zeroed when it is made
}

// writtenShare is what the guest has written of a thick disk, of which nothing tells: the share of a scenario's thin disks. UNVERIFIED:
// a real one keeps the blocks that are not zero.
const writtenShare = 0.25

// formatOf is the format a disk's backing says; a raw device has none.
func formatOf(backing types.BaseVirtualDeviceBackingInfo) (diskFormat, bool) {
	switch b := backing.(type) {
	case *types.VirtualDiskFlatVer2BackingInfo:
		return diskFormat{thin: isTrue(b.ThinProvisioned), eager: isTrue(b.EagerlyScrub)}, true
	case *types.VirtualDiskSeSparseBackingInfo, *types.VirtualDiskSparseVer2BackingInfo:
		return diskFormat{thin: true}, true
	}
	return diskFormat{}, false
}

// wantFormat reads what the spec says of the disk's format: its locator's backing counts more than the spec's transformation.
func (d *diskPlan) wantFormat(spec *types.VirtualMachineRelocateSpec, locator *types.VirtualMachineRelocateSpecDiskLocator) types.BaseMethodFault {
	if locator != nil && locator.DiskBackingInfo != nil {
		return d.wantBacking(locator.DiskBackingInfo)
	}
	switch spec.Transform {
	case "":
	case types.VirtualMachineRelocateTransformationFlat:
		d.becomes, d.flattens = diskFormat{}, d.mapped
	case types.VirtualMachineRelocateTransformationSparse:
		d.becomes, d.flattens = diskFormat{thin: true}, d.mapped
	default:
		return &types.InvalidArgument{InvalidProperty: "spec.transform"}
	}
	return nil
}

func (d *diskPlan) wantBacking(backing types.BaseVirtualDeviceBackingInfo) types.BaseMethodFault {
	if _, raw := backing.(*types.VirtualDiskRawDiskMappingVer1BackingInfo); raw && d.mapped {
		return nil
	}
	flat, is := backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !is {
		return &types.InvalidArgument{InvalidProperty: "spec.disk.diskBackingInfo"}
	}
	wanted, _ := formatOf(flat)
	switch {
	case wanted.thin && wanted.eager:
		return &types.InvalidArgument{InvalidProperty: "spec.disk.diskBackingInfo"}
	case flat.ThinProvisioned == nil && flat.EagerlyScrub == nil && !d.mapped:
		return nil // says nothing of the format
	}
	d.becomes, d.flattens = wanted, d.mapped
	return nil
}

// moves is true where the disk is written anew: elsewhere, or in another format.
func (d *diskPlan) moves() bool { return d.from != d.to || d.was != d.becomes || d.flattens }

// takes is the room of the disk as it is, comes what it needs after the move. A mapping file takes next to nothing.
func (d *diskPlan) takes() int64 {
	switch {
	case d.mapped:
		return 0
	case d.was.thin:
		return d.written
	}
	return d.bytes
}

func (d *diskPlan) comes() int64 {
	switch {
	case d.mapped && !d.flattens:
		return 0
	case d.becomes.thin:
		return d.written
	}
	return d.bytes
}

// shareOut says what is written of each disk: what the machine's files take without the thick disks is the thin ones', by their size.
func shareOut(disks []diskPlan, committedBytes int64) {
	var thin, thick int64
	for _, disk := range disks {
		switch {
		case disk.mapped:
		case disk.was.thin:
			thin += disk.bytes
		default:
			thick += disk.bytes
		}
	}
	for i := range disks {
		disk := &disks[i]
		disk.written = int64(float64(disk.bytes) * writtenShare)
		if disk.was.thin && committedBytes > thick {
			disk.written = min(disk.bytes, int64(float64(disk.bytes)/float64(thin)*float64(committedBytes-thick)))
		}
	}
}

// reformatted is a backing in the format the disk has after its move. Only a disk's newest backing has one of its own: those it is
// based on keep theirs.
func reformatted(backing types.BaseVirtualDeviceBackingInfo, disk *diskPlan) types.BaseVirtualDeviceBackingInfo {
	if disk.flattens {
		if raw, is := backing.(*types.VirtualDiskRawDiskMappingVer1BackingInfo); is {
			flat := &types.VirtualDiskFlatVer2BackingInfo{VirtualDeviceFileBackingInfo: raw.VirtualDeviceFileBackingInfo, DiskMode: raw.DiskMode, Uuid: raw.Uuid}
			return formatted(flat, disk.becomes)
		}
	}
	flat, is := backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !is || disk.was == disk.becomes {
		return backing
	}
	return formatted(flat, disk.becomes)
}

func formatted(flat *types.VirtualDiskFlatVer2BackingInfo, format diskFormat) *types.VirtualDiskFlatVer2BackingInfo {
	flat.ThinProvisioned, flat.EagerlyScrub = types.NewBool(format.thin), nil
	if format.eager {
		flat.EagerlyScrub = types.NewBool(true)
	}
	return flat
}

// swapBytes is the machine's swap file, or the memory of a suspended one: in its home, and made anew where that changes.
func (p *placement) swapBytes() int64 {
	switch p.vm.power {
	case types.VirtualMachinePowerStatePoweredOn:
		return max(0, p.vm.memoryBytes-p.vm.reservedBytes)
	case types.VirtualMachinePowerStateSuspended:
		return p.vm.memoryBytes
	}
	return 0
}
