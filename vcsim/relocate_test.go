package main

import (
	"slices"
	"testing"
	"time"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

func TestMoveEndsOnDestinationWithAllBackReferences(t *testing.T) {
	w := newWorld(t, 100)
	vm := w.vms[0]
	info := w.succeed(w.relocate(vm, toHost(w.hosts[1])))
	if got := w.references(vm.Self, "runtime.host"); got[0] != w.hosts[1] {
		t.Errorf("runtime.host is %v", got)
	}
	if got := w.references(vm.Self, "summary.runtime.host"); got[0] != w.hosts[1] {
		t.Errorf("summary.runtime.host is %v", got)
	}
	if hasRef(w.references(w.hosts[0], "vm"), vm.Self) || !hasRef(w.references(w.hosts[1], "vm"), vm.Self) {
		t.Error("host.vm does not follow")
	}
	if info.Name != "RelocateVM_Task" || info.DescriptionId != "VirtualMachine.relocate" || info.EntityName != vm.Name {
		t.Errorf("task info %q %q %q", info.Name, info.DescriptionId, info.EntityName)
	}
	if user := info.Reason.(*types.TaskReasonUser).UserName; user != "user" {
		t.Errorf("reason: %q", user)
	}
	if info.Progress != 100 || info.Key != info.Task.Value || info.Cancelled {
		t.Errorf("progress %d, key %q, cancelled %v", info.Progress, info.Key, info.Cancelled)
	}
}

func TestAnotherClustersPoolDatastoreAndFolderAreLeftAndEntered(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	pools := w.references(*w.host(w.others[0]).Parent, "resourcePool")
	oldPool, oldFolder, oldDS := *vm.ResourcePool, *vm.Parent, vm.Datastore[0]
	newDS := w.otherDatastore(oldDS)
	created, err := methods.CreateFolder(w.ctx, w.client, &types.CreateFolder{This: oldFolder, Name: "moved"})
	if err != nil {
		t.Fatal(err)
	}
	folder := created.Returnval
	spec := types.VirtualMachineRelocateSpec{Host: &w.others[0], Pool: &pools[0], Datastore: &newDS, Folder: &folder}
	w.succeed(w.relocate(vm, spec))
	for _, change := range []struct {
		left, entered moRef
		name          string
	}{{oldPool, pools[0], "vm"}, {oldFolder, folder, "childEntity"}, {oldDS, newDS, "vm"}} {
		if hasRef(w.references(change.left, change.name), vm.Self) || !hasRef(w.references(change.entered, change.name), vm.Self) {
			t.Errorf("%s of %v and %v does not follow", change.name, change.left, change.entered)
		}
	}
	w.checkPaths(vm.Self, newDS)
}

func (w *world) otherDatastore(r moRef) moRef {
	for _, ds := range w.registry.All("Datastore") {
		if ds.Reference() != r {
			return ds.Reference()
		}
	}
	w.t.Fatal("there is one datastore alone")
	return r
}

// checkPaths demands that all of a machine's paths name the datastore.
func (w *world) checkPaths(r, ds moRef) {
	w.t.Helper()
	var vm mo.VirtualMachine
	paths := []string{"config.files.vmPathName", "summary.config.vmPathName", "config.hardware.device", "layoutEx", "datastore", "parent"}
	if err := property.DefaultCollector(w.client.Client).RetrieveOne(w.ctx, r, paths, &vm); err != nil {
		w.t.Fatal(err)
	}
	ctx := w.model.Service.Context
	name := "[" + entityNameOf(ctx, ds) + "]"
	var files []string
	for _, device := range vm.Config.Hardware.Device {
		if disk, is := device.(*types.VirtualDisk); is {
			backing := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo).GetVirtualDeviceFileBackingInfo()
			files = append(files, backing.FileName)
			if *backing.Datastore != ds {
				w.t.Errorf("disk is backed by %v", *backing.Datastore)
			}
		}
	}
	for _, file := range vm.LayoutEx.File {
		files = append(files, file.Name)
	}
	for _, file := range append(files, vm.Config.Files.VmPathName, vm.Summary.Config.VmPathName) {
		if len(file) < len(name) || file[:len(name)] != name {
			w.t.Errorf("%s is not on %s", file, name)
		}
	}
	if !slices.Equal(vm.Datastore, []moRef{ds}) {
		w.t.Errorf("datastore is %v", vm.Datastore)
	}
}

func TestProgressIsMonotonicAndSeenByAWatcher(t *testing.T) {
	w := newWorld(t, 10)
	vm := w.vms[0]
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 12 * 1024 })
	watched := make(chan []int32, 1)
	task := w.relocate(vm, toHost(w.hosts[1]))
	go func() { watched <- w.watchProgress(task) }()
	w.succeed(task)
	seen := <-watched
	if len(seen) < 5 || len(seen) > 25 || !slices.IsSorted(seen) || seen[len(seen)-1] != 100 {
		t.Errorf("progress %v", seen)
	}
}

func (w *world) watchProgress(task moRef) []int32 {
	var seen []int32
	pc := property.DefaultCollector(w.client.Client)
	err := property.Wait(w.ctx, pc, task, []string{"info.progress", "info.state"}, func(changes []types.PropertyChange) bool {
		ended := false
		for _, change := range changes {
			if p, is := change.Val.(int32); is && p > 0 {
				seen = append(seen, p)
			}
			if change.Name == "info.state" {
				ended = change.Val == types.TaskInfoStateSuccess || change.Val == types.TaskInfoStateError
			}
		}
		return ended
	})
	if err != nil {
		w.t.Error(err)
	}
	return seen
}

func TestCancelLeavesTheVirtualMachine(t *testing.T) {
	w := newWorld(t, 1)
	vm := w.vms[0]
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 64 * 1024 })
	task := w.relocate(vm, toHost(w.hosts[1]))
	w.until(func() bool { return w.truth(task).Phase == "precopy" })
	if !w.info(task).Cancelable {
		t.Error("the task is not cancelable")
	}
	if _, err := methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: task}); err != nil {
		t.Fatal(err)
	}
	info := w.finish(task)
	if info.State != types.TaskInfoStateError || faultName(info.Error.Fault) != "RequestCanceled" || !info.Cancelled || info.Cancelable {
		t.Errorf("task ended %s, %+v, cancelled %v", info.State, info.Error, info.Cancelled)
	}
	if got := w.references(vm.Self, "runtime.host"); got[0] != w.hosts[0] {
		t.Errorf("it has moved to %v", got)
	}
	_, err := methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: task})
	if callFault(err) != "InvalidState" {
		t.Errorf("a second cancel gives %s", callFault(err))
	}
	if got := w.truth(task); got.Phase != "cancelled" || got.Fault != "RequestCanceled" {
		t.Errorf("truth: %+v", got)
	}
}

func TestSecondRelocationIsInProgress(t *testing.T) {
	w := newWorld(t, 1)
	vm := w.vms[0]
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 64 * 1024 })
	first := w.relocate(vm, toHost(w.hosts[1]))
	second := w.finish(w.relocate(vm, toHost(w.hosts[2])))
	fault, is := second.Error.Fault.(*types.TaskInProgress)
	if !is || fault.Task != first {
		t.Errorf("second relocation: %+v", second.Error)
	}
	_, err := methods.PowerOffVM_Task(w.ctx, w.client, &types.PowerOffVM_Task{This: vm.Self})
	if callFault(err) != "TaskInProgress" {
		t.Errorf("power off gives %s", callFault(err))
	}
	_, _ = methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: first})
	w.finish(first)
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 64 })
	w.succeed(w.relocate(vm, toHost(w.hosts[2])))
}

func TestPowerLossOfTheGuestEndsTheMove(t *testing.T) {
	w := newWorld(t, 1)
	vm := w.vms[0]
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 64 * 1024 })
	task := w.relocate(vm, toHost(w.hosts[1]))
	w.until(func() bool { return w.truth(task).Phase == "precopy" })
	if _, err := methods.ShutdownGuest(w.ctx, w.client, &types.ShutdownGuest{This: vm.Self}); err != nil {
		t.Fatal(err)
	}
	if info := w.finish(task); info.Error == nil || faultName(info.Error.Fault) != "InvalidPowerState" {
		t.Errorf("task ended %+v", info.Error)
	}
	if got := w.references(w.hosts[0], "vm"); !hasRef(got, vm.Self) {
		t.Error("it is not on its host any more")
	}
}

func TestNothingToDoSucceedsAtOnce(t *testing.T) {
	w := newWorld(t, 1)
	for _, spec := range []types.VirtualMachineRelocateSpec{{}, toHost(w.hosts[0])} {
		start := time.Now()
		info := w.succeed(w.relocate(w.vms[0], spec))
		if time.Since(start) > time.Second || info.EventChainId != 0 {
			t.Errorf("%+v took %s", spec, time.Since(start))
		}
	}
}

func TestWrongSpecsAreTaskErrors(t *testing.T) {
	w := newWorld(t, 100)
	nowhere := moRef{Type: "HostSystem", Value: "host-4711"}
	noPool := moRef{Type: "ResourcePool", Value: "resgroup-4711"}
	cases := map[string]struct {
		spec types.VirtualMachineRelocateSpec
		want string
	}{
		"unknown host":             {toHost(nowhere), "ManagedObjectNotFound"},
		"unknown pool":             {types.VirtualMachineRelocateSpec{Pool: &noPool}, "ManagedObjectNotFound"},
		"a host as pool":           {types.VirtualMachineRelocateSpec{Pool: &w.hosts[1]}, "ManagedObjectNotFound"},
		"other cluster, no pool":   {toHost(w.others[0]), "InvalidArgument"},
		"unknown disk":             {types.VirtualMachineRelocateSpec{Disk: []types.VirtualMachineRelocateSpecDiskLocator{{DiskId: 1, Datastore: w.vms[0].Datastore[0]}}}, "InvalidArgument"},
		"another vCenter":          {types.VirtualMachineRelocateSpec{Service: &types.ServiceLocator{Credential: &types.ServiceLocatorNamePassword{}}}, "InvalidArgument"},
		"a host folder for folder": {types.VirtualMachineRelocateSpec{Folder: w.host(w.hosts[0]).Parent}, "ManagedObjectNotFound"},
	}
	for name, c := range cases {
		info := w.finish(w.relocate(w.vms[0], c.spec))
		if info.Error == nil || faultName(info.Error.Fault) != c.want {
			t.Errorf("%s: %+v", name, info.Error)
		}
	}
	_, err := methods.RelocateVM_Task(w.ctx, w.client, &types.RelocateVM_Task{This: moRef{Type: "VirtualMachine", Value: "vm-4711"}})
	if callFault(err) != "ManagedObjectNotFound" {
		t.Errorf("unknown machine: %s", callFault(err))
	}
}

func TestOperationIDBecomesActivationID(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	c := w.client.Client
	header := soap.Header{ID: "op-4711"}
	ctx := c.Client.WithHeader(w.ctx, header)
	task := w.relocateAs(ctx, vm.Self, toHost(w.hosts[1]))
	if info := w.succeed(task); info.ActivationId != "op-4711" {
		t.Errorf("activationId is %q", info.ActivationId)
	}
	if got := w.truth(task).OperationID; got != "op-4711" {
		t.Errorf("truth says %q", got)
	}
}
