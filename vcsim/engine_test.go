package main

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func seconds(info types.TaskInfo) float64 {
	return info.CompleteTime.Sub(*info.StartTime).Seconds()
}

func TestSixtyFourGiBIdleTakeFiftySevenSeconds(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 64 * 1024 })
	task := w.relocate(vm, toHost(w.hosts[1]))
	took := seconds(w.succeed(task))
	if math.Abs(took-57.34) > 0.05 {
		t.Errorf("took %.3f s", took)
	}
	truth := w.truth(task)
	if truth.Phase != "done" || truth.Passes != 1 || truth.MemoryBytes != 64<<30 || truth.BandwidthBitsPerS/10_000_000 != 963 {
		t.Errorf("truth: %+v", truth)
	}
}

func TestConcurrentMovesShareTheLink(t *testing.T) {
	w := newWorld(t, 100)
	var tasks []moRef
	for i, vm := range w.vms[:3] {
		w.as(vm, func() { vm.Config.Hardware.MemoryMB = 64 * 1024 })
		// Two leave for the second host, the third has the first's link to share alone.
		tasks = append(tasks, w.relocate(vm, toHost(w.hosts[1+i/2])))
	}
	for _, task := range tasks {
		// All three leave the first host: each gets a third, and a little more once the first one ends.
		if took := seconds(w.succeed(task)); took < 160 || took > 175 {
			t.Errorf("%s took %.1f s", task.Value, took)
		}
	}
}

func TestTouchedMemoryAndDirtyRateCount(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 64 * 1024 })
	w.site.VMs[vm.Self] = vmTraits{Ref: vm.Self, TouchedBytes: 8 << 30, DirtyBytesPerS: 600_000_000}
	task := w.relocate(vm, toHost(w.hosts[1]))
	w.succeed(task)
	truth := w.truth(task)
	if truth.MemoryBytes != 8<<30 || truth.Passes < 2 || truth.SentBytes < 12<<30 || truth.DowntimeS > 0.65 {
		t.Errorf("truth: %+v", truth)
	}
}

func TestEightMoversLeaveAConsistentInventory(t *testing.T) {
	w := newWorldOf(t, 500, 8)
	var group sync.WaitGroup
	for i, vm := range w.vms {
		group.Go(func() { w.wander(vm, i) })
	}
	group.Wait()
	total := 0
	for _, host := range w.hosts {
		for _, vm := range w.references(host, "vm") {
			total++
			if at := w.references(vm, "runtime.host"); at[0] != host {
				t.Errorf("%s is in %s's list and runs on %s", vm.Value, host.Value, at[0].Value)
			}
		}
	}
	if total != len(w.vms) {
		t.Errorf("the hosts have %d machines, not %d", total, len(w.vms))
	}
	for _, m := range w.engine.motions() {
		if m.Phase != "done" && m.Phase != "cancelled" {
			t.Errorf("%s ended as %s: %s", m.Task, m.Phase, m.Fault)
		}
	}
}

// wander moves a machine from host to host, with a cancel and a reader in between.
func (w *world) wander(vm *simulator.VirtualMachine, seed int) {
	for step := range 5 {
		task := w.relocate(vm, toHost(w.hosts[(seed+step)%len(w.hosts)]))
		if step == 3 {
			_, _ = methods.CancelTask(w.ctx, w.client, &types.CancelTask{This: task})
		}
		w.references(w.hosts[step%len(w.hosts)], "vm")
		w.finish(task)
	}
}

func TestDestroyedDestinationFailsTheMove(t *testing.T) {
	w := newWorld(t, 1)
	vm := w.vms[0]
	w.as(vm, func() { vm.Config.Hardware.MemoryMB = 1024 })
	task := w.relocate(vm, toHost(w.hosts[3]))
	host := w.host(w.hosts[3])
	w.as(host, func() { host.Runtime.ConnectionState = types.HostSystemConnectionStateNotResponding })
	info := w.finish(task)
	if info.Error == nil || faultName(info.Error.Fault) != "HostNotConnected" {
		t.Errorf("ended %+v", info.Error)
	}
	if !hasRef(w.references(w.hosts[0], "vm"), vm.Self) || hasRef(w.references(w.hosts[3], "vm"), vm.Self) {
		t.Error("it has moved")
	}
}

func TestMigrateVMTaskGoesByState(t *testing.T) {
	w := newWorld(t, 1000)
	vm := w.vms[0]
	for _, c := range []struct {
		state types.VirtualMachinePowerState
		want  string
	}{{types.VirtualMachinePowerStatePoweredOff, "InvalidPowerState"}, {types.VirtualMachinePowerStatePoweredOn, ""}} {
		req := types.MigrateVM_Task{This: vm.Self, Host: &w.hosts[1], Priority: types.VirtualMachineMovePriorityHighPriority, State: c.state}
		res, err := methods.MigrateVM_Task(w.ctx, w.client, &req)
		if err != nil {
			t.Fatal(err)
		}
		info := w.finish(res.Returnval)
		if got := fmt.Sprint(errorName(info)); got != c.want || info.Name != "MigrateVM_Task" || info.DescriptionId != "VirtualMachine.migrate" {
			t.Errorf("%s: %s %s, %q", c.state, info.Name, info.DescriptionId, got)
		}
	}
}

func errorName(info types.TaskInfo) string {
	if info.Error == nil {
		return ""
	}
	return faultName(info.Error.Fault)
}
