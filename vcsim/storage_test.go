package main

import (
	"math"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// addDisk gives a machine one more disk of that many GiB, on its first datastore, with a parent as after a snapshot.
func (w *world) addDisk(vm *simulator.VirtualMachine, key int32, size int64) {
	ds := vm.Datastore[0]
	name := "[" + entityNameOf(w.model.Service.Context, ds) + "] " + vm.Name + "/more"
	base := &types.VirtualDiskFlatVer2BackingInfo{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: name + ".vmdk", Datastore: &ds}}
	delta := &types.VirtualDiskFlatVer2BackingInfo{
		VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: name + "-000001.vmdk", Datastore: &ds}, Parent: base,
	}
	disk := &types.VirtualDisk{VirtualDevice: types.VirtualDevice{Key: key, Backing: delta}, CapacityInBytes: size << 30, CapacityInKB: size << 20}
	w.as(vm, func() {
		vm.Config.Hardware.Device = append(append([]types.BaseVirtualDevice(nil), vm.Config.Hardware.Device...), disk)
	})
}

// diskPaths are the files of each disk, the delta first.
func (w *world) diskPaths(vm moRef) map[int32][]string {
	var o mo.VirtualMachine
	if err := property.DefaultCollector(w.client.Client).RetrieveOne(w.ctx, vm, []string{"config.hardware.device"}, &o); err != nil {
		w.t.Fatal(err)
	}
	paths := map[int32][]string{}
	for _, device := range o.Config.Hardware.Device {
		if disk, is := device.(*types.VirtualDisk); is {
			for b := disk.Backing; b != nil; b = parentOf(b) {
				file := b.(types.BaseVirtualDeviceFileBackingInfo).GetVirtualDeviceFileBackingInfo()
				paths[disk.Key] = append(paths[disk.Key], file.FileName)
			}
		}
	}
	return paths
}

func (w *world) setPace(datastore moRef, bytesPerS float64) {
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	if w.site.Datastores == nil {
		w.site.Datastores = map[moRef]datastoreTraits{}
	}
	w.site.Datastores[datastore] = datastoreTraits{CopyBytesPerS: bytesPerS}
}

func TestADiskLocatorMovesThatDiskAlone(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	w.addDisk(vm, 4711, 4)
	from, to := vm.Datastore[0], w.otherDatastore(vm.Datastore[0])
	w.setPace(to, 100e6)
	free := w.free(to)
	spec := types.VirtualMachineRelocateSpec{Disk: []types.VirtualMachineRelocateSpecDiskLocator{{DiskId: 4711, Datastore: to}}}
	info := w.succeed(w.relocate(vm, spec))
	if took := seconds(info); math.Abs(took-4*1073.741824/100-.2) > 0.1 {
		t.Errorf("4 GiB at 100 MB/s took %.1f s", took)
	}
	ctx := w.model.Service.Context
	for key, paths := range w.diskPaths(vm.Self) {
		want := "[" + entityNameOf(ctx, from) + "]"
		if key == 4711 {
			want = "[" + entityNameOf(ctx, to) + "]"
		}
		for _, path := range paths {
			if !strings.HasPrefix(path, want) {
				t.Errorf("disk %d: %s is not on %s", key, path, want)
			}
		}
	}
	if got := w.references(vm.Self, "datastore"); len(got) != 2 || !hasRef(got, from) || !hasRef(got, to) {
		t.Errorf("datastore is %v", got)
	}
	if !hasRef(w.references(from, "vm"), vm.Self) || !hasRef(w.references(to, "vm"), vm.Self) {
		t.Error("datastore.vm does not follow")
	}
	if gone := free - w.free(to); gone != 4<<30 {
		t.Errorf("the datastore lost %d bytes", gone)
	}
}

func (w *world) free(r moRef) int64 {
	var ds mo.Datastore
	if err := property.DefaultCollector(w.client.Client).RetrieveOne(w.ctx, r, []string{"summary"}, &ds); err != nil {
		w.t.Fatal(err)
	}
	return ds.Summary.FreeSpace
}

func TestEveryPathFollowsTheDatastore(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	w.addDisk(vm, 4711, 1)
	task, err := object.NewVirtualMachine(w.client.Client, vm.Self).CreateSnapshot(w.ctx, "s", "", false, false)
	if err != nil {
		t.Fatal(err)
	}
	w.succeed(task.Reference())
	from, to := vm.Datastore[0], w.otherDatastore(vm.Datastore[0])
	w.succeed(w.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: &to}))
	w.checkPaths(vm.Self, to)
	old := "[" + entityNameOf(w.model.Service.Context, from) + "]"
	var o mo.VirtualMachine
	var snapshot mo.VirtualMachineSnapshot
	pc := property.DefaultCollector(w.client.Client)
	if err := pc.RetrieveOne(w.ctx, vm.Self, []string{"config", "layout", "layoutEx", "summary", "snapshot"}, &o); err != nil {
		t.Fatal(err)
	}
	if err := pc.RetrieveOne(w.ctx, *o.Snapshot.CurrentSnapshot, []string{"config"}, &snapshot); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{"vm": o, "snapshot": snapshot} {
		if path := findText(value, old); path != "" {
			t.Errorf("%s still names %s", name, path)
		}
	}
	if o.Config.Files.LogDirectory == "" || o.Config.Files.LogDirectory[0] != '[' {
		t.Errorf("logDirectory is %q", o.Config.Files.LogDirectory)
	}
}

func TestStorageMovesWaitForTheirCost(t *testing.T) {
	w := newWorldOf(t, 100, 4)
	watch := watchLimits(w.engine)
	var tasks []moRef
	for _, vm := range w.vms {
		to := w.otherDatastore(vm.Datastore[0])
		w.setPace(to, 200e6) // long enough for all to be submitted before the first one ends
		tasks = append(tasks, w.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: &to}))
	}
	started := 0
	for _, task := range tasks {
		if info := w.succeed(task); info.StartTime.Equal(info.QueueTime) {
			started++
		}
	}
	watch.report(t)
	if started != 2 || watch.most[hostLimit] != 8 || watch.most[storeLimit] != 32 {
		t.Errorf("%d start at once, host %d, datastore %d", started, watch.most[hostLimit], watch.most[storeLimit])
	}
}
