package main

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// untilWaiting waits until some call is in a function and waits for a lock.
func untilWaiting(t *testing.T, function string) {
	t.Helper()
	text := make([]byte, 4<<20)
	for end := time.Now().Add(fuzzPatience); time.Now().Before(end); runtime.Gosched() {
		for stack := range strings.SplitSeq(string(text[:runtime.Stack(text, true)]), "\n\n") {
			if strings.Contains(stack, function) && strings.Contains(stack, "(*ObjectLock).wait") {
				return
			}
		}
	}
	t.Fatalf("nobody waits in %s", function)
}

// While a call about a machine's alarms waits for the machine, whoever has it can post an event. Once each waited for the other.
func TestAlarmsAndEventsDoNotWaitForEachOther(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "1")
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	registry := r.model.Map()
	vm := registry.Any("VirtualMachine").(*simulator.VirtualMachine)
	content := client.ServiceContent
	alarm := registry.AlarmManager().GetAlarmResponse.Returnval[0]
	ctx, cancel := context.WithTimeout(context.Background(), fuzzPatience)
	defer cancel()
	for _, c := range []struct {
		waitsIn string
		call    func() error
	}{
		{"AcknowledgeAlarm", func() error {
			_, err := methods.AcknowledgeAlarm(ctx, client, &types.AcknowledgeAlarm{This: *content.AlarmManager, Alarm: alarm, Entity: vm.Self})
			return err
		}},
		{"PostEvent", func() error {
			event := &types.EventEx{EventTypeId: "org.example.said", ObjectType: vm.Self.Type, ObjectId: vm.Self.Value}
			_, err := methods.PostEvent(ctx, client, &types.PostEvent{This: *content.EventManager, EventToPost: event})
			return err
		}},
	} {
		holder := &simulator.Context{Map: registry, Session: &simulator.Session{Registry: simulator.NewRegistry(), Map: registry}}
		unlock := registry.AcquireLock(holder, vm)
		called := make(chan error, 1)
		go func() { called <- c.call() }()
		untilWaiting(t, "."+c.waitsIn)
		posted := make(chan struct{})
		go func() {
			defer close(posted)
			postEvent(holder, &types.GeneralUserEvent{GeneralEvent: types.GeneralEvent{Message: "a machine is in use"}}, r.engine.clock.now(), 0)
		}()
		select {
		case <-posted:
		case <-ctx.Done():
			t.Fatalf("the owner of the machine cannot post an event while %s waits for it", c.waitsIn)
		}
		unlock()
		if err := <-called; err != nil {
			t.Errorf("%s: %v", c.waitsIn, err)
		}
	}
}

func TestAnEventMayBeAboutNothingButNotAboutWhatIsNotThere(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "1")
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	post := func(kind, id string) string {
		event := &types.EventEx{EventTypeId: "org.example.said", ObjectType: kind, ObjectId: id}
		_, err := methods.PostEvent(context.Background(), client, &types.PostEvent{This: *client.ServiceContent.EventManager, EventToPost: event})
		if err != nil {
			return callFault(err)
		}
		return ""
	}
	if got := post("", ""); got != "" {
		t.Errorf("without an object: %s", got)
	}
	if got := post("VirtualMachine", "vm-gone"); got != "InvalidArgument" {
		t.Errorf("about a machine that is not there: %q", got)
	}
	filter := types.EventFilterSpec{EventTypeId: []string{"org.example.said"}}
	events, err := methods.QueryEvents(context.Background(), client, &types.QueryEvents{This: *client.ServiceContent.EventManager, Filter: filter})
	if err != nil || len(events.Returnval) != 1 {
		t.Errorf("%d events, %v", len(events.Returnval), err)
	}
}

func TestAnAlarmOfNothingIsNotAcknowledged(t *testing.T) {
	r := running(t, "-hosts", "1", "-vms", "1")
	client, err := logIn(t, r, r.ready.User, r.ready.Password)
	if err != nil {
		t.Fatal(err)
	}
	manager, root := *client.ServiceContent.AlarmManager, client.ServiceContent.RootFolder
	alarm := r.model.Map().AlarmManager().GetAlarmResponse.Returnval[0]
	for _, c := range []struct {
		alarm, entity moRef
		want          string
	}{
		{alarm, root, ""},
		{moRef{Type: "Alarm", Value: "alarm-gone"}, root, "ManagedObjectNotFound"},
		{alarm, moRef{Type: "VirtualMachine", Value: "vm-gone"}, "ManagedObjectNotFound"},
		{alarm, manager, "InvalidArgument"},
	} {
		_, err := methods.AcknowledgeAlarm(context.Background(), client, &types.AcknowledgeAlarm{This: manager, Alarm: c.alarm, Entity: c.entity})
		got := ""
		if err != nil {
			got = callFault(err)
		}
		if got != c.want {
			t.Errorf("%v of %v: %q", c.alarm, c.entity, got)
		}
	}
}
