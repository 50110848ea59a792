package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// A call that waits for what is never unlocked ends with a fault, in bounded time; afterwards the simulator is as before.
func TestACallDoesNotWaitForALockForEver(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "1")
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	registry := r.model.Map()
	vm := registry.Any("VirtualMachine").(*simulator.VirtualMachine)
	setter := &lockSetter{registry: registry}
	setter.set(vm.Self, true)
	patience := lockOf(t, registry, vm.Self)
	patience.patience = 50 * time.Millisecond
	unlock := registry.AcquireLock(&simulator.Context{Map: registry}, vm)
	ctx, cancel := context.WithTimeout(context.Background(), fuzzPatience)
	defer cancel()
	mount := &types.RefreshStorageInfo{This: vm.Self}
	if _, err := methods.RefreshStorageInfo(ctx, client, mount); err == nil || callFault(err) != "SystemError" {
		t.Errorf("a call on a locked machine: %v", err)
	}
	unlock()
	if _, err := methods.RefreshStorageInfo(ctx, client, mount); err != nil {
		t.Errorf("once it is unlocked: %v", err)
	}
}

// lockOf is the patient lock of an object.
func lockOf(t *testing.T, registry *simulator.Registry, r moRef) *patientLock {
	t.Helper()
	var found *patientLock
	ctx := &simulator.Context{Map: registry}
	unlock := registry.AcquireLock(ctx, r)
	for _, lock := range locksOf(ctx) {
		found, _ = writable(lock.field("lock")).Interface().(*patientLock)
	}
	unlock()
	if found == nil {
		t.Fatalf("%s has a lock of another kind", r.Value)
	}
	return found
}

func TestObjectsOfASessionHavePatientLocksToo(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "1")
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	request := &types.CreateCollectorForEvents{This: *client.ServiceContent.EventManager}
	made, err := methods.CreateCollectorForEvents(context.Background(), client, request)
	if err != nil {
		t.Fatal(err)
	}
	lockOf(t, r.model.Map(), made.Returnval)
	lockOf(t, r.model.Map(), r.model.Map().Any("HostSystem").Reference())
}

// What the engine does by itself goes on waiting: nobody would catch it.
func TestOnlyCallsAndTasksGiveUp(t *testing.T) {
	if mayGiveUp() {
		t.Error("a test's goroutine may give up")
	}
	var inCall, inTask bool
	g := &guard{next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inCall = mayGiveUp() })}
	g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	_, _ = surviving(&simulator.Task{}, func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		inTask = mayGiveUp()
		return nil, nil
	})
	if !inCall || !inTask {
		t.Errorf("a call may give up: %v, a task: %v", inCall, inTask)
	}
}
