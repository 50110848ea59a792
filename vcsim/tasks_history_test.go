package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator/vpx"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// called is a context whose calls have an operationID.
func called(id string) context.Context {
	return context.WithValue(context.Background(), types.ID{}, id)
}

// infoOf reads a task.
func infoOf(t *testing.T, client *govmomi.Client, ref moRef) types.TaskInfo {
	t.Helper()
	var task mo.Task
	if err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), ref, []string{"info"}, &task); err != nil {
		t.Fatal(err)
	}
	return task.Info
}

// powered makes a VM go off or on and gives the task, ended.
func powered(t *testing.T, client *govmomi.Client, vm moRef, on bool, id string) moRef {
	t.Helper()
	machine := object.NewVirtualMachine(client.Client, vm)
	do := machine.PowerOff
	if on {
		do = machine.PowerOn
	}
	task, err := do(called(id))
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	return task.Reference()
}

// relocated moves a VM to a host and gives the task, ended.
func relocated(t *testing.T, client *govmomi.Client, vm, host moRef, id string) moRef {
	t.Helper()
	task, err := object.NewVirtualMachine(client.Client, vm).Relocate(called(id), types.VirtualMachineRelocateSpec{Host: &host}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	return task.Reference()
}

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

// history reads a collector through, in pages of two.
func history(t *testing.T, client *govmomi.Client, filter types.TaskFilterSpec) []string {
	t.Helper()
	ctx := context.Background()
	made, err := methods.CreateCollectorForTasks(ctx, client.Client, &types.CreateCollectorForTasks{This: *client.ServiceContent.TaskManager, Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := methods.DestroyCollector(ctx, client.Client, &types.DestroyCollector{This: made.Returnval}); err != nil {
			t.Fatal(err)
		}
	}()
	ids := []string{}
	for {
		page, err := methods.ReadNextTasks(ctx, client.Client, &types.ReadNextTasks{This: made.Returnval, MaxCount: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Returnval) == 0 {
			return ids
		}
		for _, info := range page.Returnval {
			ids = append(ids, info.ActivationId)
		}
	}
}

func TestHistoryFilters(t *testing.T) {
	r := running(t, "-speed", "100", "-hosts", "4", "-clusters", "2")
	client := entered(t, r)
	one, two := vmNamed(t, r, "vm-001").Self, vmNamed(t, r, "vm-002").Self
	host1, host2 := hostNamed(t, r, "esx-001"), hostNamed(t, r, "esx-002")
	powered(t, client, two, false, "a")
	relocated(t, client, one, host2.Self, "b")
	second := infoOf(t, client, powered(t, client, two, true, "c"))
	task, err := object.NewVirtualMachine(client.Client, two).PowerOn(called("d"))
	if err != nil {
		t.Fatal(err)
	}
	if task.Wait(context.Background()) == nil {
		t.Fatal("powering on twice succeeds")
	}
	entity := func(ref moRef, how types.TaskFilterSpecRecursionOption) *types.TaskFilterSpecByEntity {
		return &types.TaskFilterSpecByEntity{Entity: ref, Recursion: how}
	}
	between := func(kind types.TaskFilterSpecTimeOption, from, to *time.Time) *types.TaskFilterSpecByTime {
		return &types.TaskFilterSpecByTime{TimeType: kind, BeginTime: from, EndTime: to}
	}
	by := func(system bool, users ...string) *types.TaskFilterSpecByUsername {
		return &types.TaskFilterSpecByUsername{SystemUser: system, UserList: users}
	}
	justBefore := second.QueueTime.Add(-time.Microsecond)
	for name, c := range map[string]struct {
		filter types.TaskFilterSpec
		want   string
	}{
		"all":                {types.TaskFilterSpec{}, "abcd"},
		"self":               {types.TaskFilterSpec{Entity: entity(two, "self")}, "acd"},
		"children of itself": {types.TaskFilterSpec{Entity: entity(two, "children")}, ""},
		"below a host":       {types.TaskFilterSpec{Entity: entity(host2.Self, "children")}, "abcd"},
		"below a left host":  {types.TaskFilterSpec{Entity: entity(host1.Self, "all")}, ""},
		"below a cluster":    {types.TaskFilterSpec{Entity: entity(*host2.Parent, "all")}, "abcd"},
		"below all":          {types.TaskFilterSpec{Entity: entity(client.ServiceContent.RootFolder, "children")}, "abcd"},
		"failed":             {types.TaskFilterSpec{State: []types.TaskInfoState{"error"}}, "d"},
		"either":             {types.TaskFilterSpec{State: []types.TaskInfoState{"error", "success"}}, "abcd"},
		"queued from":        {types.TaskFilterSpec{Time: between("queuedTime", &second.QueueTime, nil)}, "cd"},
		"queued until":       {types.TaskFilterSpec{Time: between("queuedTime", nil, &justBefore)}, "ab"},
		"started from":       {types.TaskFilterSpec{Time: between("startedTime", second.StartTime, nil)}, "cd"},
		"completed until":    {types.TaskFilterSpec{Time: between("completedTime", nil, second.CompleteTime)}, "abc"},
		"by me":              {types.TaskFilterSpec{UserName: by(false, `VSPHERE.LOCAL\Administrator`)}, "abcd"},
		"by another":         {types.TaskFilterSpec{UserName: by(false, "nobody")}, ""},
		"by the system":      {types.TaskFilterSpec{UserName: by(true)}, ""},
		"by operation":       {types.TaskFilterSpec{ActivationId: []string{"b", "x"}}, "b"},
		"two conditions":     {types.TaskFilterSpec{Entity: entity(two, "self"), State: []types.TaskInfoState{"success"}}, "ac"},
	} {
		if got := strings.Join(history(t, client, c.filter), ""); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestHistoryIsReadBothWays(t *testing.T) {
	r := running(t)
	client := entered(t, r)
	ctx := context.Background()
	vm := vmNamed(t, r, "vm-001").Self
	for i := range 4 {
		powered(t, client, vm, i%2 == 1, fmt.Sprint(i))
	}
	made, err := methods.CreateCollectorForTasks(ctx, client.Client, &types.CreateCollectorForTasks{This: *client.ServiceContent.TaskManager})
	if err != nil {
		t.Fatal(err)
	}
	c := made.Returnval
	ids := func(infos []types.TaskInfo) (text string) {
		for _, info := range infos {
			text += info.ActivationId
		}
		return text
	}
	next := func(count int32) string {
		page, err := methods.ReadNextTasks(ctx, client.Client, &types.ReadNextTasks{This: c, MaxCount: count})
		if err != nil {
			t.Fatal(err)
		}
		return ids(page.Returnval)
	}
	previous := func(count int32) string {
		page, err := methods.ReadPreviousTasks(ctx, client.Client, &types.ReadPreviousTasks{This: c, MaxCount: count})
		if err != nil {
			t.Fatal(err)
		}
		return ids(page.Returnval)
	}
	reset := func() string {
		if _, err := methods.ResetCollector(ctx, client.Client, &types.ResetCollector{This: c}); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	rewind := func() string {
		if _, err := methods.RewindCollector(ctx, client.Client, &types.RewindCollector{This: c}); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	got := []string{previous(9), next(2), next(9), next(9), reset(), previous(3), previous(9), rewind(), next(1), previous(9)}
	want := []string{"", "01", "23", "", "", "321", "0", "", "0", "0"}
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	if _, err := methods.SetCollectorPageSize(ctx, client.Client, &types.SetCollectorPageSize{This: c, MaxCount: 2}); err != nil {
		t.Fatal(err)
	}
	var shown mo.TaskHistoryCollector
	if err := property.DefaultCollector(client.Client).RetrieveOne(ctx, c, []string{"latestPage"}, &shown); err != nil {
		t.Fatal(err)
	}
	if got := ids(shown.LatestPage); got != "32" {
		t.Errorf("latestPage %q", got)
	}
	for _, count := range []int32{0, -1, 1001} {
		if _, err := methods.ReadNextTasks(ctx, client.Client, &types.ReadNextTasks{This: c, MaxCount: count}); !fault.Is(err, &types.InvalidArgument{}) {
			t.Errorf("maxCount %d: %v", count, err)
		}
	}
}

func TestCollectorsAreCountedBySession(t *testing.T) {
	r := running(t)
	client, other := entered(t, r), entered(t, r)
	create := func(c *govmomi.Client) error {
		_, err := methods.CreateCollectorForTasks(context.Background(), c.Client, &types.CreateCollectorForTasks{This: *c.ServiceContent.TaskManager})
		return err
	}
	for i := range maxTaskCollectors {
		if err := create(client); err != nil {
			t.Fatalf("collector %d: %v", i+1, err)
		}
	}
	if err := create(client); !fault.Is(err, &types.InvalidState{}) {
		t.Errorf("one too many: %v", err)
	}
	if err := create(other); err != nil {
		t.Errorf("another session: %v", err)
	}
	if err := client.Logout(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left := len(r.services.tasks.collectors); left != 1 {
		t.Errorf("%d collectors are left after the logout", left)
	}
}

func TestLatestPageIsNotified(t *testing.T) {
	r := running(t)
	client := entered(t, r)
	ctx := context.Background()
	made, err := methods.CreateCollectorForTasks(ctx, client.Client, &types.CreateCollectorForTasks{This: *client.ServiceContent.TaskManager})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan string, 16)
	go func() {
		_ = property.Wait(ctx, property.DefaultCollector(client.Client), made.Returnval, []string{"latestPage"}, func(changes []types.PropertyChange) bool {
			for _, change := range changes {
				if page, is := change.Val.(types.ArrayOfTaskInfo); is && len(page.TaskInfo) > 0 {
					seen <- string(page.TaskInfo[0].State)
					return page.TaskInfo[0].State == types.TaskInfoStateSuccess
				}
			}
			return false
		})
		close(seen)
	}()
	second := entered(t, r)
	powered(t, second, vmNamed(t, r, "vm-001").Self, false, "")
	var last string
	for state := range seen {
		last = state
	}
	if last != "success" {
		t.Errorf("the page was last seen with a task in state %q", last)
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
