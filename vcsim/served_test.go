package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// served is a simulator of a scenario that runs at great speed, with a client.
type served struct {
	t      *testing.T
	ctx    context.Context
	run    *runningSimulator
	client *govmomi.Client
}

func serveScenario(t *testing.T, scenario string, args ...string) *served {
	t.Helper()
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	return serveFlags(t, append([]string{"-scenario", path}, args...)...)
}

func serveFlags(t *testing.T, args ...string) *served {
	t.Helper()
	r := running(t, append([]string{"-speed", "1000"}, args...)...)
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	return &served{t: t, ctx: context.Background(), run: r, client: client}
}

// find is the object of a kind by its name.
func (s *served) find(kind, name string) moRef {
	s.t.Helper()
	if r := s.lookFor(kind, name); r != (moRef{}) {
		return r
	}
	s.t.Fatalf("there is no %s %s", kind, name)
	return moRef{}
}

func (s *served) lookFor(kind, name string) moRef {
	ctx := &simulator.Context{Map: s.run.model.Map()}
	for _, each := range ctx.Map.All(kind) {
		if r := each.Reference(); r.Type == kind && (entityNameOf(ctx, r) == name || networkName(ctx, r) == name) {
			return r
		}
	}
	return moRef{}
}

func (s *served) relocate(vm moRef, spec types.VirtualMachineRelocateSpec) moRef {
	s.t.Helper()
	res, err := methods.RelocateVM_Task(s.ctx, s.client, &types.RelocateVM_Task{This: vm, Spec: spec})
	if err != nil {
		s.t.Fatal(err)
	}
	return res.Returnval
}

// finish waits for a task's end and reads it.
func (s *served) finish(task moRef) types.TaskInfo {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, worldPatience)
	defer cancel()
	_, _ = object.NewTask(s.client.Client, task).WaitForResult(ctx)
	var t mo.Task
	if err := property.DefaultCollector(s.client.Client).RetrieveOne(s.ctx, task, []string{"info"}, &t); err != nil {
		s.t.Fatal(err)
	}
	if t.Info.CompleteTime == nil {
		s.t.Fatalf("task %s has not ended", task.Value)
	}
	return t.Info
}

func (s *served) succeed(task moRef) types.TaskInfo {
	s.t.Helper()
	info := s.finish(task)
	if info.Error != nil {
		s.t.Fatalf("task %s: %T %s", task.Value, info.Error.Fault, info.Error.LocalizedMessage)
	}
	return info
}

// fail is the class of the fault a task has ended with; empty for success.
func (s *served) fail(task moRef) string {
	s.t.Helper()
	info := s.finish(task)
	if info.Error == nil {
		return ""
	}
	return faultName(info.Error.Fault)
}

// check is what CheckRelocate_Task says of the same: its task's fault, else its first error.
func (s *served) check(vm moRef, spec types.VirtualMachineRelocateSpec) string {
	s.t.Helper()
	res, err := methods.CheckRelocate_Task(s.ctx, s.client, &types.CheckRelocate_Task{This: *s.client.ServiceContent.VmProvisioningChecker, Vm: vm, Spec: spec})
	if err != nil {
		s.t.Fatal(soap.ToSoapFault(err).String)
	}
	info := s.finish(res.Returnval)
	if info.Error != nil {
		return faultName(info.Error.Fault)
	}
	for _, result := range info.Result.(types.ArrayOfCheckResult).CheckResult {
		for _, fault := range result.Error {
			return faultName(fault.Fault)
		}
	}
	return ""
}

func (s *served) references(r moRef, name string) []moRef {
	w := &world{t: s.t, ctx: s.ctx, client: s.client}
	return w.references(r, name)
}

func (s *served) until(what func() bool) {
	s.t.Helper()
	for end := time.Now().Add(worldPatience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if what() {
			return
		}
	}
	s.t.Fatal("it did not come about")
}
