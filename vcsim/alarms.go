package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Events and alarms meet in the middle: whoever changes a machine has it locked and posts an event, which locks the event manager and
// then the alarm manager, while govmomi's AcknowledgeAlarm locks the alarm manager and then the machine, and a client's EventEx locks
// both managers and then the machine. Here all of them lock the machine first.

// AcknowledgeAlarm notes that somebody has seen an alarm. The alarm manager itself is not locked: nothing of it is read or changed.
func (f *front) AcknowledgeAlarm(ctx *simulator.Context, req *types.AcknowledgeAlarm) soap.HasFault {
	body := &methods.AcknowledgeAlarmBody{}
	for _, r := range []moRef{req.Alarm, req.Entity} {
		if f.engine.registry.Get(r) == nil {
			body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: r})
			return body
		}
	}
	if _, is := f.engine.registry.Get(req.Entity).(mo.Entity); !is {
		body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "entity"})
		return body
	}
	return f.engine.registry.AlarmManager().AcknowledgeAlarm(ctx, req)
}

// PostEvent is a client's event. One that may raise an alarm has what the alarm is shown on locked before the managers are.
func (f *front) PostEvent(ctx *simulator.Context, req *types.PostEvent) soap.HasFault {
	body := &methods.PostEventBody{}
	about, fault := f.eventSubject(req.EventToPost)
	if fault != nil {
		body.Fault_ = simulator.Fault("", fault)
		return body
	}
	for _, r := range f.ancestry(ctx, about) {
		defer ctx.Map.AcquireLock(ctx, r)()
	}
	var answer soap.HasFault
	manager := ctx.Map.EventManager()
	withLock(ctx, manager, func() { answer = manager.PostEvent(ctx, req) })
	return answer
}

// eventSubject is the entity whose alarms an event may raise; nil for most events. govmomi wants an EventEx to have one.
func (f *front) eventSubject(event types.BaseEvent) (mo.Entity, types.BaseMethodFault) {
	extended, is := event.(*types.EventEx)
	if !is {
		return nil, nil
	}
	if extended.ObjectId == "" {
		root := f.engine.registry.Get(serviceInstance).(*simulator.ServiceInstance).Content.RootFolder
		extended.ObjectType, extended.ObjectId = root.Type, root.Value
	}
	entity, known := f.engine.registry.Get(moRef{Type: extended.ObjectType, Value: extended.ObjectId}).(mo.Entity)
	if !known {
		return nil, &types.InvalidArgument{InvalidProperty: "eventToPost.objectId"}
	}
	return entity, nil
}

// ancestry is an entity and all it is in, in the order govmomi shows an alarm on them.
func (f *front) ancestry(ctx *simulator.Context, entity mo.Entity) []moRef {
	var list []moRef
	for entity != nil && !slices.Contains(list, entity.Reference()) {
		r := entity.Reference()
		list = append(list, r)
		parent := moRef{}
		withLock(ctx, entity, func() { parent = deref(entity.Entity().Parent) })
		entity, _ = f.engine.registry.Get(parent).(mo.Entity)
	}
	return list
}
