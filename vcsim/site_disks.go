package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// shapeDisk makes the template's disk the first of the scenario's, and says what the machine's files take.
func (b *builder) shapeDisk(disk *types.VirtualDisk, vm *simulator.VirtualMachine, spec vmSpec) {
	b.fillDisk(disk, spec, 0)
	vm.Layout.Disk = []types.VirtualMachineFileLayoutDiskLayout{{Key: disk.Key, DiskFile: []string{fileOf(disk)}}}
	var committed, capacity int64
	for _, each := range spec.disks() {
		size := gibibytes(or(each.GiB, defaultDiskGiB))
		capacity += size
		committed += each.room()
	}
	vm.Summary.Storage = &types.VirtualMachineStorageSummary{
		Committed: committed, Uncommitted: capacity - committed, Unshared: committed, Timestamp: vm.Storage.Timestamp,
	}
}

// addDisks adds the disks after the first.
func (b *builder) addDisks(vm *simulator.VirtualMachine, spec vmSpec, first *types.VirtualDisk) []types.BaseVirtualDevice {
	var more []types.BaseVirtualDevice
	for n := 1; n < len(spec.disks()); n++ {
		disk := deepCopy(*first)
		disk.Key, disk.UnitNumber = int32(diskKey+n), types.NewInt32(unitOf(n))
		disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).Uuid = ""
		b.fillDisk(&disk, spec, n)
		vm.Layout.Disk = append(vm.Layout.Disk, types.VirtualMachineFileLayoutDiskLayout{Key: disk.Key, DiskFile: []string{fileOf(&disk)}})
		more = append(more, &disk)
	}
	return more
}

// unitOf is the place of the n-th disk at its controller, which itself has place 7.
func unitOf(n int) int32 {
	if n >= 7 {
		return int32(n + 1)
	}
	return int32(n)
}

func (b *builder) fillDisk(disk *types.VirtualDisk, spec vmSpec, n int) {
	said := spec.disks()[n]
	capacity := gibibytes(or(said.GiB, defaultDiskGiB))
	disk.CapacityInKB, disk.CapacityInBytes = capacity>>10, capacity
	disk.DeviceInfo = description(fmt.Sprintf("Hard disk %d", n+1), fmt.Sprintf("%d KB", capacity>>10))
	backing := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	store, suffix := said.store(spec), ""
	if n > 0 {
		suffix = fmt.Sprintf("_%d", n)
	}
	backing.FileName = fmt.Sprintf("[%s] %s/%s%s.vmdk", store, spec.fileName(), spec.fileName(), suffix)
	datastore := b.datastores[store].Self
	backing.Datastore = &datastore
	formatted(backing, diskFormat{thin: diskFormats[said.Format] == "thin", eager: diskFormats[said.Format] == "eager"})
}

func fileOf(disk *types.VirtualDisk) string {
	return disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).FileName
}

func gibibytes(size float64) int64 { return int64(size * gib) }

func (d diskSpec) store(vm vmSpec) string {
	if d.Datastore != "" {
		return d.Datastore
	}
	return vm.Datastore
}

// room is what the disk takes on its datastore.
func (d diskSpec) room() int64 {
	size := gibibytes(or(d.GiB, defaultDiskGiB))
	if diskFormats[d.Format] != "thin" {
		return size
	}
	return int64(float64(size) * or(d.WrittenPercent, 100*writtenShare) / 100)
}

// occupy takes the machine's room from its datastores: its disks', and its swap file's from that of its home.
func (b *builder) occupy(vm *simulator.VirtualMachine, spec vmSpec) {
	rooms := map[string]int64{}
	for _, disk := range spec.disks() {
		rooms[disk.store(spec)] += disk.room()
	}
	rooms[spec.Datastore] += (&placement{vm: viewVM(b.ctx, vm)}).swapBytes()
	for name, bytes := range rooms {
		datastore := b.datastores[name]
		datastore.Summary.FreeSpace = max(0, datastore.Summary.FreeSpace-bytes)
		datastore.Info.GetDatastoreInfo().FreeSpace = datastore.Summary.FreeSpace
	}
}

// nextDiskKey is the key of one more disk, and its number among the machine's disks.
func nextDiskKey(vm *simulator.VirtualMachine) (key int32, n int) {
	key = diskKey
	for _, device := range vm.Config.Hardware.Device {
		if disk, is := device.(*types.VirtualDisk); is {
			key, n = max(key, disk.Key+1), n+1
		}
	}
	return key, n
}
