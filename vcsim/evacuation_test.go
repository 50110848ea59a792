package main

import (
	"sync"
	"testing"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func TestEvacuationGoesOnAfterAFailedMove(t *testing.T) {
	w := newWorld(t, 500)
	w.automate()
	plantIn(t, w, `{"match": {"count": 1}, "fail": {"fault": "MigrationFault"}}`)
	info := w.succeed(w.maintain(w.hosts[0], 0, false))
	if took := info.CompleteTime.Sub(*info.StartTime); took < evacuationRetry {
		t.Errorf("took %s", took)
	}
	if moves := w.engine.motions(); len(moves) != 4 {
		t.Errorf("%d moves", len(moves))
	}
}

func TestEvacuationsAndMovesSideBySide(t *testing.T) {
	w := newWorldOf(t, 500, 12)
	w.automate()
	var group sync.WaitGroup
	group.Go(func() {
		for i := range 3 {
			host := w.hosts[i]
			w.finish(w.maintain(host, 600, false))
			exit, err := methods.ExitMaintenanceMode_Task(w.ctx, w.client, &types.ExitMaintenanceMode_Task{This: host})
			if err != nil {
				t.Error(err)
				return
			}
			w.finish(exit.Returnval)
		}
	})
	for i, vm := range w.vms[:6] {
		group.Go(func() { w.wander(vm, i) })
	}
	group.Wait()
	w.until(func() bool {
		for _, m := range w.engine.motions() {
			if m.CompletedAt == nil {
				return false
			}
		}
		return true
	})
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
		t.Errorf("the hosts have %d machines", total)
	}
	if len(w.engine.upkeeps) != 0 {
		t.Error("a host is still on its way")
	}
}
