package main

import (
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Moves to another vCenter (spec.service). The source runs the move, with its own clock, limits and bandwidth; the destination, another
// simulator, judges the arrival, shows a task on the host the machine comes to, keeps that host's log lines, and takes the machine over at
// the end. What both say to each other is in acrosswire.go, the connection in acrossdial.go, the two sides in acrossmove.go and acrossarrive.go.
//
// One reference may mean an object of either side. What belongs to the other side therefore carries a mark here, and no registry knows it.

const (
	farMark  = "far:"  // on the source: an object of the destination
	awayMark = "away:" // on the destination: an object of the source
)

func marked(mark string, r moRef) moRef {
	if r == (moRef{}) || strings.HasPrefix(r.Value, mark) {
		return r
	}
	return moRef{Type: r.Type, Value: mark + r.Value}
}

func isFar(r moRef) bool { return strings.HasPrefix(r.Value, farMark) }

// plain is the reference as its own side has it.
func plain(r moRef) moRef {
	return moRef{Type: r.Type, Value: strings.TrimPrefix(strings.TrimPrefix(r.Value, farMark), awayMark)}
}

// traveller is a machine that wants to come from another vCenter, with all that the rules read of it and of its host.
type traveller struct {
	VM          mo.VirtualMachine
	Traits      vmTraits
	Host        mo.HostSystem
	HostTraits  hostTraits
	Home        moRef // its datastore, at the source
	Spec        types.VirtualMachineRelocateSpec
	Tests       []string
	Snapshots   []travellingSnapshot
	VCenter     string // instance UUID of the source
	OperationID string
	Now         time.Time // at the source
}

// travellingSnapshot is a snapshot of the machine.
type travellingSnapshot struct {
	Ref    moRef
	Config types.VirtualMachineConfigInfo
}

// visitor is a traveller where it is judged.
type visitor struct {
	vm         *simulator.VirtualMachine
	host       *simulator.HostSystem
	traits     vmTraits
	hostTraits hostTraits
}

// welcome is what the destination says of a traveller.
type welcome struct {
	Ticket   string // for what follows; empty where nothing may
	Fault    *types.LocalizedMethodFault
	Errors   []types.LocalizedMethodFault
	Warnings []types.LocalizedMethodFault

	Host       moRef
	HostName   string
	HostTraits hostTraits
	Pool       moRef
	Folder     moRef
	Home       moRef
	Datacenter string
	Stores     []farStore
	Now        time.Time // at the destination
}

// farStore is a datastore of the destination that files go to.
type farStore struct {
	Ref       moRef
	BytesPerS float64 // at which disks are copied to it; 0: a default
}

// fault is the first thing that stands against the move.
func (w *welcome) fault() types.BaseMethodFault {
	if w.Fault != nil {
		return w.Fault.Fault
	}
	for _, fault := range w.Errors {
		return fault.Fault
	}
	return nil
}

// farLine is a line of a log of the destination's host, or of the machine's there.
type farLine struct {
	Key  string // of the host's log; empty: the machine's vmware.log
	At   time.Time
	Text string
}

// packed is the machine as it is now, ready to travel.
func (e *engine) packed(ctx *simulator.Context, vm *simulator.VirtualMachine, spec types.VirtualMachineRelocateSpec) *traveller {
	t := &traveller{Spec: spec, VCenter: e.instanceUUID(), Traits: e.vmTraitsOf(vm.Self), Now: e.clock.now()}
	t.Spec.Service = nil
	view := viewVM(ctx, vm)
	t.Home = e.homeOf(ctx, &view)
	ctx.WithLock(vm, func() {
		t.VM = deepCopy(vm.VirtualMachine)
		t.VM.RecentTask, t.VM.AvailableField, t.VM.CustomValue, t.VM.Value, t.VM.Tag = nil, nil, nil, nil, nil
		t.VM.TriggeredAlarmState, t.VM.DeclaredAlarmState, t.VM.Permission = nil, nil, nil
	})
	if host, found := e.registry.Get(view.host).(*simulator.HostSystem); found {
		t.HostTraits = e.site.Hosts[view.host]
		ctx.WithLock(host, func() {
			t.Host.Self, t.Host.Name, t.Host.Parent = host.Self, host.Name, host.Parent
			t.Host.Capability, t.Host.Config = deepCopy(host.Capability), deepCopy(host.Config)
			t.Host.Runtime = deepCopy(host.Runtime)
			t.Host.Summary.Hardware = deepCopy(host.Summary.Hardware)
		})
	}
	if t.VM.Snapshot != nil {
		for _, r := range snapshotRefs(t.VM.Snapshot.RootSnapshotList) {
			if snapshot, found := e.registry.Get(r).(*simulator.VirtualMachineSnapshot); found {
				ctx.WithLock(snapshot, func() {
					t.Snapshots = append(t.Snapshots, travellingSnapshot{Ref: r, Config: deepCopy(snapshot.Config)})
				})
			}
		}
	}
	return t
}

// instanceUUID is the vCenter's own.
func (e *engine) instanceUUID() string {
	return e.registry.Get(serviceInstance).(*simulator.ServiceInstance).Content.About.InstanceUuid
}

// vmTraitsOf are the traits of a machine of the scenario, or of one that has come from another vCenter.
func (e *engine) vmTraitsOf(r moRef) vmTraits {
	if traits, known := e.site.VMs[r]; known {
		return traits
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settlers[r]
}
