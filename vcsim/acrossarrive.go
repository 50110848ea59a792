package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// The destination's side of a move between vCenters.

// arrival is a machine that is judged, or on its way here.
type arrival struct {
	mu      sync.Mutex // one step at a time
	user    string
	from    string // instance UUID of the source
	parcel  *traveller
	plan    *placement
	task    *simulator.Task
	claims  []claim
	vm      moRef // once it is here
	pending []string
	ended   bool
	skew    time.Duration // our time less the source's
}

var receiveTask = taskKind{"", "VirtualMachine.receive"} // UNVERIFIED: how vCenter calls it is not documented

// arrivalOf is the move of a ticket.
func (e *engine) arrivalOf(ticket string) *arrival {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.arrivals[ticket]
}

// receive judges a machine of another vCenter, and gives a ticket where nothing stands against it.
func (e *engine) receive(ctx *simulator.Context, user string, parcel *traveller) *welcome {
	plan, fault := e.resolveTraveller(ctx, parcel)
	if fault == nil {
		fault = e.refusalOfArrival(ctx, user, plan)
	}
	if fault != nil {
		return &welcome{Fault: localized(fault)}
	}
	found := e.judge(ctx, plan, parcel.Tests)
	w := e.welcome(ctx, plan)
	w.Errors, w.Warnings = localizedAll(found.errors), localizedAll(found.warnings)
	if len(found.errors) > 0 {
		return w
	}
	w.Ticket = newTicket()
	e.mu.Lock()
	e.arrivals[w.Ticket] = &arrival{user: user, from: parcel.VCenter, parcel: parcel, plan: plan, skew: w.Now.Sub(parcel.Now)}
	e.mu.Unlock()
	return w
}

func (e *engine) welcome(ctx *simulator.Context, p *placement) *welcome {
	w := &welcome{
		Host: p.host.ref, HostName: p.host.name, HostTraits: e.site.Hosts[p.host.ref], Pool: p.pool, Folder: p.folder, Home: p.home,
		Now: e.clock.now(),
	}
	if w.HostTraits.VMotionIP == "" {
		w.HostTraits.VMotionIP = e.addressOf(&p.host)
	}
	if dc := datacenterOf(ctx, p.host.ref); dc != nil {
		w.Datacenter = entityNameOf(ctx, dc.Self)
	}
	stores := []moRef{p.home}
	for _, disk := range p.disks {
		stores = append(stores, disk.to)
	}
	for _, r := range stores {
		w.Stores = append(w.Stores, farStore{Ref: r, BytesPerS: e.site.Datastores[r].CopyBytesPerS})
	}
	return w
}

// resolveTraveller is resolve for a machine that is not here. Between vCenters nothing is taken for granted: pool, folder, and a datastore
// for every file have to be named.
func (e *engine) resolveTraveller(ctx *simulator.Context, t *traveller) (*placement, types.BaseMethodFault) {
	spec := &t.Spec
	switch {
	case spec.Folder == nil:
		return nil, &types.InvalidArgument{InvalidProperty: "spec.folder"}
	case spec.Pool == nil:
		return nil, &types.InvalidArgument{InvalidProperty: "spec.pool"}
	case spec.Datastore == nil:
		return nil, &types.InvalidArgument{InvalidProperty: "spec.datastore"}
	}
	if fault := e.checkRefs(spec); fault != nil {
		return nil, fault
	}
	p := t.asPlacement()
	for _, find := range []func() types.BaseMethodFault{
		func() types.BaseMethodFault { return e.resolveStorage(p, spec) },
		func() types.BaseMethodFault { return e.resolveCompute(ctx, p, spec) },
		func() types.BaseMethodFault { return e.resolveFolder(ctx, p, spec) },
		func() types.BaseMethodFault { return e.checkDatacenters(ctx, p, spec) },
		func() types.BaseMethodFault { return e.resolveNics(ctx, p, spec) },
	} {
		if fault := find(); fault != nil {
			return nil, fault
		}
	}
	return p, nil
}

// asPlacement is the machine where it is, with everything of the other side marked.
func (t *traveller) asPlacement() *placement {
	away := func(r moRef) moRef { return marked(awayMark, r) }
	guest := &visitor{
		vm: &simulator.VirtualMachine{VirtualMachine: t.VM}, host: &simulator.HostSystem{HostSystem: t.Host}, traits: t.Traits, hostTraits: t.HostTraits,
	}
	p := &placement{vm: readVM(guest.vm), source: readHostView(guest.host), spec: &t.Spec, visitor: guest}
	p.vm.ref, p.vm.host, p.vm.pool, p.vm.folder, p.vm.home = away(p.vm.ref), away(p.vm.host), away(p.vm.pool), away(p.vm.folder), away(t.Home)
	p.vm.datastores, p.vm.networks = nil, nil
	for _, device := range p.vm.devices {
		if standard, is := device.GetVirtualDevice().Backing.(*types.VirtualEthernetCardNetworkBackingInfo); is {
			standard.Network = nil // its name alone means something here
		}
		if backing, is := device.GetVirtualDevice().Backing.(types.BaseVirtualDeviceFileBackingInfo); is {
			file := backing.GetVirtualDeviceFileBackingInfo()
			if file.Datastore != nil {
				there := away(*file.Datastore)
				file.Datastore = &there
			}
		}
	}
	p.source.ref, p.source.parent = away(p.source.ref), away(p.source.parent)
	p.source.datastores, p.source.networks, p.source.vms = nil, nil, nil
	return p
}

// refusalOfArrival is what is refused before it is judged: a name or an identity that is here already, and what the user may not do here.
func (e *engine) refusalOfArrival(ctx *simulator.Context, user string, p *placement) types.BaseMethodFault {
	if fault := e.taken(ctx, p); fault != nil {
		return fault
	}
	a, is := e.registry.Get(authorityRef).(*authority)
	if !is {
		return nil
	}
	as := *ctx
	as.Session = &simulator.Session{UserSession: types.UserSession{UserName: user}}
	needs := []need{{p.pool, "Resource.AssignVMToPool"}, {p.folder, "VirtualMachine.Inventory.Register"}}
	for _, r := range targetsOf(p.spec) {
		needs = append(needs, need{r, "Datastore.AllocateSpace"})
	}
	for _, nic := range p.nics {
		if nic.network != (moRef{}) {
			needs = append(needs, need{nic.network, "Network.Assign"})
		}
	}
	return a.refusal(&as, needs)
}

// taken is DuplicateName for a name that the folder has already, and AlreadyExists for an instance UUID (class UNVERIFIED).
func (e *engine) taken(ctx *simulator.Context, p *placement) types.BaseMethodFault {
	for _, each := range e.registry.All("VirtualMachine") {
		vm, is := each.(*simulator.VirtualMachine)
		if !is {
			continue
		}
		other := viewVM(ctx, vm)
		switch {
		case other.instanceUUID == p.vm.instanceUUID:
			return &types.AlreadyExists{Name: p.vm.instanceUUID}
		case other.folder == p.folder && other.name == p.vm.name:
			return &types.DuplicateName{Name: other.name, Object: other.ref}
		}
	}
	return nil
}

// beginArrival makes the task on the destination's host, and lets the move take its room under the limits here.
func (e *engine) beginArrival(ctx *simulator.Context, a *arrival, _ *tiding) receipt {
	host, found := e.registry.Get(a.plan.host.ref).(*simulator.HostSystem)
	if !found {
		return refused(&types.ManagedObjectNotFound{Obj: a.plan.host.ref})
	}
	as := *ctx
	as.Session = &simulator.Session{UserSession: types.UserSession{UserName: a.user}}
	as.Header.ID = a.parcel.OperationID
	a.task = e.putHostTask(&as, receiveTask, host)
	updateTask(ctx, a.task, startChanges(e.clock.now())...)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range a.plan.claims() {
		if !strings.HasPrefix(c.ref.Value, awayMark) {
			a.claims = append(a.claims, c)
		}
	}
	e.book.take(a.claims)
	return receipt{}
}

func refused(fault types.BaseMethodFault) receipt { return receipt{Fault: localized(fault)} }

// hearOfArrival shows how far the move is, and keeps the lines of this side's logs.
func (e *engine) hearOfArrival(ctx *simulator.Context, a *arrival, s *tiding) receipt {
	if a.task != nil && s.Percent > 0 {
		updateTask(ctx, a.task, types.PropertyChange{Name: "info.progress", Val: s.Percent})
	}
	e.logs.keep(a, s.Lines)
	return receipt{}
}

// keep enters lines that the source has written for a host of ours. Their stamps are right already.
func (l *hostLogs) keep(a *arrival, lines []farLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range lines {
		if line.Key == "" {
			a.pending = append(a.pending, line.Text)
			continue
		}
		l.file(a.plan.host.ref, line.Key).add(logLine{at: line.At.Add(a.skew), text: line.Text})
	}
}

// arrive takes the machine over. It is in the inventory before the answer; the source lets go of it afterwards.
func (e *engine) arrive(ctx *simulator.Context, a *arrival, s *tiding) receipt {
	if a.vm != (moRef{}) {
		return receipt{VM: a.vm} // the answer to the first call was lost
	}
	if a.ended || s.Parcel == nil {
		return refused(&types.InvalidState{})
	}
	a.parcel.VM, a.parcel.Snapshots = s.Parcel.VM, s.Parcel.Snapshots
	if fault := e.stillWelcome(ctx, a); fault != nil {
		return refused(fault)
	}
	a.vm = e.settleIn(ctx, a)
	e.logs.keep(a, s.Lines)
	return receipt{VM: a.vm}
}

// stillWelcome looks again at what may have changed since the machine was judged.
func (e *engine) stillWelcome(ctx *simulator.Context, a *arrival) types.BaseMethodFault {
	p := a.plan
	for _, r := range []moRef{p.host.ref, p.pool, p.folder, p.home} {
		if e.registry.Get(r) == nil {
			return &types.ManagedObjectNotFound{Obj: r}
		}
	}
	if viewHost(ctx, e.registry.Get(p.host.ref).(*simulator.HostSystem)).connection != types.HostSystemConnectionStateConnected {
		return &types.HostNotConnected{}
	}
	return e.taken(ctx, p)
}

// endArrival closes the books of the move on this side. A machine that was taken over goes again where the source did not let go of it.
func (e *engine) endArrival(ctx *simulator.Context, a *arrival, s *tiding) receipt {
	if a.ended {
		return receipt{}
	}
	a.ended = true
	e.logs.keep(a, s.Lines)
	e.mu.Lock()
	e.book.release(a.claims)
	e.roomy = len(e.waiting) > 0
	e.nudge()
	e.mu.Unlock()
	var fault types.BaseMethodFault
	if s.Fault != nil {
		fault = s.Fault.Fault
	}
	if a.vm != (moRef{}) && !s.Done {
		e.evict(ctx, a.vm)
		a.vm = moRef{}
	}
	if a.vm != (moRef{}) {
		e.storeArrivalLog(ctx, a)
		e.postArrival(ctx, a)
	}
	if a.task != nil {
		endTask(ctx, a.task, e.clock.now(), nil, fault)
	}
	return receipt{}
}

// postArrival says on this side that the machine has come.
func (e *engine) postArrival(ctx *simulator.Context, a *arrival) {
	p := a.plan
	event := crossEvent("com.vmware.vc.vm.DstVmMigratedEvent", fmt.Sprintf("Virtual machine %s migrated from vCenter %s to %s", p.vm.name, a.from, p.host.name), a.vm)
	base := vmEvent(ctx, types.VmEventArgument{EntityEventArgument: types.EntityEventArgument{Name: p.vm.name}, Vm: a.vm}, &p.host, p.home)
	event.Event.Vm, event.Event.Host, event.Event.Ds, event.Event.ComputeResource, event.Event.Datacenter = base.Vm, base.Host, base.Ds, base.ComputeResource, base.Datacenter
	postEvent(ctx, event, e.clock.now(), 0)
}

// storeArrivalLog writes the machine's vmware.log on this side.
func (e *engine) storeArrivalLog(ctx *simulator.Context, a *arrival) {
	m := &move{engine: e, ctx: ctx, plan: &placement{vm: vmView{homePath: a.plan.vm.homePath}, home: a.plan.home}}
	if folder := m.folderOn(a.plan.home); folder != "" && len(a.pending) > 0 {
		appendLines(filepath.Join(folder, "vmware.log"), a.pending)
	}
}
