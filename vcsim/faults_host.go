package main

import (
	"context"
	"encoding/json"
	"log"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// hostTrouble lets one of the move's hosts drop out, which ends every move of that host, or enter maintenance mode, which ends none.
// e.mu is held.
func (m *move) hostTrouble(spec *hostTroubleSpec, at time.Time) {
	host := m.plan.host.ref
	if spec.Which == "source" {
		host = m.plan.source.ref
	}
	if spec.State == "maintenance" {
		m.enqueue(func() { m.engine.enterMaintenance(host) })
		return
	}
	m.enqueue(func() { setConnection(m.ctx, host, spec.State) })
	for _, other := range m.engine.live {
		if other.flow.stage != stageEnded && (other.plan.host.ref == host || other.plan.source.ref == host) {
			fault := lostHost(spec.State)
			other.failWith(fault, nil, at)
		}
	}
}

// lostHost is what moves of a host end with that drops out. UNVERIFIED.
func lostHost(state string) types.BaseMethodFault {
	if state == string(types.HostSystemConnectionStateNotResponding) {
		return &types.HostNotReachable{}
	}
	return &types.HostNotConnected{}
}

// setConnection sets the connection state of a host, and of its virtual machines, which vCenter calls disconnected in either case.
func setConnection(ctx *simulator.Context, ref moRef, state string) {
	host, is := ctx.Map.Get(ref).(*simulator.HostSystem)
	if !is {
		return
	}
	var machines []moRef
	ctx.WithLock(host, func() { machines = append(machines, host.Vm...) })
	setProperty(ctx, host, "runtime.connectionState", state)
	reach := string(types.VirtualMachineConnectionStateDisconnected)
	if state == string(types.HostSystemConnectionStateConnected) {
		reach = string(types.VirtualMachineConnectionStateConnected)
	}
	for _, vm := range machines {
		if machine, found := ctx.Map.Get(vm).(*simulator.VirtualMachine); found {
			setProperty(ctx, machine, "runtime.connectionState", reach)
		}
	}
}

func setProperty(ctx *simulator.Context, object mo.Reference, path, value string) {
	text, _ := json.Marshal(value)
	if _, err := (patch{path: text}).apply(ctx, object); err != nil {
		log.Printf("%s of %s: %v", path, object.Reference(), err)
	}
}

// enterMaintenance asks for maintenance mode as a user would, and leaves the task to itself.
func (e *engine) enterMaintenance(host moRef) {
	req := types.EnterMaintenanceMode_Task{This: host}
	if _, err := methods.EnterMaintenanceMode_Task(context.Background(), e.service, &req); err != nil {
		log.Printf("maintenance mode of %s: %v", host, err)
	}
}
