package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
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
