package main

import (
	"testing"
	"time"

	"github.com/vmware/govmomi/event"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// automate makes DRS of the first cluster act by itself.
func (w *world) automate() *simulator.ClusterComputeResource {
	w.t.Helper()
	c := w.registry.Get(*w.host(w.hosts[0]).Parent).(*simulator.ClusterComputeResource)
	w.as(c, func() {
		config := c.ConfigurationEx.(*types.ClusterConfigInfoEx)
		config.DrsConfig.Enabled, config.DrsConfig.DefaultVmBehavior = types.NewBool(true), types.DrsBehaviorFullyAutomated
		config.DrsConfig.VmotionRate = 3
	})
	return c
}

func (w *world) maintain(host moRef, timeout int32, offToo bool) moRef {
	w.t.Helper()
	res, err := methods.EnterMaintenanceMode_Task(w.ctx, w.client, &types.EnterMaintenanceMode_Task{
		This: host, Timeout: timeout, EvacuatePoweredOffVms: &offToo,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return res.Returnval
}

// eventsOf are the events of some kinds, oldest first.
func (w *world) eventsOf(kinds ...string) []types.BaseEvent {
	w.t.Helper()
	events, err := event.NewManager(w.client.Client).QueryEvents(w.ctx, types.EventFilterSpec{EventTypeId: kinds})
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

func (w *world) inMaintenance(host moRef) bool {
	w.t.Helper()
	var h mo.HostSystem
	if err := object.NewHostSystem(w.client.Client, host).Properties(w.ctx, host, []string{"runtime.inMaintenanceMode", "summary.runtime.inMaintenanceMode"}, &h); err != nil {
		w.t.Fatal(err)
	}
	return h.Runtime.InMaintenanceMode
}

func TestMaintenanceModeEvacuatesWhereDRSIsAutomatic(t *testing.T) {
	w := newWorldOf(t, 200, 4)
	c := w.automate()
	task := w.maintain(w.hosts[0], 0, false)
	info := w.succeed(task)
	if left := w.references(w.hosts[0], "vm"); len(left) != 0 || !w.inMaintenance(w.hosts[0]) {
		t.Errorf("left: %v", left)
	}
	if info.Name != "EnterMaintenanceMode_Task" || info.DescriptionId != "HostSystem.enterMaintenanceMode" || info.Entity.Type != "HostSystem" {
		t.Errorf("%s %s %s", info.Name, info.DescriptionId, info.Entity)
	}
	if info.CompleteTime.Sub(*info.StartTime) < time.Second {
		t.Errorf("took %s", info.CompleteTime.Sub(*info.StartTime))
	}
	w.checkEvacuation(task, 4)
	w.as(c, func() {
		if n := c.Summary.GetComputeResourceSummary().NumEffectiveHosts; n != 3 {
			t.Errorf("%d effective hosts", n)
		}
	})
}

// checkEvacuation looks at the moves a host's task has made, and at their events.
func (w *world) checkEvacuation(task moRef, count int) {
	w.t.Helper()
	moves := w.engine.motions()
	if len(moves) != count {
		w.t.Fatalf("%d moves", len(moves))
	}
	for _, m := range moves {
		info := w.info(moRef{Type: "Task", Value: m.Task})
		reason, is := info.Reason.(*types.TaskReasonUser)
		if m.Phase != "done" || !is || reason.UserName != "" || info.ParentTaskKey != task.Value {
			w.t.Errorf("%+v %+v, part of %q", m, info.Reason, info.ParentTaskKey)
		}
	}
	for _, e := range w.eventsOf("DrsVmMigratedEvent") {
		if e.GetEvent().UserName != "" {
			w.t.Errorf("%s moved a machine", e.GetEvent().UserName)
		}
		count--
	}
	if count != 0 {
		w.t.Errorf("%d DrsVmMigratedEvent too few", count)
	}
	story := w.eventsOf("EnteringMaintenanceModeEvent", "EnteredMaintenanceModeEvent")
	if len(story) != 2 || story[0].GetEvent().ChainId != story[1].GetEvent().ChainId || story[0].GetEvent().Host == nil {
		w.t.Errorf("%d events of maintenance mode", len(story))
	}
}

func TestMaintenanceModeWaitsAndTimesOut(t *testing.T) {
	w := newWorld(t, 100)
	info := w.finish(w.maintain(w.hosts[0], 60, false))
	if errorName(info) != "Timedout" || w.inMaintenance(w.hosts[0]) {
		t.Fatalf("%s", errorName(info))
	}
	if took := info.CompleteTime.Sub(*info.StartTime); took != time.Minute {
		t.Errorf("took %s", took)
	}
	if len(w.eventsOf("TimedOutHostOperationEvent")) != 1 {
		t.Error("no event")
	}
	if truths := w.engine.motions(); len(truths) != 0 {
		t.Errorf("moved by itself: %v", truths)
	}
	w.succeed(w.relocate(w.vms[0], toHost(w.hosts[1])))
	w.succeed(w.relocate(w.vms[0], toHost(w.hosts[0]))) // the host takes machines again
}

func TestMaintenanceModeWaitsForWhatPeopleDo(t *testing.T) {
	w := newWorld(t, 200)
	task := w.maintain(w.hosts[0], 0, false)
	w.until(func() bool { return w.info(task).Progress == 2 })
	refused := w.finish(w.relocate(w.world2nd(), toHost(w.hosts[0])))
	if errorName(refused) != "InvalidHostState" {
		t.Errorf("the host still takes machines: %s", errorName(refused))
	}
	w.succeed(w.relocate(w.vms[0], toHost(w.hosts[1])))
	w.until(func() bool { return w.info(task).Progress > 2 })
	w.succeed(w.relocate(w.vms[1], toHost(w.hosts[1])))
	machine := object.NewVirtualMachine(w.client.Client, w.vms[2].Self)
	off, err := machine.PowerOff(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.succeed(off.Reference())
	w.succeed(task)
	if _, err := machine.PowerOn(w.ctx); callFault(err) != "InvalidHostState" {
		t.Errorf("powering on: %s", callFault(err))
	}
	if again := w.finish(w.maintain(w.hosts[0], 0, false)); errorName(again) != "InvalidState" {
		t.Errorf("a second time: %s", errorName(again))
	}
	exit, err := methods.ExitMaintenanceMode_Task(w.ctx, w.client, &types.ExitMaintenanceMode_Task{This: w.hosts[0]})
	if err != nil {
		t.Fatal(err)
	}
	w.succeed(exit.Returnval)
	if w.inMaintenance(w.hosts[0]) || len(w.eventsOf("ExitMaintenanceModeEvent")) != 1 {
		t.Error("still in maintenance mode")
	}
	if _, err := machine.PowerOn(w.ctx); err != nil {
		t.Error(err)
	}
}

// world2nd is a machine of the second host: the first machine is sent there.
func (w *world) world2nd() *simulator.VirtualMachine {
	w.t.Helper()
	w.succeed(w.relocate(w.vms[0], toHost(w.hosts[2])))
	return w.vms[0]
}

func TestMaintenanceModeIsCancelled(t *testing.T) {
	w := newWorld(t, 100)
	task := w.maintain(w.hosts[0], 0, false)
	w.until(func() bool { return w.info(task).Progress == 2 })
	if second := w.finish(w.maintain(w.hosts[0], 0, false)); errorName(second) != "InvalidState" {
		t.Errorf("a second one: %s", errorName(second))
	}
	if !w.info(task).Cancelable {
		t.Error("not cancelable")
	}
	if _, err := methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: task}); err != nil {
		t.Fatal(err)
	}
	info := w.finish(task)
	if errorName(info) != "RequestCanceled" || !info.Cancelled || w.inMaintenance(w.hosts[0]) {
		t.Errorf("%s", errorName(info))
	}
	if _, err := methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: task}); callFault(err) != "InvalidState" {
		t.Errorf("cancelled twice: %s", callFault(err))
	}
	if len(w.eventsOf("CanceledHostOperationEvent")) != 1 {
		t.Error("no event")
	}
}

func TestMaintenanceModeIsRefusedWhereTheReserveWouldBreak(t *testing.T) {
	w := newWorld(t, 100)
	c := w.automate()
	w.as(c, func() {
		das := &c.ConfigurationEx.(*types.ClusterConfigInfoEx).DasConfig
		das.Enabled, das.AdmissionControlEnabled = types.NewBool(true), types.NewBool(true)
		das.AdmissionControlPolicy = &types.ClusterFailoverLevelAdmissionControlPolicy{FailoverLevel: 3}
	})
	if info := w.finish(w.maintain(w.hosts[0], 0, false)); errorName(info) != "InsufficientFailoverResourcesFault" {
		t.Errorf("%s", errorName(info))
	}
	if len(w.eventsOf("EnteringMaintenanceModeEvent")) != 0 || len(w.engine.motions()) != 0 {
		t.Error("it began all the same")
	}
}

func TestMachinesThatAreOff(t *testing.T) {
	for _, drs := range []bool{true, false} {
		w := newWorld(t, 200)
		for _, vm := range w.vms {
			w.as(vm, func() {
				vm.Runtime.PowerState, vm.Summary.Runtime.PowerState = types.VirtualMachinePowerStatePoweredOff, types.VirtualMachinePowerStatePoweredOff
			})
		}
		c := w.automate()
		w.as(c, func() { c.ConfigurationEx.(*types.ClusterConfigInfoEx).DrsConfig.Enabled = types.NewBool(drs) })
		w.succeed(w.maintain(w.hosts[0], 0, false))
		exit, _ := methods.ExitMaintenanceMode_Task(w.ctx, w.client, &types.ExitMaintenanceMode_Task{This: w.hosts[0]})
		w.succeed(exit.Returnval)
		info := w.finish(w.maintain(w.hosts[0], 30, true))
		left := len(w.references(w.hosts[0], "vm"))
		if drs && (errorName(info) != "" || left != 0) || !drs && (errorName(info) != "Timedout" || left != 3) {
			t.Errorf("DRS %v: %q, %d left", drs, errorName(info), left)
		}
	}
}

func TestDisconnectAndReconnect(t *testing.T) {
	w := newWorld(t, 100)
	vm := w.vms[0]
	call := func(task moRef, err error) types.TaskInfo {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return w.finish(task)
	}
	disconnect := func() types.TaskInfo {
		res, err := methods.DisconnectHost_Task(w.ctx, w.client, &types.DisconnectHost_Task{This: w.hosts[0]})
		return call(res.Returnval, err)
	}
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 64 * 1024 })
	under := w.relocate(vm, toHost(w.hosts[1]))
	w.reached(under, 10)
	info := disconnect()
	if info.DescriptionId != "HostSystem.disconnect" || errorName(info) != "" || w.connection(vm.Self) != "disconnected" {
		t.Errorf("%s %s: %s", info.DescriptionId, errorName(info), w.connection(vm.Self))
	}
	if moved := w.finish(under); errorName(moved) != "HostNotConnected" {
		t.Errorf("the move: %s", errorName(moved))
	}
	if again := disconnect(); errorName(again) != "InvalidState" {
		t.Errorf("again: %s", errorName(again))
	}
	if info := w.finish(w.maintain(w.hosts[0], 0, false)); errorName(info) != "HostNotConnected" {
		t.Errorf("maintenance: %s", errorName(info))
	}
	res, err := methods.ReconnectHost_Task(w.ctx, w.client, &types.ReconnectHost_Task{This: w.hosts[0]})
	if info := call(res.Returnval, err); errorName(info) != "" || w.connection(vm.Self) != "connected" {
		t.Errorf("%s: %s", errorName(info), w.connection(vm.Self))
	}
	if n := len(w.eventsOf("HostDisconnectedEvent", "HostConnectedEvent")); n != 2 {
		t.Errorf("%d events", n)
	}
}

func (w *world) connection(vm moRef) string {
	w.t.Helper()
	var v mo.VirtualMachine
	if err := object.NewVirtualMachine(w.client.Client, vm).Properties(w.ctx, vm, []string{"runtime.connectionState"}, &v); err != nil {
		w.t.Fatal(err)
	}
	return string(v.Runtime.ConnectionState)
}

func TestAHostThatIsDisconnectedDoesNotEnter(t *testing.T) {
	w := newWorld(t, 100)
	task := w.maintain(w.hosts[0], 0, false)
	w.until(func() bool { return w.info(task).Progress == 2 })
	res, err := methods.DisconnectHost_Task(w.ctx, w.client, &types.DisconnectHost_Task{This: w.hosts[0]})
	if err != nil {
		t.Fatal(err)
	}
	w.succeed(res.Returnval)
	if info := w.finish(task); errorName(info) != "HostNotConnected" {
		t.Errorf("%s", errorName(info))
	}
}

func TestMaintenanceUnderAVirtualClock(t *testing.T) {
	var took [2]time.Duration
	for i := range took {
		r := running(t, "-clock", "virtual", "-hosts", "2", "-vms", "4")
		client, err := logIn(t, r, r.ready.User, r.ready.Password)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, ctx: t.Context(), client: client, engine: r.engine, registry: r.model.Map(), site: r.site}
		w.hosts = []moRef{hostNamed(t, r, "esx-001").Self, hostNamed(t, r, "esx-002").Self}
		if info := w.finish(w.maintain(w.hosts[0], 3600, false)); errorName(info) != "Timedout" || info.CompleteTime.Sub(*info.StartTime) != time.Hour {
			t.Errorf("%s after %s", errorName(info), info.CompleteTime.Sub(*info.StartTime))
		}
		w.automate()
		info := w.succeed(w.maintain(w.hosts[0], 0, false))
		took[i] = info.CompleteTime.Sub(*info.StartTime)
	}
	if took[0] != took[1] || took[0] < 500*time.Millisecond {
		t.Errorf("took %s and %s", took[0], took[1])
	}
}
