package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Moves of disks: how long they take, and every place that names a file and has to follow.

// copiesOf is what the placement has to copy, disk by disk in the order of the devices: each at the pace of the two datastores, and
// of both hosts' links where it changes host as well. e.mu is held.
func (e *engine) copiesOf(p *placement) []diskCopy {
	var copies []diskCopy
	for _, disk := range p.disks {
		if !disk.moves() || disk.mapped && !disk.flattens {
			continue
		}
		route := append([]*link{e.storeOf(disk.from), e.storeOf(disk.to)}, e.networkBetween(p)...)
		copies = append(copies, diskCopy{bytes: float64(disk.bytes), route: route})
	}
	return copies
}

// storageChanges points every path of the virtual machine to where its files are now. The virtual machine is locked.
func (m *move) storageChanges(datastores []moRef, names map[moRef]string) []types.PropertyChange {
	p := m.plan
	if !p.changesStorage() || m.vm.Config == nil {
		return nil
	}
	files := filesOn(m.vm.Config.Files, names[p.home])
	changes := []types.PropertyChange{
		{Name: "datastore", Val: datastores},
		{Name: "config.files", Val: files},
		{Name: "summary.config.vmPathName", Val: files.VmPathName},
	}
	if len(m.vm.Config.DatastoreUrl) > 0 {
		changes = append(changes, types.PropertyChange{Name: "config.datastoreUrl", Val: m.datastoreURLs(datastores, names)})
	}
	changes = append(changes, m.committedChanges()...)
	changes = append(changes, m.layoutChanges(names)...)
	changes = append(changes, m.oldLayoutChanges(names)...)
	return append(changes, m.usageChanges()...)
}

// filesOn are a configuration's files on the datastore of that name.
func filesOn(files types.VirtualMachineFileInfo, home string) types.VirtualMachineFileInfo {
	for _, path := range []*string{
		&files.VmPathName, &files.SnapshotDirectory, &files.SuspendDirectory, &files.LogDirectory, &files.FtMetadataDirectory,
	} {
		*path = retarget(*path, home)
	}
	return files
}

// datastoreURLs are the addresses of the datastores of a configuration. No other object's lock is held while the machine's is: the
// addresses were read before.
func (m *move) datastoreURLs(datastores []moRef, names map[moRef]string) []types.VirtualMachineConfigInfoDatastoreUrlPair {
	var pairs []types.VirtualMachineConfigInfoDatastoreUrlPair
	for _, r := range datastores {
		pairs = append(pairs, types.VirtualMachineConfigInfoDatastoreUrlPair{Name: names[r], Url: m.storeURLs[r]})
	}
	return pairs
}

// readStoreURLs notes the addresses of the datastores the machine comes to.
func (m *move) readStoreURLs(datastores []moRef) {
	m.storeURLs = map[moRef]string{}
	for _, r := range datastores {
		if ds, found := m.engine.registry.Get(r).(*simulator.Datastore); found {
			m.ctx.WithLock(ds, func() { m.storeURLs[r] = ds.Summary.Url })
		}
	}
}

// rebacked is a disk whose files, those of its snapshots' parents included, are on another datastore or in another format.
func rebacked(device types.BaseVirtualDevice, disk *diskPlan, name string) types.BaseVirtualDevice {
	moved, to := copyDevice(device), disk.to
	d := moved.GetVirtualDevice()
	d.Backing = reformatted(deepCopy(d.Backing), disk)
	for backing := d.Backing; backing != nil; backing = parentOf(backing) {
		if isFile, is := backing.(types.BaseVirtualDeviceFileBackingInfo); is {
			file := isFile.GetVirtualDeviceFileBackingInfo()
			target := to
			file.Datastore, file.FileName = &target, retarget(file.FileName, name)
		}
	}
	return moved
}

// parentOf is the backing a delta disk is based on; nil for the base.
func parentOf(backing types.BaseVirtualDeviceBackingInfo) types.BaseVirtualDeviceBackingInfo {
	switch b := backing.(type) {
	case *types.VirtualDiskFlatVer2BackingInfo:
		if b.Parent != nil {
			return b.Parent
		}
	case *types.VirtualDiskSparseVer2BackingInfo:
		if b.Parent != nil {
			return b.Parent
		}
	case *types.VirtualDiskSeSparseBackingInfo:
		if b.Parent != nil {
			return b.Parent
		}
	}
	return nil
}

// layoutChanges renames the files of layoutEx: a disk's go with the disk, all others with the configuration.
func (m *move) layoutChanges(names map[moRef]string) []types.PropertyChange {
	if m.vm.LayoutEx == nil {
		return nil
	}
	targets := diskFiles(m.vm.LayoutEx, m.plan.disks)
	layout := *m.vm.LayoutEx
	layout.File = append([]types.VirtualMachineFileLayoutExFileInfo(nil), layout.File...)
	layout.Timestamp = m.engine.clock.now()
	for i, file := range layout.File {
		to, isDisk := targets[file.Key]
		if !isDisk {
			to = m.plan.home
		}
		layout.File[i].Name = retarget(file.Name, names[to])
	}
	return []types.PropertyChange{{Name: "layoutEx", Val: layout}}
}

// diskFiles says for the key of each file that belongs to a disk where that disk is now.
func diskFiles(layout *types.VirtualMachineFileLayoutEx, disks []diskPlan) map[int32]moRef {
	targets := map[int32]moRef{}
	for _, disk := range disks {
		for _, have := range layout.Disk {
			if have.Key != disk.key {
				continue
			}
			for _, unit := range have.Chain {
				for _, key := range unit.FileKey {
					targets[key] = disk.to
				}
			}
		}
	}
	return targets
}

// oldLayoutChanges is layoutChanges for the property layout, whose other files are names within the machine's directory.
func (m *move) oldLayoutChanges(names map[moRef]string) []types.PropertyChange {
	if m.vm.Layout == nil {
		return nil
	}
	layout := deepCopy(*m.vm.Layout)
	layout.SwapFile = retarget(layout.SwapFile, names[m.plan.home])
	moved := map[string]string{}
	for _, disk := range m.plan.disks {
		for _, have := range layout.Disk {
			if have.Key == disk.key {
				moved[baseName(disk.file)] = names[disk.to]
				renameAll(have.DiskFile, func(string) string { return names[disk.to] })
			}
		}
	}
	for _, snapshot := range layout.Snapshot {
		renameAll(snapshot.SnapshotFile, func(path string) string {
			if name, isDisk := moved[baseName(path)]; isDisk {
				return name
			}
			return names[m.plan.home]
		})
	}
	return []types.PropertyChange{{Name: "layout", Val: layout}}
}

// renameAll puts each path on the datastore of the name that belongs to it.
func renameAll(paths []string, datastore func(path string) string) {
	for i, path := range paths {
		paths[i] = retarget(path, datastore(path))
	}
}

// baseName is a datastore path without its datastore.
func baseName(path string) string {
	_, name, _ := strings.Cut(path, "] ")
	return name
}

// committedChanges says what the files take after disks have changed their format.
func (m *move) committedChanges() []types.PropertyChange {
	had := m.vm.Summary.Storage
	if had == nil {
		return nil
	}
	gain := int64(0)
	for _, disk := range m.plan.disks {
		gain += disk.comes() - disk.takes()
	}
	now := *had
	now.Committed, now.Unshared, now.Uncommitted = now.Committed+gain, now.Unshared+gain, max(0, now.Uncommitted-gain)
	now.Timestamp = m.engine.clock.now()
	return []types.PropertyChange{{Name: "summary.storage", Val: now}}
}

// usageChanges moves the usage by datastore along with the disks: what one datastore loses the other gains.
func (m *move) usageChanges() []types.PropertyChange {
	if m.vm.Storage == nil || len(m.vm.Storage.PerDatastoreUsage) == 0 {
		return nil
	}
	usage := map[moRef]types.VirtualMachineUsageOnDatastore{}
	var order []moRef
	for _, had := range m.vm.Storage.PerDatastoreUsage {
		to := m.newPlaceOf(had.Datastore)
		sum, known := usage[to]
		if !known {
			order = append(order, to)
		}
		sum.Datastore = to
		sum.Committed, sum.Uncommitted, sum.Unshared = sum.Committed+had.Committed, sum.Uncommitted+had.Uncommitted, sum.Unshared+had.Unshared
		usage[to] = sum
	}
	var all []types.VirtualMachineUsageOnDatastore
	for _, r := range order {
		all = append(all, usage[r])
	}
	info := types.VirtualMachineStorageInfo{PerDatastoreUsage: all, Timestamp: m.engine.clock.now()}
	return []types.PropertyChange{{Name: "storage", Val: info}}
}

// newPlaceOf is where the files that were on a datastore are now: with the disk that was there, else with the configuration.
func (m *move) newPlaceOf(datastore moRef) moRef {
	for _, disk := range m.plan.disks {
		if disk.from == datastore {
			return disk.to
		}
	}
	if datastore == m.plan.vm.home {
		return m.plan.home
	}
	return datastore
}

// moveSpace takes the disks' room from the datastores they come to, and gives back that of those they leave.
func (m *move) moveSpace() {
	gain := map[moRef]int64{}
	var order []moRef
	for _, disk := range m.plan.disks {
		if !disk.moves() {
			continue
		}
		gain[disk.from] += disk.takes()
		gain[disk.to] -= disk.comes()
		order = append(order, disk.from, disk.to)
	}
	if p := m.plan; p.home != p.vm.home {
		gain[p.vm.home] += p.swapBytes()
		gain[p.home] -= p.swapBytes()
		order = append(order, p.vm.home, p.home)
	}
	for _, r := range order {
		if bytes := gain[r]; bytes != 0 {
			m.changeSpace(r, bytes)
			m.reviewPod(r, bytes)
			gain[r] = 0
		}
	}
}

func (m *move) changeSpace(r moRef, bytes int64) {
	ds, found := m.engine.registry.Get(r).(*simulator.Datastore)
	if !found {
		return
	}
	withLock(m.ctx, ds, func() {
		free := min(ds.Summary.Capacity, max(0, ds.Summary.FreeSpace+bytes))
		changes := []types.PropertyChange{{Name: "summary.freeSpace", Val: free}}
		if ds.Info != nil {
			info := deepCopy(ds.Info)
			info.GetDatastoreInfo().FreeSpace = free
			changes = append(changes, types.PropertyChange{Name: "info", Val: info})
		}
		m.ctx.Update(ds, changes)
	})
}

// moveSnapshots points the configurations of the machine's snapshots to where their files are now.
func (m *move) moveSnapshots() {
	if !m.plan.changesStorage() {
		return
	}
	var refs []moRef
	m.ctx.WithLock(m.vm, func() {
		if m.vm.Snapshot != nil {
			refs = snapshotRefs(m.vm.Snapshot.RootSnapshotList)
		}
	})
	names := m.datastoreNames(m.datastoresAfter())
	for _, r := range refs {
		if snapshot, found := m.engine.registry.Get(r).(*simulator.VirtualMachineSnapshot); found {
			withLock(m.ctx, snapshot, func() { m.moveSnapshot(snapshot, names) })
		}
	}
}

func snapshotRefs(trees []types.VirtualMachineSnapshotTree) []moRef {
	var refs []moRef
	for _, tree := range trees {
		refs = append(append(refs, tree.Snapshot), snapshotRefs(tree.ChildSnapshotList)...)
	}
	return refs
}

func (m *move) moveSnapshot(snapshot *simulator.VirtualMachineSnapshot, names map[moRef]string) {
	config := snapshot.Config
	config.Files = filesOn(config.Files, names[m.plan.home])
	config.Hardware.Device = append([]types.BaseVirtualDevice(nil), config.Hardware.Device...)
	for i, device := range config.Hardware.Device {
		for _, disk := range m.plan.disks {
			if device.GetVirtualDevice().Key == disk.key && disk.moves() {
				config.Hardware.Device[i] = rebacked(device, &disk, names[disk.to])
			}
		}
	}
	m.ctx.Update(snapshot, []types.PropertyChange{{Name: "config", Val: config}})
}
