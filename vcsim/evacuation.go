package main

import (
	"github.com/vmware/govmomi/vim25/types"
)

// evacuate moves off the host what DRS may move by itself; of the rest it recommends moves. What has no place, or did not get there,
// is tried again later.
func (u *upkeep) evacuate(left []moRef) {
	settings := u.engine.drsOf(u.ctx, u.cluster)
	if !settings.enabled || len(left) == 0 {
		return
	}
	if due := u.due(left, settings); len(due) > 0 {
		u.try(due, settings)
		for r := range u.stuck {
			if !hasRef(left, r) {
				delete(u.stuck, r)
			}
		}
		u.engine.showFaults(u.ctx, u.cluster, reasonMaintenance, u.stuck)
	}
	u.tryAgainLater()
}

// due are the machines that neither move nor were tried lately.
func (u *upkeep) due(left []moRef, settings drsSettings) []moRef {
	var due []moRef
	now := u.engine.clock.now()
	for _, r := range left {
		at, tried := u.tried[r]
		if settings.isOff(r) || u.engine.isMoving(r) || tried && now.Before(at.Add(evacuationRetry)) {
			continue
		}
		u.tried[r] = now
		due = append(due, r)
	}
	return due
}

// try finds each machine a place. One that runs and is not DRS's to move gets a recommendation.
func (u *upkeep) try(due []moRef, settings drsSettings) {
	e, advise := u.engine, false
	model := e.readCluster(u.ctx, u.cluster)
	for _, r := range due {
		machine := model.machines[r]
		if machine == nil {
			continue
		}
		if machine.isOn() && !settings.moves(r) {
			advise = true
			continue
		}
		delete(u.stuck, r)
		if host := model.bestHost(machine, nil); host != nil {
			model.place(machine, host)
			u.send(r, host.view.ref)
		} else {
			u.stuck[r] = model.refusal(machine)
		}
	}
	if advise {
		e.showRecommendations(u.ctx, u.cluster, e.recommend(u.ctx, u.cluster, settings))
	}
}

// send submits the move of one machine, as a part of the host's task.
func (u *upkeep) send(vm, host moRef) {
	e := u.engine
	ctx := e.systemContext()
	task, fault := e.submit(ctx, vm, drsTask, types.VirtualMachineRelocateSpec{Host: &host}, "")
	if fault != nil {
		return
	}
	if m := e.moveOf(task); m != nil {
		parent := u.task.Self.Value
		updateTask(ctx, m.task, types.PropertyChange{Name: "info.parentTaskKey", Val: parent}, types.PropertyChange{Name: "info.rootTaskKey", Val: parent})
	}
}

// tryAgainLater sets a clock, unless there is one, for machines that are still there.
func (u *upkeep) tryAgainLater() {
	e := u.engine
	e.mu.Lock()
	armed := u.armed
	u.armed = true
	e.mu.Unlock()
	if armed {
		return
	}
	at := e.clock.now().Add(evacuationRetry)
	u.repeat = e.after(evacuationRetry, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		u.armed = false
		u.stir(at)
	})
}
