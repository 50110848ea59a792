package main

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// The source's side of a move between vCenters.

// journey is what the source keeps of such a move. The move's worker alone uses it.
type journey struct {
	other   *otherVCenter
	welcome *welcome
	arrived moRef // the machine at the destination
	told    map[string]int
	ended   bool
}

// resolveAcross connects to the other vCenter, asks it for its opinion, and gives the plan with everything of that side marked.
func (e *engine) resolveAcross(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec,
	tests []string, operationID string) (*placement, *journey, types.BaseMethodFault) {
	parcel := e.packed(ctx, vm, *spec)
	parcel.Tests, parcel.OperationID = tests, operationID
	source, is := e.registry.Get(parcel.Host.Self).(*simulator.HostSystem)
	if !is {
		return nil, nil, &types.ManagedObjectNotFound{Obj: parcel.Host.Self}
	}
	other, user, fault := e.dial(spec.Service)
	if fault != nil {
		return nil, nil, fault
	}
	said, fault := other.judge(user, parcel)
	if fault == nil && said.Fault != nil {
		fault = said.Fault.Fault
	}
	if fault != nil {
		other.close()
		return nil, nil, fault
	}
	p := &placement{vm: viewVM(ctx, vm), source: viewHost(ctx, source), spec: farSpec(spec)}
	p.vm.home = parcel.Home
	if fault := e.resolveStorage(p, p.spec); fault != nil {
		other.close()
		return nil, nil, fault
	}
	far := func(r moRef) moRef { return marked(farMark, r) }
	p.vcenter = other.uuid
	p.host = hostView{ref: far(said.Host), name: said.HostName, parent: far(moRef{Type: "ClusterComputeResource", Value: "cluster"}), vmotion: []string{said.HostTraits.VMotionIP}}
	p.pool, p.folder, p.home = far(said.Pool), far(said.Folder), far(said.Home)
	e.acquaint(p, said)
	return p, &journey{other: other, welcome: said, told: map[string]int{}}, nil
}

// farSpec is the spec with its references marked, and without what the destination alone understands.
func farSpec(spec *types.VirtualMachineRelocateSpec) *types.VirtualMachineRelocateSpec {
	s := types.VirtualMachineRelocateSpec{Transform: spec.Transform}
	if spec.Datastore != nil {
		there := marked(farMark, *spec.Datastore)
		s.Datastore = &there
	}
	for _, locator := range spec.Disk {
		locator.Datastore, locator.Profile = marked(farMark, locator.Datastore), nil
		s.Disk = append(s.Disk, locator)
	}
	return &s
}

// acquaint tells the engine what the far host's link, the far datastores and the far host's logs are like.
func (e *engine) acquaint(p *placement, said *welcome) {
	e.mu.Lock()
	l := newLink(said.HostTraits.LinkBitsPerS)
	if said.HostTraits.VMotionBytesPerS > 0 {
		l.bytesPerS = said.HostTraits.VMotionBytesPerS
	}
	if e.links[p.host.ref] == nil {
		e.links[p.host.ref] = l
	}
	for _, store := range said.Stores {
		if r := marked(farMark, store.Ref); e.stores[r] == nil {
			e.stores[r] = newStore(store.BytesPerS)
		}
	}
	e.mu.Unlock()
	e.logs.mu.Lock()
	defer e.logs.mu.Unlock()
	skew := said.Now.Sub(e.clock.now()) + said.HostTraits.ClockSkew
	if known, is := e.logs.hosts[p.host.ref]; is {
		skew = known.skew // one offset for all moves: lines of several do not change places
	}
	e.logs.hosts[p.host.ref] = logHost{release: said.HostTraits.ESXiVersion, skew: skew, limit: farLogBytes}
}

// farLogBytes keeps the lines for the other side in one piece until they are sent.
const farLogBytes = 1 << 30

// admitAcross is admit for a move to another vCenter. Machine and hosts were judged at the destination.
func (m *move) admitAcross() types.BaseMethodFault {
	e := m.engine
	plan, trip, fault := e.resolveAcross(m.ctx, m.vm, &m.spec, nil, m.operationID)
	m.spec.Service = nil // with its password
	if fault != nil {
		return fault
	}
	m.trip = trip
	e.describe(m, plan)
	if fault := trip.welcome.fault(); fault != nil {
		return fault
	}
	if _, err := trip.other.tell("begin", &tiding{}); err != nil {
		return &types.NoHost{Name: trip.other.address.Host}
	}
	return m.plantFaults()
}

// checkAcross is the check of a move to another vCenter: what the destination says of it.
func (e *engine) checkAcross(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec, tests []string) (any, types.BaseMethodFault) {
	_, trip, fault := e.resolveAcross(ctx, vm, spec, tests, "")
	if fault != nil {
		return nil, fault
	}
	defer trip.other.close()
	if trip.other.ticket != "" {
		_, _ = trip.other.tell("end", &tiding{})
	}
	said, machine := trip.welcome, vm.Self
	// The host is the other vCenter's: its reference means nothing here.
	result := types.CheckResult{Vm: &machine, Warning: said.Warnings, Error: said.Errors}
	return types.ArrayOfCheckResult{CheckResult: []types.CheckResult{result}}, nil
}

// tellOther sends progress and the lines that were written for the other side since the last time.
func (m *move) tellOther(percent int32) {
	if m.trip == nil || m.trip.other.ticket == "" {
		return
	}
	_, _ = m.trip.other.tell("tell", &tiding{Percent: percent, Lines: m.newLines()})
}

// newLines are the lines for the far host that were not sent yet. Several moves may write for one host: each sends what is its own.
func (m *move) newLines() []farLine {
	l := m.engine.logs
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []farLine
	for _, key := range []string{keyVMkernel, keyHostd, keyVpxa} {
		f := l.files[m.plan.host.ref][key]
		if f == nil {
			continue
		}
		kept := f.lines[:0:0]
		for _, line := range f.lines {
			if line.order == m.log.number {
				lines = append(lines, farLine{Key: key, At: line.at, Text: line.text})
				continue
			}
			kept = append(kept, line)
		}
		f.lines = kept
	}
	if m.log.vmx != nil {
		for _, text := range m.log.vmx.destination {
			lines = append(lines, farLine{Text: text})
		}
		m.log.vmx.destination = nil
	}
	return lines
}

// commitTries is how often the other vCenter is asked to take the machine over, where no answer comes.
const commitTries = 3

// commitAcross hands the machine over: the destination has it before the source lets go of it. Where no answer comes the source keeps it,
// and tells the destination so.
func (m *move) commitAcross() types.BaseMethodFault {
	if fault := m.stillPossible(); fault != nil {
		return fault
	}
	parcel := m.engine.packed(m.ctx, m.vm, types.VirtualMachineRelocateSpec{})
	var answer receipt
	var err error
	for range commitTries {
		if answer, err = m.trip.other.tell("arrive", &tiding{Parcel: parcel, Lines: m.newLines()}); err == nil {
			break
		}
	}
	switch {
	case err != nil:
		return &types.NoHost{Name: m.trip.other.address.Host}
	case answer.Fault != nil:
		return answer.Fault.Fault
	}
	m.trip.arrived = answer.VM
	m.moveSpace()
	m.engine.evict(m.ctx, m.vm.Self)
	return nil
}

// endAcross tells the other side how the move has ended.
func (m *move) endAcross(end ending) {
	if m.trip == nil || m.trip.ended {
		return
	}
	m.trip.ended = true
	defer m.trip.other.close()
	if m.trip.other.ticket == "" {
		return
	}
	last := &tiding{Lines: m.newLines(), Done: m.trip.arrived != (moRef{})}
	if end.fault != nil {
		last.Fault = localized(end.fault)
	}
	for range commitTries {
		if _, err := m.trip.other.tell("end", last); err == nil {
			return
		}
	}
}

// acrossEvent is the event at the source: that the machine leaves, has left, or has not.
func (m *move) acrossEvent(id, text string) types.BaseEvent {
	event := crossEvent("com.vmware.vc.vm."+id, text, m.plan.source.ref)
	base := m.event.before
	event.Event.Vm, event.Event.Host, event.Event.Ds, event.Event.ComputeResource, event.Event.Datacenter = base.Vm, base.Host, base.Ds, base.ComputeResource, base.Datacenter
	return event
}

// crossEvent is an event about an object that is there: govmomi looks for it when it thinks of alarms.
func crossEvent(id, text string, about moRef) *types.EventEx {
	event := &types.EventEx{EventTypeId: id, Severity: "info", Message: text, ObjectType: about.Type, ObjectId: about.Value}
	event.FullFormattedMessage = text
	return event
}

// postAcrossEnd posts the event that closes the chain.
func (m *move) postAcrossEnd(end ending) {
	where := fmt.Sprintf("%s at vCenter %s", m.plan.host.name, m.trip.other.uuid)
	event := m.acrossEvent("SrcVmMigratedEvent", fmt.Sprintf("Virtual machine %s migrated from %s to %s", m.plan.vm.name, m.plan.source.name, where))
	if end.fault != nil {
		event = m.acrossEvent("SrcVmMigrateFailedEvent",
			fmt.Sprintf("Virtual machine %s failed to migrate from %s to %s: %s", m.plan.vm.name, m.plan.source.name, where, localized(end.fault).LocalizedMessage))
	}
	chain := postEvent(m.ctx, event, end.at, m.chain)
	if m.chain == 0 {
		updateTask(m.ctx, m.task, types.PropertyChange{Name: "info.eventChainId", Val: chain})
	}
}

// postAcrossStart posts that the machine leaves.
func (m *move) postAcrossStart(at time.Time) {
	event := &types.VmEmigratingEvent{VmEvent: m.event.before}
	m.chain = postEvent(m.ctx, event, at, 0)
	updateTask(m.ctx, m.task, types.PropertyChange{Name: "info.eventChainId", Val: m.chain})
}
