package main

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	// recentTaskAge is how long after its end a task is a recent one; then its object is gone too, and the history has what it was.
	recentTaskAge = 10 * time.Minute
	// forgetTick is how often the book looks for tasks to forget.
	forgetTick = 200 * time.Millisecond
	// leastTaskLife is the real time a task's object lives on after its end at least: at a high -speed ten minutes are no time.
	leastTaskLife = 10 * time.Second
	// maxTaskHistory bounds the history; the oldest tasks go first.
	maxTaskHistory = 100_000
)

// taskBook keeps what vCenter keeps of tasks: the history behind the collectors and, of the tasks govmomi makes, who called for
// them, under which operationID and by which method, in simulated time. The engine's own tasks have all that already.
//
// Locks: mu is a leaf; a task's lock may be held when it is taken.
type taskBook struct {
	mo.DiagnosticManager // govmomi wants a managed object's type first

	service  *simulator.Service
	registry *simulator.Registry
	clock    clock
	done     chan struct{}

	mu         sync.Mutex
	records    []*taskRecord // in the order they were queued
	byTask     map[moRef]*taskRecord
	ended      []*taskRecord // recent ones, in the order of their ends
	fading     []*taskRecord // no longer recent, their objects still there
	collectors map[moRef]*taskCollector
	next       int64
}

// taskRecord is one task. The copy of its info is as of the last change.
type taskRecord struct {
	number  int64
	info    types.TaskInfo
	foreign bool      // one of govmomi's
	odd     bool      // about something that is no managed entity
	endedAt time.Time // real
}

var taskBookRef = types.ManagedObjectReference{Type: "TaskBook", Value: "TaskBook"}

// Lock and Unlock opt out of the lock govmomi holds during a call.
func (*taskBook) Lock()   {}
func (*taskBook) Unlock() {}

// registerTasks opens the book, before anybody can call. What building the inventory has left in lists of tasks is cleared away.
func registerTasks(service *simulator.Service, registry *simulator.Registry, clock clock) *taskBook {
	b := &taskBook{
		service: service, registry: registry, clock: clock, done: make(chan struct{}),
		byTask: map[moRef]*taskRecord{}, collectors: map[moRef]*taskCollector{},
	}
	b.Self = taskBookRef
	b.clearBuildersTasks()
	registry.Put(b)
	registry.AddHandler(b)
	next := registry.Handler
	registry.Handler = func(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		noteMethod(ctx, method)
		if next != nil {
			if object, fault := next(ctx, method); object != nil || fault != nil {
				return object, fault
			}
		}
		return nil, b.redirect(ctx, method)
	}
	return b
}

func (b *taskBook) stop() { close(b.done) }

func (b *taskBook) clearBuildersTasks() {
	ctx := b.service.Context
	for _, task := range b.registry.AllReference("Task") {
		b.registry.Remove(ctx, task.Reference())
	}
	b.manager().RecentTask = nil
	for _, entity := range b.registry.All("") {
		entity.Entity().RecentTask = nil
	}
}

// manager is the task manager govmomi has.
func (b *taskBook) manager() *simulator.TaskManager {
	return b.registry.Get(*b.content().TaskManager).(*simulator.TaskManager)
}

func (b *taskBook) content() types.ServiceContent {
	return b.registry.Get(serviceInstance).(*simulator.ServiceInstance).Content
}

// redirect takes over the making of collectors, and refuses to cancel what cannot be cancelled.
func (b *taskBook) redirect(ctx *simulator.Context, method *simulator.Method) types.BaseMethodFault {
	if ctx.Session == nil {
		return nil
	}
	switch {
	case method.Name == "CreateCollectorForTasks" && method.This.Type == "TaskManager":
		method.This = taskBookRef
	case method.Name == "CancelTask" && method.This.Type == "Task":
		return b.refuseCancel(method.This)
	}
	return nil
}

// refuseCancel judges the cancelling of a task; those the engine can cancel have gone another way already.
func (b *taskBook) refuseCancel(task moRef) types.BaseMethodFault {
	b.mu.Lock()
	defer b.mu.Unlock()
	record := b.byTask[task]
	if record == nil || hasEnded(&record.info) || record.info.Cancelable {
		return nil
	}
	return &types.NotSupported{}
}

func hasEnded(info *types.TaskInfo) bool {
	return info.State == types.TaskInfoStateSuccess || info.State == types.TaskInfoStateError
}

// PutObject enters a new task.
func (b *taskBook) PutObject(ctx *simulator.Context, object mo.Reference) {
	task, is := object.(*simulator.Task)
	if !is {
		return
	}
	caller := callerOf(task)
	if caller != nil {
		ctx = caller
	}
	ctx.WithLock(task, func() {
		if caller != nil {
			b.complete(caller, &task.Info)
		}
		b.enter(&task.Info, caller != nil)
	})
	b.notify()
}

// complete fills in what govmomi leaves out of the tasks it makes.
func (b *taskBook) complete(caller *simulator.Context, info *types.TaskInfo) {
	if kind := taskKindOf(caller, info.Name, deref(info.Entity)); kind.name != "" {
		info.Name, info.DescriptionId = kind.name, kind.descriptionID
	}
	if name := entityNameOf(caller, deref(info.Entity)); name != "" {
		info.EntityName = name
	}
	if user := userOf(caller); user != "" {
		info.Reason = &types.TaskReasonUser{UserName: user}
	}
	info.ActivationId = operationIDFrom(caller)
	info.QueueTime = b.clock.now()
}

func (b *taskBook) enter(info *types.TaskInfo, foreign bool) {
	_, plain := b.registry.Get(deref(info.Entity)).(mo.Entity)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	record := &taskRecord{number: b.next, info: *info, foreign: foreign, odd: !plain}
	b.records = append(b.records, record)
	b.byTask[info.Task] = record
	if len(b.records) > maxTaskHistory {
		b.records = append([]*taskRecord(nil), b.records[maxTaskHistory/10:]...)
	}
}

// UpdateObject follows a task. It is called with the task's lock held, after the change and before anybody else sees it. A task about
// something that is no managed entity, such as the file manager, ends as one about the root folder: clients cannot decode any other
// type. While it runs govmomi needs the original, to lock it.
func (b *taskBook) UpdateObject(_ *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	task, is := object.(*mo.Task)
	if !is {
		return
	}
	b.mu.Lock()
	record := b.byTask[task.Self]
	if record == nil {
		b.mu.Unlock()
		return
	}
	if record.foreign {
		b.restamp(task, changes)
		if record.odd && hasEnded(&task.Info) {
			root := b.content().RootFolder
			task.Info.Entity = &root
		}
	}
	before := record.info.State
	record.info = task.Info
	if hasEnded(&record.info) && record.endedAt.IsZero() {
		record.endedAt = time.Now()
		b.ended = append(b.ended, record)
	}
	b.mu.Unlock()
	if before != task.Info.State {
		b.notify()
	}
}

// restamp puts simulated times in the place of govmomi's real ones, and a text that people read in the place of a Go type's name.
func (b *taskBook) restamp(task *mo.Task, changes []types.PropertyChange) {
	now := b.clock.now()
	for i := range changes {
		switch changes[i].Name {
		case "info.startTime":
			task.Info.StartTime = &now
		case "info.completeTime":
			task.Info.CompleteTime = &now
		case "info.error":
			if task.Info.Error != nil && task.Info.Error.Fault != nil {
				task.Info.Error = localized(task.Info.Error.Fault)
			}
		}
	}
}

// RemoveObject lets go of a task whose object vanishes; the history keeps it.
func (b *taskBook) RemoveObject(_ *simulator.Context, ref moRef) {
	if ref.Type != "Task" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byTask, ref)
}

// notify makes those who watch a collector's latestPage read it again.
func (b *taskBook) notify() {
	b.mu.Lock()
	refs := make([]moRef, 0, len(b.collectors))
	for ref := range b.collectors {
		refs = append(refs, ref)
	}
	b.mu.Unlock()
	for _, ref := range refs {
		messenger := &mo.TaskHistoryCollector{}
		messenger.Self = ref
		ctx := &simulator.Context{Map: b.registry}
		b.registry.Update(ctx, messenger, []types.PropertyChange{{Name: "latestPage"}})
	}
}
