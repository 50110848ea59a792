package main

import (
	"reflect"
	"sync"
	"time"
	"unsafe"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// taskGuard sees each task before it begins and lets it end with a fault where it would stop the process.
type taskGuard struct {
	mo.Folder // never shown to a client: it only gives the guard a reference
}

// PutObject wraps what a task does.
func (*taskGuard) PutObject(_ *simulator.Context, object mo.Reference) {
	task, is := object.(*simulator.Task)
	if !is || task.Execute == nil {
		return
	}
	execute := task.Execute
	task.Execute = func(t *simulator.Task) (types.AnyType, types.BaseMethodFault) { return surviving(t, execute) }
}

// surviving runs what a task does and ends it with a fault where it panics.
func surviving(t *simulator.Task, execute func(*simulator.Task) (types.AnyType, types.BaseMethodFault)) (result types.AnyType, fault types.BaseMethodFault) {
	defer func() {
		problem := recover()
		if problem == nil {
			return
		}
		noteProblem("task "+t.Info.Name, problem)
		result, fault = nil, brokenCall(problem)
		ctx := (*simulator.Context)(hidden(t, "ctx"))
		go releaseLocks(ctx, nil, t)
	}()
	return execute(t)
}

func (*taskGuard) UpdateObject(*simulator.Context, mo.Reference, []types.PropertyChange) {}
func (*taskGuard) RemoveObject(*simulator.Context, types.ManagedObjectReference)         {}

// patience is how long a lock may be on its way to be released by its owner.
const patience = 5 * time.Second

// releaseLocks frees what a call that panicked has locked, once the call and the tasks it began are over: they still give their own
// locks back.
func releaseLocks(ctx *simulator.Context, about *request, tasks ...*simulator.Task) {
	if ctx == nil {
		return
	}
	if about == nil {
		about = requestOf(ctx)
	}
	if about != nil {
		select {
		case <-about.done:
		case <-time.After(patience):
		}
	}
	for _, task := range append(tasks, tasksOf(ctx)...) {
		awaitEnd(ctx, task)
	}
	for _, lock := range locksOf(ctx) {
		lock.free(ctx)
	}
}

// tasksOf are the tasks a call has begun.
func tasksOf(ctx *simulator.Context) []*simulator.Task {
	var tasks []*simulator.Task
	for _, object := range ctx.Map.AllReference("Task") {
		if task, is := object.(*simulator.Task); is && task.Execute != nil && ofOneCall((*simulator.Context)(hidden(task, "ctx")), ctx) {
			tasks = append(tasks, task)
		}
	}
	return tasks
}

// ofOneCall is true for a call's context and those govmomi makes on its behalf: they have its session and no request.
func ofOneCall(one, ctx *simulator.Context) bool {
	return one == ctx || one != nil && one.Session != nil && one.Session == ctx.Session && hidden(one, "req") == nil
}

// awaitEnd waits until a task has written down its end and let go of itself.
func awaitEnd(ctx *simulator.Context, task *simulator.Task) {
	other := &simulator.Context{Map: ctx.Map}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for over := false; !over; time.Sleep(5 * time.Millisecond) {
			ctx.Map.WithLock(other, task.Self, func() { over = task.Info.CompleteTime != nil })
		}
	}()
	select {
	case <-ended:
	case <-time.After(patience):
	}
}

// heldLock is one of a registry's locks. govmomi has no way to release the lock of a call that is no more, hence the reflection.
type heldLock struct{ lock reflect.Value }

// locksOf are the locks of the registry that a context holds.
func locksOf(ctx *simulator.Context) []heldLock {
	registry := reflect.ValueOf(ctx.Map).Elem()
	all := make([]heldLock, 0)
	withMutex(registry.FieldByName("m"), func() {
		for _, lock := range registry.FieldByName("locks").Seq2() {
			all = append(all, heldLock{lock})
		}
	})
	held := all[:0]
	for _, lock := range all {
		if lock.heldFor(ctx) != nil {
			held = append(held, lock)
		}
	}
	return held
}

func (l heldLock) field(name string) reflect.Value {
	return l.lock.Elem().FieldByName(name)
}

// heldFor is the context that holds the lock if it belongs to the call, else nil.
func (l heldLock) heldFor(ctx *simulator.Context) (owner *simulator.Context) {
	withMutex(l.field("stateLock"), func() { owner = l.owner() })
	if !ofOneCall(owner, ctx) {
		return nil
	}
	return owner
}

// owner is who holds the lock; the caller has its mutex.
func (l heldLock) owner() *simulator.Context {
	owner := *(*any)(unsafe.Pointer(l.field("heldBy").UnsafeAddr()))
	ctx, _ := owner.(*simulator.Context)
	return ctx
}

// free releases the lock as often as the call has taken it.
func (l heldLock) free(ctx *simulator.Context) {
	release := reflect.NewAt(l.lock.Type().Elem(), l.lock.UnsafePointer()).MethodByName("Release")
	for owner := l.heldFor(ctx); owner != nil; owner = l.heldFor(ctx) {
		release.Call([]reflect.Value{reflect.ValueOf(owner)})
	}
}

// withMutex holds a mutex that is a field of one of govmomi's structs.
func withMutex(field reflect.Value, f func()) {
	mutex := (*sync.Mutex)(unsafe.Pointer(field.UnsafeAddr()))
	mutex.Lock()
	defer mutex.Unlock()
	f()
}
