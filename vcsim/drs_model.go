package main

import (
	"math"
	"sort"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// drsMachine is a virtual machine as DRS sees it: what it takes, and where it is or is to be.
type drsMachine struct {
	view   vmView
	mhz    float64
	memory float64 // MiB
	host   moRef
	plan   *placement // of a move to nowhere; its host is to be filled in
}

// drsHost is a host as DRS sees it. What it gives is what the machines on it take; its own statistics follow a moment later.
type drsHost struct {
	view        hostView // the list of machines follows what is planned
	entering    bool
	mhz, memory float64 // in use
	allMHz      float64
	allMemory   float64 // MiB
}

// drsModel is a cluster in which moves can be tried out.
type drsModel struct {
	engine   *engine
	ctx      *simulator.Context
	hosts    []*drsHost
	machines map[moRef]*drsMachine
	order    []moRef
}

func (e *engine) readCluster(ctx *simulator.Context, cluster moRef) *drsModel {
	m := &drsModel{engine: e, ctx: ctx, machines: map[moRef]*drsMachine{}}
	for _, view := range e.hostsOf(ctx, cluster) {
		host := &drsHost{view: view, entering: e.isEntering(view.ref), mhz: hypervisorMHz, memory: hypervisorMiB}
		object := e.registry.Get(view.ref).(*simulator.HostSystem)
		ctx.WithLock(object, func() {
			if hardware := object.Summary.Hardware; hardware != nil {
				host.allMHz = float64(hardware.CpuMhz) * float64(hardware.NumCpuCores)
				host.allMemory = float64(hardware.MemorySize >> 20)
			}
		})
		for _, r := range view.vms {
			m.readMachine(r, host)
		}
		m.hosts = append(m.hosts, host)
	}
	sortRefs(m.order)
	return m
}

// readMachine reads one machine of a host; during a switch-over two hosts have it for a moment, and its own word counts.
func (m *drsModel) readMachine(r moRef, host *drsHost) {
	vm, found := m.engine.registry.Get(r).(*simulator.VirtualMachine)
	if !found {
		return
	}
	machine := &drsMachine{view: viewVM(m.ctx, vm), host: host.view.ref}
	if machine.view.host != host.view.ref {
		return
	}
	if machine.isOn() {
		m.ctx.WithLock(vm, func() {
			stats := vm.Summary.QuickStats
			machine.mhz, machine.memory = float64(stats.OverallCpuUsage), float64(stats.HostMemoryUsage)
			if stats.OverallCpuUsage == 0 && stats.HostMemoryUsage == 0 && vm.Config != nil {
				usage := usageOf(&vm.VirtualMachine, m.engine.site)
				machine.mhz, machine.memory = float64(usage.mhz), float64(usage.memory+overheadMiBPerVM)
			}
		})
	}
	host.mhz, host.memory = host.mhz+machine.mhz, host.memory+machine.memory
	m.machines[r] = machine
	m.order = append(m.order, r)
}

func (v *drsMachine) isOn() bool { return v.view.power == types.VirtualMachinePowerStatePoweredOn }

// isOpen is true for a host that may get machines.
func (h *drsHost) isOpen() bool { return h.view.isActive() && !h.entering }

func share(used, all float64) float64 {
	if all == 0 {
		return 0
	}
	return used / all
}

// loadWith is how full the host would be with a machine more: the scarcer of CPU and memory counts.
func (h *drsHost) loadWith(v *drsMachine) float64 {
	return math.Max(share(h.mhz+v.mhz, h.allMHz), share(h.memory+v.memory, h.allMemory))
}

func (m *drsModel) host(r moRef) *drsHost {
	for _, host := range m.hosts {
		if host.view.ref == r {
			return host
		}
	}
	return nil
}

// place plans a machine onto a host.
func (m *drsModel) place(v *drsMachine, to *drsHost) {
	if from := m.host(v.host); from != nil {
		from.view.vms = withoutRef(from.view.vms, v.view.ref)
		from.mhz, from.memory = from.mhz-v.mhz, from.memory-v.memory
	}
	to.view.vms = append(withoutRef(to.view.vms, v.view.ref), v.view.ref)
	to.mhz, to.memory = to.mhz+v.mhz, to.memory+v.memory
	v.host = to.view.ref
}

// candidates are the open hosts beside the machine's own, the emptiest first.
func (m *drsModel) candidates(v *drsMachine) []*drsHost {
	var list []*drsHost
	for _, host := range m.hosts {
		if host.isOpen() && host.view.ref != v.host {
			list = append(list, host)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].loadWith(v) < list[j].loadWith(v) })
	return list
}

// bestHost is the emptiest host the machine can go to without a rule being broken, the one rule aside that is being mended; nil: none.
func (m *drsModel) bestHost(v *drsMachine, mended *int32) *drsHost {
	for _, host := range m.candidates(v) {
		if m.permits(v, host, mended) {
			return host
		}
	}
	return nil
}

// permits judges by the rules of a relocation. DRS keeps the rules that a person may break as well, and out of quarantine.
func (m *drsModel) permits(v *drsMachine, host *drsHost, mended *int32) bool {
	found := m.judge(v, host)
	for _, fault := range found.errors {
		if !isOfRule(fault, mended) {
			return false
		}
	}
	for _, fault := range found.warnings {
		switch fault.(type) {
		case *types.RuleViolation, *types.VmHostAffinityRuleViolation, *types.QuarantineModeFault:
			if !isOfRule(fault, mended) {
				return false
			}
		}
	}
	return true
}

// isOfRule is true for the violation of one rule between machines.
func isOfRule(fault types.BaseMethodFault, key *int32) bool {
	violation, is := fault.(*types.RuleViolation)
	return is && key != nil && violation.Rule != nil && violation.Rule.GetClusterRuleInfo().Key == *key
}

// judge is the verdict on a machine's move to a host.
func (m *drsModel) judge(v *drsMachine, host *drsHost) verdict {
	vm, found := m.engine.registry.Get(v.view.ref).(*simulator.VirtualMachine)
	if !found {
		return verdict{errors: []types.BaseMethodFault{&types.ManagedObjectNotFound{Obj: v.view.ref}}}
	}
	if v.plan == nil {
		plan, fault := m.engine.resolve(m.ctx, vm, &types.VirtualMachineRelocateSpec{})
		if fault != nil {
			return verdict{errors: []types.BaseMethodFault{fault}}
		}
		v.plan = plan
	}
	trial := *v.plan
	trial.host = host.view
	return m.engine.judge(m.ctx, &trial, nil)
}

// refusal is why a machine cannot go anywhere: what stands against the emptiest host.
func (m *drsModel) refusal(v *drsMachine) types.BaseMethodFault {
	for _, host := range m.candidates(v) {
		found := m.judge(v, host)
		for _, fault := range append(found.errors, found.warnings...) {
			return fault
		}
	}
	return &types.NoActiveHostInCluster{ComputeResource: m.clusterRef()}
}

func (m *drsModel) clusterRef() moRef {
	if len(m.hosts) == 0 {
		return moRef{}
	}
	return m.hosts[0].view.parent
}
