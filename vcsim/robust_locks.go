package main

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// govmomi locks the object of a call for as long as the call lasts, and within it other objects in the order the method comes to
// them, so that two calls may wait for each other for ever: one destroys a pool and wants its machines, one destroys a machine and
// wants its pool. The pairs that usual clients meet are taken apart (see alarms.go). For the others, waiting has an end: a call or a
// task that has waited lockPatience for a lock gives up with a SystemError, and its own locks are released. What the engine does by
// itself holds one object at a time and goes on waiting.

// lockPatience is how long a call waits for an object; each is locked for milliseconds unless calls wait for each other.
const lockPatience = 10 * time.Second

// patientLock is a mutex whose waiters may give up. The channel holds a token while it is locked.
type patientLock struct {
	held     chan struct{}
	patience time.Duration
}

func newPatientLock(patience time.Duration) *patientLock {
	return &patientLock{held: make(chan struct{}, 1), patience: patience}
}

// Lock waits for the lock; it panics with a lockTimeout where a call has waited too long.
func (l *patientLock) Lock() {
	select {
	case l.held <- struct{}{}:
		return
	default:
	}
	timer := time.NewTimer(l.patience)
	defer timer.Stop()
	for {
		select {
		case l.held <- struct{}{}:
			return
		case <-timer.C:
			if mayGiveUp() {
				panic(lockTimeout(l.patience))
			}
			timer.Reset(l.patience)
		}
	}
}

// Unlock lets the next one in.
func (l *patientLock) Unlock() { <-l.held }

// lockTimeout is what a call ends with that has waited in vain.
type lockTimeout time.Duration

func (t lockTimeout) String() string {
	return fmt.Sprintf("an object has been locked by another call for %s", time.Duration(t))
}

// catchers are the functions that turn a panic into a fault and release the locks of the call.
var catchers = []string{"(*guard).ServeHTTP", ".surviving"}

// mayGiveUp is true for a goroutine that serves a request or runs a task of govmomi's.
func mayGiveUp() bool {
	callers := make([]uintptr, 200)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for {
		frame, more := frames.Next()
		for _, catcher := range catchers {
			if strings.HasSuffix(frame.Function, catcher) {
				return true
			}
		}
		if !more {
			return false
		}
	}
}

// lockSetter gives each object a patient lock as it is put into a registry, before anybody can have locked it.
type lockSetter struct {
	mo.Folder // never shown to a client: it only gives the setter a reference

	registry *simulator.Registry // the one that locks; a session's objects are locked by the registry of all
}

// setLocks gives patient locks to all objects there are and to all to come. Nothing else may use the registry yet.
func setLocks(registry *simulator.Registry) {
	s := &lockSetter{registry: registry}
	s.Self = types.ManagedObjectReference{Type: "LockSetter", Value: "LockSetter"}
	for _, object := range registry.AllReference("") {
		s.set(object.Reference(), true)
	}
	registry.AddHandler(s)
}

// setSessionLocks does the same for what a session makes for itself: collectors, filters, views.
func setSessionLocks(ctx *simulator.Context) {
	if ctx.Session == nil || ctx.Session.Registry == nil || ctx.Map == nil {
		return
	}
	s := &lockSetter{registry: ctx.Map}
	s.Self = types.ManagedObjectReference{Type: "LockSetter", Value: "LockSetter"}
	ctx.Session.AddHandler(s)
}

// PutObject prepares the lock of a new object.
func (s *lockSetter) PutObject(_ *simulator.Context, object mo.Reference) {
	s.set(object.Reference(), false)
}

func (*lockSetter) UpdateObject(*simulator.Context, mo.Reference, []types.PropertyChange) {}
func (*lockSetter) RemoveObject(*simulator.Context, types.ManagedObjectReference)         {}

// set makes the lock of an object, unless it has one that is not to be replaced. govmomi has no way in, hence the reflection.
func (s *lockSetter) set(ref moRef, replace bool) {
	registry := reflect.ValueOf(s.registry).Elem()
	withMutex(registry.FieldByName("m"), func() {
		locks := writable(registry.FieldByName("locks"))
		if !replace && locks.MapIndex(reflect.ValueOf(ref)).IsValid() {
			return
		}
		lock := reflect.New(locks.Type().Elem().Elem())
		writable(lock.Elem().FieldByName("lock")).Set(reflect.ValueOf(newPatientLock(lockPatience)))
		locks.SetMapIndex(reflect.ValueOf(ref), lock)
	})
}

// writable is a field of one of govmomi's structs that only govmomi may set.
func writable(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}
