package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// taskKind names a task the way vCenter does: the method, so that a client's TaskInfo.name is that method's, and the description's ID.
type taskKind struct {
	name          string
	descriptionID string
}

var (
	relocateTask      = taskKind{"RelocateVM_Task", "VirtualMachine.relocate"}
	migrateTask       = taskKind{"MigrateVM_Task", "VirtualMachine.migrate"}
	checkRelocateTask = taskKind{"CheckRelocate_Task", "vm.check.ProvisioningChecker.checkRelocate"}
	checkMigrateTask  = taskKind{"CheckMigrate_Task", "vm.check.ProvisioningChecker.checkMigrate"}
)

// operationIDFrom is the operationID of the call's SOAP header; empty if the client sent none.
func operationIDFrom(ctx *simulator.Context) string {
	return ctx.Header.ID
}

// workerContext is a copy of a call's context for a goroutine: locks are held on behalf of a context's address.
func workerContext(ctx *simulator.Context) *simulator.Context {
	c := *ctx
	return &c
}

// putTask puts a queued task on a virtual machine, whose reference is chosen already, into the registry.
func (e *engine) putTask(ctx *simulator.Context, task *simulator.Task, kind taskKind, vm *simulator.VirtualMachine, now time.Time) {
	entity := vm.Self
	task.Info = types.TaskInfo{
		Key: task.Self.Value, Task: task.Self, Name: kind.name, DescriptionId: kind.descriptionID,
		Entity: &entity, State: types.TaskInfoStateQueued, QueueTime: now,
		Reason: &types.TaskReasonUser{UserName: userOf(ctx)}, ActivationId: operationIDFrom(ctx),
	}
	// Put appends to the entity's recentTask, which therefore has to be locked.
	ctx.WithLock(vm, func() {
		task.Info.EntityName = vm.Name
		ctx.Map.Put(task)
	})
}

// newReference is a new reference of the given type. The registry gives numbers out to entities alone, whatever their type is called.
func (e *engine) newReference(kind string) types.ManagedObjectReference {
	carrier := &simulator.Folder{}
	carrier.Self.Type = kind
	return e.registry.NewEntity(carrier).Reference()
}

func userOf(ctx *simulator.Context) string {
	if ctx.Session == nil {
		return ""
	}
	return ctx.Session.UserName
}

// updateTask changes leaf properties of a task that has not ended yet.
func updateTask(ctx *simulator.Context, task *simulator.Task, changes ...types.PropertyChange) {
	ctx.WithLock(task, func() {
		switch task.Info.State {
		case types.TaskInfoStateSuccess, types.TaskInfoStateError:
			return
		}
		ctx.Update(task, changes)
	})
}

// endTask ends a task with a result or, where fault is not nil, with that.
func endTask(ctx *simulator.Context, task *simulator.Task, at time.Time, result any, fault types.BaseMethodFault) {
	changes := []types.PropertyChange{
		{Name: "info.completeTime", Val: at},
		{Name: "info.cancelable", Val: false},
	}
	state := types.TaskInfoStateSuccess
	if fault != nil {
		state = types.TaskInfoStateError
		changes = append(changes, types.PropertyChange{Name: "info.error", Val: localized(fault)})
	} else {
		changes = append(changes, types.PropertyChange{Name: "info.progress", Val: int32(100)})
	}
	if result != nil {
		changes = append(changes, types.PropertyChange{Name: "info.result", Val: result})
	}
	// The state comes last: whoever sees it sees the rest too.
	updateTask(ctx, task, append(changes, types.PropertyChange{Name: "info.state", Val: state})...)
}

func startChanges(at time.Time) []types.PropertyChange {
	return []types.PropertyChange{
		{Name: "info.startTime", Val: at},
		{Name: "info.state", Val: types.TaskInfoStateRunning},
	}
}

// markStarted makes the move's task running.
func (m *move) markStarted(at time.Time) {
	m.engine.mu.Lock()
	m.startedAt = &at
	m.engine.mu.Unlock()
	updateTask(m.ctx, m.task, startChanges(at)...)
}

func (m *move) setCancelable(yes bool) {
	updateTask(m.ctx, m.task, types.PropertyChange{Name: "info.cancelable", Val: yes})
}

// publishProgress shows a percentage, unless the last one was shown a moment ago: nobody watches that closely. A virtual clock waits for
// its watchers, so that each of them sees every step, the same ones each time.
func (m *move) publishProgress(percent int32) {
	if m.engine.pace == nil && time.Since(m.publishedAt) < progressPause {
		return
	}
	m.publishedAt = time.Now()
	updateTask(m.ctx, m.task, types.PropertyChange{Name: "info.progress", Val: percent})
	m.tellOther(percent)
}

// finishTask ends the move's task.
func (m *move) finishTask(end ending) {
	if end.cancelled {
		updateTask(m.ctx, m.task, types.PropertyChange{Name: "info.cancelled", Val: true})
	}
	endTask(m.ctx, m.task, end.at, nil, end.fault)
}
