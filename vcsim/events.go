package main

import (
	"slices"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// eventFacts are the arguments of a move's events, before and after.
type eventFacts struct {
	before types.VmEvent
	after  types.VmEvent
}

// eventFacts reads the names events carry.
func (e *engine) eventFacts(ctx *simulator.Context, p *placement) eventFacts {
	machine := types.VmEventArgument{EntityEventArgument: types.EntityEventArgument{Name: p.vm.name}, Vm: p.vm.ref}
	return eventFacts{
		before: vmEvent(ctx, machine, &p.source, p.vm.home),
		after:  vmEvent(ctx, machine, &p.host, p.home),
	}
}

func vmEvent(ctx *simulator.Context, machine types.VmEventArgument, host *hostView, ds moRef) types.VmEvent {
	event := types.VmEvent{}
	event.Vm = &machine
	event.Host = &types.HostEventArgument{EntityEventArgument: types.EntityEventArgument{Name: host.name}, Host: host.ref}
	event.Ds = &types.DatastoreEventArgument{EntityEventArgument: types.EntityEventArgument{Name: entityNameOf(ctx, ds)}, Datastore: ds}
	event.ComputeResource = &types.ComputeResourceEventArgument{
		EntityEventArgument: types.EntityEventArgument{Name: entityNameOf(ctx, host.parent)}, ComputeResource: host.parent,
	}
	if dc := datacenterOf(ctx, host.ref); dc != nil {
		event.Datacenter = &types.DatacenterEventArgument{
			EntityEventArgument: types.EntityEventArgument{Name: entityNameOf(ctx, dc.Self)}, Datacenter: dc.Self,
		}
	}
	return event
}

// postStart posts the event that opens the move's chain and stores the chain in the task.
func (m *move) postStart(at time.Time) {
	if m.trip != nil {
		m.postAcrossStart(at)
		return
	}
	m.chain = postEvent(m.ctx, m.startEvent(), at, 0)
	updateTask(m.ctx, m.task, types.PropertyChange{Name: "info.eventChainId", Val: m.chain})
}

// startEvent differs by what moves: a running machine, one that is off, or files alone.
func (m *move) startEvent() types.BaseEvent {
	before, after := m.event.before, &m.event.after
	switch {
	case !m.flow.load.twoHosts:
		event := &types.VmBeingRelocatedEvent{DestHost: *after.Host, DestDatacenter: after.Datacenter, DestDatastore: after.Ds}
		event.VmEvent = before
		return event
	case m.flow.load.live:
		return &types.VmBeingHotMigratedEvent{VmEvent: before, DestHost: *after.Host, DestDatacenter: after.Datacenter, DestDatastore: after.Ds}
	}
	return &types.VmBeingMigratedEvent{VmEvent: before, DestHost: *after.Host, DestDatacenter: after.Datacenter, DestDatastore: after.Ds}
}

// postEnd posts the event that closes the chain. A move that was refused has no chain yet: its failure is the first.
func (m *move) postEnd(end ending) {
	if m.trip != nil {
		m.postAcrossEnd(end)
		return
	}
	event := m.endEvent()
	if end.fault != nil {
		event = m.failureEvent(end.fault)
	}
	chain := postEvent(m.ctx, event, end.at, m.chain)
	if m.chain == 0 {
		updateTask(m.ctx, m.task, types.PropertyChange{Name: "info.eventChainId", Val: chain})
	}
}

func (m *move) endEvent() types.BaseEvent {
	before, after := &m.event.before, m.event.after
	if !m.flow.load.twoHosts {
		event := &types.VmRelocatedEvent{SourceHost: *before.Host, SourceDatacenter: before.Datacenter, SourceDatastore: before.Ds}
		event.VmEvent = after
		return event
	}
	migrated := types.VmMigratedEvent{VmEvent: after, SourceHost: *before.Host, SourceDatacenter: before.Datacenter, SourceDatastore: before.Ds}
	if m.drs {
		return &types.DrsVmMigratedEvent{VmMigratedEvent: migrated}
	}
	return &migrated
}

func (m *move) failureEvent(fault types.BaseMethodFault) types.BaseEvent {
	before, after := m.event.before, &m.event.after
	reason := *localized(fault)
	if !m.flow.load.twoHosts {
		event := &types.VmRelocateFailedEvent{DestHost: *after.Host, Reason: reason, DestDatacenter: after.Datacenter, DestDatastore: after.Ds}
		event.VmEvent = before
		return event
	}
	return &types.VmFailedMigrateEvent{VmEvent: before, DestHost: *after.Host, Reason: reason, DestDatacenter: after.Datacenter, DestDatastore: after.Ds}
}

// eventMessages are the texts of migration events that govmomi has none for, or one that does not parse: posting the event with its
// own VmBeingMigratedEvent text panics with the event manager locked.
var eventMessages = []types.EventDescriptionEventDetail{
	{
		Key: "VmBeingMigratedEvent", Description: "VM migrating", Category: "info",
		FullFormat: "Relocating {{.Vm.Name}} from {{.Host.Name}}, {{.Ds.Name}} to {{.DestHost.Name}}, {{.DestDatastore.Name}}",
	},
	{
		Key: "VmBeingHotMigratedEvent", Description: "VM is hot migrating", Category: "info",
		FullFormat: "Migrating {{.Vm.Name}} from {{.Host.Name}}, {{.Ds.Name}} to {{.DestHost.Name}}, {{.DestDatastore.Name}}",
	},
	{
		Key: "VmFailedMigrateEvent", Description: "Cannot migrate VM", Category: "error",
		FullFormat: "Cannot migrate {{.Vm.Name}} from {{.Host.Name}}, {{.Ds.Name}} to {{.DestHost.Name}}, {{.DestDatastore.Name}}: {{.Reason.LocalizedMessage}}",
	},
	{
		Key: "VmBeingRelocatedEvent", Description: "VM relocating", Category: "info",
		FullFormat: "Relocating {{.Vm.Name}} from {{.Host.Name}}, {{.Ds.Name}} to {{.DestHost.Name}}, {{.DestDatastore.Name}}",
	},
	{
		Key: "VmRelocateFailedEvent", Description: "Cannot relocate VM", Category: "error",
		FullFormat: "Cannot relocate {{.Vm.Name}} from {{.Host.Name}}, {{.Ds.Name}} to {{.DestHost.Name}}, {{.DestDatastore.Name}}: {{.Reason.LocalizedMessage}}",
	},
	{
		Key: "VmEmigratingEvent", Description: "VM emigrating", Category: "info",
		FullFormat: "Migrating {{.Vm.Name}} off host {{.Host.Name}}",
	},
}

// repairEventMessages gives the event manager its missing texts, in a list of its own: the original is every registry's.
func repairEventMessages(ctx *simulator.Context, registry *simulator.Registry) {
	manager := registry.EventManager()
	ctx.WithLock(manager, func() {
		known := append([]types.EventDescriptionEventDetail(nil), manager.Description.EventInfo...)
		for _, message := range slices.Concat(eventMessages, sessionMessages, hostEventMessages) {
			known = withMessage(known, message)
		}
		manager.Description.EventInfo = known
	})
}

func withMessage(known []types.EventDescriptionEventDetail, message types.EventDescriptionEventDetail) []types.EventDescriptionEventDetail {
	for i := range known {
		if known[i].Key == message.Key {
			known[i].FullFormat = message.FullFormat
			return known
		}
	}
	return append(known, message)
}
