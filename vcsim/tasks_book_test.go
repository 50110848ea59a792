package main

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator/vpx"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func TestGovmomisTasksAreNamedAsReal(t *testing.T) {
	r := running(t, "-speed", "50")
	client := entered(t, r)
	ctx := called("op-42")
	vm := vmNamed(t, r, "vm-001").Self
	machine := object.NewVirtualMachine(client.Client, vm)
	host := hostNamed(t, r, "esx-002").Self
	for _, c := range []struct {
		name, description, entity string
		do                        func() (*object.Task, error)
	}{
		{"PowerOffVM_Task", "VirtualMachine.powerOff", "vm-001", func() (*object.Task, error) { return machine.PowerOff(ctx) }},
		{"ReconfigVM_Task", "VirtualMachine.reconfigure", "vm-001", func() (*object.Task, error) {
			return machine.Reconfigure(ctx, types.VirtualMachineConfigSpec{Annotation: "x"})
		}},
		{"PowerOnVM_Task", "VirtualMachine.powerOn", "vm-001", func() (*object.Task, error) { return machine.PowerOn(ctx) }},
		{"CreateSnapshot_Task", "VirtualMachine.createSnapshot", "vm-001", func() (*object.Task, error) {
			return machine.CreateSnapshot(ctx, "s", "", false, false)
		}},
		{"RemoveAllSnapshots_Task", "VirtualMachine.removeAllSnapshots", "vm-001", func() (*object.Task, error) { return machine.RemoveAllSnapshot(ctx, nil) }},
		{"DisconnectHost_Task", "HostSystem.disconnect", "esx-002", func() (*object.Task, error) {
			return object.NewHostSystem(client.Client, host).Disconnect(ctx)
		}},
		{"RelocateVM_Task", "VirtualMachine.relocate", "vm-001", func() (*object.Task, error) {
			return machine.Relocate(ctx, types.VirtualMachineRelocateSpec{Host: &host}, "")
		}},
	} {
		task, err := c.do()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		_ = task.Wait(context.Background())
		info := infoOf(t, client, task.Reference())
		if info.Name != c.name || info.DescriptionId != c.description || info.EntityName != c.entity {
			t.Errorf("%s %s of %s, want %s %s of %s", info.Name, info.DescriptionId, info.EntityName, c.name, c.description, c.entity)
		}
		if user := info.Reason.(*types.TaskReasonUser).UserName; user != r.ready.User || info.ActivationId != "op-42" {
			t.Errorf("%s: by %s, activationId %q", c.name, user, info.ActivationId)
		}
	}
}

func TestDescriptionsOfTasksExist(t *testing.T) {
	known := map[string]bool{}
	for _, entry := range vpx.Description.MethodInfo {
		known[entry.GetElementDescription().Key] = true
	}
	for method, id := range descriptionIDs {
		if strings.HasPrefix(id, "*") {
			id = "ClusterComputeResource" + id[1:]
			if strings.HasPrefix(method, "AddDVPortgroup") || strings.HasPrefix(method, "ReconfigureDvs") {
				id = "dvs.VmwareDistributedVirtualSwitch" + descriptionIDs[method][1:]
			}
		}
		if !known[id] && !strings.HasSuffix(id, "checkVmConfig") { // the list was captured before that method came
			t.Errorf("%s: vCenter lists no description %s", method, id)
		}
	}
}

func TestTaskTimesAreSimulated(t *testing.T) {
	r := running(t, "-start", "2031-05-01T12:00:00Z")
	client := entered(t, r)
	info := infoOf(t, client, powered(t, client, vmNamed(t, r, "vm-001").Self, false, ""))
	for _, at := range []*time.Time{&info.QueueTime, info.StartTime, info.CompleteTime} {
		if at == nil || at.Year() != 2031 {
			t.Errorf("a time of the task is %v", at)
		}
	}
}

func TestFailedTaskSaysWhyInWords(t *testing.T) {
	r := running(t)
	client := entered(t, r)
	task, err := object.NewVirtualMachine(client.Client, vmNamed(t, r, "vm-001").Self).PowerOn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_ = task.Wait(context.Background())
	info := infoOf(t, client, task.Reference())
	if info.Error == nil || strings.Contains(info.Error.LocalizedMessage, "types.") || info.Error.LocalizedMessage == "" {
		t.Errorf("error: %+v", info.Error)
	}
}

func TestOnlyMovesAreCancelled(t *testing.T) {
	r := running(t)
	client := entered(t, r)
	done := powered(t, client, vmNamed(t, r, "vm-001").Self, false, "")
	if err := object.NewTask(client.Client, done).Cancel(context.Background()); !fault.Is(err, &types.InvalidState{}) {
		t.Errorf("cancelling an ended task: %v", err)
	}
	book := r.services.tasks
	book.mu.Lock()
	book.byTask[done].info.State = types.TaskInfoStateRunning
	book.mu.Unlock()
	if err := object.NewTask(client.Client, done).Cancel(context.Background()); !fault.Is(err, &types.NotSupported{}) {
		t.Errorf("cancelling a running task that is not cancelable: %v", err)
	}
}

func TestRecentTasksAreForgotten(t *testing.T) {
	r := running(t)
	client := entered(t, r)
	vm := vmNamed(t, r, "vm-001")
	task := powered(t, client, vm.Self, false, "old")
	recent := func() (of []moRef, all []moRef) {
		var machine mo.VirtualMachine
		var manager mo.TaskManager
		pc := property.DefaultCollector(client.Client)
		if err := pc.RetrieveOne(context.Background(), vm.Self, []string{"recentTask"}, &machine); err != nil {
			t.Fatal(err)
		}
		if err := pc.RetrieveOne(context.Background(), *client.ServiceContent.TaskManager, []string{"recentTask"}, &manager); err != nil {
			t.Fatal(err)
		}
		return machine.RecentTask, manager.RecentTask
	}
	if of, all := recent(); !reflect.DeepEqual(of, []moRef{task}) || !reflect.DeepEqual(all, []moRef{task}) {
		t.Fatalf("recent tasks %v and %v, want %v alone", of, all, task)
	}
	book, completed := r.services.tasks, *infoOf(t, client, task).CompleteTime
	book.forget(completed.Add(recentTaskAge-time.Second), time.Now().Add(time.Hour))
	if of, _ := recent(); len(of) != 1 {
		t.Error("forgotten too early")
	}
	book.forget(completed.Add(recentTaskAge+time.Second), time.Now())
	if of, all := recent(); len(of) != 0 || len(all) != 0 {
		t.Errorf("after ten minutes recent tasks are %v and %v", of, all)
	}
	infoOf(t, client, task)
	book.forget(completed.Add(recentTaskAge+time.Second), time.Now().Add(leastTaskLife))
	var gone mo.Task
	err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), task, []string{"info"}, &gone)
	if !fault.Is(err, &types.ManagedObjectNotFound{}) {
		t.Errorf("the task's object: %v", err)
	}
	if got := history(t, client, types.TaskFilterSpec{}); !slices.Equal(got, []string{"old"}) {
		t.Errorf("the history has %v", got)
	}
}

func TestRecentTasksAgeInSimulatedTime(t *testing.T) {
	r := running(t, "-speed", "6000") // ten minutes in a tenth of a second
	client := entered(t, r)
	vm := vmNamed(t, r, "vm-001")
	powered(t, client, vm.Self, false, "")
	waitUntil(t, func() bool {
		var machine mo.VirtualMachine
		err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), vm.Self, []string{"recentTask"}, &machine)
		return err == nil && len(machine.RecentTask) == 0
	})
}
