package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// targets are the datastores files are to be moved to, with the bytes that come: what is written of a thin disk, all of a thick one, and
// the swap file with the home. A disk that stays and changes its format is written anew beside the old one.
func (q *inquiry) targets() ([]moRef, map[moRef]int64) {
	bytes := map[moRef]int64{}
	if q.movesHome() {
		bytes[q.home] += q.swapBytes()
	}
	for _, disk := range q.movedDisks() {
		bytes[disk.to] += disk.comes()
	}
	var refs []moRef
	for r := range bytes {
		refs = append(refs, r)
	}
	sortRefs(refs)
	return refs, bytes
}

// checkTargetDatastores looks at the datastores files are to be moved to.
func checkTargetDatastores(q *inquiry) {
	refs, bytes := q.targets()
	for _, r := range refs {
		if fault := q.datastoreFault(r); fault != nil {
			q.refuse(fault)
			continue
		}
		if ds, found := q.engine.registry.Get(r).(*simulator.Datastore); found {
			q.checkRoom(readDatastore(q.ctx, ds), bytes[r])
		}
	}
	if q.movesStorage() && q.source.maintenance {
		q.refuse(&types.MaintenanceModeFileMove{})
	}
}

// datastoreFacts is what the rules read of a datastore beside its view.
type datastoreFacts struct {
	ref           moRef
	name          string
	kind          string
	freeBytes     int64
	maxFileBytes  int64
	maxMemoryFile int64
}

func readDatastore(ctx *simulator.Context, ds *simulator.Datastore) datastoreFacts {
	var f datastoreFacts
	ctx.WithLock(ds, func() {
		f = datastoreFacts{ref: ds.Self, name: ds.Name, kind: ds.Summary.Type, freeBytes: ds.Summary.FreeSpace}
		if ds.Info != nil {
			info := ds.Info.GetDatastoreInfo()
			f.maxFileBytes, f.maxMemoryFile = info.MaxFileSize, info.MaxMemoryFileSize
		}
	})
	return f
}

// checkRoom: what comes has to fit, whole and piece by piece.
func (q *inquiry) checkRoom(ds datastoreFacts, bytes int64) {
	if bytes > ds.freeBytes {
		q.refuse(&types.NoDiskSpace{FileFault: types.FileFault{File: q.vm.homePath}, Datastore: ds.name})
	}
	for _, disk := range q.movedDisks() {
		if disk.to == ds.ref && !disk.mapped && ds.maxFileBytes > 0 && disk.bytes > ds.maxFileBytes {
			fault := types.FileFault{File: disk.file}
			q.refuse(&types.FileTooLarge{FileFault: fault, Datastore: ds.name, FileSize: disk.bytes, MaxFileSize: ds.maxFileBytes})
		}
	}
	if q.movesHome() && ds.ref == q.home && ds.maxMemoryFile > 0 && q.vm.memoryBytes > ds.maxMemoryFile {
		q.refuse(&types.MemorySizeNotSupportedByDatastore{
			Datastore: ds.ref, MemorySizeMB: int32(q.vm.memoryBytes >> 20), MaxMemorySizeMB: int32(ds.maxMemoryFile >> 20),
		})
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

// checkSwap looks at virtual machines whose swap file lies on a datastore of the host's choice.
func checkSwap(q *inquiry) {
	if !q.isLive() || q.guest.swapPlacement != string(types.VirtualMachineConfigInfoSwapPlacementTypeHostLocal) {
		return
	}
	if !q.to.capability.PerVmSwapFiles {
		q.refuse(&types.SwapPlacementOverrideNotSupported{InvalidVmConfig: types.InvalidVmConfig{Property: "config.swapPlacement"}})
	}
	if fault, lacks := q.missing(func(h *hostFacts) bool { return h.capability.UnsharedSwapVMotionSupported }); lacks {
		q.refuse(&types.UnsharedSwapVMotionNotSupported{MigrationFeatureNotSupported: fault})
	}
	if q.to.swap == nil {
		return
	}
	if why := q.datastoreFault(*q.to.swap); why != nil {
		base := types.InvalidDatastore{Datastore: q.to.swap, Name: entityNameOf(q.ctx, *q.to.swap)}
		q.warn(&types.SwapDatastoreNotWritableOnHost{DatastoreNotWritableOnHost: types.DatastoreNotWritableOnHost{InvalidDatastore: base, Host: q.host.ref}})
	}
}

// largestConvertibleBytes is what a raw device may have at most to become a virtual disk (vSphere API, LargeRDMConversionNotSupported).
const largestConvertibleBytes = int64(2) << 40

// checkRDMs: the destination has to see the device itself, and the mapping file needs a place that can hold one.
func checkRDMs(q *inquiry) {
	for _, device := range q.vm.devices {
		disk, isDisk := device.(*types.VirtualDisk)
		if !isDisk {
			continue
		}
		rdm, isRDM := disk.Backing.(*types.VirtualDiskRawDiskMappingVer1BackingInfo)
		if !isRDM {
			continue
		}
		if q.changesHost() && rdm.LunUuid != "" && !q.to.luns[rdm.LunUuid] {
			blamed := types.CannotAccessVmDevice{Device: deviceLabel(disk), Backing: rdm.DeviceName, Connected: true}
			reason := localized(&types.GenericVmConfigFault{Reason: "The host does not see the device " + rdm.LunUuid})
			q.refuse(&types.RDMPointsToInaccessibleDisk{CannotAccessVmDisk: types.CannotAccessVmDisk{CannotAccessVmDevice: blamed, Fault: *reason}})
		}
		q.checkMapping(disk, rdm)
	}
}

// checkMapping judges the move of a mapping file to another datastore.
func (q *inquiry) checkMapping(disk *types.VirtualDisk, rdm *types.VirtualDiskRawDiskMappingVer1BackingInfo) {
	plan, moves := q.planOf(disk.Key)
	if !moves {
		return
	}
	label := deviceLabel(disk)
	if q.converts(disk.Key) {
		switch {
		case rdm.CompatibilityMode == string(types.VirtualDiskCompatibilityModePhysicalMode):
			q.refuse(&types.RDMConversionNotSupported{Device: label})
		case plan.bytes > largestConvertibleBytes:
			q.refuse(&types.LargeRDMConversionNotSupported{Device: label})
		}
		return
	}
	if ds, found := q.engine.registry.Get(plan.to).(*simulator.Datastore); found {
		if facts := readDatastore(q.ctx, ds); !strings.EqualFold(facts.kind, "VMFS") && !strings.HasPrefix(facts.kind, "OTHER") {
			q.refuse(&types.RDMNotSupportedOnDatastore{Device: label, Datastore: plan.to, DatastoreName: facts.name})
		}
	}
	if fault, lacks := q.missing(func(h *hostFacts) bool { return !h.traits.NoNonHomeRDMMove }); lacks && q.isOn() && plan.to != q.home {
		q.refuse(&types.NonHomeRDMVMotionNotSupported{MigrationFeatureNotSupported: fault, Device: label})
	}
}

func (q *inquiry) planOf(key int32) (diskPlan, bool) {
	for _, plan := range q.movedDisks() {
		if plan.key == key {
			return plan, true
		}
	}
	return diskPlan{}, false
}

// converts is true where the spec makes a virtual disk of a mapped device: by a transformation, or by a flat backing of the disk's own.
func (q *inquiry) converts(key int32) bool {
	plan, moves := q.planOf(key)
	return moves && plan.flattens
}
