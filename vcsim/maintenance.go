package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Maintenance mode and the connection of hosts: tasks on a host. Entering maintenance mode is the only one that takes time; see upkeep.

var (
	enterMaintenanceTask = taskKind{"EnterMaintenanceMode_Task", "HostSystem.enterMaintenanceMode"}
	exitMaintenanceTask  = taskKind{"ExitMaintenanceMode_Task", "HostSystem.exitMaintenanceMode"}
	disconnectTask       = taskKind{"DisconnectHost_Task", "HostSystem.disconnect"}
	reconnectTask        = taskKind{"ReconnectHost_Task", "HostSystem.reconnect"}
)

// EnterMaintenanceModeTask starts to empty a host; the task ends when nothing runs there any more.
func (f *front) EnterMaintenanceModeTask(ctx *simulator.Context, req *types.EnterMaintenanceMode_Task) soap.HasFault {
	host := f.engine.registry.Get(req.This).(*simulator.HostSystem)
	task := f.engine.startUpkeep(ctx, host, time.Duration(req.Timeout)*time.Second, isTrue(req.EvacuatePoweredOffVms))
	return &methods.EnterMaintenanceMode_TaskBody{Res: &types.EnterMaintenanceMode_TaskResponse{Returnval: task}}
}

// ExitMaintenanceModeTask makes a host take part again.
func (f *front) ExitMaintenanceModeTask(ctx *simulator.Context, req *types.ExitMaintenanceMode_Task) soap.HasFault {
	task := f.engine.hostTask(ctx, exitMaintenanceTask, req.This, (*engine).exitMaintenance)
	return &methods.ExitMaintenanceMode_TaskBody{Res: &types.ExitMaintenanceMode_TaskResponse{Returnval: task}}
}

// DisconnectHostTask lets go of a host, and with it of its virtual machines.
func (f *front) DisconnectHostTask(ctx *simulator.Context, req *types.DisconnectHost_Task) soap.HasFault {
	task := f.engine.hostTask(ctx, disconnectTask, req.This, (*engine).disconnectHost)
	return &methods.DisconnectHost_TaskBody{Res: &types.DisconnectHost_TaskResponse{Returnval: task}}
}

// ReconnectHostTask takes a host back.
func (f *front) ReconnectHostTask(ctx *simulator.Context, req *types.ReconnectHost_Task) soap.HasFault {
	task := f.engine.hostTask(ctx, reconnectTask, req.This, (*engine).reconnectHost)
	return &methods.ReconnectHost_TaskBody{Res: &types.ReconnectHost_TaskResponse{Returnval: task}}
}

// hostTask makes the task of something done to a host in no time.
func (e *engine) hostTask(ctx *simulator.Context, kind taskKind, ref moRef,
	work func(*engine, *simulator.Context, *simulator.HostSystem) types.BaseMethodFault) moRef {
	host := e.registry.Get(ref).(*simulator.HostSystem)
	worker, task := workerContext(ctx), e.putHostTask(ctx, kind, host)
	e.background(func() {
		e.runCheck(worker, task, func() (any, types.BaseMethodFault) { return nil, work(e, worker, host) })
	})
	return task.Self
}

// putHostTask puts a queued task on a host into the registry.
func (e *engine) putHostTask(ctx *simulator.Context, kind taskKind, host *simulator.HostSystem) *simulator.Task {
	task, entity := &simulator.Task{}, host.Self
	task.Self = e.newReference("Task")
	task.Info = types.TaskInfo{
		Key: task.Self.Value, Task: task.Self, Name: kind.name, DescriptionId: kind.descriptionID,
		Entity: &entity, State: types.TaskInfoStateQueued, QueueTime: e.clock.now(),
		Reason: &types.TaskReasonUser{UserName: userOf(ctx)}, ActivationId: operationIDFrom(ctx),
	}
	ctx.WithLock(host, func() {
		task.Info.EntityName = host.Name
		ctx.Map.Put(task)
	})
	return task
}

func (e *engine) exitMaintenance(ctx *simulator.Context, host *simulator.HostSystem) types.BaseMethodFault {
	if !viewHost(ctx, host).maintenance {
		return &types.InvalidState{}
	}
	e.setMaintenance(ctx, host, false)
	postHostEvent(ctx, host, &types.ExitMaintenanceModeEvent{}, e.clock.now(), 0)
	return nil
}

func (e *engine) disconnectHost(ctx *simulator.Context, host *simulator.HostSystem) types.BaseMethodFault {
	disconnected := string(types.HostSystemConnectionStateDisconnected)
	if string(viewHost(ctx, host).connection) == disconnected {
		return &types.InvalidState{}
	}
	e.endMovesOf(host.Self, lostHost(disconnected))
	e.abandon(host.Self, &types.HostNotConnected{})
	setConnection(ctx, host.Self, disconnected)
	e.summarize(ctx, host)
	postHostEvent(ctx, host, &types.HostDisconnectedEvent{Reason: string(types.HostDisconnectedEventReasonCodeUserRequest)}, e.clock.now(), 0)
	return nil
}

func (e *engine) reconnectHost(ctx *simulator.Context, host *simulator.HostSystem) types.BaseMethodFault {
	connected := string(types.HostSystemConnectionStateConnected)
	if string(viewHost(ctx, host).connection) == connected {
		return &types.InvalidState{}
	}
	setConnection(ctx, host.Self, connected)
	e.summarize(ctx, host)
	postHostEvent(ctx, host, &types.HostConnectedEvent{}, e.clock.now(), 0)
	return nil
}

// refusePowerOn keeps machines off on a host in maintenance mode, and on one that is about to be.
func (e *engine) refusePowerOn(ctx *simulator.Context, method *simulator.Method) types.BaseMethodFault {
	vm, found := e.registry.Get(method.This).(*simulator.VirtualMachine)
	if !found || method.Name != "PowerOnVM_Task" {
		return nil
	}
	view := viewVM(ctx, vm)
	host, found := e.registry.Get(view.host).(*simulator.HostSystem)
	if !found || !e.isEntering(view.host) && !viewHost(ctx, host).maintenance {
		return nil
	}
	return &types.InvalidHostState{InvalidState: types.InvalidState{}, Host: &view.host}
}

// endMovesOf ends all moves under way from and to a host.
func (e *engine) endMovesOf(host moRef, fault types.BaseMethodFault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.advance()
	for _, m := range append([]*move(nil), e.live...) {
		if m.flow.stage != stageEnded && (m.plan.host.ref == host || m.plan.source.ref == host) {
			m.failWith(fault, nil, m.present())
		}
	}
	e.settle()
	e.nudge()
}

// setMaintenance changes the host's mode, and with it what its cluster has to offer.
func (e *engine) setMaintenance(ctx *simulator.Context, host *simulator.HostSystem, on bool) {
	text := []byte(fmt.Sprint(on))
	_, _ = (patch{"runtime.inMaintenanceMode": text}).apply(ctx, host)
	e.summarize(ctx, host)
}

// summarize counts again the hosts of a cluster that can be used, and what they have.
func (e *engine) summarize(ctx *simulator.Context, host *simulator.HostSystem) {
	parent := viewHost(ctx, host).parent
	cluster, found := e.registry.Get(parent).(*simulator.ClusterComputeResource)
	if !found {
		return
	}
	sum := types.ComputeResourceSummary{}
	for _, view := range e.hostsOf(ctx, parent) {
		member := e.registry.Get(view.ref).(*simulator.HostSystem)
		ctx.WithLock(member, func() { addToSummary(&sum, member) })
	}
	ctx.WithLock(cluster, func() {
		if cluster.Summary == nil {
			return
		}
		next := cloneStruct(cluster.Summary) // readers may hold the old one
		summary := next.GetComputeResourceSummary()
		summary.NumEffectiveHosts, summary.EffectiveCpu, summary.EffectiveMemory = sum.NumEffectiveHosts, sum.EffectiveCpu, sum.EffectiveMemory
		ctx.Update(cluster, []types.PropertyChange{{Name: "summary", Val: next}})
	})
}

// postHostEvent posts an event about a host and gives its chain.
func postHostEvent(ctx *simulator.Context, host *simulator.HostSystem, event types.BaseEvent, at time.Time, chain int32) int32 {
	view := viewHost(ctx, host)
	about := event.GetEvent()
	about.Host = &types.HostEventArgument{EntityEventArgument: types.EntityEventArgument{Name: view.name}, Host: view.ref}
	about.ComputeResource = &types.ComputeResourceEventArgument{
		EntityEventArgument: types.EntityEventArgument{Name: entityNameOf(ctx, view.parent)}, ComputeResource: view.parent,
	}
	if dc := datacenterOf(ctx, view.ref); dc != nil {
		about.Datacenter = &types.DatacenterEventArgument{
			EntityEventArgument: types.EntityEventArgument{Name: entityNameOf(ctx, dc.Self)}, Datacenter: dc.Self,
		}
	}
	return postEvent(ctx, event, at, chain)
}

// hostEventMessages are the texts of events about hosts that govmomi has none for. UNVERIFIED.
var hostEventMessages = []types.EventDescriptionEventDetail{
	{
		Key: "TimedOutHostOperationEvent", Description: "Host operation timed out", Category: "warning",
		FullFormat: "Operation timed out for host {{.Host.Name}} in {{.Datacenter.Name}}",
	},
	{
		Key: "CanceledHostOperationEvent", Description: "Canceled host operation", Category: "info",
		FullFormat: "An operation on host {{.Host.Name}} in {{.Datacenter.Name}} was canceled",
	},
	{
		Key: "HostDisconnectedEvent", Description: "Host disconnected", Category: "info",
		FullFormat: "Disconnected from {{.Host.Name}} in {{.Datacenter.Name}}. Reason: {{.Reason}}",
	},
	{
		Key: "HostConnectedEvent", Description: "Host connected", Category: "info",
		FullFormat: "Connected to {{.Host.Name}} in {{.Datacenter.Name}}",
	},
	{
		Key: "DrsRuleViolationEvent", Description: "DRS VM rule violated", Category: "info",
		FullFormat: "{{.Vm.Name}} on {{.Host.Name}} in {{.Datacenter.Name}} is violating a DRS affinity rule",
	},
	{
		Key: "DrsSoftRuleViolationEvent", Description: "DRS VM-Host affinity soft rule violated", Category: "info",
		FullFormat: "{{.Vm.Name}} on {{.Host.Name}} in {{.Datacenter.Name}} is violating a DRS VM-Host affinity rule",
	},
	{
		Key: "DrsRuleComplianceEvent", Description: "DRS VM rule complied", Category: "info",
		FullFormat: "{{.Vm.Name}} on {{.Host.Name}} in {{.Datacenter.Name}} is no longer violating a DRS rule",
	},
}
