package main

import (
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/event"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func (w *world) chain(id int32) []types.BaseEvent {
	w.t.Helper()
	events, err := event.NewManager(w.client.Client).QueryEvents(w.ctx, types.EventFilterSpec{EventChainId: id})
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

func TestEventsOfAMoveAreOneChain(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	info := w.succeed(w.relocate(vm, toHost(w.hosts[1])))
	events := w.chain(info.EventChainId)
	if info.EventChainId == 0 || len(events) != 2 {
		t.Fatalf("chain %d: %d events", info.EventChainId, len(events))
	}
	end, endIs := events[0].(*types.VmMigratedEvent)
	start, startIs := events[1].(*types.VmBeingHotMigratedEvent)
	if !startIs || !endIs {
		t.Fatalf("%T, %T", events[1], events[0])
	}
	if start.Host.Host != w.hosts[0] || start.DestHost.Host != w.hosts[1] || end.Host.Host != w.hosts[1] || end.SourceHost.Host != w.hosts[0] {
		t.Errorf("hosts: %v to %v, then %v to %v", start.Host, start.DestHost, end.SourceHost, end.Host)
	}
	if start.Vm.Vm != vm.Self || end.SourceDatacenter == nil || end.SourceDatastore == nil || end.Ds == nil || start.UserName != "user" {
		t.Errorf("start %+v, end %+v", start, end)
	}
	if !start.CreatedTime.Equal(*info.StartTime) || end.CreatedTime.Sub(*info.CompleteTime).Abs() > time.Millisecond {
		t.Errorf("%s and %s, task %s to %s", start.CreatedTime, end.CreatedTime, info.StartTime, info.CompleteTime)
	}
	if !strings.HasPrefix(start.FullFormattedMessage, "Migrating "+vm.Name+" from") {
		t.Errorf("message %q", start.FullFormattedMessage)
	}
}

func TestRefusedMovePostsItsFailure(t *testing.T) {
	w := newWorld(t, 1000)
	onHost(1, withoutVMotion)(w, nil)
	info := w.finish(w.relocate(w.vms[0], toHost(w.hosts[1])))
	events := w.chain(info.EventChainId)
	failed, is := events[len(events)-1].(*types.VmBeingHotMigratedEvent)
	if is {
		t.Errorf("a refused move has begun: %+v", failed)
	}
	if last, is := events[0].(*types.VmFailedMigrateEvent); !is || faultName(last.Reason.Fault) != "VMotionNotConfigured" {
		t.Errorf("%+v", events[0])
	}
}

func TestPostingVmBeingMigratedDoesNoHarm(t *testing.T) {
	w := newWorld(t, 1)
	argument := func(name string) types.EntityEventArgument { return types.EntityEventArgument{Name: name} }
	posted := &types.VmBeingMigratedEvent{
		DestHost: types.HostEventArgument{EntityEventArgument: argument("b"), Host: w.hosts[1]}, DestDatastore: &types.DatastoreEventArgument{},
	}
	posted.Vm = &types.VmEventArgument{EntityEventArgument: argument("v"), Vm: w.vms[0].Self}
	posted.Host = &types.HostEventArgument{EntityEventArgument: argument("a"), Host: w.hosts[0]}
	posted.Ds = &types.DatastoreEventArgument{}
	req := types.PostEvent{This: *w.client.ServiceContent.EventManager, EventToPost: posted}
	if _, err := methods.PostEvent(w.ctx, w.client, &req); err != nil {
		t.Fatal(err)
	}
	if err := w.login().Logout(w.ctx); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
