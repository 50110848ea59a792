package main

import (
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// plantIn plants faults, written as for the control endpoint, in a world.
func plantIn(t *testing.T, w *world, text string) {
	t.Helper()
	specs, err := readFaults([]byte(text))
	if err == nil {
		_, err = w.engine.faults.plant(specs)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// counts are matched and fired of the only fault.
func counts(t *testing.T, w *world) (matched, fired int) {
	t.Helper()
	list := w.engine.faults.list()
	if len(list) != 1 {
		t.Fatalf("%d faults", len(list))
	}
	return list[0]["matched"].(int), list[0]["fired"].(int)
}

func bigWorld(t *testing.T, speed float64, gib int32) *world {
	t.Helper()
	w := newWorld(t, speed)
	for _, vm := range w.vms {
		w.as(vm, func() { vm.Config.Hardware.MemoryMB = gib * 1024 })
	}
	return w
}

func TestPlantedFailureHasItsClassMessageAndMoment(t *testing.T) {
	for _, c := range []struct {
		name, when, fault string
		low, high         int32
		phase             string
		stunned           bool
	}{
		{"submit", `"when": {"phase": "submit"}`, "TaskInProgress", 0, 0, "", false},
		{"percent", `"when": {"percent": 43}`, "GenericVmConfigFault", 40, 43, "", false},
		{"precopy", `"when": {"phase": "precopy"}`, "HostCommunication", 0, 0, "", false},
		{"switchover", `"when": {"phase": "switchover"}`, "InsufficientMemoryResourcesFault", 95, 99, "", true},
		{"resume", `"when": {"phase": "resume"}`, "InvalidPowerState", 95, 99, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := bigWorld(t, 1000, 16)
			plantIn(t, w, `{"fail": {"fault": "`+c.fault+`", "message": "it was planted"}, `+c.when+`}`)
			task := w.relocate(w.vms[0], toHost(w.hosts[1]))
			info := w.finish(task)
			if info.State != types.TaskInfoStateError || faultName(info.Error.Fault) != c.fault || info.Error.LocalizedMessage != "it was planted" {
				t.Fatalf("%s %+v", info.State, info.Error)
			}
			truth := w.truth(task)
			if truth.ProgressPercent < c.low || truth.ProgressPercent > c.high {
				t.Errorf("failed at %d %%", truth.ProgressPercent)
			}
			if stunned := len(w.grep(w.hosts[0], keyVMkernel, "Stopping pre-copy")) > 0; stunned != c.stunned {
				t.Errorf("stunned: %v", stunned)
			}
			if w.vms[0].Runtime.Host.Value != w.hosts[0].Value {
				t.Error("the machine has moved")
			}
			if m, f := counts(t, w); m != 1 || f != 1 {
				t.Errorf("matched %d, fired %d", m, f)
			}
			w.engine.faults.remove("")
			w.succeed(w.relocate(w.vms[0], toHost(w.hosts[1])))
		})
	}
}

func TestPercentIsExact(t *testing.T) {
	w := bigWorld(t, 1000, 16)
	plantIn(t, w, `{"fail": {}, "when": {"percent": 37.5}}`)
	task := w.relocate(w.vms[0], toHost(w.hosts[1]))
	w.finish(task)
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	if reached := w.engine.tasks[task].flow.reached(); reached < 37.5 || reached > 37.51 {
		t.Errorf("failed at %v %%", reached)
	}
}

func TestMatchesCountAndChooseMoves(t *testing.T) {
	w := newWorld(t, 100_000)
	plantIn(t, w, `{"match": {"vm": "`+w.vms[1].Name+`", "every": 2, "skip": 1, "count": 2}, "fail": {"fault": "Timedout"}}`)
	var got []string
	for range 7 {
		if info := w.finish(w.relocate(w.vms[1], toHost(w.away(w.vms[1])))); info.Error != nil {
			got = append(got, faultName(info.Error.Fault))
		} else {
			got = append(got, "ok")
		}
		w.succeed(w.relocate(w.vms[0], toHost(w.away(w.vms[0]))))
	}
	if strings.Join(got, " ") != "ok ok Timedout ok Timedout ok ok" {
		t.Error(got)
	}
	if m, f := counts(t, w); m != 7 || f != 2 {
		t.Errorf("matched %d, fired %d", m, f)
	}
}

// away is a host that the machine is not on.
func (w *world) away(vm *simulator.VirtualMachine) moRef {
	var at moRef
	w.as(vm, func() { at = *vm.Runtime.Host })
	if at == w.hosts[0] {
		return w.hosts[1]
	}
	return w.hosts[0]
}

func TestHostPatternsChooseMoves(t *testing.T) {
	w := newWorld(t, 100_000)
	name := w.host(w.hosts[2]).Name
	plantIn(t, w, `{"match": {"destination": "`+name+`"}, "fail": {}}`)
	w.succeed(w.relocate(w.vms[0], toHost(w.hosts[1])))
	if info := w.finish(w.relocate(w.vms[0], toHost(w.hosts[2]))); info.Error == nil || faultName(info.Error.Fault) != "SystemError" {
		t.Errorf("%+v", info.Error)
	}
	if m, f := counts(t, w); m != 1 || f != 1 {
		t.Errorf("matched %d, fired %d", m, f)
	}
}

func TestChanceIsSeeded(t *testing.T) {
	draw := func(seed int64, machines []string) map[string]string {
		b := newFaultBook(seed)
		p := 0.5
		if _, err := b.plant([]faultSpec{{Match: matchSpec{Probability: &p}, Fail: &failSpec{}}}); err != nil {
			t.Fatal(err)
		}
		drawn := map[string]string{}
		for range 20 {
			for _, vm := range machines {
				hit := len(b.choose(subject{key: vm, vms: []string{vm}}, func(*faultSpec) bool { return true }))
				drawn[vm] += string(rune('0' + hit))
			}
		}
		return drawn
	}
	a, b, other := draw(1, []string{"x", "y"}), draw(1, []string{"y", "x"}), draw(2, []string{"x", "y"})
	if a["x"] != b["x"] || a["y"] != b["y"] {
		t.Errorf("the same seed gives %v and %v", a, b)
	}
	if a["x"] == other["x"] || a["x"] == a["y"] || !strings.Contains(a["x"], "1") || !strings.Contains(a["x"], "0") {
		t.Errorf("%v and %v", a, other)
	}
}

func TestHangForSecondsDelaysAndForEverHolds(t *testing.T) {
	w := bigWorld(t, 1000, 16)
	plantIn(t, w, `[{"name": "pause", "match": {"count": 1}, "when": {"percent": 50}, "hang": {"seconds": 300}}]`)
	info := w.succeed(w.relocate(w.vms[0], toHost(w.hosts[1])))
	if took := info.CompleteTime.Sub(*info.StartTime); took < 312*time.Second || took > 330*time.Second {
		t.Errorf("took %s", took)
	}
	w.engine.faults.remove("")
	plantIn(t, w, `{"name": "ever", "when": {"percent": 50}, "hang": {}}`)
	task := w.relocate(w.vms[1], toHost(w.hosts[1]))
	w.reached(task, 50)
	minute := w.engine.clock.now().Add(time.Minute)
	w.until(func() bool { return w.engine.clock.now().After(minute) })
	if info := w.info(task); info.Progress != 50 || info.State != types.TaskInfoStateRunning || !info.Cancelable {
		t.Fatalf("%s at %d %%", info.State, info.Progress)
	}
	if _, err := methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: task}); err != nil {
		t.Fatal(err)
	}
	if info := w.finish(task); !info.Cancelled {
		t.Error("not cancelled")
	}
}

func TestRemovingAFaultReleasesWhatHangs(t *testing.T) {
	w := bigWorld(t, 1000, 4)
	plantIn(t, w, `{"name": "ever", "hang": {"cancelable": false}}`)
	task := w.relocate(w.vms[0], toHost(w.hosts[1]))
	w.until(func() bool { return w.truth(task).Phase == "precopy" && !w.info(task).Cancelable })
	if _, err := methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: task}); callFault(err) != "NotSupported" {
		t.Errorf("cancelling gives %s", callFault(err))
	}
	w.engine.faults.remove("ever")
	w.engine.release("ever")
	w.succeed(task)
}

func TestHangWhileStunnedEndsAtTheSwitchoverLimit(t *testing.T) {
	for _, phase := range []string{"switchover", "resume"} {
		w := bigWorld(t, 1000, 4)
		plantIn(t, w, `{"when": {"phase": "`+phase+`"}, "hang": {}}`)
		info := w.finish(w.relocate(w.vms[0], toHost(w.hosts[1])))
		took := info.CompleteTime.Sub(*info.StartTime)
		if info.Error == nil || !strings.Contains(info.Error.LocalizedMessage, "maximum switchover time of 100 second(s)") || took < 100*time.Second || took > 110*time.Second {
			t.Errorf("%s: %+v after %s", phase, info.Error, took)
		}
		if got := w.grep(w.hosts[0], keyVMkernel, "(0xbad0107)"); len(got) != 1 {
			t.Errorf("%s: %v", phase, got)
		}
	}
}

func TestLostNetworkIsRiddenOutOrFatal(t *testing.T) {
	w := bigWorld(t, 1000, 16)
	plantIn(t, w, `{"match": {"count": 1}, "when": {"percent": 30}, "network_loss": {"seconds": 15}}`)
	info := w.succeed(w.relocate(w.vms[0], toHost(w.hosts[1])))
	if took := info.CompleteTime.Sub(*info.StartTime); took < 28*time.Second || took > 40*time.Second {
		t.Errorf("15 s without network: %s", took)
	}
	w.engine.faults.remove("")
	plantIn(t, w, `{"when": {"percent": 30}, "network_loss": {"seconds": 21}}`)
	task := w.relocate(w.vms[1], toHost(w.hosts[1]))
	info = w.finish(task)
	if info.Error == nil || !strings.Contains(info.Error.LocalizedMessage, "Connection closed by remote host, possibly due to timeout (195887167)") {
		t.Fatalf("%+v", info.Error)
	}
	id := w.truth(task).MigrationID
	if got := w.grep(w.hosts[0], keyVMkernel, id+" S: Failed: Connection closed by remote host, possibly due to timeout (0xbad003f)"); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestLostNetworkLeavesTheLinkToOthers(t *testing.T) {
	w := bigWorld(t, 1000, 16)
	plantIn(t, w, `{"match": {"vm": "`+w.vms[0].Name+`"}, "hang": {}}`)
	w.relocate(w.vms[0], toHost(w.hosts[1]))
	info := w.succeed(w.relocate(w.vms[1], toHost(w.hosts[1])))
	if took := info.CompleteTime.Sub(*info.StartTime); took > 16*time.Second {
		t.Errorf("took %s beside one that hangs", took)
	}
}

func TestSlowMoveIsSlowByItsFactor(t *testing.T) {
	w := bigWorld(t, 1000, 16)
	plantIn(t, w, `{"slow": {"factor": 4}, "when": {"phase": "submit"}}`)
	info := w.succeed(w.relocate(w.vms[0], toHost(w.hosts[1])))
	if took := info.CompleteTime.Sub(*info.StartTime); took < 55*time.Second || took > 60*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestHostDropsOutMidway(t *testing.T) {
	for state, want := range map[string]string{"disconnected": "HostNotConnected", "notResponding": "HostNotReachable"} {
		w := bigWorld(t, 20, 16)
		plantIn(t, w, `{"match": {"vm": "`+w.vms[0].Name+`"}, "when": {"percent": 20}, "host": {"state": "`+state+`"}}`)
		first, second := w.relocate(w.vms[0], toHost(w.hosts[1])), w.relocate(w.vms[1], toHost(w.hosts[1]))
		for _, task := range []moRef{first, second} {
			if info := w.finish(task); info.Error == nil || faultName(info.Error.Fault) != want {
				t.Errorf("%s: %+v", state, info.Error)
			}
		}
		if got := w.host(w.hosts[1]).Runtime.ConnectionState; string(got) != state {
			t.Errorf("the host is %s", got)
		}
		if info := w.finish(w.relocate(w.vms[2], toHost(w.hosts[1]))); info.Error == nil {
			t.Error("a further move succeeds")
		}
	}
}

func TestHostEntersMaintenanceMidway(t *testing.T) {
	w := bigWorld(t, 1000, 16)
	plantIn(t, w, `{"match": {"count": 1}, "when": {"percent": 20}, "host": {"state": "maintenance", "which": "source"}}`)
	w.finish(w.relocate(w.vms[0], toHost(w.hosts[1])))
	tasks := w.references(*w.client.ServiceContent.TaskManager, "recentTask")
	for _, task := range tasks {
		if info := w.info(task); info.DescriptionId == "HostSystem.enterMaintenanceMode" || strings.Contains(info.Name, "EnterMaintenanceMode") {
			return
		}
	}
	t.Errorf("nobody entered maintenance mode: %v", tasks)
}

func TestDRSMovesFirst(t *testing.T) {
	w := bigWorld(t, 1000, 16)
	plantIn(t, w, `{"match": {"count": 1}, "drs_move": {}}`)
	info := w.finish(w.relocate(w.vms[0], toHost(w.hosts[1])))
	busy, is := info.Error.Fault.(*types.TaskInProgress)
	if !is {
		t.Fatalf("%+v", info.Error)
	}
	foreign := w.succeed(busy.Task)
	if reason, is := foreign.Reason.(*types.TaskReasonUser); !is || reason.UserName != "" || foreign.DescriptionId != "Drm.ExecuteVMotionLRO" {
		t.Errorf("%s by %+v", foreign.DescriptionId, foreign.Reason)
	}
	if at := *w.vms[0].Runtime.Host; at == w.hosts[0] || at == w.hosts[1] {
		t.Errorf("DRS moved it to %s", at.Value)
	}
}

func TestDRSHasMovedBefore(t *testing.T) {
	w := bigWorld(t, 1000, 16)
	name := w.host(w.hosts[1]).Name
	plantIn(t, w, `{"match": {"count": 1}, "drs_move": {"host": "`+name+`", "finished": true}}`)
	info := w.succeed(w.relocate(w.vms[0], toHost(w.hosts[1])))
	if took := info.CompleteTime.Sub(info.QueueTime); took != 0 || *w.vms[0].Runtime.Host != w.hosts[1] {
		t.Errorf("took %s", took)
	}
}

func TestSessionEndsAtThePhase(t *testing.T) {
	w := bigWorld(t, 1000, 16)
	watcher := w.login()
	plantIn(t, w, `{"when": {"percent": 10}, "end_session": {}}`)
	task := w.relocate(w.vms[0], toHost(w.hosts[1]))
	w.until(func() bool {
		_, err := methods.GetCurrentTime(w.ctx, w.client)
		return callFault(err) == "NotAuthenticated"
	})
	w.client = watcher
	w.succeed(task)
}
